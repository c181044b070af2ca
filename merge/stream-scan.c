/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-scan.c - all records of a stream without their order
 *
 * Each thread takes a lane that nobody has, loads its next chunks and visits
 * what is in them.
 */
#include "merge/stream-internal.h"

#include "lib/err.h"

struct scan {
	struct mrg_stream *stream;
	void (*visit)(void *arg, const struct mrg_item *item);
	void *arg;
};

static void scan_pages(struct scan *scan, struct mrg_lane_state *lane)
{
	unsigned int i;

	while (mrg_lane_read(scan->stream, lane) == MRG_NEXT_ITEM) {
		for (i = 0; i < lane->nr; i++)
			scan->visit(scan->arg, &lane->ahead[i]);
	}
}

static struct mrg_lane_state *lane_to_scan(const struct mrg_stream *stream)
{
	unsigned int i;

	for (i = 0; i < stream->nr_lanes; i++) {
		struct mrg_lane_state *lane = &stream->lanes[i];

		if (!lane->loading && !lane->done && lane->chunk < lane->nr_chunks)
			return lane;
	}
	return NULL;
}

static void *scan_work(void *arg)
{
	struct scan *scan = arg;
	struct mrg_stream *stream = scan->stream;
	struct mrg_lane_state *lane;
	struct rt_err err = { 0 };
	int rc;

	pthread_mutex_lock(&stream->lock);
	while (!stream->stop) {
		lane = lane_to_scan(stream);
		if (!lane)
			break;
		lane->loading = true;
		pthread_mutex_unlock(&stream->lock);
		rc = mrg_lane_load(stream, lane, &err);
		if (rc == 0)
			scan_pages(scan, lane);
		pthread_mutex_lock(&stream->lock);
		lane->loading = false;
		if (rc < 0) {
			stream->err = err;
			stream->rc = rc;
			stream->stop = true;
		}
	}
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

int mrg_stream_scan(struct mrg_stream *stream,
		    void (*visit)(void *arg, const struct mrg_item *item), void *arg,
		    struct rt_err *err)
{
	struct scan scan = { .stream = stream, .visit = visit, .arg = arg };
	pthread_t threads[MRG_MAX_THREADS];
	unsigned int i, nr = 0;

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
