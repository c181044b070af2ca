/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfg.c - reads kvmrt.cfg: sections, attributes, values of several lines
 *
 * One pass over the lines.  Each is kept as it is, with its kind, so that
 * cfg-set.c can change values and kcfg_format() gives the file back.
 */
#include "config/cfg-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/text.h"

#define NONE KCFG_NR_ATTRS	/* an attribute that is not known, or not taken */

struct reader {
	struct kcfg *cfg;
	struct kcfg_vm *vm;		/* of the section; NULL in front of the first */
	enum kcfg_attr_id attr;		/* whose value is being gathered */
	bool in_value;
	size_t indent;			/* of the attribute's first line, in columns */
	struct rt_buf value;
	size_t first;			/* the attribute's line, from 1 */
	size_t empty;			/* empty lines that may belong to the value */
	bool failed;			/* out of memory */
};

/* ---- virtual machines ---- */

struct kcfg_vm *kcfg_vm_create(void)
{
	struct kcfg_vm *vm = calloc(1, sizeof(*vm));
	unsigned int id;

	for (id = 0; vm && id < KCFG_NR_ATTRS; id++) {
		if (kcfg_attr_parse(vm, id, kcfg_attrs[id].value, NULL) < 0) {
			kcfg_vm_destroy(vm);
			vm = NULL;
		}
	}
	return vm;
}

void kcfg_vm_destroy(struct kcfg_vm *vm)
{
	unsigned int id;

	if (!vm)
		return;
	for (id = 0; id < KCFG_NR_ATTRS; id++) {
		if (kcfg_attrs[id].type <= KCFG_CPUS)
			free(*(char **)((char *)vm + kcfg_attrs[id].offset));
	}
	free(vm);
}

int kcfg_append(struct kcfg *cfg, struct kcfg_vm *vm)
{
	struct kcfg_vm **vms = reallocarray(cfg->vms, cfg->nr_vms + 1, sizeof(*vms));

	if (!vms)
		return -ENOMEM;
	cfg->vms = vms;
	vms[cfg->nr_vms++] = vm;
	return 0;
}

static struct kcfg_vm *find_uuid(const struct kcfg *cfg, const char *uuid)
{
	size_t i;

	for (i = 0; i < cfg->nr_vms; i++)
		if (strcasecmp(cfg->vms[i]->uuid, uuid) == 0)
			return cfg->vms[i];
	return NULL;
}

struct kcfg_vm *kcfg_find(const struct kcfg *cfg, const char *name_or_uuid)
{
	struct kcfg_vm *vm = find_uuid(cfg, name_or_uuid);
	size_t i;

	for (i = 0; !vm && i < cfg->nr_vms; i++)
		if (strcmp(cfg->vms[i]->name, name_or_uuid) == 0)
			vm = cfg->vms[i];
	return vm;
}

struct kcfg_vm *kcfg_vm_at(const struct kcfg *cfg, unsigned int line)
{
	/* A fault's may have been cut since. */
	if (line > cfg->text->nr)
		return NULL;
	while (line && cfg->text->lines[line - 1].kind != KCFG_LINE_SECTION)
		line--;
	for (size_t i = 0; i < cfg->nr_vms; i++)
		if (line && cfg->vms[i]->line == line)
			return cfg->vms[i];
	return NULL;
}

/* ---- the text ---- */

int kcfg_text_insert(struct kcfg_text *text, size_t at, const char *line, size_t len,
		     enum kcfg_line_kind kind)
{
	size_t room = text->room ? text->room * 2 : 64;
	struct kcfg_line *lines = text->lines;
	char *copy;

	if (text->nr == text->room) {
		lines = reallocarray(lines, room, sizeof(*lines));
		if (!lines)
			return -ENOMEM;
		text->lines = lines;
		text->room = room;
	}
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, line, len);
	copy[len] = '\0';
	memmove(lines + at + 1, lines + at, (text->nr - at) * sizeof(*lines));
	lines[at] = (struct kcfg_line){ copy, len, kind };
	text->nr++;
	return 0;
}

void kcfg_format(struct rt_buf *out, const struct kcfg *cfg)
{
	size_t i;

	for (i = 0; i < cfg->text->nr; i++)
		rt_buf_add(out, cfg->text->lines[i].text, cfg->text->lines[i].len);
}

/* ---- faults ---- */

bool kcfg_fault_is_error(const struct kcfg_fault *fault)
{
	return strcmp(fault->rule, "unknown-attribute") != 0;
}

/* What came out of the file goes to a terminal: nothing there that would act on one. */
static void make_printable(char *text)
{
	bool utf8 = rt_utf8(text, strlen(text));

	rt_make_printable(text);
	for (; *text && !utf8; text++)
		if (*text & 0x80)
			*text = '?';
}

__attribute__((format(printf, 4, 5)))
static void fault(struct reader *r, const char *rule, size_t line, const char *fmt, ...)
{
	struct kcfg *cfg = r->cfg;
	struct kcfg_fault *faults;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	faults = text ? reallocarray(cfg->faults, cfg->nr_faults + 1, sizeof(*faults)) : NULL;
	if (!faults) {
		free(text);
		r->failed = true;
		return;
	}
	make_printable(text);
	cfg->faults = faults;
	faults[cfg->nr_faults++] = (struct kcfg_fault){ rule, (unsigned int)line, text };
	cfg->nr_errors += kcfg_fault_is_error(&faults[cfg->nr_faults - 1]);
}

static void bad_line(struct reader *r, const char *expected, const char *line)
{
	int len = (int)strcspn(line, "\r\n");

	fault(r, "bad-line", r->cfg->text->nr, "expected %s, found \"%.*s%s\"", expected,
	      len > 60 ? 60 : len, line, len > 60 ? "..." : "");
}

/* ---- values ---- */

static void end_value(struct reader *r)
{
	struct rt_err why = { 0 };
	int rc;

	if (!r->in_value)
		return;
	r->in_value = false;
	r->empty = 0;
	if (r->attr == NONE)
		return;
	if (!rt_buf_str(&r->value)) {
		r->failed = true;
		return;
	}
	rc = kcfg_attr_parse(r->vm, r->attr, r->value.data, &why);
	if (rc == -ENOMEM)
		r->failed = true;
	else if (rc < 0)
		fault(r, "bad-value", r->first, "%s: %s", kcfg_attrs[r->attr].name, why.text);
}

/* The empty lines that turned out to stand inside the value, and this one. */
static void more_value(struct reader *r, const char *line)
{
	struct kcfg_text *text = r->cfg->text;

	for (; r->empty; r->empty--) {
		text->lines[text->nr - 1 - r->empty].kind = KCFG_LINE_MORE;
		rt_buf_puts(&r->value, "\n");
	}
	text->lines[text->nr - 1].kind = KCFG_LINE_MORE;
	rt_buf_puts(&r->value, "\n");
	rt_buf_add(&r->value, line, strcspn(line, "\n"));
}

static void unknown_attribute(struct reader *r, const char *name)
{
	const char *names[KCFG_NR_ATTRS], *near;
	unsigned int id;

	for (id = 0; id < KCFG_NR_ATTRS; id++)
		names[id] = kcfg_attrs[id].name;
	if (rt_nearest(name, names, KCFG_NR_ATTRS, &near, 1))
		fault(r, "unknown-attribute", r->cfg->text->nr,
		      "unknown attribute \"%s\"; did you mean \"%s\"?", name, near);
	else
		fault(r, "unknown-attribute", r->cfg->text->nr, "unknown attribute \"%s\"", name);
}

/* @line is "name = value" behind its indentation; @len is that of the name. */
static void begin_value(struct reader *r, const char *line, size_t len)
{
	size_t now = r->cfg->text->nr;
	char *name = strndup(line, len);

	if (!name) {
		r->failed = true;
		return;
	}
	r->cfg->text->lines[now - 1].kind = KCFG_LINE_ATTR;
	r->attr = kcfg_attr_find(name);
	if (r->attr == NONE) {
		unknown_attribute(r, name);
	} else if (r->vm->lines[r->attr]) {
		fault(r, "duplicate-attribute", now, "\"%s\" is set a second time; the first is "
		      "in line %u", kcfg_attrs[r->attr].name, r->vm->lines[r->attr]);
		r->attr = NONE;
	} else {
		r->vm->lines[r->attr] = (unsigned int)now;
	}
	free(name);
	line += strcspn(line, "=:") + 1;
	r->value.len = 0;
	rt_buf_add(&r->value, line, strcspn(line, "\n"));
	r->first = now;
	r->in_value = true;
}

/* ---- sections ---- */

/* Attributes of a section that cannot be one go here, so that their faults are told too. */
static struct kcfg_vm *lost_vm(struct reader *r)
{
	kcfg_vm_destroy(r->cfg->text->lost);
	r->cfg->text->lost = kcfg_vm_create();
	return r->cfg->text->lost;
}

static void section(struct reader *r, const char *line)
{
	struct kcfg_text *text = r->cfg->text;
	size_t len = strcspn(line, "]\n");
	struct kcfg_vm *vm, *same;

	text->lines[text->nr - 1].kind = KCFG_LINE_SECTION;
	r->vm = vm = kcfg_vm_create();
	if (!vm) {
		r->failed = true;
	} else if (line[len] != ']' || line[len + 1 + strspn(line + len + 1, " \t\r\n")] ||
		   !kcfg_uuid(vm->uuid, line + 1, len - 1)) {
		bad_line(r, "a VM's UUID as \"[aeec46cc-0638-4949-ac04-146b233194a9]\"", line);
	} else if ((same = find_uuid(r->cfg, vm->uuid))) {
		fault(r, "duplicate-section", text->nr, "a second section of %s; the first is in "
		      "line %u", vm->uuid, same->line);
	} else {
		vm->line = (unsigned int)text->nr;
		if (kcfg_append(r->cfg, vm) == 0)
			return;
		r->failed = true;
	}
	kcfg_vm_destroy(vm);
	r->vm = lost_vm(r);
	r->failed |= !r->vm;
}

/* ---- lines ---- */

/* What no value may hold: XML would refuse it.  What it takes comes in by an import. */
static bool is_text(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && !strchr("\t\r\n", c)) || c == 0)
			return false;
	}
	return rt_utf8(line, len);
}

/* A line that is neither empty, a comment, a section nor part of a value. */
static void attribute(struct reader *r, const char *line, size_t indent)
{
	size_t len = strcspn(line, "=:\n");
	bool named = line[len] == '=' || line[len] == ':';

	end_value(r);
	while (len && strchr(" \t", line[len - 1]))
		len--;
	if (!named || !len) {
		bad_line(r, "\"attribute = value\", a section or an indented line of a value",
			 line);
	} else if (!r->vm) {
		bad_line(r, "a section, \"[UUID]\", in front of the first attribute", line);
	} else {
		r->indent = indent;
		begin_value(r, line, len);
	}
}

static bool is_one_line(const struct reader *r)
{
	return r->attr != NONE && kcfg_attrs[r->attr].type != KCFG_TEXT;
}

/* In columns, as an editor shows it. */
static size_t indentation(const char *line)
{
	size_t columns = 0;

	for (; *line == ' ' || *line == '\t'; line++)
		columns += *line == '\t' ? 8 - columns % 8 : 1;
	return columns;
}

/* The line is the last of the text. */
static void read_line(struct reader *r, const char *line, size_t len)
{
	const char *rest = line + strspn(line, " \t");
	size_t indent = indentation(line);

	if (!rest[strspn(rest, "\r\n")] && strlen(line) == len) {
		r->empty += r->in_value;
	} else if (r->in_value && indent > r->indent && is_text(line, len) &&
		   !(is_one_line(r) && strchr("#;", *rest))) {
		more_value(r, rest);
	} else if (*rest == '#' || *rest == ';') {
		end_value(r);
	} else if (!is_text(line, len)) {
		end_value(r);
		bad_line(r, "text in UTF-8 without control characters", line);
	} else if (*rest == '[') {
		end_value(r);
		section(r, rest);
	} else {
		attribute(r, rest, indent);
	}
}

/* Editors of other systems put a mark in front of UTF-8; it stays in the text. */
static size_t mark_length(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static int read_lines(struct reader *r, const char *text, size_t len)
{
	size_t n, mark = mark_length(text, len);
	const char *newline;

	for (; len; text += n, len -= n) {
		newline = memchr(text, '\n', len);
		n = newline ? (size_t)(newline - text) + 1 : len;
		if (kcfg_text_insert(r->cfg->text, r->cfg->text->nr, text, n, KCFG_LINE_OTHER) < 0)
			return -ENOMEM;
		read_line(r, r->cfg->text->lines[r->cfg->text->nr - 1].text + mark, n - mark);
		mark = 0;
		if (r->failed)
			return -ENOMEM;
	}
	end_value(r);
	return r->failed ? -ENOMEM : 0;
}

/* ---- files ---- */

int kcfg_parse(struct kcfg **ret, const char *path, const char *text, size_t len,
	       struct rt_err *err)
{
	struct kcfg *cfg = calloc(1, sizeof(*cfg));
	struct reader r = { .cfg = cfg };
	int rc = -ENOMEM;

	if (!cfg)
		return rt_err_set(err, -ENOMEM, "%s", path);
	cfg->path = strdup(path);
	cfg->text = calloc(1, sizeof(*cfg->text));
	if (cfg->path && cfg->text)
		rc = len > KCFG_MAX_SIZE ? -EFBIG : read_lines(&r, text, len);
	rt_buf_finish(&r.value);
	if (rc < 0) {
		kcfg_destroy(cfg);
		return rt_err_set(err, rc, "%s", path);
	}
	*ret = cfg;
	return 0;
}

static int read_all(struct rt_buf *buf, int fd)
{
	ssize_t got = 1;
	char *to;

	while (got && buf->len <= KCFG_MAX_SIZE) {
		to = rt_buf_reserve(buf, 64 * 1024);
		if (!to)
			return -ENOMEM;
		got = read(fd, to, buf->room - buf->len);
		if (got < 0 && errno != EINTR)
			return -errno;
		buf->len += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int kcfg_read(struct kcfg **ret, const char *path, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return rt_err_say(err, -ENOENT, "cannot open %s: there is no such file; "
				  "kvmrt-import makes it of libvirt's VMs", path);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open %s", path);
	rc = read_all(&buf, fd);
	close(fd);
	if (rc < 0)
		rc = rt_err_set(err, rc, "cannot read %s", path);
	else
		rc = kcfg_parse(ret, path, buf.data, buf.len, err);
	rt_buf_finish(&buf);
	return rc;
}

void kcfg_destroy(struct kcfg *cfg)
{
	size_t i;

	if (!cfg)
		return;
	for (i = 0; i < cfg->nr_vms; i++)
		kcfg_vm_destroy(cfg->vms[i]);
	for (i = 0; i < cfg->nr_faults; i++)
		free(cfg->faults[i].text);
	for (i = 0; cfg->text && i < cfg->text->nr; i++)
		free(cfg->text->lines[i].text);
	if (cfg->text) {
		free(cfg->text->lines);
		kcfg_vm_destroy(cfg->text->lost);
	}
	free(cfg->text);
	free(cfg->vms);
	free(cfg->faults);
	free(cfg->path);
	free(cfg);
}
