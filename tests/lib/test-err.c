/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-err.c - lib/err.c: the sentence an operator reads */
#include "lib/err.h"

#include "tests/unit.h"

TEST(err_set_returns_its_code)
{
	struct rt_err err = { 0 };

	assert_int_equal(rt_err_set(&err, -ENOENT, "cannot open the trace"), -ENOENT);
	assert_string_equal(err.text, "cannot open the trace: No such file or directory");
}

TEST(err_say_is_a_whole_sentence)
{
	struct rt_err err = { 0 };

	assert_int_equal(rt_err_say(&err, -EINVAL, "expected %d, found %d", 1, 2), -EINVAL);
	assert_string_equal(err.text, "expected 1, found 2");
}

TEST(err_wrap_puts_context_first)
{
	struct rt_err err = { 0 };
	int rc = rt_err_set(&err, -EACCES, "cannot open the trace");

	assert_int_equal(rt_err_wrap(&err, rc, "guest %s", "rt0"), -EACCES);
	assert_string_equal(err.text, "guest rt0: cannot open the trace: Permission denied");
}

TEST(err_wrap_of_nothing_leaves_no_colon)
{
	struct rt_err err = { 0 };

	rt_err_wrap(&err, -EIO, "guest");
	assert_string_equal(err.text, "guest");
}

TEST(err_is_cut_and_never_overrun)
{
	struct rt_err err = { 0 };
	char longer[2 * RT_ERR_MAX];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	rt_err_set(&err, -EIO, "%s", longer);
	rt_err_wrap(&err, -EIO, "%s", longer);
	assert_int_equal(strlen(err.text), RT_ERR_MAX - 1);
}

TEST(err_may_be_absent)
{
	assert_int_equal(rt_err_set(NULL, -EIO, "unused"), -EIO);
	assert_int_equal(rt_err_say(NULL, -EIO, "unused"), -EIO);
	assert_int_equal(rt_err_wrap(NULL, -EIO, "unused"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set_returns_its_code),
		cmocka_unit_test(err_say_is_a_whole_sentence),
		cmocka_unit_test(err_wrap_puts_context_first),
		cmocka_unit_test(err_wrap_of_nothing_leaves_no_colon),
		cmocka_unit_test(err_is_cut_and_never_overrun),
		cmocka_unit_test(err_may_be_absent),
	};

	return RUN_TESTS(tests);
}
