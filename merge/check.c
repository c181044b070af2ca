/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - count what breaks the law, and by how much
 */
#include "merge/check.h"

#include "merge/sync.h"

/* Both sides' times are rounded to whole ns, converted clocks twice. */
#define ROUNDING_NS 3
#define SAMPLES 2000	/* events a lane that decide which vCPU it is */

static int64_t clamp(uint64_t t)
{
	return t > (uint64_t)MRG_TIME_MAX ? MRG_TIME_MAX : (int64_t)t;
}

/* The epoch of the lane's @i-th time, from the set-backs before it. */
static const struct mrg_lane_clock *clock_of(const struct mrg_lane_data *data,
					     const struct mrg_lane *lane, size_t run)
{
	return mrg_lane_clock_at(lane, run ? data->set_back_page[run - 1] : 0);
}

static bool in_unknown(const struct mrg_vcpu *v, int64_t t, size_t *hint)
{
	*hint = mrg_span_at(v->unknown, v->nr_unknown, t, *hint);
	return v->unknown[*hint].start <= t && t <= v->unknown[*hint].end;
}

/*
 * In the sub-buffer in which the clock was set back the kernel lost the silence
 * before the step: times behind it are too early by what nobody knows.
 */
static bool times_known(const struct mrg_lane_data *data, size_t run, size_t i)
{
	return run >= data->nr_set_backs || i < data->set_back_from[run];
}

static void outside(struct mrg_check *check, const struct mrg_vcpu *v, size_t s, int64_t t)
{
	uint64_t by = (uint64_t)(t - v->spans[s].end);

	if (s + 1 < v->nr && (uint64_t)(v->spans[s + 1].start - t) < by)
		by = (uint64_t)(v->spans[s + 1].start - t);
	if (by <= ROUNDING_NS)
		return;
	check->violations++;
	if (by > check->worst_ns)
		check->worst_ns = by;
}

void mrg_check_lane(struct mrg_check *check, const struct mrg_lane_data *data,
		    const struct mrg_lane *lane, const struct mrg_vcpu *v)
{
	const struct mrg_lane_clock *clock = clock_of(data, lane, 0);
	size_t s = 0, u = 0, run = 0;

	check->done = true;
	for (size_t i = 0; i < data->nr_times; i++) {
		int64_t t;

		while (run < data->nr_set_backs && i >= data->set_back[run])
			clock = clock_of(data, lane, ++run);
		t = clamp(mrg_lane_clock_map(clock, data->times[i]));
		s = mrg_span_at(v->spans, v->nr, t, s);
		if (t > v->spans[s].end && times_known(data, run, i)) {
			outside(check, v, s, t);
			check->checked++;
		} else if (t > v->spans[s].end) {
			check->unknown++;
		} else if (in_unknown(v, t, &u)) {
			check->unknown++;
		} else {
			check->checked++;
		}
	}
}

/* ---- which vCPU is which lane ---- */

/* How many of a lane's sampled events lie in windows, in thousandths of what is known. */
static unsigned int share(const struct mrg_lane_data *data, const struct mrg_lane *lane,
			  const struct mrg_vcpu *v)
{
	size_t step = data->nr_times / SAMPLES + 1, inside = 0, known = 0, u = 0, run = 0;

	for (size_t i = 0; i < data->nr_times; i += step) {
		int64_t t;

		while (run < data->nr_set_backs && i >= data->set_back[run])
			run++;
		t = clamp(mrg_lane_clock_map(clock_of(data, lane, run), data->times[i]));
		if (in_unknown(v, t, &u))
			continue;
		known++;
		inside += t <= v->spans[mrg_span_search(v->spans, v->nr, t)].end;
	}
	return known ? (unsigned int)(inside * 1000 / known) : 0;
}

/* By another CPU of the lanes before @lane: a CPU has a lane in each buffer of its trace. */
static bool taken(const struct mrg_data *data, const size_t *map, unsigned int lane, size_t vcpu)
{
	for (unsigned int l = 0; l < lane; l++)
		if (map[l] != MRG_NO_MATCH && (map[l] == vcpu) !=
		    (data->lanes[l].cpu == data->lanes[lane].cpu))
			return true;
	return false;
}

static size_t best_vcpu(const struct mrg_data *data, const struct mrg_lane *lane, unsigned int l,
			const struct mrg_vcpus *vcpus, const size_t *map)
{
	unsigned int best = 0;
	size_t found = MRG_NO_MATCH;

	for (size_t v = 0; v < vcpus->nr; v++) {
		unsigned int part;

		if (taken(data, map, l, v))
			continue;
		part = share(&data->lanes[l], lane, &vcpus->v[v]);
		if (part > best ||
		    (part == best && part && vcpus->v[v].vcpu == data->lanes[l].cpu)) {
			best = part;
			found = v;
		}
	}
	return found;
}

void mrg_check_map(size_t *ret, const struct mrg_data *data, const struct mrg_lane *lanes,
		   const struct mrg_vcpus *vcpus)
{
	for (unsigned int l = 0; l < data->nr_lanes; l++)
		ret[l] = data->lanes[l].nr_times ?
			 best_vcpu(data, &lanes[l], l, vcpus, ret) : MRG_NO_MATCH;
}
