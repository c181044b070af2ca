/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-extract.c - merge/extract.c: a trace as plain arrays */
#include "merge/extract.h"

#include <errno.h>

#include "tests/merge/scene.h"
#include "tests/unit.h"
#include "xtrace/xtrace.h"

static struct mrg_data *extract(const char *path, bool times, bool *ret_host)
{
	struct xt_trace *trace;
	struct mrg_data *data;

	assert_int_equal(xt_trace_open(&trace, path, NULL), 0);
	*ret_host = mrg_is_host(trace);
	assert_int_equal(mrg_extract(&data, trace, times, NULL, NULL), 0);
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

TEST(the_outline_of_a_trace_is_what_reading_it_finds)
{
	bool host;
	struct mrg_data *data = extract("tests/fixtures/demo/xtrace-host", true, &host), *outline;
	struct xt_trace *trace;

	assert_int_equal(xt_trace_open(&trace, "tests/fixtures/demo/xtrace-host", NULL), 0);
	assert_int_equal(mrg_outline(&outline, trace), 0);
	assert_int_equal(outline->nr_lanes, data->nr_lanes);
	assert_int_equal(outline->nr_events, data->nr_events);
	for (unsigned int l = 0; l < data->nr_lanes; l++) {
		assert_int_equal(outline->lanes[l].cpu, data->lanes[l].cpu);
		assert_int_equal(outline->lanes[l].first, data->lanes[l].first);
		assert_int_equal(outline->lanes[l].last, data->lanes[l].last);
		assert_int_equal(outline->lanes[l].nr_times, 0);
	}
	xt_trace_destroy(trace);
	mrg_data_destroy(outline);
	mrg_data_destroy(data);
}

TEST(a_file_whose_headers_tell_nothing_has_no_outline)
{
	struct mrg_data *data = NULL;
	struct xt_trace *trace;

	assert_int_equal(xt_trace_open(&trace, "tests/fixtures/pair/guest.dat", NULL), 0);
	assert_int_equal(mrg_outline(&data, trace), -ENODATA);
	assert_null(data);
	xt_trace_destroy(trace);
}

TEST(what_slices_read_is_in_the_sub_buffers_of_the_whole)
{
	static const struct mrg_slice slices[] = {
		{ SCENE_NS + 2000, SCENE_NS + 2999 }, { SCENE_NS + 7000, SCENE_NS + 7999 },
	};
	struct scene *scene = scene_create("host", 1);
	struct mrg_data *all, *some;
	struct xt_trace *trace;

	for (unsigned int i = 0; i < 10; i++) {
		scene_hypercall(scene, 0, i * 1000 + 1, 157, i, 0, 0, 0, 0);
		scene_flush(scene);
	}
	scene_finish(scene);
	assert_int_equal(xt_trace_open(&trace, scene_path(scene), NULL), 0);
	assert_int_equal(mrg_extract(&all, trace, true, NULL, NULL), 0);
	assert_int_equal(mrg_extract_slices(&some, trace, true, slices, 2, NULL), 0);
	assert_int_equal(all->nr_calls, 10);
	assert_int_equal(some->nr_calls, 2);
	assert_int_equal(some->calls[0].nr, 2);
	assert_int_equal(some->calls[0].page, all->calls[2].page);
	assert_int_equal(some->calls[1].nr, 7);
	assert_int_equal(some->calls[1].page, all->calls[7].page);
	xt_trace_destroy(trace);
	mrg_data_destroy(some);
	mrg_data_destroy(all);
	scene_destroy(scene);
}

static void note_percent(void *arg, const struct xt_trace *trace, unsigned int percent)
{
	unsigned int *last = arg;

	assert_non_null(trace);
	assert_true(percent >= *last && percent <= 100);
	*last = percent;
}

TEST(who_watches_is_told_to_the_end)
{
	unsigned int percent = 0;
	const struct mrg_watch watch = { .fn = note_percent, .arg = &percent };
	struct xt_trace *trace;
	struct mrg_data *data;

	assert_int_equal(xt_trace_open(&trace, "tests/fixtures/pair/host.dat", NULL), 0);
	assert_int_equal(mrg_extract(&data, trace, true, &watch, NULL), 0);
	assert_int_equal(percent, 100);
	xt_trace_destroy(trace);
	mrg_data_destroy(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_has_the_runs_of_its_vcpus),
		cmocka_unit_test(a_guest_has_the_times_of_its_events),
		cmocka_unit_test(the_outline_of_a_trace_is_what_reading_it_finds),
		cmocka_unit_test(a_file_whose_headers_tell_nothing_has_no_outline),
		cmocka_unit_test(what_slices_read_is_in_the_sub_buffers_of_the_whole),
		cmocka_unit_test(who_watches_is_told_to_the_end),
	};

	return RUN_TESTS(tests);
}
