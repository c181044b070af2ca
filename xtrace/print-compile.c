/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-compile.c - an event's print fmt becomes a program
 *
 * Which argument a conversion may have, and what it shows of each kind, is
 * libtraceevent's choice; arguments it passes over in silence show nothing.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const struct tep_format_field *arg_field(struct xt_build *b,
						const struct tep_print_arg *arg)
{
	if (arg->field.field)
		return arg->field.field;
	return tep_find_any_field(b->event, arg->field.name);
}

static bool is_number_size(int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* ---- numbers ---- */

/* Lets @row read a field of the record: the 64 bits that end with it, shifted and masked. */
static bool row_load(struct xt_build *b, struct xt_row *row, const struct xt_expr *expr)
{
	uint64_t mask = UINT64_MAX;

	if (expr->op == XT_X_MASK) {
		mask = expr->value;
		expr = expr->left;
	}
	if (expr->op != XT_X_LOAD || !is_number_size((int)expr->size) ||
	    expr->offset + expr->size < 8)
		return false;
	row->load = (int32_t)(expr->offset + expr->size) - 8;
	row->shift = (uint8_t)(64 - 8 * expr->size);
	row->mask = mask;
	xt_build_need(b, expr->offset, expr->size);
	return true;
}

static void set_expr(struct xt_build *b, struct xt_row *row, const struct xt_expr *expr)
{
	if (!expr) {
		b->failed = true;
		return;
	}
	if (row_load(b, row, expr))
		return;
	row->has_expr = true;
	row->expr = expr;
	row->mask = UINT64_MAX;
}

static void set_value(struct xt_build *b, struct xt_row *row, struct tep_print_arg *arg)
{
	set_expr(b, row, xt_build_expr(b, arg));
}

static uint64_t bits_mask(unsigned int bits)
{
	return bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static struct xt_conv *make_conv(struct xt_build *b, const char *format, size_t len, int ls,
				 struct tep_print_arg *star)
{
	struct xt_conv *conv = xt_arena_get(&b->printer->arena, sizeof(*conv));
	const char *text = xt_arena_text(&b->printer->arena, format, len + 1);

	if (!conv || !text) {
		b->failed = true;
		return NULL;
	}
	xt_conv_parse(conv, text, len, ls);
	if (star)
		conv->star = xt_build_expr(b, star);
	if (conv->width > (int)RT_PUT_ROOM)
		b->fixed += (uint32_t)conv->width;
	if (conv->precision > (int)RT_PUT_ROOM)
		b->fixed += (uint32_t)conv->precision;
	return conv;
}

/* The op for a plain conversion; others are for XT_ROW_NUMBER. */
static void set_number(struct xt_row *row, const struct xt_conv *conv)
{
	row->conv = conv;
	row->bits = (uint8_t)conv->bits;
	if (!conv->plain || !strchr("dux", conv->letter)) {
		row->op = XT_ROW_NUMBER;
		return;
	}
	if (conv->letter == 'd') {
		row->op = XT_ROW_SIGNED;
		return;
	}
	row->op = conv->letter == 'u' ? XT_ROW_DEC : XT_ROW_HEX;
	row->mask &= bits_mask(conv->bits);
}

static void number_row(struct xt_build *b, const struct xt_item *item)
{
	const struct xt_conv *conv = make_conv(b, item->format, item->len, item->ls, item->star);
	struct xt_row *row = xt_build_row(b, XT_ROW_NUMBER);

	if (!row || !conv)
		return;
	set_value(b, row, item->arg);
	set_number(row, conv);
}

static int modifier_ls(const char *fmt)
{
	int ls = 0;

	for (; *fmt; fmt++)
		ls += *fmt == 'l' || *fmt == 'z' ? 1 : *fmt == 'L' ? 2 : *fmt == 'h' ? -1 : 0;
	return ls;
}

void xt_build_field(struct xt_build *b, const struct tep_format_field *field, const char *fmt)
{
	const struct xt_conv *conv = make_conv(b, fmt, strlen(fmt), modifier_ls(fmt), NULL);
	struct xt_row *row = xt_build_row(b, XT_ROW_NUMBER);
	struct xt_expr *load = xt_arena_get(&b->printer->arena, sizeof(*load));

	if (!row || !conv || !load) {
		b->failed = true;
		return;
	}
	*load = (struct xt_expr){ .op = XT_X_LOAD, .offset = (uint32_t)field->offset,
				  .size = (uint32_t)field->size };
	if (!row_load(b, row, load)) {
		row->has_expr = true;
		row->expr = load;
		row->mask = UINT64_MAX;
		xt_build_need(b, load->offset, load->size);
	}
	set_number(row, conv);
}

/* ---- pointers ---- */

static void pointer_row(struct xt_build *b, const struct xt_item *item)
{
	const char *letter = strchr(item->format, 'p') + 1;
	struct xt_row *row;

	if (item->arg->type == TEP_PRINT_FUNC) {
		b->foreign = true;
		return;
	}
	if (*letter && strchr("MmIiUh", *letter)) {
		xt_build_special_pointer(b, item, letter);
		return;
	}
	row = xt_build_row(b, XT_ROW_POINTER);
	if (!row)
		return;
	if (*letter && strchr("FfSs", *letter))
		row->op = *letter == 'F' || *letter == 'S' ? XT_ROW_SYM_OFFSET : XT_ROW_SYM;
	set_value(b, row, item->arg);
}

/* ---- strings ---- */

static char *constant_string(struct xt_pen *pen, const struct xt_row *row,
			     const struct xt_data *data, char *p, char *end)
{
	return xt_put_str(pen, row->conv, data, p, end, row->arg, strlen(row->arg));
}

/* A pointer to a string of the kernel: known when it is a printk format. */
static char *pointed_string(struct xt_pen *pen, const struct xt_row *row,
			    const struct xt_data *data, char *p, char *end)
{
	uint64_t addr = xt_load(data->p + row->len, 8);
	const char *text = xt_printer_printk(pen->printer, addr);

	if (text)
		return xt_put_text(pen, p, end, text, strlen(text));
	return rt_put_hex(p, addr);
}

static void field_string(struct xt_build *b, const struct tep_format_field *field,
			 const struct xt_conv *conv)
{
	struct xt_row *row;

	if (!field)
		return;
	if (!(field->flags & TEP_FIELD_IS_ARRAY) && field->size == 8) {
		row = xt_build_call(b, pointed_string, NULL);
		if (row)
			row->len = (uint32_t)field->offset;
		xt_build_need(b, (uint32_t)field->offset, 8);
		return;
	}
	row = xt_build_row(b, XT_ROW_CHARS);
	if (!row)
		return;
	if (!conv && field->size == 16)
		row->op = XT_ROW_COMM;
	row->load = field->offset;
	row->len = (uint32_t)field->size;
	row->conv = conv;
	xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
}

static void dynamic_string(struct xt_build *b, struct tep_print_arg *arg,
			   const struct xt_conv *conv)
{
	const struct tep_format_field *field = arg->string.field;
	struct xt_row *row;

	if (!field)
		field = tep_find_any_field(b->event, arg->string.string);
	if (!field)
		return;
	row = xt_build_row(b, XT_ROW_DYN);
	if (!row)
		return;
	row->dyn = xt_build_dyn(b, field);
	row->conv = conv;
}

/* Names that format files have for numbers and that libtraceevent knows. */
static int64_t entry_value(const char *text)
{
	static const struct {
		const char *name;
		int64_t value;
	} names[] = {
		{ "HI_SOFTIRQ", 0 }, { "TIMER_SOFTIRQ", 1 }, { "NET_TX_SOFTIRQ", 2 },
		{ "NET_RX_SOFTIRQ", 3 }, { "BLOCK_SOFTIRQ", 4 }, { "IRQ_POLL_SOFTIRQ", 5 },
		{ "TASKLET_SOFTIRQ", 6 }, { "SCHED_SOFTIRQ", 7 }, { "HRTIMER_SOFTIRQ", 8 },
		{ "RCU_SOFTIRQ", 9 }, { "HRTIMER_NORESTART", 0 }, { "HRTIMER_RESTART", 1 },
	};
	size_t i;

	if (isdigit((unsigned char)text[0]))
		return (int64_t)strtoull(text, NULL, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, text))
			return names[i].value;
	return -1;
}

#define DENSE_MAX 2048

static void make_dense(struct xt_build *b, struct xt_list *list)
{
	uint16_t *dense;
	unsigned int i;
	int64_t top = -1;

	for (i = 0; i < list->nr; i++)
		if (list->entry[i].value > top && list->entry[i].value < DENSE_MAX)
			top = list->entry[i].value;
	if (list->nr < 3 || top < 0 || top > 16 * (int64_t)list->nr)
		return;
	dense = xt_arena_get(&b->printer->arena, (size_t)(top + 1) * sizeof(*dense));
	if (!dense)
		return;
	for (i = list->nr; i-- > 0;)	/* the first of equals stays */
		if (list->entry[i].value >= 0 && list->entry[i].value <= top)
			dense[list->entry[i].value] = (uint16_t)(i + 1);
	list->dense = dense;
	list->dense_nr = (unsigned int)top + 1;
}

static const struct xt_list *make_list(struct xt_build *b, const struct tep_print_flag_sym *syms,
				       const char *delim)
{
	struct xt_list *list = xt_arena_get(&b->printer->arena, sizeof(*list));
	const struct tep_print_flag_sym *sym;
	struct xt_entry *entry;
	unsigned int n = 0;

	for (sym = syms; sym && n < UINT16_MAX - 1; sym = sym->next)
		n++;
	entry = xt_arena_get(&b->printer->arena, (n + 1) * sizeof(*entry));
	if (!list || !entry) {
		b->failed = true;
		return NULL;
	}
	list->entry = entry;
	list->nr = n;
	if (delim) {
		list->delim_len = (uint32_t)strlen(delim);
		list->delim = xt_arena_text(&b->printer->arena, delim, list->delim_len);
	}
	for (sym = syms, n = 0; n < list->nr; sym = sym->next, n++) {
		entry[n].value = entry_value(sym->value);
		entry[n].len = (uint32_t)strlen(sym->str);
		entry[n].text = xt_arena_text(&b->printer->arena, sym->str, entry[n].len);
	}
	return list;
}

static void list_row(struct xt_build *b, struct tep_print_arg *arg, const struct xt_conv *conv)
{
	bool symbolic = arg->type == TEP_PRINT_SYMBOL;
	const struct xt_list *list;
	struct xt_row *row;

	list = symbolic ? make_list(b, arg->symbol.symbols, NULL) :
			  make_list(b, arg->flags.flags, arg->flags.delim);
	row = xt_build_row(b, symbolic ? XT_ROW_SYMBOLIC : XT_ROW_FLAGS);
	if (!row || !list)
		return;
	if (symbolic)
		make_dense(b, (struct xt_list *)list);
	set_value(b, row, symbolic ? arg->symbol.field : arg->flags.field);
	row->list = list;
	row->conv = conv;
}

struct choice {
	const struct xt_expr *cond;
	const struct xt_prog *yes, *no;
};

static char *run_choice(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			char *p, char *end)
{
	const struct choice *choice = row->arg;
	bool yes = xt_eval(pen->printer, choice->cond, data);

	if (!xt_has_room(pen, p, end, 0))
		return NULL;
	return xt_run(pen, yes ? choice->yes : choice->no, data, p, end);
}

static void string_value(struct xt_build *b, struct tep_print_arg *arg,
			 const struct xt_conv *conv);

static const struct xt_prog *sub_program(struct xt_build *b, struct tep_print_arg *arg,
					 const struct xt_conv *conv)
{
	struct xt_build sub = { .printer = b->printer, .event = b->event };
	const struct xt_prog *prog;

	string_value(&sub, arg, conv);
	prog = xt_build_end(&sub);
	if (!prog) {
		b->failed = true;
		return NULL;
	}
	b->foreign |= prog->foreign;
	b->fixed += prog->fixed;
	if (prog->min_size > b->min_size)
		b->min_size = prog->min_size;
	return prog;
}

/* yes-or-no words, the most frequent kind of choice */
static void either_row(struct xt_build *b, struct tep_print_arg *arg)
{
	struct xt_either *either = xt_arena_get(&b->printer->arena, sizeof(*either));
	const char *text[2] = { arg->op.right->op.right->atom.atom,
				arg->op.right->op.left->atom.atom };
	struct xt_row *row = xt_build_row(b, XT_ROW_EITHER);
	int i;

	if (!either || !row) {
		b->failed = true;
		return;
	}
	for (i = 0; i < 2; i++) {
		either->len[i] = (uint32_t)strlen(text[i]);
		either->text[i] = xt_arena_text(&b->printer->arena, text[i], either->len[i]);
		if (!either->text[i])
			b->failed = true;
		b->fixed += either->len[i];
	}
	row->arg = either;
	set_expr(b, row, xt_build_truth(b, arg->op.left));
}

static bool is_word(const struct tep_print_arg *arg)
{
	return arg->type == TEP_PRINT_ATOM;
}

static bool same_expr(const struct xt_expr *a, const struct xt_expr *b)
{
	if (a->op != b->op)
		return false;
	if (a->op == XT_X_MASK)
		return a->value == b->value && same_expr(a->left, b->left);
	return a->op == XT_X_LOAD && a->offset == b->offset && a->size == b->size;
}

/* "flags ? __print_flags(flags) : "none"", which all gfp flags are, is one row. */
static bool flags_or_word(struct xt_build *b, struct tep_print_arg *arg)
{
	struct tep_print_arg *yes = arg->op.right->op.left, *no = arg->op.right->op.right;
	const struct xt_expr *cond, *value;
	struct xt_list *list;

	if (yes->type != TEP_PRINT_FLAGS || !is_word(no))
		return false;
	cond = xt_build_truth(b, arg->op.left);
	value = xt_build_expr(b, yes->flags.field);
	if (!cond || !value || !same_expr(cond, value))
		return false;
	list_row(b, yes, NULL);
	if (b->failed)
		return true;
	list = (struct xt_list *)b->rows[b->nr - 1].list;
	list->zero_len = (uint32_t)strlen(no->atom.atom);
	list->zero = xt_arena_text(&b->printer->arena, no->atom.atom, list->zero_len);
	b->failed = !list->zero;
	return true;
}

static void choice_row(struct xt_build *b, struct tep_print_arg *arg, const struct xt_conv *conv)
{
	struct choice *choice = xt_arena_get(&b->printer->arena, sizeof(*choice));

	if (!choice) {
		b->failed = true;
		return;
	}
	choice->cond = xt_build_truth(b, arg->op.left);
	choice->yes = sub_program(b, arg->op.right->op.left, conv);
	choice->no = sub_program(b, arg->op.right->op.right, conv);
	if (choice->cond && choice->yes && choice->no)
		xt_build_call(b, run_choice, choice);
}

static void string_value(struct xt_build *b, struct tep_print_arg *arg,
			 const struct xt_conv *conv)
{
	struct xt_row *row;

	switch (arg->type) {
	case TEP_PRINT_ATOM:
		row = xt_build_call(b, constant_string,
				    xt_arena_text(&b->printer->arena, arg->atom.atom,
						  strlen(arg->atom.atom) + 1));
		if (row)
			row->conv = conv;
		break;
	case TEP_PRINT_FIELD:
		field_string(b, arg_field(b, arg), conv);
		break;
	case TEP_PRINT_FLAGS:
	case TEP_PRINT_SYMBOL:
		list_row(b, arg, conv);
		break;
	case TEP_PRINT_HEX:
	case TEP_PRINT_HEX_STR:
	case TEP_PRINT_INT_ARRAY:
		xt_build_array(b, arg);
		break;
	case TEP_PRINT_STRING:
		dynamic_string(b, arg, conv);
		break;
	case TEP_PRINT_BITMASK:
	case TEP_PRINT_CPUMASK:
		xt_build_mask(b, arg, conv);
		break;
	case TEP_PRINT_OP:
		if (arg->op.op[0] != '?')
			break;
		if (!conv && is_word(arg->op.right->op.left) && is_word(arg->op.right->op.right))
			either_row(b, arg);
		else if (conv || !flags_or_word(b, arg))
			choice_row(b, arg, conv);
		break;
	case TEP_PRINT_FUNC:
		b->foreign = true;
		break;
	default:
		break;
	}
}

static void string_row(struct xt_build *b, const struct xt_item *item)
{
	const struct xt_conv *conv = make_conv(b, item->format, item->len, 0, item->star);

	if (conv)
		string_value(b, item->arg, conv->plain ? NULL : conv);
}

/* ---- an event ---- */

void xt_build_item(struct xt_build *b, const struct xt_item *item)
{
	switch (item->type) {
	case XT_ITEM_TEXT:
		xt_build_lit(b, item->format, item->len);
		break;
	case XT_ITEM_NUMBER:
		number_row(b, item);
		break;
	case XT_ITEM_POINTER:
		pointer_row(b, item);
		break;
	case XT_ITEM_STRING:
		string_row(b, item);
		break;
	}
}

void xt_build_items(struct xt_build *b, const struct xt_items *items)
{
	size_t i;

	for (i = 0; i < items->nr; i++)
		xt_build_item(b, &items->item[i]);
}

static struct xt_prog *generic(struct xt_printer *printer, struct tep_event *event,
			       const struct xt_items *items)
{
	struct xt_build b = { .printer = printer, .event = event };

	if ((event->flags & (int)TEP_EVENT_FL_FAILED) || items->failed) {
		xt_build_puts(&b, "[FAILED TO PARSE]");
		xt_build_fields(&b, NULL);
	} else if (event->flags & TEP_EVENT_FL_ISBPRINT) {
		xt_build_bprint(&b);
	} else {
		xt_build_items(&b, items);
	}
	return xt_build_end(&b);
}

static struct xt_prog *by_plugin(struct xt_printer *printer, struct tep_event *event,
				 const struct xt_plugin *plugin, const struct xt_prog *after)
{
	struct xt_build b = { .printer = printer, .event = event };
	struct xt_row *row;

	if (plugin->build(&b, after)) {
		row = xt_build_row(&b, XT_ROW_ON);
		if (row)
			row->arg = after;
		b.ordered |= after->ordered;
	}
	b.fixed += after->fixed;
	return xt_build_end(&b);
}

static struct xt_prog *raw(struct xt_printer *printer, struct tep_event *event,
			   const struct xt_items *items)
{
	struct xt_build b = { .printer = printer, .event = event, .ordered = true };
	bool failed = (event->flags & (int)TEP_EVENT_FL_FAILED) || items->failed;

	xt_build_fields(&b, failed ? NULL : items);
	return xt_build_end(&b);
}

/* Return: NULL without memory. */
struct xt_prog *xt_compile(struct xt_printer *printer, struct tep_event *event)
{
	const struct xt_plugin *plugin = xt_plugin_find(event->system, event->name);
	struct xt_prog *prog = NULL, *fields = NULL;
	struct xt_items items = { 0 };

	if (!(event->flags & TEP_EVENT_FL_ISBPRINT) && event->print_fmt.format &&
	    xt_items_parse(&items, event->print_fmt.format, event->print_fmt.args) < 0)
		goto out;
	prog = generic(printer, event, &items);
	fields = raw(printer, event, &items);
	if (prog && plugin)
		prog = by_plugin(printer, event, plugin, prog);
	if (prog)
		prog->raw = fields;
out:
	xt_items_finish(&items);
	return prog && fields ? prog : NULL;
}
