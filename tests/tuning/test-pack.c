/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pack.c - tuning/pack*.c: packed trees, and what must not get out of one */
#include "tuning/pack.h"


#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"
#include "tuning/pack-format.h"

#define MAGIC TUNE_PACK_MAGIC

static int to_text(void *arg, const struct tune_packed *entry, struct rt_err *err)
{
	(void)err;
	rt_buf_printf(arg, "%s %s %.*s;", entry->link ? "link" : "file", entry->path,
		      (int)entry->len, entry->data);
	return 0;
}

static void assert_entries(const char *text, const char *expected)
{
	struct rt_buf buf = { 0 };
	struct rt_err err = { 0 };

	if (tune_pack_read(text, strlen(text), to_text, &buf, &err))
		fail_msg("%s", err.text);
	assert_string_equal(rt_buf_str(&buf), expected);
	rt_buf_finish(&buf);
}

static void assert_refused(const char *text, const char *sentence)
{
	struct rt_buf buf = { 0 };
	struct rt_err err = { 0 };

	assert_true(tune_pack_read(text, strlen(text), to_text, &buf, &err) < 0);
	assert_string_equal(err.text, sentence);
	rt_buf_finish(&buf);
}

TEST(files_and_links_come_back)
{
	assert_entries(MAGIC "end\n", "");
	assert_entries(MAGIC "file a/b 4\none\n\nlink a/c ../d/e\nhex f 3\n414243\nend\n",
		       "file a/b one\n;link a/c ../d/e;file f ABC;");
	assert_entries(MAGIC "file a 0\n\nend\nwhat follows is not read", "file a ;");
	assert_entries(MAGIC "hex a 33\n"
		       "4141414141414141414141414141414141414141414141414141414141414141\n"
		       "42\nend\n",
		       "file a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB;");
}

TEST(what_is_cut_or_wrong_is_named_with_its_line)
{
	assert_refused("", "expected \"hwtopo-tree 1\" as its first line");
	assert_refused("hwtopo-tree 2\nend\n",
		       "expected \"hwtopo-tree 1\" as its first line");
	assert_refused(MAGIC, "line 1: expected an entry or end behind it, found \"\"");
	assert_refused(MAGIC "file a 3\nab",
		       "line 2: expected a size within the file, found \"3\"");
	assert_refused(MAGIC "file a 1\nabc\nend\n",
		       "line 2: expected a newline behind the file, found \"more\"");
	assert_refused(MAGIC "file a 99999999\n",
		       "line 2: expected a size within the file, found \"99999999\"");
	assert_refused(MAGIC "file a\n",
		       "line 2: expected file, hex or link with a path, or end, found \"file\"");
	assert_refused(MAGIC "pipe a b\nend\n",
		       "line 2: expected file, hex, link or end, found \"pipe\"");
	assert_refused(MAGIC "hex a 2\n41zz\nend\n",
		       "line 3: expected hexadecimal digits, found \"41zz\"");
	assert_refused(MAGIC "hex a 2\n41\nend\n", "line 3: expected hexadecimal digits of 32 "
		       "bytes or the rest, found \"something else\"");
}

TEST(no_path_and_no_link_leads_out)
{
	assert_refused(MAGIC "file ../a 0\n\nend\n",
		       "line 2: expected a path below the root, found \"../a\"");
	assert_refused(MAGIC "file /a 0\n\nend\n",
		       "line 2: expected a path below the root, found \"/a\"");
	assert_refused(MAGIC "file a/./b 0\n\nend\n",
		       "line 2: expected a path below the root, found \"a/./b\"");
	assert_refused(MAGIC "file a//b 0\n\nend\n",
		       "line 2: expected a path below the root, found \"a//b\"");
	assert_refused(MAGIC "link a/b ../../c\nend\n",
		       "line 2: expected a link that stays below the root, found \"../../c\"");
	assert_refused(MAGIC "link a /etc/passwd\nend\n",
		       "line 2: expected a link that stays below the root, found \"/etc/passwd\"");
	assert_true(tune_pack_link_is_inside("a/b/c", "../../d/../e"));
	assert_false(tune_pack_link_is_inside("a/b/c", "../../../d"));
	assert_false(tune_pack_link_is_inside("a/b", "c/../../../d"));
}

static void assert_not_unpacked(const char *text, const char *part)
{
	struct rt_err err = { 0 };
	char *dir = NULL;

	assert_true(tune_unpack(text, strlen(text), &dir, &err) < 0);
	assert_contains(err.text, part);
	assert_null(dir);
}

TEST(nothing_is_written_through_a_link_or_twice)
{
	assert_not_unpacked(MAGIC "link a b\nfile a/c 0\n\nend\n", "cannot unpack \"a/c\"");
	assert_not_unpacked(MAGIC "link a b\nfile a 0\n\nend\n", "cannot unpack \"a\"");
	assert_not_unpacked(MAGIC "file a 0\n\nfile a 0\n\nend\n", "cannot unpack \"a\"");
	assert_not_unpacked(MAGIC "file a 0\n\nfile a/b 0\n\nend\n", "cannot unpack \"a/b\"");
}

TEST(this_machine_is_the_same_when_packed_again)
{
	struct rt_buf first = { 0 }, again = { 0 };
	struct rt_root root;
	char *dir;

	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	assert_int_equal(tune_pack(&first, &root, NULL), 0);
	rt_root_finish(&root);
	assert_int_equal(tune_unpack(first.data, first.len, &dir, NULL), 0);
	assert_int_equal(rt_root_init(&root, dir, NULL), 0);
	assert_int_equal(tune_pack(&again, &root, NULL), 0);
	rt_root_finish(&root);
	assert_string_equal(first.data, again.data);
	assert_null(strstr(first.data, "\nflags\t"));
	tune_unpack_remove(dir);
	rt_buf_finish(&first);
	rt_buf_finish(&again);
}

TEST(what_is_no_machine_is_not_packed)
{
	struct rt_buf buf = { 0 };
	struct rt_err err = { 0 };
	struct rt_root root;

	assert_int_equal(rt_root_init(&root, "/proc", NULL), 0);
	assert_int_equal(tune_pack(&buf, &root, &err), RT_ECANNOT);
	assert_contains(err.text, "not the root of a Linux machine");
	rt_root_finish(&root);
	rt_buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_links_come_back),
		cmocka_unit_test(what_is_cut_or_wrong_is_named_with_its_line),
		cmocka_unit_test(no_path_and_no_link_leads_out),
		cmocka_unit_test(nothing_is_written_through_a_link_or_twice),
		cmocka_unit_test(this_machine_is_the_same_when_packed_again),
		cmocka_unit_test(what_is_no_machine_is_not_packed),
	};

	return RUN_TESTS(tests);
}
