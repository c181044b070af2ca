/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/verdict.h"

#include <sched.h>

#include "tests/unit.h"

static int cpus[] = { 4, 6 };
static struct kcfg_vm vm = { .nr_vcpus = 2, .vcpu_priority = 1, .rt = true };
static struct kcfg_place place = { .vm = &vm, .vcpus = cpus };

static void setup(bool rt)
{
	vm.rt = rt;
	cpus[0] = rt ? 4 : KCFG_ANY;
	rt_cpuset_parse(&place.cpus, "4,6-7", NULL);
	rt_cpuset_parse(&place.others, rt ? "7" : "4,6-7", NULL);
}

static void assert_verdict(enum kcfg_role role, int number, const char *allowed, int policy,
			   int priority, const char *expected)
{
	struct tune_task task = { .policy = policy, .rt_priority = priority };
	struct kcfg_thread thread = { role, number, &task };
	char why[256];

	assert_int_equal(rt_cpuset_parse(&task.allowed, allowed, NULL), 0);
	assert_int_equal(kcfg_verdict(why, sizeof(why), &place, &thread), !*expected);
	assert_string_equal(why, expected);
}

TEST(a_real_time_vcpu_has_its_cpu_and_its_priority)
{
	setup(true);
	assert_verdict(KCFG_ROLE_VCPU, 0, "4", SCHED_FIFO, 1, "");
	assert_verdict(KCFG_ROLE_VCPU, 0, "4,6", SCHED_FIFO, 1, "expected CPUs 4, found 4,6");
	assert_verdict(KCFG_ROLE_VCPU, 1, "4", SCHED_FIFO, 1, "expected CPUs 6, found 4");
	assert_verdict(KCFG_ROLE_VCPU, 1, "6", SCHED_OTHER, 0, "expected fifo 1, found other 0");
}

TEST(all_other_threads_stay_off_the_vcpus)
{
	setup(true);
	assert_verdict(KCFG_ROLE_EMULATOR, -1, "7", SCHED_OTHER, 0, "");
	assert_verdict(KCFG_ROLE_IOTHREAD, 1, "7", SCHED_FIFO, 2, "");
	assert_verdict(KCFG_ROLE_PIT, -1, "0-7", SCHED_OTHER, 0, "expected CPUs 7, found 0-7");
	assert_verdict(KCFG_ROLE_NX, -1, "7", SCHED_FIFO, 1,
		       "expected no real-time policy, found fifo 1");
}

TEST(without_rt_any_cpu_of_the_set_will_do)
{
	setup(false);
	assert_verdict(KCFG_ROLE_VCPU, 0, "4", SCHED_OTHER, 0, "");
	assert_verdict(KCFG_ROLE_WORKER, -1, "6-7", SCHED_OTHER, 0, "");
	assert_verdict(KCFG_ROLE_VCPU, 0, "0-7", SCHED_OTHER, 0, "expected CPUs 4,6-7, found 0-7");
	place.cpus = place.others = (struct rt_cpuset){ 0 };
	assert_verdict(KCFG_ROLE_VCPU, 0, "0-7", SCHED_OTHER, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_time_vcpu_has_its_cpu_and_its_priority),
		cmocka_unit_test(all_other_threads_stay_off_the_vcpus),
		cmocka_unit_test(without_rt_any_cpu_of_the_set_will_do),
	};

	return RUN_TESTS(tests);
}
