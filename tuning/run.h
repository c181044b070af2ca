/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - what kvmrt-run gives a thread: CPUs, policy, memory policy, locked memory
 *
 * Linux lets a thread of another process have new CPUs and a new policy; a memory
 * policy a thread only gives itself, before exec; and memory is locked by a call
 * that the process makes itself, which exec undoes.  So locking is a call made in
 * the process's name, by ptrace: of a new program before its first instruction,
 * of a running one at once.
 */
#ifndef TUNE_RUN_H
#define TUNE_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cpulist.h"

struct rt_err;
struct tune_topo;

#define TUNE_KEEP (-1)		/* this setting stays as it is */

struct tune_run {
	bool has_cpus;
	struct rt_cpuset cpus;
	int policy;			/* SCHED_..., or TUNE_KEEP */
	unsigned int priority;		/* of FIFO and RR */
	bool has_nice;
	int nice;
	uint64_t slice;			/* ns of OTHER and BATCH; 0: stays as it is */
	uint64_t runtime, deadline, period;	/* ns, of DEADLINE */
	bool reset_on_fork;
	int memory;			/* MPOL_..., or TUNE_KEEP */
	struct rt_cpuset nodes;
};

/* Failures of these are rt_usage()'s. */

/* A CPUSET, or one of the words "boot" and "active"; "~" in front takes the others. */
int tune_run_bias(struct tune_run *run, const struct tune_topo *topo, const char *text,
		  struct rt_err *err);
/* "fifo" or "SCHED_FIFO", in any case; gives RT policies priority 1. */
int tune_run_policy(struct tune_run *run, const char *text, struct rt_err *err);
/* RUNTIME/DEADLINE/PERIOD, each a time. */
int tune_run_deadline(struct tune_run *run, const char *text, struct rt_err *err);
/* "default", "local", "bind:0-1", "preferred:1", "interleave:0,1" */
int tune_run_memory(struct tune_run *run, const struct tune_topo *topo, const char *text,
		    struct rt_err *err);

/**
 * tune_run_apply() - give a thread its CPUs and its policy, and read back.
 * @tid: 0: the caller.
 * Return: 0; RT_ECANNOT where the kernel has no such thing; or -errno.
 */
int tune_run_apply(const struct tune_run *run, pid_t tid, struct rt_err *err);
/* The memory policy, of the calling thread; it stays over exec. */
int tune_run_apply_memory(const struct tune_run *run, struct rt_err *err);

/* Locks the memory, present and future, of a process that stands still for the caller's ptrace. */
int tune_lock_traced(pid_t pid, struct rt_err *err);
/* The same of one that runs: stops it for that moment. */
int tune_lock_process(pid_t pid, struct rt_err *err);

#endif /* TUNE_RUN_H */
