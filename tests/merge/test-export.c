/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-export.c - merge/export.c: ids and clocks by which a guest's file finds its host's */
#include "merge/export.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"

static struct xt_trace *exported(const struct mrg_set *set, size_t index)
{
	struct xt_export_opts opts = { 0 };
	char path[] = "/tmp/xtrace-export-XXXXXX";
	struct rt_err err = { 0 };
	struct xt_trace *trace = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	if (mrg_export(set, index, fd, &opts, &err) < 0 || xt_trace_open(&trace, path, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	unlink(path);
	return trace;
}

/* Two events; where it is the guest, its clock is a microsecond behind. */
static struct scene *make_scene(const char *host)
{
	struct scene *scene = scene_create(host, 1);

	scene_timer(scene, 0, 1000000, 7);
	scene_timer(scene, 0, 3000000, 7);
	scene_finish(scene);
	return scene;
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
		cmocka_unit_test(what_a_file_says_of_itself_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
