/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-undo.c - a shield is taken back, and what the journal cannot know of
 */
#include "tuning/shield-internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/root.h"
#include "tuning/partition.h"

#define ANCESTORS	32

/* ---- what the shield gave ---- */

struct given {
	int tid;
	uint64_t start;
	struct rt_cpuset wanted;
	char *before;
};

struct gifts {
	struct rt_cpuset online;	/* before the undoing */
	struct given *v;
	size_t nr, room;
	bool failed;
	bool partition;		/* one was made */
};

/* Those whose affinity the shield changed, with what it gave them and what they had. */
static void collect(void *arg, enum tune_knob_kind kind, const char *target, const char *before,
		    const char *wanted)
{
	struct gifts *gifts = arg;
	struct given given, *more;

	gifts->partition |= kind == TUNE_KNOB_TEXT && strstr(target, "/cpuset.cpus.partition");
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

/* The nearest ancestor whose affinity the shield changed. */
static const struct given *given_to_parents(const struct gifts *gifts, struct tune_tasks *tasks,
					    const struct tune_task *task)
{
	const struct tune_task *at = task;
	const struct given *given;
	int i;

	for (i = 0; i < ANCESTORS && at && at->ppid > 0; i++) {
		given = find_given(gifts, at->ppid);
		if (given)
			return given;
		at = tune_tasks_find(tasks, at->ppid);
	}
	return NULL;
}

/* What it was given, or what kernels before 6.2 made of that: the CPUs that are online. */
static bool has_gift(const struct gifts *gifts, const struct given *given,
		     const struct rt_cpuset *allowed)
{
	struct rt_cpuset online = given->wanted;

	rt_cpuset_and(&online, &gifts->online);
	return rt_cpuset_equal(&given->wanted, allowed) || rt_cpuset_equal(&online, allowed);
}

/* @allowed: before the undoing; with a partition's end kernels give tasks other CPUs. */
static void restore_child(struct tune_journal *journal, const struct gifts *gifts,
			  const struct given *given, const struct tune_task *task,
			  const struct rt_cpuset *allowed)
{
	char target[64], list[TUNE_LIST_MAX];

	snprintf(target, sizeof(target), "%d %" PRIu64, (int)task->tid, task->start);
	if (has_gift(gifts, given, allowed))
		tune_knob_write(tune_journal_root(journal), TUNE_KNOB_AFFINITY, target,
				given->before, NULL);
	else if (rt_cpuset_format(&given->wanted, list, sizeof(list)) == 0)
		/* a shield that came behind its birth has it, with what it was born with */
		tune_journal_pass_on(journal, TUNE_KNOB_AFFINITY, target, list, given->before);
}

static void restore_children(struct tune_journal *journal, const struct gifts *gifts,
			     struct tune_tasks *before)
{
	struct tune_tasks tasks = { 0 };
	const struct given *given;
	const struct tune_task *was;
	size_t i;

	if (gifts->nr == 0 ||
	    tune_tasks_read(&tasks, tune_journal_root(journal), TUNE_TASKS_AFFINITY, NULL) < 0)
		return;
	for (i = 0; i < tasks.n; i++) {
		const struct tune_task *task = &tasks.v[i];

		if (!task->has_affinity || task->hold != TUNE_TASK_FREE ||
		    find_given(gifts, task->tid))
			continue;
		given = given_to_parents(gifts, &tasks, task);
		was = tune_tasks_find(before, task->tid);
		if (!was || was->start != task->start)
			was = task;
		if (given)
			restore_child(journal, gifts, given, task, &was->allowed);
	}
	tune_tasks_finish(&tasks);
}

/* ---- what a partition's end makes the kernel forget ---- */

struct memory {
	struct tune_journal *journal;
	const struct rt_root *root;
	const struct gifts *gifts;
	struct tune_tasks before;	/* the undoing */
	char mount[TUNE_MOUNT_MAX];
};

static void remember(struct memory *memory)
{
	if (!memory->gifts->partition ||
	    tune_cgroups_find(memory->root, memory->mount) != TUNE_CGROUPS_V2 ||
	    tune_tasks_read(&memory->before, memory->root,
			    TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, NULL) < 0)
		memory->before.n = 0;
}

/* What a task of this group has that has asked for nothing; the nearest file says it. */
static void given_by_group(const struct memory *memory, const char *group, struct rt_cpuset *ret)
{
	char list[TUNE_LIST_MAX];
	int len = (int)strlen(group);

	*ret = (struct rt_cpuset){ { 0 } };
	for (; len >= 0; len--)
		if ((len == 0 || group[len] == '/' || !group[len]) &&
		    rt_root_read_line(memory->root, list, sizeof(list), NULL,
				      "%s%.*s/cpuset.cpus.effective", memory->mount, len,
				      group) == 0) {
			rt_cpuset_parse(ret, list, NULL);
			return;
		}
}

/*
 * 6.1 gives all tasks in the top group the CPUs that are online when a partition ends, and
 * so too kernel threads that nobody else may place (rescuers of work queues): CPUs that were
 * taken down come up first, or these never have them again.  The groups learn of a CPU some
 * time after it came up.  What remains is unbound workers that had a node's CPUs: they have
 * all of them from then on.
 */
static bool is_cpu_that_was_up(void *arg, const char *target, const char *before)
{
	unsigned int cpu;
	int end = 0;

	if (sscanf(target, "sys/devices/system/cpu/cpu%u/online%n", &cpu, &end) != 1 ||
	    !end || target[end] || strcmp(before, "1") != 0)
		return false;
	rt_cpuset_add(arg, cpu);
	return true;
}

static void raise_cpus(const struct memory *memory)
{
	struct timespec step = { .tv_nsec = 10000000 };
	struct rt_cpuset up = { { 0 } }, online, given;
	int i;

	tune_journal_undo_ahead(memory->journal, is_cpu_that_was_up, &up);
	if (tune_online(memory->root, &online, NULL) < 0)
		return;
	rt_cpuset_and(&up, &online);
	for (i = 0; i < 500 && !rt_cpuset_empty(&up); i++) {
		given_by_group(memory, "", &given);
		if (rt_cpuset_empty(&given) || rt_cpuset_within(&up, &given))
			break;
		nanosleep(&step, NULL);
	}
}

/* It has CPUs of its own, and they are not what has just been taken back. */
static bool is_its_own(const struct memory *memory, const struct tune_task *task,
		       const char *target, struct rt_cpuset *by_group)
{
	char name[128];

	if (task->hold != TUNE_TASK_FREE || !task->has_affinity)
		return false;
	if (tune_journal_holds(memory->journal, TUNE_KNOB_AFFINITY, target, name, sizeof(name)))
		return true;
	return !task->kthread && !find_given(memory->gifts, task->tid) &&
	       !rt_cpuset_equal(&task->allowed, by_group);
}

/* What each group gives is to be known as it was: so before the undoing. */
static struct rt_cpuset *ask_groups(const struct memory *memory)
{
	struct rt_cpuset *sets = calloc(memory->before.n + 1, sizeof(*sets));
	const struct tune_task *v = memory->before.v;
	size_t i;

	for (i = 0; sets && i < memory->before.n; i++) {
		if (i && v[i].cgroup == v[i - 1].cgroup)
			sets[i] = sets[i - 1];
		else
			given_by_group(memory, tune_task_cgroup(&memory->before, &v[i]), &sets[i]);
	}
	return sets;
}

static void put_back(const struct memory *memory, struct rt_cpuset *by_group)
{
	char target[64], list[TUNE_LIST_MAX], *now;
	const struct tune_task *task;
	size_t i;

	for (i = 0; by_group && i < memory->before.n; i++) {
		task = &memory->before.v[i];
		snprintf(target, sizeof(target), "%d %" PRIu64, (int)task->tid, task->start);
		if (!is_its_own(memory, task, target, &by_group[i]) ||
		    rt_cpuset_format(&task->allowed, list, sizeof(list)) < 0 ||
		    tune_knob_read(memory->root, TUNE_KNOB_AFFINITY, target, &now, NULL) < 0)
			continue;
		if (!tune_knob_equal(TUNE_KNOB_AFFINITY, now, list))
			tune_knob_write(memory->root, TUNE_KNOB_AFFINITY, target, list, NULL);
		free(now);
	}
}

int tune_shield_undo(struct tune_journal *journal, const struct tune_undo_report *report,
		     struct rt_err *err)
{
	const struct rt_root *root = tune_journal_root(journal);
	struct gifts gifts = { 0 };
	struct memory memory = { .journal = journal, .root = root, .gifts = &gifts };
	struct rt_cpuset *by_group;
	int rc;

	tune_online(root, &gifts.online, NULL);
	tune_journal_each(journal, collect, &gifts);
	remember(&memory);
	by_group = ask_groups(&memory);
	if (memory.before.n)
		raise_cpus(&memory);
	rc = tune_journal_undo(journal, 0, false, report, err);
	put_back(&memory, by_group);
	restore_children(journal, &gifts, &memory.before);
	free(by_group);
	tune_tasks_finish(&memory.before);
	while (gifts.nr)
		free(gifts.v[--gifts.nr].before);
	free(gifts.v);
	return rc;
}
