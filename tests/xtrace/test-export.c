/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-export.c - xtrace/export.c: what was lost, sub-buffers of any size, several rings */
#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/local.h"
#include "xtrace/store-format.h"
#include "xtrace/store.h"

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
	static char text[1 << 16];
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

/* As many rows as CPUs up to the last: the known ones, some again. */
TEST(trace_cmd_takes_a_guest_of_which_not_all_cpus_are_known)
{
	static uint8_t pages[PER_CPU * 4096];
	const struct make_dat spec = {
		.version = 6, .codec = "none", .page_size = 4096, .cpus = 1, .pages = pages,
		.per_cpu = PER_CPU,
	};
	const struct xt_vcpu vcpus[] = {
		{ .tid = 157, .vcpu = 3, .trace_id = 9, .vm = "rt0" },
		{ .tid = 158, .vcpu = 1, .trace_id = 9, .vm = "rt0" },
		{ .tid = 200, .vcpu = 0, .trace_id = 8, .vm = "rt1" },
	};
	const struct xt_export_opts opts = { .vcpus = vcpus, .nr_vcpus = 3 };
	const struct xt_info *info;
	struct xt_trace *in, *out;

	set_up_pages(pages, 4096);
	in = open_spec(&spec);
	out = exported(in, &opts);
	info = xt_trace_info(out);
	assert_int_equal(info->nr_vcpus, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct xt_vcpu *want = &vcpus[i == 4 ? 2 : i == 1 ? 1 : 0];

		assert_int_equal(info->vcpus[i].vcpu, want->vcpu);
		assert_int_equal(info->vcpus[i].tid, want->tid);
		assert_true(info->vcpus[i].trace_id == want->trace_id);
	}
	xt_trace_destroy(in);
	xt_trace_destroy(out);
}

/* ---- blocks of a directory ---- */

#define BLOCK	(XT_STORE_BLOCK_BYTES / 4096)	/* sub-buffers of a whole one */

static uint8_t block[BLOCK * 4096];

/* Events from @ts on, ten a sub-buffer. */
static void set_up_block(uint64_t ts)
{
	for (unsigned int i = 0; i < BLOCK; i++) {
		make_page(block + i * 4096, 4096, ts + 100 * i);
		for (unsigned int k = 0; k < 10; k++)
			make_event(block + i * 4096, 1, i * k);
	}
}

static struct xt_store *make_store(char path[600])
{
	const struct xt_store_opts opts = { .no_sync = true, .force = true };
	struct xt_store *store;

	snprintf(path, 600, "%s/dir", folder);
	assert_int_equal(xt_store_create(&store, path, &opts, NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/header_page", make_header_page,
				      strlen(make_header_page), NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/heart/beat", make_format,
				      strlen(make_format), NULL), 0);
	return store;
}

static struct xt_trace *reopened(struct xt_store *store, const char *path)
{
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);
	return open_file(path);
}

static void expect_same_pages(const struct xt_trace *a, const struct xt_trace *b)
{
	struct xt_pages *x, *y;

	assert_int_equal(xt_trace_lane(a, 0)->nr_chunks, xt_trace_lane(b, 0)->nr_chunks);
	for (size_t c = 0; c < xt_trace_lane(a, 0)->nr_chunks; c++) {
		assert_int_equal(xt_lane_load(a, 0, c, 1, &x, NULL), 0);
		assert_int_equal(xt_lane_load(b, 0, c, 1, &y, NULL), 0);
		assert_int_equal(x->nr, y->nr);
		assert_memory_equal(x->base, y->base, (size_t)x->nr * x->page_size);
		xt_pages_put(x);
		xt_pages_put(y);
	}
}

/* Whether the file has what stands in the first block of cpu0.xt behind a frame's flags. */
static bool has_first_frame(const char *dir)
{
	char path[700], *from, *to;
	struct xt_block_head head;
	size_t from_len, to_len;
	bool has;

	snprintf(path, sizeof(path), "%s/cpu0.xt", dir);
	from = make_slurp(path, &from_len);
	memcpy(&head, from, sizeof(head));
	assert_int_equal(head.codec, XT_BLOCK_ZSTD);
	snprintf(path, sizeof(path), "%s/out.dat", folder);
	to = make_slurp(path, &to_len);
	has = memmem(to, to_len, from + sizeof(head) + 5, head.disk_size - 5);
	free(from);
	free(to);
	return has;
}

TEST(whole_blocks_are_copied_as_they_were_compressed)
{
	const struct xt_export_opts opts = { 0 };
	char dir[600];
	struct xt_store *store = make_store(dir);
	struct xt_trace *in, *out;

	for (unsigned int i = 0; i < 3; i++) {
		set_up_block(10000 * i);
		assert_int_equal(xt_store_append(store, 0, block, BLOCK, 0, NULL), 0);
	}
	in = reopened(store, dir);
	out = exported(in, &opts);
	assert_true(has_first_frame(dir));
	expect_same_pages(in, out);
	xt_trace_destroy(in);
	xt_trace_destroy(out);
}

TEST(what_is_copied_proves_itself)
{
	const struct xt_export_opts opts = { 0 };
	char dir[600], path[600], *bytes;
	struct xt_store *store = make_store(dir);
	struct xt_pages *pages;
	struct xt_trace *in, *out;
	size_t len;

	set_up_block(0);
	assert_int_equal(xt_store_append(store, 0, block, BLOCK, 0, NULL), 0);
	in = reopened(store, dir);
	xt_trace_destroy(exported(in, &opts));
	snprintf(path, sizeof(path), "%s/out.dat", folder);
	bytes = make_slurp(path, &len);
	for (size_t at = len / 4; at < len; at += len / 40) {
		bytes[at] ^= 0x10;
		free(make_file(folder, "bad.dat", bytes, len));
		bytes[at] ^= 0x10;
		snprintf(path, sizeof(path), "%s/bad.dat", folder);
		if (xt_trace_open(&out, path, NULL) < 0)
			continue;
		if (xt_trace_lane(out, 0)->nr_chunks &&
		    xt_lane_load(out, 0, 0, 1, &pages, NULL) == 0) {
			assert_memory_equal(pages->base, block, sizeof(block));
			xt_pages_put(pages);
		}
		xt_trace_destroy(out);
	}
	free(bytes);
	xt_trace_destroy(in);
}

/* A gap in front of the block, a sub-buffer with a mark, one that is empty. */
TEST(blocks_with_marks_are_compressed_anew)
{
	const struct xt_gap gap = { .reason = XT_GAP_PAUSE, .count_known = true, .count = 5 };
	const struct xt_export_opts opts = { 0 };
	const uint64_t three = 3;

	for (unsigned int kind = 0; kind < 3; kind++) {
		char dir[600];
		struct xt_store *store = make_store(dir);
		struct xt_trace *in, *out;
		const char *text;

		set_up_block(0);
		if (kind == 1)
			make_lost(block + 4096, &three);
		if (kind == 2)
			make_page(block + 4096, 4096, 100);
		assert_int_equal(xt_store_append(store, 0, block, BLOCK, 0, NULL), 0);
		if (kind == 0) {
			assert_int_equal(xt_store_gap(store, 0, &gap, NULL), 0);
			set_up_block(10000);
			assert_int_equal(xt_store_append(store, 0, block, BLOCK, 0, NULL), 0);
		}
		in = reopened(store, dir);
		out = exported(in, &opts);
		assert_true(has_first_frame(dir) == (kind == 0));
		text = shown(out);
		assert_non_null(strstr(text, kind == 0 ? " 3110 !5 10001 " : kind == 1 ?
				       " 10 !3 101 " : " 10 201 "));
		xt_trace_destroy(in);
		xt_trace_destroy(out);
	}
}

/* A chunk of its own for each would be a larger file, and slower to read. */
TEST(small_blocks_are_joined)
{
	const struct xt_export_opts opts = { 0 };
	char dir[600];
	struct xt_store *store = make_store(dir);
	struct xt_trace *in, *out;

	set_up_block(0);
	for (unsigned int i = 0; i < BLOCK; i++)
		assert_int_equal(xt_store_append(store, 0, block + i * 4096, 1, 0, NULL), 0);
	in = reopened(store, dir);
	out = exported(in, &opts);
	assert_int_equal(xt_trace_lane(in, 0)->nr_chunks, BLOCK);
	assert_int_equal(xt_trace_lane(out, 0)->nr_chunks, 2);
	xt_trace_destroy(in);
	xt_trace_destroy(out);
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
		cmocka_unit_test(trace_cmd_takes_a_guest_of_which_not_all_cpus_are_known),
		cmocka_unit_test(whole_blocks_are_copied_as_they_were_compressed),
		cmocka_unit_test(what_is_copied_proves_itself),
		cmocka_unit_test(blocks_with_marks_are_compressed_anew),
		cmocka_unit_test(small_blocks_are_joined),
		cmocka_unit_test(who_says_stop_gets_no_trace),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
