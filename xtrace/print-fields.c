/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-fields.c - an event as its fields: -R, and what cannot be parsed
 *
 * Where the print fmt has a conversion for a field it is used for it here, found
 * by a search that goes on where the last one ended.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdio.h>

struct raw_array {
	const struct tep_format_field *field;
	atomic_bool no_string;	/* was found unprintable once */
};

static bool is_printable(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && p[i]; i++)
		if ((p[i] < ' ' || p[i] > '~') && !(p[i] >= '\t' && p[i] <= '\r'))
			return false;
	return true;
}

static char *put_array(struct xt_pen *pen, const uint8_t *bytes, size_t len, char *p, char *end)
{
	size_t i;

	if (!xt_has_room(pen, p, end, 4 * len + 8))
		return NULL;
	memcpy(p, "ARRAY[", 6);
	p += 6;
	for (i = 0; i < len; i++) {
		if (i) {
			memcpy(p, ", ", 2);
			p += 2;
		}
		p = rt_put_byte(p, bytes[i]);
	}
	*p = ']';
	return p + 1;
}

static char *run_raw_array(struct xt_pen *pen, const struct xt_row *row,
			   const struct xt_data *data, char *p, char *end)
{
	struct raw_array *raw = (struct raw_array *)row->arg;
	uint32_t offset = row->dyn.offset, len = row->dyn.size;

	if (raw->field->flags & TEP_FIELD_IS_DYNAMIC)
		xt_dyn_locate(&row->dyn, data, &offset, &len);
	if (offset > data->size || len > data->size - offset)
		len = offset > data->size ? 0 : data->size - offset;
	if (!atomic_load(&raw->no_string) && is_printable(data->p + offset, len))
		return xt_put_text(pen, p, end, (const char *)data->p + offset,
				   xt_strlen_at(data, offset));
	p = put_array(pen, data->p + offset, len, p, end);
	if (p)
		atomic_store(&raw->no_string, true);
	return p;
}

static void raw_array(struct xt_build *b, const struct tep_format_field *field)
{
	struct raw_array *raw = xt_arena_get(&b->printer->arena, sizeof(*raw));
	struct xt_row *row = xt_build_call(b, run_raw_array, raw);

	if (!row || !raw) {
		b->failed = true;
		return;
	}
	raw->field = field;
	atomic_store(&raw->no_string, !(field->flags & TEP_FIELD_IS_STRING));
	row->dyn.offset = (uint32_t)field->offset;
	row->dyn.size = (uint32_t)field->size;
	row->dyn.relative = field->flags & TEP_FIELD_IS_RELATIVE;
	xt_build_need(b, row->dyn.offset, row->dyn.size);
	if (field->flags & TEP_FIELD_IS_STRING)
		b->ordered = true;
}

static const char *number_format(const struct tep_format_field *field)
{
	bool is_long = field->flags & TEP_FIELD_IS_LONG;

	if (field->flags & TEP_FIELD_IS_POINTER)
		return "0x%llx";
	if (!(field->flags & TEP_FIELD_IS_SIGNED))
		return is_long ? "0x%llx" : "%llu";
	switch (field->size) {
	case 4:
		return is_long ? "0x%x" : "%d";
	case 2:
		return "%2hd";
	case 1:
		return "%1hhd";
	default:
		return "%lld";
	}
}

static void raw_field(struct xt_build *b, const struct tep_format_field *field)
{
	if (field->flags & TEP_FIELD_IS_ARRAY)
		raw_array(b, field);
	else
		xt_build_field(b, field, number_format(field));
}

static bool shows(const struct xt_item *item, const struct tep_format_field *field)
{
	const struct tep_print_arg *arg = item->arg;

	while (arg && arg->type == TEP_PRINT_TYPE)
		arg = arg->typecast.item;
	return arg && arg->type == TEP_PRINT_FIELD && arg->field.field == field;
}

static bool ends_in_0x(const struct xt_item *item)
{
	return item->type == XT_ITEM_TEXT && item->len > 1 &&
	       !memcmp(item->format + item->len - 2, "0x", 2);
}

/*
 * @pos: where the search begins; behind the item that was found, and past the
 * last one (which ends all searches) when that was it.
 */
static bool field_by_item(struct xt_build *b, const struct xt_items *items, size_t *pos,
			  const struct tep_format_field *field)
{
	size_t at = *pos, n;
	bool has_0x = false;

	if (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING))
		return false;
	for (n = 0; n < items->nr; n++) {
		const struct xt_item *item = &items->item[at];

		if (item->type != XT_ITEM_TEXT && shows(item, field)) {
			if (has_0x)
				xt_build_puts(b, "0x");
			xt_build_item(b, item);
			*pos = at + 1;
			return true;
		}
		has_0x = ends_in_0x(item);
		at = at + 1 < items->nr ? at + 1 : 0;
	}
	return false;
}

/* @items: NULL where the print fmt is of no use. */
void xt_build_fields(struct xt_build *b, const struct xt_items *items)
{
	const struct tep_format_field *field;
	size_t pos = 0;

	for (field = b->event->format.fields; field; field = field->next) {
		xt_build_printf(b, " %s=", field->name);
		if (items && pos < items->nr && field_by_item(b, items, &pos, field))
			continue;
		raw_field(b, field);
	}
}
