/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpustat.c - one reading of all CPUs, out of what the other modules read
 */
#include "tuning/cpustat.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/root.h"

#define BOUND_NS	30000000000ull	/* how old an affinity may be */

void tune_cpustat_finish(struct tune_cpustat *stat)
{
	free(stat->v);
	free(stat->ticks);
	free(stat->bound);
	tune_topo_destroy(stat->topo);
	tune_rates_finish(&stat->rates);
	tune_runners_finish(&stat->runners);
	tune_irqs_finish(&stat->irqs);
	tune_tasks_finish(&stat->tasks);
	*stat = (struct tune_cpustat){ 0 };
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct tune_cpustat_cpu *find_cpu(struct tune_cpustat *stat, unsigned int number)
{
	unsigned int low = 0, high = stat->n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (stat->v[middle].cpu->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < stat->n && stat->v[low].cpu->number == number ? &stat->v[low] : NULL;
}

/* ---- the CPUs ---- */

/* hwloc looks at all of /sys: only when CPUs have come or gone. */
static int refresh_topo(struct tune_cpustat *stat, const struct rt_root *root,
			struct rt_err *err)
{
	struct rt_cpuset online;
	struct tune_topo *topo;
	char line[8192];
	int rc;

	if (stat->topo && rt_root_read_line(root, line, sizeof(line), NULL,
					    "sys/devices/system/cpu/online") == 0 &&
	    rt_cpuset_parse(&online, line, NULL) == 0 &&
	    rt_cpuset_equal(&online, &stat->topo->online))
		return 0;
	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	tune_topo_destroy(stat->topo);
	stat->topo = topo;
	stat->bound_ns = 0;
	return 0;
}

static int choose_cpus(struct tune_cpustat *stat, const char *text, struct rt_err *err)
{
	const struct tune_topo *topo = stat->topo;
	struct rt_cpuset chosen = topo->present;
	struct tune_cpustat_cpu *v;
	unsigned int i;
	int rc;

	if (text) {
		rc = tune_cpuset_resolve(&chosen, topo, text, err);
		if (rc < 0)
			return rc;
		if (rt_cpuset_empty(&chosen))
			return rt_err_say(err, -EINVAL, "expected CPUs, found none in \"%s\"",
					  text);
	}
	v = calloc(topo->nr_cpus + 1, sizeof(*v));
	if (!v)
		return rt_err_set(err, -ENOMEM, "%u CPUs", topo->nr_cpus);
	free(stat->v);
	stat->v = v;
	stat->n = 0;
	for (i = 0; i < topo->nr_cpus; i++) {
		if (rt_cpuset_has(&chosen, topo->cpus[i].number))
			stat->v[stat->n++].cpu = &topo->cpus[i];
	}
	return 0;
}

static void mark_aside(struct tune_cpustat *stat, const struct rt_root *root)
{
	unsigned int i, number;

	tune_aside_read(&stat->aside, root);
	for (i = 0; i < stat->n; i++) {
		number = stat->v[i].cpu->number;
		stat->v[i].isolated = rt_cpuset_has(&stat->aside.isolated, number);
		stat->v[i].nohz_full = rt_cpuset_has(&stat->aside.nohz_full, number);
		stat->v[i].partition = rt_cpuset_has(&stat->aside.partitions, number);
		stat->v[i].shielded = rt_cpuset_has(&stat->aside.shielded, number);
	}
}

/* ---- load ---- */

enum { BUSY, ALL };

/* "cpu3 user nice system idle iowait irq softirq steal guest guest_nice"; guest is in user. */
bool tune_cpustat_parse_ticks(const char *text, unsigned int *ret_cpu, uint64_t ret_ticks[2])
{
	enum { IDLE = 3, IOWAIT = 4, STEAL = 7 };
	const char *p = text;
	char *end;
	uint64_t value;
	int field;

	if (*p == ' ')		/* the sum of all */
		return false;
	*ret_cpu = (unsigned int)strtoul(p, &end, 10);
	if (end == p || *ret_cpu >= RT_MAX_CPUS)
		return false;
	ret_ticks[BUSY] = ret_ticks[ALL] = 0;
	for (field = 0, p = end; field <= STEAL; field++, p = end) {
		value = strtoull(p, &end, 10);
		if (end == p)
			return false;
		ret_ticks[ALL] += value;
		if (field != IDLE && field != IOWAIT)
			ret_ticks[BUSY] += value;
	}
	return true;
}

/* Idle time may run backwards by a tick; and a short interval may hold none at all. */
static float percent(const uint64_t now[2], const uint64_t before[2])
{
	if (now[ALL] <= before[ALL] || now[BUSY] < before[BUSY])
		return NAN;
	if (now[BUSY] - before[BUSY] > now[ALL] - before[ALL])
		return 100;
	return 100 * (float)(now[BUSY] - before[BUSY]) / (float)(now[ALL] - before[ALL]);
}

static void take_load(struct tune_cpustat *stat, unsigned int cpu, const uint64_t ticks[2])
{
	struct tune_cpustat_cpu *at = find_cpu(stat, cpu);

	if (at && rt_cpuset_has(&stat->ticked, cpu))
		at->load = percent(ticks, stat->ticks[cpu]);
	memcpy(stat->ticks[cpu], ticks, sizeof(stat->ticks[cpu]));
}

static int read_load(struct tune_cpustat *stat, const struct rt_root *root, struct rt_err *err)
{
	struct rt_cpuset seen = { 0 };
	unsigned int i, cpu;
	uint64_t ticks[2];
	char *text, *line, *rest;
	int rc;

	for (i = 0; i < stat->n; i++)
		stat->v[i].load = NAN;
	if (!stat->ticks)
		stat->ticks = calloc(RT_MAX_CPUS, sizeof(*stat->ticks));
	if (!stat->ticks)
		return rt_err_set(err, -ENOMEM, "load");
	rc = rt_root_read(root, &text, NULL, err, "proc/stat");
	if (rc < 0)
		return rc;
	for (rest = text; (line = strsep(&rest, "\n")) != NULL && strncmp(line, "cpu", 3) == 0;) {
		if (!tune_cpustat_parse_ticks(line + 3, &cpu, ticks))
			continue;
		take_load(stat, cpu, ticks);
		rt_cpuset_add(&seen, cpu);
	}
	stat->ticked = seen;
	free(text);
	return 0;
}

/* ---- what happens ---- */

static void take_running(struct tune_cpustat *stat)
{
	unsigned int i;

	for (i = 0; i < stat->n; i++)
		stat->v[i].task = tune_runner_of(&stat->runners, stat->v[i].cpu->number,
						 &stat->v[i].waiting);
}

static void take_rate(struct tune_cpustat_cpu *cpu, const struct tune_rate *line, float rate)
{
	if (isnan(rate))
		return;
	cpu->interrupts = isnan(cpu->interrupts) ? rate : cpu->interrupts + rate;
	if (rate > cpu->irq_rate) {
		cpu->irq_rate = rate;
		cpu->irq = line;
	}
}

/* Of each CPU the line that counted most, and the sum; softirqs are no interrupts. */
static void take_rates(struct tune_cpustat *stat)
{
	const struct tune_rates *rates = &stat->rates;
	const struct tune_rate *line;
	unsigned int i, column;

	for (i = 0; i < stat->n; i++)
		stat->v[i].interrupts = NAN;
	for (line = rates->v; line < rt_array_end(rates->v, rates->n); line++) {
		if (line->kind == TUNE_RATE_SOFTIRQ)
			continue;
		for (i = column = 0; i < stat->n && column < rates->nr_cpus;) {
			if (rates->cpus[column] < stat->v[i].cpu->number) {
				column++;
			} else if (rates->cpus[column] > stat->v[i].cpu->number) {
				i++;
			} else {
				take_rate(&stat->v[i], line, tune_rate_of(rates, line, column));
				i++;
				column++;
			}
		}
	}
}

/* ---- affinities ---- */

static struct tune_cpustat_bound *bound_of(struct tune_cpustat *stat, int number)
{
	const struct tune_cpu *cpu = tune_topo_cpu(stat->topo, (unsigned int)number);

	return cpu ? &stat->bound[cpu - stat->topo->cpus] : NULL;
}

static void take_irqs(struct tune_cpustat *stat)
{
	struct tune_cpustat_bound *bound;
	const struct rt_cpuset *set;
	const struct tune_irq *irq;

	for (irq = stat->irqs.v; irq < rt_array_end(stat->irqs.v, stat->irqs.n); irq++) {
		if (!irq->has_affinity)
			continue;
		set = rt_cpuset_empty(&irq->effective) ? &irq->affinity : &irq->effective;
		rt_cpuset_for_each(cpu, set) {
			bound = bound_of(stat, cpu);
			if (!bound)
				continue;
			bound->nr_irqs++;
			rt_cpuset_add(&bound->irqs, (unsigned int)irq->number);
		}
	}
}

static void take_tasks(struct tune_cpustat *stat)
{
	struct tune_cpustat_bound *bound;
	const struct tune_task *task;
	bool alone;

	for (task = stat->tasks.v; task < rt_array_end(stat->tasks.v, stat->tasks.n); task++) {
		if (!task->has_affinity)
			continue;
		alone = task->hold == TUNE_TASK_FREE && rt_cpuset_count(&task->allowed) == 1;
		rt_cpuset_for_each(cpu, &task->allowed) {
			bound = bound_of(stat, cpu);
			if (!bound)
				continue;
			bound->nr_tasks++;
			if (alone && bound->nr_pinned < TUNE_PINNED_SHOWN)
				bound->pinned[bound->nr_pinned] = task;
			bound->nr_pinned += alone;
		}
	}
}

static int read_bound(struct tune_cpustat *stat, const struct rt_root *root, struct rt_err *err)
{
	uint64_t now = monotonic_ns();
	int rc;

	if (stat->bound_ns && now - stat->bound_ns < BOUND_NS)
		return 0;
	rc = tune_irqs_read(&stat->irqs, root, TUNE_IRQS_AFFINITY, err);
	if (rc == 0)
		rc = tune_tasks_read(&stat->tasks, root, TUNE_TASKS_AFFINITY, err);
	if (rc < 0)
		return rc;
	free(stat->bound);
	stat->bound = calloc(stat->topo->nr_cpus + 1, sizeof(*stat->bound));
	if (!stat->bound)
		return rt_err_set(err, -ENOMEM, "%u CPUs", stat->topo->nr_cpus);
	take_irqs(stat);
	take_tasks(stat);
	stat->bound_ns = now;
	return 0;
}

static void take_bound(struct tune_cpustat *stat)
{
	unsigned int i;

	for (i = 0; i < stat->n; i++)
		stat->v[i].bound = &stat->bound[stat->v[i].cpu - stat->topo->cpus];
}

int tune_cpustat_read(struct tune_cpustat *stat, const struct rt_root *root, const char *cpus,
		      struct rt_err *err)
{
	static const struct tune_rates_choice all_lines;
	int rc;

	rc = refresh_topo(stat, root, err);
	if (rc == 0)
		rc = choose_cpus(stat, cpus, err);
	if (rc < 0)
		return rc;
	mark_aside(stat, root);
	rc = read_bound(stat, root, err);
	if (rc == 0)
		rc = tune_rates_read(&stat->rates, root, &all_lines, err);
	if (rc == 0)
		rc = read_load(stat, root, err);
	if (rc == 0)
		rc = tune_runners_read(&stat->runners, root, err);
	if (rc < 0)
		return rc;
	stat->seconds = stat->rates.seconds;
	stat->time_ns = stat->rates.time_ns;
	take_rates(stat);
	take_running(stat);
	take_bound(stat);
	return 0;
}
