/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.h - again every so often, until SIGINT or SIGTERM: the views that print
 */
#ifndef TUNE_PACE_H
#define TUNE_PACE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct tune_pace {
	uint64_t interval_ns, next_ns;	/* CLOCK_MONOTONIC */
	sigset_t signals;
};

/* Blocks the two signals. */
void tune_pace_start(struct tune_pace *pace, uint64_t interval_ns);
/*
 * Sleeps until the next time, which does not drift; behind one that has passed already
 * it begins anew, with a whole interval.  False when one of the signals came.
 */
bool tune_pace_wait(struct tune_pace *pace);

#endif /* TUNE_PACE_H */
