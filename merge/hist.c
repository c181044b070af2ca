/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hist.c - log-linear histograms, rows of which exist once they are needed */
#include "merge/hist.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SUB_BITS 7	/* MRG_HIST_SUB is 1 << SUB_BITS */

_Static_assert(MRG_HIST_SUB == 1u << SUB_BITS, "the sub-buckets are a power of two");

void mrg_hist_finish(struct mrg_hist *hist)
{
	unsigned int i;

	for (i = 0; i < MRG_HIST_ROWS; i++)
		free(hist->rows[i]);
	*hist = (struct mrg_hist){ 0 };
}

/*
 * Row 0 holds 0..127 and row 1 128..255, one value each; row r holds
 * [2^(r+6), 2^(r+7)) in steps of 2^(r-1).
 */
unsigned int mrg_hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < 2 * MRG_HIST_SUB)
		return (unsigned int)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - SUB_BITS;
	return ((shift + 1) << SUB_BITS) + (unsigned int)((value >> shift) & (MRG_HIST_SUB - 1));
}

uint64_t mrg_hist_bucket_top(unsigned int bucket)
{
	unsigned int shift;
	uint64_t low;

	if (bucket < 2 * MRG_HIST_SUB)
		return bucket;
	shift = (bucket >> SUB_BITS) - 1;
	low = (uint64_t)(MRG_HIST_SUB | (bucket & (MRG_HIST_SUB - 1))) << shift;
	return low + ((1ull << shift) - 1);
}

int mrg_hist_add_bucket(struct mrg_hist *hist, unsigned int bucket, uint64_t count)
{
	uint64_t **row = &hist->rows[bucket / MRG_HIST_SUB];

	if (!*row) {
		*row = calloc(MRG_HIST_SUB, sizeof(**row));
		if (!*row)
			return -ENOMEM;
	}
	(*row)[bucket % MRG_HIST_SUB] += count;
	hist->count += count;
	return 0;
}

int mrg_hist_add(struct mrg_hist *hist, uint64_t value)
{
	int rc = mrg_hist_add_bucket(hist, mrg_hist_bucket(value), 1);

	if (rc < 0)
		return rc;
	if (hist->count == 1 || value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->sum += value;
	return 0;
}

int mrg_hist_merge(struct mrg_hist *to, const struct mrg_hist *from)
{
	unsigned int i;
	uint64_t nr;
	int rc = 0;

	if (from->count == 0)
		return 0;
	if (to->count == 0 || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->sum += from->sum;
	for (i = 0; i < MRG_HIST_BUCKETS && rc == 0; i++) {
		nr = mrg_hist_at(from, i);
		if (nr > 0)
			rc = mrg_hist_add_bucket(to, i, nr);
	}
	return rc;
}

uint64_t mrg_hist_rank(const struct mrg_hist *hist, uint64_t rank)
{
	uint64_t seen = 0, top;
	unsigned int r, i;

	if (rank == 0 || rank > hist->count)
		return 0;
	for (r = 0; r < MRG_HIST_ROWS; r++) {
		for (i = 0; hist->rows[r] && i < MRG_HIST_SUB; i++) {
			seen += hist->rows[r][i];
			if (seen < rank)
				continue;
			top = mrg_hist_bucket_top(r * MRG_HIST_SUB + i);
			return top < hist->max ? top : hist->max;
		}
	}
	return hist->max;
}

uint64_t mrg_hist_quantile(const struct mrg_hist *hist, double quantile)
{
	double rank = ceil(quantile * (double)hist->count);

	if (hist->count == 0)
		return 0;
	if (rank < 1)
		rank = 1;
	return mrg_hist_rank(hist, rank < (double)hist->count ? (uint64_t)rank : hist->count);
}

double mrg_hist_capped_sum(const struct mrg_hist *hist, uint64_t cap, double *ret_squares)
{
	double sum = 0, squares = 0, value;
	unsigned int i;

	for (i = 0; i < MRG_HIST_BUCKETS; i++) {
		value = fmin((double)mrg_hist_bucket_top(i), (double)cap);
		sum += value * (double)mrg_hist_at(hist, i);
		squares += value * value * (double)mrg_hist_at(hist, i);
	}
	if (ret_squares)
		*ret_squares = squares;
	return fmin(sum, (double)hist->sum);	/* which is exact: buckets' ends are above */
}

uint64_t mrg_hist_mean(const struct mrg_hist *hist)
{
	return hist->count > 0 ? hist->sum / hist->count : 0;
}
