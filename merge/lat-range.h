/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-range.h - in which range a figure of the runs of a side truly lies
 *
 * Of intervals within a run, and of how runs differ by themselves.  What a rule
 * compares is judged on both sides at once: the ranges are apart where the sides differ.
 */
#ifndef MRG_LAT_RANGE_H
#define MRG_LAT_RANGE_H

#include "merge/lat-gate.h"

#define MRG_LAT_Z 3.29	/* two-sided 99.9 %: a build in a thousand at most fails by chance */
/*
 * One-sided 99 %: of sums, where Student's test of the runs with as much must agree.  That
 * has the chance of events in it already; this asks whether there are events enough.
 */
#define MRG_LAT_Z_SUMS 2.33

/* What of the runs is looked at: all that the rule speaks of, or one name of it. */
struct mrg_lat_scope {
	const struct mrg_lat_rule *rule;	/* may be NULL beside ->only */
	const struct mrg_lat_figure *only;	/* of its kind, name and host; NULL: all */
};

/* The runs of a side, as far as they are looked at. */
struct mrg_lat_sample {
	const struct mrg_lat_side *side;
	struct mrg_hist *runs, all;	/* owned */
	double *figures;	/* owned; of each run */
	double error;		/* of their sum's mean: its standard deviation */
};

/* Return: 0 or -ENOMEM; mrg_lat_sample_finish() in any case. */
int mrg_lat_sample_take(struct mrg_lat_sample *s, const struct mrg_lat_scope *scope,
			const struct mrg_lat_side *side);
void mrg_lat_sample_finish(struct mrg_lat_sample *s);

/*
 * The ns that an interval counts for at most.  A few intervals that something odd made
 * long hide in a sum what all the others say: of both sides together as many as there
 * are runs count as the next one does.  Return: 0 or -ENOMEM.
 */
int mrg_lat_find_cap(uint64_t *ret, const struct mrg_lat_sample *base,
		     const struct mrg_lat_sample *now);
/* How long a run was. */
double mrg_lat_seconds_of(const struct mrg_lat_saved *run);

struct mrg_lat_ranges {
	struct mrg_lat_range base, now;
	double most_base;	/* the greatest figure of a run of the base */
	uint64_t cap;		/* ns that an interval counts for at most; UINT64_MAX: whole */
};

/* The limit that a figure of the base sets, or the rule's own. */
double mrg_lat_limit_at(const struct mrg_lat_rule *rule, double base);

/* Return: 0 or -ENOMEM. */
int mrg_lat_ranges_of(struct mrg_lat_ranges *ret, const struct mrg_lat_scope *scope,
		      const struct mrg_lat_side *base, const struct mrg_lat_side *now);

#endif /* MRG_LAT_RANGE_H */
