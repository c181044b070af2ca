/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-lane.c - one lane of the ordered stream: from its chunks in the file to
 * its next record that passes the filters
 *
 * Loading (any thread) and reading (the merge) meet in ->queue, under the
 * stream's lock.
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"

static void lane_map(struct mrg_lane_state *lane, const struct mrg_lane_clock *clock)
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

void mrg_lane_start(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	struct xt_chunk chunk;
	size_t share = MRG_AHEAD_BYTES / 2 / (stream->nr_lanes ? stream->nr_lanes : 1);

	lane->nr_chunks = lane->pub.info->nr_chunks;
	lane->at_once = 1;
	if (lane->nr_chunks > 0) {
		xt_lane_chunk(lane->trace, lane->pub.lane, 0, &chunk);
		if (chunk.bytes > 0)
			lane->at_once = share / chunk.bytes;
	}
	if (lane->at_once < 1)
		lane->at_once = 1;
	if (lane->at_once > MRG_MAX_AHEAD)
		lane->at_once = MRG_MAX_AHEAD;
	lane_map(lane, &lane->clocks->epochs[0].clock);
}

void mrg_lane_finish(struct mrg_lane_state *lane)
{
	xt_pages_put(lane->queue);
	xt_pages_put(lane->pages);
	lane->queue = lane->pages = NULL;
}

/* ---- loading ---- */

int mrg_chunk_begin(const struct mrg_member *member, unsigned int lane, size_t chunk,
		   uint64_t *ret, struct rt_err *err)
{
	const struct mrg_lane *clocks = &member->lanes[lane];
	struct xt_pages *pages;
	struct xt_chunk about;
	uint64_t page = 0;
	size_t i;
	int rc;

	for (i = 0; clocks->nr_epochs > 1 && i < chunk; i++) {
		xt_lane_chunk(member->trace, lane, i, &about);
		page += about.nr_pages;
	}
	xt_lane_chunk(member->trace, lane, chunk, &about);
	if (!about.times_known) {
		rc = xt_lane_load(member->trace, lane, chunk, 1, &pages, err);
		if (rc < 0)
			return rc;
		about.first_ts = pages->nr ? xt_page_ts(pages->base) : 0;
		xt_pages_put(pages);
	}
	*ret = mrg_lane_clock_map(mrg_lane_clock_at(clocks, page), about.first_ts);
	return 0;
}

/* The last chunk that begins before the stream's start; all where a clock was set back. */
static void seek(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	size_t lo = 0, hi = lane->nr_chunks, mid;
	uint64_t first;

	if (stream->from == 0 || lane->clocks->nr_epochs > 1)
		return;
	while (hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (mrg_chunk_begin(lane->pub.member, lane->pub.lane, mid, &first, NULL) < 0)
			break;
		if (first < stream->from)
			lo = mid;
		else
			hi = mid;
	}
	lane->chunk = lo;
}

/* Passes a damaged chunk over, with a word about it. */
static void skip_damaged(struct mrg_stream *stream, struct mrg_lane_state *lane,
			 const struct rt_err *why)
{
	const char *path = lane->pub.member->path;
	struct xt_chunk chunk;
	struct rt_err told = *why;
	size_t len = strlen(path);

	/* Some readers know the name of their file, those of a directory that of the part. */
	if (strncmp(why->text, path, len) != 0 || why->text[len] != ':')
		rt_err_wrap(&told, why->code, "%s", path);
	mrg_stream_warn(stream, told.text);
	xt_lane_chunk(lane->trace, lane->pub.lane, lane->chunk, &chunk);
	lane->chunk_page += chunk.nr_pages;
	lane->chunk++;
	lane->queue_gap = true;
}

static int publish(struct mrg_stream *stream, struct mrg_lane_state *lane,
		   struct xt_pages *pages, size_t nr, struct rt_err *err)
{
	const struct mrg_lane_clock *clock = mrg_lane_clock_at(lane->clocks, lane->chunk_page);
	const uint8_t *last = pages->base + (size_t)(pages->nr - 1) * pages->page_size;
	uint64_t loaded;

	pthread_mutex_lock(&stream->lock);
	lane->queue_page = lane->chunk_page;
	lane->chunk_page += pages->nr;
	lane->chunk += nr;
	lane->reached = mrg_lane_clock_map(clock, xt_page_ts(last));
	if (lane->done) {
		xt_pages_put(pages);
	} else {
		lane->queue = pages;
		stream->loaded += (size_t)pages->nr * pages->page_size;
	}
	loaded = stream->loaded;
	pthread_mutex_unlock(&stream->lock);
	if (loaded <= MRG_MAX_LOADED)
		return 0;
	return rt_err_say(err, -EFBIG,
			  "chunks of more than %llu bytes would have to be held at once",
			  (unsigned long long)MRG_MAX_LOADED);
}

int mrg_lane_load(struct mrg_stream *stream, struct mrg_lane_state *lane, struct rt_err *err)
{
	struct xt_pages *pages;
	struct rt_err why;
	size_t nr = lane->at_once;
	int rc;

	if (!lane->sought)
		seek(stream, lane);
	lane->sought = true;
	while (lane->chunk < lane->nr_chunks) {
		if (nr > lane->nr_chunks - lane->chunk)
			nr = lane->nr_chunks - lane->chunk;
		why.text[0] = '\0';
		rc = xt_lane_load(lane->trace, lane->pub.lane, lane->chunk, nr, &pages, &why);
		if (rc == 0 && pages->nr > 0)
			return publish(stream, lane, pages, nr, err);
		if (rc == 0) {
			xt_pages_put(pages);
			lane->chunk += nr;
		} else if (nr > 1 && (mrg_is_damage(rc) || rc == -EFBIG)) {
			nr = 1;
		} else if (mrg_is_damage(rc)) {
			skip_damaged(stream, lane, &why);
			if (rc == -ENODATA)
				lane->chunk = lane->nr_chunks;
		} else {
			return rt_err_say(err, rc, "%s: %s", lane->pub.member->path, why.text);
		}
	}
	return 0;
}

/* ---- reading ---- */

static void leave_pages(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	size_t bytes;

	if (!lane->pages)
		return;
	bytes = (size_t)lane->pages->nr * lane->pages->page_size;
	if (stream->filling && lane->held_for == stream->filling->ticket + 1)
		stream->filling->retired += bytes;
	lane->held_for = 0;
	xt_pages_put(lane->pages);
	lane->pages = NULL;
	stream->loaded -= bytes;
}

static enum mrg_next next_run(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	enum mrg_next next = MRG_NEXT_ITEM;

	pthread_mutex_lock(&stream->lock);
	leave_pages(stream, lane);
	if (lane->queue) {
		lane->pages = lane->queue;
		lane->page_nr = lane->queue_page;
		lane->page = 0;
		lane->gap |= lane->queue_gap;
		lane->queue = NULL;
		lane->queue_gap = false;
		pthread_cond_broadcast(&stream->changed);
	} else {
		next = mrg_lane_empty(lane) ? MRG_NEXT_END : MRG_NEXT_LOAD;
	}
	pthread_mutex_unlock(&stream->lock);
	return next;
}

/* Nothing of the lane is wanted any more. */
static void end_lane(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	pthread_mutex_lock(&stream->lock);
	leave_pages(stream, lane);
	if (lane->queue)
		stream->loaded -= (size_t)lane->queue->nr * lane->queue->page_size;
	xt_pages_put(lane->queue);
	lane->queue = NULL;
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
		lane_map(lane, mrg_lane_clock_at(lane->clocks, lane->page_nr));
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
		head->flags = MRG_ITEM_LOST;
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
		while (lane->nr < MRG_BATCH && next_rec(lane, &rec))
			lane->nr += take(stream, lane, &rec, &lane->ahead[lane->nr]);
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
