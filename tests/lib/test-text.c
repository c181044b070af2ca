/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-text.c - lib/text.c: globs, near misses, numbers with units */
#include "lib/text.h"

#include "tests/unit.h"

TEST(globs_match_whole_words)
{
	assert_true(rt_glob("kvm:*", "kvm:kvm_entry", false));
	assert_true(rt_glob("sched_?aking", "sched_waking", false));
	assert_true(rt_glob("irq[0-9]", "irq7", false));
	assert_false(rt_glob("kvm", "kvm_entry", false));
	assert_false(rt_glob("KVM_*", "kvm_entry", false));
	assert_true(rt_glob("KVM_*", "kvm_entry", true));
}

TEST(a_glob_is_known_by_its_letters)
{
	assert_true(rt_is_glob("kvm:*"));
	assert_true(rt_is_glob("a[bc]"));
	assert_true(rt_is_glob("a?"));
	assert_false(rt_is_glob("kvm:kvm_entry"));
}

TEST(distance_counts_edits)
{
	assert_int_equal(rt_distance("", "", 3), 0);
	assert_int_equal(rt_distance("abc", "abc", 3), 0);
	assert_int_equal(rt_distance("abc", "ABC", 3), 0);
	assert_int_equal(rt_distance("abc", "abd", 3), 1);
	assert_int_equal(rt_distance("abc", "ab", 3), 1);
	assert_int_equal(rt_distance("abc", "acb", 3), 1);
	assert_int_equal(rt_distance("kitten", "sitting", 9), 3);
	assert_int_equal(rt_distance("kitten", "sitting", 2), 3);
	assert_int_equal(rt_distance("", "abcd", 9), 4);
}

TEST(distance_bounds_its_work)
{
	char longer[1000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(rt_distance(longer, "x", 3), 4);
	assert_int_equal(rt_distance(longer, longer, 3), 0);
}

TEST(the_nearest_word_comes_first)
{
	static const char *const words[] = { "stream", "overwrite", "stop", "sched_wakeup" };
	const char *near[2];

	assert_int_equal(rt_nearest("strem", words, 4, near, 2), 1);
	assert_string_equal(near[0], "stream");
	assert_int_equal(rt_nearest("st0p", words, 4, near, 2), 1);
	assert_string_equal(near[0], "stop");
	assert_int_equal(rt_nearest("over", words, 4, near, 2), 1);
	assert_string_equal(near[0], "overwrite");
	assert_int_equal(rt_nearest("wakeup", words, 4, near, 2), 1);
	assert_string_equal(near[0], "sched_wakeup");
	assert_int_equal(rt_nearest("nothing", words, 4, near, 2), 0);
	assert_int_equal(rt_nearest("", words, 4, near, 2), 0);
}

TEST(nearest_keeps_to_its_room)
{
	static const char *const words[] = { "aab", "aac", "aad" };
	const char *near[2];

	assert_int_equal(rt_nearest("aaa", words, 3, near, 2), 2);
	assert_string_equal(near[0], "aab");
	assert_string_equal(near[1], "aac");
}

TEST(whole_numbers_are_read)
{
	uint64_t value = 99;

	assert_int_equal(rt_parse_u64("0", 0, 9, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(rt_parse_u64("0x1F", 0, 100, &value), 0);
	assert_int_equal(value, 31);
	assert_int_equal(rt_parse_u64("007", 0, 100, &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(rt_parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
}

TEST(numbers_that_are_none_leave_the_result_alone)
{
	static const char *const bad[] = { "", "0x", "-1", "+1", " 1", "1 ", "1k", "a", "0xg" };
	uint64_t value = 99;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rt_parse_u64(bad[i], 0, UINT64_MAX, &value), -EINVAL);
	assert_int_equal(rt_parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(rt_parse_u64("4", 5, 6, &value), -ERANGE);
	assert_int_equal(rt_parse_u64("7", 5, 6, &value), -ERANGE);
	assert_int_equal(value, 99);
}

TEST(sizes_have_binary_suffixes)
{
	uint64_t value;

	assert_int_equal(rt_parse_size("4096", &value), 0);
	assert_int_equal(value, 4096);
	assert_int_equal(rt_parse_size("64k", &value), 0);
	assert_int_equal(value, 65536);
	assert_int_equal(rt_parse_size("1.5M", &value), 0);
	assert_int_equal(value, 3 << 19);
	assert_int_equal(rt_parse_size("2g", &value), 0);
	assert_true(value == 1ull << 31);
	assert_int_equal(rt_parse_size("16777216t", &value), -ERANGE);
	assert_int_equal(rt_parse_size("", &value), -EINVAL);
	assert_int_equal(rt_parse_size("k", &value), -EINVAL);
	assert_int_equal(rt_parse_size("1x", &value), -EINVAL);
	assert_int_equal(rt_parse_size("1..5k", &value), -EINVAL);
	assert_int_equal(rt_parse_size("-1k", &value), -EINVAL);
}

TEST(times_are_seconds_or_say_their_unit)
{
	uint64_t ns;

	assert_int_equal(rt_parse_time("1.5", &ns), 0);
	assert_true(ns == 1500000000);
	assert_int_equal(rt_parse_time("10ms", &ns), 0);
	assert_int_equal(ns, 10000000);
	assert_int_equal(rt_parse_time("200us", &ns), 0);
	assert_int_equal(ns, 200000);
	assert_int_equal(rt_parse_time("5ns", &ns), 0);
	assert_int_equal(ns, 5);
	assert_int_equal(rt_parse_time("2m", &ns), 0);
	assert_true(ns == 120000000000);
	assert_int_equal(rt_parse_time("0.123456789", &ns), 0);
	assert_int_equal(ns, 123456789);
	assert_int_equal(rt_parse_time("0.1234567891", &ns), -ERANGE);
	assert_int_equal(rt_parse_time("9999999999999h", &ns), -ERANGE);
	assert_int_equal(rt_parse_time("1 s", &ns), -EINVAL);
	assert_int_equal(rt_parse_time("soon", &ns), -EINVAL);
}

static void assert_size(uint64_t bytes, const char *text)
{
	char buf[32];

	assert_string_equal(rt_format_size(bytes, buf, sizeof(buf)), text);
}

TEST(nothing_is_left_that_a_terminal_obeys)
{
	char text[] = "a\x1b[2J\n\xc2\x9b" "2J\xc2\xa9\x7f\xc3\xa9\xc2";
	size_t len = rt_make_printable(text);

	assert_int_equal(len, strlen(text));
	assert_string_equal(text, "a?[2J??2J\xc2\xa9?\xc3\xa9\xc2");
}

TEST(sizes_are_shown_with_one_place)
{
	assert_size(0, "0 B");
	assert_size(1023, "1023 B");
	assert_size(1024, "1 KiB");
	assert_size(1536, "1.5 KiB");
	assert_size(1048575, "1 MiB");
	assert_size(5ull << 30, "5 GiB");
	assert_size(UINT64_MAX, "16 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_match_whole_words),
		cmocka_unit_test(a_glob_is_known_by_its_letters),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(distance_bounds_its_work),
		cmocka_unit_test(the_nearest_word_comes_first),
		cmocka_unit_test(nearest_keeps_to_its_room),
		cmocka_unit_test(whole_numbers_are_read),
		cmocka_unit_test(numbers_that_are_none_leave_the_result_alone),
		cmocka_unit_test(sizes_have_binary_suffixes),
		cmocka_unit_test(times_are_seconds_or_say_their_unit),
		cmocka_unit_test(sizes_are_shown_with_one_place),
		cmocka_unit_test(nothing_is_left_that_a_terminal_obeys),
	};

	return RUN_TESTS(tests);
}
