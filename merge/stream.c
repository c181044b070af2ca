/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.c - the ordered stream: which lanes it has, how many threads, where to
 * begin for the last events
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/err.h"

#define SMALL_BYTES (2u << 20)	/* traces up to here are read by one thread */

static bool wanted(const struct mrg_stream_opts *opts, const struct mrg_stream_lane *lane)
{
	return lane->info->nr_chunks > 0 && (!opts->want_lane ||
					     opts->want_lane(opts->want_arg, lane));
}

static void add_lane(struct mrg_stream *stream, size_t m, unsigned int l)
{
	const struct mrg_member *member = &stream->set->members[m];
	struct mrg_lane_state *lane = &stream->lanes[stream->nr_lanes];

	lane->pub.member = member;
	lane->pub.info = xt_trace_lane(member->trace, l);
	lane->pub.member_index = (uint16_t)m;
	lane->pub.lane = (uint16_t)l;
	lane->number = (uint16_t)stream->nr_lanes;
	lane->trace = member->trace;
	lane->clocks = &member->lanes[l];
	if (stream->opts->actions && stream->opts->actions[m]) {
		lane->actions = stream->opts->actions[m];
		lane->nr_actions = stream->opts->nr_actions[m];
	}
	if (wanted(stream->opts, &lane->pub))
		stream->nr_lanes++;
	else
		memset(lane, 0, sizeof(*lane));
}

/* Of equal times those of further buffers come last, as trace-cmd report has them. */
static void add_lanes_of(struct mrg_stream *stream, bool further_buffers)
{
	const struct xt_trace *trace;
	unsigned int l;
	size_t m;

	for (m = 0; m < stream->set->nr; m++) {
		trace = stream->set->members[m].trace;
		for (l = 0; l < xt_trace_nr_lanes(trace); l++) {
			if (further_buffers == (xt_trace_lane(trace, l)->buffer[0] != '\0'))
				add_lane(stream, m, l);
		}
	}
}

static int add_lanes(struct mrg_stream *stream, struct rt_err *err)
{
	size_t m, nr = 0;

	for (m = 0; m < stream->set->nr; m++)
		nr += xt_trace_nr_lanes(stream->set->members[m].trace);
	if (nr > UINT16_MAX)
		return rt_err_say(err, -E2BIG, "%zu ring buffers in all traces together; at most "
				  "%u can be merged", nr, UINT16_MAX);
	stream->lanes = calloc(nr + 1, sizeof(*stream->lanes));
	if (!stream->lanes)
		return rt_err_set(err, -ENOMEM, "cannot merge %zu lanes", nr);
	add_lanes_of(stream, false);
	add_lanes_of(stream, true);
	return 0;
}

/* All raw bytes, counted no further than @enough. */
static uint64_t total_bytes(const struct mrg_stream *stream, uint64_t enough)
{
	const struct mrg_lane_state *lane;
	struct xt_chunk chunk;
	uint64_t bytes = 0;
	unsigned int i;
	size_t c;

	for (i = 0; i < stream->nr_lanes; i++) {
		lane = &stream->lanes[i];
		for (c = 0; c < lane->nr_chunks && bytes < enough; c++) {
			xt_lane_chunk(lane->trace, lane->pub.lane, c, &chunk);
			bytes += chunk.bytes;
		}
	}
	return bytes;
}

static unsigned int choose_threads(const struct mrg_stream *stream)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int nr = stream->opts->threads;

	if (nr == 0 && total_bytes(stream, SMALL_BYTES) < SMALL_BYTES)
		nr = 1;
	if (nr == 0)
		nr = online < 1 ? 1 : online > MRG_DEFAULT_THREADS ? MRG_DEFAULT_THREADS :
			(unsigned int)online;
	return nr < MRG_MAX_THREADS ? nr : MRG_MAX_THREADS;
}

int mrg_stream_create(struct mrg_stream **ret, const struct mrg_set *set,
		      const struct mrg_stream_opts *opts, const struct mrg_sink *sink,
		      struct rt_err *err)
{
	struct mrg_stream *stream;
	unsigned int i;
	int rc;

	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return rt_err_set(err, -ENOMEM, "cannot prepare a stream");
	pthread_mutex_init(&stream->lock, NULL);
	pthread_cond_init(&stream->changed, NULL);
	stream->set = set;
	stream->opts = opts;
	stream->sink = sink;
	stream->from = opts->from;
	stream->to = opts->to;
	stream->given = opts->first;
	rc = add_lanes(stream, err);
	if (rc < 0)
		goto err_destroy;
	for (i = 0; i < stream->nr_lanes; i++)
		mrg_lane_start(stream, &stream->lanes[i]);
	stream->nr_threads = choose_threads(stream);
	rc = mrg_merge_start(stream, err);
	if (rc == 0)
		rc = mrg_jobs_create(stream, err);
	if (rc < 0)
		goto err_destroy;
	*ret = stream;
	return 0;

err_destroy:
	mrg_stream_destroy(stream);
	return rc;
}

void mrg_stream_destroy(struct mrg_stream *stream)
{
	unsigned int i;

	if (!stream)
		return;
	mrg_jobs_destroy(stream);
	mrg_merge_finish(stream);
	for (i = 0; i < stream->nr_lanes; i++)
		mrg_lane_finish(&stream->lanes[i]);
	free(stream->lanes);
	pthread_cond_destroy(&stream->changed);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

unsigned int mrg_stream_nr_lanes(const struct mrg_stream *stream)
{
	return stream->nr_lanes;
}

const struct mrg_stream_lane *mrg_stream_lane(const struct mrg_stream *stream, unsigned int lane)
{
	return &stream->lanes[lane].pub;
}

unsigned int mrg_stream_threads(const struct mrg_stream *stream)
{
	return stream->nr_threads;
}

void mrg_stream_warn(struct mrg_stream *stream, const char *text)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->nr_warnings < MRG_MAX_WARNINGS && stream->sink->warn) {
		if (++stream->nr_warnings == MRG_MAX_WARNINGS)
			text = "more is damaged: further warnings are left out";
		stream->sink->warn(stream->sink->arg, text);
	}
	pthread_mutex_unlock(&stream->lock);
}

/* ---- times of a whole set ---- */

int mrg_set_tail(const struct mrg_set *set, size_t chunks, uint64_t *ret, struct rt_err *err)
{
	const struct mrg_member *member;
	uint64_t from = 0, first;
	unsigned int l;
	size_t m, nr;
	int rc;

	for (m = 0; m < set->nr; m++) {
		member = &set->members[m];
		for (l = 0; l < xt_trace_nr_lanes(member->trace); l++) {
			nr = xt_trace_lane(member->trace, l)->nr_chunks;
			if (chunks >= nr)
				continue;
			rc = mrg_chunk_begin(member, l, nr - chunks, &first, err);
			if (rc < 0 && !mrg_is_damage(rc))
				return rc;
			if (rc == 0 && first > from)
				from = first;
		}
	}
	*ret = from;
	return 0;
}

int mrg_set_begin(const struct mrg_set *set, uint64_t *ret, struct rt_err *err)
{
	const struct mrg_member *member;
	uint64_t begin = UINT64_MAX, first;
	unsigned int l;
	size_t m;
	int rc;

	for (m = 0; m < set->nr; m++) {
		member = &set->members[m];
		for (l = 0; l < xt_trace_nr_lanes(member->trace); l++) {
			if (xt_trace_lane(member->trace, l)->nr_chunks == 0)
				continue;
			rc = mrg_chunk_begin(member, l, 0, &first, err);
			if (rc < 0 && !mrg_is_damage(rc))
				return rc;
			if (rc == 0 && first < begin)
				begin = first;
		}
	}
	*ret = begin == UINT64_MAX ? 0 : begin;
	return 0;
}
