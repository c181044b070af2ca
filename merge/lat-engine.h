/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-engine.h - the state behind lat.h: what each CPU, task and vCPU is doing
 *
 * lat.c feeds records in order; lat-event.c says what is in them; lat-cpu.c
 * follows interrupts and timers, lat-task.c tasks and system calls, lat-vcpu.c
 * the vCPUs; lat-metric.c keeps the figures.
 */
#ifndef MRG_LAT_ENGINE_H
#define MRG_LAT_ENGINE_H

#include "kvm-events/kvm-events.h"
#include "merge/lat-map.h"
#include "merge/lat.h"
#include "merge/stream.h"

#define LAT_MAX_TASKS	(1u << 20)	/* followed at once, all kernels together */
#define LAT_MAX_TIMERS	(1u << 18)
#define LAT_MAX_METRICS	(1u << 17)
#define LAT_DEPTH	16	/* interrupts within interrupts on one CPU */
#define LAT_PRIO_NORMAL	120	/* DEFAULT_PRIO in include/linux/sched/prio.h */
#define LAT_PRIO_RT	100	/* MAX_RT_PRIO: real time is below; deadline is below 0 */
#define LAT_COMM	16	/* TASK_COMM_LEN in include/linux/sched.h */

/* ---- an event of one kernel: where its fields stand ---- */

/* A scalar field read without a branch on its size. */
struct lat_field {
	uint16_t offset;
	uint8_t size;		/* 0: this kernel's event has no such field */
	uint8_t shift;		/* unused bits of 64: sign or zero is made of them */
	bool is_signed;
};

enum lat_key {		/* what the fields mean; the same place serves several roles */
	LAT_PID = 0,	/* SWITCH: next_pid; WAKING, WAKEUP, MIGRATE, EXIT: pid; FORK: child_pid */
	LAT_PREV_PID, LAT_PREV_STATE, LAT_PRIO, LAT_PREV_PRIO,
	LAT_TO_CPU = 1,		/* WAKEUP, MIGRATE: where the task is sent */
	LAT_NR = 0,		/* SYSCALL, HYPERCALL: number; IRQ: irq; SOFTIRQ: vec */
	LAT_REASON = 0, LAT_ISA,
	LAT_VCPU,
	LAT_ADDR = 0, LAT_NOW, LAT_EXPIRES, LAT_FUNCTION,
	LAT_NR_KEYS = 5
};

struct lat_event {
	uint8_t role;		/* enum kev_role; KEV_NONE: of no interest */
	bool hrtimer;		/* its times are ns */
	uint8_t gs;		/* GS_GUEST: enum kev_gs_kind */
	uint8_t marks;		/* lat-section.c's own */
	uint16_t comm;		/* offset of the named task's name; 0: none */
	uint16_t prev_comm;	/* SWITCH: of the one that leaves */
	uint16_t min_size;
	struct lat_field f[LAT_NR_KEYS];
	const char *fixed;	/* "apic_timer" */
	const struct xt_field *text;	/* name of an interrupt's handler */
};

static inline uint64_t lat_get(const struct lat_field *field, const uint8_t *data)
{
	uint64_t v;

	if (field->size == 0)
		return 0;
	if (field->size == 4) {
		uint32_t w;

		memcpy(&w, data + field->offset, sizeof(w));
		return field->is_signed ? (uint64_t)(int64_t)(int32_t)w : w;
	}
	v = 0;
	memcpy(&v, data + field->offset, field->size);
	if (field->is_signed)
		return (uint64_t)((int64_t)(v << field->shift) >> field->shift);
	return v;
}

/* ---- what is going on ---- */

struct lat_task;

enum lat_frame_kind { LAT_FRAME_IRQ, LAT_FRAME_SOFTIRQ, LAT_FRAME_TIMER };

struct lat_frame {		/* what interrupts the task of a CPU */
	enum lat_frame_kind kind;
	uint64_t id;		/* number of the interrupt or address of the timer */
	uint64_t begin;
	uint64_t due;		/* TIMER: when it was to expire; 0 unknown */
	struct mrg_lat_metric *metric;
};

struct lat_cpu {
	struct lat_task *current;	/* NULL: idle or unknown */
	uint64_t run_since;		/* of ->current, or of idle */
	struct lat_task *waiters;	/* vCPUs' threads that wait for this CPU */
	struct lat_probe *probe;	/* NULL: nobody asks what it does */
	unsigned int depth;
	struct lat_frame frames[LAT_DEPTH];
};

enum lat_run { LAT_UNKNOWN, LAT_RUNNING, LAT_RUNNABLE, LAT_SLEEPING };

struct lat_task {
	int pid;
	int prio;			/* as the kernel counts */
	uint16_t system;
	uint16_t cpu;			/* where it ran or was sent last */
	uint8_t run;			/* enum lat_run */
	bool calling;			/* within a system call */
	char comm[LAT_COMM];
	uint64_t wait_since;		/* RUNNABLE: since when */
	bool woken;			/* ... because it was woken, not pushed off */
	bool queued;			/* ... on a CPU, not just being woken */
	bool waits;			/* ... for this CPU, since then: it is among its waiters */
	uint16_t waits_for;
	uint64_t waits_since;
	struct lat_task *next_waiter;
	uint64_t cpu_since;		/* ... since when for ->cpu */
	uint64_t due;			/* ... by a timer that was to expire then; 0: by another */
	char waker[MRG_LAT_NAME_MAX];	/* by whom; only while something is probed */
	uint64_t call_nr, call_begin;
	uint64_t guest_nr, guest_begin;	/* guest's own view of a hypercall; begin 0: none */
	/* of this ->comm; made at the first figure */
	struct mrg_lat_metric *wakeup, *runq, *late;
	struct lat_vcpu *vcpu;		/* owned; this is a vCPU's thread */
};

enum lat_where { LAT_IN_GUEST, LAT_OUT, LAT_NOWHERE };

struct lat_vcpu {
	int vm_pid, index;
	uint8_t where;			/* enum lat_where */
	uint8_t part;			/* enum mrg_lat_part: what it does now, while out */
	uint8_t base;			/* KVM or USER: what it does when nothing disturbs it */
	char sleep;			/* state in which it is asleep, as the kernel prints it */
	uint64_t since;			/* of ->part */
	uint64_t exit_ns;
	uint64_t reason;		/* key of ->exits */
	unsigned int isa;
	uint64_t parts[MRG_LAT_NR_PARTS];	/* of this time outside */
	uint64_t hc_nr, hc_ns;		/* hypercall in flight; ns 0: none */
	struct mrg_lat_map exits;	/* isa and reason -> metric */
	struct lat_probe *probe;	/* NULL: nobody asks what it does */
};

/* When its clock was set: no interval that overlaps this and is as long is known. */
struct lat_step {
	uint64_t from, to;	/* merged ns */
	uint64_t least;
};

struct lat_system {		/* a member: one kernel */
	struct lat_event *events;	/* by id */
	unsigned int nr_events;
	struct lat_cpu *cpus;
	unsigned int nr_cpus;
	uint64_t lost_ns;		/* events were lost last at this time; 0: never */
	struct lat_step *steps;
	size_t nr_steps;
	struct mrg_lat_metric *syscalls[512];	/* by number */
	struct mrg_lat_metric *softirqs[32];
	struct mrg_lat_map irqs;	/* number or address of the fixed name -> metric */
	struct mrg_lat_map functions;	/* timer's function -> metric of its handler */
	struct mrg_lat_map lateness;	/* timer's function -> metric */
};

struct lat_timer {
	uint64_t expires, function;
	uint64_t armed;		/* when that was said */
};

struct lat_worst {		/* a heap, the shortest on top */
	struct lat_kept *v;
	unsigned int nr, max;
};

struct lat_kept {
	const struct mrg_lat_metric *metric;
	uint64_t from, to;
	int pid;
	unsigned int cpu;
};

struct mrg_lat {
	const struct mrg_set *set;
	const struct mrg_lat_opts *opts;
	struct mrg_lat_result *result;
	struct mrg_stream *stream;
	struct lat_system *systems;	/* by member */
	struct mrg_lat_map tasks;	/* system << 32 | pid -> struct lat_task */
	struct mrg_lat_map timers;	/* system and address -> struct lat_timer */
	struct mrg_lat_map metrics;	/* hash of the key -> first metric of it */
	struct lat_worst *worst;	/* by group; NULL where none are kept */
	unsigned int nr_groups;
	struct lat_probing *probing;	/* NULL, but where an interval is explained */
	struct lat_section *section;	/* NULL where no sections are asked for */
	bool no_memory;
};

/* A record under observation. */
struct lat_rec {
	uint64_t ns;
	const uint8_t *data;
	uint32_t size;
	const struct lat_event *event;
	struct lat_system *sys;
	struct lat_cpu *cpu;
	uint16_t system;
	uint16_t cpu_nr;
};

static inline uint64_t lat_field(const struct lat_rec *rec, enum lat_key key)
{
	return lat_get(&rec->event->f[key], rec->data);
}

static inline int lat_common_pid(const struct lat_rec *rec)
{
	int pid;

	memcpy(&pid, rec->data + 4, sizeof(pid));
	return pid;
}

/* lat-probe.c: what a CPU or a vCPU's thread did within an interval, summed by doer */

enum lat_deed {
	LAT_RAN,	/* a task on the CPU; no name: idle */
	LAT_INTERRUPT,	/* a handler, on the CPU or while the thread ran */
	LAT_SOFTIRQ,	/* that of a soft interrupt */
	LAT_PART,	/* the thread outside the guest: enum mrg_lat_part by name */
	LAT_EXITED,	/* the thread was outside for this reason */
	LAT_PREEMPTED,	/* another task ran while the thread waited */
	LAT_SLEPT,	/* the thread was asleep otherwise than a halted vCPU is: how */
	LAT_FAULTED,	/* a page fault: only how often */
	LAT_NR_DEEDS
};

struct lat_doer {
	enum lat_deed deed;
	char name[MRG_LAT_NAME_MAX], waker[MRG_LAT_NAME_MAX];
	int pid, prio;		/* RAN, PREEMPTED: of the task that did the longest */
	uint16_t system;
	int vm_pid, vcpu;	/* ... where it is a vCPU's thread; else 0 */
	bool several;		/* ... and others of its name did the rest */
	uint64_t sum, longest;	/* ns within the interval */
	unsigned int times;
};

#define LAT_MAX_DOERS 64
#define LAT_OTHERS "(others)"	/* of a deed, where there are more */

struct lat_probe {
	uint64_t from, to;
	uint64_t wait_from, wait_to;	/* the thread's longest wait for a CPU; to 0: none */
	unsigned int wait_cpu;		/* ... for this one */
	bool wait_pushed;		/* ... pushed off it, not woken */
	unsigned int nr;
	struct lat_doer doers[LAT_MAX_DOERS];
};

struct lat_probing {
	uint16_t host;		/* whose thread of a vCPU is probed */
	int tid;		/* 0: none */
	struct lat_probe *vcpu;
};

/* Adds what lies within the probe's interval; a probe that is NULL takes nothing. */
void lat_probe_add(struct lat_probe *probe, enum lat_deed deed, const char *name, uint64_t from,
		   uint64_t to);
void lat_probe_task(struct lat_probe *probe, enum lat_deed deed, const struct lat_task *task,
		    uint64_t from, uint64_t to);
struct lat_probe *lat_probe_of(const struct lat_probing *probing, uint16_t system, int tid);
/* The thread has waited for @cpu, and now runs there or was sent to another. */
void lat_probe_wait(struct lat_probe *probe, unsigned int cpu, bool pushed, uint64_t from,
		    uint64_t to);
/* What has no duration of its own. */
void lat_probe_count(struct lat_probe *probe, enum lat_deed deed, const char *name, uint64_t ns);
/* The sum of a deed, and who has the most of it (NULL: nobody). */
uint64_t lat_probe_sum(const struct lat_probe *probe, enum lat_deed deed,
		       const struct lat_doer **ret_most);

/* lat-event.c */
int lat_events_create(struct lat_system *sys, const struct xt_trace *trace);

/* lat-step.c */

/* Where the clock of a member was set; sys->steps is freed by lat_destroy(). */
int lat_steps_create(struct lat_system *sys, const struct mrg_member *member,
		     const struct xt_info *info);
bool lat_may_hold_step(const struct lat_system *sys, uint64_t from, uint64_t to);

/* lat-metric.c */

/* Found or made; NULL when there are too many, or no memory. */
struct mrg_lat_metric *lat_metric(struct mrg_lat *lat, enum mrg_lat_kind kind, uint16_t member,
				  const struct lat_vcpu *vcpu, const char *name);
/* The interval [from, to] of a metric (NULL: nothing is done); -> worst where it is one. */
void lat_add(struct mrg_lat *lat, struct mrg_lat_metric *metric, const struct lat_rec *rec,
	     uint64_t from, int pid);
/* One that began at @from is unknown when events were lost since, or its clock was set. */
static inline bool lat_is_whole(const struct lat_rec *rec, uint64_t from)
{
	return from > 0 && rec->ns >= from && from > rec->sys->lost_ns &&
	       (rec->sys->nr_steps == 0 || !lat_may_hold_step(rec->sys, from, rec->ns));
}
/* lat_add(), or one more unknown interval of the metric. */
void lat_add_or_unknown(struct mrg_lat *lat, struct mrg_lat_metric *metric,
			const struct lat_rec *rec, uint64_t from, int pid);
int lat_worst_create(struct mrg_lat *lat);
void lat_worst_destroy(struct mrg_lat *lat);	/* also after a failure */
int lat_worst_result(struct mrg_lat *lat);
int lat_metrics_result(struct mrg_lat *lat);

/* lat-cpu.c */
void lat_irq_begin(struct mrg_lat *lat, const struct lat_rec *rec, enum lat_frame_kind kind);
void lat_irq_end(struct mrg_lat *lat, const struct lat_rec *rec, enum lat_frame_kind kind);
/* What was under way on the CPU is left, with no figure: its task is pushed off. */
void lat_leave_frames(struct lat_cpu *cpu);
void lat_timer_arm(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_timer_cancel(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_timer_begin(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_timer_end(struct mrg_lat *lat, const struct lat_rec *rec);
/* What the frames of a CPU make of a vCPU's thread that runs there. */
enum mrg_lat_part lat_cpu_part(const struct lat_cpu *cpu, enum mrg_lat_part base);

/* lat-task.c */

/* A page fault of the task that the CPU runs. */
void lat_fault(const struct lat_rec *rec);

/* Found or made; NULL for idle (PID 0) and when there are too many. */
struct lat_task *lat_task(struct mrg_lat *lat, const struct lat_rec *rec, int pid);
void lat_task_name(struct lat_task *task, const uint8_t *comm);
void lat_switch(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_wake(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_migrate(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_task_exit(struct mrg_lat *lat, const struct lat_rec *rec);
/* It waits for no CPU any more. */
void lat_stop_waiting(struct lat_system *sys, struct lat_task *task);
void lat_task_free(struct lat_task *task);
void lat_syscall_enter(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_syscall_exit(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_guest_call(struct mrg_lat *lat, const struct lat_rec *rec, const struct kev_gs *call);

/* lat-vcpu.c */
void lat_guest_begin(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_guest_end(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_user_begin(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_hypercall(struct mrg_lat *lat, const struct lat_rec *rec);
void lat_hypercall_done(struct mrg_lat *lat, const struct lat_rec *rec);
/* The thread does something else from now on; no matter whether it is out of the guest. */
void lat_vcpu_part(struct lat_vcpu *vcpu, enum mrg_lat_part part, uint64_t ns);
/* What it does can no more be known. */
void lat_vcpu_lose(struct lat_vcpu *vcpu);
void lat_vcpu_free(struct lat_vcpu *vcpu);

/* lat-section.c */
int lat_section_create(struct mrg_lat *lat, struct rt_err *err);
void lat_section_destroy(struct mrg_lat *lat);	/* also after a failure, and without any */
/* A record whose event has marks. */
void lat_section_item(struct mrg_lat *lat, const struct lat_rec *rec, const struct mrg_item *item);

/* lat.c */

/* The stream of lat->set within lat->opts, through the engine. */
int lat_run(struct mrg_lat *lat, struct rt_err *err);

/* With ->set, ->opts and ->result filled in.  lat_destroy() also after a failure. */
int lat_create(struct mrg_lat *lat);
void lat_destroy(struct mrg_lat *lat);
/* One record, whose event has a role; in order. */
void lat_feed(struct mrg_lat *lat, const struct lat_rec *rec);
/* Events of a CPU are missing before this point; @count: their number (u64) or NULL. */
void lat_lose(struct mrg_lat *lat, const struct lat_rec *rec, const uint8_t *count);

#endif /* MRG_LAT_ENGINE_H */
