/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.c - an object a line, for programs: time, time_ns, host, cpu, pid, comm,
 * event, args; keys are left out where there is nothing to say, never renamed
 */
#include "merge/view-line.h"

#include <string.h>

#include "lib/json.h"
#include "merge/put.h"

struct object {
	struct mrg_pen *pen;
	const struct mrg_line *line;
	struct rt_json json;
};

/* A field as the text view shows it: nothing in it needs an escape but \ and ". */
static void put_shown(struct object *object, enum mrg_field field)
{
	char text[MRG_LINE_ROOM], *end;

	end = mrg_put_field(object->pen, text, field, object->line);
	rt_json_strn(&object->json, text, (size_t)(end - text));
}

/* What lanes show has any length. */
static void put_lane(struct object *object, enum mrg_field field)
{
	const struct mrg_lanes_text *text = object->pen->view->own;
	const struct mrg_lane_text *lane = &text->lanes[object->line->item->lane];

	rt_json_str(&object->json, field == MRG_FIELD_HOST ? lane->host : lane->buffer);
}

static void put_number(struct object *object, enum mrg_field field)
{
	char text[MRG_LINE_ROOM], *end;

	end = mrg_put_field(object->pen, text, field, object->line);
	rt_json_raw(&object->json, text, (size_t)(end - text));
}

static void put_arg(struct object *object, const struct mrg_arg *arg)
{
	const struct mrg_item *item = object->line->item;
	struct rt_buf long_text = { 0 };
	char text[MRG_VALUE_MAX], *at = text, *end;
	const uint8_t *bytes;
	uint32_t len;

	rt_json_key(&object->json, arg->label);
	if (mrg_arg_bytes(item, arg, &bytes, &len)) {
		rt_json_strn(&object->json, (const char *)bytes, len);
		return;
	}
	if (mrg_arg_is_long(arg))
		at = rt_buf_reserve(&long_text, 4 * (size_t)item->size + MRG_VALUE_MAX);
	if (!at)
		return;
	end = mrg_put_value(object->pen->view, at, item, arg);
	if (mrg_arg_is_number(arg))
		rt_json_raw(&object->json, at, (size_t)(end - at));
	else
		rt_json_strn(&object->json, at, (size_t)(end - at));
	rt_buf_finish(&long_text);
}

static void put_args(struct object *object, const struct mrg_row *row)
{
	unsigned int i;

	rt_json_open(&object->json, '{');
	for (i = 0; i < row->nr_args; i++)
		put_arg(object, &row->args[i]);
	rt_json_close(&object->json, '}');
}

static void put_lost(struct object *object)
{
	const char *why = mrg_lost_word(object->line->item);
	uint64_t nr;

	rt_json_str(&object->json, "LOST");
	if (why) {
		rt_json_key(&object->json, "why");
		rt_json_str(&object->json, why);
	}
	if (!object->line->item->data)
		return;
	memcpy(&nr, object->line->item->data, sizeof(nr));
	rt_json_key(&object->json, "lost");
	rt_json_u64(&object->json, nr);
}

static void put_derived(struct object *object)
{
	const struct mrg_line *line = object->line;

	rt_json_strn(&object->json, line->name, line->name_len);
	rt_json_key(&object->json, "derived");
	rt_json_bool(&object->json, true);
	rt_json_key(&object->json, "text");
	rt_json_strn(&object->json, line->args, line->args_len);
}

static void put_own(struct object *object)
{
	const struct mrg_row *row = object->pen->row;
	const struct mrg_item *item = object->line->item;

	rt_json_strn(&object->json, row->name, row->name_len);
	if (!row->event) {
		rt_json_key(&object->json, "id");
		rt_json_u64(&object->json, mrg_item_id(item));
		return;
	}
	rt_json_key(&object->json, "tracepoint");
	rt_json_raw(&object->json, row->json_name, strlen(row->json_name));
	if (item->size < row->min_size) {
		rt_json_key(&object->json, "cut_short");
		rt_json_u64(&object->json, item->size);
		return;
	}
	if (row->event->kev && row->event->kev->fixed) {
		rt_json_key(&object->json, "kind");
		rt_json_str(&object->json, row->event->kev->fixed);
	}
	rt_json_key(&object->json, "args");
	put_args(object, row);
}

static void put_event(struct object *object)
{
	if (object->line->name)
		put_derived(object);
	else if (object->line->item->flags & MRG_ITEM_LOST)
		put_lost(object);
	else
		put_own(object);
}

static void put_raw(struct object *object)
{
	const struct mrg_row *row = object->pen->row;

	if (row && row->raw && !object->line->name && object->line->item->size >= row->min_size)
		put_args(object, row->raw);
	else
		rt_json_null(&object->json);
}

static void put_field(struct object *object, enum mrg_field field)
{
	switch (field) {
	case MRG_FIELD_TIME:
		put_shown(object, field);
		rt_json_key(&object->json, "time_ns");
		rt_json_u64(&object->json, object->line->item->time);
		break;
	case MRG_FIELD_HOST:
	case MRG_FIELD_BUFFER:
		put_lane(object, field);
		break;
	case MRG_FIELD_CPU:
	case MRG_FIELD_PID:
		put_number(object, field);
		break;
	case MRG_FIELD_EVENT:
		put_event(object);
		break;
	case MRG_FIELD_RAW:
		put_raw(object);
		break;
	default:
		put_shown(object, field);
	}
}

static const char *const keys[] = {
#define X(id_, name_, help_) name_,
	MRG_FIELDS(X)
#undef X
};

static void put_line(struct mrg_pen *pen, const struct mrg_line *line)
{
	struct rt_buf *out = &pen->window->out;
	struct object object = { .pen = pen, .line = line, .json = { .buf = out } };
	unsigned int i;

	rt_json_open(&object.json, '{');
	for (i = 0; i < pen->view->nr_fields; i++) {
		rt_json_key(&object.json, keys[pen->view->fields[i]]);
		put_field(&object, pen->view->fields[i]);
	}
	rt_json_close(&object.json, '}');
	rt_buf_add(out, "\n", 1);
}

static void window(struct mrg_view *view, struct mrg_window *one)
{
	mrg_lines_window(view, one, put_line);
}

const struct mrg_format mrg_format_json = {
	.name = "json",
	.derived = true,
	.fields = { MRG_FIELD_TIME, MRG_FIELD_HOST, MRG_FIELD_CPU, MRG_FIELD_PID, MRG_FIELD_COMM,
		    MRG_FIELD_EVENT },
	.nr_fields = 6,
	.start = mrg_lines_start,
	.stop = mrg_lines_stop,
	.window = window,
};
