/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-aside.c - the CPUs that are set aside, and a process that stays off them
 */
#include "tuning/aside.h"

#include <sched.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

static int set_up(void **state)
{
	*state = tree_new();
	return 0;
}

static int tear_down(void **state)
{
	tree_destroy(*state);
	return 0;
}

static void expect(const struct rt_cpuset *set, const char *list)
{
	char text[256];

	assert_int_equal(rt_cpuset_format(set, text, sizeof(text)), 0);
	assert_string_equal(text, list);
}

TEST(a_kernel_that_shows_nothing_has_none_aside)
{
	struct tune_aside aside;
	struct rt_cpuset all;

	tune_aside_read(&aside, &((struct tree *)*state)->root);
	all = tune_aside_all(&aside);
	assert_true(rt_cpuset_empty(&all));
}

TEST(the_command_line_and_new_kernels_say_it)
{
	const struct tree *tree = *state;
	struct tune_aside aside;
	struct rt_cpuset all;

	tree_put(tree, "sys/devices/system/cpu/isolated", "2-3\n");
	tree_put(tree, "sys/devices/system/cpu/nohz_full", "3-4\n");
	tree_put(tree, "sys/fs/cgroup/cpuset.cpus.isolated", "2-3,6\n");
	tune_aside_read(&aside, &tree->root);
	expect(&aside.isolated, "2-3");
	expect(&aside.nohz_full, "3-4");
	expect(&aside.partitions, "6");
	all = tune_aside_all(&aside);
	expect(&all, "2-4,6");
}

TEST(null_is_what_old_kernels_say_for_none)
{
	const struct tree *tree = *state;
	struct tune_aside aside;

	tree_put(tree, "sys/devices/system/cpu/isolated", "\n");
	tree_put(tree, "sys/devices/system/cpu/nohz_full", "  (null)\n");
	tune_aside_read(&aside, &tree->root);
	assert_true(rt_cpuset_empty(&aside.isolated));
	assert_true(rt_cpuset_empty(&aside.nohz_full));
}

TEST(shields_that_journals_tell_of_count_too)
{
	const struct tree *tree = *state;
	struct tune_aside aside;
	struct rt_cpuset all;

	tree_put(tree, "proc/sys/kernel/random/boot_id", "this-boot\n");
	tree_put(tree, "run/kvmrt/shield.journal", "kvmrt-journal\t1\tthis-boot\n"
		 "note\tshield irq=1 loc= proc=1,5 tier=affinity\ncomplete\n");
	tune_aside_read(&aside, &tree->root);
	expect(&aside.shielded, "1,5");
	all = tune_aside_all(&aside);
	expect(&all, "1,5");
	/* one that cannot be read does not hide the others */
	tree_put(tree, "run/kvmrt/vm-1.journal", "no journal\n");
	tune_aside_read(&aside, &tree->root);
	expect(&aside.shielded, "1,5");
}

/* As on 6.1, which has no list of them. */
TEST(partitions_are_looked_for_where_they_can_be)
{
	const struct tree *tree = *state;
	struct tune_aside aside;

	tree_put(tree, "sys/fs/cgroup/cgroup.controllers", "cpuset\n");
	tree_put(tree, "sys/fs/cgroup/a/cpuset.cpus.partition", "isolated\n");
	tree_put(tree, "sys/fs/cgroup/a/cpuset.cpus.effective", "4\n");
	tree_put(tree, "sys/fs/cgroup/b/cpuset.cpus.partition", "root\n");
	tree_put(tree, "sys/fs/cgroup/b/cpuset.cpus.effective", "0-1\n");
	tree_put(tree, "sys/fs/cgroup/b/c/cpuset.cpus.partition", "isolated\n");
	tree_put(tree, "sys/fs/cgroup/b/c/cpuset.cpus.effective", "6-7\n");
	tree_put(tree, "sys/fs/cgroup/d/cpuset.cpus.partition",
		 "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n");
	tree_put(tree, "sys/fs/cgroup/d/cpuset.cpus.effective", "2\n");
	tree_put(tree, "sys/fs/cgroup/e/cpuset.cpus.partition", "member\n");
	tune_aside_read(&aside, &tree->root);
	expect(&aside.partitions, "4,6-7");
}

/* Of the machine that runs the test, whatever it has. */
TEST(a_process_leaves_what_is_aside)
{
	struct tune_aside aside;
	struct rt_err err = { 0 };
	struct rt_cpuset all;
	struct rt_root root;
	cpu_set_t now;
	int cpu;

	(void)state;
	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	tune_aside_read(&aside, &root);
	rt_root_finish(&root);
	all = tune_aside_all(&aside);
	if (tune_stay_off(&err) < 0) {
		assert_contains(err.text, "set aside");
		return;
	}
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		assert_false(CPU_ISSET(cpu, &now) && rt_cpuset_has(&all, (unsigned int)cpu));
}

int main(void)
{
#define ASIDE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ASIDE_TEST(a_kernel_that_shows_nothing_has_none_aside),
		ASIDE_TEST(the_command_line_and_new_kernels_say_it),
		ASIDE_TEST(null_is_what_old_kernels_say_for_none),
		ASIDE_TEST(shields_that_journals_tell_of_count_too),
		ASIDE_TEST(partitions_are_looked_for_where_they_can_be),
		ASIDE_TEST(a_process_leaves_what_is_aside),
	};

	return RUN_TESTS(tests);
}
