/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-range.c - ranges of figures
 *
 * The rank of a quantile in a sample is binomial: between the ranks n*q -+ z*sqrt(n*q*(1-q))
 * the true quantile lies with the probability that z stands for.  What is summed up
 * (how often, for how long) is as unsure as a Poisson process whose events count that
 * much: its variance is the sum of their squares.  Events of one run are not
 * independent, and runs differ: the range is widened to hold the figure of each run by
 * itself, and what the runs of both sides say about how runs differ.
 */
#include "merge/lat-range.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/lat-stat.h"

/* ---- what is looked at ---- */

static bool in_scope(const struct mrg_lat_scope *scope, const struct mrg_lat_figure *figure)
{
	const struct mrg_lat_figure *only = scope->only;

	if (only)
		return figure->kind == only->kind && strcmp(figure->name, only->name) == 0 &&
		       strcmp(figure->host, only->host) == 0;
	return mrg_lat_select_match(&scope->rule->select, figure->kind, figure->name,
				    figure->host);
}

static int gather(struct mrg_hist *hist, const struct mrg_lat_scope *scope,
		  const struct mrg_lat_saved *run)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < run->nr && rc == 0; i++) {
		if (in_scope(scope, &run->figures[i]))
			rc = mrg_hist_merge(hist, &run->figures[i].hist);
	}
	return rc;
}

void mrg_lat_sample_finish(struct mrg_lat_sample *s)
{
	size_t i;

	for (i = 0; s->runs && i < s->side->nr; i++)
		mrg_hist_finish(&s->runs[i]);
	mrg_hist_finish(&s->all);
	free(s->runs);
	free(s->figures);
}

int mrg_lat_sample_take(struct mrg_lat_sample *s, const struct mrg_lat_scope *scope,
			const struct mrg_lat_side *side)
{
	size_t i;
	int rc;

	*s = (struct mrg_lat_sample){
		.side = side, .runs = calloc(side->nr + 1, sizeof(*s->runs)),
		.figures = calloc(side->nr + 1, sizeof(*s->figures)),
	};
	rc = s->runs && s->figures ? 0 : -ENOMEM;
	for (i = 0; i < side->nr && rc == 0; i++) {
		rc = gather(&s->runs[i], scope, &side->runs[i]);
		if (rc == 0)
			rc = mrg_hist_merge(&s->all, &s->runs[i]);
	}
	return rc;
}

/* ---- figures ---- */

static bool is_sum(const struct mrg_lat_rule *rule)
{
	return rule->stat >= MRG_LAT_STAT_COUNT;
}

double mrg_lat_seconds_of(const struct mrg_lat_saved *run)
{
	return run->duration_ns > 0 ? (double)run->duration_ns / 1e9 : 1;
}

int mrg_lat_find_cap(uint64_t *ret, const struct mrg_lat_sample *base,
		     const struct mrg_lat_sample *now)
{
	size_t odd = base->side->nr + now->side->nr;
	struct mrg_hist all = { 0 };
	int rc = mrg_hist_merge(&all, &base->all);

	if (rc == 0)
		rc = mrg_hist_merge(&all, &now->all);
	if (rc == 0)
		*ret = mrg_hist_rank(&all, all.count > odd ? all.count - odd : 1);
	mrg_hist_finish(&all);
	return rc;
}

/* Figures of each run, and how unsure the mean of sums is. */
static void find_figures(struct mrg_lat_sample *s, const struct mrg_lat_rule *rule, uint64_t cap)
{
	double variance = 0, squares, seconds = 1;
	const struct mrg_hist *hist;
	size_t i;

	for (i = 0; i < s->side->nr; i++) {
		hist = &s->runs[i];
		if (rule->stat != MRG_LAT_STAT_COUNT)
			seconds = mrg_lat_seconds_of(&s->side->runs[i]);
		squares = (double)hist->count;
		s->figures[i] = (double)hist->count;
		if (rule->stat == MRG_LAT_STAT_SHARE)
			s->figures[i] = mrg_hist_capped_sum(hist, cap, &squares);
		s->figures[i] /= seconds;
		variance += squares / seconds / seconds;
	}
	s->error = s->side->nr > 0 ? sqrt(variance) / (double)s->side->nr : 0;
}

/* A figure that is not summed up, of one histogram. */
static double figure_of(const struct mrg_lat_rule *rule, const struct mrg_hist *hist)
{
	switch (rule->stat) {
	case MRG_LAT_STAT_QUANTILE: return (double)mrg_hist_quantile(hist, rule->quantile);
	case MRG_LAT_STAT_MIN: return (double)hist->min;
	case MRG_LAT_STAT_MAX: return (double)hist->max;
	default: return (double)mrg_hist_mean(hist);
	}
}

/* ---- the range within a sample ---- */

static void quantile_range(struct mrg_lat_range *ret, const struct mrg_hist *hist, double q)
{
	double n = (double)hist->count, spread = MRG_LAT_Z * sqrt(n * q * (1 - q));
	double low = floor(n * q - spread), high = ceil(n * q + spread) + 1;

	ret->low = low < 1 ? 0 : (double)mrg_hist_rank(hist, (uint64_t)low);
	ret->high = high > n ? INFINITY : (double)mrg_hist_rank(hist, (uint64_t)high);
}

static void mean_range(struct mrg_lat_range *ret, const struct mrg_hist *hist)
{
	double n = (double)hist->count, squares = 0, off, error;
	unsigned int i;

	for (i = 0; i < MRG_HIST_BUCKETS; i++) {
		off = (double)mrg_hist_bucket_top(i) - ret->value;
		squares += (double)mrg_hist_at(hist, i) * off * off;
	}
	error = MRG_LAT_Z * sqrt(squares / n) / sqrt(n);
	ret->low = ret->value - error;
	ret->high = n < 2 ? INFINITY : ret->value + error;
}

/* To hold each run by itself. */
static void hold_runs(struct mrg_lat_range *range, const struct mrg_lat_sample *s)
{
	size_t i;

	for (i = 0; i < s->side->nr; i++) {
		range->low = fmin(range->low, s->figures[i]);
		range->high = fmax(range->high, s->figures[i]);
	}
}

static void order_range(struct mrg_lat_range *ret, const struct mrg_lat_rule *rule,
			struct mrg_lat_sample *s)
{
	struct mrg_lat_range range = { .samples = s->all.count };
	size_t i;

	for (i = 0; i < s->side->nr; i++) {
		s->figures[i] = figure_of(rule, &s->runs[i]);
		range.lacking |= s->runs[i].count == 0;
	}
	if (s->all.count > 0) {
		range.value = range.low = range.high = figure_of(rule, &s->all);
		if (rule->stat == MRG_LAT_STAT_QUANTILE)
			quantile_range(&range, &s->all, rule->quantile);
		else if (rule->stat == MRG_LAT_STAT_MEAN)
			mean_range(&range, &s->all);
		hold_runs(&range, s);
	}
	*ret = range;
}

static void sum_range(struct mrg_lat_range *ret, const struct mrg_lat_sample *s, double half)
{
	struct mrg_lat_range range = { .samples = s->all.count };
	size_t i;

	for (i = 0; i < s->side->nr; i++)
		range.value += s->figures[i] / (double)s->side->nr;
	range.low = fmax(range.value - half, 0);
	range.high = range.value + half;
	hold_runs(&range, s);
	*ret = range;
}

/*
 * Both sides at once: halves of ranges that are apart where the difference to the limit
 * is z times the deviation of that difference.  The less sure side has more of it.
 * Events may well come more regularly than by chance (a task each 200 ms), so it is
 * Student's test that has the last word where there are runs for it.
 * Names by themselves are many: each has more to prove.
 */
static void sum_ranges(struct mrg_lat_ranges *r, const struct mrg_lat_scope *scope,
		       const struct mrg_lat_sample *base, const struct mrg_lat_sample *now)
{
	const struct mrg_lat_rule *rule = scope->rule;
	bool is_whole = !scope->only && base->side->nr + now->side->nr >= 3;
	double factor = rule->limit == MRG_LAT_PERCENT ? fmax(1 + rule->value / 100, 0) : 1;
	double a = factor * base->error, b = now->error, both = sqrt(a * a + b * b);
	double part = both > 0 ? (is_whole ? MRG_LAT_Z_SUMS : MRG_LAT_Z) / both : 0;

	if (rule->limit == MRG_LAT_ABSOLUTE) {
		sum_range(&r->now, now, MRG_LAT_Z * b);
		return;
	}
	sum_range(&r->base, base, part * factor * base->error * base->error);
	sum_range(&r->now, now, part * b * b);
}

/* ---- the limit, and how runs differ ---- */

double mrg_lat_limit_at(const struct mrg_lat_rule *rule, double base)
{
	switch (rule->limit) {
	case MRG_LAT_PERCENT: return base * (1 + rule->value / 100);
	case MRG_LAT_DELTA: return base + rule->value;
	default: return rule->value;
	}
}

/* The figure of the base that has this limit. */
static double figure_with(const struct mrg_lat_rule *rule, double limit)
{
	double factor = 1 + rule->value / 100;

	if (rule->limit == MRG_LAT_DELTA)
		return limit - rule->value;
	return factor > 0 ? limit / factor : 0;
}

/* What is next to nothing: a ns, one event of a run, a millionth of the time. */
static double zero_of(const struct mrg_lat_rule *rule, const struct mrg_lat_side *side)
{
	double seconds = (double)side->runs[0].duration_ns / 1e9;

	if (rule->stat == MRG_LAT_STAT_SHARE)
		return 1000;
	return rule->stat == MRG_LAT_STAT_RATE && seconds > 0 ? 1 / seconds : 1;
}

/*
 * Runs differ more than their intervals do.  What is compared is the limits that the
 * runs of the base set, so that a limit far above all that the base has is not made
 * unsure by how much next to nothing varies.
 */
static void widen(struct mrg_lat_ranges *r, const struct mrg_lat_rule *rule,
		  struct mrg_lat_sample *base, const struct mrg_lat_sample *now)
{
	const struct mrg_lat_values limits = { base->figures, base->side->nr };
	const struct mrg_lat_values figures = { now->figures, now->side->nr };
	struct mrg_lat_bounds a, b;
	size_t i;

	for (i = 0; i < base->side->nr; i++)
		base->figures[i] = mrg_lat_limit_at(rule, base->figures[i]);
	if (mrg_lat_bounds_of(&a, &b, &limits, &figures, zero_of(rule, now->side)) < 0)
		return;
	r->base.low = fmin(r->base.low, fmax(figure_with(rule, a.low), 0));
	r->base.high = fmax(r->base.high, figure_with(rule, a.high));
	r->now.low = fmin(r->now.low, b.low);
	r->now.high = fmax(r->now.high, b.high);
}

static int find_ranges(struct mrg_lat_ranges *r, const struct mrg_lat_scope *scope,
		       struct mrg_lat_sample *base, struct mrg_lat_sample *now)
{
	const struct mrg_lat_rule *rule = scope->rule;
	bool compares = rule->limit != MRG_LAT_ABSOLUTE;
	size_t i;

	r->cap = UINT64_MAX;
	if (rule->stat == MRG_LAT_STAT_SHARE && compares &&
	    mrg_lat_find_cap(&r->cap, base, now) < 0)
		return -ENOMEM;
	if (is_sum(rule)) {
		find_figures(base, rule, r->cap);
		find_figures(now, rule, r->cap);
		sum_ranges(r, scope, base, now);
	} else {
		order_range(&r->base, rule, base);
		order_range(&r->now, rule, now);
	}
	for (i = 0; i < base->side->nr; i++)
		r->most_base = fmax(r->most_base, base->figures[i]);
	if (compares)
		widen(r, rule, base, now);
	return 0;
}

int mrg_lat_ranges_of(struct mrg_lat_ranges *ret, const struct mrg_lat_scope *scope,
		      const struct mrg_lat_side *base, const struct mrg_lat_side *now)
{
	struct mrg_lat_ranges ranges = { 0 };
	struct mrg_lat_sample a = { 0 }, b = { 0 };
	int rc = mrg_lat_sample_take(&a, scope, base);

	if (rc == 0)
		rc = mrg_lat_sample_take(&b, scope, now);
	if (rc == 0)
		rc = find_ranges(&ranges, scope, &a, &b);
	if (rc == 0)
		*ret = ranges;
	mrg_lat_sample_finish(&a);
	mrg_lat_sample_finish(&b);
	return rc;
}
