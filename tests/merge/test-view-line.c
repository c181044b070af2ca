/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-view-line.c - merge/view-line.c and what fills lines: texts and masks of any length */
#include "merge/view-line.h"

#include "tests/merge/scene.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

#define LONG_NAME 2000

TEST(the_name_of_a_buffer_may_have_any_length)
{
	const struct mrg_format *const formats[] = { &mrg_format_json, &mrg_format_text,
						     &mrg_format_csv };
	char name[LONG_NAME + 1] = "", shown[4 * LONG_NAME + 1] = "";
	char *folder = make_folder(), *path;
	struct scene_view view = { .opts = { .fields = { MRG_FIELD_BUFFER, MRG_FIELD_EVENT },
					     .nr_fields = 2 } };
	struct make_dat spec = { .version = 7, .codec = "none", .page_size = 4096, .cpus = 1,
				 .per_cpu = 1, .buffer = name };
	struct rt_buf out = { 0 };
	uint8_t page[4096];
	unsigned int i;

	for (i = 0; i < LONG_NAME; i++) {
		name[i] = '\xff';
		strcat(shown, "\\xff");
	}
	make_page(page, sizeof(page), SCENE_NS);
	make_event(page, 1, 77);
	spec.pages = page;
	make_dat(&out, &spec);
	path = make_file(folder, "long.dat", out.data, out.len);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		char *text;

		view.opts.format = formats[i];
		text = scene_show(&view, (const char *const *)&path, 1);
		assert_int_equal(view.rc, 0);
		/* JSON has two backslashes for one. */
		assert_non_null(strstr(text, i == 0 ? "\"buffer\":\"\\\\xff\\\\xff" : shown));
		assert_true(strlen(text) > 4 * LONG_NAME);
		free(text);
	}
	rt_buf_finish(&out);
	free(path);
	make_remove(folder);
}

#define CPUMASK_ID 200

static struct scene *make_mask(const uint64_t *mask, uint16_t words)
{
	struct {
		uint32_t where, rest;
		uint64_t callsite, callback, mask[64];
	} data = { .where = 32 | (uint32_t)words * 8 << 16 };
	struct scene *scene = scene_create("alpha", 1);

	scene_format(scene, CPUMASK_ID, "ipi", "ipi_send_cpumask",
		     "\tfield:__data_loc cpumask_t cpumask;\toffset:8;\tsize:4;\tsigned:0;\n"
		     "\tfield:void * callsite;\toffset:16;\tsize:8;\tsigned:0;\n"
		     "\tfield:void * callback;\toffset:24;\tsize:8;\tsigned:0;\n",
		     "\"cpumask=%s\", __get_cpumask(cpumask)");
	memcpy(data.mask, mask, 8 * (size_t)words);
	scene_record(scene, 0, 1, 7, CPUMASK_ID, &data, 24 + 8 * (size_t)words);
	scene_finish(scene);
	return scene;
}

static void shows_mask(const uint64_t *mask, uint16_t words, const char *list)
{
	struct scene *scene = make_mask(mask, words);
	struct scene_view view = { .opts = { .format = &mrg_format_text } };
	const char *path = scene_path(scene);
	char *text = scene_show(&view, &path, 1);

	assert_contains(text, list);
	free(text);
	view.opts.format = &mrg_format_json;
	text = scene_show(&view, &path, 1);
	assert_contains(text, list);
	free(text);
	scene_destroy(scene);
}

TEST(what_was_lost_is_said_with_the_reason_that_the_recorder_had)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .opts = { .format = &mrg_format_text } };
	const char *path = scene_path(scene);
	char *text;

	for (unsigned int i = XT_GAP_DISK; i <= XT_GAP_PAUSE; i++) {
		scene_beat(scene, 0, i * 10, 7, i, "");
		scene_gap(scene, 0, i, i * 10, i * 10 + 5);
	}
	scene_finish(scene);
	text = scene_show(&view, &path, 1);
	assert_contains(text, "LOST [unknown number of events: the disk was too slow or full]\n");
	assert_contains(text, "LOST [unknown number of events: a flush was being saved]\n");
	assert_contains(text, "LOST [unknown number of events: paused]\n");
	free(text);
	view.opts.format = &mrg_format_json;
	text = scene_show(&view, &path, 1);
	assert_contains(text, "\"event\":\"LOST\",\"why\":\"disk\"}\n");
	assert_contains(text, "\"event\":\"LOST\",\"why\":\"flush\"}\n");
	assert_contains(text, "\"event\":\"LOST\",\"why\":\"pause\"}\n");
	free(text);
	scene_destroy(scene);
}

TEST(a_mask_shows_all_of_its_cpus)
{
	const uint64_t few[] = { 0x555 }, many[] = { 0x5555555555555555, 0x5555555555555555 };
	const uint64_t ranges[] = { 0xf0ff };

	shows_mask(few, 1, "0,2,4,6,8,10");
	shows_mask(ranges, 1, "0-7,12-15");
	shows_mask(many, 1, ",54,56,58,60,62");
	shows_mask(many, 2, ",62,64,66,68,70,72,74,76,78,80,82,84,86,88,90,92,94,96,98,100,102,"
		   "104,106,108,110,112,114,116,118,120,122,124,126");
}

TEST(a_mask_without_room_for_all_of_its_cpus_says_so)
{
	uint64_t mask[64];

	memset(mask, 0x55, sizeof(mask));
	shows_mask(mask, 64, ",...");
}

TEST(an_expression_knows_all_cpus_of_a_mask)
{
	const uint64_t mask = 0x555;
	struct scene *scene = make_mask(&mask, 1);
	struct scene_view view = { .opts = { .fields = { MRG_FIELD_CPU }, .nr_fields = 1 },
				   .where = "cpumask == \"0,2,4,6,8,10\"" };

	scene_expect(&view, scene, "0\n");
	scene_destroy(scene);
}

/* ---- which lines ---- */

TEST(an_event_that_nobody_describes_is_not_among_those_asked_for)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .with = { "sched_switch" } };

	scene_record(scene, 0, 1, 7, 50, "", 0);	/* below the highest that is described */
	scene_record(scene, 0, 2, 7, 5000, "", 0);
	scene_timer(scene, 0, 3, 7);
	scene_expect(&view, scene, "");
	view = (struct scene_view){ .without = { "local_timer_entry" } };
	scene_expect(&view, scene,
		     "1.000000001 0 EVENT [id 50 size 8]\n1.000000002 0 EVENT [id 5000 size 8]\n");
	scene_destroy(scene);
}

/* ---- times ---- */

static uint64_t when(struct mrg_set *set, enum mrg_time_mode mode, const char *text)
{
	uint64_t ns = 99;

	assert_int_equal(mrg_parse_when(set, mode, text, &ns, NULL), 0);
	return ns;
}

TEST(a_time_before_the_clock_began_is_its_begin)
{
	struct scene *scene = scene_create("alpha", 1);
	const char *path = scene_path(scene);
	struct mrg_set *set;

	scene_cycles(scene, SCENE_NS, 1000 * SCENE_NS);	/* it began 999 s after 1970 */
	scene_timer(scene, 0, 1, 7);
	scene_finish(scene);
	assert_int_equal(mrg_set_open(&set, &path, 1, NULL), 0);
	assert_int_equal(when(set, MRG_TIME_UTC, "1970-01-01T00:16:40Z"), SCENE_NS);
	assert_int_equal(when(set, MRG_TIME_UTC, "1970-01-01T00:16:39Z"), 0);
	assert_int_equal(when(set, MRG_TIME_UTC, "1970-01-01T00:16:38Z"), 0);
	assert_int_equal(when(set, MRG_TIME_TOD, "5.5"), 0);
	assert_int_equal(when(set, MRG_TIME_TOD, "1000.5"), SCENE_NS + SCENE_NS / 2);
	assert_int_equal(when(set, MRG_TIME_REL, "0.000000002"), SCENE_NS + 3);
	mrg_set_destroy(set);
	scene_destroy(scene);
}

#define WHAT_CAME "KVMRT_GS_LOG_MSG_HOST [150 id 0x3 missing 1 012345678901234567890123\\x00]\n"

/* After a second, at a window's end: who looks ahead must have the same windows. */
TEST(a_message_that_is_given_up_has_its_context_whatever_else_is_looked_at)
{
	struct scene *scene = scene_create("alpha", 1);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = {
		.opts = { .before = 1, .fields = { MRG_FIELD_COMM, MRG_FIELD_EVENT },
			  .nr_fields = 2 },
		.with = { "INTERRUPT_ENTER", "KVMRT_GS_LOG_MSG_HOST" }, .where = "\"*0123*\"",
	};
	unsigned int i;
	char *text;

	scene_comm(scene, 7, "a");
	scene_fragment(scene, 0, 1, 157, 150, 3, 0, 25, "012345678901234567890123");
	for (i = 1; i < 400; i++) {
		scene_timer(scene, 0, i * 10000000, 7);
		scene_switch(scene, 0, i * 10000000 + 1, 7, "a", 9, "b");
	}
	scene_finish(scene);
	text = scene_show(&view, paths, 1);
	assert_string_equal(view.error, "");
	assert_string_equal(text, "a INTERRUPT_ENTER [apic_timer]\n"
				  "a INTERRUPT_ENTER [apic_timer]\na " WHAT_CAME);
	free(text);
	scene_destroy(scene);
}

TEST(a_message_that_is_given_up_is_shown_with_the_records_of_its_task)
{
	struct scene *scene = scene_create("alpha", 1);
	const int pid = 157;
	struct scene_view view = {
		.opts = { .fields = { MRG_FIELD_PID, MRG_FIELD_COMM, MRG_FIELD_EVENT },
			  .nr_fields = 3, .pids = &pid, .nr_pids = 1 },
	};

	scene_comm(scene, 157, "a");
	scene_fragment(scene, 0, 1, 157, 150, 3, 0, 25, "012345678901234567890123");
	scene_timer(scene, 0, 2, 157);
	scene_timer(scene, 0, 3, 7);
	scene_switch(scene, 0, 4, 7, "b", 9, "c");
	scene_expect(&view, scene,
		     "157 a INTERRUPT_ENTER [apic_timer]\n157 a " WHAT_CAME);
	scene_destroy(scene);
}

/* Long after: where nothing of its task is among what is looked at. */
TEST(a_message_that_is_given_up_is_shown_where_its_task_is_wanted)
{
	struct scene *scene = scene_create("alpha", 1);
	const char *const paths[] = { scene_path(scene) };
	int pid = 157;
	struct scene_view view = {
		.opts = { .fields = { MRG_FIELD_EVENT }, .nr_fields = 1, .pids = &pid,
			  .nr_pids = 1 },
		.with = { "KVMRT_GS_LOG_MSG_HOST", "INTERRUPT_ENTER" },
	};
	unsigned int i;
	char *text;

	scene_comm(scene, 7, "b");
	scene_fragment(scene, 0, 1, 157, 150, 3, 0, 25, "012345678901234567890123");
	for (i = 1; i < 4000; i++)
		scene_fragment(scene, 0, i * 1000000, 9, 170, 4, 0, 24, "012345678901234567890123");
	scene_timer(scene, 0, 5000000000, 7);
	scene_finish(scene);
	text = scene_show(&view, paths, 1);
	assert_string_equal(view.error, "");
	assert_string_equal(text, WHAT_CAME);
	free(text);
	pid = 7;
	text = scene_show(&view, paths, 1);
	assert_string_equal(text, "INTERRUPT_ENTER [apic_timer]\n");
	free(text);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_of_a_buffer_may_have_any_length),
		cmocka_unit_test(what_was_lost_is_said_with_the_reason_that_the_recorder_had),
		cmocka_unit_test(a_mask_shows_all_of_its_cpus),
		cmocka_unit_test(a_mask_without_room_for_all_of_its_cpus_says_so),
		cmocka_unit_test(an_expression_knows_all_cpus_of_a_mask),
		cmocka_unit_test(an_event_that_nobody_describes_is_not_among_those_asked_for),
		cmocka_unit_test(a_time_before_the_clock_began_is_its_begin),
		cmocka_unit_test(
			a_message_that_is_given_up_has_its_context_whatever_else_is_looked_at),
		cmocka_unit_test(a_message_that_is_given_up_is_shown_with_the_records_of_its_task),
		cmocka_unit_test(a_message_that_is_given_up_is_shown_where_its_task_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
