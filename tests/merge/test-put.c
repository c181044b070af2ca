/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-put.c - merge/put.c: numbers and texts as printf has them, and nothing a terminal obeys */
#include "merge/put.h"

#include <inttypes.h>

#include "tests/unit.h"

static void same(const char *expected, char *text, const char *end)
{
	text[end - text] = '\0';
	assert_string_equal(text, expected);
}

TEST(numbers_are_those_of_printf)
{
	char text[64], expected[64];
	uint64_t v;
	int shift, less;

	for (shift = 0; shift < 64; shift++) {
		for (less = 0; less < 3; less++) {
			v = (1ull << shift) - (uint64_t)less;
			snprintf(expected, sizeof(expected), "%" PRIu64, v);
			same(expected, text, mrg_put_u64(text, v));
			snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)v);
			same(expected, text, mrg_put_i64(text, (int64_t)v));
			snprintf(expected, sizeof(expected), "%" PRIx64, v);
			same(expected, text, mrg_put_hex(text, v));
		}
	}
	for (v = 1; v < UINT64_MAX / 10; v *= 10) {
		snprintf(expected, sizeof(expected), "%" PRIu64, v);
		same(expected, text, mrg_put_u64(text, v));
		snprintf(expected, sizeof(expected), "%" PRIu64, v - 1);
		same(expected, text, mrg_put_u64(text, v - 1));
	}
}

TEST(nine_digits_are_always_nine)
{
	char text[64], expected[64];
	uint32_t v;

	for (v = 0; v < 1000000000; v = 3 * v + 7) {
		snprintf(expected, sizeof(expected), "%09" PRIu32, v);
		same(expected, text, mrg_put_nine(text, v));
	}
	same("999999999", text, mrg_put_nine(text, 999999999));
}

TEST(three_and_six_digits_are_always_so_many)
{
	char text[64], expected[64];
	uint32_t v;

	for (v = 0; v < 1000; v++) {
		snprintf(expected, sizeof(expected), "%03" PRIu32, v);
		same(expected, text, mrg_put_three(text, v));
		snprintf(expected, sizeof(expected), "%06" PRIu32, 999 * v + 7);
		same(expected, text, mrg_put_six(text, 999 * v + 7));
	}
}

TEST(what_is_not_printable_is_written_out)
{
	static const uint8_t bytes[] = "a \x1b[31m\\\n\xff\x7f~";
	char text[64];

	same("a \\x1b[31m\\\\\\x0a\\xff\\x7f~", text,
	     mrg_put_escaped(text, bytes, sizeof(bytes) - 1));
	same("", text, mrg_put_escaped(text, bytes, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_printf),
		cmocka_unit_test(three_and_six_digits_are_always_so_many),
		cmocka_unit_test(nine_digits_are_always_nine),
		cmocka_unit_test(what_is_not_printable_is_written_out),
	};

	return RUN_TESTS(tests);
}
