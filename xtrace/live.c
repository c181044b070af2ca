/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.c - the events of an instance while they come, in the order of time
 *
 * A lane a CPU with one sub-buffer in hand.  The lane with the oldest record is
 * next; one that is used up reads on, and is out of the race when the kernel has
 * no more: what it gets from then on is younger than the time the caller took
 * before.
 */
#include "xtrace/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "xtrace/local.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define MAX_SUBBUF (1u << 20)

struct lane {
	int fd;			/* owned */
	unsigned int cpu;
	uint8_t *page;		/* owned */
	struct xt_cursor cursor;
	struct xt_rec rec;
	bool has_rec;		/* in ->rec, not yet told */
};

struct xt_live {
	const struct xt_instance *inst;		/* borrowed */
	struct xt_trace *trace;			/* owned; holds the formats alone */
	uint32_t page_size;
	struct lane *lanes;			/* owned */
	unsigned int nr;
};

/* ---- formats ---- */

int xt_live_know(struct xt_live *live, const char *system, const char *event, struct rt_err *err)
{
	size_t len;
	char *text;
	int rc;

	if (!xt_instance_has(live->inst, "events/%s/%s/format", system, event))
		return rt_err_say(err, -ENOENT, "this kernel has no event %s:%s", system, event);
	rc = xt_instance_read(live->inst, &text, &len, err, "events/%s/%s/format", system, event);
	if (rc < 0)
		return rc;
	rc = xt_add_format(live->trace, system, text, len);
	free(text);
	return rc < 0 ? rt_err_set(err, rc, "event %s:%s", system, event) : 0;
}

/* ---- lanes ---- */

static int add_lane(struct xt_live *live, unsigned int cpu, struct rt_err *err)
{
	struct lane *more = realloc(live->lanes, (live->nr + 1) * sizeof(*more));
	struct lane lane = { .cpu = cpu };

	if (!more)
		return rt_err_set(err, -ENOMEM, "CPU %u", cpu);
	live->lanes = more;
	lane.page = malloc(live->page_size);
	if (!lane.page)
		return rt_err_set(err, -ENOMEM, "CPU %u", cpu);
	lane.fd = xt_instance_open(live->inst, err, O_RDONLY | O_NONBLOCK,
				   "per_cpu/cpu%u/trace_pipe_raw", cpu);
	if (lane.fd < 0) {
		free(lane.page);
		return lane.fd;
	}
	live->lanes[live->nr++] = lane;
	return 0;
}

static int add_lanes(struct xt_live *live, struct rt_err *err)
{
	int fd = xt_instance_open(live->inst, err, O_RDONLY | O_DIRECTORY, "per_cpu");
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;
	unsigned int cpu;
	int rc = 0;

	if (!dir)
		return fd < 0 ? fd : rt_err_set(err, -errno, "per_cpu");
	while (rc == 0 && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "cpu%u", &cpu) == 1)
			rc = add_lane(live, cpu, err);
	}
	closedir(dir);
	return rc;
}

/* Kernels that can have larger sub-buffers say how large they are. */
static int find_page_size(struct xt_live *live, struct rt_err *err)
{
	char *text, *end;
	unsigned long kb;
	int rc;

	live->page_size = sysconf(_SC_PAGESIZE);
	if (!xt_instance_has(live->inst, "buffer_subbuf_size_kb"))
		return 0;
	rc = xt_instance_read(live->inst, &text, NULL, err, "buffer_subbuf_size_kb");
	if (rc < 0)
		return rc;
	kb = strtoul(text, &end, 10);
	rc = end == text || kb == 0 || kb > MAX_SUBBUF >> 10 ?
	     rt_err_say(err, -EINVAL, "buffer_subbuf_size_kb: found \"%.20s\"", text) : 0;
	if (rc == 0)
		live->page_size = kb << 10;
	free(text);
	return rc;
}

static int check_layout(struct xt_live *live, struct rt_err *err)
{
	char *text;
	int rc = xt_instance_read(live->inst, &text, NULL, err, "events/header_page");

	if (rc < 0)
		return rc;
	rc = xt_check_header_page(text, err);
	free(text);
	return rc;
}

int xt_live_create(struct xt_live **ret, const struct xt_instance *inst, struct rt_err *err)
{
	struct xt_live *live = calloc(1, sizeof(*live));
	int rc = 0;

	if (!live)
		return rt_err_set(err, -ENOMEM, "cannot read events");
	live->inst = inst;
	live->trace = xt_trace_new();
	if (!live->trace)
		rc = rt_err_set(err, -ENOMEM, "cannot read events");
	if (rc == 0)
		rc = check_layout(live, err);
	if (rc == 0)
		rc = find_page_size(live, err);
	if (rc == 0)
		rc = add_lanes(live, err);
	if (rc < 0) {
		xt_live_destroy(live);
		return rc;
	}
	*ret = live;
	return 0;
}

void xt_live_destroy(struct xt_live *live)
{
	unsigned int i;

	if (!live)
		return;
	for (i = 0; i < live->nr; i++) {
		close(live->lanes[i].fd);
		free(live->lanes[i].page);
	}
	free(live->lanes);
	xt_trace_destroy(live->trace);
	free(live);
}

/* ---- reading ---- */

/* The next sub-buffer: 1, 0 when the kernel has none, or -errno. */
static int refill(struct xt_live *live, struct lane *lane, struct rt_err *err)
{
	ssize_t got;

	do
		got = read(lane->fd, lane->page, live->page_size);
	while (got < 0 && errno == EINTR);
	/* A CPU that was never up since the instance was made has no buffer yet. */
	if (got == 0 || (got < 0 && (errno == EAGAIN || errno == ENODEV)))
		return 0;
	if (got < 0)
		return rt_err_set(err, -errno, "cannot read the events of CPU %u", lane->cpu);
	xt_cursor_start(&lane->cursor, lane->page, got, 0);
	return 1;
}

/* A record into ->rec, where there is one. */
static int advance(struct xt_live *live, struct lane *lane, struct rt_err *err)
{
	int rc = 1;

	while (!lane->has_rec && rc > 0) {
		lane->has_rec = lane->cursor.p && xt_cursor_next(&lane->cursor, &lane->rec);
		if (!lane->has_rec)
			rc = refill(live, lane, err);
	}
	return rc < 0 ? rc : 0;
}

static struct lane *oldest(struct xt_live *live, uint64_t until)
{
	struct lane *best = NULL;
	unsigned int i;

	for (i = 0; i < live->nr; i++) {
		struct lane *lane = &live->lanes[i];

		if (lane->has_rec && lane->rec.ts < until &&
		    (!best || lane->rec.ts < best->rec.ts))
			best = lane;
	}
	return best;
}

static void tell(struct xt_live *live, const struct lane *lane, xt_live_fn fn, void *arg)
{
	const struct xt_event *event = NULL;
	bool lost = lane->rec.flags & XT_REC_LOST;

	if (!lost)
		event = xt_trace_event(live->trace, xt_rec_type(&lane->rec));
	if (lost || (event && lane->rec.size >= event->min_size))
		fn(arg, lane->cpu, event, &lane->rec);
}

long xt_live_read(struct xt_live *live, uint64_t until, xt_live_fn fn, void *arg,
		  struct rt_err *err)
{
	struct lane *lane;
	unsigned int i;
	long nr = 0;
	int rc = 0;

	for (i = 0; i < live->nr && rc == 0; i++)
		rc = advance(live, &live->lanes[i], err);
	while (rc == 0 && (lane = oldest(live, until))) {
		tell(live, lane, fn, arg);
		lane->has_rec = false;
		rc = advance(live, lane, err);
		nr++;
	}
	return rc < 0 ? rc : nr;
}
