/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat.h - where the time of hosts, guests and their tasks went
 *
 * One pass over the ordered stream of a set makes a metric of each kind of
 * interval: a name, a histogram of durations, and for exits from the guest what
 * the time outside was spent on.  Intervals in which events were lost or the clock
 * may have been set, and such that reach over an end of the trace, are counted as
 * unknown and give no figure.
 * Memory depends on how many tasks, vCPUs and names there are, not on the length.
 */
#ifndef MRG_LAT_H
#define MRG_LAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/hist.h"
#include "merge/set.h"

struct rt_err;
struct mrg_lat;

/* Kinds of intervals: id, name as it is typed and shown, what it measures. */
#define MRG_LAT_KINDS(X) \
	X(EXIT,      "exit",      "vCPU out of the guest, from kvm_exit to its next kvm_entry") \
	X(HYPERCALL, "hypercall", "hypercall as the host saw it, until the vCPU goes on") \
	X(CALL,      "call",      "hypercall as the guest saw it") \
	X(WAKEUP,    "wakeup",    "task woken until it runs") \
	X(LATE,      "late",      "task's timer was due until it runs: what cyclictest measures") \
	X(RUNQ,      "runq",      "task pushed off its CPU until it runs again") \
	X(PREEMPT,   "preempt",   "vCPU thread waiting while another task ran on its CPU") \
	X(IRQ,       "irq",       "interrupt handler") \
	X(SOFTIRQ,   "softirq",   "soft interrupt handler") \
	X(TIMER,     "timer",     "timer's expiry until its handler is called") \
	X(TIMERFN,   "timerfn",   "timer's handler") \
	X(SYSCALL,   "syscall",   "system call") \
	X(SECTION,   "section",   "an application's cycle: from one event to another (--between)")

enum mrg_lat_kind {
#define X(id_, name_, help_) MRG_LAT_##id_,
	MRG_LAT_KINDS(X)
#undef X
	MRG_LAT_NR_KINDS
};

const char *mrg_lat_kind_name(enum mrg_lat_kind kind);
const char *mrg_lat_kind_help(enum mrg_lat_kind kind);
/* Return: the kind, or MRG_LAT_NR_KINDS. */
enum mrg_lat_kind mrg_lat_kind_find(const char *name);

/* What a vCPU's thread does while it is out of the guest. */
#define MRG_LAT_PARTS(X) \
	X(KVM,     "kvm",     "KVM itself") \
	X(USER,    "user",    "user space (QEMU)") \
	X(IRQ,     "irq",     "interrupts of the host") \
	X(SOFTIRQ, "softirq", "soft interrupts of the host") \
	X(WAIT,    "wait",    "waiting for its CPU") /* preempted, or woken */ \
	X(HALT,    "halt",    "asleep")	/* the guest was idle, or waited for QEMU */

enum mrg_lat_part {
#define X(id_, name_, help_) MRG_LAT_PART_##id_,
	MRG_LAT_PARTS(X)
#undef X
	MRG_LAT_NR_PARTS
};

const char *mrg_lat_part_name(enum mrg_lat_part part);
const char *mrg_lat_part_help(enum mrg_lat_part part);

#define MRG_LAT_NAME_MAX 48	/* bytes of a metric's name, the NUL included */

struct mrg_lat_metric {
	enum mrg_lat_kind kind;
	uint16_t member;	/* whose kernel recorded it */
	int vm_pid;		/* exits and preemptions: the VM and its vCPU; else 0 */
	int vcpu;		/* -1: none */
	char name[MRG_LAT_NAME_MAX];	/* "HLT", "rtapp", "apic_timer", ...; not escaped */
	struct mrg_hist hist;	/* ns */
	uint64_t unknown;	/* intervals without a figure */
	uint64_t parts[MRG_LAT_NR_PARTS];	/* EXIT: ns, sum of all */
};

/* An interval that was among the longest. */
struct mrg_lat_interval {
	uint32_t metric;	/* index in the result */
	uint64_t from, to;	/* merged ns */
	int pid;		/* the task, or the vCPU's thread */
	unsigned int cpu;	/* where it ended */
};

struct mrg_lat_opts {
	unsigned int threads;	/* 0: as the machine has */
	uint64_t from, to;	/* merged ns; 0 and UINT64_MAX take all */
	const char *begin, *end;	/* of sections, expressions of where.h; NULL: none */
	/*
	 * How many of the longest intervals are kept of each group of metrics, so that a
	 * kind whose intervals are long by nature hides no other.
	 */
	unsigned int worst;
	unsigned int nr_groups;	/* 0: one */
	/* Which metrics' intervals are of a group; NULL: all wake-ups. */
	bool (*wants)(void *arg, unsigned int group, const struct mrg_lat_metric *metric);
	void *wants_arg;
	void (*warn)(void *arg, const char *text);	/* damage that was passed over */
	void *warn_arg;
};

#define MRG_LAT_SAMPLES 256	/* sections kept to tell what is usual */

struct mrg_lat_result {
	struct mrg_lat_metric **metrics;	/* by kind, member, VM, vCPU; then sum */
	size_t nr;
	struct mrg_lat_interval *worst;		/* of all groups, longest first */
	size_t nr_worst;
	struct mrg_lat_interval *samples;	/* some of all sections; metric is not set */
	size_t nr_samples;
	uint64_t events, lost;		/* lost: as far as the kernels knew the number */
	uint64_t lost_places;		/* where events are missing, counted or not */
	size_t steps;			/* how often a clock was set that the merge left so */
	uint64_t first_ns, last_ns;	/* merged time of the first and last event */
	bool cut;			/* a table was full: not all were followed */
};

/* The process of a vCPU's thread; the thread where the host's trace does not tell it. */
int mrg_lat_vm_of(const struct xt_trace *host, int tid);

/* @ret: given back by mrg_lat_result_finish(), also after a failure. */
int mrg_lat_run(struct mrg_lat_result *ret, const struct mrg_set *set,
		const struct mrg_lat_opts *opts, struct rt_err *err);
void mrg_lat_result_finish(struct mrg_lat_result *result);

#endif /* MRG_LAT_H */
