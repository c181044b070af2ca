/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-json.c - lib/json.c: commas, numbers, and bytes from outside */
#include "lib/json.h"

#include "tests/unit.h"

static void assert_escaped(const char *text, size_t len, const char *expected)
{
	struct rt_buf buf = { 0 };

	rt_json_escape(&buf, text, len);
	assert_string_equal(rt_buf_str(&buf), expected);
	rt_buf_finish(&buf);
}

TEST(plain_text_stands_as_it_is)
{
	assert_escaped("", 0, "\"\"");
	assert_escaped("kvm_entry 1", 11, "\"kvm_entry 1\"");
}

TEST(what_json_forbids_is_escaped)
{
	assert_escaped("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
	assert_escaped("\n\t\r\x01\x1f\x7f", 6, "\"\\n\\t\\r\\u0001\\u001f\\u007f\"");
	assert_escaped("a\0b", 3, "\"a\\u0000b\"");
}

TEST(utf8_passes_and_other_bytes_are_replaced)
{
	assert_escaped("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 11,
		       "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	assert_escaped("\xff", 1, "\"\xef\xbf\xbd\"");
	assert_escaped("\xc3", 1, "\"\xef\xbf\xbd\"");
	assert_escaped("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_escaped("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_escaped("\xf4\x90\x80\x80", 1, "\"\xef\xbf\xbd\"");
	assert_escaped("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(values_are_parted_by_commas)
{
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };

	rt_json_open(&json, '{');
	rt_json_key(&json, "n");
	rt_json_u64(&json, 1);
	rt_json_key(&json, "list");
	rt_json_open(&json, '[');
	rt_json_i64(&json, -2);
	rt_json_str(&json, NULL);
	rt_json_bool(&json, true);
	rt_json_bool(&json, false);
	rt_json_raw(&json, "1.5", 3);
	rt_json_open(&json, '[');
	rt_json_close(&json, ']');
	rt_json_close(&json, ']');
	rt_json_key(&json, "s");
	rt_json_str(&json, "x");
	rt_json_close(&json, '}');
	assert_string_equal(rt_buf_str(&buf),
			    "{\"n\":1,\"list\":[-2,null,true,false,1.5,[]],\"s\":\"x\"}");
	rt_buf_finish(&buf);
}

TEST(numbers_keep_all_their_digits)
{
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };

	rt_json_open(&json, '[');
	rt_json_u64(&json, 0);
	rt_json_u64(&json, UINT64_MAX);
	rt_json_i64(&json, INT64_MIN);
	rt_json_i64(&json, INT64_MAX);
	rt_json_close(&json, ']');
	assert_string_equal(rt_buf_str(&buf), "[0,18446744073709551615,-9223372036854775808,"
			    "9223372036854775807]");
	rt_buf_finish(&buf);
}

TEST(a_full_memory_is_noted_in_the_buffer)
{
	struct rt_buf buf = { .failed = true };
	struct rt_json json = { .buf = &buf };

	rt_json_open(&json, '{');
	rt_json_key(&json, "k\n");
	rt_json_u64(&json, 5);
	rt_json_close(&json, '}');
	assert_int_equal(buf.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stands_as_it_is),
		cmocka_unit_test(what_json_forbids_is_escaped),
		cmocka_unit_test(utf8_passes_and_other_bytes_are_replaced),
		cmocka_unit_test(values_are_parted_by_commas),
		cmocka_unit_test(numbers_keep_all_their_digits),
		cmocka_unit_test(a_full_memory_is_noted_in_the_buffer),
	};

	return RUN_TESTS(tests);
}
