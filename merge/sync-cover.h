/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-cover.h - a trace that is covered by pieces, and the stretches still to cover
 *
 * Between sync-windows.c, which owns it, sync-place.c, which finds the piece of a
 * stretch, and sync-leap.c, which looks where the host's trace is not.
 */
#ifndef MRG_SYNC_COVER_H
#define MRG_SYNC_COVER_H

#include "merge/sync-piece.h"

#define MRG_NEAR_NS 100000	/* a clock that only changes its rate goes on from here */
/*
 * When a clock is set back, the ring buffer takes the next event of each CPU as
 * coming at once: up to the end of its sub-buffer, the CPU's times lag by the
 * silence that was there.
 */
#define MRG_LEAP_NS 50000000
#define MRG_SURE_LANE 24	/* bits that make a lane's vCPU certain enough to bound others */

struct mrg_work {
	int64_t from, to;
	bool *lanes;
	size_t beside;			/* the piece beside it, its number + 1; 0 for none */
	struct mrg_hint leap;		/* ->known: beyond the host's trace by its lines */
};

struct mrg_cover {
	const struct mrg_times *lanes;
	unsigned int nr;
	const struct mrg_vcpus *vcpus;
	struct mrg_hint hint;
	int64_t noise;
	size_t *map;			/* by lane: its vCPU once known */
	struct mrg_piece *pieces;
	size_t nr_pieces, pieces_room;
	struct mrg_work *works;
	size_t nr_works, works_room;
};

/* The piece that covers @w, or a part of it; ->lanes is the caller's.  0, -ESRCH or -ENOMEM. */
int mrg_cover_piece(struct mrg_cover *c, struct mrg_piece *p, const struct mrg_work *w);

/* The lanes of @mask as an array for the finder: the others look empty.  NULL: no memory. */
struct mrg_times *mrg_cover_masked(const struct mrg_cover *c, const bool *mask);

/* All lanes of @p are silent together for most of its time: any rate bridges that. */
bool mrg_cover_silent(const struct mrg_cover *c, const struct mrg_piece *p);

/*
 * No event contradicts a line that puts it where the host's trace is not.  If a silence
 * leads there, the clock may have been set instead: what then fits is work to do, and
 * the last of the pieces ends at the silence.  0 or -ENOMEM.
 */
int mrg_cover_leap(struct mrg_cover *c, const struct mrg_work *w, bool behind);

#endif /* MRG_SYNC_COVER_H */
