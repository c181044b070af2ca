/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml-parts.c - the parts as rows: how each is read out of a domain's XML, and
 * what is touched when it is written
 */
#include "config/xml-node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/xml-pins.h"
#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/text.h"

#define MAX_TOPOLOGY	RT_MAX_CPUS

/* ---- texts ---- */

void kcfg_xml_lines(struct rt_buf *out, const char *text)
{
	const char *end;
	size_t len;

	while (*text) {
		text += strspn(text, " \t\r\n");
		len = strcspn(text, "\n");
		end = text + len;
		while (end > text && strchr(" \t\r", end[-1]))
			end--;
		if (end > text && out->len)
			rt_buf_add(out, "\n", 1);
		rt_buf_add(out, text, end - text);
		text += len;
	}
}

static int read_text(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		     struct rt_err *err)
{
	xmlNode *node = kcfg_child(domain, row->element);
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;

	(void)err;
	kcfg_xml_lines(out, text ? (const char *)text : "");
	xmlFree(text);
	return 0;
}

static int write_text(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		      struct rt_err *err)
{
	(void)err;
	if (*want)
		return kcfg_text_set(kcfg_child_make(domain, row->element), want);
	kcfg_child_remove(kcfg_child(domain, row->element));
	return 0;
}

/* ---- the number of vCPUs, and what the guest sees of them ---- */

static int count_vcpus(xmlNode *domain, unsigned int *ret_now, unsigned int *ret_max,
		       struct rt_err *err)
{
	xmlNode *node = kcfg_child(domain, "vcpu");
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	struct rt_buf tidy = { 0 };
	uint64_t max = 1;
	int rc = 0;

	kcfg_xml_lines(&tidy, text ? (const char *)text : "1");
	if (!rt_buf_str(&tidy))
		rc = rt_err_set(err, -ENOMEM, "cannot read <vcpu>");
	else if (rt_parse_u64(tidy.data, 1, RT_MAX_CPUS, &max) < 0)
		rc = rt_err_say(err, -EINVAL, "expected a number from 1 to %u in <vcpu>, found "
				"\"%.40s\"", RT_MAX_CPUS, tidy.data);
	else
		rc = kcfg_attr_uint(node, "current", 1, max, max, ret_now, err);
	*ret_max = max;
	rt_buf_finish(&tidy);
	xmlFree(text);
	return rc;
}

static int read_vcpus(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		      struct rt_err *err)
{
	unsigned int now, max;
	int rc = count_vcpus(domain, &now, &max, err);

	(void)row;
	if (rc == 0)
		rt_buf_printf(out, now < max ? "%u/%u" : "%u", now, max);
	return rc;
}

/* What <vcpus> says of each vCPU is more to libvirt than any number, so it goes. */
static int write_vcpus(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		       struct rt_err *err)
{
	xmlNode *node = kcfg_child_make(domain, "vcpu");
	size_t len = strcspn(want, "/");
	char now[16];
	uint64_t nr;

	(void)row;
	snprintf(now, sizeof(now), "%.*s", (int)len, want);
	if (rt_parse_u64(now, 1, RT_MAX_CPUS, &nr) < 0 ||
	    (want[len] && rt_parse_u64(want + len + 1, nr, RT_MAX_CPUS, &nr) < 0))
		return rt_err_say(err, -EINVAL, "expected a number of vCPUs, found \"%s\"", want);
	if (!node)
		return -ENOMEM;
	kcfg_child_remove(kcfg_child(domain, "vcpus"));
	if (!want[len]) {
		kcfg_attr_remove(node, "current");
		return kcfg_text_set(node, want);
	}
	return kcfg_attr_set(node, "current", now) ? : kcfg_text_set(node, want + len + 1);
}

/* Levels between socket and core count as cores; an own topology keeps them. */
static const char *const topology_attrs[] = { "sockets", "dies", "clusters", "cores", "threads" };

static int read_topology(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
			 struct rt_err *err)
{
	xmlNode *node = kcfg_child(kcfg_child(domain, "cpu"), "topology");
	unsigned int n[5], now, max;
	int rc;

	(void)row;
	rc = count_vcpus(domain, &now, &max, err);
	if (rc < 0)
		return rc;
	for (int i = 0; rc == 0 && node && i < 5; i++)
		rc = kcfg_attr_uint(node, topology_attrs[i], 1, MAX_TOPOLOGY, 1, &n[i], err);
	if (rc < 0)
		return rc;
	if (node)
		rt_buf_printf(out, "%u,%llu,%u", n[0], 1ull * n[1] * n[2] * n[3], n[4]);
	else
		rt_buf_printf(out, "%u,1,1", max);
	return 0;
}

static int write_topology(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			  struct rt_err *err)
{
	xmlNode *cpu = kcfg_child_make(domain, "cpu");
	xmlNode *node = cpu ? kcfg_child_make(cpu, "topology") : NULL;
	unsigned int n[3];
	char text[16];
	int rc = 0;

	(void)row;
	if (sscanf(want, "%u,%u,%u", &n[0], &n[1], &n[2]) != 3)
		return rt_err_say(err, -EINVAL, "expected \"sockets,cores,threads\", found \"%s\"",
				  want);
	if (!node)
		return -ENOMEM;
	kcfg_attr_remove(node, "dies");
	kcfg_attr_remove(node, "clusters");
	for (int i = 0; rc == 0 && i < 3; i++) {
		snprintf(text, sizeof(text), "%u", n[i]);
		rc = kcfg_attr_set(node, topology_attrs[i ? i + 2 : 0], text);
	}
	return rc;
}

/* ---- lists of CPUs and nodes in one attribute ---- */

static int read_list(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		     struct rt_err *err)
{
	xmlNode *parent = row->parent ? kcfg_child(domain, row->parent) : domain;

	return kcfg_read_cpus(kcfg_child(parent, row->element), row->key, out, err);
}

/* A list that we give ends what libvirt or numad would choose. */
static int write_cpuset(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			struct rt_err *err)
{
	xmlNode *node = kcfg_child_make(domain, row->element);

	(void)err;
	if (!node)
		return -ENOMEM;
	if (!*want) {
		kcfg_attr_remove(node, row->key);
		return 0;
	}
	return kcfg_attr_set(node, "placement", "static") ? : kcfg_attr_set(node, row->key, want);
}

static int write_emulatorpin(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			     struct rt_err *err)
{
	xmlNode *cputune;

	(void)err;
	if (*want) {
		cputune = kcfg_child_make(domain, row->parent);
		return kcfg_attr_set(cputune ? kcfg_child_make(cputune, row->element) : NULL,
				     row->key, want);
	}
	cputune = kcfg_child(domain, row->parent);
	kcfg_child_remove(kcfg_child(cputune, row->element));
	kcfg_child_prune(cputune);
	return 0;
}

static int write_numatune(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			  struct rt_err *err)
{
	xmlNode *numatune, *memory;
	int rc = 0;

	(void)err;
	if (!*want) {
		numatune = kcfg_child(domain, row->parent);
		kcfg_child_remove(kcfg_child(numatune, row->element));
		kcfg_child_prune(numatune);
		return 0;
	}
	numatune = kcfg_child_make(domain, row->parent);
	memory = numatune ? kcfg_child_make(numatune, row->element) : NULL;
	if (!memory)
		return -ENOMEM;
	kcfg_attr_remove(memory, "placement");
	if (!xmlHasProp(memory, (const xmlChar *)"mode"))
		rc = kcfg_attr_set(memory, "mode", "strict");
	return rc ? : kcfg_attr_set(memory, row->key, want);
}

/* ---- huge pages: one size, libvirt's default, or several that are the user's own ---- */

static const struct {
	const char *unit;
	uint64_t bytes;
} page_units[] = {
	{ "B", 1 }, { "bytes", 1 }, { "KB", 1000 }, { "K", 1 << 10 }, { "KiB", 1 << 10 },
	{ "MB", 1000000 }, { "M", 1 << 20 }, { "MiB", 1 << 20 }, { "GB", 1000000000 },
	{ "G", 1 << 30 }, { "GiB", 1 << 30 },
};

static int page_size(xmlNode *page, uint64_t *ret, struct rt_err *err)
{
	xmlChar *unit = kcfg_attr(page, "unit");
	unsigned int size;
	uint64_t bytes = unit ? 0 : 1 << 10;
	int rc;

	rc = kcfg_attr_uint(page, "size", 1, UINT32_MAX, 1, &size, err);
	for (size_t i = 0; unit && i < sizeof(page_units) / sizeof(page_units[0]); i++)
		if (xmlStrEqual(unit, (const xmlChar *)page_units[i].unit))
			bytes = page_units[i].bytes;
	if (rc == 0 && !bytes)
		rc = rt_err_say(err, -EINVAL, "expected a unit such as \"MiB\" in <page>, found "
				"\"%.20s\"", (const char *)unit);
	xmlFree(unit);
	*ret = bytes * size;
	return rc;
}

static int read_pages(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		      struct rt_err *err)
{
	xmlNode *pages = kcfg_child(kcfg_child(domain, row->parent), row->element);
	xmlNode *page = kcfg_child(pages, "page");
	uint64_t bytes;
	int rc;

	if (!page) {
		rt_buf_puts(out, pages ? "default" : "");
		return 0;
	}
	if (kcfg_sibling(page, "page")) {
		rt_buf_puts(out, "several");
		return 0;
	}
	rc = page_size(page, &bytes, err);
	if (rc == 0)
		rt_buf_printf(out, "%llu", (unsigned long long)bytes);
	return rc;
}

static int write_pages(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		       struct rt_err *err)
{
	xmlNode *memory = kcfg_child_make(domain, row->parent), *pages, *page;
	uint64_t bytes;
	char size[24];

	if (!memory)
		return -ENOMEM;
	kcfg_child_remove(kcfg_child(memory, row->element));
	if (!*want) {
		kcfg_child_prune(memory);
		return 0;
	}
	pages = kcfg_child_add(memory, row->element);
	if (!strcmp(want, "default") || !pages)
		return pages ? 0 : -ENOMEM;
	if (rt_parse_u64(want, 1 << 10, UINT64_MAX, &bytes) < 0)
		return rt_err_say(err, -EINVAL, "expected a size of pages, found \"%s\"", want);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)(bytes >> 10));
	page = kcfg_child_add(pages, "page");
	return kcfg_attr_set(page, "size", size) ? : kcfg_attr_set(page, "unit", "KiB");
}

/* ---- switches ---- */

static int read_switch(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		       struct rt_err *err)
{
	(void)err;
	if (kcfg_child(kcfg_child(domain, row->parent), row->element))
		rt_buf_puts(out, "on");
	return 0;
}

static int write_switch(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			struct rt_err *err)
{
	xmlNode *parent;

	(void)err;
	if (*want) {
		parent = kcfg_child_make(domain, row->parent);
		return parent && kcfg_child_make(parent, row->element) ? 0 : -ENOMEM;
	}
	parent = kcfg_child(domain, row->parent);
	kcfg_child_remove(kcfg_child(parent, row->element));
	kcfg_child_prune(parent);
	return 0;
}

static int read_hide_kvm(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
			 struct rt_err *err)
{
	xmlNode *kvm = kcfg_child(kcfg_child(domain, row->parent), "kvm");

	(void)err;
	if (kcfg_attr_is(kcfg_child(kvm, row->element), row->key, "on"))
		rt_buf_puts(out, "on");
	return 0;
}

static int write_hide_kvm(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
			  struct rt_err *err)
{
	xmlNode *features, *kvm;

	(void)err;
	if (*want) {
		features = kcfg_child_make(domain, row->parent);
		kvm = features ? kcfg_child_make(features, "kvm") : NULL;
		return kcfg_attr_set(kvm ? kcfg_child_make(kvm, row->element) : NULL, row->key,
				     want);
	}
	features = kcfg_child(domain, row->parent);
	kvm = kcfg_child(features, "kvm");
	kcfg_child_remove(kcfg_child(kvm, row->element));
	kcfg_child_prune(kvm);
	kcfg_child_prune(features);
	return 0;
}

/* ---- our own notes ---- */

static int read_note(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		     struct rt_err *err)
{
	xmlChar *text = kcfg_attr(kcfg_metadata(domain, false), row->key);

	(void)err;
	if (text)
		rt_buf_puts(out, (const char *)text);
	xmlFree(text);
	return 0;
}

static int write_note(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		      struct rt_err *err)
{
	xmlNode *node = kcfg_metadata(domain, true);

	(void)err;
	if (*want || !node)
		return kcfg_attr_set(node, row->key, want);
	kcfg_attr_remove(node, row->key);
	return 0;
}

#define ROW(part, ...) [KCFG_PART_##part] = { __VA_ARGS__ }

/* name, is a note, parent, element, attribute, how it is read and written */
const struct kcfg_part_row kcfg_part_rows[KCFG_NR_PARTS] = {
	ROW(NAME, "name", false, NULL, "name", NULL, read_text, NULL),
	ROW(TITLE, "title", false, NULL, "title", NULL, read_text, write_text),
	ROW(DESCRIPTION, "description", false, NULL, "description", NULL, read_text, write_text),
	ROW(VCPUS, "vcpus", false, NULL, NULL, NULL, read_vcpus, write_vcpus),
	ROW(TOPOLOGY, "topology", false, NULL, NULL, NULL, read_topology, write_topology),
	ROW(CPUSET, "cpuset", false, NULL, "vcpu", "cpuset", read_list, write_cpuset),
	ROW(VCPUPIN, "vcpupin", false, NULL, "vcpupin", "vcpu", kcfg_pins_read, kcfg_pins_write),
	ROW(EMULATORPIN, "emulatorpin", false, "cputune", "emulatorpin", "cpuset", read_list,
	    write_emulatorpin),
	ROW(IOTHREADPIN, "iothreadpin", false, NULL, "iothreadpin", "iothread", kcfg_pins_read,
	    kcfg_pins_write),
	ROW(VCPUSCHED, "vcpusched", false, NULL, "vcpusched", "vcpus", kcfg_scheds_read,
	    kcfg_scheds_write),
	ROW(LOCKED, "locked", false, "memoryBacking", "locked", NULL, read_switch, write_switch),
	ROW(NOSHAREPAGES, "nosharepages", false, "memoryBacking", "nosharepages", NULL,
	    read_switch, write_switch),
	ROW(HUGEPAGES, "hugepages", false, "memoryBacking", "hugepages", NULL, read_pages,
	    write_pages),
	ROW(NUMATUNE, "numatune", false, "numatune", "memory", "nodeset", read_list,
	    write_numatune),
	ROW(HIDE_KVM, "hide_kvm", false, "features", "hidden", "state", read_hide_kvm,
	    write_hide_kvm),
	ROW(RT, "rt", true, NULL, NULL, "rt", read_note, write_note),
	ROW(EXPRESSION, "expression", true, NULL, NULL, "cpuset", read_note, write_note),
};
