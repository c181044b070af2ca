/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-journal-doubt.c - beside a journal that cannot be read the others are undone, but
 * for what it may hold
 */
#include "tests/unit.h"

#include <unistd.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"
#include "tests/tuning/undone.h"
#include "tuning/journal.h"

static struct tree *host;

static int setup(void **state)
{
	(void)state;
	host = tree_new();
	tree_put(host, "sys/a", "0-7\n");
	tree_put(host, TUNE_JOURNAL_DIR "/lock", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_destroy(host);
	return 0;
}

static void expect(const char *path, const char *value)
{
	char text[256];

	assert_int_equal(rt_root_read_line(&host->root, text, sizeof(text), NULL, "%s", path), 0);
	assert_string_equal(text, value);
}

static int set_one(const char *name, const char *value, struct rt_err *err)
{
	struct tune_plan plan = { .root = &host->root };
	struct tune_journal *journal;
	int rc;

	assert_int_equal(tune_journal_open(&journal, &host->root, name, NULL), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", value, 0, TUNE_COST_NONE,
				       NULL, "test"), 0);
	rc = tune_journal_apply(journal, &plan, err);
	tune_plan_finish(&plan);
	tune_journal_close(journal);
	return rc;
}

static void undo_all(const char *name)
{
	struct tune_journal *journal;

	assert_int_equal(tune_journal_open(&journal, &host->root, name, NULL), 0);
	assert_int_equal(tune_journal_undo(journal, 0, false, NULL, NULL), 0);
	tune_journal_close(journal);
}

static void put_journal(const char *name, const char *lines, const char *last)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), TUNE_JOURNAL_DIR "/%s.journal", name);
	snprintf(text, sizeof(text), "kvmrt-journal\t1\t\n%s%s\n", lines, last);
	tree_put(host, path, text);
}

static void mend_by_removing(void)
{
	unlinkat(host->root.fd, TUNE_JOURNAL_DIR "/vm-1.journal", 0);
}

static void break_journal(const char *name, const char *good_lines)
{
	put_journal(name, good_lines, "4\tcpulist\tsys/\x01");
}

static void undo_beside_unreadable(const char *name, unsigned int counts[TUNE_FAILED + 1], int rc)
{
	const struct tune_undo_report report = { .each = undone_count, .arg = counts };
	struct tune_journal *journal;
	struct rt_err err = { 0 };

	memset(counts, 0, (TUNE_FAILED + 1) * sizeof(*counts));
	assert_int_equal(tune_journal_open(&journal, &host->root, name, NULL), 0);
	assert_int_equal(tune_journal_undo(journal, 0, true, NULL, NULL), rc);
	assert_int_equal(tune_journal_undo(journal, 0, false, &report, &err), rc);
	tune_journal_close(journal);
	if (rc)
		assert_contains(err.text, "is left as it is, which \"vm-1\" may hold: ");
	if (rc)
		assert_contains(err.text, "expected a change, found \"4\tcpulist\tsys/\x01\"");
}

TEST(beside_a_journal_that_cannot_be_read_what_nobody_touched_comes_back)
{
	unsigned int counts[TUNE_FAILED + 1];

	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	break_journal("vm-1", "");
	undo_beside_unreadable("shield", counts, 0);
	assert_int_equal(counts[TUNE_RESTORED], 1);
	mend_by_removing();
	expect("sys/a", "0-7");
}

TEST(what_a_journal_that_cannot_be_read_may_have_set_is_left_to_it)
{
	unsigned int counts[TUNE_FAILED + 1];

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	break_journal("vm-1", "");
	tree_put(host, "sys/a", "0-1\n");
	undo_beside_unreadable("shield", counts, -EBUSY);
	assert_int_equal(counts[TUNE_FAILED], 2);
	expect("sys/a", "0-1");
	/* when it can be read again, it has what it needs to put all back */
	put_journal("vm-1", "4\tcpulist\tsys/a\t0-3\t0-1\n", "complete");
	undo_all("shield");
	expect("sys/a", "0-1");
	undo_all("vm-1");
	expect("sys/a", "0-7");
}

TEST(what_came_behind_an_unknown_change_comes_back_alone)
{
	unsigned int counts[TUNE_FAILED + 1];

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	tree_put(host, "sys/a", "0-4\n");
	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	break_journal("vm-1", "");
	undo_beside_unreadable("shield", counts, -EBUSY);
	assert_int_equal(counts[TUNE_RESTORED], 1);
	assert_int_equal(counts[TUNE_FAILED], 1);
	expect("sys/a", "0-4");
	mend_by_removing();
	undo_all("shield");
	expect("sys/a", "0-7");
}

TEST(an_unknown_change_between_two_readable_journals_is_left)
{
	unsigned int counts[TUNE_FAILED + 1];

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	tree_put(host, "sys/a", "0-4\n");
	assert_int_equal(set_one("vm-2", "0-3", NULL), 0);
	break_journal("vm-1", "");
	undo_beside_unreadable("shield", counts, -EBUSY);
	expect("sys/a", "0-3");
	undo_beside_unreadable("vm-2", counts, 0);
	expect("sys/a", "0-4");
	mend_by_removing();
	undo_all("shield");
	expect("sys/a", "0-7");
}

/* A held value looks as the earlier one left it: the line says that it is another's as well. */
TEST(the_lines_that_can_be_read_of_a_journal_count)
{
	unsigned int counts[TUNE_FAILED + 1];

	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	break_journal("vm-1", "3\tcpulist\tsys/a\t0-3\t0-3\n");
	undo_beside_unreadable("shield", counts, -EBUSY);
	expect("sys/a", "0-3");
	mend_by_removing();
	undo_all("shield");
	expect("sys/a", "0-7");
}

TEST(what_others_may_need_without_a_change_is_left)
{
	unsigned int counts[TUNE_FAILED + 1];

	put_journal("shield", "1\tcontroller\tsys/cgroup.subtree_control\toff\ton\n"
		    "2\tgroup\tsys/group\tnone\tthere\n", "complete");
	tree_put(host, "sys/cgroup.subtree_control", "cpu cpuset\n");
	tree_put(host, "sys/group/cgroup.procs", "1\n");
	break_journal("vm-1", "");
	undo_beside_unreadable("shield", counts, -EBUSY);
	assert_int_equal(counts[TUNE_FAILED], 2);
	expect("sys/cgroup.subtree_control", "cpu cpuset");
	unlinkat(host->root.fd, "sys/group/cgroup.procs", 0);
	undo_beside_unreadable("shield", counts, -EBUSY);
	assert_int_equal(counts[TUNE_RESTORED], 1);
	assert_int_equal(counts[TUNE_FAILED], 1);
	mend_by_removing();
	undo_all("shield");
	expect("sys/cgroup.subtree_control", "-cpuset");
}

TEST(while_a_journal_cannot_be_read_nothing_new_is_changed)
{
	struct rt_err err = { 0 };

	break_journal("vm-1", "");
	assert_int_equal(set_one("shield", "0-3", &err), -EBADMSG);
	assert_contains(err.text, "vm-1.journal: line 2: expected a change");
	mend_by_removing();
	expect("sys/a", "0-7");
}

#define ON_A_HOST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_HOST(beside_a_journal_that_cannot_be_read_what_nobody_touched_comes_back),
		ON_A_HOST(what_a_journal_that_cannot_be_read_may_have_set_is_left_to_it),
		ON_A_HOST(what_came_behind_an_unknown_change_comes_back_alone),
		ON_A_HOST(an_unknown_change_between_two_readable_journals_is_left),
		ON_A_HOST(the_lines_that_can_be_read_of_a_journal_count),
		ON_A_HOST(what_others_may_need_without_a_change_is_left),
		ON_A_HOST(while_a_journal_cannot_be_read_nothing_new_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
