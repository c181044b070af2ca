/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-read.h - what the files that read an xtrace directory share
 *
 * store-read.c opens the directory, store-session.c reads its texts,
 * store-lane.c finds and loads the blocks of a CPU's file.
 */
#ifndef XT_STORE_READ_H
#define XT_STORE_READ_H

#include "xtrace/local.h"
#include "xtrace/store-format.h"

struct st_group {		/* the chunks that one index block lists */
	uint64_t offset;	/* of the index block's payload */
	uint32_t nr;
	uint32_t crc;
	uint64_t first;		/* number of its first chunk */
	uint64_t head, before;	/* of the index block, and of the one in front of it */
};

#define ST_NOWHERE UINT64_MAX	/* offset of a gap that stands for damage */

struct st_lane {
	int fd;
	uint64_t size;		/* of the file when it was last looked at */
	uint64_t end;		/* of the last whole block in it */
	struct st_group *groups;	/* owned */
	size_t nr_groups;
	struct xt_index_entry *tail; /* owned; blocks behind the last index, found by their heads */
	size_t nr_tail;
	uint64_t first_tail;	/* number of the first of them */
	pthread_mutex_t lock;	/* of the two below */
	struct xt_index_entry *loaded;	/* owned; entries of the group used last */
	size_t loaded_group;
};

struct st {
	int dir;
	uint32_t subbuf_size;
	unsigned int cpus;	/* as the session says */
	struct st_lane *lanes;	/* owned */
};

/* Reads a whole small file below the directory: 0, or -errno without words. */
int st_read_file(int dir, const char *name, size_t max, struct xt_text *ret);
/* The session file and what stands beside it, but the blocks. */
int st_read_session(struct xt_trace *trace, struct rt_err *err);
/* Has the recording ended in order by now? */
bool st_read_complete(const struct xt_trace *trace);
int st_read_formats(struct xt_trace *trace, struct rt_err *err);

/* Finds the blocks of a file; damage becomes warnings. */
int st_open_lane(struct xt_trace *trace, struct st_lane *lane, unsigned int cpu, int fd,
		 size_t *ret_nr_chunks);
/* The blocks that have come since; one that is being written is left for the next time. */
int st_grow_lane(struct xt_trace *trace, struct st_lane *lane, unsigned int cpu,
		 size_t *ret_nr_chunks);
void st_lane_finish(struct st_lane *lane);
void st_chunk(const struct xt_trace *trace, unsigned int lane, size_t index,
	      struct xt_chunk *ret);
int st_load(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
	    struct xt_pages **ret, struct rt_err *err);
int st_load_frame(const struct xt_trace *trace, unsigned int lane, size_t index,
		  struct rt_buf *frame, struct xt_pages **ret, struct rt_err *err);

#endif /* XT_STORE_READ_H */
