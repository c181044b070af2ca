/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-stream.c - merge/stream.c and its parts: one order of all lanes, with any
 * number of threads
 */
#include "merge/stream.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/err.h"
#include "merge/set.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

#define HOST "tests/fixtures/pair/host.dat"
#define GUEST "tests/fixtures/pair/guest.dat"

/* What came through a stream: times and lanes, in the order in which they are written. */
struct seen {
	uint64_t times[32768];
	uint16_t lanes[32768];
	uint32_t values[32768];		/* the record's bytes 8 to 11 */
	size_t nr, hidden, lost, marked;
	uint64_t limit, next;		/* 0: all; number of the next item */
	char warning[512];
};

static int take(void *arg, const struct mrg_window *window)
{
	struct seen *seen = arg;
	uint32_t i;

	assert_int_equal(window->first, seen->next);
	seen->next += window->nr;
	seen->marked += window->nr_marked;
	for (i = 0; i < window->nr; i++) {
		const struct mrg_item *item = &window->items[i];

		if (item->flags & MRG_ITEM_HIDDEN) {
			seen->hidden++;
			continue;
		}
		seen->lost += (item->flags & MRG_ITEM_LOST) != 0;
		assert_true(seen->nr < 32768);
		seen->times[seen->nr] = item->time;
		seen->lanes[seen->nr] = item->lane;
		if (item->size >= 12)
			memcpy(&seen->values[seen->nr], item->data + 8, 4);
		seen->nr++;
	}
	return seen->limit && seen->nr >= seen->limit ? 1 : 0;
}

static void warn(void *arg, const char *text)
{
	struct seen *seen = arg;

	snprintf(seen->warning, sizeof(seen->warning), "%s", text);
}

static int run(struct seen *seen, const struct mrg_set *set, const struct mrg_stream_opts *opts)
{
	const struct mrg_sink sink = { .arg = seen, .write = take, .warn = warn };
	struct mrg_stream *stream;
	int rc;

	memset(seen, 0, offsetof(struct seen, limit));
	seen->next = opts->first;
	assert_int_equal(mrg_stream_create(&stream, set, opts, &sink, NULL), 0);
	rc = mrg_stream_run(stream, NULL);
	mrg_stream_destroy(stream);
	return rc;
}

static struct mrg_set *open_pair(void)
{
	const char *const paths[] = { HOST, GUEST };
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 2, NULL), 0);
	return set;
}

static struct seen a, b;

TEST(all_records_come_once_in_the_order_of_their_times)
{
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set = open_pair();
	size_t i;

	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 21189 + 3849);
	for (i = 1; i < a.nr; i++) {
		assert_true(a.times[i] >= a.times[i - 1]);
		assert_true(a.times[i] > a.times[i - 1] || a.lanes[i] >= a.lanes[i - 1]);
	}
	mrg_set_destroy(set);
}

TEST(the_order_does_not_depend_on_the_number_of_threads)
{
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set = open_pair();
	unsigned int threads;

	opts.threads = 1;
	assert_int_equal(run(&a, set, &opts), 0);
	for (threads = 2; threads < 6; threads++) {
		opts.threads = threads;
		assert_int_equal(run(&b, set, &opts), 0);
		assert_int_equal(a.nr, b.nr);
		assert_memory_equal(a.times, b.times, a.nr * sizeof(a.times[0]));
		assert_memory_equal(a.lanes, b.lanes, a.nr * sizeof(a.lanes[0]));
	}
	mrg_set_destroy(set);
}

TEST(from_and_to_cut_exactly)
{
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set = open_pair();
	size_t first = 5000, last = 6000;

	assert_int_equal(run(&a, set, &opts), 0);
	while (a.times[first - 1] == a.times[first])
		first++;
	while (a.times[last + 1] == a.times[last])
		last++;
	opts.from = a.times[first];
	opts.to = a.times[last];
	assert_int_equal(run(&b, set, &opts), 0);
	assert_int_equal(b.nr, last - first + 1);
	assert_memory_equal(b.times, a.times + first, b.nr * sizeof(b.times[0]));
	mrg_set_destroy(set);
}

#define SHIFT_OPTION 12

/* A guest's: a sub-buffer in each tenth of a second, of a clock that its host's outruns by half. */
static char *make_shifted(const char *folder)
{
	const struct {
		uint64_t id;
		uint32_t slopes, cpus, nr;
		uint64_t times[2], offsets[2], scalings[2], fractions[2];
	} __attribute__((packed)) shift = {
		.slopes = 1, .cpus = 1, .nr = 2, .times = { SCENE_NS, 2 * SCENE_NS },
		.offsets = { 0, SCENE_NS / 2 }, .scalings = { 1, 1 },
	};
	static uint8_t pages[10][4096];
	struct rt_buf option = { 0 }, out = { 0 };
	struct make_dat spec = {
		.version = 7, .codec = "zstd", .page_size = 4096, .cpus = 1, .chunk_pages = 1,
		.pages = pages[0], .per_cpu = 10,
	};
	char *path;

	for (uint32_t i = 0; i < 10; i++) {
		make_page(pages[i], sizeof(pages[i]), SCENE_NS + i * SCENE_NS / 10);
		make_event(pages[i], 0, i);
	}
	make_add_option(&option, SHIFT_OPTION, &shift, sizeof(shift));
	spec.options = option.data;
	spec.options_len = option.len;
	make_dat(&out, &spec);
	path = make_file(folder, "guest.dat", out.data, out.len);
	rt_buf_finish(&option);
	rt_buf_finish(&out);
	return path;
}

TEST(from_cuts_exactly_where_the_trace_itself_tells_its_times)
{
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	char *folder = make_folder(), *path = make_shifted(folder);
	struct mrg_set *set;
	size_t first;

	assert_int_equal(mrg_set_open(&set, (const char *const *)&path, 1, NULL), 0);
	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 10);
	assert_int_equal(a.times[4], SCENE_NS + 4 * 3 * SCENE_NS / 20);
	for (first = 0; first < a.nr; first++) {
		opts.from = a.times[first];
		assert_int_equal(run(&b, set, &opts), 0);
		assert_int_equal(b.nr, a.nr - first);
		assert_int_equal(b.times[0], a.times[first]);
	}
	mrg_set_destroy(set);
	free(path);
	make_remove(folder);
}

static bool guest_only(void *arg, const struct mrg_stream_lane *lane)
{
	(void)arg;
	return lane->member_index == 1;
}

TEST(lanes_that_are_not_wanted_are_not_read)
{
	struct mrg_stream_opts opts = { .to = UINT64_MAX, .want_lane = guest_only };
	struct mrg_set *set = open_pair();

	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 3849);
	mrg_set_destroy(set);
}

/* ---- by event ---- */

TEST(events_are_shown_marked_or_passed_over_by_their_id)
{
	struct mrg_set *set = open_pair();
	const struct xt_trace *host = set->members[0].trace;
	unsigned int nr = xt_trace_max_event_id(host) + 1, none = 0;
	uint8_t *actions = calloc(nr, 1);
	const uint8_t *by_member[] = { actions, (const uint8_t *)"" };
	const unsigned int nrs[] = { nr, none };
	struct mrg_stream_opts opts = {
		.to = UINT64_MAX, .actions = by_member, .nr_actions = nrs, .first = 77,
	};

	actions[xt_trace_event_by_name(host, "kvm", "kvm_exit")->id] = MRG_SHOW;
	actions[xt_trace_event_by_name(host, "kvm", "kvm_entry")->id] = MRG_MARK;
	actions[xt_trace_event_by_name(host, "kvm", "kvm_hypercall")->id] = MRG_SHOW | MRG_MARK;
	assert_int_equal(run(&a, set, &opts), 0);
	/* Ids that no action is given for are shown: all of the guest's. */
	assert_int_equal(a.nr, 1175 + 5 + 3849);
	assert_int_equal(a.hidden, 1176);
	assert_int_equal(a.marked, 1176 + 5);
	free(actions);
	mrg_set_destroy(set);
}

TEST(a_run_ends_when_the_sink_says_so)
{
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set = open_pair();

	a.limit = 300;
	assert_int_equal(run(&a, set, &opts), 1);
	assert_true(a.nr >= 300 && a.nr < 300 + 4096);
	a.limit = 0;
	mrg_set_destroy(set);
}

static void count_item(void *arg, const struct mrg_item *item)
{
	(void)item;
	__atomic_add_fetch((size_t *)arg, 1, __ATOMIC_RELAXED);
}

TEST(a_scan_sees_the_same_records_without_their_order)
{
	struct mrg_stream_opts opts = { .to = UINT64_MAX, .threads = 3 };
	const struct mrg_sink sink = { 0 };
	struct mrg_set *set = open_pair();
	struct mrg_stream *stream;
	size_t nr = 0;

	assert_int_equal(mrg_stream_create(&stream, set, &opts, &sink, NULL), 0);
	assert_int_equal(mrg_stream_threads(stream), 3);
	assert_int_equal(mrg_stream_scan(stream, count_item, &nr, NULL, NULL), 0);
	assert_int_equal(nr, 21189 + 3849);
	mrg_stream_destroy(stream);
	mrg_set_destroy(set);
}

static void tally_item(void *arg, const struct mrg_item *item)
{
	struct mrg_tally *tally = &((struct mrg_tally *)arg)[item->lane];

	mrg_tally_add(tally, 1, item->time, item->time);
	tally->by_id[mrg_item_id(item)]++;
}

TEST(what_a_scan_counts_and_what_it_visits_are_all_records_together)
{
	struct mrg_stream_opts opts = { .to = UINT64_MAX, .threads = 3 };
	struct mrg_tally tallies[8] = { 0 };
	const struct mrg_sink sink = { 0 };
	struct mrg_set *set = open_pair();
	struct mrg_stream *stream;
	uint64_t events = 0, counted = 0;
	uint64_t by_id[8][1024] = { 0 }, first = UINT64_MAX, last = 0;
	unsigned int i, id;

	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(mrg_stream_create(&stream, set, &opts, &sink, NULL), 0);
	assert_true(mrg_stream_nr_lanes(stream) <= 8);
	for (i = 0; i < 8; i++)
		tallies[i] = (struct mrg_tally){ .by_id = by_id[i], .nr_ids = 1024 };
	assert_int_equal(mrg_stream_scan(stream, tally_item, tallies, tallies, NULL), 0);
	for (i = 0; i < mrg_stream_nr_lanes(stream); i++) {
		for (id = 0; id < 1024; id++)
			counted += by_id[i][id];
		events += tallies[i].events;
		if (tallies[i].events > 0 && tallies[i].first < first)
			first = tallies[i].first;
		if (tallies[i].last > last)
			last = tallies[i].last;
	}
	assert_int_equal(events, a.nr);
	assert_int_equal(counted, a.nr);
	assert_int_equal(first, a.times[0]);
	assert_int_equal(last, a.times[a.nr - 1]);
	mrg_stream_destroy(stream);
	mrg_set_destroy(set);
}

/* ---- records that are passed over by their task ---- */

struct asker {
	struct seen *seen;
	size_t asked;
};

static bool is_of_some_task(void *arg, struct mrg_item *item)
{
	__atomic_add_fetch(&((struct asker *)arg)->asked, 1, __ATOMIC_RELAXED);
	if (item->flags & MRG_ITEM_LOST)
		return true;
	return mrg_item_pid(item) > 0 && mrg_item_pid(item) < 1000;
}

static int take_asked(void *arg, const struct mrg_window *window)
{
	return take(((struct asker *)arg)->seen, window);
}

static size_t run_asking(struct seen *seen, const struct mrg_set *set,
			 const struct mrg_stream_opts *opts)
{
	struct asker asker = { .seen = seen };
	const struct mrg_sink sink = {
		.arg = &asker, .match = is_of_some_task, .write = take_asked,
	};
	struct mrg_stream *stream;

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(mrg_stream_create(&stream, set, opts, &sink, NULL), 0);
	assert_int_equal(mrg_stream_run(stream, NULL), 0);
	mrg_stream_destroy(stream);
	return asker.asked;
}

TEST(records_of_tasks_that_cannot_match_are_not_asked_about)
{
	struct mrg_stream_opts all = { .to = UINT64_MAX, .threads = 2 }, some = all;
	struct mrg_set *set = open_pair();
	size_t asked, asked_all;

	some.has_pids = true;
	some.first_pid = 1;
	some.last_pid = 999;
	asked_all = run_asking(&a, set, &all);
	asked = run_asking(&b, set, &some);
	assert_int_equal(asked_all, 21189 + 3849);
	assert_true(a.nr > 0 && a.nr < asked_all);
	assert_true(asked < asked_all);
	assert_int_equal(a.nr, b.nr);
	assert_memory_equal(a.times, b.times, a.nr * sizeof(a.times[0]));
	mrg_set_destroy(set);
}

/* ---- items that wait for the next window ---- */

struct carrier {
	struct seen *seen;
	unsigned int windows;
	uint64_t carried;
};

static int carry_some(void *arg, struct mrg_window *window)
{
	struct carrier *carrier = arg;

	carrier->windows++;
	assert_int_equal(window->carried, carrier->carried);
	carrier->carried = window->final ? 0 : carrier->windows * 10 % 1000;
	if (carrier->carried > window->nr)
		carrier->carried = window->nr;
	window->carry = (uint32_t)carrier->carried;
	return 0;
}

static int take_carried(void *arg, const struct mrg_window *window)
{
	return take(((struct carrier *)arg)->seen, window);
}

TEST(what_is_left_to_the_next_window_is_not_lost)
{
	struct mrg_stream_opts opts = { .to = UINT64_MAX, .threads = 2 };
	struct carrier carrier = { .seen = &b };
	const struct mrg_sink sink = {
		.arg = &carrier, .observe = carry_some, .write = take_carried,
	};
	struct mrg_set *set = open_pair();
	struct mrg_stream *stream;

	assert_int_equal(run(&a, set, &opts), 0);
	memset(&b, 0, sizeof(b));
	assert_int_equal(mrg_stream_create(&stream, set, &opts, &sink, NULL), 0);
	assert_int_equal(mrg_stream_run(stream, NULL), 0);
	mrg_stream_destroy(stream);
	assert_true(carrier.windows > 5);
	assert_int_equal(a.nr, b.nr);
	assert_memory_equal(a.times, b.times, a.nr * sizeof(a.times[0]));
	mrg_set_destroy(set);
}

/* ---- made-up lanes ---- */

TEST(within_a_lane_the_order_of_the_file_holds)
{
	struct scene *scene = scene_create("alpha", 2);
	const char *const paths[] = { scene_path(scene) };
	static const uint32_t expected[] = { 1, 2, 3, 4, 5 };
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set;

	/* CPU 0's clock goes back by half a second. */
	scene_beat(scene, 0, 600000000, 7, 2, "");
	scene_flush(scene);
	scene_beat(scene, 0, 100000000, 7, 3, "");
	scene_beat(scene, 1, 500000000, 7, 1, "");
	scene_beat(scene, 1, 600000001, 7, 5, "");
	scene_flush(scene);
	scene_beat(scene, 0, 200000000, 7, 4, "");
	scene_finish(scene);
	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 5);
	assert_memory_equal(a.values, expected, sizeof(expected));
	mrg_set_destroy(set);
	scene_destroy(scene);
}

/* Events 1000 ns apart; it is paused behind each tenth one, for as long as an event lasts. */
static struct scene *scene_with_pauses(void)
{
	struct scene *scene = scene_create("alpha", 2);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		scene_beat(scene, 0, 1000 * i, 7, i, "");
		scene_beat(scene, 1, 1000 * i + 5, 7, i, "");
		if (i % 10 == 9)
			scene_gap(scene, 0, XT_GAP_PAUSE, 1000 * i + 300, 1000 * i + 700);
	}
	scene_finish(scene);
	return scene;
}

/* That a stream from @from on brings all of ->a that is not earlier, once. */
static void expect_from(const struct mrg_set *set, uint64_t from)
{
	struct mrg_stream_opts opts = { .from = from, .to = UINT64_MAX };
	size_t i, nr;

	assert_int_equal(run(&b, set, &opts), 0);
	for (i = 0; i < a.nr && a.times[i] < from; i++)
		;
	nr = a.nr - i;
	assert_int_equal(b.nr, nr);
	assert_memory_equal(b.times, a.times + i, nr * sizeof(a.times[0]));
	assert_memory_equal(b.values, a.values + i, nr * sizeof(a.values[0]));
}

TEST(a_pause_is_told_from_whatever_time_on_is_asked_for)
{
	struct scene *scene = scene_with_pauses();
	const char *const paths[] = { scene_path(scene) };
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set;
	uint64_t from;

	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 210);
	assert_int_equal(a.lost, 10);
	for (from = 0; from < 101000; from += 100)
		expect_from(set, SCENE_NS + from);
	mrg_set_destroy(set);
	scene_destroy(scene);
}

static void damage(const char *folder, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "????", 4, 100), 4);
	close(fd);
}

TEST(a_damaged_chunk_is_passed_over_with_a_word_and_a_mark)
{
	struct scene *scene = scene_create("alpha", 1);
	const char *const paths[] = { scene_path(scene) };
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	struct mrg_set *set;

	scene_beat(scene, 0, 1, 7, 1, "");
	scene_flush(scene);
	scene_beat(scene, 0, 2, 7, 2, "");
	scene_finish(scene);
	damage(scene_path(scene), "cpu0.xt");
	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_int_equal(run(&a, set, &opts), 0);
	assert_int_equal(a.nr, 2);
	assert_int_equal(a.lost, 1);
	assert_int_equal(a.values[1], 2);
	assert_contains(a.warning, "cpu0.xt: block 0");
	mrg_set_destroy(set);
	scene_destroy(scene);
}

TEST(begin_and_tail_of_a_set_are_found_by_headers)
{
	struct scene *scene = scene_create("alpha", 2);
	const char *const paths[] = { scene_path(scene) };
	struct mrg_set *set;
	uint64_t at;

	scene_beat(scene, 1, 5, 7, 1, "");
	scene_flush(scene);
	scene_beat(scene, 0, 10, 7, 2, "");
	scene_beat(scene, 1, 20, 7, 3, "");
	scene_finish(scene);
	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_int_equal(mrg_set_begin(set, &at, NULL), 0);
	assert_int_equal(at, SCENE_NS + 5);
	assert_int_equal(mrg_set_tail(set, 1, &at, NULL), 0);
	assert_int_equal(at, SCENE_NS + 20);
	assert_int_equal(mrg_set_tail(set, 2, &at, NULL), 0);
	assert_int_equal(at, 0);
	mrg_set_destroy(set);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_records_come_once_in_the_order_of_their_times),
		cmocka_unit_test(the_order_does_not_depend_on_the_number_of_threads),
		cmocka_unit_test(from_and_to_cut_exactly),
		cmocka_unit_test(from_cuts_exactly_where_the_trace_itself_tells_its_times),
		cmocka_unit_test(lanes_that_are_not_wanted_are_not_read),
		cmocka_unit_test(events_are_shown_marked_or_passed_over_by_their_id),
		cmocka_unit_test(a_run_ends_when_the_sink_says_so),
		cmocka_unit_test(a_scan_sees_the_same_records_without_their_order),
		cmocka_unit_test(what_a_scan_counts_and_what_it_visits_are_all_records_together),
		cmocka_unit_test(records_of_tasks_that_cannot_match_are_not_asked_about),
		cmocka_unit_test(what_is_left_to_the_next_window_is_not_lost),
		cmocka_unit_test(within_a_lane_the_order_of_the_file_holds),
		cmocka_unit_test(a_pause_is_told_from_whatever_time_on_is_asked_for),
		cmocka_unit_test(a_damaged_chunk_is_passed_over_with_a_word_and_a_mark),
		cmocka_unit_test(begin_and_tail_of_a_set_are_found_by_headers),
	};

	return RUN_TESTS(tests);
}
