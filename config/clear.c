/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clear.c - what has to leave the CPUs of a real-time VM, and where it goes */
#include "config/clear.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"

#define LIST_ROOM	TUNE_VALUE_MAX
#define CGROUPS		"sys/fs/cgroup"
#define WORKQUEUES	"sys/devices/virtual/workqueue"

struct clear {
	struct tune_plan *plan;
	const struct kcfg_place *place;
	const struct rt_cpuset *house;
	char text[LIST_ROOM];
};

/* @from without the VM's CPUs, or the house's where nothing is left. */
static struct rt_cpuset rest(const struct clear *c, const struct rt_cpuset *from)
{
	struct rt_cpuset set = *from;

	rt_cpuset_minus(&set, &c->place->owned);
	return rt_cpuset_empty(&set) ? *c->house : set;
}

static int add_mask(struct clear *c, const char *target, const char *why, struct rt_err *err)
{
	struct rt_cpuset set;
	char *now;
	int rc;

	rc = tune_knob_read(c->plan->root, TUNE_KNOB_CPUMASK, target, &now, NULL);
	if (rc < 0)
		return 0;
	rc = rt_cpuset_parse_mask(&set, now, err);
	free(now);
	if (rc < 0 || !rt_cpuset_overlaps(&set, &c->place->owned))
		return rc;
	set = rest(c, &set);
	rc = rt_cpuset_format_mask(&set, c->text, sizeof(c->text));
	return rc < 0 ? rc : tune_plan_add(c->plan, TUNE_KNOB_CPUMASK, target, c->text,
					   TUNE_OPTIONAL, TUNE_COST_NONE, err, "%s", why);
}

/* The mask of all unbound queues, and the queues that show one of their own. */
static int add_workqueues(struct clear *c, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX];
	struct dirent *entry;
	DIR *dir;
	int fd, rc;

	rc = add_mask(c, WORKQUEUES "/cpumask", "new work stays off the VM's CPUs", err);
	fd = rt_root_open(c->plan->root, NULL, O_RDONLY | O_DIRECTORY, WORKQUEUES);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		snprintf(target, sizeof(target), WORKQUEUES "/%.200s/cpumask", entry->d_name);
		rc = add_mask(c, target, "its work stays off the VM's CPUs", err);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return rc;
}

static int add_irqs(struct clear *c, struct rt_err *err)
{
	struct tune_irqs irqs = { 0 };
	char target[TUNE_TARGET_MAX];
	struct rt_cpuset set;
	int rc;

	rc = tune_irqs_read(&irqs, c->plan->root, TUNE_IRQS_AFFINITY, err);
	for (size_t i = 0; rc == 0 && i < irqs.n; i++) {
		struct tune_irq *irq = &irqs.v[i];

		if (!irq->has_affinity || !rt_cpuset_overlaps(&irq->affinity, &c->place->owned))
			continue;
		tune_irq_probe(irq, c->plan->root);
		if (irq->hold == TUNE_IRQ_FIXED || irq->hold == TUNE_IRQ_MANAGED)
			continue;
		set = rest(c, &irq->affinity);
		snprintf(target, sizeof(target), "proc/irq/%d/smp_affinity_list", irq->number);
		rc = rt_cpuset_format(&set, c->text, sizeof(c->text));
		if (rc == 0)
			rc = tune_plan_add(c->plan, TUNE_KNOB_CPULIST, target, c->text,
					   TUNE_OPTIONAL, TUNE_COST_IRQ, err,
					   "interrupt %s leaves the VM's CPUs",
					   *irq->actions ? irq->actions : irq->label);
	}
	tune_irqs_finish(&irqs);
	return rc;
}

static int add_task(struct clear *c, const struct tune_task *task, struct rt_err *err)
{
	struct rt_cpuset set = rest(c, &task->allowed);
	char target[TUNE_TARGET_MAX];
	int rc;

	rc = tune_target_task(target, sizeof(target), c->plan->root, task->tid, NULL);
	if (rc < 0)
		return 0;
	rc = rt_cpuset_format(&set, c->text, sizeof(c->text));
	return rc < 0 ? rc : tune_plan_add(c->plan, TUNE_KNOB_AFFINITY, target, c->text,
					   TUNE_OPTIONAL, TUNE_COST_TASK, err,
					   "\"%s\" leaves the VM's CPUs", task->comm);
}

static int add_tasks(struct clear *c, pid_t qemu, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	enum kcfg_role role;
	int rc, number;

	rc = tune_tasks_read(&tasks, c->plan->root, TUNE_TASKS_AFFINITY, err);
	for (size_t i = 0; rc == 0 && i < tasks.n; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (task->hold != TUNE_TASK_FREE || !task->has_affinity ||
		    !rt_cpuset_overlaps(&task->allowed, &c->place->owned))
			continue;
		if (qemu && kcfg_role_of(task, qemu, &role, &number))
			continue;
		rc = add_task(c, task, err);
	}
	tune_tasks_finish(&tasks);
	return rc;
}

int kcfg_plan_hold(struct tune_plan *plan, const struct kcfg_place *place,
		   const struct rt_cpuset *online, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	char target[TUNE_TARGET_MAX], text[LIST_ROOM];
	int rc;

	rc = tune_tasks_read(&tasks, plan->root, TUNE_TASKS_AFFINITY, err);
	for (size_t i = 0; rc == 0 && i < tasks.n; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (task->hold != TUNE_TASK_FREE || !task->has_affinity ||
		    rt_cpuset_equal(&task->allowed, online) ||
		    rt_cpuset_overlaps(&task->allowed, &place->owned) ||
		    tune_target_task(target, sizeof(target), plan->root, task->tid, NULL) < 0)
			continue;
		rc = rt_cpuset_format(&task->allowed, text, sizeof(text));
		if (rc == 0)
			rc = tune_plan_add(plan, TUNE_KNOB_AFFINITY, target, text,
					   TUNE_OPTIONAL | TUNE_HOLD, TUNE_COST_NONE, err,
					   "\"%s\" has CPUs of its own", task->comm);
	}
	tune_tasks_finish(&tasks);
	return rc;
}

int kcfg_plan_clear(struct tune_plan *plan, const struct kcfg_place *place,
		    const struct rt_cpuset *house, pid_t qemu, struct rt_err *err)
{
	struct clear c = { .plan = plan, .place = place, .house = house };
	int rc;

	rc = add_mask(&c, "proc/irq/default_smp_affinity", "new interrupts stay off the VM's CPUs",
		      err);
	if (rc == 0)
		rc = add_irqs(&c, err);
	if (rc == 0)
		rc = add_workqueues(&c, err);
	return rc < 0 ? rc : add_tasks(&c, qemu, err);
}

/*
 * What the kernel does in threads of the CPU itself has to come before a vCPU that never
 * sleeps: else RCU stalls, and with it the host.  How much above the vCPU each is.
 */
static const struct {
	const char *name;
	int above;
} kernel_first[] = {
	{ "ksoftirqd/", 1 }, { "ktimers/", 1 }, { "rcuc/", 3 },
};

/* The priority that a thread of a vCPU's CPU needs, or 0. */
static int needed_priority(const struct kcfg_place *place, const struct tune_task *task)
{
	for (size_t i = 0; i < sizeof(kernel_first) / sizeof(kernel_first[0]); i++) {
		size_t len = strlen(kernel_first[i].name);

		if (strncmp(task->comm, kernel_first[i].name, len))
			continue;
		for (unsigned int k = 0; k < place->vm->nr_vcpus; k++)
			if (place->vcpus[k] == atoi(task->comm + len))
				return place->vm->vcpu_priority + kernel_first[i].above;
	}
	return 0;
}

int kcfg_plan_kernel_first(struct tune_plan *plan, const struct kcfg_place *place,
			   struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	char target[TUNE_TARGET_MAX], policy[32];
	int rc, priority;

	rc = tune_tasks_read(&tasks, plan->root, 0, err);
	for (size_t i = 0; rc == 0 && i < tasks.n; i++) {
		const struct tune_task *task = &tasks.v[i];

		priority = task->kthread ? needed_priority(place, task) : 0;
		if (task->rt_priority >= priority ||
		    tune_target_task(target, sizeof(target), plan->root, task->tid, NULL) < 0)
			continue;
		snprintf(policy, sizeof(policy), "fifo %d", priority);
		rc = tune_plan_add(plan, TUNE_KNOB_SCHED, target, policy, 0, TUNE_COST_NONE, err,
				   "\"%s\" comes before a vCPU that never sleeps", task->comm);
	}
	tune_tasks_finish(&tasks);
	return rc;
}

int kcfg_plan_down(struct tune_plan *plan, const struct kcfg_place *place, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX];
	int rc = 0;

	rt_cpuset_for_each(cpu, &place->down) {
		snprintf(target, sizeof(target), "sys/devices/system/cpu/cpu%d/online", cpu);
		if (rc == 0)
			rc = tune_plan_add(plan, TUNE_KNOB_TEXT, target, "0", 0,
					   TUNE_COST_HOTPLUG, err,
					   "shares a core with a real-time vCPU");
	}
	return rc;
}

/* ---- partitions ---- */

/* More CPUs for "machine/.../cpuset.cpus.exclusive"; each folder on the way needs them. */
static int add_exclusive(struct tune_plan *plan, const char *group, const struct rt_cpuset *more,
			 struct rt_err *err)
{
	char target[TUNE_TARGET_MAX], text[LIST_ROOM];
	struct rt_cpuset set;
	char *now;
	int rc;

	snprintf(target, sizeof(target), CGROUPS "/%s/cpuset.cpus.exclusive", group);
	rc = tune_knob_read(plan->root, TUNE_KNOB_CPULIST, target, &now, err);
	if (rc < 0)
		return rc;
	rc = rt_cpuset_parse(&set, now, err);
	free(now);
	rt_cpuset_or(&set, more);
	if (rc == 0)
		rc = rt_cpuset_format(&set, text, sizeof(text));
	return rc < 0 ? rc : tune_plan_add(plan, TUNE_KNOB_CPULIST, target, text, 0,
					   TUNE_COST_NONE, err, "the way to a vCPU's partition");
}

static int add_ancestors(struct tune_plan *plan, const char *group, const struct rt_cpuset *cpus,
			 struct rt_err *err)
{
	char path[TUNE_TARGET_MAX];
	int rc = 0;

	for (const char *slash = strchr(group, '/'); rc == 0 && slash;
	     slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - group), group);
		rc = add_exclusive(plan, path, cpus, err);
	}
	return rc;
}

static int add_partition(struct tune_plan *plan, const char *group, int cpu, struct rt_err *err)
{
	struct rt_cpuset own = { 0 };
	char target[TUNE_TARGET_MAX];
	int rc;

	rt_cpuset_add(&own, cpu);
	rc = add_exclusive(plan, group, &own, err);
	snprintf(target, sizeof(target), CGROUPS "/%s/cpuset.cpus.partition", group);
	return rc < 0 ? rc : tune_plan_add(plan, TUNE_KNOB_TEXT, target, "isolated", TUNE_OPTIONAL,
					   TUNE_COST_DOMAINS, err,
					   "the scheduler keeps all others off CPU %d", cpu);
}

int kcfg_plan_isolate(struct tune_plan *plan, const struct kcfg_place *place,
		      const struct kcfg_lives *lives, const struct kcfg_live *live,
		      struct rt_err *err)
{
	struct rt_cpuset cpus = { 0 };
	const char *group = NULL;
	int rc = 0;

	for (unsigned int i = 0; i < place->vm->nr_vcpus; i++)
		if (place->vcpus[i] != KCFG_ANY)
			rt_cpuset_add(&cpus, place->vcpus[i]);
	for (size_t i = 0; rc == 0 && i < live->nr_threads; i++) {
		const struct kcfg_thread *thread = &live->threads[i];

		if (thread->role != KCFG_ROLE_VCPU ||
		    (unsigned int)thread->number >= place->vm->nr_vcpus)
			continue;
		group = tune_task_cgroup(&lives->tasks, thread->task);
		group += strspn(group, "/");
		if (!*group || !rt_root_exists(plan->root, CGROUPS "/%s/cpuset.cpus.exclusive",
					       group))
			return 0;
		if (thread->number == 0)
			rc = add_ancestors(plan, group, &cpus, err);
		if (rc == 0)
			rc = add_partition(plan, group, place->vcpus[thread->number], err);
	}
	return rc < 0 ? rc : group != NULL;
}
