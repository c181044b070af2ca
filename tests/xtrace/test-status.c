/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-status.c - xtrace/status.c: a status read back, and what a wrong owner could send */
#include "xtrace/status.h"

#include "lib/err.h"
#include "tests/unit.h"

static const char whole[] = "name n1\nstate recording\nmode stream\nclock tai\n"
			    "directory /var/tmp/a b\ncommand sh -c 'x  y'\npid 77\nseconds 12\n"
			    "buffer-bytes 8388608\nsubbuf-bytes 65536\nflushes 3\n"
			    "cpu 0 100 1 2 3000 40\ncpu 5 200 0 0 10 20\n";

TEST(all_that_an_owner_says_is_read)
{
	struct xt_status status;
	struct xt_cpu_stats total;

	assert_int_equal(xt_status_parse(&status, whole, NULL), 0);
	assert_string_equal(status.name, "n1");
	assert_string_equal(status.state, "recording");
	assert_string_equal(status.directory, "/var/tmp/a b");
	assert_string_equal(status.command, "sh -c 'x  y'");
	assert_int_equal(status.pid, 77);
	assert_int_equal(status.flushes, 3);
	assert_int_equal(status.nr_cpus, 2);
	assert_int_equal(status.cpus[1].cpu, 5);
	assert_int_equal(status.cpus[0].bytes_disk, 40);
	total = xt_status_total(status.cpus, status.nr_cpus);
	assert_int_equal(total.written, 300);
	assert_int_equal(total.lost, 1);
	assert_int_equal(total.overwritten, 2);
	assert_int_equal(total.bytes_raw, 3010);
	xt_status_finish(&status);
	assert_null(status.cpus);
}

TEST(keys_of_a_newer_owner_are_passed_over)
{
	struct xt_status status;

	assert_int_equal(xt_status_parse(&status, "weather fine\ndirectory /t\ncommand \n", NULL),
			 0);
	assert_string_equal(status.command, "");
	xt_status_finish(&status);
}

static void refused(const char *text)
{
	struct xt_status status;
	struct rt_err err = { 0 };

	assert_int_equal(xt_status_parse(&status, text, &err), -EINVAL);
	assert_contains(err.text, "cannot read the status of the session");
}

TEST(what_is_no_status_is_refused)
{
	refused("");
	refused("directory /t\n");
	refused("nonsense\n");
	refused("directory /t\ncommand x\npid -1\n");
	refused("directory /t\ncommand x\ncpu 0 1 2\n");
	refused("directory /t\ncommand x\ncpu 99999 1 2 3 4 5\n");
}

TEST(a_word_that_is_too_long_is_cut)
{
	struct xt_status status;
	char text[300];

	snprintf(text, sizeof(text), "directory /t\ncommand x\nname %0200d\n", 7);
	assert_int_equal(xt_status_parse(&status, text, NULL), 0);
	assert_int_equal(strlen(status.name), XT_STATUS_WORD_MAX - 1);
	xt_status_finish(&status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_an_owner_says_is_read),
		cmocka_unit_test(keys_of_a_newer_owner_are_passed_over),
		cmocka_unit_test(what_is_no_status_is_refused),
		cmocka_unit_test(a_word_that_is_too_long_is_cut),
	};

	return RUN_TESTS(tests);
}
