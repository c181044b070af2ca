/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-set.c - merge/set.c: labels, clocks and merged directories */
#include "merge/set.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "merge/assemble.h"
#include "merge/set-edit.h"
#include "merge/sync-set.h"
#include "tests/unit.h"

#define HOST "tests/fixtures/pair/host.dat"
#define GUEST "tests/fixtures/pair/guest.dat"

TEST(a_trace_has_its_own_clock_and_the_label_of_its_file)
{
	const char *const paths[] = { HOST };
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_string_equal(set->members[0].label, "host");
	assert_int_equal(set->members[0].method, MRG_OWN);
	assert_int_equal(mrg_lane_clock_map(mrg_lane_clock_at(&set->members[0].lanes[3], 9), 12345),
			 12345);
	assert_true(set->utc_known);
	mrg_set_destroy(set);
}

TEST(labels_are_unique)
{
	const char *const paths[] = { HOST, HOST, HOST };
	struct rt_err err = { 0 };
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 3, NULL), 0);
	assert_string_equal(set->members[1].label, "host-2");
	assert_string_equal(set->members[2].label, "host-3");
	assert_int_equal(mrg_set_label(set, 2, "host", &err), -EINVAL);
	assert_int_equal(mrg_set_label(set, 2, "", &err), -EINVAL);
	assert_int_equal(mrg_set_label(set, 2, "my host", &err), -EINVAL);
	assert_int_equal(mrg_set_label(set, 2, "my_host", &err), 0);
	assert_string_equal(set->members[2].label, "my_host");
	mrg_set_destroy(set);
}

TEST(what_cannot_be_opened_is_named)
{
	const char *const paths[] = { HOST, "tests/merge/nothing" };
	struct rt_err err = { 0 };
	struct mrg_set *set;

	assert_true(mrg_set_open(&set, paths, 2, &err) < 0);
	assert_contains(err.text, "tests/merge/nothing");
}

TEST(an_epoch_holds_from_its_first_page_on)
{
	const struct mrg_segment a = { .out0 = 1 }, b = { .out0 = 2 };
	const struct mrg_epoch epochs[] = {
		{ 0, { &a, 1, 0 } }, { 10, { &b, 1, 0 } },
	};
	const struct mrg_lane lane = { .epochs = epochs, .nr_epochs = 2 };

	assert_int_equal(mrg_lane_clock_at(&lane, 0)->segments->out0, 1);
	assert_int_equal(mrg_lane_clock_at(&lane, 9)->segments->out0, 1);
	assert_int_equal(mrg_lane_clock_at(&lane, 10)->segments->out0, 2);
	assert_int_equal(mrg_lane_clock_at(&lane, 1000)->segments->out0, 2);
}

TEST(a_merged_directory_brings_labels_clocks_and_checks)
{
	const char *const paths[] = { HOST, GUEST };
	const struct mrg_assemble_opts opts = { 0 };
	const struct mrg_sync_how how = { .method = MRG_NR_METHODS };
	char dir[] = "/tmp/test-set.XXXXXX", out[64], command[128];
	struct rt_buf notes = { 0 };
	struct mrg_set *set, *merged;
	const char *const again[] = { out };

	assert_non_null(mkdtemp(dir));
	snprintf(out, sizeof(out), "%s/m", dir);
	assert_int_equal(mrg_set_open(&set, paths, 2, NULL), 0);
	assert_int_equal(mrg_sync_set(set, &how, &notes, NULL), 0);
	assert_int_equal(mrg_assemble(set, out, &opts, NULL), 0);
	assert_int_equal(mrg_assemble(set, out, &opts, NULL), -EEXIST);
	assert_int_equal(mrg_set_open(&merged, again, 1, NULL), 0);
	assert_true(merged->merged);
	assert_int_equal(merged->nr, 2);
	assert_int_equal(merged->members[1].method, MRG_WINDOWS);
	assert_int_equal(merged->members[1].host, 0);
	assert_int_equal(merged->members[1].check.checked, set->members[1].check.checked);
	assert_int_equal(mrg_lane_clock_map(&merged->members[1].lanes[1].epochs[0].clock, 7000000),
			 mrg_lane_clock_map(&set->members[1].lanes[1].epochs[0].clock, 7000000));
	mrg_set_destroy(merged);
	mrg_set_destroy(set);
	rt_buf_finish(&notes);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_has_its_own_clock_and_the_label_of_its_file),
		cmocka_unit_test(labels_are_unique),
		cmocka_unit_test(what_cannot_be_opened_is_named),
		cmocka_unit_test(an_epoch_holds_from_its_first_page_on),
		cmocka_unit_test(a_merged_directory_brings_labels_clocks_and_checks),
	};

	return RUN_TESTS(tests);
}
