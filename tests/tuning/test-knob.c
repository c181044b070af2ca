/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-knob.c - what can be set is read, written and compared, and belongs to who it did */
#include "tests/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tests/tuning/tree.h"
#include "tuning/knob.h"

static char tree[64];
static struct rt_root root;

static int setup(void **state)
{
	char path[128];
	int fd;

	(void)state;
	strcpy(tree, "/tmp/kvmrt-test.XXXXXX");
	if (!mkdtemp(tree))
		return -1;
	snprintf(path, sizeof(path), "%s/file", tree);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || write(fd, "0-3\n", 4) != 4)
		return -1;
	close(fd);
	snprintf(path, sizeof(path), "%s/proc", tree);
	return symlink("/proc", path) < 0 || rt_root_init(&root, tree, NULL) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	rt_root_finish(&root);
	snprintf(path, sizeof(path), "%s/file", tree);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc", tree);
	unlink(path);
	return rmdir(tree);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(every_kind_has_a_word_that_finds_it)
{
	int kind;

	for (kind = 0; kind < TUNE_NR_KNOBS; kind++)
		assert_int_equal(tune_knob_find(tune_knob_word(kind)), kind);
	assert_int_equal(tune_knob_find("handle"), -EINVAL);
}

TEST(a_file_is_its_text_without_the_newline)
{
	char *value;

	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_TEXT, "file", &value, NULL), 0);
	assert_string_equal(value, "0-3");
	free(value);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_TEXT, "file", "", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_TEXT, "file", &value, NULL), 0);
	assert_string_equal(value, "");
	free(value);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_TEXT, "file", "0-3", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_TEXT, "none", &value, NULL), -ENOENT);
}

TEST(lists_and_masks_are_compared_as_sets)
{
	assert_true(tune_knob_equal(TUNE_KNOB_CPULIST, "0-3", "0,1,2,3"));
	assert_false(tune_knob_equal(TUNE_KNOB_CPULIST, "0-3", "0-2"));
	assert_true(tune_knob_equal(TUNE_KNOB_CPUMASK, "00000000,0000000f", "f"));
	assert_false(tune_knob_equal(TUNE_KNOB_CPUMASK, "f", "e"));
	assert_false(tune_knob_equal(TUNE_KNOB_TEXT, "0-3", "0,1,2,3"));
	assert_false(tune_knob_equal(TUNE_KNOB_CPULIST, "0-3", "isolated"));
}

TEST(a_controller_is_on_where_its_whole_word_stands)
{
	static const char *const texts[][2] = {
		{ "cpuset", "on" }, { "cpu cpuset io", "on" }, { "cpu", "off" },
		{ "cpusets", "off" }, { "", "off" },
	};
	unsigned int i;
	char *value;
	int rc;

	for (i = 0; i < 5; i++) {
		tune_knob_write(&root, TUNE_KNOB_TEXT, "file", texts[i][0], NULL);
		rc = tune_knob_read(&root, TUNE_KNOB_CONTROLLER, "file", &value, NULL);
		assert_int_equal(rc, 0);
		assert_string_equal(value, texts[i][1]);
		free(value);
	}
	tune_knob_write(&root, TUNE_KNOB_CONTROLLER, "file", "on", NULL);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_TEXT, "file", &value, NULL), 0);
	assert_string_equal(value, "+cpuset");
	free(value);
	tune_knob_write(&root, TUNE_KNOB_TEXT, "file", "0-3", NULL);
}

TEST(a_group_is_made_and_removed)
{
	char *value;

	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_GROUP, "group", "there", NULL), 0);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_GROUP, "group", "there", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_GROUP, "group", &value, NULL), 0);
	assert_string_equal(value, "there");
	free(value);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_GROUP, "group", "none", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_GROUP, "group", &value, NULL), 0);
	assert_string_equal(value, "none");
	free(value);
}

TEST(a_task_has_some_of_its_cpus_and_a_file_all)
{
	assert_true(tune_knob_honours(TUNE_KNOB_AFFINITY, "0-3", "0-3,7"));
	assert_true(tune_knob_honours(TUNE_KNOB_AFFINITY, "0-3", "0-3"));
	assert_false(tune_knob_honours(TUNE_KNOB_AFFINITY, "0-4", "0-3"));
	assert_false(tune_knob_honours(TUNE_KNOB_CPULIST, "0-3", "0-3,7"));
	assert_true(tune_knob_honours(TUNE_KNOB_CPULIST, "0-1", "0,1"));
}

TEST(the_cpus_of_a_task_are_set)
{
	pid_t pid = sleeper();
	char target[64], *before, *value;

	assert_int_equal(tune_target_task(target, sizeof(target), &root, pid, NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &before, NULL), 0);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_AFFINITY, target, "0", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &value, NULL), 0);
	assert_string_equal(value, "0");
	free(value);
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_AFFINITY, target, before, NULL), 0);
	free(before);
	end(pid);
}

TEST(a_policy_comes_back_as_it_was_read)
{
	static const char *const values[] = { "batch 3", "idle 0", "fifo 2", "rr 7 reset-on-fork" };
	pid_t pid = sleeper();
	char target[64], *value;
	struct rt_err err = { 0 };
	unsigned int i;
	int rc = 0;

	assert_int_equal(tune_target_task(target, sizeof(target), &root, pid, NULL), 0);
	for (i = 0; i < 4 && rc == 0; i++) {
		rc = tune_knob_write(&root, TUNE_KNOB_SCHED, target, values[i], &err);
		if (rc < 0)
			break;
		assert_int_equal(tune_knob_read(&root, TUNE_KNOB_SCHED, target, &value, NULL), 0);
		assert_string_equal(value, values[i]);
		free(value);
	}
	if (rc < 0)	/* not root */
		assert_contains(err.text, "cannot give task");
	rc = tune_knob_write(&root, TUNE_KNOB_SCHED, target, "quick 1", &err);
	assert_int_equal(rc, -EINVAL);
	assert_contains(err.text, "found \"quick 1\"");
	rc = tune_knob_write(&root, TUNE_KNOB_SCHED, target, "deadline 1", NULL);
	assert_int_equal(rc, -EINVAL);
	end(pid);
}

TEST(a_task_that_has_ended_is_not_there_nor_is_another_of_its_number)
{
	pid_t pid = sleeper();
	char target[64], other[64], *value;
	struct rt_err err = { 0 };

	assert_int_equal(tune_target_task(target, sizeof(target), &root, pid, NULL), 0);
	tune_target_thread(other, sizeof(other), pid, 1);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, other, &value, &err), -ENOENT);
	assert_contains(err.text, "another one has its number");
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_AFFINITY, other, "0", NULL), -ENOENT);
	end(pid);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, target, &value, NULL), -ENOENT);
	assert_int_equal(tune_target_task(target, sizeof(target), &root, pid, NULL), -ENOENT);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_AFFINITY, "x", &value, &err), -EBADMSG);
}

/* Where this machine has version 1, the real hierarchy; elsewhere there is nothing to ask. */
TEST(a_task_knows_its_cgroup)
{
	char target[128], *value;

	if (access("/sys/fs/cgroup/cpuset/tasks", R_OK) < 0)
		skip();
	assert_int_equal(tune_target_member(target, sizeof(target), &root, getpid(),
					    "sys/fs/cgroup/cpuset", "cpuset", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_MEMBER, target, &value, NULL), 0);
	assert_int_equal(value[0], '/');
	free(value);
	assert_int_equal(tune_target_member(target, sizeof(target), &root, getpid(),
					    "sys/fs/cgroup", "no-such", NULL), 0);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_MEMBER, target, &value, NULL), -EBADMSG);
}

/* As irqbalance 1.9 answers. */
static void be_irqbalance(int fd)
{
	char banned[64] = "00000000", text[256];
	ssize_t len;
	int one;

	while ((one = accept(fd, NULL, NULL)) >= 0) {
		len = recv(one, text, sizeof(text) - 1, 0);
		text[len > 0 ? len : 0] = '\0';
		if (strcmp(text, "setup") == 0)
			dprintf(one, "SLEEP 10 IRQ 24 LOAD 0 BANNED %s", banned);
		else if (strcmp(text, "settings cpus 4-5") == 0)
			strcpy(banned, "00000030");
		else if (strcmp(text, "settings cpus NULL") == 0)
			strcpy(banned, "0");
		close(one);
	}
}

static void expect_banned(const char *list)
{
	char *value;

	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_IRQBALANCE, "irq.sock", &value, NULL), 0);
	assert_string_equal(value, list);
	free(value);
}

TEST(irqbalance_is_told_and_asked)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct rt_err err = { 0 };
	char *value;
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/irq.sock", tree);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	pid = fork();
	if (pid == 0) {
		be_irqbalance(fd);
		_exit(0);
	}
	close(fd);
	expect_banned("");
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_IRQBALANCE, "irq.sock", "4-5", NULL), 0);
	expect_banned("4-5");
	assert_int_equal(tune_knob_write(&root, TUNE_KNOB_IRQBALANCE, "irq.sock", "", NULL), 0);
	expect_banned("");
	assert_true(tune_knob_is_late(TUNE_KNOB_IRQBALANCE));
	end(pid);
	assert_int_equal(tune_knob_read(&root, TUNE_KNOB_IRQBALANCE, "irq.sock", &value, &err),
			 -ENOENT);
	unlink(address.sun_path);
}

TEST(names_are_for_people)
{
	char target[64], name[128];

	assert_int_equal(tune_target_task(target, sizeof(target), &root, getpid(), NULL), 0);
	tune_knob_name(name, sizeof(name), &root, TUNE_KNOB_AFFINITY, target);
	assert_contains(name, "CPUs of task");
	assert_contains(name, "\"test-knob\"");
	assert_string_equal(tune_knob_name(name, sizeof(name), &root, TUNE_KNOB_TEXT, "sys/x"),
			    "/sys/x");
}

/* Interrupt 7, moved to CPU 1 when it was that of @then, as one of @now. */
static int move_irq(const char *then, const char *now, struct rt_err *err)
{
	struct tree *host = tree_new();
	char target[TUNE_TARGET_MAX], text[64], *value = NULL;
	int rc;

	tree_put(host, "proc/irq/7/smp_affinity_list", "0-3\n");
	if (then)
		tree_put(host, "sys/kernel/irq/7/actions", then);
	tune_target_irq(target, sizeof(target), &host->root, 7);
	tree_put(host, "sys/kernel/irq/7/actions", now);
	rc = tune_knob_read(&host->root, TUNE_KNOB_IRQ, target, &value, err);
	assert_int_equal(tune_knob_write(&host->root, TUNE_KNOB_IRQ, target, "1", NULL), rc);
	rt_root_read_line(&host->root, text, sizeof(text), NULL, "proc/irq/7/smp_affinity_list");
	assert_string_equal(text, rc ? "0-3" : "1");
	tune_knob_name(text, sizeof(text), &host->root, TUNE_KNOB_IRQ, target);
	assert_string_equal(text, "/proc/irq/7/smp_affinity_list");
	free(value);
	tree_destroy(host);
	return rc;
}

TEST(an_interrupt_whose_number_is_anothers_has_ended)
{
	struct rt_err err = { 0 };

	assert_int_equal(move_irq("PCIe PME\n", "PCIe PME\n", NULL), 0);
	assert_int_equal(move_irq("a,b\n", "c,a\n", NULL), 0);
	assert_int_equal(move_irq("a,b\n", "b\n", NULL), 0);
	assert_int_equal(move_irq("a,b\n", "c\n", NULL), -ENOENT);
	assert_int_equal(move_irq("a\n", "", NULL), 0);
	assert_int_equal(move_irq("", "a\n", NULL), 0);
	assert_int_equal(move_irq(NULL, "a\n", NULL), 0);
	assert_int_equal(move_irq("eth0-rx-1\n", "eth0-rx-10,b\n", &err), -ENOENT);
	assert_string_equal(err.text, "has ended: number 7 is by now that of \"eth0-rx-10,b\"");
}

TEST(an_interrupt_is_the_same_while_one_handler_is)
{
	static const char line[] = "proc/irq/7/smp_affinity_list";

	assert_true(tune_target_same(TUNE_KNOB_IRQ, "proc/irq/7/smp_affinity_list a,b",
				     "proc/irq/7/smp_affinity_list c,b"));
	assert_false(tune_target_same(TUNE_KNOB_IRQ, "proc/irq/7/smp_affinity_list a,b",
				      "proc/irq/7/smp_affinity_list c,bb"));
	assert_true(tune_target_same(TUNE_KNOB_IRQ, line, "proc/irq/7/smp_affinity_list c"));
	assert_false(tune_target_same(TUNE_KNOB_IRQ, line, "proc/irq/77/smp_affinity_list"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_word_that_finds_it),
		cmocka_unit_test(an_interrupt_is_the_same_while_one_handler_is),
		cmocka_unit_test(a_file_is_its_text_without_the_newline),
		cmocka_unit_test(lists_and_masks_are_compared_as_sets),
		cmocka_unit_test(a_controller_is_on_where_its_whole_word_stands),
		cmocka_unit_test(a_group_is_made_and_removed),
		cmocka_unit_test(a_task_has_some_of_its_cpus_and_a_file_all),
		cmocka_unit_test(the_cpus_of_a_task_are_set),
		cmocka_unit_test(a_policy_comes_back_as_it_was_read),
		cmocka_unit_test(a_task_that_has_ended_is_not_there_nor_is_another_of_its_number),
		cmocka_unit_test(a_task_knows_its_cgroup),
		cmocka_unit_test(irqbalance_is_told_and_asked),
		cmocka_unit_test(names_are_for_people),
		cmocka_unit_test(an_interrupt_whose_number_is_anothers_has_ended),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
