/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clear.c - what has to leave the CPUs of a real-time VM, and by what means it is kept off */
#include "config/clear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* ---- whom the shield keeps off ---- */

static const struct kcfg_place *place_of(const struct kcfg_places *places, const char *uuid)
{
	for (size_t i = 0; i < places->n; i++)
		if (!strcasecmp(places->v[i].vm->uuid, uuid))
			return &places->v[i];
	return NULL;
}

static bool is_spared(void *arg, const struct tune_tasks *tasks, const struct tune_task *task)
{
	const struct kcfg_spared *spared = arg;
	const struct kcfg_place *place;
	enum kcfg_role role;
	int number;

	(void)tasks;
	for (size_t i = 0; i < spared->lives->n; i++) {
		place = place_of(spared->places, spared->lives->v[i].uuid);
		if (place && place->vm->rt &&
		    kcfg_role_of(task, spared->lives->v[i].pid, &role, &number))
			return true;
	}
	return false;
}

struct rt_cpuset kcfg_taken(const struct kcfg_places *places, const struct kcfg_lives *lives)
{
	struct rt_cpuset taken = { 0 };

	for (size_t i = 0; i < places->n; i++)
		if (!places->v[i].vm->disabled || kcfg_lives_find(lives, places->v[i].vm->uuid))
			rt_cpuset_or(&taken, &places->v[i].owned);
	return taken;
}

void kcfg_shield(struct tune_shield *ret, const struct kcfg_place *place,
		 struct kcfg_spared *spared)
{
	/* its memory is libvirt's to place */
	static const enum tune_shield_kind kinds[] = {
		TUNE_SHIELD_IRQ, TUNE_SHIELD_LOC, TUNE_SHIELD_PROC,
	};
	struct rt_cpuset others = kcfg_taken(spared->places, spared->lives);

	*ret = (struct tune_shield){ .tier = TUNE_TIER_AFFINITY, .spare = is_spared,
				     .arg = spared };
	rt_cpuset_minus(&others, &place->owned);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ret->cpus[kinds[i]] = place->owned;
		ret->taken[kinds[i]] = others;
	}
}

/* ---- the kernel's threads, siblings ---- */

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

/* A thread's group from the top of version 2, "" where it is there itself. */
static const char *group_of(const struct kcfg_lives *lives, const struct kcfg_thread *thread)
{
	const char *group = tune_task_cgroup(&lives->tasks, thread->task);

	return group + strspn(group, "/");
}

static int find_mount(const struct tune_plan *plan, char mount[TUNE_MOUNT_MAX],
		      struct rt_err *err)
{
	return tune_cgroups_find(plan->root, mount) == TUNE_CGROUPS_V2 ? 0 :
	       rt_err_say(err, RT_ECANNOT, "no cpuset controller of cgroup version 2");
}

int kcfg_plan_isolate(struct tune_plan *plan, const struct kcfg_place *place,
		      const struct kcfg_lives *lives, const struct kcfg_live *live,
		      struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX];
	int rc = find_mount(plan, mount, err);

	for (size_t i = 0; rc == 0 && i < live->nr_threads; i++) {
		const struct kcfg_thread *thread = &live->threads[i];
		struct rt_cpuset own = { 0 };

		if (thread->role != KCFG_ROLE_VCPU ||
		    (unsigned int)thread->number >= place->vm->nr_vcpus)
			continue;
		rt_cpuset_add(&own, place->vcpus[thread->number]);
		rc = tune_partition_plan_remote(plan, mount, group_of(lives, thread), &own, err);
	}
	return rc;
}

/* libvirt's own groups, which all VMs without <partition> share. */
static bool is_shared(const char *top)
{
	return !strcmp(top, "machine") || !strcmp(top, "machine.slice");
}

static bool is_below(const char *group, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(group, top, len) && (!group[len] || group[len] == '/');
}

/* Nobody else would have its CPUs in it. */
static bool is_alone(const char *top, const struct kcfg_lives *lives,
		     const struct kcfg_live *live)
{
	enum kcfg_role role;
	int number;

	for (size_t i = 0; i < lives->tasks.n; i++) {
		const struct tune_task *task = &lives->tasks.v[i];
		const char *group = tune_task_cgroup(&lives->tasks, task);

		if (is_below(group + strspn(group, "/"), top) &&
		    !kcfg_role_of(task, live->pid, &role, &number))
			return false;
	}
	return true;
}

int kcfg_plan_isolate_whole(struct tune_plan *plan, const struct kcfg_place *place,
			    const struct kcfg_lives *lives, const struct kcfg_live *live,
			    struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], top[TUNE_TARGET_MAX] = "";
	int rc = find_mount(plan, mount, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < live->nr_threads && !top[0]; i++)
		if (live->threads[i].role == KCFG_ROLE_VCPU)
			snprintf(top, sizeof(top), "%s", group_of(lives, &live->threads[i]));
	top[strcspn(top, "/")] = '\0';
	if (!top[0] || is_shared(top) || !is_alone(top, lives, live))
		return rt_err_say(err, RT_ECANNOT, "it shares its group \"%s\" with others; a "
				  "<resource><partition> in its XML would give it one", top);
	if (!rt_cpuset_within(&place->others, &place->used))
		return rt_err_say(err, RT_ECANNOT, "emulator_cpuset has CPUs of the host");
	return tune_partition_plan_local(plan, mount, top, &place->used, err);
}
