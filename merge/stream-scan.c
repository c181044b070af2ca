/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-scan.c - all records of a stream without their order
 *
 * A thread that is free goes through a lane of which something is loaded and where
 * no other is; when there is none it loads.
 */
#include "merge/stream-internal.h"

#include "lib/err.h"

struct scan {
	struct mrg_stream *stream;
	void (*visit)(void *arg, const struct mrg_item *item);
	void *arg;
	struct mrg_tally *tallies;
};

static void scan_pages(struct scan *scan, struct mrg_lane_state *lane)
{
	enum mrg_next next;
	unsigned int i;

	do {
		if (scan->tallies)
			mrg_lane_count(scan->stream, lane, &scan->tallies[lane->number]);
		next = mrg_lane_read(scan->stream, lane);
		for (i = 0; next == MRG_NEXT_ITEM && i < lane->nr; i++)
			scan->visit(scan->arg, &lane->ahead[i]);
	} while (next == MRG_NEXT_ITEM);
}

static struct mrg_lane_state *lane_to_scan(const struct mrg_stream *stream)
{
	unsigned int i;

	for (i = 0; i < stream->nr_lanes; i++) {
		if (mrg_lane_ready(&stream->lanes[i]) && !stream->lanes[i].scanned)
			return &stream->lanes[i];
	}
	return NULL;
}

/* With the lock held at entry and exit. */
static void scan_lane(struct scan *scan, struct mrg_lane_state *lane)
{
	struct mrg_stream *stream = scan->stream;

	lane->scanned = true;
	pthread_mutex_unlock(&stream->lock);
	scan_pages(scan, lane);
	pthread_mutex_lock(&stream->lock);
	lane->scanned = false;
	pthread_cond_broadcast(&stream->changed);
}

static bool is_busy(const struct mrg_stream *stream)
{
	unsigned int i;

	for (i = 0; i < stream->nr_lanes; i++) {
		if (stream->lanes[i].scanned || stream->lanes[i].nr_running > 0)
			return true;
	}
	return false;
}

static void *scan_work(void *arg)
{
	struct scan *scan = arg;
	struct mrg_stream *stream = scan->stream;
	struct mrg_lane_state *lane;

	pthread_mutex_lock(&stream->lock);
	while (!stream->stop) {
		lane = lane_to_scan(stream);
		if (lane) {
			scan_lane(scan, lane);
			continue;
		}
		lane = mrg_lane_to_load(stream);
		if (lane)
			mrg_lane_load(stream, lane);
		else if (is_busy(stream))
			pthread_cond_wait(&stream->changed, &stream->lock);
		else
			break;
	}
	pthread_cond_broadcast(&stream->changed);
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

int mrg_stream_scan(struct mrg_stream *stream,
		    void (*visit)(void *arg, const struct mrg_item *item), void *arg,
		    struct mrg_tally *tallies, struct rt_err *err)
{
	struct scan scan = {
		.stream = stream, .visit = visit, .arg = arg, .tallies = tallies,
	};
	pthread_t threads[MRG_MAX_THREADS];
	unsigned int i, nr = 0;

	stream->warm = true;
	for (i = 1; i < stream->nr_threads; i++) {
		if (pthread_create(&threads[nr], NULL, scan_work, &scan) == 0)
			nr++;
	}
	scan_work(&scan);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	if (stream->rc < 0 && err)
		*err = stream->err;
	return stream->rc;
}
