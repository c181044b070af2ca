/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-set.h - find the clocks of a whole set (xtrace-multi-merge)
 */
#ifndef MRG_SYNC_SET_H
#define MRG_SYNC_SET_H

#include "merge/set.h"

struct mrg_watch;
struct rt_buf;

#define MRG_SLICES_ALL 0u		/* every event is read */
#define MRG_SLICES_AUTO (~0u)	/* ... unless the traces are large */

struct mrg_sync_how {
	enum mrg_method method;	/* that every member must take, or MRG_NR_METHODS: the best one */
	unsigned int slices;	/* of its time that are read of each guest, or MRG_SLICES_... */
	const struct mrg_watch *watch;	/* told how far reading is, or NULL */
};

/**
 * mrg_sync_set() - put all members of a set on the clock of one of them.
 * @notes: gets a line for each thing that the user should know.
 *
 * The reference is the first host, or else the first member.  Every guest is
 * checked against the law in the end, whatever its clock came from.  Members that
 * are all of one kernel and one clock are not read: there is nothing to compare.
 * Slices are taken only as far as they can stand for all: where they show anything
 * but even clocks and a kept law, everything is read.
 *
 * Return: 0, or -errno: a member's clock cannot be compared, with the reason.
 */
int mrg_sync_set(struct mrg_set *set, const struct mrg_sync_how *how, struct rt_buf *notes,
		 struct rt_err *err);

#endif /* MRG_SYNC_SET_H */
