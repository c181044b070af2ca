/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.h - how hard to compress: by the time that our CPUs have left
 */
#ifndef XT_PACE_H
#define XT_PACE_H

#include <stdint.h>

struct rt_cpuset;

#define XT_LEVEL_HURRY 1	/* buffers fill faster than they are emptied */
#define XT_LEVEL_BUSY 3		/* hardly slower than 1, a fifth smaller */
#define XT_LEVEL_SPARE 6

/* Start it with { 0 }. */
struct xt_pace {
	uint64_t idle, all;	/* ticks of the CPUs up to the last look */
};

/**
 * xt_pace_level() - the zstd level for the time to come.
 * @stat: the text of /proc/stat.
 * @cpus: where our threads run.
 * @fullest: how full a buffer became since the last look, in percent.
 */
int xt_pace_level(struct xt_pace *pace, const char *stat, const struct rt_cpuset *cpus,
		  unsigned int fullest);

#endif /* XT_PACE_H */
