/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-internal.h - what the files of the ordered stream share
 *
 * stream-load.c: a lane's chunks out of the file; stream-lane.c: its next record
 * out of them; stream-merge.c: the next window out of all lanes; stream-run.c: the
 * threads that load, merge, format and write; stream-scan.c: without an order;
 * stream.c: the rest.
 */
#ifndef MRG_STREAM_INTERNAL_H
#define MRG_STREAM_INTERNAL_H

#include <errno.h>
#include <pthread.h>

#include "lib/err.h"
#include "merge/stream.h"

#define MRG_WINDOW_ITEMS 2048u
#define MRG_FIRST_ITEMS	 256u		/* the first window: a screen soon */
#define MRG_AHEAD_BYTES	 (12u << 20)	/* loaded by all lanes together, a goal */
#define MRG_LEAST_AHEAD	 (4u << 20)	/* of these, what the merge has not begun with */
#define MRG_HELD_BYTES	 (1u << 20)	/* pages whose end may lie in one window, about */
#define MRG_MAX_HELD	 (MRG_HELD_BYTES / 4096 + 2 + MRG_MAX_CARRY)
#define MRG_MAX_LOADED	 (1ull << 30)	/* more than this is a trace that lies */
#define MRG_MAX_WARNINGS 64u
#define MRG_MAX_AHEAD	 6u		/* chunks loaded in one go */
#define MRG_MAX_LOADS	 8u		/* of a lane, under way or waiting for the merge */
#define MRG_BATCH	 8u		/* records of a lane that are read in one go */
#define MRG_MAX_THREADS	 64u
#define MRG_DEFAULT_THREADS 8

/* Damage ends neither its lane nor the others. */
static inline bool mrg_is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EIO || rc == -ENODATA;
}

/* Merged time is ts + delta, or what the clock says. */
struct mrg_map {
	const struct mrg_lane_clock *clock;
	int64_t delta;
	uint64_t min_ts;	/* the sum does not wrap from here on */
	bool simple;
	const struct xt_trace *own;	/* says the time itself, in place of ->clock; or NULL */
	unsigned int lane;
	size_t hint;		/* segment of the last look-up */
};

enum mrg_next {
	MRG_NEXT_ITEM,		/* lane->ahead has the lane's next records */
	MRG_NEXT_LOAD,		/* its chunks have to be loaded first */
	MRG_NEXT_END,
};

/* Some chunks of a lane: several threads may load those that follow each other. */
struct mrg_load {
	uint64_t id;			/* 0: given up by the one who waited for it */
	struct xt_pages *pages;		/* owned; NULL when nothing is in them */
	uint64_t skipped;		/* sub-buffers of damaged chunks in front of ->pages */
	bool gap;			/* there were such chunks */
	bool ready;
};

struct mrg_lane_state {
	/* Merging; one thread at a time.  What each record needs stands together. */
	struct xt_cursor cursor;
	struct mrg_map map;
	const uint8_t *actions;
	unsigned int nr_actions;
	bool have_after_lost, open, gap;
	bool given;			/* items of ->pages, to windows */
	struct xt_pages *pages;		/* owned */
	uint32_t page;			/* the next one of ->pages */
	uint64_t page_nr;		/* and within the lane */
	struct xt_rec after_lost;	/* the record that follows a lost mark */
	uint16_t number;
	uint16_t at, nr;		/* of ->ahead: the next one, all */
	struct mrg_item ahead[MRG_BATCH];

	struct mrg_stream_lane pub;
	struct xt_trace *trace;
	const struct mrg_lane *clocks;

	/* Loading; under the stream's lock. */
	size_t chunk, nr_chunks;	/* the next one to load */
	size_t at_once;			/* chunks to load in one go */
	size_t careful_end;		/* up to here one by one, since there is damage */
	struct mrg_load loads[MRG_MAX_LOADS];	/* by number, modulo their number */
	uint64_t first_load, next_load;	/* the next to be taken; the next to be begun */
	unsigned int max_loads, nr_running;
	uint64_t reached;		/* merged time of the last record that is loaded */
	uint64_t nr_loaded;		/* sub-buffers */
	bool sought;
	bool scanned;			/* a scan is in it */
	bool done;			/* the merge wants no more of it */
};

#define MRG_ITEM_MARKED	(1u << 15)	/* goes into ->marked */

/* A window on its way through the stages. */
struct mrg_job {
	struct mrg_window window;
	struct mrg_item *items;		/* owned; MRG_WINDOW_ITEMS + carried ones */
	uint32_t *marked;		/* owned; as many */
	struct xt_pages **held;		/* owned, with a reference each; MRG_MAX_HELD */
	size_t nr_held, held_bytes;
	uint64_t ticket;
	bool formatted;
	struct mrg_job *next_free;
};

/*
 * Order of the merge: the time of a lane's head above the place of the lane, one
 * number, so that a match is one comparison and no branch.  The lanes are one array,
 * so their places are in their order, and the winner's need not be looked up.  A lane
 * that has ended is behind all others.
 */
typedef unsigned __int128 mrg_key;

#define MRG_KEY_ENDED ((mrg_key)-1)

static inline mrg_key mrg_key_of(uint64_t time, const struct mrg_lane_state *lane)
{
	return (mrg_key)time << 64 | (uintptr_t)lane;
}

struct mrg_stream {
	const struct mrg_set *set;
	const struct mrg_stream_opts *opts;
	const struct mrg_sink *sink;
	struct mrg_lane_state *lanes;
	unsigned int nr_lanes;
	unsigned int nr_threads;
	uint64_t from, to;

	/* The merge: ->busy gives the right to it. */
	bool busy, primed, ended;
	unsigned int next_prime;
	mrg_key *tree;			/* nr_leaves losers; tree[0] is the winner */
	mrg_key *first;			/* the lanes' first ones, until the tree is made */
	unsigned int nr_leaves;		/* power of two; leaf i is lane i */
	struct mrg_job *filling;
	struct mrg_lane_state *stalled;
	uint64_t given;			/* items given to windows so far */
	struct mrg_item *carried;	/* items for the next window; owned; MRG_MAX_CARRY */
	struct xt_pages **carried_pages;	/* that they point into, with a reference each */
	uint32_t nr_carried, nr_carried_pages;
	uint64_t tickets;
	uint32_t window_size;

	/* Under the lock. */
	struct mrg_lane_state *need;	/* ->stalled, while no thread merges */
	bool warm;			/* ->primed */
	bool exhausted;			/* ->ended */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct mrg_job *jobs, **ready;	/* ready[ticket % nr_jobs] */
	struct mrg_job *free_jobs;
	unsigned int nr_jobs;
	uint64_t next_write;
	unsigned int nr_warnings;
	uint64_t load_ids;
	size_t loaded;			/* raw bytes waiting and under the merge */
	size_t waiting;			/* of these, those waiting */
	unsigned int workers;		/* begun so far */
	bool writing, stop;
	int rc;
	struct rt_err err;
};

/* stream-load.c; all under the lock */
void mrg_lane_start(struct mrg_stream *stream, struct mrg_lane_state *lane);
/* The lane that is wanted first, or NULL when enough is loaded or under way. */
struct mrg_lane_state *mrg_lane_to_load(const struct mrg_stream *stream);
/* Reads a lane's next chunks, without the lock meanwhile; a failure ends the run. */
void mrg_lane_load(struct mrg_stream *stream, struct mrg_lane_state *lane);
/* Gives up what is loaded and under way, from load @number on. */
void mrg_lane_drop(struct mrg_stream *stream, struct mrg_lane_state *lane, uint64_t number);

static inline unsigned int mrg_lane_nr_loads(const struct mrg_lane_state *lane)
{
	return (unsigned int)(lane->next_load - lane->first_load);
}

static inline struct mrg_load *mrg_lane_slot(struct mrg_lane_state *lane, uint64_t number)
{
	return &lane->loads[number % MRG_MAX_LOADS];
}

static inline size_t mrg_load_bytes(const struct mrg_load *load)
{
	return load->pages ? (size_t)load->pages->nr * load->pages->page_size : 0;
}

static inline bool mrg_lane_ready(const struct mrg_lane_state *lane)
{
	return mrg_lane_nr_loads(lane) > 0 && lane->loads[lane->first_load % MRG_MAX_LOADS].ready;
}

static inline bool mrg_lane_empty(const struct mrg_lane_state *lane)
{
	return lane->chunk >= lane->nr_chunks && mrg_lane_nr_loads(lane) == 0;
}

/* stream-lane.c */
void mrg_lane_finish(struct mrg_lane_state *lane);
/* Merged time is what @clock says. */
void mrg_lane_map(struct mrg_lane_state *lane, const struct mrg_lane_clock *clock);
/*
 * The next wanted records into ->ahead, which was used up; takes the lock when
 * loaded chunks are to be taken.
 */
enum mrg_next mrg_lane_read(struct mrg_stream *stream, struct mrg_lane_state *lane);
/* Counts those of the next records that need no look at anything but their id. */
void mrg_lane_count(struct mrg_stream *stream, struct mrg_lane_state *lane,
		    struct mrg_tally *tally);
void mrg_stream_warn(struct mrg_stream *stream, const char *text);

/* What is to be done with a record: enum mrg_action. */
static inline unsigned int mrg_lane_action(const struct mrg_lane_state *lane, unsigned int id)
{
	return id < lane->nr_actions ? lane->actions[id] : MRG_SHOW;
}

/* stream-merge.c */
int mrg_merge_start(struct mrg_stream *stream, struct rt_err *err);
void mrg_merge_finish(struct mrg_stream *stream);
/* Takes the last items out of a window, and puts them into the one that is filled next. */
void mrg_merge_carry(struct mrg_stream *stream, struct mrg_job *job);
/* Return: true when ->filling is complete, false when a lane must be loaded first. */
bool mrg_merge_fill(struct mrg_stream *stream);

/* stream-run.c */
void mrg_stream_end(struct mrg_stream *stream, int rc);
/* Takes the reference. */
void mrg_job_hold(struct mrg_job *job, struct xt_pages *pages, size_t bytes);
int mrg_jobs_create(struct mrg_stream *stream, struct rt_err *err);
void mrg_jobs_destroy(struct mrg_stream *stream);

#endif /* MRG_STREAM_INTERNAL_H */
