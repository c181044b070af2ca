/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-sched.c - rows: the scheduler, and who may run on the real-time CPUs
 */
#include "tuning/validate-internal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

#define MOST_NAMES	6	/* shown of a long list */
#define VCPU_PRIORITY	1	/* of kvmrt.cfg, where it says nothing else */

/* All threads, read once; false where /proc shows none. */
static bool read_tasks(struct tune_host *host)
{
	if (!host->tasks.n && !host->no_tasks)
		host->no_tasks = tune_tasks_read(&host->tasks, host->root, TUNE_TASKS_AFFINITY,
						 NULL) < 0 || !host->tasks.n;
	if (host->no_tasks)
		tune_say(host, "no process is shown in /proc");
	return !host->no_tasks;
}

static enum tune_verdict look_throttling(struct tune_host *host, const struct tune_check *check)
{
	int64_t runtime, period;

	if (!tune_number(host, &runtime, "%s", check->path))
		return tune_missing(host, check->path);
	if (!tune_number(host, &period, "proc/sys/kernel/sched_rt_period_us"))
		return tune_missing(host, "proc/sys/kernel/sched_rt_period_us");
	tune_say(host, "kernel.sched_rt_runtime_us is %d of %d", (int)runtime, (int)period);
	return tune_pass_if(runtime == -1 || runtime >= period);
}

/* From 6.12 on; debugfs shows it to root alone. */
static enum tune_verdict look_fair_server(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset on = { { 0 } };
	char path[128] = "";
	bool seen = false;
	int64_t runtime;

	if (!rt_root_exists(host->root, "sys/kernel/debug/sched")) {
		tune_say(host, "debugfs is not mounted, or not open to this user");
		return TUNE_UNKNOWN;
	}
	if (!rt_root_exists(host->root, "%s", check->path)) {
		tune_say(host, "this kernel has no fair server");
		return TUNE_MOOT;
	}
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	rt_cpuset_for_each(cpu, &host->target) {
		snprintf(path, sizeof(path), "%s/cpu%d/runtime", check->path, cpu);
		if (!tune_number(host, &runtime, "%s", path))
			continue;
		seen = true;
		if (runtime)
			rt_cpuset_add(&on, (unsigned int)cpu);
	}
	if (!seen)
		return tune_missing(host, path);
	tune_say_cpus(host, "the fair server may run on CPUs: ", &on);
	return tune_pass_if(rt_cpuset_empty(&on));
}

/* A queue's own mask is cut down to this one. */
static enum tune_verdict look_workqueues(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set;
	char mask[4096];

	if (!tune_line(host, mask, sizeof(mask), "%s", check->path) ||
	    rt_cpuset_parse_mask(&set, mask, NULL) < 0)
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	tune_say_cpus(host, "unbound work queues may use CPUs ", &set);
	return tune_pass_if(!rt_cpuset_overlaps(&set, &host->target));
}

/* ---- threads ---- */

/* Says the threads that @wrong takes; returns how many. */
static size_t say_tasks(struct tune_host *host,
			bool (*wrong)(struct tune_host *host, const struct tune_task *task))
{
	size_t i, nr = 0;

	for (i = 0; i < host->tasks.n; i++) {
		const struct tune_task *task = &host->tasks.v[i];

		if (!wrong(host, task) || nr++ >= MOST_NAMES)
			continue;
		tune_say_item(host, "%s (%d)", task->comm, (int)task->tid);
	}
	if (nr > MOST_NAMES)
		tune_say(host, " and %zu more", nr - MOST_NAMES);
	return nr;
}

static bool may_disturb(const struct tune_host *host, const struct tune_task *task)
{
	return task->has_affinity && rt_cpuset_overlaps(&task->allowed, &host->target);
}

static bool is_irq_thread(const struct tune_task *task)
{
	return task->kthread && strncmp(task->comm, "irq/", 4) == 0;
}

static bool is_stray_kthread(struct tune_host *host, const struct tune_task *task)
{
	return task->kthread && task->hold == TUNE_TASK_FREE && !is_irq_thread(task) &&
	       may_disturb(host, task);
}

/* A VM's threads are at home there; who asks is soon gone. */
static bool is_stray_task(struct tune_host *host, const struct tune_task *task)
{
	const struct tune_task *leader;

	if (task->kthread || task->hold != TUNE_TASK_FREE || !may_disturb(host, task) ||
	    (host->live && task->tgid == getpid()))
		return false;
	leader = tune_tasks_find(&host->tasks, task->tgid);
	return !(leader && (rt_glob("qemu-*", leader->comm, false) ||
			    rt_glob("kvm", leader->comm, false)));
}

static bool is_stray_irq_thread(struct tune_host *host, const struct tune_task *task)
{
	return is_irq_thread(task) && may_disturb(host, task);
}

static enum tune_verdict look_tasks(struct tune_host *host,
				    bool (*wrong)(struct tune_host *host,
						  const struct tune_task *task))
{
	if (!read_tasks(host) || !tune_need_target(host))
		return TUNE_UNKNOWN;
	if (say_tasks(host, wrong))
		return TUNE_FAIL;
	tune_say(host, "none may run on the real-time CPUs");
	return TUNE_PASS;
}

static enum tune_verdict look_kthreads(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	return look_tasks(host, is_stray_kthread);
}

static enum tune_verdict look_users(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	return look_tasks(host, is_stray_task);
}

static enum tune_verdict look_irq_threads(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	return look_tasks(host, is_stray_irq_thread);
}

/* ---- priorities ---- */

/* The kernel's work for a CPU that a vCPU must not starve: "rcuc/3", "ktimers/3" */
static bool serves_target(const struct tune_host *host, const struct tune_task *task)
{
	static const char *const names[] = { "rcuc/", "ktimers/", "ktimersoftd/" };
	size_t i, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (task->kthread && strncmp(task->comm, names[i], len) == 0)
			return rt_cpuset_has(&host->target,
					     (unsigned int)atoi(task->comm + len));
	}
	return false;
}

static enum tune_verdict look_priorities(struct tune_host *host, const struct tune_check *check)
{
	int vcpu = VCPU_PRIORITY;
	bool seen = false;
	size_t i, len;

	(void)check;
	if (!read_tasks(host) || !tune_need_target(host))
		return TUNE_UNKNOWN;
	for (i = 0; i < host->tasks.n; i++) {
		if (rt_glob("CPU [0-9]*/KVM", host->tasks.v[i].comm, false) &&
		    host->tasks.v[i].rt_priority > vcpu)
			vcpu = host->tasks.v[i].rt_priority;
	}
	for (i = 0; i < host->tasks.n; i++) {
		const struct tune_task *task = &host->tasks.v[i];

		if (!serves_target(host, task))
			continue;
		seen = true;
		if (task->rt_priority > vcpu)
			continue;
		tune_say_item(host, "%s %d", task->comm, task->rt_priority);
		len = strlen(host->subject);
		snprintf(host->subject + len, sizeof(host->subject) - len, "%s%d", len ? " " : "",
			 (int)task->tid);
	}
	if (!seen) {
		tune_say(host, "this kernel has no such threads");
		return TUNE_MOOT;
	}
	tune_say(host, host->found.len ? ", and vCPUs have %d" : "all above the vCPUs' %d", vcpu);
	return tune_pass_if(!host->subject[0]);
}

const struct tune_check tune_checks_sched[] = {
	{
		.id = "rt-throttling", .severity = TUNE_WARNING, .look = look_throttling,
		.path = "proc/sys/kernel/sched_rt_runtime_us",
		.expected = "-1, or the whole period",
		.why = "a vCPU that is busy for a second is else stopped for 50 ms",
		.reads = "/proc/sys/kernel/sched_rt_{runtime,period}_us",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "kernel.sched_rt_runtime_us=-1",
	}, {
		.id = "fair-server", .severity = TUNE_WARNING, .look = look_fair_server,
		.path = "sys/kernel/debug/sched/fair_server",
		.expected = "a runtime of 0 on the real-time CPUs",
		.why = "where an ordinary task waits behind a busy vCPU, it gets 50 ms of each "
		       "second; where none can be there it does no harm",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "for c in %L; do echo 0 >/sys/kernel/debug/sched/fair_server/cpu$c/runtime; "
		       "done",
	}, {
		.id = "timer-migration", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = "proc/sys/kernel/timer_migration", .want = "0",
		.expected = "0",
		.why = "timers of idle CPUs else move to busy ones",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "kernel.timer_migration=0",
	}, {
		.id = "work-queues", .severity = TUNE_WARNING, .look = look_workqueues,
		.path = "sys/devices/virtual/workqueue/cpumask",
		.expected = "no unbound work queue may use a real-time CPU",
		.why = "drivers and file systems put work there whose length nobody bounds",
		.fix_kind = TUNE_FIX_SYSFS, .fix = "/sys/devices/virtual/workqueue/cpumask %M",
	}, {
		.id = "kernel-threads", .severity = TUNE_WARNING, .look = look_kthreads,
		.expected = "no kernel thread that can be elsewhere may run on a real-time CPU",
		.why = "the scheduler puts them where it is quiet",
		.reads = "/proc/*/stat, /proc/*/status",
		.fix_kind = TUNE_FIX_RUN, .fix = "shield -p %T",
	}, {
		.id = "user-tasks", .severity = TUNE_WARNING, .look = look_users,
		.expected = "no task but those of VMs may run on a real-time CPU",
		.why = "the scheduler puts them where it is quiet; kvmrt-boot moves them off when "
		       "it starts a VM",
		.reads = "/proc/*/task/*/stat, /proc/*/task/*/status",
		.fix_kind = TUNE_FIX_RUN, .fix = "shield -p %T",
	}, {
		.id = "priorities", .severity = TUNE_WARNING, .look = look_priorities,
		.expected = "rcuc and ktimers of the real-time CPUs above the vCPUs' priority",
		.why = "a busy vCPU else starves RCU and the timers of its CPU, and in the end the "
		       "whole host waits for that CPU",
		.reads = "/proc/*/stat",
		.fix_kind = TUNE_FIX_RUN, .fix = "for t in %S; do chrt -f -p 2 $t; done",
	}, {
		.id = "stalld", .severity = TUNE_WARNING, .look = tune_look_absent,
		.want = "stalld",
		.expected = "stalld does not run",
		.why = "it takes 20 us of each second from a busy vCPU for whoever waits there",
		.reads = "/proc/*/comm",
		.fix_kind = TUNE_FIX_SERVICE_OFF, .fix = "stalld",
	}, {
		.id = "irq-threads", .severity = TUNE_WARNING, .look = look_irq_threads,
		.expected = "no thread of an interrupt may run on a real-time CPU",
		.why = "they have priority 50, far above a vCPU",
		.reads = "/proc/*/stat, /proc/*/status",
		.fix_kind = TUNE_FIX_RUN, .fix = "shield -i %T",
	},
	{ .id = NULL }
};
