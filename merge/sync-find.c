/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-find.c - which offset at all: nothing is assumed about its size
 *
 * An event at t can be at the offsets { window - t }, a list of intervals as long
 * as the list of windows.  Intersecting the lists of a few dozen events that are
 * far apart leaves the places where all of them fit, in the time it takes to walk
 * the windows that often; all events of a stretch then decide.  The stretch is
 * short enough that drift, for which the windows are widened, does not matter.
 */
#include "merge/sync.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"
#include "merge/sync-gaps.h"

#define SAMPLES 512		/* events of the first look, one a slice of the stretch */
#define MAX_PLACES 64		/* that are looked at closely */
#define MAX_LIST (4u << 20)	/* intervals: more means that the events say too little */
#define FEW_PLACES 4		/* more: another stretch may know better */
#define BUSY 0.8		/* chance above which gaps say more than events */
#define HOPELESS 0.9999
#define BEYOND_DOUBT 200	/* bits with which no other vCPU needs to be tried */
#define SURE_BITS 40		/* beyond what the number of candidates demands */
/* What it takes to believe that a guest's time of day is wrong: see doubtful() */
#define DOUBT_BITS 100
#define DOUBT_NS 250000

/*
 * Stretches that are tried: longer ones tell more, shorter ones drift less.  Of a guest that
 * idles or is starved a short one may fit by chance what a longer one rules out.
 */
static const struct stretch {
	int64_t length;
	double rate;
} stretches[] = {
	{ 10000000000, 4e-6 },
	{ 2000000000, 20e-6 },
	{ 500000000, 60e-6 },
	{ 100000000, 200e-6 },
	{ 500000000, 4e-6 },
	{ 100000000, 20e-6 },
	{ 2000000000, 1e-6 },
	{ 60000000000, 2e-6 },
	{ 40000000, 500e-6 },
	{ 10000000, 1e-3 },
};

#define NR_STRETCHES (sizeof(stretches) / sizeof(*stretches))

/*
 * Where: behind so many 64ths of the events, which are where a guest that idles has its
 * bursts; the two traces may overlap for a small part only.
 */
static const unsigned char places_common[] = { 32, 16, 48 };
static const unsigned char places_rare[] = { 4, 60, 8, 24, 40, 56, 12, 20, 28, 36, 44, 52, 2, 62,
					     1, 63 };

struct list {
	struct mrg_span *v;
	size_t nr, room;
};

struct finder {
	const struct mrg_times *lanes;
	unsigned int nr_lanes;
	const struct mrg_vcpus *vcpus;
	const size_t *map;
	int64_t from, middle, to;	/* the stretch */
	double rate;
	struct list now, next;
	double whole_rate;		/* of the stretches that were all there is */
	struct mrg_place places[MRG_MAX_PLACES];
	size_t nr_places;
	struct mrg_place vague[MRG_MAX_PLACES];	/* if nothing better is found */
	size_t nr_vague;
	double sure;		/* bits wanted beyond what the number of candidates demands */
	bool apart;		/* by the time of day the traces have no moment in common */
	bool doubt;		/* what is found now contradicts the time of day */
};

size_t mrg_times_from(const struct mrg_times *times, int64_t t)
{
	size_t lo = 0, hi = times->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (times->t[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void mrg_place_finish(struct mrg_place *place)
{
	free(place->vcpu);
	place->vcpu = NULL;
}

static int64_t drift(const struct finder *f, int64_t t)
{
	return (int64_t)(fabs((double)(t - f->middle)) * f->rate) + 1;
}

/* ---- lists of possible offsets ---- */

static bool list_set(struct list *list, int64_t lo, int64_t hi)
{
	struct mrg_span all = { lo, hi };

	list->nr = 0;
	return lo <= hi ? MRG_PUSH(list->v, list->nr, list->room, all) : true;
}

static bool list_add(struct list *to, int64_t lo, int64_t hi, bool join)
{
	struct mrg_span piece = { lo, hi };

	if (join && to->nr && to->v[to->nr - 1].end >= lo) {
		if (to->v[to->nr - 1].end < hi)
			to->v[to->nr - 1].end = hi;
		return true;
	}
	return MRG_PUSH(to->v, to->nr, to->room, piece);
}

/* @from without the offsets that put an event at @t outside of every span. */
static bool intersect(struct list *to, const struct list *from, const struct mrg_vcpu *v,
		      int64_t t, int64_t slack)
{
	bool sparse = from->nr < v->nr / 16;
	size_t s = 0;

	to->nr = 0;
	for (size_t i = 0; i < from->nr; i++) {
		const struct mrg_span *d = &from->v[i];
		int64_t lo = d->start + t - slack, hi = d->end + t + slack;
		bool first = true;

		if (sparse)
			s = mrg_span_search(v->spans, v->nr, lo);
		while (s < v->nr && v->spans[s].end < lo)
			s++;
		for (size_t k = s; k < v->nr && v->spans[k].start <= hi; k++) {
			int64_t a = v->spans[k].start - t - slack, b = v->spans[k].end - t + slack;

			if (!list_add(to, a > d->start ? a : d->start, b < d->end ? b : d->end,
				      !first))
				return false;
			first = false;
		}
	}
	return true;
}

static bool step(struct finder *f, const struct mrg_vcpu *v, int64_t t)
{
	struct list swap;

	if (!intersect(&f->next, &f->now, v, t, drift(f, t)))
		return false;
	swap = f->now;
	f->now = f->next;
	f->next = swap;
	return true;
}

/* ---- how much an event says ---- */

/*
 * The part of a vCPU's time within [from, to] of the host's in which an event would
 * fit by chance.  A guest that boots is always running: fitting there is easy.
 */
static double chance(const struct finder *f, const struct mrg_vcpu *v, int64_t from, int64_t to)
{
	int64_t slack = (int64_t)((double)(f->to - f->from) / 4 * f->rate), end = MRG_TIME_MIN;
	double inside = 0, whole;

	from = from > v->first ? from : v->first;
	to = to < v->last ? to : v->last;
	whole = (double)(to - from);
	for (size_t i = mrg_span_search(v->spans, v->nr, from); i < v->nr; i++) {
		int64_t a = v->spans[i].start - slack, b = v->spans[i].end + slack;

		if (v->spans[i].start > to)
			break;
		a = a > end ? a : end;
		end = b;
		a = a > from ? a : from;
		b = b < to ? b : to;
		if (b > a)
			inside += (double)(b - a);
	}
	/* none at all: what fits there fits by ignorance */
	return whole <= 0 || inside >= whole || inside <= 0 ? 1.0 : inside / whole;
}

/* Events of slices of some length that have one, spread over the stretch. */
static size_t sample(const struct finder *f, const struct mrg_times *times, int64_t *ret)
{
	int64_t slice = (f->to - f->from) / SAMPLES + 1;
	size_t nr = 0;

	for (size_t i = 0; i < SAMPLES; i++) {
		/* far apart first: neighbours say nearly the same */
		size_t n = i * 197 % SAMPLES;
		int64_t from = f->from + (int64_t)n * slice;
		size_t at = mrg_times_from(times, from);

		if (at < times->nr && times->t[at] < from + slice)
			ret[nr++] = times->t[at];
	}
	return nr;
}

static unsigned int richest_lane(const struct finder *f, int64_t *samples, size_t *ret_nr)
{
	unsigned int best = 0;
	size_t most = 0;

	for (unsigned int l = 0; l < f->nr_lanes; l++) {
		size_t nr = sample(f, &f->lanes[l], samples);

		if (nr > most) {
			most = nr;
			best = l;
		}
	}
	*ret_nr = sample(f, &f->lanes[best], samples);
	return best;
}

/* ---- a lane against a vCPU ---- */

/*
 * How many times the stretch speaks for the place: once a window that it hits.
 * A vCPU that nearly always runs has few windows, and every event is a chance to
 * hit a gap; but two that are nearer to each other than a gap is long say the same.
 */
static size_t witnesses(const struct finder *f, const struct mrg_times *times,
			const struct mrg_vcpu *v, double part, int64_t offset)
{
	double gap = (1 - part) * (double)(v->last - v->first) / (double)v->nr;
	int64_t apart = part > BUSY ? (int64_t)gap + 1 : 0, last = MRG_TIME_MIN;
	size_t end = mrg_times_from(times, f->to), nr = 0, s = 0, hit = MRG_NO_MATCH;

	for (size_t i = mrg_times_from(times, f->from); i < end; i++) {
		int64_t t = times->t[i] + offset;

		if (t - last < apart || t < v->first || t > v->last)
			continue;
		s = mrg_span_at(v->spans, v->nr, t, s);
		if (s == hit && part <= BUSY)
			continue;
		hit = s;
		last = t;
		nr++;
	}
	return nr;
}

/*
 * The other way round, of a vCPU that nearly always runs: what its gaps say.  Gaps that fall
 * into one silence of the guest are one coincidence, and a silence may well be as long as
 * they are together: a long rest in a stretch without further gaps says nothing.
 */
static double gap_bits(const struct finder *f, const struct mrg_times *times,
		       const struct mrg_vcpu *v, int64_t offset)
{
	int64_t slack = (int64_t)((double)(f->to - f->from) / 4 * f->rate);
	struct mrg_silences silences;
	size_t first = mrg_times_from(times, f->from), end = mrg_times_from(times, f->to);
	double bits = 0;

	if (end < first + 2)
		return 0;
	mrg_silences_count(&silences, times->t + first, end - first);
	for (size_t s = mrg_span_search(v->spans, v->nr, times->t[first] + offset), at = first;
	     s + 1 < v->nr && at < end;) {
		int64_t start = v->spans[s].end + slack, stop = start;

		while (at < end && times->t[at] + offset <= start)
			at++;
		/* all gaps up to the next event */
		while (at < end && s + 1 < v->nr &&
		       v->spans[s].end + slack < times->t[at] + offset) {
			int64_t next = v->spans[++s].start - slack;

			stop = next > stop ? next : stop;
		}
		if (at < end && stop > start)
			bits -= log2(mrg_silences_chance(&silences, stop - start));
	}
	return bits;
}

/* All events of the stretch: what is left of f->now. */
static bool narrow(struct finder *f, const struct mrg_times *times, const struct mrg_vcpu *v)
{
	size_t end = mrg_times_from(times, f->to), s = 0;

	for (size_t i = mrg_times_from(times, f->from); i < end && f->now.nr; i++) {
		int64_t t = times->t[i], slack = drift(f, t);

		if (f->now.nr == 1) {
			s = mrg_span_at(v->spans, v->nr, f->now.v[0].start + t, s);
			if (v->spans[s].start - slack <= f->now.v[0].start + t &&
			    v->spans[s].end + slack >= f->now.v[0].end + t)
				continue;
		}
		if (!step(f, v, t))
			return false;
	}
	return true;
}

static int first_look(struct finder *f, const struct mrg_vcpu *v, const int64_t *t, size_t nr,
		      int64_t lo, int64_t hi)
{
	if (!list_set(&f->now, lo, hi))
		return -ENOMEM;
	for (size_t i = 0; i < nr && f->now.nr; i++) {
		if (!step(f, v, t[i]))
			return -ENOMEM;
		if (f->now.nr > MAX_LIST)
			return -ENODATA;
	}
	return 0;
}

/* ---- all lanes at a place ---- */

/* By another CPU, or known to be another's: a CPU has a lane in each buffer of its trace. */
static bool taken(const struct finder *f, const struct mrg_place *place, unsigned int lane,
		  size_t vcpu)
{
	if (f->map[lane] != MRG_NO_MATCH && f->map[lane] != vcpu)
		return true;
	for (unsigned int l = 0; l < f->nr_lanes; l++)
		if ((place->vcpu[l] == vcpu) != (f->lanes[l].cpu == f->lanes[lane].cpu) &&
		    place->vcpu[l] != MRG_NO_MATCH)
			return true;
	return false;
}

/* The vCPU that lane @l fits best at the place, and what is left of it then. */
static int place_lane(struct finder *f, struct mrg_place *place, unsigned int l)
{
	struct mrg_span best = { 0, 0 };
	double best_bits = 0;

	for (size_t v = 0; v < f->vcpus->nr; v++) {
		const struct mrg_vcpu *vcpu = &f->vcpus->v[v];
		double part, bits;

		if (taken(f, place, l, v))
			continue;
		if (!list_set(&f->now, place->lo, place->hi) || !narrow(f, &f->lanes[l], vcpu))
			return -ENOMEM;
		if (f->now.nr == 0)
			continue;
		part = chance(f, vcpu, f->from + place->lo, f->to + place->lo);
		bits = (double)witnesses(f, &f->lanes[l], vcpu, part, place->lo) * -log2(part);
		if (part > BUSY)
			bits = fmin(bits, gap_bits(f, &f->lanes[l], vcpu, place->lo));
		/* where two fit alike, the one with the CPU's number */
		if (bits > best_bits + (vcpu->vcpu == f->lanes[l].cpu ? -1 : 1)) {
			best_bits = bits;
			best = (struct mrg_span){ f->now.v[0].start, f->now.v[f->now.nr - 1].end };
			place->vcpu[l] = v;
		}
	}
	/* too few events to tell, or none that fit: they must not bound anything */
	if (best_bits < f->sure || place->vcpu[l] == MRG_NO_MATCH) {
		place->vcpu[l] = MRG_NO_MATCH;
		return 0;
	}
	place->lo = best.start;
	place->hi = best.end;
	place->bits += best_bits;
	return 0;
}

static int place_init(struct mrg_place *place, const struct finder *f, const struct mrg_span *d)
{
	*place = (struct mrg_place){
		.at = f->middle, .lo = d->start, .hi = d->end, .from = f->from, .to = f->to,
		.slack = drift(f, f->to),
	};
	place->vcpu = malloc(f->nr_lanes * sizeof(*place->vcpu));
	if (!place->vcpu)
		return -ENOMEM;
	for (unsigned int l = 0; l < f->nr_lanes; l++)
		place->vcpu[l] = MRG_NO_MATCH;
	return 0;
}

static int place_all(struct mrg_place *ret, struct finder *f, const struct mrg_span *d,
		     unsigned int lead)
{
	struct mrg_place place;
	int rc = place_init(&place, f, d);

	if (rc < 0)
		return rc;
	rc = place_lane(f, &place, lead);
	for (unsigned int l = 0; rc == 0 && l < f->nr_lanes; l++)
		if (l != lead)
			rc = place_lane(f, &place, l);
	if (rc < 0) {
		mrg_place_finish(&place);
		return rc;
	}
	*ret = place;
	return 0;
}

/*
 * Two traces of a guest that ticks, or does the same again and again, fit at other times,
 * too: bits are not as many as they seem then, but nearly as much room is left as there is
 * between two ticks.  Where the time of day says something else, that is no proof.
 */
static bool doubtful(const struct finder *f, const struct mrg_place *place, double needed)
{
	return f->doubt && (place->bits < needed + DOUBT_BITS ||
			    place->hi - place->lo > DOUBT_NS + 2 * place->slack);
}

static bool same_place(const struct mrg_place *a, const struct mrg_place *b)
{
	return a->lo <= b->hi && b->lo <= a->hi;
}

/* Into the list of places, which chance explains least first. */
static void keep(struct finder *f, struct mrg_place *place, double needed)
{
	size_t at = f->nr_places;

	for (size_t i = 0; i < f->nr_places; i++)
		if (same_place(&f->places[i], place))
			at = MRG_MAX_PLACES;
	while (at > 0 && at < MRG_MAX_PLACES && f->places[at - 1].bits < place->bits)
		at--;
	if (place->bits < needed || at >= MRG_MAX_PLACES || doubtful(f, place, needed) ||
	    place->hi - place->lo > MRG_SHARP_NS + 2 * place->slack) {
		mrg_place_finish(place);
		return;
	}
	if (f->nr_places == MRG_MAX_PLACES)
		mrg_place_finish(&f->places[--f->nr_places]);
	memmove(&f->places[at + 1], &f->places[at], (f->nr_places - at) * sizeof(*place));
	f->places[at] = *place;
	f->nr_places++;
}

/* ---- a stretch against all vCPUs ---- */

static int candidates(struct finder *f, struct list *found, unsigned int lead, size_t v,
		      const int64_t *samples, size_t nr, int64_t lo, int64_t hi)
{
	struct mrg_gap_search search = {
		.lo = lo, .hi = hi, .from = f->from, .to = f->to, .max = MAX_PLACES,
		.slack = drift(f, f->to),
	};
	double part = chance(f, &f->vcpus->v[v], MRG_TIME_MIN, MRG_TIME_MAX);
	int rc;

	if (part > BUSY)
		return part > HOPELESS ? 0 : mrg_find_by_gaps(&found->v, &found->nr,
							      &f->lanes[lead], &f->vcpus->v[v],
							      &search);
	rc = first_look(f, &f->vcpus->v[v], samples, nr, lo, hi);
	if (rc == -ENODATA)
		return 0;
	if (rc == 0 && f->now.nr > MAX_PLACES && !narrow(f, &f->lanes[lead], &f->vcpus->v[v]))
		rc = -ENOMEM;
	if (rc == 0 && f->now.nr > MAX_PLACES)	/* what fits in so many is no proof of any */
		return 0;
	for (size_t i = 0; rc == 0 && i < f->now.nr && found->nr < MAX_PLACES; i++)
		if (!MRG_PUSH(found->v, found->nr, found->room, f->now.v[i]))
			rc = -ENOMEM;
	return rc;
}

/* The places at which @lead is vCPU @v. */
static int look_at(struct finder *f, unsigned int lead, size_t v, const int64_t *samples,
		   size_t nr, int64_t lo, int64_t hi)
{
	double needed = log2((double)(hi - lo) / 1000 + 1) + f->sure;
	struct list found = { 0 };
	int rc = candidates(f, &found, lead, v, samples, nr, lo, hi);

	for (size_t i = 0; rc == 0 && i < found.nr; i++) {
		struct mrg_place place;

		rc = place_all(&place, f, &found.v[i], lead);
		if (rc == 0)
			keep(f, &place, needed);
	}
	free(found.v);
	return rc;
}

/* vCPUs with the lane's own number come first: nearly always it is one of them. */
static int look(struct finder *f, int64_t lo, int64_t hi)
{
	int64_t samples[SAMPLES];
	size_t nr;
	unsigned int lead = richest_lane(f, samples, &nr);

	for (unsigned int round = 0; round < 2; round++) {
		if (f->nr_places && f->places[0].bits > BEYOND_DOUBT)
			break;
		for (size_t v = 0; v < f->vcpus->nr; v++) {
			bool own = f->vcpus->v[v].vcpu == f->lanes[lead].cpu;
			int rc;

			if (own != (round == 0) ||
			    (f->map[lead] != MRG_NO_MATCH && f->map[lead] != v))
				continue;
			rc = look_at(f, lead, v, samples, nr, lo, hi);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static void whole_range(const struct finder *f, int64_t *lo, int64_t *hi)
{
	int64_t first = MRG_TIME_MAX, last = MRG_TIME_MIN;

	for (size_t v = 0; v < f->vcpus->nr; v++) {
		if (f->vcpus->v[v].first < first)
			first = f->vcpus->v[v].first;
		if (f->vcpus->v[v].last > last)
			last = f->vcpus->v[v].last;
	}
	*lo = first - f->middle;
	*hi = last - f->middle;
}

/* Whether an offset puts all of [@from, @to] before or behind what the host recorded. */
static bool apart(struct finder *f, int64_t offset, int64_t from, int64_t to)
{
	int64_t lo, hi;

	f->middle = 0;
	whole_range(f, &lo, &hi);
	return to + offset < lo || from + offset > hi;
}

static int try_stretch(struct finder *f, const struct mrg_hint *hint)
{
	int64_t lo, hi;
	int rc = 0;

	whole_range(f, &lo, &hi);
	f->doubt = f->apart;
	if (hint->known && hint->hi > lo && hint->lo < hi)
		rc = look(f, hint->lo > lo ? hint->lo : lo, hint->hi < hi ? hint->hi : hi);
	if (rc < 0 || f->nr_places || hint->only)
		return rc;
	f->doubt = hint->known;
	return look(f, lo, hi);
}

/* Of the lane with the most events in [from, to] the time of the one behind @part 64ths. */
static int64_t busy_time(const struct finder *f, int64_t from, int64_t to, unsigned int part)
{
	int64_t at = from + (to - from) / 64 * part;
	size_t most = 0;

	for (unsigned int l = 0; l < f->nr_lanes; l++) {
		size_t first = mrg_times_from(&f->lanes[l], from);
		size_t nr = mrg_times_from(&f->lanes[l], to + 1) - first;

		if (nr <= most)
			continue;
		most = nr;
		at = f->lanes[l].t[first + nr * part / 64];
	}
	return at;
}

static int try_at(struct finder *f, const struct mrg_hint *hint, int64_t from, int64_t to,
		  const struct stretch *s, unsigned int part)
{
	f->middle = busy_time(f, from, to, part);
	f->from = f->middle - s->length / 2 > from ? f->middle - s->length / 2 : from;
	f->to = f->middle + s->length / 2 < to ? f->middle + s->length / 2 : to + 1;
	f->rate = s->rate;
	if (f->from <= from && f->to > to) {	/* another length, or place, is the same again */
		if (f->rate <= f->whole_rate)
			return 0;
		f->whole_rate = f->rate;
	}
	return try_stretch(f, hint);
}

static void finish_places(struct mrg_place *places, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		mrg_place_finish(&places[i]);
}

/* Keeps the first of the answers that are too many for one, if the time of day is one of them. */
static void set_vague_aside(struct finder *f)
{
	if (f->nr_places <= FEW_PLACES)
		return;
	if (f->nr_vague || f->doubt) {
		finish_places(f->places, f->nr_places);
	} else {
		memcpy(f->vague, f->places, f->nr_places * sizeof(*f->places));
		f->nr_vague = f->nr_places;
	}
	f->nr_places = 0;
}

static int try_places(struct finder *f, const struct mrg_hint *hint, int64_t from, int64_t to,
		      const struct stretch *s, const unsigned char *parts, size_t nr)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && !f->nr_places && k < nr; k++) {
		rc = try_at(f, hint, from, to, s, parts[k]);
		if (rc == 0)
			set_vague_aside(f);
	}
	return rc;
}

static int try_all(struct finder *f, const struct mrg_hint *hint, int64_t from, int64_t to)
{
	static const size_t again[] = { 0, 1, 8 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NR_STRETCHES; i++)
		rc = try_places(f, hint, from, to, &stretches[i], places_common,
				sizeof(places_common));
	for (size_t i = 0; rc == 0 && i < sizeof(again) / sizeof(*again); i++)
		rc = try_places(f, hint, from, to, &stretches[again[i]], places_rare,
				sizeof(places_rare));
	return rc;
}

/* All of it as one stretch, where it is short enough that no drift hides a place. */
static bool stretch_over_all(struct finder *f)
{
	int64_t first = MRG_TIME_MAX, last = MRG_TIME_MIN;

	for (unsigned int l = 0; l < f->nr_lanes; l++) {
		const struct mrg_times *lane = &f->lanes[l];

		if (!lane->nr)
			continue;
		first = lane->t[0] < first ? lane->t[0] : first;
		last = lane->t[lane->nr - 1] > last ? lane->t[lane->nr - 1] : last;
	}
	f->from = first;
	f->middle = first + (last - first) / 2;
	f->to = last + 1;
	f->rate = stretches[0].rate;
	return first <= last && last - first <= stretches[0].length;
}

bool mrg_too_few(const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus)
{
	struct finder f = { .lanes = lanes, .nr_lanes = nr, .vcpus = vcpus };
	int64_t samples[SAMPLES], lo, hi;
	unsigned int lead;
	bool fits = false;
	size_t n;

	if (!stretch_over_all(&f))
		return false;
	whole_range(&f, &lo, &hi);
	lead = richest_lane(&f, samples, &n);
	for (size_t v = 0; v < vcpus->nr && !fits; v++) {
		int rc;

		/* into one that hardly ever leaves its guest anything fits */
		if (chance(&f, &vcpus->v[v], MRG_TIME_MIN, MRG_TIME_MAX) > HOPELESS)
			continue;
		rc = first_look(&f, &vcpus->v[v], samples, n, lo, hi);

		fits = rc == -ENODATA ||
		       (rc == 0 && narrow(&f, &lanes[lead], &vcpus->v[v]) && f.now.nr);
	}
	free(f.now.v);
	free(f.next.v);
	return fits;
}

int mrg_find(struct mrg_place *ret, size_t *ret_nr, const struct mrg_times *lanes,
	     unsigned int nr, const struct mrg_vcpus *vcpus, const struct mrg_hint *hint,
	     const size_t *map, int64_t from, int64_t to)
{
	struct finder f = {
		.lanes = lanes, .nr_lanes = nr, .vcpus = vcpus, .map = map,
		.sure = hint->only ? hint->sure : SURE_BITS,
	};
	int rc;

	f.apart = hint->known && !hint->only && apart(&f, (hint->lo + hint->hi) / 2, from, to);
	rc = try_all(&f, hint, from, to);
	free(f.now.v);
	free(f.next.v);
	if (rc < 0) {
		finish_places(f.places, f.nr_places);
		finish_places(f.vague, f.nr_vague);
		return rc;
	}
	*ret_nr = f.nr_places ? f.nr_places : f.nr_vague;
	memcpy(ret, f.nr_places ? f.places : f.vague, *ret_nr * sizeof(*ret));
	if (f.nr_places)
		finish_places(f.vague, f.nr_vague);
	return *ret_nr ? 0 : -ESRCH;
}
