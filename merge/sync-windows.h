/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-windows.h - a guest's whole clock out of its host's windows
 *
 * Puts together what sync-find.c and sync-fit.c find: one line for all CPUs of
 * the guest where the clocks allow it, several behind each other where the clock
 * was stepped or changed its rate, one a CPU where CPUs differ.
 */
#ifndef MRG_SYNC_WINDOWS_H
#define MRG_SYNC_WINDOWS_H

#include "merge/sync.h"

struct mrg_line {		/* offset(t) = offset + rate * (t - at), for t from ->from on */
	int64_t from, at, offset;
	double rate;
	int64_t error;		/* half of what a constant offset leaves open, if one fits; */
	int64_t bound;		/* the farthest that any line that fits is away, in its time */
};

struct mrg_lane_lines {
	struct mrg_line *lines;
	size_t nr;
	size_t vcpu;		/* index into the vCPUs, or MRG_NO_MATCH */
};

/**
 * mrg_windows() - the lines of each lane.
 * @ret: array of @nr, to be finished by mrg_lane_lines_finish().
 *
 * Return: 0; -ESRCH when nothing fits; -ENODATA when there is too little to tell
 * one place from another; -ENOMEM.
 */
int mrg_windows(struct mrg_lane_lines *ret, const struct mrg_times *lanes, unsigned int nr,
		const struct mrg_vcpus *vcpus, const struct mrg_hint *hint);
void mrg_lane_lines_finish(struct mrg_lane_lines *lines);

/* The line of a polygon that is taken: a constant offset if one fits. */
void mrg_poly_line(const struct mrg_poly *poly, int64_t from, int64_t to, struct mrg_line *ret);

#endif /* MRG_SYNC_WINDOWS_H */
