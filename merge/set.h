/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set.h - the traces that are looked at together, each with its clock
 *
 * A set is opened from any mix of xtrace directories, trace.dat files and merged
 * directories.  Every command that shows or measures opens one, and maps times by
 * the lanes' clocks in it: a merged directory brings the clocks that
 * xtrace-multi-merge found, everything else is taken at its own word.
 */
#ifndef MRG_SET_H
#define MRG_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/clock.h"
#include "xtrace/xtrace.h"

struct rt_err;

#define MRG_MAX_MEMBERS 1024	/* members of one set */
#define MRG_LABEL_MAX 64	/* bytes of a label, the NUL included */

/* How a member's clock was found. */
enum mrg_method {
	MRG_OWN,		/* its own clock as recorded: not compared with anything */
	MRG_REFERENCE,		/* its clock is the time of the merge */
	MRG_TSC, MRG_GS, MRG_WINDOWS, MRG_TOD, MRG_SAME,
	MRG_NR_METHODS
};

/* What the law says about a member (doc/clock-sync.md). */
struct mrg_check {
	bool done;
	uint64_t checked;	/* guest events compared with their vCPU's windows */
	uint64_t unknown;	/* not comparable: where the host's trace has gaps or ends */
	uint64_t violations;	/* outside of their vCPU's windows */
	uint64_t worst_ns;	/* the farthest outside */
	uint64_t pairs;		/* hypercalls found on both sides */
	uint64_t pairs_wrong;	/* of these, in an impossible order */
	unsigned int slices;	/* that were looked at; 0: all events were, */
	unsigned int slices_ppm;	/* and their part of the time that both traces have */
};

/* A lane's clock from sub-buffer ->first_page of the lane on. */
struct mrg_epoch {
	uint64_t first_page;	/* counted over all chunks of the lane, from 0 */
	struct mrg_lane_clock clock;
};

struct mrg_lane {
	const struct mrg_epoch *epochs;	/* the first begins at page 0 */
	size_t nr_epochs;		/* 1, unless the member's clock was set back */
	int vcpu_tid;			/* thread of the host that ran this CPU; 0 unknown */
	bool own_time;			/* xt_trace_time() says it exactly, the clock nearly */
};

struct mrg_member {
	const char *path;	/* where it was opened */
	const char *name;	/* its last part */
	const char *label;	/* what to show as its host: unique in the set */
	struct xt_trace *trace;
	struct mrg_lane *lanes;	/* xt_trace_nr_lanes() of them */
	enum mrg_method method;
	int host;		/* the member that ran this one as a guest; -1 none known */
	int64_t offset_ns;	/* merged time less own time, at the middle of the member */
	uint64_t error_ns;	/* proven bound if the clocks run alike; UINT64_MAX unknown */
	uint64_t bound_ns;	/* proven bound whatever their rates */
	int64_t rate_ppb;	/* merged time gains so much on its own */
	struct mrg_check check;
};

struct mrg_set {
	struct mrg_member *members;
	size_t nr;
	bool merged;		/* the clocks come from a merged directory */
	bool utc_known;
	int64_t utc_offset_ns;	/* UTC = merged time + this, where ->utc_known */
	uint64_t first_ns, last_ns;	/* merged time of what headers say; 0, 0 unknown */
};

/**
 * mrg_set_open() - open traces and merged directories.
 * @paths: @nr of them; a merged directory stands for all its members.
 *
 * Labels are the host names; where two are alike a number follows.
 *
 * Return: 0, or -errno; the error begins with the path that failed.
 */
int mrg_set_open(struct mrg_set **ret, const char *const *paths, size_t nr, struct rt_err *err);
void mrg_set_destroy(struct mrg_set *set);
/* What running recordings have added since: see xt_trace_refresh(). */
int mrg_set_refresh(struct mrg_set *set, struct rt_err *err);

/* "tsc", "gs", ...; never NULL. */
const char *mrg_method_name(enum mrg_method method);

/* The clock of a lane for its sub-buffer number @page. */
static inline const struct mrg_lane_clock *mrg_lane_clock_at(const struct mrg_lane *lane,
							      uint64_t page)
{
	size_t i = lane->nr_epochs - 1;

	while (i > 0 && page < lane->epochs[i].first_page)
		i--;
	return &lane->epochs[i].clock;
}

#endif /* MRG_SET_H */
