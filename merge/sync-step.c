/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-step.c - the sub-buffer in which a clock was set back
 *
 * The kernel has no negative delta: the first event behind the step gets the time
 * of the one before it, and all that follow up to the end of the sub-buffer lag
 * by the silence that was there.  Times that are equal mark the step; the lag is
 * what puts the events into windows before the next sub-buffer's begin.  Where that
 * event came while another was being written, the kernel writes its time as it is,
 * and the sub-buffer's times go back: what is less than its first is behind the step.
 */
#include "merge/sync-step.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "merge/array.h"

struct list {
	struct mrg_span *v;
	size_t nr, room;
};

int64_t mrg_lines_map(const struct mrg_lane_lines *lines, int64_t t)
{
	size_t i = lines->nr - 1;

	while (i > 0 && t < lines->lines[i].from)
		i--;
	return t + lines->lines[i].offset +
	       llround(lines->lines[i].rate * (double)(t - lines->lines[i].at));
}

/* The only event at the time of the one before it; 0: none, several, or times that go back. */
static size_t find_step(const struct mrg_step *step)
{
	size_t found = 0;

	for (size_t i = step->from + 1; i < step->to; i++) {
		if (step->t[i] < step->t[i - 1])
			return 0;
		if (step->t[i] != step->t[i - 1])
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

/* Of the offsets in @from those that put an event at @t into a span. */
static int filter(struct list *to, const struct list *from, const struct mrg_vcpu *v, int64_t t)
{
	to->nr = 0;
	for (size_t i = 0; i < from->nr; i++) {
		const struct mrg_span *d = &from->v[i];

		for (size_t s = mrg_span_search(v->spans, v->nr, t + d->start);
		     s < v->nr && v->spans[s].start <= t + d->end; s++) {
			struct mrg_span in = { v->spans[s].start - t, v->spans[s].end - t };

			in.start = in.start > d->start ? in.start : d->start;
			in.end = in.end < d->end ? in.end : d->end;
			if (in.start <= in.end && !MRG_PUSH(to->v, to->nr, to->room, in))
				return -ENOMEM;
		}
	}
	return 0;
}

/* The offsets in [lo, hi] at which all events from @first on fit. */
static int offsets(struct list *ret, const struct mrg_step *step, size_t first, int64_t lo,
		   int64_t hi)
{
	struct list now = { 0 }, next = { 0 }, swap;
	struct mrg_span all = { lo, hi };
	int rc = MRG_PUSH(now.v, now.nr, now.room, all) ? 0 : -ENOMEM;

	for (size_t i = first + 1; rc == 0 && i < step->to && now.nr; i++) {
		rc = filter(&next, &now, step->v, step->t[i]);
		swap = now;
		now = next;
		next = swap;
	}
	free(next.v);
	*ret = now;
	return rc;
}

static int add_line(struct mrg_lane_lines *lines, const struct mrg_line *line)
{
	struct mrg_line *more = realloc(lines->lines, (lines->nr + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[lines->nr++] = *line;
	lines->lines = more;
	return 0;
}

int mrg_step_line(struct mrg_lane_lines *lines, const struct mrg_step *step)
{
	struct mrg_line line = lines->lines[lines->nr - 1];
	size_t at = find_step(step);
	struct list fit;
	int64_t lo, hi;
	int rc;

	if (!at || at + 1 >= step->to || line.from > step->t[at])
		return 0;
	lo = mrg_lines_map(lines, step->t[at]) - step->t[at] - line.bound;
	hi = step->until - step->t[step->to - 1];
	if (hi < lo)
		return 0;
	rc = offsets(&fit, step, at, lo, hi);
	if (rc == 0 && fit.nr) {
		line.from = line.at = step->t[at] + 1;
		line.offset = fit.v[0].start + (fit.v[0].end - fit.v[0].start) / 2;
		line.rate = 0;
		line.error = (fit.v[0].end - fit.v[0].start + 1) / 2;
		line.bound = fit.v[fit.nr - 1].end - line.offset;
		line.bound = line.bound > line.error ? line.bound : line.error;
		rc = add_line(lines, &line);
	}
	free(fit.v);
	return rc;
}

/* Where the times of a step's sub-buffer go back to what is less than its first; 0: nowhere. */
static size_t find_turn(const struct mrg_lane_data *data, size_t step)
{
	size_t from = data->set_back_from[step], to = data->set_back[step], turn = from + 1, i;

	while (turn < to && data->times[turn] >= data->times[turn - 1])
		turn++;
	for (i = turn; i < to && data->times[i] < data->times[from]; i++)
		;
	return turn < to && i == to ? turn : 0;
}

int mrg_step_clock(struct mrg_lane_clock *ret, const struct mrg_lane_data *data, size_t step,
		   const struct mrg_lane_clock *before, const struct mrg_lane_clock *behind)
{
	uint64_t first = data->times[data->set_back_from[step]], turn;
	size_t from = before->nr - 1, at = find_turn(data, step), nr = 1;
	struct mrg_segment *segs;

	if (!at)
		return -ESRCH;
	turn = data->times[at];
	segs = malloc((before->nr + 1) * sizeof(*segs));
	if (!segs)
		return -ENOMEM;
	while (from > 0 && first < before->segments[from].in0)
		from--;
	segs[0] = behind->segments[0];
	segs[0].in0 = turn;
	segs[0].out0 = mrg_segment_map(&behind->segments[0], turn);
	for (size_t i = from; i < before->nr; i++)
		segs[nr++] = before->segments[i];
	segs[1].in0 = first;
	segs[1].out0 = mrg_segment_map(&before->segments[from], first);
	*ret = (struct mrg_lane_clock){ .segments = segs, .nr = nr };
	ret->error_ns = before->error_ns > behind->error_ns ? before->error_ns : behind->error_ns;
	return 0;
}
