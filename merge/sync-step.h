/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-step.h - the sub-buffer in which a clock was set back
 */
#ifndef MRG_SYNC_STEP_H
#define MRG_SYNC_STEP_H

#include "merge/clock.h"
#include "merge/extract.h"
#include "merge/sync-windows.h"

struct mrg_step {
	const int64_t *t;		/* the lane's times */
	size_t from, to;		/* the sub-buffer's */
	int64_t until;			/* merged time of the event behind it */
	const struct mrg_vcpu *v;
};

/**
 * mrg_step_line() - a line more for the events behind a step in its sub-buffer.
 * @lines: the lane's, of the epoch that ends with the sub-buffer; one or more.
 *
 * None is added where the step cannot be seen or no lag fits.  0 or -ENOMEM.
 */
int mrg_step_line(struct mrg_lane_lines *lines, const struct mrg_step *step);

/**
 * mrg_step_clock() - the clock of a step's sub-buffer whose times go back.
 * @data: the lane's; @step counts its set_back.  @before, @behind: the clocks beside it.
 *
 * Return: 0, and *@ret has ->segments that the caller frees; -ESRCH: they do not go back, or
 * not to less than the sub-buffer's first; -ENOMEM.
 */
int mrg_step_clock(struct mrg_lane_clock *ret, const struct mrg_lane_data *data, size_t step,
		   const struct mrg_lane_clock *before, const struct mrg_lane_clock *behind);

/* Where the lines put a time. */
int64_t mrg_lines_map(const struct mrg_lane_lines *lines, int64_t t);

#endif /* MRG_SYNC_STEP_H */
