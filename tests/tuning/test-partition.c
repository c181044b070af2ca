/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-partition.c - CPUs of their own for a group are planned, and never taken from another */
#include "tests/tuning/host-tree.h"

#include "lib/err.h"
#include "tuning/journal.h"
#include "tuning/partition.h"

#define TOP "sys/fs/cgroup"

static const struct tree_file v2[] = {
	{ TOP "/cgroup.controllers", "cpuset cpu memory" },
	{ TOP "/cgroup.subtree_control", "cpu memory" },
	{ TOP "/machine/cpuset.cpus.exclusive", "6" },
	{ TOP "/machine/cpuset.cpus.exclusive.effective", "6" },
	{ TOP "/machine/cpuset.cpus.partition", "member" },
	{ TOP "/machine/vm1/cpuset.cpus.exclusive", "6" },
	{ TOP "/machine/vm1/vcpu0/cpuset.cpus", "6" },
	{ TOP "/machine/vm1/vcpu0/cpuset.cpus.exclusive", "6" },
	{ TOP "/machine/vm1/vcpu0/cpuset.cpus.effective", "6" },
	{ TOP "/machine/vm1/vcpu0/cpuset.cpus.partition", "isolated" },
	{ TOP "/machine/vm2/cpuset.cpus.exclusive", "" },
	{ TOP "/machine/vm2/vcpu0/cpuset.cpus", "4" },
	{ TOP "/machine/vm2/vcpu0/cpuset.cpus.exclusive", "" },
	{ TOP "/machine/vm2/vcpu0/cpuset.cpus.partition", "member" },
	{ TOP "/machine/vm2/vcpu1/cpuset.cpus.exclusive", "" },
	{ TOP "/system/cpuset.cpus.partition", "isolated invalid (Cpu list not exclusive)" },
	{ TOP "/system/cpuset.cpus.effective", "0-7" },
	{ NULL, NULL }
};

static struct rt_cpuset cpus(const char *list)
{
	struct rt_cpuset set;

	assert_int_equal(rt_cpuset_parse(&set, list, NULL), 0);
	return set;
}

static void expect_change(const struct tune_plan *plan, size_t i, const char *target,
			  const char *wanted)
{
	assert_true(i < plan->nr);
	assert_string_equal(plan->changes[i].target, target);
	assert_string_equal(plan->changes[i].wanted, wanted);
}

TEST(the_version_of_cgroups_is_seen)
{
	static const struct tree_file v1[] = {
		{ TOP "/cpuset/cpuset.cpus", "0-7" }, { NULL, NULL } };
	static const struct tree_file hybrid[] = {
		{ TOP "/unified/cgroup.controllers", "" }, { TOP "/memory/tasks", "" },
		{ NULL, NULL } };
	char mount[TUNE_MOUNT_MAX];
	struct tree *tree;

	tree = tree_of(v2);
	assert_int_equal(tune_cgroups_find(&tree->root, mount), TUNE_CGROUPS_V2);
	assert_string_equal(mount, TOP);
	tree_destroy(tree);
	tree = tree_of(v1);
	assert_int_equal(tune_cgroups_find(&tree->root, mount), TUNE_CGROUPS_V1);
	assert_string_equal(mount, TOP "/cpuset");
	tree_destroy(tree);
	tree = tree_of(hybrid);
	assert_int_equal(tune_cgroups_find(&tree->root, mount), TUNE_CGROUPS_NONE);
	tree_destroy(tree);
}

TEST(a_local_partition_is_a_child_of_the_top)
{
	struct rt_cpuset set = cpus("2-3");
	struct tune_plan plan = { 0 };
	struct tree *tree;

	tree = tree_of(v2);
	plan.root = &tree->root;
	assert_int_equal(tune_partition_plan_local(&plan, TOP, "shield", &set, NULL), 0);
	assert_int_equal(plan.nr, 4);
	expect_change(&plan, 0, TOP "/cgroup.subtree_control", "on");
	assert_string_equal(plan.changes[0].before, "off");
	expect_change(&plan, 1, TOP "/shield", "there");
	expect_change(&plan, 2, TOP "/shield/cpuset.cpus", "2-3");
	expect_change(&plan, 3, TOP "/shield/cpuset.cpus.partition", "isolated");
	tune_plan_finish(&plan);
	tree_destroy(tree);
}

TEST(a_remote_partition_claims_its_cpus_in_each_group_above)
{
	struct rt_cpuset set = cpus("4");
	struct tune_plan plan = { 0 };
	struct tree *tree;

	tree = tree_of(v2);
	plan.root = &tree->root;
	assert_int_equal(tune_partition_plan_remote(&plan, TOP, "machine/vm2/vcpu0", &set, NULL),
			 0);
	assert_int_equal(plan.nr, 4);
	expect_change(&plan, 0, TOP "/machine/cpuset.cpus.exclusive", "4,6");
	expect_change(&plan, 1, TOP "/machine/vm2/cpuset.cpus.exclusive", "4");
	expect_change(&plan, 2, TOP "/machine/vm2/vcpu0/cpuset.cpus.exclusive", "4");
	expect_change(&plan, 3, TOP "/machine/vm2/vcpu0/cpuset.cpus.partition", "isolated");
	/* another one in the same plan: what is planned for the first is not taken back */
	set = cpus("5");
	assert_int_equal(tune_partition_plan_remote(&plan, TOP, "machine/vm2/vcpu1", &set, NULL),
			 0);
	expect_change(&plan, 4, TOP "/machine/cpuset.cpus.exclusive", "4-6");
	expect_change(&plan, 5, TOP "/machine/vm2/cpuset.cpus.exclusive", "4-5");
	tune_plan_finish(&plan);

	assert_int_equal(tune_partition_plan_release(&plan, TOP, "machine/vm1/vcpu0", NULL), 0);
	expect_change(&plan, 0, TOP "/machine/vm1/vcpu0/cpuset.cpus.partition", "member");
	tune_plan_finish(&plan);
	tree_destroy(tree);
}

TEST(a_kernel_without_exclusive_cpus_has_no_remote_partitions)
{
	static const struct tree_file old[] = {
		{ TOP "/cgroup.controllers", "cpuset" },
		{ TOP "/machine/vcpu0/cpuset.cpus", "" }, { NULL, NULL } };
	struct rt_cpuset set = cpus("4");
	struct tune_plan plan = { 0 };
	struct rt_err err = { 0 };
	struct tree *tree;

	tree = tree_of(old);
	plan.root = &tree->root;
	assert_false(tune_partition_has_remote(&tree->root, TOP, "machine/vcpu0"));
	assert_int_equal(tune_partition_plan_remote(&plan, TOP, "machine/vcpu0", &set, &err),
			 RT_ECANNOT);
	assert_contains(err.text, "which this kernel has not");
	assert_int_equal(plan.nr, 0);
	tree_destroy(tree);
}

TEST(cpus_that_another_partition_holds_are_not_asked_for)
{
	struct rt_cpuset set = cpus("4-6"), common;
	struct tune_plan plan = { 0 };
	struct rt_err err = { 0 };
	struct tree *tree;
	char name[128];

	tree = tree_of(v2);
	plan.root = &tree->root;
	assert_int_equal(tune_partition_plan_remote(&plan, TOP, "machine/vm2/vcpu0", &set, &err),
			 -EBUSY);
	assert_contains(err.text, "CPUs 6 are held by the partition \"/machine/vm1");
	assert_int_equal(tune_partition_plan_local(&plan, TOP, "shield", &set, NULL), -EBUSY);
	assert_int_equal(plan.nr, 0);
	assert_true(tune_partition_holder(&tree->root, TOP, NULL, &set, name, sizeof(name),
					  &common));
	assert_string_equal(name, "machine");
	set = cpus("0-5,7");
	assert_false(tune_partition_holder(&tree->root, TOP, NULL, &set, name, sizeof(name), NULL));
	/* its own CPUs are no reason against it */
	set = cpus("6");
	assert_false(tune_partition_holder(&tree->root, TOP, "machine/vm1/vcpu0", &set, name,
					   sizeof(name), NULL));
	tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_of_cgroups_is_seen),
		cmocka_unit_test(a_local_partition_is_a_child_of_the_top),
		cmocka_unit_test(a_remote_partition_claims_its_cpus_in_each_group_above),
		cmocka_unit_test(a_kernel_without_exclusive_cpus_has_no_remote_partitions),
		cmocka_unit_test(cpus_that_another_partition_holds_are_not_asked_for),
	};

	return RUN_TESTS(tests);
}
