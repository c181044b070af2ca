/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-json-read.c - lib/json-read.c: values by kind, and where a bad text is bad */
#include "lib/json-read.h"

#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

static int parse(struct rt_jval **ret, const char *text, struct rt_err *err)
{
	return rt_json_parse(ret, text, strlen(text), "x.json", err);
}

TEST(values_come_out_as_what_they_are)
{
	struct rt_jval *root;
	uint64_t number;
	bool yes;

	assert_int_equal(parse(&root, "{\"a\": 7, \"b\": [true, \"t\", -1, 1.5], \"c\": null}\n",
			       NULL), 0);
	assert_true(rt_jval_u64(rt_jval_get(root, "a"), &number));
	assert_int_equal(number, 7);
	assert_int_equal(rt_jval_len(rt_jval_get(root, "b")), 4);
	assert_true(rt_jval_bool(rt_jval_at(rt_jval_get(root, "b"), 0), &yes));
	assert_true(yes);
	assert_string_equal(rt_jval_str(rt_jval_at(rt_jval_get(root, "b"), 1)), "t");
	assert_false(rt_jval_u64(rt_jval_at(rt_jval_get(root, "b"), 2), &number));
	assert_false(rt_jval_u64(rt_jval_at(rt_jval_get(root, "b"), 3), &number));
	assert_null(rt_jval_get(root, "c"));
	rt_jval_destroy(root);
}

TEST(numbers_above_the_signed_range_are_whole)
{
	struct rt_jval *root;
	uint64_t number;

	assert_int_equal(parse(&root, "[18446744073709551615]", NULL), 0);
	assert_true(rt_jval_u64(rt_jval_at(root, 0), &number));
	assert_true(number == UINT64_MAX);
	rt_jval_destroy(root);
}

TEST(what_is_not_there_is_asked_for_in_peace)
{
	uint64_t number;

	assert_null(rt_jval_get(NULL, "a"));
	assert_null(rt_jval_at(NULL, 0));
	assert_null(rt_jval_str(NULL));
	assert_int_equal(rt_jval_len(NULL), 0);
	assert_false(rt_jval_u64(NULL, &number));
}

TEST(a_bad_text_is_refused_with_its_place)
{
	struct rt_err err = { 0 };
	struct rt_jval *root;

	assert_int_equal(parse(&root, "{\n  \"a\": 1,\n  \"b\": x\n}", &err), -EBADMSG);
	assert_contains(err.text, "x.json: line 3, column 8");
	assert_int_equal(parse(&root, "{\"a\": 1", &err), -EBADMSG);
	assert_contains(err.text, "ends too early");
	assert_int_equal(parse(&root, "", &err), -EBADMSG);
	assert_int_equal(parse(&root, "{} {}", &err), -EBADMSG);
	assert_contains(err.text, "behind its end");
}

TEST(a_file_is_read_up_to_a_limit)
{
	char path[] = "/tmp/test-json-read.XXXXXX";
	struct rt_err err = { 0 };
	struct rt_jval *root;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "[1, 2]", 6), 6);
	close(fd);
	assert_int_equal(rt_json_load(&root, path, 6, NULL), 0);
	assert_int_equal(rt_jval_len(root), 2);
	rt_jval_destroy(root);
	assert_int_equal(rt_json_load(&root, path, 5, &err), -EFBIG);
	unlink(path);
	assert_int_equal(rt_json_load(&root, path, 6, &err), -ENOENT);
	assert_contains(err.text, path);
	assert_true(rt_json_load(&root, "/tmp", 6, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_out_as_what_they_are),
		cmocka_unit_test(numbers_above_the_signed_range_are_whole),
		cmocka_unit_test(what_is_not_there_is_asked_for_in_peace),
		cmocka_unit_test(a_bad_text_is_refused_with_its_place),
		cmocka_unit_test(a_file_is_read_up_to_a_limit),
	};

	return RUN_TESTS(tests);
}
