/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-bprint.c - trace_printk(): the format is found by an address in the
 * record, its arguments lie packed behind it
 *
 * Integers are 4 or 8 bytes, aligned to 4; strings are copied into the record.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ARGS 64

struct bprint {
	const struct tep_format_field *ip, *fmt, *buf;
};

struct packed {
	struct tep_print_arg arg[MAX_ARGS];
	char number[MAX_ARGS][24];
	unsigned int nr;
	const struct xt_data *data;
	uint32_t pos;
};

static void add_number(struct packed *args, unsigned int size)
{
	struct tep_print_arg *arg = &args->arg[args->nr];
	uint64_t v = 0;

	args->pos = (args->pos + 3) & ~3u;
	if (args->pos + size <= args->data->size)
		v = xt_load(args->data->p + args->pos, size);
	args->pos += size;
	arg->type = TEP_PRINT_ATOM;
	arg->atom.atom = args->number[args->nr];
	snprintf(args->number[args->nr++], sizeof(args->number[0]), "%lld", (long long)v);
}

static void add_string(struct packed *args)
{
	struct tep_print_arg *arg = &args->arg[args->nr++];
	size_t len = xt_strlen_at(args->data, args->pos);

	arg->type = TEP_PRINT_BSTRING;
	arg->string.string = len ? (char *)args->data->p + args->pos : (char *)"";
	arg->string.offset = (int)len;
	args->pos += (uint32_t)len + 1;
}

static bool is_here(const struct packed *args)
{
	return args->pos < args->data->size && args->nr < MAX_ARGS;
}

/* Whether the letter behind %p makes it a string that is in the record. */
static bool points_at_text(const struct packed *args, const char *letter)
{
	if (strchr("sSx", *letter))
		return false;
	if (strchr("fF", *letter) && letter[1] != 'w')
		return false;
	return args->pos < args->data->size && isprint(args->data->p[args->pos]);
}

static unsigned int size_of(int ls)
{
	return ls == 0 ? 4 : 8;
}

/* One conversion; @p stands on its '%'.  Return: where it ends. */
static const char *read_args(struct packed *args, const char *p)
{
	int ls = 0;

	for (p++; *p; p++) {
		if (*p == 'l') {
			ls++;
		} else if (*p == 'L') {
			ls = 2;
		} else if (*p == 'z' || *p == 'Z') {
			ls = 1;
		} else if (*p == '*') {
			add_number(args, 4);
			if (!is_here(args))
				return p;
		} else if (!isdigit((unsigned char)*p) && *p != '.' && *p != '#') {
			break;
		}
	}
	if (*p == 'p') {
		ls = 1;
		if (isalnum((unsigned char)p[1]) && points_at_text(args, ++p)) {
			add_string(args);
			return p;
		}
		add_number(args, size_of(ls));
	} else if (*p && strchr("duixXo", *p)) {
		add_number(args, size_of(ls));
	} else if (*p == 's') {
		add_string(args);
	}
	return p;
}

static void pack(struct packed *args, const char *format)
{
	const char *p;

	for (p = format; *p && is_here(args); p++) {
		if (*p == '%')
			p = read_args(args, p);
		if (!*p)
			break;
	}
	for (unsigned int i = 0; i + 1 < args->nr; i++)
		args->arg[i].next = &args->arg[i + 1];
}

static uint64_t value_of(const struct tep_print_arg *arg)
{
	return arg->type == TEP_PRINT_ATOM ? strtoull(arg->atom.atom, NULL, 10) : 0;
}

static char *put_item(struct xt_pen *pen, const struct xt_item *item, char *p, char *end)
{
	const struct tep_print_arg *arg = item->arg;
	const struct xt_data none = { 0 };
	struct xt_conv conv;
	const char *letter;
	int star = item->star ? (int)value_of(item->star) : -1;
	struct xt_expr star_expr = { .op = XT_X_CONST, .value = (uint64_t)star };

	if (item->type == XT_ITEM_TEXT)
		return xt_put_text(pen, p, end, item->format, item->len);
	if (arg->type == TEP_PRINT_BSTRING && item->type == XT_ITEM_POINTER)
		return xt_put_text(pen, p, end, arg->string.string, (size_t)arg->string.offset);
	xt_conv_parse(&conv, item->format, item->len, item->ls);
	if (item->star)
		conv.star = &star_expr;
	if (item->type == XT_ITEM_NUMBER)
		return xt_put_number(pen, &conv, star, value_of(arg), p, end);
	if (item->type == XT_ITEM_STRING)
		return arg->type == TEP_PRINT_BSTRING ?
		       xt_put_str(pen, &conv, &none, p, end, arg->string.string,
				  (size_t)arg->string.offset) :
		       xt_put_str(pen, &conv, &none, p, end, arg->atom.atom,
				  strlen(arg->atom.atom));
	letter = strchr(item->format, 'p') + 1;
	if (*letter && strchr("FfSs", *letter))
		return xt_put_sym(pen, p, end, value_of(arg), *letter == 'S' || *letter == 'F');
	if (*letter && strchr("MmIiUh", *letter))
		return xt_put_text(pen, p, end, "ARG TYPE NOT FIELD BUT 1", 24);
	return p + sprintf(p, "%p", (void *)(uintptr_t)value_of(arg));
}

static char *put_items(struct xt_pen *pen, const struct xt_items *items, char *p, char *end)
{
	size_t i;

	for (i = 0; i < items->nr && p; i++)
		if (xt_has_room(pen, p, end, 64))
			p = put_item(pen, &items->item[i], p, end);
		else
			p = NULL;
	return p;
}

static char *run_bprint(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			char *p, char *end)
{
	const struct bprint *bp = row->arg;
	struct xt_items items = { 0 };
	struct packed args = { .data = data, .pos = (uint32_t)bp->buf->offset };
	uint64_t addr = xt_load(data->p + bp->fmt->offset, (unsigned int)bp->fmt->size);
	const char *format = xt_printer_printk(pen->printer, addr);

	p = xt_put_sym(pen, p, end,
		       xt_load(data->p + bp->ip->offset, (unsigned int)bp->ip->size), false);
	if (!p || !xt_has_room(pen, p, end, 64))
		return NULL;
	memcpy(p, ": ", 2);
	p += 2;
	if (!format)
		return p + sprintf(p, "(NO FORMAT FOUND at %llx)\n", (unsigned long long)addr);
	pack(&args, format);
	if (xt_items_parse(&items, format, args.nr ? args.arg : NULL) == 0)
		p = put_items(pen, &items, p, end);
	xt_items_finish(&items);
	return p;
}

void xt_build_bprint(struct xt_build *b)
{
	struct bprint *bp = xt_arena_get(&b->printer->arena, sizeof(*bp));

	if (!bp) {
		b->failed = true;
		return;
	}
	bp->ip = tep_find_field(b->event, "ip");
	bp->fmt = tep_find_field(b->event, "fmt");
	bp->buf = tep_find_field(b->event, "buf");
	if (!bp->ip || !bp->fmt || !bp->buf) {
		b->foreign = true;
		return;
	}
	xt_build_need(b, (uint32_t)bp->ip->offset, (uint32_t)bp->ip->size);
	xt_build_need(b, (uint32_t)bp->fmt->offset, (uint32_t)bp->fmt->size);
	xt_build_call(b, run_bprint, bp);
}
