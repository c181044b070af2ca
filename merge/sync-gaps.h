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

#endif /* MRG_SYNC_GAPS_H */
