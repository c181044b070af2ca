/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-tasks.c - tuning/tasks.c on trees of files, and on this machine */
#include "tuning/tasks.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

/* What follows the name, as 6.18 prints it: flags, nice, threads, CPU, priority and policy vary. */
#define STAT(state, flags, nice, threads, cpu, prio, policy) \
	" " state " 1 7 7 0 -1 " flags " 101 0 0 0 0 0 0 0 20 " nice " " threads " 0 124955 " \
	"3133440 390 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 " cpu " " prio " " policy \
	" 0 0 0 0 0 0 0 0 0 0 0\n"

TEST(a_line_gives_state_cpu_policy_and_priority)
{
	struct tune_task task = { 0 };

	assert_int_equal(tune_task_parse_stat(&task, "42 (CPU 0/KVM)"
			 STAT("S", "4194304", "-5", "1", "3", "7", "1"), NULL), 0);
	assert_int_equal(task.tid, 42);
	assert_string_equal(task.comm, "CPU 0/KVM");
	assert_int_equal(task.state, 'S');
	assert_int_equal(task.nice, -5);
	assert_int_equal(task.cpu, 3);
	assert_int_equal(task.rt_priority, 7);
	assert_string_equal(tune_policy_name(task.policy), "fifo");
	assert_false(task.kthread);
	assert_int_equal(task.hold, TUNE_TASK_FREE);
	assert_int_equal(task.start, 124955);
}

TEST(a_name_may_hold_what_it_likes)
{
	static const char *const names[] = {
		"a) R 1 2 (b", "new\nline", ")", "(", "", "((((", "x y z", "a) S 1",
	};
	struct tune_task task = { 0 };
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "42 (%s)%s", names[i],
			 STAT("S", "0", "0", "1", "1", "0", "0"));
		assert_int_equal(tune_task_parse_stat(&task, text, NULL), 0);
		assert_string_equal(task.comm, names[i]);
		assert_int_equal(task.cpu, 1);
	}
}

TEST(the_kernels_own_threads_are_told_apart)
{
	static const struct {
		const char *name, *flags;
		enum tune_task_hold hold;
		bool kthread, borrowed;
	} rows[] = {
		{ "(kthreadd)", "2129984", TUNE_TASK_FREE, true, false },
		{ "(ksoftirqd/1)", "69238848", TUNE_TASK_BOUND, true, false },
		{ "(kworker/1:2-events)", "69238880", TUNE_TASK_BOUND, true, false },
		{ "(kworker/u8:2-flush)", "69238880", TUNE_TASK_WORKQUEUE, true, false },
		{ "(kworker/R-rcu_gp)", "69238880", TUNE_TASK_WORKQUEUE, true, false },
		{ "(vhost-42)", "16384", TUNE_TASK_FREE, false, true },
		{ "(kworker/u8:2-fake)", "4194304", TUNE_TASK_FREE, false, false },
	};
	struct tune_task task = { 0 };
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "9 %s S 1 7 7 0 -1 %s%s", rows[i].name, rows[i].flags,
			 strstr(STAT("S", "F", "0", "1", "1", "0", "0"), "F") + 1);
		assert_int_equal(tune_task_parse_stat(&task, text, NULL), 0);
		assert_int_equal(task.hold, rows[i].hold);
		assert_int_equal(task.kthread, rows[i].kthread);
		assert_int_equal(task.borrowed, rows[i].borrowed);
	}
}

TEST(what_is_no_stat_is_said)
{
	static const char *const texts[] = {
		"", "42", "42 (x", "42 x) S 1", "(x) S 1", "42 (x) S 1 2 3", "x (x) S",
		"-1 (x) S 1",
	};
	struct tune_task task = { 0 };
	struct rt_err err;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err = (struct rt_err){ 0 };
		assert_int_equal(tune_task_parse_stat(&task, texts[i], &err), -EBADMSG);
		assert_contains(err.text, "expected \"PID (NAME) STATE");
	}
}

TEST(a_tree_gives_every_thread_in_order)
{
	struct tree *tree = tree_new();
	struct tune_tasks tasks = { 0 };

	tree_put(tree, "proc/9/stat", "9 (nine)" STAT("S", "0", "0", "1", "1", "0", "0"));
	tree_put(tree, "proc/9/status", "Name:\tnine\nCpus_allowed_list:\t1,3\nMems\n");
	tree_put(tree, "proc/9/cgroup", "3:cpuset:/v1\n1:name=systemd:/a.service\n0::/v2\n");
	tree_put(tree, "proc/100/stat", "100 (many)" STAT("S", "0", "0", "3", "1", "0", "0"));
	tree_put(tree, "proc/100/status", "Name:\tmany\nCpus_allowed_list:\t0-7\n");
	tree_put(tree, "proc/100/cgroup", "0::/a/b\n");
	tree_put(tree, "proc/100/task/102/stat",
		 "102 (two)" STAT("R", "0", "0", "3", "2", "0", "0"));
	tree_put(tree, "proc/100/task/102/status", "Name:\ttwo\nCpus_allowed_list:\t2\n");
	tree_put(tree, "proc/100/task/102/cgroup", "0::/a/b\n");
	tree_put(tree, "proc/100/task/101/stat", "");		/* has just ended */
	tree_put(tree, "proc/101x/stat", "no process");
	assert_int_equal(tune_tasks_read(&tasks, &tree->root,
					 TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, NULL), 0);
	assert_int_equal(tasks.n, 3);
	assert_string_equal(tasks.v[0].comm, "nine");
	assert_int_equal(rt_cpuset_count(&tasks.v[0].allowed), 2);
	assert_string_equal(tune_task_cgroup(&tasks, &tasks.v[0]), "/v1");
	assert_string_equal(tune_task_unit(&tasks, &tasks.v[0]), "/a.service");
	assert_int_equal(tasks.v[1].tid, 100);
	assert_int_equal(tasks.v[2].tid, 102);
	assert_int_equal(tasks.v[2].tgid, 100);
	assert_string_equal(tune_task_cgroup(&tasks, &tasks.v[2]), "/a/b");
	assert_string_equal(tune_task_unit(&tasks, &tasks.v[2]), "/a/b");
	assert_ptr_equal(tune_tasks_find(&tasks, 102), &tasks.v[2]);
	assert_null(tune_tasks_find(&tasks, 101));
	tree_put(tree, "proc/9/stat", "9 (nine");
	assert_int_equal(tune_tasks_read(&tasks, &tree->root, 0, NULL), -EBADMSG);
	tune_tasks_finish(&tasks);
	tree_destroy(tree);
}

/* A user in many groups has a long status; a set of every second CPU, too. */
TEST(a_long_status_and_a_long_cgroup_are_read_whole)
{
	static char text[64 * 1024], path[6000];
	struct tree *tree = tree_new();
	struct tune_tasks tasks = { 0 };
	size_t at = 0;
	int i;

	at += (size_t)sprintf(text, "Name:\tnine\nGroups:\t");
	for (i = 0; i < 3000; i++)
		at += (size_t)sprintf(text + at, "%d ", 100000 + i);
	at += (size_t)sprintf(text + at, "\nCpus_allowed_list:\t0");
	for (i = 2; i < 8192; i += 2)
		at += (size_t)sprintf(text + at, ",%d", i);
	sprintf(text + at, "\nMems\n");
	tree_put(tree, "proc/9/status", text);
	tree_put(tree, "proc/9/stat", "9 (nine)" STAT("S", "0", "0", "1", "1", "0", "0"));
	memset(path, 'a', sizeof(path) - 1);
	memcpy(path, "0::/", 4);
	tree_put(tree, "proc/9/cgroup", path);
	assert_int_equal(tune_tasks_read(&tasks, &tree->root,
					 TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, NULL), 0);
	assert_true(tasks.v[0].has_affinity);
	assert_int_equal(rt_cpuset_count(&tasks.v[0].allowed), 4096);
	assert_string_equal(tune_task_cgroup(&tasks, &tasks.v[0]), path + 3);
	tune_tasks_finish(&tasks);
	tree_destroy(tree);
}

TEST(where_no_groups_are_read_none_is_told)
{
	struct tree *tree = tree_new();
	struct tune_tasks tasks = { 0 };

	tree_put(tree, "proc/9/stat", "9 (nine)" STAT("S", "0", "0", "1", "1", "0", "0"));
	tree_put(tree, "proc/9/cgroup", "3:cpuset:/v1\n1:name=systemd:/a.service\n");
	assert_int_equal(tune_tasks_read(&tasks, &tree->root, TUNE_TASKS_CGROUP, NULL), 0);
	assert_string_equal(tune_task_unit(&tasks, &tasks.v[0]), "/a.service");
	assert_int_equal(tune_tasks_read(&tasks, &tree->root, 0, NULL), 0);
	assert_string_equal(tune_task_cgroup(&tasks, &tasks.v[0]), "");
	assert_string_equal(tune_task_unit(&tasks, &tasks.v[0]), "");
	tune_tasks_finish(&tasks);
	tree_destroy(tree);
}

static void *sleeper(void *arg)
{
	pid_t *tid = arg;

	prctl(PR_SET_NAME, "a) R\n(b");
	__atomic_store_n(tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	pause();
	return NULL;
}

TEST(a_thread_of_this_process_is_found_with_its_affinity)
{
	struct tune_tasks tasks = { 0 };
	const struct tune_task *task;
	struct rt_root root;
	pthread_t thread;
	cpu_set_t set;
	pid_t tid = 0;
	int cpu;

	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleeper, &tid), 0);
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		sched_yield();
	assert_int_equal(tune_tasks_read(&tasks, &root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP,
					 NULL), 0);
	task = tune_tasks_find(&tasks, tid);
	assert_non_null(task);
	assert_string_equal(task->comm, "a) R\n(b");
	assert_int_equal(task->tgid, getpid());
	assert_true(task->has_affinity);
	assert_int_equal(sched_getaffinity(tid, sizeof(set), &set), 0);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			assert_true(rt_cpuset_has(&task->allowed, (unsigned int)cpu));
	assert_true(tune_task_cgroup(&tasks, task)[0] == '/' || !tune_task_cgroup(&tasks, task)[0]);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	tune_tasks_finish(&tasks);
	rt_root_finish(&root);
}

TEST(threads_that_end_meanwhile_are_no_failure)
{
	struct tune_tasks tasks = { 0 };
	struct rt_root root;
	struct rt_err err = { 0 };
	time_t end = time(NULL) + 2;
	pid_t pid = fork();

	if (pid == 0) {
		while (time(NULL) < end)
			if (fork() == 0)
				_exit(0);
			else
				while (waitpid(-1, NULL, WNOHANG) > 0)
					;
		_exit(0);
	}
	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	while (time(NULL) < end)
		if (tune_tasks_read(&tasks, &root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, &err))
			fail_msg("%s", err.text);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	tune_tasks_finish(&tasks);
	rt_root_finish(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_state_cpu_policy_and_priority),
		cmocka_unit_test(a_name_may_hold_what_it_likes),
		cmocka_unit_test(the_kernels_own_threads_are_told_apart),
		cmocka_unit_test(what_is_no_stat_is_said),
		cmocka_unit_test(a_tree_gives_every_thread_in_order),
		cmocka_unit_test(a_long_status_and_a_long_cgroup_are_read_whole),
		cmocka_unit_test(where_no_groups_are_read_none_is_told),
		cmocka_unit_test(a_thread_of_this_process_is_found_with_its_affinity),
		cmocka_unit_test(threads_that_end_meanwhile_are_no_failure),
	};

	return RUN_TESTS(tests);
}
