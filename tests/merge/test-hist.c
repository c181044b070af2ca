/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-hist.c - merge/hist.c: buckets, quantiles against a sorted list, merging, sums */
#include "merge/hist.h"

#include "tests/unit.h"

static uint64_t seed = 12345;

static uint64_t draw(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 11;
}

TEST(every_value_lies_in_its_bucket_and_buckets_do_not_overlap)
{
	uint64_t value, top;
	unsigned int i, bucket;

	for (i = 0; i < 100000; i++) {
		value = draw() >> (draw() % 53);
		bucket = mrg_hist_bucket(value);
		top = mrg_hist_bucket_top(bucket);
		assert_true(bucket < MRG_HIST_BUCKETS);
		assert_true(value <= top);
		assert_true(top - value <= value / MRG_HIST_SUB);
		if (bucket > 0)
			assert_true(value > mrg_hist_bucket_top(bucket - 1));
	}
	assert_int_equal(mrg_hist_bucket(0), 0);
	assert_int_equal(mrg_hist_bucket(UINT64_MAX), MRG_HIST_BUCKETS - 1);
	assert_true(mrg_hist_bucket_top(MRG_HIST_BUCKETS - 1) == UINT64_MAX);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

TEST(quantiles_are_those_of_the_sorted_list_within_the_bucket)
{
	static const double quantiles[] = { 0, 0.001, 0.5, 0.9, 0.99, 0.999, 1 };
	struct mrg_hist hist = { 0 };
	uint64_t values[5000], sum = 0, got, want;
	unsigned int i, q, rank;

	for (i = 0; i < 5000; i++) {
		values[i] = draw() % 1000000;
		sum += values[i];
		assert_int_equal(mrg_hist_add(&hist, values[i]), 0);
	}
	qsort(values, 5000, sizeof(*values), compare);
	for (q = 0; q < sizeof(quantiles) / sizeof(*quantiles); q++) {
		rank = (unsigned int)(quantiles[q] * 5000 + 0.999999);
		want = values[rank > 0 ? rank - 1 : 0];
		got = mrg_hist_quantile(&hist, quantiles[q]);
		assert_true(got >= want && got <= want + want / MRG_HIST_SUB);
	}
	assert_int_equal(hist.count, 5000);
	assert_int_equal(hist.sum, sum);
	assert_int_equal(hist.min, values[0]);
	assert_int_equal(hist.max, values[4999]);
	assert_int_equal(mrg_hist_mean(&hist), sum / 5000);
	mrg_hist_finish(&hist);
}

TEST(an_empty_histogram_has_no_quantile)
{
	struct mrg_hist hist = { 0 };

	assert_int_equal(mrg_hist_quantile(&hist, 0.5), 0);
	assert_int_equal(mrg_hist_rank(&hist, 1), 0);
	assert_int_equal(mrg_hist_mean(&hist), 0);
}

TEST(no_quantile_is_above_the_greatest_value)
{
	struct mrg_hist hist = { 0 };

	assert_int_equal(mrg_hist_add(&hist, 1000001), 0);
	assert_int_equal(mrg_hist_quantile(&hist, 0.5), 1000001);
	assert_int_equal(mrg_hist_rank(&hist, 2), 0);
	mrg_hist_finish(&hist);
}

TEST(two_histograms_merged_are_one_of_all_values)
{
	struct mrg_hist both = { 0 }, a = { 0 }, b = { 0 };
	uint64_t value;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		value = draw() % 100000;
		assert_int_equal(mrg_hist_add(&both, value), 0);
		assert_int_equal(mrg_hist_add(i % 3 ? &a : &b, value), 0);
	}
	assert_int_equal(mrg_hist_merge(&a, &b), 0);
	assert_int_equal(a.count, both.count);
	assert_int_equal(a.sum, both.sum);
	assert_int_equal(a.min, both.min);
	assert_int_equal(a.max, both.max);
	for (i = 0; i < MRG_HIST_BUCKETS; i++)
		assert_int_equal(mrg_hist_at(&a, i), mrg_hist_at(&both, i));
	mrg_hist_finish(&a);
	mrg_hist_finish(&b);
	mrg_hist_finish(&both);
}

TEST(a_capped_sum_is_that_of_values_which_are_no_greater)
{
	static const uint64_t caps[] = { 0, 100, 5000, 1000000, UINT64_MAX };
	struct mrg_hist hist = { 0 };
	double sums[5] = { 0 }, squares[5] = { 0 }, square, least;
	uint64_t value;
	unsigned int i, c;

	for (i = 0; i < 1000; i++) {
		value = draw() % (i % 10 ? 10000 : 10000000);
		assert_int_equal(mrg_hist_add(&hist, value), 0);
		for (c = 0; c < 5; c++) {
			least = (double)(value < caps[c] ? value : caps[c]);
			sums[c] += least;
			squares[c] += least * least;
		}
	}
	for (c = 0; c < 5; c++) {
		assert_in_range(mrg_hist_capped_sum(&hist, caps[c], &square), (uint64_t)sums[c],
				(uint64_t)(sums[c] * 1.009));
		assert_in_range(square, (uint64_t)squares[c], (uint64_t)(squares[c] * 1.018));
	}
	assert_true(mrg_hist_capped_sum(&hist, UINT64_MAX, NULL) == (double)hist.sum);
	mrg_hist_finish(&hist);
	assert_true(mrg_hist_capped_sum(&hist, 5, &square) == 0 && square == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_lies_in_its_bucket_and_buckets_do_not_overlap),
		cmocka_unit_test(quantiles_are_those_of_the_sorted_list_within_the_bucket),
		cmocka_unit_test(an_empty_histogram_has_no_quantile),
		cmocka_unit_test(no_quantile_is_above_the_greatest_value),
		cmocka_unit_test(a_capped_sum_is_that_of_values_which_are_no_greater),
		cmocka_unit_test(two_histograms_merged_are_one_of_all_values),
	};

	return RUN_TESTS(tests);
}
