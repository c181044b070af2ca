/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-sample.c - which slices are read: a stretch of each guest's that says where its
 * events fit, then stretches all over the time that both traces have
 */
#include "merge/sync-sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/array.h"
#include "merge/sync-set.h"

/*
 * A CPU reads some 500 MB a second, as they were in the ring buffer: what is smaller
 * than this takes a fifth of one, and slices would save nothing that anybody feels.
 */
#define SMALL_BYTES (96u << 20)
#define SLICE_BYTES (32u << 20)		/* of all slices together */
#define SEED_BYTES (96u << 20)		/* looked through for the first place at most */
#define MIN_SLICES 8
#define MAX_SLICES 64
#define MIN_LENGTH 2000000		/* ns: some windows */
#define SURE_BITS 40			/* as for a trace that is read whole */
#define SET_BACK_NS 20000		/* less is noise */
#define USUAL_DRIFT 50e-6		/* a host's slice is so much longer than its guest's */

/* ---- what the index says ---- */

struct extent {			/* of one trace: its lanes together */
	uint64_t first, last;		/* recorded */
	double block;			/* raw bytes that any moment costs: a block of each lane, */
	double per_ns;			/* and those that each ns more does */
	uint64_t bytes;
	unsigned int richest;		/* lane with the most events */
};

/* False: without reading, nobody knows where what is. */
static bool lane_extent(struct extent *e, const struct xt_trace *trace, unsigned int l,
			uint64_t *most)
{
	const struct xt_lane_info *info = xt_trace_lane(trace, l);
	uint64_t first = UINT64_MAX, last = 0, bytes = 0, events = 0;
	struct xt_chunk c;

	for (size_t i = 0; i < info->nr_chunks; i++) {
		xt_lane_chunk(trace, l, i, &c);
		if (!c.times_known || c.last_ts < c.first_ts || c.first_ts + SET_BACK_NS < last)
			return false;
		if (!c.nr_events)
			continue;
		first = c.first_ts < first ? c.first_ts : first;
		last = c.last_ts;
		bytes += c.bytes;
		events += c.nr_events;
	}
	if (first > last)
		return true;
	e->first = first < e->first ? first : e->first;
	e->last = last > e->last ? last : e->last;
	e->bytes += bytes;
	e->block += (double)bytes / (double)info->nr_chunks;
	e->per_ns += (double)bytes / (double)(last - first + 1);
	if (events > *most) {
		*most = events;
		e->richest = l;
	}
	return true;
}

static bool extent_of(struct extent *e, const struct xt_trace *trace)
{
	uint64_t most = 0;

	*e = (struct extent){ .first = UINT64_MAX };
	for (unsigned int l = 0; l < xt_trace_nr_lanes(trace); l++)
		if (!lane_extent(e, trace, l, &most))
			return false;
	return most;
}

static int64_t own_ns(const struct mrg_party *p, uint64_t ts)
{
	return (int64_t)mrg_segment_map(&p->own, ts);
}

static struct mrg_slice recorded(const struct mrg_party *p, int64_t from, int64_t to)
{
	return (struct mrg_slice){ mrg_segment_unmap(&p->own, from),
				   mrg_segment_unmap(&p->own, to) };
}

/* The first time in the block that is being filled at @t (own ns) in the richest lane. */
static int64_t block_at(const struct mrg_party *p, const struct extent *e, int64_t t)
{
	uint64_t ts = mrg_segment_unmap(&p->own, t);
	size_t lo = 0, hi = xt_trace_lane(p->member->trace, e->richest)->nr_chunks;
	struct xt_chunk c;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		xt_lane_chunk(p->member->trace, e->richest, mid, &c);
		if (c.first_ts <= ts)
			lo = mid;
		else
			hi = mid;
	}
	xt_lane_chunk(p->member->trace, e->richest, lo, &c);
	return own_ns(p, c.first_ts);
}

/* ---- the whole ---- */

struct sample {
	struct mrg_party *parties;
	struct extent *extents;		/* by party */
	size_t nr, reference;
	unsigned int slices;		/* of each guest */
	int64_t length;			/* of a slice */
	double seeds;			/* bytes that were read for the first places */
	struct mrg_slice *host;		/* slices of the reference */
	size_t nr_host, host_room;
};

static bool is_guest(const struct sample *s, size_t i)
{
	return i != s->reference && !mrg_same_clock(s->parties[i].member->trace,
						    s->parties[s->reference].member->trace);
}

/* How long slices are, and how many: a slice costs as much again as any moment of it does. */
static bool plan(struct sample *s, unsigned int slices)
{
	double block = 0, per_ns = 0, bytes = 0, wanted;
	size_t guests = 0;

	for (size_t i = 0; i < s->nr; i++) {
		if (i != s->reference && !is_guest(s, i))
			continue;
		if (!extent_of(&s->extents[i], s->parties[i].member->trace))
			return false;
		guests += i != s->reference;
		block += s->extents[i].block;
		per_ns += s->extents[i].per_ns;
		bytes += (double)s->extents[i].bytes;
	}
	if (!guests || (slices == MRG_SLICES_AUTO && bytes < SMALL_BYTES))
		return false;
	s->length = (int64_t)(block / per_ns);
	s->length = s->length < MIN_LENGTH ? MIN_LENGTH : s->length;
	wanted = SLICE_BYTES / (block + per_ns * (double)s->length);
	s->slices = wanted < MIN_SLICES ? MIN_SLICES : wanted > MAX_SLICES ? MAX_SLICES :
		    (unsigned int)wanted;
	if (slices != MRG_SLICES_AUTO)
		s->slices = slices;
	return slices != MRG_SLICES_AUTO ||
	       (block + per_ns * (double)s->length) * s->slices < bytes / 2;
}

/* ---- the first place ---- */

struct stretch {
	int64_t from, to;	/* guest's own ns */
	int64_t lo, hi;		/* offsets that are looked at */
};

static struct mrg_times *times_of(const struct mrg_party *p, const struct mrg_data *data)
{
	struct mrg_times *times = calloc(data->nr_lanes + 1, sizeof(*times));

	for (unsigned int l = 0; times && l < data->nr_lanes; l++) {
		struct mrg_lane_data *lane = &data->lanes[l];

		for (size_t i = 0; i < lane->nr_times; i++)
			lane->times[i] = (uint64_t)own_ns(p, lane->times[i]);
		times[l] = (struct mrg_times){ (const int64_t *)lane->times, lane->nr_times,
					       lane->cpu };
	}
	return times;
}

static int keep_seed(struct mrg_party *guest, const struct mrg_place *place, unsigned int nr,
		     const struct mrg_vcpus *vcpus)
{
	struct mrg_seed *seed = calloc(1, sizeof(*seed));
	int *tid = calloc(nr + 1, sizeof(*tid));

	if (!seed || !tid) {
		free(seed);
		free(tid);
		return -ENOMEM;
	}
	*seed = (struct mrg_seed){ .place = *place, .tid = tid };
	seed->place.vcpu = NULL;
	for (unsigned int l = 0; l < nr; l++)
		if (place->vcpu[l] != MRG_NO_MATCH)
			tid[l] = vcpus->v[place->vcpu[l]].tid;
	guest->seed = seed;
	return 0;
}

/* One place, and no doubt about it. */
static int find_seed(struct mrg_party *guest, const struct mrg_data *data,
		     const struct mrg_vcpus *vcpus, const struct stretch *at)
{
	const struct mrg_hint hint = { true, true, at->lo, at->hi, SURE_BITS };
	struct mrg_times *times = times_of(guest, data);
	size_t *map = malloc((data->nr_lanes + 1) * sizeof(*map));
	struct mrg_place places[MRG_MAX_PLACES];
	size_t nr = 0;
	int rc = times && map ? 0 : -ENOMEM;

	for (unsigned int l = 0; rc == 0 && l < data->nr_lanes; l++)
		map[l] = MRG_NO_MATCH;
	if (rc == 0)
		rc = mrg_find(places, &nr, times, data->nr_lanes, vcpus, &hint, map, at->from,
			      at->to);
	if (rc == 0)
		rc = nr == 1 ? keep_seed(guest, &places[0], data->nr_lanes, vcpus) : -ESRCH;
	for (size_t i = 0; i < nr; i++)
		mrg_place_finish(&places[i]);
	free(times);
	free(map);
	return rc;
}

static int try_seed(struct mrg_party *guest, struct mrg_party *host, const struct stretch *at,
		    struct rt_err *err)
{
	struct mrg_slice of_guest = recorded(guest, at->from, at->to);
	struct mrg_slice of_host = recorded(host, at->from + at->lo, at->to + at->hi);
	struct mrg_data *data = NULL, *runs = NULL;
	struct mrg_vcpus vcpus = { 0 };
	int rc = mrg_extract_slices(&data, guest->member->trace, true, &of_guest, 1, err);

	if (rc == 0)
		rc = mrg_extract_slices(&runs, host->member->trace, false, &of_host, 1, err);
	if (rc == 0 && (data->nr_damaged || runs->nr_damaged))
		rc = -ENODATA;
	if (rc == 0)
		rc = mrg_vcpus_build(&vcpus, runs, host->member->lanes);
	if (rc == 0)
		rc = vcpus.nr ? find_seed(guest, data, &vcpus, at) : -ESRCH;
	mrg_vcpus_finish(&vcpus);
	mrg_data_destroy(data);
	mrg_data_destroy(runs);
	return rc;
}

/* What the first place would cost. */
static double seed_bytes(const struct sample *s, size_t guest, const struct stretch *at)
{
	const struct extent *g = &s->extents[guest], *h = &s->extents[s->reference];
	double length = (double)(at->to - at->from), more = (double)(at->hi - at->lo);

	return g->block + h->block + length * g->per_ns + (length + more) * h->per_ns;
}

/* A larger look each time, around what both traces say of the time of day. */
static int seed(struct sample *s, size_t i, struct rt_err *err)
{
	static const int64_t reach[] = { 20000000, 200000000, 2000000000 };
	struct mrg_party *guest = &s->parties[i], *host = &s->parties[s->reference];
	const struct extent *g = &s->extents[i], *h = &s->extents[s->reference];
	int64_t a, b, from, to, length = 2 * s->length;
	int rc = -ESRCH;

	if (!mrg_utc_offset(xt_trace_info(guest->member->trace), &a) ||
	    !mrg_utc_offset(xt_trace_info(host->member->trace), &b))
		return -ENODATA;
	from = own_ns(guest, g->first) > own_ns(host, h->first) - (a - b) ?
	       own_ns(guest, g->first) : own_ns(host, h->first) - (a - b);
	to = own_ns(guest, g->last) < own_ns(host, h->last) - (a - b) ?
	     own_ns(guest, g->last) : own_ns(host, h->last) - (a - b);
	if (from >= to)
		return -ENODATA;
	for (size_t k = 0; rc == -ESRCH && k < sizeof(reach) / sizeof(*reach); k++, length *= 4) {
		int64_t t = block_at(guest, g, from + (to - from) / 2);
		const struct stretch at = { t, t + length, a - b - reach[k], a - b + reach[k] };

		s->seeds += seed_bytes(s, i, &at);
		if (s->seeds > SEED_BYTES)
			break;
		rc = try_seed(guest, host, &at, err);
	}
	return rc == -ESRCH ? -ENODATA : rc;
}

/* ---- slices ---- */

static int by_from(const void *a, const void *b)
{
	const struct mrg_slice *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* In order, and those that touch as one. */
static size_t tidy(struct mrg_slice *slices, size_t nr)
{
	size_t kept = 0;

	qsort(slices, nr, sizeof(*slices), by_from);
	for (size_t i = 0; i < nr; i++) {
		if (kept && slices[kept - 1].to >= slices[i].from)
			slices[kept - 1].to = slices[i].to > slices[kept - 1].to ?
					      slices[i].to : slices[kept - 1].to;
		else
			slices[kept++] = slices[i];
	}
	return kept;
}

/* The @k-th of the guest's own time [@from, @to]; the first and the last are at its ends. */
static int64_t slice_from(const struct sample *s, size_t i, unsigned int k, int64_t from,
			  int64_t to)
{
	int64_t t = from + (to - from) / (s->slices - 1) * k, at;

	if (k == 0)
		return from;
	if (k == s->slices - 1)
		return to - s->length;
	at = block_at(&s->parties[i], &s->extents[i], t);
	return at < from ? from : at > to - s->length ? to - s->length : at;
}

/* The host's is longer, by what its clock may have drifted from the seed on. */
static bool add_host_slice(struct sample *s, const struct mrg_place *place, int64_t from,
			   int64_t to)
{
	int64_t offset = place->lo + (place->hi - place->lo) / 2;
	int64_t more = s->length / 4 + (int64_t)(USUAL_DRIFT * (double)llabs(from - place->at));

	return MRG_PUSH(s->host, s->nr_host, s->host_room,
			recorded(&s->parties[s->reference], from + offset - more,
				 to + offset + more));
}

static int guest_slices(struct sample *s, size_t i, struct mrg_slice *slices, size_t *ret_nr)
{
	struct mrg_party *guest = &s->parties[i], *host = &s->parties[s->reference];
	const struct extent *g = &s->extents[i], *h = &s->extents[s->reference];
	const struct mrg_place *place = &guest->seed->place;
	int64_t offset = place->lo + (place->hi - place->lo) / 2;
	int64_t from = own_ns(guest, g->first), to = own_ns(guest, g->last);

	from = own_ns(host, h->first) - offset > from ? own_ns(host, h->first) - offset : from;
	to = own_ns(host, h->last) - offset < to ? own_ns(host, h->last) - offset : to;
	if (to - from < 2 * s->length)
		return -ENODATA;
	for (unsigned int k = 0; k < s->slices; k++) {
		int64_t t = slice_from(s, i, k, from, to);

		slices[k] = recorded(guest, t, t + s->length);
		if (!add_host_slice(s, place, t, t + s->length))
			return -ENOMEM;
	}
	*ret_nr = tidy(slices, s->slices);
	guest->seed->nr_slices = *ret_nr;
	guest->seed->of_ns = to - from;
	for (size_t k = 0; k < *ret_nr; k++)
		guest->seed->nr_ns += own_ns(guest, slices[k].to) - own_ns(guest, slices[k].from);
	return 0;
}

static int read_guest(struct sample *s, size_t i, struct rt_err *err)
{
	struct mrg_slice *slices = calloc(s->slices, sizeof(*slices));
	size_t nr;
	int rc = slices ? guest_slices(s, i, slices, &nr) : -ENOMEM;

	if (rc == 0)
		rc = mrg_extract_slices(&s->parties[i].data, s->parties[i].member->trace, true,
					slices, nr, err);
	free(slices);
	return rc;
}

static int read_party(struct sample *s, size_t i, struct rt_err *err)
{
	int rc;

	if (i == s->reference)
		return 0;
	if (!is_guest(s, i))
		return mrg_outline(&s->parties[i].data, s->parties[i].member->trace);
	rc = seed(s, i, err);
	return rc == 0 ? read_guest(s, i, err) : rc;
}

/* Of no trace anything was damaged, set back or changed: that is for those who read all. */
static bool plain(const struct mrg_party *p, bool reference)
{
	const struct mrg_data *data = p->data;

	for (unsigned int l = 0; l < data->nr_lanes; l++)
		if (data->lanes[l].nr_set_backs)
			return false;
	return !data->nr_damaged && !data->nr_tsc_writes && (data->nr_runs > 0) == reference;
}

static int read_parties(struct sample *s, struct rt_err *err)
{
	struct mrg_party *ref = &s->parties[s->reference];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->nr; i++)
		rc = read_party(s, i, err);
	s->nr_host = rc == 0 ? tidy(s->host, s->nr_host) : 0;
	if (rc == 0)
		rc = mrg_extract_slices(&ref->data, ref->member->trace, false, s->host,
					s->nr_host, err);
	for (size_t i = 0; rc == 0 && i < s->nr; i++)
		if (!plain(&s->parties[i], i == s->reference))
			rc = -ENODATA;
	return rc;
}

int mrg_sample_read(struct mrg_party *parties, size_t nr, size_t reference, unsigned int slices,
		    struct rt_err *err)
{
	struct sample s = {
		.parties = parties, .nr = nr, .reference = reference,
		.extents = calloc(nr, sizeof(*s.extents)),
	};
	int rc = s.extents ? -ENODATA : -ENOMEM;

	if (s.extents && plan(&s, slices)) {
		rc = read_parties(&s, err);
		rc = rc == -ENODATA ? -ESRCH : rc;
	}
	free(s.extents);
	free(s.host);
	return rc;
}

void mrg_seed_destroy(struct mrg_seed *seed)
{
	if (seed)
		free(seed->tid);
	free(seed);
}
