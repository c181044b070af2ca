/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.c - an open trace: which backend reads it, and plain look-ups in what
 * the backend found
 */
#include "xtrace/xtrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "xtrace/local.h"

static struct xt_late *late_create(void)
{
	struct xt_late *late = calloc(1, sizeof(*late));

	if (late)
		pthread_mutex_init(&late->lock, NULL);
	return late;
}

struct xt_trace *xt_trace_new(void)
{
	struct xt_trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	trace->info = (struct xt_info){
		.path = "", .kind = "", .host = "", .release = "", .session = "", .mode = "",
		.command = "", .machine_id = "", .boot_id = "",
		.cpu_model = "", .config_hash = "",
	};
	trace->pool = xt_pool_create();
	trace->late = late_create();
	if (trace->pool && trace->late)
		return trace;
	xt_trace_destroy(trace);
	return NULL;
}

static void events_destroy(struct xt_trace *trace)
{
	for (unsigned int i = 0; i < trace->max_event; i++)
		free(trace->events[i]);
	free(trace->events);
	for (size_t i = 0; i < trace->nr_formats; i++) {
		free((char *)trace->formats[i].system);
		xt_text_finish(&trace->formats[i].text);
	}
	free(trace->formats);
}

static void shifts_destroy(struct xt_trace *trace)
{
	for (size_t i = 0; i < trace->info.nr_shifts; i++)
		free((void *)trace->shifts[i].samples);
	free(trace->shifts);
}

void xt_trace_destroy(struct xt_trace *trace)
{
	if (!trace)
		return;
	if (trace->backend)
		trace->backend->destroy(trace);
	events_destroy(trace);
	shifts_destroy(trace);
	xt_text_finish(&trace->header_page);
	xt_text_finish(&trace->printk);
	xt_text_finish(&trace->cmdlines);
	xt_text_finish(&trace->tgids_text);
	for (size_t i = 0; i < trace->nr_strings; i++)
		free(trace->strings[i]);
	for (size_t i = 0; i < trace->nr_warnings; i++)
		free(trace->warnings[i]);
	free(trace->strings);
	free(trace->lanes);
	free(trace->comms);
	free(trace->comm_list);
	free(trace->tgids);
	free(trace->vcpus);
	free(trace->incidents);
	free(trace->samples);
	free(trace->stats);
	xt_late_destroy(trace->late);
	xt_pool_destroy(trace->pool);
	free(trace);
}

static int open_kind(struct xt_trace *trace, const char *path, struct rt_err *err)
{
	/* A FIFO is no trace, and nobody waits for its writer to say so. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct stat st;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open the trace");
	if (fstat(fd, &st) < 0)
		rc = rt_err_set(err, -errno, "cannot examine the trace");
	else if (S_ISDIR(st.st_mode))
		return xt_store_open(trace, path, fd, err);
	else if (S_ISREG(st.st_mode))
		return xt_datfile_open(trace, path, fd, err);
	else
		rc = rt_err_say(err, -EINVAL,
				"is neither a directory of xtrace-run nor a trace.dat");
	close(fd);
	return rc;
}

int xt_trace_open(struct xt_trace **ret, const char *path, struct rt_err *err)
{
	struct xt_trace *trace = xt_trace_new();
	int rc;

	if (!trace)
		return rt_err_set(err, -ENOMEM, "%s", path);
	trace->info.path = xt_keep(trace, path, strlen(path));
	rc = open_kind(trace, path, err);
	if (rc < 0) {
		xt_trace_destroy(trace);
		return rt_err_wrap(err, rc, "%s", path);
	}
	*ret = trace;
	return 0;
}

int xt_trace_refresh(struct xt_trace *trace, struct rt_err *err)
{
	int rc = trace->backend->refresh ? trace->backend->refresh(trace, err) : 0;

	return rc < 0 ? rt_err_wrap(err, rc, "%s", trace->info.path) : 0;
}

const struct xt_info *xt_trace_info(const struct xt_trace *trace)
{
	return &trace->info;
}

/* ---- what the backends fill in ---- */

void xt_warn(struct xt_trace *trace, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (trace->nr_warnings == XT_MAX_WARNINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (trace->nr_warnings == XT_MAX_WARNINGS - 1)
		strcpy(text, "more is damaged: further warnings are left out");
	trace->warnings[trace->nr_warnings] = strdup(text);
	if (trace->warnings[trace->nr_warnings])
		trace->nr_warnings++;
}

const char *xt_keep(struct xt_trace *trace, const char *text, size_t len)
{
	char **list, *copy;

	if ((trace->nr_strings & (trace->nr_strings + 1)) == 0) {	/* room for 1, 3, 7, ... */
		list = realloc(trace->strings, (2 * trace->nr_strings + 1) * sizeof(*list));
		if (!list)
			return "";
		trace->strings = list;
	}
	copy = strndup(text, len);
	if (!copy)
		return "";
	trace->strings[trace->nr_strings++] = copy;
	return copy;
}

void xt_text_finish(struct xt_text *text)
{
	free(text->data);
	*text = (struct xt_text){ 0 };
}

size_t xt_trace_nr_warnings(const struct xt_trace *trace)
{
	return trace->nr_warnings;
}

const char *xt_trace_warning(const struct xt_trace *trace, size_t i)
{
	return i < trace->nr_warnings ? trace->warnings[i] : "";
}

/* ---- lanes ---- */

unsigned int xt_trace_nr_lanes(const struct xt_trace *trace)
{
	return trace->nr_lanes;
}

const struct xt_lane_info *xt_trace_lane(const struct xt_trace *trace, unsigned int lane)
{
	return lane < trace->nr_lanes ? &trace->lanes[lane] : NULL;
}

void xt_lane_chunk(const struct xt_trace *trace, unsigned int lane, size_t index,
		   struct xt_chunk *ret)
{
	*ret = (struct xt_chunk){ 0 };
	if (lane < trace->nr_lanes && index < trace->lanes[lane].nr_chunks)
		trace->backend->chunk(trace, lane, index, ret);
}

int xt_lane_load(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
		 struct xt_pages **ret, struct rt_err *err)
{
	if (lane >= trace->nr_lanes || nr == 0 || first >= trace->lanes[lane].nr_chunks ||
	    nr > trace->lanes[lane].nr_chunks - first)
		return rt_err_say(err, -EINVAL, "lane %u has no %zu chunks from %zu on", lane, nr,
				  first);
	return trace->backend->load(trace, lane, first, nr, ret, err);
}

/* The time with which a chunk begins, by loading it where its header does not tell. */
static bool chunk_begin(const struct xt_trace *trace, unsigned int lane, size_t index,
			uint64_t *ret_ts)
{
	struct xt_chunk chunk;
	struct xt_pages *pages;

	xt_lane_chunk(trace, lane, index, &chunk);
	*ret_ts = chunk.first_ts;
	if (chunk.times_known)
		return true;
	if (xt_lane_load(trace, lane, index, 1, &pages, NULL) < 0)
		return false;
	*ret_ts = pages->nr ? xt_page_ts(pages->base) : 0;
	xt_pages_put(pages);
	return true;
}

/* What stands behind a gap may begin before it, as its sub-buffer did. */
static size_t back_to_gap(const struct xt_trace *trace, unsigned int lane, size_t index,
			  uint64_t ts)
{
	struct xt_chunk chunk;

	while (index > 0) {
		xt_lane_chunk(trace, lane, index - 1, &chunk);
		if (!chunk.times_known || chunk.last_ts < ts)
			break;
		index--;
	}
	return index;
}

size_t xt_lane_seek(const struct xt_trace *trace, unsigned int lane, uint64_t ts)
{
	size_t low = 0, high = lane < trace->nr_lanes ? trace->lanes[lane].nr_chunks : 0;
	size_t nr = high;
	struct xt_chunk chunk;

	while (low < high) {	/* the first chunk that begins at or behind ts */
		size_t mid = low + (high - low) / 2;
		uint64_t begin;

		if (chunk_begin(trace, lane, mid, &begin) && begin < ts)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return 0;
	if (low == nr) {
		xt_lane_chunk(trace, lane, nr - 1, &chunk);
		if (chunk.times_known && chunk.last_ts < ts)
			return nr;
	}
	return back_to_gap(trace, lane, low - 1, ts);
}
