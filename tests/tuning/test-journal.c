/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-journal.c - what was changed comes back, whoever was killed where, and in
 * whatever order journals are undone
 *
 * The host is a small tree of files; a child that changes it is stopped at each of its
 * system calls in turn by ptrace, and killed there.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "tests/tuning/tree.h"
#include "tests/tuning/undone.h"
#include "tuning/journal-file.h"
#include "tuning/journal.h"

static char tree[64];
static struct rt_root root;

static void put(const char *path, const char *text)
{
	int fd = openat(root.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect(const char *path, const char *value)
{
	char text[256];

	assert_int_equal(rt_root_read_line(&root, text, sizeof(text), NULL, "%s", path), 0);
	assert_string_equal(text, value);
}

static void expect_untouched(void)
{
	expect("sys/a", "0-7");
	expect("sys/b", "ff");
	expect("sys/c", "member");
	assert_false(rt_root_exists(&root, "sys/group"));
	assert_false(rt_root_exists(&root, TUNE_JOURNAL_DIR "/shield.journal"));
}

static int setup(void **state)
{
	(void)state;
	strcpy(tree, "/tmp/kvmrt-test.XXXXXX");
	if (!mkdtemp(tree) || rt_root_init(&root, tree, NULL) < 0)
		return -1;
	if (mkdirat(root.fd, "sys", 0755) < 0 || symlinkat("/proc", root.fd, "proc") < 0)
		return -1;
	put("sys/a", "0-7\n");
	put("sys/b", "ff\n");
	put("sys/c", "member\n");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	rt_root_finish(&root);
	snprintf(command, sizeof(command), "rm -rf %s", tree);
	return system(command);
}

static struct tune_journal *open_as(const char *name)
{
	struct tune_journal *journal;

	assert_int_equal(tune_journal_open(&journal, &root, name, NULL), 0);
	return journal;
}

static void make_plan(struct tune_plan *plan)
{
	*plan = (struct tune_plan){ .root = &root };
	assert_int_equal(tune_plan_add(plan, TUNE_KNOB_CPULIST, "sys/a", "0-3", 0, TUNE_COST_IRQ,
				       NULL, "off %d", 4), 0);
	assert_int_equal(tune_plan_add(plan, TUNE_KNOB_GROUP, "sys/group", "there", 0,
				       TUNE_COST_NONE, NULL, "a group"), 0);
	assert_int_equal(tune_plan_add(plan, TUNE_KNOB_CPUMASK, "sys/b", "f", 0, TUNE_COST_NONE,
				       NULL, "work queues"), 0);
	assert_int_equal(tune_plan_add(plan, TUNE_KNOB_TEXT, "sys/c", "isolated", 0,
				       TUNE_COST_DOMAINS, NULL, "partition"), 0);
}

static int set_one(const char *name, const char *value, struct rt_err *err)
{
	struct tune_journal *journal = open_as(name);
	struct tune_plan plan = { .root = &root };
	int rc;

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", value, 0, TUNE_COST_NONE,
				       NULL, "test"), 0);
	rc = tune_journal_apply(journal, &plan, err);
	tune_plan_finish(&plan);
	tune_journal_close(journal);
	return rc;
}

static void undo_all(const char *name)
{
	struct tune_journal *journal = open_as(name);

	assert_int_equal(tune_journal_undo(journal, 0, false, NULL, NULL), 0);
	tune_journal_close(journal);
}

TEST(changes_are_made_and_come_back)
{
	struct tune_journal *journal = open_as("shield");
	struct tune_plan plan;

	make_plan(&plan);
	assert_int_equal(plan.nr, 4);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	assert_int_equal(plan.changes[3].state, TUNE_MADE);
	assert_false(tune_journal_is_complete(journal));
	assert_int_equal(tune_journal_complete(journal, NULL), 0);
	tune_journal_close(journal);
	expect("sys/a", "0-3");
	expect("sys/c", "isolated");
	assert_true(rt_root_exists(&root, "sys/group"));

	journal = open_as("shield");
	assert_true(tune_journal_is_complete(journal));
	assert_int_equal(tune_journal_size(journal), 4);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	assert_int_equal(plan.changes[0].state, TUNE_MADE);
	plan.changes[0].state = TUNE_PLANNED;
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	assert_int_equal(plan.changes[0].state, TUNE_SAME);
	assert_int_equal(tune_journal_size(journal), 4);
	assert_int_equal(tune_journal_undo(journal, 0, true, NULL, NULL), 0);
	expect("sys/a", "0-3");
	assert_int_equal(tune_journal_undo(journal, 0, false, NULL, NULL), 0);
	tune_journal_close(journal);
	tune_plan_finish(&plan);
	expect_untouched();
}

TEST(what_has_its_value_is_not_planned_unless_it_is_to_be_held)
{
	struct tune_plan plan = { .root = &root };

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0,1-7", 0, 0, NULL,
				       "same"), 0);
	assert_int_equal(plan.nr, 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0-7", TUNE_HOLD, 0,
				       NULL, "held"), 0);
	assert_int_equal(plan.nr, 1);
	tune_plan_finish(&plan);
}

TEST(a_held_value_comes_back_after_the_kernel_changed_it)
{
	struct tune_journal *journal = open_as("shield");
	struct tune_plan plan = { .root = &root };

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0-7", TUNE_HOLD, 0,
				       NULL, "held"), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	put("sys/a", "0-3\n");
	assert_int_equal(tune_journal_undo(journal, 0, false, NULL, NULL), 0);
	tune_plan_finish(&plan);
	tune_journal_close(journal);
	expect_untouched();
}

TEST(a_change_that_fails_takes_back_those_before_it)
{
	struct tune_journal *journal = open_as("shield");
	struct rt_err err = { 0 };
	struct tune_plan plan;

	make_plan(&plan);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_TEXT, "sys/none", "1", 0, 0, NULL, "x"), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, &err), -ENOENT);
	assert_contains(err.text, "sys/none");
	tune_plan_finish(&plan);
	tune_journal_close(journal);
	expect_untouched();
}

TEST(a_change_that_fails_leaves_what_was_finished_before_it_finished)
{
	struct tune_journal *journal = open_as("shield");
	struct tune_plan plan = { .root = &root };

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0-3", 0, 0, NULL, "x"),
			 0);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	assert_int_equal(tune_journal_complete(journal, NULL), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_TEXT, "sys/c", "root", 0, 0, NULL, "x"), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_TEXT, "sys/none", "1", 0, 0, NULL, "x"), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), -ENOENT);
	tune_plan_finish(&plan);
	tune_journal_close(journal);

	journal = open_as("shield");
	assert_int_equal(tune_journal_size(journal), 1);
	assert_true(tune_journal_is_complete(journal));
	tune_journal_close(journal);
	expect("sys/a", "0-3");
	expect("sys/c", "member");
	undo_all("shield");
	expect_untouched();
}

/* A folder in the place of a file is what a write is refused for. */
TEST(an_optional_change_that_is_refused_is_noted)
{
	struct tune_journal *journal = open_as("shield");
	struct tune_plan plan = { .root = &root };

	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/later", "0", TUNE_OPTIONAL, 0,
				       NULL, "x"), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/none", "0", TUNE_OPTIONAL, 0,
				       NULL, "x"), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0", 0, 0, NULL, "x"), 0);
	assert_int_equal(mkdirat(root.fd, "sys/later", 0755), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	assert_int_equal(plan.changes[0].state, TUNE_REFUSED);
	assert_contains(plan.changes[0].refused, "sys/later");
	assert_int_equal(plan.changes[1].state, TUNE_GONE);
	assert_int_equal(plan.changes[2].state, TUNE_MADE);
	assert_int_equal(tune_journal_size(journal), 1);
	assert_int_equal(tune_journal_undo(journal, 0, false, NULL, NULL), 0);
	unlinkat(root.fd, "sys/later", AT_REMOVEDIR);
	tune_plan_finish(&plan);
	tune_journal_close(journal);
	expect_untouched();
}

/* As a kernel does with an invalid partition: the write succeeds. */
TEST(a_value_that_is_not_honoured_is_a_failure_with_the_kernels_words)
{
	struct tune_journal *journal;
	struct tune_plan plan = { .root = &root };
	struct rt_err err = { 0 };
	char text[64];
	pid_t kernel;
	int fd;

	assert_int_equal(mkfifoat(root.fd, "sys/partition", 0600), 0);
	kernel = fork();
	if (kernel == 0) {
		static const char *const says[] = { "member\n", "member\n", NULL,
			"isolated invalid (Cpu list not exclusive)\n", NULL };
		unsigned int i;

		for (i = 0; i < 5; i++) {
			fd = openat(root.fd, "sys/partition", says[i] ? O_WRONLY : O_RDONLY);
			if (says[i] ? write(fd, says[i], strlen(says[i])) < 0 :
				      read(fd, text, sizeof(text)) < 0)
				_exit(1);
			close(fd);
			usleep(50000);
		}
		_exit(0);
	}
	journal = open_as("shield");
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_TEXT, "sys/partition", "isolated",
				       TUNE_OPTIONAL, 0, NULL, "x"), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, &err), 0);
	assert_int_equal(plan.changes[0].state, TUNE_REFUSED);
	assert_contains(plan.changes[0].refused,
			"the kernel shows \"isolated invalid (Cpu list not exclusive)\"");
	assert_int_equal(tune_journal_size(journal), 0);
	waitpid(kernel, NULL, 0);
	unlinkat(root.fd, "sys/partition", 0);
	tune_plan_finish(&plan);
	tune_journal_undo(journal, 0, false, NULL, NULL);
	tune_journal_close(journal);
	expect_untouched();
}

/* ---- killed ---- */

enum work { WORK_APPLY, WORK_UNDO };

static void work(enum work what)
{
	struct tune_journal *journal;
	struct tune_plan plan;

	if (tune_journal_open(&journal, &root, "shield", NULL) < 0)
		_exit(1);
	if (what == WORK_UNDO)
		_exit(tune_journal_undo(journal, 0, false, NULL, NULL) < 0);
	plan = (struct tune_plan){ .root = &root };
	if (tune_plan_add(&plan, TUNE_KNOB_CPULIST, "sys/a", "0-3", 0, 0, NULL, "x") < 0 ||
	    tune_plan_add(&plan, TUNE_KNOB_GROUP, "sys/group", "there", 0, 0, NULL, "x") < 0 ||
	    tune_plan_add(&plan, TUNE_KNOB_CPUMASK, "sys/b", "f", 0, 0, NULL, "x") < 0 ||
	    tune_plan_add(&plan, TUNE_KNOB_TEXT, "sys/c", "isolated", 0, 0, NULL, "x") < 0)
		_exit(1);
	_exit(tune_journal_apply(journal, &plan, NULL) < 0 ||
	      tune_journal_complete(journal, NULL) < 0);
}

/* Kills the worker at its @nth stop, before or behind a system call; false: it had ended. */
static bool kill_at(enum work what, unsigned int nth)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		work(what);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	while (WIFSTOPPED(status) && nth--) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	if (!WIFSTOPPED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

/* As with CPUs that are down, before Linux 6.2; here with one that no machine has. */
TEST(a_task_may_get_fewer_cpus_than_it_was_to)
{
	struct tune_journal *journal = open_as("shield");
	struct tune_plan plan = { .root = &root };
	char target[64], *before, *now;
	int rc, undone;

	assert_int_equal(tune_target_task(target, sizeof(target), &root, getpid(), NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &before, NULL), 0);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_AFFINITY, target, "0,8191", 0,
				       TUNE_COST_TASK, NULL, "test"), 0);
	rc = tune_journal_apply(journal, &plan, NULL);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &now, NULL), 0);
	undone = tune_journal_undo(journal, 0, false, NULL, NULL);
	tune_journal_close(journal);
	tune_plan_finish(&plan);
	assert_int_equal(rc, 0);
	assert_string_equal(now, "0");
	free(now);
	assert_int_equal(undone, 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &now, NULL), 0);
	assert_string_equal(now, before);
	free(now);
	free(before);
}

TEST(killed_at_any_system_call_all_comes_back)
{
	unsigned int nth;

	for (nth = 1; kill_at(WORK_APPLY, nth); nth++) {
		undo_all("shield");
		expect_untouched();
	}
	assert_true(nth > 60);
	undo_all("shield");
	expect_untouched();
}

TEST(killed_at_any_system_call_of_undoing_all_comes_back)
{
	unsigned int nth = 0;

	do {
		assert_false(kill_at(WORK_APPLY, 100000));
		expect("sys/c", "isolated");
	} while (kill_at(WORK_UNDO, ++nth) && (undo_all("shield"), expect_untouched(), true));
	assert_true(nth > 40);
	expect_untouched();
}

/* What a torn write leaves. */
TEST(a_journal_cut_at_any_byte_undoes_what_it_still_tells)
{
	char *text, path[] = TUNE_JOURNAL_DIR "/shield.journal";
	struct tune_records records = { 0 };
	size_t len, cut;
	int fd;

	assert_false(kill_at(WORK_APPLY, 100000));
	assert_int_equal(rt_root_read(&root, &text, &len, NULL, "%s", path), 0);
	assert_int_equal(tune_records_parse(&records, text, len, NULL), 0);
	for (cut = records.v[3].offset; cut < len; cut++) {
		bool whole = cut > records.v[3].offset + 1 && text[cut - 1] == '\n';

		put("sys/a", "0-3\n");
		put("sys/b", "f\n");
		put("sys/c", whole || cut > records.end ? "isolated\n" : "member\n");
		mkdirat(root.fd, "sys/group", 0755);
		fd = openat(root.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		assert_int_equal(write(fd, text, cut), cut);
		close(fd);
		undo_all("shield");
		expect_untouched();
	}
	tune_records_finish(&records);
	free(text);
}

/* ---- several journals ---- */

static void move_interrupt(const char *name, const char *cpus)
{
	struct tune_journal *journal = open_as(name);
	struct tune_plan plan = { .root = &root };
	char target[TUNE_TARGET_MAX];

	tune_target_irq(target, sizeof(target), &root, 7);
	assert_int_equal(tune_plan_add(&plan, TUNE_KNOB_IRQ, target, cpus, 0, TUNE_COST_IRQ, NULL,
				       "test"), 0);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	tune_plan_finish(&plan);
	tune_journal_close(journal);
}

/* On a machine of its own, for its /proc. */
TEST(an_interrupt_in_a_journal_of_an_older_version_is_the_same_knob)
{
	const struct rt_root first = root;
	struct tree *host = tree_new();

	root = host->root;
	tree_put(host, "proc/irq/7/smp_affinity_list", "0-3\n");
	tree_put(host, "sys/kernel/irq/7/actions", "eth0\n");
	tree_put(host, TUNE_JOURNAL_DIR "/shield.journal", "kvmrt-journal\t1\t\n"
		 "1\tcpulist\tproc/irq/7/smp_affinity_list\t0-7\t0-3\ncomplete\n");
	move_interrupt("vm-1", "0");
	undo_all("shield");
	expect("proc/irq/7/smp_affinity_list", "0");
	undo_all("vm-1");
	expect("proc/irq/7/smp_affinity_list", "0-7");
	root = first;
	tree_destroy(host);
}

TEST(two_journals_of_one_knob_are_undone_in_any_order)
{
	char name[32];
	struct tune_journal *journal;

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	assert_int_equal(set_one("vm-1", "0-3", NULL), 0);
	journal = open_as("cpu");
	assert_true(tune_journal_holds(journal, TUNE_KNOB_CPULIST, "sys/a", name, sizeof(name)));
	assert_false(tune_journal_holds(journal, TUNE_KNOB_CPULIST, "sys/b", name, sizeof(name)));
	tune_journal_close(journal);
	undo_all("shield");
	expect("sys/a", "0-3");
	undo_all("vm-1");
	expect_untouched();

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	assert_int_equal(set_one("vm-1", "0-3", NULL), 0);
	undo_all("vm-1");
	expect("sys/a", "0-5");
	undo_all("shield");
	expect_untouched();
}

TEST(three_turns_of_two_journals_are_undone_in_any_order)
{
	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	assert_int_equal(set_one("vm-1", "0-4", NULL), 0);
	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	undo_all("shield");
	expect("sys/a", "0-4");
	undo_all("vm-1");
	expect_untouched();

	assert_int_equal(set_one("shield", "0-5", NULL), 0);
	assert_int_equal(set_one("vm-1", "0-4", NULL), 0);
	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	undo_all("vm-1");
	expect("sys/a", "0-3");
	undo_all("shield");
	expect_untouched();
}

TEST(journals_are_listed_by_name)
{
	char **names;
	size_t nr;

	assert_int_equal(set_one("vm-1", "0-5", NULL), 0);
	assert_int_equal(set_one("cpu", "0-4", NULL), 0);
	assert_int_equal(tune_journal_list(&names, &nr, &root, NULL), 0);
	assert_int_equal(nr, 2);
	assert_string_equal(names[0], "cpu");
	assert_string_equal(names[1], "vm-1");
	tune_journal_list_free(names, nr);
	undo_all("cpu");
	undo_all("vm-1");
	assert_int_equal(tune_journal_list(&names, &nr, &root, NULL), 0);
	assert_int_equal(nr, 0);
	tune_journal_list_free(names, nr);
	expect_untouched();
}

/* A file keeps no history: that it is written once shows in what the report says. */
TEST(what_was_set_to_and_fro_is_put_back_once)
{
	unsigned int counts[TUNE_FAILED + 1] = { 0 };
	const struct tune_undo_report report = { .each = undone_count, .arg = counts };
	struct tune_journal *journal;

	assert_int_equal(set_one("cpu", "0-5", NULL), 0);
	assert_int_equal(set_one("cpu", "0-3", NULL), 0);
	assert_int_equal(set_one("cpu", "0-5", NULL), 0);
	journal = open_as("cpu");
	assert_int_equal(tune_journal_size(journal), 3);
	assert_int_equal(tune_journal_undo(journal, 0, false, &report, NULL), 0);
	tune_journal_close(journal);
	assert_int_equal(counts[TUNE_RESTORED], 1);
	assert_int_equal(counts[TUNE_UNCHANGED], 2);
	expect_untouched();
}

static bool is_a(void *arg, const char *target, const char *before)
{
	++*(unsigned int *)arg;
	return strcmp(target, "sys/a") == 0 && strcmp(before, "0-7") == 0;
}

TEST(what_is_chosen_comes_back_ahead_of_what_is_newer)
{
	unsigned int counts[TUNE_FAILED + 1] = { 0 }, asked = 0;
	const struct tune_undo_report report = { .each = undone_count, .arg = counts };
	struct tune_journal *journal = open_as("vm-1");
	struct tune_plan plan;

	make_plan(&plan);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	tune_journal_close(journal);
	/* what a later one holds is not touched */
	assert_int_equal(set_one("vm-2", "0-1", NULL), 0);
	journal = open_as("vm-1");
	tune_journal_undo_ahead(journal, is_a, &asked);
	assert_int_equal(asked, 3);
	expect("sys/a", "0-1");
	tune_journal_close(journal);
	undo_all("vm-2");
	expect("sys/a", "0-3");

	journal = open_as("vm-1");
	tune_journal_undo_ahead(journal, is_a, &asked);
	expect("sys/a", "0-7");
	expect("sys/c", "isolated");
	assert_int_equal(tune_journal_size(journal), 4);
	assert_int_equal(tune_journal_undo(journal, 0, false, &report, NULL), 0);
	tune_journal_close(journal);
	assert_int_equal(counts[TUNE_RESTORED], 4);
	tune_plan_finish(&plan);
	expect_untouched();
}

TEST(what_another_journal_found_may_be_our_doing)
{
	struct tune_journal *journal;

	assert_int_equal(set_one("vm-2", "0-1", NULL), 0);
	journal = open_as("vm-1");
	tune_journal_pass_on(journal, TUNE_KNOB_CPULIST, "sys/a", "0-5", "5");
	tune_journal_pass_on(journal, TUNE_KNOB_CPULIST, "sys/b", "0-7", "5");
	tune_journal_close(journal);
	undo_all("vm-2");
	expect_untouched();
	assert_int_equal(set_one("vm-2", "0-1", NULL), 0);
	journal = open_as("vm-1");
	tune_journal_pass_on(journal, TUNE_KNOB_CPULIST, "sys/a", "0-7", "0-6");
	tune_journal_close(journal);
	undo_all("vm-2");
	expect("sys/a", "0-6");
	put("sys/a", "0-7\n");
}

/* ---- odds ---- */

TEST(what_cannot_be_put_back_stays_and_the_rest_is_undone)
{
	unsigned int counts[TUNE_FAILED + 1] = { 0 };
	const struct tune_undo_report report = { .each = undone_count, .arg = counts };
	struct tune_journal *journal = open_as("shield");
	struct rt_err err = { 0 };
	struct tune_plan plan;

	make_plan(&plan);
	assert_int_equal(tune_journal_apply(journal, &plan, NULL), 0);
	unlinkat(root.fd, "sys/b", 0);
	assert_int_equal(mkdirat(root.fd, "sys/b", 0755), 0);
	assert_int_equal(tune_journal_undo(journal, 0, false, &report, &err), -EISDIR);
	tune_journal_close(journal);
	assert_int_equal(counts[TUNE_FAILED], 1);
	assert_int_equal(counts[TUNE_RESTORED], 3);
	expect("sys/a", "0-7");

	unlinkat(root.fd, "sys/b", AT_REMOVEDIR);
	journal = open_as("shield");
	assert_int_equal(tune_journal_size(journal), 1);
	assert_int_equal(tune_journal_undo(journal, 0, false, &report, NULL), 0);
	assert_int_equal(counts[TUNE_ENDED], 1);
	tune_journal_close(journal);
	tune_plan_finish(&plan);
	put("sys/b", "ff\n");
	expect_untouched();
}

TEST(a_note_is_kept_with_the_journal)
{
	struct tune_journal *journal = open_as("shield");

	assert_string_equal(tune_journal_note(journal), "");
	assert_int_equal(tune_journal_set_note(journal, "a\tb", NULL), 0);
	tune_journal_close(journal);
	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	journal = open_as("shield");
	assert_string_equal(tune_journal_note(journal), "a\tb");
	assert_int_equal(tune_journal_size(journal), 1);
	tune_journal_close(journal);
	undo_all("shield");
	expect_untouched();
}

TEST(a_journal_of_another_boot_is_dropped)
{
	struct tune_journal *journal;

	put(TUNE_JOURNAL_DIR "/shield.journal",
	    "kvmrt-journal\t1\tlong-ago\n1\tcpulist\tsys/a\t0-1\t0-2\n");
	journal = open_as("shield");
	assert_int_equal(tune_journal_size(journal), 0);
	tune_journal_close(journal);
	expect_untouched();
}

TEST(what_is_no_journal_is_refused_with_its_line)
{
	struct tune_journal *journal;
	struct rt_err err = { 0 };

	put(TUNE_JOURNAL_DIR "/shield.journal", "kvmrt-journal\t1\tx\n1\tcpulist\tsys/a\n");
	assert_int_equal(tune_journal_open(&journal, &root, "shield", &err), -EBADMSG);
	assert_contains(err.text, "shield.journal: line 2: expected a change");
	unlinkat(root.fd, TUNE_JOURNAL_DIR "/shield.journal", 0);
	assert_int_equal(tune_journal_open(&journal, &root, "../x", &err), -EINVAL);
}

TEST(a_plan_is_shown_as_a_table_and_as_json)
{
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };
	struct tune_plan plan;
	char *text;
	size_t len;
	FILE *to;

	make_plan(&plan);
	to = open_memstream(&text, &len);
	tune_plan_print(&plan, to);
	fclose(to);
	assert_contains(text, "/sys/a");
	assert_contains(text, "off 4");
	assert_contains(text, "scheduling domains are built anew");
	free(text);
	tune_plan_json(&plan, &json);
	assert_contains(rt_buf_str(&buf), "\"target\":\"sys/a\",\"from\":\"0-7\",\"to\":\"0-3\"");
	rt_buf_finish(&buf);
	tune_plan_finish(&plan);
}

/* The journal's disk has room for a part of the next line only. */
static int set_on_full_disk(const char *value, struct rt_err *err)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit part = all;
	struct stat st;
	int rc;

	assert_int_equal(fstatat(root.fd, TUNE_JOURNAL_DIR "/shield.journal", &st, 0), 0);
	part.rlim_cur = (rlim_t)st.st_size + 4;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &part), 0);
	errno = 0;
	rc = set_one("shield", value, err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	return rc;
}

TEST(a_change_that_cannot_be_written_down_whole_is_not_made)
{
	struct rt_err err = { 0 };

	assert_int_equal(set_one("shield", "0-3", NULL), 0);
	assert_int_equal(set_on_full_disk("0-1", &err), -EFBIG);
	assert_contains(err.text, "shield.journal: File too large");
	expect("sys/a", "0-3");
	assert_int_equal(set_one("shield", "0", NULL), 0);
	undo_all("shield");
	expect_untouched();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_made_and_come_back),
		cmocka_unit_test(what_has_its_value_is_not_planned_unless_it_is_to_be_held),
		cmocka_unit_test(a_held_value_comes_back_after_the_kernel_changed_it),
		cmocka_unit_test(a_change_that_fails_takes_back_those_before_it),
		cmocka_unit_test(a_change_that_fails_leaves_what_was_finished_before_it_finished),
		cmocka_unit_test(an_optional_change_that_is_refused_is_noted),
		cmocka_unit_test(a_value_that_is_not_honoured_is_a_failure_with_the_kernels_words),
		cmocka_unit_test(a_task_may_get_fewer_cpus_than_it_was_to),
		cmocka_unit_test(killed_at_any_system_call_all_comes_back),
		cmocka_unit_test(killed_at_any_system_call_of_undoing_all_comes_back),
		cmocka_unit_test(a_journal_cut_at_any_byte_undoes_what_it_still_tells),
		cmocka_unit_test(an_interrupt_in_a_journal_of_an_older_version_is_the_same_knob),
		cmocka_unit_test(two_journals_of_one_knob_are_undone_in_any_order),
		cmocka_unit_test(three_turns_of_two_journals_are_undone_in_any_order),
		cmocka_unit_test(journals_are_listed_by_name),
		cmocka_unit_test(what_was_set_to_and_fro_is_put_back_once),
		cmocka_unit_test(what_is_chosen_comes_back_ahead_of_what_is_newer),
		cmocka_unit_test(what_another_journal_found_may_be_our_doing),
		cmocka_unit_test(what_cannot_be_put_back_stays_and_the_rest_is_undone),
		cmocka_unit_test(a_note_is_kept_with_the_journal),
		cmocka_unit_test(a_journal_of_another_boot_is_dropped),
		cmocka_unit_test(what_is_no_journal_is_refused_with_its_line),
		cmocka_unit_test(a_plan_is_shown_as_a_table_and_as_json),
		cmocka_unit_test(a_change_that_cannot_be_written_down_whole_is_not_made),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
