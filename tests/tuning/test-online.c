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
	assert_string_equal(plan.changes[0].wanted, "0-1");
	assert_string_equal(plan.changes[1].target, CPU "cpu2/online");
	assert_string_equal(plan.changes[1].wanted, "0");
	assert_int_equal(plan.changes[1].cost, TUNE_COST_HOTPLUG);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_bound_to_a_cpu_is_moved_before_it_goes),
		cmocka_unit_test(a_cpu_that_is_down_already_is_left),
		cmocka_unit_test(the_last_cpu_stays),
		cmocka_unit_test(a_cpu_without_a_switch_cannot_go),
		cmocka_unit_test(a_cpu_that_is_not_there_is_named),
		cmocka_unit_test(a_cpu_of_a_partition_goes_only_by_force),
		cmocka_unit_test(cpus_come_up),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
