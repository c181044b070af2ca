/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-gate.h - rules that a run must keep, by itself or compared with others
 *
 * A rule is what must not be: "wakeup(rtapp).p99.9 > +20%".  Every figure has a
 * range in which the true one lies (lat-range.h).  A rule is broken only when the ranges
 * prove it: those of all that it speaks of, or of one name of what is summed up.
 */
#ifndef MRG_LAT_GATE_H
#define MRG_LAT_GATE_H

#include <stdio.h>

#include "merge/lat-save.h"

enum mrg_lat_stat {
	MRG_LAT_STAT_QUANTILE, MRG_LAT_STAT_MIN, MRG_LAT_STAT_MAX, MRG_LAT_STAT_MEAN,
	MRG_LAT_STAT_COUNT,	/* a run, mean of the side's runs */
	MRG_LAT_STAT_RATE,	/* count a second of the trace */
	MRG_LAT_STAT_SHARE,	/* sum of the durations a second of the trace: ns */
};

enum mrg_lat_limit {
	MRG_LAT_ABSOLUTE,	/* > 50us */
	MRG_LAT_PERCENT,	/* > +20%: of the base's figure */
	MRG_LAT_DELTA,		/* > +5us: beside the base's figure */
};

struct mrg_lat_rule {
	char text[160];
	struct mrg_lat_select select;
	enum mrg_lat_stat stat;
	double quantile;	/* 0 to 1 */
	bool below;		/* broken where the figure is below the limit, not above */
	enum mrg_lat_limit limit;
	double value;		/* ns, a number, or per cent */
};

/* "METRIC.STAT > LIMIT".  Return: 0, or -EINVAL with column and what was expected. */
int mrg_lat_rule_parse(struct mrg_lat_rule *ret, const char *text, struct rt_err *err);

struct mrg_lat_range {
	double low, value, high;	/* high is INFINITY where too few samples bound it */
	uint64_t samples;
	bool lacking;		/* a run has none; of what is counted that is a figure */
};

enum mrg_lat_verdict {
	MRG_LAT_KEPT,
	MRG_LAT_NOISE,		/* beyond the limit, but within what chance does */
	MRG_LAT_FEW,		/* not beyond it, but too few samples to know */
	MRG_LAT_MISSING,	/* no such metric in a run: nothing was checked */
	MRG_LAT_BROKEN,
};

const char *mrg_lat_verdict_name(enum mrg_lat_verdict verdict);

struct mrg_lat_outcome {
	const struct mrg_lat_rule *rule;
	enum mrg_lat_verdict verdict;
	struct mrg_lat_range base, now;	/* base: of no meaning for absolute limits */
	uint64_t cap;	/* ns that an interval counts for at most; UINT64_MAX: whole */
	/* BROKEN: what proves it by itself where the whole does not; a run's of now, or NULL */
	const struct mrg_lat_figure *by;
	struct mrg_lat_range by_base, by_now;
	uint64_t wanted;		/* FEW: samples that would do */
};

struct mrg_lat_side {
	const struct mrg_lat_saved *runs;
	size_t nr;
};

/*
 * @base may have no runs when no rule is relative.
 * Return: 0, -ENOMEM, or -EINVAL for a relative rule without a base.
 */
int mrg_lat_judge(struct mrg_lat_outcome *ret, const struct mrg_lat_rule *rule,
		  const struct mrg_lat_side *base, const struct mrg_lat_side *now,
		  struct rt_err *err);

/* BROKEN and MISSING fail a build. */
bool mrg_lat_fails(const struct mrg_lat_outcome *outcome);

/* ---- in words ---- */

struct mrg_lat_change;

struct mrg_lat_gate {
	const struct mrg_lat_outcome *outcomes;
	size_t nr;
	struct mrg_lat_side base, now;
	const struct mrg_lat_change *changes;	/* what else differs (lat-change.h) */
	size_t nr_changes;
};

/* The next explained interval of a run that a rule speaks of, from *@at on; NULL: none. */
const struct mrg_lat_tale *mrg_lat_next_tale(const struct mrg_lat_saved *run,
					     const struct mrg_lat_rule *rule, size_t *at);

int mrg_lat_gate_print(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err);
/* All that is known of why rules are broken: what changed, intervals and their lines. */
int mrg_lat_gate_guilty(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err);
int mrg_lat_gate_json(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err);
/* JUnit's XML, as CI systems read it: a test case a rule. */
int mrg_lat_gate_junit(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err);

#endif /* MRG_LAT_GATE_H */
