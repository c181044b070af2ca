/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-plan.c - guest/plan.c: what is planned, done and undone, and what a crash leaves
 *
 * What plans print is seen by tests/cmd/kvmrt-guest-setup.sh.
 */
#include "guest/plan.h"

#include <signal.h>
#include <sys/resource.h>

#include "lib/err.h"
#include "tests/guest/folder.h"

static struct gs_plan *plan;

/* With commands; each test destroys it. */
static void create(void)
{
	assert_int_equal(gs_plan_create(&plan, &root, true), 0);
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(gs_plan_write(plan, path, text, strlen(text), NULL), 0);
}

static void apply(void)
{
	assert_int_equal(gs_plan_apply(plan, NULL), 0);
	gs_plan_destroy(plan);
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(root.fd, name, &st, 0), 0);
	return st;
}

TEST(what_is_as_it_should_be_is_no_step)
{
	put("etc/same", "text\n");
	create();
	write_text("etc/same", "text\n");
	assert_int_equal(gs_plan_remove(plan, "etc/none", NULL), 0);
	assert_int_equal(gs_plan_size(plan), 0);
	write_text("etc/same", "text");
	write_text("etc/new", "");
	assert_int_equal(gs_plan_size(plan), 2);
	expect_file("etc/same", "text\n");
	gs_plan_destroy(plan);
	gs_plan_destroy(NULL);
}

TEST(everything_comes_back_with_its_mode_and_time)
{
	const struct timespec times[2] = { { 1577934245, 678 }, { 1577934245, 678 } };

	put("etc/changed", "before\n");
	put("etc/removed", "gone\n");
	assert_int_equal(fchmodat(root.fd, "etc/changed", 0640, 0), 0);
	assert_int_equal(utimensat(root.fd, "etc/changed", times, 0), 0);
	create();
	write_text("etc/changed", "after\n");
	write_text("etc/deep/er/new", "new\n");
	assert_int_equal(gs_plan_remove(plan, "etc/removed", NULL), 0);
	apply();
	expect_file("etc/changed", "after\n");
	expect_file("etc/deep/er/new", "new\n");
	assert_false(rt_root_exists(&root, "etc/removed"));
	assert_int_equal(stat_of("etc/changed").st_mode & 07777, 0640);

	assert_int_equal(gs_plan_undo(&root, true, true, NULL), 0);
	expect_file("etc/changed", "after\n");
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	expect_file("etc/changed", "before\n");
	expect_file("etc/removed", "gone\n");
	assert_false(rt_root_exists(&root, "etc/deep"));
	assert_false(rt_root_exists(&root, GS_PLAN_STATE));
	assert_int_equal(stat_of("etc/changed").st_mode & 07777, 0640);
	assert_int_equal(stat_of("etc/changed").st_mtim.tv_sec, 1577934245);
	assert_int_equal(stat_of("etc/changed").st_mtim.tv_nsec, 678);
}

TEST(two_plans_are_undone_the_newest_first)
{
	put("f", "1");
	create();
	write_text("f", "2");
	apply();
	create();
	write_text("f", "3");
	apply();
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	expect_file("f", "1");
}

TEST(a_step_that_a_crash_tore_from_the_journal_was_not_done)
{
	put("f", "as it was");
	put(GS_PLAN_STATE "/journal", "new made\nfile 1 f");
	put("made", "half");
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	assert_false(rt_root_exists(&root, "made"));
	expect_file("f", "as it was");
}

TEST(what_is_set_up_behind_a_torn_step_comes_back)
{
	put("f", "as it was");
	put(GS_PLAN_STATE "/journal", "new made\nfile 1 ot");
	put(GS_PLAN_STATE "/1", "a copy");
	create();
	write_text("f", "after");
	apply();
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	expect_file("f", "as it was");
	assert_false(rt_root_exists(&root, GS_PLAN_STATE));
}

TEST(a_journal_that_is_none_is_refused)
{
	struct rt_err err = { 0 };

	assert_int_equal(gs_plan_undo(&root, true, false, &err), -ENOENT);
	assert_contains(err.text, "nothing to undo");
	put(GS_PLAN_STATE "/journal", "chmod etc/shadow\n");
	err = (struct rt_err){ 0 };
	assert_int_equal(gs_plan_undo(&root, true, false, &err), -EBADMSG);
	assert_contains(err.text, "found \"chmod etc/shadow\"");
}

TEST(a_command_that_fails_ends_the_plan_unless_it_may_fail)
{
	struct rt_err err = { 0 };

	create();
	assert_int_equal(gs_plan_run(plan, "false", NULL, true, NULL), 0);
	assert_int_equal(gs_plan_run(plan, "sh -c exit", NULL, false, NULL), 0);
	assert_int_equal(gs_plan_run(plan, "false", NULL, false, NULL), 0);
	write_text("never", "x");
	assert_int_equal(gs_plan_apply(plan, &err), -EIO);
	assert_contains(err.text, "\"false\" ended with status 1");
	assert_false(rt_root_exists(&root, "never"));
	gs_plan_destroy(plan);
}

TEST(the_way_back_of_a_command_is_run_behind_the_files)
{
	char undo[128];

	put("f", "before\n");
	snprintf(undo, sizeof(undo), "cp %s/f %s/seen", folder, folder);
	create();
	assert_int_equal(gs_plan_run(plan, "true", undo, false, NULL), 0);
	write_text("f", "after\n");
	apply();
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	expect_file("seen", "before\n");
}

TEST(a_way_back_that_fails_is_told_and_holds_nothing_up)
{
	char undo[128];

	snprintf(undo, sizeof(undo), "touch %s/seen", folder);
	create();
	assert_int_equal(gs_plan_run(plan, "true", undo, false, NULL), 0);
	assert_int_equal(gs_plan_run(plan, "true", "false", false, NULL), 0);
	apply();
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 1);
	expect_file("seen", "");
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), -ENOENT);
}

TEST(a_tree_that_is_not_this_machines_runs_no_commands)
{
	assert_int_equal(gs_plan_create(&plan, &root, false), 0);
	assert_int_equal(gs_plan_run(plan, "false", NULL, false, NULL), 0);
	assert_int_equal(gs_plan_size(plan), 0);
	gs_plan_destroy(plan);
}

TEST(a_plan_has_as_many_steps_as_it_needs)
{
	char name[16];

	create();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		write_text(name, name);
	}
	assert_int_equal(gs_plan_size(plan), 100);
	apply();
	expect_file("f0", "f0");
	expect_file("f99", "f99");
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	assert_false(rt_root_exists(&root, "f99"));
}

TEST(a_folder_that_was_made_stays_where_others_use_it)
{
	put("etc/old", "");
	create();
	write_text("etc/made/new", "x");
	write_text("etc/too/new", "x");
	apply();
	put("etc/too/theirs", "y");
	assert_int_equal(gs_plan_undo(&root, true, false, NULL), 0);
	assert_false(rt_root_exists(&root, "etc/made"));
	assert_false(rt_root_exists(&root, "etc/too/new"));
	expect_file("etc/too/theirs", "y");
	expect_file("etc/old", "");
}

TEST(a_commands_first_line_is_read)
{
	char line[16];

	assert_int_equal(gs_run_line("printf one\\ntwo\\n", line, sizeof(line)), 0);
	assert_string_equal(line, "one");
	assert_int_equal(gs_run_line("false", line, sizeof(line)), -ECHILD);
	assert_int_equal(gs_run_line("/no/such/command", line, sizeof(line)), -ENOENT);
	assert_int_equal(gs_run("true"), 0);
	assert_int_equal(gs_run("false"), 1);
	assert_int_equal(gs_run(" "), -EINVAL);
}

TEST(what_a_full_disk_does_not_take_whole_is_as_it_was)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, part = { 64, RLIM_INFINITY };
	struct rt_err err = { 0 };
	char text[101] = "";

	memset(text, 'x', sizeof(text) - 1);
	put("f", "before\n");
	create();
	write_text("f", text);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &part), 0);
	errno = 0;
	assert_int_equal(gs_plan_apply(plan, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	gs_plan_destroy(plan);
	assert_contains(err.text, "/f: File too large");
	expect_file("f", "before\n");
	assert_false(rt_root_exists(&root, "f.kvmrt-new"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(what_is_as_it_should_be_is_no_step),
		WITH_FOLDER(everything_comes_back_with_its_mode_and_time),
		WITH_FOLDER(two_plans_are_undone_the_newest_first),
		WITH_FOLDER(a_step_that_a_crash_tore_from_the_journal_was_not_done),
		WITH_FOLDER(what_is_set_up_behind_a_torn_step_comes_back),
		WITH_FOLDER(a_journal_that_is_none_is_refused),
		WITH_FOLDER(a_command_that_fails_ends_the_plan_unless_it_may_fail),
		WITH_FOLDER(the_way_back_of_a_command_is_run_behind_the_files),
		WITH_FOLDER(a_way_back_that_fails_is_told_and_holds_nothing_up),
		WITH_FOLDER(a_tree_that_is_not_this_machines_runs_no_commands),
		WITH_FOLDER(a_plan_has_as_many_steps_as_it_needs),
		WITH_FOLDER(a_folder_that_was_made_stays_where_others_use_it),
		WITH_FOLDER(a_commands_first_line_is_read),
		WITH_FOLDER(what_a_full_disk_does_not_take_whole_is_as_it_was),
	};

	return RUN_TESTS(tests);
}
