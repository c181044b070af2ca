/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-run.c - print a record by its event's program
 *
 * The inner loop of --format ftrace: no allocation, no stdio; symbols and
 * rendered flags are kept by value.
 */
#include "xtrace/print-local.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- texts ---- */

char *xt_put_text(struct xt_pen *pen, char *p, char *end, const char *text, size_t len)
{
	if (!xt_has_room(pen, p, end, len))
		return NULL;
	memcpy(p, text, len);
	return p + len;
}

/* The argument that a '*' stands for, or -1. */
static int star_of(struct xt_pen *pen, const struct xt_conv *conv, const struct xt_data *data)
{
	int star;

	if (!conv || !conv->star)
		return -1;
	star = (int)xt_eval(pen->printer, conv->star, data);
	return star < 0 ? 0 : star;
}

char *xt_put_str(struct xt_pen *pen, const struct xt_conv *conv, const struct xt_data *data,
		 char *p, char *end, const char *text, size_t len)
{
	size_t width, pad = 0;
	int star;

	if (!conv)
		return xt_put_text(pen, p, end, text, len);
	star = star_of(pen, conv, data);
	width = (size_t)(conv->star_width && star > 0 ? star : conv->width);
	if (conv->star_precision && star >= 0 && len > (size_t)star)
		len = (size_t)star;
	if (conv->precision >= 0 && !conv->star_precision && len > (size_t)conv->precision)
		len = (size_t)conv->precision;
	if (width > len)
		pad = width - len;
	if (!xt_has_room(pen, p, end, len + pad))
		return NULL;
	if (!conv->left) {
		memset(p, ' ', pad);
		p += pad;
	}
	memcpy(p, text, len);
	p += len;
	if (conv->left) {
		memset(p, ' ', pad);
		p += pad;
	}
	return p;
}

/* ---- numbers ---- */

static unsigned int put_octal(char *p, uint64_t v)
{
	char digits[24];
	unsigned int n = 0, i;

	do {
		digits[n++] = (char)('0' + (v & 7));
		v >>= 3;
	} while (v);
	for (i = 0; i < n; i++)
		p[i] = digits[n - 1 - i];
	return n;
}

static unsigned int digits_of(char *digits, char letter, uint64_t v)
{
	unsigned int n, i;

	if (letter == 'd' || letter == 'u')
		return (unsigned int)(rt_put_dec(digits, v) - digits);
	if (letter == 'o')
		return put_octal(digits, v);
	n = (unsigned int)(rt_put_hex(digits, v) - digits);
	for (i = 0; letter == 'X' && i < n; i++)
		if (digits[i] >= 'a')
			digits[i] -= 'a' - 'A';
	return n;
}

static uint64_t cut_value(const struct xt_conv *conv, uint64_t v, bool *ret_minus)
{
	unsigned int cut = 64 - conv->bits;
	int64_t s;

	*ret_minus = false;
	if (conv->letter != 'd')
		return v << cut >> cut;
	s = (int64_t)(v << cut) >> cut;
	*ret_minus = s < 0;
	return s < 0 ? 0 - (uint64_t)s : (uint64_t)s;
}

/* Leading sign or 0x, zeros, digits, blanks; as printf(3) puts them. */
char *xt_put_number(struct xt_pen *pen, const struct xt_conv *conv, int star, uint64_t value,
		    char *p, char *end)
{
	char digits[RT_PUT_ROOM], lead[2];
	unsigned int n, nr_lead = 0, zeros = 0, blanks = 0, width, precision;
	bool minus, has_precision = conv->precision >= 0;

	value = cut_value(conv, value, &minus);
	width = (unsigned int)(conv->star_width && star > 0 ? star : conv->width);
	precision = (unsigned int)(conv->star_precision && star >= 0 ? star : conv->precision);
	n = value || !has_precision || precision ? digits_of(digits, conv->letter, value) : 0;
	if (minus)
		lead[nr_lead++] = '-';
	if (conv->alt && value && (conv->letter == 'x' || conv->letter == 'X')) {
		lead[nr_lead++] = '0';
		lead[nr_lead++] = conv->letter;
	}
	if (has_precision && precision > n)
		zeros = precision - n;
	if (conv->alt && conv->letter == 'o' && zeros == 0 && (n == 0 || digits[0] != '0'))
		zeros = 1;
	if (width > n + nr_lead + zeros) {
		blanks = width - n - nr_lead - zeros;
		if (conv->zero && !conv->left && !has_precision) {
			zeros += blanks;
			blanks = 0;
		}
	}
	if (!xt_has_room(pen, p, end, n + nr_lead + zeros + blanks))
		return NULL;
	if (!conv->left) {
		memset(p, ' ', blanks);
		p += blanks;
	}
	memcpy(p, lead, nr_lead);
	p += nr_lead;
	memset(p, '0', zeros);
	p += zeros;
	memcpy(p, digits, n);
	p += n;
	if (conv->left) {
		memset(p, ' ', blanks);
		p += blanks;
	}
	return p;
}

/* Conversions that are not in order ("%5-d") are the C library's. */
static char *put_odd(struct xt_pen *pen, const struct xt_conv *conv, int star, uint64_t value,
		     char *p, char *end)
{
	size_t room = (size_t)(end - p) - pen->prog->fixed;
	int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (star >= 0)
		n = snprintf(p, room, conv->text, star, (long long)value);
	else
		n = snprintf(p, room, conv->text, (long long)value);
#pragma GCC diagnostic pop
	if (n < 0)
		return p;
	return (size_t)n < room ? p + n : NULL;
}

static char *run_number(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			uint64_t v, char *p, char *end)
{
	int star = star_of(pen, row->conv, data);

	if (!xt_has_room(pen, p, end, 0))
		return NULL;
	if (row->conv->odd)
		return put_odd(pen, row->conv, star, v, p, end);
	return xt_put_number(pen, row->conv, star, v, p, end);
}

/* ---- symbols ---- */

static void render_symbol(struct xt_pen_symbol *s)
{
	char offset[RT_PUT_ROOM];
	size_t len = (size_t)(rt_put_hex(offset, s->addr - s->start) - offset);

	s->full_len = 0;
	if (s->len + 3 + len > sizeof(s->text))
		return;
	memcpy(s->text, s->name, s->len);
	memcpy(s->text + s->len, "+0x", 3);
	memcpy(s->text + s->len + 3, offset, len);
	s->full_len = (uint16_t)(s->len + 3 + len);
}

const struct xt_pen_symbol *xt_pen_fill(struct xt_pen *pen, uint64_t addr)
{
	struct xt_pen_symbol *s = &pen->symbols[xt_pen_slot(addr)];
	struct xt_symbol found = { 0 };

	if (!xt_symbols_find(xt_printer_symbols(pen->printer), addr, &found))
		found.name = NULL;
	s->addr = addr;
	s->start = found.addr;
	s->name = found.name;
	s->len = 0;
	s->full_len = 0;
	if (found.name) {
		s->len = (uint32_t)strlen(found.name);
		render_symbol(s);
	}
	return s;
}

char *xt_put_sym(struct xt_pen *pen, char *p, char *end, uint64_t addr, bool with_offset)
{
	const struct xt_pen_symbol *s = xt_pen_find(pen, addr);

	if (!xt_has_room(pen, p, end, s->len + sizeof(s->text)))
		return NULL;
	if (likely(s->full_len))
		return rt_put_chunks(p, s->text, with_offset ? s->full_len : s->len);
	if (!s->name) {
		memcpy(p, "0x", 2);
		return rt_put_hex(p + 2, addr);
	}
	memcpy(p, s->name, s->len);
	p += s->len;
	if (!with_offset)
		return p;
	memcpy(p, "+0x", 3);
	return rt_put_hex(p + 3, addr - s->start);
}

static char *put_pointer(char *p, uint64_t v)
{
	if (v == 0) {
		memcpy(p, "(nil)", 5);
		return p + 5;
	}
	p[0] = '0';
	p[1] = 'x';
	return rt_put_hex(p + 2, v);
}

/* ---- flags and names of values ---- */

static char *put_rest(struct xt_pen *pen, char *p, char *end, uint64_t v)
{
	if (!xt_has_room(pen, p, end, RT_PUT_ROOM))
		return NULL;
	p[0] = '0';
	p[1] = 'x';
	return rt_put_hex(p + 2, v);
}

static char *put_flags(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       uint64_t v, char *p, char *end)
{
	const struct xt_list *list = row->list;
	const struct xt_entry *entry;
	bool shown = false;
	unsigned int i;

	if (v == 0 && list->zero)
		return xt_put_text(pen, p, end, list->zero, list->zero_len);
	for (i = 0; i < list->nr && p; i++) {
		entry = &list->entry[i];
		if (v == 0 && entry->value < 0) {	/* a name without a number */
			p = xt_put_str(pen, row->conv, data, p, end, entry->text, entry->len);
			break;
		}
		if (entry->value <= 0 || (v & (uint64_t)entry->value) != (uint64_t)entry->value)
			continue;
		if (shown && list->delim)
			p = xt_put_text(pen, p, end, list->delim, list->delim_len);
		if (p)
			p = xt_put_str(pen, row->conv, data, p, end, entry->text, entry->len);
		shown = true;
		v &= ~(uint64_t)entry->value;
	}
	if (v && p && shown && list->delim)
		p = xt_put_text(pen, p, end, list->delim, list->delim_len);
	return v && p ? put_rest(pen, p, end, v) : p;
}

static char *run_flags(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       uint64_t v, char *p, char *end)
{
	uint64_t hash = (v ^ (uintptr_t)row->list >> 4) * 0x9e3779b97f4a7c15ull;
	struct xt_pen_flags *kept = &pen->flags[hash >> 56];
	char *start = p;

	if (likely(kept->list == row->list && kept->value == v && !row->conv)) {
		if (!xt_has_room(pen, p, end, sizeof(kept->text)))
			return NULL;
		return rt_put_chunks(p, kept->text, kept->len);
	}
	p = put_flags(pen, row, data, v, p, end);
	if (p && !row->conv && (size_t)(p - start) <= sizeof(kept->text)) {
		kept->list = row->list;
		kept->value = v;
		kept->len = (uint32_t)(p - start);
		memcpy(kept->text, start, kept->len);
	}
	return p;
}

static char *run_symbolic(struct xt_pen *pen, const struct xt_row *row,
			  const struct xt_data *data, uint64_t v, char *p, char *end)
{
	const struct xt_list *list = row->list;
	const struct xt_entry *entry = NULL;
	unsigned int i;

	if (v < list->dense_nr) {
		if (list->dense[v])
			entry = &list->entry[list->dense[v] - 1];
	} else {
		for (i = 0; i < list->nr && !entry; i++)
			if (list->entry[i].value == (int64_t)v)
				entry = &list->entry[i];
	}
	if (!entry)
		return put_rest(pen, p, end, v);
	return xt_put_str(pen, row->conv, data, p, end, entry->text, entry->len);
}

/* ---- strings of the record ---- */

static char *run_chars(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       char *p, char *end)
{
	uint32_t offset = (uint32_t)row->load, room = row->len;

	if (room == 0 && offset < data->size)
		room = data->size - offset;
	return xt_put_str(pen, row->conv, data, p, end, (const char *)data->p + offset,
			  strnlen((const char *)data->p + offset, room));
}

static char *run_dyn(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		     char *p, char *end)
{
	uint32_t offset, len;

	xt_dyn_locate(&row->dyn, data, &offset, &len);
	if (!len)
		return p;
	if (row->conv || offset > data->size)
		return xt_put_str(pen, row->conv, data, p, end, (const char *)data->p + offset,
				  xt_strlen_at(data, offset));
	if (!xt_has_room(pen, p, end, data->size - offset))
		return NULL;
	return rt_put_string(p, data->p + offset, data->size - offset);
}

/* ---- rows ---- */

static inline uint64_t row_value(struct xt_pen *pen, const struct xt_row *row,
				 const struct xt_data *data)
{
	uint64_t v;

	if (unlikely(row->has_expr))
		return xt_eval(pen->printer, row->expr, data) & row->mask;
	memcpy(&v, data->p + row->load, 8);
	return v >> row->shift & row->mask;
}

static inline char *put_either(const struct xt_row *row, uint64_t v, char *p)
{
	const struct xt_either *either = row->arg;

	return rt_put_chunks(p, either->text[v != 0], either->len[v != 0]);
}

/* ---- hexadecimal numbers one behind the other, as of raw_syscalls ---- */

#define PUT_HEXES(put_hex)								\
do {											\
	const struct xt_hex *last = hex + nr;						\
	uint64_t v;									\
											\
	for (;;) {									\
		memcpy(&v, data->p + hex->load, 8);					\
		p = put_hex(p, v);							\
		if (++hex == last)							\
			return p;							\
		p = rt_put_chunks(p, hex->lit, 1) - 1 + hex->lit_len;			\
	}										\
} while (0)

static char *put_hexes(const struct xt_hex *hex, uint32_t nr, const struct xt_data *data, char *p)
{
	PUT_HEXES(rt_put_hex);
}

__attribute__((target("ssse3")))
static char *put_hexes_ssse3(const struct xt_hex *hex, uint32_t nr, const struct xt_data *data,
			     char *p)
{
	PUT_HEXES(rt_put_hex_ssse3);
}

xt_hexes_fn *xt_hexes(void)
{
	return __builtin_cpu_supports("ssse3") ? put_hexes_ssse3 : put_hexes;
}

static char *run_rows(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	const struct xt_prog *on;
	uint64_t v;

	for (; likely(p != NULL); row++) {
		p = rt_put_chunks(p, row->lit, row->lit_len);
		switch (row->op) {
		case XT_ROW_END:
			return p;
		case XT_ROW_DEC:
			p = rt_put_dec(p, row_value(pen, row, data));
			break;
		case XT_ROW_SIGNED:
			v = row_value(pen, row, data) << (64 - row->bits);
			p = rt_put_signed(p, (int64_t)v >> (64 - row->bits));
			break;
		case XT_ROW_HEX:
			p = rt_put_hex(p, row_value(pen, row, data));
			break;
		case XT_ROW_HEXES:
			p = row->hexes(row->arg, row->len, data, p);
			break;
		case XT_ROW_POINTER:
			p = put_pointer(p, row_value(pen, row, data));
			break;
		case XT_ROW_NUMBER:
			p = run_number(pen, row, data, row_value(pen, row, data), p, end);
			break;
		case XT_ROW_SYM:
			p = xt_put_sym(pen, p, end, row_value(pen, row, data), false);
			break;
		case XT_ROW_SYM_OFFSET:
			p = xt_put_sym(pen, p, end, row_value(pen, row, data), true);
			break;
		case XT_ROW_COMM:
			p = rt_put_string(p, data->p + row->load, 16);
			break;
		case XT_ROW_EITHER:
			p = put_either(row, row_value(pen, row, data), p);
			break;
		case XT_ROW_CHARS:
			p = run_chars(pen, row, data, p, end);
			break;
		case XT_ROW_DYN:
			p = run_dyn(pen, row, data, p, end);
			break;
		case XT_ROW_FLAGS:
			p = run_flags(pen, row, data, row_value(pen, row, data), p, end);
			break;
		case XT_ROW_SYMBOLIC:
			p = run_symbolic(pen, row, data, row_value(pen, row, data), p, end);
			break;
		case XT_ROW_CALL:
			p = row->call(pen, row, data, p, end);
			break;
		case XT_ROW_ON:
			on = row->arg;
			if (unlikely(data->size < on->min_size))
				return xt_run(pen, on, data, p, end);
			row = on->rows - 1;
			break;
		default:	/* spares the check for a number that no row has */
			__builtin_unreachable();
		}
	}
	return NULL;
}

/*
 * A record shorter than the fields that are read: they read as zero, where
 * trace-cmd shows whatever lies behind the record.
 */
static __attribute__((noinline)) char *run_short(struct xt_pen *pen, const struct xt_prog *prog,
						 const struct xt_data *data, char *p, char *end)
{
	struct xt_data longer = *data;
	uint8_t *padded;

	if (prog->foreign)
		return xt_run_foreign(pen, prog, data, p, end);
	padded = calloc(1, (size_t)data->size + prog->min_size + 8);
	if (!padded)
		return p;
	memcpy(padded, data->p, data->size);
	longer.p = padded;
	p = run_rows(pen, prog->rows, &longer, p, end);
	free(padded);
	return p;
}

char *xt_run(struct xt_pen *pen, const struct xt_prog *prog, const struct xt_data *data, char *p,
	     char *end)
{
	if (likely(data->size >= prog->min_size))
		return run_rows(pen, prog->rows, data, p, end);
	return run_short(pen, prog, data, p, end);
}
