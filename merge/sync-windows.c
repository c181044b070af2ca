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
#include "merge/sync-piece.h"

#define USUAL_RATE 1e-3		/* clocks of one machine differ less, unless they are slewed, */
#define SLEW_RATE 0.11		/* which chrony does by up to a twelfth, the kernel by a ninth */
#define FEW_PIECES 3		/* a step or two: no sign of noise */
#define MAX_PIECES 4096
#define NEAR_NS 100000		/* a clock that only changes its rate goes on from here */
/*
 * When a clock is set back, the ring buffer takes the next event of each CPU as
 * coming at once: up to the end of its sub-buffer, the CPU's times lag by the
 * silence that was there.
 */
#define LEAP_NS 50000000
#define SHARP_NS 500000
#define LONG_NS 20000000	/* a piece of less is no proof that it did */
#define MANY_EVENTS 200
#define STEP_NS 20000000000ll	/* steps are looked for within this first */
#define SURE_LANE 24		/* bits that make a lane's vCPU certain enough to bound others */

struct work {
	int64_t from, to;
	bool *lanes;
	size_t beside;			/* the piece beside it, its number + 1; 0 for none */
};

struct cover {
	const struct mrg_times *lanes;
	unsigned int nr;
	const struct mrg_vcpus *vcpus;
	struct mrg_hint hint;
	int64_t noise;
	size_t *map;			/* by lane: its vCPU once known */
	struct mrg_piece *pieces;
	size_t nr_pieces, pieces_room;
	struct work *works;
	size_t nr_works, works_room;
};

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

static bool any_events(const struct cover *c, const bool *lanes, int64_t from, int64_t to)
{
	for (unsigned int l = 0; l < c->nr; l++)
		if (lanes[l] && events_in(&c->lanes[l], from, to))
			return true;
	return false;
}

/* The lanes of @mask as an array for the finder: the others look empty. */
static struct mrg_times *masked(const struct cover *c, const bool *mask)
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

static int track(const struct cover *c, struct mrg_piece *p, int64_t from, int64_t to)
{
	return mrg_fit_track(&p->fit, &p->place, c->lanes, c->nr, c->vcpus, &p->limits, from,
			     to + 1);
}

/* How well all events of a lane fit a vCPU on a piece's line, in bits; -1: they do not. */
static double lane_fits(const struct cover *c, const struct mrg_piece *p, unsigned int l, size_t v)
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

static bool vcpu_free(const struct cover *c, size_t v, unsigned int lane)
{
	for (unsigned int l = 0; l < c->nr; l++)
		if (c->map[l] == v && c->lanes[l].cpu != c->lanes[lane].cpu)
			return false;
	return true;
}

/* A lane that had nothing to say where the piece began: a CPU that came later, or was idle. */
static double adopt_lane(struct cover *c, struct mrg_piece *p, unsigned int l)
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

static int adopt(struct cover *c, struct mrg_piece *p, const struct work *w)
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
		if (bits < SURE_LANE)
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
	return hi - lo <= 4 * NEAR_NS && hi2 - lo2 <= 4 * NEAR_NS;
}

/* All of its lanes are silent together for most of the time: any rate bridges that. */
static bool mostly_silent(const struct cover *c, const struct mrg_piece *p)
{
	int64_t half = (p->fit.to - p->fit.from) / 2;

	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_times *lane = &c->lanes[l];
		size_t i = mrg_times_from(lane, p->fit.from), end = mrg_times_from(lane, p->fit.to);
		int64_t longest = 0;

		if (p->place.vcpu[l] == MRG_NO_MATCH || end - i < 2)
			continue;
		while (++i < end)
			if (lane->t[i] - lane->t[i - 1] > longest)
				longest = lane->t[i] - lane->t[i - 1];
		if (longest < half)
			return false;
	}
	return true;
}

/* Right beside another piece: the clock goes on, at another rate. */
static int continue_piece(struct cover *c, struct mrg_piece *p, const struct work *w)
{
	const struct mrg_piece *near = &c->pieces[w->beside - 1];
	int64_t at = near->fit.to <= w->from ? w->from : w->to, here, lo, hi;

	mrg_poly_range(&near->fit.poly, at, &lo, &hi);
	p->place = (struct mrg_place){ .at = at, .lo = lo - NEAR_NS, .hi = hi + NEAR_NS };
	p->place.vcpu = malloc((c->nr + 1) * sizeof(*p->place.vcpu));
	if (!p->place.vcpu)
		return -ENOMEM;
	for (unsigned int l = 0; l < c->nr; l++)
		p->place.vcpu[l] = w->lanes[l] && near->lanes[l] ? near->place.vcpu[l]
								 : MRG_NO_MATCH;
	p->limits = (struct mrg_limits){ SLEW_RATE, c->noise };
	if (track(c, p, w->from, w->to) < 0)
		return -ENOMEM;
	here = p->fit.to - p->fit.from;
	if (!narrow(&p->fit) || mostly_silent(c, p)) {
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
static int track_place(const struct cover *c, struct mrg_piece *p, const struct work *w)
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
	size_t hit;
};

static bool runs_alike(const struct mrg_piece *p)
{
	struct mrg_line line;

	mrg_poly_line(&p->fit.poly, p->fit.from, p->fit.to, &line);
	return line.rate == 0;
}

/* Windows that a piece's events hit where the vCPUs' runs are known. */
static size_t windows_hit(const struct cover *c, const struct mrg_piece *p)
{
	size_t nr = 0;

	for (unsigned int l = 0; l < c->nr; l++) {
		const struct mrg_vcpu *v = p->place.vcpu[l] == MRG_NO_MATCH ? NULL :
					   &c->vcpus->v[p->place.vcpu[l]];
		size_t end = v ? mrg_times_from(&c->lanes[l], p->fit.to) : 0, s = 0;
		size_t hit = MRG_NO_MATCH;

		for (size_t i = v ? mrg_times_from(&c->lanes[l], p->fit.from) : 0; i < end; i++) {
			int64_t t = c->lanes[l].t[i];

			t += mrg_poly_middle(&p->fit.poly, t);
			if (t < v->first || t > v->last)
				continue;
			s = mrg_span_at(v->spans, v->nr, t, s);
			nr += s != hit;
			hit = s;
		}
	}
	return nr;
}

/* Places that the law allows: that which more windows prove, breaks less, needs no drift. */
static bool better(const struct tried *a, const struct tried *b)
{
	if (a->hit > b->hit + b->hit / 50 || b->hit > a->hit + a->hit / 50)
		return a->hit > b->hit;
	if (a->piece.fit.outside != b->piece.fit.outside)
		return a->piece.fit.outside < b->piece.fit.outside;
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

static int choose_piece(struct cover *c, struct mrg_piece *ret, const struct work *w,
			const struct mrg_place *places, size_t nr)
{
	struct tried tried[MRG_MAX_PLACES] = { 0 };
	size_t best = 0;
	int rc = 0;

	for (size_t i = 0; i < nr; i++)
		tried[i].piece.place = places[i];
	for (size_t i = 0; rc == 0 && i < nr; i++) {
		rc = track_place(c, &tried[i].piece, w);
		tried[i].hit = rc == 0 && nr > 1 ? windows_hit(c, &tried[i].piece) : 0;
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

/* A true place is as sharp as its tightest windows; one of chance is as wide as gaps are rare. */
static bool sharp(const struct mrg_piece *p)
{
	int64_t lo, hi;

	mrg_poly_range(&p->fit.poly, p->place.at, &lo, &hi);
	return hi - lo <= SHARP_NS;
}

static int find_piece(struct cover *c, struct mrg_piece *p, const struct work *w)
{
	struct mrg_times *lanes = masked(c, w->lanes);
	struct mrg_place places[MRG_MAX_PLACES];
	struct mrg_hint hint = c->hint;
	size_t nr = 0;
	int rc = -ESRCH;

	if (!lanes)
		return -ENOMEM;
	if (w->beside) {
		int64_t o = mrg_poly_middle(&c->pieces[w->beside - 1].fit.poly, w->from);

		hint = (struct mrg_hint){ true, true, o - NEAR_NS, o + LEAP_NS };
		rc = mrg_find(places, &nr, lanes, c->nr, c->vcpus, &hint, c->map, w->from, w->to);
		hint = (struct mrg_hint){ true, false, o - STEP_NS, o + STEP_NS };
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

/* ---- what is left to cover ---- */

static int add_work(struct cover *c, const bool *lanes, int64_t from, int64_t to, size_t beside)
{
	struct work w = { .from = from, .to = to, .beside = beside };

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

static int add_rest(struct cover *c, const struct work *w, const struct mrg_piece *p)
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
static int64_t first_unfit(const struct cover *c, const struct mrg_piece *near, unsigned int l,
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
static int split_work(struct cover *c, const struct work *w)
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

static int do_work(struct cover *c, const struct work *w)
{
	struct mrg_piece p = { .lanes = calloc(c->nr, sizeof(*p.lanes)) };
	int rc = p.lanes ? -ESRCH : -ENOMEM;

	if (rc == -ESRCH && w->beside)
		rc = continue_piece(c, &p, w);
	if (rc == -ESRCH)
		rc = find_piece(c, &p, w);
	if (rc == 0)
		rc = adopt(c, &p, w);
	if (rc == 0 && !MRG_PUSH(c->pieces, c->nr_pieces, c->pieces_room, p))
		rc = -ENOMEM;
	if (rc == 0)
		return add_rest(c, w, &p);
	mrg_place_finish(&p.place);
	free(p.lanes);
	/* A stretch of which nothing is known follows the piece before it */
	return rc == -ENOMEM || !c->nr_pieces ? rc : split_work(c, w);
}

static int cover_all(struct cover *c, int64_t from, int64_t to)
{
	bool *all = malloc((c->nr + 1) * sizeof(*all));
	int rc;

	if (!all)
		return -ENOMEM;
	memset(all, true, c->nr);
	rc = add_work(c, all, from, to, 0);
	free(all);
	while (rc == 0 && c->nr_works) {
		struct work w = c->works[--c->nr_works];

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

static int lane_lines(const struct cover *c, unsigned int l, struct mrg_lane_lines *ret)
{
	struct mrg_line line, *last = NULL;
	size_t room = 0;

	ret->vcpu = c->map[l];
	for (size_t i = 0; i < c->nr_pieces; i++) {
		if (!c->pieces[i].lanes[l])
			continue;
		mrg_poly_line(&c->pieces[i].fit.poly, c->pieces[i].fit.from, c->pieces[i].fit.to,
			      &line);
		line.bound += c->pieces[i].doubt;
		if (last && last->from >= line.from)
			continue;
		if (!MRG_PUSH(ret->lines, ret->nr, room, line))
			return -ENOMEM;
		last = &ret->lines[ret->nr - 1];
	}
	return 0;
}

static bool same_lanes(const struct cover *c, const struct mrg_piece *a, const struct mrg_piece *b)
{
	return !memcmp(a->lanes, b->lanes, c->nr * sizeof(*a->lanes));
}

/* What was found first may be the two sides of a step, and the silence between them. */
static void drop_bridges(struct cover *c)
{
	for (size_t i = 1; i + 1 < c->nr_pieces; i++) {
		struct mrg_piece *p = &c->pieces[i];

		if (!same_lanes(c, p - 1, p) || !same_lanes(c, p, p + 1) || !mostly_silent(c, p))
			continue;
		mrg_place_finish(&p->place);
		free(p->lanes);
		memmove(p, p + 1, (c->nr_pieces - i - 1) * sizeof(*p));
		c->nr_pieces--;
		i--;
	}
}

/* Seams are made once for all lanes of a piece: lanes of one clock stay alike. */
static int join_pieces(struct cover *c)
{
	int rc = 0;

	qsort(c->pieces, c->nr_pieces, sizeof(*c->pieces), by_from);
	drop_bridges(c);
	for (size_t i = 1; rc == 0 && i < c->nr_pieces; i++)
		if (same_lanes(c, &c->pieces[i - 1], &c->pieces[i]))
			rc = mrg_seam(&c->pieces[i - 1], &c->pieces[i], c->lanes, c->nr, c->vcpus);
	for (size_t i = 1; rc == 0 && i < c->nr_pieces; i++) {
		struct mrg_piece *a = &c->pieces[i - 1], *b = &c->pieces[i];
		struct mrg_line line;

		if (!same_lanes(c, a, b) ||
		    llabs(mrg_poly_middle(&b->fit.poly, b->fit.from) -
			  mrg_poly_middle(&a->fit.poly, b->fit.from)) > NEAR_NS)
			continue;
		mrg_poly_line(&a->fit.poly, a->fit.from, a->fit.to, &line);
		join(b, &line);
	}
	return rc;
}

static void cover_finish(struct cover *c)
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

static int cover_init(struct cover *c, const struct cover *like, int64_t noise)
{
	*c = (struct cover){
		.lanes = like->lanes, .nr = like->nr, .vcpus = like->vcpus, .hint = like->hint,
		.noise = noise, .map = malloc((like->nr + 1) * sizeof(*c->map)),
	};
	for (unsigned int l = 0; c->map && l < c->nr; l++)
		c->map[l] = MRG_NO_MATCH;
	return c->map ? 0 : -ENOMEM;
}

/* The cover of the fewest pieces, with as little noise assumed as that needs. */
static int cover_best(struct cover *best, const struct cover *like, int64_t from, int64_t to)
{
	static const int64_t noises[] = { 2, 25, 250 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(noises) / sizeof(*noises); i++) {
		struct cover c;

		rc = cover_init(&c, like, noises[i]);
		if (rc == 0)
			rc = cover_all(&c, from, to);
		if (rc == 0 && (!best->nr_pieces || c.nr_pieces < best->nr_pieces)) {
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
	const struct cover like = { .lanes = lanes, .nr = nr, .vcpus = vcpus, .hint = *hint };
	struct cover c = { 0 };
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
