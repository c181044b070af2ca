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
static struct kcfg_vm vm = { .nr_vcpus = 2, .rt = true, .uuid = "a" };
static int vcpus[] = { 4, 6 };
static struct kcfg_vm other = { .nr_vcpus = 1, .rt = true, .uuid = "b" };
static struct kcfg_place place[2] = { { .vm = &vm, .vcpus = vcpus }, { .vm = &other } };
static struct kcfg_places places = { place, 2 };
static struct kcfg_live live[2] = { { .uuid = "a", .pid = 70 }, { .uuid = "c", .pid = 80 } };
static struct kcfg_lives lives = { .v = live, .n = 2 };

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
		snprintf(name, sizeof(name), i ? "proc/%d/task/%d/cgroup" : "proc/%d/cgroup", tid,
			 tid);
		put(name, "0::/\n");
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

TEST(a_shield_covers_the_vms_cores_and_sends_nothing_to_other_real_time_vms)
{
	struct kcfg_spared spared = { &places, &lives };
	struct tune_plan plan = { .root = &root };
	struct tune_shield shield;
	struct rt_err err = { 0 };

	kcfg_shield(&shield, &place[0], &spared);
	if (tune_shield_plan(&plan, &shield, &err) < 0)
		fail_msg("%s", err.text);
	assert_wanted(&plan, "proc/irq/default_smp_affinity", "f");
	assert_wanted(&plan, "proc/irq/24/smp_affinity_list", "0-3");
	assert_wanted(&plan, "proc/irq/25/smp_affinity_list", "0-1");
	assert_null(find(&plan, "proc/irq/26/"));
	assert_wanted(&plan, "sys/devices/virtual/workqueue/cpumask", "f");
	assert_wanted(&plan, "sys/devices/virtual/workqueue/writeback/cpumask", "f");
	assert_wanted(&plan, "2 5", "0-3");
	tune_plan_finish(&plan);
}

TEST(threads_of_real_time_vms_are_spared_and_of_no_others)
{
	struct kcfg_spared spared = { &places, &lives };
	struct tune_task thread = { .tid = 71, .tgid = 70, .comm = "CPU 0/KVM" };
	struct tune_shield shield;

	kcfg_shield(&shield, &place[0], &spared);
	assert_true(shield.spare(shield.arg, NULL, &thread));
	thread.tgid = 80;
	assert_false(shield.spare(shield.arg, NULL, &thread));
}

TEST(the_cpus_of_a_disabled_vm_are_taken_while_it_runs)
{
	struct kcfg_spared spared = { &places, &lives };
	struct tune_shield shield;

	other.disabled = true;
	kcfg_shield(&shield, &place[0], &spared);
	assert_true(rt_cpuset_empty(&shield.taken[TUNE_SHIELD_PROC]));
	strcpy(other.uuid, "c");
	kcfg_shield(&shield, &place[0], &spared);
	assert_true(rt_cpuset_equal(&shield.taken[TUNE_SHIELD_PROC], &place[1].owned));
	other.disabled = false;
	strcpy(other.uuid, "b");
}

TEST(siblings_go_down)
{
	struct tune_plan plan = { .root = &root };

	assert_int_equal(kcfg_plan_down(&plan, &place[0], NULL), 0);
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
	if (kcfg_plan_kernel_first(&plan, &place[0], &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(plan.nr, 1);
	assert_string_equal(plan.changes[0].wanted, "fifo 4");
	assert_contains(plan.changes[0].why, "rcuc/6");
	tune_plan_finish(&plan);
}

/* ---- partitions ---- */

static struct tune_task vm_tasks[2] = {
	{ .tid = 71, .tgid = 70, .comm = "CPU 0/KVM" },
	{ .tid = 72, .tgid = 70, .comm = "CPU 1/KVM" },
};
static struct kcfg_thread vm_threads[2] = {
	{ KCFG_ROLE_VCPU, 0, &vm_tasks[0] }, { KCFG_ROLE_VCPU, 1, &vm_tasks[1] },
};

/* The VM's two threads, in a group each. */
static void put_in_groups(struct kcfg_lives *with, const char *first, const char *second)
{
	*with = lives;
	with->tasks.v = vm_tasks;
	with->tasks.n = 2;
	with->v[0].threads = vm_threads;
	with->v[0].nr_threads = 2;
	vm_tasks[0].cgroup = 0;
	vm_tasks[1].cgroup = strlen(first) + 1;
	rt_buf_printf(&with->tasks.text, "%s%c%s", first, 0, second);
}

TEST(each_vcpu_gets_a_partition_where_the_kernel_has_remote_ones)
{
	struct tune_plan plan = { .root = &root };
	struct rt_err err = { 0 };
	struct kcfg_lives with;
	char *claimed;

	put_in_groups(&with, "/machine/vm/vcpu0", "/machine/vm/vcpu1");
	if (kcfg_plan_isolate(&plan, &place[0], &with, &with.v[0], &err) < 0)
		fail_msg("%s", err.text);
	assert_wanted(&plan, "sys/fs/cgroup/machine/vm/vcpu0/cpuset.cpus.exclusive", "4");
	assert_wanted(&plan, "sys/fs/cgroup/machine/vm/vcpu1/cpuset.cpus.exclusive", "6");
	assert_wanted(&plan, "sys/fs/cgroup/machine/vm/vcpu1/cpuset.cpus.partition", "isolated");
	/* the last word for the groups above is for both */
	assert_int_equal(tune_plan_value(&plan, TUNE_KNOB_CPULIST,
					 "sys/fs/cgroup/machine/cpuset.cpus.exclusive", &claimed,
					 NULL), 0);
	assert_string_equal(claimed, "4,6");
	free(claimed);
	tune_plan_finish(&plan);
	rt_buf_finish(&with.tasks.text);
}

TEST(a_vm_as_a_whole_gets_one_in_a_group_of_its_own_only)
{
	struct tune_plan plan = { .root = &root };
	struct rt_err err = { 0 };
	struct kcfg_lives with;

	put_in_groups(&with, "/machine/vm/vcpu0", "/machine/vm/vcpu1");
	assert_int_equal(kcfg_plan_isolate_whole(&plan, &place[0], &with, &with.v[0], &err),
			 RT_ECANNOT);
	assert_contains(err.text, "shares its group \"machine\"");
	rt_buf_finish(&with.tasks.text);
	put_in_groups(&with, "/rt1.slice/vm/vcpu0", "/rt1.slice/vm/vcpu1");
	assert_int_equal(kcfg_plan_isolate_whole(&plan, &place[0], &with, &with.v[0], NULL), 0);
	assert_wanted(&plan, "sys/fs/cgroup/rt1.slice/cpuset.cpus", "4,6");
	assert_wanted(&plan, "sys/fs/cgroup/rt1.slice/cpuset.cpus.partition", "isolated");
	tune_plan_finish(&plan);
	vm_tasks[1].tgid = 80;
	assert_int_equal(kcfg_plan_isolate_whole(&plan, &place[0], &with, &with.v[0], NULL),
			 RT_ECANNOT);
	vm_tasks[1].tgid = 70;
	rt_buf_finish(&with.tasks.text);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(path) || rt_root_init(&root, path, NULL) < 0)
		return -1;
	rt_cpuset_parse(&place[0].owned, "4-7", NULL);
	rt_cpuset_parse(&place[0].used, "4,6", NULL);
	rt_cpuset_parse(&place[0].down, "5,7", NULL);
	rt_cpuset_parse(&place[1].owned, "2-3", NULL);
	put("sys/devices/system/cpu/online", "0-7\n");
	put("sys/fs/cgroup/cgroup.controllers", "cpuset\n");
	put("sys/fs/cgroup/cgroup.subtree_control", "cpuset\n");
	put("sys/fs/cgroup/machine/cpuset.cpus.exclusive", "\n");
	put("sys/fs/cgroup/machine/vm/cpuset.cpus.exclusive", "\n");
	put("sys/fs/cgroup/machine/vm/vcpu0/cpuset.cpus.exclusive", "\n");
	put("sys/fs/cgroup/machine/vm/vcpu1/cpuset.cpus.exclusive", "\n");
	put("sys/fs/cgroup/rt1.slice/cpuset.cpus", "\n");
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
		cmocka_unit_test(
			a_shield_covers_the_vms_cores_and_sends_nothing_to_other_real_time_vms),
		cmocka_unit_test(threads_of_real_time_vms_are_spared_and_of_no_others),
		cmocka_unit_test(the_cpus_of_a_disabled_vm_are_taken_while_it_runs),
		cmocka_unit_test(siblings_go_down),
		cmocka_unit_test(the_kernel_comes_before_a_vcpu),
		cmocka_unit_test(each_vcpu_gets_a_partition_where_the_kernel_has_remote_ones),
		cmocka_unit_test(a_vm_as_a_whole_gets_one_in_a_group_of_its_own_only),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
