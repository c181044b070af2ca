/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-lane.c - one lane of the stream: from its loaded chunks to its next
 * record that passes the filters
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"

void mrg_lane_map(struct mrg_lane_state *lane, const struct mrg_lane_clock *clock)
{
	const struct mrg_segment *seg = clock->segments;
	struct mrg_map *map = &lane->map;

	map->clock = clock;
	map->hint = 0;
	map->own = lane->clocks->own_time ? lane->trace : NULL;
	map->lane = lane->pub.lane;
	map->simple = clock->nr == 1 && seg->mult == MRG_RATE_ONE && !map->own;
	map->delta = (int64_t)(seg->out0 - seg->in0);
	map->min_ts = map->delta < 0 ? -(uint64_t)map->delta : 0;
}

static uint64_t map_segments(struct mrg_map *map, uint64_t ts)
{
	const struct mrg_lane_clock *clock = map->clock;
	size_t i = map->hint;

	if (map->own)
		return xt_trace_time(map->own, map->lane, ts);
	while (i > 0 && ts < clock->segments[i].in0)
		i--;
	while (i + 1 < clock->nr && ts >= clock->segments[i + 1].in0)
		i++;
	map->hint = i;
	return mrg_segment_map(&clock->segments[i], ts);
}

static inline uint64_t lane_time(struct mrg_map *map, uint64_t ts)
{
	if (map->simple && ts >= map->min_ts && ts <= INT64_MAX)
		return ts + (uint64_t)map->delta;
	return map_segments(map, ts);
}

void mrg_lane_finish(struct mrg_lane_state *lane)
{
	unsigned int i;

	for (i = 0; i < MRG_MAX_LOADS; i++)
		xt_pages_put(lane->loads[i].pages);
	xt_pages_put(lane->pages);
	lane->pages = NULL;
}

/*
 * Windows point into what items were given of: the reference goes to the one that is
 * filled, which is written last of them.
 */
static void leave_pages(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	size_t bytes;

	if (!lane->pages)
		return;
	bytes = (size_t)lane->pages->nr * lane->pages->page_size;
	stream->loaded -= bytes;
	if (lane->given)
		mrg_job_hold(stream->filling, lane->pages, bytes);
	else
		xt_pages_put(lane->pages);
	lane->given = false;
	lane->pages = NULL;
}

/* Return: whether there were any; not yet, or no more, when there were none. */
static bool take_pages(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	struct mrg_load *load;

	while (!lane->pages && mrg_lane_ready(lane)) {
		load = mrg_lane_slot(lane, lane->first_load++);
		lane->gap |= load->gap;
		lane->page_nr += load->skipped;
		lane->page = 0;
		lane->pages = load->pages;
		stream->waiting -= mrg_load_bytes(load);
		*load = (struct mrg_load){ 0 };
	}
	return lane->pages;
}

static enum mrg_next next_run(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	enum mrg_next next = MRG_NEXT_ITEM;

	pthread_mutex_lock(&stream->lock);
	leave_pages(stream, lane);
	if (take_pages(stream, lane))
		pthread_cond_broadcast(&stream->changed);
	else
		next = mrg_lane_empty(lane) ? MRG_NEXT_END : MRG_NEXT_LOAD;
	pthread_mutex_unlock(&stream->lock);
	return next;
}

/* Nothing of the lane is wanted any more. */
static void end_lane(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	pthread_mutex_lock(&stream->lock);
	leave_pages(stream, lane);
	mrg_lane_drop(stream, lane, lane->first_load);
	lane->done = true;
	pthread_mutex_unlock(&stream->lock);
}

/* What a sub-buffer's own lengths made unreadable is said, and marked as lost. */
static void leave_page(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	char text[512];

	lane->open = false;
	if (!lane->cursor.torn)
		return;
	lane->cursor.torn = false;
	lane->gap = true;
	snprintf(text, sizeof(text), "%s: cpu%u: sub-buffer %llu is damaged, its rest is not shown",
		 lane->pub.member->path, lane->pub.info->cpu,
		 (unsigned long long)lane->page_nr - 1);
	mrg_stream_warn(stream, text);
}

static enum mrg_next next_page(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	const uint8_t *page;
	enum mrg_next next;

	if (!lane->pages || lane->page == lane->pages->nr) {
		next = next_run(stream, lane);
		if (next != MRG_NEXT_ITEM)
			return next;
	}
	page = lane->pages->base + (size_t)lane->page * lane->pages->page_size;
	if (lane->clocks->nr_epochs > 1)
		mrg_lane_map(lane, mrg_lane_clock_at(lane->clocks, lane->page_nr));
	else if (stream->to != UINT64_MAX && lane_time(&lane->map, xt_page_ts(page)) > stream->to)
		return MRG_NEXT_END;
	xt_cursor_start(&lane->cursor, page, lane->pages->page_size, lane->pub.lane);
	lane->page++;
	lane->page_nr++;
	if (lane->gap) {	/* a lost mark of our own, where the next record stands */
		lane->after_lost = (struct xt_rec){ .ts = lane->cursor.ts, .flags = XT_REC_LOST };
		lane->have_after_lost = true;
		lane->gap = false;
	}
	return MRG_NEXT_ITEM;
}

/* A lost mark stands where the record behind it stands. */
static void take_lost(struct mrg_lane_state *lane, struct xt_rec *rec)
{
	if (!xt_cursor_next(&lane->cursor, &lane->after_lost))
		return;
	lane->have_after_lost = true;
	rec->ts = lane->after_lost.ts;
}

/* Return: true when the record passes and stands in *@head. */
static inline bool take(struct mrg_stream *stream, struct mrg_lane_state *lane,
			struct xt_rec *rec, struct mrg_item *head)
{
	unsigned int action = MRG_SHOW;

	head->lane = lane->number;
	head->flags = 0;
	if (rec->flags & XT_REC_LOST) {
		take_lost(lane, rec);
		head->flags = (uint16_t)(MRG_ITEM_LOST |
					 (rec->flags & XT_REC_LOST_WHY) << MRG_ITEM_WHY_SHIFT);
	} else {
		action = mrg_lane_action(lane, rec->size >= 2 ? xt_rec_type(rec) : 0);
		if (!action)
			return false;
	}
	head->time = lane_time(&lane->map, rec->ts);
	if (head->time < stream->from || head->time > stream->to)
		return false;
	head->data = rec->data;
	head->size = rec->size;
	if (stream->sink->match && (action & MRG_SHOW) &&
	    !stream->sink->match(stream->sink->arg, head))
		action &= ~(unsigned int)MRG_SHOW;
	if (!(action & MRG_SHOW))
		head->flags |= MRG_ITEM_HIDDEN;
	if (action & MRG_MARK)
		head->flags |= MRG_ITEM_MARKED;
	return action != 0;
}

static bool next_rec(struct mrg_lane_state *lane, struct xt_rec *rec)
{
	if (lane->have_after_lost) {
		lane->have_after_lost = false;
		*rec = lane->after_lost;
		return true;
	}
	return lane->open && xt_cursor_next(&lane->cursor, rec);
}

/* Whether anything but the id and the task of a usual record must be looked at. */
static inline bool must_take(const struct mrg_stream_opts *opts,
			     const struct mrg_lane_state *lane, const uint8_t *data)
{
	struct { uint16_t id, rest; int pid; } common;
	unsigned int action;

	memcpy(&common, data, sizeof(common));
	action = mrg_lane_action(lane, common.id);
	if (action != MRG_SHOW || !opts->has_pids)
		return action;
	return common.pid >= opts->first_pid && common.pid <= opts->last_pid;
}

/* Passes over records of which nobody wants to know, as long as they are usual ones. */
static void pass_over(const struct mrg_stream_opts *opts, struct mrg_lane_state *lane)
{
	const uint8_t *p = lane->cursor.p, *end = lane->cursor.end;
	uint64_t ts = lane->cursor.ts;
	uint32_t head, words;

	while (end - p >= 12) {
		memcpy(&head, p, sizeof(head));
		words = head & 31;
		if (words - 2 > 26 || 4 + 4 * words > (size_t)(end - p) ||
		    must_take(opts, lane, p + 4))
			break;
		ts += head >> 5;
		p += 4 + 4 * words;
	}
	lane->cursor.p = p;
	lane->cursor.ts = ts;
}

/* Whether nothing but a usual record's id decides what becomes of it. */
static bool by_id_alone(const struct mrg_stream *stream, const struct mrg_lane_state *lane)
{
	return lane->open && !lane->have_after_lost && lane->map.simple &&
	       !stream->sink->match && stream->from == 0 && stream->to == UINT64_MAX;
}

void mrg_lane_count(struct mrg_stream *stream, struct mrg_lane_state *lane,
		    struct mrg_tally *tally)
{
	const uint8_t *p = lane->cursor.p, *end = lane->cursor.end;
	uint64_t ts = lane->cursor.ts, first = 0, nr = 0;
	uint32_t head, words;
	uint16_t id;

	if (!by_id_alone(stream, lane))
		return;
	while (end - p >= 8) {
		memcpy(&head, p, sizeof(head));
		words = head & 31;
		memcpy(&id, p + 4, sizeof(id));
		if (words - 1 > 27 || 4 + 4 * words > (size_t)(end - p) ||
		    !(mrg_lane_action(lane, id) & MRG_SHOW))
			break;
		ts += head >> 5;
		p += 4 + 4 * words;
		first = nr++ ? first : ts;
		tally->by_id[id < tally->nr_ids ? id : tally->nr_ids - 1]++;
	}
	lane->cursor.p = p;
	lane->cursor.ts = ts;
	if (nr > 0)
		mrg_tally_add(tally, nr, lane_time(&lane->map, first), lane_time(&lane->map, ts));
}

/* Of usual records up to the next one that is not, or not wanted; as take() does. */
static void take_usual(const struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	static const uint16_t flags[] = {
		[MRG_MARK] = MRG_ITEM_MARKED | MRG_ITEM_HIDDEN,
		[MRG_MARK | MRG_SHOW] = MRG_ITEM_MARKED,
	};
	struct mrg_item *item = &lane->ahead[lane->nr], *full = &lane->ahead[MRG_BATCH];
	const uint8_t *p = lane->cursor.p, *end = lane->cursor.end, *actions = lane->actions;
	uint64_t ts = lane->cursor.ts, delta = (uint64_t)lane->map.delta;
	unsigned int nr_actions = lane->nr_actions, action;
	uint16_t number = lane->number;
	uint32_t head, size;
	uint16_t id;

	if (!by_id_alone(stream, lane) || ts < lane->map.min_ts || ts > INT64_MAX / 2)
		return;
	for (; item < full && end - p >= 8; item++) {
		memcpy(&head, p, sizeof(head));
		size = 4 * (head & 31);
		memcpy(&id, p + 4, sizeof(id));
		action = id < nr_actions ? actions[id] : MRG_SHOW;
		if (size - 4 > 4 * 27 || size > (size_t)(end - p) - 4 || !action)
			break;
		ts += head >> 5;
		*item = (struct mrg_item){ .time = ts + delta, .data = p + 4, .size = size,
					   .lane = number,
					   .flags = flags[action] };
		p += 4 + size;
	}
	lane->cursor.p = p;
	lane->cursor.ts = ts;
	lane->nr = (uint16_t)(item - lane->ahead);
}

/*
 * Some records in one go: from one lane to the next the processor must wait for
 * the match that is played between them, within a lane it need not.
 */
enum mrg_next mrg_lane_read(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	struct xt_rec rec;
	enum mrg_next next;

	lane->at = lane->nr = 0;
	for (;;) {
		take_usual(stream, lane);
		while (lane->nr < MRG_BATCH && next_rec(lane, &rec)) {
			if (take(stream, lane, &rec, &lane->ahead[lane->nr]))
				lane->nr++;
			else if (!lane->have_after_lost)
				pass_over(stream->opts, lane);
		}
		if (lane->nr == MRG_BATCH)
			return MRG_NEXT_ITEM;
		if (lane->open)
			leave_page(stream, lane);
		/* What was read points into ->pages, which stay until it is used up. */
		if (lane->nr > 0 && lane->page == lane->pages->nr)
			return MRG_NEXT_ITEM;
		next = next_page(stream, lane);
		if (next != MRG_NEXT_ITEM && lane->nr > 0)
			return MRG_NEXT_ITEM;
		if (next == MRG_NEXT_END)
			end_lane(stream, lane);
		if (next != MRG_NEXT_ITEM)
			return next;
		lane->open = true;
	}
}
