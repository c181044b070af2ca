/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-edit.c - guest/edit.c: configuration files keep all but their sources of time */
#include "guest/edit.h"
#include "tests/unit.h"

#include "lib/buf.h"

#define BLOCK "# kvmrt-guest-setup: the clock of the host, by KVM\n" \
	      "refclock PHC /dev/ptp_kvm poll 0 dpoll -2 offset 0 refid KVM\nmakestep 0.1 3\n" \
	      "# kvmrt-guest-setup: end\n"

static void check(const char *text, const char *device, const char *want)
{
	struct rt_buf out = { 0 };

	gs_edit_chrony(&out, text, device);
	assert_string_equal(rt_buf_str(&out), want);
	rt_buf_finish(&out);
}

static void check_network(const char *text, const char *want)
{
	struct rt_buf out = { 0 };

	gs_edit_network(&out, text);
	assert_string_equal(rt_buf_str(&out), want);
	rt_buf_finish(&out);
}

TEST(every_kind_of_source_is_commented_out_and_the_rest_stays)
{
	check("pool 2.debian.pool.ntp.org iburst\n  Server a\npeer b\nrefclock PHC /dev/ptp0\n"
	      "sourcedir /run/chrony-dhcp\n#server c\nserverless x\nkeyfile k\n", "/dev/ptp_kvm",
	      "#pool 2.debian.pool.ntp.org iburst\n#  Server a\n#peer b\n#refclock PHC /dev/ptp0\n"
	      "#sourcedir /run/chrony-dhcp\n#server c\nserverless x\nkeyfile k\n" BLOCK);
}

TEST(its_own_result_is_left_as_it_is)
{
	check("#pool x\nkeyfile k\n" BLOCK, "/dev/ptp_kvm", "#pool x\nkeyfile k\n" BLOCK);
}

TEST(an_older_block_is_replaced)
{
	check("# kvmrt-guest-setup: the clock of the host, by KVM\nrefclock PHC /dev/ptp0\n"
	      "# kvmrt-guest-setup: end\nkeyfile k\n", "/dev/ptp_kvm", "keyfile k\n" BLOCK);
}

TEST(a_block_that_lost_its_end_takes_nothing_with_it)
{
	const char *torn = "# kvmrt-guest-setup: the clock of the host, by KVM\n"
			   "refclock PHC /dev/ptp0\nkeyfile k\n";
	const char *kept = "# kvmrt-guest-setup: the clock of the host, by KVM\n"
			   "#refclock PHC /dev/ptp0\nkeyfile k\n" BLOCK;

	check(torn, "/dev/ptp_kvm", kept);
	check(kept, "/dev/ptp_kvm", kept);
}

TEST(a_last_line_without_its_end_gets_one)
{
	check("keyfile k", "/dev/ptp_kvm", "keyfile k\n" BLOCK);
	check("", "/dev/ptp_kvm", BLOCK);
}

TEST(a_file_that_is_included_loses_its_sources_only)
{
	check("server a\nkeyfile k\n", NULL, "#server a\nkeyfile k\n");
	check("keyfile k", NULL, "keyfile k");
}

TEST(peerntp_is_said_once_at_the_end)
{
	check_network("", "PEERNTP=no\n");
	check_network("A=b\nPEERNTP=yes\n", "A=b\n#PEERNTP=yes\nPEERNTP=no\n");
	check_network("A=b\nPEERNTP=no\n", "A=b\nPEERNTP=no\n");
	check_network("PEERNTP=no\nA=b", "#PEERNTP=no\nA=b\nPEERNTP=no\n");
}

TEST(values_and_words_are_found_as_wholes)
{
	const char *text = "NAME=x\nID_LIKE=\"rhel fedora\"\nID='rocky'\n";
	char buf[32], small[4];

	assert_true(gs_edit_value(text, "ID", buf, sizeof(buf)));
	assert_string_equal(buf, "rocky");
	assert_true(gs_edit_value(text, "ID_LIKE", buf, sizeof(buf)));
	assert_true(gs_edit_has_word(buf, "rhel"));
	assert_true(gs_edit_has_word(buf, "fedora"));
	assert_false(gs_edit_has_word(buf, "rhe"));
	assert_false(gs_edit_value(text, "LIKE", buf, sizeof(buf)));
	assert_false(gs_edit_value(text, "ID", small, sizeof(small)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_source_is_commented_out_and_the_rest_stays),
		cmocka_unit_test(its_own_result_is_left_as_it_is),
		cmocka_unit_test(an_older_block_is_replaced),
		cmocka_unit_test(a_block_that_lost_its_end_takes_nothing_with_it),
		cmocka_unit_test(a_last_line_without_its_end_gets_one),
		cmocka_unit_test(a_file_that_is_included_loses_its_sources_only),
		cmocka_unit_test(peerntp_is_said_once_at_the_end),
		cmocka_unit_test(values_and_words_are_found_as_wholes),
	};

	return RUN_TESTS(tests);
}
