/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export.c - a member of a set as a trace.dat: its clock becomes TIME_SHIFT, its ids those
 * by which trace-cmd finds a guest's host
 */
#include "merge/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Any number that two traces of a set do not share; FNV-1a of what tells it from others. */
static uint64_t id_of(const struct mrg_set *set, size_t index)
{
	const struct xt_info *info = xt_trace_info(set->members[index].trace);
	const char *parts[] = { info->boot_id, info->session, set->members[index].label };
	uint64_t id = 0xcbf29ce484222325ull;

	if (info->trace_id)
		return info->trace_id;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (const char *p = parts[i] ? parts[i] : ""; *p; p++)
			id = (id ^ (uint8_t)*p) * 0x100000001b3ull;
		id *= 0x100000001b3ull;
	}
	return id ? id : 1;
}

/* ---- a guest's clock ---- */

struct shifter {		/* from times of a guest's CPU to what its host's file shows */
	const struct mrg_lane_clock *clock;
	const struct mrg_member *host;
	struct mrg_segment own;	/* what the guest's own file makes of its times */
	uint64_t first, last;	/* of the guest */
	struct rt_buf times;	/* where the change of the offset changes */
	struct rt_buf samples;
};

/* Merged time as the host's own, which its file shows: with more hosts the two differ. */
static uint64_t host_time(const struct mrg_member *host, uint64_t merged)
{
	const struct mrg_lane_clock *clock = &host->lanes[0].epochs[0].clock;
	size_t i = clock->nr - 1;
	uint64_t ts;

	while (i > 0 && merged < clock->segments[i].out0)
		i--;
	ts = mrg_segment_unmap(&clock->segments[i], (int64_t)merged);
	return xt_trace_time(host->trace, 0, ts);
}

static struct xt_shift_sample sample_at(const struct shifter *s, uint64_t ts)
{
	uint64_t shown = host_time(s->host, mrg_lane_clock_map(s->clock, ts));

	return (struct xt_shift_sample){
		.time = ts, .scaling = 1,
		.offset = (int64_t)(mrg_segment_unmap(&s->own, (int64_t)shown) - ts),
	};
}

/* The time, and the last one that is not yet there. */
static void add_turn(struct shifter *s, uint64_t ts)
{
	const uint64_t times[] = { ts - 1, ts };

	if (ts > s->first + 1 && ts < s->last)
		rt_buf_add(&s->times, times, sizeof(times));
}

/* The host's segments begin at merged times: their places on the guest's clock. */
static void add_host_turns(struct shifter *s)
{
	const struct mrg_lane_clock *host = &s->host->lanes[0].epochs[0].clock;
	size_t g = 0;

	for (size_t h = 1; h < host->nr; h++) {
		uint64_t merged = host->segments[h].out0;

		while (g + 1 < s->clock->nr && s->clock->segments[g + 1].out0 <= merged)
			g++;
		add_turn(s, mrg_segment_unmap(&s->clock->segments[g], (int64_t)merged));
	}
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void find_turns(struct shifter *s)
{
	rt_buf_add(&s->times, &s->first, sizeof(s->first));
	for (size_t i = 1; i < s->clock->nr; i++)
		add_turn(s, s->clock->segments[i].in0);
	add_host_turns(s);
	rt_buf_add(&s->times, &s->last, sizeof(s->last));
	if (!s->times.failed)
		qsort(s->times.data, s->times.len / sizeof(uint64_t), sizeof(uint64_t), by_time);
}

/*
 * Readers multiply the time from one sample to a later one by the change of the offset, in
 * 64 bits: more samples where that would not fit.
 */
static void add_samples(struct shifter *s, uint64_t from, uint64_t to)
{
	__int128 change = (__int128)sample_at(s, to).offset - sample_at(s, from).offset;
	__int128 product = (change < 0 ? -change : change) * (to - from);
	uint64_t parts = 1;

	while (product >> 61 >= (__int128)parts * parts)
		parts *= 2;
	for (uint64_t i = 1; i <= parts; i++) {
		uint64_t ts = from + (uint64_t)((unsigned __int128)(to - from) * i / parts);
		struct xt_shift_sample sample = sample_at(s, ts);

		rt_buf_add(&s->samples, &sample, sizeof(sample));
	}
}

/*
 * Between two samples the offset changes steadily, as the clock does between the ends of a
 * segment; the last two also hold behind them.
 */
static int shift_of(struct xt_cpu_shift *ret, struct shifter *s)
{
	struct xt_shift_sample first = sample_at(s, s->first);
	const uint64_t *times;

	find_turns(s);
	times = (const uint64_t *)s->times.data;
	rt_buf_add(&s->samples, &first, sizeof(first));
	for (size_t i = 1; !s->times.failed && i < s->times.len / sizeof(*times); i++)
		if (times[i] > times[i - 1])
			add_samples(s, times[i - 1], times[i]);
	if (s->times.failed || s->samples.failed) {
		rt_buf_finish(&s->samples);
		return -ENOMEM;
	}
	*ret = (struct xt_cpu_shift){
		.samples = (const struct xt_shift_sample *)s->samples.data,
		.nr = s->samples.len / sizeof(first),
	};
	return 0;
}

/* The time of a sub-buffer at one end of a lane, where a trace.dat tells no times. */
static void widen_range(const struct xt_trace *trace, unsigned int lane, size_t chunk, bool end,
			struct shifter *s)
{
	struct xt_pages *pages;
	uint64_t ts;

	if (xt_lane_load(trace, lane, chunk, 1, &pages, NULL) < 0)
		return;
	if (pages->nr) {
		ts = xt_page_ts(pages->base + (size_t)(end ? pages->nr - 1 : 0) *
				pages->page_size);
		s->first = ts < s->first ? ts : s->first;
		s->last = ts > s->last ? ts : s->last;
	}
	xt_pages_put(pages);
}

static void find_range(const struct xt_trace *trace, struct shifter *s)
{
	const struct xt_info *info = xt_trace_info(trace);

	s->first = info->last_ts ? info->first_ts : UINT64_MAX;
	s->last = info->last_ts;
	for (unsigned int l = 0; !info->last_ts && l < xt_trace_nr_lanes(trace); l++) {
		size_t nr = xt_trace_lane(trace, l)->nr_chunks;

		if (nr)
			widen_range(trace, l, 0, false, s);
		if (nr)
			widen_range(trace, l, nr - 1, true, s);
	}
	if (s->first >= s->last)
		s->last = s->first + 1;
}

/* A trace.dat may have brought what it needs. */
static void take_own(struct xt_export_opts *opts, const struct xt_info *info)
{
	opts->peer_id = info->peer_id;
	opts->shifts = info->shifts;
	opts->nr_shifts = info->nr_shifts;
	opts->shift_slopes = info->shift_slopes;
}

static bool was_set_back(const struct mrg_member *member)
{
	for (unsigned int l = 0; l < xt_trace_nr_lanes(member->trace); l++)
		if (member->lanes[l].nr_epochs != 1)
			return true;
	return false;
}

/* The one whose clock all are shown on: a guest may run in another one. */
static const struct mrg_member *host_of(const struct mrg_set *set, const struct mrg_member *member)
{
	for (size_t i = 0; i < set->nr && member->host >= 0; i++)
		member = &set->members[member->host];
	return member;
}

/* Why a guest cannot be put on its host's clock; NULL: it can. */
static const char *why_not(const struct mrg_member *member, const struct mrg_member *host)
{
	if (!xt_trace_nr_lanes(member->trace) || !xt_trace_nr_lanes(host->trace))
		return "there are no events";
	if (!xt_trace_info(member->trace)->time.is_ns)
		return "its clock counts no nanoseconds";
	if (was_set_back(member))
		return "its clock was set back";
	if (was_set_back(host))
		return "its host's clock was set back";
	return NULL;
}

/* ->nr of them, by CPU number; one without a lane has the clock of another. */
static int shifts_of(const struct mrg_member *member, const struct mrg_member *host,
		     struct xt_cpu_shift *shifts, size_t nr)
{
	struct shifter s = { .host = host };
	int rc = 0;

	find_range(member->trace, &s);
	mrg_segment_own(&s.own, &xt_trace_info(member->trace)->time);
	for (size_t cpu = 0; cpu < nr && rc == 0; cpu++) {
		s.clock = &member->lanes[0].epochs[0].clock;
		for (unsigned int l = 0; l < xt_trace_nr_lanes(member->trace); l++)
			if (xt_trace_lane(member->trace, l)->cpu == cpu)
				s.clock = &member->lanes[l].epochs[0].clock;
		s.samples = (struct rt_buf){ 0 };
		s.times.len = 0;
		rc = shift_of(&shifts[cpu], &s);
	}
	rt_buf_finish(&s.times);
	return rc;
}

/* Fills @shifts, of info->nr_cpus, where the member is a guest that can be shifted. */
static int put_on_host(const struct mrg_set *set, const struct mrg_member *member,
		       struct xt_cpu_shift *shifts, struct xt_export_opts *opts)
{
	const struct mrg_member *host = host_of(set, member);
	const char *why = why_not(member, host);
	char text[128];

	if (member->host < 0)
		return 0;
	if (why) {
		snprintf(text, sizeof(text), "is written with its own time, not its host's: %s",
			 why);
		if (opts->warn)
			opts->warn(opts->arg, text);
		return 0;
	}
	opts->peer_id = id_of(set, (size_t)member->host);
	opts->shifts = shifts;
	opts->nr_shifts = xt_trace_info(member->trace)->nr_cpus;
	opts->shift_slopes = true;
	return shifts_of(member, host, shifts, opts->nr_shifts);
}

/* ---- a host's guests ---- */

static bool has_guest(const struct xt_vcpu *vcpus, size_t nr, uint64_t trace_id)
{
	for (size_t i = 0; i < nr; i++)
		if (vcpus[i].trace_id == trace_id)
			return true;
	return false;
}

/* Those that a trace.dat names, of guests besides these. */
static size_t add_own_vcpus(const struct xt_info *info, struct xt_vcpu *vcpus, size_t nr)
{
	size_t all = nr;

	for (size_t i = 0; i < info->nr_vcpus; i++)
		if (info->vcpus[i].trace_id && !has_guest(vcpus, nr, info->vcpus[i].trace_id))
			vcpus[all++] = info->vcpus[i];
	return all;
}

/* Those of the vCPUs whose threads ran a lane of a guest of the set. */
static size_t vcpus_of(const struct mrg_set *set, size_t index, struct xt_vcpu *vcpus)
{
	size_t nr = 0;

	for (size_t m = 0; m < set->nr; m++) {
		const struct mrg_member *guest = &set->members[m];

		if (guest->host != (int)index)
			continue;
		for (unsigned int l = 0; l < xt_trace_nr_lanes(guest->trace); l++) {
			if (!guest->lanes[l].vcpu_tid)
				continue;
			vcpus[nr] = (struct xt_vcpu){
				.tid = guest->lanes[l].vcpu_tid,
				.vcpu = xt_trace_lane(guest->trace, l)->cpu,
				.trace_id = id_of(set, m),
			};
			strncpy(vcpus[nr++].vm, guest->label, sizeof(vcpus->vm) - 1);
		}
	}
	return nr;
}

static size_t count_lanes(const struct mrg_set *set)
{
	size_t nr = 0;

	for (size_t m = 0; m < set->nr; m++)
		nr += xt_trace_nr_lanes(set->members[m].trace);
	return nr;
}

int mrg_export(const struct mrg_set *set, size_t index, int fd, struct xt_export_opts *opts,
	       struct rt_err *err)
{
	const struct mrg_member *member = &set->members[index];
	const struct xt_info *info = xt_trace_info(member->trace);
	size_t nr_cpus = info->nr_cpus;
	struct xt_cpu_shift *shifts = calloc(nr_cpus + 1, sizeof(*shifts));
	struct xt_vcpu *vcpus = calloc(count_lanes(set) + info->nr_vcpus + 1, sizeof(*vcpus));
	int rc = shifts && vcpus ? 0 : -ENOMEM;

	if (rc == 0) {
		opts->trace_id = id_of(set, index);
		opts->vcpus = vcpus;
		opts->nr_vcpus = add_own_vcpus(info, vcpus, vcpus_of(set, index, vcpus));
		take_own(opts, info);
	}
	if (rc == 0)
		rc = put_on_host(set, member, shifts, opts);
	if (rc == 0)
		rc = xt_export(member->trace, fd, opts, err);
	else
		rt_err_set(err, rc, "cannot prepare the clock");
	for (size_t i = 0; shifts && i < nr_cpus; i++)
		free((void *)shifts[i].samples);
	free(shifts);
	free(vcpus);
	return rc;
}
