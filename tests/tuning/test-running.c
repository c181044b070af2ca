/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-running.c - the thread that runs on a CPU, and threads that come and go
 */
#include "tuning/running.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

struct world {
	struct tree *tree;
	struct tune_runners runners;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->tree = tree_new();
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	tune_runners_finish(&world->runners);
	tree_destroy(world->tree);
	free(world);
	return 0;
}

/* @where: "7" or "7/task/8" */
static void put(struct world *world, const char *where, const char *name, char state,
		unsigned int cpu, int policy, int priority, unsigned int used, int threads)
{
	char path[64], text[256];
	const char *tid = strrchr(where, '/') ? strrchr(where, '/') + 1 : where;

	snprintf(path, sizeof(path), "proc/%s/stat", where);
	snprintf(text, sizeof(text), "%s (%s) %c 1 0 0 0 -1 0 0 0 0 0 %u 0 0 0 20 0 %d 0 9 0 0 0 0 "
		 "0 0 0 0 0 0 0 0 0 0 0 17 %u %d %d 0 0 0\n", tid, name, state, used, threads, cpu,
		 priority, policy);
	tree_put(world->tree, path, text);
}

static void drop(struct world *world, const char *where)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/proc/%s/stat", world->tree->path, where);
	/* as a stat file of a thread that has ended: nothing can be read */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(unlink(path), 0);
}

static void look(struct world *world)
{
	struct rt_err err = { 0 };

	if (tune_runners_read(&world->runners, &world->tree->root, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect(const struct world *world, unsigned int cpu, const char *name,
		   unsigned int waiting)
{
	unsigned int found;
	const struct tune_running *running = tune_runner_of(&world->runners, cpu, &found);

	if (!name) {
		assert_null(running);
		return;
	}
	assert_non_null(running);
	assert_string_equal(running->comm, name);
	assert_int_equal(found, waiting);
}

TEST(a_thread_in_state_r_runs_where_it_was_last)
{
	struct world *world = *state;

	put(world, "7", "a (odd) b", 'R', 3, 0, 0, 5, 1);
	put(world, "8", "sleeper", 'S', 2, 0, 0, 5, 1);
	look(world);
	expect(world, 3, "a (odd) b", 0);
	expect(world, 2, NULL, 0);
	expect(world, 0, NULL, 0);
	put(world, "7", "a (odd) b", 'S', 3, 0, 0, 6, 1);
	put(world, "8", "sleeper", 'R', 0, 1, 50, 6, 1);
	look(world);
	expect(world, 3, NULL, 0);
	expect(world, 0, "sleeper", 0);
}

TEST(of_several_the_real_time_thread_runs_then_who_used_most)
{
	struct world *world = *state;

	put(world, "7", "lazy", 'R', 1, 0, 0, 100, 1);
	put(world, "8", "busy", 'R', 1, 0, 0, 10, 1);
	look(world);
	put(world, "7", "lazy", 'R', 1, 0, 0, 101, 1);
	put(world, "8", "busy", 'R', 1, 0, 0, 90, 1);
	look(world);
	expect(world, 1, "busy", 1);
	put(world, "9", "low", 'R', 1, 1, 10, 0, 1);
	put(world, "10", "high", 'R', 1, 2, 20, 0, 1);
	look(world);
	expect(world, 1, "high", 3);
	put(world, "11", "deadline", 'R', 1, 6, 0, 0, 1);
	look(world);
	expect(world, 1, "deadline", 4);
}

TEST(threads_come_and_go)
{
	struct world *world = *state;

	put(world, "7", "leader", 'S', 0, 0, 0, 0, 2);
	put(world, "7/task/7", "leader", 'S', 0, 0, 0, 0, 2);
	put(world, "7/task/8", "vcpu", 'R', 4, 1, 1, 0, 2);
	look(world);
	expect(world, 4, "vcpu", 0);
	assert_int_equal(world->runners.nr_threads, 2);
	put(world, "7", "leader", 'S', 0, 0, 0, 0, 3);
	put(world, "7/task/9", "worker", 'R', 5, 0, 0, 0, 3);
	put(world, "20", "new", 'R', 6, 0, 0, 0, 1);
	look(world);
	expect(world, 5, "worker", 0);
	expect(world, 6, "new", 0);
	assert_int_equal(world->runners.nr_threads, 4);
	put(world, "7", "leader", 'S', 0, 0, 0, 0, 2);
	drop(world, "7/task/8");
	drop(world, "20");
	look(world);
	expect(world, 4, NULL, 0);
	expect(world, 5, "worker", 0);
	expect(world, 6, NULL, 0);
	assert_int_equal(world->runners.nr_threads, 2);
}

TEST(without_descriptors_files_are_opened_each_time)
{
	struct world *world = *state;

	put(world, "7", "a", 'R', 0, 0, 0, 0, 1);
	put(world, "8", "b", 'R', 1, 0, 0, 0, 1);
	world->runners.max_open = 1;
	look(world);
	look(world);
	assert_int_equal(world->runners.nr_open, 1);
	expect(world, 0, "a", 0);
	expect(world, 1, "b", 0);
}

TEST(what_is_no_stat_file_is_left_out)
{
	struct world *world = *state;

	tree_put(world->tree, "proc/7/stat", "nonsense");
	tree_put(world->tree, "proc/8/stat", "8 (cut) R 1 2 3");
	tree_put(world->tree, "proc/9/stat", "");
	tree_put(world->tree, "proc/notes/stat", "");
	look(world);
	assert_int_equal(world->runners.nr_threads, 0);
}

/* On the machine that runs the test. */
TEST(a_child_that_spins_is_seen_and_the_caller_is_not)
{
	struct tune_runners runners = { 0 };
	struct rt_err err = { 0 };
	bool seen = false, self = false;
	struct rt_root root;
	unsigned int tries;
	pid_t child;
	size_t i;

	(void)state;
	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	for (tries = 0; tries < 100 && !seen; tries++) {
		assert_int_equal(tune_runners_read(&runners, &root, &err), 0);
		for (i = 0; i < runners.n; i++) {
			seen |= runners.v[i].tid == child;
			self |= runners.v[i].tid == getpid();
		}
		usleep(10000);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tune_runners_finish(&runners);
	rt_root_finish(&root);
	assert_true(seen);
	assert_false(self);
}

int main(void)
{
#define RUNNING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(a_thread_in_state_r_runs_where_it_was_last),
		RUNNING_TEST(of_several_the_real_time_thread_runs_then_who_used_most),
		RUNNING_TEST(threads_come_and_go),
		RUNNING_TEST(without_descriptors_files_are_opened_each_time),
		RUNNING_TEST(what_is_no_stat_file_is_left_out),
		RUNNING_TEST(a_child_that_spins_is_seen_and_the_caller_is_not),
	};

	return RUN_TESTS(tests);
}
