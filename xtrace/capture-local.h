/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture-local.h - what capture.c (the drainers) and capture-save.c share */
#ifndef XT_CAPTURE_LOCAL_H
#define XT_CAPTURE_LOCAL_H

#include <pthread.h>

#include "lib/err.h"
#include "xtrace/capture.h"
#include "xtrace/subbuf.h"
#include "xtrace/tracefs.h"

#define BATCH_BYTES (1u << 20)		/* handed to the store at once */
#define MAX_DRAINERS 32

struct lane {
	unsigned int cpu;
	unsigned int drainer;		/* whose it is */
	int raw_fd, stats_fd;
	uint64_t seen_ns;		/* when ->bytes was last looked at */
	uint64_t left_bytes;		/* what was left in the buffer then */
	uint64_t rate;			/* bytes a second that came since */
	uint64_t fetched_ns;		/* when it was last emptied to the last event */
	bool loses;			/* events are lost, or soon will be */
	/* Of buffers that a snapshot has taken away. */
	uint64_t gone_overrun, gone_dropped, gone_events;
	/* Of the present one, when it was last looked at, and at the look before that. */
	struct xt_ring_stats look, before;
	uint64_t seen_overrun;		/* by the drainer */
	uint64_t refused;		/* events that were read, and the store did not take */
	bool hole;			/* some are missing behind what is in the store */
	struct xt_holes holes;		/* when it stood still, in what is not saved yet */
};

struct drainer {
	struct xt_capture *capture;
	pthread_t thread;
	bool running;
	void *batch;
	uint64_t rounds;		/* whole rounds done; under the lock */
};

struct xt_capture {
	const struct xt_instance *inst;	/* borrowed */
	struct xt_store *store;		/* borrowed */
	struct xt_capture_opts opts;
	uint32_t subbuf_size;
	struct lane *lanes;		/* room for RT_MAX_CPUS: what is not used is not there */
	unsigned int nr_lanes;		/* atomic: one comes while the drainers run */
	struct drainer drainers[MAX_DRAINERS];
	unsigned int nr_drainers;
	void *batch;			/* of xt_capture_save() */
	void *rest;			/* of a sub-buffer that a hole goes through */

	pthread_mutex_t lock;
	pthread_cond_t wake, done;
	uint64_t rounds_wanted;
	unsigned int fullest;		/* percent; atomic */
	bool stop;
	int fault_fd;
	struct rt_err fault;		/* the first failure to write */
};

int capture_lane_stats(const struct lane *lane, struct xt_ring_stats *ret, struct rt_err *err);
/* What was read counts as lost: the store does not have it. */
void capture_refuse(const struct xt_capture *capture, struct lane *lane, const void *batch,
		    unsigned int nr);
/* Until nothing is left: for buffers that nobody writes. */
int capture_empty_lane(struct xt_capture *capture, struct lane *lane, int fd, void *batch,
		       uint32_t flush, struct rt_err *err);

#endif /* XT_CAPTURE_LOCAL_H */
