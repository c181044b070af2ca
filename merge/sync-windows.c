/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-windows.c - stretches that one line fits, until the whole trace is covered
 *
 * A piece is a stretch of time, the lanes that share the clock in it, and the
 * lines that fit.  Where a piece ends before the trace does, the clock changed
 * its rate or was stepped: what remains is covered by further pieces.  Lanes that
 * fit no common line (time stamp counters that differ) get pieces of their own.
 */
#include "merge/sync-windows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"
#include "merge/sync-cover.h"

#define FEW_PIECES 3		/* a step or two: no sign of noise */
#define MAX_PIECES 4096

void mrg_lane_lines_finish(struct mrg_lane_lines *lines)
{
	free(lines->lines);
	*lines = (struct mrg_lane_lines){ 0 };
}

/* ---- lanes ---- */

static size_t events_in(const struct mrg_times *times, int64_t from, int64_t to)
{
	return mrg_times_from(times, to + 1) - mrg_times_from(times, from);
}

static bool any_events(const struct mrg_cover *c, const bool *lanes, int64_t from, int64_t to)
{
	for (unsigned int l = 0; l < c->nr; l++)
		if (lanes[l] && events_in(&c->lanes[l], from, to))
			return true;
	return false;
}

/* ---- what is left to cover ---- */

static int add_work(struct mrg_cover *c, const bool *lanes, int64_t from, int64_t to, size_t beside)
{
	struct mrg_work w = { .from = from, .to = to, .beside = beside };

	if (from > to || !any_events(c, lanes, from, to) || c->nr_pieces >= MAX_PIECES)
		return 0;
	w.lanes = malloc(c->nr * sizeof(*w.lanes));
	if (!w.lanes)
		return -ENOMEM;
	memcpy(w.lanes, lanes, c->nr * sizeof(*w.lanes));
	if (MRG_PUSH(c->works, c->nr_works, c->works_room, w))
		return 0;
	free(w.lanes);
	return -ENOMEM;
}

static int add_rest(struct mrg_cover *c, const struct mrg_work *w, const struct mrg_piece *p)
{
	bool *alone = calloc(c->nr, sizeof(*alone));
	int rc = alone ? 0 : -ENOMEM;

	if (rc == 0 && p->fit.broke_before)
		rc = add_work(c, p->lanes, w->from, p->fit.from - 1, c->nr_pieces);
	if (rc == 0 && p->fit.broke_behind)
		rc = add_work(c, p->lanes, p->fit.to, w->to, c->nr_pieces);
	for (unsigned int l = 0; rc == 0 && l < c->nr; l++) {
		if (!w->lanes[l] || p->lanes[l])
			continue;
		alone[l] = true;
		rc = add_work(c, alone, w->from, w->to, w->beside);
		alone[l] = false;
	}
	free(alone);
	return rc;
}

/* The first event of a lane behind @near that its lines do not fit. */
static int64_t first_unfit(const struct mrg_cover *c, const struct mrg_piece *near, unsigned int l,
			   int64_t from)
{
	size_t i = mrg_times_from(&c->lanes[l], from);

	if (near->fit.to > from || c->map[l] == MRG_NO_MATCH)
		return from;
	while (i < c->lanes[l].nr && mrg_fit_allows(&near->fit.poly, &c->vcpus->v[c->map[l]],
						    c->lanes[l].t[i], c->noise))
		i++;
	return i < c->lanes[l].nr ? c->lanes[l].t[i] : MRG_TIME_MAX;
}

/* Lanes that fit no common line go on alone, each from where it leaves the old one. */
static int split_work(struct mrg_cover *c, const struct mrg_work *w)
{
	bool *alone = calloc(c->nr, sizeof(*alone));
	unsigned int nr = 0;
	int rc = alone ? 0 : -ENOMEM;

	for (unsigned int l = 0; l < c->nr; l++)
		nr += w->lanes[l] && events_in(&c->lanes[l], w->from, w->to);
	for (unsigned int l = 0; rc == 0 && nr > 1 && w->beside && l < c->nr; l++) {
		if (!w->lanes[l])
			continue;
		alone[l] = true;
		rc = add_work(c, alone, first_unfit(c, &c->pieces[w->beside - 1], l, w->from),
			      w->to, w->beside);
		alone[l] = false;
	}
	free(alone);
	return rc;
}
static int do_work(struct mrg_cover *c, const struct mrg_work *w)
{
	struct mrg_piece p = { .lanes = calloc(c->nr, sizeof(*p.lanes)) };
	int rc = p.lanes ? 0 : -ENOMEM;

	if (rc == 0)
		rc = mrg_cover_piece(c, &p, w);
	if (rc == 0 && !MRG_PUSH(c->pieces, c->nr_pieces, c->pieces_room, p))
		rc = -ENOMEM;
	for (unsigned int i = 0; rc == 0 && i < 2; i++)
		rc = mrg_cover_leap(c, w, i);
	if (rc == 0)
		return add_rest(c, w, &p);
	mrg_place_finish(&p.place);
	free(p.lanes);
	/* A stretch of which nothing is known follows the piece before it */
	return rc == -ENOMEM || !c->nr_pieces ? rc : split_work(c, w);
}

static int cover_all(struct mrg_cover *c, int64_t from, int64_t to)
{
	bool *all = malloc((c->nr + 1) * sizeof(*all));
	int rc;

	if (!all)
		return -ENOMEM;
	memset(all, true, c->nr);
	rc = add_work(c, all, from, to, 0);
	free(all);
	while (rc == 0 && c->nr_works) {
		struct mrg_work w = c->works[--c->nr_works];

		rc = do_work(c, &w);
		free(w.lanes);
	}
	return rc;
}

/* ---- pieces to lines ---- */

static int by_from(const void *a, const void *b)
{
	const struct mrg_piece *x = a, *y = b;

	return x->fit.from < y->fit.from ? -1 : x->fit.from > y->fit.from;
}

/*
 * A clock does not go back at the seam of two pieces, if the second has a line
 * that does not.
 */
static void join(struct mrg_piece *p, const struct mrg_line *before)
{
	int64_t t = p->fit.from;
	int64_t least = before->offset + llround(before->rate * (double)(t - before->at));
	struct mrg_poly poly = p->fit.poly;

	if (mrg_poly_clip(&poly, t, least, false))
		p->fit.poly = poly;
}

static int lane_lines(const struct mrg_cover *c, unsigned int l, struct mrg_lane_lines *ret)
{
	struct mrg_line line;
	size_t room = 0;

	ret->vcpu = c->map[l];
	for (size_t i = 0; i < c->nr_pieces; i++) {
		if (!c->pieces[i].lanes[l])
			continue;
		mrg_poly_line(&c->pieces[i].fit.poly, c->pieces[i].fit.from, c->pieces[i].fit.to,
			      &line);
		line.bound += c->pieces[i].doubt;
		while (ret->nr && ret->lines[ret->nr - 1].from >= line.from)
			ret->nr--;	/* a seam left nothing of it */
		if (!MRG_PUSH(ret->lines, ret->nr, room, line))
			return -ENOMEM;
	}
	return 0;
}

/* Of one clock, and what parts them is still to be found. */
static bool adjoin(const struct mrg_cover *c, const struct mrg_piece *a, const struct mrg_piece *b)
{
	return !memcmp(a->lanes, b->lanes, c->nr * sizeof(*a->lanes)) && !a->leaps_behind &&
	       !b->leaps_before;
}

/*
 * A piece that was found first is bent by what lies behind the place where it breaks, and
 * breaks before it, too, for no reason: then those on both sides have lines for all of it.
 */
static bool needless(const struct mrg_cover *c, const struct mrg_piece *p)
{
	int64_t first = MRG_TIME_MAX, last = MRG_TIME_MIN;	/* not fit by the one, the other */

	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_times *lane = &c->lanes[l];
		const struct mrg_vcpu *v = p->place.vcpu[l] == MRG_NO_MATCH ? NULL :
					   &c->vcpus->v[p->place.vcpu[l]];
		size_t i = mrg_times_from(lane, p->fit.from);

		for (; v && i < lane->nr && lane->t[i] < p->fit.to; i++) {
			if (lane->t[i] < first &&
			    !mrg_fit_allows(&p[-1].fit.poly, v, lane->t[i], c->noise))
				first = lane->t[i];
			if (lane->t[i] > last &&
			    !mrg_fit_allows(&p[1].fit.poly, v, lane->t[i], c->noise))
				last = lane->t[i];
		}
	}
	return last < first;
}

/* What was found first may be the two sides of a step, and the silence between them. */
static void drop_bridges(struct mrg_cover *c)
{
	for (size_t i = 1; i + 1 < c->nr_pieces; i++) {
		struct mrg_piece *p = &c->pieces[i];

		if (!adjoin(c, p - 1, p) || !adjoin(c, p, p + 1) ||
		    (!mrg_cover_silent(c, p) && !needless(c, p)))
			continue;
		mrg_place_finish(&p->place);
		free(p->lanes);
		memmove(p, p + 1, (c->nr_pieces - i - 1) * sizeof(*p));
		c->nr_pieces--;
		i--;
	}
}

/* Seams are made once for all lanes of a piece: lanes of one clock stay alike. */
static int join_pieces(struct mrg_cover *c)
{
	int rc = 0;

	qsort(c->pieces, c->nr_pieces, sizeof(*c->pieces), by_from);
	drop_bridges(c);
	for (size_t i = 1; rc == 0 && i < c->nr_pieces; i++)
		if (adjoin(c, &c->pieces[i - 1], &c->pieces[i]))
			rc = mrg_seam(&c->pieces[i - 1], &c->pieces[i], c->lanes, c->nr, c->vcpus);
	for (size_t i = 1; rc == 0 && i < c->nr_pieces; i++) {
		struct mrg_piece *a = &c->pieces[i - 1], *b = &c->pieces[i];
		struct mrg_line line;

		if (!adjoin(c, a, b) ||
		    llabs(mrg_poly_middle(&b->fit.poly, b->fit.from) -
			  mrg_poly_middle(&a->fit.poly, b->fit.from)) > MRG_NEAR_NS)
			continue;
		mrg_poly_line(&a->fit.poly, a->fit.from, a->fit.to, &line);
		join(b, &line);
	}
	return rc;
}

static void cover_finish(struct mrg_cover *c)
{
	for (size_t i = 0; i < c->nr_pieces; i++) {
		mrg_place_finish(&c->pieces[i].place);
		free(c->pieces[i].lanes);
	}
	for (size_t i = 0; i < c->nr_works; i++)
		free(c->works[i].lanes);
	free(c->pieces);
	free(c->works);
	free(c->map);
}

static void span_of(const struct mrg_times *lanes, unsigned int nr, int64_t *from, int64_t *to)
{
	*from = MRG_TIME_MAX;
	*to = MRG_TIME_MIN;
	for (unsigned int l = 0; l < nr; l++) {
		if (!lanes[l].nr)
			continue;
		if (lanes[l].t[0] < *from)
			*from = lanes[l].t[0];
		if (lanes[l].t[lanes[l].nr - 1] > *to)
			*to = lanes[l].t[lanes[l].nr - 1];
	}
}

static int cover_init(struct mrg_cover *c, const struct mrg_cover *like, int64_t noise)
{
	*c = (struct mrg_cover){
		.lanes = like->lanes, .nr = like->nr, .vcpus = like->vcpus, .hint = like->hint,
		.noise = noise, .map = malloc((like->nr + 1) * sizeof(*c->map)),
	};
	for (unsigned int l = 0; c->map && l < c->nr; l++)
		c->map[l] = MRG_NO_MATCH;
	return c->map ? 0 : -ENOMEM;
}

/*
 * The cover with as little noise assumed as it takes.  Noise breaks a trace into pieces without
 * number; a clock that changed its rate some times has as many, of which more noise would hide
 * the one or the other.
 */
static int cover_best(struct mrg_cover *best, const struct mrg_cover *like, int64_t from,
		      int64_t to)
{
	static const int64_t noises[] = { 2, 25, 250 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(noises) / sizeof(*noises); i++) {
		struct mrg_cover c;

		rc = cover_init(&c, like, noises[i]);
		if (rc == 0)
			rc = cover_all(&c, from, to);
		if (rc == 0 && (!best->nr_pieces || 2 * c.nr_pieces <= best->nr_pieces)) {
			cover_finish(best);
			*best = c;
		} else {
			cover_finish(&c);
		}
		if (rc < 0 || best->nr_pieces <= FEW_PIECES)
			break;
	}
	return best->nr_pieces ? 0 : rc;
}

int mrg_windows(struct mrg_lane_lines *ret, const struct mrg_times *lanes, unsigned int nr,
		const struct mrg_vcpus *vcpus, const struct mrg_hint *hint)
{
	const struct mrg_cover like = { .lanes = lanes, .nr = nr, .vcpus = vcpus, .hint = *hint };
	struct mrg_cover c = { 0 };
	int64_t from, to;
	int rc;

	span_of(lanes, nr, &from, &to);
	if (from > to || !vcpus->nr)
		return -ENODATA;
	rc = cover_best(&c, &like, from, to);
	if (rc == 0)
		rc = join_pieces(&c);
	for (unsigned int l = 0; rc == 0 && l < nr; l++)
		rc = lane_lines(&c, l, &ret[l]);
	cover_finish(&c);
	return rc;
}
