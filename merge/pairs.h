/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pairs.h - hypercalls that guest and host both recorded
 *
 * The guest notes a call before it makes it and when it is back; the host's
 * event lies in between.
 */
#ifndef MRG_PAIRS_H
#define MRG_PAIRS_H

#include "merge/extract.h"
#include "merge/set.h"

struct mrg_pair {
	uint64_t start, end;	/* guest's, as recorded; end is 0 when it was not seen */
	uint64_t host;		/* host's, as recorded */
	uint64_t start_page, end_page;	/* the guest lane's sub-buffers */
	uint32_t guest_lane, host_lane;
};

/**
 * mrg_pairs_find() - match calls by number and arguments.
 *
 * Calls that are alike are matched in their order, if both sides have as many and it is known:
 * not that of several of the guest's CPUs where the clock of one was set back.
 * @ret: owned by the caller, free(3).  Return: 0 or -ENOMEM.
 */
int mrg_pairs_find(struct mrg_pair **ret, size_t *ret_nr, const struct mrg_data *guest,
		   const struct mrg_data *host);

/*
 * Counts the pairs, and those in an impossible order under the lanes' clocks; none in a
 * sub-buffer in which the guest's clock was set back.
 */
void mrg_pairs_check(struct mrg_check *check, const struct mrg_pair *pairs, size_t nr,
		     const struct mrg_lane *guest, const struct mrg_lane *host);

#endif /* MRG_PAIRS_H */
