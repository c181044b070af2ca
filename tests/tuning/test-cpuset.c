/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cpuset.c - tuning/cpuset.c: the CPUSET notation of kvmrt.cfg */
#include "lib/err.h"
#include "tests/unit.h"
#include "tuning/topo.h"

/* Two packages of two dies, each a node with two cores of two threads: CPUs 0-15. */
#define MACHINE "pack:2 die:2 [numa] core:2 pu:2"

static int set_up(void **state)
{
	return tune_topo_load_synthetic((struct tune_topo **)state, MACHINE, NULL);
}

static int tear_down(void **state)
{
	tune_topo_destroy(*state);
	return 0;
}

static void assert_set(const struct tune_topo *topo, const char *text, const char *expected)
{
	struct rt_err err = { 0 };
	struct rt_cpuset set;
	char found[128];

	if (tune_cpuset_resolve(&set, topo, text, &err))
		fail_msg("\"%s\": %s", text, err.text);
	assert_int_equal(rt_cpuset_format(&set, found, sizeof(found)), 0);
	assert_string_equal(found, expected);
}

static void assert_no_set(const struct tune_topo *topo, const char *text, int code,
			  const char *sentence)
{
	struct rt_cpuset set = { { 42 } };
	struct rt_err err = { 0 };

	assert_int_equal(tune_cpuset_resolve(&set, topo, text, &err), code);
	assert_string_equal(err.text, sentence);
	assert_int_equal(set.bits[0], 42);
}

static void numbers_and_ranges_are_cpus(void **state)
{
	assert_set(*state, "", "");
	assert_set(*state, " ", "");
	assert_set(*state, "0,1,10-13", "0-1,10-13");
	assert_set(*state, "3, 1", "1,3");
	assert_set(*state, "5-5\n", "5");
}

static void letters_name_what_cpus_share(void **state)
{
	assert_set(*state, "n0", "0-3");
	assert_set(*state, "n1-n2", "4-11");
	assert_set(*state, "n1-2", "4-11");
	assert_set(*state, "c0-3", "0-7");
	assert_set(*state, "c7", "14-15");
	assert_set(*state, "d3", "12-15");
	assert_set(*state, "p1", "8-15");
	assert_set(*state, "p0-p1", "0-15");
}

static void kinds_may_be_mixed(void **state)
{
	assert_set(*state, "n0,15", "0-3,15");
	assert_set(*state, "0,c1,d1,p1", "0,2-15");
}

static void a_tilde_takes_the_others(void **state)
{
	assert_set(*state, "~n0", "4-15");
	assert_set(*state, "~0", "1-15");
	assert_set(*state, "~ n1-n3,0", "1-3");
	assert_no_set(*state, "~p0-1", -ENOENT, "CPU set \"~p0-1\" leaves no CPU of this machine");
}

static void what_is_no_cpu_set_is_named_with_its_column(void **state)
{
	assert_no_set(*state, "0,", -EINVAL, "CPU set \"0,\", column 3: expected a number, or n, "
		      "c, d or p with a number, found the end");
	assert_no_set(*state, "~", -EINVAL, "CPU set \"~\", column 2: expected a number, or n, c, "
		      "d or p with a number, found the end");
	assert_no_set(*state, "1;2", -EINVAL,
		      "CPU set \"1;2\", column 2: expected \",\" or the end, found \";\"");
	assert_no_set(*state, "x1", -EINVAL, "CPU set \"x1\", column 1: expected a number, or n, "
		      "c, d or p with a number, found \"x\"");
	assert_no_set(*state, "n", -EINVAL,
		      "CPU set \"n\", column 2: expected a node number, found the end");
	assert_no_set(*state, "n0-c1", -EINVAL,
		      "CPU set \"n0-c1\", column 4: expected a node number, found \"c\"");
	assert_no_set(*state, "1-n2", -EINVAL,
		      "CPU set \"1-n2\", column 3: expected a CPU number, found \"n\"");
	assert_no_set(*state, "0,~1", -EINVAL, "CPU set \"0,~1\", column 3: expected a number, or "
		      "n, c, d or p with a number, found \"~\"");
	assert_no_set(*state, "0,c3-1", -EINVAL, "CPU set \"0,c3-1\", column 3: expected a range "
		      "that rises, found \"c3-1\"");
	assert_no_set(*state, "99999", -EINVAL, "CPU set \"99999\", column 1: expected a number "
		      "of at most 8191, found 99999");
}

static void what_the_machine_has_not_is_named(void **state)
{
	assert_no_set(*state, "16", -ENOENT, "CPU set \"16\", column 1: no CPU 16 in this "
		      "machine, which has CPUs 0-15");
	assert_no_set(*state, "0,n2-n4", -ENOENT, "CPU set \"0,n2-n4\", column 3: no node 4 in "
		      "this machine, which has nodes 0-3");
	assert_no_set(*state, "c8", -ENOENT, "CPU set \"c8\", column 1: no core 8 in this "
		      "machine, which has cores 0-7");
	assert_no_set(*state, "~p2", -ENOENT, "CPU set \"~p2\", column 2: no package 2 in this "
		      "machine, which has packages 0-1");
}

TEST(without_dies_a_package_is_one)
{
	struct tune_topo *topo;

	assert_int_equal(tune_topo_load_synthetic(&topo, "pack:2 core:2 pu:1", NULL), 0);
	assert_set(topo, "d1", "2-3");
	assert_set(topo, "n0", "0-3");
	tune_topo_destroy(topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_and_ranges_are_cpus, set_up, tear_down),
		cmocka_unit_test_setup_teardown(letters_name_what_cpus_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kinds_may_be_mixed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_tilde_takes_the_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_cpu_set_is_named_with_its_column,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_machine_has_not_is_named, set_up,
						tear_down),
		cmocka_unit_test(without_dies_a_package_is_one),
	};

	return RUN_TESTS(tests);
}
