/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-topo.c - tuning/topo*.c: the same arrays from every source */
#include "tuning/topo.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"
#include "tuning/topo-internal.h"

static struct tune_topo *synthetic(const char *text)
{
	struct rt_err err = { 0 };
	struct tune_topo *topo;

	if (tune_topo_load_synthetic(&topo, text, &err))
		fail_msg("%s", err.text);
	return topo;
}

static void assert_cpus(const struct rt_cpuset *set, const char *expected)
{
	char found[256];

	assert_int_equal(rt_cpuset_format(set, found, sizeof(found)), 0);
	assert_string_equal(found, expected);
}

TEST(a_cpu_knows_its_groups_and_they_know_it)
{
	struct tune_topo *topo = synthetic("pack:2 [numa] l3:2 l2:2 core:1 pu:2");
	const struct tune_cpu *cpu = tune_topo_cpu(topo, 13);

	assert_int_equal(topo->nr_cpus, 16);
	assert_cpus(&topo->present, "0-15");
	assert_cpus(&topo->online, "0-15");
	assert_non_null(cpu);
	assert_int_equal(cpu->in[TUNE_PACKAGE], 1);
	assert_int_equal(cpu->in[TUNE_DIE], 1);
	assert_int_equal(cpu->in[TUNE_NODE], 1);
	assert_int_equal(cpu->in[TUNE_L3], 3);
	assert_int_equal(cpu->in[TUNE_L2], 6);
	assert_int_equal(cpu->in[TUNE_L1], TUNE_NONE);
	assert_int_equal(cpu->in[TUNE_CORE], 6);
	assert_cpus(&tune_topo_group(topo, TUNE_L3, 3)->cpus, "12-15");
	assert_null(tune_topo_cpu(topo, 16));
	assert_null(tune_topo_group(topo, TUNE_CORE, 8));
	tune_topo_destroy(topo);
}

TEST(sets_are_made_whole_and_counted_at_a_level)
{
	struct tune_topo *topo = synthetic("pack:2 [numa] core:2 pu:2");
	struct rt_cpuset set = tune_topo_siblings(topo, 5);

	assert_cpus(&set, "4-5");
	set = tune_topo_siblings(topo, 99);
	assert_cpus(&set, "99");
	assert_int_equal(rt_cpuset_parse(&set, "1,6", NULL), 0);
	set = tune_topo_widen(topo, TUNE_CORE, &set);
	assert_cpus(&set, "0-1,6-7");
	set = tune_topo_touched(topo, TUNE_CORE, &set);
	assert_cpus(&set, "0,3");
	tune_topo_destroy(topo);
}

static void assert_no_machine(const char *what, const char *sentence)
{
	struct rt_err err = { 0 };
	struct tune_topo *topo;

	assert_true(tune_topo_load_from(&topo, what, &err) < 0);
	assert_string_equal(err.text, sentence);
}

TEST(what_is_no_topology_is_said)
{
	assert_no_machine("/none", "cannot read the topology file \"/none\": "
			  "No such file or directory");
	assert_no_machine("pack:x", "expected a description such as \"pack:2 numa:1 core:4 pu:2\""
			  ", found \"pack:x\"");
	assert_no_machine("/dev/null", "/dev/null: expected hwloc's XML, found something else");
}

TEST(hwlocs_variables_do_not_change_the_machine)
{
	struct rt_root root;
	struct tune_topo *topo;

	setenv("HWLOC_SYNTHETIC", "pack:7 core:7 pu:7", 1);
	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	assert_int_equal(tune_topo_load(&topo, &root, NULL), 0);
	assert_int_not_equal(topo->nr_cpus, 343);
	assert_string_equal(getenv("HWLOC_SYNTHETIC"), "pack:7 core:7 pu:7");
	unsetenv("HWLOC_SYNTHETIC");
	tune_topo_destroy(topo);
	rt_root_finish(&root);
}

/* As a kernel shows the second threads of all cores after they went down. */
static void take_down(struct tune_topo *topo)
{
	unsigned int i, j;
	int level;

	for (i = 1; i < topo->nr_cpus; i += 2) {
		topo->cpus[i].online = false;
		rt_cpuset_remove(&topo->online, topo->cpus[i].number);
		for (level = 0; level < TUNE_NR_LEVELS; level++) {
			if (level == TUNE_NODE)
				continue;
			topo->cpus[i].in[level] = TUNE_NONE;
			for (j = 0; j < topo->at[level].n; j++)
				rt_cpuset_remove(&topo->at[level].v[j].cpus, i);
		}
	}
}

/* As above for the first core: it is gone, and the others are counted from 0. */
static void take_core_down(struct tune_topo *topo)
{
	struct tune_groups *cores = &topo->at[TUNE_CORE];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		topo->cpus[i].online = false;
		rt_cpuset_remove(&topo->online, i);
		topo->cpus[i].in[TUNE_CORE] = TUNE_NONE;
	}
	for (i = 0; i + 1 < cores->n; i++) {
		cores->v[i] = cores->v[i + 1];
		cores->v[i].number = (int)i;
	}
	cores->n--;
	for (i = 2; i < topo->nr_cpus; i++)
		topo->cpus[i].in[TUNE_CORE]--;
}

struct tree {
	char path[64];
	struct rt_root root;
};

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	strcpy(tree->path, "/tmp/test-topo.XXXXXX");
	if (!mkdtemp(tree->path) || rt_root_init(&tree->root, tree->path, NULL))
		return -1;
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;

	unlinkat(tree->root.fd, "run/kvmrt/topology", 0);
	unlinkat(tree->root.fd, "run/kvmrt", AT_REMOVEDIR);
	unlinkat(tree->root.fd, "run", AT_REMOVEDIR);
	rmdir(tree->path);
	rt_root_finish(&tree->root);
	free(tree);
	return 0;
}

static void the_core_of_a_cpu_that_went_down_is_remembered(void **state)
{
	struct tree *tree = *state;
	struct tune_topo *topo = synthetic("pack:2 [numa] core:2 pu:2");
	struct rt_cpuset set;

	assert_int_equal(tune_topo_remember(topo, &tree->root, NULL), 0);
	take_down(topo);
	set = tune_topo_siblings(topo, 4);
	assert_cpus(&set, "4");
	/* what knows less does not replace it */
	assert_int_equal(tune_topo_remember(topo, &tree->root, NULL), 0);
	assert_int_equal(tune_topo_recall(topo, &tree->root), 0);
	set = tune_topo_siblings(topo, 4);
	assert_cpus(&set, "4-5");
	assert_int_equal(tune_topo_cpu(topo, 7)->in[TUNE_PACKAGE], 1);
	assert_cpus(&tune_topo_group(topo, TUNE_PACKAGE, 1)->cpus, "4-7");
	tune_topo_destroy(topo);
}

TEST(second_threads_are_told_from_cores_where_smt_is_off)
{
	struct tune_topo *topo = synthetic("core:3 pu:2");
	struct rt_cpuset set;

	take_down(topo);
	set = tune_topo_smt_down(topo);
	assert_cpus(&set, "");
	topo->smt_off = true;
	set = tune_topo_smt_down(topo);
	assert_cpus(&set, "1,3,5");
	topo->cpus[3].in[TUNE_CORE] = 1;
	set = tune_topo_smt_down(topo);
	assert_cpus(&set, "1,5");
	tune_topo_destroy(topo);
}

static void a_core_keeps_its_number_while_another_is_down(void **state)
{
	struct tree *tree = *state;
	struct tune_topo *topo = synthetic("pack:1 core:4 pu:2");
	struct rt_cpuset set;

	assert_int_equal(tune_topo_remember(topo, &tree->root, NULL), 0);
	take_core_down(topo);
	assert_int_equal(tune_cpuset_resolve(&set, topo, "c1", NULL), 0);
	assert_cpus(&set, "4-5");
	assert_int_equal(tune_topo_recall(topo, &tree->root), 0);
	assert_int_equal(tune_cpuset_resolve(&set, topo, "c1", NULL), 0);
	assert_cpus(&set, "2-3");
	assert_int_equal(tune_cpuset_resolve(&set, topo, "c0", NULL), 0);
	assert_cpus(&set, "0-1");
	tune_topo_destroy(topo);
}

/* @text is of no use: the topology stays as it is. */
static void assert_not_recalled(const char *text)
{
	struct tune_topo *topo = synthetic("pack:1 core:4 pu:2");
	struct rt_cpuset set;

	take_down(topo);
	assert_int_equal(tune_topo_recall_text(topo, text), 0);
	set = tune_topo_siblings(topo, 0);
	assert_cpus(&set, "0");
	tune_topo_destroy(topo);
}

TEST(what_does_not_fit_the_machine_is_not_recalled)
{
	assert_not_recalled("");
	assert_not_recalled("1 0 0 0 - - - 0\n2 0 0 0 - - - 0\n");
	assert_not_recalled("1 0 0 0 - - - 0\n8 0 0 0 - - - 4\n");
	assert_not_recalled("1 0 0 0 - - - 99999999999999999999\n");
	assert_not_recalled("1 0 0 0 - - - 0 0\n");
	assert_not_recalled("1 0 0 0 - - -\n");
	assert_not_recalled("cpu\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_knows_its_groups_and_they_know_it),
		cmocka_unit_test(sets_are_made_whole_and_counted_at_a_level),
		cmocka_unit_test(what_is_no_topology_is_said),
		cmocka_unit_test(hwlocs_variables_do_not_change_the_machine),
		cmocka_unit_test_setup_teardown(the_core_of_a_cpu_that_went_down_is_remembered,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_core_keeps_its_number_while_another_is_down,
						set_up, tear_down),
		cmocka_unit_test(second_threads_are_told_from_cores_where_smt_is_off),
		cmocka_unit_test(what_does_not_fit_the_machine_is_not_recalled),
	};

	return RUN_TESTS(tests);
}
