/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-build.c - rows and constant texts become a program
 *
 * Used by the compiler and by the plugins' rows.  Constant text is gathered
 * until a row comes that it stands before.
 */
#include "xtrace/print-local.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 16384

struct xt_arena_block {
	struct xt_arena_block *next;
	char data[];
};

void *xt_arena_get(struct xt_arena *arena, size_t size)
{
	struct xt_arena_block *block;
	size_t room;

	size = (size + 15) & ~(size_t)15;
	if (arena->room - arena->used < size) {
		room = size > BLOCK ? size : BLOCK;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->room = room;
		arena->used = 0;
	}
	arena->used += size;
	return arena->blocks->data + arena->used - size;
}

const char *xt_arena_text(struct xt_arena *arena, const char *text, size_t len)
{
	char *copy = xt_arena_get(arena, len + 16);	/* read in steps of 16 */

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void xt_arena_finish(struct xt_arena *arena)
{
	struct xt_arena_block *block, *next;

	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
}

static bool grow(void **mem, size_t *room, size_t need, size_t elem)
{
	size_t more = *room ? *room : 16;
	void *grown;

	if (need <= *room)
		return true;
	while (more < need)
		more *= 2;
	grown = realloc(*mem, more * elem);
	if (!grown)
		return false;
	*mem = grown;
	*room = more;
	return true;
}

void xt_build_lit(struct xt_build *b, const char *text, size_t len)
{
	if (!grow((void **)&b->lit, &b->lit_room, b->lit_len + len, 1)) {
		b->failed = true;
		return;
	}
	memcpy(b->lit + b->lit_len, text, len);
	b->lit_len += len;
}

void xt_build_puts(struct xt_build *b, const char *text)
{
	xt_build_lit(b, text, strlen(text));
}

void xt_build_printf(struct xt_build *b, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		b->failed = true;
		return;
	}
	xt_build_lit(b, text, (size_t)len);
	free(text);
}

/* Text that does not fit the next row's 16 bits of length gets rows of its own. */
#define LIT_MAX 60000

static struct xt_row *add_row(struct xt_build *b, enum xt_row_op op, size_t lit_len)
{
	struct xt_row *row;

	if (!grow((void **)&b->rows, &b->room, b->nr + 1, sizeof(*row))) {
		b->failed = true;
		return NULL;
	}
	row = &b->rows[b->nr];
	*row = (struct xt_row){ .op = op, .lit_len = (uint16_t)lit_len };
	row->lit = xt_arena_text(&b->printer->arena, b->lit_len ? b->lit : "", lit_len);
	if (!row->lit) {
		b->failed = true;
		return NULL;
	}
	if (lit_len)
		memmove(b->lit, b->lit + lit_len, b->lit_len - lit_len);
	b->lit_len -= lit_len;
	b->fixed += (uint32_t)lit_len + 16 + RT_PUT_ROOM;
	b->nr++;
	return row;
}

static char *no_value(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	(void)pen;
	(void)row;
	(void)data;
	(void)end;
	return p;
}

struct xt_row *xt_build_row(struct xt_build *b, enum xt_row_op op)
{
	struct xt_row *row;

	while (b->lit_len > LIT_MAX) {
		row = add_row(b, XT_ROW_CALL, LIT_MAX);
		if (!row)
			return NULL;
		row->call = no_value;
	}
	return add_row(b, op, b->lit_len);
}

struct xt_row *xt_build_call(struct xt_build *b, xt_call_fn *call, const void *arg)
{
	struct xt_row *row = xt_build_row(b, XT_ROW_CALL);

	if (!row)
		return NULL;
	row->call = call;
	row->arg = arg;
	return row;
}

void xt_build_need(struct xt_build *b, uint32_t offset, uint32_t size)
{
	if (offset + size > b->min_size)
		b->min_size = offset + size;
}

struct xt_dyn xt_build_dyn(struct xt_build *b, const struct tep_format_field *field)
{
	struct xt_dyn dyn = { .offset = (uint32_t)field->offset, .size = (uint32_t)field->size,
			      .relative = field->flags & TEP_FIELD_IS_RELATIVE };

	xt_build_need(b, dyn.offset, dyn.size);
	return dyn;
}

static bool is_whole_hex(const struct xt_row *row)
{
	return row->op == XT_ROW_HEX && !row->has_expr && row->shift == 0 &&
	       row->mask == UINT64_MAX;
}

/* The hexadecimal numbers from @row on that one row can stand for. */
static size_t count_hexes(const struct xt_row *row, const struct xt_row *end)
{
	const struct xt_row *first = row;

	while (row < end && is_whole_hex(row) && (row == first || row->lit_len <= XT_HEX_LIT))
		row++;
	return (size_t)(row - first);
}

static const struct xt_hex *hexes_of(struct xt_build *b, const struct xt_row *row, size_t nr)
{
	struct xt_hex *hex = xt_arena_get(&b->printer->arena, nr * sizeof(*hex));
	size_t i;

	for (i = 0; hex && i < nr; i++) {
		hex[i].load = row[i].load;
		hex[i].lit_len = row[i].lit_len;
		if (i > 0)
			memcpy(hex[i].lit, row[i].lit, row[i].lit_len);
	}
	return hex;
}

/* One row in place of several, where numbers follow each other. */
static void join_hexes(struct xt_build *b)
{
	struct xt_row *from = b->rows, *to = b->rows, *end = b->rows + b->nr;
	size_t nr;

	for (; from < end; from += nr) {
		nr = count_hexes(from, end);
		if (nr < 2) {
			nr = 1;
			*to++ = *from;
			continue;
		}
		*to = *from;
		to->op = XT_ROW_HEXES;
		to->len = (uint32_t)nr;
		to->hexes = xt_hexes();
		to->arg = hexes_of(b, from, nr);
		b->failed |= !to->arg;
		to++;
	}
	b->nr = (size_t)(to - b->rows);
}

struct xt_prog *xt_build_end(struct xt_build *b)
{
	struct xt_prog *prog = NULL;
	struct xt_row *rows;

	if (xt_build_row(b, XT_ROW_END) && !b->failed)
		prog = xt_arena_get(&b->printer->arena, sizeof(*prog));
	if (prog) {
		join_hexes(b);
		rows = xt_arena_get(&b->printer->arena, b->nr * sizeof(*rows));
		if (rows)
			memcpy(rows, b->rows, b->nr * sizeof(*rows));
		else
			b->failed = true;
		*prog = (struct xt_prog){ .rows = rows, .fixed = b->fixed,
					  .min_size = b->foreign ? UINT32_MAX : b->min_size,
					  .ordered = b->ordered, .foreign = b->foreign,
					  .event = b->event };
	}
	free(b->rows);
	free(b->lit);
	return b->failed ? NULL : prog;
}
