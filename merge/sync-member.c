/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-member.c - lines to the clocks of lanes, and the two methods that need
 * little more: the windows and the time of day
 */
#include "merge/sync-member.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/set-edit.h"

#define HINT_NS 2000000000ll	/* a guest that keeps the time of day at all is not farther off */

/* ---- lines to segments ---- */

/* The first recorded time whose own ns are not before @t. */
static uint64_t recorded(const struct mrg_segment *own, int64_t t)
{
	__int128 d = (__int128)t - (__int128)own->out0;
	__int128 scaled = d << 48, raw;

	raw = scaled / (__int128)own->mult;
	if (raw * (__int128)own->mult < scaled)
		raw++;
	raw += own->in0;
	return raw < 0 ? 0 : raw > UINT64_MAX ? UINT64_MAX : (uint64_t)raw;
}

static struct mrg_segment segment_of(const struct mrg_segment *own, const struct mrg_line *line)
{
	struct mrg_segment seg = { .in0 = recorded(own, line->from) };
	int64_t t = (int64_t)mrg_segment_map(own, seg.in0);
	int64_t offset = line->offset + llround(line->rate * (double)(t - line->at));

	seg.out0 = t + offset < 0 ? 0 : (uint64_t)(t + offset);
	seg.mult = own->mult + (uint64_t)(int64_t)llround((double)own->mult * line->rate);
	return seg;
}

static int lane_set_lines(struct mrg_lane *lane, const struct mrg_segment *own,
			  const struct mrg_lane_lines *lines)
{
	struct mrg_segment *segs = malloc((lines->nr ? lines->nr : 1) * sizeof(*segs));
	struct mrg_epoch epoch = { .clock = { .segments = segs, .nr = lines->nr } };
	int rc;

	if (!segs)
		return -ENOMEM;
	for (size_t i = 0; i < lines->nr; i++) {
		segs[i] = segment_of(own, &lines->lines[i]);
		if ((uint64_t)lines->lines[i].bound > epoch.clock.error_ns)
			epoch.clock.error_ns = (uint64_t)lines->lines[i].bound;
	}
	rc = mrg_lane_set(lane, &epoch, 1);
	free(segs);
	return rc;
}

/* The figures that stand for the whole member: of the line that covers most of it. */
static void member_figures(struct mrg_party *party, const struct mrg_line *line)
{
	struct mrg_member *m = party->member;

	if ((uint64_t)line->error >= m->error_ns)
		m->error_ns = (uint64_t)line->error;
	if ((uint64_t)line->bound >= m->bound_ns)
		m->bound_ns = (uint64_t)line->bound;
}

int mrg_party_set_lines(struct mrg_party *party, const struct mrg_lane_lines *lines)
{
	struct mrg_member *m = party->member;
	bool first = true;
	int rc = 0;

	m->error_ns = m->bound_ns = 0;
	for (unsigned int l = 0; rc == 0 && l < party->data->nr_lanes; l++) {
		party->vcpu[l] = lines[l].vcpu;
		if (!lines[l].nr)
			continue;
		rc = lane_set_lines(&m->lanes[l], &party->own, &lines[l]);
		for (size_t i = 0; i < lines[l].nr; i++)
			member_figures(party, &lines[l].lines[i]);
		if (first) {
			m->offset_ns = lines[l].lines[0].offset;
			m->rate_ppb = llround(lines[l].lines[0].rate * 1e9);
		}
		first = false;
	}
	return rc;
}

int mrg_party_set_offset(struct mrg_party *party, int64_t offset)
{
	struct mrg_member *m = party->member;
	struct mrg_line line = { .offset = offset };
	struct mrg_segment seg = segment_of(&party->own, &line);
	struct mrg_epoch epoch = {
		.clock = { .segments = &seg, .nr = 1, .error_ns = UINT64_MAX },
	};
	int rc = 0;

	for (unsigned int l = 0; rc == 0 && l < party->data->nr_lanes; l++)
		rc = mrg_lane_set(&m->lanes[l], &epoch, 1);
	m->offset_ns = offset;
	m->rate_ppb = 0;
	m->error_ns = m->bound_ns = UINT64_MAX;
	return rc;
}

/* ---- the time of day ---- */

int mrg_sync_tod(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	const struct xt_info *a = xt_trace_info(guest->member->trace);
	const struct xt_info *b = xt_trace_info(host->member->trace);
	int64_t from, to;

	if (!mrg_utc_offset(a, &from))
		return rt_err_say(err, -ENODATA,
				  "its clock \"%s\" has no recorded relation to the time of day",
				  a->time.clock);
	if (!mrg_utc_offset(b, &to))
		return rt_err_say(err, -ENODATA,
				  "the clock \"%s\" of %s has no recorded relation to the time of day",
				  b->time.clock, host->member->label);
	/* Two TAI clocks of which only one knows TAI - UTC are alike all the same */
	if (!strcmp(a->time.clock, "tai") && !strcmp(b->time.clock, "tai"))
		from = to = 0;
	return mrg_party_set_offset(guest, from - to);
}

/* ---- the windows ---- */

static struct mrg_hint hint_of(const struct mrg_party *guest, const struct mrg_party *host)
{
	struct mrg_hint hint = { 0 };
	int64_t a, b;

	if (!mrg_utc_offset(xt_trace_info(guest->member->trace), &a) ||
	    !mrg_utc_offset(xt_trace_info(host->member->trace), &b))
		return hint;
	return (struct mrg_hint){ true, a - b - HINT_NS, a - b + HINT_NS };
}

/* The host's vCPUs that no other guest has; ->v borrows. */
static int free_vcpus(const struct mrg_party *host, struct mrg_vcpus *ret, size_t *which)
{
	ret->nr = 0;
	ret->v = malloc((host->vcpus.nr + 1) * sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < host->vcpus.nr; i++)
		if (!host->used[i]) {
			which[ret->nr] = i;
			ret->v[ret->nr++] = host->vcpus.v[i];
		}
	return 0;
}

static int windows(struct mrg_party *guest, struct mrg_party *host, struct mrg_lane_lines *lines,
		   size_t *which)
{
	struct mrg_hint hint = hint_of(guest, host);
	struct mrg_vcpus vcpus;
	int rc = free_vcpus(host, &vcpus, which);

	if (rc < 0)
		return rc;
	rc = mrg_windows(lines, guest->times, guest->data->nr_lanes, &vcpus, &hint);
	free(vcpus.v);
	for (unsigned int l = 0; rc == 0 && l < guest->data->nr_lanes; l++)
		if (lines[l].vcpu != MRG_NO_MATCH)
			lines[l].vcpu = which[lines[l].vcpu];
	return rc;
}

int mrg_sync_windows(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	struct mrg_lane_lines *lines;
	size_t *which;
	int rc = -ENOMEM;

	if (!host->vcpus.nr)
		return rt_err_say(err, -ENODATA, "%s has no kvm_entry and kvm_exit events",
				  host->member->label);
	lines = calloc(guest->data->nr_lanes + 1, sizeof(*lines));
	which = calloc(host->vcpus.nr, sizeof(*which));
	if (lines && which)
		rc = windows(guest, host, lines, which);
	if (rc == 0)
		rc = mrg_party_set_lines(guest, lines);
	for (unsigned int l = 0; lines && l < guest->data->nr_lanes; l++)
		mrg_lane_lines_finish(&lines[l]);
	free(lines);
	free(which);
	if (rc == -ESRCH)
		return rt_err_say(err, rc, "at no offset do its events fit into the windows of %s's"
				  " vCPUs", host->member->label);
	if (rc == -ENODATA)
		return rt_err_say(err, rc, "it has too few events to tell where they fit");
	return rc < 0 ? rt_err_set(err, rc, "cannot find its clock") : 0;
}
