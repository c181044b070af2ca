/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kvm-events.h - what the events of a trace mean, as rows
 *
 * A row says how a kernel's tracepoint is called on our screen, what part it
 * plays (its role), and which of its fields are shown and how.  Capture, merge
 * and analysis are written against roles; no other folder compares the name of
 * a tracepoint.  No I/O anywhere; look-ups allocate nothing and are thread-safe.
 */
#ifndef KEV_KVM_EVENTS_H
#define KEV_KVM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gs/protocol.h"

/* ---- the catalogue of events ---- */

/* The part that an event plays in the life of a CPU, a task or a vCPU. */
enum kev_role {
	KEV_NONE,
	KEV_GUEST_BEGIN,	/* kvm_entry: the vCPU runs guest code from here on */
	KEV_GUEST_END,		/* kvm_exit */
	KEV_USER_BEGIN,		/* kvm_userspace_exit: KVM_RUN returns to QEMU */
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

/*
 * How one argument is printed.  The kinds marked "name" are numbers that
 * kev_value_name() may know; where it does not, they are printed in decimal.
 */
enum kev_show {
	KEV_DEC,		/* signed or unsigned as the field is */
	KEV_HEX,		/* 0x... */
	KEV_STR,		/* text field, fixed or dynamic */
	KEV_PID_VM,		/* a vCPU thread's PID: shown as the PID of its VM where known */
	KEV_SYSCALL,		/* name */
	KEV_EXIT_REASON,	/* name, together with the field "isa" */
	KEV_HYPERCALL_NR,	/* name, else hexadecimal */
	KEV_SOFTIRQ,		/* name */
	KEV_CSTATE,		/* name: cpu_idle's state, 4294967295 is "exit" */
	KEV_SYSCALL_ARG0,	/* first word of the field "args" (a descriptor), decimal */
	KEV_SYMBOL,		/* kernel address: symbol where known, else 0x... */
	KEV_TASK_STATE,		/* name: "S", "D", "R+" (preempted) */
	KEV_USER_EXIT,		/* name: why KVM_RUN returned to QEMU */
	KEV_EXCEPTION,		/* name: x86 exception by its mnemonic */
	KEV_VECTOR,		/* name: a Linux kernel's interrupt vector */
	KEV_WRITE,		/* name: 0 "read", else "write" */
	KEV_MMIO,		/* name: direction of kvm_mmio */
	KEV_TICK_DEP,		/* name: what keeps the tick of a nohz_full CPU */
	KEV_CPUMASK,		/* bit mask field: printed as a cpulist */
	KEV_DATA,		/* bytes: printed as escaped text */
	KEV_NR_SHOWS
};

#define KEV_MAX_ARGS 8

struct kev_arg {
	const char *field;	/* name in the format file; NULL ends the list */
	enum kev_show show;
	const char *label;	/* "vcpu" -> "vcpu 1"; NULL: the value alone */
	const char *name;	/* for programs and filters; NULL: the label, or the field's own */
};

/*
 * On the screen: NAME [fixed arg arg], parts separated by one blank.  A field
 * that a kernel's format lacks is left out with its label.
 */
struct kev_event {
	const char *system, *event;	/* tracefs: events/<system>/<event> */
	const char *name;		/* ours: KVM_ENTER_VM_PID */
	enum kev_role role;
	const char *fixed;		/* first argument that is not a field: "apic_timer" */
	struct kev_arg args[KEV_MAX_ARGS];
};

/* Return: the row, or NULL when the catalogue has none. */
const struct kev_event *kev_event_find(const char *system, const char *event);
/*
 * All rows in order of system and event; @i from 0, NULL behind the last.  The
 * single events of the system "syscalls" have rows that are found, not listed.
 */
const struct kev_event *kev_event_at(size_t i);

/*
 * Our names as they may be typed: all tracepoints needed to see one of our
 * names (INTERRUPT_ENTER is many; FILE_READ is made from sys_enter); case is
 * ignored.  Return: how many rows matched, which may be more than @max.
 */
size_t kev_event_by_name(const char *name, const struct kev_event **ret, size_t max);

/*
 * The name of an event without a row: "SYSTEM_EVENT" in capitals, SYSTEM once
 * where the event begins with it.  Cut to @size; returns @buf.
 */
char *kev_default_name(char *buf, size_t size, const char *system, const char *event);

/* One of our names, for completion and the page kvmrt-events(7). */
struct kev_name {
	const char *name;
	const char *from;	/* "system:event" it is derived from beside its rows, or NULL */
	const char *meaning;
};

const struct kev_name *kev_name_find(const char *name);	/* exact */
/* Ours for a short form, KVM_EXIT_VM_PID for KVM_EXIT, whatever its case; else @name. */
const char *kev_full_name(const char *name);
const struct kev_name *kev_name_at(size_t i);		/* NULL behind the last */

/* A group of -e: NULL-terminated list of tracefs globs "kvm:*", or NULL. */
const char *const *kev_group_find(const char *name);
const char *kev_group_at(size_t i);	/* names of the groups, NULL behind the last */

/*
 * A line made beside a syscall's own: its name (FILE_READ), or NULL.  At
 * sys_enter its argument is the first word of "args"; at sys_exit it is "ret",
 * and there is no line where that is negative (FILE_OPEN shows the new descriptor).
 */
const char *kev_syscall_derived(uint64_t nr);
const char *kev_syscall_exit_derived(uint64_t nr);

/* ---- names of numbers; NULL where there is none ---- */

/* Any kind of enum kev_show but KEV_EXIT_REASON, which needs the isa. */
const char *kev_value_name(enum kev_show show, uint64_t value);
const char *kev_syscall_name(uint64_t nr);		/* x86-64 */
const char *kev_exit_name(unsigned int isa, uint64_t reason);	/* isa 1 VMX, 2 SVM */
const char *kev_hypercall_name(uint64_t nr);
const char *kev_softirq_name(uint64_t vec);
const char *kev_user_exit_name(uint64_t reason);
const char *kev_exception_name(uint64_t vector);
const char *kev_vector_name(uint64_t vector);
const char *kev_task_state_name(uint64_t state);

/* What an exit costs and why it happens: classes for summaries and advice. */
enum kev_cost {
	KEV_COST_IRQ,		/* an interrupt, NMI or SMI came */
	KEV_COST_TIMER,		/* the guest's timer */
	KEV_COST_IDLE,		/* the guest waits */
	KEV_COST_SPIN,		/* the guest spins */
	KEV_COST_APIC,		/* interrupt controller work that hardware could do */
	KEV_COST_EMUL,		/* an instruction or register that KVM emulates */
	KEV_COST_IO,		/* ports and device memory */
	KEV_COST_MMU,		/* memory that the host must provide */
	KEV_COST_CALL,		/* the guest called the host */
	KEV_COST_NEST,		/* the guest is itself a hypervisor */
	KEV_COST_FAULT,		/* exceptions, debugging, bus locks */
	KEV_COST_END,		/* the vCPU starts, stops or cannot go on */
	KEV_NR_COSTS
};

struct kev_exit {
	uint32_t number;
	enum kev_cost cost;
	const char *name;	/* HLT */
	const char *help;	/* for the operator */
};

#define KEV_ISA_VMX 1
#define KEV_ISA_SVM 2
#define KEV_VMX_FAILED_ENTRY 0x80000000u	/* flag above the reason: the entry failed */

const struct kev_exit *kev_exit_find(unsigned int isa, uint64_t reason);
const struct kev_exit *kev_exit_at(unsigned int isa, size_t i);	/* NULL behind the last */
const char *kev_cost_name(enum kev_cost cost);			/* "irq" */

/* ---- guest services: one form for hypercall, marker and module's event ---- */

enum kev_gs_kind {
	KEV_GS_HC_START, KEV_GS_HC_END,	/* any hypercall, as the guest saw it */
	KEV_GS_QUERY, KEV_GS_PING, KEV_GS_FLUSH, KEV_GS_LOG_MSG, KEV_GS_LOG_DATA,
	KEV_NR_GS_KINDS
};

/* Part of a message; [offset, offset + size) is always within length. */
struct kev_frag {
	uint32_t id;
	uint16_t offset, length;	/* length: of the whole message, at most GS_DATA_MAX */
	uint16_t size;
	uint8_t tag;		/* the caller's own; a message has that of its last fragment */
	uint8_t data[GS_MARKER_DATA_MAX];
};

struct kev_gs {
	enum kev_gs_kind kind;
	uint64_t nr;			/* HC_START, HC_END: the hypercall's number */
	uint64_t arg[4];		/* HC_START: a0-a3; HC_END: result; PING: cookie;
					 * FLUSH: scope, incident; QUERY: version */
	struct kev_frag frag;		/* LOG_MSG, LOG_DATA */
};

/* "KVMRT_GS_PING_HOST", "KVM_GUEST_HC_START"; NULL where that side has no such event. */
const char *kev_gs_name(enum kev_gs_kind kind, bool host);

/* What a module's event reports, and from which side; false: the row is none of theirs. */
bool kev_gs_event(const struct kev_event *row, enum kev_gs_kind *ret_kind, bool *ret_host);

/**
 * kev_gs_decode() - a hypercall's registers as a guest service.
 * Return: 0; -ENOENT: not one of our numbers; -EINVAL: it breaks the protocol.
 */
int kev_gs_decode(struct kev_gs *ret, uint64_t nr, const uint64_t args[4]);

/**
 * kev_marker_parse() - a line of trace_marker as a guest service.
 * @text: @len bytes, not NUL-terminated; one trailing newline and NULs are ignored.
 * Syntax: gs/protocol.h.
 * Return: 0; -ENOENT: not our prefix (any user's mark); -EINVAL: our prefix,
 * but not our syntax: show it as any other mark.
 */
int kev_marker_parse(struct kev_gs *ret, const char *text, size_t len);

/* ---- messages out of fragments ---- */

struct kev_joiner;

/* Who speaks: the caller's number of the VM or guest, and LOG_MSG or LOG_DATA. */
struct kev_speaker {
	uint64_t vm;
	enum kev_gs_kind kind;
	uint32_t id;
};

struct kev_message {
	struct kev_speaker from;
	uint64_t first_ns, last_ns;
	const uint8_t *data;	/* length bytes, holes are 0; borrowed until @fn returns */
	uint16_t length;
	uint16_t missing;	/* bytes that never came */
	uint8_t tag;
	const uint64_t *cells;	/* bit n: bytes [24n, 24n + 24) came */
};

typedef void (*kev_message_fn)(void *arg, const struct kev_message *msg);

/**
 * kev_joiner_create() - room for @max messages in the making (about 4 KiB each).
 * @fn: called with each message that is complete, or given up.
 * Return: 0, -EINVAL (@max 0 or over 65536), -ENOMEM.
 */
int kev_joiner_create(struct kev_joiner **ret, size_t max, kev_message_fn fn, void *arg);
void kev_joiner_destroy(struct kev_joiner *joiner);
/*
 * Adds a fragment.  Calls @fn when it completes a message; and for one that is
 * given up: the oldest when there is no room, one whose id is used again.
 * Return: 0; -EINVAL: the fragment does not lie in its message, nothing was done.
 */
int kev_joiner_add(struct kev_joiner *joiner, const struct kev_speaker *from,
		   const struct kev_frag *frag, uint64_t ns);
/* Gives up all whose last fragment is older than @ns; UINT64_MAX: all. */
void kev_joiner_expire(struct kev_joiner *joiner, uint64_t ns);
/* The next hole at or behind @from: true with [*ret_begin, *ret_end). */
bool kev_message_hole(const struct kev_message *msg, unsigned int from,
		      unsigned int *ret_begin, unsigned int *ret_end);

/* ---- vCPU threads: in guest or not, hypercalls in flight ---- */

struct kev_state;

/* One event of a vCPU thread; feed them in the thread's own order. */
struct kev_step {
	enum kev_role role;	/* others than those below change nothing */
	uint32_t host;		/* which kernel, where several are merged */
	int32_t pid;		/* the vCPU thread: common_pid of KVM's events */
	uint32_t vcpu_id;	/* GUEST_BEGIN, GUEST_END */
	uint64_t ns;
	uint64_t nr;		/* HYPERCALL, HYPERCALL_DONE: number; GUEST_END: reason */
};

struct kev_vcpu {
	uint32_t host;
	int32_t pid;
	uint32_t vcpu_id;
	bool in_guest;
	bool in_hypercall;	/* traced, and not yet answered */
	uint64_t begin_ns;	/* of the last GUEST_BEGIN and GUEST_END; 0: none yet */
	uint64_t end_ns;
	uint64_t reason;	/* of the last GUEST_END */
	uint64_t hc_nr, hc_ns;	/* of the hypercall in flight */
};

/* What a step meant. */
struct kev_change {
	uint64_t span_ns;	/* GUEST_END: time in the guest; GUEST_BEGIN: time out of it */
	bool hc_done;		/* GUEST_BEGIN: ends a hypercall, a derived KVM_HOST_HC_EXIT */
	uint64_t hc_nr, hc_ns;	/* of that hypercall: number, time it was traced */
	bool broken;		/* begin after begin, end after end: events are missing */
};

/**
 * kev_state_create() - a table for at most @max vCPU threads, all hosts together.
 * Return: 0, -EINVAL (@max 0 or over 2^20), -ENOMEM.
 */
int kev_state_create(struct kev_state **ret, size_t max);
void kev_state_destroy(struct kev_state *state);
/*
 * TASK_EXIT forgets the thread.  A host whose module reports its hypercalls
 * (HYPERCALL_DONE was seen, or kev_state_has_module() was called) has no
 * derived ends for guest services.
 * Return: 0 with *ret filled; -ENOSPC: one thread too many, not followed.
 */
int kev_state_feed(struct kev_state *state, const struct kev_step *step, struct kev_change *ret);
void kev_state_has_module(struct kev_state *state, uint32_t host);
/* Return: the thread as it stands, or NULL; borrowed until the next feed. */
const struct kev_vcpu *kev_state_find(const struct kev_state *state, uint32_t host, int32_t pid);

#endif /* KEV_KVM_EVENTS_H */
