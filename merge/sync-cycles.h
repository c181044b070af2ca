/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-cycles.h - ns of a trace that counts cycles and does not say how long one is
 */
#ifndef MRG_SYNC_CYCLES_H
#define MRG_SYNC_CYCLES_H

#include <stdbool.h>
#include <stddef.h>

#include "merge/clock.h"

struct xt_trace;

struct mrg_tick {		/* an hrtimer expired: */
	uint64_t timer;
	uint64_t ts;		/* cycles */
	int64_t now;		/* its clock's ns, a little before */
	unsigned int lane;
};

/* The trace's own ns from its expired hrtimers; false without enough of them. */
bool mrg_cycles_own(struct mrg_segment *ret, const struct xt_trace *trace);

/* Of one timer, in order of time. */
bool mrg_cycles_fit(struct mrg_segment *ret, const struct mrg_tick *ticks, size_t nr);

#endif /* MRG_SYNC_CYCLES_H */
