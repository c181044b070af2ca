/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * extract.h - what clock synchronisation needs of a trace, as plain arrays
 *
 * One pass over a trace, lanes and chunks in parallel: the times of all events
 * (the trace seen as a guest) and what its vCPU threads did (seen as a host).
 */
#ifndef MRG_EXTRACT_H
#define MRG_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;
struct xt_trace;

enum mrg_run_kind { MRG_RUN_ENTER, MRG_RUN_LEAVE };

struct mrg_run {		/* a vCPU thread enters or leaves its guest */
	uint64_t ts;		/* as recorded */
	int32_t tid;
	uint32_t kind : 1;
	uint32_t vcpu : 31;	/* MRG_NO_VCPU where the event does not say */
};

#define MRG_NO_VCPU 0x7fffffffu

enum mrg_call_kind { MRG_CALL_HOST, MRG_CALL_START, MRG_CALL_END };

struct mrg_call {		/* a hypercall: seen by the host, begun and ended in the guest */
	uint64_t ts;
	uint64_t nr, args[4];	/* args: 0 at the end */
	uint64_t page;		/* which of the lane's sub-buffers has it */
	uint32_t lane;
	enum mrg_call_kind kind;
};

struct mrg_tsc_write {		/* kvm_write_tsc_offset */
	uint64_t ts;
	int32_t tid;
	uint32_t vcpu;
	int64_t before, after;
};

struct mrg_gap {		/* events of a lane were lost here */
	uint64_t from, to;	/* times of its neighbours */
};

struct mrg_lane_data {
	unsigned int cpu;
	uint64_t *times;	/* of all events, as recorded, in the lane's order */
	size_t nr_times;
	size_t *set_back;	/* indexes into times: the clock was set back before these */
	uint64_t *set_back_page;	/* the sub-buffers that begin with them, */
	size_t *set_back_from;		/* and where those of the steps begin */
	size_t nr_set_backs;
	struct mrg_run *runs;
	size_t nr_runs;
	struct mrg_gap *gaps;
	size_t nr_gaps;
	uint64_t first, last;	/* times of the first and last record; 0, 0: no record */
	uint64_t nr_events;
	bool partly;		/* a thread may have been here without being seen */
};

struct mrg_data {
	struct mrg_lane_data *lanes;
	unsigned int nr_lanes;
	struct mrg_call *calls;
	size_t nr_calls;
	struct mrg_tsc_write *tsc_writes;
	size_t nr_tsc_writes;
	uint64_t nr_events, nr_runs;
	size_t nr_damaged;	/* chunks that could not be read: gaps */
};

/* Return: whether the trace has the events of a host that runs guests. */
bool mrg_is_host(const struct xt_trace *trace);

/* Who wants to know how far reading is; called now and then by the caller's own thread. */
struct mrg_watch {
	void (*fn)(void *arg, const struct xt_trace *trace, unsigned int percent);
	void *arg;
};

/**
 * mrg_extract() - read a whole trace once.
 * @times: collect the times of all events.
 * @watch: or NULL.
 *
 * Damaged chunks become gaps.  Return: 0, or -ENOMEM.
 */
int mrg_extract(struct mrg_data **ret, const struct xt_trace *trace, bool times,
		const struct mrg_watch *watch, struct rt_err *err);

struct mrg_slice {		/* a stretch of recorded time, both ends in it */
	uint64_t from, to;
};

/**
 * mrg_extract_slices() - read some stretches of a trace of which mrg_outline() tells all.
 * @slices: @nr of them, apart from each other and in order of time.
 *
 * What lies between them is as if its events were lost, whatever lane it is on: it becomes
 * gaps.  Only of lanes of a few chunks, which are read whole, it is known which threads were
 * there at all.  Sub-buffers have the numbers that they have in the whole trace.
 */
int mrg_extract_slices(struct mrg_data **ret, const struct xt_trace *trace, bool times,
		       const struct mrg_slice *slices, size_t nr, struct rt_err *err);

/**
 * mrg_outline() - what a trace tells without being read: its lanes, where they begin
 * and end.
 *
 * Return: 0, -ENOMEM, or -ENODATA: only reading would tell.
 */
int mrg_outline(struct mrg_data **ret, const struct xt_trace *trace);
void mrg_data_destroy(struct mrg_data *data);

#endif /* MRG_EXTRACT_H */
