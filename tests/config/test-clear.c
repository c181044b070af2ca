/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans on a small recorded host; that they are honoured is the lab's to show. */
#include "config/clear.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"

#define ROOT_TEMPLATE "/tmp/test-clear.XXXXXX"

static char path[] = ROOT_TEMPLATE;
static struct rt_root root;
static struct kcfg_vm vm = { .nr_vcpus = 2, .rt = true };
static int vcpus[] = { 4, 6 };
static struct kcfg_place place = { .vm = &vm, .vcpus = vcpus };
static struct rt_cpuset house;

/* Makes the folders of a file below the root, and the file. */
static void put(const char *name, const char *text)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", path, name);
	for (char *slash = full + strlen(path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void put_task(int tid, const char *comm, unsigned int flags, const char *allowed)
{
	char name[64], text[512];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), i ? "proc/%d/task/%d/stat" : "proc/%d/stat", tid, tid);
		snprintf(text, sizeof(text), "%d (%s) S 0 0 0 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 5 0 "
			 "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", tid, comm,
			 flags);
		put(name, text);
		snprintf(name, sizeof(name), i ? "proc/%d/task/%d/status" : "proc/%d/status", tid,
			 tid);
		snprintf(text, sizeof(text), "Name:\t%s\nCpus_allowed_list:\t%s\n", comm, allowed);
		put(name, text);
	}
}

static const struct tune_change *find(const struct tune_plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->nr; i++)
		if (!strncmp(plan->changes[i].target, target, strlen(target)))
			return &plan->changes[i];
	return NULL;
}

static void assert_wanted(const struct tune_plan *plan, const char *target, const char *wanted)
{
	const struct tune_change *change = find(plan, target);

	if (!change)
		fail_msg("no change of %s", target);
	assert_string_equal(change->wanted, wanted);
}

TEST(what_may_use_the_cpus_leaves_them)
{
	struct tune_plan plan = { .root = &root };
	struct rt_err err = { 0 };

	if (kcfg_plan_clear(&plan, &place, &house, 0, &err) < 0)
		fail_msg("%s", err.text);
	assert_wanted(&plan, "proc/irq/default_smp_affinity", "f");
	assert_wanted(&plan, "proc/irq/24/smp_affinity_list", "0-3");
	assert_wanted(&plan, "proc/irq/25/smp_affinity_list", "0-3");
	assert_null(find(&plan, "proc/irq/26/"));
	assert_wanted(&plan, "sys/devices/virtual/workqueue/cpumask", "f");
	assert_wanted(&plan, "sys/devices/virtual/workqueue/writeback/cpumask", "f");
	tune_plan_finish(&plan);
}

TEST(siblings_go_down)
{
	struct tune_plan plan = { .root = &root };

	assert_int_equal(kcfg_plan_down(&plan, &place, NULL), 0);
	assert_int_equal(plan.nr, 2);
	assert_wanted(&plan, "sys/devices/system/cpu/cpu5/online", "0");
	assert_int_equal(plan.changes[0].cost, TUNE_COST_HOTPLUG);
	tune_plan_finish(&plan);
}

TEST(the_kernel_comes_before_a_vcpu)
{
	struct tune_plan plan = { .root = &root };
	struct rt_err err = { 0 };

	vm.vcpu_priority = 1;
	if (kcfg_plan_kernel_first(&plan, &place, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(plan.nr, 1);
	assert_string_equal(plan.changes[0].wanted, "fifo 4");
	assert_contains(plan.changes[0].why, "rcuc/6");
	tune_plan_finish(&plan);
}

TEST(an_affinity_elsewhere_is_held)
{
	struct tune_plan plan = { .root = &root };
	struct rt_cpuset online;

	rt_cpuset_parse(&online, "0-7", NULL);
	assert_int_equal(kcfg_plan_hold(&plan, &place, &online, NULL), 0);
	for (size_t i = 0; i < plan.nr; i++)
		assert_true(plan.changes[i].flags & TUNE_HOLD);
	tune_plan_finish(&plan);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(path) || rt_root_init(&root, path, NULL) < 0)
		return -1;
	rt_cpuset_parse(&place.owned, "4-7", NULL);
	rt_cpuset_parse(&place.down, "5,7", NULL);
	rt_cpuset_parse(&house, "0-3", NULL);
	put("proc/irq/default_smp_affinity", "ff\n");
	put("proc/irq/24/smp_affinity_list", "0-7\n");
	put("proc/irq/25/smp_affinity_list", "4\n");
	put("proc/irq/26/smp_affinity_list", "1\n");
	put("proc/interrupts", "           CPU0       CPU1\n"
	    " 24:          1          2   PCI-MSI  1-edge      eth0\n"
	    " 25:          1          2   PCI-MSI  2-edge      eth1\n"
	    " 26:          1          2   PCI-MSI  3-edge      eth2\n");
	put("sys/devices/virtual/workqueue/cpumask", "ff\n");
	put("sys/devices/virtual/workqueue/writeback/cpumask", "ff\n");
	put("sys/devices/system/cpu/cpu5/online", "1\n");
	put("sys/devices/system/cpu/cpu7/online", "1\n");
	put_task(2, "kthreadd", 0x200000, "0-7");
	put_task(40, "rcuc/5", 0x4200000, "5");
	put_task(41, "rcuc/6", 0x4200000, "6");
	return 0;
}

static int drop(void **state)
{
	char command[64];

	(void)state;
	rt_root_finish(&root);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_use_the_cpus_leaves_them),
		cmocka_unit_test(siblings_go_down),
		cmocka_unit_test(the_kernel_comes_before_a_vcpu),
		cmocka_unit_test(an_affinity_elsewhere_is_held),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
