/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfg-set.c - changes kvmrt.cfg: values, new sections, sections taken out
 *
 * The lines that a change does not concern stay as they are; every line number
 * behind it moves along.
 */
#include "config/cfg-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"

#define INDENT "    "

/* ---- lines and their numbers ---- */

static void shift(unsigned int *line, size_t from, long by)
{
	if (*line > from)
		*line = (unsigned int)(*line + by);
}

/* All that stands behind the first @at lines moves @by lines. */
static void shift_all(struct kcfg *cfg, size_t at, long by)
{
	unsigned int id;
	size_t i;

	for (i = 0; i < cfg->nr_vms; i++) {
		shift(&cfg->vms[i]->line, at, by);
		for (id = 0; id < KCFG_NR_ATTRS; id++)
			shift(&cfg->vms[i]->lines[id], at, by);
	}
	for (i = 0; i < cfg->nr_faults; i++)
		shift(&cfg->faults[i].line, at, by);
}

static void cut_lines(struct kcfg *cfg, size_t at, size_t nr)
{
	struct kcfg_text *text = cfg->text;
	size_t i;

	for (i = at; i < at + nr; i++)
		free(text->lines[i].text);
	memmove(text->lines + at, text->lines + at + nr,
		(text->nr - at - nr) * sizeof(*text->lines));
	text->nr -= nr;
	shift_all(cfg, at, -(long)nr);
}

/* Lines of @buf, the first of @kind, those behind it a value's further ones. */
static int put_lines(struct kcfg *cfg, size_t at, struct rt_buf *buf, enum kcfg_line_kind kind)
{
	size_t nr = 0, from, len;
	int rc = buf->failed ? -ENOMEM : 0;

	for (from = 0; rc == 0 && from < buf->len; from += len) {
		const char *end = memchr(buf->data + from, '\n', buf->len - from);

		len = (size_t)(end - (buf->data + from)) + 1;
		rc = kcfg_text_insert(cfg->text, at + nr, buf->data + from, len, kind);
		nr += rc == 0;
		kind = KCFG_LINE_MORE;
	}
	shift_all(cfg, at, (long)nr);
	if (rc < 0)
		cut_lines(cfg, at, nr);
	return rc;
}

static const char *line_end(const struct kcfg_line *line)
{
	return line->len > 1 && line->text[line->len - 2] == '\r' ? "\r\n" : "\n";
}

/* As the file's first line ends. */
static const char *usual_end(const struct kcfg_text *text)
{
	return text->nr ? line_end(&text->lines[0]) : "\n";
}

static bool is_empty(const struct kcfg_line *line)
{
	return strcmp(line->text, line_end(line)) == 0;
}

/* A file whose last line has no newline gets one before something follows. */
static int end_last_line(struct kcfg_text *text)
{
	struct kcfg_line *last = text->nr ? &text->lines[text->nr - 1] : NULL;
	const char *end = usual_end(text);
	char *longer;

	if (!last || last->text[last->len - 1] == '\n')
		return 0;
	longer = realloc(last->text, last->len + strlen(end) + 1);
	if (!longer)
		return -ENOMEM;
	strcpy(longer + last->len, end);
	last->len += strlen(end);
	last->text = longer;
	return 0;
}

/* The first line behind the attribute in line @line (from 1), as an index. */
static size_t value_end(const struct kcfg_text *text, size_t line)
{
	while (line < text->nr && text->lines[line].kind == KCFG_LINE_MORE)
		line++;
	return line;
}

/* Behind the last attribute of a section. */
static size_t attributes_end(const struct kcfg_text *text, const struct kcfg_vm *vm)
{
	size_t at, end = vm->line;

	for (at = vm->line; at < text->nr && text->lines[at].kind != KCFG_LINE_SECTION; at++)
		if (text->lines[at].kind != KCFG_LINE_OTHER)
			end = at + 1;
	return end;
}

/* ---- values ---- */

/* "name =" as it was written, and a blank where there was one on either side of the sign. */
static void old_head(struct rt_buf *out, const char *line, bool empty)
{
	size_t sign = strcspn(line, "=:");

	rt_buf_add(out, line, sign + 1);
	if (!empty && ((sign && line[sign - 1] == ' ') || line[sign + 1] == ' '))
		rt_buf_puts(out, " ");
}

static void add_value(struct rt_buf *out, const char *value, size_t indent, const char *line,
		      const char *end)
{
	size_t len;

	for (;; value += len + 1) {
		len = strcspn(value, "\n");
		rt_buf_add(out, value, len);
		rt_buf_puts(out, end);
		if (!value[len])
			break;
		if (value[len + 1] == '\n')
			continue;
		rt_buf_add(out, line, indent);
		rt_buf_puts(out, INDENT);
	}
}

static int replace(struct kcfg *cfg, size_t line, const char *value)
{
	const struct kcfg_line *old = &cfg->text->lines[line - 1];
	size_t end = value_end(cfg->text, line), indent = strspn(old->text, " \t");
	struct rt_buf buf = { 0 };
	int rc;

	old_head(&buf, old->text, !*value);
	add_value(&buf, value, indent, old->text, line_end(old));
	rc = put_lines(cfg, end, &buf, KCFG_LINE_ATTR);
	rt_buf_finish(&buf);
	if (rc == 0)
		cut_lines(cfg, line - 1, end - (line - 1));
	return rc;
}

static int insert(struct kcfg *cfg, size_t at, const char *name, const char *value)
{
	struct rt_buf buf = { 0 };
	int rc = end_last_line(cfg->text);

	rt_buf_printf(&buf, "%s =%s", name, *value ? " " : "");
	add_value(&buf, value, 0, "", line_end(&cfg->text->lines[at - 1]));
	if (rc == 0)
		rc = put_lines(cfg, at, &buf, KCFG_LINE_ATTR);
	rt_buf_finish(&buf);
	return rc;
}

/* @value is as kcfg_attr_format() writes it, and not the one that stands there. */
static int set_value(struct kcfg *cfg, struct kcfg_vm *vm, enum kcfg_attr_id id,
		     const char *value)
{
	size_t at = vm->lines[id];
	int rc = end_last_line(cfg->text);

	if (rc < 0)
		return rc;
	if (at) {
		rc = replace(cfg, at, value);
		vm->lines[id] = (unsigned int)at;
	} else {
		at = attributes_end(cfg->text, vm);
		rc = insert(cfg, at, kcfg_attrs[id].name, value);
		if (rc == 0)
			vm->lines[id] = (unsigned int)at + 1;
	}
	return rc < 0 ? rc : kcfg_attr_parse(vm, id, value, NULL);
}

int kcfg_set(struct kcfg *cfg, struct kcfg_vm *vm, enum kcfg_attr_id id, const char *value,
	     struct rt_err *err)
{
	struct rt_buf old = { 0 }, new = { 0 };
	struct kcfg_vm *scratch = kcfg_vm_create();
	int rc = scratch ? kcfg_attr_parse(scratch, id, value, err) : -ENOMEM;

	if (rc < 0)
		goto out;
	kcfg_attr_format(&old, vm, id);
	kcfg_attr_format(&new, scratch, id);
	if (!rt_buf_str(&old) || !rt_buf_str(&new))
		rc = -ENOMEM;
	else if (strcmp(old.data, new.data) != 0)
		rc = set_value(cfg, vm, id, new.data);
	else
		goto out;
	rc = rc < 0 ? rc : 1;
out:
	rt_buf_finish(&old);
	rt_buf_finish(&new);
	kcfg_vm_destroy(scratch);
	if (rc == -ENOMEM)
		return rt_err_set(err, rc, "%s", kcfg_attrs[id].name);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", kcfg_attrs[id].name) : rc;
}

/* ---- sections ---- */

static int put_section(struct kcfg *cfg, struct kcfg_vm *vm)
{
	struct kcfg_text *text = cfg->text;
	const char *end = usual_end(text);
	struct rt_buf buf = { 0 };
	size_t at;
	int rc = end_last_line(text);

	if (rc == 0 && text->nr && !is_empty(&text->lines[text->nr - 1]))
		rc = kcfg_text_insert(text, text->nr, end, strlen(end), KCFG_LINE_OTHER);
	at = text->nr;
	rt_buf_printf(&buf, "[%s]%s", vm->uuid, end);
	if (rc == 0)
		rc = put_lines(cfg, at, &buf, KCFG_LINE_SECTION);
	rt_buf_finish(&buf);
	vm->line = (unsigned int)at + 1;
	return rc;
}

static int put_defaults(struct kcfg *cfg, struct kcfg_vm *vm)
{
	unsigned int id;
	int rc = 0;

	for (id = 0; rc == 0 && id < KCFG_NR_ATTRS; id++) {
		if (kcfg_attrs[id].rare)
			continue;
		vm->lines[id] = (unsigned int)cfg->text->nr + 1;
		rc = insert(cfg, cfg->text->nr, kcfg_attrs[id].name, kcfg_attrs[id].value);
	}
	return rc;
}

int kcfg_add(struct kcfg *cfg, const char *uuid, struct kcfg_vm **ret, struct rt_err *err)
{
	struct kcfg_vm *vm = kcfg_vm_create();
	size_t before = cfg->text->nr, i;
	int rc;

	if (!vm)
		return rt_err_set(err, -ENOMEM, "cannot add %s", uuid);
	if (!kcfg_uuid(vm->uuid, uuid, strlen(uuid))) {
		rc = rt_err_say(err, -EINVAL, "expected a UUID, found \"%s\"", uuid);
		goto out;
	}
	for (i = 0; i < cfg->nr_vms; i++) {
		if (strcmp(cfg->vms[i]->uuid, vm->uuid) == 0) {
			rc = rt_err_say(err, -EEXIST, "%s is there already, in line %u", uuid,
					cfg->vms[i]->line);
			goto out;
		}
	}
	rc = put_section(cfg, vm);
	if (rc == 0)
		rc = put_defaults(cfg, vm);
	if (rc == 0)
		rc = kcfg_append(cfg, vm);
	if (rc == 0) {
		*ret = vm;
		return 0;
	}
	cut_lines(cfg, before, cfg->text->nr - before);
	rt_err_set(err, rc, "cannot add %s", uuid);
out:
	kcfg_vm_destroy(vm);
	return rc;
}

void kcfg_remove(struct kcfg *cfg, struct kcfg_vm *vm)
{
	struct kcfg_text *text = cfg->text;
	size_t from = vm->line - 1, end = attributes_end(text, vm), i;

	while (end < text->nr && text->lines[end].kind == KCFG_LINE_OTHER &&
	       is_empty(&text->lines[end]))
		end++;
	for (i = 0; cfg->vms[i] != vm; i++)
		;
	memmove(cfg->vms + i, cfg->vms + i + 1, (cfg->nr_vms - i - 1) * sizeof(*cfg->vms));
	cfg->nr_vms--;
	kcfg_vm_destroy(vm);
	cut_lines(cfg, from, end - from);
}
