/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield.h - CPUs kept free of what can run elsewhere: interrupts, tasks, the
 * kernel's own housekeeping
 *
 * One call, tune_shield_apply(), for the command `shield`; and its two ends,
 * tune_shield_prepare() and tune_shield_sweep(), for who makes partitions of his own
 * in between (a virtual machine's vCPUs).  All changes go through the journal that the
 * caller opened; tune_shield_undo() takes them back.
 *
 * Tasks are kept off by the best means that this host honours (a tier), found by
 * trying and reading back.
 */
#ifndef TUNE_SHIELD_H
#define TUNE_SHIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cpulist.h"
#include "tuning/irqs.h"
#include "tuning/journal.h"
#include "tuning/tasks.h"

struct rt_err;
struct rt_root;

enum tune_shield_kind {
	TUNE_SHIELD_IRQ,	/* interrupts, and what the network does in their wake */
	TUNE_SHIELD_LOC,	/* the local timer: what makes it tick that can be elsewhere */
	TUNE_SHIELD_PROC,	/* tasks, kernel threads, work queues */
	TUNE_SHIELD_MEM,	/* not the CPUs but their nodes' memory, from who is elsewhere */
	TUNE_NR_SHIELDS
};

enum tune_tier {
	TUNE_TIER_AUTO,		/* the best that is honoured */
	TUNE_TIER_PARTITION,	/* an isolated partition of cgroup version 2 */
	TUNE_TIER_CPUSET,	/* cpusets of version 1 */
	TUNE_TIER_AFFINITY,	/* each task's own affinity */
	TUNE_NR_TIERS
};

/* "partition", "cpuset", "affinity", "auto"; -EINVAL for another word. */
const char *tune_tier_word(enum tune_tier tier);
int tune_tier_find(const char *word);

/* "These interrupts are for these CPUs", whatever is shielded. */
struct tune_irq_assign {
	struct rt_cpuset cpus;
	char *irq;		/* owned by the list; as tune_irq_matches() takes it */
};

struct tune_irq_assigns {
	struct tune_irq_assign *v;	/* owned */
	size_t nr;
};

#define TUNE_SHIELD_NAME_MAX	64
#define TUNE_SHIELD_GROUP_MAX	(TUNE_SHIELD_NAME_MAX + 16)

/* Several may be at once, each with a name, a journal and a cgroup of its own. */
struct tune_shield {
	char name[TUNE_SHIELD_NAME_MAX];	/* "": the one that has none */
	struct rt_cpuset cpus[TUNE_NR_SHIELDS];
	struct rt_cpuset taken[TUNE_NR_SHIELDS];	/* the others': no place for the rest */
	enum tune_tier tier;
	struct tune_irq_assigns assigns;
	/* A task that is to be left where it is; NULL: none.  For a VM's own threads. */
	bool (*spare)(void *arg, const struct tune_tasks *tasks, const struct tune_task *task);
	void *arg;
};

#define TUNE_SHIELD_GROUP "kvmrt-shield"	/* the partition's cgroup; "kvmrt-shield-NAME" */

/* Letters, digits, "_", "-" and "."; -EINVAL for another name. */
int tune_shield_set_name(struct tune_shield *shield, const char *name, struct rt_err *err);
/* Its cgroup, from the hierarchy's top. */
void tune_shield_group(char buf[TUNE_SHIELD_GROUP_MAX], const struct tune_shield *shield);
/* Its journal: "shield", "shield-NAME". */
void tune_shield_journal(char buf[TUNE_SHIELD_GROUP_MAX], const struct tune_shield *shield);

/* What kind protects from: "irq", "loc", "proc", "mem". */
const char *tune_shield_word(enum tune_shield_kind kind);
bool tune_shield_is_empty(const struct tune_shield *shield);
/* The CPUs that one kind at least keeps free; memory does not. */
struct rt_cpuset tune_shield_any(const struct tune_shield *shield);

/**
 * tune_shield_check() - can these CPUs be shielded on this host?
 *
 * Return: 0; -EINVAL for a CPU that is not there, and where none would be left for the
 * rest; -EBUSY for one that another partition has.
 */
int tune_shield_check(const struct rt_root *root, const struct tune_shield *shield,
		      struct rt_err *err);

/**
 * tune_shield_for_absent() - calls @each for each assigned interrupt that no device has.
 *
 * That is a slip of the pen, or a driver that asks for its interrupts when its interface
 * is set up; who called knows which.  The shield itself passes it over.
 * Return: 0, -errno, or what @each returned if not 0, which also ends it.
 */
int tune_shield_for_absent(const struct rt_root *root, const struct tune_shield *shield,
			   int (*each)(void *arg, const char *irq, struct rt_err *err), void *arg,
			   struct rt_err *err);

/**
 * tune_shield_prepare() - plan what comes before the tasks are shut out: interrupts,
 * network, work queues, timers, and the tasks with an affinity of their own, which
 * the kernel forgets when partitions come and go.
 */
int tune_shield_prepare(struct tune_plan *plan, const struct tune_shield *shield,
			struct rt_err *err);

/**
 * tune_shield_sweep() - make the plan's rest, and move what came or was left, until
 * nothing is found that can be moved.
 */
int tune_shield_sweep(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, struct rt_err *err);

/**
 * tune_shield_apply() - all of it.
 * @plan: holds all changes when this returns; those refused say why.
 * @ret_tier: the means that was honoured.
 * @ret_why: why a better one was not, "" where it is the best; may be NULL.
 */
int tune_shield_apply(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, enum tune_tier *ret_tier,
		      struct rt_err *ret_why, struct rt_err *err);

/* The same for a dry run: nothing is tried, so the best means is assumed. */
int tune_shield_plan(struct tune_plan *plan, const struct tune_shield *shield,
		     struct rt_err *err);

/**
 * tune_shield_undo() - tune_journal_undo() of all; and then the tasks that were born
 * with an affinity that the shield had given their parents, and those that got one of
 * their own meanwhile, which the kernel forgets when a partition ends.
 */
int tune_shield_undo(struct tune_journal *journal, const struct tune_undo_report *report,
		     struct rt_err *err);

/**
 * tune_shield_enter() - a task that is to run on shielded CPUs goes into the cgroup
 * of the shield that has them, so that its affinity can be set to them.
 *
 * Return: 0, also where no partition has them; or -errno.
 */
int tune_shield_enter(const struct rt_root *root, const struct rt_cpuset *cpus, pid_t pid,
		      struct rt_err *err);

/* ---- what remains ---- */

struct tune_left {
	struct rt_cpuset cpus;		/* which of the shielded ones it may use */
	char name[80];			/* a task's, or an interrupt's actions */
	int number;			/* thread or interrupt */
	enum { TUNE_LEFT_TASK, TUNE_LEFT_IRQ, TUNE_LEFT_MEMORY } what;
	const char *why;		/* it cannot be elsewhere */
};

struct tune_lefts {
	struct tune_left *v;	/* owned */
	size_t nr, room;
};

/**
 * tune_shield_left() - what may still run on the shielded CPUs, by name.
 *
 * Tasks that somebody has put into the shield's partition are not counted.
 */
int tune_shield_left(struct tune_lefts *ret, const struct rt_root *root,
		     const struct tune_shield *shield, struct rt_err *err);
/* Interrupts that are not where the service's file assigns them. */
int tune_shield_astray(struct tune_lefts *ret, const struct rt_root *root,
		       const struct tune_shield *shield, struct rt_err *err);
void tune_lefts_finish(struct tune_lefts *lefts);

/*
 * What no running kernel can be told for these CPUs, and the words of its command line
 * that would: "nohz_full=2-3 rcu_nocbs=2-3"; "" where the kernel was booted so.
 */
int tune_shield_boot_words(char *buf, size_t size, const struct rt_root *root,
			   const struct tune_shield *shield, struct rt_err *err);

#endif /* TUNE_SHIELD_H */
