/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-export.c - merge/export.c: ids and clocks by which a guest's file finds its host's */
#include "merge/export.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"

static struct xt_trace *exported_with(const struct mrg_set *set, size_t index,
				      struct xt_export_opts *opts)
{
	char path[] = "/tmp/xtrace-export-XXXXXX";
	struct rt_err err = { 0 };
	struct xt_trace *trace = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	if (mrg_export(set, index, fd, opts, &err) < 0 || xt_trace_open(&trace, path, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	unlink(path);
	return trace;
}

static struct xt_trace *exported(const struct mrg_set *set, size_t index)
{
	return exported_with(set, index, &(struct xt_export_opts){ 0 });
}

static uint64_t last_event = 3000000;
static bool cycles;

/* Two events; where it is the guest, its clock is a microsecond behind. */
static struct scene *make_scene(const char *host)
{
	struct scene *scene = scene_create(host, 1);

	if (cycles && strcmp(host, "beta") == 0) {
		scene_clock(scene, "x86-tsc");
		scene_cycles(scene, SCENE_NS, SCENE_NS);
	}
	scene_timer(scene, 0, 1000000, 7);
	scene_timer(scene, 0, last_event, 7);
	scene_finish(scene);
	return scene;
}

/* A host, and a guest of it on a clock of one's own: what is written of the guest. */
struct placed {
	struct mrg_segment host[2], guest[2];
	size_t nr_host, nr_guest;
	size_t nr_epochs;
	bool dat;		/* the guest's trace is a trace.dat */
	char warning[256];
};

static void keep_warning(void *arg, const char *text)
{
	struct placed *placed = arg;

	snprintf(placed->warning, sizeof(placed->warning), "%s", text);
}

static char *as_dat(const char *path)
{
	static char to[] = "/tmp/xtrace-export-guest-XXXXXX";
	struct xt_export_opts opts = { 0 };
	struct mrg_set *set;
	int fd;

	strcpy(to + strlen(to) - 6, "XXXXXX");
	fd = mkstemp(to);
	assert_true(fd >= 0);
	assert_int_equal(mrg_set_open(&set, &path, 1, NULL), 0);
	assert_int_equal(mrg_export(set, 0, fd, &opts, NULL), 0);
	mrg_set_destroy(set);
	close(fd);
	return to;
}

static struct xt_trace *export_placed(struct placed *placed)
{
	struct scene *scenes[] = { make_scene("alpha"), make_scene("beta") };
	const char *paths[] = { scene_path(scenes[0]), scene_path(scenes[1]) };
	struct mrg_epoch host = { .clock = { .segments = placed->host, .nr = placed->nr_host } };
	struct mrg_epoch guest[2] = {
		{ .clock = { .segments = placed->guest, .nr = placed->nr_guest } },
	};
	struct mrg_lane before[2];
	struct xt_trace *trace;
	struct mrg_set *set;

	guest[1] = guest[0];
	if (placed->dat)
		paths[1] = as_dat(paths[1]);
	assert_int_equal(mrg_set_open(&set, paths, 2, NULL), 0);
	for (size_t m = 0; m < 2; m++)
		before[m] = set->members[m].lanes[0];
	set->members[1].host = 0;
	set->members[1].lanes[0].epochs = guest;
	set->members[1].lanes[0].nr_epochs = placed->nr_epochs ? placed->nr_epochs : 1;
	if (placed->nr_host)
		set->members[0].lanes[0].epochs = &host;
	trace = exported_with(set, 1, &(struct xt_export_opts){
		.warn = keep_warning, .arg = placed,
	});
	for (size_t m = 0; m < 2; m++)
		set->members[m].lanes[0] = before[m];
	mrg_set_destroy(set);
	for (size_t i = 0; i < 2; i++)
		scene_destroy(scenes[i]);
	if (placed->dat)
		unlink(paths[1]);
	return trace;
}

TEST(a_guest_names_its_host_and_has_its_time_and_the_host_names_it)
{
	static const struct mrg_segment segment = {
		.in0 = 1000000, .out0 = 1001000, .mult = MRG_RATE_ONE,
	};
	static const struct mrg_epoch epoch = { .clock = { .segments = &segment, .nr = 1 } };
	struct scene *scenes[] = { make_scene("alpha"), make_scene("beta") };
	const char *const paths[] = { scene_path(scenes[0]), scene_path(scenes[1]) };
	const struct xt_info *host, *guest;
	struct xt_trace *traces[2];
	struct mrg_lane before;
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 2, NULL), 0);
	before = set->members[1].lanes[0];
	set->members[1].host = 0;
	set->members[1].lanes[0].vcpu_tid = 157;
	set->members[1].lanes[0].epochs = &epoch;
	for (size_t i = 0; i < 2; i++)
		traces[i] = exported(set, i);
	host = xt_trace_info(traces[0]);
	guest = xt_trace_info(traces[1]);
	assert_true(host->trace_id && guest->trace_id && host->trace_id != guest->trace_id);
	assert_true(host->peer_id == 0 && guest->peer_id == host->trace_id);
	assert_int_equal(host->nr_shifts, 0);
	assert_int_equal(host->nr_vcpus, 1);
	assert_int_equal(host->vcpus[0].tid, 157);
	assert_string_equal(host->vcpus[0].vm, "beta");
	assert_true(host->vcpus[0].trace_id == guest->trace_id);
	assert_int_equal(guest->nr_shifts, 1);
	assert_true(xt_trace_time(traces[1], 0, 1000000) == 1001000);
	assert_true(xt_trace_time(traces[1], 0, 2000000) == 2001000);
	for (size_t i = 0; i < 2; i++)
		xt_trace_destroy(traces[i]);
	set->members[1].lanes[0] = before;
	mrg_set_destroy(set);
	for (size_t i = 0; i < 2; i++)
		scene_destroy(scenes[i]);
}

TEST(a_guest_whose_file_tells_no_times_has_its_hosts_too)
{
	struct placed placed = {
		.guest = { { .in0 = 1000000, .out0 = 1001000, .mult = MRG_RATE_ONE } },
		.nr_guest = 1, .dat = true,
	};
	struct xt_trace *trace = export_placed(&placed);

	assert_string_equal(placed.warning, "");
	assert_true(xt_trace_time(trace, 0, SCENE_NS + 1000000) == SCENE_NS + 1001000);
	assert_true(xt_trace_time(trace, 0, SCENE_NS + 3000000) == SCENE_NS + 3001000);
	xt_trace_destroy(trace);
}

/* The merge's clock is not its own: it is a second behind it, from the middle on two. */
TEST(a_guest_has_the_time_that_the_file_of_its_host_shows)
{
	const uint64_t turn = SCENE_NS + 2000000, second = 1000000000;
	struct placed placed = {
		.host = { { .in0 = 0, .out0 = second, .mult = MRG_RATE_ONE },
			  { .in0 = turn, .out0 = turn + 2 * second, .mult = MRG_RATE_ONE } },
		.nr_host = 2,
		.guest = { { .in0 = 0, .out0 = second + 77, .mult = MRG_RATE_ONE },
			   { .in0 = turn, .out0 = turn + 2 * second + 77, .mult = MRG_RATE_ONE } },
		.nr_guest = 2,
	};
	struct xt_trace *trace = export_placed(&placed);

	assert_true(xt_trace_time(trace, 0, SCENE_NS + 1000000) == SCENE_NS + 1000000 + 77);
	assert_true(xt_trace_time(trace, 0, SCENE_NS + 3000000) == SCENE_NS + 3000000 + 77);
	xt_trace_destroy(trace);
}

/* A tenth too fast for a day: the offset's change times the time does not fit into 64 bits. */
TEST(a_clock_that_runs_away_for_long_is_right_in_the_middle_too)
{
	const uint64_t begin = SCENE_NS, day = 86400ull * 1000000000;
	struct placed placed = {
		.guest = { { .in0 = begin, .out0 = begin,
			     .mult = MRG_RATE_ONE + MRG_RATE_ONE / 10 } },
		.nr_guest = 1,
	};
	struct xt_trace *trace;

	last_event = day;
	trace = export_placed(&placed);
	last_event = 3000000;
	for (uint64_t ns = 1000000; ns < day; ns += day / 1000) {
		int64_t wrong = (int64_t)(xt_trace_time(trace, 0, begin + ns) -
					  (begin + ns + ns / 10));

		assert_in_range(wrong + 2, 0, 4);
	}
	xt_trace_destroy(trace);
}

TEST(cycles_that_are_converted_have_the_hosts_time)
{
	struct placed placed = {
		.guest = { { .in0 = 0, .out0 = 1000, .mult = MRG_RATE_ONE } }, .nr_guest = 1,
	};
	struct xt_trace *trace;

	cycles = true;
	trace = export_placed(&placed);
	cycles = false;
	assert_string_equal(placed.warning, "");
	assert_true(xt_trace_info(trace)->time.convert);
	assert_true(xt_trace_time(trace, 0, SCENE_NS + 1000000) == SCENE_NS + 1001000);
	xt_trace_destroy(trace);
}

TEST(a_guest_that_keeps_its_own_time_is_told)
{
	struct placed placed = {
		.guest = { { .in0 = 0, .out0 = 1000, .mult = MRG_RATE_ONE } },
		.nr_guest = 1, .nr_epochs = 2,
	};
	struct xt_trace *trace = export_placed(&placed);

	assert_int_equal(xt_trace_info(trace)->nr_shifts, 0);
	assert_string_equal(placed.warning, "is written with its own time, not its host's: its "
			    "clock was set back");
	xt_trace_destroy(trace);
}

TEST(what_a_file_says_of_itself_stays)
{
	struct scene *scene = make_scene("alpha");
	const char *const paths[] = { scene_path(scene) };
	struct mrg_set *set;
	struct xt_trace *trace;

	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	trace = exported(set, 0);
	assert_string_equal(xt_trace_info(trace)->host, xt_trace_info(set->members[0].trace)->host);
	assert_int_equal(xt_trace_info(trace)->nr_shifts, 0);
	assert_true(xt_trace_time(trace, 0, 3000000) == 3000000);
	xt_trace_destroy(trace);
	mrg_set_destroy(set);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_names_its_host_and_has_its_time_and_the_host_names_it),
		cmocka_unit_test(a_guest_whose_file_tells_no_times_has_its_hosts_too),
		cmocka_unit_test(a_guest_has_the_time_that_the_file_of_its_host_shows),
		cmocka_unit_test(a_clock_that_runs_away_for_long_is_right_in_the_middle_too),
		cmocka_unit_test(cycles_that_are_converted_have_the_hosts_time),
		cmocka_unit_test(a_guest_that_keeps_its_own_time_is_told),
		cmocka_unit_test(what_a_file_says_of_itself_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
