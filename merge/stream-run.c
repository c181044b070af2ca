/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-run.c - the threads of the ordered stream
 *
 * All threads are alike.  Each takes, whenever it is free, what is most urgent:
 * the merge of the next window (and then its formatting), or the loading of the
 * lane that the merge will need first.  A formatted window is put down under its
 * ticket; whoever finds the next ticket there writes it.
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

void mrg_job_hold(struct mrg_job *job, struct xt_pages *pages, size_t bytes)
{
	job->held[job->nr_held++] = pages;
	job->held_bytes += bytes;
}

static void job_clear(struct mrg_job *job)
{
	while (job->nr_held > 0)
		xt_pages_put(job->held[--job->nr_held]);
	job->held_bytes = 0;
	job->window.nr = job->window.nr_marked = 0;
	job->window.carry = job->window.carried = 0;
	job->window.last = false;
	job->window.out.len = job->window.notes.len = 0;
}

static int job_init(struct mrg_job *job)
{
	job->items = calloc(MRG_WINDOW_ITEMS, sizeof(*job->items));
	job->marked = calloc(MRG_WINDOW_ITEMS, sizeof(*job->marked));
	job->held = calloc(MRG_MAX_HELD, sizeof(struct xt_pages *));
	job->window.items = job->items;
	job->window.marked = job->marked;
	return job->items && job->marked && job->held ? 0 : -ENOMEM;
}

static void job_finish(struct mrg_job *job)
{
	if (job->held)
		job_clear(job);
	free(job->items);
	free(job->marked);
	free(job->held);
	rt_buf_finish(&job->window.out);
	rt_buf_finish(&job->window.notes);
}

void mrg_jobs_destroy(struct mrg_stream *stream)
{
	unsigned int i;

	for (i = 0; stream->jobs && i < stream->nr_jobs; i++)
		job_finish(&stream->jobs[i]);
	free(stream->jobs);
	free(stream->ready);
	stream->jobs = NULL;
	stream->ready = NULL;
	stream->free_jobs = NULL;
}

int mrg_jobs_create(struct mrg_stream *stream, struct rt_err *err)
{
	unsigned int i;
	int rc = 0;

	stream->nr_jobs = stream->nr_threads + 4;
	stream->jobs = calloc(stream->nr_jobs, sizeof(*stream->jobs));
	stream->ready = calloc(stream->nr_jobs, sizeof(struct mrg_job *));
	if (!stream->jobs || !stream->ready)
		return rt_err_set(err, -ENOMEM, "cannot prepare %u windows", stream->nr_jobs);
	for (i = 0; i < stream->nr_jobs && rc == 0; i++) {
		rc = job_init(&stream->jobs[i]);
		stream->jobs[i].next_free = stream->free_jobs;
		stream->free_jobs = &stream->jobs[i];
	}
	return rc < 0 ? rt_err_set(err, rc, "cannot prepare %u windows", stream->nr_jobs) : 0;
}

/* ---- what a free thread does; all with the lock held at entry and exit ---- */

void mrg_stream_end(struct mrg_stream *stream, int rc)
{
	if (!stream->stop)
		stream->rc = rc;
	stream->stop = true;
	pthread_cond_broadcast(&stream->changed);
}

static void write_ready(struct mrg_stream *stream)
{
	struct mrg_job *job;
	int rc = 0;

	stream->writing = true;
	while (!stream->stop) {
		job = stream->ready[stream->next_write % stream->nr_jobs];
		if (!job)
			break;
		pthread_mutex_unlock(&stream->lock);
		if (stream->sink->write)
			rc = stream->sink->write(stream->sink->arg, &job->window);
		job_clear(job);
		pthread_mutex_lock(&stream->lock);
		stream->ready[stream->next_write++ % stream->nr_jobs] = NULL;
		job->next_free = stream->free_jobs;
		stream->free_jobs = job;
		if (rc != 0)
			mrg_stream_end(stream, rc);
		pthread_cond_broadcast(&stream->changed);
	}
	stream->writing = false;
}

static bool may_merge(const struct mrg_stream *stream)
{
	const struct mrg_lane_state *need = stream->need;

	if (stream->busy || stream->exhausted || (!stream->filling && !stream->free_jobs))
		return false;
	return !need || mrg_lane_ready(need) || mrg_lane_empty(need);
}

static void finish_window(struct mrg_stream *stream, struct mrg_job *job)
{
	int rc = 0;

	job->window.first = stream->given;
	job->window.final = stream->ended;
	stream->window_size = MRG_WINDOW_ITEMS;
	if (stream->sink->observe)
		rc = stream->sink->observe(stream->sink->arg, &job->window);
	if (job->window.last)
		stream->ended = true;
	if (job->window.carry > 0 && !stream->ended)
		mrg_merge_carry(stream, job);
	stream->given += job->window.nr;
	pthread_mutex_lock(&stream->lock);
	stream->filling = NULL;
	if (rc != 0)
		mrg_stream_end(stream, rc);
	pthread_mutex_unlock(&stream->lock);
}

static void merge_one(struct mrg_stream *stream, unsigned int worker)
{
	struct mrg_job *job;
	bool complete;

	stream->busy = true;
	if (!stream->filling) {
		stream->filling = stream->free_jobs;
		stream->free_jobs = stream->filling->next_free;
		stream->filling->ticket = stream->tickets++;
	}
	job = stream->filling;
	pthread_mutex_unlock(&stream->lock);
	complete = mrg_merge_fill(stream);
	if (complete)
		finish_window(stream, job);
	pthread_mutex_lock(&stream->lock);
	stream->busy = false;
	stream->need = stream->stalled;
	stream->warm = stream->primed;
	stream->exhausted = stream->ended;
	pthread_cond_broadcast(&stream->changed);
	if (!complete)
		return;
	pthread_mutex_unlock(&stream->lock);
	job->window.worker = worker;
	if (stream->sink->format)
		stream->sink->format(stream->sink->arg, &job->window);
	pthread_mutex_lock(&stream->lock);
	stream->ready[job->ticket % stream->nr_jobs] = job;
}

static bool all_written(const struct mrg_stream *stream)
{
	return stream->exhausted && !stream->busy && stream->next_write == stream->tickets;
}

static void *work(void *arg)
{
	struct mrg_stream *stream = arg;
	struct mrg_lane_state *lane;
	unsigned int worker;

	pthread_mutex_lock(&stream->lock);
	worker = stream->workers++;
	while (!stream->stop && !all_written(stream)) {
		if (!stream->writing && stream->ready[stream->next_write % stream->nr_jobs]) {
			write_ready(stream);
			continue;
		}
		if (may_merge(stream)) {
			merge_one(stream, worker);
			continue;
		}
		lane = mrg_lane_to_load(stream);
		if (lane)
			mrg_lane_load(stream, lane);
		else
			pthread_cond_wait(&stream->changed, &stream->lock);
	}
	pthread_cond_broadcast(&stream->changed);
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

int mrg_stream_run(struct mrg_stream *stream, struct rt_err *err)
{
	pthread_t threads[MRG_MAX_THREADS];
	unsigned int i, nr = 0;

	for (i = 1; i < stream->nr_threads; i++) {
		if (pthread_create(&threads[nr], NULL, work, stream) == 0)
			nr++;
	}
	work(stream);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	if (stream->rc < 0 && err && stream->err.code)
		*err = stream->err;
	return stream->rc;
}
