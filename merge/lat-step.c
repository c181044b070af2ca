/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-step.c - the times within which a kernel's clock was set
 *
 * A trace in the time of day (clock tai) jumps with it.  Its recorder reads that clock
 * and the monotonic one together every second, and when the clock is set (two steps would
 * else hide each other): where they do not go on alike, the clock was set between two
 * readings, and it is not known when.  Members whose time was found against a host's are
 * not concerned, the merge has put them right.
 */
#include "merge/lat-engine.h"

#include <errno.h>
#include <stdlib.h>

#define SLEW 1000		/* a clock that is not set may gain 1/SLEW */
#define LEAST_NS 1000000	/* less is not told from how far apart the clocks were read */

static bool may_be_set(const struct mrg_member *member, const struct xt_info *info)
{
	return strcmp(info->time.clock, "tai") == 0 && member->lanes &&
	       (member->method == MRG_OWN || member->method == MRG_REFERENCE ||
		member->method == MRG_TOD || member->method == MRG_SAME);
}

/* Set forward by D: what holds the moment looks longer by D.  Nothing shorter holds it. */
static struct lat_step set_forward(const struct xt_clock_sample *a, const struct xt_clock_sample *b,
				   uint64_t by)
{
	return (struct lat_step){ .from = a->tai_ns, .to = b->tai_ns, .least = by };
}

/*
 * Set back by D: the times of D come twice, CPUs come in disorder meanwhile, and a
 * sub-buffer's events lag (see sync-step.c): of no interval there is its length known.
 */
static struct lat_step set_back(const struct xt_clock_sample *a, const struct xt_clock_sample *b,
				uint64_t by)
{
	return (struct lat_step){
		.from = a->tai_ns > by ? a->tai_ns - by : 0,
		.to = a->tai_ns + (b->mono_ns - a->mono_ns),
	};
}

/* Return: whether the clock was set between two readings. */
static bool find_step(struct lat_step *ret, const struct xt_clock_sample *a,
		      const struct xt_clock_sample *b)
{
	uint64_t passed = b->mono_ns - a->mono_ns;
	int64_t by = (int64_t)(b->tai_ns - a->tai_ns - passed);
	uint64_t least = LEAST_NS + passed / SLEW + a->window_ns + b->window_ns;

	if (b->mono_ns < a->mono_ns || (uint64_t)llabs(by) <= least)
		return false;
	*ret = by > 0 ? set_forward(a, b, (uint64_t)by - least) : set_back(a, b, (uint64_t)-by);
	return true;
}

int lat_steps_create(struct lat_system *sys, const struct mrg_member *member,
		     const struct xt_info *info)
{
	const struct mrg_lane_clock *clock;
	struct lat_step step;
	size_t i;

	if (!may_be_set(member, info))
		return 0;
	clock = &member->lanes[0].epochs[0].clock;
	sys->steps = calloc(info->nr_samples + 1, sizeof(*sys->steps));
	if (!sys->steps)
		return -ENOMEM;
	for (i = 1; i < info->nr_samples; i++) {
		if (!find_step(&step, &info->samples[i - 1], &info->samples[i]))
			continue;
		step.from = mrg_lane_clock_map(clock, step.from);
		step.to = mrg_lane_clock_map(clock, step.to);
		sys->steps[sys->nr_steps++] = step;
	}
	return 0;
}

bool lat_may_hold_step(const struct lat_system *sys, uint64_t from, uint64_t to)
{
	size_t i;

	for (i = 0; i < sys->nr_steps; i++) {
		if (from < sys->steps[i].to && to > sys->steps[i].from &&
		    to - from >= sys->steps[i].least)
			return true;
	}
	return false;
}
