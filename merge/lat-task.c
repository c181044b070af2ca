/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-task.c - tasks: woken, waiting, running, within a system call
 *
 * sched_waking comes where the waker is, before the task is put on a CPU, and
 * sched_wakeup behind it: whichever comes first begins the wait.  A wake-up of a
 * task that still runs begins none: it then does not leave its CPU asleep.
 */
#include "merge/lat-engine.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t task_key(uint16_t system, int pid)
{
	return (uint64_t)system << 32 | (uint32_t)pid;
}

struct lat_task *lat_task(struct mrg_lat *lat, const struct lat_rec *rec, int pid)
{
	struct lat_task *task;

	if (pid == 0)
		return NULL;
	task = mrg_lat_map_get(&lat->tasks, task_key(rec->system, pid));
	if (task)
		return task;
	task = calloc(1, sizeof(*task));
	if (!task || mrg_lat_map_put(&lat->tasks, task_key(rec->system, pid), task) < 0) {
		free(task);
		lat->result->cut = true;
		return NULL;
	}
	task->pid = pid;
	task->prio = LAT_PRIO_NORMAL;
	task->system = rec->system;
	return task;
}

void lat_task_free(struct lat_task *task)
{
	if (task && task->vcpu)
		lat_vcpu_free(task->vcpu);
	free(task);
}

void lat_task_name(struct lat_task *task, const uint8_t *comm)
{
	if (memcmp(task->comm, comm, LAT_COMM) == 0)
		return;
	memcpy(task->comm, comm, LAT_COMM);
	task->wakeup = task->runq = task->late = NULL;
}

/* The event names the task that it speaks of. */
static void learn_name(struct lat_task *task, const struct lat_rec *rec)
{
	if (rec->event->comm > 0)
		lat_task_name(task, rec->data + rec->event->comm);
}

/* The metric at @place, made by the task's name when there is none. */
static struct mrg_lat_metric *task_metric(struct mrg_lat *lat, const struct lat_task *task,
					  struct mrg_lat_metric **place, enum mrg_lat_kind kind)
{
	char name[LAT_COMM + 1];

	if (!*place) {
		memcpy(name, task->comm, LAT_COMM);
		name[LAT_COMM] = '\0';
		*place = lat_metric(lat, kind, task->system, NULL, name[0] ? name : "<...>");
	}
	return *place;
}

/* It runs at last. */
static void end_wait(struct mrg_lat *lat, const struct lat_rec *rec, struct lat_task *task)
{
	struct mrg_lat_metric *metric = task->woken ?
		task_metric(lat, task, &task->wakeup, MRG_LAT_WAKEUP) :
		task_metric(lat, task, &task->runq, MRG_LAT_RUNQ);

	lat_add_or_unknown(lat, metric, rec, task->wait_since, task->pid);
	if (task->woken && task->due > 0)
		lat_add_or_unknown(lat, task_metric(lat, task, &task->late, MRG_LAT_LATE), rec,
				   task->due, task->pid);
}

/* ---- who ran while a vCPU's thread waited ---- */

/* The CPU's task has run until now: what of it the waiter has waited for is its doing. */
static void blame_for(struct mrg_lat *lat, const struct lat_rec *rec, const struct lat_task *waiter)
{
	const struct lat_cpu *cpu = &rec->sys->cpus[waiter->waits_for];
	struct lat_rec there = *rec;	/* a migration is recorded anywhere */
	uint64_t from = cpu->run_since;
	char name[LAT_COMM + 1] = "<...>";

	if (!cpu->current || waiter->run != LAT_RUNNABLE)
		return;
	if (from < waiter->waits_since)
		from = waiter->waits_since;
	if (cpu->current->comm[0])
		memcpy(name, cpu->current->comm, LAT_COMM);
	if (!lat_is_whole(rec, from) || from == rec->ns)
		return;
	there.cpu_nr = waiter->waits_for;
	lat_add(lat, lat_metric(lat, MRG_LAT_PREEMPT, rec->system, waiter->vcpu, name), &there,
		from, waiter->pid);
	lat_probe_task(waiter->vcpu->probe, LAT_PREEMPTED, cpu->current, from, rec->ns);
}

static void blame_current(struct mrg_lat *lat, const struct lat_rec *rec,
			  const struct lat_cpu *cpu)
{
	const struct lat_task *waiter;

	for (waiter = cpu->waiters; waiter; waiter = waiter->next_waiter)
		blame_for(lat, rec, waiter);
}

void lat_stop_waiting(struct lat_system *sys, struct lat_task *task)
{
	struct lat_task **place;

	if (!task->waits)
		return;
	place = &sys->cpus[task->waits_for].waiters;
	while (*place != task)
		place = &(*place)->next_waiter;
	*place = task->next_waiter;
	task->waits = false;
}

static void wait_for_cpu(const struct lat_rec *rec, struct lat_task *task)
{
	lat_stop_waiting(rec->sys, task);
	if (!task->vcpu || task->cpu >= rec->sys->nr_cpus)
		return;		/* of a CPU without records nobody knows who ran there */
	task->next_waiter = rec->sys->cpus[task->cpu].waiters;
	rec->sys->cpus[task->cpu].waiters = task;
	task->waits = true;
	task->waits_for = task->cpu;
	task->waits_since = rec->ns;
}

static void note_wait(const struct lat_rec *rec, const struct lat_task *task, unsigned int cpu)
{
	if (!task->woken && cpu != task->cpu)
		return;		/* it has moved, and no event says when */
	if (task->vcpu && task->run == LAT_RUNNABLE && lat_is_whole(rec, task->cpu_since))
		lat_probe_wait(task->vcpu->probe, cpu, !task->woken, task->cpu_since, rec->ns);
}

/* To the CPU that the event names; one that is just being woken has waited for none yet. */
static void send_to_cpu(struct mrg_lat *lat, const struct lat_rec *rec, struct lat_task *task)
{
	uint64_t cpu = lat_field(rec, LAT_TO_CPU);

	if (rec->event->f[LAT_TO_CPU].size == 0 || cpu > UINT16_MAX || cpu == task->cpu)
		return;
	if (task->queued && task->waits)
		blame_for(lat, rec, task);
	if (task->queued) {
		note_wait(rec, task, task->cpu);
		task->cpu_since = rec->ns;
	}
	task->cpu = (uint16_t)cpu;
	if (task->run == LAT_RUNNABLE)
		wait_for_cpu(rec, task);
}

/* ---- sched events ---- */

/* prev_state as the kernel prints it: 0 is running, and so is one that was pushed off. */
static bool is_runnable(uint64_t prev_state)
{
	return kev_task_state_name(prev_state)[0] == 'R';
}

static void leave(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, (int)lat_field(rec, LAT_PREV_PID));
	uint64_t state = lat_field(rec, LAT_PREV_STATE);
	bool runnable = is_runnable(state);

	if (!task)
		return;
	lat_stop_waiting(rec->sys, task);
	task->cpu = rec->cpu_nr;
	task->run = runnable ? LAT_RUNNABLE : LAT_SLEEPING;
	task->woken = false;
	task->queued = runnable;
	task->wait_since = task->cpu_since = runnable ? rec->ns : 0;
	if (task->vcpu) {
		lat_vcpu_part(task->vcpu, runnable ? MRG_LAT_PART_WAIT : MRG_LAT_PART_HALT,
			      rec->ns);
		task->vcpu->sleep = kev_task_state_name(state)[0];
	}
	if (runnable)
		wait_for_cpu(rec, task);
}

static struct lat_task *enter(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, (int)lat_field(rec, LAT_PID));

	if (!task)
		return NULL;
	learn_name(task, rec);
	if (rec->event->f[LAT_PRIO].size > 0)
		task->prio = (int)lat_field(rec, LAT_PRIO);
	if (task->run == LAT_RUNNABLE)
		end_wait(lat, rec, task);
	note_wait(rec, task, rec->cpu_nr);
	lat_stop_waiting(rec->sys, task);
	task->run = LAT_RUNNING;
	task->wait_since = 0;
	task->cpu = rec->cpu_nr;
	if (task->vcpu)
		lat_vcpu_part(task->vcpu, lat_cpu_part(rec->cpu, task->vcpu->base), rec->ns);
	return task;
}

/*
 * Who has had the CPU where no event tells: since the trace began, events were lost, or a
 * task that exits is still there.
 */
static void learn_current(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *prev = lat_task(lat, rec, (int)lat_field(rec, LAT_PREV_PID));

	if (rec->cpu->current || !prev)
		return;
	if (rec->event->prev_comm > 0)
		lat_task_name(prev, rec->data + rec->event->prev_comm);
	if (rec->event->f[LAT_PREV_PRIO].size > 0)
		prev->prio = (int)lat_field(rec, LAT_PREV_PRIO);
	rec->cpu->current = prev;
}

void lat_switch(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_cpu *cpu = rec->cpu;

	learn_current(lat, rec);
	blame_current(lat, rec, cpu);
	lat_probe_task(cpu->probe, LAT_RAN, cpu->current, cpu->run_since, rec->ns);
	lat_leave_frames(cpu);	/* only PREEMPT_RT's threads are switched in soft interrupts */
	leave(lat, rec);
	cpu->current = enter(lat, rec);
	cpu->run_since = rec->ns;
}

/* When the timer was to expire whose handler wakes a task; 0 where it is no timer. */
static uint64_t timer_due(const struct lat_cpu *cpu)
{
	return cpu->depth > 0 ? cpu->frames[cpu->depth - 1].due : 0;
}

/* What did it: the interrupt that was under way, else the task that was running. */
static void note_waker(struct lat_task *task, const struct lat_rec *rec)
{
	const struct lat_cpu *cpu = rec->cpu;

	if (cpu->depth > 0 && cpu->frames[cpu->depth - 1].metric)
		snprintf(task->waker, sizeof(task->waker), "%s",
			 cpu->frames[cpu->depth - 1].metric->name);
	else if (cpu->current)
		snprintf(task->waker, sizeof(task->waker), "%.*s", LAT_COMM, cpu->current->comm);
	else
		task->waker[0] = '\0';
}

static void begin_wait(struct mrg_lat *lat, const struct lat_rec *rec, struct lat_task *task)
{
	task->run = LAT_RUNNABLE;
	task->woken = true;
	task->queued = false;
	task->due = timer_due(rec->cpu);
	task->wait_since = task->cpu_since = rec->ns;
	if (lat->probing)
		note_waker(task, rec);
	if (task->vcpu) {
		lat_vcpu_part(task->vcpu, MRG_LAT_PART_WAIT, rec->ns);
		wait_for_cpu(rec, task);
	}
}

void lat_wake(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, (int)lat_field(rec, LAT_PID));

	if (!task)
		return;
	learn_name(task, rec);
	if (task->run == LAT_RUNNING)
		return;
	if (task->run != LAT_RUNNABLE)
		begin_wait(lat, rec, task);
	if (rec->event->role == KEV_WAKEUP) {
		send_to_cpu(lat, rec, task);
		task->queued = true;
	}
}

void lat_migrate(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, (int)lat_field(rec, LAT_PID));

	if (task && task->run != LAT_RUNNING)
		send_to_cpu(lat, rec, task);
}

void lat_task_exit(struct mrg_lat *lat, const struct lat_rec *rec)
{
	int pid = (int)lat_field(rec, LAT_PID);
	struct lat_task *task = mrg_lat_map_take(&lat->tasks, task_key(rec->system, pid));
	unsigned int i;

	if (!task)
		return;
	lat_stop_waiting(rec->sys, task);
	for (i = 0; i < rec->sys->nr_cpus; i++) {
		struct lat_cpu *cpu = &rec->sys->cpus[i];

		if (cpu->current == task) {	/* what it did until now was its doing */
			blame_current(lat, rec, cpu);
			lat_probe_task(cpu->probe, LAT_RAN, task, cpu->run_since, rec->ns);
			cpu->current = NULL;
			cpu->run_since = rec->ns;
		}
	}
	lat_task_free(task);
}

/* ---- system calls ---- */

void lat_fault(const struct lat_rec *rec)
{
	const struct lat_task *task = rec->cpu->current;
	char name[LAT_COMM + 1] = "<...>";

	if (!rec->cpu->probe)
		return;
	if (task && task->comm[0])
		memcpy(name, task->comm, LAT_COMM);
	lat_probe_count(rec->cpu->probe, LAT_FAULTED, name, rec->ns);
}

void lat_syscall_enter(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, lat_common_pid(rec));

	if (!task)
		return;
	task->calling = true;
	task->call_nr = lat_field(rec, LAT_NR);
	task->call_begin = rec->ns;
	/* QEMU goes back into the kernel: what its thread did was user space until now. */
	if (task->vcpu) {
		task->vcpu->base = MRG_LAT_PART_KVM;
		lat_vcpu_part(task->vcpu, lat_cpu_part(rec->cpu, MRG_LAT_PART_KVM), rec->ns);
	}
}

static struct mrg_lat_metric *syscall_metric(struct mrg_lat *lat, const struct lat_rec *rec,
					     uint64_t nr)
{
	const char *name = kev_syscall_name(nr);
	char number[24];

	if (nr >= sizeof(rec->sys->syscalls) / sizeof(*rec->sys->syscalls))
		return NULL;
	if (!rec->sys->syscalls[nr]) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)nr);
		rec->sys->syscalls[nr] = lat_metric(lat, MRG_LAT_SYSCALL, rec->system, NULL,
						    name ? name : number);
	}
	return rec->sys->syscalls[nr];
}

void lat_syscall_exit(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task = lat_task(lat, rec, lat_common_pid(rec));

	if (!task || !task->calling)
		return;
	task->calling = false;
	if (task->call_nr != lat_field(rec, LAT_NR))
		return;		/* its own exit was lost */
	lat_add_or_unknown(lat, syscall_metric(lat, rec, task->call_nr), rec, task->call_begin,
			   task->pid);
}

/* ---- a hypercall as the guest's own events say ---- */

void lat_guest_call(struct mrg_lat *lat, const struct lat_rec *rec, const struct kev_gs *call)
{
	struct lat_task *task = lat_task(lat, rec, lat_common_pid(rec));
	const char *name = kev_hypercall_name(call->nr);
	char number[24];

	if (!task)
		return;
	if (call->kind == KEV_GS_HC_START) {
		task->guest_nr = call->nr;
		task->guest_begin = rec->ns;
		return;
	}
	if (call->kind != KEV_GS_HC_END || task->guest_begin == 0 || task->guest_nr != call->nr)
		return;
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)call->nr);
	lat_add_or_unknown(lat, lat_metric(lat, MRG_LAT_CALL, rec->system, NULL,
					   name ? name : number),
			   rec, task->guest_begin, task->pid);
	task->guest_begin = 0;
}
