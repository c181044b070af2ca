/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-tasks.c - tasks are kept off shielded CPUs: by their affinities, by a
 * partition of cgroup version 2, by cpusets of version 1
 */
#include "tuning/shield-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "tuning/partition.h"

#define HOST_GROUP	"kvmrt-host"	/* version 1: everybody else */
#define DEPTH_MAX	16

/* ---- affinities ---- */

bool tune_shield_has_task(const struct tune_tasks *tasks, const struct tune_task *task)
{
	const char *group = tune_task_cgroup(tasks, task);

	return group[0] == '/' && tune_is_shield_group(group + 1);
}

static bool is_concerned(const struct tune_shield *shield, const struct tune_tasks *tasks,
			 const struct tune_task *task)
{
	return task->hold == TUNE_TASK_FREE && task->has_affinity &&
	       !tune_shield_has_task(tasks, task) &&
	       !(shield->spare && shield->spare(shield->arg, tasks, task));
}

/* The kernel moves an interrupt's thread with each interrupt: its affinity is nobody's own. */
static bool is_pinned(const struct tune_task *task, const struct rt_cpuset *online)
{
	return !rt_cpuset_within(online, &task->allowed) &&
	       !(task->kthread && strncmp(task->comm, "irq/", 4) == 0);
}

static int plan_task(struct tune_plan *plan, const struct tune_shield *shield,
		     const struct tune_task *task, const struct rt_cpuset *host,
		     unsigned int flags, struct rt_err *err)
{
	char target[64], list[TUNE_LIST_MAX];
	int rc;

	rc = tune_shield_without(list, &task->allowed, &shield->cpus[TUNE_SHIELD_PROC], host, err);
	if (rc < 0)
		return rc;
	snprintf(target, sizeof(target), "%d %llu", (int)task->tid,
		 (unsigned long long)task->start);
	return tune_plan_add(plan, TUNE_KNOB_AFFINITY, target, list, flags | TUNE_OPTIONAL,
			     TUNE_COST_TASK, err, "%s",
			     flags & TUNE_HOLD ? "an affinity of its own" : "may run there");
}

/* What a task has that asked for nothing: the CPUs of other partitions are not among them. */
static int usual_cpus(const struct rt_root *root, struct rt_cpuset *ret, struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], list[TUNE_LIST_MAX];

	if (tune_cgroups_find(root, mount) == TUNE_CGROUPS_V2 &&
	    rt_root_read_line(root, list, sizeof(list), NULL, "%s/cpuset.cpus.effective",
			      mount) == 0 &&
	    rt_cpuset_parse(ret, list, NULL) == 0 && !rt_cpuset_empty(ret))
		return 0;
	return tune_online(root, ret, err);
}

int tune_shield_plan_tasks(struct tune_plan *plan, const struct tune_shield *shield,
			   enum tune_which_tasks which, struct rt_err *err)
{
	const struct rt_cpuset *shielded = &shield->cpus[TUNE_SHIELD_PROC];
	struct tune_tasks tasks = { 0 };
	struct rt_cpuset usual, host;
	size_t i;
	int rc;

	if (rt_cpuset_empty(shielded))
		return 0;
	rc = usual_cpus(plan->root, &usual, err);
	if (rc == 0)
		rc = tune_shield_host(plan->root, shield, TUNE_SHIELD_PROC, &host, err);
	if (rc == 0)
		rc = tune_tasks_read(&tasks, plan->root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP,
				     err);
	for (i = 0; i < tasks.n && rc == 0; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (!is_concerned(shield, &tasks, task))
			continue;
		if (which == TUNE_TASKS_PINNED && is_pinned(task, &usual))
			rc = plan_task(plan, shield, task, &host, TUNE_HOLD, err);
		if (which == TUNE_TASKS_LEFT && rt_cpuset_overlaps(&task->allowed, shielded))
			rc = plan_task(plan, shield, task, &host, 0, err);
	}
	tune_tasks_finish(&tasks);
	return rc;
}

int tune_shield_plan_again(struct tune_plan *plan, struct rt_err *err)
{
	size_t i, nr = plan->nr;
	int rc = 0;

	for (i = 0; i < nr && rc == 0; i++) {
		const struct tune_change *change = &plan->changes[i];

		if (change->kind == TUNE_KNOB_AFFINITY && change->flags & TUNE_HOLD &&
		    change->state == TUNE_MADE)
			rc = tune_plan_add(plan, change->kind, change->target, change->wanted,
					   TUNE_OPTIONAL, change->cost, err,
					   "the kernel had changed it");
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

/* ---- version 2 ---- */

int tune_shield_plan_partition(struct tune_plan *plan, const struct tune_shield *shield,
			       struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], group[TUNE_SHIELD_GROUP_MAX];

	tune_shield_group(group, shield);
	if (tune_cgroups_find(plan->root, mount) != TUNE_CGROUPS_V2)
		return rt_err_say(err, RT_ECANNOT, "no cpuset controller of cgroup version 2 below "
				  "%s/sys/fs/cgroup", plan->root->path);
	return tune_partition_plan_local(plan, mount, group,
					 &shield->cpus[TUNE_SHIELD_PROC], err);
}

/* ---- version 1 ---- */

struct v1 {
	struct tune_plan *plan;
	const struct rt_cpuset *shielded, *host;
	char mount[TUNE_MOUNT_MAX];
	char mems[256], host_mems[256];	/* nodes with memory; those for everybody else */
};

static int set_in(struct v1 *v1, const char *group, const char *file, enum tune_knob_kind kind,
		  const char *value, enum tune_cost cost, const char *why, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX];

	if (snprintf(target, sizeof(target), "%s%s/%s", v1->mount, group, file) >=
	    (int)sizeof(target))
		return rt_err_set(err, -ENAMETOOLONG, "%s%s", v1->mount, group);
	/* held: shields of other names share the host's cpuset and the top */
	return tune_plan_add(v1->plan, kind, target, value, TUNE_HOLD, cost, err, "%s", why);
}

static int make_group(struct v1 *v1, const char *group, const struct rt_cpuset *cpus,
		      const char *mems, const char *balance, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX], list[TUNE_LIST_MAX];
	int rc;

	rt_cpuset_format(cpus, list, sizeof(list));
	snprintf(target, sizeof(target), "%s%s", v1->mount, group);
	rc = tune_plan_add(v1->plan, TUNE_KNOB_GROUP, target, "there", TUNE_HOLD, TUNE_COST_NONE,
			   err, "a cpuset");
	if (rc == 0)
		rc = set_in(v1, group, "cpuset.cpus", TUNE_KNOB_CPULIST, list, TUNE_COST_NONE,
			    "its CPUs", err);
	if (rc == 0)
		rc = set_in(v1, group, "cpuset.mems", TUNE_KNOB_CPULIST, mems, TUNE_COST_NONE,
			    "its memory", err);
	return rc < 0 ? rc : set_in(v1, group, "cpuset.sched_load_balance", TUNE_KNOB_TEXT,
				    balance, TUNE_COST_DOMAINS, "balancing over its CPUs", err);
}

/* The cpusets that others made give the shielded CPUs up, those at the leaves first. */
static int narrow(struct v1 *v1, const char *group, unsigned int depth, struct rt_err *err)
{
	int fd = rt_root_open(v1->plan->root, NULL, O_RDONLY | O_DIRECTORY, "%s%s", v1->mount,
			      group);
	DIR *dir = rt_opendir(fd);
	char path[TUNE_TARGET_MAX], list[TUNE_LIST_MAX];
	struct dirent *entry;
	struct rt_cpuset cpus;
	int rc = 0;

	while (dir && rc == 0 && depth < DEPTH_MAX && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    !tune_is_shield_group(entry->d_name) &&
		    strcmp(entry->d_name, HOST_GROUP) != 0 &&
		    snprintf(path, sizeof(path), "%s/%s", group, entry->d_name) <
		    (int)sizeof(path))
			rc = narrow(v1, path, depth + 1, err);
	if (dir)
		closedir(dir);
	if (rc < 0 || !group[0] ||
	    rt_root_read_line(v1->plan->root, list, sizeof(list), NULL, "%s%s/cpuset.cpus",
			      v1->mount, group) < 0 ||
	    rt_cpuset_parse(&cpus, list, NULL) < 0 || !rt_cpuset_overlaps(&cpus, v1->shielded))
		return rc;
	rt_cpuset_minus(&cpus, v1->shielded);
	if (rt_cpuset_empty(&cpus))	/* it would have none, and what is in it be stuck */
		return 0;
	rt_cpuset_format(&cpus, list, sizeof(list));
	return set_in(v1, group, "cpuset.cpus", TUNE_KNOB_CPULIST, list, TUNE_COST_TASK,
		      "a cpuset of others gives them up", err);
}

/* Who is in the hierarchy's top goes into the host's cpuset. */
static int move_all(struct v1 *v1, const struct tune_shield *shield, struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	char target[TUNE_TARGET_MAX];
	const char *group;
	size_t i;
	int rc;

	rc = tune_tasks_read(&tasks, v1->plan->root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, err);
	for (i = 0; i < tasks.n && rc == 0; i++) {
		const struct tune_task *task = &tasks.v[i];

		group = tune_task_cgroup(&tasks, task);
		if (!is_concerned(shield, &tasks, task) ||
		    (strcmp(group, "/") != 0 && strcmp(group, "/" HOST_GROUP) != 0))
			continue;
		snprintf(target, sizeof(target), "%d %llu cpuset %s", (int)task->tid,
			 (unsigned long long)task->start, v1->mount);
		rc = tune_plan_add(v1->plan, TUNE_KNOB_MEMBER, target, "/" HOST_GROUP,
				   TUNE_OPTIONAL | TUNE_HOLD, TUNE_COST_TASK, err,
				   "off the shielded CPUs");
	}
	tune_tasks_finish(&tasks);
	return rc;
}

static int leave_memory(struct v1 *v1, const struct tune_shield *shield, struct rt_err *err)
{
	struct rt_cpuset own, rest;
	int rc;

	snprintf(v1->host_mems, sizeof(v1->host_mems), "%s", v1->mems);
	if (rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_MEM]))
		return 0;
	rc = tune_shield_nodes(v1->plan->root, shield, &own, &rest, err);
	if (rc == 0 && rt_cpuset_format(&rest, v1->host_mems, sizeof(v1->host_mems)) < 0)
		rc = rt_err_set(err, -ENOSPC, "a list of nodes");
	return rc;
}

int tune_shield_plan_cpuset(struct tune_plan *plan, const struct tune_shield *shield,
			    struct rt_err *err)
{
	struct v1 v1 = { .plan = plan, .shielded = &shield->cpus[TUNE_SHIELD_PROC] };
	char group[TUNE_SHIELD_GROUP_MAX], path[TUNE_SHIELD_GROUP_MAX + 1];
	struct rt_cpuset host;
	int rc;

	if (tune_cgroups_find(plan->root, v1.mount) != TUNE_CGROUPS_V1)
		return rt_err_say(err, RT_ECANNOT, "no cpusets of version 1 in "
				  "%s/sys/fs/cgroup/cpuset", plan->root->path);
	tune_shield_group(group, shield);
	snprintf(path, sizeof(path), "/%s", group);
	rc = tune_shield_host(plan->root, shield, TUNE_SHIELD_PROC, &host, err);
	v1.host = &host;
	if (rc == 0)
		rc = rt_root_read_line(plan->root, v1.mems, sizeof(v1.mems), err,
				       "%s/cpuset.effective_mems", v1.mount);
	if (rc == 0)
		rc = narrow(&v1, "", 0, err);
	if (rc == 0)
		rc = leave_memory(&v1, shield, err);
	if (rc == 0)
		rc = make_group(&v1, "/" HOST_GROUP, &host, v1.host_mems, "1", err);
	/* who goes there takes his memory along */
	if (rc == 0 && strcmp(v1.mems, v1.host_mems) != 0)
		rc = set_in(&v1, "/" HOST_GROUP, "cpuset.memory_migrate", TUNE_KNOB_TEXT, "1",
			    TUNE_COST_MEMORY, "memory goes along", err);
	if (rc == 0)
		rc = make_group(&v1, path, v1.shielded, v1.mems, "0", err);
	if (rc == 0)
		rc = set_in(&v1, "", "cpuset.sched_load_balance", TUNE_KNOB_TEXT, "0",
			    TUNE_COST_DOMAINS, "balancing over all CPUs", err);
	return rc < 0 ? rc : move_all(&v1, shield, err);
}
