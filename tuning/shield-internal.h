/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-internal.h - the parts of the shield: interrupts and the kernel's files
 * (shield-kernel.c), tasks (shield-tasks.c)
 */
#ifndef TUNE_SHIELD_INTERNAL_H
#define TUNE_SHIELD_INTERNAL_H

#include "tuning/shield.h"

#define TUNE_LIST_MAX 4096	/* bytes of a CPU list */

/* CPUs that are online, and those of them that a kind does not shield and nobody else has. */
int tune_online(const struct rt_root *root, struct rt_cpuset *ret, struct rt_err *err);
int tune_shield_host(const struct rt_root *root, const struct tune_shield *shield,
		     enum tune_shield_kind kind, struct rt_cpuset *ret, struct rt_err *err);

/* @cpus without those shielded, or where nothing is left @host, as a text. */
int tune_shield_without(char buf[TUNE_LIST_MAX], const struct rt_cpuset *cpus,
			const struct rt_cpuset *shielded, const struct rt_cpuset *host,
			struct rt_err *err);

/* Calls @each for each entry of a folder; a folder that is not there has none. */
int tune_for_entries(const struct rt_root *root, const char *folder,
		     int (*each)(void *arg, const struct rt_root *root, const char *path,
				 const char *name, struct rt_err *err),
		     void *arg, struct rt_err *err);

/* What the service's file says of an interrupt, or NULL. */
const struct tune_irq_assign *tune_shield_assigned(const struct tune_shield *shield,
						   const struct tune_irq *irq);
int tune_shield_plan_irqs(struct tune_plan *plan, const struct tune_shield *shield,
			  struct rt_err *err);
int tune_shield_plan_network(struct tune_plan *plan, const struct tune_shield *shield,
			     struct rt_err *err);
int tune_shield_plan_files(struct tune_plan *plan, const struct tune_shield *shield,
			   struct rt_err *err);

/* "kvmrt-shield", "kvmrt-shield-x", and what is below them. */
bool tune_is_shield_group(const char *name);
/* Somebody has put it into a shield's own group. */
bool tune_shield_has_task(const struct tune_tasks *tasks, const struct tune_task *task);

enum tune_which_tasks {
	TUNE_TASKS_PINNED,	/* with an affinity of their own, to be held */
	TUNE_TASKS_LEFT,	/* that may still use shielded CPUs */
};

int tune_shield_plan_tasks(struct tune_plan *plan, const struct tune_shield *shield,
			   enum tune_which_tasks which, struct rt_err *err);
/* The affinities that were held, where the kernel has changed them since. */
int tune_shield_plan_again(struct tune_plan *plan, struct rt_err *err);

int tune_shield_plan_partition(struct tune_plan *plan, const struct tune_shield *shield,
			       struct rt_err *err);
int tune_shield_plan_cpuset(struct tune_plan *plan, const struct tune_shield *shield,
			    struct rt_err *err);

/* ---- memory ---- */

/* The nodes with memory that the shield is for, and those left to the rest. */
int tune_shield_nodes(const struct rt_root *root, const struct tune_shield *shield,
		      struct rt_cpuset *ret_own, struct rt_cpuset *ret_rest, struct rt_err *err);
int tune_shield_check_memory(const struct rt_root *root, const struct tune_shield *shield,
			     struct rt_err *err);
int tune_shield_plan_memory(struct tune_plan *plan, const struct tune_shield *shield,
			    struct rt_err *err);
/* Its cpuset allows memory of these nodes. */
bool tune_shield_may_use(const struct rt_root *root, const struct tune_task *task,
			 const struct rt_cpuset *nodes);

#endif /* TUNE_SHIELD_INTERNAL_H */
