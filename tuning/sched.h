/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched.h - what a thread's policy is, and another one for it
 */
#ifndef TUNE_SCHED_H
#define TUNE_SCHED_H

#include <stdint.h>
#include <sys/types.h>

#define TUNE_SCHED_DEADLINE	6	/* SCHED_DEADLINE, which older <sched.h> lack */
#define TUNE_RESET_ON_FORK	1	/* SCHED_FLAG_RESET_ON_FORK */

/* As in <linux/sched/types.h>, which does not go with <sched.h>. */
struct tune_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;	/* ns */
};

/* sched_getattr(2) and sched_setattr(2); 0, or -1 with errno. */
int tune_sched_get(pid_t tid, struct tune_sched_attr *ret);
/* The niceness of an idle task is set as well, which the system call leaves out. */
int tune_sched_set(pid_t tid, const struct tune_sched_attr *attr);

#endif
