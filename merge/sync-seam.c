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
#include <stdlib.h>

#include "merge/array.h"

#define WIDEN_NS 100000
#define MAX_ZONE (1u << 20)	/* events */

struct zone {
	const struct mrg_times *lanes;
	unsigned int nr;
	const struct mrg_vcpus *vcpus;
	int64_t from, to;	/* last event of the first piece for certain, first of the second */
	int64_t *times;
	size_t nr_times, room;
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
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int collect(struct zone *z, const struct mrg_piece *a, const struct mrg_piece *b)
{
	for (unsigned int l = 0; l < z->nr; l++)
		for (size_t i = mrg_times_from(&z->lanes[l], z->from);
		     common(a, b, l) && i < z->lanes[l].nr && z->lanes[l].t[i] <= z->to &&
		     z->nr_times < MAX_ZONE; i++)
			if (!MRG_PUSH(z->times, z->nr_times, z->room, z->lanes[l].t[i]))
				return -ENOMEM;
	if (z->nr_times)
		qsort(z->times, z->nr_times, sizeof(*z->times), by_time);
	return 0;
}

/* The end of the longest silence, and whether others could hold a jump of @jump as well. */
static int64_t longest_silence(const struct zone *z, int64_t jump, bool *ret_alone)
{
	int64_t longest = -1, at = z->to;
	size_t fit = 0;

	for (size_t i = 1; i < z->nr_times; i++) {
		int64_t silence = z->times[i] - z->times[i - 1];

		fit += silence >= jump;
		if (silence > longest) {
			longest = silence;
			at = z->times[i];
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

int mrg_seam(struct mrg_piece *a, struct mrg_piece *b, const struct mrg_times *lanes,
	     unsigned int nr, const struct mrg_vcpus *vcpus)
{
	struct zone z = { .lanes = lanes, .nr = nr, .vcpus = vcpus };
	int64_t doubt, seam;
	bool alone;
	int rc;

	find_from(&z, a, b);
	find_to(&z, a, b);
	rc = z.from < z.to ? collect(&z, a, b) : 0;
	if (rc == 0 && z.nr_times > 2 && z.nr_times < MAX_ZONE) {
		doubt = apart(a, b, z.from) > apart(a, b, z.to) ? apart(a, b, z.from)
								: apart(a, b, z.to);
		seam = longest_silence(&z, doubt, &alone);
		a->fit.to = b->fit.from = seam;
		if (!alone) {
			a->doubt = a->doubt > doubt ? a->doubt : doubt;
			b->doubt = b->doubt > doubt ? b->doubt : doubt;
		}
		rc = prove(&z, a, a->fit.from, z.from);
		if (rc == 0)
			rc = prove(&z, b, z.to, b->fit.to);
	}
	free(z.times);
	return rc;
}
