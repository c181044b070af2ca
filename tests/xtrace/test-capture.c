/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-capture.c - xtrace/capture.c: plain files stand for the kernel's buffers
 *
 * They differ from them in one thing: their stats do not follow what is read.
 */
#include "xtrace/capture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "tests/xtrace/tree.h"
#include "xtrace/store.h"
#include "xtrace/subbuf.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define PAGE 4096
#define INSTANCE TREE_TRACING "/instances/xtrace-t"

struct fixture {
	struct tree *tree;
	struct xt_instance inst;
	struct xt_store *store;
	struct xt_capture *capture;
};

/* @nr sub-buffers of @each events of CPU @cpu, as file @name. */
static void put_buffer(const struct tree *tree, unsigned int cpu, const char *name,
		       unsigned int nr, unsigned int each)
{
	uint8_t *pages = calloc(nr ? nr : 1, PAGE);
	char folder[512], path[128];
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		make_page(pages + (size_t)i * PAGE, PAGE, 1000 * (i + 1));
		for (j = 0; j < each; j++)
			make_event(pages + (size_t)i * PAGE, 1, j);
	}
	snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%u", cpu);
	tree_make_dir(tree, path);
	snprintf(folder, sizeof(folder), "%s/%s", tree->path, path);
	free(make_file(folder, name, pages, (size_t)nr * PAGE));
	free(pages);
}

static void put_stats(const struct tree *tree, unsigned int cpu, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%u/stats", cpu);
	tree_put(tree, path, text);
}

/* In the buffers themselves; what a test is about is in the snapshots. */
static void put_no_events(const struct tree *tree)
{
	put_buffer(tree, 0, "trace_pipe_raw", 0, 0);
	put_buffer(tree, 5, "trace_pipe_raw", 0, 0);
}

/* One at a time: the capture keeps pointers into it. */
static struct fixture *start(struct tree *tree, bool overwriting)
{
	static struct fixture f;

	const struct xt_store_opts store_opts = { .subbuf_size = PAGE, .no_sync = true };
	struct xt_capture_opts opts = { .buffer_bytes = 1 << 20, .overwriting = overwriting };
	char path[512];

	f = (struct fixture){ .tree = tree };
	rt_cpuset_add(&opts.cpus, 0);
	rt_cpuset_add(&opts.cpus, 5);
	rt_cpuset_add(&opts.drain_cpus, 0);
	xt_instance_at(&f.inst, &tree->fs, "t");
	snprintf(path, sizeof(path), "%s/out", tree->path);
	assert_int_equal(xt_store_create(&f.store, path, &store_opts, NULL), 0);
	assert_int_equal(xt_capture_create(&f.capture, &f.inst, f.store, &opts, NULL), 0);
	return &f;
}

static void finish(struct fixture *f)
{
	xt_capture_destroy(f->capture);
	xt_store_destroy(f->store);
}

static uint64_t stored(const struct fixture *f, unsigned int cpu)
{
	struct xt_store_count count;

	xt_store_count(f->store, cpu, &count);
	return count.events;
}

static struct rt_cpuset both(void)
{
	struct rt_cpuset cpus = { { 0 } };

	rt_cpuset_add(&cpus, 0);
	rt_cpuset_add(&cpus, 5);
	return cpus;
}

TEST(a_buffer_that_stands_still_is_saved_whole)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct fixture *f;

	put_no_events(tree);
	put_buffer(tree, 0, "snapshot_raw", 700, 3);	/* more than one batch */
	put_buffer(tree, 5, "snapshot_raw", 1, 1);
	put_stats(tree, 0, "");
	put_stats(tree, 5, "");
	f = start(tree, true);
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 3, NULL), 0);
	/* A file, other than a buffer, is there once more at the second look. */
	assert_int_equal(stored(f, 0), 2 * 2100);
	assert_int_equal(stored(f, 5), 2);
	finish(f);
}

TEST(only_the_cpus_asked_for_are_saved)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = { { 0 } };
	struct fixture *f;

	put_buffer(tree, 0, "trace_pipe_raw", 2, 2);
	put_buffer(tree, 5, "trace_pipe_raw", 2, 2);
	put_stats(tree, 0, "");
	put_stats(tree, 5, "");
	f = start(tree, true);
	rt_cpuset_add(&cpus, 5);
	assert_int_equal(xt_capture_save(f->capture, &cpus, 1, NULL), 0);
	assert_int_equal(stored(f, 0), 0);
	assert_int_equal(stored(f, 5), 4);
	finish(f);
}

static struct fixture *streaming(struct tree *tree)
{
	put_buffer(tree, 0, "trace_pipe_raw", 20, 100);
	put_buffer(tree, 5, "trace_pipe_raw", 3, 7);
	put_stats(tree, 0, "entries: 2000\nbytes: 40000\n");
	put_stats(tree, 5, "entries: 21\nbytes: 400\n");
	return start(tree, false);
}

TEST(a_drain_returns_when_all_that_was_there_is_stored)
{
	struct fixture *f = streaming(*state);

	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_int_equal(stored(f, 0), 2000);
	assert_int_equal(stored(f, 5), 21);
	finish(f);
}

TEST(a_drain_takes_what_was_there_and_not_what_comes_meanwhile)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);

	/* Endless, as a buffer into which each read brings new events. */
	put_buffer(tree, 5, "trace_pipe_raw", 250, 1);
	put_stats(tree, 5, "entries: 3\nbytes: 60\n");
	finish(f);
	make_remove(strdup(strcat(strcpy((char[512]){ 0 }, tree->path), "/out")));
	f = start(tree, false);
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_in_range(stored(f, 5), 3, 10);
	finish(f);
}

TEST(bytes_that_an_old_kernel_counts_below_nothing_are_not_believed)
{
	struct tree *tree = *state;
	struct fixture *f;

	put_buffer(tree, 0, "trace_pipe_raw", 20, 100);
	put_buffer(tree, 5, "trace_pipe_raw", 0, 0);
	put_stats(tree, 0, "entries: 2000\nbytes: 18446744073709500000\n");
	put_stats(tree, 5, "entries: 0\nbytes: 0\n");
	f = start(tree, false);
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_int_equal(stored(f, 0), 2000);
	assert_true(xt_capture_fullest(f->capture) < 100);
	finish(f);
}

TEST(the_end_empties_the_buffers)
{
	struct fixture *f = streaming(*state);

	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_stop(f->capture, NULL), 0);
	assert_true(stored(f, 0) >= 2000);
	assert_int_equal(stored(f, 5) % 21, 0);
	assert_true(stored(f, 5) > 0);
	finish(f);
}

TEST(the_fullest_buffer_is_noted_until_it_is_asked_for)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);

	put_stats(tree, 5, "entries: 21\nbytes: 786432\n");
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_in_range(xt_capture_fullest(f->capture), 3, 75);
	finish(f);
}

/* ---- counts ---- */

TEST(what_was_overwritten_is_lost_where_all_was_to_be_kept)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);
	struct xt_cpu_stats stats;

	put_stats(tree, 0, "entries: 10\noverrun: 4\ncommit overrun: 1\ndropped events: 2\n"
		  "read events: 0\n");
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.written, 17);
	assert_int_equal(stats.lost, 7);
	assert_int_equal(stats.overwritten, 0);
	assert_int_equal(xt_capture_unread(f->capture, 0), 10);
	finish(f);
}

TEST(a_flight_recorder_overwrites_and_loses_only_what_it_could_not_write)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_no_events(tree);
	put_buffer(tree, 0, "snapshot_raw", 1, 3);
	put_buffer(tree, 5, "snapshot_raw", 0, 0);
	put_stats(tree, 0, "entries: 10\noverrun: 4\ncommit overrun: 1\ndropped events: 2\n");
	put_stats(tree, 5, "");
	f = start(tree, true);
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.overwritten, 4);
	assert_int_equal(stats.lost, 3);
	/* A snapshot takes the buffer away and is saved; a new one begins at nothing. */
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	put_stats(tree, 0, "entries: 1\noverrun: 0\n");
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.overwritten, 4);
	assert_int_equal(stats.lost, 3);
	assert_int_equal(stats.written, 2 * 3 + 1 + 4 + 3);
	finish(f);
}

TEST(what_a_snapshot_overwrote_is_known_from_the_look_before_it)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_no_events(tree);
	put_buffer(tree, 0, "snapshot_raw", 1, 3);
	put_buffer(tree, 5, "snapshot_raw", 0, 0);
	put_stats(tree, 0, "entries: 3\noverrun: 940000\ndropped events: 2\n");
	put_stats(tree, 5, "");
	f = start(tree, true);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	/* A freeze takes the buffers; who counts them, or looks, sees the new ones. */
	put_stats(tree, 0, "entries: 1\noverrun: 3\n");
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	xt_capture_forget_look(f->capture);
	put_stats(tree, 0, "entries: 1\n");
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.overwritten, 940000);
	assert_int_equal(stats.lost, 2);
	finish(f);
}

/* No file may be longer than @bytes; @bytes 0: as before. */
static void limit_files(rlim_t bytes)
{
	static struct rlimit old;
	struct rlimit now;

	signal(SIGXFSZ, SIG_IGN);
	if (bytes)
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	now = (struct rlimit){ .rlim_cur = bytes ? bytes : old.rlim_cur, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

TEST(what_a_snapshot_had_and_the_disk_does_not_take_is_lost)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_no_events(tree);
	put_buffer(tree, 0, "snapshot_raw", 700, 3);
	put_buffer(tree, 5, "snapshot_raw", 2, 7);
	put_stats(tree, 0, "entries: 2100\noverrun: 4\n");
	put_stats(tree, 5, "entries: 14\n");
	f = start(tree, true);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	put_stats(tree, 0, "entries: 1\n");
	put_stats(tree, 5, "entries: 2\n");
	limit_files(10);
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, NULL), -EFBIG);
	limit_files(0);
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.lost, 2100);
	assert_int_equal(stats.overwritten, 4);
	assert_int_equal(stats.written, 2100 + 4 + 1);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.lost, 14);
	assert_int_equal(stats.written, 14 + 2);
	finish(f);
}

TEST(a_snapshot_that_cannot_be_read_keeps_no_other_from_being_saved)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct rt_err err = { 0 };
	struct fixture *f;

	put_no_events(tree);
	tree_make_dir(tree, INSTANCE "/per_cpu/cpu0/snapshot_raw");
	put_buffer(tree, 5, "snapshot_raw", 2, 7);
	put_stats(tree, 0, "");
	put_stats(tree, 5, "");
	f = start(tree, true);
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, &err), -EISDIR);
	assert_contains(err.text, "cpu0: cannot read its buffer");
	assert_int_equal(stored(f, 5), 14);
	finish(f);
}

/*
 * What has been saved of @cpu, in its order: an event as the time it has more than 1000
 * times the number of its sub-buffer, a mark of lost events as '!'.
 */
static const char *shown(const struct fixture *f, unsigned int cpu)
{
	static char text[512];
	struct xt_trace *trace;
	struct xt_pages *pages;
	struct xt_cursor cursor;
	struct xt_rec rec;

	snprintf(text, sizeof(text), "%s/out", f->tree->path);
	assert_int_equal(xt_trace_open(&trace, text, NULL), 0);
	text[0] = '\0';
	for (unsigned int l = 0; l < xt_trace_nr_lanes(trace); l++) {
		const struct xt_lane_info *lane = xt_trace_lane(trace, l);

		for (size_t i = 0; lane->cpu == cpu && i < lane->nr_chunks; i++) {
			assert_int_equal(xt_lane_load(trace, l, i, 1, &pages, NULL), 0);
			for (uint32_t p = 0; p < pages->nr; p++) {
				xt_cursor_start(&cursor, pages->base + p * pages->page_size,
						pages->page_size, 0);
				while (xt_cursor_next(&cursor, &rec))
					snprintf(text + strlen(text), sizeof(text) - strlen(text),
						 rec.flags & XT_REC_LOST ? "!" : "%u ",
						 (unsigned int)(rec.ts % 1000));
			}
			xt_pages_put(pages);
		}
	}
	xt_trace_destroy(trace);
	return text;
}

TEST(a_cpu_that_stood_still_while_others_were_saved_has_a_hole_there)
{
	struct tree *tree = *state;
	static const uint64_t at[] = { 1001, 1002, 1900, 3002, 3002, 3003 };
	struct rt_cpuset cpus = both(), cpu5 = { { 1 << 5 } };
	struct fixture *f;

	put_buffer(tree, 0, "trace_pipe_raw", 3, 3);
	put_buffer(tree, 5, "trace_pipe_raw", 3, 3);
	put_stats(tree, 0, "");
	put_stats(tree, 5, "");
	f = start(tree, true);
	/* Between events, between two sub-buffers, twice at one place, behind all there is. */
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const struct xt_hole hole = { at[i], XT_GAP_PAUSE };

		assert_int_equal(xt_capture_note_hole(f->capture, &hole, &cpu5, NULL), 0);
	}
	assert_int_equal(xt_capture_save(f->capture, &cpus, 1, NULL), 0);
	assert_string_equal(shown(f, 0), "1 2 3 1 2 3 1 2 3 ");
	assert_string_equal(shown(f, 5), "1 !2 !3 !1 2 3 1 2 !3 ");
	assert_int_equal(stored(f, 5), 9);
	finish(f);
}

TEST(what_a_snapshot_had_and_nobody_can_read_is_lost_and_leaves_a_hole)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_buffer(tree, 0, "trace_pipe_raw", 1, 3);
	put_buffer(tree, 5, "trace_pipe_raw", 1, 2);
	tree_make_dir(tree, INSTANCE "/per_cpu/cpu0/snapshot_raw");
	/* CPU 5 has none. */
	put_stats(tree, 0, "entries: 900\noverrun: 4\n");
	put_stats(tree, 5, "entries: 80\n");
	f = start(tree, true);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	put_stats(tree, 0, "entries: 3\n");
	put_stats(tree, 5, "entries: 2\n");
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, NULL), -EISDIR);
	assert_int_equal(xt_capture_stats(f->capture, 0, &stats, NULL), 0);
	assert_int_equal(stats.lost, 900);
	assert_int_equal(stats.overwritten, 4);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.lost, 80);
	assert_int_equal(xt_capture_save(f->capture, &cpus, 2, NULL), 0);
	assert_string_equal(shown(f, 0), "!1 2 3 ");
	assert_string_equal(shown(f, 5), "!1 2 ");
	finish(f);
}

TEST(what_a_snapshot_had_of_others_is_overwritten_and_leaves_a_hole)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both(), cpu0 = { { 1 } };
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_buffer(tree, 0, "trace_pipe_raw", 1, 3);
	put_buffer(tree, 5, "trace_pipe_raw", 1, 3);
	put_buffer(tree, 0, "snapshot_raw", 1, 3);
	put_buffer(tree, 5, "snapshot_raw", 2, 7);
	put_stats(tree, 0, "entries: 3\n");
	put_stats(tree, 5, "entries: 14\noverrun: 2\n");
	f = start(tree, true);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	put_stats(tree, 5, "entries: 3\n");
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpu0, 1, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.overwritten, 14 + 2);
	assert_int_equal(stats.lost, 0);
	assert_int_equal(stored(f, 5), 0);
	assert_int_equal(xt_capture_save(f->capture, &cpus, 2, NULL), 0);
	assert_string_equal(shown(f, 0), "1 2 3 1 2 3 1 2 3 ");
	assert_string_equal(shown(f, 5), "!1 2 3 ");
	finish(f);
}

TEST(of_others_a_snapshot_leaves_a_hole_only_where_it_had_something)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both(), cpu0 = { { 1 } };
	struct xt_cpu_stats stats;
	struct fixture *f;

	put_no_events(tree);
	put_buffer(tree, 5, "trace_pipe_raw", 1, 3);
	put_buffer(tree, 0, "snapshot_raw", 0, 0);
	put_buffer(tree, 5, "snapshot_raw", 0, 0);
	put_stats(tree, 0, "");
	put_stats(tree, 5, "entries: 0\n");
	f = start(tree, true);
	assert_int_equal(xt_capture_look(f->capture, NULL), 0);
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpu0, 1, NULL), 0);
	assert_int_equal(xt_capture_save(f->capture, &cpus, 2, NULL), 0);
	assert_string_equal(shown(f, 5), "1 2 3 ");
	/* Some that came between the look and the swap. */
	put_buffer(tree, 5, "snapshot_raw", 1, 2);
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpu0, 3, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.overwritten, 2);
	assert_int_equal(xt_capture_save(f->capture, &cpus, 4, NULL), 0);
	assert_string_equal(shown(f, 5), "1 2 3 !1 2 3 ");
	finish(f);
}

TEST(what_was_read_and_did_not_reach_the_disk_is_lost)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);
	struct xt_cpu_stats stats;

	put_stats(tree, 5, "entries: 0\nread events: 50\n");
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_stop(f->capture, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.lost, 50 - stored(f, 5));
	assert_int_equal(stats.written, 50);
	finish(f);
}

TEST(what_a_drainer_has_in_hand_is_not_lost)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);
	struct xt_cpu_stats stats;

	put_stats(tree, 5, "entries: 21\nbytes: 400\nread events: 1000\n");
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.lost, 0);
	assert_int_equal(stats.written, 1021);
	assert_int_equal(xt_capture_stop(f->capture, NULL), 0);
	assert_int_equal(xt_capture_stats(f->capture, 5, &stats, NULL), 0);
	assert_int_equal(stats.lost, 1000 - stored(f, 5));
	finish(f);
}

TEST(a_cpu_that_is_not_recorded_has_no_counts)
{
	struct fixture *f = streaming(*state);
	struct xt_cpu_stats stats;
	struct rt_err err = { 0 };

	assert_int_equal(xt_capture_stats(f->capture, 1, &stats, &err), -EINVAL);
	assert_string_equal(err.text, "cpu1 is not recorded");
	finish(f);
}

/* ---- faults ---- */

TEST(a_disk_that_takes_no_more_is_told_once)
{
	struct fixture *f = streaming(*state);
	struct pollfd fault = { .fd = xt_capture_fault_fd(f->capture), .events = POLLIN };
	struct rt_err err = { 0 };

	assert_int_equal(poll(&fault, 1, 0), 0);
	limit_files(10);
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, &err), -EFBIG);
	limit_files(0);
	assert_contains(err.text, "cannot write");
	assert_int_equal(poll(&fault, 1, 1000), 1);
	assert_int_equal(xt_capture_fault(f->capture, NULL), -EFBIG);
	/* The end does not try again. */
	assert_int_equal(xt_capture_stop(f->capture, &err), -EFBIG);
	finish(f);
}

TEST(half_a_sub_buffer_is_an_error)
{
	struct tree *tree = *state;
	struct rt_cpuset cpus = both();
	struct rt_err err = { 0 };
	struct fixture *f = streaming(tree);

	tree_put(tree, INSTANCE "/per_cpu/cpu0/snapshot_raw", "half");
	assert_int_equal(xt_capture_save_swapped(f->capture, &cpus, 1, &err), -EIO);
	assert_contains(err.text, "cpu0: cannot read its buffer");
	finish(f);
}

TEST(a_cpu_without_a_buffer_cannot_be_captured)
{
	struct tree *tree = *state;
	struct xt_capture_opts opts = { .buffer_bytes = 1 << 20 };
	struct fixture *f = streaming(tree);
	struct xt_capture *capture;
	struct rt_err err = { 0 };

	rt_cpuset_add(&opts.cpus, 9);
	rt_cpuset_add(&opts.drain_cpus, 0);
	assert_int_equal(xt_capture_create(&capture, &f->inst, f->store, &opts, &err), -ENOENT);
	assert_contains(err.text, "per_cpu/cpu9/trace_pipe_raw");
	finish(f);
}

TEST(a_cpu_that_comes_later_is_drained_and_saved_as_the_others_are)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);
	struct xt_cpu_stats stats;
	struct rt_err err = { 0 };

	put_buffer(tree, 7, "trace_pipe_raw", 4, 6);
	put_stats(tree, 7, "entries: 24\nbytes: 500\n");
	assert_int_equal(xt_capture_start(f->capture, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_int_equal(stored(f, 7), 0);
	assert_int_equal(xt_capture_add(f->capture, 9, &err), -ENOENT);
	assert_int_equal(xt_capture_add(f->capture, 7, NULL), 0);
	assert_int_equal(xt_capture_drain(f->capture, NULL), 0);
	assert_true(stored(f, 7) > 0);
	assert_int_equal(stored(f, 7) % 24, 0);
	assert_int_equal(xt_capture_stats(f->capture, 7, &stats, NULL), 0);
	assert_int_equal(xt_capture_stop(f->capture, NULL), 0);
	finish(f);
}

TEST(one_that_came_and_went_unseen_is_saved_at_the_end)
{
	struct tree *tree = *state;
	struct fixture *f = streaming(tree);

	put_buffer(tree, 7, "trace_pipe_raw", 4, 6);
	put_stats(tree, 7, "entries: 24\nbytes: 500\n");
	assert_int_equal(xt_capture_add(f->capture, 7, NULL), 0);
	assert_int_equal(xt_capture_stop(f->capture, NULL), 0);
	assert_int_equal(stored(f, 7), 24);
	finish(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_buffer_that_stands_still_is_saved_whole),
		WITH_TREE(only_the_cpus_asked_for_are_saved),
		WITH_TREE(a_drain_returns_when_all_that_was_there_is_stored),
		WITH_TREE(a_drain_takes_what_was_there_and_not_what_comes_meanwhile),
		WITH_TREE(bytes_that_an_old_kernel_counts_below_nothing_are_not_believed),
		WITH_TREE(the_end_empties_the_buffers),
		WITH_TREE(the_fullest_buffer_is_noted_until_it_is_asked_for),
		WITH_TREE(what_was_overwritten_is_lost_where_all_was_to_be_kept),
		WITH_TREE(a_flight_recorder_overwrites_and_loses_only_what_it_could_not_write),
		WITH_TREE(what_a_snapshot_overwrote_is_known_from_the_look_before_it),
		WITH_TREE(what_a_snapshot_had_and_the_disk_does_not_take_is_lost),
		WITH_TREE(a_snapshot_that_cannot_be_read_keeps_no_other_from_being_saved),
		WITH_TREE(a_cpu_that_stood_still_while_others_were_saved_has_a_hole_there),
		WITH_TREE(what_a_snapshot_had_and_nobody_can_read_is_lost_and_leaves_a_hole),
		WITH_TREE(what_a_snapshot_had_of_others_is_overwritten_and_leaves_a_hole),
		WITH_TREE(of_others_a_snapshot_leaves_a_hole_only_where_it_had_something),
		WITH_TREE(what_was_read_and_did_not_reach_the_disk_is_lost),
		WITH_TREE(what_a_drainer_has_in_hand_is_not_lost),
		WITH_TREE(a_cpu_that_is_not_recorded_has_no_counts),
		WITH_TREE(a_disk_that_takes_no_more_is_told_once),
		WITH_TREE(half_a_sub_buffer_is_an_error),
		WITH_TREE(a_cpu_without_a_buffer_cannot_be_captured),
		WITH_TREE(a_cpu_that_comes_later_is_drained_and_saved_as_the_others_are),
		WITH_TREE(one_that_came_and_went_unseen_is_saved_at_the_end),
	};

	return RUN_TESTS(tests);
}
