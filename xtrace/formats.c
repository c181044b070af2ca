/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * formats.c - the texts events/SYSTEM/EVENT/format become struct xt_event
 *
 * Only names, offsets and sizes are taken here, which is cheap and holds also
 * where the `print fmt` is broken; its expressions are for the printer (tep.c).
 */
#include "xtrace/local.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "kvm-events/kvm-events.h"
#include "lib/err.h"

#define MAX_FIELDS 1024
#define MAX_RECORD 65536u

/* A stretch of a text that is not terminated. */
struct span {
	const char *p;
	size_t len;
};

static struct span trim(struct span s)
{
	while (s.len && isspace((unsigned char)*s.p)) {
		s.p++;
		s.len--;
	}
	while (s.len && isspace((unsigned char)s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool starts(struct span s, const char *word)
{
	size_t len = strlen(word);

	return s.len >= len && memcmp(s.p, word, len) == 0;
}

static bool contains(struct span s, const char *word)
{
	return memmem(s.p, s.len, word, strlen(word)) != NULL;
}

/* Takes what stands before @end off @s; all of it where there is no @end. */
static struct span take(struct span *s, char end)
{
	const char *stop = memchr(s->p, end, s->len);
	struct span head = { s->p, stop ? (size_t)(stop - s->p) : s->len };
	size_t skip = head.len + (stop ? 1 : 0);

	s->p += skip;
	s->len -= skip;
	return head;
}

static bool number(struct span s, uint32_t *ret)
{
	uint64_t v = 0;

	s = trim(s);
	if (!s.len || s.len > 9)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*ret = (uint32_t)v;
	return true;
}

/* "offset:8" -> 8 */
static bool labelled(struct span s, const char *label, uint32_t *ret)
{
	s = trim(s);
	if (!starts(s, label))
		return false;
	s.p += strlen(label);
	s.len -= strlen(label);
	return number(s, ret);
}

/* Bytes of one element by its type, where the declaration does not tell. */
static uint32_t type_size(struct span type)
{
	static const struct { const char *word; uint32_t size; } sizes[] = {
		{ "*", 8 }, { "long", 8 }, { "64", 8 }, { "size_t", 8 },
		{ "short", 2 }, { "16", 2 }, { "char", 1 }, { "8", 1 },
		{ "int", 4 }, { "32", 4 }, { "gfp_t", 4 }, { "unsigned", 4 }, { "pid_t", 4 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (contains(type, sizes[i].word))
			return sizes[i].size;
	}
	return 1;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "unsigned long args[6]" -> type "unsigned long", name "args", inside "6" */
static bool split_decl(struct span decl, struct span *type, struct span *name, struct span *inside)
{
	size_t end, begin;

	decl = trim(decl);
	*inside = (struct span){ NULL, 0 };
	if (decl.len && decl.p[decl.len - 1] == ']') {
		const char *open = memrchr(decl.p, '[', decl.len);

		if (!open)
			return false;
		*inside = (struct span){ open + 1, (size_t)(decl.p + decl.len - 2 - open) };
		decl.len = (size_t)(open - decl.p);
		decl = trim(decl);
	}
	end = decl.len;
	for (begin = end; begin && is_name(decl.p[begin - 1]); begin--)
		;
	if (begin == end)
		return false;
	*name = (struct span){ decl.p + begin, end - begin };
	*type = trim((struct span){ decl.p, begin });
	return true;
}

static uint32_t decl_flags(struct span type, struct span name, struct span inside, bool is_signed)
{
	uint32_t flags = is_signed ? XT_FIELD_SIGNED : 0;

	if (starts(type, "__data_loc"))
		flags |= XT_FIELD_DYNAMIC | XT_FIELD_ARRAY;
	else if (starts(type, "__rel_loc"))
		flags |= XT_FIELD_DYNAMIC | XT_FIELD_REL | XT_FIELD_ARRAY;
	if (inside.p)
		flags |= XT_FIELD_ARRAY;
	if (contains(type, "*") && !(flags & XT_FIELD_DYNAMIC))
		flags |= XT_FIELD_POINTER;
	if ((flags & XT_FIELD_ARRAY) && contains(type, "char") && !contains(type, "unsigned") &&
	    !contains(type, "*"))
		flags |= XT_FIELD_STRING;
	if (starts(name, "common_"))
		flags |= XT_FIELD_COMMON;
	return flags;
}

static void set_elem_size(struct xt_field *field, struct span type, struct span inside)
{
	uint32_t n;

	field->elem_size = field->size;
	if (!(field->flags & XT_FIELD_ARRAY))
		return;
	if (!(field->flags & XT_FIELD_DYNAMIC) && number(inside, &n) && n &&
	    field->size % n == 0 && field->size / n)
		field->elem_size = field->size / n;
	else
		field->elem_size = type_size(type);
}

/* One line "field:TYPE NAME; offset:N; size:N; signed:N;": 0, or -EINVAL. */
static int parse_field(struct xt_trace *trace, struct span line, struct xt_field *ret)
{
	struct span decl, type, name, inside;
	uint32_t is_signed = 0;

	if (!starts(line, "field:") && !starts(line, "field special:"))
		return -EINVAL;
	take(&line, ':');
	decl = take(&line, ';');
	if (!labelled(take(&line, ';'), "offset:", &ret->offset) ||
	    !labelled(take(&line, ';'), "size:", &ret->size) ||
	    !split_decl(decl, &type, &name, &inside))
		return -EINVAL;
	labelled(take(&line, ';'), "signed:", &is_signed);
	if (ret->offset > MAX_RECORD || ret->size > MAX_RECORD)
		return -EINVAL;
	ret->flags = decl_flags(type, name, inside, is_signed);
	if ((ret->flags & XT_FIELD_DYNAMIC) && ret->size == 8)
		ret->size = 4;	/* a synthetic event's: the rest means nothing */
	if ((ret->flags & XT_FIELD_DYNAMIC) && ret->size != 4)
		return -EINVAL;
	set_elem_size(ret, type, inside);
	ret->name = xt_keep(trace, name.p, name.len);
	return 0;
}

struct parsed {
	struct span name;
	uint32_t id;
	bool has_id;
	struct xt_field fields[MAX_FIELDS];
	unsigned int nr_common, nr;
};

/* Reads up to the print fmt; -EINVAL for a line that is none of a format's. */
static int parse_text(struct xt_trace *trace, struct span text, struct parsed *out)
{
	while (text.len) {
		struct span line = trim(take(&text, '\n'));

		if (starts(line, "name:"))
			out->name = trim((struct span){ line.p + 5, line.len - 5 });
		else if (starts(line, "ID:"))
			out->has_id = labelled(line, "ID:", &out->id);
		else if (starts(line, "print fmt:"))
			break;
		else if (starts(line, "field")) {
			if (out->nr == MAX_FIELDS ||
			    parse_field(trace, line, &out->fields[out->nr]))
				return -EINVAL;
			out->nr++;
		}
	}
	return out->name.len && out->has_id && out->id < XT_MAX_EVENTS ? 0 : -EINVAL;
}

/* Common fields first, as the header promises; kernels write them so. */
static void copy_fields(struct xt_field *to, const struct parsed *from)
{
	for (unsigned int i = 0; i < from->nr; i++) {
		if (from->fields[i].flags & XT_FIELD_COMMON)
			*to++ = from->fields[i];
	}
	for (unsigned int i = 0; i < from->nr; i++) {
		if (!(from->fields[i].flags & XT_FIELD_COMMON))
			*to++ = from->fields[i];
	}
}

static int make_room(struct xt_trace *trace, unsigned int id)
{
	unsigned int max = trace->max_event ? trace->max_event : 512;
	struct xt_event **list;

	while (max <= id)
		max *= 2;
	if (max == trace->max_event)
		return 0;
	list = realloc(trace->events, max * sizeof(struct xt_event *));
	if (!list)
		return -ENOMEM;
	memset(list + trace->max_event, 0, (max - trace->max_event) * sizeof(*list));
	trace->events = list;
	trace->max_event = max;
	return 0;
}

static int add_event(struct xt_trace *trace, const char *system, const struct parsed *parsed)
{
	struct xt_event *event;
	struct xt_field *fields;

	if (make_room(trace, parsed->id) < 0)
		return -ENOMEM;
	if (trace->events[parsed->id])
		return 0;
	event = calloc(1, sizeof(*event) + parsed->nr * sizeof(*fields));
	if (!event)
		return -ENOMEM;
	fields = (struct xt_field *)(event + 1);
	copy_fields(fields, parsed);
	event->id = (int)parsed->id;
	event->system = xt_keep(trace, system, strlen(system));
	event->name = xt_keep(trace, parsed->name.p, parsed->name.len);
	event->fields = fields;
	event->nr_fields = parsed->nr;
	for (unsigned int i = 0; i < parsed->nr; i++) {
		if (fields[i].offset + fields[i].size > event->min_size)
			event->min_size = fields[i].offset + fields[i].size;
	}
	event->kev = kev_event_find(event->system, event->name);
	trace->events[parsed->id] = event;
	return 0;
}

static int keep_format(struct xt_trace *trace, const char *system, const char *text, size_t len)
{
	struct xt_format *list, *format;

	if ((trace->nr_formats & (trace->nr_formats + 1)) == 0) {
		list = realloc(trace->formats, (2 * trace->nr_formats + 2) * sizeof(*list));
		if (!list)
			return -ENOMEM;
		trace->formats = list;
	}
	format = &trace->formats[trace->nr_formats];
	*format = (struct xt_format){ .system = strdup(system), .text.data = malloc(len + 1) };
	if (!format->system || !format->text.data) {
		free((char *)format->system);
		free(format->text.data);
		return -ENOMEM;
	}
	memcpy(format->text.data, text, len);
	format->text.data[len] = '\0';
	format->text.len = len;
	if (++trace->nr_formats == XT_MAX_FORMATS)
		xt_warn(trace, "%u formats are read, and no more", XT_MAX_FORMATS);
	return 0;
}

int xt_add_format(struct xt_trace *trace, const char *system, const char *text, size_t len)
{
	struct parsed *parsed;
	int rc;

	if (trace->nr_formats == XT_MAX_FORMATS)
		return 0;
	parsed = calloc(1, sizeof(*parsed));
	if (!parsed)
		return -ENOMEM;
	rc = parse_text(trace, (struct span){ text, len }, parsed);
	if (rc == -EINVAL) {
		xt_warn(trace,
			"format of event %s:%.*s: not understood, its records are not decoded",
			system, (int)(parsed->name.len < 64 ? parsed->name.len : 64),
			parsed->name.len ? parsed->name.p : "");
		rc = 0;
	} else {
		rc = add_event(trace, system, parsed);
	}
	if (rc == 0)
		rc = keep_format(trace, system, text, len);
	free(parsed);
	return rc;
}

int xt_check_header_page(const char *text, struct rt_err *err)
{
	static const struct {
		const char *name;
		uint32_t offset, size;
	} want[] = {
		{ "timestamp;", 0, 8 },
		{ "commit;", XT_PAGE_COMMIT, 8 },
		{ "data;", XT_PAGE_HEAD, 0 },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const char *at = strstr(text, want[i].name);
		struct span line = { at, at ? strcspn(at, "\n") : 0 };
		uint32_t offset, size;

		if (!at)
			return rt_err_say(err, -EBADMSG, "header_page has no field \"%.*s\"",
					  (int)strlen(want[i].name) - 1, want[i].name);
		take(&line, ';');
		if (!labelled(take(&line, ';'), "offset:", &offset) ||
		    !labelled(take(&line, ';'), "size:", &size) || offset != want[i].offset ||
		    (want[i].size && size != want[i].size))
			return rt_err_say(
				err, -EOPNOTSUPP,
				"only sub-buffers of 64-bit kernels can be read: expected "
				"field \"%.*s\" at offset %u with %u bytes, found \"%.*s\"",
				(int)strlen(want[i].name) - 1, want[i].name, want[i].offset,
				want[i].size, (int)strcspn(at, "\n"), at);
	}
	return 0;
}
