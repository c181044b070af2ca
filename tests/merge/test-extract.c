/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-extract.c - merge/extract.c: a trace as plain arrays */
#include "merge/extract.h"

#include "tests/unit.h"
#include "xtrace/xtrace.h"

static struct mrg_data *extract(const char *path, bool times, bool *ret_host)
{
	struct xt_trace *trace;
	struct mrg_data *data;

	assert_int_equal(xt_trace_open(&trace, path, NULL), 0);
	*ret_host = mrg_is_host(trace);
	assert_int_equal(mrg_extract(&data, trace, times, NULL), 0);
	xt_trace_destroy(trace);
	return data;
}

TEST(a_host_has_the_runs_of_its_vcpus)
{
	bool host;
	struct mrg_data *data = extract("tests/fixtures/pair/host.dat", false, &host);
	uint64_t enters = 0;

	assert_true(host);
	assert_int_equal(data->nr_lanes, 4);
	assert_int_equal(data->nr_runs, 2351);
	for (unsigned int l = 0; l < 4; l++) {
		assert_null(data->lanes[l].nr_times ? data->lanes[l].times : NULL);
		for (size_t i = 0; i < data->lanes[l].nr_runs; i++) {
			const struct mrg_run *run = &data->lanes[l].runs[i];

			assert_true(run->tid == 156 || run->tid == 157);
			assert_true(i == 0 || run[-1].ts <= run->ts);
			enters += run->kind == MRG_RUN_ENTER;
		}
	}
	assert_in_range(enters, 1170, 1180);
	mrg_data_destroy(data);
}

TEST(a_guest_has_the_times_of_its_events)
{
	bool host;
	struct mrg_data *data = extract("tests/fixtures/pair/guest.dat", true, &host);
	size_t nr = 0;

	assert_false(host);
	for (unsigned int l = 0; l < data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &data->lanes[l];

		assert_int_equal(lane->cpu, l);
		assert_int_equal(lane->times[0], lane->first);
		assert_int_equal(lane->times[lane->nr_times - 1], lane->last);
		assert_int_equal(lane->nr_set_backs, 0);
		nr += lane->nr_times;
	}
	assert_int_equal(nr, 3849);
	assert_int_equal(data->nr_events, 3849);
	assert_int_equal(data->nr_damaged, 0);
	mrg_data_destroy(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_has_the_runs_of_its_vcpus),
		cmocka_unit_test(a_guest_has_the_times_of_its_events),
	};

	return RUN_TESTS(tests);
}
