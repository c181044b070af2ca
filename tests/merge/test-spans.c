/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-spans.c - merge/spans.c: when a vCPU may have run, and when for certain not */
#include "merge/spans.h"

#include "merge/set.h"
#include "tests/unit.h"

#define IN(t) { .ts = (t), .kind = MRG_RUN_ENTER, .tid = 7, .vcpu = 1 }
#define OUT(t) { .ts = (t), .kind = MRG_RUN_LEAVE, .tid = 7, .vcpu = 1 }
#define BUILD(v, runs, gaps, nr_gaps, from, to) \
	assert_int_equal(mrg_vcpu_build(v, runs, sizeof(runs) / sizeof(*(runs)), gaps, nr_gaps, \
					from, to), 0)

static void finish(struct mrg_vcpu *v)
{
	struct mrg_vcpus all = { .v = malloc(sizeof(*v)), .nr = 1 };

	all.v[0] = *v;
	mrg_vcpus_finish(&all);
}

static void span_is(const struct mrg_vcpu *v, size_t i, int64_t start, int64_t end)
{
	assert_true(i < v->nr);
	assert_int_equal(v->spans[i].start, start);
	assert_int_equal(v->spans[i].end, end);
}

TEST(a_span_is_from_entry_to_exit_and_all_is_open_around_the_trace)
{
	const struct mrg_run runs[] = { IN(10), OUT(20), IN(30), OUT(45) };
	struct mrg_vcpu v;

	BUILD(&v, runs, NULL, 0, MRG_TIME_MAX, MRG_TIME_MIN);
	span_is(&v, 0, MRG_TIME_MIN, 20);
	span_is(&v, 1, 30, MRG_TIME_MAX);
	assert_int_equal(v.nr, 2);
	assert_int_equal(v.tid, 7);
	assert_int_equal(v.vcpu, 1);
	finish(&v);
}

TEST(what_the_trace_covers_before_the_first_entry_is_known)
{
	const struct mrg_run runs[] = { IN(10), OUT(20) };
	struct mrg_vcpu v;

	BUILD(&v, runs, NULL, 0, 2, 90);
	span_is(&v, 0, MRG_TIME_MIN, 2);
	span_is(&v, 1, 10, 20);
	span_is(&v, 2, 90, MRG_TIME_MAX);
	assert_int_equal(v.first, 2);
	assert_int_equal(v.last, 90);
	finish(&v);
}

TEST(an_exit_without_entry_was_a_fast_return_to_the_guest)
{
	const struct mrg_run runs[] = { IN(10), OUT(20), OUT(25), IN(40), OUT(50) };
	struct mrg_vcpu v;

	BUILD(&v, runs, NULL, 0, 2, 90);
	span_is(&v, 1, 10, 25);
	span_is(&v, 2, 40, 50);
	finish(&v);
}

TEST(where_events_were_lost_it_may_have_run)
{
	const struct mrg_run runs[] = { IN(10), OUT(20), IN(60), OUT(70) };
	const struct mrg_span gaps[] = { { 30, 40 } };
	struct mrg_vcpu v;

	BUILD(&v, runs, gaps, 1, 2, 90);
	span_is(&v, 1, 10, 70);
	assert_int_equal(v.nr_unknown, 3);
	assert_int_equal(v.unknown[1].start, 20);
	assert_int_equal(v.unknown[1].end, 60);
	finish(&v);
}

TEST(a_thread_that_moves_between_cpus_is_one_vcpu)
{
	struct mrg_run a[] = { IN(10), OUT(20), IN(50), OUT(60) }, b[] = { IN(30), OUT(40) };
	struct mrg_lane_data lanes[] = {
		{ .runs = a, .nr_runs = 4, .first = 1, .last = 99 },
		{ .runs = b, .nr_runs = 2, .first = 2, .last = 98 },
	};
	const struct mrg_data data = { .lanes = lanes, .nr_lanes = 2 };
	const struct mrg_segment seg = { .mult = MRG_RATE_ONE };
	const struct mrg_epoch epoch = { .clock = { .segments = &seg, .nr = 1 } };
	const struct mrg_lane clocks[] = {
		{ .epochs = &epoch, .nr_epochs = 1 }, { .epochs = &epoch, .nr_epochs = 1 },
	};
	struct mrg_vcpus vcpus;

	assert_int_equal(mrg_vcpus_build(&vcpus, &data, clocks), 0);
	assert_int_equal(vcpus.nr, 1);
	span_is(&vcpus.v[0], 0, MRG_TIME_MIN, 2);
	span_is(&vcpus.v[0], 1, 10, 20);
	span_is(&vcpus.v[0], 2, 30, 40);
	span_is(&vcpus.v[0], 3, 50, 60);
	span_is(&vcpus.v[0], 4, 98, MRG_TIME_MAX);
	mrg_vcpus_finish(&vcpus);
}

TEST(a_search_and_a_walk_find_the_same_span)
{
	const struct mrg_span spans[] = { { 0, 1 }, { 10, 12 }, { 20, 30 }, { 40, 41 } };

	for (int64_t t = -5; t < 60; t++)
		for (size_t hint = 0; hint < 5; hint++)
			assert_int_equal(mrg_span_at(spans, 4, t, hint),
					 mrg_span_search(spans, 4, t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_from_entry_to_exit_and_all_is_open_around_the_trace),
		cmocka_unit_test(what_the_trace_covers_before_the_first_entry_is_known),
		cmocka_unit_test(an_exit_without_entry_was_a_fast_return_to_the_guest),
		cmocka_unit_test(where_events_were_lost_it_may_have_run),
		cmocka_unit_test(a_thread_that_moves_between_cpus_is_one_vcpu),
		cmocka_unit_test(a_search_and_a_walk_find_the_same_span),
	};

	return RUN_TESTS(tests);
}
