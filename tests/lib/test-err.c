/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-err.c - lib/err.c: the sentence an operator reads */
#include "lib/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void err_set_returns_its_code(void **state)
{
	struct rt_err err = { 0 };

	(void)state;
	assert_int_equal(rt_err_set(&err, -ENOENT, "cannot open the trace"), -ENOENT);
	assert_string_equal(err.text, "cannot open the trace: No such file or directory");
}

static void err_say_is_a_whole_sentence(void **state)
{
	struct rt_err err = { 0 };

	(void)state;
	assert_int_equal(rt_err_say(&err, -EINVAL, "expected %d, found %d", 1, 2), -EINVAL);
	assert_string_equal(err.text, "expected 1, found 2");
}

static void err_wrap_puts_context_first(void **state)
{
	struct rt_err err = { 0 };
	int rc = rt_err_set(&err, -EACCES, "cannot open the trace");

	(void)state;
	assert_int_equal(rt_err_wrap(&err, rc, "guest %s", "rt0"), -EACCES);
	assert_string_equal(err.text, "guest rt0: cannot open the trace: Permission denied");
}

static void err_wrap_of_nothing_leaves_no_colon(void **state)
{
	struct rt_err err = { 0 };

	(void)state;
	rt_err_wrap(&err, -EIO, "guest");
	assert_string_equal(err.text, "guest");
}

static void err_is_cut_and_never_overrun(void **state)
{
	struct rt_err err = { 0 };
	char longer[2 * RT_ERR_MAX];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	rt_err_set(&err, -EIO, "%s", longer);
	rt_err_wrap(&err, -EIO, "%s", longer);
	assert_int_equal(strlen(err.text), RT_ERR_MAX - 1);
}

static void err_may_be_absent(void **state)
{
	(void)state;
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
