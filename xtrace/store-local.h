/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-local.h - what the files of the store's writer share
 */
#ifndef XT_STORE_LOCAL_H
#define XT_STORE_LOCAL_H

#include <pthread.h>
#include <stdbool.h>

#include "xtrace/store-format.h"
#include "xtrace/store.h"

#define STORE_MAX_CPUS 8192

struct store_file {		/* cpuN.xt; used by one thread at a time */
	int fd;
	unsigned int cpu;
	uint64_t size;		/* whole blocks only */
	uint64_t seq;
	uint64_t index;		/* offset of the last index block; 0 none */
	uint64_t synced;	/* ->size at the last fdatasync() */
	uint64_t last_ts;	/* of the last block */
	struct xt_index_entry entries[XT_INDEX_EACH];	/* since the last index */
	unsigned int nr_entries;
	struct xt_store_count count;	/* each number is read by any thread */
};

struct store_line {		/* of the session file */
	char *section, *key, *value;	/* owned */
};

struct store_packer {		/* what one append needs besides its data */
	void *cctx;		/* ZSTD_CCtx */
	uint8_t *out;
	size_t room;
	struct store_packer *next;
};

struct xt_store {
	int dir;
	char *path;		/* owned; for messages */
	struct xt_store_opts opts;
	int level;		/* atomic */
	bool complete;
	struct store_file *files[STORE_MAX_CPUS];	/* owned; NULL until the first append */
	pthread_mutex_t lock;	/* of the next three; held while `session` reaches the disk */
	struct store_line *lines;
	size_t nr_lines;
	int clocks;		/* descriptor; -1 until the first sample */
	pthread_mutex_t packer_lock;	/* an append waits for no disk but its own */
	struct store_packer *packers;	/* idle ones */
};

/* ---- store-files.c ---- */

/*
 * Its writer holds flock(2) LOCK_EX on the directory, so that nobody else empties it, and readers
 * see whether somebody still writes.
 * Return: 0; -EEXIST where it is left alone, -EBUSY where somebody writes into it.
 */
int store_mkdir(const char *path, bool force, int *ret_dir, struct rt_err *err);
/* It is final. */
void store_give_back(int dir);
/* A whole file anew: temporary, rename; folders are made. */
int store_replace(int dir, const char *name, const void *data, size_t len, bool sync,
		  struct rt_err *err);
bool store_known_name(const char *name);
/* All small files but `session`, and the names of all.  Return: 0 or -errno. */
int store_sync(int dir);

/* ---- store-block.c ---- */

/* Writes the index of what has none yet: 0 or -errno. */
int store_finish_file(struct xt_store *store, struct store_file *file, struct rt_err *err);
void store_packers_destroy(struct xt_store *store);

#endif /* XT_STORE_LOCAL_H */
