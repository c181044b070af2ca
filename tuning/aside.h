/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aside.h - the CPUs that are set aside for real-time work, and how a view stays
 * off them
 */
#ifndef TUNE_ASIDE_H
#define TUNE_ASIDE_H

#include "lib/cpulist.h"

struct rt_err;
struct rt_root;

struct tune_aside {
	struct rt_cpuset isolated;	/* isolcpus= of the kernel's command line */
	struct rt_cpuset nohz_full;	/* nohz_full= */
	struct rt_cpuset partitions;	/* isolated partitions of cgroup v2 */
	struct rt_cpuset shielded;	/* by the command shield, or for a VM */
};

/* What this kernel does not show is empty. */
void tune_aside_read(struct tune_aside *ret, const struct rt_root *root);
struct rt_cpuset tune_aside_all(const struct tune_aside *aside);

/**
 * tune_stay_off() - keep this process off the CPUs of this machine that are set aside.
 *
 * To be called before anything is read.  Takes nothing from what the caller of the
 * command has forbidden: the CPUs left are those allowed before, less those aside.
 * Return: 0; RT_ECANNOT where none is left; or -errno.
 */
int tune_stay_off(struct rt_err *err);

#endif /* TUNE_ASIDE_H */
