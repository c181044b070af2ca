/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.c - a window as lines of fields, for the formats that have them
 *
 * What a line shows of its lane (host, buffer, CPU) is prepared for each lane;
 * the rest is put together from the event's row.
 */
#include "merge/view-line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/put.h"

#define COMM_MAX 32

/* ---- lanes ---- */

static char *escaped(const char *text)
{
	size_t len = strlen(text);
	char *ret = malloc(4 * len + 1);

	if (ret)
		*mrg_put_escaped(ret, (const uint8_t *)text, len) = '\0';
	return ret;
}

void mrg_lines_stop(struct mrg_view *view)
{
	struct mrg_lanes_text *text = view->own;
	unsigned int i;

	for (i = 0; text && i < text->nr_lanes; i++) {
		free(text->lanes[i].host);
		free(text->lanes[i].buffer);
		free(text->lanes[i].cpu);
	}
	if (text)
		free(text->lanes);
	free(text);
	view->own = NULL;
}

int mrg_lines_start(struct mrg_view *view, struct rt_err *err)
{
	unsigned int i, nr = mrg_stream_nr_lanes(view->stream);
	struct mrg_lanes_text *text = calloc(1, sizeof(*text));
	const struct mrg_stream_lane *lane;
	struct mrg_lane_text *to;

	view->own = text;
	if (text)
		text->lanes = calloc(nr + 1, sizeof(*text->lanes));
	if (!text || !text->lanes)
		return rt_err_set(err, -ENOMEM, "cannot show %u lanes", nr);
	text->nr_lanes = nr;
	for (i = 0; i < nr; i++) {
		lane = mrg_stream_lane(view->stream, i);
		to = &text->lanes[i];
		to->host = escaped(lane->member->label);
		to->buffer = escaped(lane->info->buffer[0] ? lane->info->buffer : "-");
		if (asprintf(&to->cpu, "%u", lane->info->cpu) < 0)
			to->cpu = NULL;
		if (!to->host || !to->buffer || !to->cpu)
			return rt_err_set(err, -ENOMEM, "cannot show %u lanes", nr);
		to->len = strlen(to->host) + strlen(to->buffer) + strlen(to->cpu);
		if (to->len > text->max_len)
			text->max_len = to->len;
	}
	return 0;
}

/* ---- an event ---- */

static const char *colour_of(enum kev_role role)
{
	switch (role) {
	case KEV_GUEST_BEGIN: case KEV_GUEST_END:
		return "\033[36m";
	case KEV_HYPERCALL: case KEV_HYPERCALL_DONE: case KEV_GS_GUEST: case KEV_GS_HOST:
	case KEV_MARK:
		return "\033[1;35m";
	case KEV_IRQ_BEGIN: case KEV_IRQ_END: case KEV_FAULT:
		return "\033[31m";
	case KEV_SWITCH: case KEV_WAKEUP: case KEV_WAKING: case KEV_MIGRATE:
		return "\033[32m";
	case KEV_SYSCALL_ENTER: case KEV_SYSCALL_EXIT:
		return "\033[34m";
	default:
		return "";
	}
}

#define COLOUR_OFF "\033[0m"

static char *put_head(const struct mrg_pen *pen, char *p, const struct mrg_row *row)
{
	const char *colour;

	if (!pen->view->opts->colour)
		return rt_put_chunks(p, row->head, row->head_len);
	colour = colour_of(row->role);
	p = mrg_put_mem(mrg_put_str(p, colour), row->name, row->name_len);
	if (*colour)
		p = mrg_put_str(p, COLOUR_OFF);
	return mrg_put_mem(p, row->head + row->name_len, row->head_len - row->name_len);
}

/* What stands behind a row's head: its bracket is open, where it has one. */
static inline char *put_number(char *p, const struct mrg_item *item, const struct mrg_arg *arg)
{
	uint64_t v;

	memcpy(&v, item->data + arg->load, sizeof(v));
	if (arg->is_signed)
		return mrg_put_i64(p, (int64_t)v >> arg->shift);
	return mrg_put_u64(p, v >> arg->shift);
}

static char *put_args(struct mrg_pen *pen, char *p, const struct mrg_item *item,
		      const struct mrg_row *row)
{
	const struct mrg_arg *arg = row->args, *end = arg + row->nr_args;

	if (item->size < row->min_size) {
		p = mrg_put_str(p, !row->bracket ? " [" : p[-1] == '[' ? "" : " ");
		p = mrg_put_u64(mrg_put_str(p, "cut short: "), item->size);
		return mrg_put_str(p, " bytes]");
	}
	for (; arg < end; arg++) {
		p = rt_put_chunks(p, arg->lead, arg->lead_len);
		p = arg->number ? put_number(p, item, arg) :
		    mrg_put_value(pen->view, p, item, arg);
	}
	if (row->bracket)
		*p++ = ']';
	return p;
}

/* Bytes of an event that the trace does not describe. */
static char *put_unknown(char *p, const struct mrg_item *item)
{
	p = mrg_put_u64(mrg_put_str(p, "EVENT [id "), mrg_item_id(item));
	return mrg_put_str(mrg_put_u64(mrg_put_str(p, " size "), item->size), "]");
}

static const struct why {
	unsigned int flag;
	const char *word, *text;
} whys[] = {
	{ MRG_ITEM_LOST_DISK, "disk", ": the disk was too slow or full" },
	{ MRG_ITEM_LOST_FLUSH, "flush", ": a flush was being saved" },
	{ MRG_ITEM_LOST_PAUSE, "pause", ": paused" },
	{ MRG_ITEM_LOST, NULL, "" },
};

static const struct why *find_why(const struct mrg_item *item)
{
	const struct why *why = whys;

	while (!(why->flag & item->flags))
		why++;
	return why;
}

const char *mrg_lost_word(const struct mrg_item *item)
{
	return find_why(item)->word;
}

static char *put_lost(char *p, const struct mrg_item *item)
{
	uint64_t nr;

	p = mrg_put_str(p, "LOST [");
	if (item->data) {
		memcpy(&nr, item->data, sizeof(nr));
		p = mrg_put_u64(p, nr);
	} else {
		p = mrg_put_str(p, "unknown number of");
	}
	p = mrg_put_str(p, " events");
	return mrg_put_str(mrg_put_str(p, find_why(item)->text), "]");
}

/* ---- a line ---- */

static char *put_event(struct mrg_pen *pen, char *p, const struct mrg_line *line)
{
	if (line->name) {
		p = mrg_put_mem(p, line->name, line->name_len);
		p = mrg_put_mem(mrg_put_mem(p, " [", 2), line->args, line->args_len);
		*p++ = ']';
		return p;
	}
	if (line->item->flags & MRG_ITEM_LOST)
		return put_lost(p, line->item);
	if (!pen->row->event)
		return put_unknown(p, line->item);
	return put_args(pen, put_head(pen, p, pen->row), line->item, pen->row);
}

static char *put_raw(struct mrg_pen *pen, char *p, const struct mrg_line *line)
{
	const struct xt_event *event = pen->row ? pen->row->event : NULL;

	if (line->name || !event || !pen->row->raw)
		return mrg_put_mem(p, "-", 1);
	p = mrg_put_escaped(p, (const uint8_t *)event->system, strnlen(event->system, 64));
	*p++ = ':';
	p = mrg_put_escaped(p, (const uint8_t *)event->name, strnlen(event->name, 64));
	if (pen->row->raw->bracket)
		p = mrg_put_str(p, " [");
	return put_args(pen, p, line->item, pen->row->raw);
}

static char *put_comm(const struct mrg_pen *pen, char *p, const struct mrg_line *line)
{
	const struct mrg_view *view = pen->view;
	uint16_t member = mrg_stream_lane(view->stream, line->item->lane)->member_index;
	const struct mrg_name *name;

	name = mrg_names_get(view->names, member, mrg_item_pid(line->item), line->seq);
	return mrg_put_escaped(p, (const uint8_t *)name->comm,
			       name->comm_len < COMM_MAX ? name->comm_len : COMM_MAX);
}

static char *put_delta(const struct mrg_pen *pen, char *p, uint64_t time)
{
	uint64_t delta = pen->prev == UINT64_MAX ? 0 : time - pen->prev;

	*p++ = (int64_t)delta < 0 ? '-' : '+';
	if ((int64_t)delta < 0)
		delta = -delta;
	p = mrg_put_u64(p, delta / 1000000000);
	*p++ = '.';
	return mrg_put_nine(p, (uint32_t)(delta % 1000000000));
}

char *mrg_put_field(struct mrg_pen *pen, char *p, enum mrg_field field,
		    const struct mrg_line *line)
{
	const struct mrg_lanes_text *text = pen->view->own;
	const struct mrg_item *item = line->item;

	switch (field) {
	case MRG_FIELD_TIME:
		return mrg_put_time(pen->view, &pen->clock, p, item->time);
	case MRG_FIELD_HOST:
		return mrg_put_str(p, text->lanes[item->lane].host);
	case MRG_FIELD_BUFFER:
		return mrg_put_str(p, text->lanes[item->lane].buffer);
	case MRG_FIELD_CPU:
		return mrg_put_str(p, text->lanes[item->lane].cpu);
	case MRG_FIELD_PID:
		return mrg_put_i64(p, item->flags & MRG_ITEM_LOST ? 0 : mrg_item_pid(item));
	case MRG_FIELD_COMM:
		if (item->flags & MRG_ITEM_LOST)
			return mrg_put_mem(p, "-", 1);
		return put_comm(pen, p, line);
	case MRG_FIELD_DELTA:
		return put_delta(pen, p, item->time);
	case MRG_FIELD_EVENT:
		return put_event(pen, p, line);
	case MRG_FIELD_RAW:
		return put_raw(pen, p, line);
	case MRG_NR_FIELDS:
		break;
	}
	return p;
}

size_t mrg_line_name_len(const struct mrg_pen *pen, const struct mrg_line *line)
{
	if (line->name)
		return line->name_len;
	if (line->item->flags & MRG_ITEM_LOST)
		return strlen("LOST");
	return pen->row->name_len;
}

char *mrg_line_reserve(struct mrg_pen *pen, const struct mrg_line *line, unsigned int times)
{
	const struct mrg_lanes_text *text = pen->view->own;
	size_t room = MRG_LINE_ROOM + text->max_len + line->name_len + line->args_len;

	if (pen->row)
		room += mrg_row_room(pen->row, line->item);
	if (pen->row && pen->row->raw)
		room += mrg_row_room(pen->row->raw, line->item) + MRG_LINE_ROOM;
	return rt_buf_reserve(&pen->window->out, room * times);
}

/* ---- a window ---- */

static void put(struct mrg_pen *pen, const struct mrg_line *line)
{
	pen->put(pen, line);
	pen->prev = line->item->time;
}

static void put_syscall_line(struct mrg_pen *pen, struct mrg_line *line)
{
	char number[MRG_PUT_NUMBER];
	uint64_t value;
	const char *name = mrg_syscall_line(pen->row, line->item, &value);

	if (!name)
		return;
	line->name = name;
	line->name_len = strlen(name);
	line->args = number;
	line->args_len = (size_t)(mrg_put_u64(number, value) - number);
	put(pen, line);
}

/* Return: where the next record's notes begin. */
static size_t put_notes(struct mrg_pen *pen, struct mrg_line *line, size_t offset, bool before)
{
	uint32_t i = (uint32_t)(line->item - pen->window->items);
	const struct mrg_note *note;

	while ((note = mrg_note_next(pen->window, i, &offset)) != NULL) {
		if (note->before != before)
			continue;
		line->name = note->text;
		line->name_len = note->name_len;
		line->args = note->text + note->name_len;
		line->args_len = note->args_len;
		put(pen, line);
	}
	line->name = line->args = NULL;
	line->name_len = line->args_len = 0;
	return offset;
}

static void put_item(struct mrg_pen *pen, struct mrg_line *line)
{
	const struct mrg_item *item = line->item;
	uint16_t member;

	if (item->flags & MRG_ITEM_LOST) {
		pen->row = NULL;
		put(pen, line);
		return;
	}
	member = mrg_stream_lane(pen->view->stream, item->lane)->member_index;
	pen->row = mrg_view_row(pen->view, member, mrg_item_id(item));
	if (item->flags & MRG_ITEM_NOTED)
		put_notes(pen, line, pen->notes, true);
	if (!(item->flags & MRG_ITEM_REPLACED))
		put(pen, line);
	if (pen->row->word && !(item->flags & MRG_ITEM_NO_WORD))
		put_syscall_line(pen, line);
	if (item->flags & MRG_ITEM_NOTED)
		pen->notes = put_notes(pen, line, pen->notes, false);
}

void mrg_pen_item(struct mrg_pen *pen, uint32_t i)
{
	struct mrg_window *window = pen->window;
	struct mrg_line line = { .item = &window->items[i], .seq = window->first + i };

	if (line.item->flags & MRG_ITEM_HIDDEN)
		return;
	if (line.item->flags & MRG_ITEM_GROUP && pen->view->format->group)
		rt_buf_puts(&window->out, pen->view->format->group);
	put_item(pen, &line);
}

void mrg_lines_window(struct mrg_view *view, struct mrg_window *window,
		      void (*one)(struct mrg_pen *pen, const struct mrg_line *line))
{
	struct mrg_pen pen = { .view = view, .window = window, .prev = window->prev, .put = one };
	uint32_t i;

	for (i = 0; i < window->nr; i++) {
		mrg_window_look_ahead(window, i);
		mrg_pen_item(&pen, i);
	}
}
