/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-stat.h - how far figures of whole runs differ beyond how runs differ by themselves
 *
 * A run is one observation, however many intervals it has: what made it fast or slow
 * (where memory lay, what else the machine did) met all of them alike.  Latencies
 * differ by factors, so logarithms are compared.
 */
#ifndef MRG_LAT_STAT_H
#define MRG_LAT_STAT_H

#include <stddef.h>

struct mrg_lat_values {		/* a figure of each run of a side */
	const double *v;
	size_t nr;
};

/* The mean of a side as its logarithms have it, and the range in which it is sure to lie. */
struct mrg_lat_bounds {
	double low, mean, high;
};

/**
 * mrg_lat_bounds_of() - ranges of two sides that are apart where the sides differ.
 * @zero: what is so little that nobody asks whether it is twice as much.
 *
 * Student's test of two samples, one-sided with 99 %, as two ranges: they do not
 * overlap where it finds a difference.
 * Return: 0, or -EDOM where each side has one run and nothing tells how runs differ.
 */
int mrg_lat_bounds_of(struct mrg_lat_bounds *ret_a, struct mrg_lat_bounds *ret_b,
		      const struct mrg_lat_values *a, const struct mrg_lat_values *b, double zero);

#endif /* MRG_LAT_STAT_H */
