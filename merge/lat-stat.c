/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-stat.c - Student's test of two samples, as two ranges */
#include "merge/lat-stat.h"

#include <errno.h>
#include <math.h>

/* Quantiles of 99 % of Student's distribution with 1, 2, ... degrees of freedom. */
static const double student[] = {
	31.82, 6.965, 4.541, 3.747, 3.365, 3.143, 2.998, 2.896, 2.821, 2.764, 2.718, 2.681,
	2.650, 2.624, 2.602, 2.583, 2.567, 2.552, 2.539, 2.528,
};

static double student_of(size_t degrees)
{
	size_t most = sizeof(student) / sizeof(*student);

	return student[(degrees < most ? degrees : most) - 1];
}

static double log_of(double value, double zero)
{
	return log((value > 0 ? value : 0) + zero);
}

static double mean_of(const struct mrg_lat_values *values, double zero)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < values->nr; i++)
		sum += log_of(values->v[i], zero);
	return sum / (double)values->nr;
}

static double squares_of(const struct mrg_lat_values *values, double mean, double zero)
{
	double sum = 0, off;
	size_t i;

	for (i = 0; i < values->nr; i++) {
		off = log_of(values->v[i], zero) - mean;
		sum += off * off;
	}
	return sum;
}

static void set_bounds(struct mrg_lat_bounds *ret, double mean, double half, double zero)
{
	ret->low = fmax(exp(mean - half) - zero, 0);
	ret->mean = fmax(exp(mean) - zero, 0);
	ret->high = exp(mean + half) - zero;
}

int mrg_lat_bounds_of(struct mrg_lat_bounds *ret_a, struct mrg_lat_bounds *ret_b,
		      const struct mrg_lat_values *a, const struct mrg_lat_values *b, double zero)
{
	double mean_a, mean_b, squares, half;
	size_t degrees = a->nr + b->nr;

	if (a->nr == 0 || b->nr == 0 || degrees < 3)
		return -EDOM;
	degrees -= 2;
	mean_a = mean_of(a, zero);
	mean_b = mean_of(b, zero);
	squares = squares_of(a, mean_a, zero) + squares_of(b, mean_b, zero);
	half = student_of(degrees) / 2 * sqrt(squares / (double)degrees) *
	       sqrt(1 / (double)a->nr + 1 / (double)b->nr);
	set_bounds(ret_a, mean_a, half, zero);
	set_bounds(ret_b, mean_b, half, zero);
	return 0;
}
