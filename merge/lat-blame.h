/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-blame.h - why one interval was long: the chain across both kernels
 *
 * The interval is read again, from a little before it on, with probes on the CPU
 * that the task waited for and on the vCPU's thread behind it.
 */
#ifndef MRG_LAT_BLAME_H
#define MRG_LAT_BLAME_H

#include "lib/buf.h"
#include "merge/lat.h"

/*
 * What is read before an interval, so that it is known who was running when it
 * began.
 */
#define MRG_LAT_LEAD_NS 100000000ull

/**
 * mrg_lat_blame() - a sentence, and lines with what the time was spent on.
 * @out: text is appended, without a newline behind its last line.
 *
 * Return: 0, or -errno.
 */
int mrg_lat_blame(const struct mrg_set *set, const struct mrg_lat_result *result,
		  const struct mrg_lat_interval *interval, struct rt_buf *out,
		  struct rt_err *err);

#endif /* MRG_LAT_BLAME_H */
