/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.c - a trace's own clock: as a segment, and against UTC
 */
#include "merge/clock.h"

#include <string.h>

#include "xtrace/xtrace.h"

/* Segments start at 0 and negative offsets must not: move up by whole steps, so nothing rounds. */
static void move_up_to_zero(struct mrg_segment *seg, uint32_t mult, uint32_t shift, int64_t offset)
{
	uint64_t steps, missing = -(uint64_t)offset;

	if (shift > 32)
		return;
	steps = missing / mult + 1;
	seg->in0 = steps << shift;
	seg->out0 = steps * mult - missing;
}

/* A multiplier that does not fit would count more than 65536 ns a tick: no such clock. */
static bool can_convert(const struct xt_timebase *time)
{
	return time->convert && time->shift <= 48 && time->mult != 0 &&
	       (uint64_t)time->mult <= UINT64_MAX >> (48 - time->shift);
}

void mrg_segment_own(struct mrg_segment *ret, const struct xt_timebase *time)
{
	uint32_t mult = 1, shift = 0;

	if (can_convert(time)) {
		mult = time->mult;
		shift = time->shift;
	}
	*ret = (struct mrg_segment){ .mult = (uint64_t)mult << (48 - shift) };
	if (time->offset < 0)
		move_up_to_zero(ret, mult, shift, time->offset);
	else
		ret->out0 = (uint64_t)time->offset;
}

uint64_t mrg_segment_unmap(const struct mrg_segment *seg, int64_t t)
{
	__int128 d = (__int128)t - (__int128)seg->out0;
	__int128 scaled = d << 48, raw;

	raw = scaled / (__int128)seg->mult;
	if (raw * (__int128)seg->mult < scaled)
		raw++;
	raw += seg->in0;
	return raw < 0 ? 0 : raw > UINT64_MAX ? UINT64_MAX : (uint64_t)raw;
}

static uint64_t own_ns(const struct xt_timebase *time, uint64_t ts)
{
	struct mrg_segment seg;

	mrg_segment_own(&seg, time);
	return mrg_segment_map(&seg, ts);
}

/* TAI - UTC is whole seconds; the two readings of a sample are some ns apart. */
static int64_t whole_seconds(int64_t ns)
{
	const int64_t second = 1000000000;

	return (ns + (ns < 0 ? -second / 2 : second / 2)) / second * second;
}

bool mrg_utc_offset(const struct xt_info *info, int64_t *ret)
{
	const struct xt_clock_sample *s = info->nr_samples ? info->samples : NULL;

	if (!strcmp(info->time.clock, "tai")) {
		*ret = s ? whole_seconds(s->real_ns - s->tai_ns)
			 : -info->time.tai_offset_s * 1000000000ll;
		return true;
	}
	if (!s)
		return false;
	if (!strcmp(info->time.clock, "mono"))
		*ret = (int64_t)(s->real_ns - s->mono_ns);
	else if (!strcmp(info->time.clock, "boot"))
		*ret = (int64_t)(s->real_ns - s->boot_ns);
	else if (!strcmp(info->time.clock, "x86-tsc") && info->time.convert)
		*ret = (int64_t)(s->real_ns - own_ns(&info->time, s->tsc));
	else
		return false;
	return true;
}

bool mrg_counts_ns(const struct xt_timebase *time)
{
	static const char *const ticks[] = { "x86-tsc", "counter", "uptime" };

	if (time->is_ns || time->convert)
		return true;
	for (size_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++)
		if (!strcmp(time->clock, ticks[i]))
			return false;
	return true;
}
