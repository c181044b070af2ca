/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-trace.c - xtrace/trace.c: what is opened and refused, warnings, seeking by loads */
#include "xtrace/local.h"

#include <sys/stat.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

static void refused(const char *path, int code, const char *words)
{
	struct xt_trace *trace = NULL;
	struct rt_err err = { 0 };

	assert_int_equal(xt_trace_open(&trace, path, &err), code);
	assert_null(trace);
	assert_contains(err.text, path);
	assert_contains(err.text, words);
	assert_int_equal(xt_trace_open(&trace, path, NULL), code);
}

TEST(what_is_no_trace_is_refused_with_the_reason)
{
	char *folder = make_folder(), fifo[512], *file = make_file(folder, "text", "hello", 5);

	refused("/no/such/trace", -ENOENT, "cannot open the trace");
	refused(folder, -EINVAL, "has no file \"session\"");
	refused(file, -EINVAL, "is no trace.dat");
	refused("/dev/null", -EINVAL, "is neither a directory of xtrace-run nor a trace.dat");
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, -EINVAL, "is neither a directory of xtrace-run nor a trace.dat");
	free(make_file(folder, "session", "xtrace = 2\n", 11));
	refused(folder, -EOPNOTSUPP, "expected format version 1, found \"2\"");
	free(make_file(folder, "session", "xtrace = 1", 10));
	refused(folder, -EBADMSG, "session: ends within its first line");
	free(make_file(folder, "session", "thesis\n", 7));
	refused(folder, -EINVAL, "expected \"xtrace = 1\" in the first line");
	free(make_file(folder, "session", "xtrace = 1\nsubbuf-size = 17\n", 28));
	refused(folder, -EBADMSG, "sub-buffers of 17 bytes");
	free(file);
	make_remove(folder);
}

TEST(warnings_have_an_end)
{
	struct xt_trace *trace = xt_trace_new();

	for (unsigned int i = 0; i < 3 * XT_MAX_WARNINGS; i++)
		xt_warn(trace, "number %u", i);
	assert_int_equal(xt_trace_nr_warnings(trace), XT_MAX_WARNINGS);
	assert_string_equal(xt_trace_warning(trace, 1), "number 1");
	assert_contains(xt_trace_warning(trace, XT_MAX_WARNINGS - 1), "further warnings");
	assert_string_equal(xt_trace_warning(trace, XT_MAX_WARNINGS), "");
	xt_trace_destroy(trace);
}

TEST(kept_texts_live_as_long_as_the_trace)
{
	struct xt_trace *trace = xt_trace_new();
	const char *first = xt_keep(trace, "first and more", 5);

	for (unsigned int i = 0; i < 1000; i++)
		xt_keep(trace, "x", 1);
	assert_string_equal(first, "first");
	xt_trace_destroy(trace);
}

/* ---- a lane whose chunks tell their times only when they are loaded ---- */

#define NR 10
#define DAMAGED 6

static void nothing(struct xt_trace *trace)
{
	(void)trace;
}

static void chunk(const struct xt_trace *trace, unsigned int lane, size_t index,
		  struct xt_chunk *ret)
{
	(void)trace;
	(void)lane;
	(void)index;
	(void)ret;
}

static int load(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
		struct xt_pages **ret, struct rt_err *err)
{
	(void)lane;
	if (first <= DAMAGED && first + nr > DAMAGED)
		return rt_err_say(err, -EBADMSG, "chunk %d is damaged", DAMAGED);
	*ret = xt_pool_pages(trace->pool, (uint32_t)nr, 4096);
	make_page(xt_pages_data(*ret), 4096, 100 * first);
	return 0;
}

static const struct xt_backend backend = { .destroy = nothing, .chunk = chunk, .load = load };

TEST(a_time_is_sought_by_loading_where_no_head_tells_it)
{
	struct xt_trace *trace = xt_trace_new();
	struct xt_pages *pages;

	trace->backend = &backend;
	trace->lanes = calloc(1, sizeof(*trace->lanes));
	trace->lanes[0] = (struct xt_lane_info){ .buffer = "", .nr_chunks = NR };
	trace->nr_lanes = 1;
	assert_int_equal(xt_lane_seek(trace, 0, 0), 0);
	assert_int_equal(xt_lane_seek(trace, 0, 250), 2);
	assert_int_equal(xt_lane_seek(trace, 0, 300), 2); /* what is older may reach into it */
	assert_true(xt_lane_seek(trace, 0, 850) <= 8);	/* damage never leads behind it */
	assert_int_equal(xt_lane_seek(trace, 7, 850), 0);
	assert_int_equal(xt_lane_load(trace, 0, NR, 1, &pages, NULL), -EINVAL);
	assert_int_equal(xt_lane_load(trace, 0, 0, 0, &pages, NULL), -EINVAL);
	assert_int_equal(xt_lane_load(trace, 0, 1, SIZE_MAX, &pages, NULL), -EINVAL);
	assert_int_equal(xt_lane_load(trace, 1, 0, 1, &pages, NULL), -EINVAL);
	assert_null(xt_trace_lane(trace, 1));
	xt_trace_destroy(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_trace_is_refused_with_the_reason),
		cmocka_unit_test(warnings_have_an_end),
		cmocka_unit_test(kept_texts_live_as_long_as_the_trace),
		cmocka_unit_test(a_time_is_sought_by_loading_where_no_head_tells_it),
	};

	return RUN_TESTS(tests);
}
