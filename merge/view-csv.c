/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * csv.c - a table for other programs: a head line, then a line an event, quoted
 * as RFC 4180 says where that is needed; lines end with a newline alone
 */
#include "merge/view-line.h"

#include <string.h>

static const char *const heads[] = {
#define X(id_, name_, help_) name_,
	MRG_FIELDS(X)
#undef X
};

/* Quotes the text at [begin, p) in place where it has a comma or a quote. */
static char *quote(char *begin, char *p)
{
	size_t quotes = 0;
	bool needed = false;
	char *c, *to;

	for (c = begin; c < p; c++) {
		quotes += *c == '"';
		needed |= *c == '"' || *c == ',';
	}
	if (!needed)
		return p;
	to = p + quotes + 2;
	*--to = '"';
	for (c = p; c > begin; ) {
		*--to = *--c;
		if (*c == '"')
			*--to = '"';
	}
	*begin = '"';
	return p + quotes + 2;
}

/* The event's name, which never needs quotes, and its arguments: two columns. */
static char *put_event(struct mrg_pen *pen, char *p, const struct mrg_line *line)
{
	char *end = mrg_put_field(pen, p, MRG_FIELD_EVENT, line);
	char *args = p + mrg_line_name_len(pen, line);
	size_t len = end - args > 3 ? (size_t)(end - args) - 3 : 0;

	if (len > 0)
		memmove(args + 1, args + 2, len);
	*args = ',';
	return quote(args + 1, args + 1 + len);
}

static void put_line(struct mrg_pen *pen, const struct mrg_line *line)
{
	struct rt_buf *out = &pen->window->out;
	char *p = mrg_line_reserve(pen, line, 2), *begin;
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < pen->view->nr_fields; i++) {
		if (i > 0)
			*p++ = ',';
		begin = p;
		if (pen->view->fields[i] == MRG_FIELD_EVENT)
			p = put_event(pen, p, line);
		else
			p = quote(begin, mrg_put_field(pen, p, pen->view->fields[i], line));
	}
	*p++ = '\n';
	out->len = (size_t)(p - out->data);
}

static void window(struct mrg_view *view, struct mrg_window *one)
{
	mrg_lines_window(view, one, put_line);
}

static void head(struct mrg_view *view, struct rt_buf *out)
{
	unsigned int i;

	for (i = 0; i < view->nr_fields; i++) {
		if (i > 0)
			rt_buf_puts(out, ",");
		rt_buf_puts(out, heads[view->fields[i]]);
		if (view->fields[i] == MRG_FIELD_EVENT)
			rt_buf_puts(out, ",args");
	}
	rt_buf_puts(out, "\n");
}

const struct mrg_format mrg_format_csv = {
	.name = "csv",
	.derived = true,
	.fields = { MRG_FIELD_TIME, MRG_FIELD_HOST, MRG_FIELD_CPU, MRG_FIELD_PID, MRG_FIELD_COMM,
		    MRG_FIELD_EVENT },
	.nr_fields = 6,
	.start = mrg_lines_start,
	.stop = mrg_lines_stop,
	.head = head,
	.window = window,
};
