/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-clock.c - merge/clock.h, merge/clock.c: recorded time to merged time */
#include "merge/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "xtrace/xtrace.h"

static void a_segment_maps_both_sides_of_its_start(void **state)
{
	struct mrg_segment seg = { .in0 = 1000, .out0 = 5000, .mult = MRG_RATE_ONE / 2 };

	(void)state;
	assert_int_equal(mrg_segment_map(&seg, 1000), 5000);
	assert_int_equal(mrg_segment_map(&seg, 1010), 5005);
	assert_int_equal(mrg_segment_map(&seg, 990), 4995);
}

static void a_segment_saturates_instead_of_wrapping(void **state)
{
	struct mrg_segment low = { .in0 = 1000, .out0 = 10, .mult = MRG_RATE_ONE };
	struct mrg_segment high = { .in0 = 0, .out0 = UINT64_MAX - 10, .mult = MRG_RATE_ONE };

	(void)state;
	assert_int_equal(mrg_segment_map(&low, 0), 0);
	assert_true(mrg_segment_map(&high, 1000) == UINT64_MAX);
}

static void a_lane_clock_picks_the_segment_of_the_time(void **state)
{
	struct mrg_segment segs[] = {
		{ .in0 = 100, .out0 = 1100, .mult = MRG_RATE_ONE },
		{ .in0 = 200, .out0 = 2200, .mult = MRG_RATE_ONE },
	};
	struct mrg_lane_clock clock = { .segments = segs, .nr = 2 };

	(void)state;
	assert_int_equal(mrg_lane_clock_map(&clock, 50), 1050);
	assert_int_equal(mrg_lane_clock_map(&clock, 199), 1199);
	assert_int_equal(mrg_lane_clock_map(&clock, 200), 2200);
}

static void a_clock_without_conversion_is_taken_as_it_is(void **state)
{
	struct xt_timebase time = { .is_ns = true, .mult = 7, .shift = 3 };
	struct mrg_segment seg;

	(void)state;
	mrg_segment_own(&seg, &time);
	assert_int_equal(mrg_segment_map(&seg, 1732454400123456789), 1732454400123456789);
}

static void a_recorded_offset_counts_without_a_conversion(void **state)
{
	struct xt_timebase time = { .is_ns = true, .offset = 123456789 };
	struct mrg_segment seg;

	(void)state;
	mrg_segment_own(&seg, &time);
	assert_int_equal(mrg_segment_map(&seg, 1000), 123457789);
	time.offset = -400;
	mrg_segment_own(&seg, &time);
	assert_int_equal(mrg_segment_map(&seg, 1000), 600);
	assert_int_equal(mrg_segment_map(&seg, 400), 0);
}

/* ((ts * mult) >> shift) + offset, for clocks as kernels calibrate them. */
static void a_converted_clock_is_exact_to_the_nanosecond(void **state)
{
	(void)state;
	srand(1);
	for (unsigned int i = 0; i < 10000; i++) {
		struct xt_timebase time = {
			.is_ns = true, .convert = true, .shift = 10 + (uint32_t)rand() % 22,
		};
		uint64_t ts = ((uint64_t)rand() << 20) + (uint64_t)rand();
		struct mrg_segment seg;
		uint64_t raw;

		time.mult = 1 + (uint32_t)rand() % (1u << time.shift);	/* 1 GHz and more */
		raw = (uint64_t)((unsigned __int128)ts * time.mult >> time.shift);
		time.offset = (int64_t)(raw / 2);
		if (i % 2)
			time.offset = -time.offset;
		mrg_segment_own(&seg, &time);
		assert_int_equal(mrg_segment_map(&seg, ts), raw + (uint64_t)time.offset);
	}
}

static void converted_cycles_have_a_time_of_day(void **state)
{
	const struct xt_clock_sample sample = {
		.tsc = 6000000000, .mono_ns = 2000000000, .real_ns = 1800000000000000000,
	};
	struct xt_info info = {
		.time = { .clock = "x86-tsc", .convert = true, .mult = 1u << 31, .shift = 32,
			  .offset = -1000000000 },
		.samples = &sample, .nr_samples = 1,
	};
	int64_t utc;

	(void)state;
	assert_true(mrg_utc_offset(&info, &utc));
	assert_int_equal(utc, 1800000000000000000 - 2000000000);
	info.time.convert = false;
	assert_false(mrg_utc_offset(&info, &utc));
}

static void tai_is_whole_seconds_from_the_time_of_day(void **state)
{
	struct xt_clock_sample sample = { .real_ns = 1800000000000000040,
					  .tai_ns = 1800000037000000000 };
	struct xt_info info = { .time = { .clock = "tai" }, .samples = &sample, .nr_samples = 1 };
	int64_t utc;

	(void)state;
	assert_true(mrg_utc_offset(&info, &utc));
	assert_int_equal(utc, -37000000000);
	sample.tai_ns = sample.real_ns + 30;
	assert_true(mrg_utc_offset(&info, &utc));
	assert_int_equal(utc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_maps_both_sides_of_its_start),
		cmocka_unit_test(a_segment_saturates_instead_of_wrapping),
		cmocka_unit_test(a_lane_clock_picks_the_segment_of_the_time),
		cmocka_unit_test(a_clock_without_conversion_is_taken_as_it_is),
		cmocka_unit_test(a_recorded_offset_counts_without_a_conversion),
		cmocka_unit_test(a_converted_clock_is_exact_to_the_nanosecond),
		cmocka_unit_test(converted_cycles_have_a_time_of_day),
		cmocka_unit_test(tai_is_whole_seconds_from_the_time_of_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
