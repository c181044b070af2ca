/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.c - a trace's own clock as a segment
 */
#include "merge/clock.h"

#include "xtrace/xtrace.h"

/* Segments start at 0 and negative offsets must not: move up by whole steps, so nothing rounds. */
static void move_up_to_zero(struct mrg_segment *seg, const struct xt_timebase *time)
{
	uint64_t steps, missing = -(uint64_t)time->offset;

	if (time->mult == 0 || time->shift > 32)
		return;
	steps = missing / time->mult + 1;
	seg->in0 = steps << time->shift;
	seg->out0 = steps * time->mult - missing;
}

void mrg_segment_own(struct mrg_segment *ret, const struct xt_timebase *time)
{
	*ret = (struct mrg_segment){ .mult = MRG_RATE_ONE };
	if (!time->convert || time->shift > 48)
		return;
	/* A multiplier that does not fit would count more than 65536 ns a tick: no such clock */
	if (time->mult == 0 || (uint64_t)time->mult > UINT64_MAX >> (48 - time->shift))
		return;
	ret->mult = (uint64_t)time->mult << (48 - time->shift);
	if (time->offset < 0)
		move_up_to_zero(ret, time);
	else
		ret->out0 = (uint64_t)time->offset;
}
