/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.c - the attributes of a virtual machine: one row each, and their types
 *
 * The reader, the writer, kvmrt.cfg(5) and its test, and every tool that shows
 * or compares a value take it from here.
 */
#include "config/cfg.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/text.h"

/* Does not compile when the member has not the type that the row says. */
#define MEMBER(m, type) \
	(offsetof(struct kcfg_vm, m) + sizeof(struct { int bad : __builtin_types_compatible_p( \
		__typeof__(((struct kcfg_vm *)0)->m), type) ? 1 : -1; }) * 0)
#define ROW(n, t, c, m, v, f, h, ...) \
	{ .name = (n), .type = (t), .value = (v), .offset = MEMBER(m, c), .form = (f), \
	  .help = (h), __VA_ARGS__ }
#define STRING(n, m, h)		ROW(n, KCFG_STRING, char *, m, "", "one line", h)
#define TEXT(n, m, h)		ROW(n, KCFG_TEXT, char *, m, "", "text", h)
#define CPUS(n, m, h, ...)	ROW(n, KCFG_CPUS, char *, m, "", "CPUSET", h, __VA_ARGS__)
#define BOOL(n, m, h, ...) \
	ROW(n, KCFG_BOOL, bool, m, "false", "true or false", h, __VA_ARGS__)
#define NUMBER(n, m, v, lo, hi, h, ...) \
	ROW(n, KCFG_UINT, unsigned int, m, v, "number", h, .min = (lo), .max = (hi), __VA_ARGS__)

const struct kcfg_attr kcfg_attrs[KCFG_NR_ATTRS] = {
	[KCFG_NAME] = STRING("name", name, "the name, as libvirt knows it; must be set"),
	[KCFG_TITLE] = STRING("title", title, "a title, in one line"),
	[KCFG_DESCRIPTION] = TEXT("description", description, "what the VM is for"),
	[KCFG_NR_VCPUS] = NUMBER("nr_vcpus", nr_vcpus, "1", 1, 4096, "virtual CPUs"),
	[KCFG_CPU_TOPOLOGY] = ROW("cpu_topology", KCFG_TOPOLOGY, struct kcfg_topology,
		cpu_topology, "auto", "S,C,T or auto",
		"sockets, cores of each and threads of each core that the guest sees"),
	[KCFG_CPUSET] = CPUS("cpuset", cpuset, "the host's CPUs for the VM's threads"),
	[KCFG_RT] = BOOL("rt", rt, "whether the VM is a real-time one"),
	[KCFG_RT_MEMORY] = ROW("rt_memory", KCFG_BOOL_AUTO, enum kcfg_auto, rt_memory, "auto",
		"true, false or auto", "lock the VM's memory; auto: as rt says"),
	[KCFG_NUMATUNE] = ROW("numatune", KCFG_NODES, struct kcfg_nodes, numatune, "auto",
		"ID-set or auto", "the host's NUMA nodes for its memory; auto: those of cpuset"),
	[KCFG_HIDE_KVM] = BOOL("hide_kvm", hide_kvm, "hide KVM from the guest"),
	[KCFG_AUTOSTART] = BOOL("autostart", autostart, "kvmrt-boot starts it without being told"),
	[KCFG_DISABLED] = BOOL("disabled", disabled, "not booted, checked or shown unless told"),
	[KCFG_EMULATOR_CPUSET] = CPUS("emulator_cpuset", emulator_cpuset,
		"the host's CPUs for all but the virtual CPUs; empty: the rest of cpuset",
		.rare = true),
	[KCFG_VCPU_PRIORITY] = NUMBER("vcpu_priority", vcpu_priority, "1", 1, 98,
		"SCHED_FIFO priority of a real-time VM's virtual CPUs", .rare = true),
	[KCFG_GS] = BOOL("gs", gs, "guest services: the guest may call its host", .rare = true),
	[KCFG_HUGEPAGES] = ROW("hugepages", KCFG_PAGES, uint64_t, hugepages, "false",
		"true, false or a size", "memory in huge pages; true: of the host's default size",
		.rare = true),
	[KCFG_COMMENTS] = TEXT("comments", comments, "whatever is worth remembering"),
};

enum kcfg_attr_id kcfg_attr_find(const char *name)
{
	unsigned int id;
	size_t i;

	for (id = 0; id < KCFG_NR_ATTRS; id++) {
		const char *known = kcfg_attrs[id].name;

		for (i = 0; known[i]; i++) {
			if (tolower((unsigned char)name[i]) != known[i] &&
			    !(name[i] == ' ' && known[i] == '_'))
				break;
		}
		if (!known[i] && !name[i])
			break;
	}
	return id;
}

bool kcfg_uuid(char ret[KCFG_UUID_LEN + 1], const char *text, size_t len)
{
	char low[KCFG_UUID_LEN + 1] = { 0 };
	size_t i;

	if (len != KCFG_UUID_LEN)
		return false;
	for (i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
		low[i] = (char)tolower((unsigned char)text[i]);
	}
	memcpy(ret, low, sizeof(low));
	return true;
}

static const char blanks[] = " \t\r";

void kcfg_tidy(struct rt_buf *out, const char *text)
{
	size_t len, empty = 0;
	bool first = true;

	for (; ; text++) {
		text += strspn(text, blanks);
		len = strcspn(text, "\n");
		while (len && strchr(blanks, text[len - 1]))
			len--;
		if (len) {
			for (empty += !first; empty; empty--)
				rt_buf_puts(out, "\n");
			rt_buf_add(out, text, len);
			first = false;
		} else if (!first) {
			empty++;
		}
		text += strcspn(text, "\n");
		if (!*text)
			break;
	}
}

/* ---- values out of texts ---- */

static int bad(struct rt_err *err, const char *expected, const char *text)
{
	return rt_err_say(err, -EINVAL, "expected %s, found \"%.80s%s\"", expected, text,
			  strlen(text) > 80 ? "..." : "");
}

/* 0, 1, or -1 where it is neither. */
static int truth(const char *text)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return (int)(i & 1);
	return -1;
}

static bool is_auto(const char *text)
{
	return strcasecmp(text, "auto") == 0;
}

static int parse_uint(const struct kcfg_attr *attr, unsigned int *ret, const char *text,
		      struct rt_err *err)
{
	char expected[64];
	uint64_t value;

	snprintf(expected, sizeof(expected), "a number from %u to %u", attr->min, attr->max);
	if (rt_parse_u64(text, attr->min, attr->max, &value) < 0)
		return bad(err, expected, text);
	*ret = (unsigned int)value;
	return 0;
}

static int parse_auto(enum kcfg_auto *ret, const char *text, struct rt_err *err)
{
	int value = truth(text);

	if (value < 0 && !is_auto(text))
		return bad(err, "true, false or auto", text);
	*ret = value < 0 ? KCFG_AUTO : (enum kcfg_auto)value;
	return 0;
}

/* "1,4,2"; each up to 4096, so that their product is no surprise. */
static int parse_topology(struct kcfg_topology *ret, const char *text, struct rt_err *err)
{
	uint64_t n[3];
	char part[16];
	const char *at = text;
	unsigned int i;
	size_t len;

	if (is_auto(text)) {
		*ret = (struct kcfg_topology){ 0 };
		return 0;
	}
	for (i = 0; i < 3; i++) {
		at += strspn(at, blanks);
		len = strspn(at, "0123456789");
		if (len >= sizeof(part))
			break;
		memcpy(part, at, len);
		part[len] = '\0';
		if (rt_parse_u64(part, 1, 4096, &n[i]) < 0)
			break;
		at += len;
		at += strspn(at, blanks);
		if (i < 2 && *at++ != ',')
			break;
	}
	if (i < 3 || *at)
		return bad(err, "auto, or three numbers (sockets,cores,threads)", text);
	*ret = (struct kcfg_topology){ (unsigned int)n[0], (unsigned int)n[1], (unsigned int)n[2] };
	return 0;
}

/* Of nodes, with blanks allowed around the commas, as in a CPUSET. */
static int parse_list(struct rt_cpuset *ret, const char *text)
{
	struct rt_buf buf = { 0 };
	int rc = -ENOMEM;

	for (; *text; text++) {
		size_t n = strspn(text, blanks);

		if (!n || (text[n] != ',' && buf.len && buf.data[buf.len - 1] != ','))
			rt_buf_add(&buf, text, 1);
		else
			text += n - 1;
	}
	if (rt_buf_str(&buf))
		rc = rt_cpuset_parse(ret, buf.data, NULL);
	rt_buf_finish(&buf);
	return rc;
}

static int parse_nodes(struct kcfg_nodes *ret, const char *text, struct rt_err *err)
{
	struct kcfg_nodes nodes = { .automatic = is_auto(text) };
	int rc = nodes.automatic ? 0 : parse_list(&nodes.set, text);

	if (rc == -ENOMEM)
		return rt_err_set(err, rc, "numatune");
	if (rc < 0)
		return bad(err, "auto or a set of node numbers such as \"0,2-3\"", text);
	if (rt_cpuset_next(&nodes.set, KCFG_MAX_NODES) >= 0)
		return bad(err, "node numbers below 1024", text);
	*ret = nodes;
	return 0;
}

static int parse_pages(uint64_t *ret, const char *text, struct rt_err *err)
{
	int value = truth(text);
	uint64_t size;

	if (value >= 0) {
		*ret = value ? KCFG_PAGES_DEFAULT : KCFG_PAGES_NONE;
		return 0;
	}
	if (rt_parse_size(text, &size) < 0 || (size != 2u << 20 && size != 1u << 30))
		return bad(err, "true, false, 2M or 1G", text);
	*ret = size;
	return 0;
}

static int parse_bool(bool *ret, const char *text, struct rt_err *err)
{
	int value = truth(text);

	if (value < 0)
		return bad(err, "true or false (or yes, no, on, off, 1, 0)", text);
	*ret = value;
	return 0;
}

/* Takes @text over. */
static int take_string(char **ret, enum kcfg_type type, char *text, struct rt_err *err)
{
	if (type != KCFG_TEXT && strchr(text, '\n')) {
		free(text);
		return rt_err_say(err, -EINVAL, "expected one line, found several");
	}
	free(*ret);
	*ret = text;
	return 0;
}

/* Without a value they have their default, as kvmrt.cfg(5) says. */
static bool takes_no_empty(enum kcfg_type type)
{
	return type > KCFG_CPUS && type != KCFG_NODES;
}

int kcfg_attr_parse(struct kcfg_vm *vm, enum kcfg_attr_id id, const char *text,
		    struct rt_err *err)
{
	const struct kcfg_attr *attr = &kcfg_attrs[id];
	void *to = (char *)vm + attr->offset;
	struct rt_buf buf = { 0 };
	int rc;

	kcfg_tidy(&buf, text);
	if (!buf.len && takes_no_empty(attr->type))
		rt_buf_puts(&buf, attr->value);
	if (!rt_buf_str(&buf))
		return rt_err_set(err, -ENOMEM, "%s", attr->name);
	switch (attr->type) {
	case KCFG_STRING:
	case KCFG_TEXT:
	case KCFG_CPUS:
		return take_string(to, attr->type, buf.data, err);
	case KCFG_UINT:
		rc = parse_uint(attr, to, buf.data, err);
		break;
	case KCFG_BOOL:
		rc = parse_bool(to, buf.data, err);
		break;
	case KCFG_BOOL_AUTO:
		rc = parse_auto(to, buf.data, err);
		break;
	case KCFG_TOPOLOGY:
		rc = parse_topology(to, buf.data, err);
		break;
	case KCFG_NODES:
		rc = parse_nodes(to, buf.data, err);
		break;
	default:
		rc = parse_pages(to, buf.data, err);
		break;
	}
	rt_buf_finish(&buf);
	return rc;
}

/* ---- and back ---- */

static void format_nodes(struct rt_buf *out, const struct kcfg_nodes *nodes)
{
	char text[8 * KCFG_MAX_NODES];

	if (nodes->automatic)
		rt_buf_puts(out, "auto");
	else if (rt_cpuset_format(&nodes->set, text, sizeof(text)) == 0)
		rt_buf_puts(out, text);
}

static void format_topology(struct rt_buf *out, const struct kcfg_topology *topology)
{
	if (topology->sockets)
		rt_buf_printf(out, "%u,%u,%u", topology->sockets, topology->cores,
			      topology->threads);
	else
		rt_buf_puts(out, "auto");
}

static void format_pages(struct rt_buf *out, uint64_t size)
{
	if (size == KCFG_PAGES_NONE || size == KCFG_PAGES_DEFAULT)
		rt_buf_puts(out, size ? "true" : "false");
	else if (size >> 30)
		rt_buf_printf(out, "%" PRIu64 "G", size >> 30);
	else
		rt_buf_printf(out, "%" PRIu64 "M", size >> 20);
}

void kcfg_attr_format(struct rt_buf *out, const struct kcfg_vm *vm, enum kcfg_attr_id id)
{
	static const char *const autos[] = { "false", "true", "auto" };
	const void *from = (const char *)vm + kcfg_attrs[id].offset;

	switch (kcfg_attrs[id].type) {
	case KCFG_STRING:
	case KCFG_TEXT:
	case KCFG_CPUS:
		rt_buf_puts(out, *(char *const *)from);
		break;
	case KCFG_UINT:
		rt_buf_printf(out, "%u", *(const unsigned int *)from);
		break;
	case KCFG_BOOL:
		rt_buf_puts(out, autos[*(const bool *)from]);
		break;
	case KCFG_BOOL_AUTO:
		rt_buf_puts(out, autos[*(const enum kcfg_auto *)from]);
		break;
	case KCFG_TOPOLOGY:
		format_topology(out, from);
		break;
	case KCFG_NODES:
		format_nodes(out, from);
		break;
	case KCFG_PAGES:
		format_pages(out, *(const uint64_t *)from);
		break;
	}
}
