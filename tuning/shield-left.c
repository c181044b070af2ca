/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-left.c - what remains on shielded CPUs, by name, and why
 */
#include "tuning/shield-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/cmdline.h"

/* What bound kernel threads are for; the first glob that fits. */
static const struct reason {
	const char *glob, *why;
} reasons[] = {
	{ "migration/*", "stops the CPU for others, and moves tasks; one of each CPU" },
	{ "ksoftirqd/*", "softirqs that its own interrupts and timers raise" },
	{ "ktimers/*", "timers of this CPU, on real-time kernels" },
	{ "ktimersoftd/*", "timers of this CPU, on real-time kernels" },
	{ "rcuc/*", "RCU callbacks of this CPU; rcu_nocbs= at boot moves them" },
	{ "rcuop/*", "RCU callbacks, already apart from the CPU" },
	{ "rcuog/*", "RCU callbacks, already apart from the CPU" },
	{ "cpuhp/*", "wakes only when the CPU goes up or down" },
	{ "irq_work/*", "work that the kernel queues for this CPU, on real-time kernels" },
	{ "idle_inject/*", "sleeps unless the CPU is cooled by force" },
	{ "backlog_napi/*", "packets that this CPU itself receives from itself" },
	{ "watchdog/*", "the lockup detector; kernel.watchdog=0 ends it" },
	{ "kworker/R-*", "a work queue's rescuer: sleeps while there is memory" },
	{ "kworker/u*", "an unbound worker; follows the work queues' cpumask when it works" },
	{ "kworker/*", "work that is queued for this CPU by name" },
	{ "irq/*", "the thread of an interrupt; follows it when it comes the next time" },
};

#define NR_REASONS (sizeof(reasons) / sizeof(reasons[0]))

static const char *task_reason(const struct tune_task *task)
{
	size_t i;

	if (!task->kthread)
		return task->hold == TUNE_TASK_FREE ?
		       "came later, or its affinity could not be set: shield again" :
		       "the kernel lets nobody move it";
	for (i = 0; i < NR_REASONS; i++)
		if (rt_glob(reasons[i].glob, task->comm, false))
			return reasons[i].why;
	if (task->hold == TUNE_TASK_FREE)
		return "came later, or its affinity could not be set: shield again";
	/* before 6.9 rescuers have their queue's name alone */
	return rt_cpuset_count(&task->allowed) > 1 ?
	       "a work queue's own thread, a rescuer: sleeps while there is memory" :
	       "a kernel thread that is bound to its CPU";
}

static const char *irq_reason(const struct tune_irq *irq, const struct rt_cpuset *shielded)
{
	if (!rt_cpuset_overlaps(&irq->affinity, shielded))
		return "moved; the device's next interrupt comes elsewhere";
	if (irq->hold == TUNE_IRQ_MANAGED)
		return "managed: the kernel spreads this device's queues; isolcpus=managed_irq "
		       "at boot, or fewer queues";
	if (irq->hold == TUNE_IRQ_FIXED)
		return "the kernel does not let it be moved";
	return irq->hold == TUNE_IRQ_FREE ? "came later, or is assigned here" :
	       "not moved; only root is told why";
}

static struct tune_left *more(struct tune_lefts *lefts)
{
	size_t room = lefts->room ? lefts->room * 2 : 64;
	struct tune_left *v;

	if (lefts->nr == lefts->room) {
		v = reallocarray(lefts->v, room, sizeof(*v));
		if (!v)
			return NULL;
		lefts->v = v;
		lefts->room = room;
	}
	lefts->v[lefts->nr] = (struct tune_left){ 0 };
	return &lefts->v[lefts->nr++];
}

static int left_tasks(struct tune_lefts *lefts, const struct rt_root *root,
		      const struct rt_cpuset *shielded, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	struct tune_left *left;
	size_t i;
	int rc;

	rc = tune_tasks_read(&tasks, root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, err);
	for (i = 0; i < tasks.n && rc == 0; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (!task->has_affinity || !rt_cpuset_overlaps(&task->allowed, shielded) ||
		    tune_shield_has_task(&tasks, task))
			continue;
		left = more(lefts);
		if (!left) {
			rc = rt_err_set(err, -ENOMEM, "the tasks");
			break;
		}
		left->cpus = task->allowed;
		rt_cpuset_and(&left->cpus, shielded);
		left->number = task->tid;
		snprintf(left->name, sizeof(left->name), "%s", task->comm);
		left->why = task_reason(task);
	}
	tune_tasks_finish(&tasks);
	return rc;
}

/* Where it goes, or may go where the kernel does not tell. */
static const struct rt_cpuset *place_of(const struct tune_irq *irq)
{
	return rt_cpuset_empty(&irq->effective) ? &irq->affinity : &irq->effective;
}

static int add_irq(struct tune_lefts *lefts, const struct tune_irq *irq,
		   const struct rt_cpuset *cpus, const char *why, struct rt_err *err)
{
	struct tune_left *left = more(lefts);

	if (!left)
		return rt_err_set(err, -ENOMEM, "the interrupts");
	left->what = TUNE_LEFT_IRQ;
	left->cpus = *cpus;
	left->number = irq->number;
	snprintf(left->name, sizeof(left->name), "%s", irq->actions);
	left->why = why;
	return 0;
}

static int left_irqs(struct tune_lefts *lefts, const struct rt_root *root,
		     const struct rt_cpuset *shielded, struct rt_err *err)
{
	struct tune_irqs irqs = { 0 };
	struct rt_cpuset cpus;
	size_t i;
	int rc;

	rc = tune_irqs_read(&irqs, root, TUNE_IRQS_AFFINITY, err);
	for (i = 0; i < irqs.n && rc == 0; i++) {
		struct tune_irq *irq = &irqs.v[i];

		if (irq->number < 0 || !irq->has_affinity ||
		    !rt_cpuset_overlaps(place_of(irq), shielded))
			continue;
		tune_irq_probe(irq, root);
		cpus = *place_of(irq);
		rt_cpuset_and(&cpus, shielded);
		rc = add_irq(lefts, irq, &cpus, irq_reason(irq, shielded), err);
	}
	tune_irqs_finish(&irqs);
	return rc;
}

static const char *memory_reason(const char *group)
{
	if (strcmp(group, "/") == 0)
		return "it is in no cgroup below the top, whose memory is all there is";
	if (strncmp(group, "/machine", 8) == 0)
		return "a VM: its numatune says where its memory is";
	return "came later, or its cgroup asks for that memory";
}

/* The threads of a process share its memory. */
static int left_memory(struct tune_lefts *lefts, const struct rt_root *root,
		       const struct tune_shield *shield, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	struct rt_cpuset own, rest;
	struct tune_left *left;
	size_t i;
	int rc;

	rc = tune_shield_nodes(root, shield, &own, &rest, err);
	if (rc == 0)
		rc = tune_tasks_read(&tasks, root, TUNE_TASKS_CGROUP, err);
	for (i = 0; i < tasks.n && rc == 0; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (task->kthread || task->tid != task->tgid ||
		    tune_shield_has_task(&tasks, task) || !tune_shield_may_use(root, task, &own))
			continue;
		left = more(lefts);
		if (!left) {
			rc = rt_err_set(err, -ENOMEM, "the tasks");
			break;
		}
		left->what = TUNE_LEFT_MEMORY;
		left->cpus = shield->cpus[TUNE_SHIELD_MEM];
		left->number = task->tid;
		snprintf(left->name, sizeof(left->name), "%s", task->comm);
		left->why = memory_reason(tune_task_cgroup(&tasks, task));
	}
	tune_tasks_finish(&tasks);
	return rc;
}

static const char *astray_reason(const struct tune_irq *irq)
{
	if (irq->hold == TUNE_IRQ_MANAGED)
		return "managed: only the kernel moves it";
	return irq->hold == TUNE_IRQ_FIXED ? "the kernel does not let it be moved" :
	       "something else has moved it";
}

int tune_shield_astray(struct tune_lefts *ret, const struct rt_root *root,
		       const struct tune_shield *shield, struct rt_err *err)
{
	const struct tune_irq_assign *assign;
	struct tune_irqs irqs = { 0 };
	struct tune_irq *irq;
	int rc = 0;

	*ret = (struct tune_lefts){ 0 };
	if (shield->assigns.nr)
		rc = tune_irqs_read(&irqs, root, TUNE_IRQS_AFFINITY | TUNE_IRQS_DEVICE, err);
	for (irq = irqs.v; irq < rt_array_end(irqs.v, irqs.n) && rc == 0; irq++) {
		assign = irq->has_affinity ? tune_shield_assigned(shield, irq) : NULL;
		if (!assign || rt_cpuset_within(&irq->affinity, &assign->cpus))
			continue;
		tune_irq_probe(irq, root);
		rc = add_irq(ret, irq, &irq->affinity, astray_reason(irq), err);
	}
	tune_irqs_finish(&irqs);
	if (rc < 0)
		tune_lefts_finish(ret);
	return rc;
}

int tune_shield_left(struct tune_lefts *ret, const struct rt_root *root,
		     const struct tune_shield *shield, struct rt_err *err)
{
	int rc = 0;

	*ret = (struct tune_lefts){ 0 };
	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		rc = left_tasks(ret, root, &shield->cpus[TUNE_SHIELD_PROC], err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_IRQ]))
		rc = left_irqs(ret, root, &shield->cpus[TUNE_SHIELD_IRQ], err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_MEM]))
		rc = left_memory(ret, root, shield, err);
	if (rc < 0)
		tune_lefts_finish(ret);
	return rc;
}

void tune_lefts_finish(struct tune_lefts *lefts)
{
	free(lefts->v);
	*lefts = (struct tune_lefts){ 0 };
}

/* ---- what only a boot can do ---- */

/* How many there can be: the N of a list on the command line. */
static unsigned int count_possible(const struct rt_root *root)
{
	static const char *const files[] = { "possible", "present" };
	char list[TUNE_LIST_MAX];
	struct rt_cpuset set;
	unsigned int nr = 0, i;

	for (i = 0; i < 2 && nr == 0; i++) {
		if (rt_root_read_line(root, list, sizeof(list), NULL, "sys/devices/system/cpu/%s",
				      files[i]) < 0 || rt_cpuset_parse(&set, list, NULL) < 0)
			continue;
		rt_cpuset_for_each(cpu, &set)
			nr = (unsigned int)cpu + 1;
	}
	return nr;
}

static void add_cpus_of(struct rt_cpuset *set, const struct tune_cmdline *cmdline,
			const char *word, unsigned int nr_cpus)
{
	const char *value = tune_cmdline_get(cmdline, word);
	struct rt_cpuset some;

	if (value && tune_cmdline_cpus(&some, value, nr_cpus, NULL) == 0)
		rt_cpuset_or(set, &some);
}

int tune_shield_boot_words(char *buf, size_t size, const struct rt_root *root,
			   const struct tune_shield *shield, struct rt_err *err)
{
	static const char *const words[] = { "nohz_full", "rcu_nocbs" };
	const struct rt_cpuset *loc = &shield->cpus[TUNE_SHIELD_LOC];
	struct tune_cmdline cmdline = { 0 };
	char list[TUNE_LIST_MAX], *text;
	struct rt_cpuset has = { { 0 } };
	unsigned int i, nr_cpus;
	size_t at = 0;
	int rc;

	buf[0] = '\0';
	if (rt_cpuset_empty(loc))
		return 0;
	rc = rt_root_read(root, &text, NULL, err, "proc/cmdline");
	if (rc < 0)
		return rc;
	rc = tune_cmdline_parse(&cmdline, text, err);
	free(text);
	if (rc < 0)
		return rc;
	nr_cpus = count_possible(root);
	rt_cpuset_format(loc, list, sizeof(list));
	for (i = 0; i < 2; i++) {
		/* nohz_full= means rcu_nocbs= for the same CPUs */
		add_cpus_of(&has, &cmdline, words[i], nr_cpus);
		if (!rt_cpuset_within(loc, &has) && at < size)
			at += snprintf(buf + at, size - at, "%s%s=%s", at ? " " : "", words[i],
				       list);
	}
	tune_cmdline_finish(&cmdline);
	return 0;
}
