/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subbuf.h - sub-buffers on their way from the kernel to the store */
#ifndef XT_SUBBUF_H
#define XT_SUBBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtrace/store.h"

/*
 * Reads up to @max sub-buffers of @size bytes from a raw file; fewer when it is empty.
 * @make_room: for the number of lost events, where some may have been.
 * Return: how many, or -errno; behind some that were read, a failure comes with the next call.
 */
int xt_subbufs_read(int fd, void *to, uint32_t size, unsigned int max, bool make_room);

/* Events in @nr sub-buffers of @size bytes. */
uint64_t xt_subbufs_events(const void *subbufs, size_t nr, uint32_t size);

/*
 * Has a reader show events as lost in front of the sub-buffer.  How many is unknown then, also
 * where the kernel tells of a number: those are some of them.  @why (0: not known) stands where
 * no other reason does.
 */
void xt_subbuf_set_lost(void *subbuf, enum xt_gap_reason why);

enum xt_cut {
	XT_CUT_NOT,	/* nothing in it is later */
	XT_CUT_BEFORE,	/* all of it is: it is marked as xt_subbuf_set_lost() does */
	XT_CUT_THROUGH,	/* its later part is in @rest, marked so, and no longer in it */
};

struct xt_hole {
	uint64_t ts;		/* something is missing behind it */
	enum xt_gap_reason why;
};

/* Cuts a sub-buffer in front of the first event that is behind the hole. */
enum xt_cut xt_subbuf_cut(void *subbuf, uint32_t size, const struct xt_hole *hole, void *rest);

struct xt_holes {		/* of one CPU */
	struct xt_hole *v;
	size_t nr;
	size_t next;		/* the first that is not behind what was looked at */
};

/* Return: 0 or -ENOMEM. */
int xt_holes_add(struct xt_holes *holes, const struct xt_hole *hole);
/*
 * Marks the holes that are still to come in a sub-buffer.  True: one goes through it, what
 * follows is in @rest, and may have further ones.
 */
bool xt_holes_cut(struct xt_holes *holes, void *subbuf, uint32_t size, void *rest);
void xt_holes_finish(struct xt_holes *holes);

#endif /* XT_SUBBUF_H */
