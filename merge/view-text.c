/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - the view for people: time, host, CPU, EVENT [arguments] */
#include "merge/view-line.h"

static void put_line(struct mrg_pen *pen, const struct mrg_line *line)
{
	struct rt_buf *out = &pen->window->out;
	char *p = mrg_line_reserve(pen, line, 1);
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < pen->view->nr_fields; i++) {
		if (i > 0)
			*p++ = ' ';
		p = mrg_put_field(pen, p, pen->view->fields[i], line);
	}
	*p++ = '\n';
	out->len = (size_t)(p - out->data);
}

static void window(struct mrg_view *view, struct mrg_window *one)
{
	mrg_lines_window(view, one, put_line);
}

const struct mrg_format mrg_format_text = {
	.name = "text",
	.group = "--\n",
	.derived = true,
	.fields = { MRG_FIELD_TIME, MRG_FIELD_CPU, MRG_FIELD_EVENT },
	.nr_fields = 3,
	.start = mrg_lines_start,
	.stop = mrg_lines_stop,
	.window = window,
};
