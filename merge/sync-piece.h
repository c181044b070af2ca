/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-piece.h - a stretch of time that one set of lines fits
 *
 * Between sync-windows.c, which finds the pieces, and sync-seam.c, which decides
 * where one ends and the next begins.
 */
#ifndef MRG_SYNC_PIECE_H
#define MRG_SYNC_PIECE_H

#include "merge/sync.h"

struct mrg_piece {
	struct mrg_fit fit;
	struct mrg_place place;		/* ->vcpu: NO_MATCH for lanes that bound nothing */
	bool *lanes;			/* that follow this piece */
	struct mrg_limits limits;	/* that it was found with */
	bool leaps_before, leaps_behind;	/* by a silence that is known */
	int64_t doubt;			/* ns more than the polygon says, near a seam */
};

/**
 * mrg_seam() - where @a ends and @b begins.
 *
 * Events between the last that fits only @a and the first that fits only @b may
 * belong to either: they bound neither.  Return: 0 or -ENOMEM.
 */
int mrg_seam(struct mrg_piece *a, struct mrg_piece *b, const struct mrg_times *lanes,
	     unsigned int nr, const struct mrg_vcpus *vcpus);

/* The middle of what the polygon leaves open at @t. */
int64_t mrg_poly_middle(const struct mrg_poly *poly, int64_t t);

#endif /* MRG_SYNC_PIECE_H */
