/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-load.c - the chunks of a stream's lanes, out of the files
 *
 * Decompression is most of the work of everything that does not print, so any
 * number of threads load chunks of one lane at a time: each takes a number under
 * the lock, and the merge takes what is loaded in the order of the numbers.  Where
 * there is damage the lane goes on one chunk and one thread at a time, so that
 * what is passed over, and what is said of it, does not depend on the threads.
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

#define LANE_BYTES (2u << 20)	/* loaded ahead of one lane, a goal */

void mrg_lane_start(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	struct xt_chunk chunk;
	size_t share = MRG_AHEAD_BYTES / 2 / (stream->nr_lanes ? stream->nr_lanes : 1);

	lane->nr_chunks = lane->pub.info->nr_chunks;
	lane->at_once = lane->max_loads = 1;
	if (lane->nr_chunks > 0) {
		xt_lane_chunk(lane->trace, lane->pub.lane, 0, &chunk);
		if (chunk.bytes > 0)
			lane->at_once = share / chunk.bytes;
		if (lane->at_once < 1)
			lane->at_once = 1;
		if (lane->at_once > MRG_MAX_AHEAD)
			lane->at_once = MRG_MAX_AHEAD;
		if (chunk.bytes > 0 && LANE_BYTES / chunk.bytes > lane->at_once)
			lane->max_loads = (unsigned int)(LANE_BYTES / chunk.bytes / lane->at_once);
		if (lane->max_loads > MRG_MAX_LOADS)
			lane->max_loads = MRG_MAX_LOADS;
	}
	mrg_lane_map(lane, &lane->clocks->epochs[0].clock);
}

/* As the lane's records are read, so that no chunk is passed over that has one to show. */
static uint64_t time_of(const struct mrg_member *member, unsigned int lane, uint64_t page,
			uint64_t ts)
{
	const struct mrg_lane *clocks = &member->lanes[lane];

	if (clocks->own_time)
		return xt_trace_time(member->trace, lane, ts);
	return mrg_lane_clock_map(mrg_lane_clock_at(clocks, page), ts);
}

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
	/* A header has the earliest time: where a clock was set back, one from behind the step. */
	if (!about.times_known || clocks->nr_epochs > 1) {
		rc = xt_lane_load(member->trace, lane, chunk, 1, &pages, err);
		if (rc < 0)
			return rc;
		about.first_ts = pages->nr ? xt_page_ts(pages->base) : 0;
		xt_pages_put(pages);
	}
	*ret = time_of(member, lane, page, about.first_ts);
	return 0;
}

/*
 * Whether all of a chunk is before the stream's start.  By its end, as what a gap says
 * stands there, and as the sub-buffer behind a gap may begin where the one before it
 * ended; where no header tells it, by the begin of the next chunk.
 */
static bool is_over(const struct mrg_stream *stream, const struct mrg_lane_state *lane,
		    size_t chunk)
{
	struct xt_chunk about;
	uint64_t end;

	xt_lane_chunk(lane->trace, lane->pub.lane, chunk, &about);
	if (about.times_known)
		end = time_of(lane->pub.member, lane->pub.lane, 0, about.last_ts);
	else if (mrg_chunk_begin(lane->pub.member, lane->pub.lane, chunk + 1, &end, NULL) < 0)
		return false;
	return end < stream->from;
}

/* The first chunk that is not over, else the last one; all where a clock was set back. */
static size_t seek(const struct mrg_stream *stream, const struct mrg_lane_state *lane)
{
	size_t lo = 0, hi = lane->nr_chunks - 1, mid;

	if (stream->from == 0 || lane->clocks->nr_epochs > 1)
		return 0;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (is_over(stream, lane, mid))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- which lane ---- */

static bool can_load(const struct mrg_lane_state *lane)
{
	if (lane->done || lane->chunk >= lane->nr_chunks)
		return false;
	if (!lane->sought || lane->chunk < lane->careful_end)
		return lane->nr_running == 0 && mrg_lane_nr_loads(lane) < MRG_MAX_LOADS;
	return mrg_lane_nr_loads(lane) < lane->max_loads;
}

/* Where what the merge goes through is more than the goal, a little is loaded all the same. */
static bool is_full(const struct mrg_stream *stream)
{
	return stream->loaded >= 2 * MRG_AHEAD_BYTES && stream->waiting >= MRG_LEAST_AHEAD;
}

/* The more is loaded, the less of a lane: in the end what the merge cannot begin without. */
static bool is_enough(const struct mrg_stream *stream, const struct mrg_lane_state *lane)
{
	if (mrg_lane_nr_loads(lane) > 0)
		return stream->loaded >= MRG_AHEAD_BYTES / 2;
	return lane->nr_loaded > 0 && is_full(stream);
}

struct mrg_lane_state *mrg_lane_to_load(const struct mrg_stream *stream)
{
	struct mrg_lane_state *best = NULL, *lane = stream->need;
	unsigned int i, nr, best_nr = MRG_MAX_LOADS + 1;

	if (lane && !mrg_lane_ready(lane) && can_load(lane) &&
	    (mrg_lane_nr_loads(lane) == 0 || !is_enough(stream, lane)))
		return lane;
	if (stream->exhausted || (stream->warm && is_full(stream)))
		return NULL;
	for (i = 0; i < stream->nr_lanes; i++) {
		lane = &stream->lanes[i];
		nr = mrg_lane_nr_loads(lane);
		if (nr > best_nr || (nr == best_nr && lane->reached >= best->reached))
			continue;
		if (is_enough(stream, lane) || !can_load(lane))
			continue;
		best = lane;
		best_nr = nr;
	}
	return best;
}

/* ---- loading ---- */

void mrg_lane_drop(struct mrg_stream *stream, struct mrg_lane_state *lane, uint64_t number)
{
	struct mrg_load *load;

	while (lane->next_load > number) {
		load = mrg_lane_slot(lane, --lane->next_load);
		stream->loaded -= mrg_load_bytes(load);
		stream->waiting -= mrg_load_bytes(load);
		xt_pages_put(load->pages);
		*load = (struct mrg_load){ 0 };
	}
}

/*
 * When the last record was: where many lanes end at about the same time, the begin of
 * the last sub-buffer does not tell which of them is needed first.  Without the lock.
 */
static uint64_t last_time(const struct xt_pages *pages, uint16_t lane)
{
	struct xt_cursor cursor;
	struct xt_rec rec;

	if (pages->nr == 0)
		return 0;
	xt_cursor_start(&cursor, pages->base + (size_t)(pages->nr - 1) * pages->page_size,
			pages->page_size, lane);
	while (xt_cursor_next(&cursor, &rec))
		;
	return cursor.ts;
}

/* @last: the time of the last record in @pages, as recorded. */
static int publish(struct mrg_stream *stream, struct mrg_lane_state *lane, struct mrg_load *load,
		   struct xt_pages *pages, uint64_t last, struct rt_err *err)
{
	const struct mrg_lane_clock *clock = mrg_lane_clock_at(lane->clocks, lane->nr_loaded);
	uint64_t reached = mrg_lane_clock_map(clock, last);

	load->ready = true;
	if (pages->nr == 0) {
		xt_pages_put(pages);
		return 0;
	}
	if (reached > lane->reached)
		lane->reached = reached;
	lane->nr_loaded += pages->nr;
	load->pages = pages;
	stream->loaded += mrg_load_bytes(load);
	stream->waiting += mrg_load_bytes(load);
	if (stream->loaded <= MRG_MAX_LOADED)
		return 0;
	return rt_err_say(err, -EFBIG,
			  "chunks of more than %llu bytes would have to be held at once",
			  (unsigned long long)MRG_MAX_LOADED);
}

/* Without the lock. */
static void say_damage(struct mrg_stream *stream, const struct mrg_lane_state *lane,
		       const struct rt_err *why)
{
	const char *path = lane->pub.member->path;
	struct rt_err told = *why;
	size_t len = strlen(path);

	/* Some readers know the name of their file, those of a directory that of the part. */
	if (strncmp(why->text, path, len) != 0 || why->text[len] != ':')
		rt_err_wrap(&told, why->code, "%s", path);
	mrg_stream_warn(stream, told.text);
}

/* One chunk, the only one of its lane under way; damaged ones are passed over with a word. */
static int load_one(struct mrg_stream *stream, struct mrg_lane_state *lane, uint64_t number,
		    struct rt_err *err)
{
	struct mrg_load *load = mrg_lane_slot(lane, number);
	size_t chunk = lane->chunk;
	struct xt_pages *pages;
	struct xt_chunk about;
	struct rt_err why;
	uint64_t last;
	int rc;

	pthread_mutex_unlock(&stream->lock);
	why.text[0] = '\0';
	rc = xt_lane_load(lane->trace, lane->pub.lane, chunk, 1, &pages, &why);
	last = rc == 0 ? last_time(pages, lane->pub.lane) : 0;
	if (mrg_is_damage(rc)) {
		say_damage(stream, lane, &why);
		xt_lane_chunk(lane->trace, lane->pub.lane, chunk, &about);
	}
	pthread_mutex_lock(&stream->lock);
	if (lane->done) {
		if (rc == 0)
			xt_pages_put(pages);
		return 0;
	}
	lane->chunk = rc == -ENODATA ? lane->nr_chunks : chunk + 1;
	if (rc == 0)
		return publish(stream, lane, load, pages, last, err);
	if (!mrg_is_damage(rc))
		return rt_err_say(err, rc, "%s: %s", lane->pub.member->path, why.text);
	load->gap = load->ready = true;
	load->skipped = about.nr_pages;
	lane->nr_loaded += about.nr_pages;
	return 0;
}

static int load_some(struct mrg_stream *stream, struct mrg_lane_state *lane, uint64_t number,
		     struct rt_err *err)
{
	struct mrg_load *load = mrg_lane_slot(lane, number);
	size_t first = lane->chunk, nr = lane->nr_chunks - first;
	uint64_t id = load->id, last;
	struct xt_pages *pages;
	struct rt_err why;
	int rc;

	if (nr > lane->at_once)
		nr = lane->at_once;
	lane->chunk += nr;
	pthread_mutex_unlock(&stream->lock);
	why.text[0] = '\0';
	rc = xt_lane_load(lane->trace, lane->pub.lane, first, nr, &pages, &why);
	last = rc == 0 ? last_time(pages, lane->pub.lane) : 0;
	pthread_mutex_lock(&stream->lock);
	if (load->id != id) {
		if (rc == 0)
			xt_pages_put(pages);
		return 0;
	}
	if (rc == 0)
		return publish(stream, lane, load, pages, last, err);
	if (!mrg_is_damage(rc) && rc != -EFBIG)
		return rt_err_say(err, rc, "%s: %s", lane->pub.member->path, why.text);
	mrg_lane_drop(stream, lane, number);
	lane->chunk = first;
	lane->careful_end = first + nr;
	return 0;
}

void mrg_lane_load(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	uint64_t number = lane->next_load++;
	struct rt_err err = { 0 };
	size_t chunk;
	int rc;

	*mrg_lane_slot(lane, number) = (struct mrg_load){ .id = ++stream->load_ids };
	lane->nr_running++;
	if (!lane->sought) {
		pthread_mutex_unlock(&stream->lock);
		chunk = seek(stream, lane);
		pthread_mutex_lock(&stream->lock);
		lane->chunk = chunk;
		lane->sought = true;
	}
	rc = lane->done ? 0 : lane->chunk < lane->careful_end ?
	     load_one(stream, lane, number, &err) : load_some(stream, lane, number, &err);
	lane->nr_running--;
	if (rc < 0 && !stream->stop) {
		stream->err = err;
		mrg_stream_end(stream, rc);
	}
	pthread_cond_broadcast(&stream->changed);
}
