/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-place.c - the piece that covers a stretch, or as much of it as one line fits
 *
 * Beside another piece the clock mostly goes on, at another rate; else the finder
 * says where its events fit.  Of several places the one is taken that more windows prove.
 */
#include "merge/sync-cover.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"
#include "merge/sync-windows.h"

#define USUAL_RATE 1e-3		/* clocks of one machine differ less, unless they are slewed, */
#define SLEW_RATE 0.11		/* which chrony does by up to a twelfth, the kernel by a ninth */
#define SLEWED_NS 2000000	/* one that is slewed may have gone as far before it is seen */
#define LONG_NS 20000000	/* a piece of less is no proof that it did */
#define MANY_EVENTS 200
#define STEP_NS 20000000000ll	/* steps are looked for within this first */

static size_t events_in(const struct mrg_times *times, int64_t from, int64_t to)
{
	return mrg_times_from(times, to + 1) - mrg_times_from(times, from);
}

struct mrg_times *mrg_cover_masked(const struct mrg_cover *c, const bool *mask)
{
	struct mrg_times *lanes = malloc((c->nr + 1) * sizeof(*lanes));

	for (unsigned int l = 0; lanes && l < c->nr; l++) {
		lanes[l] = c->lanes[l];
		if (!mask[l])
			lanes[l].nr = 0;
	}
	return lanes;
}
/* ---- one piece ---- */

static int track(const struct mrg_cover *c, struct mrg_piece *p, int64_t from, int64_t to)
{
	return mrg_fit_track(&p->fit, &p->place, c->lanes, c->nr, c->vcpus, &p->limits, from,
			     to + 1);
}

/* How well all events of a lane fit a vCPU on a piece's line, in bits; -1: they do not. */
static double lane_fits(const struct mrg_cover *c, const struct mrg_piece *p, unsigned int l,
			size_t v)
{
	const struct mrg_vcpu *vcpu = &c->vcpus->v[v];
	const struct mrg_times *times = &c->lanes[l];
	size_t end = mrg_times_from(times, p->fit.to + 1), s = 0, in = 0, out = 0;
	double open = 0, whole = (double)(vcpu->last - vcpu->first);

	for (size_t i = mrg_times_from(times, p->fit.from); i < end; i++) {
		int64_t t = times->t[i] + mrg_poly_middle(&p->fit.poly, times->t[i]);

		if (t < vcpu->first || t > vcpu->last)
			continue;
		s = mrg_span_at(vcpu->spans, vcpu->nr, t, s);
		if (t <= vcpu->spans[s].end)
			in++;
		else
			out++;
	}
	for (size_t i = 1; i + 1 < vcpu->nr; i++)
		open += (double)(vcpu->spans[i].end - vcpu->spans[i].start);
	if (!in || out > in / 50 || whole <= 0)
		return -1;
	return open >= whole ? 0 : (double)(in < 1000 ? in : 1000) * -log2(open / whole);
}

static bool vcpu_free(const struct mrg_cover *c, size_t v, unsigned int lane)
{
	for (unsigned int l = 0; l < c->nr; l++)
		if (c->map[l] == v && c->lanes[l].cpu != c->lanes[lane].cpu)
			return false;
	return true;
}

/* A lane that had nothing to say where the piece began: a CPU that came later, or was idle. */
static double adopt_lane(struct mrg_cover *c, struct mrg_piece *p, unsigned int l)
{
	double best = -1;

	for (size_t v = 0; v < c->vcpus->nr; v++) {
		double bits;

		if (!vcpu_free(c, v, l) || (c->map[l] != MRG_NO_MATCH && c->map[l] != v))
			continue;
		bits = lane_fits(c, p, l, v);
		if (bits > best || (bits == best && bits >= 0 &&
				    c->vcpus->v[v].vcpu == c->lanes[l].cpu)) {
			best = bits;
			c->map[l] = v;
		}
	}
	return best;
}

static int adopt(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	bool again = false;

	for (unsigned int l = 0; l < c->nr; l++) {
		double bits;

		if (!w->lanes[l])
			continue;
		if (p->place.vcpu[l] != MRG_NO_MATCH) {
			p->lanes[l] = true;
			c->map[l] = p->place.vcpu[l];
			continue;
		}
		bits = adopt_lane(c, p, l);
		p->lanes[l] = bits >= 0 || !events_in(&c->lanes[l], p->fit.from, p->fit.to);
		if (bits < MRG_SURE_LANE)
			continue;
		p->place.vcpu[l] = c->map[l];
		again = true;
	}
	return again ? track(c, p, w->from, w->to) : 0;
}

/* ---- where a piece begins ---- */

static bool narrow(const struct mrg_fit *fit)
{
	int64_t lo, hi, lo2, hi2;

	mrg_poly_range(&fit->poly, fit->from, &lo, &hi);
	mrg_poly_range(&fit->poly, fit->to, &lo2, &hi2);
	return hi - lo <= 4 * MRG_NEAR_NS && hi2 - lo2 <= 4 * MRG_NEAR_NS;
}

bool mrg_cover_silent(const struct mrg_cover *c, const struct mrg_piece *p)
{
	int64_t half = (p->fit.to - p->fit.from) / 2;

	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_times *lane = &c->lanes[l];
		size_t i = mrg_times_from(lane, p->fit.from), end = mrg_times_from(lane, p->fit.to);
		int64_t longest = 0, before = p->fit.from;

		if (p->place.vcpu[l] == MRG_NO_MATCH || i >= end)
			continue;
		for (; i < end; before = lane->t[i++])
			if (lane->t[i] - before > longest)
				longest = lane->t[i] - before;
		if (longest < half && p->fit.to - before < half)
			return false;
	}
	return true;
}

/* Where the piece beside @w ends, and the clock is not farther from its lines than @near_ns. */
static int place_beside(const struct mrg_cover *c, struct mrg_place *ret, const struct mrg_work *w,
			int64_t near_ns)
{
	const struct mrg_piece *near = &c->pieces[w->beside - 1];
	int64_t at = near->fit.to <= w->from ? w->from : w->to, lo, hi;

	mrg_poly_range(&near->fit.poly, at, &lo, &hi);
	*ret = (struct mrg_place){ .at = at, .lo = lo - near_ns, .hi = hi + near_ns };
	ret->vcpu = malloc((c->nr + 1) * sizeof(*ret->vcpu));
	if (!ret->vcpu)
		return -ENOMEM;
	for (unsigned int l = 0; l < c->nr; l++)
		ret->vcpu[l] = w->lanes[l] && near->lanes[l] ? near->place.vcpu[l]
							     : MRG_NO_MATCH;
	return 0;
}

/* Right beside another piece: the clock goes on, at another rate. */
static int continue_piece(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	int64_t here;

	if (place_beside(c, &p->place, w, MRG_NEAR_NS) < 0)
		return -ENOMEM;
	p->limits = (struct mrg_limits){ SLEW_RATE, c->noise };
	if (track(c, p, w->from, w->to) < 0)
		return -ENOMEM;
	here = p->fit.to - p->fit.from;
	if (!narrow(&p->fit) || mrg_cover_silent(c, p)) {
		/* a rate that nothing bounds fits everything */
		mrg_place_finish(&p->place);
		return -ESRCH;
	}
	if ((here >= LONG_NS && p->fit.checked >= MANY_EVENTS) ||
	    (here >= w->to - w->from && p->fit.outside * 50 <= p->fit.checked))
		return 0;
	mrg_place_finish(&p->place);
	return -ESRCH;
}

/* As far as one line reaches from where the piece was placed. */
static int track_place(const struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	int rc;

	p->limits = (struct mrg_limits){ USUAL_RATE, c->noise };
	rc = track(c, p, w->from, w->to);
	if (rc == 0 && p->fit.to - p->fit.from < LONG_NS) {
		p->limits = (struct mrg_limits){ SLEW_RATE, c->noise };
		rc = track(c, p, w->from, w->to);
	}
	return rc;
}

struct tried {
	struct mrg_piece piece;
	size_t hit;	/* windows that its line puts events into, */
	size_t out;	/* and events that it puts into none */
};

static bool runs_alike(const struct mrg_piece *p)
{
	struct mrg_line line;

	mrg_poly_line(&p->fit.poly, p->fit.from, p->fit.to, &line);
	return line.rate == 0;
}

/*
 * Windows that a piece's events hit where the vCPUs' runs are known.  An event that may be in
 * either of two windows leaves the lines between them in the polygon: its own line may be one.
 */
static void try_line(const struct mrg_cover *c, struct tried *tried)
{
	const struct mrg_piece *p = &tried->piece;
	struct mrg_line line;

	mrg_poly_line(&p->fit.poly, p->fit.from, p->fit.to, &line);
	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_vcpu *v = p->place.vcpu[l] == MRG_NO_MATCH ? NULL :
					   &c->vcpus->v[p->place.vcpu[l]];
		size_t end = v ? mrg_times_from(&c->lanes[l], p->fit.to) : 0, s = 0;
		size_t hit = MRG_NO_MATCH;

		for (size_t i = v ? mrg_times_from(&c->lanes[l], p->fit.from) : 0; i < end; i++) {
			int64_t t = c->lanes[l].t[i];

			t += line.offset + llround(line.rate * (double)(t - line.at));
			if (t < v->first || t > v->last)
				continue;
			s = mrg_span_at(v->spans, v->nr, t, s);
			tried->out += t > v->spans[s].end + c->noise &&
				      (s + 1 == v->nr || t < v->spans[s + 1].start - c->noise);
			tried->hit += s != hit;
			hit = s;
		}
	}
}

/* Places that the law allows: that which more windows prove, breaks less, leaves nothing out. */
static bool better(const struct tried *a, const struct tried *b)
{
	if (a->hit > b->hit + b->hit / 50 || b->hit > a->hit + a->hit / 50)
		return a->hit > b->hit;
	if (a->piece.fit.outside != b->piece.fit.outside)
		return a->piece.fit.outside < b->piece.fit.outside;
	if (a->out != b->out)
		return a->out < b->out;
	return runs_alike(&a->piece) && !runs_alike(&b->piece);
}

/* How far an alternative that nothing rules out is from the piece. */
static int64_t doubt(const struct tried *best, const struct tried *other)
{
	const struct mrg_piece *p = &best->piece;
	int64_t t[2] = { p->fit.from, p->fit.to }, most = 0;

	if (other->hit < best->hit / 50 * 49 || other->piece.fit.outside > p->fit.outside)
		return 0;
	for (unsigned int i = 0; i < 2; i++) {
		int64_t lo, hi, here = mrg_poly_middle(&p->fit.poly, t[i]);

		mrg_poly_range(&other->piece.fit.poly, t[i], &lo, &hi);
		most = llabs(lo - here) > most ? llabs(lo - here) : most;
		most = llabs(hi - here) > most ? llabs(hi - here) : most;
	}
	return most;
}

static int choose_piece(struct mrg_cover *c, struct mrg_piece *ret, const struct mrg_work *w,
			const struct mrg_place *places, size_t nr)
{
	struct tried tried[MRG_MAX_PLACES] = { 0 };
	size_t best = 0;
	int rc = 0;

	for (size_t i = 0; i < nr; i++)
		tried[i].piece.place = places[i];
	for (size_t i = 0; rc == 0 && i < nr; i++) {
		rc = track_place(c, &tried[i].piece, w);
		if (rc == 0 && nr > 1)
			try_line(c, &tried[i]);
		if (rc == 0 && better(&tried[i], &tried[best]))
			best = i;
	}
	for (size_t i = 0; rc == 0 && i < nr; i++) {
		int64_t d = i == best ? 0 : doubt(&tried[best], &tried[i]);

		if (d > tried[best].piece.doubt)
			tried[best].piece.doubt = d;
	}
	for (size_t i = 0; i < nr; i++)
		if (rc < 0 || i != best)
			mrg_place_finish(&tried[i].piece.place);
	if (rc == 0) {
		tried[best].piece.lanes = ret->lanes;
		*ret = tried[best].piece;
	}
	return rc;
}

static bool sharp(const struct mrg_piece *p)
{
	int64_t lo, hi;

	mrg_poly_range(&p->fit.poly, p->place.at, &lo, &hi);
	return hi - lo <= MRG_SHARP_NS;
}

static int find_piece(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	struct mrg_times *lanes = mrg_cover_masked(c, w->lanes);
	struct mrg_place places[MRG_MAX_PLACES];
	struct mrg_hint hint = c->hint;
	size_t nr = 0;
	int rc = -ESRCH;

	if (!lanes)
		return -ENOMEM;
	if (w->leap.known) {
		hint = w->leap;
	} else if (w->beside) {
		int64_t o = mrg_poly_middle(&c->pieces[w->beside - 1].fit.poly, w->from);

		hint = (struct mrg_hint){ true, true, o - MRG_NEAR_NS, o + MRG_LEAP_NS, 0 };
		rc = mrg_find(places, &nr, lanes, c->nr, c->vcpus, &hint, c->map, w->from, w->to);
		hint = (struct mrg_hint){ true, false, o - STEP_NS, o + STEP_NS, 0 };
	}
	if (rc == -ESRCH)
		rc = mrg_find(places, &nr, lanes, c->nr, c->vcpus, &hint, c->map, w->from, w->to);
	free(lanes);
	if (rc == 0)
		rc = choose_piece(c, p, w, places, nr);
	if (rc == 0 && !sharp(p)) {
		mrg_place_finish(&p->place);
		rc = -ESRCH;
	}
	return rc;
}

/* Right beside another piece, at a rate that only several windows together tell. */
static int slewed_piece(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	const struct mrg_limits limits = { SLEW_RATE, c->noise };
	struct mrg_place from, places[MRG_MAX_PLACES];
	size_t nr;
	int rc = place_beside(c, &from, w, SLEWED_NS);

	if (rc == 0) {
		rc = mrg_slew_find(places, &nr, &from, c->lanes, c->nr, c->vcpus, &limits,
				   from.at == w->from ? w->to : w->from);
		mrg_place_finish(&from);
	}
	if (rc == 0)
		rc = choose_piece(c, p, w, places, nr);
	if (rc == 0 && (!sharp(p) || p->fit.to - p->fit.from < LONG_NS)) {
		mrg_place_finish(&p->place);
		rc = -ESRCH;
	}
	return rc;
}

int mrg_cover_piece(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w)
{
	bool goes_on = w->beside && !w->leap.known;
	int rc = goes_on ? continue_piece(c, p, w) : -ESRCH;

	if (rc == -ESRCH && goes_on)
		rc = slewed_piece(c, p, w);
	if (rc == -ESRCH)
		rc = find_piece(c, p, w);
	return rc == 0 ? adopt(c, p, w) : rc;
}
