/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.h - from the kernel's ring buffers to the store
 *
 * Streaming: threads, on the CPUs where their starter runs, read on a timer whose
 * period follows how fast the buffers fill.  Saving: the caller's thread empties a buffer that
 * nobody writes (a snapshot, or one that stands still).  Neither ever blocks or
 * polls on a raw file: a waiting reader makes the traced CPU interrupt itself.
 */
#ifndef XT_CAPTURE_H
#define XT_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpulist.h"

struct rt_err;
struct xt_capture;
struct xt_cpu_stats;
struct xt_hole;
struct xt_instance;
struct xt_store;

struct xt_capture_opts {
	struct rt_cpuset cpus;		/* whose buffers */
	struct rt_cpuset drain_cpus;	/* where the caller may run; not empty */
	uint64_t buffer_bytes;		/* of each CPU, as the kernel gave it */
	bool overwriting;		/* what is overwritten was not meant to be kept */
};

/* @inst and @store are borrowed and must outlive the capture. */
int xt_capture_create(struct xt_capture **ret, const struct xt_instance *inst,
		      struct xt_store *store, const struct xt_capture_opts *opts,
		      struct rt_err *err);
/* @cpu came online since, and nobody has it yet: it is drained and saved as the others are. */
int xt_capture_add(struct xt_capture *capture, unsigned int cpu, struct rt_err *err);
/* Ends the threads without a last drain. */
void xt_capture_destroy(struct xt_capture *capture);

/* Starts the draining threads. */
int xt_capture_start(struct xt_capture *capture, struct rt_err *err);
/* Streaming: all that is in the buffers now is in the store when this returns. */
int xt_capture_drain(struct xt_capture *capture, struct rt_err *err);
/* The fullest, in percent, that a drainer has found a buffer since the last call. */
unsigned int xt_capture_fullest(struct xt_capture *capture);
/* Streaming: ends the threads; then the buffers are emptied for the last time. */
int xt_capture_stop(struct xt_capture *capture, struct rt_err *err);

/*
 * Empties the buffers of @cpus, which nobody writes now, into the store as flush number
 * @flush, in this thread.
 */
int xt_capture_save(struct xt_capture *capture, const struct rt_cpuset *cpus, uint32_t flush,
		    struct rt_err *err);
/*
 * The same for what a snapshot has taken away of all CPUs, and will be cleared behind this.
 * What of @cpus cannot be read, or the store refuses, counts as lost; what the others had, as
 * overwritten.  Both stand as lost events in front of what is saved next.
 */
int xt_capture_save_swapped(struct xt_capture *capture, const struct rt_cpuset *cpus,
			    uint32_t flush, struct rt_err *err);
/*
 * The CPUs of @cpus have stood still since @hole, and their buffers are saved later: what is
 * behind it is saved with a mark of lost events in front.
 */
int xt_capture_note_hole(struct xt_capture *capture, const struct xt_hole *hole,
			 const struct rt_cpuset *cpus, struct rt_err *err);
/* Shortly before a snapshot may take the buffers away: looks at their counts. */
int xt_capture_look(struct xt_capture *capture, struct rt_err *err);
/* One had taken them already: that look saw the new buffers, and the one before it holds. */
void xt_capture_forget_look(struct xt_capture *capture);

/* Becomes readable when a thread has failed to write; then xt_capture_fault() says why. */
int xt_capture_fault_fd(const struct xt_capture *capture);
int xt_capture_fault(struct xt_capture *capture, struct rt_err *err);

/* Counts of one CPU up to now. */
int xt_capture_stats(struct xt_capture *capture, unsigned int cpu, struct xt_cpu_stats *ret,
		     struct rt_err *err);
/* At the very end: events that still lie in the buffer of @cpu. */
uint64_t xt_capture_unread(const struct xt_capture *capture, unsigned int cpu);

#endif /* XT_CAPTURE_H */
