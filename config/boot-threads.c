/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-threads.c - the threads of a VM that runs: looked at, pinned, placed
 *
 * None of this is journalled: the threads end with their VM.
 */
#include "config/boot-internal.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/clear.h"
#include "config/verdict.h"
#include "lib/err.h"
#include "lib/root.h"

#define CGROUPS	"sys/fs/cgroup"

void kcfg_run_init(struct kcfg_run *run, struct kcfg_boot *boot, const struct kcfg_place *place)
{
	*run = (struct kcfg_run){ .boot = boot, .place = place, .hold = -1,
				  .claim = -1 };
}

void kcfg_run_finish(struct kcfg_run *run)
{
	kcfg_lives_finish(&run->lives);
	kcfg_run_end_claim(run);
	kcfg_run_release(run);
}

void kcfg_run_say(const struct kcfg_run *run, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!run->boot->log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(run->boot->log, "%s: %s\n", run->place->vm->name, text);
	fflush(run->boot->log);
}

int kcfg_run_look(struct kcfg_run *run, struct rt_err *err)
{
	int rc = kcfg_lives_read(&run->lives, run->boot->root, err);

	run->live = NULL;
	if (rc < 0)
		return rc;
	run->live = kcfg_lives_find(&run->lives, run->place->vm->uuid);
	return run->live ? 0 : rt_err_say(err, -ESRCH, "QEMU does not run (any more)");
}

/* Where no CPUs are named: what is online and neither a real-time VM's nor shielded. */
static struct rt_cpuset not_taken(const struct kcfg_run *run)
{
	struct rt_cpuset left = run->boot->topo->online;
	struct rt_cpuset taken = kcfg_taken(run->boot->places, &run->lives);
	struct tune_shield now = tune_shield_known(run->boot->root);

	rt_cpuset_minus(&left, &taken);
	rt_cpuset_minus(&left, &now.cpus[TUNE_SHIELD_PROC]);
	return rt_cpuset_empty(&left) ? run->boot->topo->online : left;
}

static void due_of(struct kcfg_due *ret, const struct kcfg_run *run,
		   const struct kcfg_thread *thread, const struct rt_cpuset *left)
{
	kcfg_due(ret, run->place, thread);
	if (rt_cpuset_empty(&ret->cpus))
		ret->cpus = *left;
}

/* What libvirt pins none of came out of a thread that it did; placing judges it behind this. */
static void widen(const struct kcfg_run *run, const struct kcfg_thread *thread,
		  const struct rt_cpuset *cpus)
{
	char target[TUNE_TARGET_MAX], list[TUNE_VALUE_MAX];

	tune_target_thread(target, sizeof(target), thread->task->tid, thread->task->start);
	if (rt_cpuset_format(cpus, list, sizeof(list)) == 0)
		tune_knob_write(run->boot->root, TUNE_KNOB_AFFINITY, target, list, NULL);
}

int kcfg_run_pin(struct kcfg_run *run, struct rt_err *err)
{
	const char *uuid = run->place->vm->uuid;
	const struct rt_cpuset left = not_taken(run);
	struct kcfg_virt *virt = run->boot->virt;
	struct kcfg_due due;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < run->live->nr_threads; i++) {
		const struct kcfg_thread *thread = &run->live->threads[i];

		due_of(&due, run, thread, &left);
		if (rt_cpuset_equal(&due.cpus, &thread->task->allowed))
			continue;
		if (thread->role == KCFG_ROLE_VCPU)
			rc = kcfg_virt_pin(virt, uuid, KCFG_PIN_VCPU, thread->number, &due.cpus,
					   err);
		else if (thread->role == KCFG_ROLE_EMULATOR)
			rc = kcfg_virt_pin(virt, uuid, KCFG_PIN_EMULATOR, 0, &due.cpus, err);
		else if (thread->role == KCFG_ROLE_IOTHREAD)
			rc = kcfg_virt_pin(virt, uuid, KCFG_PIN_IOTHREAD, thread->number,
					   &due.cpus, err);
		else if (!run->place->vm->rt)
			widen(run, thread, &due.cpus);
	}
	return rc;
}

static int pins_are_narrow(const struct kcfg_run *run, const struct kcfg_thread *thread,
			   const struct rt_cpuset *left, bool *ret, struct rt_err *err)
{
	bool vcpu = thread->role == KCFG_ROLE_VCPU;
	struct rt_cpuset pinned;
	struct kcfg_due due;
	int rc;

	due_of(&due, run, thread, left);
	rt_cpuset_and(&due.cpus, &run->boot->topo->online);
	if ((!vcpu && thread->role != KCFG_ROLE_EMULATOR) ||
	    rt_cpuset_within(&due.cpus, &thread->task->allowed))
		return 0;
	rc = kcfg_virt_pinned(run->boot->virt, run->place->vm->uuid,
			      vcpu ? KCFG_PIN_VCPU : KCFG_PIN_EMULATOR,
			      run->place->vm->nr_vcpus, &pinned, err);
	*ret |= rc == 0 && !rt_cpuset_within(&due.cpus, &pinned);
	return rc;
}

int kcfg_run_is_narrow(struct kcfg_run *run, bool *ret, struct rt_err *err)
{
	const struct rt_cpuset left = not_taken(run);
	int rc = 0;

	*ret = false;
	for (size_t i = 0; rc == 0 && !*ret && i < run->live->nr_threads; i++)
		rc = pins_are_narrow(run, &run->live->threads[i], &left, ret, err);
	return rc;
}

/*
 * The recovery thread is a child of vCPU 0, and begins in its cgroup, where no other CPU
 * may be had: it goes to the emulator's, a neighbour.
 */
static void leave_vcpu_group(const struct kcfg_run *run, const struct kcfg_thread *thread)
{
	const char *group = tune_task_cgroup(&run->lives.tasks, thread->task), *last;
	char tid[16];

	group += strspn(group, "/");
	last = strrchr(group, '/');
	if (!last || strncmp(last, "/vcpu", 5))
		return;
	snprintf(tid, sizeof(tid), "%d", thread->task->tid);
	rt_root_write(run->boot->root, tid, NULL, CGROUPS "/%.*s/emulator/cgroup.threads",
		      (int)(last - group), group);
}

/*
 * A kernel thread of the VM's is in the top group, where the CPUs of a partition for the VM
 * as a whole are not to be had: it goes into the VM's own.
 */
static int join_vm(const struct kcfg_run *run, const struct kcfg_thread *thread,
		   struct rt_err *err)
{
	const char *group = "", *last;
	char tid[16];

	for (size_t i = 0; i < run->live->nr_threads; i++)
		if (run->live->threads[i].role == KCFG_ROLE_EMULATOR)
			group = tune_task_cgroup(&run->lives.tasks, run->live->threads[i].task);
	group += strspn(group, "/");
	last = strrchr(group, '/');
	if (!last)
		return -EINVAL;
	snprintf(tid, sizeof(tid), "%d", thread->task->tid);
	return rt_root_write(run->boot->root, tid, err, CGROUPS "/%.*s/cgroup.procs",
			     (int)(last - group), group);
}

static int give_policy(const struct kcfg_run *run, const char *target, const struct kcfg_due *due,
		       const struct tune_task *task, struct rt_err *err)
{
	bool real_time = task->policy == SCHED_FIFO || task->policy == SCHED_RR;
	char policy[32] = "other 0";

	if (due->policy == SCHED_FIFO && (task->policy != SCHED_FIFO ||
					  task->rt_priority != due->priority))
		snprintf(policy, sizeof(policy), "fifo %d", due->priority);
	else if (due->policy != SCHED_OTHER || !real_time)
		return 0;
	return tune_knob_write(run->boot->root, TUNE_KNOB_SCHED, target, policy, err);
}

static int place_one(const struct kcfg_run *run, const struct kcfg_thread *thread,
		     struct rt_err *err)
{
	char target[TUNE_TARGET_MAX], list[TUNE_VALUE_MAX];
	struct kcfg_due due;
	int rc;

	kcfg_due(&due, run->place, thread);
	tune_target_thread(target, sizeof(target), thread->task->tid, thread->task->start);
	/* First the policy: a thread that never sleeps would not let others do the rest. */
	rc = give_policy(run, target, &due, thread->task, err);
	if (rc < 0)
		return rc;
	if (rt_cpuset_empty(&due.cpus) || rt_cpuset_within(&thread->task->allowed, &due.cpus))
		return 0;
	if (thread->role != KCFG_ROLE_VCPU)
		leave_vcpu_group(run, thread);
	rc = rt_cpuset_format(&due.cpus, list, sizeof(list));
	if (rc == 0)
		rc = tune_knob_write(run->boot->root, TUNE_KNOB_AFFINITY, target, list, err);
	if (rc != -EINVAL || !thread->task->kthread || join_vm(run, thread, NULL) < 0)
		return rc;
	return tune_knob_write(run->boot->root, TUNE_KNOB_AFFINITY, target, list, err);
}

int kcfg_run_place(struct kcfg_run *run, struct rt_err *err)
{
	char why[512];
	int rc;

	for (size_t i = 0; i < run->live->nr_threads; i++) {
		const struct kcfg_thread *thread = &run->live->threads[i];

		if (kcfg_verdict(why, sizeof(why), run->place, thread))
			continue;
		rc = place_one(run, thread, err);
		if (rc < 0 && rc != -ENOENT && rc != -ESRCH)
			return rt_err_wrap(err, rc, "thread %d \"%s\"", thread->task->tid,
					   thread->task->comm);
		kcfg_run_say(run, "placed thread %d \"%s\": %s", thread->task->tid,
			     thread->task->comm, why);
	}
	return 0;
}

/* Locking covers QEMU as a whole; libvirt asks for it, and the kernel may refuse. */
int kcfg_run_check_memory(struct kcfg_run *run, struct rt_err *err)
{
	unsigned long long kb = 0;
	char *text, *at;

	if (!run->place->lock_memory)
		return 0;
	if (rt_root_read(run->boot->root, &text, NULL, err, "proc/%d/status", run->live->pid) < 0)
		return rt_err_say(err, -ESRCH, "QEMU ended");
	at = strstr(text, "\nVmLck:");
	if (at)
		kb = strtoull(at + 7, NULL, 10);
	free(text);
	return kb ? 0 : rt_err_say(err, -EIO, "expected locked memory, found none in VmLck of "
				   "process %d: only a start of the VM locks it", run->live->pid);
}

int kcfg_run_check(struct kcfg_run *run, struct rt_err *err)
{
	char why[512];
	int rc;

	rc = kcfg_run_look(run, err);
	if (rc == 0)
		rc = kcfg_run_check_memory(run, err);
	for (size_t i = 0; rc == 0 && i < run->live->nr_threads; i++) {
		const struct kcfg_thread *thread = &run->live->threads[i];

		if (!kcfg_verdict(why, sizeof(why), run->place, thread))
			rc = rt_err_say(err, -EIO, "thread %d \"%s\" is not where it belongs: %s",
					thread->task->tid, thread->task->comm, why);
	}
	return rc;
}
