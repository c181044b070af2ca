/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-leap.c - a clock that was set by more than there is of the host's trace
 *
 * By the lines of one side of the step, the events of the other side are where the
 * host recorded nothing, and nothing contradicts them.  But the step left a silence
 * that begins within the host's trace and leads out of it.
 */
#include "merge/sync-cover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"

/* What lanes of @w say last before @t, and first from there on. */
static void around(const struct mrg_cover *c, const struct mrg_work *w, int64_t t,
		   int64_t *ret_before, int64_t *ret_behind)
{
	*ret_before = MRG_TIME_MIN;
	*ret_behind = MRG_TIME_MAX;
	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_times *lane = &c->lanes[l];
		size_t i = mrg_times_from(lane, t);

		if (!w->lanes[l])
			continue;
		if (i > 0 && lane->t[i - 1] > *ret_before)
			*ret_before = lane->t[i - 1];
		if (i < lane->nr && lane->t[i] < *ret_behind)
			*ret_behind = lane->t[i];
	}
}

/* The guest's times at which its vCPUs' trace begins and ends. */
static void covered(const struct mrg_cover *c, const struct mrg_piece *p, int64_t *ret_from,
		    int64_t *ret_to)
{
	int64_t offset = mrg_poly_middle(&p->fit.poly, p->place.at);

	*ret_from = MRG_TIME_MAX;
	*ret_to = MRG_TIME_MIN;
	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_vcpu *v = p->place.vcpu[l] == MRG_NO_MATCH ? NULL :
					   &c->vcpus->v[p->place.vcpu[l]];

		if (v && v->first - offset < *ret_from)
			*ret_from = v->first - offset;
		if (v && v->last - offset > *ret_to)
			*ret_to = v->last - offset;
	}
}

/* Whether what is left fits when the silence, or a part of it, is taken for a leap. */
static int leaps(const struct mrg_cover *c, const struct mrg_work *rest)
{
	struct mrg_times *lanes = mrg_cover_masked(c, rest->lanes);
	struct mrg_place places[MRG_MAX_PLACES];
	size_t nr = 0;
	int rc = lanes ? mrg_find(places, &nr, lanes, c->nr, c->vcpus, &rest->leap, c->map,
				  rest->from, rest->to) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < nr; i++)
		mrg_place_finish(&places[i]);
	free(lanes);
	return rc;
}

/* What is left, on the other side of the silence (@before, @next). */
static struct mrg_work rest_of(const struct mrg_work *w, int64_t before, int64_t next,
			       int64_t offset, bool behind)
{
	int64_t silence = next - before;
	struct mrg_work rest = *w;

	rest.leap = (struct mrg_hint){
		.known = true, .only = true, .sure = MRG_SURE_LANE,
		.lo = behind ? offset - silence : offset, .hi = behind ? offset : offset + silence,
	};
	if (behind)
		rest.from = next;
	else
		rest.to = before;
	return rest;
}

static int add(struct mrg_cover *c, struct mrg_work *rest, const struct mrg_piece *p)
{
	rest->beside = c->nr_pieces;
	rest->lanes = malloc(c->nr * sizeof(*rest->lanes));
	if (!rest->lanes)
		return -ENOMEM;
	memcpy(rest->lanes, p->lanes, c->nr * sizeof(*rest->lanes));
	if (MRG_PUSH(c->works, c->nr_works, c->works_room, *rest))
		return 0;
	free(rest->lanes);
	return -ENOMEM;
}

int mrg_cover_leap(struct mrg_cover *c, const struct mrg_work *w, bool behind)
{
	struct mrg_piece *p = &c->pieces[c->nr_pieces - 1];
	int64_t from, to, before, next;
	struct mrg_work rest;
	int rc;

	covered(c, p, &from, &to);
	around(c, w, behind ? to : from, &before, &next);
	if (before < p->fit.from || next >= p->fit.to || next - before < MRG_LEAP_NS)
		return 0;
	rest = rest_of(w, before, next, mrg_poly_middle(&p->fit.poly, p->place.at), behind);
	rc = leaps(c, &rest);
	if (rc == 0)
		rc = add(c, &rest, p);
	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	if (behind)
		p->fit.to = before + 1;
	else
		p->fit.from = next;
	p->leaps_behind |= behind;
	p->leaps_before |= !behind;
	return 0;
}
