/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-online.c - CPUs go down and come up, but not the last, nor one that cannot */
#include "tests/tuning/host-tree.h"

#include "lib/err.h"
#include "tuning/journal.h"
#include "tuning/online.h"

#define CPU "sys/devices/system/cpu/"

static const struct tree_file host[] = {
	{ CPU "present", "0-3" },
	{ CPU "online", "0-2" },
	{ CPU "cpu1/online", "1" },
	{ CPU "cpu2/online", "1" },
	{ CPU "cpu3/online", "0" },
	{ "proc/interrupts", "           CPU0       CPU1       CPU2\n"
	  " 24:          1          2          3   PCI-MSI 1-edge      eth0" },
	{ "proc/irq/24/smp_affinity_list", "2" },
	{ "sys/fs/cgroup/cgroup.controllers", "cpuset" },
	{ "sys/fs/cgroup/vm/cpuset.cpus.partition", "isolated" },
	{ "sys/fs/cgroup/vm/cpuset.cpus.effective", "1" },
	{ NULL, NULL }
};

static struct tree *tree;
static struct tune_plan plan;
static struct rt_err err;

static int down(const char *list, bool force)
{
	struct rt_cpuset set;

	assert_int_equal(rt_cpuset_parse(&set, list, NULL), 0);
	plan = (struct tune_plan){ .root = &tree->root };
	err = (struct rt_err){ 0 };
	return tune_online_plan_down(&plan, &set, force, &err);
}

static int setup(void **state)
{
	(void)state;
	tree = tree_of(host);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_destroy(tree);
	return 0;
}

TEST(what_is_bound_to_a_cpu_is_moved_before_it_goes)
{
	assert_int_equal(down("2-3", false), 0);
	assert_int_equal(plan.nr, 2);
	assert_string_equal(plan.changes[0].target, "proc/irq/24/smp_affinity_list");
	/* CPU 1 is a partition's */
	assert_string_equal(plan.changes[0].wanted, "0");
	assert_string_equal(plan.changes[1].target, CPU "cpu2/online");
	assert_string_equal(plan.changes[1].wanted, "0");
	assert_int_equal(plan.changes[1].cost, TUNE_COST_HOTPLUG);
	tune_plan_finish(&plan);
}

/* The host of a task: what is read of one, with those CPUs. */
static void put_task(int tid, const char *cpus)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/stat", tid);
	snprintf(text, sizeof(text), "%d (a b) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 77 "
		 "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 2 0 0 0 0 0", tid);
	tree_put(tree, path, text);
	snprintf(path, sizeof(path), "proc/%d/status", tid);
	snprintf(text, sizeof(text), "Name:\ta b\nCpus_allowed_list:\t%s", cpus);
	tree_put(tree, path, text);
}

TEST(what_moves_does_not_go_where_a_shield_is)
{
	tree_put(tree, "sys/fs/cgroup/vm/cpuset.cpus.partition", "member");
	tree_put(tree, "run/kvmrt/shield.journal",
		 "kvmrt-journal\t1\t\nnote\tshield irq=0 loc= proc=0 tier=affinity\ncomplete");
	put_task(50, "2");
	put_task(51, "1-2");
	assert_int_equal(down("2", false), 0);
	assert_int_equal(plan.nr, 4);
	assert_string_equal(plan.changes[0].target, "50 77");
	assert_string_equal(plan.changes[0].wanted, "1");
	assert_string_equal(plan.changes[1].wanted, "1-2");
	assert_string_equal(plan.changes[2].target, "proc/irq/24/smp_affinity_list");
	assert_string_equal(plan.changes[2].wanted, "1");
	tune_plan_finish(&plan);
}

TEST(what_was_on_isolated_cpus_may_go_to_others_of_them)
{
	tree_put(tree, CPU "isolated", "1-2");
	put_task(50, "2");
	assert_int_equal(down("2", false), 0);
	assert_string_equal(plan.changes[0].target, "50 77");
	assert_string_equal(plan.changes[0].wanted, "0-1");
	assert_string_equal(plan.changes[1].wanted, "0");
	tune_plan_finish(&plan);
}

TEST(where_all_the_rest_is_set_aside_it_is_still_a_place)
{
	tree_put(tree, CPU "isolated", "0-1");
	put_task(50, "2");
	assert_int_equal(down("2", false), 0);
	assert_string_equal(plan.changes[0].wanted, "0-1");
	tune_plan_finish(&plan);
}

TEST(a_cpu_that_is_down_already_is_left)
{
	assert_int_equal(down("3", false), 0);
	assert_int_equal(plan.nr, 0);
}

TEST(the_last_cpu_stays)
{
	assert_int_equal(down("0-2", false), -EINVAL);
	assert_contains(err.text, "the last CPU stays up");
}

TEST(a_cpu_without_a_switch_cannot_go)
{
	assert_int_equal(down("0", false), RT_ECANNOT);
	assert_contains(err.text, "CPU 0 cannot be taken down: this kernel has no switch");
}

TEST(a_cpu_that_is_not_there_is_named)
{
	assert_int_equal(down("2,7-8", false), -EINVAL);
	assert_contains(err.text, "expected CPUs of this machine (0-3), found 7-8");
}

TEST(a_cpu_of_a_partition_goes_only_by_force)
{
	assert_int_equal(down("1", false), -EBUSY);
	assert_contains(err.text, "CPUs 1 are held by the partition \"/vm\"");
	assert_int_equal(down("1", true), 0);
	assert_int_equal(plan.nr, 1);
	tune_plan_finish(&plan);
}

TEST(cpus_come_up)
{
	struct rt_cpuset set;

	rt_cpuset_parse(&set, "2-3", NULL);
	plan = (struct tune_plan){ .root = &tree->root };
	assert_int_equal(tune_online_plan_up(&plan, &set, NULL), 0);
	assert_int_equal(plan.nr, 1);
	assert_string_equal(plan.changes[0].target, CPU "cpu3/online");
	assert_string_equal(plan.changes[0].wanted, "1");
	tune_plan_finish(&plan);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_bound_to_a_cpu_is_moved_before_it_goes),
		EACH(what_moves_does_not_go_where_a_shield_is),
		EACH(what_was_on_isolated_cpus_may_go_to_others_of_them),
		EACH(where_all_the_rest_is_set_aside_it_is_still_a_place),
		EACH(a_cpu_that_is_down_already_is_left),
		EACH(the_last_cpu_stays),
		EACH(a_cpu_without_a_switch_cannot_go),
		EACH(a_cpu_that_is_not_there_is_named),
		EACH(a_cpu_of_a_partition_goes_only_by_force),
		EACH(cpus_come_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
