/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - the view for people: time, host, CPU, EVENT [arguments] */
#include "merge/view-line.h"
#include "merge/view-quick.h"

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
	const struct mrg_lanes_text *text = view->own;

	if (text->quick)
		mrg_quick_window(text->quick, one, put_line);
	else
		mrg_lines_window(view, one, put_line);
}

static int start(struct mrg_view *view, struct rt_err *err)
{
	int rc = mrg_lines_start(view, err);

	return rc < 0 ? rc : mrg_quick_create(view, err);
}

static void stop(struct mrg_view *view)
{
	mrg_quick_destroy(view);
	mrg_lines_stop(view);
}

const struct mrg_format mrg_format_text = {
	.name = "text",
	.group = "--\n",
	.derived = true,
	.fields = { MRG_FIELD_TIME, MRG_FIELD_CPU, MRG_FIELD_EVENT },
	.nr_fields = 3,
	.start = start,
	.stop = stop,
	.window = window,
};
