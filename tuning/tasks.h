/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tasks.h - every thread of the host, as /proc shows it
 *
 * A thread that ends while it is read is left out; that is no failure.
 */
#ifndef TUNE_TASKS_H
#define TUNE_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/cpulist.h"

struct rt_err;
struct rt_root;

/* What to read beside the line of /proc/PID/stat. */
#define TUNE_TASKS_AFFINITY	1u	/* a file more for each thread */
#define TUNE_TASKS_CGROUP	2u	/* another */
#define TUNE_TASKS_SEEN		4u	/* what this user may not see is left out, and counted */

/* May user space move it? */
enum tune_task_hold {
	TUNE_TASK_FREE,
	TUNE_TASK_BOUND,	/* a kernel thread of its CPU: ksoftirqd/3, kworker/3:1 */
	TUNE_TASK_WORKQUEUE,	/* kworker/u8:1, kworker/R-x: by the work queues' masks */
};

struct tune_task {
	pid_t tid, tgid, ppid;
	char comm[64];		/* bytes as they are, without the parentheses */
	char state;		/* 'R', 'S', ... */
	bool kthread;
	bool borrowed;		/* from 6.4 on: the kernel's work in a user's process (vhost) */
	int policy;		/* SCHED_OTHER ... SCHED_DEADLINE */
	int rt_priority;	/* 1 to 99 for FIFO and RR, else 0 */
	int nice;
	unsigned int cpu;	/* where it ran last */
	uint64_t start;		/* clock ticks after boot: with tid, an identity */
	enum tune_task_hold hold;
	bool has_affinity;
	struct rt_cpuset allowed;	/* with TUNE_TASKS_AFFINITY */
	size_t cgroup, unit;		/* tune_task_cgroup(), tune_task_unit() */
};

/* Start it with { 0 }; read into it as often as wanted. */
struct tune_tasks {
	struct tune_task *v;	/* ascending by tgid, then tid */
	size_t n, room;
	size_t hidden;		/* with TUNE_TASKS_SEEN */
	struct rt_buf text;	/* the cgroups' paths */
	struct rt_buf file;	/* what is being read */
};

/**
 * tune_tasks_read() - every thread of /proc; replaces what @tasks held.
 *
 * Return: 0 or -errno; -EBADMSG where a stat file is none.
 */
int tune_tasks_read(struct tune_tasks *tasks, const struct rt_root *root, unsigned int what,
		    struct rt_err *err);
void tune_tasks_finish(struct tune_tasks *tasks);

/* The thread of that number, or NULL. */
struct tune_task *tune_tasks_find(struct tune_tasks *tasks, pid_t tid);
/* Of the v2 hierarchy, or of v1's cpuset where that is mounted; "" where not read. */
const char *tune_task_cgroup(const struct tune_tasks *tasks, const struct tune_task *task);
/* Of the hierarchy in which systemd has its units: v1's of that name, or the above. */
const char *tune_task_unit(const struct tune_tasks *tasks, const struct tune_task *task);

/* The text of /proc/PID/stat; does not set tgid.  -EBADMSG where it is none. */
int tune_task_parse_stat(struct tune_task *ret, const char *text, struct rt_err *err);

const char *tune_task_hold_name(enum tune_task_hold hold);
/* "fifo", "rr", "other", "batch", "idle", "deadline", "ext"; "?" for another. */
const char *tune_policy_name(int policy);

#endif /* TUNE_TASKS_H */
