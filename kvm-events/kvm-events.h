/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kvm-events.h - what the events of a trace mean, as rows
 *
 * A row says how a kernel's tracepoint is called on our screen, what part it
 * plays (its role), and which of its fields are shown and how.  Capture, merge
 * and analysis are written against roles; no other folder compares the name of
 * a tracepoint.  No I/O and no allocation in look-ups.
 */
#ifndef KEV_KVM_EVENTS_H
#define KEV_KVM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part that an event plays in the life of a CPU, a task or a vCPU. */
enum kev_role {
	KEV_NONE,
	KEV_GUEST_BEGIN,	/* kvm_entry: the vCPU runs guest code from here on */
	KEV_GUEST_END,		/* kvm_exit */
	KEV_HYPERCALL,		/* kvm_hypercall, on the host */
	KEV_HYPERCALL_DONE,	/* the host module's own event */
	KEV_TSC_OFFSET,		/* kvm_write_tsc_offset */
	KEV_IRQ_BEGIN, KEV_IRQ_END,
	KEV_SOFTIRQ_RAISE, KEV_SOFTIRQ_BEGIN, KEV_SOFTIRQ_END,
	KEV_TIMER_ARM, KEV_TIMER_CANCEL, KEV_TIMER_BEGIN, KEV_TIMER_END,
	KEV_SWITCH, KEV_WAKING, KEV_WAKEUP, KEV_MIGRATE,
	KEV_FORK, KEV_EXEC, KEV_TASK_EXIT,
	KEV_SYSCALL_ENTER, KEV_SYSCALL_EXIT,
	KEV_FAULT,
	KEV_IDLE,
	KEV_MARK,		/* trace_marker text (ftrace:print) */
	KEV_GS_GUEST,		/* guest services as the guest saw them */
	KEV_GS_HOST,
	KEV_NR_ROLES
};

/* How one argument is printed. */
enum kev_show {
	KEV_DEC,		/* signed or unsigned as the field is */
	KEV_HEX,		/* 0x... */
	KEV_STR,		/* text field, fixed or dynamic */
	KEV_PID_VM,		/* a vCPU thread's PID: shown as the PID of its VM where known */
	KEV_SYSCALL,		/* number -> name */
	KEV_EXIT_REASON,	/* exit_reason with isa -> name */
	KEV_HYPERCALL_NR,	/* number -> name */
	KEV_SOFTIRQ,		/* vec -> name */
	KEV_CSTATE,		/* cpu_idle's state: 4294967295 is "exit" */
	KEV_SYSCALL_ARG0,	/* first word of the field "args" (a descriptor), decimal */
};

#define KEV_MAX_ARGS 8

struct kev_arg {
	const char *field;	/* name in the format file; NULL ends the list */
	enum kev_show show;
	const char *label;	/* "vcpu" -> "vcpu 1"; NULL: the value alone */
};

struct kev_event {
	const char *system, *event;	/* tracefs: events/<system>/<event> */
	const char *name;		/* ours: KVM_ENTER_VM_PID */
	enum kev_role role;
	const char *fixed;		/* first argument that is not a field: "apic_timer" */
	struct kev_arg args[KEV_MAX_ARGS];
};

/* Return: the row, or NULL when the catalogue has none. */
const struct kev_event *kev_event_find(const char *system, const char *event);
/* All rows in order, for completion and pages; @i from 0, NULL behind the last. */
const struct kev_event *kev_event_at(size_t i);

/*
 * Our names as they may be typed: all tracepoints behind one of our names
 * (INTERRUPT_ENTER is many); case is ignored.  Return: how many rows matched.
 */
size_t kev_event_by_name(const char *name, const struct kev_event **ret, size_t max);

/* A group of -e: NULL-terminated list of tracefs globs "kvm:*", or NULL. */
const char *const *kev_group_find(const char *name);
const char *kev_group_at(size_t i);	/* names of the groups, NULL behind the last */

/* A line made from a sys_enter record beside its own (FILE_READ), or NULL. */
const char *kev_syscall_derived(uint64_t nr);

/* Names of numbers; NULL where there is none. */
const char *kev_syscall_name(uint64_t nr);		/* x86-64 */
const char *kev_exit_name(unsigned int isa, uint64_t reason);	/* isa 1 VMX, 2 SVM */
const char *kev_hypercall_name(uint64_t nr);
const char *kev_softirq_name(uint64_t vec);

#endif /* KEV_KVM_EVENTS_H */
