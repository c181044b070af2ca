/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-change.h - what takes more of a machine's time than it did before
 *
 * Rules tell that something got worse; this tells what else did at the same time: an
 * interrupt that was not there, a task that takes a vCPU's CPU, an exit on which KVM
 * itself spends more.  Only what differs beyond chance.
 */
#ifndef MRG_LAT_CHANGE_H
#define MRG_LAT_CHANGE_H

#include "merge/lat-gate.h"

struct mrg_lat_spending {		/* means of a side's runs */
	double ns;		/* a second of the trace; odd intervals capped (lat-range.h) */
	double times;		/* a second of the trace */
	double each;		/* ns, the median of a run; 0 where it did not happen */
};

struct mrg_lat_change {
	char what[MRG_LAT_NAME_MAX + 48];	/* "preempt(hog)", "exit(MSR), KVM itself" */
	char host[MRG_LABEL_MAX];
	struct mrg_lat_spending base, now;
	bool asked_for;		/* a broken rule speaks of just this */
};

/*
 * At most @max: those that broken rules speak of first, then the greatest increase: of
 * the whole, or, where a CPU has no time left for more of them, of each.  With one run
 * on each side all that is twice as much.  @gate: its changes are not looked at.
 * Return: 0 with *@ret_nr set, or -ENOMEM.
 */
int mrg_lat_changes(struct mrg_lat_change *ret, size_t max, size_t *ret_nr,
		    const struct mrg_lat_gate *gate);

#endif /* MRG_LAT_CHANGE_H */
