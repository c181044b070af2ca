/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-export.c - xtrace/export.c: what was lost, sub-buffers of any size, several rings */
#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/local.h"

#define PER_CPU 5

static char *folder;

static struct xt_trace *open_file(const char *path)
{
	struct rt_err err = { 0 };
	struct xt_trace *trace;

	if (xt_trace_open(&trace, path, &err) < 0)
		fail_msg("%s", err.text);
	return trace;
}

static struct xt_trace *open_spec(const struct make_dat *spec)
{
	struct rt_buf bytes = { 0 };
	struct xt_trace *trace;
	char *path;

	make_dat(&bytes, spec);
	path = make_file(folder, "in.dat", bytes.data, bytes.len);
	trace = open_file(path);
	rt_buf_finish(&bytes);
	free(path);
	return trace;
}

static struct xt_trace *exported(const struct xt_trace *trace, const struct xt_export_opts *opts)
{
	char path[600];
	struct rt_err err = { 0 };
	int fd;

	snprintf(path, sizeof(path), "%s/out.dat", folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	if (xt_export(trace, fd, opts, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	return open_file(path);
}

/* "TIME" of each event, "!COUNT" or "!?" where some were lost, for all lanes. */
static const char *shown(const struct xt_trace *trace)
{
	static char text[4096];
	char *p = text;

	for (unsigned int l = 0; l < xt_trace_nr_lanes(trace); l++) {
		const struct xt_lane_info *lane = xt_trace_lane(trace, l);

		p += sprintf(p, "%s%u: ", lane->buffer, lane->cpu);
		for (size_t c = 0; c < lane->nr_chunks; c++) {
			struct xt_pages *pages;

			assert_int_equal(xt_lane_load(trace, l, c, 1, &pages, NULL), 0);
			for (uint32_t i = 0; i < pages->nr; i++) {
				struct xt_cursor cursor;
				struct xt_rec rec;
				uint64_t count;

				xt_cursor_start(&cursor, pages->base + i * pages->page_size,
						pages->page_size, 0);
				while (xt_cursor_next(&cursor, &rec)) {
					if (!(rec.flags & XT_REC_LOST)) {
						p += sprintf(p, "%d ", (int)rec.ts);
						continue;
					}
					if (rec.data)
						memcpy(&count, rec.data, sizeof(count));
					p += rec.data ? sprintf(p, "!%d ", (int)count) :
						sprintf(p, "!? ");
				}
			}
			xt_pages_put(pages);
		}
	}
	return text;
}

static void set_up_pages(uint8_t *pages, uint32_t size)
{
	for (unsigned int i = 0; i < PER_CPU; i++) {
		make_page(pages + i * size, size, 100 * (i + 1));
		if (i != 2)
			make_event(pages + i * size, 1, i);
	}
}

TEST(what_is_exported_is_read_back)
{
	static const uint32_t sizes[] = { 4096, 16384 };

	for (size_t i = 0; i < 2; i++) {
		uint8_t *pages = malloc(PER_CPU * sizes[i]);
		struct make_dat spec = {
			.version = 7, .codec = "zlib", .page_size = sizes[i], .cpus = 1,
			.pages = pages, .per_cpu = PER_CPU, .chunk_pages = 2, .buffer = "more",
		};
		const struct xt_export_opts opts = { .trace_id = 5 };
		struct xt_trace *in, *out;

		assert_non_null(pages);
		set_up_pages(pages, sizes[i]);
		in = open_spec(&spec);
		out = exported(in, &opts);
		assert_string_equal(shown(out), "0: 101 201 401 501 more0: 101 201 401 501 ");
		assert_true(xt_trace_info(out)->trace_id == 5);
		assert_string_equal(xt_trace_info(out)->time.clock, "mono");
		assert_string_equal(xt_trace_comm(out, 156), "CPU 0/KVM");
		assert_string_equal(xt_trace_symbol(out, 0xffffffff81001004, NULL), "do_work");
		assert_string_equal(xt_trace_event(out, MAKE_ID)->name, "beat");
		assert_int_equal(xt_trace_nr_warnings(out), 0);
		xt_trace_destroy(in);
		xt_trace_destroy(out);
		free(pages);
	}
}

TEST(what_was_lost_is_told_at_the_next_event)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_export_opts opts = { 0 };
	const uint64_t three = 3, four = 4;
	struct xt_trace *in, *out;

	set_up_pages(pages, 4096);
	make_lost(pages + 4096, &three);
	/* The third has no events: it goes, and what it says is said with the fourth's. */
	make_lost(pages + 2 * 4096, &four);
	make_lost(pages + 3 * 4096, &three);
	make_lost(pages + 4 * 4096, NULL);
	in = open_spec(&spec);
	out = exported(in, &opts);
	assert_string_equal(shown(out), "0: 101 !3 201 !7 401 !? 501 ");
	xt_trace_destroy(in);
	xt_trace_destroy(out);
}

TEST(a_number_for_which_there_is_no_room_is_left_out)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_export_opts opts = { 0 };
	const uint64_t four = 4;
	struct xt_trace *in, *out;

	set_up_pages(pages, 4096);
	make_lost(pages + 2 * 4096, &four);
	for (unsigned int i = 1; i < 4080 / 16; i++)
		make_event(pages + 3 * 4096, 0, 0);
	in = open_spec(&spec);
	out = exported(in, &opts);
	assert_non_null(strstr(shown(out), "201 !? 401 401 "));
	xt_trace_destroy(in);
	xt_trace_destroy(out);
}

TEST(a_ring_can_be_without_the_main_one)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_export_opts opts = { 0 };
	struct xt_trace *in, *out;

	set_up_pages(pages, 4096);
	in = open_spec(&spec);
	in->lanes[0].buffer = "lone";
	out = exported(in, &opts);
	assert_int_equal(xt_trace_nr_warnings(out), 0);
	assert_string_equal(shown(out), "0: lone0: 101 201 401 501 ");
	xt_trace_destroy(in);
	xt_trace_destroy(out);
}

/* More than readers take at once. */
TEST(texts_without_measure_are_refused)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_export_opts opts = { 0 };
	struct xt_trace *in;
	char path[600];
	int fd;

	set_up_pages(pages, 4096);
	in = open_spec(&spec);
	free(in->printk.data);
	in->printk = (struct xt_text){ .data = calloc(1, XT_MAX_TEXT + 1), .len = XT_MAX_TEXT };
	snprintf(path, sizeof(path), "%s/large.dat", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(xt_export(in, fd, &opts, NULL), -EFBIG);
	close(fd);
	xt_trace_destroy(in);
}

static bool at_once(void *arg)
{
	(void)arg;
	return true;
}

TEST(who_says_stop_gets_no_trace)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_export_opts opts = { .stop = at_once };
	struct xt_trace *in;
	char path[600];
	int fd;

	set_up_pages(pages, 4096);
	in = open_spec(&spec);
	snprintf(path, sizeof(path), "%s/stopped.dat", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(xt_export(in, fd, &opts, NULL), -EINTR);
	close(fd);
	xt_trace_destroy(in);
}

static int set_up(void **state)
{
	(void)state;
	folder = make_folder();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	make_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_exported_is_read_back),
		cmocka_unit_test(what_was_lost_is_told_at_the_next_event),
		cmocka_unit_test(a_number_for_which_there_is_no_room_is_left_out),
		cmocka_unit_test(a_ring_can_be_without_the_main_one),
		cmocka_unit_test(texts_without_measure_are_refused),
		cmocka_unit_test(who_says_stop_gets_no_trace),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
