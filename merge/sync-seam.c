/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-seam.c - the moment at which a clock was stepped or changed its rate
 *
 * It lies between the last event that does not fit the later piece and the first
 * that does not fit the earlier one.  A clock that jumped by D left a silence of D
 * there; where only one silence is as long, that is the moment, and else the
 * doubt is added to the bound.
 */
#include "merge/sync-piece.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "merge/array.h"
#include "merge/sync-windows.h"

#define WIDEN_NS 100000
#define MAX_ZONE (1u << 20)	/* events */
#define PASSES 3

struct event {
	int64_t t;
	unsigned int lane;
};

struct zone {
	const struct mrg_times *lanes;
	unsigned int nr;
	const struct mrg_vcpus *vcpus;
	int64_t from, to;	/* last event of the first piece for certain, first of the second */
	struct event *events;
	size_t nr_events, room;
};

int64_t mrg_poly_middle(const struct mrg_poly *poly, int64_t t)
{
	int64_t lo, hi;

	mrg_poly_range(poly, t, &lo, &hi);
	return lo + (hi - lo) / 2;
}

static bool common(const struct mrg_piece *a, const struct mrg_piece *b, unsigned int l)
{
	return a->place.vcpu[l] != MRG_NO_MATCH && b->place.vcpu[l] == a->place.vcpu[l];
}

/* Back from the seam: the last event that cannot be @b's. */
static void find_from(struct zone *z, const struct mrg_piece *a, const struct mrg_piece *b)
{
	z->from = a->fit.from;
	for (unsigned int l = 0; l < z->nr; l++) {
		size_t i = mrg_times_from(&z->lanes[l], b->fit.from);

		if (!common(a, b, l))
			continue;
		while (i > 0 && z->lanes[l].t[i - 1] > z->from &&
		       mrg_fit_allows(&b->fit.poly, &z->vcpus->v[a->place.vcpu[l]],
				      z->lanes[l].t[i - 1], b->limits.noise))
			i--;
		if (i > 0 && z->lanes[l].t[i - 1] > z->from)
			z->from = z->lanes[l].t[i - 1];
	}
}

/* On from there: the first event that cannot be @a's. */
static void find_to(struct zone *z, const struct mrg_piece *a, const struct mrg_piece *b)
{
	z->to = b->fit.to;
	for (unsigned int l = 0; l < z->nr; l++) {
		const struct mrg_times *lane = &z->lanes[l];
		size_t i = mrg_times_from(lane, z->from + 1);

		if (!common(a, b, l))
			continue;
		while (i < lane->nr && lane->t[i] < z->to &&
		       mrg_fit_allows(&a->fit.poly, &z->vcpus->v[a->place.vcpu[l]], lane->t[i],
				      a->limits.noise))
			i++;
		if (i < lane->nr && lane->t[i] < z->to)
			z->to = lane->t[i];
	}
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct event *)a)->t, y = ((const struct event *)b)->t;

	return x < y ? -1 : x > y;
}

static int collect(struct zone *z, const struct mrg_piece *a, const struct mrg_piece *b)
{
	for (unsigned int l = 0; l < z->nr; l++)
		for (size_t i = mrg_times_from(&z->lanes[l], z->from);
		     common(a, b, l) && i < z->lanes[l].nr && z->lanes[l].t[i] <= z->to &&
		     z->nr_events < MAX_ZONE; i++) {
			struct event e = { z->lanes[l].t[i], l };

			if (!MRG_PUSH(z->events, z->nr_events, z->room, e))
				return -ENOMEM;
		}
	if (z->nr_events)
		qsort(z->events, z->nr_events, sizeof(*z->events), by_time);
	return 0;
}

/* The event behind the longest silence, and whether others could hold a jump of @jump as well. */
static size_t longest_silence(const struct zone *z, int64_t jump, bool *ret_alone)
{
	int64_t longest = -1;
	size_t fit = 0, at = 0;

	for (size_t i = 1; i < z->nr_events; i++) {
		int64_t silence = z->events[i].t - z->events[i - 1].t;

		fit += silence >= jump;
		if (silence > longest) {
			longest = silence;
			at = i;
		}
	}
	*ret_alone = fit <= 1;
	return at;
}

static int64_t apart(const struct mrg_piece *a, const struct mrg_piece *b, int64_t t)
{
	return llabs(mrg_poly_middle(&a->fit.poly, t) - mrg_poly_middle(&b->fit.poly, t));
}

/* The polygon anew, out of the events that are the piece's for certain. */
static int prove(const struct zone *z, struct mrg_piece *p, int64_t from, int64_t to)
{
	struct mrg_place place = p->place;
	struct mrg_fit fit;
	int rc;

	if (place.at < from || place.at > to)
		place.at = from + (to - from) / 2;
	if (place.at != p->place.at || place.from < from || place.to > to) {
		mrg_poly_range(&p->fit.poly, place.at, &place.lo, &place.hi);
		place.lo -= WIDEN_NS;
		place.hi += WIDEN_NS;
	}
	rc = mrg_fit_track(&fit, &place, z->lanes, z->nr, z->vcpus, &p->limits, from, to + 1);
	if (rc < 0)
		return rc;
	if (fit.from <= from && fit.to >= to) {
		fit.from = p->fit.from;
		fit.to = p->fit.to;
		p->fit = fit;
	}
	return 0;
}

/* ---- where exactly, by the lines that are taken in the end ---- */

static int64_t line_map(const struct mrg_line *line, int64_t t)
{
	return t + line->offset + llround(line->rate * (double)(t - line->at));
}

/* The span that holds merged time @t, or that is next to it. */
static const struct mrg_span *nearest_span(const struct mrg_vcpu *v, int64_t t)
{
	size_t s = mrg_span_search(v->spans, v->nr, t);

	if (t > v->spans[s].end && s + 1 < v->nr &&
	    v->spans[s + 1].start - t < t - v->spans[s].end)
		s++;
	return &v->spans[s];
}

static bool lawful(const struct zone *z, const struct mrg_piece *p, const struct mrg_line *line,
		   const struct event *e)
{
	const struct mrg_vcpu *v = &z->vcpus->v[p->place.vcpu[e->lane]];
	int64_t t = line_map(line, e->t);
	const struct mrg_span *s = nearest_span(v, t);

	return t >= s->start - p->limits.noise && t <= s->end + p->limits.noise;
}

/* The first event of @b, so that as few as can be break the law; of many the nearest to @wanted. */
static size_t split(const struct zone *z, const struct mrg_piece *a, const struct mrg_piece *b,
		    size_t wanted)
{
	struct mrg_line la, lb;
	size_t best = 0, cost = 0, least;

	mrg_poly_line(&a->fit.poly, a->fit.from, a->fit.to, &la);
	mrg_poly_line(&b->fit.poly, b->fit.from, b->fit.to, &lb);
	for (size_t i = 0; i < z->nr_events; i++)
		cost += !lawful(z, b, &lb, &z->events[i]);
	least = cost;
	for (size_t i = 0; i < z->nr_events; i++) {
		size_t at = i + 1;

		cost += !lawful(z, a, &la, &z->events[i]);
		cost -= !lawful(z, b, &lb, &z->events[i]);
		if (cost < least || (cost == least && llabs((long long)(at - wanted)) <
						      llabs((long long)(best - wanted)))) {
			least = cost;
			best = at;
		}
	}
	return best;
}

/* The events that follow the piece now must fit its line, although they prove nothing. */
static void keep_lawful(const struct zone *z, struct mrg_piece *p, size_t from, size_t to)
{
	struct mrg_line line;

	mrg_poly_line(&p->fit.poly, p->fit.from, p->fit.to, &line);
	for (size_t i = from; i < to; i++) {
		const struct event *e = &z->events[i];
		const struct mrg_vcpu *v = &z->vcpus->v[p->place.vcpu[e->lane]];
		const struct mrg_span *s = nearest_span(v, line_map(&line, e->t));
		struct mrg_poly poly = p->fit.poly;

		if (mrg_poly_clip(&poly, e->t, s->start - e->t - p->limits.noise, false) &&
		    mrg_poly_clip(&poly, e->t, s->end - e->t + p->limits.noise, true))
			p->fit.poly = poly;
	}
}

/* What the proven polygon leaves open beyond the one that is used. */
static void add_doubt(struct mrg_piece *p, const struct mrg_poly *proven)
{
	int64_t t[2] = { p->fit.from, p->fit.to }, most = 0;

	for (unsigned int i = 0; i < 2; i++) {
		int64_t lo, hi, lo2, hi2;

		mrg_poly_range(&p->fit.poly, t[i], &lo, &hi);
		mrg_poly_range(proven, t[i], &lo2, &hi2);
		most = lo - lo2 > most ? lo - lo2 : most;
		most = hi2 - hi > most ? hi2 - hi : most;
	}
	p->doubt += most;
}

static void settle(const struct zone *z, struct mrg_piece *a, struct mrg_piece *b, size_t at)
{
	const struct mrg_poly proven_a = a->fit.poly, proven_b = b->fit.poly;

	for (unsigned int i = 0; i < PASSES; i++) {
		at = split(z, a, b, at);
		a->fit.to = b->fit.from = at < z->nr_events ? z->events[at].t : z->to + 1;
		a->fit.poly = proven_a;
		b->fit.poly = proven_b;
		keep_lawful(z, a, 0, at);
		keep_lawful(z, b, at, z->nr_events);
	}
	add_doubt(a, &proven_a);
	add_doubt(b, &proven_b);
}

int mrg_seam(struct mrg_piece *a, struct mrg_piece *b, const struct mrg_times *lanes,
	     unsigned int nr, const struct mrg_vcpus *vcpus)
{
	struct zone z = { .lanes = lanes, .nr = nr, .vcpus = vcpus };
	int64_t doubt;
	size_t seam;
	bool alone;
	int rc;

	find_from(&z, a, b);
	find_to(&z, a, b);
	rc = z.from < z.to ? collect(&z, a, b) : 0;
	if (rc == 0 && z.nr_events > 1 && z.nr_events < MAX_ZONE) {
		doubt = apart(a, b, z.from) > apart(a, b, z.to) ? apart(a, b, z.from)
								: apart(a, b, z.to);
		seam = longest_silence(&z, doubt, &alone);
		a->fit.to = b->fit.from = z.events[seam].t;
		if (!alone) {
			a->doubt = a->doubt > doubt ? a->doubt : doubt;
			b->doubt = b->doubt > doubt ? b->doubt : doubt;
		}
		rc = prove(&z, a, a->fit.from, z.from);
		if (rc == 0)
			rc = prove(&z, b, z.to, b->fit.to);
		if (rc == 0)
			settle(&z, a, b, seam);
	}
	free(z.events);
	return rc;
}
