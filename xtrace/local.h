/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * local.h - what the files behind xtrace.h share: the open trace, its backends,
 * its texts, and memory for pages
 *
 * A backend is one kind of file (datfile*.c, store-read*.c).  It fills the
 * trace at opening and later only answers look-ups and loads.
 */
#ifndef XT_LOCAL_H
#define XT_LOCAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "xtrace/xtrace.h"

struct rt_err;
struct tep_handle;
struct xt_symbols;

/* ---- a sub-buffer's head ---- */

#define XT_PAGE_COMMIT	8	/* offset of the commit word, behind the time stamp */
#define XT_PAGE_HEAD	16	/* records begin here */
#define XT_COMMIT_BYTES	((1u << 27) - 1)
/* Of pages that we make: enum xt_gap_reason.  The kernel leaves these bits clear. */
#define XT_COMMIT_WHY_SHIFT 28
#define XT_COMMIT_WHY	(3u << XT_COMMIT_WHY_SHIFT)
#define XT_COMMIT_COUNT	(1u << 30)	/* the number of lost events stands behind the data */
#define XT_COMMIT_LOST	(1u << 31)

/* ---- limits: what a file may claim before it is refused ---- */

#define XT_MIN_PAGE	4096u
#define XT_MAX_PAGE	(1u << 20)
#define XT_MAX_CHUNK	(16u << 20)	/* raw bytes of one chunk */
#define XT_MAX_FORMATS	65536u
#define XT_MAX_LOAD	(256u << 20)	/* raw bytes of one xt_lane_load() */
#define XT_MAX_TEXT	(64u << 20)	/* raw bytes of one metadata text */
#define XT_MAX_CPUS	8192u
#define XT_MAX_LANES	65535u
#define XT_MAX_EVENTS	65536u		/* ids have 16 bits */
#define XT_MAX_WARNINGS	64u

/* ---- pieces of the trace ---- */

struct xt_text {
	char *data;	/* owned; a NUL stands behind ->len bytes; NULL: none */
	size_t len;
};

struct xt_format {	/* the text of one events/SYSTEM/EVENT/format */
	const char *system;	/* owned */
	struct xt_text text;	/* owned */
};

struct xt_comm {
	int pid;
	const char *comm;	/* borrowed from the text of the saved names */
};

struct xt_tgid {
	int pid, tgid;
};

struct xt_backend {
	void (*destroy)(struct xt_trace *trace);
	int (*refresh)(struct xt_trace *trace, struct rt_err *err);	/* NULL: never grows */
	void (*chunk)(const struct xt_trace *trace, unsigned int lane, size_t index,
		      struct xt_chunk *ret);
	int (*load)(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
		    struct xt_pages **ret, struct rt_err *err);
	/*
	 * As ->load() of one chunk; where that stands in the file as one piece compressed by
	 * zstd, the piece is appended to @frame.  NULL: as ->load().
	 */
	int (*load_frame)(const struct xt_trace *trace, unsigned int lane, size_t index,
			  struct rt_buf *frame, struct xt_pages **ret, struct rt_err *err);
	uint32_t (*page_size)(const struct xt_trace *trace, unsigned int lane);	/* of sub-buffers */
	/* Fills @ret with the text of kallsyms; -ENOENT where there is none. */
	int (*kallsyms)(const struct xt_trace *trace, struct xt_text *ret, struct rt_err *err);
};

/* ---- memory for pages (pages.c) ---- */

#define XT_POOL_CLASSES 32
#define XT_POOL_KEEP	(8u << 20)	/* bytes kept for the next load */

struct xt_worker {	/* what one thread needs to load; taken and given back a load */
	void *dctx;		/* ZSTD_DCtx */
	uint8_t *io;		/* compressed bytes as read */
	size_t io_room;
	struct xt_worker *next;
};

struct xt_pool {
	pthread_mutex_t lock;
	struct xt_worker *workers;
	struct xt_block *blocks[XT_POOL_CLASSES];
	size_t kept;		/* bytes of all ->blocks */
};

enum xt_codec { XT_CODEC_NONE, XT_CODEC_ZSTD, XT_CODEC_ZLIB };

struct xt_pool *xt_pool_create(void);	/* NULL without memory */
void xt_pool_destroy(struct xt_pool *pool);
/* One reference to room for @nr sub-buffers, contents undefined; NULL without memory. */
struct xt_pages *xt_pool_pages(struct xt_pool *pool, uint32_t nr, uint32_t page_size);
uint8_t *xt_pages_data(struct xt_pages *pages);	/* where the loader writes */
struct xt_worker *xt_pool_worker(struct xt_pool *pool);	/* NULL without memory */
void xt_pool_worker_put(struct xt_pool *pool, struct xt_worker *worker);
uint8_t *xt_worker_io(struct xt_worker *worker, size_t size);	/* grows; contents are lost */

/* Decompresses exactly @usize bytes: 0, or -EBADMSG when it is more, less or damaged. */
int xt_decompress(enum xt_codec codec, struct xt_worker *worker, const void *src, size_t csize,
		  void *dst, size_t usize);
/* Reads all of @len at @offset: 0, -EBADMSG at the end of the file, or -errno. */
int xt_pread(int fd, void *buf, size_t len, uint64_t offset);

/* ---- the trace ---- */

struct xt_late {		/* what is made at its first use */
	pthread_mutex_t lock;	/* held while making */
	_Atomic(struct xt_symbols *) symbols;
};

struct xt_trace {
	struct xt_info info;
	const struct xt_backend *backend;
	void *priv;			/* the backend's own */

	struct xt_lane_info *lanes;	/* owned */
	unsigned int nr_lanes;

	struct xt_event **events;	/* owned; by id */
	unsigned int max_event;		/* ids are below */
	struct xt_format *formats;	/* owned */
	size_t nr_formats;
	struct xt_text header_page, printk, cmdlines, tgids_text;
	struct xt_comm *comms;		/* owned; by PID, the file's order among equals */
	size_t nr_comms;
	const char *report_end;		/* in ->cmdlines; NULL: trace-cmd has all names */
	struct xt_comm *comm_list;	/* owned; as in the file */
	struct xt_tgid *tgids;		/* owned; by PID */
	size_t nr_tgids;

	char **strings;			/* owned; what info points at */
	size_t nr_strings;
	struct xt_vcpu *vcpus;		/* owned, as the next ones */
	struct xt_noted_incident *incidents;
	struct xt_clock_sample *samples;
	struct xt_cpu_stats *stats;
	struct xt_cpu_shift *shifts;

	char *warnings[XT_MAX_WARNINGS];	/* owned */
	size_t nr_warnings;

	struct xt_pool *pool;		/* owned; lock for themselves, also in a const trace */
	struct xt_late *late;		/* owned */
};

struct xt_trace *xt_trace_new(void);	/* empty; NULL without memory */
/* Opens one kind each; *@trace is filled as far as it got, the caller destroys it. */
int xt_datfile_open(struct xt_trace *trace, const char *path, int fd, struct rt_err *err);
int xt_store_open(struct xt_trace *trace, const char *path, int dir, struct rt_err *err);

void xt_warn(struct xt_trace *trace, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A copy of @text (at most @len bytes of it) that lives as long as the trace; "" without memory. */
const char *xt_keep(struct xt_trace *trace, const char *text, size_t len);
void xt_text_finish(struct xt_text *text);

/* ---- formats, names, symbols ---- */

/*
 * Adds one format text (copied); what cannot be understood becomes a warning, and so
 * do more than XT_MAX_FORMATS.
 */
int xt_add_format(struct xt_trace *trace, const char *system, const char *text, size_t len);
/* header_page: refuses layouts other than that of a 64-bit little-endian kernel. */
int xt_check_header_page(const char *text, struct rt_err *err);
int xt_parse_cmdlines(struct xt_trace *trace);	/* of ->cmdlines, ->tgids_text */

/* The symbols, read and sorted at the first call; NULL without memory. */
const struct xt_symbols *xt_trace_symbols(const struct xt_trace *trace);

void xt_late_destroy(struct xt_late *late);

#endif /* XT_LOCAL_H */
