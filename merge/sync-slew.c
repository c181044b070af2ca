/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-slew.c - a clock that goes on, but at a rate nobody knows
 *
 * chrony slews by up to a twelfth, so behind the last event that the old lines fit
 * the offset is known and the rate is not: within some ms an event may be in any
 * of several windows.  Each of them is followed as a branch of its own, with the
 * polygon of the lines that it leaves; a wrong one soon has events that no line puts
 * into a window.
 */
#include "merge/sync.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"

#define HORIZON_NS 2000000000ll	/* what is not certain by then is not found */
#define LONG_NS 20000000
#define MAX_EVENTS 50000
#define MAX_STEPS 2000000	/* branches times events */
#define MAX_OUT 2		/* events that fit nowhere, and the branch is followed still */
#define SURE_BITS 48		/* beyond what as many branches may have by chance */

struct event {
	int64_t t;
	unsigned int lane;
	double bits;		/* how unlikely a wrong line puts it into a window as well */
};

struct branch {
	struct mrg_poly poly;
	size_t next;		/* event */
	unsigned int out;
};

struct search {
	const struct mrg_place *from;
	const struct mrg_times *lanes;
	unsigned int nr;
	const struct mrg_vcpus *vcpus;
	const struct mrg_limits *limits;
	struct event *events;
	size_t nr_events, events_room, goal;
	struct branch *todo;
	size_t nr_todo, todo_room;
	struct mrg_place *ret;
	size_t nr_ret;
};

/* ---- the events, in the order in which they are looked at ---- */

static int forward(const void *a, const void *b)
{
	int64_t x = ((const struct event *)a)->t, y = ((const struct event *)b)->t;

	return x < y ? -1 : x > y;
}

static int backward(const void *a, const void *b)
{
	return forward(b, a);
}

static const struct mrg_vcpu *vcpu_of(const struct search *f, unsigned int lane)
{
	size_t v = f->from->vcpu[lane];

	return v == MRG_NO_MATCH ? NULL : &f->vcpus->v[v];
}

static int collect(struct search *f, int64_t to)
{
	int64_t at = f->from->at, lo = to < at ? to : at, hi = to < at ? at : to;

	lo = lo < at - HORIZON_NS ? at - HORIZON_NS : lo;
	hi = hi > at + HORIZON_NS ? at + HORIZON_NS : hi;
	for (unsigned int l = 0; l < f->nr; l++) {
		const struct mrg_times *lane = &f->lanes[l];
		size_t first = mrg_times_from(lane, lo), end = mrg_times_from(lane, hi + 1);

		if (!vcpu_of(f, l))
			continue;
		if (end - first > MAX_EVENTS && to < at)
			first = end - MAX_EVENTS;
		for (size_t i = first; i < end && i - first < MAX_EVENTS; i++) {
			struct event e = { .t = lane->t[i], .lane = l };

			if (!MRG_PUSH(f->events, f->nr_events, f->events_room, e))
				return -ENOMEM;
		}
	}
	if (f->nr_events)
		qsort(f->events, f->nr_events, sizeof(*f->events), to < at ? backward : forward);
	return 0;
}

/* The share of the time that @v may have run in [from, to], and the mean of its spans there. */
static double open_share(const struct mrg_vcpu *v, int64_t from, int64_t to, int64_t *ret_mean)
{
	size_t first = mrg_span_search(v->spans, v->nr, from), i = first;
	int64_t open = 0;

	for (; i < v->nr && v->spans[i].start < to; i++) {
		int64_t start = v->spans[i].start > from ? v->spans[i].start : from;
		int64_t end = v->spans[i].end < to ? v->spans[i].end : to;

		open += end > start ? end - start : 0;
	}
	*ret_mean = open / (int64_t)(i - first + 1);
	return (double)open / (double)(to - from + 1);
}

/* Events of one window count once: those that follow one that counts by more than its mean. */
static void weigh(struct search *f, unsigned int lane)
{
	const struct mrg_vcpu *v = vcpu_of(f, lane);
	int64_t a = f->events[0].t, b = f->events[f->nr_events - 1].t, mean, last = 0;
	int64_t offset = f->from->lo + (f->from->hi - f->from->lo) / 2;
	double share = open_share(v, (a < b ? a : b) + offset, (a < b ? b : a) + offset, &mean);
	bool any = false;

	for (size_t i = 0; i < f->nr_events && share > 0 && share < 1; i++) {
		struct event *e = &f->events[i];

		if (e->lane != lane || (any && llabs(e->t - last) <= mean))
			continue;
		e->bits = -log2(share);
		last = e->t;
		any = true;
	}
}

/* The number of events that make a line certain; 0: there are not enough. */
static size_t enough(const struct search *f)
{
	double bits = 0;

	for (size_t i = 0; i < f->nr_events; i++) {
		bits += f->events[i].bits;
		if (bits >= SURE_BITS && llabs(f->events[i].t - f->from->at) >= LONG_NS)
			return i + 1;
	}
	return bits >= SURE_BITS ? f->nr_events : 0;
}

/* ---- branches ---- */

static bool push(struct search *f, const struct branch *b)
{
	return MRG_PUSH(f->todo, f->nr_todo, f->todo_room, *b);
}

/* One branch for each window that some line of @b puts its next event into. */
static int fork_at(struct search *f, const struct branch *b)
{
	const struct event *e = &f->events[b->next];
	const struct mrg_vcpu *v = vcpu_of(f, e->lane);
	int64_t lo, hi, noise = f->limits->noise;
	size_t before = f->nr_todo, last;

	mrg_poly_range(&b->poly, e->t, &lo, &hi);
	last = mrg_span_search(v->spans, v->nr, e->t + hi + noise);
	for (size_t s = mrg_span_search(v->spans, v->nr, e->t + lo); s <= last; s++) {
		struct branch next = *b;

		next.next++;
		if (v->spans[s].end + noise < e->t + lo ||
		    !mrg_poly_clip(&next.poly, e->t, v->spans[s].start - e->t - noise, false) ||
		    !mrg_poly_clip(&next.poly, e->t, v->spans[s].end - e->t + noise, true))
			continue;
		if (!push(f, &next))
			return -ENOMEM;
	}
	if (f->nr_todo == before && b->out < MAX_OUT) {
		struct branch next = *b;

		next.next++;
		next.out++;
		return push(f, &next) ? 0 : -ENOMEM;
	}
	return 0;
}

/* A branch that came as far as it takes to be certain. */
static int survivor(struct search *f, const struct branch *b)
{
	struct mrg_place p = { .at = f->from->at, .from = f->from->at, .to = f->from->at };
	int64_t end = f->events[f->goal - 1].t;

	if (f->nr_ret == MRG_MAX_PLACES)
		return -ESRCH;
	p.at += (end - p.at) / 2;
	mrg_poly_range(&b->poly, p.at, &p.lo, &p.hi);
	p.rate_lo = p.rate_hi = b->poly.r[0];
	for (unsigned int i = 1; i < b->poly.nr; i++) {
		p.rate_lo = fmin(p.rate_lo, b->poly.r[i]);
		p.rate_hi = fmax(p.rate_hi, b->poly.r[i]);
	}
	p.vcpu = malloc((f->nr + 1) * sizeof(*p.vcpu));
	if (!p.vcpu)
		return -ENOMEM;
	memcpy(p.vcpu, f->from->vcpu, f->nr * sizeof(*p.vcpu));
	f->ret[f->nr_ret++] = p;
	return 0;
}

static int follow(struct search *f)
{
	struct branch b = { 0 };
	int rc;

	mrg_poly_box(&b.poly, f->from->at, f->from->lo, f->from->hi, -f->limits->rate,
		     f->limits->rate);
	rc = push(f, &b) ? 0 : -ENOMEM;
	for (size_t steps = 0; rc == 0 && f->nr_todo; steps++) {
		b = f->todo[--f->nr_todo];
		rc = steps > MAX_STEPS ? -ESRCH : b.next >= f->goal ? survivor(f, &b)
								     : fork_at(f, &b);
	}
	return rc;
}

int mrg_slew_find(struct mrg_place *ret, size_t *ret_nr, const struct mrg_place *from,
		  const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus,
		  const struct mrg_limits *limits, int64_t to)
{
	struct search f = {
		.from = from, .lanes = lanes, .nr = nr, .vcpus = vcpus, .limits = limits,
		.ret = ret,
	};
	int rc = collect(&f, to);

	for (unsigned int l = 0; rc == 0 && f.nr_events && l < nr; l++)
		if (vcpu_of(&f, l))
			weigh(&f, l);
	f.goal = rc == 0 ? enough(&f) : 0;
	if (f.goal)
		rc = follow(&f);
	if (rc == 0 && !f.nr_ret)
		rc = -ESRCH;
	for (size_t i = 0; rc < 0 && i < f.nr_ret; i++)
		mrg_place_finish(&ret[i]);
	free(f.events);
	free(f.todo);
	if (rc == 0)
		*ret_nr = f.nr_ret;
	return rc;
}
