/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-plugins.c - events whose text trace-cmd's plugins write: sched, timer,
 * kmem, tlb, futex and mac80211; kvm and ftrace have files of their own
 *
 * Only what the fields hold decides, so most are rows as any print fmt's.
 */
#include "xtrace/print-plugins.h"

#include <stdio.h>
#include <stdlib.h>

const struct tep_format_field *xt_build_find(struct xt_build *b, const char *name, bool say)
{
	const struct tep_format_field *field = tep_find_field(b->event, name);

	if (!field) {
		if (say)
			xt_build_printf(b, "<CANT FIND FIELD %s>", name);
		return NULL;
	}
	if (field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8)
		return field;
	if (say)
		xt_build_printf(b, " %s=INVALID", name);
	return NULL;
}

/* A field by a conversion; when it is missing that is said, where @say. */
bool xt_build_num(struct xt_build *b, const char *name, const char *lead, const char *fmt, bool say)
{
	const struct tep_format_field *field = xt_build_find(b, name, false);

	if (!field) {
		if (say)
			xt_build_printf(b, "CAN'T FIND FIELD \"%s\"", name);
		return false;
	}
	xt_build_puts(b, lead);
	xt_build_field(b, field, fmt);
	return true;
}

/* ---- sched ---- */

static void comm(struct xt_build *b, const char *name)
{
	const struct tep_format_field *field = tep_find_any_field(b->event, name);
	struct xt_row *row;

	if (!field)
		return;
	row = xt_build_row(b, field->size == 16 ? XT_ROW_COMM : XT_ROW_CHARS);
	if (row) {
		row->load = field->offset;
		row->len = (uint32_t)field->size;
		xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
	}
	xt_build_puts(b, ":");
}

/* "text%conversion" of a field whose absence is said in its own way when @say. */
static void optional(struct xt_build *b, const char *name, const char *lead, const char *fmt,
		     const char *tail, bool say)
{
	const struct tep_format_field *field = xt_build_find(b, name, say);

	if (!field)
		return;
	xt_build_puts(b, lead);
	xt_build_field(b, field, fmt);
	xt_build_puts(b, tail);
}

static bool sched_wakeup(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *pid = xt_build_find(b, "pid", true);

	(void)generic;
	if (!pid) {
		xt_build_puts(b, "!");
		return true;
	}
	comm(b, "comm");
	xt_build_field(b, pid, "%lld");
	optional(b, "prio", " [", "%lld", "]", true);
	optional(b, "success", " success=", "%lld", "", false);
	optional(b, "target_cpu", " CPU:", "%03llu", "", false);
	return false;
}

static char *put_state(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       char *p, char *end)
{
	const struct tep_format_field *field = row->arg;
	unsigned int v = (unsigned int)xt_load(data->p + field->offset,
					       (unsigned int)field->size) & 0xff;
	static const char letters[8] = "SDTtZXxW";
	char *start = p;

	(void)pen;
	(void)end;
	if (v == 0) {
		*p = 'R';
		return p + 1;
	}
	for (; v; v &= v - 1) {
		if (p != start)
			*p++ = '|';
		*p++ = letters[__builtin_ctz(v)];
	}
	return p;
}

static bool sched_switch(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *prev = xt_build_find(b, "prev_pid", true), *next, *state;

	(void)generic;
	if (!prev) {
		xt_build_puts(b, "!");
		return true;
	}
	comm(b, "prev_comm");
	xt_build_field(b, prev, "%lld");
	xt_build_puts(b, " ");
	optional(b, "prev_prio", "[", "%d", "] ", true);
	state = xt_build_find(b, "prev_state", true);
	if (state) {
		xt_build_need(b, (uint32_t)state->offset, (uint32_t)state->size);
		xt_build_call(b, put_state, state);
	}
	xt_build_puts(b, " ==> ");
	next = xt_build_find(b, "next_pid", true);
	if (!next) {
		xt_build_puts(b, "!");
		return true;
	}
	comm(b, "next_comm");
	xt_build_field(b, next, "%lld");
	optional(b, "next_prio", " [", "%d", "]", true);
	return false;
}

/* ---- timer ---- */

/* The difference is the symbol's address minus the function's: 0 or a number near 2^64. */
static char *put_timer_function(struct xt_pen *pen, const struct xt_row *row,
				const struct xt_data *data, char *p, char *end)
{
	const struct tep_format_field *field = row->arg;
	uint64_t addr = xt_load(data->p + field->offset, (unsigned int)field->size);
	const struct xt_pen_symbol *sym = xt_pen_find(pen, addr);
	char *start = p;

	if (!xt_has_room(pen, p, end, sym->len + 64))
		return NULL;
	if (!sym->name)
		return p + sprintf(p, "0x%08llx", (unsigned long long)addr);
	memcpy(p, sym->name, sym->len);
	memcpy(p + sym->len, "/0x", 3);
	p = rt_put_hex(p + sym->len + 3, sym->start - addr);
	return p - start > 127 ? start + 127 : p;
}

static void timer_function(struct xt_build *b)
{
	const struct tep_format_field *field = xt_build_find(b, "function", false);

	if (!field)
		return;
	xt_build_puts(b, " function=");
	xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
	xt_build_call(b, put_timer_function, field);
}

static void timer_address(struct xt_build *b)
{
	xt_build_puts(b, "hrtimer=");
	if (!xt_build_num(b, "timer", "0x", "%llx", false))
		xt_build_num(b, "hrtimer", "0x", "%llx", true);
}

static bool hrtimer_expire(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	timer_address(b);
	xt_build_puts(b, " now=");
	xt_build_num(b, "now", "", "%llu", true);
	timer_function(b);
	return false;
}

static bool hrtimer_start(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	timer_address(b);
	timer_function(b);
	xt_build_puts(b, " expires=");
	xt_build_num(b, "expires", "", "%llu", true);
	xt_build_puts(b, " softexpires=");
	xt_build_num(b, "softexpires", "", "%llu", true);
	return false;
}

/* ---- kmem ---- */

static char *put_call_site(struct xt_pen *pen, const struct xt_row *row,
			   const struct xt_data *data, char *p, char *end)
{
	const struct tep_format_field *field = row->arg;
	uint64_t addr = xt_load(data->p + field->offset, (unsigned int)field->size);
	const struct xt_pen_symbol *sym = xt_pen_find(pen, addr);

	if (!sym->name)
		return p;
	if (!xt_has_room(pen, p, end, sym->len + 80))
		return NULL;
	*p++ = '(';
	if (likely(sym->full_len && (addr - sym->start) >> 32 == 0)) {
		p = rt_put_chunks(p, sym->text, sym->full_len);
	} else {
		memcpy(p, sym->name, sym->len);
		memcpy(p + sym->len, "+0x", 3);
		p = rt_put_hex(p + sym->len + 3, (uint32_t)(addr - sym->start));
	}
	memcpy(p, ") ", 2);
	return p + 2;
}

static bool call_site(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *field = xt_build_find(b, "call_site", false);

	(void)generic;
	if (field) {
		xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
		xt_build_call(b, put_call_site, field);
	}
	return true;
}

/* ---- tlb ---- */

static char *put_reason(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			char *p, char *end)
{
	static const char *const reasons[] = {
		"flush on task switch", "remote shootdown", "local shootdown",
		"local mm shootdown",
	};
	const struct tep_format_field *field = row->arg;
	uint64_t v = xt_load(data->p + field->offset, (unsigned int)field->size);

	if (!xt_has_room(pen, p, end, 64))
		return NULL;
	return p + sprintf(p, "%s (%lld)", v < 4 ? reasons[v] : "", (long long)v);
}

static bool tlb_flush(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *reason;

	(void)generic;
	xt_build_puts(b, "pages=");
	xt_build_num(b, "pages", "", "%ld", true);
	reason = xt_build_find(b, "reason", true);
	if (!reason)
		return true;
	xt_build_puts(b, " reason=");
	xt_build_need(b, (uint32_t)reason->offset, (uint32_t)reason->size);
	xt_build_call(b, put_reason, reason);
	return false;
}

/* ---- futex ---- */

enum { NOTHING, DECIMAL, PADDED };	/* how an argument is shown: %llu, 0x%08llx */

static const struct futex_op {
	const char *name;
	unsigned char val, utime, val2, uaddr2, val3;
} futex_ops[] = {
	{ "FUTEX_WAIT", PADDED, PADDED, 0, 0, 0 },
	{ "FUTEX_WAKE", DECIMAL, 0, 0, 0, 0 },
	{ "FUTEX_FD", DECIMAL, 0, 0, 0, 0 },
	{ "FUTEX_REQUEUE", DECIMAL, 0, DECIMAL, PADDED, 0 },
	{ "FUTEX_CMP_REQUEUE", DECIMAL, 0, DECIMAL, PADDED, PADDED },
	{ "FUTEX_WAKE_OP", DECIMAL, 0, DECIMAL, PADDED, PADDED },
	{ "FUTEX_LOCK_PI", 0, PADDED, 0, 0, 0 },
	{ "FUTEX_UNLOCK_PI", 0, 0, 0, 0, 0 },
	{ "FUTEX_TRYLOCK_PI", 0, 0, 0, 0, 0 },
	{ "FUTEX_WAIT_BITSET", PADDED, PADDED, 0, 0, PADDED },
	{ "FUTEX_WAKE_BITSET", DECIMAL, 0, 0, 0, PADDED },
	{ "FUTEX_WAIT_REQUEUE_PI", PADDED, PADDED, 0, PADDED, PADDED },
	{ "FUTEX_CMP_REQUEUE_PI", DECIMAL, 0, DECIMAL, PADDED, PADDED },
};

#define FUTEX_PRIVATE	128
#define FUTEX_REALTIME	256

static const char *const futex_fields[] = { "uaddr", "op", "val", "utime", "uaddr2", "val3" };

struct futex {
	const struct tep_format_field *field[6];
	const struct xt_prog *generic;
};

static char *put_futex_arg(char *p, unsigned int how, const char *name, uint64_t v)
{
	if (how == NOTHING)
		return p;
	return p + sprintf(p, how == PADDED ? " %s=0x%08llx" : " %s=%llu", name,
			   (unsigned long long)v);
}

static char *put_futex(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       char *p, char *end)
{
	const struct futex *futex = row->arg;
	const struct futex_op *op;
	uint64_t v[6], command;
	unsigned int i;

	for (i = 0; i < 6; i++)
		v[i] = xt_load(data->p + futex->field[i]->offset,
			       (unsigned int)futex->field[i]->size);
	command = v[1] & ~(uint64_t)(FUTEX_PRIVATE | FUTEX_REALTIME);
	if (!xt_has_room(pen, p, end, 256))
		return NULL;
	if (command >= sizeof(futex_ops) / sizeof(futex_ops[0]))
		return xt_run(pen, futex->generic, data, p, end);
	op = &futex_ops[command];
	p += sprintf(p, "op=%s%s%s uaddr=0x%08llx", op->name,
		     v[1] & FUTEX_PRIVATE ? "|FUTEX_PRIVATE_FLAG" : "",
		     v[1] & FUTEX_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "",
		     (unsigned long long)v[0]);
	p = put_futex_arg(p, op->val, "val", v[2]);
	p = put_futex_arg(p, op->utime, "utime", v[3]);
	p = put_futex_arg(p, op->val2, "val2", v[3]);
	p = put_futex_arg(p, op->uaddr2, "uaddr2", v[4]);
	return put_futex_arg(p, op->val3, "val3", v[5]);
}

static bool futex_enter(struct xt_build *b, const struct xt_prog *generic)
{
	struct futex *futex = xt_arena_get(&b->printer->arena, sizeof(*futex));
	unsigned int i;

	if (!futex) {
		b->failed = true;
		return true;
	}
	futex->generic = generic;
	for (i = 0; i < 6; i++) {
		futex->field[i] = xt_build_find(b, futex_fields[i], true);
		if (!futex->field[i])
			return true;
		xt_build_need(b, (uint32_t)futex->field[i]->offset,
			      (uint32_t)futex->field[i]->size);
	}
	xt_build_call(b, put_futex, futex);
	return false;
}

/* ---- mac80211 ---- */

#define MAC80211_INDENT "                                                                 "

struct mac_string {
	const struct tep_format_field *field;
	bool located;
};

static char *put_mac_string(struct xt_pen *pen, const struct xt_row *row,
			    const struct xt_data *data, char *p, char *end)
{
	const struct mac_string *s = row->arg;
	uint32_t offset = (uint32_t)s->field->offset, len = (uint32_t)s->field->size;
	size_t n;

	if (s->located) {
		uint32_t v = (uint32_t)xt_load(data->p + offset, len);

		offset = v & 0xffff;
		len = v >> 16;
	}
	n = xt_strlen_at(data, offset);
	return xt_put_text(pen, p, end, (const char *)data->p + offset, n < len ? n : len);
}

static void mac_string(struct xt_build *b, const char *name)
{
	struct mac_string *s = xt_arena_get(&b->printer->arena, sizeof(*s));

	if (!s) {
		b->failed = true;
		return;
	}
	s->field = tep_find_field(b->event, name);
	if (!s->field) {
		xt_build_printf(b, "NOTFOUND:%s", name);
		return;
	}
	s->located = !strncmp(s->field->type, "__data_loc", 10);
	xt_build_need(b, (uint32_t)s->field->offset, (uint32_t)s->field->size);
	xt_build_call(b, put_mac_string, s);
}

static void mac_field(struct xt_build *b, const char *name, const char *fmt, const char *tail)
{
	char lead[64];

	snprintf(lead, sizeof(lead), "%s:", name);
	xt_build_num(b, name, lead, fmt, false);
	xt_build_puts(b, tail);
}

static bool bss_info_changed(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	mac_string(b, "wiphy_name");
	xt_build_puts(b, " vif:");
	mac_string(b, "vif_name");
	if (xt_build_num(b, "vif_type", "(", "%d", true))
		xt_build_puts(b, ")");
	xt_build_puts(b, "\n" MAC80211_INDENT);
	mac_field(b, "assoc", "%d", " ");
	mac_field(b, "aid", "%d", " ");
	mac_field(b, "cts", "%d", " ");
	mac_field(b, "shortpre", "%d", " ");
	mac_field(b, "shortslot", "%d", " ");
	mac_field(b, "dtimper", "%d", " ");
	xt_build_puts(b, "\n" MAC80211_INDENT);
	mac_field(b, "bcnint", "%d", " ");
	mac_field(b, "assoc_cap", "%#x", " ");
	mac_field(b, "basic_rates", "%#x", " ");
	mac_field(b, "enable_beacon", "%d", "");
	xt_build_puts(b, "\n" MAC80211_INDENT);
	mac_field(b, "ht_operation_mode", "%d", "");
	return false;
}

/* ---- which events ---- */

static const struct xt_plugin plugins[] = {
	{ "sched", "sched_switch", sched_switch },
	{ "sched", "sched_wakeup", sched_wakeup },
	{ "sched", "sched_wakeup_new", sched_wakeup },
	{ "timer", "hrtimer_expire_entry", hrtimer_expire },
	{ "timer", "hrtimer_start", hrtimer_start },
	{ "kmem", "kfree", call_site },
	{ "kmem", "kmalloc", call_site },
	{ "kmem", "kmalloc_node", call_site },
	{ "kmem", "kmem_cache_alloc", call_site },
	{ "kmem", "kmem_cache_alloc_node", call_site },
	{ "kmem", "kmem_cache_free", call_site },
	{ "tlb", "tlb_flush", tlb_flush },
	{ "syscalls", "sys_enter_futex", futex_enter },
	{ "mac80211", "drv_bss_info_changed", bss_info_changed },
	{ "kvm", "kvm_exit", xt_build_kvm_exit },
	{ "kvm", "kvm_entry", xt_build_kvm_entry },
	{ "kvm", "kvm_emulate_insn", xt_build_kvm_emulate },
	{ "kvm", "kvm_nested_vmexit", xt_build_kvm_nested_exit },
	{ "kvm", "kvm_nested_vmexit_inject", xt_build_kvm_nested_inject },
	{ "kvmmmu", "kvm_mmu_get_page", xt_build_kvm_get_page },
	{ "kvmmmu", "kvm_mmu_sync_page", xt_build_kvm_role },
	{ "kvmmmu", "kvm_mmu_unsync_page", xt_build_kvm_role },
	{ "kvmmmu", "kvm_mmu_zap_page", xt_build_kvm_role },
	{ "kvmmmu", "kvm_mmu_prepare_zap_page", xt_build_kvm_role },
	{ "ftrace", "function", xt_build_function },
	{ "ftrace", "func_repeats", xt_build_repeats },
	{ "ftrace", "kernel_stack", xt_build_stack },
	{ "ftrace", "raw_data", xt_build_raw_data },
	{ "ftrace", "funcgraph_entry", xt_build_graph_entry },
	{ "ftrace", "funcgraph_exit", xt_build_graph_exit },
};

const struct xt_plugin *xt_plugin_find(const char *system, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		if (!strcmp(plugins[i].system, system) && !strcmp(plugins[i].name, name))
			return &plugins[i];
	return NULL;
}
