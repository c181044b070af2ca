/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield.c - CPUs kept free: which, by what means, and how it is undone
 */
#include "tuning/shield-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/partition.h"

#define SWEEPS		5	/* a task that is born meanwhile is found by the next */
#define ANCESTORS	32

static const char *const kind_words[] = {
	[TUNE_SHIELD_IRQ] = "irq", [TUNE_SHIELD_LOC] = "loc", [TUNE_SHIELD_PROC] = "proc",
};

static const char *const tier_words[] = {
	[TUNE_TIER_AUTO] = "auto", [TUNE_TIER_PARTITION] = "partition",
	[TUNE_TIER_CPUSET] = "cpuset", [TUNE_TIER_AFFINITY] = "affinity",
};

const char *tune_shield_word(enum tune_shield_kind kind)
{
	return kind_words[kind];
}

const char *tune_tier_word(enum tune_tier tier)
{
	return tier_words[tier];
}

int tune_tier_find(const char *word)
{
	int tier;

	for (tier = 0; tier < TUNE_NR_TIERS; tier++)
		if (strcmp(tier_words[tier], word) == 0)
			return tier;
	return -EINVAL;
}

struct rt_cpuset tune_shield_any(const struct tune_shield *shield)
{
	struct rt_cpuset any = { { 0 } };
	int kind;

	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
		rt_cpuset_or(&any, &shield->cpus[kind]);
	return any;
}

bool tune_shield_is_empty(const struct tune_shield *shield)
{
	struct rt_cpuset any = tune_shield_any(shield);

	return rt_cpuset_empty(&any) && shield->assigns.nr == 0;
}

/* ---- sets ---- */

static int read_cpus(const struct rt_root *root, const char *file, struct rt_cpuset *ret,
		     struct rt_err *err)
{
	char list[TUNE_LIST_MAX];
	int rc;

	rc = rt_root_read_line(root, list, sizeof(list), err, "sys/devices/system/cpu/%s", file);
	return rc < 0 ? rc : rt_cpuset_parse(ret, list, err);
}

int tune_online(const struct rt_root *root, struct rt_cpuset *ret, struct rt_err *err)
{
	return read_cpus(root, "online", ret, err);
}

int tune_shield_host(const struct rt_root *root, const struct tune_shield *shield,
		     enum tune_shield_kind kind, struct rt_cpuset *ret, struct rt_err *err)
{
	int rc;

	rc = tune_online(root, ret, err);
	if (rc == 0)
		rt_cpuset_minus(ret, &shield->cpus[kind]);
	return rc;
}

int tune_shield_without(char buf[TUNE_LIST_MAX], const struct rt_cpuset *cpus,
			const struct rt_cpuset *shielded, const struct rt_cpuset *host,
			struct rt_err *err)
{
	struct rt_cpuset rest = *cpus;

	rt_cpuset_minus(&rest, shielded);
	/* CPUs that are not there yet, or offline, do not carry anything */
	if (!rt_cpuset_overlaps(&rest, host))
		rest = *host;
	return rt_cpuset_format(&rest, buf, TUNE_LIST_MAX) < 0 ?
	       rt_err_set(err, -ENOSPC, "a list of CPUs") : 0;
}

static int check_kind(const struct rt_root *root, const struct tune_shield *shield,
		      enum tune_shield_kind kind, const struct rt_cpuset *present,
		      struct rt_err *err)
{
	char list[TUNE_LIST_MAX], there[TUNE_LIST_MAX];
	struct rt_cpuset rest = shield->cpus[kind], host;
	int rc;

	rt_cpuset_minus(&rest, present);
	if (!rt_cpuset_empty(&rest)) {
		rt_cpuset_format(&rest, list, sizeof(list));
		rt_cpuset_format(present, there, sizeof(there));
		return rt_err_say(err, -EINVAL, "expected CPUs of this machine (%s), found %s",
				  there, list);
	}
	rc = tune_shield_host(root, shield, kind, &host, err);
	if (rc == 0 && rt_cpuset_empty(&host))
		return rt_err_say(err, -EINVAL, "no CPU would be left for all the rest (%s)",
				  kind_words[kind]);
	return rc;
}

int tune_shield_check(const struct rt_root *root, const struct tune_shield *shield,
		      struct rt_err *err)
{
	const struct rt_cpuset *proc = &shield->cpus[TUNE_SHIELD_PROC];
	char mount[TUNE_MOUNT_MAX], holder[PATH_MAX], list[TUNE_LIST_MAX];
	struct rt_cpuset present, common;
	int rc, kind;

	rc = read_cpus(root, "present", &present, err);
	for (kind = 0; kind < TUNE_NR_SHIELDS && rc == 0; kind++)
		rc = check_kind(root, shield, kind, &present, err);
	if (rc < 0 || rt_cpuset_empty(proc) ||
	    tune_cgroups_find(root, mount) != TUNE_CGROUPS_V2 ||
	    !tune_partition_holder(root, mount, TUNE_SHIELD_GROUP, proc, holder, sizeof(holder),
				   &common))
		return rc;
	rt_cpuset_format(&common, list, sizeof(list));
	return rt_err_say(err, -EBUSY, "CPUs %s are held by the partition \"/%s\"", list, holder);
}

/* ---- making it ---- */

int tune_shield_prepare(struct tune_plan *plan, const struct tune_shield *shield,
			struct rt_err *err)
{
	int rc = 0;

	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_IRQ]) || shield->assigns.nr) {
		rc = tune_shield_plan_irqs(plan, shield, err);
		if (rc == 0)
			rc = tune_shield_plan_network(plan, shield, err);
	}
	if (rc == 0)
		rc = tune_shield_plan_files(plan, shield, err);
	return rc < 0 ? rc : tune_shield_plan_tasks(plan, shield, TUNE_TASKS_PINNED, err);
}

int tune_shield_sweep(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, struct rt_err *err)
{
	size_t before;
	int rc, i;

	rc = tune_journal_apply(journal, plan, err);
	if (rc == 0)
		rc = tune_shield_plan_again(plan, err);
	for (i = 0; i < SWEEPS && rc == 0; i++) {
		before = plan->nr;
		rc = tune_shield_plan_tasks(plan, shield, TUNE_TASKS_LEFT, err);
		if (rc == 0)
			rc = tune_journal_apply(journal, plan, err);
		if (plan->nr == before)
			break;
	}
	return rc;
}

static const struct means {
	enum tune_tier tier;
	int (*plan)(struct tune_plan *plan, const struct tune_shield *shield, struct rt_err *err);
} means[] = {
	{ TUNE_TIER_PARTITION, tune_shield_plan_partition },
	{ TUNE_TIER_CPUSET, tune_shield_plan_cpuset },
};

#define NR_MEANS (sizeof(means) / sizeof(means[0]))

static int try_means(struct tune_journal *journal, struct tune_plan *plan,
		     const struct tune_shield *shield, enum tune_tier *ret_tier,
		     struct rt_err *ret_why, struct rt_err *err)
{
	size_t nr = plan->nr, i;
	struct rt_err why;
	int rc;

	*ret_tier = TUNE_TIER_AFFINITY;
	for (i = 0; i < NR_MEANS; i++) {
		if (shield->tier != TUNE_TIER_AUTO && shield->tier != means[i].tier)
			continue;
		why = (struct rt_err){ 0 };
		rc = means[i].plan(plan, shield, &why);
		if (rc == 0)
			rc = tune_journal_apply(journal, plan, &why);
		if (rc == 0) {
			*ret_tier = means[i].tier;
			return 0;
		}
		tune_plan_cut(plan, nr);
		/* the first says why the best is not to be had */
		if (ret_why && (rc != RT_ECANNOT || !ret_why->code))
			*ret_why = why;
		if (shield->tier == means[i].tier) {
			if (err)
				*err = why;
			return rc;
		}
	}
	return 0;
}

int tune_shield_apply(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, enum tune_tier *ret_tier,
		      struct rt_err *ret_why, struct rt_err *err)
{
	struct rt_err unused;
	int rc;

	*ret_tier = TUNE_TIER_AFFINITY;
	ret_why = ret_why ? ret_why : &unused;
	*ret_why = (struct rt_err){ 0 };
	rc = tune_shield_prepare(plan, shield, err);
	if (rc == 0)
		rc = tune_journal_apply(journal, plan, err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		rc = try_means(journal, plan, shield, ret_tier, ret_why, err);
	if (*ret_tier == TUNE_TIER_PARTITION)
		*ret_why = (struct rt_err){ 0 };
	return rc < 0 ? rc : tune_shield_sweep(journal, plan, shield, err);
}

int tune_shield_plan(struct tune_plan *plan, const struct tune_shield *shield,
		     struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX];
	enum tune_cgroups cgroups = tune_cgroups_find(plan->root, mount);
	enum tune_tier tier = shield->tier;
	int rc;

	rc = tune_shield_prepare(plan, shield, err);
	if (rc < 0 || rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		return rc;
	if (tier == TUNE_TIER_AUTO)
		tier = cgroups == TUNE_CGROUPS_V2 ? TUNE_TIER_PARTITION :
		       cgroups == TUNE_CGROUPS_V1 ? TUNE_TIER_CPUSET : TUNE_TIER_AFFINITY;
	if (tier == TUNE_TIER_PARTITION)
		return tune_shield_plan_partition(plan, shield, err);
	if (tier == TUNE_TIER_CPUSET)
		return tune_shield_plan_cpuset(plan, shield, err);
	return tune_shield_plan_tasks(plan, shield, TUNE_TASKS_LEFT, err);
}

/* ---- undoing it ---- */

struct given {
	int tid;
	uint64_t start;
	struct rt_cpuset wanted;
	char *before;
};

struct gifts {
	struct given *v;
	size_t nr, room;
	bool failed;
};

/* Those whose affinity the shield changed, with what it gave them and what they had. */
static void collect(void *arg, enum tune_knob_kind kind, const char *target, const char *before,
		    const char *wanted)
{
	struct gifts *gifts = arg;
	struct given given, *more;

	if (kind != TUNE_KNOB_AFFINITY || gifts->failed ||
	    sscanf(target, "%d %" SCNu64, &given.tid, &given.start) != 2 ||
	    rt_cpuset_parse(&given.wanted, wanted, NULL) < 0)
		return;
	if (gifts->nr == gifts->room) {
		gifts->room = gifts->room ? gifts->room * 2 : 64;
		more = reallocarray(gifts->v, gifts->room, sizeof(*more));
		gifts->failed = !more;
		if (!more)
			return;
		gifts->v = more;
	}
	given.before = strdup(before);
	gifts->failed = !given.before;
	if (given.before)
		gifts->v[gifts->nr++] = given;
}

static const struct given *find_given(const struct gifts *gifts, int tid)
{
	size_t i;

	for (i = 0; i < gifts->nr; i++)
		if (gifts->v[i].tid == tid)
			return &gifts->v[i];
	return NULL;
}

/* The nearest ancestor that the shield had given what this task has now. */
static const struct given *inherited_from(const struct gifts *gifts, struct tune_tasks *tasks,
					  const struct tune_task *task)
{
	const struct tune_task *at = task;
	const struct given *given;
	int i;

	for (i = 0; i < ANCESTORS && at && at->ppid > 0; i++) {
		given = find_given(gifts, at->ppid);
		if (given)
			return rt_cpuset_equal(&given->wanted, &task->allowed) ? given : NULL;
		at = tune_tasks_find(tasks, at->ppid);
	}
	return NULL;
}

static void restore_children(const struct gifts *gifts, const struct rt_root *root)
{
	struct tune_tasks tasks = { 0 };
	const struct given *given;
	char target[64];
	size_t i;

	if (gifts->nr == 0 || tune_tasks_read(&tasks, root, TUNE_TASKS_AFFINITY, NULL) < 0)
		return;
	for (i = 0; i < tasks.n; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (!task->has_affinity || task->hold != TUNE_TASK_FREE ||
		    find_given(gifts, task->tid))
			continue;
		given = inherited_from(gifts, &tasks, task);
		if (!given)
			continue;
		snprintf(target, sizeof(target), "%d %" PRIu64, (int)task->tid, task->start);
		tune_knob_write(root, TUNE_KNOB_AFFINITY, target, given->before, NULL);
	}
	tune_tasks_finish(&tasks);
}

int tune_shield_undo(struct tune_journal *journal, const struct tune_undo_report *report,
		     struct rt_err *err)
{
	const struct rt_root *root = tune_journal_root(journal);
	struct gifts gifts = { 0 };
	int rc;

	tune_journal_each(journal, collect, &gifts);
	rc = tune_journal_undo(journal, 0, false, report, err);
	restore_children(&gifts, root);
	while (gifts.nr)
		free(gifts.v[--gifts.nr].before);
	free(gifts.v);
	return rc;
}

/* ---- going in ---- */

int tune_shield_enter(const struct rt_root *root, const struct rt_cpuset *cpus, pid_t pid,
		      struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], list[TUNE_LIST_MAX], text[16];
	enum tune_cgroups cgroups = tune_cgroups_find(root, mount);
	struct rt_cpuset has;

	if (cgroups == TUNE_CGROUPS_NONE ||
	    rt_root_read_line(root, list, sizeof(list), NULL,
			      "%s/" TUNE_SHIELD_GROUP "/cpuset.cpus", mount) < 0 ||
	    rt_cpuset_parse(&has, list, NULL) < 0 || !rt_cpuset_within(cpus, &has))
		return 0;
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	return rt_root_write(root, text, err, "%s/" TUNE_SHIELD_GROUP "/%s", mount,
			     cgroups == TUNE_CGROUPS_V2 ? "cgroup.procs" : "tasks");
}
