/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-change.c - what takes more of a machine's time than it did before */
#include "merge/lat-change.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/lat-range.h"
#include "merge/lat-stat.h"

#define LEAST_NS 500000.0	/* a second: less than 0.05 % of a CPU explains nothing */
#define MAX_CAUSES 8192
#define ZERO_NS 1000.0		/* a second: a millionth */

/* Something that a machine's time may be spent on. */
struct cause {
	int part;		/* EXIT: enum mrg_lat_part; else -1 */
	const struct mrg_lat_figure *figure;	/* one of those of its name; a run's */
};

struct causes {
	struct cause *v;
	size_t nr;
};

static bool is_of(const struct mrg_lat_figure *figure, const struct cause *cause)
{
	return figure->kind == cause->figure->kind &&
	       strcmp(figure->name, cause->figure->name) == 0 &&
	       strcmp(figure->host, cause->figure->host) == 0;
}

static void add_cause(struct causes *causes, const struct mrg_lat_figure *figure, int part)
{
	size_t i;

	for (i = 0; i < causes->nr; i++) {
		if (causes->v[i].part == part && is_of(figure, &causes->v[i]))
			return;
	}
	if (causes->nr < MAX_CAUSES)
		causes->v[causes->nr++] = (struct cause){ part, figure };
}

/* What waits, wakes or is measured from outside is an effect; causes are what does something. */
static void add_causes(struct causes *causes, const struct mrg_lat_saved *run)
{
	const struct mrg_lat_figure *figure;
	size_t i;

	for (i = 0; i < run->nr; i++) {
		figure = &run->figures[i];
		if (figure->kind == MRG_LAT_EXIT) {
			add_cause(causes, figure, MRG_LAT_PART_KVM);
			add_cause(causes, figure, MRG_LAT_PART_USER);
		} else if (figure->kind == MRG_LAT_IRQ || figure->kind == MRG_LAT_SOFTIRQ ||
			   figure->kind == MRG_LAT_PREEMPT) {
			add_cause(causes, figure, -1);
		}
	}
}

/*
 * The median of one, which a few intervals that something else made long do not move.
 * Of a part of exits there is no histogram: it is taken to have its share of each.
 */
static double usual(const struct cause *cause, const struct mrg_hist *all, uint64_t spent)
{
	double median = (double)mrg_hist_quantile(all, 0.5);

	if (cause->part < 0 || all->sum == 0)
		return median;
	return median * (double)spent / (double)all->sum;
}

static uint64_t part_of(const struct cause *cause, const struct mrg_lat_saved *run)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < run->nr; i++) {
		if (is_of(&run->figures[i], cause))
			sum += run->figures[i].parts[cause->part];
	}
	return sum;
}

/* Of one run; no interval counts for more than @cap. */
static struct mrg_lat_spending spend(const struct cause *cause, const struct mrg_hist *all,
				     const struct mrg_lat_saved *run, uint64_t cap)
{
	uint64_t sum = cause->part < 0 ? all->sum : part_of(cause, run);
	double seconds = mrg_lat_seconds_of(run), counted = 0;

	if (all->sum > 0)
		counted = (double)sum * mrg_hist_capped_sum(all, cap, NULL) / (double)all->sum;
	return (struct mrg_lat_spending){
		.ns = counted / seconds, .times = (double)all->count / seconds,
		.each = usual(cause, all, sum),
	};
}

/* A side's runs: the whole, each, and how often in the three thirds of @v, and means. */
static void spend_all(struct mrg_lat_spending *ret, double *v, const struct cause *cause,
		      const struct mrg_lat_sample *sample, uint64_t cap)
{
	struct mrg_lat_spending one;
	size_t i, nr = sample->side->nr;

	for (i = 0; i < nr; i++) {
		one = spend(cause, &sample->runs[i], &sample->side->runs[i], cap);
		v[i] = one.ns;
		v[nr + i] = one.each;
		v[2 * nr + i] = one.times;
		ret->ns += one.ns / (double)nr;
		ret->times += one.times / (double)nr;
		ret->each += one.each / (double)nr;
	}
}

static bool is_more(const double *base, size_t nr_base, const double *now, size_t nr_now,
		    double zero)
{
	const struct mrg_lat_values a = { base, nr_base }, b = { now, nr_now };
	struct mrg_lat_bounds before, after;
	double sum_a = 0, sum_b = 0;
	size_t i;

	if (mrg_lat_bounds_of(&before, &after, &a, &b, zero) == 0)
		return after.low > before.high;
	for (i = 0; i < nr_base; i++)
		sum_a += base[i];
	for (i = 0; i < nr_now; i++)
		sum_b += now[i];
	return sum_b > 2 * sum_a;
}

/* ns a second that it takes more, by each of them and in all. */
static double increase(const struct mrg_lat_change *c)
{
	double by_each = c->base.each > 0 ? (c->now.each - c->base.each) * c->now.times : 0;

	return fmax(c->now.ns - c->base.ns, by_each);
}

/* Beyond chance: the whole, each of what was there before, or how often. */
static bool is_any_more(const struct mrg_lat_change *change, const double *a, size_t nr_a,
			const double *b, size_t nr_b)
{
	if (is_more(a, nr_a, b, nr_b, ZERO_NS))
		return true;
	if (change->base.each > 0 && is_more(a + nr_a, nr_a, b + nr_b, nr_b, 1))
		return true;
	return is_more(a + 2 * nr_a, nr_a, b + 2 * nr_b, nr_b, 1);
}

/* Return: 1 where it takes more than before, 0, or -ENOMEM. */
static int compare(struct mrg_lat_change *change, const struct cause *cause,
		   const struct mrg_lat_sample *base, const struct mrg_lat_sample *now)
{
	size_t nr_a = base->side->nr, nr_b = now->side->nr;
	double *a = calloc(3 * nr_a + 1, sizeof(*a)), *b = calloc(3 * nr_b + 1, sizeof(*b));
	uint64_t cap;
	int rc = a && b ? mrg_lat_find_cap(&cap, base, now) : -ENOMEM;

	if (rc == 0) {
		spend_all(&change->base, a, cause, base, cap);
		spend_all(&change->now, b, cause, now, cap);
		rc = increase(change) > LEAST_NS && is_any_more(change, a, nr_a, b, nr_b);
	}
	free(a);
	free(b);
	return rc;
}

/* Does a broken rule speak of just this?  Exits are what something else causes too. */
static bool is_asked_for(const struct cause *cause, const struct mrg_lat_gate *gate)
{
	const struct mrg_lat_figure *f = cause->figure;
	size_t i;

	for (i = 0; i < gate->nr && cause->part < 0; i++) {
		if (gate->outcomes[i].verdict == MRG_LAT_BROKEN &&
		    mrg_lat_select_match(&gate->outcomes[i].rule->select, f->kind, f->name,
					 f->host))
			return true;
	}
	return false;
}

static int hold(struct mrg_lat_change *ret, const struct cause *cause,
		const struct mrg_lat_gate *gate)
{
	const struct mrg_lat_scope scope = { .only = cause->figure };
	struct mrg_lat_change change = { 0 };
	struct mrg_lat_sample a = { 0 }, b = { 0 };
	int rc = mrg_lat_sample_take(&a, &scope, &gate->base);

	if (rc == 0)
		rc = mrg_lat_sample_take(&b, &scope, &gate->now);
	if (rc == 0)
		rc = compare(&change, cause, &a, &b);
	mrg_lat_sample_finish(&a);
	mrg_lat_sample_finish(&b);
	if (rc != 1)
		return rc;
	change.asked_for = is_asked_for(cause, gate);
	snprintf(change.what, sizeof(change.what), "%s(%s)%s%s",
		 mrg_lat_kind_name(cause->figure->kind), cause->figure->name,
		 cause->part < 0 ? "" : ", ",
		 cause->part < 0 ? "" : mrg_lat_part_help(cause->part));
	snprintf(change.host, sizeof(change.host), "%s", cause->figure->host);
	*ret = change;
	return 1;
}

static bool is_before(const struct mrg_lat_change *a, const struct mrg_lat_change *b)
{
	return a->asked_for != b->asked_for ? a->asked_for : increase(a) > increase(b);
}

/* Puts a change into its place among those that are kept. */
static size_t insert(struct mrg_lat_change *list, size_t nr, size_t max,
		     const struct mrg_lat_change *one)
{
	size_t at = nr;

	while (at > 0 && is_before(one, &list[at - 1]))
		at--;
	if (at == max)
		return nr;
	nr += nr < max;
	memmove(list + at + 1, list + at, (nr - at - 1) * sizeof(*list));
	list[at] = *one;
	return nr;
}

int mrg_lat_changes(struct mrg_lat_change *ret, size_t max, size_t *ret_nr,
		    const struct mrg_lat_gate *gate)
{
	struct causes causes = { .v = calloc(MAX_CAUSES, sizeof(*causes.v)) };
	struct mrg_lat_change change;
	size_t i, nr = 0;
	int rc = causes.v ? 0 : -ENOMEM;

	for (i = 0; rc == 0 && i < gate->now.nr; i++)
		add_causes(&causes, &gate->now.runs[i]);
	for (i = 0; rc >= 0 && i < causes.nr; i++) {
		rc = hold(&change, &causes.v[i], gate);
		if (rc == 1)
			nr = insert(ret, nr, max, &change);
	}
	free(causes.v);
	if (rc < 0)
		return rc;
	*ret_nr = nr;
	return 0;
}
