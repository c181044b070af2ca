/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-memory.c - memory of the nodes of shielded CPUs is kept for who runs there:
 * all others' cpusets are left the other nodes
 *
 * Version 2 only; of version 1 the cpuset kvmrt-host has it (shield-tasks.c).
 */
#include "tuning/shield-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/partition.h"
#include "tuning/topo.h"

#define DEPTH_MAX 8

/* ---- nodes ---- */

static struct rt_cpuset nodes_of(const struct tune_topo *topo, const struct rt_cpuset *cpus)
{
	struct rt_cpuset nodes = { { 0 } };
	unsigned int i;

	for (i = 0; i < topo->at[TUNE_NODE].n; i++) {
		const struct tune_group *node = &topo->at[TUNE_NODE].v[i];

		if (node->bytes && (!cpus || rt_cpuset_overlaps(&node->cpus, cpus)))
			rt_cpuset_add(&nodes, (unsigned int)node->number);
	}
	return nodes;
}

int tune_shield_nodes(const struct rt_root *root, const struct tune_shield *shield,
		      struct rt_cpuset *ret_own, struct rt_cpuset *ret_rest, struct rt_err *err)
{
	struct rt_cpuset taken;
	struct tune_topo *topo;
	int rc;

	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	*ret_own = nodes_of(topo, &shield->cpus[TUNE_SHIELD_MEM]);
	*ret_rest = nodes_of(topo, NULL);
	taken = nodes_of(topo, &shield->taken[TUNE_SHIELD_MEM]);
	rt_cpuset_minus(ret_rest, ret_own);
	rt_cpuset_minus(ret_rest, &taken);
	tune_topo_destroy(topo);
	return 0;
}

int tune_shield_check_memory(const struct rt_root *root, const struct tune_shield *shield,
			     struct rt_err *err)
{
	bool alone = rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]) ||
		     shield->tier == TUNE_TIER_AFFINITY;
	char mount[TUNE_MOUNT_MAX], list[TUNE_LIST_MAX];
	enum tune_cgroups cgroups = tune_cgroups_find(root, mount);
	struct rt_cpuset own, rest;
	int rc;

	rc = tune_shield_nodes(root, shield, &own, &rest, err);
	if (rc < 0)
		return rc;
	rt_cpuset_format(&shield->cpus[TUNE_SHIELD_MEM], list, sizeof(list));
	if (rt_cpuset_empty(&own))
		return rt_err_say(err, -EINVAL, "no node with memory has one of the CPUs %s", list);
	if (rt_cpuset_empty(&rest))
		return rt_err_say(err, -EINVAL, "no memory would be left for all the rest (mem): "
				  "CPUs %s belong to all nodes that have some", list);
	if (cgroups == TUNE_CGROUPS_NONE || (cgroups == TUNE_CGROUPS_V1 && alone))
		return rt_err_say(err, RT_ECANNOT, "memory is kept by cpusets, %s",
				  cgroups == TUNE_CGROUPS_NONE ? "which this host has not" :
				  "which in version 1 goes with --proc only");
	return 0;
}

/* ---- the plan ---- */

/* Memory of VMs is where their numatune says, which may be the very nodes. */
static bool is_for_machines(const char *name)
{
	return strcmp(name, "machine.slice") == 0 || strcmp(name, "machine") == 0;
}

/* A group below asks for the nodes by name. */
static bool is_asked_for(const struct rt_root *root, const char *path,
			 const struct rt_cpuset *nodes, unsigned int depth);

struct asking {
	const struct rt_cpuset *nodes;
	unsigned int depth;
	bool found;
};

static int ask(void *arg, const struct rt_root *root, const char *path, const char *name,
	       struct rt_err *err)
{
	struct asking *asking = arg;
	char list[TUNE_LIST_MAX];
	struct rt_cpuset mems;

	(void)name;
	(void)err;
	if (asking->found || !rt_root_exists(root, "%s/cgroup.procs", path))
		return 0;
	asking->found = (rt_root_read_line(root, list, sizeof(list), NULL, "%s/cpuset.mems",
					   path) == 0 &&
			 rt_cpuset_parse(&mems, list, NULL) == 0 &&
			 rt_cpuset_overlaps(&mems, asking->nodes)) ||
			(asking->depth < DEPTH_MAX &&
			 is_asked_for(root, path, asking->nodes, asking->depth + 1));
	return 0;
}

static bool is_asked_for(const struct rt_root *root, const char *path,
			 const struct rt_cpuset *nodes, unsigned int depth)
{
	struct asking asking = { .nodes = nodes, .depth = depth };

	tune_for_entries(root, path, ask, &asking, NULL);
	return asking.found;
}

struct job {
	struct tune_plan *plan;
	struct rt_cpuset own, rest;
};

static int plan_group(void *arg, const struct rt_root *root, const char *path, const char *name,
		      struct rt_err *err)
{
	char target[TUNE_TARGET_MAX + 16], list[TUNE_LIST_MAX];
	struct rt_cpuset mems = { { 0 } };
	struct job *job = arg;

	if (is_for_machines(name) || tune_is_shield_group(name) ||
	    !rt_root_exists(root, "%s/cgroup.procs", path) ||
	    is_asked_for(root, path, &job->own, 0))
		return 0;
	snprintf(target, sizeof(target), "%s/cpuset.mems", path);
	if (strlen(target) >= TUNE_TARGET_MAX)
		return 0;
	if (rt_root_read_line(root, list, sizeof(list), NULL, "%s", target) == 0)
		rt_cpuset_parse(&mems, list, NULL);
	if (rt_cpuset_empty(&mems))
		mems = job->rest;
	rt_cpuset_minus(&mems, &job->own);
	if (rt_cpuset_empty(&mems))	/* it has no other: its own choice */
		return 0;
	rt_cpuset_format(&mems, list, sizeof(list));
	return tune_plan_add(job->plan, TUNE_KNOB_CPULIST, target, list,
			     TUNE_OPTIONAL | TUNE_HOLD, TUNE_COST_MEMORY, err,
			     "memory for all but the shielded");
}

int tune_shield_plan_memory(struct tune_plan *plan, const struct tune_shield *shield,
			    struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], group[TUNE_SHIELD_GROUP_MAX];
	struct job job = { .plan = plan };
	int rc;

	if (rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_MEM]) ||
	    tune_cgroups_find(plan->root, mount) != TUNE_CGROUPS_V2)
		return 0;
	rc = tune_shield_nodes(plan->root, shield, &job.own, &job.rest, err);
	if (rc < 0)
		return rc;
	tune_shield_group(group, shield);
	rc = tune_partition_plan_group(plan, mount, group, err);
	return rc < 0 ? rc : tune_for_entries(plan->root, mount, plan_group, &job, err);
}

/* ---- what remains ---- */

bool tune_shield_may_use(const struct rt_root *root, const struct tune_task *task,
			 const struct rt_cpuset *nodes)
{
	static const char key[] = "\nMems_allowed_list:\t";
	struct rt_cpuset mems = { { 0 } };
	char *text, *at;

	if (rt_root_read(root, &text, NULL, NULL, "proc/%d/status", (int)task->tid) < 0)
		return false;
	at = strstr(text, key);
	if (at) {
		at += sizeof(key) - 1;
		at[strcspn(at, "\n")] = '\0';
		rt_cpuset_parse(&mems, at, NULL);
	}
	free(text);
	return rt_cpuset_overlaps(&mems, nodes);
}
