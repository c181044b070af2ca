/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hist.h - the distribution of many durations in little memory
 *
 * Log-linear buckets: exact below 256 ns, then 128 to each power of two, so a
 * quantile is at most 1/128 (0.8 %) above the value itself.  Count, sum, least
 * and greatest are exact.  Debian 12 has no package of the HdrHistogram library;
 * the buckets are of its kind.
 */
#ifndef MRG_HIST_H
#define MRG_HIST_H

#include <stdint.h>

#define MRG_HIST_SUB 128u	/* buckets of a power of two */
#define MRG_HIST_ROWS 58u	/* 2^64 needs so many rows of MRG_HIST_SUB */
#define MRG_HIST_BUCKETS (MRG_HIST_ROWS * MRG_HIST_SUB)

/* Starts as { 0 }; mrg_hist_finish() gives back what it holds. */
struct mrg_hist {
	uint64_t count, sum, min, max;	/* min and max: of no meaning while count is 0 */
	uint64_t *rows[MRG_HIST_ROWS];	/* owned; made when a value falls in */
};

void mrg_hist_finish(struct mrg_hist *hist);

/* Return: 0, or -ENOMEM with nothing changed. */
int mrg_hist_add(struct mrg_hist *hist, uint64_t value);
/* As @count times mrg_hist_add() of a value of that bucket; min, max and sum are the caller's. */
int mrg_hist_add_bucket(struct mrg_hist *hist, unsigned int bucket, uint64_t count);
int mrg_hist_merge(struct mrg_hist *to, const struct mrg_hist *from);

/* The bucket of a value, and the greatest value of a bucket. */
unsigned int mrg_hist_bucket(uint64_t value);
uint64_t mrg_hist_bucket_top(unsigned int bucket);
static inline uint64_t mrg_hist_at(const struct mrg_hist *hist, unsigned int bucket)
{
	const uint64_t *row = hist->rows[bucket / MRG_HIST_SUB];

	return row ? row[bucket % MRG_HIST_SUB] : 0;
}

/*
 * The value of rank @rank (1 is the least), rounded up to its bucket's end but
 * never above ->max.  Return: 0 when there is no such rank.
 */
uint64_t mrg_hist_rank(const struct mrg_hist *hist, uint64_t rank);
/* The smallest value that at least @quantile (0 to 1) of all are not above. */
uint64_t mrg_hist_quantile(const struct mrg_hist *hist, double quantile);
/* Sum of all, each counted for @cap at most; *@ret_squares: of their squares too, or NULL. */
double mrg_hist_capped_sum(const struct mrg_hist *hist, uint64_t cap, double *ret_squares);
uint64_t mrg_hist_mean(const struct mrg_hist *hist);

#endif /* MRG_HIST_H */
