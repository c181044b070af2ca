/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-datfile.c - xtrace/datfile*.c: trace.dat files of each kind, whole and damaged */
#include "xtrace/xtrace.h"

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

#define PER_CPU 25
#define CPUS 2

static char *folder;
static uint8_t *pages;

/* Each sub-buffer has as many events as its number. */
static struct make_dat spec_of(unsigned int version, const char *codec, uint32_t page_size)
{
	const struct make_dat spec = {
		.version = version, .codec = codec, .page_size = page_size, .cpus = CPUS,
		.per_cpu = PER_CPU, .chunk_pages = 10,
	};
	struct make_dat out = spec;

	pages = realloc(pages, (size_t)CPUS * PER_CPU * page_size);
	assert_non_null(pages);
	for (unsigned int i = 0; i < CPUS * PER_CPU; i++) {
		uint8_t *page = pages + (size_t)i * page_size;

		make_page(page, page_size, 1000 + 100 * (uint64_t)(i % PER_CPU));
		for (unsigned int k = 0; k < i % PER_CPU; k++)
			make_event(page, 1, i);
	}
	out.pages = pages;
	return out;
}

static struct xt_trace *open_bytes(const struct rt_buf *bytes, struct rt_err *err)
{
	char *path = make_file(folder, "t.dat", bytes->data, bytes->len);
	struct xt_trace *trace = NULL;

	xt_trace_open(&trace, path, err);
	free(path);
	return trace;
}

static struct xt_trace *open_spec(const struct make_dat *spec)
{
	struct rt_buf bytes = { 0 };
	struct rt_err err = { 0 };
	struct xt_trace *trace;

	make_dat(&bytes, spec);
	trace = open_bytes(&bytes, &err);
	if (!trace)
		fail_msg("%s", err.text);
	rt_buf_finish(&bytes);
	return trace;
}

/* All events of a lane, loaded @step chunks at a time. */
static uint64_t count_lane(const struct xt_trace *trace, unsigned int lane, size_t step)
{
	size_t nr = xt_trace_lane(trace, lane)->nr_chunks;
	uint64_t n = 0;

	for (size_t c = 0; c < nr; c += step) {
		struct xt_pages *loaded;

		if (xt_lane_load(trace, lane, c, nr - c < step ? nr - c : step, &loaded, NULL) < 0)
			continue;
		for (uint32_t i = 0; i < loaded->nr; i++) {
			struct xt_cursor cursor;
			struct xt_rec rec;

			xt_cursor_start(&cursor, loaded->base + (size_t)i * loaded->page_size,
					loaded->page_size, (uint16_t)lane);
			while (xt_cursor_next(&cursor, &rec))
				n++;
		}
		xt_pages_put(loaded);
	}
	return n;
}

static const uint64_t lane_events = PER_CPU * (PER_CPU - 1) / 2;

static void check_whole(const struct make_dat *spec)
{
	struct xt_trace *trace = open_spec(spec);
	const struct xt_info *info = xt_trace_info(trace);
	const struct xt_event *beat = xt_trace_event_by_name(trace, "heart", "beat");

	assert_string_equal(info->kind, "trace.dat");
	assert_string_equal(info->time.clock, "mono");
	assert_true(info->time.is_ns);
	assert_int_equal(info->nr_cpus, CPUS);
	assert_int_equal(xt_trace_nr_warnings(trace), 0);
	assert_int_equal(xt_trace_nr_lanes(trace), spec->buffer ? 2 * CPUS : CPUS);
	for (unsigned int lane = 0; lane < xt_trace_nr_lanes(trace); lane++) {
		const char *buffer = lane < CPUS ? "" : spec->buffer;

		assert_int_equal(xt_trace_lane(trace, lane)->cpu, lane % CPUS);
		assert_string_equal(xt_trace_lane(trace, lane)->buffer, buffer);
		assert_int_equal(count_lane(trace, lane, 1), lane_events);
		assert_int_equal(count_lane(trace, lane, 2), lane_events);
		assert_int_equal(count_lane(trace, lane, 100), lane_events);
	}
	assert_non_null(beat);
	assert_int_equal(beat->id, MAKE_ID);
	assert_int_equal(beat->nr_fields, 5);
	assert_string_equal(xt_trace_comm(trace, 156), "CPU 0/KVM");
	xt_trace_destroy(trace);
}

TEST(version_6_is_read)
{
	struct make_dat spec = spec_of(6, "none", 4096);

	check_whole(&spec);
	spec.buffer = "second";
	check_whole(&spec);
}

TEST(version_7_is_read_with_each_compression)
{
	static const char *const codecs[] = { "none", "zlib", "zstd" };

	for (unsigned int i = 0; i < 3; i++) {
		struct make_dat spec = spec_of(7, codecs[i], 4096);

		check_whole(&spec);
		spec.buffer = "second";
		check_whole(&spec);
	}
}

TEST(sub_buffers_of_64_kib_are_read)
{
	struct make_dat spec = spec_of(7, "zstd", 65536);

	check_whole(&spec);
	spec = spec_of(7, "none", 65536);
	check_whole(&spec);
}

TEST(chunks_are_found_in_any_order)
{
	struct make_dat spec = spec_of(7, "zstd", 4096);
	struct xt_trace *trace;
	size_t nr;

	spec.chunk_pages = 1;
	trace = open_spec(&spec);
	nr = xt_trace_lane(trace, 1)->nr_chunks;
	assert_int_equal(nr, PER_CPU);
	for (size_t i = 0; i < 3 * nr; i++) {
		size_t chunk = i * 7 % nr;
		struct xt_pages *loaded;
		struct xt_chunk about;

		assert_int_equal(xt_lane_load(trace, 1, chunk, 1, &loaded, NULL), 0);
		assert_int_equal(xt_page_ts(loaded->base), 1000 + 100 * chunk);
		xt_pages_put(loaded);
		xt_lane_chunk(trace, 1, chunk, &about);
		assert_int_equal(about.nr_pages, 1);
		assert_false(about.times_known);
	}
	assert_int_equal(xt_lane_seek(trace, 1, 0), 0);
	assert_int_equal(xt_lane_seek(trace, 1, 1500), 4);
	assert_int_equal(xt_lane_seek(trace, 1, UINT64_MAX), nr - 1);
	xt_trace_destroy(trace);
}

TEST(options_tell_the_clock_the_host_and_the_guests)
{
	static const uint32_t tsc2nsec[] = { 1000, 10, 5, 0 };
	struct make_dat spec = spec_of(7, "zstd", 4096);
	const uint64_t id = 0x1122334455667788;
	struct rt_buf options = { 0 }, guest = { 0 };
	const struct xt_info *info;
	struct xt_trace *trace;

	rt_buf_add(&guest, "rt0", 4);
	rt_buf_add(&guest, &id, 8);
	rt_buf_add(&guest, "\x02\0\0\0" "\0\0\0\0" "\x9c\0\0\0" "\x01\0\0\0" "\x9d\0\0\0", 20);
	make_add_option(&options, 1, "0x10", 5);
	make_add_option(&options, 4, "[x86-tsc] mono", 15);
	make_add_option(&options, 5, "Linux kvmhost 6.1.0 x86_64", 27);
	make_add_option(&options, 7, "-3", 3);
	make_add_option(&options, 11, &id, 8);
	make_add_option(&options, 13, guest.data, (uint32_t)guest.len);
	make_add_option(&options, 14, tsc2nsec, sizeof(tsc2nsec));
	spec.options = options.data;
	spec.options_len = options.len;
	trace = open_spec(&spec);
	info = xt_trace_info(trace);
	assert_string_equal(info->time.clock, "x86-tsc");
	assert_true(info->time.convert && info->time.is_ns);
	assert_int_equal(info->time.mult, 1000);
	assert_int_equal(info->time.shift, 10);
	assert_int_equal(info->time.offset, 16000 - 3);
	assert_string_equal(info->host, "kvmhost");
	assert_string_equal(info->release, "6.1.0");
	assert_int_equal(info->trace_id, id);
	assert_int_equal(info->nr_vcpus, 2);
	assert_int_equal(info->vcpus[1].tid, 157);
	assert_int_equal(info->vcpus[1].vcpu, 1);
	assert_string_equal(info->vcpus[1].vm, "rt0");
	xt_trace_destroy(trace);
	rt_buf_finish(&options);
	rt_buf_finish(&guest);
}

TEST(a_clock_that_only_the_ring_names_is_told_apart)
{
	struct make_dat spec = spec_of(7, "zstd", 4096);
	struct rt_buf options = { 0 };
	struct xt_trace *trace = open_spec(&spec);

	assert_string_equal(xt_trace_info(trace)->time.clock, "mono");
	assert_true(xt_trace_info(trace)->time.unnoted);
	xt_trace_destroy(trace);
	make_add_option(&options, 4, "local [boot]", 13);
	spec.options = options.data;
	spec.options_len = options.len;
	trace = open_spec(&spec);
	assert_string_equal(xt_trace_info(trace)->time.clock, "boot");
	assert_false(xt_trace_info(trace)->time.unnoted);
	xt_trace_destroy(trace);
	rt_buf_finish(&options);
}

static void put64(struct rt_buf *out, uint64_t v)
{
	rt_buf_add(out, &v, 8);
}

TEST(time_shift_has_its_fractions_behind_the_last_cpu)
{
	static const uint64_t rows[2][3][2] = {
		{ { 20, 10 }, { 5, (uint64_t)-7 }, { 1, 1 } }, { { 1, 1 }, { 8, 9 }, { 3, 4 } },
	};
	struct make_dat spec = spec_of(7, "none", 4096);
	struct rt_buf shift = { 0 }, options = { 0 };
	const struct xt_info *info;
	struct xt_trace *trace;

	put64(&shift, 99);
	rt_buf_add(&shift, "\0\0\0\0\x02\0\0\0", 8);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		rt_buf_add(&shift, "\x02\0\0\0", 4);
		for (unsigned int i = 0; i < 6; i++)
			put64(&shift, rows[cpu][i / 2][i % 2]);
	}
	for (unsigned int i = 0; i < 4; i++)
		put64(&shift, 30 + i);
	make_add_option(&options, 12, shift.data, (uint32_t)shift.len);
	spec.options = options.data;
	spec.options_len = options.len;
	trace = open_spec(&spec);
	info = xt_trace_info(trace);
	assert_int_equal(info->peer_id, 99);
	assert_int_equal(info->nr_shifts, 2);
	assert_int_equal(info->shifts[0].nr, 2);	/* sorted by time */
	assert_int_equal(info->shifts[0].samples[0].time, 10);
	assert_int_equal(info->shifts[0].samples[0].offset, -7);
	assert_int_equal(info->shifts[0].samples[0].fraction, 31);
	assert_int_equal(info->shifts[1].nr, 1);	/* equal times: the first */
	xt_trace_destroy(trace);
	rt_buf_finish(&options);
	rt_buf_finish(&shift);
}

/* ---- refused ---- */

static void refused(struct rt_buf *bytes, const char *words)
{
	struct rt_err err = { 0 };
	struct xt_trace *trace = open_bytes(bytes, &err);

	assert_null(trace);
	assert_contains(err.text, words);
}

TEST(other_machines_and_versions_are_refused_in_words)
{
	struct make_dat spec = spec_of(7, "zstd", 4096);
	struct rt_buf bytes = { 0 };

	make_dat(&bytes, &spec);
	bytes.data[12] = 1;
	refused(&bytes, "big-endian");
	bytes.data[12] = 0;
	bytes.data[13] = 4;
	refused(&bytes, "32-bit");
	bytes.data[13] = 8;
	bytes.data[10] = '8';
	refused(&bytes, "expected trace.dat version 6 or 7");
	bytes.data[0] = 0;
	refused(&bytes, "is no trace.dat");
	bytes.len = 0;
	refused(&bytes, "is no trace.dat");
	rt_buf_finish(&bytes);
}

TEST(a_file_that_is_cut_within_its_head_is_damaged)
{
	struct make_dat spec = spec_of(7, "none", 4096);
	struct rt_buf bytes = { 0 };
	struct rt_err err = { 0 };

	make_dat(&bytes, &spec);
	for (bytes.len = 10; bytes.len < 30; bytes.len++) {
		assert_null(open_bytes(&bytes, &err));
		assert_int_equal(err.code, -EBADMSG);
		assert_contains(err.text, "the file ends within its head");
	}
	rt_buf_finish(&bytes);
}

TEST(a_list_of_options_that_leads_back_ends)
{
	struct make_dat spec = spec_of(7, "none", 4096);
	struct rt_buf bytes = { 0 };
	struct xt_trace *trace;
	uint64_t first;

	make_dat(&bytes, &spec);
	memcpy(&first, bytes.data + 24, sizeof(first));	/* behind "none\0" and "\0" */
	memcpy(bytes.data + bytes.len - 8, &first, sizeof(first));
	trace = open_bytes(&bytes, NULL);
	assert_non_null(trace);
	assert_int_equal(xt_trace_nr_warnings(trace), 1);
	assert_contains(xt_trace_warning(trace, 0), "leads back to itself");
	assert_int_equal(count_lane(trace, 0, 1), lane_events);
	xt_trace_destroy(trace);
	rt_buf_finish(&bytes);
}

/* Opens and reads whatever can be read: nothing may crash, hang or grow. */
static void survive(struct rt_buf *bytes)
{
	struct rt_err err = { 0 };
	struct xt_trace *trace = open_bytes(bytes, &err);

	if (!trace) {
		assert_true(err.text[0]);
		return;
	}
	for (unsigned int lane = 0; lane < xt_trace_nr_lanes(trace) && lane < 64; lane++)
		count_lane(trace, lane, 3);
	xt_trace_symbol(trace, 0xffffffff81001010, NULL);
	xt_trace_destroy(trace);
}

TEST(a_cut_file_gives_what_is_left)
{
	struct make_dat spec = spec_of(7, "none", 4096);
	struct rt_buf bytes = { 0 };
	size_t whole;

	spec.cpus = 1;
	spec.per_cpu = 3;
	make_dat(&bytes, &spec);
	whole = bytes.len;
	for (bytes.len = 0; bytes.len < whole; bytes.len += bytes.len < 2000 ? 1 : 61)
		survive(&bytes);
	rt_buf_finish(&bytes);
}

TEST(a_cut_version_6_says_how_much_is_there)
{
	struct make_dat spec = spec_of(6, "none", 4096);
	struct rt_buf bytes = { 0 };
	struct rt_err err = { 0 };
	struct xt_trace *trace;

	make_dat(&bytes, &spec);
	bytes.len -= 4096 + 100;
	trace = open_bytes(&bytes, &err);
	assert_non_null(trace);
	assert_int_equal(xt_trace_nr_warnings(trace), 1);
	assert_contains(xt_trace_warning(trace, 0), "cpu1: the file is cut");
	assert_int_equal(count_lane(trace, 1, 1), lane_events - (PER_CPU - 1) - (PER_CPU - 2));
	xt_trace_destroy(trace);
	rt_buf_finish(&bytes);
}

TEST(no_byte_of_the_metadata_can_do_harm)
{
	static const uint8_t values[] = { 0x00, 0x7f, 0xff };
	static const char *const codecs[] = { "none", "zstd" };

	for (unsigned int kind = 0; kind < 3; kind++) {
		struct make_dat spec = spec_of(kind == 2 ? 6 : 7, codecs[kind % 2], 4096);
		struct rt_buf bytes = { 0 };

		spec.cpus = 1;
		spec.per_cpu = 1;
		spec.chunk_pages = 1;
		make_dat(&bytes, &spec);
		for (size_t i = 0; i < bytes.len; i++) {
			char was = bytes.data[i];

			bytes.data[i] = (char)values[i % 3];
			survive(&bytes);
			bytes.data[i] = was;
		}
		rt_buf_finish(&bytes);
	}
}

TEST(a_chunk_that_lies_about_its_size_is_an_error_of_its_own)
{
	struct make_dat spec = spec_of(7, "zstd", 4096);
	struct rt_buf bytes = { 0 };
	struct rt_err err = { 0 };
	struct xt_trace *trace;
	struct xt_pages *loaded;
	uint32_t sizes[2];
	char *hit;

	make_dat(&bytes, &spec);
	memcpy(sizes, "\0\0\0\0\0\xa0\0\0", 8);	/* ten sub-buffers */
	for (hit = bytes.data; hit; hit++) {
		hit = memmem(hit, (size_t)(bytes.data + bytes.len - hit), &sizes[1], 4);
		if (hit && memcmp(hit + 4, "\x28\xb5\x2f\xfd", 4) == 0)
			break;
	}
	assert_non_null(hit);
	memcpy(hit, "\xff\xff\xff\xff", 4);
	trace = open_bytes(&bytes, &err);
	assert_non_null(trace);
	assert_int_equal(xt_lane_load(trace, 0, 0, 1, &loaded, &err), -EBADMSG);
	assert_contains(err.text, "cpu0: chunk 0");
	assert_int_equal(xt_lane_load(trace, 0, 1, 1, &loaded, &err), 0);
	xt_pages_put(loaded);
	memcpy(hit, "\0\x10\0\0", 4);	/* less than what comes out */
	xt_trace_destroy(trace);
	trace = open_bytes(&bytes, &err);
	assert_int_equal(xt_lane_load(trace, 0, 0, 1, &loaded, &err), -EBADMSG);
	assert_contains(err.text, "cannot decompress");
	xt_trace_destroy(trace);
	rt_buf_finish(&bytes);
}

TEST(a_file_that_is_cut_in_front_of_its_table_gives_the_cpus_that_are_there)
{
	static const char *const codecs[] = { "none", "zlib", "zstd" };

	for (unsigned int i = 0; i < 3; i++) {
		struct make_dat spec = spec_of(7, codecs[i], 4096);
		struct rt_buf bytes = { 0 };
		struct xt_trace *trace;
		uint64_t options;

		spec.aligned = true;
		make_dat(&bytes, &spec);
		memcpy(&options, bytes.data + 18 + strlen(codecs[i]) + (i ? 3 : 2), 8);
		bytes.len = options;
		trace = open_bytes(&bytes, NULL);
		assert_non_null(trace);
		assert_int_equal(xt_trace_nr_lanes(trace), CPUS);
		assert_contains(xt_trace_warning(trace, 0), "lies beyond the file");
		assert_contains(xt_trace_warning(trace, 1), "2 CPUs are numbered as they stand");
		for (unsigned int lane = 0; lane < CPUS; lane++)
			assert_int_equal(count_lane(trace, lane, 1), lane_events);
		assert_non_null(xt_trace_event_by_name(trace, "heart", "beat"));
		xt_trace_destroy(trace);
		rt_buf_finish(&bytes);
	}
}

TEST(sizes_that_no_file_has_are_cut_or_refused)
{
	static const uint64_t sizes[] = { UINT64_MAX, 1ull << 63, UINT64_MAX - 3 };
	struct make_dat spec = spec_of(7, "none", 4096);

	for (unsigned int i = 0; i < 3; i++) {
		struct rt_buf bytes = { 0 };
		struct xt_trace *trace;

		make_dat(&bytes, &spec);
		/* The end's option has 14 bytes, in front of it stands the last CPU's size. */
		memcpy(bytes.data + bytes.len - 14 - 8, &sizes[i], 8);
		trace = open_bytes(&bytes, NULL);
		assert_non_null(trace);
		assert_contains(xt_trace_warning(trace, 0), "cpu1: the file is cut");
		assert_int_equal(count_lane(trace, 0, 2), lane_events);
		xt_trace_destroy(trace);
		rt_buf_finish(&bytes);
	}
}

TEST(data_that_two_cpus_claim_is_read_once)
{
	struct make_dat spec = spec_of(6, "none", 4096);
	struct rt_buf bytes = { 0 };
	struct xt_trace *trace;
	uint64_t *table;

	make_dat(&bytes, &spec);
	table = memmem(bytes.data, bytes.len, "flyrecord", 10) + 10;
	memcpy(table + 2, table, 8);	/* CPU 1's data where CPU 0's is */
	trace = open_bytes(&bytes, NULL);
	assert_non_null(trace);
	assert_contains(xt_trace_warning(trace, 0), "is that of another CPU too");
	assert_int_equal(count_lane(trace, 0, 1) + count_lane(trace, 1, 1), lane_events);
	xt_trace_destroy(trace);
	rt_buf_finish(&bytes);
}

static int setup(void **state)
{
	(void)state;
	folder = make_folder();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	make_remove(folder);
	free(pages);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_6_is_read),
		cmocka_unit_test(version_7_is_read_with_each_compression),
		cmocka_unit_test(sub_buffers_of_64_kib_are_read),
		cmocka_unit_test(chunks_are_found_in_any_order),
		cmocka_unit_test(options_tell_the_clock_the_host_and_the_guests),
		cmocka_unit_test(a_clock_that_only_the_ring_names_is_told_apart),
		cmocka_unit_test(time_shift_has_its_fractions_behind_the_last_cpu),
		cmocka_unit_test(other_machines_and_versions_are_refused_in_words),
		cmocka_unit_test(a_file_that_is_cut_within_its_head_is_damaged),
		cmocka_unit_test(a_list_of_options_that_leads_back_ends),
		cmocka_unit_test(a_cut_file_gives_what_is_left),
		cmocka_unit_test(
			a_file_that_is_cut_in_front_of_its_table_gives_the_cpus_that_are_there),
		cmocka_unit_test(sizes_that_no_file_has_are_cut_or_refused),
		cmocka_unit_test(data_that_two_cpus_claim_is_read_once),
		cmocka_unit_test(a_cut_version_6_says_how_much_is_there),
		cmocka_unit_test(no_byte_of_the_metadata_can_do_harm),
		cmocka_unit_test(a_chunk_that_lies_about_its_size_is_an_error_of_its_own),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
