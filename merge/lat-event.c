/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-event.c - where an event of some kernel has what the latency engine needs */
#include "merge/lat-engine.h"

#include <errno.h>
#include <stdlib.h>

static const struct { enum kev_role role; const char *names[LAT_NR_KEYS]; const char *comm; }
wanted[] = {
	{ KEV_GUEST_BEGIN, { [LAT_VCPU] = "vcpu_id" }, NULL },
	{ KEV_GUEST_END, { [LAT_REASON] = "exit_reason", [LAT_ISA] = "isa",
			   [LAT_VCPU] = "vcpu_id" }, NULL },
	{ KEV_USER_BEGIN, { NULL }, NULL },
	{ KEV_HYPERCALL, { [LAT_NR] = "nr" }, NULL },
	{ KEV_HYPERCALL_DONE, { [LAT_NR] = "nr" }, NULL },
	{ KEV_IRQ_BEGIN, { [LAT_NR] = "irq" }, NULL },
	{ KEV_IRQ_END, { [LAT_NR] = "irq" }, NULL },
	{ KEV_SOFTIRQ_BEGIN, { [LAT_NR] = "vec" }, NULL },
	{ KEV_SOFTIRQ_END, { [LAT_NR] = "vec" }, NULL },
	{ KEV_TIMER_ARM, { [LAT_ADDR] = "hrtimer", [LAT_EXPIRES] = "expires",
			   [LAT_FUNCTION] = "function" }, NULL },
	{ KEV_TIMER_CANCEL, { [LAT_ADDR] = "hrtimer" }, NULL },
	{ KEV_TIMER_BEGIN, { [LAT_ADDR] = "hrtimer", [LAT_NOW] = "now",
			     [LAT_FUNCTION] = "function" }, NULL },
	{ KEV_TIMER_END, { [LAT_ADDR] = "hrtimer" }, NULL },
	{ KEV_SWITCH, { [LAT_PID] = "next_pid", [LAT_PREV_PID] = "prev_pid",
			[LAT_PREV_STATE] = "prev_state", [LAT_PRIO] = "next_prio",
			[LAT_PREV_PRIO] = "prev_prio" }, "next_comm" },
	{ KEV_WAKING, { [LAT_PID] = "pid" }, "comm" },
	{ KEV_WAKEUP, { [LAT_PID] = "pid", [LAT_TO_CPU] = "target_cpu" }, "comm" },
	{ KEV_MIGRATE, { [LAT_PID] = "pid", [LAT_TO_CPU] = "dest_cpu" }, "comm" },
	{ KEV_FORK, { [LAT_PID] = "child_pid" }, NULL },
	{ KEV_TASK_EXIT, { [LAT_PID] = "pid" }, NULL },
	{ KEV_SYSCALL_ENTER, { [LAT_NR] = "id" }, NULL },
	{ KEV_SYSCALL_EXIT, { [LAT_NR] = "id" }, NULL },
	{ KEV_FAULT, { NULL }, NULL },
	{ KEV_MARK, { NULL }, NULL },
	{ KEV_GS_GUEST, { [LAT_NR] = "nr" }, NULL },
};

static void place(struct lat_field *ret, const struct xt_event *event, const char *name)
{
	const struct xt_field *field = xt_event_field(event, name);

	if (!field || field->size == 0 || field->size > 8 || field->offset > UINT16_MAX ||
	    (field->flags & (XT_FIELD_ARRAY | XT_FIELD_DYNAMIC)))
		return;
	ret->offset = (uint16_t)field->offset;
	ret->size = (uint8_t)field->size;
	ret->shift = (uint8_t)(64 - 8 * field->size);
	ret->is_signed = field->flags & XT_FIELD_SIGNED;
}

/* The jiffies timers have the same roles, and "timer" where hrtimers have "hrtimer". */
static void place_timer(struct lat_event *ret, const struct xt_event *event)
{
	ret->hrtimer = ret->f[LAT_ADDR].size > 0;
	if (!ret->hrtimer)
		place(&ret->f[LAT_ADDR], event, "timer");
}

/* Which of the guest's own events of guest services it is. */
static uint8_t gs_kind(const struct kev_event *kev)
{
	const char *name;
	unsigned int kind;

	for (kind = 0; kind < KEV_NR_GS_KINDS; kind++) {
		name = kev_gs_name(kind, false);
		if (name && strcmp(name, kev->name) == 0)
			break;
	}
	return (uint8_t)kind;
}

/* Where a task's name is; 0 where this kernel's event has none. */
static uint16_t place_comm(const struct xt_event *event, const char *name)
{
	const struct xt_field *comm = name ? xt_event_field(event, name) : NULL;

	return comm && comm->size == LAT_COMM && comm->offset <= UINT16_MAX ?
	       (uint16_t)comm->offset : 0;
}

static void describe(struct lat_event *ret, const struct xt_event *event)
{
	unsigned int i, key;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (wanted[i].role != event->kev->role)
			continue;
		ret->role = (uint8_t)event->kev->role;
		for (key = 0; key < LAT_NR_KEYS; key++) {
			if (wanted[i].names[key])
				place(&ret->f[key], event, wanted[i].names[key]);
		}
		ret->comm = place_comm(event, wanted[i].comm);
	}
	if (ret->role == KEV_SWITCH)
		ret->prev_comm = place_comm(event, "prev_comm");
	if (ret->role >= KEV_TIMER_ARM && ret->role <= KEV_TIMER_END)
		place_timer(ret, event);
	ret->fixed = event->kev->fixed;
	ret->gs = gs_kind(event->kev);
	ret->text = xt_event_field(event, ret->role == KEV_MARK ? "buf" : "name");
	ret->min_size = (uint16_t)(event->min_size < UINT16_MAX ? event->min_size : UINT16_MAX);
}

/* The single events of the system "syscalls" say the same as raw_syscalls. */
static bool is_of_interest(const struct xt_event *event)
{
	return event && event->kev && strcmp(event->system, "syscalls") != 0;
}

int lat_events_create(struct lat_system *sys, const struct xt_trace *trace)
{
	const struct xt_event *event;
	unsigned int id;

	sys->nr_events = xt_trace_max_event_id(trace) + 1;
	sys->events = calloc(sys->nr_events, sizeof(*sys->events));
	if (!sys->events)
		return -ENOMEM;
	for (id = 0; id < sys->nr_events; id++) {
		event = xt_trace_event(trace, id);
		if (is_of_interest(event))
			describe(&sys->events[id], event);
	}
	return 0;
}
