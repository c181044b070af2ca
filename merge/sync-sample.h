/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-sample.h - the clocks of large traces out of slices of their time
 *
 * doc/clock-sync.md says what that proves.  Where slices do not tell, or tell of
 * anything but clocks that run evenly and a law that is kept, all is read.
 */
#ifndef MRG_SYNC_SAMPLE_H
#define MRG_SYNC_SAMPLE_H

#include "merge/sync-member.h"

/* Where a guest's events fit into its host's windows, in some stretch. */
struct mrg_seed {
	struct mrg_place place;		/* ->vcpu is NULL: numbers are another reading's */
	int *tid;			/* by lane: the vCPU's thread, 0: not known */
	size_t nr_slices;		/* that are looked at, */
	int64_t nr_ns, of_ns;		/* so many ns of those that both traces have */
};

/**
 * mrg_sample_read() - the data of all parties, in slices.
 * @parties: @nr of them with ->member and ->own; those that are no guests of @reference
 *	     are of its kernel and clock.
 * @slices: of each guest, or MRG_SLICES_AUTO: as many as a large trace needs.
 *
 * Return: 0; -ENODATA: all is to be read, -ESRCH: as slices do not tell; -ENOMEM.
 */
int mrg_sample_read(struct mrg_party *parties, size_t nr, size_t reference, unsigned int slices,
		    struct rt_err *err);

/* mrg_sync_windows() of a party with a seed. */
int mrg_sample_windows(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);

/* Whether what the slices say of a member that has its clock may stand for all of it. */
bool mrg_sample_stands(const struct mrg_party *p, const struct mrg_party *host);

void mrg_seed_destroy(struct mrg_seed *seed);

#endif /* MRG_SYNC_SAMPLE_H */
