/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-view-ftrace.c - merge/view-ftrace.c: calls of the function graph, and limits
 *
 * That each line is trace-cmd's is shown by tests/cmd/ftrace-text.sh.
 */
#include "merge/view.h"

#include "tests/merge/scene.h"
#include "tests/unit.h"

#define GRAPH_ENTRY 11
#define GRAPH_EXIT 10
#define FIELD(type, offset, size) \
	"\tfield:" type ";\toffset:" #offset ";\tsize:" #size ";\tsigned:0;\n"

static struct scene *make_graph(void)
{
	struct scene *scene = scene_create("alpha", 2);

	scene_format(scene, GRAPH_ENTRY, "ftrace", "funcgraph_entry",
		     FIELD("unsigned long func", 8, 8) FIELD("int depth", 16, 4),
		     "\"--> %ps (%d)\", (void *)REC->func, REC->depth");
	scene_format(scene, GRAPH_EXIT, "ftrace", "funcgraph_exit",
		     FIELD("unsigned long func", 8, 8) FIELD("int depth", 16, 4)
		     FIELD("unsigned int overrun", 20, 4)
		     FIELD("unsigned long long calltime", 24, 8)
		     FIELD("unsigned long long rettime", 32, 8),
		     "\"<-- %ps (%d)\", (void *)REC->func, REC->depth");
	return scene;
}

static void add_entry(struct scene *scene, uint64_t ns, uint64_t func)
{
	const struct {
		uint64_t func;
		uint32_t depth;
	} data = { .func = func };

	scene_record(scene, 0, ns, 7, GRAPH_ENTRY, &data, 12);
}

static void add_return(struct scene *scene, uint64_t ns, uint64_t func)
{
	const uint64_t data[] = { func, 0, ns, ns + 500 };

	scene_record(scene, 0, ns, 7, GRAPH_EXIT, data, sizeof(data));
}

static void add_leaf(struct scene *scene, uint64_t ns, uint64_t func)
{
	add_entry(scene, ns, func);
	add_return(scene, ns + 1, func);
}

static char *report(struct scene *scene, uint64_t limit, uint64_t tail)
{
	struct scene_view view = {
		.opts = { .format = &mrg_format_ftrace, .limit = limit, .tail = tail },
	};
	const char *path = scene_path(scene);
	char *text;

	scene_finish(scene);
	text = scene_show(&view, &path, 1);
	assert_string_equal(view.error, "");
	return text;
}

static unsigned int lines(const char *text)
{
	unsigned int nr = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		nr++;
		text++;
	}
	return nr;
}

static const char *end_of(const char *text, unsigned int nr)
{
	unsigned int skip = lines(text) - nr;

	for (; skip > 0; skip--)
		text = strchr(text, '\n') + 1;
	return text;
}

/* Entry and return are two events, of which -n and --tail tell; their line is one. */
TEST(the_last_calls_of_a_graph_are_those_of_the_whole)
{
	struct scene *scene = make_graph();
	char *all, *last;
	unsigned int i, head;

	for (i = 0; i < 300; i++)
		add_leaf(scene, 10 * i, 0x1000 + i);
	all = report(scene, 0, 0);
	head = lines(all) - 300;
	last = report(scene, 0, 20);
	assert_int_equal(lines(last), head + 10);
	assert_string_equal(end_of(last, 10), end_of(all, 10));
	free(all);
	free(last);
	scene_destroy(scene);
}

TEST(marks_of_lost_events_between_a_call_and_its_return_count_as_well)
{
	struct scene *scene = make_graph();
	char *all, *last;
	unsigned int i, head;

	for (i = 0; i < 40; i++) {
		add_entry(scene, 10 * i, 0x1000 + i);
		scene_lost(scene, 0, 10 * i + 1, 5);
		add_return(scene, 10 * i + 2, 0x1000 + i);
	}
	all = report(scene, 0, 0);
	head = lines(all) - 40;
	last = report(scene, 0, 30);
	assert_int_equal(lines(last), head + 10);
	assert_string_equal(end_of(last, 10), end_of(all, 10));
	free(all);
	free(last);
	scene_destroy(scene);
}

TEST(a_call_that_waits_for_its_return_is_not_shown_beyond_the_limit)
{
	struct scene *scene = make_graph();
	char *all, *first;
	unsigned int i, head;

	/* The first window ends with an entry. */
	for (i = 0; i < 255; i++)
		scene_timer(scene, 0, 10 * i, 7);
	for (; i < 300; i++)
		add_leaf(scene, 10 * i, 0x1000 + i);
	all = report(scene, 0, 0);
	head = lines(all) - 300;
	first = report(scene, 10, 0);
	assert_int_equal(lines(first), head + 10);
	assert_memory_equal(first, all, strlen(first));
	free(first);
	first = report(scene, 256, 0);
	assert_int_equal(lines(first), head + 256);
	assert_memory_equal(first, all, strlen(first));
	free(first);
	free(all);
	scene_destroy(scene);
}

/* With several files each line begins with its file's name, a lost mark's too. */
TEST(behind_a_mark_that_is_not_shown_stands_the_name_of_the_source)
{
	struct scene *one = scene_create("one", 1), *two = scene_create("two", 1);
	const char *const paths[] = { scene_path(one), scene_path(two) };
	struct scene_view view = { .opts = { .format = &mrg_format_ftrace, .tail = 1 } };
	char *text;

	scene_timer(one, 0, 1, 7);
	scene_timer(two, 0, 2, 7);
	scene_lost(two, 0, 3, 5);
	scene_timer(two, 0, 4, 7);
	scene_finish(one);
	scene_finish(two);
	text = scene_show(&view, paths, 2);
	assert_string_equal(view.error, "");
	assert_contains(end_of(text, 1), "two: ");
	free(text);
	view.opts.tail = 2;
	text = scene_show(&view, paths, 2);
	assert_contains(end_of(text, 2), "two: CPU:0 [5 EVENTS DROPPED]\n");
	assert_null(strstr(end_of(text, 1), "two: "));
	free(text);
	scene_destroy(one);
	scene_destroy(two);
}

/* What lies behind the last span is never seen, so that nothing there is waited for. */
TEST(calls_in_other_buffers_are_joined_where_the_context_ends)
{
	struct scene *one = make_graph(), *two = make_graph();
	const char *const paths[] = { scene_path(one), scene_path(two) };
	struct scene_view view = {
		.opts = { .format = &mrg_format_ftrace, .after = 3, .limit = 1 },
		.where = "func == 0x1000",
	};
	char *text;
	unsigned int i;

	add_entry(one, 10, 0x1000);
	add_leaf(two, 20, 0x2000);
	scene_timer(two, 0, 30, 7);
	for (i = 4; i < 400; i++)
		scene_timer(two, 0, 10 * i, 7);
	add_return(one, 10 * i, 0x1000);
	scene_finish(one);
	scene_finish(two);
	text = scene_show(&view, paths, 2);
	assert_string_equal(view.error, "");
	assert_int_equal(lines(text), 2 + 3);
	free(text);
	scene_destroy(one);
	scene_destroy(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_calls_of_a_graph_are_those_of_the_whole),
		cmocka_unit_test(marks_of_lost_events_between_a_call_and_its_return_count_as_well),
		cmocka_unit_test(a_call_that_waits_for_its_return_is_not_shown_beyond_the_limit),
		cmocka_unit_test(behind_a_mark_that_is_not_shown_stands_the_name_of_the_source),
		cmocka_unit_test(calls_in_other_buffers_are_joined_where_the_context_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
