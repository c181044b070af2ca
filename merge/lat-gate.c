/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-gate.c - is a rule broken, or is it chance?
 *
 * The rank of a quantile in a sample is binomial: between the ranks n*q -+ z*sqrt(n*q*(1-q))
 * the true quantile lies with the probability that z stands for.  Events of one run
 * are not independent, and runs differ: the range is widened to hold the figure of
 * each run by itself, and what the runs of both sides say about how runs differ.
 */
#include "merge/lat-gate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/lat-stat.h"

#define Z 3.29		/* two-sided 99.9 %: a build in a thousand at most fails by chance */

static const char *const verdicts[] = {
	[MRG_LAT_KEPT] = "ok", [MRG_LAT_NOISE] = "noise", [MRG_LAT_FEW] = "too few samples",
	[MRG_LAT_MISSING] = "missing", [MRG_LAT_BROKEN] = "BROKEN",
};

const char *mrg_lat_verdict_name(enum mrg_lat_verdict verdict)
{
	return verdicts[verdict];
}

bool mrg_lat_fails(const struct mrg_lat_outcome *outcome)
{
	return outcome->verdict == MRG_LAT_BROKEN || outcome->verdict == MRG_LAT_MISSING;
}

/* All of a run that the rule speaks of, in one histogram. */
static int gather(struct mrg_hist *hist, const struct mrg_lat_rule *rule,
		  const struct mrg_lat_saved *run)
{
	const struct mrg_lat_figure *figure;
	size_t i;
	int rc = 0;

	for (i = 0; i < run->nr && rc == 0; i++) {
		figure = &run->figures[i];
		if (mrg_lat_select_match(&rule->select, figure->kind, figure->name, figure->host))
			rc = mrg_hist_merge(hist, &figure->hist);
	}
	return rc;
}

/* The figure of one histogram by itself. */
static double figure_of(const struct mrg_lat_rule *rule, const struct mrg_hist *hist,
			uint64_t duration_ns)
{
	double seconds = duration_ns > 0 ? (double)duration_ns / 1e9 : 1;

	switch (rule->stat) {
	case MRG_LAT_STAT_QUANTILE: return (double)mrg_hist_quantile(hist, rule->quantile);
	case MRG_LAT_STAT_MIN: return (double)hist->min;
	case MRG_LAT_STAT_MAX: return (double)hist->max;
	case MRG_LAT_STAT_MEAN: return (double)mrg_hist_mean(hist);
	case MRG_LAT_STAT_COUNT: return (double)hist->count;
	case MRG_LAT_STAT_RATE: return (double)hist->count / seconds;
	case MRG_LAT_STAT_SHARE: return (double)hist->sum / seconds;
	}
	return 0;
}

/* ---- the range within a sample ---- */

static void quantile_range(struct mrg_lat_range *ret, const struct mrg_hist *hist, double q)
{
	double n = (double)hist->count, spread = Z * sqrt(n * q * (1 - q));
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
	error = Z * sqrt(squares / n) / sqrt(n);
	ret->low = ret->value - error;
	ret->high = n < 2 ? INFINITY : ret->value + error;
}

/* How often something happens, as a Poisson process would. */
static void count_range(struct mrg_lat_range *ret, uint64_t count)
{
	double error = count > 0 ? Z / sqrt((double)count) : 1;

	ret->low = ret->value * (1 - (error < 1 ? error : 1));
	ret->high = ret->value * (1 + error);
}

static void sample_range(struct mrg_lat_range *ret, const struct mrg_lat_rule *rule,
			 const struct mrg_hist *hist)
{
	ret->low = ret->high = ret->value;
	if (rule->stat == MRG_LAT_STAT_QUANTILE)
		quantile_range(ret, hist, rule->quantile);
	else if (rule->stat == MRG_LAT_STAT_MEAN)
		mean_range(ret, hist);
	else if (rule->stat >= MRG_LAT_STAT_COUNT)
		count_range(ret, hist->count);
}

/* The range of all runs of a side together; @figures gets that of each run. */
static int range_of(struct mrg_lat_range *ret, const struct mrg_lat_rule *rule,
		    const struct mrg_lat_side *side, double *figures)
{
	struct mrg_hist all = { 0 }, one;
	struct mrg_lat_range range = { 0 };
	double least = INFINITY, most = 0, sum = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < side->nr && rc == 0; i++) {
		one = (struct mrg_hist){ 0 };
		rc = gather(&one, rule, &side->runs[i]);
		if (rc == 0)
			rc = mrg_hist_merge(&all, &one);
		figures[i] = figure_of(rule, &one, side->runs[i].duration_ns);
		least = fmin(least, figures[i]);
		most = fmax(most, figures[i]);
		sum += figures[i];
		mrg_hist_finish(&one);
	}
	range.samples = all.count;
	if (rc == 0 && all.count > 0) {
		range.value = rule->stat >= MRG_LAT_STAT_COUNT ? sum / (double)side->nr
							       : figure_of(rule, &all, 0);
		sample_range(&range, rule, &all);
		range.low = fmin(range.low, least);
		range.high = fmax(range.high, most);
	}
	*ret = range;
	mrg_hist_finish(&all);
	return rc;
}

/* ---- the verdict ---- */

static double limit_at(const struct mrg_lat_rule *rule, double base)
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
static void widen(struct mrg_lat_outcome *o, const struct mrg_lat_side *side, double *base,
		  size_t nr_base, const double *now)
{
	const struct mrg_lat_values limits = { base, nr_base }, figures = { now, side->nr };
	struct mrg_lat_bounds a, b;
	size_t i;

	for (i = 0; i < nr_base; i++)
		base[i] = limit_at(o->rule, base[i]);
	if (mrg_lat_bounds_of(&a, &b, &limits, &figures, zero_of(o->rule, side)) < 0)
		return;
	o->base.low = fmin(o->base.low, fmax(figure_with(o->rule, a.low), 0));
	o->base.high = fmax(o->base.high, figure_with(o->rule, a.high));
	o->now.low = fmin(o->now.low, b.low);
	o->now.high = fmax(o->now.high, b.high);
}

/* So many that the range's upper end is one of the sample. */
static uint64_t samples_wanted(const struct mrg_lat_rule *rule)
{
	double q = rule->quantile, n = 1 / (1 - q);

	while (ceil(n * q + Z * sqrt(n * q * (1 - q))) + 1 > n)
		n *= 1.05;
	return (uint64_t)ceil(n);
}

static enum mrg_lat_verdict verdict_of(const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_rule *rule = o->rule;
	double sure, likely;

	if (rule->below) {
		sure = limit_at(rule, o->base.low);
		likely = limit_at(rule, o->base.value);
		return o->now.high < sure ? MRG_LAT_BROKEN :
		       o->now.value < likely ? MRG_LAT_NOISE : MRG_LAT_KEPT;
	}
	sure = limit_at(rule, rule->limit == MRG_LAT_ABSOLUTE ? 0 : o->base.high);
	likely = limit_at(rule, o->base.value);
	if (o->now.low > sure)
		return MRG_LAT_BROKEN;
	if (isinf(o->now.high) || (rule->limit != MRG_LAT_ABSOLUTE && isinf(o->base.high)))
		return MRG_LAT_FEW;
	return o->now.value > likely ? MRG_LAT_NOISE : MRG_LAT_KEPT;
}

static int find_ranges(struct mrg_lat_outcome *o, const struct mrg_lat_side *base,
		       const struct mrg_lat_side *now)
{
	double *a = calloc(base->nr + 1, sizeof(*a)), *b = calloc(now->nr + 1, sizeof(*b));
	int rc = a && b ? range_of(&o->now, o->rule, now, b) : -ENOMEM;

	if (rc == 0)
		rc = range_of(&o->base, o->rule, base, a);
	if (rc == 0 && o->rule->limit != MRG_LAT_ABSOLUTE)
		widen(o, now, a, base->nr, b);
	free(a);
	free(b);
	return rc;
}

/* Of what is counted none is a figure too; of durations it is nothing to judge. */
static bool is_missing(const struct mrg_lat_outcome *o)
{
	if (o->rule->stat >= MRG_LAT_STAT_COUNT)
		return false;
	return o->now.samples == 0 ||
	       (o->rule->limit != MRG_LAT_ABSOLUTE && o->base.samples == 0);
}

int mrg_lat_judge(struct mrg_lat_outcome *ret, const struct mrg_lat_rule *rule,
		  const struct mrg_lat_side *base, const struct mrg_lat_side *now,
		  struct rt_err *err)
{
	struct mrg_lat_outcome o = { .rule = rule };

	if (rule->limit != MRG_LAT_ABSOLUTE && base->nr == 0)
		return rt_err_say(err, -EINVAL, "\"%s\" compares, and there is no base to compare "
				  "with", rule->text);
	if (find_ranges(&o, base, now) < 0)
		return rt_err_set(err, -ENOMEM, "cannot judge \"%s\"", rule->text);
	o.verdict = is_missing(&o) ? MRG_LAT_MISSING : verdict_of(&o);
	if (o.verdict == MRG_LAT_FEW)
		o.wanted = rule->stat == MRG_LAT_STAT_QUANTILE ? samples_wanted(rule) : 2;
	*ret = o;
	return 0;
}
