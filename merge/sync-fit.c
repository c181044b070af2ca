/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-fit.c - from a place to the exact set of lines, as far as one line reaches
 *
 * Walks away from the place in both directions, slice by slice, all lanes side
 * by side.  Most events lie well inside of their window and say nothing new; one
 * near an edge clips the polygon; one that could be in any of several windows is
 * bound by the outer edges of these (what remains is larger, never wrong), and
 * looked at again when the polygon is smaller.
 */
#include "merge/sync.h"

#include <errno.h>
#include <stdlib.h>

#define SLICE_MAX 20000000	/* ns walked with one range of offsets */
#define SLICES 4096		/* at least, so that the range is not too wide */
#define PASSES 6

/*
 * One event out of place may be noise; when this many are, and one in so many
 * from the first of them on, the line does not hold any more.
 */
#define BREAK_AFTER 6
#define BREAK_SHARE 20000

struct walker {
	const struct mrg_times *lanes;
	const struct mrg_vcpus *vcpus;
	const size_t *vcpu;	/* by lane */
	unsigned int nr_lanes;
	int64_t noise;		/* ns that a recorded time may be wrong by */
	struct mrg_poly poly;
	size_t *hint;		/* by lane: where in the spans it was last */
	size_t *next;		/* by lane, in ordered(): the event that comes next */
	uint64_t checked, outside, ambiguous, clipped;
};

struct trouble {		/* events out of place in one direction */
	unsigned int nr;
	uint64_t since;		/* events since the first */
	int64_t first;		/* its time */
	struct mrg_poly before;
};

/* The bound that span @s sets on the offset of an event at @t. */
static bool bound(struct walker *w, const struct mrg_span *s, int64_t t, int64_t lo, int64_t hi)
{
	struct mrg_poly poly = w->poly;
	bool ok = true;

	if (s->start > t + lo)
		ok = mrg_poly_clip(&poly, t, s->start - t, false);
	if (ok && s->end < t + hi)
		ok = mrg_poly_clip(&poly, t, s->end - t, true);
	if (ok) {
		w->poly = poly;
		w->clipped++;
	}
	return ok;
}

/* An event near an edge.  False when no line puts it into a window. */
static bool near_edge(struct walker *w, unsigned int lane, int64_t t)
{
	const struct mrg_vcpu *v = &w->vcpus->v[w->vcpu[lane]];
	struct mrg_span reach;
	int64_t lo, hi;
	size_t s, k;

	mrg_poly_range(&w->poly, t, &lo, &hi);
	s = mrg_span_at(v->spans, v->nr, t + lo, w->hint[lane]);
	w->hint[lane] = s;
	if (v->spans[s].end + w->noise < t + lo)
		s++;
	if (s >= v->nr || v->spans[s].start - w->noise > t + hi)
		return false;
	k = mrg_span_at(v->spans, v->nr, t + hi + w->noise, s);
	w->ambiguous += k > s;
	reach = (struct mrg_span){ v->spans[s].start - w->noise, v->spans[k].end + w->noise };
	if (reach.start <= t + lo && reach.end >= t + hi)
		return true;
	return bound(w, &reach, t, lo, hi);
}

static void range_of(const struct walker *w, int64_t from, int64_t to, int64_t *lo, int64_t *hi)
{
	int64_t lo2, hi2;

	mrg_poly_range(&w->poly, from, lo, hi);
	mrg_poly_range(&w->poly, to, &lo2, &hi2);
	*lo = lo2 < *lo ? lo2 : *lo;
	*hi = hi2 > *hi ? hi2 : *hi;
}

static void note(struct trouble *trouble, struct walker *w, int64_t t)
{
	if (trouble->nr++ == 0) {
		trouble->first = t;
		trouble->since = 0;
		trouble->before = w->poly;
	}
	w->outside++;
}

/* The events of one lane in [from, to). */
static void lane_slice(struct walker *w, unsigned int lane, int64_t from, int64_t to,
		       struct trouble *trouble)
{
	const struct mrg_times *times = &w->lanes[lane];
	const struct mrg_vcpu *v = &w->vcpus->v[w->vcpu[lane]];
	size_t end = mrg_times_from(times, to), s = w->hint[lane];
	int64_t lo, hi;

	range_of(w, from, to, &lo, &hi);
	for (size_t i = mrg_times_from(times, from); i < end; i++) {
		int64_t t = times->t[i];
		uint64_t clipped = w->clipped;

		w->checked++;
		trouble->since++;
		s = mrg_span_at(v->spans, v->nr, t + lo, s);
		if (v->spans[s].end >= t + hi)
			continue;
		w->hint[lane] = s;
		if (!near_edge(w, lane, t))
			note(trouble, w, t);
		if (w->clipped != clipped)
			range_of(w, from, to, &lo, &hi);
	}
	w->hint[lane] = s;
}

/* The lane whose next event is the nearest in the direction of the walk. */
static unsigned int nearest(const struct walker *w, int64_t from, int64_t to, bool back)
{
	unsigned int best = w->nr_lanes;
	int64_t at = 0;

	for (unsigned int l = 0; l < w->nr_lanes; l++) {
		size_t i = w->next[l];
		int64_t t;

		if (w->vcpu[l] == MRG_NO_MATCH || i >= w->lanes[l].nr)
			continue;
		t = w->lanes[l].t[i];
		if (t < from || t >= to || (best < w->nr_lanes && (back ? t <= at : t >= at)))
			continue;
		best = l;
		at = t;
	}
	return best;
}

/* The events of all lanes in the order of time: only so the first out of place is the first. */
static void ordered(struct walker *w, int64_t from, int64_t to, bool back, struct trouble *trouble)
{
	unsigned int l;

	for (l = 0; l < w->nr_lanes; l++)
		w->next[l] = back ? mrg_times_from(&w->lanes[l], to) - 1
				  : mrg_times_from(&w->lanes[l], from);
	while ((l = nearest(w, from, to, back)) < w->nr_lanes) {
		int64_t t = w->lanes[l].t[w->next[l]];

		w->next[l] += back ? (size_t)-1 : 1;
		w->checked++;
		trouble->since++;
		if (!near_edge(w, l, t))
			note(trouble, w, t);
	}
}

static void slice(struct walker *w, int64_t from, int64_t to, bool back, struct trouble *trouble)
{
	struct trouble kept = *trouble;
	struct walker before = *w;

	for (unsigned int l = 0; l < w->nr_lanes; l++)
		if (w->vcpu[l] != MRG_NO_MATCH)
			lane_slice(w, l, from, to, trouble);
	if (trouble->nr == kept.nr || kept.nr)
		return;
	*w = before;
	*trouble = kept;
	ordered(w, from, to, back, trouble);
}

static bool broken(struct trouble *trouble)
{
	if (trouble->nr >= BREAK_AFTER && trouble->nr >= trouble->since / BREAK_SHARE)
		return true;
	if (trouble->nr && trouble->since / BREAK_SHARE > trouble->nr)
		trouble->nr = 0;
	return false;
}

/* How far @at is from the lane's next event in the direction of the walk. */
static int64_t silence(const struct mrg_times *times, int64_t at, bool back)
{
	size_t i = mrg_times_from(times, at);

	if (back)
		return i > 0 ? at - 1 - times->t[i - 1] : INT64_MAX;
	return i < times->nr ? times->t[i] - at : INT64_MAX;
}

/*
 * Whole steps on, as far as no lane has an event: of a trace that was read in slices
 * there is little but silence.
 */
static int64_t skip_silence(const struct walker *w, int64_t at, int64_t to, int64_t step)
{
	int64_t least = step < 0 ? at - to : to - at;

	for (unsigned int l = 0; l < w->nr_lanes; l++) {
		int64_t here = w->vcpu[l] == MRG_NO_MATCH ? INT64_MAX :
			       silence(&w->lanes[l], at, step < 0);

		least = here < least ? here : least;
	}
	return at + least / llabs(step) * step;
}

/* One direction; returns where it ended, with *@ret_broke when it was not at @to. */
static int64_t walk(struct walker *w, int64_t from, int64_t to, int64_t step, bool *ret_broke)
{
	struct trouble trouble = { 0 };
	int64_t at = from;

	*ret_broke = false;
	while (step > 0 ? at < to : at > to) {
		int64_t next;

		at = skip_silence(w, at, to, step);
		next = at + step;
		if (step > 0 ? next > to : next < to)
			next = to;
		slice(w, step > 0 ? at : next, step > 0 ? next : at, step < 0, &trouble);
		if (broken(&trouble)) {
			w->poly = trouble.before;
			*ret_broke = true;
			return trouble.first;
		}
		at = next;
	}
	return to;
}

/* Again over what was walked: a smaller polygon decides more. */
static void settle(struct walker *w, int64_t from, int64_t to, int64_t step)
{
	struct trouble trouble = { 0 };
	uint64_t clipped;

	for (unsigned int i = 0; i < PASSES; i++) {
		clipped = w->clipped;
		w->checked = w->outside = w->ambiguous = 0;
		for (int64_t at = from; at < to; at += step) {
			at = skip_silence(w, at, to, step);
			slice(w, at, at + step < to ? at + step : to, false, &trouble);
		}
		if (w->clipped == clipped)
			break;
	}
}

int mrg_fit_track(struct mrg_fit *ret, const struct mrg_place *place,
		  const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus,
		  const struct mrg_limits *limits, int64_t from, int64_t to)
{
	struct walker w = {
		.lanes = lanes, .nr_lanes = nr, .vcpus = vcpus, .vcpu = place->vcpu,
		.noise = limits->noise,
		.hint = calloc(nr + 1, sizeof(*w.hint)), .next = calloc(nr + 1, sizeof(*w.next)),
	};
	struct mrg_fit fit = { 0 };
	int64_t step = (to - from) / SLICES + 1;
	bool any_rate = place->rate_lo == 0 && place->rate_hi == 0;

	if (!w.hint || !w.next) {
		free(w.hint);
		free(w.next);
		return -ENOMEM;
	}
	if (step > SLICE_MAX)
		step = SLICE_MAX;
	mrg_poly_box(&w.poly, place->at, place->lo - place->slack, place->hi + place->slack,
		     any_rate ? -limits->rate : place->rate_lo,
		     any_rate ? limits->rate : place->rate_hi);
	fit.to = walk(&w, place->at, to, step, &fit.broke_behind);
	fit.from = walk(&w, place->at, from, -step, &fit.broke_before);
	if (fit.broke_before)
		fit.from++;
	settle(&w, fit.from, fit.to, step);
	fit.poly = w.poly;
	fit.checked = w.checked;
	fit.outside = w.outside;
	fit.ambiguous = w.ambiguous;
	free(w.hint);
	free(w.next);
	*ret = fit;
	return 0;
}

bool mrg_fit_allows(const struct mrg_poly *poly, const struct mrg_vcpu *v, int64_t t,
		    int64_t noise)
{
	int64_t lo, hi;
	size_t s;

	mrg_poly_range(poly, t, &lo, &hi);
	s = mrg_span_search(v->spans, v->nr, t + hi + noise);
	return v->spans[s].end + noise >= t + lo;
}
