/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-cycles.c - ns of a trace that counts cycles and does not say how long one is
 *
 * trace-cmd in a guest has no TSC2NSEC from the kernel.  But each expiry of an
 * hrtimer is an event that says the time in ns beside its time stamp.
 */
#include "merge/sync-cycles.h"

#include <errno.h>
#include <stdlib.h>

#include "merge/array.h"
#include "xtrace/xtrace.h"

#define MAX_TICKS (1u << 20)
#define FEW_TICKS 8

struct scan {
	const struct xt_trace *trace;
	const struct xt_event *event;
	const struct xt_field *timer, *now;
	struct mrg_tick *ticks;
	size_t nr, room;
};

static int scan_page(struct scan *s, unsigned int lane, const uint8_t *page, uint32_t size)
{
	struct xt_cursor cursor;
	struct xt_rec rec;

	xt_cursor_start(&cursor, page, size, (uint16_t)lane);
	while (xt_cursor_next(&cursor, &rec) && s->nr < MAX_TICKS) {
		struct mrg_tick tick = { .ts = rec.ts, .lane = lane };

		if ((rec.flags & XT_REC_LOST) || rec.size < s->event->min_size ||
		    xt_rec_type(&rec) != s->event->id)
			continue;
		tick.timer = xt_field_u64(s->timer, &rec);
		tick.now = xt_field_i64(s->now, &rec);
		if (!MRG_PUSH(s->ticks, s->nr, s->room, tick))
			return -ENOMEM;
	}
	return 0;
}

static int scan_lane(struct scan *s, unsigned int lane)
{
	size_t nr = xt_trace_lane(s->trace, lane)->nr_chunks;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < nr && s->nr < MAX_TICKS; i++) {
		struct xt_pages *pages;

		if (xt_lane_load(s->trace, lane, i, 1, &pages, NULL) < 0)
			continue;
		for (uint32_t p = 0; rc == 0 && p < pages->nr; p++)
			rc = scan_page(s, lane, pages->base + (size_t)p * pages->page_size,
				       pages->page_size);
		xt_pages_put(pages);
	}
	return rc;
}

/* By lane, timer and time. */
static int compare(const void *a, const void *b)
{
	const struct mrg_tick *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	if (x->timer != y->timer)
		return x->timer < y->timer ? -1 : 1;
	return x->ts < y->ts ? -1 : x->ts > y->ts;
}

/* Of ticks [from, to) the one that came with the least delay, if a cycle takes @ns. */
static size_t promptest(const struct mrg_tick *ticks, size_t from, size_t to, double ns)
{
	size_t best = from;
	double least = 0;

	for (size_t i = from; i < to; i++) {
		double late = (double)(ticks[i].ts - ticks[0].ts) * ns -
			      (double)(ticks[i].now - ticks[0].now);

		if (i == from || late < least) {
			least = late;
			best = i;
		}
	}
	return best;
}

bool mrg_cycles_fit(struct mrg_segment *ret, const struct mrg_tick *ticks, size_t nr)
{
	size_t a = 0, z = nr - 1;
	double ns = 0;

	if (nr < FEW_TICKS)
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		if (ticks[z].ts <= ticks[a].ts || ticks[z].now <= ticks[a].now)
			return false;
		ns = (double)(ticks[z].now - ticks[a].now) / (double)(ticks[z].ts - ticks[a].ts);
		a = promptest(ticks, 0, nr / 3, ns);
		z = promptest(ticks, nr - nr / 3, nr, ns);
	}
	if (ns >= 1 || ticks[a].now < 0)
		return false;
	*ret = (struct mrg_segment){
		.in0 = ticks[a].ts, .out0 = (uint64_t)ticks[a].now,
		.mult = (uint64_t)(ns * (double)MRG_RATE_ONE),
	};
	return true;
}

/* The timer that was seen over the longest time. */
static bool longest(struct mrg_segment *ret, const struct mrg_tick *ticks, size_t nr)
{
	size_t best = 0, best_nr = 0;
	uint64_t most = 0;

	for (size_t i = 0, n; i < nr; i += n) {
		for (n = 1; i + n < nr && ticks[i + n].lane == ticks[i].lane &&
		     ticks[i + n].timer == ticks[i].timer; n++)
			;
		if (n < FEW_TICKS || ticks[i + n - 1].ts - ticks[i].ts <= most)
			continue;
		most = ticks[i + n - 1].ts - ticks[i].ts;
		best = i;
		best_nr = n;
	}
	return best_nr && mrg_cycles_fit(ret, ticks + best, best_nr);
}

bool mrg_cycles_own(struct mrg_segment *ret, const struct xt_trace *trace)
{
	struct scan s = {
		.trace = trace,
		.event = xt_trace_event_by_name(trace, "timer", "hrtimer_expire_entry"),
	};
	bool ok = true;

	if (!s.event)
		return false;
	s.timer = xt_event_field(s.event, "hrtimer");
	s.now = xt_event_field(s.event, "now");
	if (!s.timer || !s.now)
		return false;
	for (unsigned int l = 0; ok && l < xt_trace_nr_lanes(trace); l++)
		ok = scan_lane(&s, l) == 0;
	if (ok && s.nr) {
		qsort(s.ticks, s.nr, sizeof(*s.ticks), compare);
		ok = longest(ret, s.ticks, s.nr);
	} else {
		ok = false;
	}
	free(s.ticks);
	return ok;
}
