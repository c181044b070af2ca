/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - write an xtrace directory while it is being recorded
 *
 * The other side of the reader in xtrace.h; the bytes are bound by
 * doc/formats/xtrace-dir.5.  Data is only ever appended, in whole blocks: what
 * was written stays readable whatever happens to the writer.  Functions with a
 * CPU may be called by several threads at once for different CPUs; the session
 * functions lock for themselves.
 */
#ifndef XT_STORE_H
#define XT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;
struct xt_store;
struct xt_timebase;
struct xt_vcpu;
struct xt_clock_sample;
struct xt_cpu_stats;

/* An append is cut into blocks of at most this many bytes (or one sub-buffer). */
#define XT_STORE_BLOCK_BYTES (128u << 10)

struct xt_store_opts {
	uint32_t subbuf_size;	/* bytes of a sub-buffer; 0 means 4096 */
	int level;		/* zstd level; 0 means 1 */
	uint64_t sync_bytes; /* fdatasync(2) a CPU's file each so many bytes; 0: at the end only */
	bool no_sync;		/* not even at the end (tests) */
	bool force;		/* an existing xtrace directory of this name is emptied first */
};

/**
 * xt_store_create() - make the directory and its `session` file.
 *
 * Return: 0; -EEXIST where something of that name exists and ->force is not set,
 * or is set and it is not an xtrace directory; or another -errno.
 */
int xt_store_create(struct xt_store **ret, const char *dir, const struct xt_store_opts *opts,
		    struct rt_err *err);
/*
 * Frees the writer and leaves the files as they are: without xt_store_finish()
 * before it, as if the writer had been killed.
 */
void xt_store_destroy(struct xt_store *store);

/* ---- data ---- */

/**
 * xt_store_append() - compress and write sub-buffers of one CPU.
 * @subbufs: @nr sub-buffers of ->subbuf_size bytes as the kernel gave them; the
 *	unused bytes behind the data of each are cleared in place.
 * @flush: number of the flush that brought them; 0 when streaming.
 *
 * All goes out by one pwritev(2).  On failure (-ENOSPC, -EIO, ...) the file is
 * cut back to its last whole block: nothing of this call is in it, and the
 * caller says with xt_store_gap() what is missing as soon as that succeeds.
 */
int xt_store_append(struct xt_store *store, unsigned int cpu, void *subbufs, size_t nr,
		    uint32_t flush, struct rt_err *err);

enum xt_gap_reason {
	XT_GAP_DISK = 1,	/* the disk was too slow or full */
	XT_GAP_FLUSH = 2,	/* recording stood still while a flush was saved */
	XT_GAP_PAUSE = 3,	/* recording was paused by the user */
};

struct xt_gap {
	enum xt_gap_reason reason;
	uint64_t first_ts, last_ts; /* of the trace clock; from where to where nothing is known */
	bool count_known;
	uint64_t count;			/* events that are missing */
	uint32_t flush;
};

/*
 * Notes that something is missing here; a reader gets an XT_REC_LOST record at ->last_ts.  It
 * begins no earlier than what the file has ends.
 */
int xt_store_gap(struct xt_store *store, unsigned int cpu, const struct xt_gap *gap,
		 struct rt_err *err);

/* zstd level from the next block on, by any thread at any time. */
void xt_store_set_level(struct xt_store *store, int level);

struct xt_store_count {		/* of one CPU, what append has written */
	uint64_t events, lost;	/* lost: as the kernel counted it in the sub-buffers, and gaps */
	uint64_t bytes_raw, bytes_disk;
	uint64_t blocks;
};

void xt_store_count(const struct xt_store *store, unsigned int cpu, struct xt_store_count *ret);
uint32_t xt_store_subbuf_size(const struct xt_store *store);

/* ---- what is known about the recording: the `session` file ---- */

/*
 * Sets `key = value` in a section ("" for the head of the file); values are any
 * text, kept on one line by escapes.  Nothing reaches the disk before
 * xt_store_save().  Keys that the reader knows, all in section "session":
 * host, release, name, mode, command, machine-id, boot-id, nr-cpus; further
 * keys and sections are kept for people and later readers.
 * Return: 0, -EINVAL for a section or key not made of a-z 0-9 . - _, or -ENOMEM.
 */
int xt_store_set(struct xt_store *store, const char *section, const char *key,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* As xt_store_set(), but one more line with that key (flush, incident, ...). */
int xt_store_add(struct xt_store *store, const char *section, const char *key,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

int xt_store_set_timebase(struct xt_store *store, const struct xt_timebase *time);
int xt_store_set_stats(struct xt_store *store, const struct xt_cpu_stats *stats); /* by ->cpu */
int xt_store_set_vcpu(struct xt_store *store, const struct xt_vcpu *vcpu);	  /* by ->tid */
/* Appended to the file `clocks` at once. */
int xt_store_add_sample(struct xt_store *store, const struct xt_clock_sample *sample,
			struct rt_err *err);

/* Writes `session` anew: a temporary file, then rename(2). */
int xt_store_save(struct xt_store *store, struct rt_err *err);

/*
 * Puts a file of metadata (temporary, then rename); folders are made.  Names:
 * formats/header_page, formats/header_event, formats/SYSTEM/EVENT,
 * printk_formats, saved_cmdlines, saved_tgids, kallsyms: each with the bytes as
 * the kernel's file of that name has them; kallsyms as one zstd frame, kallsyms.zst.
 */
int xt_store_put(struct xt_store *store, const char *name, const void *data, size_t len,
		 struct rt_err *err);

/**
 * xt_store_finish() - nothing more comes: indexes, `complete = yes`, fsync.
 *
 * Return: 0, or -errno of the first thing that failed (the rest is done all the same).
 */
int xt_store_finish(struct xt_store *store, struct rt_err *err);

#endif /* XT_STORE_H */
