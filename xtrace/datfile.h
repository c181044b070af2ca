/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile.h - what the files that read a trace.dat share
 *
 * datfile.c reads the head and the sections, datfile-options.c the options,
 * datfile-lane.c the data; datfile-recover.c finds it where the options are cut off.
 * The format: trace-cmd.dat.v6(5), trace-cmd.dat.v7(5).
 */
#ifndef XT_DATFILE_H
#define XT_DATFILE_H

#include "xtrace/local.h"

enum dat_section {	/* numbers as in the file */
	DAT_HEADER_INFO = 16, DAT_FTRACE_EVENTS, DAT_EVENT_FORMATS, DAT_KALLSYMS, DAT_PRINTK,
	DAT_CMDLINES, DAT_NR_SECTIONS
};

#define DAT_MARK_EACH 16	/* the place of each 16th chunk is remembered */

struct dat_lane {
	uint64_t begin, end;	/* of its chunks (or pages) in the file */
	uint32_t page_size;
	bool compressed;
	pthread_mutex_t lock;	/* for what follows: chunks are found by walking their heads */
	uint64_t *marks;	/* owned */
	size_t nr_marks;
	size_t hint_index;	/* where the last walk ended */
	uint64_t hint_offset;
	uint32_t guess;		/* bytes that a chunk takes in the file, for reading ahead */
};

struct dat {
	int fd;
	uint64_t size;		/* of the file */
	unsigned int version;
	uint32_t page_size;
	enum xt_codec codec;
	bool codec_known;
	char codec_name[16];
	unsigned int cpus;	/* CPUCOUNT */
	uint64_t sections[DAT_NR_SECTIONS];	/* v7: offset of the head; 0 none */
	uint64_t kallsyms, kallsyms_len;	/* v6 */
	struct dat_lane *lanes;
	struct dat_buffer *buffers;	/* v6: rings besides the main one, owned */
	size_t nr_buffers;
};

struct dat_buffer {
	uint64_t offset;
	char *name;		/* owned */
};

/* Reads numbers and texts one behind the other, out of memory or of the file. */
struct dat_in {
	const uint8_t *mem;	/* NULL: from ->fd */
	int fd;
	uint64_t pos, end;
	bool bad;		/* it ended too early; all later reads give 0 */
};

void dat_in_bytes(struct dat_in *in, void *buf, size_t len);
uint64_t dat_in_num(struct dat_in *in, unsigned int bytes);
void dat_in_skip(struct dat_in *in, uint64_t len);
/* @len bytes with a NUL behind them; ->bad, and NULL data, when there are not as many. */
struct xt_text dat_in_text(struct dat_in *in, uint64_t len);
struct xt_text dat_in_string(struct dat_in *in);	/* up to and with its NUL */
static inline uint64_t dat_in_left(const struct dat_in *in)
{
	return in->bad ? 0 : in->end - in->pos;
}

/* Reads a section's contents, decompressed: 0, or -errno with words. */
int dat_section(const struct xt_trace *trace, uint64_t offset, unsigned int want,
		struct xt_text *ret, uint64_t *ret_file_end, struct rt_err *err);

/* Parts of the metadata, the same in both versions. */
int dat_header_info(struct xt_trace *trace, struct dat_in *in, struct rt_err *err);
int dat_ftrace_events(struct xt_trace *trace, struct dat_in *in);
int dat_event_formats(struct xt_trace *trace, struct dat_in *in);
int dat_open_v6(struct xt_trace *trace, struct dat_in *in, struct rt_err *err);

/* All options of one list, up to its end or a DONE option, whose value goes to @ret_next. */
int dat_options(struct xt_trace *trace, struct dat_in *in, uint64_t *ret_next, struct rt_err *err);
/* The text of trace_clock, "[local] global" or "local". */
void dat_clock(struct xt_trace *trace, const char *text);

/* Adds a lane; the range is cut to the file with a warning. */
int dat_add_lane(struct xt_trace *trace, const char *buffer, unsigned int cpu, uint64_t offset,
		 uint64_t size, uint32_t page_size, bool compressed);
/*
 * Version 7: looks for sections from @at on where no options led to a ring; @options:
 * those that are found are read.
 */
int dat_recover(struct xt_trace *trace, uint64_t at, bool options);
/* Data that is listed twice is read once. */
int dat_check_overlap(struct xt_trace *trace);
void dat_lanes_destroy(struct xt_trace *trace);
void dat_chunk(const struct xt_trace *trace, unsigned int lane, size_t index,
	       struct xt_chunk *ret);
int dat_load(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
	     struct xt_pages **ret, struct rt_err *err);

#endif /* XT_DATFILE_H */
