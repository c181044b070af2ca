/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-front.c - gs/host/front.c: one daemon, which answers */
#include "gs/host/front.h"
#include "tests/unit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/root.h"
#include "tests/xtrace/make.h"

static char *folder;
static struct rt_root root;
static struct rt_loop *loop;

static int setup(void **state)
{
	(void)state;
	folder = make_folder();
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	assert_int_equal(rt_loop_create(&loop, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rt_loop_destroy(loop);
	rt_root_finish(&root);
	make_remove(folder);
	return 0;
}

static bool reply(void *arg, const char *question, FILE *to)
{
	if (strcmp(question, "status") != 0)
		return false;
	fprintf(to, "fine\n");
	rt_loop_stop(arg, 0);
	return true;
}

static struct rt_buf answer;
static int asked;

static void *ask(void *question)
{
	asked = gs_front_ask(&root, question, &answer, NULL);
	return NULL;
}

TEST(a_question_is_answered)
{
	struct gs_front *front;
	pthread_t thread;

	assert_int_equal(gs_front_create(&front, &root, loop, reply, loop, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, ask, "status\n"), 0);
	assert_int_equal(rt_loop_run(loop, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(asked, 0);
	assert_string_equal(rt_buf_str(&answer), "fine\n");
	rt_buf_finish(&answer);
	gs_front_destroy(front);
}

TEST(there_is_one_at_a_time_and_the_next_may_come_when_it_is_gone)
{
	struct gs_front *first, *second;
	struct rt_err err = { 0 };

	assert_int_equal(gs_front_create(&first, &root, loop, reply, loop, NULL), 0);
	assert_int_equal(gs_front_create(&second, &root, loop, reply, loop, &err), -EBUSY);
	assert_contains(err.text, "another one is running");
	gs_front_destroy(first);
	assert_int_equal(gs_front_create(&second, &root, loop, reply, loop, NULL), 0);
	gs_front_destroy(second);
}

TEST(a_socket_that_a_dead_one_left_is_no_hindrance)
{
	struct gs_front *front;
	char path[256];

	snprintf(path, sizeof(path), "mkdir -p %s/run/kvmrt-gsd", folder);
	assert_int_equal(system(path), 0);
	free(make_file(folder, "run/kvmrt-gsd/control", "", 0));
	free(make_file(folder, "run/kvmrt-gsd/lock", "1\n", 2));
	assert_int_equal(gs_front_create(&front, &root, loop, reply, loop, NULL), 0);
	gs_front_destroy(front);
}

TEST(without_a_daemon_that_is_said)
{
	struct rt_err err = { 0 };

	assert_int_equal(gs_front_ask(&root, "status\n", &answer, &err), -ESRCH);
	assert_contains(err.text, "no kvmrt-gsd is running");
}

#define FRONT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRONT_TEST(a_question_is_answered),
		FRONT_TEST(there_is_one_at_a_time_and_the_next_may_come_when_it_is_gone),
		FRONT_TEST(a_socket_that_a_dead_one_left_is_no_hindrance),
		FRONT_TEST(without_a_daemon_that_is_said),
	};

	return RUN_TESTS(tests);
}
