/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-check.c - merge/check.c: what breaks the law, and what cannot be told */
#include "merge/check.h"

#include "merge/sync.h"
#include "tests/unit.h"

static struct mrg_span windows[] = {
	{ MRG_TIME_MIN, 0 }, { 100, 200 }, { 300, 400 }, { 900, MRG_TIME_MAX },
};
static struct mrg_span unknown[] = { { MRG_TIME_MIN, 0 }, { 350, 360 }, { 900, MRG_TIME_MAX } };
static struct mrg_vcpu vcpu = {
	.spans = windows, .nr = 4, .unknown = unknown, .nr_unknown = 3, .first = 0, .last = 900,
};

static struct mrg_lane lane_plus(struct mrg_segment *seg, struct mrg_epoch *epoch, uint64_t plus)
{
	*seg = (struct mrg_segment){ .out0 = plus, .mult = MRG_RATE_ONE };
	*epoch = (struct mrg_epoch){ .clock = { .segments = seg, .nr = 1 } };
	return (struct mrg_lane){ .epochs = epoch, .nr_epochs = 1 };
}

static struct mrg_check check(uint64_t *times, size_t nr, uint64_t plus)
{
	struct mrg_lane_data data = { .times = times, .nr_times = nr };
	struct mrg_segment seg;
	struct mrg_epoch epoch;
	struct mrg_lane lane = lane_plus(&seg, &epoch, plus);
	struct mrg_check ret = { 0 };

	mrg_check_lane(&ret, &data, &lane, &vcpu);
	return ret;
}

TEST(events_in_windows_are_in_order)
{
	uint64_t times[] = { 100, 150, 200, 300, 400 };
	struct mrg_check c = check(times, 5, 0);

	assert_true(c.done);
	assert_int_equal(c.checked, 5);
	assert_int_equal(c.violations, 0);
}

TEST(the_worst_is_the_distance_to_the_nearest_window)
{
	uint64_t times[] = { 150, 250, 280, 700 };
	struct mrg_check c = check(times, 4, 0);

	assert_int_equal(c.checked, 4);
	assert_int_equal(c.violations, 3);
	assert_int_equal(c.worst_ns, 200);
}

TEST(what_cannot_be_known_is_no_violation)
{
	uint64_t times[] = { 355, 950 };
	struct mrg_check c = check(times, 2, 0);

	assert_int_equal(c.unknown, 2);
	assert_int_equal(c.checked, 0);
	assert_int_equal(c.violations, 0);
}

TEST(the_lanes_clock_is_what_is_checked)
{
	uint64_t times[] = { 50, 100 };

	assert_int_equal(check(times, 2, 0).violations, 1);
	assert_int_equal(check(times, 2, 100).violations, 0);
}

TEST(a_lane_is_the_vcpu_that_holds_most_of_its_events)
{
	struct mrg_span other[] = {
		{ MRG_TIME_MIN, 0 }, { 500, 600 }, { 900, MRG_TIME_MAX },
	};
	struct mrg_vcpu both[] = {
		vcpu, { .spans = other, .nr = 3, .unknown = unknown, .nr_unknown = 3, .vcpu = 1 },
	};
	const struct mrg_vcpus vcpus = { .v = both, .nr = 2 };
	uint64_t a[] = { 510, 520, 590 }, b[] = { 120, 310, 320 };
	struct mrg_lane_data lanes[] = {
		{ .times = a, .nr_times = 3, .cpu = 0 }, { .times = b, .nr_times = 3, .cpu = 1 },
	};
	const struct mrg_data data = { .lanes = lanes, .nr_lanes = 2 };
	struct mrg_segment seg;
	struct mrg_epoch epoch;
	struct mrg_lane clocks[2];
	size_t map[2];

	clocks[0] = clocks[1] = lane_plus(&seg, &epoch, 0);
	mrg_check_map(map, &data, clocks, &vcpus);
	assert_int_equal(map[0], 1);
	assert_int_equal(map[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_in_windows_are_in_order),
		cmocka_unit_test(the_worst_is_the_distance_to_the_nearest_window),
		cmocka_unit_test(what_cannot_be_known_is_no_violation),
		cmocka_unit_test(the_lanes_clock_is_what_is_checked),
		cmocka_unit_test(a_lane_is_the_vcpu_that_holds_most_of_its_events),
	};

	return RUN_TESTS(tests);
}
