/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-names.c - merge/names.c: what a task is called, from when on */
#include "merge/names.h"

#include <pthread.h>

#include "tests/merge/scene.h"
#include "tests/unit.h"

static struct scene *scene;
static struct mrg_set *set;

static int open_set(void **state)
{
	const char *paths[2];

	(void)state;
	scene = scene_create("alpha", 1);
	scene_comm(scene, 7, "dd");
	scene_timer(scene, 0, 1, 7);
	scene_finish(scene);
	paths[0] = paths[1] = scene_path(scene);
	return mrg_set_open(&set, paths, 2, NULL);
}

static int close_set(void **state)
{
	(void)state;
	mrg_set_destroy(set);
	scene_destroy(scene);
	return 0;
}

static void is_called(struct mrg_names *names, uint16_t member, int pid, uint64_t seq,
		      const char *comm)
{
	const struct mrg_name *name = mrg_names_get(names, member, pid, seq);

	assert_string_equal(name->comm, comm);
	assert_int_equal(name->comm_len, strlen(comm));
}

TEST(a_saved_name_holds_from_the_begin_and_is_kept)
{
	struct mrg_names *names;

	assert_int_equal(mrg_names_create(&names, set, NULL), 0);
	mrg_names_learn(names, 0, 7, (const uint8_t *)"cat", 3, 0);
	is_called(names, 0, 7, 0, "dd");
	is_called(names, 0, 7, 5, "dd");
	is_called(names, 0, 0, 0, "<idle>");
	mrg_names_destroy(names);
}

TEST(a_name_that_is_learned_holds_from_the_next_record_on_and_is_kept)
{
	struct mrg_names *names;

	assert_int_equal(mrg_names_create(&names, set, NULL), 0);
	is_called(names, 0, 8, 9, "<...>");
	mrg_names_learn(names, 0, 8, (const uint8_t *)"cat\0xxxx", 8, 3);
	is_called(names, 0, 8, 3, "<...>");
	is_called(names, 0, 8, 4, "cat");
	mrg_names_learn(names, 0, 8, (const uint8_t *)"dog", 3, 5);
	is_called(names, 0, 8, 9, "cat");
	is_called(names, 1, 8, 9, "<...>");
	mrg_names_destroy(names);
}

TEST(the_head_is_that_of_trace_cmd_report)
{
	struct mrg_names *names;
	const struct mrg_name *name;

	assert_int_equal(mrg_names_create(&names, set, NULL), 0);
	name = mrg_names_get(names, 0, 7, 0);
	assert_string_equal(name->head, "              dd-7     ");
	assert_int_equal(name->head_len, strlen(name->head));
	mrg_names_destroy(names);
}

/* More than the table begins with. */
#define MANY 5000

static void *look_all_up(void *arg)
{
	struct mrg_names *names = arg;
	int pid;

	for (pid = 100; pid < 100 + MANY; pid++)
		mrg_names_get(names, 0, pid, 0);
	return NULL;
}

TEST(many_are_found_while_others_look_them_up)
{
	struct mrg_names *names;
	pthread_t threads[3];
	char comm[16];
	int i, pid;

	assert_int_equal(mrg_names_create(&names, set, NULL), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_all_up, names), 0);
	for (pid = 100; pid < 100 + MANY; pid++) {
		snprintf(comm, sizeof(comm), "t%d", pid);
		mrg_names_learn(names, 0, pid, (const uint8_t *)comm, strlen(comm), 0);
	}
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (pid = 100; pid < 100 + MANY; pid++) {
		snprintf(comm, sizeof(comm), "t%d", pid);
		is_called(names, 0, pid, 1, comm);
	}
	mrg_names_destroy(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_saved_name_holds_from_the_begin_and_is_kept),
		cmocka_unit_test(a_name_that_is_learned_holds_from_the_next_record_on_and_is_kept),
		cmocka_unit_test(the_head_is_that_of_trace_cmd_report),
		cmocka_unit_test(many_are_found_while_others_look_them_up),
	};

	return cmocka_run_group_tests(tests, open_set, close_set);
}
