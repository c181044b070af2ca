/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-run.c - tuning/run.c and run-lock.c: words, and what a process then has */
#include "tuning/run.h"

#include <linux/mempolicy.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"
#include "tuning/topo.h"

static struct tune_topo *topo;

static int set_up(void **state)
{
	(void)state;
	return tune_topo_load_synthetic(&topo, "numa:2 core:2 pu:2", NULL);
}

static int tear_down(void **state)
{
	(void)state;
	tune_topo_destroy(topo);
	return 0;
}

static const struct tune_run nothing = { .policy = TUNE_KEEP, .memory = TUNE_KEEP };

TEST(a_bias_is_a_cpuset_or_a_word)
{
	static const struct {
		const char *text, *list;
	} rows[] = {
		{ "0-1,5", "0-1,5" }, { "n1", "4-7" }, { "~0-2", "3-7" }, { "boot", "0-7" },
		{ "active", "0-7" }, { "~boot", NULL }, { "", NULL }, { "8", NULL },
		{ "boots", NULL },
	};
	char list[64];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tune_run run = nothing;
		struct rt_err err = { 0 };
		int rc = tune_run_bias(&run, topo, rows[i].text, &err);

		assert_int_equal(rc, rows[i].list ? 0 : RT_EUSAGE);
		assert_int_equal(run.has_cpus, rows[i].list != NULL);
		if (rc) {
			assert_contains(err.text, "--bias: ");
			continue;
		}
		assert_int_equal(rt_cpuset_format(&run.cpus, list, sizeof(list)), 0);
		assert_string_equal(list, rows[i].list);
	}
}

TEST(policies_have_their_kernel_names_too)
{
	struct tune_run run = nothing;
	struct rt_err err = { 0 };

	assert_int_equal(tune_run_policy(&run, "SCHED_RR", NULL), 0);
	assert_int_equal(run.policy, SCHED_RR);
	assert_int_equal(run.priority, 1);
	run = nothing;
	assert_int_equal(tune_run_policy(&run, "Batch", NULL), 0);
	assert_int_equal(run.policy, SCHED_BATCH);
	assert_int_equal(run.priority, 0);
	assert_int_equal(tune_run_policy(&run, "SCHED_", &err), RT_EUSAGE);
	assert_contains(err.text, "found \"SCHED_\"");
}

TEST(a_deadline_has_three_times_in_order)
{
	static const char *const bad[] = {
		"", "1ms", "1ms/2ms", "1ms/2ms/3ms/4ms", "2ms/1ms/3ms", "1ms/3ms/2ms", "0/1/1",
		"x/1/1",
	};
	struct tune_run run = nothing;
	size_t i;

	assert_int_equal(tune_run_deadline(&run, "2ms/10ms/0.1", NULL), 0);
	assert_int_equal(run.runtime, 2000000);
	assert_int_equal(run.deadline, 10000000);
	assert_int_equal(run.period, 100000000);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tune_run_deadline(&run, bad[i], NULL), RT_EUSAGE);
}

TEST(a_memory_policy_names_nodes_that_are_there)
{
	static const char *const bad[] = {
		"", "bind", "bind:", "bind:2", "preferred:0-1", "local:0", "default:", "bound:1",
	};
	struct tune_run run = nothing;
	size_t i;

	assert_int_equal(tune_run_memory(&run, topo, "bind:0-1", NULL), 0);
	assert_int_equal(run.memory, MPOL_BIND);
	assert_int_equal(rt_cpuset_count(&run.nodes), 2);
	assert_int_equal(tune_run_memory(&run, topo, "local", NULL), 0);
	assert_int_equal(run.memory, MPOL_LOCAL);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tune_run_memory(&run, topo, bad[i], NULL), RT_EUSAGE);
}

TEST(a_thread_gets_its_cpus)
{
	struct tune_run run = nothing;
	cpu_set_t before, now;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	run.has_cpus = true;
	rt_cpuset_add(&run.cpus, (unsigned int)cpu);
	assert_int_equal(tune_run_apply(&run, 0, NULL), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	assert_true(CPU_ISSET(cpu, &now));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	run.cpus = (struct rt_cpuset){ 0 };
	rt_cpuset_add(&run.cpus, 8000);
	assert_int_equal(tune_run_apply(&run, 0, NULL), -EINVAL);
	assert_int_equal(tune_run_apply(&run, 0x7fffffff, NULL), -ESRCH);
}

/* Locked kilobytes, or -1. */
static long locked(pid_t pid)
{
	struct rt_root root;
	char *text, *at;
	long kb = -1;

	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	if (rt_root_read(&root, &text, NULL, NULL, "proc/%d/status", (int)pid) == 0) {
		at = strstr(text, "\nVmLck:");
		kb = at ? atol(at + 7) : -1;
		free(text);
	}
	rt_root_finish(&root);
	return kb;
}

static void *spin(void *arg)
{
	volatile unsigned long *count = arg;

	for (;;)
		(*count)++;
	return NULL;
}

/*
 * Blocks in poll() with a time, which ptrace makes the kernel begin anew, while another
 * thread runs; then says whether poll() came to its end, and the thread went on.
 */
static void victim(int ready)
{
	static volatile unsigned long count;
	struct pollfd none = { .fd = -1 };
	unsigned long before;
	pthread_t thread;
	int rc;

	if (pthread_create(&thread, NULL, spin, (void *)&count))
		_exit(10);
	if (write(ready, "x", 1) != 1)
		_exit(11);
	rc = poll(&none, 1, 1000);
	before = count;
	usleep(200000);
	_exit(rc != 0 ? 12 : count == before ? 13 : 42);
}

TEST(memory_of_a_running_process_is_locked_and_it_goes_on)
{
	struct rt_err err = { 0 };
	int fds[2], rc, status;
	char byte;
	pid_t pid;

	if (geteuid() != 0)
		skip();
#ifdef KVMRT_SAN
	skip();		/* it has reserved terabytes, which would all be taken */
#endif
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		victim(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	usleep(100000);
	assert_int_equal(locked(pid), 0);
	rc = tune_lock_process(pid, &err);
	if (rc == RT_ECANNOT || rc == -EPERM || rc == -ENOMEM)
		print_message("not here: %s\n", err.text);
	else if (rc)
		fail_msg("%s", err.text);
	else
		assert_true(locked(pid) > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	close(fds[0]);
	close(fds[1]);
}

TEST(a_process_that_is_not_there_is_said)
{
	struct rt_err err = { 0 };

	assert_int_equal(tune_lock_process(0x7fffffff, &err), -ESRCH);
	assert_contains(err.text, "cannot trace process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bias_is_a_cpuset_or_a_word),
		cmocka_unit_test(policies_have_their_kernel_names_too),
		cmocka_unit_test(a_deadline_has_three_times_in_order),
		cmocka_unit_test(a_memory_policy_names_nodes_that_are_there),
		cmocka_unit_test(a_thread_gets_its_cpus),
		cmocka_unit_test(memory_of_a_running_process_is_locked_and_it_goes_on),
		cmocka_unit_test(a_process_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
