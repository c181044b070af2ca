/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - from a member's recorded time to the merged trace's time
 *
 * The reference member's clock (the first host's) is the time of a merge.  Every
 * lane of a member has a piecewise linear map into it.  Where a lane's clock was
 * set back, times alone are ambiguous: the lane then has a map for each run of
 * sub-buffers between two such steps (struct mrg_epoch in merge/set.h).
 */
#ifndef MRG_CLOCK_H
#define MRG_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xt_info;
struct xt_timebase;

#define MRG_RATE_ONE (1ull << 48)

/* Holds from in0 up to the next segment's in0; the first one also before it. */
struct mrg_segment {
	uint64_t in0;		/* recorded time (raw units of the member's trace clock) */
	uint64_t out0;		/* merged ns at in0 */
	uint64_t mult;		/* ns per raw unit, MRG_RATE_ONE is 1 */
};

struct mrg_lane_clock {
	const struct mrg_segment *segments;	/* sorted by in0; borrowed from the clock */
	size_t nr;
	uint64_t error_ns;	/* proven bound of the result; UINT64_MAX unknown */
};

/* Merged time; monotone within a segment, saturating at 0 and UINT64_MAX. */
static inline uint64_t mrg_segment_map(const struct mrg_segment *seg, uint64_t ts)
{
	__int128 d = (__int128)((int64_t)(ts - seg->in0)) * (__int128)seg->mult >> 48;
	__int128 out = d + seg->out0;

	return out < 0 ? 0 : out > UINT64_MAX ? UINT64_MAX : (uint64_t)out;
}

static inline uint64_t mrg_lane_clock_map(const struct mrg_lane_clock *clock, uint64_t ts)
{
	size_t i = clock->nr - 1;

	while (i > 0 && ts < clock->segments[i].in0)
		i--;
	return mrg_segment_map(&clock->segments[i], ts);
}

/* The first recorded time whose nanoseconds are not before @t. */
uint64_t mrg_segment_unmap(const struct mrg_segment *seg, int64_t t);

/* The trace's own nanoseconds: exactly what its multiplier, shift and offset say. */
void mrg_segment_own(struct mrg_segment *ret, const struct xt_timebase *time);

/* What makes UTC of a trace's own nanoseconds: false where it does not say. */
bool mrg_utc_offset(const struct xt_info *info, int64_t *ret);

/* Whether a trace's clock counts ns, if need be by its conversion; else events or cycles. */
bool mrg_counts_ns(const struct xt_timebase *time);

#endif /* MRG_CLOCK_H */
