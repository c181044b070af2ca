/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-place.c - xtrace/place.c: our threads stay off the CPUs that are kept free */
#include "xtrace/place.h"

#include <sched.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"

#define CPUS "sys/devices/system/cpu"

static void assert_default(struct tree *tree, const char *online, const char *expected)
{
	struct rt_cpuset set, ret;
	char list[128];

	assert_int_equal(rt_cpuset_parse(&set, online, NULL), 0);
	xt_place_default(&tree->root, &set, &ret);
	assert_int_equal(rt_cpuset_format(&ret, list, sizeof(list)), 0);
	assert_string_equal(list, expected);
}

TEST(a_machine_that_keeps_nothing_free_has_all_cpus_for_us)
{
	struct tree *tree = *state;

	assert_default(tree, "0-3", "0-3");
	tree_put(tree, CPUS "/isolated", "\n");
	tree_put(tree, CPUS "/nohz_full", "(null)\n");
	assert_default(tree, "0-3", "0-3");
}

TEST(isolated_and_nohz_full_cpus_are_left_alone)
{
	struct tree *tree = *state;

	tree_put(tree, CPUS "/isolated", "2-3\n");
	tree_put(tree, CPUS "/nohz_full", "3-5\n");
	assert_default(tree, "0-7", "0-1,6-7");
}

TEST(where_all_are_kept_free_there_is_no_other_place)
{
	struct tree *tree = *state;

	tree_put(tree, CPUS "/isolated", "0-3\n");
	assert_default(tree, "0-3", "0-3");
}

TEST(a_list_of_cpus_is_read_from_sys)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	struct rt_cpuset set;

	tree_put(tree, CPUS "/online", "0,2\n");
	assert_int_equal(xt_place_read(&tree->root, &set, "online", NULL), 0);
	assert_int_equal(rt_cpuset_count(&set), 2);
	assert_int_equal(xt_place_read(&tree->root, &set, "isolated", &err), -ENOENT);
	assert_contains(err.text, CPUS "/isolated");
}

TEST(a_thread_runs_where_it_was_put_and_hears_where_that_is)
{
	struct rt_cpuset here = { { 0 } }, got;
	cpu_set_t before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	rt_cpuset_add(&here, sched_getcpu());
	rt_cpuset_add(&here, RT_MAX_CPUS - 1);	/* no machine of ours has that one */
	assert_int_equal(xt_place_here(&here, &got, NULL), 0);
	assert_int_equal(rt_cpuset_count(&got), 1);
	assert_true(rt_cpuset_has(&got, sched_getcpu()));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(cpus_that_are_not_there_are_refused)
{
	struct rt_cpuset none = { { 0 } }, got;
	struct rt_err err = { 0 };

	rt_cpuset_add(&none, RT_MAX_CPUS - 1);
	assert_int_equal(xt_place_here(&none, &got, &err), -EINVAL);
	assert_contains(err.text, "cannot run on these CPUs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_machine_that_keeps_nothing_free_has_all_cpus_for_us),
		WITH_TREE(isolated_and_nohz_full_cpus_are_left_alone),
		WITH_TREE(where_all_are_kept_free_there_is_no_other_place),
		WITH_TREE(a_list_of_cpus_is_read_from_sys),
		cmocka_unit_test(a_thread_runs_where_it_was_put_and_hears_where_that_is),
		cmocka_unit_test(cpus_that_are_not_there_are_refused),
	};

	return RUN_TESTS(tests);
}
