/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * online.h - CPUs taken down and brought up, planned
 *
 * What is bound to a CPU that goes down is moved by the kernel, which forgets where it
 * was; so the affinities of such tasks and interrupts are part of the plan.
 */
#ifndef TUNE_ONLINE_H
#define TUNE_ONLINE_H

#include <stdbool.h>

#include "lib/cpulist.h"

struct rt_err;
struct tune_plan;

/**
 * tune_online_plan_down() - these CPUs go offline; those that are so already are left.
 * @force: also CPUs that a partition has for itself.
 *
 * Return: 0; -EINVAL for a CPU that is not there or when none would be left; RT_ECANNOT
 * for one that the kernel lets nobody take down; -EBUSY for one of a partition.
 */
int tune_online_plan_down(struct tune_plan *plan, const struct rt_cpuset *cpus, bool force,
			  struct rt_err *err);
int tune_online_plan_up(struct tune_plan *plan, const struct rt_cpuset *cpus,
			struct rt_err *err);

#endif /* TUNE_ONLINE_H */
