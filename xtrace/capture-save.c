/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture-save.c - saving from the caller's thread: buffers that nobody writes now
 *
 * Snapshots that the kernel has taken away, or buffers that stand still.  What was
 * lost or overwritten with a snapshot is known from the looks before it.
 */
#include "xtrace/capture-local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/err.h"
#include "xtrace/store.h"

/* All that there was, whether it came into the store or not. */
static uint64_t taken(const struct xt_capture *capture, const struct lane *lane)
{
	struct xt_store_count count;

	xt_store_count(capture->store, lane->cpu, &count);
	return count.events + lane->refused;
}

/*
 * What is left of it is lost.  What cannot be read is known from the last look, less what was
 * taken since @begin.
 */
static void drop_lane(struct xt_capture *capture, struct lane *lane, int fd, uint64_t begin)
{
	unsigned int max = BATCH_BYTES / capture->subbuf_size;
	uint64_t got;
	int nr;

	while ((nr = xt_subbufs_read(fd, capture->batch, capture->subbuf_size, max, false)) > 0)
		capture_refuse(capture, lane, capture->batch, nr);
	got = taken(capture, lane) - begin;
	if (nr < 0 && lane->look.entries > got)
		lane->refused += lane->look.entries - got;
	lane->hole = true;
}

static int save_lane(struct xt_capture *capture, struct lane *lane, const char *file,
		     uint32_t flush, bool last, struct rt_err *err)
{
	uint64_t begin = taken(capture, lane);
	int fd, rc;

	fd = xt_instance_open(capture->inst, err, O_RDONLY | O_NONBLOCK, "per_cpu/cpu%u/%s",
			      lane->cpu, file);
	rc = fd < 0 ? fd : capture_empty_lane(capture, lane, fd, capture->batch, flush, err);
	if (rc < 0 && last)
		drop_lane(capture, lane, fd, begin);
	else if (last)
		lane->look.entries = 0;		/* all saved: a second pass finds others */
	if (fd >= 0)
		close(fd);
	return rc;
}

/* @last: what is not saved now will not be there any more.  The first failure comes back. */
static int save_lanes(struct xt_capture *capture, const char *file, const struct rt_cpuset *cpus,
		      uint32_t flush, bool last, struct rt_err *err)
{
	struct lane *lane;
	int next, rc = 0;

	if (!capture->batch)
		capture->batch = malloc(BATCH_BYTES);
	if (!capture->batch)
		return rt_err_set(err, -ENOMEM, "cannot allocate a buffer");
	for (lane = capture->lanes; lane < capture->lanes + capture->nr_lanes; lane++) {
		if (!rt_cpuset_has(cpus, lane->cpu) || (rc < 0 && !last))
			continue;
		next = save_lane(capture, lane, file, flush, last, rc < 0 ? NULL : err);
		rc = rc < 0 ? rc : next;
	}
	return rc;
}

int xt_capture_save(struct xt_capture *capture, const struct rt_cpuset *cpus, uint32_t flush,
		    struct rt_err *err)
{
	return save_lanes(capture, "trace_pipe_raw", cpus, flush, false, err);
}

int xt_capture_look(struct xt_capture *capture, struct rt_err *err)
{
	struct lane *lane;
	int rc;

	for (lane = capture->lanes; lane < capture->lanes + capture->nr_lanes; lane++) {
		lane->before = lane->look;
		rc = capture_lane_stats(lane, &lane->look, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void xt_capture_forget_look(struct xt_capture *capture)
{
	struct lane *lane;

	for (lane = capture->lanes; lane < capture->lanes + capture->nr_lanes; lane++)
		lane->look = lane->before;
}

/*
 * Of who is not saved: as many as the last look knew, or some of those that are there.
 * False where there was surely nothing.
 */
static bool lose_swapped(struct xt_capture *capture, struct lane *lane)
{
	uint64_t entries = lane->look.entries;
	int fd, nr;

	if (!entries) {
		fd = xt_instance_open(capture->inst, NULL, O_RDONLY | O_NONBLOCK,
				      "per_cpu/cpu%u/snapshot_raw", lane->cpu);
		nr = xt_subbufs_read(fd, capture->batch, capture->subbuf_size, 1, false);
		if (fd >= 0)
			close(fd);
		if (nr == 0)
			return false;
		entries = nr < 0 ? 0 : xt_subbufs_events(capture->batch, nr, capture->subbuf_size);
	}
	lane->gone_overrun += entries;
	return true;
}

/*
 * Nobody sees the counts at the moment of the swap: what has been read is known, what
 * had been overwritten, or lies where nobody reads, is known from the last look.
 */
static void note_swapped(struct xt_capture *capture, const struct rt_cpuset *cpus)
{
	struct xt_ring_stats stats;
	struct lane *lane;

	for (lane = capture->lanes; lane < capture->lanes + capture->nr_lanes; lane++) {
		if (!rt_cpuset_has(cpus, lane->cpu) && lose_swapped(capture, lane))
			lane->hole = true;
		if (capture_lane_stats(lane, &stats, NULL) < 0)
			continue;
		lane->gone_overrun += lane->look.overrun;
		lane->gone_dropped += lane->look.dropped + lane->look.commit_overrun;
		lane->look = (struct xt_ring_stats){ 0 };
		if (taken(capture, lane) > stats.read)
			lane->gone_events = taken(capture, lane) - stats.read;
	}
}

int xt_capture_save_swapped(struct xt_capture *capture, const struct rt_cpuset *cpus,
			    uint32_t flush, struct rt_err *err)
{
	int rc = save_lanes(capture, "snapshot_raw", cpus, flush, true, err);

	/* Who chose a buffer before the swap, and was preempted there, has written since then. */
	if (rc == 0)
		rc = save_lanes(capture, "snapshot_raw", cpus, flush, true, err);
	note_swapped(capture, cpus);
	return rc;
}

int xt_capture_note_hole(struct xt_capture *capture, const struct xt_hole *hole,
			 const struct rt_cpuset *cpus, struct rt_err *err)
{
	struct lane *lane;
	int rc = 0;

	if (!capture->rest)
		capture->rest = malloc(capture->subbuf_size);
	if (!capture->rest)
		rc = -ENOMEM;
	for (lane = capture->lanes; lane < capture->lanes + capture->nr_lanes && rc == 0; lane++) {
		if (rt_cpuset_has(cpus, lane->cpu))
			rc = xt_holes_add(&lane->holes, hole);
	}
	return rc < 0 ? rt_err_set(err, rc, "cannot note a gap") : 0;
}
