/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-line.c - gs/host/line.c: no guest can forge a line of the host's log */
#include "gs/host/line.h"
#include "tests/unit.h"

#include "kvm-events/kvm-events.h"

static struct gs_line line;

static const char *message(const void *data, uint16_t length, uint64_t cells)
{
	const struct kev_message msg = {
		.data = data, .length = length, .cells = &cells,
		.missing = 0,	/* the cells tell */
	};

	line.len = 0;
	line.text[0] = '\0';
	gs_line_message(&line, &msg);
	return line.text;
}

TEST(a_line_begins_with_time_and_caller_of_the_host)
{
	gs_line_begin(&line, 1764115323123456789ull, "vm1", 3);
	assert_string_equal(line.text, "2025-11-26T00:02:03.123456Z vm1/3: ");
	gs_line_begin(&line, 999, "vm1", -1);
	assert_string_equal(line.text, "1970-01-01T00:00:00.000000Z vm1: ");
}

TEST(plain_text_is_as_it_was_sent)
{
	assert_string_equal(message("VM1 is about to start A: 100%s", 30, UINT64_MAX),
			    "VM1 is about to start A: 100%s");
}

TEST(what_could_end_a_line_or_move_the_cursor_is_escaped)
{
	assert_string_equal(message("a\nb\r\x1b[2J\0\x7f\xff\\", 12, UINT64_MAX),
			    "a\\x0ab\\x0d\\x1b[2J\\x00\\x7f\\xff\\\\");
}

TEST(a_hole_stands_where_it_is)
{
	char data[60];

	memset(data, 'x', sizeof(data));
	assert_string_equal(message(data, 60, 1 | 4),
			    "xxxxxxxxxxxxxxxxxxxxxxxx[24 bytes missing]xxxxxxxxxxxx");
	assert_string_equal(message(data, 60, 1), "xxxxxxxxxxxxxxxxxxxxxxxx[36 bytes missing]");
	assert_string_equal(message(data, 60, 0), "[60 bytes missing]");
}

TEST(what_does_not_fit_in_the_longest_line_is_counted)
{
	char data[GS_MSG_MAX];

	memset(data, 0xff, sizeof(data));
	message(data, sizeof(data), UINT64_MAX);
	assert_in_range(line.len, 800, GS_LINE_MAX);
	assert_int_equal(strlen(line.text), line.len);
	assert_contains(line.text, "\\xff... (21 bytes more)");
}

TEST(a_name_has_no_byte_that_parts_a_line)
{
	char buf[64], small[6];

	assert_string_equal(gs_line_name(buf, sizeof(buf), "rt-vm_1.a"), "rt-vm_1.a");
	assert_string_equal(gs_line_name(buf, sizeof(buf), "a b/c:\n"), "a\\x20b\\x2fc\\x3a\\x0a");
	assert_string_equal(gs_line_name(small, sizeof(small), "ab  "), "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_begins_with_time_and_caller_of_the_host),
		cmocka_unit_test(plain_text_is_as_it_was_sent),
		cmocka_unit_test(what_could_end_a_line_or_move_the_cursor_is_escaped),
		cmocka_unit_test(a_hole_stands_where_it_is),
		cmocka_unit_test(what_does_not_fit_in_the_longest_line_is_counted),
		cmocka_unit_test(a_name_has_no_byte_that_parts_a_line),
	};

	return RUN_TESTS(tests);
}
