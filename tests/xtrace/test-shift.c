/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-shift.c - xtrace/shift.c: recorded times by what the trace says of its clock */
#include "xtrace/local.h"

#include "tests/unit.h"

static struct xt_lane_info lanes[] = { { .cpu = 0 }, { .cpu = 3 } };
static struct xt_cpu_shift shift;

static struct xt_trace trace_of(const struct xt_shift_sample *samples, size_t nr)
{
	struct xt_trace trace = { .lanes = lanes, .nr_lanes = 2 };

	shift = (struct xt_cpu_shift){ .samples = samples, .nr = nr };
	trace.info.shifts = &shift;
	trace.info.nr_shifts = 1;
	return trace;
}

TEST(a_time_without_samples_is_taken_as_it_is)
{
	struct xt_trace trace = { .lanes = lanes, .nr_lanes = 2 };

	assert_int_equal(xt_trace_time(&trace, 0, 1234), 1234);
	trace = trace_of(NULL, 0);
	assert_int_equal(xt_trace_time(&trace, 0, 1234), 1234);
}

TEST(the_conversion_comes_after_the_shift_and_the_offset_last)
{
	const struct xt_shift_sample one = { .time = 10, .offset = 100, .scaling = 1 };
	struct xt_trace trace = trace_of(&one, 1);

	trace.info.time = (struct xt_timebase){
		.convert = true, .mult = 3, .shift = 1, .offset = -7,
	};
	assert_int_equal(xt_trace_time(&trace, 0, 1001), (1001 + 100) * 3 / 2 - 7);
}

TEST(one_sample_is_an_offset_without_its_scaling)
{
	const struct xt_shift_sample one = { .time = 10, .offset = -4, .scaling = 9 };
	struct xt_trace trace = trace_of(&one, 1);

	assert_int_equal(xt_trace_time(&trace, 0, 1000), 996);
}

TEST(a_cpu_without_samples_keeps_its_times)
{
	const struct xt_shift_sample one = { .time = 10, .offset = -4, .scaling = 1 };
	struct xt_trace trace = trace_of(&one, 1);

	assert_int_equal(xt_trace_time(&trace, 1, 1000), 1000);
}

TEST(an_offset_holds_from_its_sample_to_the_next)
{
	static const struct xt_shift_sample samples[] = {
		{ 100, 10, 1, 0 }, { 200, 20, 1, 0 }, { 300, -30, 1, 0 }, { 400, 40, 1, 0 },
	};
	struct xt_trace trace = trace_of(samples, 4);

	assert_int_equal(xt_trace_time(&trace, 0, 50), 60);
	assert_int_equal(xt_trace_time(&trace, 0, 100), 110);
	assert_int_equal(xt_trace_time(&trace, 0, 199), 209);
	assert_int_equal(xt_trace_time(&trace, 0, 200), 220);
	assert_int_equal(xt_trace_time(&trace, 0, 399), 369);
	/* the last sample only ends the piece before it */
	assert_int_equal(xt_trace_time(&trace, 0, 400), 370);
	assert_int_equal(xt_trace_time(&trace, 0, 500), 470);
}

TEST(offsets_may_change_steadily_and_are_rounded)
{
	static const struct xt_shift_sample samples[] = { { 100, 10, 1, 0 }, { 200, 13, 1, 0 } };
	struct xt_trace trace = trace_of(samples, 2);

	trace.info.shift_slopes = true;
	assert_int_equal(xt_trace_time(&trace, 0, 100), 110);
	assert_int_equal(xt_trace_time(&trace, 0, 117), 117 + 11);	/* 10.51 */
	assert_int_equal(xt_trace_time(&trace, 0, 116), 116 + 10);	/* 10.48 */
	assert_int_equal(xt_trace_time(&trace, 0, 300), 316);
	/* -2.5 goes towards zero, as C divides */
	assert_int_equal(xt_trace_time(&trace, 0, 0), 8);
}

TEST(a_scaling_is_of_the_recorded_time)
{
	static const struct xt_shift_sample samples[] = { { 100, 5, 3, 1 }, { 200, 5, 3, 1 } };
	struct xt_trace trace = trace_of(samples, 2);

	assert_int_equal(xt_trace_time(&trace, 0, 101), 101 * 3 / 2 + 5);
}

TEST(samples_that_cannot_be_are_no_trouble)
{
	static const struct xt_shift_sample samples[] = {
		{ 0, INT64_MIN, UINT64_MAX, 200 }, { UINT64_MAX, INT64_MAX, 0, 64 },
	};
	struct xt_trace trace = trace_of(samples, 2);

	assert_int_equal(xt_trace_time(&trace, 0, 77), (uint64_t)INT64_MIN);
	trace.info.shift_slopes = true;
	assert_int_equal(xt_trace_time(&trace, 0, 77), (uint64_t)INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_without_samples_is_taken_as_it_is),
		cmocka_unit_test(the_conversion_comes_after_the_shift_and_the_offset_last),
		cmocka_unit_test(one_sample_is_an_offset_without_its_scaling),
		cmocka_unit_test(a_cpu_without_samples_keeps_its_times),
		cmocka_unit_test(an_offset_holds_from_its_sample_to_the_next),
		cmocka_unit_test(offsets_may_change_steadily_and_are_rounded),
		cmocka_unit_test(a_scaling_is_of_the_recorded_time),
		cmocka_unit_test(samples_that_cannot_be_are_no_trouble),
	};

	return RUN_TESTS(tests);
}
