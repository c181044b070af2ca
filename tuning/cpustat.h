/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpustat.h - each CPU: where it is, whether it is set aside, what it does now, and
 * whose affinity includes it
 *
 * What may change in a moment is read each time, affinities every thirty seconds, the
 * topology when CPUs come and go.
 */
#ifndef TUNE_CPUSTAT_H
#define TUNE_CPUSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"
#include "lib/table.h"
#include "tuning/aside.h"
#include "tuning/irqs.h"
#include "tuning/rates.h"
#include "tuning/running.h"
#include "tuning/tasks.h"
#include "tuning/topo.h"

struct rt_buf;
struct rt_err;
struct rt_root;

#define TUNE_PINNED_SHOWN 4

/* What may come to a CPU. */
struct tune_cpustat_bound {
	unsigned int nr_irqs;			/* that the kernel delivers here */
	struct rt_cpuset irqs;			/* their numbers, as far as below RT_MAX_CPUS */
	unsigned int nr_tasks;			/* threads that may run here */
	unsigned int nr_pinned;			/* that may run here alone, by their own choice */
	const struct tune_task *pinned[TUNE_PINNED_SHOWN];
};

struct tune_cpustat_cpu {
	const struct tune_cpu *cpu;		/* borrowed from ->topo */
	bool isolated, nohz_full, partition, shielded;
	float load;				/* percent; NAN where not known */
	const struct tune_running *task;	/* NULL: idle, or offline */
	unsigned int waiting;			/* others in state R */
	const struct tune_rate *irq;		/* most since the reading before; NULL: none */
	float irq_rate;				/* of it, a second */
	float interrupts;			/* of all lines, a second; NAN where not known */
	const struct tune_cpustat_bound *bound;
};

/* Start it with { 0 }, and read into it as often as wanted. */
struct tune_cpustat {
	struct tune_cpustat_cpu *v;	/* the CPUs chosen, by rising number */
	unsigned int n;
	double seconds;			/* since the reading before; 0: there was none */
	uint64_t time_ns;		/* CLOCK_REALTIME */
	struct tune_topo *topo;

	/* what it is made of */
	struct tune_aside aside;
	struct tune_rates rates;
	struct tune_runners runners;
	struct tune_cpustat_bound *bound;	/* of each CPU of ->topo, as of ->bound_ns */
	uint64_t bound_ns;		/* CLOCK_MONOTONIC; 0: not read */
	struct tune_irqs irqs;		/* with affinities, as of then */
	struct tune_tasks tasks;
	uint64_t (*ticks)[2];		/* busy and all clock ticks of each CPU, RT_MAX_CPUS */
	struct rt_cpuset ticked;	/* CPUs of which ->ticks is from the reading before */
};

/**
 * tune_cpustat_read() - take a reading.
 * @cpus: the CPUS as the user named them, tune_cpuset_resolve(); NULL: all present.
 *
 * Loads and rates are of the time since the reading before; the first has none.
 * Return: 0 or -errno.
 */
int tune_cpustat_read(struct tune_cpustat *stat, const struct rt_root *root, const char *cpus,
		      struct rt_err *err);
void tune_cpustat_finish(struct tune_cpustat *stat);

/*
 * What stands behind "cpu" in a line of /proc/stat: the CPU, its clock ticks at work and
 * in all.  False for the sum of all CPUs, and for what is no such line.
 */
bool tune_cpustat_parse_ticks(const char *text, unsigned int *ret_cpu, uint64_t ret_ticks[2]);

/* ---- cpustat-text.c ---- */

/* The columns there are; NULL heads end them. */
extern const struct rt_column tune_cpustat_columns[];
#define TUNE_CPUSTAT_MAX 32
/* Those shown where none are named. */
extern const char tune_cpustat_default[];

/* "cpu,load,task": their places in the table; how many, or -EINVAL with a near miss. */
int tune_cpustat_choose(const char *names, unsigned int *ret, struct rt_err *err);
/* Return: 0 or -errno. */
int tune_cpustat_print(const struct tune_cpustat *stat, const unsigned int *columns,
		       unsigned int nr, FILE *to, struct rt_err *err);
/* One object in one line, without a newline. */
void tune_cpustat_put_json(struct rt_buf *to, const struct tune_cpustat *stat,
			   const unsigned int *columns, unsigned int nr);

#endif /* TUNE_CPUSTAT_H */
