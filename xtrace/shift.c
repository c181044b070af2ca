/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shift.c - recorded times as the trace itself says they are to be read
 *
 * A guest's trace.dat may bring samples of its host's clock.  What is made of
 * them is trace-cmd's rule to the nanosecond, so that both name the same time:
 * one sample is an offset alone, and a time before the first or behind the last
 * sample goes by the nearest two.
 */
#include "xtrace/local.h"

#include <stdlib.h>

/* The sample whose successor is later than @ts; the last one has none. */
static size_t sample_before(const struct xt_cpu_shift *shift, uint64_t ts)
{
	size_t low = 0, high = shift->nr - 2, mid;

	while (low < high) {
		mid = low + (high - low + 1) / 2;
		if (shift->samples[mid].time <= ts)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* Between the offsets of two samples; sums wrap as the writer's do. */
static int64_t between(const struct xt_shift_sample *a, const struct xt_shift_sample *b,
		       uint64_t ts)
{
	int64_t span = (int64_t)(b->time - a->time);
	uint64_t rise = (ts - a->time) * ((uint64_t)b->offset - (uint64_t)a->offset);

	if (span == 0 || span == -1)
		return a->offset;
	return (int64_t)((uint64_t)a->offset +
			 (uint64_t)((int64_t)(rise + (uint64_t)(span / 2)) / span));
}

static uint64_t shifted(const struct xt_info *info, unsigned int cpu, uint64_t ts)
{
	const struct xt_cpu_shift *shift;
	const struct xt_shift_sample *a;
	int64_t offset;

	if (cpu >= info->nr_shifts || info->shifts[cpu].nr == 0)
		return ts;
	shift = &info->shifts[cpu];
	if (shift->nr == 1)
		return ts + (uint64_t)shift->samples[0].offset;
	a = &shift->samples[sample_before(shift, ts)];
	offset = info->shift_slopes ? between(a, a + 1, ts) : a->offset;
	return (a->fraction < 64 ? (ts * a->scaling) >> a->fraction : 0) + (uint64_t)offset;
}

uint64_t xt_trace_time(const struct xt_trace *trace, unsigned int lane, uint64_t ts)
{
	const struct xt_info *info = &trace->info;

	ts = shifted(info, lane < trace->nr_lanes ? trace->lanes[lane].cpu : 0, ts);
	if (info->time.convert)
		ts = (uint64_t)((unsigned __int128)ts * info->time.mult >> info->time.shift);
	return ts + (uint64_t)info->time.offset;
}
