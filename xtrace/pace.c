/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.c - how hard to compress: by the time that our CPUs have left
 */
#include "xtrace/pace.h"

#include <stdio.h>
#include <string.h>

#include "lib/cpulist.h"

#define ALARM_PERCENT 50	/* a buffer this full: nothing matters but to empty it */

/* "cpu3 user nice system idle iowait irq softirq steal ...": idle is what is left. */
static void add_cpu(const char *line, const struct rt_cpuset *cpus, struct xt_pace *sum)
{
	unsigned long long t[8] = { 0 };
	unsigned int cpu, i;

	if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &t[0], &t[1],
		   &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) < 5 || !rt_cpuset_has(cpus, cpu))
		return;
	sum->idle += t[3] + t[4];
	for (i = 0; i < 8; i++)
		sum->all += t[i];
}

int xt_pace_level(struct xt_pace *pace, const char *stat, const struct rt_cpuset *cpus,
		  unsigned int fullest)
{
	struct xt_pace now = { 0 };
	const char *line;
	bool spare;

	for (line = stat; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		add_cpu(line, cpus, &now);
	}
	spare = pace->all && now.all > pace->all &&
		2 * (now.idle - pace->idle) > now.all - pace->all;
	*pace = now;
	if (fullest >= ALARM_PERCENT)
		return XT_LEVEL_HURRY;
	return spare ? XT_LEVEL_SPARE : XT_LEVEL_BUSY;
}
