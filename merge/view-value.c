/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value.c - one argument of an event as text
 *
 * A record that is long enough for its event has all its fixed fields; whatever
 * the record itself points at (texts, arrays) is checked by xt_field_bytes().
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/put.h"

/* ---- symbols, found once ---- */

#define SYMBOL_SLOTS 4096u
#define SYMBOL_PROBES 8u

struct mrg_symbol {
	uint64_t addr;
	uint16_t member, len;
	char text[MRG_SYMBOL_MAX + 24];
};

int mrg_symbols_create(struct mrg_view *view, struct rt_err *err)
{
	view->symbols = calloc(SYMBOL_SLOTS, sizeof(struct mrg_symbol *));
	return view->symbols ? 0 : rt_err_set(err, -ENOMEM, "cannot keep symbols");
}

void mrg_symbols_destroy(struct mrg_view *view)
{
	unsigned int i;

	for (i = 0; view->symbols && i < SYMBOL_SLOTS; i++)
		free(view->symbols[i]);
	free(view->symbols);
	view->symbols = NULL;
}

static void find_symbol(struct mrg_view *view, struct mrg_symbol *sym)
{
	const struct mrg_member *member = &view->set->members[sym->member];
	uint64_t start = 0;
	const char *name = xt_trace_symbol(member->trace, sym->addr, &start);
	char *p = sym->text;

	if (!name) {
		p = mrg_put_hex(mrg_put_mem(p, "0x", 2), sym->addr);
	} else {
		p = mrg_put_escaped(p, (const uint8_t *)name, strnlen(name, MRG_SYMBOL_MAX / 4));
		if (sym->addr != start)
			p = mrg_put_hex(mrg_put_mem(p, "+0x", 3), sym->addr - start);
	}
	sym->len = (uint16_t)(p - sym->text);
}

/* The symbol's place in the cache, made when there is room for it. */
static const struct mrg_symbol *cached(struct mrg_view *view, uint16_t member, uint64_t addr)
{
	uint64_t hash = (addr ^ (uint64_t)member << 48) * 0x9e3779b97f4a7c15ull >> 40;
	struct mrg_symbol *sym, **slot;
	unsigned int i;

	for (i = 0; i < SYMBOL_PROBES; i++) {
		slot = &view->symbols[(hash + i) & (SYMBOL_SLOTS - 1)];
		sym = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		if (sym && sym->addr == addr && sym->member == member)
			return sym;
		if (sym)
			continue;
		sym = calloc(1, sizeof(*sym));
		if (!sym)
			return NULL;
		sym->addr = addr;
		sym->member = member;
		find_symbol(view, sym);
		pthread_mutex_lock(&view->lock);
		if (!*slot)
			__atomic_store_n(slot, sym, __ATOMIC_RELEASE);
		else
			free(sym);
		sym = *slot;
		pthread_mutex_unlock(&view->lock);
		if (sym->addr == addr && sym->member == member)
			return sym;
	}
	return NULL;
}

static char *put_symbol(struct mrg_view *view, char *p, uint16_t member, uint64_t addr)
{
	struct mrg_symbol one = { .addr = addr, .member = member };
	const struct mrg_symbol *sym = cached(view, member, addr);

	if (!sym) {
		find_symbol(view, &one);
		sym = &one;
	}
	return mrg_put_mem(p, sym->text, sym->len);
}

/* ---- values ---- */

static inline uint64_t load(const struct xt_field *field, const struct mrg_item *item)
{
	const uint8_t *at = item->data + field->offset;
	uint64_t v = 0;

	switch (field->size) {
	case 8:
		memcpy(&v, at, 8);
		return v;
	case 4:
		memcpy(&v, at, 4);
		return v;
	case 2:
		memcpy(&v, at, 2);
		return v;
	case 1:
		return *at;
	default:	/* the beginning of what is larger */
		memcpy(&v, at, field->size < 8 ? field->size : 8);
		return v;
	}
}

static inline int64_t load_signed(const struct xt_field *field, const struct mrg_item *item)
{
	uint64_t v = load(field, item);
	unsigned int shift = field->size < 8 ? 64 - 8 * field->size : 0;

	return field->size ? (int64_t)(v << shift) >> shift : 0;
}

static char *put_dec(char *p, const struct mrg_item *item, const struct xt_field *field)
{
	if (field->flags & XT_FIELD_SIGNED)
		return mrg_put_i64(p, load_signed(field, item));
	return mrg_put_u64(p, load(field, item));
}

static const uint8_t *field_bytes(const struct mrg_item *item, const struct xt_field *field,
				  uint32_t *ret_len)
{
	struct xt_rec rec = mrg_item_rec(item, 0);
	const uint8_t *bytes = xt_field_bytes(field, &rec, ret_len);

	if (!bytes)
		*ret_len = 0;
	if (*ret_len > item->size)
		*ret_len = item->size;
	return bytes;
}

static char *put_text(char *p, const struct mrg_item *item, const struct mrg_arg *arg)
{
	const uint8_t *bytes;
	uint32_t len;

	mrg_arg_bytes(item, arg, &bytes, &len);
	return mrg_put_escaped(p, bytes, len);
}

/* Elements in hexadecimal: no number of n bytes takes more than 4n + 1. */
static char *put_list(char *p, const struct mrg_item *item, const struct xt_field *field)
{
	uint32_t len, i, size = field->elem_size;
	const uint8_t *bytes = field_bytes(item, field, &len);
	uint64_t v;

	if (size == 0 || size > 8)
		return p;
	for (i = 0; i + size <= len; i += size) {
		v = 0;
		memcpy(&v, bytes + i, size);
		if (i > 0)
			*p++ = ',';
		p = mrg_put_hex(p, v);
	}
	return p;
}

#define RANGE_ROOM (2 * MRG_PUT_NUMBER + 8)	/* of ",5-7" with ",..." behind it */

/* A bit mask as a list of CPUs; "..." stands for those of a large and sparse one without room. */
static char *put_cpumask(char *p, const struct mrg_item *item, const struct xt_field *field)
{
	uint32_t len, cpu = 0, first, nr;
	const uint8_t *bytes = field_bytes(item, field, &len);
	char *begin = p, *end = p + 4 * (size_t)item->size + MRG_VALUE_MAX - RANGE_ROOM;

	for (nr = 8 * len; cpu < nr; cpu++) {
		if (!(bytes[cpu / 8] >> (cpu % 8) & 1))
			continue;
		if (p > end)
			return mrg_put_mem(p, ",...", 4);
		first = cpu;
		while (cpu + 1 < nr && bytes[(cpu + 1) / 8] >> ((cpu + 1) % 8) & 1)
			cpu++;
		if (p > begin)
			*p++ = ',';
		p = mrg_put_u64(p, first);
		if (cpu > first)
			p = mrg_put_u64(mrg_put_mem(p, "-", 1), cpu);
	}
	return p;
}

static char *put_name(char *p, const char *name, const struct mrg_item *item,
		      const struct mrg_arg *arg)
{
	if (name)
		return mrg_put_mem(p, name, strnlen(name, MRG_VALUE_MAX));
	if (arg->show == KEV_HYPERCALL_NR)
		return mrg_put_hex(mrg_put_mem(p, "0x", 2), load(arg->field, item));
	return put_dec(p, item, arg->field);
}

static const char *exit_name(const struct mrg_item *item, const struct mrg_arg *arg)
{
	if (!arg->second)
		return NULL;
	return kev_exit_name((unsigned int)load(arg->second, item), load(arg->field, item));
}

char *mrg_put_value(struct mrg_view *view, char *p, const struct mrg_item *item,
		    const struct mrg_arg *arg)
{
	const struct xt_field *field = arg->field;
	uint16_t member;

	switch (arg->show) {
	case KEV_DEC:
		return put_dec(p, item, field);
	case KEV_HEX:
		return mrg_put_hex(mrg_put_mem(p, "0x", 2), load(field, item));
	case KEV_SYSCALL:
		return put_name(p, kev_syscall_name(load(field, item)), item, arg);
	case KEV_STR:
	case KEV_DATA:
		return put_text(p, item, arg);
	case KEV_CPUMASK:
		return put_cpumask(p, item, field);
	case MRG_SHOW_LIST:
		return put_list(p, item, field);
	case KEV_SYSCALL_ARG0:
		return mrg_put_u64(p, load(field, item));
	case KEV_PID_VM:
		member = mrg_stream_lane(view->stream, item->lane)->member_index;
		return mrg_put_i64(p, mrg_view_vm_pid(view, member, (int)load(field, item)));
	case KEV_SYMBOL:
		member = mrg_stream_lane(view->stream, item->lane)->member_index;
		return put_symbol(view, p, member, load(field, item));
	case KEV_EXIT_REASON:
		return put_name(p, exit_name(item, arg), item, arg);
	default:
		return put_name(p, kev_value_name((enum kev_show)arg->show, load(field, item)),
				item, arg);
	}
}

bool mrg_arg_is_number(const struct mrg_arg *arg)
{
	return arg->show == KEV_DEC || arg->show == KEV_SYSCALL_ARG0 || arg->show == KEV_PID_VM;
}

bool mrg_arg_is_long(const struct mrg_arg *arg)
{
	return arg->show == KEV_STR || arg->show == KEV_DATA || arg->show == KEV_CPUMASK ||
	       arg->show == MRG_SHOW_LIST;
}

bool mrg_arg_bytes(const struct mrg_item *item, const struct mrg_arg *arg,
		   const uint8_t **ret, uint32_t *ret_len)
{
	if (arg->show != KEV_STR && arg->show != KEV_DATA)
		return false;
	*ret = field_bytes(item, arg->field, ret_len);
	while (arg->show == KEV_STR && *ret_len > 0 &&
	       ((*ret)[*ret_len - 1] == '\n' || (*ret)[*ret_len - 1] == '\0'))
		--*ret_len;
	return true;
}
