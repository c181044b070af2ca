/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-mergefile.c - merge/mergefile.c, mergefile-write.c: what is written is read */
#include "merge/mergefile.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/unit.h"

#define HEAD "xtrace-merge 1\n"
#define MEMBER "member a\nlabel A\n"
#define LANE "lane 0 thread 5\nfrom_page 0\nmap 1 2 3\n"

static int parse(const char *text, struct mrg_file *file, struct rt_err *err)
{
	return mrg_file_parse(file, text, strlen(text), err);
}

static void refused_with(int rc, const char *text, const char *why)
{
	struct rt_err err = { 0 };
	struct mrg_file file;

	assert_int_equal(parse(text, &file, &err), rc);
	assert_contains(err.text, why);
}

static void refused(const char *text, const char *why)
{
	refused_with(-EBADMSG, text, why);
}

TEST(every_fact_of_a_member_is_read)
{
	const char *text = HEAD "utc_offset_ns -37000000000\n# a remark\n"
		"member a.dat\n  label A\n  method windows\n  host 1\n"
		"  offset_ns -5\n  rate_ppb 7\n  error_ns 11\n  bound_ns 12\n"
		"  check 1 violations 2 worst_ns 3 unknown 4 pairs 5 wrong 6\n"
		"  slices 16 ppm 12345\n"
		"  lane 0 thread 156\n    from_page 0\n    error_ns 9\n"
		"    map 1 2 3\n    map 4 5 6\n    from_page 8\n    map 1 2 3\n"
		"member b\n  label B\nend\n";
	struct mrg_file file;
	const struct mrg_file_member *m;

	assert_int_equal(parse(text, &file, NULL), 0);
	assert_int_equal(file.nr, 2);
	assert_true(file.utc_known);
	assert_int_equal(file.utc_offset_ns, -37000000000);
	m = &file.members[0];
	assert_string_equal(m->name, "a.dat");
	assert_int_equal(m->method, MRG_WINDOWS);
	assert_int_equal(m->host, 1);
	assert_int_equal(m->offset_ns, -5);
	assert_int_equal(m->error_ns, 11);
	assert_int_equal(m->bound_ns, 12);
	assert_int_equal(m->check.pairs_wrong, 6);
	assert_int_equal(m->check.slices, 16);
	assert_int_equal(m->check.slices_ppm, 12345);
	assert_int_equal(m->nr_lanes, 1);
	assert_int_equal(m->lanes[0].nr_epochs, 2);
	assert_int_equal(m->lanes[0].epochs[0].clock.nr, 2);
	assert_int_equal(m->lanes[0].epochs[0].clock.error_ns, 9);
	assert_int_equal(m->lanes[0].epochs[0].clock.segments[1].out0, 5);
	assert_int_equal(m->lanes[0].epochs[1].first_page, 8);
	assert_true(file.members[1].bound_ns == UINT64_MAX);
	mrg_file_finish(&file);
}

TEST(a_set_is_read_back_as_it_was_written)
{
	const char *const paths[] = {
		"tests/fixtures/pair/host.dat", "tests/fixtures/pair/guest.dat",
	};
	const char *const names[] = { "one", "two" };
	struct rt_buf buf = { 0 };
	struct mrg_file file;
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 2, NULL), 0);
	set->members[1].offset_ns = -136908726;
	set->members[1].method = MRG_TOD;
	mrg_file_write(&buf, set, names);
	assert_int_equal(mrg_file_parse(&file, buf.data, buf.len, NULL), 0);
	assert_int_equal(file.nr, 2);
	assert_string_equal(file.members[1].name, "two");
	assert_string_equal(file.members[1].label, "guest");
	assert_int_equal(file.members[1].offset_ns, -136908726);
	assert_int_equal(file.members[1].method, MRG_TOD);
	assert_int_equal(file.members[0].nr_lanes, 4);
	mrg_file_finish(&file);
	rt_buf_finish(&buf);
	mrg_set_destroy(set);
}

TEST(what_is_not_a_merge_file_is_refused)
{
	refused("", "is empty");
	refused("\n", "not a merge file");
	refused("xtrace-session 1\nend\n", "not a merge file");
	refused_with(-EOPNOTSUPP, "xtrace-merge 2\nend\n",
		     "expected format version 1, found \"2\"");
	refused(HEAD, "cut off");
	refused(HEAD MEMBER, "cut off");
	refused(HEAD "end\n", "no members");
	refused(HEAD MEMBER "end\nmore\n", "line 5: text behind");
}

TEST(a_wrong_line_is_named)
{
	refused(HEAD MEMBER "colour red\nend\n", "line 4: unknown key \"colour\"");
	refused(HEAD MEMBER "label\nend\n", "line 4: wrong number of words");
	refused(HEAD "label A\nend\n", "line 2: a member's fact before");
	refused(HEAD "member ../../etc\n", "expected member NAME");
	refused(HEAD "member .x\n", "expected member NAME");
	refused(HEAD MEMBER "offset_ns x1\n", "expected offset_ns NUMBER");
	refused(HEAD MEMBER "offset_ns 99999999999999999999\n", "expected offset_ns NUMBER");
	refused(HEAD MEMBER "method guess\n", "unknown method");
	refused(HEAD MEMBER "host 5000\n", "expected host NUMBER");
	refused(HEAD MEMBER "slices 0 ppm 1\n", "expected slices NUMBER ppm NUMBER");
	refused(HEAD MEMBER "slices 8 ppm 1000001\n", "expected slices NUMBER ppm NUMBER");
}

TEST(clocks_must_be_whole_and_in_order)
{
	refused(HEAD MEMBER "lane 1 thread 5\n", "lanes in order from 0");
	refused(HEAD MEMBER "from_page 0\n", "in a lane");
	refused(HEAD MEMBER "lane 0 thread 5\nfrom_page 1\n", "rising from 0");
	refused(HEAD MEMBER "lane 0 thread 5\nmap 1 2 3\n", "behind from_page");
	refused(HEAD MEMBER LANE "map 1 2 3\n", "times rising");
	refused(HEAD MEMBER "lane 0 thread 5\nfrom_page 0\nmap 1 2 0\n", "expected map");
	refused(HEAD MEMBER "lane 0 thread 5\nend\n", "has no map");
	refused(HEAD MEMBER LANE "from_page 5\nend\n", "has no map");
}

TEST(members_must_be_told_apart)
{
	refused(HEAD MEMBER "member a\nlabel B\nend\n", "there twice");
	refused(HEAD MEMBER "member b\nlabel A\nend\n", "there twice");
	refused(HEAD "member a\nend\n", "no label");
	refused(HEAD MEMBER "host 1\nend\n", "a host that is no member");
}

TEST(a_folder_without_the_file_is_no_merged_directory)
{
	struct rt_err err = { 0 };
	struct mrg_file file;

	assert_int_equal(mrg_file_read(&file, "tests/merge", &err), -ENOENT);
	assert_int_equal(mrg_file_read(&file, "tests/fixtures/pair/host.dat", &err), -ENOENT);
	assert_string_equal(err.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fact_of_a_member_is_read),
		cmocka_unit_test(a_set_is_read_back_as_it_was_written),
		cmocka_unit_test(what_is_not_a_merge_file_is_refused),
		cmocka_unit_test(a_wrong_line_is_named),
		cmocka_unit_test(clocks_must_be_whole_and_in_order),
		cmocka_unit_test(members_must_be_told_apart),
		cmocka_unit_test(a_folder_without_the_file_is_no_merged_directory),
	};

	return RUN_TESTS(tests);
}
