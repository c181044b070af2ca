/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-marks.c - the guest's lines are those that the decoder of kvm-events reads */
#include "gs/marks.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kvm-events/kvm-events.h"

static char dir[64];

static void make_file(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make_dir(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/kvmrt-test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	make_file("trace_marker");
	make_dir("instances");
	make_dir("instances/xtrace-a");
	make_file("instances/xtrace-a/trace_marker");
	make_dir("instances/xtrace-a.gs");
	make_file("instances/xtrace-a.gs/trace_marker");
	make_dir("instances/xtrace-a.tsc");
	make_file("instances/xtrace-a.tsc/trace_marker");
	make_dir("instances/other");
	make_file("instances/other/trace_marker");
	make_dir("instances/xtrace-empty");
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* A plain file keeps no borders between writes, so a test of several reads prefixes. */
static size_t text_of(const char *name, char *buf, size_t size)
{
	char path[128];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	got = read(fd, buf, size - 1);
	close(fd);
	assert_true(got >= 0);
	buf[got] = '\0';
	return got;
}

static void open_marks(struct gs_marks *marks)
{
	const char *const tracing[2] = { "/nonexistent", dir };

	gs_marks_open(marks, tracing);
}

static struct kev_gs decode(void)
{
	char text[GS_MARKER_LINE_MAX + 1];
	size_t len = text_of("trace_marker", text, sizeof(text));
	struct kev_gs gs;

	assert_int_equal(kev_marker_parse(&gs, text, len), 0);
	return gs;
}

TEST(lines_go_to_the_kernels_trace_and_to_every_session_but_no_other_instance)
{
	struct gs_marks marks;
	char text[128];

	open_marks(&marks);
	assert_int_equal(marks.nr, 2);
	gs_marks_ping(&marks, 0x2a);
	gs_marks_close(&marks);
	text_of("trace_marker", text, sizeof(text));
	assert_string_equal(text, "kvmrt_gs: ping cookie=0x2a");
	text_of("instances/xtrace-a/trace_marker", text, sizeof(text));
	assert_string_equal(text, "kvmrt_gs: ping cookie=0x2a");
	assert_int_equal(text_of("instances/other/trace_marker", text, sizeof(text)), 0);
	assert_int_equal(text_of("instances/xtrace-a.gs/trace_marker", text, sizeof(text)), 0);
	assert_int_equal(text_of("instances/xtrace-a.tsc/trace_marker", text, sizeof(text)), 0);
}

TEST(a_flush_alone_also_wakes_who_waits_beside_a_session)
{
	struct gs_marks marks;
	char text[128];

	open_marks(&marks);
	gs_marks_start(&marks, GS_NR_XTRACE_FLUSH, (const uint64_t[4]){ 0 });
	gs_marks_flush(&marks, 1, 0xabc);
	gs_marks_end(&marks, GS_NR_XTRACE_FLUSH, 0);
	gs_marks_close(&marks);
	text_of("instances/xtrace-a.gs/trace_marker", text, sizeof(text));
	assert_string_equal(text, "kvmrt_gs: flush scope=0x1 incident=0xabc");
	assert_int_equal(text_of("instances/xtrace-a.tsc/trace_marker", text, sizeof(text)), 0);
}

TEST(nothing_stays_open)
{
	struct gs_marks marks;
	int before = open("/dev/null", O_RDONLY), after;

	close(before);
	open_marks(&marks);
	gs_marks_close(&marks);
	assert_int_equal(marks.nr, 0);
	after = open("/dev/null", O_RDONLY);
	assert_int_equal(after, before);
	close(after);
}

TEST(without_a_trace_there_is_nothing_to_write_to)
{
	static const char *const nowhere[2] = { "/nonexistent", NULL };
	struct gs_marks marks;

	gs_marks_open(&marks, nowhere);
	assert_int_equal(marks.nr, 0);
	gs_marks_ping(&marks, 1);
	gs_marks_close(&marks);
}

TEST(a_call_with_the_largest_numbers_is_read_back_as_it_was)
{
	const uint64_t arg[4] = { UINT64_MAX, 0, UINT64_MAX - 1, 1 };
	struct gs_marks marks;
	struct kev_gs gs;

	open_marks(&marks);
	gs_marks_start(&marks, GS_NR_PING, arg);
	gs_marks_close(&marks);
	gs = decode();
	assert_int_equal(gs.kind, KEV_GS_HC_START);
	assert_true(gs.nr == GS_NR_PING);
	assert_memory_equal(gs.arg, arg, sizeof(arg));
}

TEST(a_flush_carries_scope_and_incident)
{
	struct gs_marks marks;
	struct kev_gs gs;

	open_marks(&marks);
	gs_marks_flush(&marks, 2, 0xfedcba9876543211);
	gs_marks_close(&marks);
	gs = decode();
	assert_int_equal(gs.kind, KEV_GS_FLUSH);
	assert_true(gs.arg[0] == 2 && gs.arg[1] == 0xfedcba9876543211);
}

static void check_end(int64_t ret)
{
	struct gs_marks marks;
	struct kev_gs gs;

	open_marks(&marks);
	assert_int_equal(ftruncate(marks.fds[0], 0), 0);
	gs_marks_end(&marks, GS_NR_PING, ret);
	gs_marks_close(&marks);
	gs = decode();
	assert_int_equal(gs.kind, KEV_GS_HC_END);
	assert_true((int64_t)gs.arg[0] == ret);
}

TEST(an_answer_keeps_its_sign)
{
	check_end(0);
	check_end(-1000);
	check_end(4080);
	check_end(INT64_MIN + 1);
}

TEST(every_byte_of_data_is_read_back)
{
	uint8_t data[GS_MARKER_DATA_MAX];
	struct gs_marks marks;
	struct kev_gs gs;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + 3;
	open_marks(&marks);
	gs_marks_data(&marks, GS_NR_XTRACE_LOG_DATA, 0xffffffff, data, sizeof(data));
	gs_marks_close(&marks);
	gs = decode();
	assert_int_equal(gs.kind, KEV_GS_LOG_DATA);
	assert_true(gs.frag.id == 0xffffffff && gs.frag.length == sizeof(data));
	assert_int_equal(gs.frag.size, sizeof(data));
	assert_memory_equal(gs.frag.data, data, sizeof(data));
}

/* Where the n-th line of @text begins. */
static const char *line_at(const char *text, unsigned int n)
{
	while (n-- && text)
		text = strstr(text + 1, GS_MARKER_PREFIX);
	return text;
}

TEST(the_longest_data_comes_in_seventeen_lines_that_cover_it)
{
	static uint8_t data[GS_DATA_MAX], back[GS_DATA_MAX];
	static char text[17 * GS_MARKER_LINE_MAX + 1];
	struct gs_marks marks;
	struct kev_gs gs;
	unsigned int i, n;
	const char *line, *next;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i ^ i >> 8;
	open_marks(&marks);
	gs_marks_data(&marks, GS_NR_XTRACE_LOG_DATA, 9, data, sizeof(data));
	gs_marks_close(&marks);
	text_of("trace_marker", text, sizeof(text));
	for (n = 0; (line = line_at(text, n)); n++) {
		next = line_at(text, n + 1);
		assert_int_equal(kev_marker_parse(&gs, line, next ? (size_t)(next - line) :
						  strlen(line)), 0);
		memcpy(back + gs.frag.offset, gs.frag.data, gs.frag.size);
	}
	assert_int_equal(n, 17);
	assert_memory_equal(back, data, sizeof(data));
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(lines_go_to_the_kernels_trace_and_to_every_session_but_no_other_instance),
		DIR_TEST(a_flush_alone_also_wakes_who_waits_beside_a_session),
		DIR_TEST(nothing_stays_open),
		cmocka_unit_test(without_a_trace_there_is_nothing_to_write_to),
		DIR_TEST(a_call_with_the_largest_numbers_is_read_back_as_it_was),
		DIR_TEST(a_flush_carries_scope_and_incident),
		DIR_TEST(an_answer_keeps_its_sign),
		DIR_TEST(every_byte_of_data_is_read_back),
		DIR_TEST(the_longest_data_comes_in_seventeen_lines_that_cover_it),
	};

	return RUN_TESTS(tests);
}
