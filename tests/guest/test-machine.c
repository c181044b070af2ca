/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-machine.c - guest/machine.c: families by their os-release, the clock by its name
 */
#include "guest/machine.h"

#include "lib/cmd.h"
#include "lib/err.h"
#include "tests/guest/folder.h"

static void expect_family(const char *os_release, enum gs_family expected)
{
	enum gs_family found = GS_NR_FAMILIES;

	put("etc/os-release", os_release);
	assert_int_equal(gs_machine_family(&root, &found, NULL), 0);
	assert_int_equal(found, expected);
}

TEST(a_family_is_told_by_the_name_or_by_what_it_is_like)
{
	expect_family("ID=debian\n", GS_DEBIAN);
	expect_family("NAME=x\nID=ubuntu\nID_LIKE=debian\n", GS_DEBIAN);
	expect_family("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", GS_REDHAT);
	expect_family("ID=mint\nID_LIKE=\"ubuntu debian\"\n", GS_DEBIAN);
	expect_family("ID='ol'\nID_LIKE='fedora'\n", GS_REDHAT);
}

TEST(an_unknown_name_leaves_it_to_the_file_of_chrony)
{
	put("etc/chrony.conf", "");
	expect_family("ID=suse\n", GS_REDHAT);
	put("etc/chrony/chrony.conf", "");
	expect_family("ID=debianish\n", GS_DEBIAN);
}

TEST(a_machine_that_nothing_tells_of_is_refused_with_what_was_found)
{
	enum gs_family found = GS_NR_FAMILIES;
	struct rt_err err = { 0 };

	put("etc/os-release", "ID=arch\n");
	assert_int_equal(gs_machine_family(&root, &found, &err), RT_ECANNOT);
	assert_contains(err.text, "found \"arch\"");
	assert_int_equal(found, GS_NR_FAMILIES);
}

TEST(a_family_has_all_its_paths)
{
	for (int family = 0; family < GS_NR_FAMILIES; family++) {
		const struct gs_paths *paths = &gs_paths[family];

		assert_true(paths->name && paths->service && paths->conf && paths->conf_dir);
		assert_true(paths->drift && paths->install);
		assert_true(paths->conf[0] != '/' && paths->drift[0] != '/');
	}
}

TEST(the_clock_is_found_by_its_name_whatever_its_number)
{
	char device[32] = "untouched";

	assert_false(gs_machine_ptp(&root, device, sizeof(device)));
	put("sys/class/ptp/ptp0/clock_name", "Some NIC\n");
	assert_false(gs_machine_ptp(&root, device, sizeof(device)));
	assert_string_equal(device, "untouched");
	put("sys/class/ptp/ptp3/clock_name", "KVM virtual PTP\n");
	assert_true(gs_machine_ptp(&root, device, sizeof(device)));
	assert_string_equal(device, "/dev/ptp3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_family_is_told_by_the_name_or_by_what_it_is_like),
		WITH_FOLDER(an_unknown_name_leaves_it_to_the_file_of_chrony),
		WITH_FOLDER(a_machine_that_nothing_tells_of_is_refused_with_what_was_found),
		WITH_FOLDER(a_family_has_all_its_paths),
		WITH_FOLDER(the_clock_is_found_by_its_name_whatever_its_number),
	};

	return RUN_TESTS(tests);
}
