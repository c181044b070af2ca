/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-words.c - permissions are read from a command line as the kernel reads it */
#include "gs/words.h"
#include "tests/unit.h"

static struct gs_words words(const char *text)
{
	struct gs_words_reader reader = { 0 };

	gs_words_feed(&reader, text, strlen(text));
	return gs_words_end(&reader);
}

static int both(const char *text)
{
	struct gs_words found = words(text);

	return found.guest | found.syscall << 1;
}

TEST(nothing_is_permitted_unless_it_is_said)
{
	assert_int_equal(both(""), 0);
	assert_int_equal(both("root=/dev/vda1 quiet\n"), 0);
}

TEST(each_word_gives_its_own_permission)
{
	assert_int_equal(both("quiet kvmrt_gs_hc_guest_enabled=1\n"), 1);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=1 quiet"), 2);
	assert_int_equal(both("kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1"), 3);
}

TEST(values_are_those_of_the_kernels_bool_parameters)
{
	assert_int_equal(both("kvmrt_gs_syscall_enabled"), 2);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=Y"), 2);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=on"), 2);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=0"), 0);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=off"), 0);
	assert_int_equal(both("kvmrt_gs_syscall_enabled="), 0);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=2"), 0);
}

TEST(the_last_one_counts)
{
	assert_int_equal(both("kvmrt_gs_syscall_enabled=1 kvmrt_gs_syscall_enabled=0"), 0);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=0 kvmrt_gs_syscall_enabled=1"), 2);
}

TEST(a_dash_is_an_underscore_and_quotes_are_taken_off)
{
	assert_int_equal(both("kvmrt-gs-syscall-enabled=1"), 2);
	assert_int_equal(both("\"kvmrt_gs_syscall_enabled=1\""), 2);
	assert_int_equal(both("dyndbg=\"a kvmrt_gs_syscall_enabled=1 b\""), 0);
}

TEST(longer_and_shorter_words_are_others)
{
	assert_int_equal(both("kvmrt_gs_syscall_enabled_not=1"), 0);
	assert_int_equal(both("xkvmrt_gs_syscall_enabled=1"), 0);
	assert_int_equal(both("kvmrt_gs_syscall=1"), 0);
	assert_int_equal(both("kvmrt_gs_syscall_enabled=000000000000000000000000000000000001"), 0);
}

TEST(what_stands_behind_two_dashes_is_for_the_first_program)
{
	assert_int_equal(both("quiet -- kvmrt_gs_syscall_enabled=1"), 0);
}

TEST(a_line_in_single_bytes_reads_the_same)
{
	const char *text = "quiet kvmrt_gs_hc_guest_enabled=1 \"x y\" kvmrt_gs_syscall_enabled=1\n";
	struct gs_words_reader reader = { 0 };
	const char *p;

	for (p = text; *p; p++)
		gs_words_feed(&reader, p, 1);
	assert_true(gs_words_end(&reader).guest);
	assert_true(reader.found.syscall);
}

TEST(a_file_that_is_not_there_permits_nothing)
{
	struct gs_words found = { true, true };

	assert_int_equal(gs_words_read("/nonexistent/cmdline", &found), -ENOENT);
	assert_false(found.guest || found.syscall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_permitted_unless_it_is_said),
		cmocka_unit_test(each_word_gives_its_own_permission),
		cmocka_unit_test(values_are_those_of_the_kernels_bool_parameters),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(a_dash_is_an_underscore_and_quotes_are_taken_off),
		cmocka_unit_test(longer_and_shorter_words_are_others),
		cmocka_unit_test(what_stands_behind_two_dashes_is_for_the_first_program),
		cmocka_unit_test(a_line_in_single_bytes_reads_the_same),
		cmocka_unit_test(a_file_that_is_not_there_permits_nothing),
	};

	return RUN_TESTS(tests);
}
