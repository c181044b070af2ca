/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * online.c - CPUs taken down and brought up, planned
 */
#include "tuning/online.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/irqs.h"
#include "tuning/journal.h"
#include "tuning/partition.h"
#include "tuning/tasks.h"

#define LIST_MAX	4096
#define SWITCH		"sys/devices/system/cpu/cpu%d/online"

static int read_cpus(const struct rt_root *root, const char *file, struct rt_cpuset *ret,
		     struct rt_err *err)
{
	char list[LIST_MAX];
	int rc;

	rc = rt_root_read_line(root, list, sizeof(list), err, "sys/devices/system/cpu/%s", file);
	return rc < 0 ? rc : rt_cpuset_parse(ret, list, err);
}

static int check_present(const struct rt_root *root, const struct rt_cpuset *cpus,
			 struct rt_err *err)
{
	char list[LIST_MAX], there[LIST_MAX];
	struct rt_cpuset present, rest = *cpus;
	int rc;

	rc = read_cpus(root, "present", &present, err);
	if (rc < 0)
		return rc;
	rt_cpuset_minus(&rest, &present);
	if (rt_cpuset_empty(&rest))
		return 0;
	rt_cpuset_format(&rest, list, sizeof(list));
	rt_cpuset_format(&present, there, sizeof(there));
	return rt_err_say(err, -EINVAL, "expected CPUs of this machine (%s), found %s", there,
			  list);
}

static int check_switches(const struct rt_root *root, const struct rt_cpuset *cpus,
			  struct rt_err *err)
{
	rt_cpuset_for_each(cpu, cpus)
		if (!rt_root_exists(root, SWITCH, cpu))
			return rt_err_say(err, RT_ECANNOT, "CPU %d cannot be taken down: this "
					  "kernel has no switch for it (%s/" SWITCH ")", cpu,
					  root->path, cpu);
	return 0;
}

static int check_partitions(const struct rt_root *root, const struct rt_cpuset *cpus,
			    struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], holder[PATH_MAX], list[LIST_MAX];
	struct rt_cpuset common;

	if (tune_cgroups_find(root, mount) != TUNE_CGROUPS_V2 ||
	    !tune_partition_holder(root, mount, NULL, cpus, holder, sizeof(holder), &common))
		return 0;
	rt_cpuset_format(&common, list, sizeof(list));
	return rt_err_say(err, -EBUSY, "CPUs %s are held by the partition \"/%s\", which would "
			  "become invalid", list, holder);
}

/* ---- what would lose its place ---- */

/* Where it goes: not to CPUs that are set aside for others, while there are any else. */
struct room {
	struct rt_cpuset left;		/* all that stay up */
	struct rt_cpuset common;	/* those of them that are set aside for nobody */
	struct rt_cpuset aside;
};

static void find_room(struct room *ret, const struct rt_root *root, const struct rt_cpuset *left)
{
	struct tune_aside aside;

	tune_aside_read(&aside, root);
	ret->aside = tune_aside_all(&aside);
	ret->left = ret->common = *left;
	rt_cpuset_minus(&ret->common, &ret->aside);
	if (rt_cpuset_empty(&ret->common))
		ret->common = *left;
}

/* Who was among those set aside stays there: of all the kernel gives it what its group has. */
static const struct rt_cpuset *new_place(const struct tune_task *task, const struct room *room)
{
	if (rt_cpuset_overlaps(&task->allowed, &room->left))
		return &task->allowed;
	return rt_cpuset_within(&task->allowed, &room->aside) ? &room->left : &room->common;
}

/*
 * Also those that have other CPUs: where a partition comes or goes while CPUs are down,
 * kernels before 6.2 forget that a task could use those.
 */
static int plan_tasks(struct tune_plan *plan, const struct rt_cpuset *going,
		      const struct room *room, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	char target[64], list[LIST_MAX];
	size_t i;
	int rc;

	rc = tune_tasks_read(&tasks, plan->root, TUNE_TASKS_AFFINITY, err);
	for (i = 0; i < tasks.n && rc == 0; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (task->hold != TUNE_TASK_FREE || !task->has_affinity ||
		    !rt_cpuset_overlaps(&task->allowed, going))
			continue;
		rt_cpuset_format(new_place(task, room), list, sizeof(list));
		snprintf(target, sizeof(target), "%d %" PRIu64, (int)task->tid, task->start);
		rc = tune_plan_add(plan, TUNE_KNOB_AFFINITY, target, list,
				   TUNE_OPTIONAL | TUNE_HOLD, TUNE_COST_TASK, err,
				   "its CPUs go down");
	}
	tune_tasks_finish(&tasks);
	return rc;
}

static int plan_irqs(struct tune_plan *plan, const struct room *room, struct rt_err *err)
{
	struct tune_irqs irqs = { 0 };
	char target[TUNE_TARGET_MAX], list[LIST_MAX];
	size_t i;
	int rc;

	rt_cpuset_format(&room->common, list, sizeof(list));
	rc = tune_irqs_read(&irqs, plan->root, TUNE_IRQS_AFFINITY, err);
	for (i = 0; i < irqs.n && rc == 0; i++) {
		const struct tune_irq *irq = &irqs.v[i];

		if (irq->number < 0 || !irq->has_affinity || rt_cpuset_empty(&irq->affinity) ||
		    rt_cpuset_overlaps(&irq->affinity, &room->left))
			continue;
		tune_target_irq(target, sizeof(target), plan->root, irq->number);
		rc = tune_plan_add(plan, TUNE_KNOB_IRQ, target, list, TUNE_OPTIONAL,
				   TUNE_COST_IRQ, err, "its CPUs go down");
	}
	tune_irqs_finish(&irqs);
	return rc;
}

/* ---- the switches ---- */

static int plan_switches(struct tune_plan *plan, const struct rt_cpuset *cpus, const char *value,
			 const char *why, struct rt_err *err)
{
	char target[64];
	int rc = 0;

	rt_cpuset_for_each(cpu, cpus) {
		snprintf(target, sizeof(target), SWITCH, cpu);
		rc = tune_plan_add(plan, TUNE_KNOB_TEXT, target, value, 0, TUNE_COST_HOTPLUG, err,
				   "%s", why);
		if (rc < 0)
			break;
	}
	return rc;
}

int tune_online_plan_down(struct tune_plan *plan, const struct rt_cpuset *cpus, bool force,
			  struct rt_err *err)
{
	struct rt_cpuset online, going = *cpus;
	struct room room;
	int rc;

	rc = check_present(plan->root, cpus, err);
	if (rc == 0)
		rc = read_cpus(plan->root, "online", &online, err);
	if (rc < 0)
		return rc;
	rt_cpuset_and(&going, &online);
	rt_cpuset_minus(&online, &going);
	if (rt_cpuset_empty(&going))
		return 0;
	if (rt_cpuset_empty(&online))
		return rt_err_say(err, -EINVAL, "the last CPU stays up; found all that are up");
	rc = check_switches(plan->root, &going, err);
	if (rc == 0 && !force)
		rc = check_partitions(plan->root, &going, err);
	find_room(&room, plan->root, &online);
	if (rc == 0)
		rc = plan_tasks(plan, &going, &room, err);
	if (rc == 0)
		rc = plan_irqs(plan, &room, err);
	return rc < 0 ? rc : plan_switches(plan, &going, "0", "goes down", err);
}

int tune_online_plan_up(struct tune_plan *plan, const struct rt_cpuset *cpus, struct rt_err *err)
{
	struct rt_cpuset online, going = *cpus;
	int rc;

	rc = check_present(plan->root, cpus, err);
	if (rc == 0)
		rc = read_cpus(plan->root, "online", &online, err);
	if (rc < 0)
		return rc;
	rt_cpuset_minus(&going, &online);
	return plan_switches(plan, &going, "1", "comes up", err);
}
