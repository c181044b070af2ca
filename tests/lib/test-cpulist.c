/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cpulist.c - lib/cpulist.c: both notations of the kernel, and sets */
#include "lib/cpulist.h"

#include "lib/err.h"
#include "tests/unit.h"

static void assert_list(const char *list, const char *again)
{
	struct rt_cpuset set;
	struct rt_err err = { 0 };
	char text[256];

	if (rt_cpuset_parse(&set, list, &err))
		fail_msg("\"%s\": %s", list, err.text);
	assert_int_equal(rt_cpuset_format(&set, text, sizeof(text)), 0);
	assert_string_equal(text, again);
}

TEST(lists_come_back_in_shortest_form)
{
	assert_list("", "");
	assert_list("\n", "");
	assert_list("0", "0");
	assert_list("0-3,8\n", "0-3,8");
	assert_list("3,2,1,0", "0-3");
	assert_list("0-1,1-4", "0-4");
	assert_list("10-20:2", "10,12,14,16,18,20");
	assert_list("0-7:2/4", "0-1,4-5");
	assert_list("8191", "8191");
}

static void assert_bad_list(const char *list, const char *sentence)
{
	struct rt_cpuset set = { { 42 } };
	struct rt_err err = { 0 };

	assert_true(rt_cpuset_parse(&set, list, &err) < 0);
	assert_string_equal(err.text, sentence);
	assert_int_equal(set.bits[0], 42);
}

TEST(bad_lists_say_where_and_what)
{
	assert_bad_list("0-", "CPU list \"0-\", column 3: expected a CPU number, found the end");
	assert_bad_list("0,", "CPU list \"0,\", column 3: expected a CPU number, found the end");
	assert_bad_list("0;1",
			"CPU list \"0;1\", column 2: expected \",\" or the end, found \";\"");
	assert_bad_list("a", "CPU list \"a\", column 1: expected a CPU number, found \"a\"");
	assert_bad_list("\x80", "CPU list \"\x80\", column 1: expected a CPU number, found \"?\"");
	assert_bad_list("1,8192",
			"CPU list \"1,8192\", column 3: expected a CPU number of at most 8191, "
			"found 8192");
	assert_bad_list("5-2", "CPU list \"5-2\", column 1: expected a range that rises, with a "
			"step of at least 1, found \"5-2\"");
	assert_bad_list("0-4:0", "CPU list \"0-4:0\", column 1: expected a range that rises, with "
			"a step of at least 1, found \"0-4:0\"");
	assert_bad_list("0-4:3/2", "CPU list \"0-4:3/2\", column 1: expected a range that rises, "
			"with a step of at least 1, found \"0-4:3/2\"");
}

static void assert_mask(const char *mask, const char *list, const char *again)
{
	struct rt_cpuset set;
	char text[256];

	assert_int_equal(rt_cpuset_parse_mask(&set, mask, NULL), 0);
	assert_int_equal(rt_cpuset_format(&set, text, sizeof(text)), 0);
	assert_string_equal(text, list);
	assert_int_equal(rt_cpuset_format_mask(&set, text, sizeof(text)), 0);
	assert_string_equal(text, again);
}

TEST(masks_are_words_highest_first)
{
	assert_mask("0", "", "0");
	assert_mask("f\n", "0-3", "f");
	assert_mask("00000000,0000000F", "0-3", "f");
	assert_mask("1,00000000", "32", "1,00000000");
	assert_mask("80000001,00000000,00000002", "1,64,95", "80000001,00000000,00000002");
}

TEST(bad_masks_are_refused)
{
	static const char *const bad[] = { "", "g", "1,", "123456789", "1 2" };
	struct rt_cpuset set = { { 42 } };
	char longer[257 * 2 + 1] = "";
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rt_cpuset_parse_mask(&set, bad[i], NULL), -EINVAL);
	for (i = 0; i < 257; i++)
		strcat(longer, i ? ",1" : "1");
	assert_int_equal(rt_cpuset_parse_mask(&set, longer, NULL), -EINVAL);
	assert_int_equal(set.bits[0], 42);
}

TEST(a_text_that_does_not_fit_is_told)
{
	struct rt_cpuset set = { { 0 } };
	char text[6];

	rt_cpuset_parse(&set, "10,20", NULL);
	assert_int_equal(rt_cpuset_format(&set, text, 6), 0);
	assert_int_equal(rt_cpuset_format(&set, text, 5), -ENOSPC);
	assert_int_equal(rt_cpuset_format(&set, text, 0), -ENOSPC);
	rt_cpuset_add(&set, 40);
	assert_int_equal(rt_cpuset_format_mask(&set, text, sizeof(text)), -ENOSPC);
}

TEST(sets_do_arithmetic)
{
	struct rt_cpuset a, b;
	char text[64];

	rt_cpuset_parse(&a, "0-7,100", NULL);
	rt_cpuset_parse(&b, "4-9", NULL);
	assert_true(rt_cpuset_overlaps(&a, &b));
	assert_false(rt_cpuset_within(&b, &a));
	rt_cpuset_minus(&a, &b);
	rt_cpuset_format(&a, text, sizeof(text));
	assert_string_equal(text, "0-3,100");
	assert_false(rt_cpuset_overlaps(&a, &b));
	rt_cpuset_or(&a, &b);
	assert_true(rt_cpuset_within(&b, &a));
	assert_int_equal(rt_cpuset_count(&a), 11);
	rt_cpuset_and(&a, &b);
	assert_true(rt_cpuset_equal(&a, &b));
	rt_cpuset_minus(&a, &b);
	assert_true(rt_cpuset_empty(&a));
}

TEST(cpus_out_of_range_are_in_no_set)
{
	struct rt_cpuset set = { { 0 } };

	rt_cpuset_add(&set, RT_MAX_CPUS);
	rt_cpuset_remove(&set, RT_MAX_CPUS);
	assert_true(rt_cpuset_empty(&set));
	assert_false(rt_cpuset_has(&set, RT_MAX_CPUS));
	assert_int_equal(rt_cpuset_next(&set, RT_MAX_CPUS), -1);
}

TEST(walking_a_set_meets_each_cpu_once)
{
	struct rt_cpuset set;
	unsigned int sum = 0, nr = 0;

	rt_cpuset_parse(&set, "0,63,64,8191", NULL);
	rt_cpuset_for_each(cpu, &set) {
		sum += (unsigned int)cpu;
		nr++;
	}
	assert_int_equal(nr, 4);
	assert_int_equal(sum, 63 + 64 + 8191);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_back_in_shortest_form),
		cmocka_unit_test(bad_lists_say_where_and_what),
		cmocka_unit_test(masks_are_words_highest_first),
		cmocka_unit_test(bad_masks_are_refused),
		cmocka_unit_test(a_text_that_does_not_fit_is_told),
		cmocka_unit_test(sets_do_arithmetic),
		cmocka_unit_test(cpus_out_of_range_are_in_no_set),
		cmocka_unit_test(walking_a_set_meets_each_cpu_once),
	};

	return RUN_TESTS(tests);
}
