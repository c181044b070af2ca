/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - the records of all lanes of a set in one order
 *
 * The order is greedy: of all lanes the one whose next record is earliest goes
 * first, at equal times the lowest lane; within a lane the file's order holds,
 * also where its clock goes backwards.  Records come in windows.  Chunks are
 * loaded by any free thread; the merge itself is one thread at a time; windows
 * are formatted in parallel and handed on in order.  Memory is bounded by the
 * chunks in flight, not by the traces.
 */
#ifndef MRG_STREAM_H
#define MRG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "merge/set.h"

struct rt_err;

enum mrg_item_flags {
	MRG_ITEM_LOST   = 1 << 0,	/* not a record: see XT_REC_LOST */
	MRG_ITEM_HIDDEN = 1 << 1,	/* for ->observe only, not to be shown */
	MRG_ITEM_NOTED  = 1 << 2,	/* the view knows more of it (its own use) */
	/* The view's own use. */
	MRG_ITEM_REPLACED = 1 << 3,	/* not by its own line: by its notes, or its leaf with it */
	MRG_ITEM_LEAF   = 1 << 4,	/* shown in the line of the item before */
	MRG_ITEM_NO_WORD = 1 << 5,	/* without the line that its system call gives beside it */
	MRG_ITEM_MATCH  = 1 << 6,	/* context is shown around it */
	MRG_ITEM_BEGIN  = 1 << 7,	/* a span begins, or ends here */
	MRG_ITEM_END    = 1 << 8,
	MRG_ITEM_GROUP  = 1 << 9,	/* what is shown before does not lead up to it */
	MRG_ITEM_JOINED = 1 << 10,	/* hidden since a line before it says it as well */
	/* Of MRG_ITEM_LOST: why, see XT_REC_LOST_WHY. */
	MRG_ITEM_LOST_DISK  = 1 << 11,
	MRG_ITEM_LOST_FLUSH = 1 << 12,
	MRG_ITEM_LOST_PAUSE = 1 << 13,
};

#define MRG_ITEM_WHY_SHIFT 10	/* from XT_REC_LOST_DISK to MRG_ITEM_LOST_DISK, and so on */

struct mrg_item {
	uint64_t time;		/* merged ns */
	const uint8_t *data;	/* as in struct xt_rec */
	uint32_t size;
	uint16_t lane;		/* of the stream: mrg_stream_lane() */
	uint16_t flags;		/* enum mrg_item_flags */
};

/* A lane of the stream: lanes of all members that were asked for. */
struct mrg_stream_lane {
	const struct mrg_member *member;
	const struct xt_lane_info *info;
	uint16_t member_index;
	uint16_t lane;		/* in the member's trace */
};

static inline struct xt_rec mrg_item_rec(const struct mrg_item *item, uint16_t lane)
{
	struct xt_rec rec = {
		.ts = item->time, .data = item->data, .size = item->size, .lane = lane,
		.flags = item->flags & MRG_ITEM_LOST ? XT_REC_LOST : 0,
	};

	return rec;
}

/* common_type of a record; 0, which no event has, when there is none. */
static inline uint16_t mrg_item_id(const struct mrg_item *item)
{
	uint16_t id = 0;

	if (item->size >= sizeof(id))
		memcpy(&id, item->data, sizeof(id));
	return id;
}

/* common_pid of a record: in every event's bytes 4 to 7. */
static inline int mrg_item_pid(const struct mrg_item *item)
{
	int pid = 0;

	if (item->size >= 8)
		memcpy(&pid, item->data + 4, sizeof(pid));
	return pid;
}

struct mrg_window {
	uint64_t first;			/* number of its first item in the stream */
	struct mrg_item *items;
	uint32_t nr;
	const uint32_t *marked;		/* items whose event has MRG_MARK */
	uint32_t nr_marked;
	struct rt_buf out;		/* what ->format made */
	struct rt_buf notes;		/* what ->observe leaves for ->format */
	uint64_t prev;			/* time of the last item shown before; ->observe's too */
	bool last;			/* ->observe wants no more after this one */
	bool final;			/* nothing comes behind it */
	/*
	 * ->observe may leave the last ->carry items (MRG_MAX_CARRY at most) to the
	 * next window, which begins with them: its ->carried.  Not in the final one.
	 */
	uint32_t carry, carried;
	unsigned int worker;		/* who formats it: below mrg_stream_threads() */
};

#define MRG_MAX_CARRY 1024u

/* Asks for the bytes of an item to come: those of many lanes lie in many places. */
static inline void mrg_window_look_ahead(const struct mrg_window *window, uint32_t i)
{
	const uint8_t *data = i + 8 < window->nr ? window->items[i + 8].data : NULL;

	if (data) {
		__builtin_prefetch(data);
		__builtin_prefetch(data + 64);
	}
}

/* What is done with an event, by its id. */
enum mrg_action {
	MRG_SHOW = 1 << 0,
	MRG_MARK = 1 << 1,	/* into ->marked, shown or not */
};

/* What becomes of the windows.  A member that is NULL is not called. */
struct mrg_sink {
	void *arg;
	/*
	 * Is the record wanted?  For records with MRG_SHOW, in the order of each
	 * lane but not of all; may be called by several threads in a scan.  May set
	 * flags of the view's own use.
	 */
	bool (*match)(void *arg, struct mrg_item *item);
	/* One thread at a time, in order.  Return: 0, or a code that ends the run. */
	int (*observe)(void *arg, struct mrg_window *window);
	/* Any number of threads, in any order: items to text in window->out. */
	void (*format)(void *arg, struct mrg_window *window);
	/* One thread at a time, in order.  Return: 0, or a code that ends the run. */
	int (*write)(void *arg, const struct mrg_window *window);
	/* Damage that was passed over.  One thread at a time. */
	void (*warn)(void *arg, const char *text);
};

struct mrg_stream_opts {
	/* Lanes wanted; NULL takes all. */
	bool (*want_lane)(void *arg, const struct mrg_stream_lane *lane);
	void *want_arg;
	/* For each member an array of enum mrg_action by id; borrowed.  NULL shows all. */
	const uint8_t *const *actions;
	const unsigned int *nr_actions;	/* ids from here on are shown */
	uint64_t from, to;		/* merged ns, both included; 0 and UINT64_MAX take all */
	/* ->match takes no record with a common_pid outside of these, so it is not asked. */
	bool has_pids;
	int first_pid, last_pid;
	unsigned int threads;		/* 0: by the CPUs online and the size */
	uint64_t first;			/* number of the first item */
};

#define MRG_STREAM_ALL { .to = UINT64_MAX }

struct mrg_stream;

/* @set, @opts' arrays and @sink are borrowed for the life of the stream. */
int mrg_stream_create(struct mrg_stream **ret, const struct mrg_set *set,
		      const struct mrg_stream_opts *opts, const struct mrg_sink *sink,
		      struct rt_err *err);
void mrg_stream_destroy(struct mrg_stream *stream);

unsigned int mrg_stream_nr_lanes(const struct mrg_stream *stream);
const struct mrg_stream_lane *mrg_stream_lane(const struct mrg_stream *stream, unsigned int lane);

/**
 * mrg_stream_run() - all records once, through the sink.
 *
 * Return: 0; what ->observe or ->write ended it with; or -errno.
 */
int mrg_stream_run(struct mrg_stream *stream, struct rt_err *err);

/* What is counted of a lane. */
struct mrg_tally {
	uint64_t *by_id;	/* owned by who scans; the last one is of all further ids */
	unsigned int nr_ids;
	uint64_t events, first, last;	/* number and merged times */
};

static inline void mrg_tally_add(struct mrg_tally *tally, uint64_t nr, uint64_t first,
				 uint64_t last)
{
	if (tally->events == 0 || first < tally->first)
		tally->first = first;
	if (last > tally->last)
		tally->last = last;
	tally->events += nr;
}

/**
 * mrg_stream_scan() - all records once without their order: for counting.
 * @visit: called by several threads with the records that pass the filters, but
 *         for one lane by one at a time, in its order.
 * @tallies: one for each lane, or NULL: records that are counted there are not visited.
 *           Which ones, is the stream's choice; never lost or hidden ones.
 */
int mrg_stream_scan(struct mrg_stream *stream,
		    void (*visit)(void *arg, const struct mrg_item *item), void *arg,
		    struct mrg_tally *tallies, struct rt_err *err);
unsigned int mrg_stream_threads(const struct mrg_stream *stream);

/*
 * The merged time from which on the last @chunks chunks of every lane are
 * complete; 0 when that is everything.
 */
int mrg_set_tail(const struct mrg_set *set, size_t chunks, uint64_t *ret, struct rt_err *err);
/* Merged time of a chunk's first sub-buffer. */
int mrg_chunk_begin(const struct mrg_member *member, unsigned int lane, size_t chunk,
		    uint64_t *ret, struct rt_err *err);
/* The merged time that the first lane begins with. */
int mrg_set_begin(const struct mrg_set *set, uint64_t *ret, struct rt_err *err);

#endif /* MRG_STREAM_H */
