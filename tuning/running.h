/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * running.h - which thread runs on each CPU now, as far as /proc tells
 *
 * No trace and no interrupt to any CPU: of the threads whose state is R, those that
 * were on a CPU last.  Where there are several, one runs and the others wait for it;
 * the one shown has the highest real-time priority, then used the most time since
 * the reading before.
 *
 * Stat files stay open from one reading to the next: a host of 2,000 threads costs
 * some milliseconds.
 */
#ifndef TUNE_RUNNING_H
#define TUNE_RUNNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuning/tasks.h"

struct rt_err;
struct rt_root;

/* A thread in state R. */
struct tune_running {
	pid_t tid, tgid;
	char comm[64];
	unsigned int cpu;
	int policy, rt_priority;
	uint64_t used;		/* clock ticks of CPU time since the reading before */
};

struct tune_thread;

/* Start it with { 0 }, and read into it as often as wanted. */
struct tune_runners {
	struct tune_running *v;	/* by rising CPU; of one CPU, the most likely one first */
	size_t n, room;

	struct tune_thread *threads;	/* all, by tgid and tid */
	size_t nr_threads, threads_room;
	size_t nr_open, max_open;
};

/**
 * tune_runners_read() - look at every thread but the caller's own.
 *
 * Return: 0 or -errno.
 */
int tune_runners_read(struct tune_runners *runners, const struct rt_root *root,
		      struct rt_err *err);
void tune_runners_finish(struct tune_runners *runners);

/* What a stat file says of a thread beside what is shown of it. */
struct tune_thread_state {
	char state;			/* 'R', 'S', ... */
	bool kthread;
	unsigned int nr_threads;	/* of its process, when it leads one */
};

/**
 * tune_running_parse() - the text of /proc/PID/stat, as little of it as is needed.
 * @thread: ->kthread is what an earlier reading said: of such a one that sleeps
 *	    nothing but ->state is set.
 * @ret: all but the numbers of the thread; ->used is all the time it has used.
 *
 * Return: false where the text is none.
 */
bool tune_running_parse(const char *text, struct tune_thread_state *thread,
			struct tune_running *ret);

/* The most likely one on a CPU, or NULL; how many more are in state R there. */
const struct tune_running *tune_runner_of(const struct tune_runners *runners, unsigned int cpu,
					  unsigned int *ret_waiting);

#endif /* TUNE_RUNNING_H */
