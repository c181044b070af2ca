/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-gate.c - is a rule broken, or is it chance?
 */
#include "merge/lat-gate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/lat-range.h"

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

/* So many that the range's upper end is one of the sample. */
static uint64_t samples_wanted(const struct mrg_lat_rule *rule)
{
	double q = rule->quantile, n = 1 / (1 - q);

	while (ceil(n * q + MRG_LAT_Z * sqrt(n * q * (1 - q))) + 1 > n)
		n *= 1.05;
	return (uint64_t)ceil(n);
}

static enum mrg_lat_verdict verdict_of(const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_rule *rule = o->rule;
	double sure, likely;

	if (rule->below) {
		sure = mrg_lat_limit_at(rule, o->base.low);
		likely = mrg_lat_limit_at(rule, o->base.value);
		return o->now.high < sure ? MRG_LAT_BROKEN :
		       o->now.value < likely ? MRG_LAT_NOISE : MRG_LAT_KEPT;
	}
	sure = mrg_lat_limit_at(rule, rule->limit == MRG_LAT_ABSOLUTE ? 0 : o->base.high);
	likely = mrg_lat_limit_at(rule, o->base.value);
	if (o->now.low > sure)
		return MRG_LAT_BROKEN;
	if (isinf(o->now.high) || (rule->limit != MRG_LAT_ABSOLUTE && isinf(o->base.high)))
		return MRG_LAT_FEW;
	return o->now.value > likely ? MRG_LAT_NOISE : MRG_LAT_KEPT;
}

/* Of what is counted none is a figure too; of durations it is nothing to judge. */
static bool is_missing(const struct mrg_lat_outcome *o)
{
	return o->now.lacking || (o->rule->limit != MRG_LAT_ABSOLUTE && o->base.lacking);
}

static int judge_scope(struct mrg_lat_outcome *o, struct mrg_lat_ranges *r,
		       const struct mrg_lat_scope *scope, const struct mrg_lat_side *base,
		       const struct mrg_lat_side *now)
{
	int rc = mrg_lat_ranges_of(r, scope, base, now);

	if (rc < 0)
		return rc;
	*o = (struct mrg_lat_outcome){
		.rule = scope->rule, .base = r->base, .now = r->now, .cap = r->cap,
	};
	o->verdict = is_missing(o) ? MRG_LAT_MISSING : verdict_of(o);
	return 0;
}

/* ---- a name by itself ---- */

static int by_name(const void *a, const void *b)
{
	const struct mrg_lat_figure *x = *(const struct mrg_lat_figure *const *)a;
	const struct mrg_lat_figure *y = *(const struct mrg_lat_figure *const *)b;
	int order = strcmp(x->name, y->name);

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return order ? order : strcmp(x->host, y->host);
}

/* Figures of @now that the rule speaks of, one of each name; NULL: no memory. */
static const struct mrg_lat_figure **find_names(const struct mrg_lat_rule *rule,
						const struct mrg_lat_side *now, size_t *ret_nr)
{
	const struct mrg_lat_figure **names, *figure;
	size_t r, i, all = 0, nr = 0, kept = 0;

	for (r = 0; r < now->nr; r++)
		all += now->runs[r].nr;
	names = calloc(all + 1, sizeof(*names));
	if (!names)
		return NULL;
	for (r = 0; r < now->nr; r++)
		for (i = 0; i < now->runs[r].nr; i++) {
			figure = &now->runs[r].figures[i];
			if (mrg_lat_select_match(&rule->select, figure->kind, figure->name,
						 figure->host))
				names[nr++] = figure;
		}
	qsort(names, nr, sizeof(*names), by_name);
	for (i = 0; i < nr; i++) {
		if (kept == 0 || by_name(&names[kept - 1], &names[i]) != 0)
			names[kept++] = names[i];
	}
	*ret_nr = kept;
	return names;
}

/*
 * The whole is beyond its limit, and what all its parts do by themselves hides whether
 * that is chance: one of them that has more by as much as the whole may is no chance.
 */
static int judge_names(struct mrg_lat_outcome *o, double more, const struct mrg_lat_side *base,
		       const struct mrg_lat_side *now)
{
	struct mrg_lat_rule rule = *o->rule;
	struct mrg_lat_outcome one;
	struct mrg_lat_ranges ranges;
	const struct mrg_lat_figure **names;
	size_t i, nr;
	int rc = 0;

	rule.limit = MRG_LAT_DELTA;
	rule.value = more;
	names = find_names(&rule, now, &nr);
	if (!names)
		return -ENOMEM;
	for (i = 0; i < nr && rc == 0; i++) {
		const struct mrg_lat_scope scope = { &rule, names[i] };

		rc = judge_scope(&one, &ranges, &scope, base, now);
		if (rc < 0 || one.verdict != MRG_LAT_BROKEN ||
		    (o->by && one.now.value - one.base.value <=
			      o->by_now.value - o->by_base.value))
			continue;
		o->verdict = MRG_LAT_BROKEN;
		o->by = names[i];
		o->by_base = one.base;
		o->by_now = one.now;
	}
	free(names);
	return rc;
}

/* What the rule lets the whole have more than the base, the base at its greatest. */
static double allowed(const struct mrg_lat_rule *rule, double base)
{
	return rule->limit == MRG_LAT_ABSOLUTE ? -1 : mrg_lat_limit_at(rule, base) - base;
}

static int judge(struct mrg_lat_outcome *o, const struct mrg_lat_rule *rule,
		 const struct mrg_lat_side *base, const struct mrg_lat_side *now)
{
	const struct mrg_lat_scope whole = { .rule = rule };
	struct mrg_lat_ranges ranges;
	double more;
	int rc = judge_scope(o, &ranges, &whole, base, now);

	if (rc < 0 || o->verdict != MRG_LAT_NOISE || rule->below ||
	    rule->stat < MRG_LAT_STAT_COUNT)
		return rc;
	more = allowed(rule, ranges.most_base);
	return more < 0 ? 0 : judge_names(o, more, base, now);
}

int mrg_lat_judge(struct mrg_lat_outcome *ret, const struct mrg_lat_rule *rule,
		  const struct mrg_lat_side *base, const struct mrg_lat_side *now,
		  struct rt_err *err)
{
	struct mrg_lat_outcome o;

	if (rule->limit != MRG_LAT_ABSOLUTE && base->nr == 0)
		return rt_err_say(err, -EINVAL, "\"%s\" compares, and there is no base to compare "
				  "with", rule->text);
	if (judge(&o, rule, base, now) < 0)
		return rt_err_set(err, -ENOMEM, "cannot judge \"%s\"", rule->text);
	if (o.verdict == MRG_LAT_FEW)
		o.wanted = rule->stat == MRG_LAT_STAT_QUANTILE ? samples_wanted(rule) : 2;
	*ret = o;
	return 0;
}
