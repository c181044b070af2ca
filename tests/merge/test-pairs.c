/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pairs.c - merge/pairs.c: calls that both sides saw */
#include "merge/pairs.h"

#include "tests/unit.h"

#define CALL(t, k, n, a, l) \
	{ .ts = (t), .kind = MRG_CALL_##k, .nr = (n), .args = { a }, .lane = (l) }
#define DATA(calls_) { .calls = (calls_), .nr_calls = sizeof(calls_) / sizeof(*(calls_)) }

TEST(a_call_is_matched_by_number_and_arguments)
{
	struct mrg_call guest[] = {
		CALL(10, START, 1, 100, 0), CALL(20, END, 1, 0, 0),
		CALL(12, START, 1, 200, 1), CALL(25, END, 1, 0, 1),
	};
	struct mrg_call host[] = { CALL(1018, HOST, 1, 200, 3), CALL(1014, HOST, 1, 100, 2) };
	const struct mrg_data g = DATA(guest), h = DATA(host);
	struct mrg_pair *pairs;
	size_t nr;

	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(pairs[0].start, 10);
	assert_int_equal(pairs[0].end, 20);
	assert_int_equal(pairs[0].host, 1014);
	assert_int_equal(pairs[1].host, 1018);
	assert_int_equal(pairs[1].guest_lane, 1);
	assert_int_equal(pairs[1].host_lane, 3);
	free(pairs);
}

TEST(calls_that_are_alike_are_matched_in_order_or_not_at_all)
{
	struct mrg_call guest[] = { CALL(10, START, 1, 5, 0), CALL(30, START, 1, 5, 0) };
	struct mrg_call host[] = { CALL(111, HOST, 1, 5, 0), CALL(131, HOST, 1, 5, 0) };
	const struct mrg_data g = DATA(guest), h = DATA(host);
	const struct mrg_data one = { .calls = host, .nr_calls = 1 };
	struct mrg_pair *pairs;
	size_t nr;

	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(pairs[1].host, 131);
	assert_int_equal(pairs[1].end, 0);
	free(pairs);
	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &one), 0);
	assert_int_equal(nr, 0);
	free(pairs);
}

TEST(an_end_belongs_to_the_call_before_it_on_its_cpu)
{
	struct mrg_call guest[] = {
		CALL(10, START, 1, 5, 0), CALL(11, START, 2, 5, 0), CALL(12, END, 2, 0, 0),
	};
	struct mrg_call host[] = { CALL(11, HOST, 1, 5, 0), CALL(12, HOST, 2, 5, 0) };
	const struct mrg_data g = DATA(guest), h = DATA(host);
	struct mrg_pair *pairs;
	size_t nr;

	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(pairs[0].end, 0);
	assert_int_equal(pairs[1].end, 12);
	free(pairs);
}

TEST(an_order_that_cannot_be_is_counted)
{
	const struct mrg_segment seg = { .mult = MRG_RATE_ONE };
	const struct mrg_epoch epoch = { .clock = { .segments = &seg, .nr = 1 } };
	const struct mrg_lane lane = { .epochs = &epoch, .nr_epochs = 1 };
	const struct mrg_pair pairs[] = {
		{ .start = 10, .end = 100, .host = 50 }, { .start = 60, .end = 100, .host = 50 },
		{ .start = 10, .end = 40, .host = 50 }, { .start = 10, .end = 0, .host = 50 },
	};
	struct mrg_check check = { 0 };

	mrg_pairs_check(&check, pairs, 4, &lane, &lane);
	assert_int_equal(check.pairs, 4);
	assert_int_equal(check.pairs_wrong, 2);
}

/* A clock that was set back by 500 in sub-buffer 2, and one that was not. */
static const struct mrg_segment segs[] = {
	{ .mult = MRG_RATE_ONE }, { .out0 = 500, .mult = MRG_RATE_ONE },
};
static const struct mrg_epoch epochs[] = {
	{ .clock = { .segments = &segs[0], .nr = 1 } },
	{ .first_page = 3, .clock = { .segments = &segs[1], .nr = 1 } },
};
static const struct mrg_lane set_back = { .epochs = epochs, .nr_epochs = 2 };
static const struct mrg_lane straight = { .epochs = epochs, .nr_epochs = 1 };

TEST(calls_behind_a_clock_that_was_set_back_are_judged_by_its_new_line)
{
	struct mrg_call guest[] = {
		CALL(1000, START, 1, 5, 0), CALL(1010, END, 1, 0, 0),
		CALL(1020, START, 1, 6, 0), CALL(530, END, 1, 0, 0),	/* 500 back */
		CALL(1005, START, 1, 7, 0), CALL(1015, END, 1, 0, 0),
	};
	struct mrg_call host[] = {
		CALL(1005, HOST, 1, 5, 0), CALL(1025, HOST, 1, 6, 0), CALL(1510, HOST, 1, 7, 0),
	};
	const struct mrg_data g = DATA(guest), h = DATA(host);
	struct mrg_check check = { 0 };
	struct mrg_pair *pairs;
	size_t nr;

	guest[2].page = guest[3].page = 2;
	guest[4].page = guest[5].page = 3;
	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	assert_int_equal(nr, 3);
	assert_int_equal(pairs[2].end, 1015);
	mrg_pairs_check(&check, pairs, nr, &set_back, &straight);
	assert_int_equal(check.pairs, 2);	/* not the one of the step itself */
	assert_int_equal(check.pairs_wrong, 0);
	free(pairs);
}

TEST(alike_calls_are_paired_as_made_though_the_clock_was_set_back)
{
	struct mrg_call guest[] = {
		CALL(1000, START, 1, 5, 0), CALL(1010, END, 1, 0, 0),
		CALL(700, START, 1, 5, 0), CALL(710, END, 1, 0, 0),	/* 500 back */
	};
	struct mrg_call host[] = { CALL(1005, HOST, 1, 5, 0), CALL(1205, HOST, 1, 5, 0) };
	struct mrg_lane_data lanes[] = { { .nr_set_backs = 1 }, { .nr_set_backs = 0 } };
	const struct mrg_data h = DATA(host), g = {
		.calls = guest, .nr_calls = 4, .lanes = lanes, .nr_lanes = 2,
	};
	struct mrg_check check = { 0 };
	struct mrg_pair *pairs;
	size_t nr;

	guest[0].page = guest[1].page = 1;
	guest[2].page = guest[3].page = 3;
	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	mrg_pairs_check(&check, pairs, nr, &set_back, &straight);
	assert_int_equal(check.pairs, 2);
	assert_int_equal(check.pairs_wrong, 0);
	free(pairs);
	guest[2].lane = guest[3].lane = 1;	/* which was the first, nobody knows */
	assert_int_equal(mrg_pairs_find(&pairs, &nr, &g, &h), 0);
	assert_int_equal(nr, 0);
	free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_matched_by_number_and_arguments),
		cmocka_unit_test(calls_that_are_alike_are_matched_in_order_or_not_at_all),
		cmocka_unit_test(an_end_belongs_to_the_call_before_it_on_its_cpu),
		cmocka_unit_test(an_order_that_cannot_be_is_counted),
		cmocka_unit_test(calls_behind_a_clock_that_was_set_back_are_judged_by_its_new_line),
		cmocka_unit_test(alike_calls_are_paired_as_made_though_the_clock_was_set_back),
	};

	return RUN_TESTS(tests);
}
