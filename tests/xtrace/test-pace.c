/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pace.c - xtrace/pace.c: the level of compression follows the time that is left */
#include "xtrace/pace.h"

#include "lib/cpulist.h"
#include "tests/unit.h"

static const char idle_cpu1[] = "cpu  9 9 9 9 9\n"
				"cpu0 800 0 200 1000 0 0 0 0 0 0\n"
				"cpu1 100 0 100 1800 100 0 0 0 0 0\n"
				"intr 1 2 3\n";
/* CPU 0 idles for 10 of 100 ticks, CPU 1 for 90. */
static const char later[] = "cpu  9 9 9 9 9\n"
			    "cpu0 880 0 210 1010 0 0 0 0 0 0\n"
			    "cpu1 105 0 105 1880 110 0 0 0 0 0\n";

static int level_of(const char *cpus, const char *first, const char *second, unsigned int fullest)
{
	struct xt_pace pace = { 0 };
	struct rt_cpuset set;

	assert_int_equal(rt_cpuset_parse(&set, cpus, NULL), 0);
	assert_int_equal(xt_pace_level(&pace, first, &set, 0), XT_LEVEL_BUSY);
	return xt_pace_level(&pace, second, &set, fullest);
}

TEST(idle_cpus_compress_harder)
{
	assert_int_equal(level_of("1", idle_cpu1, later, 10), XT_LEVEL_SPARE);
}

TEST(busy_cpus_do_not)
{
	assert_int_equal(level_of("0", idle_cpu1, later, 10), XT_LEVEL_BUSY);
}

TEST(all_cpus_of_ours_count_together)
{
	assert_int_equal(level_of("0-1", idle_cpu1, later, 10), XT_LEVEL_BUSY);
}

TEST(a_buffer_that_is_half_full_is_hurried)
{
	assert_int_equal(level_of("1", idle_cpu1, later, 49), XT_LEVEL_SPARE);
	assert_int_equal(level_of("1", idle_cpu1, later, 50), XT_LEVEL_HURRY);
}

TEST(a_text_without_our_cpus_says_nothing)
{
	assert_int_equal(level_of("7", idle_cpu1, later, 0), XT_LEVEL_BUSY);
	assert_int_equal(level_of("0", "", "cpu0 1\n", 0), XT_LEVEL_BUSY);
}

TEST(time_that_stands_still_is_no_time_left)
{
	assert_int_equal(level_of("1", idle_cpu1, idle_cpu1, 0), XT_LEVEL_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_cpus_compress_harder),
		cmocka_unit_test(busy_cpus_do_not),
		cmocka_unit_test(all_cpus_of_ours_count_together),
		cmocka_unit_test(a_buffer_that_is_half_full_is_hurried),
		cmocka_unit_test(a_text_without_our_cpus_says_nothing),
		cmocka_unit_test(time_that_stands_still_is_no_time_left),
	};

	return RUN_TESTS(tests);
}
