/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pack.h - what of /proc and /sys tells a machine's topology, as one text file
 *
 * doc/formats/hwtopo-tree.5 has the format.
 */
#ifndef TUNE_PACK_H
#define TUNE_PACK_H

#include <stdbool.h>
#include <stddef.h>

struct rt_buf;
struct rt_err;
struct rt_root;

/**
 * tune_pack() - the packed tree of the machine at @root.
 * Leaves out what names the machine's owner: serial numbers, UUIDs, MAC addresses.
 * Return: 0 or -errno; what is not there or may not be read is not in it.
 */
int tune_pack(struct rt_buf *buf, const struct rt_root *root, struct rt_err *err);

/* Does it begin as a packed tree does? */
bool tune_is_packed(const char *text, size_t len);

struct tune_packed {
	bool link;
	char *path;		/* relative, without "." and "..": below the root */
	char *data;		/* a file's bytes, a link's target; NUL behind it */
	size_t len;
};

/* What is done with each entry, which is the callee's no longer than the call. */
typedef int (*tune_packed_fn)(void *arg, const struct tune_packed *entry, struct rt_err *err);

/**
 * tune_pack_read() - each entry of a packed tree.
 * Return: 0, what @fn returned if not 0, or -EINVAL with the line that is wrong.
 */
int tune_pack_read(const char *text, size_t len, tune_packed_fn fn, void *arg,
		   struct rt_err *err);

/**
 * tune_unpack() - make the tree in a new folder below $TMPDIR, /dev/shm or /tmp.
 * @ret_dir: its path, to be given to tune_unpack_remove().
 * Return: 0 or -errno, with nothing left behind.
 */
int tune_unpack(const char *text, size_t len, char **ret_dir, struct rt_err *err);
/* Removes the folder and frees @dir; NULL is legal. */
void tune_unpack_remove(char *dir);

#endif /* TUNE_PACK_H */
