/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-affinity.c - tuning/affinity.c: moves between sets, and columns */
#include "tuning/affinity.h"

#include <limits.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "tests/tuning/tree.h"
#include "tests/unit.h"
#include "tuning/topo.h"

static struct tune_topo *topo;

static int set_up(void **state)
{
	(void)state;
	return tune_topo_load_synthetic(&topo, "pack:2 core:2 pu:2", NULL);
}

static int tear_down(void **state)
{
	(void)state;
	tune_topo_destroy(topo);
	return 0;
}

static int parse(struct tune_moves *moves, const char *a, const char *b, struct rt_err *err)
{
	const char *words[] = { a, b };
	const struct rt_strv list = { words, b ? 2 : 1 };

	return tune_moves_parse(moves, topo, &list, err);
}

/* What @before becomes, as a list; "" where no move is about it. */
static const char *moved(const struct tune_moves *moves, const char *before)
{
	static char text[64];
	struct rt_cpuset from, to;

	assert_int_equal(rt_cpuset_parse(&from, before, NULL), 0);
	if (!tune_moves_apply(moves, &from, &to))
		return "";
	assert_int_equal(rt_cpuset_format(&to, text, sizeof(text)), 0);
	return text;
}

TEST(cpus_of_from_are_replaced_by_those_of_to)
{
	struct tune_moves moves;

	assert_int_equal(parse(&moves, "4-7=0-1", NULL, NULL), 0);
	assert_string_equal(moved(&moves, "4-7"), "0-1");
	assert_string_equal(moved(&moves, "6"), "0-1");
	assert_string_equal(moved(&moves, "0-7"), "0-3");
	assert_string_equal(moved(&moves, "3,5"), "0-1,3");
	assert_string_equal(moved(&moves, "0-3"), "");
}

TEST(sets_may_change_places)
{
	struct tune_moves moves;

	assert_int_equal(parse(&moves, "0-3=p1", "p1=0-3", NULL), 0);
	assert_string_equal(moved(&moves, "0"), "4-7");
	assert_string_equal(moved(&moves, "5"), "0-3");
	assert_string_equal(moved(&moves, "0,5"), "0-7");
}

TEST(what_is_no_move_is_wrong_use)
{
	static const struct {
		const char *word, *says;
	} rows[] = {
		{ "4-7", "expected FROM=TO, found \"4-7\"" },
		{ "=1", "expected CPUs, found the empty set" },
		{ "1=", "expected CPUs, found the empty set" },
		{ "1=8", "no CPU 8" },
		{ "x=1", "--set: " },
		{ "1=~0-7", "leaves no CPU of this machine" },
	};
	struct tune_moves moves;
	struct rt_err err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct rt_err){ 0 };
		assert_int_equal(parse(&moves, rows[i].word, NULL, &err), RT_EUSAGE);
		assert_contains(err.text, rows[i].says);
	}
}

TEST(columns_are_chosen_by_their_keys)
{
	static const struct rt_column all[] = {
		{ "A", "a", RT_COL_STRING, "" }, { "B", "b", RT_COL_STRING, "" },
		{ "C", "c", RT_COL_STRING, "" },
	};
	struct tune_columns pick;
	struct rt_err err = { 0 };

	assert_int_equal(tune_columns_pick(&pick, all, 3, 2, NULL, NULL), 0);
	assert_int_equal(pick.n, 2);
	assert_int_equal(pick.at[2], UINT_MAX);
	assert_int_equal(tune_columns_pick(&pick, all, 3, 2, "c,a", NULL), 0);
	assert_int_equal(pick.at[0], 1);
	assert_string_equal(pick.v[0].key, "c");
	assert_int_equal(tune_columns_pick(&pick, all, 3, 2, "a,a", &err), RT_EUSAGE);
	assert_contains(err.text, "twice");
	assert_int_equal(tune_columns_pick(&pick, all, 3, 2, "a,,b", &err), RT_EUSAGE);
	assert_int_equal(tune_columns_pick(&pick, all, 3, 2, "", &err), RT_EUSAGE);
	assert_contains(err.text, "no column is named \"\"");
}

static int set(const struct tree *tree, const char *note, const char *to, const char *then,
	       unsigned int flags)
{
	struct tune_plan plan = { .root = &tree->root };
	int rc;

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", to, 0, TUNE_COST_NONE,
				       NULL, "test"), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, then, "1", flags, TUNE_COST_NONE,
				       NULL, "test"), 0);
	rc = tune_affinity_apply(&tree->root, "irq-affinity", note, &plan, NULL);
	tune_plan_finish(&plan);
	return rc;
}

static void expect_a(const struct tree *tree, const char *value)
{
	char text[64];

	assert_int_equal(rt_root_read_line(&tree->root, text, sizeof(text), NULL, "sys/a"), 0);
	assert_string_equal(text, value);
}

static void expect_journal(const struct tree *tree, size_t size, const char *note, bool complete)
{
	struct tune_journal *journal;

	assert_int_equal(tune_journal_look(&journal, &tree->root, "irq-affinity", NULL), 0);
	assert_int_equal(tune_journal_size(journal), size);
	assert_string_equal(tune_journal_note(journal), note);
	assert_int_equal(tune_journal_is_complete(journal), complete);
	tune_journal_close(journal);
}

TEST(a_set_that_fails_half_way_leaves_the_journal_as_it_was)
{
	struct tree *tree = tree_new();

	tree_put(tree, "sys/a", "0-7\n");
	tree_put(tree, "sys/b", "0\n");
	assert_int_equal(set(tree, "first", "0-3", "sys/none", 0), -ENOENT);
	expect_a(tree, "0-7");
	assert_false(rt_root_exists(&tree->root, TUNE_JOURNAL_DIR "/irq-affinity.journal"));
	assert_int_equal(set(tree, "second", "0-3", "sys/b", 0), 0);
	assert_int_equal(set(tree, "third", "0-1", "sys/none", 0), -ENOENT);
	expect_a(tree, "0-3");
	expect_journal(tree, 2, "second", true);
	/* nothing came of this one, and nothing failed */
	assert_int_equal(set(tree, "fourth", "0-3", "sys/none", TUNE_OPTIONAL), 0);
	expect_journal(tree, 2, "second", true);
	assert_int_equal(set(tree, "fifth", "0-2", "sys/none", TUNE_OPTIONAL), 0);
	expect_journal(tree, 3, "fifth", true);
	assert_int_equal(tune_affinity_undo(&tree->root, "irq-affinity", false, true, NULL), 0);
	expect_a(tree, "0-7");
	tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_of_from_are_replaced_by_those_of_to),
		cmocka_unit_test(sets_may_change_places),
		cmocka_unit_test(what_is_no_move_is_wrong_use),
		cmocka_unit_test(columns_are_chosen_by_their_keys),
		cmocka_unit_test(a_set_that_fails_half_way_leaves_the_journal_as_it_was),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
