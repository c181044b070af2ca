/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-change.c - what takes more of a machine's time than it did before */
#include "merge/lat-change.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/lat-stat.h"

#define LEAST_NS 500000.0	/* a second: less than 0.05 % of a CPU explains nothing */
#define MAX_CAUSES 8192
#define ZERO_NS 1000.0		/* a second: a millionth */

/* Something that a machine's time may be spent on. */
struct cause {
	enum mrg_lat_kind kind;
	int part;		/* EXIT: enum mrg_lat_part; else -1 */
	const char *name, *host;	/* borrowed of a run */
};

struct causes {
	struct cause *v;
	size_t nr;
};

static bool is_of(const struct mrg_lat_figure *figure, const struct cause *cause)
{
	return figure->kind == cause->kind && strcmp(figure->name, cause->name) == 0 &&
	       strcmp(figure->host, cause->host) == 0;
}

static void add_cause(struct causes *causes, const struct mrg_lat_figure *figure, int part)
{
	const struct cause cause = {
		.kind = figure->kind, .part = part, .name = figure->name, .host = figure->host,
	};
	size_t i;

	for (i = 0; i < causes->nr; i++) {
		if (causes->v[i].part == part && is_of(figure, &causes->v[i]))
			return;
	}
	if (causes->nr < MAX_CAUSES)
		causes->v[causes->nr++] = cause;
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

static int spend(struct mrg_lat_spending *ret, const struct cause *cause,
		 const struct mrg_lat_saved *run)
{
	double seconds = run->duration_ns > 0 ? (double)run->duration_ns / 1e9 : 1;
	struct mrg_hist all = { 0 };
	uint64_t sum = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < run->nr && rc == 0; i++) {
		if (!is_of(&run->figures[i], cause))
			continue;
		sum += cause->part < 0 ? run->figures[i].hist.sum
				       : run->figures[i].parts[cause->part];
		rc = mrg_hist_merge(&all, &run->figures[i].hist);
	}
	ret->ns = (double)sum / seconds;
	ret->times = (double)all.count / seconds;
	ret->each = usual(cause, &all, sum);
	mrg_hist_finish(&all);
	return rc;
}

/* A side's runs: the whole and each in the two halves of @v, and means. */
static int spend_all(struct mrg_lat_spending *ret, double *v, const struct cause *cause,
		     const struct mrg_lat_side *side)
{
	struct mrg_lat_spending one;
	double nr = (double)side->nr;
	size_t i;
	int rc = 0;

	for (i = 0; i < side->nr && rc == 0; i++) {
		rc = spend(&one, cause, &side->runs[i]);
		v[i] = one.ns;
		v[side->nr + i] = one.each;
		ret->ns += one.ns / nr;
		ret->times += one.times / nr;
		ret->each += one.each / nr;
	}
	return rc;
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

/* Return: 1 where it takes more than before, 0, or -ENOMEM. */
static int hold(struct mrg_lat_change *ret, const struct cause *cause,
		const struct mrg_lat_side *base, const struct mrg_lat_side *now)
{
	struct mrg_lat_change change = { 0 };
	double *a = calloc(2 * base->nr + 1, sizeof(*a)), *b = calloc(2 * now->nr + 1, sizeof(*b));
	int rc = a && b ? spend_all(&change.base, a, cause, base) : -ENOMEM;

	if (rc == 0)
		rc = spend_all(&change.now, b, cause, now);
	if (rc == 0 && increase(&change) > LEAST_NS)
		rc = is_more(a, base->nr, b, now->nr, ZERO_NS) ||
		     (change.base.each > 0 &&
		      is_more(a + base->nr, base->nr, b + now->nr, now->nr, 1));
	free(a);
	free(b);
	if (rc != 1)
		return rc;
	snprintf(change.what, sizeof(change.what), "%s(%s)%s%s", mrg_lat_kind_name(cause->kind),
		 cause->name, cause->part < 0 ? "" : ", ",
		 cause->part < 0 ? "" : mrg_lat_part_help(cause->part));
	snprintf(change.host, sizeof(change.host), "%s", cause->host);
	*ret = change;
	return 1;
}

/* Puts a change into its place among those that are kept. */
static size_t insert(struct mrg_lat_change *list, size_t nr, size_t max,
		     const struct mrg_lat_change *one)
{
	size_t at = nr;

	while (at > 0 && increase(&list[at - 1]) < increase(one))
		at--;
	if (at == max)
		return nr;
	nr += nr < max;
	memmove(list + at + 1, list + at, (nr - at - 1) * sizeof(*list));
	list[at] = *one;
	return nr;
}

int mrg_lat_changes(struct mrg_lat_change *ret, size_t max, size_t *ret_nr,
		    const struct mrg_lat_side *base, const struct mrg_lat_side *now)
{
	struct causes causes = { .v = calloc(MAX_CAUSES, sizeof(*causes.v)) };
	struct mrg_lat_change change;
	size_t i, nr = 0;
	int rc = causes.v ? 0 : -ENOMEM;

	for (i = 0; rc == 0 && i < now->nr; i++)
		add_causes(&causes, &now->runs[i]);
	for (i = 0; rc >= 0 && i < causes.nr; i++) {
		rc = hold(&change, &causes.v[i], base, now);
		if (rc == 1)
			nr = insert(ret, nr, max, &change);
	}
	free(causes.v);
	if (rc < 0)
		return rc;
	*ret_nr = nr;
	return 0;
}
