/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched.c - what a thread's policy is, and another one for it
 */
#include "tuning/sched.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int tune_sched_get(pid_t tid, struct tune_sched_attr *ret)
{
	*ret = (struct tune_sched_attr){ .size = sizeof(*ret) };
	if (syscall(SYS_sched_getattr, tid, ret, sizeof(*ret), 0) < 0)
		return -1;
	ret->size = sizeof(*ret);
	return 0;
}

int tune_sched_set(pid_t tid, const struct tune_sched_attr *attr)
{
	if (syscall(SYS_sched_setattr, tid, attr, 0) < 0)
		return -1;
	return attr->policy == SCHED_IDLE ? setpriority(PRIO_PROCESS, (id_t)tid, attr->nice) : 0;
}
