/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-kvm.c - the kvm and kvmmmu events that trace-cmd's plugin writes
 *
 * The names of exit reasons are that plugin's, older and fewer than the
 * kernel's: they are part of the text that is reproduced.
 */
#include "xtrace/print-plugins.h"

#include <stdio.h>
#include <stdlib.h>

struct reason {
	int value;
	const char *name;
};

#define R(name_, value_) { .value = (value_), .name = #name_ },

static const struct reason vmx_reasons[] = {
#include "xtrace/print-kvm-vmx.def"
};

static const struct reason svm_reasons[] = {
#include "xtrace/print-kvm-svm.def"
};

#undef R

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static const char *find_reason(unsigned int isa, int value)
{
	const struct reason *reasons = isa == 1 ? vmx_reasons : svm_reasons;
	size_t nr = isa == 1 ? NELEM(vmx_reasons) : NELEM(svm_reasons), i;

	if (isa != 1 && isa != 2)
		return "UNKNOWN-ISA";
	for (i = 0; i < nr; i++)
		if (reasons[i].value == value)
			return reasons[i].name;
	return NULL;
}

/* Reasons are few and small: by number, for both instruction sets. */
#define NR_TABLE 0x480

struct exit_reason {
	const struct tep_format_field *reason, *isa;
	const char *name[2][NR_TABLE];
	uint8_t len[2][NR_TABLE];
};

static uint64_t field_of(const struct tep_format_field *field, const struct xt_data *data)
{
	return xt_load(data->p + field->offset, (unsigned int)field->size);
}

static char *put_reason(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			char *p, char *end)
{
	const struct exit_reason *er = row->arg;
	uint64_t v = field_of(er->reason, data);
	unsigned int isa = er->isa ? (unsigned int)field_of(er->isa, data) : 1;
	const char *name;

	if (!xt_has_room(pen, p, end, 64))
		return NULL;
	if ((isa == 1 || isa == 2) && v < NR_TABLE && er->name[isa - 1][v]) {
		memcpy(p, er->name[isa - 1][v], er->len[isa - 1][v]);
		return p + er->len[isa - 1][v];
	}
	name = find_reason(isa, (int)v);
	if (name)
		return p + sprintf(p, "%s", name);
	return p + sprintf(p, "UNKNOWN (%llu)", (unsigned long long)v);
}

static bool exit_reason(struct xt_build *b, const char *name)
{
	const struct tep_format_field *field = xt_build_find(b, name, true);
	struct exit_reason *er;
	unsigned int isa, i;

	if (!field)
		return false;
	er = xt_arena_get(&b->printer->arena, sizeof(*er));
	if (!er) {
		b->failed = true;
		return false;
	}
	er->reason = field;
	er->isa = xt_build_find(b, "isa", false);
	for (isa = 0; isa < 2; isa++) {
		for (i = 0; i < NR_TABLE; i++) {
			er->name[isa][i] = find_reason(isa + 1, (int)i);
			if (er->name[isa][i])
				er->len[isa][i] = (uint8_t)strlen(er->name[isa][i]);
		}
	}
	xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
	if (er->isa)
		xt_build_need(b, (uint32_t)er->isa->offset, (uint32_t)er->isa->size);
	xt_build_puts(b, "reason ");
	xt_build_call(b, put_reason, er);
	return true;
}

/* Return: false when the field is missing, which is said. */
static bool value(struct xt_build *b, const char *name, const char *lead, const char *fmt)
{
	const struct tep_format_field *field = xt_build_find(b, name, true);

	if (!field)
		return false;
	xt_build_puts(b, lead);
	xt_build_field(b, field, fmt);
	return true;
}

/* ---- the guest's functions ---- */

struct guest_ip {
	const struct tep_format_field *pid, *rip;
};

static int compare_tid(const void *a, const void *b)
{
	const struct xt_guest_cpu *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static char *put_guest_function(struct xt_pen *pen, const struct xt_row *row,
				const struct xt_data *data, char *p, char *end)
{
	const struct xt_printer *printer = pen->printer;
	const struct guest_ip *ip = row->arg;
	struct xt_guest_cpu key = { .tid = (int)field_of(ip->pid, data) }, *cpu;
	uint64_t rip = field_of(ip->rip, data), start = rip;
	const char *name = NULL;

	cpu = bsearch(&key, printer->guests, printer->nr_guests, sizeof(key), compare_tid);
	if (cpu)
		name = xt_trace_symbol(cpu->trace, rip, &start);
	if (!name)
		return p;
	if (!xt_has_room(pen, p, end, strlen(name) + RT_PUT_ROOM + 8))
		return NULL;
	p += sprintf(p, " %s", name);
	if (start != rip)
		p += sprintf(p, "+0x%llx", (unsigned long long)(rip - start));
	return p;
}

/* Behind an address of the guest: what stands there, where the guest's trace is at hand. */
static void guest_function(struct xt_build *b, const char *name)
{
	struct guest_ip *ip;

	if (!b->printer->nr_guests)
		return;
	ip = xt_arena_get(&b->printer->arena, sizeof(*ip));
	if (!ip) {
		b->failed = true;
		return;
	}
	ip->pid = tep_find_common_field(b->event, "common_pid");
	ip->rip = tep_find_any_field(b->event, name);
	if (ip->pid && ip->rip)
		xt_build_call(b, put_guest_function, ip);
}

/* ---- events ---- */

bool xt_build_kvm_exit(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *info1, *info2;

	(void)generic;
	if (!exit_reason(b, "exit_reason") || !value(b, "guest_rip", " rip 0x", "%llx"))
		return true;
	guest_function(b, "guest_rip");
	info1 = xt_build_find(b, "info1", false);
	info2 = xt_build_find(b, "info2", false);
	if (info1 && info2) {
		xt_build_puts(b, " info ");
		xt_build_field(b, info1, "%llx");
		xt_build_puts(b, " ");
		xt_build_field(b, info2, "%llx");
	}
	return false;
}

bool xt_build_kvm_entry(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	xt_build_num(b, "vcpu_id", " vcpu ", "%u", true);
	if (!value(b, "rip", " rip 0x", "%llx"))
		return true;
	guest_function(b, "rip");
	return false;
}

struct emulated {
	const struct tep_format_field *csbase, *rip, *len, *failed, *insn;
};

#define MAX_INSN 15

static char *put_emulated(struct xt_pen *pen, const struct xt_row *row,
			  const struct xt_data *data, char *p, char *end)
{
	const struct emulated *e = row->arg;

	if (!xt_has_room(pen, p, end, 2 * RT_PUT_ROOM))
		return NULL;
	p = rt_put_hex(p, field_of(e->csbase, data));
	*p++ = ':';
	return rt_put_hex(p, field_of(e->rip, data));
}

/* Without a disassembler: the instruction's bytes. */
static char *put_insn(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	const struct emulated *e = row->arg;
	uint64_t len = field_of(e->len, data), i;
	uint32_t offset = (uint32_t)e->insn->offset;

	if (!xt_has_room(pen, p, end, 128))
		return NULL;
	memcpy(p, ": ", 2);
	p += 2;
	if (len > MAX_INSN)
		len = MAX_INSN;
	for (i = 0; i < len && offset + i < data->size; i++) {
		if (i)
			*p++ = ' ';
		p = rt_put_byte(p, data->p[offset + i]);
	}
	if (!field_of(e->failed, data))
		return p;
	memcpy(p, " FAIL", 5);
	return p + 5;
}

bool xt_build_kvm_emulate(struct xt_build *b, const struct xt_prog *generic)
{
	struct emulated *e = xt_arena_get(&b->printer->arena, sizeof(*e));

	(void)generic;
	if (!e) {
		b->failed = true;
		return true;
	}
	e->rip = xt_build_find(b, "rip", true);
	e->csbase = e->rip ? xt_build_find(b, "csbase", true) : NULL;
	e->len = e->csbase ? xt_build_find(b, "len", true) : NULL;
	if (!e->len || !xt_build_find(b, "flags", true))
		return true;
	e->failed = xt_build_find(b, "failed", true);
	if (!e->failed)
		return true;
	e->insn = tep_find_field(b->event, "insn");
	if (!e->insn) {
		xt_build_puts(b, "<CANT FIND FIELD insn>");
		return true;
	}
	xt_build_need(b, (uint32_t)e->rip->offset, (uint32_t)e->rip->size);
	xt_build_need(b, (uint32_t)e->csbase->offset, (uint32_t)e->csbase->size);
	xt_build_need(b, (uint32_t)e->len->offset, (uint32_t)e->len->size);
	xt_build_need(b, (uint32_t)e->failed->offset, (uint32_t)e->failed->size);
	xt_build_call(b, put_emulated, e);
	guest_function(b, "rip");
	xt_build_call(b, put_insn, e);
	return false;
}

bool xt_build_kvm_nested_inject(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	if (!exit_reason(b, "exit_code"))
		return true;
	xt_build_num(b, "exit_info1", " info1 ", "%llx", true);
	xt_build_num(b, "exit_info2", " info2 ", "%llx", true);
	xt_build_num(b, "exit_int_info", " int_info ", "%llx", true);
	xt_build_num(b, "exit_int_info_err", " int_info_err ", "%llx", true);
	return false;
}

bool xt_build_kvm_nested_exit(struct xt_build *b, const struct xt_prog *generic)
{
	if (!value(b, "rip", " rip ", "%llx"))
		return true;
	guest_function(b, "rip");
	return xt_build_kvm_nested_inject(b, generic);
}

/* The bits of a shadow page's role as they were when the plugin was written. */
static char *put_role(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	static const char *const access[] = {
		"---", "--x", "w--", "w-x", "-u-", "-ux", "wu-", "wux"
	};
	unsigned int v = (unsigned int)field_of(row->arg, data);

	if (!xt_has_room(pen, p, end, 128))
		return NULL;
	return p + sprintf(p, "%u q%u%s %s%s %spae %snxe %swp%s%s%s", v & 15, v >> 5 & 3,
			   v & 1 << 7 ? " direct" : "", access[v >> 8 & 7],
			   v & 1 << 11 ? " invalid" : "", v & 1 << 4 ? "" : "!",
			   v & 1 << 12 ? "" : "!", v & 1 << 13 ? "" : "!",
			   v & 1 << 14 ? " smep" : "", v & 1 << 15 ? " smap" : "",
			   v >> 24 ? " smm" : "");
}

static char *put_sync(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		      char *p, char *end)
{
	const char *text = field_of(row->arg, data) ? "unsync" : "sync";

	return xt_put_text(pen, p, end, text, strlen(text));
}

bool xt_build_kvm_role(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *field = xt_build_find(b, "role", true);

	(void)generic;
	if (!field)
		return true;
	xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
	xt_build_call(b, put_role, field);
	if (xt_build_num(b, "root_count", " root ", "%u", true))
		xt_build_puts(b, " ");
	field = xt_build_find(b, "unsync", true);
	if (!field)
		return true;
	xt_build_need(b, (uint32_t)field->offset, (uint32_t)field->size);
	xt_build_call(b, put_sync, field);
	return false;
}

static char *put_created(struct xt_pen *pen, const struct xt_row *row,
			 const struct xt_data *data, char *p, char *end)
{
	const char *text = field_of(row->arg, data) ? "new " : "existing ";

	return xt_put_text(pen, p, end, text, strlen(text));
}

bool xt_build_kvm_get_page(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *created = xt_build_find(b, "created", true);

	if (!created)
		return true;
	xt_build_need(b, (uint32_t)created->offset, (uint32_t)created->size);
	xt_build_call(b, put_created, created);
	if (!value(b, "gfn", "sp gfn ", "%llx"))
		return true;
	xt_build_puts(b, " ");
	return xt_build_kvm_role(b, generic);
}
