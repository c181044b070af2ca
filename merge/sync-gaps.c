/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-gaps.c - where a guest that is nearly always running fits
 *
 * Its events say little, for nearly everywhere is a window.  The other way round
 * says more: each gap between two windows must fall into a silence of the guest.
 * The longest gaps of a stretch of the host's time find few silences as long;
 * intersecting what each of them allows leaves the places.
 */
#include "merge/sync-gaps.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "merge/array.h"

#define GAPS 512		/* of a stretch, the longest */
#define MAX_LIST (1u << 20)

struct list {
	struct mrg_span *v;
	size_t nr, room;
};

struct gaps {
	const struct mrg_times *times;	/* guest's events [first, end) */
	size_t first, end;
	const struct mrg_vcpu *v;
	int64_t slack;
	struct list gaps, now, next;
};

static int by_length(const void *a, const void *b)
{
	const struct mrg_span *x = a, *y = b;
	int64_t d = (y->end - y->start) - (x->end - x->start);

	return d < 0 ? -1 : d > 0;
}

/* The longest gaps within [from, to] of the host's time, the longest first. */
static int longest(struct gaps *g, int64_t from, int64_t to)
{
	g->gaps.nr = 0;
	for (size_t i = mrg_span_search(g->v->spans, g->v->nr, from); i + 1 < g->v->nr; i++) {
		struct mrg_span gap = { g->v->spans[i].end, g->v->spans[i + 1].start };

		if (gap.end > to)
			break;
		if (gap.start < from || gap.end - gap.start <= 2 * g->slack)
			continue;
		if (!MRG_PUSH(g->gaps.v, g->gaps.nr, g->gaps.room, gap))
			return -ENOMEM;
	}
	if (g->gaps.nr)
		qsort(g->gaps.v, g->gaps.nr, sizeof(*g->gaps.v), by_length);
	if (g->gaps.nr > GAPS)
		g->gaps.nr = GAPS;
	return 0;
}

/* The silence behind the @i-th event; before the first and behind the last is silence, too. */
static struct mrg_span silence(const struct gaps *g, size_t i)
{
	return (struct mrg_span){
		i > g->first ? g->times->t[i - 1] : MRG_TIME_MIN,
		i < g->end ? g->times->t[i] : MRG_TIME_MAX,
	};
}

/* Of the offsets in g->now those that let the gap fall into a silence. */
static int one_gap(struct gaps *g, const struct mrg_span *gap)
{
	struct list swap;
	size_t d = 0;

	g->next.nr = 0;
	/* offsets rise as silences go back in time */
	for (size_t i = g->end + 1; i-- > g->first && d < g->now.nr;) {
		struct mrg_span s = silence(g, i), piece;

		piece.start = gap->end - s.end - g->slack;
		piece.end = gap->start - s.start + g->slack;
		if (piece.start > piece.end)
			continue;
		while (d < g->now.nr && g->now.v[d].end < piece.start)
			d++;
		for (size_t k = d; k < g->now.nr && g->now.v[k].start <= piece.end; k++) {
			struct mrg_span both = {
				piece.start > g->now.v[k].start ? piece.start : g->now.v[k].start,
				piece.end < g->now.v[k].end ? piece.end : g->now.v[k].end,
			};

			if (!MRG_PUSH(g->next.v, g->next.nr, g->next.room, both))
				return -ENOMEM;
		}
	}
	swap = g->now;
	g->now = g->next;
	g->next = swap;
	return g->now.nr > MAX_LIST ? -ENODATA : 0;
}

static int one_block(struct gaps *g, int64_t lo, int64_t hi)
{
	int64_t first = g->times->t[g->first], last = g->times->t[g->end - 1];
	struct mrg_span all = { lo, hi };
	int rc = longest(g, first + hi, last + lo);

	g->now.nr = 0;
	if (rc < 0 || g->gaps.nr < 8)
		return rc;
	if (!MRG_PUSH(g->now.v, g->now.nr, g->now.room, all))
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < g->gaps.nr && g->now.nr; i++)
		rc = one_gap(g, &g->gaps.v[i]);
	return rc;
}

int mrg_find_by_gaps(struct mrg_span **ret, size_t *ret_nr, const struct mrg_times *times,
		     const struct mrg_vcpu *v, const struct mrg_gap_search *search)
{
	struct gaps g = {
		.times = times, .v = v, .slack = search->slack,
		.first = mrg_times_from(times, search->from),
		.end = mrg_times_from(times, search->to),
	};
	struct list found = { 0 };
	int64_t block;
	int rc = 0;

	if (g.end < g.first + 16) {
		*ret = NULL;
		*ret_nr = 0;
		return 0;
	}
	block = (times->t[g.end - 1] - times->t[g.first]) / 2 + 1;
	for (int64_t lo = search->lo; rc == 0 && lo <= search->hi; lo += block) {
		rc = one_block(&g, lo, lo + block - 1 < search->hi ? lo + block - 1 : search->hi);
		if (rc == -ENODATA)	/* too little is said here */
			rc = 0;
		else
			for (size_t i = 0; rc == 0 && i < g.now.nr && found.nr < search->max; i++)
				if (!MRG_PUSH(found.v, found.nr, found.room, g.now.v[i]))
					rc = -ENOMEM;
	}
	free(g.gaps.v);
	free(g.now.v);
	free(g.next.v);
	if (rc < 0) {
		free(found.v);
		return rc;
	}
	*ret = found.v;
	*ret_nr = found.nr;
	return 0;
}

/* ---- how long the guest is silent ---- */

/* A quarter of an octave each. */
static size_t class_of(int64_t length)
{
	size_t i = length > 1 ? (size_t)(log2((double)length) * 4) : 0;

	return i < MRG_SILENCES ? i : MRG_SILENCES - 1;
}

void mrg_silences_count(struct mrg_silences *ret, const int64_t *t, size_t nr)
{
	*ret = (struct mrg_silences){ .whole = (double)(t[nr - 1] - t[0]) };
	for (size_t i = 1; i < nr; i++) {
		size_t c = class_of(t[i] - t[i - 1]);

		ret->nr[c]++;
		ret->sum[c] += (double)(t[i] - t[i - 1]);
	}
}

double mrg_silences_chance(const struct mrg_silences *silences, int64_t length)
{
	double room = 0;

	for (size_t c = class_of(length); c < MRG_SILENCES; c++) {
		double more = silences->sum[c] - silences->nr[c] * (double)length;

		room += more > 0 ? more : 0;
	}
	/* it did fall into one */
	return fmin(1, fmax(room, 1) / fmax(silences->whole, 1));
}
