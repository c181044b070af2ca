/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-record.c - xtrace/record.c: whole sessions on this machine's own kernel
 *
 * Skipped where no trace instance can be made; sessions stand below a /run of
 * the test's own.
 */
#include "xtrace/record.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/session.h"
#include "tests/xtrace/tree.h"
#include "xtrace/session.h"
#include "xtrace/status.h"
#include "xtrace/xtrace.h"

TEST(a_session_is_armed_records_and_ends_and_leaves_a_whole_directory)
{
	struct fixture *f = *state;
	struct xt_record *record = session_create(f);

	assert_string_equal(session_state(record), "armed");
	assert_int_equal(xt_record_start(record, NULL), 0);
	assert_string_equal(session_state(record), "recording");
	assert_int_equal(xt_record_tick(record, NULL), 0);
	assert_int_equal(xt_record_finish(record, NULL), 0);
	assert_int_equal(xt_record_finish(record, NULL), 0);
	assert_int_equal(xt_record_tick(record, NULL), 0);
	session_finish(f, record);
}

TEST(a_fault_that_is_asked_for_behind_the_end_is_none)
{
	struct fixture *f = *state;
	struct xt_record *record = session_start(f);

	assert_int_equal(xt_record_fault(record, NULL), 0);
	assert_int_equal(xt_record_finish(record, NULL), 0);
	assert_int_equal(xt_record_fault(record, NULL), 0);
	session_finish(f, record);
}

TEST(one_that_is_not_ended_leaves_no_instance_and_what_can_be_read)
{
	struct fixture *f = *state;

	xt_record_destroy(session_start(f));
	session_left_nothing(f);
	session_is_complete(f, false);
}

TEST(flushes_are_numbered_in_every_mode)
{
	static const char *const modes[] = { "stream", "overwrite", "stop" };
	struct fixture *f = *state;
	struct xt_record *record;
	uint32_t flush;
	size_t i;

	for (i = 0; i < 3; i++) {
		f->opts.mode = modes[i];
		f->opts.force = true;
		record = session_start(f);
		assert_int_equal(xt_record_flush(record, NULL, &flush, NULL), 0);
		assert_int_equal(flush, 1);
		assert_int_equal(xt_record_flush(record, NULL, &flush, NULL), 0);
		assert_int_equal(flush, 2);
		session_finish(f, record);
	}
}

TEST(a_pause_is_a_state_and_pausing_twice_is_no_failure)
{
	struct fixture *f = *state;
	struct xt_record *record = session_start(f);
	struct rt_cpuset cpu0 = { { 1 } }, none = { { 0 } };
	struct rt_err err = { 0 };

	assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
	assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
	assert_string_equal(session_state(record), "paused");
	assert_true(xt_record_mark(record, "x", &err) < 0);
	assert_contains(err.text, "does not record now");
	assert_int_equal(xt_record_resume(record, &cpu0, &err), -EBUSY);
	assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
	assert_string_equal(session_state(record), "recording");
	assert_int_equal(xt_record_mark(record, "x", NULL), 0);
	assert_int_equal(xt_record_mark(record, "", &err), -EINVAL);
	rt_cpuset_add(&none, RT_MAX_CPUS - 1);
	assert_int_equal(xt_record_pause(record, &none, &err), -EINVAL);
	assert_contains(err.text, "the session records the CPUs");
	session_finish(f, record);
}

TEST(nothing_records_behind_the_event_that_ends_it_before_anybody_looked)
{
	static const char *words[] = { "sched:sched_process_exit" };
	struct rt_strv stops = { words, 1 };
	struct fixture *f = *state;
	struct xt_record *record;
	struct xt_instance inst = { .root = &f->tree->root };
	char why[256];

	f->opts.mode = "overwrite";
	f->opts.stops = &stops;
	record = session_create(f);
	strcpy(inst.dir, f->instance);
	assert_int_equal(xt_record_start(record, NULL), 0);
	assert_int_equal(system(":"), 0);
	assert_false(xt_instance_is_on(&inst));
	assert_int_equal(xt_record_flush(record, NULL, NULL, NULL), 0);
	assert_false(xt_instance_is_on(&inst));
	assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
	assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
	assert_false(xt_instance_is_on(&inst));
	assert_true(xt_record_check_stop(record, why, sizeof(why)));
	session_finish(f, record);
}

/* /sys of its own but for the kernel's part, so that a CPU can come online. */
static void own_cpus(struct fixture *f, const char *online)
{
	char link[512];

	assert_int_equal(unlinkat(f->tree->root.fd, "sys", 0), 0);
	tree_make_dir(f->tree, "sys");
	snprintf(link, sizeof(link), "%s/sys/kernel", f->tree->path);
	assert_int_equal(symlink("/sys/kernel", link), 0);
	tree_put(f->tree, "sys/devices/system/cpu/online", online);
	tree_put(f->tree, "sys/devices/system/cpu/possible", online);
}

/* Bytes @byte in all sub-buffers of the directory. */
static size_t count_bytes(const struct fixture *f, uint8_t byte)
{
	struct xt_trace *trace;
	struct xt_pages *pages;
	size_t n = 0;

	assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
	for (unsigned int lane = 0; lane < xt_trace_nr_lanes(trace); lane++) {
		for (size_t c = 0; c < xt_trace_lane(trace, lane)->nr_chunks; c++) {
			assert_int_equal(xt_lane_load(trace, lane, c, 1, &pages, NULL), 0);
			for (size_t i = 0; i < (size_t)pages->nr * pages->page_size; i++)
				n += pages->base[i] == byte;
			xt_pages_put(pages);
		}
	}
	xt_trace_destroy(trace);
	return n;
}

TEST(of_a_mark_that_is_longer_than_the_kernel_takes_nothing_is_lost)
{
	struct fixture *f = *state;
	struct xt_record *record = session_start(f);
	char text[10001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(xt_record_mark(record, text, NULL), 0);
	session_finish(f, record);
	assert_true(count_bytes(f, 'x') >= sizeof(text) - 1);
}

/* The CPUs that the kernel records, as it prints them. */
static char *recorded_cpus(const struct fixture *f)
{
	char *mask;

	assert_int_equal(rt_root_read(&f->tree->root, &mask, NULL, NULL, "%s/tracing_cpumask",
				      f->instance), 0);
	return mask;
}

static void recorded_are(const struct fixture *f, const char *mask)
{
	char *now = recorded_cpus(f);

	assert_string_equal(now, mask);
	free(now);
}

TEST(what_some_cpus_were_paused_or_flushed_for_leaves_all_recording_behind_it)
{
	struct fixture *f = *state;
	struct rt_cpuset cpu0 = { { 1 } };
	struct xt_record *record;
	char link[512], *all;

	own_cpus(f, "0\n");
	/* The others may come online. */
	snprintf(link, sizeof(link), "%s/sys/devices/system/cpu/possible", f->tree->path);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/sys/devices/system/cpu/possible", link), 0);
	f->opts.mode = "overwrite";
	record = session_start(f);
	all = recorded_cpus(f);
	assert_int_equal(xt_record_pause(record, &cpu0, NULL), 0);
	assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
	recorded_are(f, all);
	assert_int_equal(xt_record_pause(record, &cpu0, NULL), 0);
	assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
	assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
	recorded_are(f, all);
	assert_int_equal(xt_record_pause(record, &cpu0, NULL), 0);
	assert_int_equal(xt_record_resume(record, &cpu0, NULL), 0);
	recorded_are(f, all);
	assert_int_equal(xt_record_flush(record, &cpu0, NULL, NULL), 0);
	recorded_are(f, all);
	free(all);
	session_finish(f, record);
}

TEST(the_gap_of_a_cpu_that_comes_into_a_pause_begins_there)
{
	struct fixture *f = *state;
	struct xt_record *record;
	struct xt_trace *trace;
	struct xt_chunk gap;
	struct timespec before;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	own_cpus(f, "0\n");
	record = session_start(f);
	assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	tree_put(f->tree, "sys/devices/system/cpu/online", "0-1\n");
	assert_int_equal(xt_record_tick(record, NULL), 0);
	assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
	session_finish(f, record);
	assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
	assert_int_equal(xt_trace_lane(trace, 1)->cpu, 1);
	xt_lane_chunk(trace, 1, 0, &gap);
	assert_true(gap.times_known);
	assert_true(gap.first_ts >= before.tv_sec * 1000000000ull + before.tv_nsec);
	xt_trace_destroy(trace);
}

TEST(a_gap_has_its_times_in_the_clock_of_the_events)
{
	static const char *const clocks[] = { "local", "mono", "boot" };
	const struct timespec while_paused = { .tv_nsec = 3000000 };
	struct fixture *f = *state;
	struct xt_record *record;
	struct xt_trace *trace;
	struct xt_chunk gap;

	if (!session_run_on(0))
		skip();
	f->opts.cpus = f->opts.drain_cpus = "0";
	f->opts.force = true;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		f->opts.clock = clocks[i];
		record = session_start(f);
		session_mark(f, "", "before");
		assert_int_equal(xt_record_pause(record, NULL, NULL), 0);
		nanosleep(&while_paused, NULL);
		assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
		session_mark(f, "", "behind");
		session_finish(f, record);
		assert_int_equal(session_count_lost(f, 0), 1);
		assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
		/* data in front of it may have come in several blocks */
		for (unsigned int c = 0; c == 0 || gap.nr_events; c++)
			xt_lane_chunk(trace, 0, c, &gap);
		xt_trace_destroy(trace);
		assert_in_range(gap.last_ts - gap.first_ts, 2000000, 60000000000);
	}
}

/* On CPUs 0 and 1. */
static void mark_both(const struct fixture *f, const char *text)
{
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		assert_true(session_run_on(cpu));
		session_mark(f, "", text);
	}
}

/* In every mode, once of all CPUs and once of CPU 0: a gap on those that were paused. */
static void pause_in_all_modes(struct fixture *f, bool resumed)
{
	static const char *const modes[] = { "stream", "overwrite", "stop" };
	struct rt_cpuset cpu0 = { { 1 } };
	struct xt_record *record;

	if (!session_run_on(1) || !session_run_on(0))
		skip();
	f->opts.drain_cpus = "0";
	f->opts.force = true;
	for (size_t i = 0; i < 6; i++) {
		f->opts.mode = modes[i / 2];
		record = session_start(f);
		mark_both(f, "before");
		assert_int_equal(xt_record_pause(record, i & 1 ? &cpu0 : NULL, NULL), 0);
		if (resumed) {
			assert_int_equal(xt_record_resume(record, NULL, NULL), 0);
			mark_both(f, "behind");
		}
		session_finish(f, record);
		assert_int_equal(session_count_lost(f, 0), 1);
		assert_int_equal(session_count_lost(f, 1), i & 1 ? 0 : 1);
	}
}

TEST(a_pause_leaves_a_gap_in_every_mode_on_the_cpus_that_were_paused)
{
	pause_in_all_modes(*state, true);
}

TEST(a_pause_that_lasts_to_the_end_leaves_a_gap_there)
{
	pause_in_all_modes(*state, false);
}

/* Of which flush the first data of @cpu is; -1: there is none. */
static int first_flush(const struct fixture *f, unsigned int cpu)
{
	struct xt_trace *trace;
	struct xt_chunk chunk;
	int flush = -1;

	assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
	for (unsigned int l = 0; l < xt_trace_nr_lanes(trace) && flush < 0; l++) {
		if (xt_trace_lane(trace, l)->cpu == cpu && xt_trace_lane(trace, l)->nr_chunks) {
			xt_lane_chunk(trace, l, 0, &chunk);
			flush = (int)chunk.flush;
		}
	}
	xt_trace_destroy(trace);
	return flush;
}

TEST(a_cpu_that_came_online_since_the_last_tick_is_saved_with_the_others)
{
	struct fixture *f = *state;
	struct xt_record *record;

	if (!session_run_on(1) || !session_run_on(0))
		skip();
	f->opts.mode = "overwrite";
	f->opts.incidents = 3;
	f->opts.drain_cpus = "0";
	own_cpus(f, "0\n");
	for (int called = 0; called < 2; called++) {
		f->opts.force = true;
		tree_put(f->tree, "sys/devices/system/cpu/online", "0\n");
		record = session_start(f);
		tree_put(f->tree, "sys/devices/system/cpu/online", "0-1\n");
		assert_true(session_run_on(1));
		session_mark(f, "", "new");
		assert_true(session_run_on(0));
		if (called) {
			session_mark(f, "", "kvmrt_gs: hc_end nr=0x4b475303 ret=0");
			assert_true(xt_record_last_freeze(record, NULL) > 0);
		} else {
			assert_int_equal(xt_record_flush(record, NULL, NULL, NULL), 0);
		}
		session_finish(f, record);
		assert_int_equal(first_flush(f, 1), 1);
	}
}

TEST(a_buffer_that_was_to_be_filled_once_is_full)
{
	static const char *words[] = { "raw_syscalls:*" };
	struct fixture *f = *state;
	struct xt_record *record;
	int i;

	f->events = (struct rt_strv){ words, 1 };
	f->opts.mode = "stop";
	f->opts.buffer_bytes = 64 << 10;
	f->opts.cpus = f->opts.drain_cpus = "0";	/* where we run, then */
	record = session_start(f);
	for (i = 0; i < 1000000 && strcmp(session_state(record), "full") != 0; i++)
		getppid();
	assert_string_equal(session_state(record), "full");
	session_finish(f, record);
}

TEST(the_status_of_a_session_is_read_back_from_its_text)
{
	struct fixture *f = *state;
	struct xt_record *record;
	struct rt_buf text = { 0 };
	struct xt_status status;

	f->opts.command = "sh -c 'a\nb'";
	record = session_start(f);
	xt_status_format(record, &text);
	assert_int_equal(xt_status_parse(&status, rt_buf_str(&text), NULL), 0);
	assert_string_equal(status.name, f->name);
	assert_string_equal(status.state, "recording");
	assert_string_equal(status.command, "sh -c 'a?b'");
	assert_string_equal(status.directory, f->output);
	assert_int_equal(status.pid, getpid());
	assert_true(status.nr_cpus >= 1);
	assert_true(status.buffer_bytes >= 256 << 10);
	xt_status_finish(&status);
	rt_buf_finish(&text);
	session_finish(f, record);
}

TEST(a_sweep_that_does_not_know_us_leaves_our_instance_alone)
{
	struct fixture *f = *state;
	struct xt_record *record = session_start(f);
	void *state_of_other;
	struct tree *other;
	char link[512];

	/* Another /run, the same kernel: as in a container. */
	assert_int_equal(tree_set_up(&state_of_other), 0);
	other = state_of_other;
	snprintf(link, sizeof(link), "%s/sys", other->path);
	assert_int_equal(symlink("/sys", link), 0);
	xt_session_sweep(&other->root, &other->fs);
	assert_true(tree_has(f->tree, f->instance));
	tree_tear_down(&state_of_other);
	assert_string_equal(session_state(record), "recording");
	session_finish(f, record);
}

TEST(an_instance_that_cannot_be_removed_is_found_by_the_next_sweep)
{
	static const char *const suffixes[] = { ".gs", ".lat" };
	static const char *words[] = { "wakeup>1s" };
	struct rt_strv rules = { words, 1 };
	struct fixture *f = *state;
	struct xt_record *record;
	char path[64];
	size_t i;
	int fd;

	if (tree_has(f->tree, TREE_TRACING "/synthetic_events"))
		f->opts.late_stops = &rules;
	snprintf(path, sizeof(path), "run/xtrace/%s", f->name);
	for (i = 0; i < (f->opts.late_stops == &rules ? 2 : 1); i++) {
		f->opts.force = true;
		record = session_start(f);
		/* Somebody looks at it. */
		fd = rt_root_open(&f->tree->root, NULL, O_RDONLY, "%s%s/tracing_on", f->instance,
				  suffixes[i]);
		assert_true(fd >= 0);
		assert_int_equal(xt_record_finish(record, NULL), 0);
		xt_record_destroy(record);
		assert_true(tree_has(f->tree, path));
		close(fd);
		assert_int_equal(xt_session_sweep(&f->tree->root, &f->tree->fs), 1);
		session_left_nothing(f);
	}
}

static void refused(struct fixture *f, const char *sentence)
{
	struct xt_record *record;
	struct rt_err err = { 0 };

	assert_true(xt_record_create(&record, &f->tree->root, &f->opts, session_hear, f, &err) < 0);
	assert_contains(err.text, sentence);
	assert_int_equal(access(f->output, F_OK), -1);
	session_left_nothing(f);
}

TEST(a_wrong_word_leaves_nothing_behind)
{
	struct fixture *f = *state;
	const struct xt_record_opts good = f->opts;
	static const char *pid[] = { "x" }, *filter[] = { "sched_switch:bogus == 1" };
	struct rt_strv words = { pid, 1 };

	if (!session_can_record())
		skip();
	f->opts.mode = "tape";
	refused(f, "expected mode stream, overwrite or stop, found \"tape\"");
	f->opts = good;
	f->opts.clock = "sun";
	refused(f, "expected clock tod, mono, boot, tsc or local, found \"sun\"");
	f->opts = good;
	f->opts.cpus = "";
	refused(f, "-c: expected at least one CPU, found none");
	f->opts = good;
	f->opts.pids = &words;
	refused(f, "-p: expected a PID, found \"x\"");
	f->opts = good;
	words.v = filter;
	f->opts.filters = &words;
	refused(f, "the kernel says: ");
	f->opts = good;
	f->opts.excludes = &f->events;
	refused(f, "no event is left to record");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(a_session_is_armed_records_and_ends_and_leaves_a_whole_directory),
		SESSION(a_fault_that_is_asked_for_behind_the_end_is_none),
		SESSION(one_that_is_not_ended_leaves_no_instance_and_what_can_be_read),
		SESSION(flushes_are_numbered_in_every_mode),
		SESSION(a_pause_is_a_state_and_pausing_twice_is_no_failure),
		SESSION(of_a_mark_that_is_longer_than_the_kernel_takes_nothing_is_lost),
		SESSION(nothing_records_behind_the_event_that_ends_it_before_anybody_looked),
		SESSION(what_some_cpus_were_paused_or_flushed_for_leaves_all_recording_behind_it),
		SESSION(the_gap_of_a_cpu_that_comes_into_a_pause_begins_there),
		SESSION(a_gap_has_its_times_in_the_clock_of_the_events),
		SESSION(a_pause_leaves_a_gap_in_every_mode_on_the_cpus_that_were_paused),
		SESSION(a_pause_that_lasts_to_the_end_leaves_a_gap_there),
		SESSION(a_cpu_that_came_online_since_the_last_tick_is_saved_with_the_others),
		SESSION(a_buffer_that_was_to_be_filled_once_is_full),
		SESSION(the_status_of_a_session_is_read_back_from_its_text),
		SESSION(a_sweep_that_does_not_know_us_leaves_our_instance_alone),
		SESSION(an_instance_that_cannot_be_removed_is_found_by_the_next_sweep),
		SESSION(a_wrong_word_leaves_nothing_behind),
	};

	return RUN_TESTS(tests);
}
