/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-gaps.h - candidates for sync-find.c where events alone say too little
 */
#ifndef MRG_SYNC_GAPS_H
#define MRG_SYNC_GAPS_H

#include "merge/sync.h"

struct mrg_gap_search {
	int64_t lo, hi;		/* offsets to look at */
	int64_t from, to;	/* guest time */
	int64_t slack;		/* what drift may do within it, ns */
	size_t max;		/* places wanted */
};

/**
 * mrg_find_by_gaps() - the offsets at which all long gaps are silent.
 * @ret: sorted intervals, owned by the caller, free(3).
 *
 * Return: 0 or -ENOMEM.
 */
int mrg_find_by_gaps(struct mrg_span **ret, size_t *ret_nr, const struct mrg_times *times,
		     const struct mrg_vcpu *v, const struct mrg_gap_search *search);

#define MRG_SILENCES 256

struct mrg_silences {		/* of a stretch of a guest, by their length */
	double whole;		/* ns */
	double nr[MRG_SILENCES], sum[MRG_SILENCES];
};

/* Those between @nr times, one at least. */
void mrg_silences_count(struct mrg_silences *ret, const int64_t *t, size_t nr);
/* The part of the stretch at which so long a gap could begin without an event in it. */
double mrg_silences_chance(const struct mrg_silences *silences, int64_t length);

#endif /* MRG_SYNC_GAPS_H */
