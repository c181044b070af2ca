/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * partition.h - CPUs of their own for a cgroup: isolated partitions of version 2
 *
 * All functions only plan; journal.h makes the changes, reads back what came of
 * them, and undoes them.  A group is named from the hierarchy's top: "machine/vm1/vcpu0".
 *
 * A local partition is a child of the top, from 6.1 on.  A remote one may be at any
 * depth, in a threaded group too: CPUs are claimed as exclusive in each group on the
 * way down (6.12 has it, 6.1 has not).  A kernel may take a write and not honour it;
 * the journal then fails with the kernel's reason.
 *
 * To change the CPUs of a partition: tune_partition_plan_release(), then the CPUs,
 * then the partition again.
 */
#ifndef TUNE_PARTITION_H
#define TUNE_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cpulist.h"

struct rt_err;
struct rt_root;
struct tune_plan;

enum tune_cgroups { TUNE_CGROUPS_NONE, TUNE_CGROUPS_V1, TUNE_CGROUPS_V2 };

#define TUNE_MOUNT_MAX 128

/* Where cpusets are on this host, and of which version. */
enum tune_cgroups tune_cgroups_find(const struct rt_root *root, char mount[TUNE_MOUNT_MAX]);

/* Whether this kernel has remote partitions; asks a group below the top, or its absence. */
bool tune_partition_has_remote(const struct rt_root *root, const char *mount, const char *group);

/* A child of the top is there, and the hierarchy's groups have cpusets. */
int tune_partition_plan_group(struct tune_plan *plan, const char *mount, const char *group,
			      struct rt_err *err);

/**
 * tune_partition_plan_local() - a child of the top becomes an isolated partition.
 * @group: made if it is not there.
 */
int tune_partition_plan_local(struct tune_plan *plan, const char *mount, const char *group,
			      const struct rt_cpuset *cpus, struct rt_err *err);

/**
 * tune_partition_plan_remote() - a group that is there becomes an isolated partition.
 *
 * Groups on the way keep what they have claimed for others.
 */
int tune_partition_plan_remote(struct tune_plan *plan, const char *mount, const char *group,
			       const struct rt_cpuset *cpus, struct rt_err *err);

/* A partition becomes a member again, so that its CPUs can be changed. */
int tune_partition_plan_release(struct tune_plan *plan, const char *mount, const char *group,
				struct rt_err *err);

/**
 * tune_partition_holder() - which group has some of @cpus for itself?
 * @group: it and the groups above and below it do not count; NULL: all count.
 * @ret: its name from the top.  @ret_cpus: those of @cpus that it has; may be NULL.
 *
 * Return: whether there is one.  A kernel must never be asked for a CPU that another
 * group has: 6.12 warns and taints.
 */
bool tune_partition_holder(const struct rt_root *root, const char *mount, const char *group,
			   const struct rt_cpuset *cpus, char *ret, size_t size,
			   struct rt_cpuset *ret_cpus);

#endif /* TUNE_PARTITION_H */
