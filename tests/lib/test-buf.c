/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-buf.c - lib/buf.c: growing, and what a failed allocation leaves */
#include "lib/buf.h"

#include "tests/unit.h"

TEST(an_empty_buffer_is_an_empty_string)
{
	struct rt_buf buf = { 0 };

	assert_string_equal(rt_buf_str(&buf), "");
	assert_int_equal(buf.len, 0);
	rt_buf_finish(&buf);
}

TEST(what_is_added_stands_in_order)
{
	struct rt_buf buf = { 0 };

	rt_buf_puts(&buf, "cpu");
	rt_buf_printf(&buf, "%d", 12);
	rt_buf_add(&buf, " idle", 5);
	rt_buf_add(&buf, NULL, 0);
	assert_string_equal(rt_buf_str(&buf), "cpu12 idle");
	assert_int_equal(buf.len, 10);
	rt_buf_finish(&buf);
	assert_null(buf.data);
}

TEST(a_long_printf_is_not_cut)
{
	struct rt_buf buf = { 0 };
	char longer[5000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	rt_buf_printf(&buf, "<%s>", longer);
	assert_int_equal(buf.len, sizeof(longer) + 1);
	assert_int_equal(rt_buf_str(&buf)[buf.len - 1], '>');
	rt_buf_finish(&buf);
}

TEST(reserve_gives_room_and_keeps_the_length)
{
	struct rt_buf buf = { 0 };
	char *to;

	rt_buf_puts(&buf, "ab");
	to = rt_buf_reserve(&buf, 100000);
	assert_non_null(to);
	memset(to, 'c', 100000);
	assert_int_equal(buf.len, 2);
	buf.len += 100000;
	assert_int_equal(strlen(rt_buf_str(&buf)), 100002);
	rt_buf_finish(&buf);
}

TEST(a_failed_allocation_is_kept)
{
	struct rt_buf buf = { 0 };

	rt_buf_puts(&buf, "kept");
	assert_null(rt_buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	rt_buf_puts(&buf, "dropped");
	rt_buf_printf(&buf, "dropped");
	assert_int_equal(buf.len, 4);
	assert_null(rt_buf_str(&buf));
	rt_buf_finish(&buf);
	assert_false(buf.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(what_is_added_stands_in_order),
		cmocka_unit_test(a_long_printf_is_not_cut),
		cmocka_unit_test(reserve_gives_room_and_keeps_the_length),
		cmocka_unit_test(a_failed_allocation_is_kept),
	};

	return RUN_TESTS(tests);
}
