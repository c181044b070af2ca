/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-array.c - __print_hex, __print_hex_str, __print_array, bit and CPU masks
 */
#include "xtrace/print-local.h"

#include <stdio.h>

struct array {
	enum tep_print_arg_type type;
	bool dynamic;
	struct xt_dyn dyn;
	uint32_t offset;
	const struct xt_expr *count, *elem_size;
};

/* What lies at @offset, no more than the record has. */
static uint32_t available(const struct xt_data *data, uint32_t offset)
{
	return offset < data->size ? data->size - offset : 0;
}

static char *put_hex_bytes(struct xt_pen *pen, const uint8_t *bytes, uint32_t n, bool blanks,
			   char *p, char *end)
{
	uint32_t i;

	if (!xt_has_room(pen, p, end, 3 * (size_t)n))
		return NULL;
	for (i = 0; i < n; i++) {
		if (i && blanks)
			*p++ = ' ';
		p = rt_put_byte(p, bytes[i]);
	}
	return p;
}

/* Elements of a size that no integer has are named one byte after the other. */
static char *put_elements(struct xt_pen *pen, const uint8_t *bytes, uint32_t n, int size,
			  char *p, char *end)
{
	bool bad = size != 1 && size != 2 && size != 4 && size != 8;
	uint32_t i, step = bad ? 1 : (uint32_t)size;

	for (i = 0; i < n; i++, bytes += step) {
		if (!xt_has_room(pen, p, end, 64))
			return NULL;
		if (i)
			*p++ = ' ';
		if (bad && i == 0)
			p += sprintf(p, "BAD SIZE:%d 0x%x", size, *bytes);
		else
			p = rt_put_dec(p, xt_load(bytes, step));
	}
	return p;
}

static char *run_array(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       char *p, char *end)
{
	const struct array *array = row->arg;
	uint32_t offset = array->offset, len, n, room;
	int size = 1;

	if (array->dynamic)
		xt_dyn_locate(&array->dyn, data, &offset, &len);
	n = (uint32_t)xt_eval(pen->printer, array->count, data);
	room = available(data, offset);
	if (array->elem_size)
		size = (int)xt_eval(pen->printer, array->elem_size, data);
	if (size == 2 || size == 4 || size == 8)
		room /= (uint32_t)size;
	if (n > room)
		n = room;
	if (array->type == TEP_PRINT_INT_ARRAY)
		return put_elements(pen, data->p + offset, n, size, p, end);
	return put_hex_bytes(pen, data->p + offset, n, array->type == TEP_PRINT_HEX, p, end);
}

void xt_build_array(struct xt_build *b, struct tep_print_arg *arg)
{
	bool ints = arg->type == TEP_PRINT_INT_ARRAY;
	const struct tep_print_arg *of = ints ? arg->int_array.field : arg->hex.field;
	struct array *array = xt_arena_get(&b->printer->arena, sizeof(*array));
	const struct tep_format_field *field;

	if (!array) {
		b->failed = true;
		return;
	}
	array->type = arg->type;
	if (of->type == TEP_PRINT_DYNAMIC_ARRAY) {
		array->dynamic = true;
		array->dyn = xt_build_dyn(b, of->dynarray.field);
	} else if (of->type == TEP_PRINT_FIELD) {
		field = of->field.field ?: tep_find_any_field(b->event, of->field.name);
		if (!field)
			return;
		array->offset = (uint32_t)field->offset;
	} else {
		return;		/* libtraceevent takes something else for a field */
	}
	array->count = xt_build_expr(b, ints ? arg->int_array.count : arg->hex.size);
	if (ints)
		array->elem_size = xt_build_expr(b, arg->int_array.el_size);
	xt_build_call(b, run_array, array);
}

/* ---- masks ---- */

struct mask {
	struct xt_dyn dyn;
	bool cpus;
};

/* Hexadecimal from the highest byte on, a comma after each 32 bits. */
static size_t bits_text(char *text, const uint8_t *bits, uint32_t n)
{
	char *p = text;

	while (n-- > 0) {
		p = rt_put_byte(p, bits[n]);
		if (n && n % 4 == 0)
			*p++ = ',';
	}
	return (size_t)(p - text);
}

static bool test_bit(const uint8_t *bits, uint32_t nr)
{
	return bits[nr / 8] >> nr % 8 & 1;
}

/* A list such as 0-3,8: a list of CPUs. */
static size_t cpus_text(char *text, const uint8_t *bits, uint32_t n)
{
	uint32_t i, first, nr = 8 * n;
	char *p = text;

	for (i = 0; i < nr; i++) {
		if (!test_bit(bits, i))
			continue;
		if (p != text)
			*p++ = ',';
		for (first = i; i + 1 < nr && test_bit(bits, i + 1);)
			i++;
		p = rt_put_dec(p, first);
		if (i > first) {
			*p++ = '-';
			p = rt_put_dec(p, i);
		}
	}
	return (size_t)(p - text);
}

#define MASK_BYTES 1024		/* 8192 CPUs */

static char *run_mask(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	const struct mask *mask = row->arg;
	char text[8 * MASK_BYTES * 4];
	uint32_t offset, len;
	size_t n;

	xt_dyn_locate(&mask->dyn, data, &offset, &len);
	if (len > available(data, offset))
		len = available(data, offset);
	if (len > MASK_BYTES)
		len = MASK_BYTES;
	n = mask->cpus ? cpus_text(text, data->p + offset, len) :
			 bits_text(text, data->p + offset, len);
	return xt_put_str(pen, row->conv, data, p, end, text, n);
}

void xt_build_mask(struct xt_build *b, struct tep_print_arg *arg, const struct xt_conv *conv)
{
	const struct tep_format_field *field = arg->bitmask.field;
	struct mask *mask;
	struct xt_row *row;

	if (!field)
		field = tep_find_any_field(b->event, arg->bitmask.bitmask);
	if (!field)
		return;
	mask = xt_arena_get(&b->printer->arena, sizeof(*mask));
	row = xt_build_call(b, run_mask, mask);
	if (!mask || !row) {
		b->failed = true;
		return;
	}
	mask->dyn = xt_build_dyn(b, field);
	mask->cpus = arg->type == TEP_PRINT_CPUMASK;
	row->conv = conv;
}
