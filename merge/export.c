/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export.c - a member of a set as a trace.dat: its clock becomes TIME_SHIFT, its ids those
 * by which trace-cmd finds a guest's host
 */
#include "merge/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* The trace's own offset is added to what comes of it. */
static struct xt_shift_sample sample_at(const struct mrg_lane_clock *clock,
					const struct xt_info *info, uint64_t ts)
{
	int64_t offset = (int64_t)(mrg_lane_clock_map(clock, ts) - ts);

	return (struct xt_shift_sample){
		.time = ts, .offset = offset - info->time.offset, .scaling = 1,
	};
}

/*
 * Between two samples the offset changes steadily, as the clock does between the ends of a
 * segment; the last one also holds behind them.
 */
static int shift_of(struct xt_cpu_shift *ret, const struct mrg_lane_clock *clock,
		    const struct xt_info *info)
{
	struct xt_shift_sample *samples = calloc(2 * clock->nr + 2, sizeof(*samples));
	uint64_t last = info->last_ts > info->first_ts ? info->last_ts : info->first_ts + 1;
	size_t nr = 0;

	if (!samples)
		return -ENOMEM;
	samples[nr++] = sample_at(clock, info, info->first_ts);
	for (size_t i = 1; i < clock->nr; i++) {
		uint64_t at = clock->segments[i].in0;

		if (at <= samples[nr - 1].time + 1 || at >= last)
			continue;
		samples[nr++] = sample_at(clock, info, at - 1);
		samples[nr++] = sample_at(clock, info, at);
	}
	if (last > samples[nr - 1].time)
		samples[nr++] = sample_at(clock, info, last);
	*ret = (struct xt_cpu_shift){ .samples = samples, .nr = nr };
	return 0;
}

/* A trace.dat may have brought what it needs. */
static void take_own(struct xt_export_opts *opts, const struct xt_info *info)
{
	opts->peer_id = info->peer_id;
	opts->shifts = info->shifts;
	opts->nr_shifts = info->nr_shifts;
	opts->shift_slopes = info->shift_slopes;
}

static bool can_be_shifted(const struct mrg_member *member)
{
	const struct xt_info *info = xt_trace_info(member->trace);

	if (member->host < 0 || info->time.convert || !info->time.is_ns || !info->last_ts)
		return false;
	for (unsigned int l = 0; l < xt_trace_nr_lanes(member->trace); l++)
		if (member->lanes[l].nr_epochs != 1)
			return false;
	return true;
}

/* ->nr of them, by CPU number; one without a lane has the clock of another. */
static int shifts_of(const struct mrg_member *member, struct xt_cpu_shift *shifts, size_t nr)
{
	const struct xt_info *info = xt_trace_info(member->trace);
	const struct mrg_lane_clock *clock;
	int rc = 0;

	for (size_t cpu = 0; cpu < nr && rc == 0; cpu++) {
		clock = &member->lanes[0].epochs[0].clock;
		for (unsigned int l = 0; l < xt_trace_nr_lanes(member->trace); l++)
			if (xt_trace_lane(member->trace, l)->cpu == cpu)
				clock = &member->lanes[l].epochs[0].clock;
		rc = shift_of(&shifts[cpu], clock, info);
	}
	return rc;
}

/* ---- a host's guests ---- */

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
	struct xt_vcpu *vcpus = calloc(count_lanes(set) + 1, sizeof(*vcpus));
	int rc = shifts && vcpus ? 0 : -ENOMEM;

	if (rc == 0) {
		opts->trace_id = id_of(set, index);
		opts->vcpus = vcpus;
		opts->nr_vcpus = vcpus_of(set, index, vcpus);
		take_own(opts, info);
	}
	if (rc == 0 && can_be_shifted(member)) {
		opts->peer_id = id_of(set, (size_t)member->host);
		opts->shifts = shifts;
		opts->nr_shifts = nr_cpus;
		opts->shift_slopes = true;
		rc = shifts_of(member, shifts, nr_cpus);
	}
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
