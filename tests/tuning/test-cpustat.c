/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cpustat.c - what is said of each CPU of a small made-up host
 */
#include "tuning/cpustat.h"

#include <math.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/tuning/tree.h"

#define STAT(pid, name, state, cpu, flags) \
	#pid " (" name ") " #state " 1 0 0 0 -1 " #flags " 0 0 0 0 1 0 0 0 20 0 1 0 9 0 0 0 0 0 " \
	"0 0 0 0 0 0 0 0 0 0 17 " #cpu " 0 0 0 0 0\n"

struct world {
	struct tree *tree;
	struct tune_cpustat stat;
};

static void put_cpu(const struct tree *tree, unsigned int cpu, const char *siblings)
{
	char path[128], text[32];
	static const char *const files[] = { "core_id", "physical_package_id" };
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/%s", cpu,
			 files[i]);
		snprintf(text, sizeof(text), "%u\n", i == 0 ? cpu / 2 : 0);
		tree_put(tree, path, text);
	}
	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/thread_siblings", cpu);
	tree_put(tree, path, siblings);
	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/core_siblings", cpu);
	tree_put(tree, path, "f\n");
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct tree *tree = world->tree = tree_new();

	put_cpu(tree, 0, "3\n");
	put_cpu(tree, 1, "3\n");
	put_cpu(tree, 2, "c\n");
	put_cpu(tree, 3, "c\n");
	tree_put(tree, "sys/devices/system/cpu/present", "0-3\n");
	tree_put(tree, "sys/devices/system/cpu/possible", "0-3\n");
	tree_put(tree, "sys/devices/system/cpu/online", "0-2\n");
	tree_put(tree, "sys/devices/system/cpu/isolated", "2\n");
	tree_put(tree, "sys/devices/system/cpu/nohz_full", "2\n");
	tree_put(tree, "proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 10 0 0 90 0 0 0 0 0 0\n"
		 "cpu1 10 0 0 90 0 0 0 0 0 0\ncpu2 0 0 0 100 0 0 0 0 0 0\nintr 1\n");
	tree_put(tree, "proc/interrupts", "  CPU0 CPU1 CPU2\n 5: 1 2 3 A 5-edge nic\n"
		 " 6: 1 2 3 A 6-edge disk\nLOC: 9 9 9 Local timer\n");
	tree_put(tree, "proc/irq/5/smp_affinity_list", "0-2\n");
	tree_put(tree, "proc/irq/5/effective_affinity_list", "1\n");
	tree_put(tree, "proc/irq/6/smp_affinity_list", "0-1\n");
	tree_put(tree, "proc/softirqs", "  CPU0 CPU1 CPU2 CPU3\n  NET_RX: 0 0 0 0\n");
	tree_put(tree, "proc/7/stat", STAT(7, "vcpu", R, 2, 0));
	tree_put(tree, "proc/7/status", "Name:\tvcpu\nCpus_allowed_list:\t2\n");
	tree_put(tree, "proc/8/stat", STAT(8, "ksoftirqd/2", S, 2, 69206080));
	tree_put(tree, "proc/8/status", "Name:\tksoftirqd/2\nCpus_allowed_list:\t2\n");
	tree_put(tree, "proc/9/stat", STAT(9, "any", S, 0, 0));
	tree_put(tree, "proc/9/status", "Name:\tany\nCpus_allowed_list:\t0-1\n");
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	tune_cpustat_finish(&world->stat);
	tree_destroy(world->tree);
	free(world);
	return 0;
}

static void look(struct world *world, const char *cpus)
{
	struct rt_err err = { 0 };

	if (tune_cpustat_read(&world->stat, &world->tree->root, cpus, &err) < 0)
		fail_msg("%s", err.text);
}

static void look_twice(struct world *world, const char *cpus)
{
	look(world, cpus);
	tree_put(world->tree, "proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\n"
		 "cpu0 40 0 10 140 0 0 0 0 0 0\ncpu1 10 0 0 190 0 0 0 0 0 0\n"
		 "cpu2 100 0 0 99 0 0 0 0 0 0\nintr 1\n");
	tree_put(world->tree, "proc/interrupts", "  CPU0 CPU1 CPU2\n 5: 1 12 3 A 5-edge nic\n"
		 " 6: 1 2 3 A 6-edge disk\nLOC: 19 10 9 Local timer\n");
	look(world, cpus);
}

/* The columns of all CPUs, a line each, as the JSON of it. */
static void expect(const struct world *world, const char *columns, const char *json)
{
	unsigned int chosen[TUNE_CPUSTAT_MAX];
	struct rt_buf text = { 0 };
	int nr = tune_cpustat_choose(columns, chosen, NULL);

	assert_true(nr > 0);
	tune_cpustat_put_json(&text, &world->stat, chosen, (unsigned int)nr);
	assert_contains(rt_buf_str(&text), json);
	rt_buf_finish(&text);
}

TEST(states_are_those_of_the_kernel)
{
	struct world *world = *state;

	look(world, NULL);
	expect(world, "cpu,state", "\"cpus\":[{\"cpu\":0,\"state\":\"on\"},"
	       "{\"cpu\":1,\"state\":\"on\"},{\"cpu\":2,\"state\":\"isolated,nohz_full\"},"
	       "{\"cpu\":3,\"state\":\"down\"}]");
}

TEST(the_first_look_has_no_load_and_no_rates)
{
	struct world *world = *state;

	look(world, "0");
	expect(world, "load,irq,irq_rate,interrupts", "\"cpus\":[{\"load\":null,\"irq\":null,"
	       "\"irq_rate\":null,\"interrupts\":null}]");
}

TEST(load_is_what_was_not_idle_in_between)
{
	struct world *world = *state;

	look_twice(world, NULL);
	expect(world, "cpu,load", "[{\"cpu\":0,\"load\":44.4},{\"cpu\":1,\"load\":0.0},"
	       "{\"cpu\":2,\"load\":100.0},{\"cpu\":3,\"load\":null}]");
}

TEST(the_interrupt_that_came_most_is_named)
{
	struct world *world = *state;

	look_twice(world, "~3");
	expect(world, "irq,irq_what", "[{\"irq\":\"LOC\",\"irq_what\":\"Local timer\"},"
	       "{\"irq\":\"5\",\"irq_what\":\"nic\"},{\"irq\":null,\"irq_what\":null}]");
	assert_true(fabs((double)world->stat.v[1].interrupts * world->stat.seconds - 11) < 0.01);
}

TEST(what_runs_and_what_is_bound_is_told)
{
	struct world *world = *state;

	look(world, NULL);
	expect(world, "task,tid,policy,pinned,tasks", "{\"task\":\"vcpu\",\"tid\":7,"
	       "\"policy\":\"other\",\"pinned\":\"vcpu:7\",\"tasks\":2}");
	expect(world, "irqs,nr_irqs", "[{\"irqs\":\"6\",\"nr_irqs\":1},"
	       "{\"irqs\":\"5-6\",\"nr_irqs\":2},"
	       "{\"irqs\":null,\"nr_irqs\":0},{\"irqs\":null,\"nr_irqs\":null}]");
}

TEST(a_cpu_that_goes_down_is_noticed)
{
	struct world *world = *state;

	look_twice(world, "0-1");
	tree_put(world->tree, "sys/devices/system/cpu/online", "0,2\n");
	tree_put(world->tree, "proc/interrupts", "  CPU0 CPU2\n 5: 1 3 A 5-edge nic\n");
	tree_put(world->tree, "proc/stat", "cpu0 50 0 10 150 0 0 0 0 0 0\n");
	look(world, "0-1");
	expect(world, "cpu,state,load", "[{\"cpu\":0,\"state\":\"on\",\"load\":50.0},"
	       "{\"cpu\":1,\"state\":\"down\",\"load\":null}]");
}

TEST(cpus_that_are_not_there_are_refused)
{
	struct world *world = *state;
	struct rt_err err = { 0 };

	assert_true(tune_cpustat_read(&world->stat, &world->tree->root, "9", &err) < 0);
	assert_contains(err.text, "9");
	assert_true(tune_cpustat_read(&world->stat, &world->tree->root, "~0-3", NULL) < 0);
}

TEST(columns_are_chosen_by_name)
{
	unsigned int chosen[TUNE_CPUSTAT_MAX];
	struct rt_err err = { 0 };

	(void)state;
	assert_int_equal(tune_cpustat_choose("load,cpu", chosen, &err), 2);
	assert_string_equal(tune_cpustat_columns[chosen[0]].key, "load");
	assert_true(tune_cpustat_choose(tune_cpustat_default, chosen, &err) > 5);
	assert_int_equal(tune_cpustat_choose("cpu,laod", chosen, &err), -EINVAL);
	assert_contains(err.text, "no column \"laod\"; there is \"load\"");
	assert_int_equal(tune_cpustat_choose("", chosen, &err), -EINVAL);
	assert_int_equal(tune_cpustat_choose("cpu,,load", chosen, &err), -EINVAL);
}

int main(void)
{
#define STAT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		STAT_TEST(states_are_those_of_the_kernel),
		STAT_TEST(the_first_look_has_no_load_and_no_rates),
		STAT_TEST(load_is_what_was_not_idle_in_between),
		STAT_TEST(the_interrupt_that_came_most_is_named),
		STAT_TEST(what_runs_and_what_is_bound_is_told),
		STAT_TEST(a_cpu_that_goes_down_is_noticed),
		STAT_TEST(cpus_that_are_not_there_are_refused),
		STAT_TEST(columns_are_chosen_by_name),
	};

	return RUN_TESTS(tests);
}
