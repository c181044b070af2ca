/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-store.c - xtrace/store*.c: what is written is read back, also when damaged, cut or killed */
#include "xtrace/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/store-format.h"
#include "xtrace/store-local.h"
#include "xtrace/xtrace.h"

#define PAGE 4096u
#define EACH 3u			/* events of a sub-buffer */

static char *folder;
static char dir[512];

static struct xt_store *make_store(void)
{
	const struct xt_store_opts opts = { .subbuf_size = PAGE, .no_sync = true, .force = true };
	struct xt_store *store;
	struct rt_err err = { 0 };

	snprintf(dir, sizeof(dir), "%s/t", folder);
	if (xt_store_create(&store, dir, &opts, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(xt_store_put(store, "formats/header_page", make_header_page,
				      strlen(make_header_page), NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/heart/beat", make_format,
				      strlen(make_format), NULL), 0);
	return store;
}

/* A sub-buffer of EACH events from @ts on. */
static void fill(uint8_t *page, uint64_t ts)
{
	make_page(page, PAGE, ts);
	for (uint32_t k = 0; k < EACH; k++)
		make_event(page, 1, (uint32_t)ts);
}

/* Appends @nr blocks of one sub-buffer each, 100 apart, from @ts on. */
static void append(struct xt_store *store, unsigned int cpu, unsigned int nr, uint64_t ts)
{
	uint8_t page[PAGE];

	for (unsigned int i = 0; i < nr; i++) {
		fill(page, ts + 100 * i);
		assert_int_equal(xt_store_append(store, cpu, page, 1, 0, NULL), 0);
	}
}

static struct xt_trace *open_dir(void)
{
	struct rt_err err = { 0 };
	struct xt_trace *trace = NULL;

	if (xt_trace_open(&trace, dir, &err) < 0)
		fail_msg("%s", err.text);
	return trace;
}

struct seen {
	uint64_t events, lost, lost_marks;
	unsigned int why;	/* flags of all lost marks */
	unsigned int failed;	/* chunks that could not be loaded */
};

static void see_pages(struct seen *seen, const struct xt_pages *pages)
{
	for (uint32_t i = 0; i < pages->nr; i++) {
		struct xt_cursor cursor;
		struct xt_rec rec;
		uint64_t n;

		xt_cursor_start(&cursor, pages->base + (size_t)i * pages->page_size,
				pages->page_size, 0);
		while (xt_cursor_next(&cursor, &rec)) {
			if (!(rec.flags & XT_REC_LOST)) {
				seen->events++;
				continue;
			}
			seen->lost_marks++;
			seen->why |= rec.flags;
			if (!rec.data)
				continue;
			memcpy(&n, rec.data, sizeof(n));
			seen->lost += n;
		}
	}
}

static struct seen see(const struct xt_trace *trace, unsigned int lane)
{
	struct seen seen = { 0 };

	for (size_t c = 0; c < xt_trace_lane(trace, lane)->nr_chunks; c++) {
		struct xt_pages *pages;
		struct rt_err err = { 0 };

		if (xt_lane_load(trace, lane, c, 1, &pages, &err) < 0) {
			assert_true(err.text[0]);
			seen.failed++;
			continue;
		}
		see_pages(&seen, pages);
		xt_pages_put(pages);
	}
	return seen;
}

static char *path_of(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* ---- whole ---- */

TEST(what_is_written_is_read_back)
{
	static const struct xt_timebase time = {
		.clock = "tai", .is_ns = true, .tai_offset_s = 37, .offset = -5,
	};
	static const struct xt_vcpu vcpu = {
		.tid = 156, .vm_pid = 150, .vcpu = 1, .tsc_known = true, .tsc_offset = -9,
		.tsc_frac_bits = 48, .vm = "a name of words",
	};
	static const struct xt_cpu_stats stats = { 7, 12, 3, 4, 5, 6 };
	static const struct xt_clock_sample sample = { .mono_ns = 1, .real_ns = 2, .tsc = 5 };
	struct xt_store *store = make_store();
	const struct xt_info *info;
	struct xt_trace *trace;

	append(store, 0, 5, 1000);
	append(store, 7, 1, 2000);
	assert_int_equal(xt_store_set(store, "session", "host", "kvm%d", 1), 0);
	assert_int_equal(xt_store_set(store, "session", "command", "%s", " sh -c 'a\\b\n'\t"), 0);
	assert_int_equal(xt_store_set(store, "session", "nr-cpus", "16"), 0);
	assert_int_equal(xt_store_set_timebase(store, &time), 0);
	assert_int_equal(xt_store_set_vcpu(store, &vcpu), 0);
	assert_int_equal(xt_store_set_stats(store, &stats), 0);
	assert_int_equal(xt_store_add_sample(store, &sample, NULL), 0);
	assert_int_equal(xt_store_put(store, "saved_cmdlines", "156 CPU 0/KVM\n", 14, NULL), 0);
	assert_int_equal(xt_store_put(store, "kallsyms", "ffffffff81000000 T _text\n"
				      "ffffffff81002000 T _etext\n", 51, NULL), 0);
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);

	trace = open_dir();
	info = xt_trace_info(trace);
	assert_int_equal(xt_trace_nr_warnings(trace), 0);
	assert_string_equal(info->kind, "xtrace");
	assert_true(info->complete);
	assert_string_equal(info->host, "kvm1");
	assert_string_equal(info->command, " sh -c 'a\\b\n'\t");
	assert_int_equal(info->nr_cpus, 16);
	assert_string_equal(info->time.clock, "tai");
	assert_int_equal(info->time.tai_offset_s, 37);
	assert_int_equal(info->time.offset, -5);
	assert_int_equal(info->nr_vcpus, 1);
	assert_string_equal(info->vcpus[0].vm, "a name of words");
	assert_int_equal(info->vcpus[0].tsc_offset, -9);
	assert_int_equal(info->nr_samples, 1);
	assert_int_equal(info->samples[0].tsc, 5);
	assert_int_equal(info->stats[0].overwritten, 4);
	assert_int_equal(info->first_ts, 1000);
	assert_int_equal(info->last_ts, 2000 + EACH);
	assert_string_equal(xt_trace_comm(trace, 156), "CPU 0/KVM");
	assert_string_equal(xt_trace_symbol(trace, 0xffffffff81000010, NULL), "_text");
	assert_int_equal(xt_trace_nr_lanes(trace), 2);
	assert_int_equal(xt_trace_lane(trace, 1)->cpu, 7);
	assert_int_equal(see(trace, 0).events, 5 * EACH);
	assert_int_equal(see(trace, 1).events, EACH);
	xt_trace_destroy(trace);
}

TEST(gaps_and_lost_events_keep_their_numbers)
{
	const struct xt_gap known = { XT_GAP_DISK, 1400, 1500, true, 9, 0 };
	const struct xt_gap unknown = { XT_GAP_PAUSE, 1600, 1700, false, 0, 0 };
	struct xt_store *store = make_store();
	struct xt_store_count count;
	const uint64_t lost = 4;
	struct xt_trace *trace;
	struct xt_chunk chunk;
	uint8_t page[PAGE];
	struct seen seen;

	append(store, 0, 1, 1000);
	assert_int_equal(xt_store_gap(store, 0, &known, NULL), 0);
	fill(page, 1550);
	make_lost(page, &lost);
	assert_int_equal(xt_store_append(store, 0, page, 1, 3, NULL), 0);
	assert_int_equal(xt_store_gap(store, 0, &unknown, NULL), 0);
	xt_store_count(store, 0, &count);
	assert_int_equal(count.events, 2 * EACH);
	assert_int_equal(count.lost, 13);
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);

	trace = open_dir();
	seen = see(trace, 0);
	assert_int_equal(seen.events, 2 * EACH);
	assert_int_equal(seen.lost, 13);
	assert_int_equal(seen.lost_marks, 3);
	assert_int_equal(seen.why, XT_REC_LOST | XT_REC_LOST_DISK | XT_REC_LOST_PAUSE);
	xt_lane_chunk(trace, 0, 2, &chunk);
	assert_int_equal(chunk.flush, 3);
	assert_true(chunk.counts_known);
	assert_int_equal(chunk.lost, 4);
	xt_lane_chunk(trace, 0, 3, &chunk);
	assert_false(chunk.counts_known);
	xt_trace_destroy(trace);
}

TEST(a_gap_is_sought_by_its_end)
{
	const struct xt_gap gap = { XT_GAP_PAUSE, 1600, 1700, false, 0, 0 };
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	uint8_t page[PAGE];

	append(store, 0, 1, 1000);
	assert_int_equal(xt_store_gap(store, 0, &gap, NULL), 0);
	make_page(page, PAGE, 1000 + EACH);	/* the sub-buffer goes on where it was */
	make_event(page, 800, 1);
	assert_int_equal(xt_store_append(store, 0, page, 1, 0, NULL), 0);
	xt_store_destroy(store);
	trace = open_dir();
	assert_true(xt_lane_seek(trace, 0, 1200) <= 1);
	assert_int_equal(xt_lane_seek(trace, 0, 1650), 1);
	assert_int_equal(xt_lane_seek(trace, 0, 1700), 1);
	xt_trace_destroy(trace);
}

TEST(a_gap_that_another_clock_has_timed_stays_behind_what_was_recorded)
{
	const struct xt_gap early = { XT_GAP_PAUSE, 10, 20, false, 0, 0 };
	const struct xt_gap within = { XT_GAP_PAUSE, 10, 1700, false, 0, 0 };
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	struct xt_chunk data, gap;

	append(store, 0, 1, 1000);
	assert_int_equal(xt_store_gap(store, 0, &early, NULL), 0);
	assert_int_equal(xt_store_gap(store, 0, &within, NULL), 0);
	xt_store_destroy(store);
	trace = open_dir();
	xt_lane_chunk(trace, 0, 0, &data);
	xt_lane_chunk(trace, 0, 1, &gap);
	assert_int_equal(gap.first_ts, data.last_ts);
	assert_int_equal(gap.last_ts, data.last_ts);
	xt_lane_chunk(trace, 0, 2, &gap);
	assert_int_equal(gap.first_ts, data.last_ts);
	assert_int_equal(gap.last_ts, 1700);
	xt_trace_destroy(trace);
}

TEST(a_time_is_sought_by_heads_alone)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	struct xt_pages *pages;

	append(store, 0, XT_INDEX_EACH + 40, 1000);	/* one index, and blocks behind it */
	xt_store_destroy(store);
	trace = open_dir();
	assert_int_equal(xt_trace_lane(trace, 0)->nr_chunks, XT_INDEX_EACH + 40);
	assert_int_equal(xt_lane_seek(trace, 0, 0), 0);
	assert_int_equal(xt_lane_seek(trace, 0, 1000 + 100 * 300 + 50), 300);
	assert_int_equal(xt_lane_seek(trace, 0, 1000 + 100 * 530 + 50), 530);
	assert_int_equal(xt_lane_seek(trace, 0, UINT64_MAX), XT_INDEX_EACH + 40);
	assert_int_equal(xt_lane_load(trace, 0, 530, 1, &pages, NULL), 0);
	assert_int_equal(xt_page_ts(pages->base), 1000 + 100 * 530);
	xt_pages_put(pages);
	assert_int_equal(xt_lane_load(trace, 0, 500, 20, &pages, NULL), 0);	/* both sides */
	assert_int_equal(pages->nr, 20);
	xt_pages_put(pages);
	assert_int_equal(xt_lane_load(trace, 0, 552, 1, &pages, NULL), -EINVAL);
	xt_trace_destroy(trace);
}

static void *append_one(void *arg)
{
	append(arg, 0, 1, 1000);
	return NULL;
}

TEST(an_append_does_not_wait_for_the_session_to_reach_the_disk)
{
	struct xt_store *store = make_store();
	struct timespec patience;
	pthread_t thread;
	int rc;

	/* As xt_store_save() does while the disk takes its time. */
	pthread_mutex_lock(&store->lock);
	assert_int_equal(pthread_create(&thread, NULL, append_one, store), 0);
	clock_gettime(CLOCK_REALTIME, &patience);
	patience.tv_sec += 10;
	rc = pthread_timedjoin_np(thread, NULL, &patience);
	pthread_mutex_unlock(&store->lock);
	if (rc)
		pthread_join(thread, NULL);
	xt_store_destroy(store);
	assert_int_equal(rc, 0);
}

TEST(the_session_is_replaced_as_a_whole)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace;

	assert_int_equal(xt_store_set(store, "session", "host", "one"), 0);
	assert_int_equal(xt_store_save(store, NULL), 0);
	assert_int_equal(xt_store_set(store, "session", "host", "two"), 0);
	trace = open_dir();
	assert_string_equal(xt_trace_info(trace)->host, "one");
	assert_false(xt_trace_info(trace)->complete);
	xt_trace_destroy(trace);
	assert_int_equal(xt_store_save(store, NULL), 0);
	trace = open_dir();
	assert_string_equal(xt_trace_info(trace)->host, "two");
	assert_int_equal(access(path_of("session.new"), F_OK), -1);
	xt_trace_destroy(trace);
	assert_int_equal(xt_store_set(store, "session", "no such key", "x"), -EINVAL);
	assert_int_equal(xt_store_put(store, "../thesis", "x", 1, NULL), -EINVAL);
	xt_store_destroy(store);
}

TEST(an_existing_directory_is_refused_and_a_foreign_one_never_emptied)
{
	struct xt_store_opts opts = { .no_sync = true };
	struct xt_store *store = make_store();
	struct rt_err err = { 0 };

	append(store, 3, 1, 1000);
	xt_store_destroy(store);
	assert_int_equal(xt_store_create(&store, dir, &opts, &err), -EEXIST);
	assert_contains(err.text, "exists already");
	opts.force = true;
	assert_int_equal(xt_store_create(&store, dir, &opts, &err), 0);
	assert_int_equal(access(path_of("cpu3.xt"), F_OK), -1);
	xt_store_destroy(store);
	assert_int_equal(unlink(path_of("session")), 0);
	free(make_file(dir, "thesis", "x", 1));
	assert_int_equal(xt_store_create(&store, dir, &opts, &err), -EEXIST);
	assert_contains(err.text, "it is left alone");
	assert_int_equal(access(path_of("thesis"), F_OK), 0);
	unlink(path_of("thesis"));
	assert_int_equal(xt_store_create(&store, "", &opts, &err), -EINVAL);
	assert_contains(err.text, "is empty");
}

/* ---- no room ---- */

TEST(a_write_that_fails_leaves_whole_blocks_and_the_next_succeeds)
{
	struct xt_store *store = make_store();
	uint8_t pages[16 * PAGE];
	struct rlimit before, limit;
	struct rt_err err = { 0 };
	struct xt_trace *trace;
	struct stat st;

	append(store, 0, 2, 1000);
	assert_int_equal(stat(path_of("cpu0.xt"), &st), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 700;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (unsigned int i = 0; i < 16; i++) {	/* what does not compress */
		make_page(pages + i * PAGE, PAGE, 2000 + i);
		for (unsigned int k = 0; k < 200; k++)
			make_event(pages + i * PAGE, 1, (uint32_t)rand());
	}
	assert_int_equal(xt_store_append(store, 0, pages, 16, 0, &err), -EFBIG);
	assert_contains(err.text, "cpu0.xt: cannot write");
	assert_int_equal(stat(path_of("cpu0.xt"), &st), 0);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(st.st_size, limit.rlim_cur - 700);
	append(store, 0, 1, 3000);
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);
	trace = open_dir();
	assert_int_equal(xt_trace_nr_warnings(trace), 0);
	assert_int_equal(see(trace, 0).events, 3 * EACH);
	xt_trace_destroy(trace);
}

/* ---- torn and damaged ---- */

TEST(a_torn_last_block_is_said_and_the_rest_is_read)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	struct stat st;
	char words[64];

	append(store, 0, 4, 1000);
	xt_store_destroy(store);
	assert_int_equal(stat(path_of("cpu0.xt"), &st), 0);
	assert_int_equal(truncate(path_of("cpu0.xt"), st.st_size - 5), 0);
	trace = open_dir();
	assert_int_equal(see(trace, 0).events, 3 * EACH);
	assert_int_equal(xt_trace_nr_warnings(trace), 1);
	snprintf(words, sizeof(words), "cpu0: last block torn, %ld bytes not read",
		 (long)(st.st_size / 4 - 5));
	assert_string_equal(xt_trace_warning(trace, 0), words);
	xt_trace_destroy(trace);
}

TEST(a_file_that_is_cut_anywhere_gives_its_whole_blocks)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	struct stat st;
	uint64_t last = 6 * EACH;

	append(store, 0, 6, 1000);
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);
	assert_int_equal(stat(path_of("cpu0.xt"), &st), 0);
	while (st.st_size > 0) {
		struct seen seen;

		st.st_size -= 7;
		assert_int_equal(truncate(path_of("cpu0.xt"), st.st_size > 0 ? st.st_size : 0), 0);
		trace = open_dir();
		seen = see(trace, 0);
		assert_true(seen.events <= last && last - seen.events <= EACH && !seen.failed);
		last = seen.events;
		xt_trace_destroy(trace);
	}
	assert_int_equal(last, 0);
}

/* A store of two index blocks and some blocks behind them, as bytes. */
static char *whole_file(size_t *ret_len, unsigned int *ret_blocks)
{
	struct xt_store *store = make_store();

	*ret_blocks = 2 * XT_INDEX_EACH + 10;
	append(store, 0, *ret_blocks, 1000);
	xt_store_destroy(store);
	return make_slurp(path_of("cpu0.xt"), ret_len);
}

TEST(a_flipped_bit_costs_one_block_at_most_and_is_said)
{
	unsigned int blocks;
	size_t len;
	char *bytes = whole_file(&len, &blocks);
	int fd = open(path_of("cpu0.xt"), O_RDWR);

	assert_true(fd >= 0);
	srand(7);
	for (unsigned int i = 0; i < 600; i++) {
		size_t at = ((size_t)rand() << 8 ^ (size_t)rand()) % len;
		char flipped = (char)(bytes[at] ^ (1 << rand() % 8));
		struct xt_trace *trace;
		struct seen seen;

		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
		trace = open_dir();
		seen = see(trace, 0);
		if (seen.events < (blocks - 1) * EACH || seen.events > blocks * EACH)
			fail_msg("bit at %zu: %lu of %u events", at, seen.events, blocks * EACH);
		if (seen.events < blocks * EACH)
			assert_true(seen.failed + xt_trace_nr_warnings(trace) > 0);
		xt_trace_destroy(trace);
		assert_int_equal(pwrite(fd, bytes + at, 1, (off_t)at), 1);
	}
	close(fd);
	free(bytes);
}

TEST(flips_in_the_texts_never_end_in_a_crash)
{
	static const char *const names[] = {
		"session", "formats/heart/beat", "formats/header_page",
	};
	struct xt_store *store = make_store();

	append(store, 0, 2, 1000);
	xt_store_destroy(store);
	for (unsigned int n = 0; n < 3; n++) {
		size_t len;
		char *bytes = make_slurp(path_of(names[n]), &len);
		char *path = strdup(path_of(names[n]));

		for (size_t i = 0; i < 8 * len; i += 3) {
			struct xt_trace *trace = NULL;
			struct rt_err err = { 0 };

			bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
			free(make_file(dir, names[n], bytes, len));
			if (xt_trace_open(&trace, dir, &err) < 0)
				assert_true(err.text[0]);
			else
				see(trace, 0);
			xt_trace_destroy(trace);
			bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
		}
		free(make_file(dir, names[n], bytes, len));
		free(bytes);
		free(path);
	}
}

/* Changes a block's head at @at and makes its checksum right. */
static void lie(struct xt_block_head *head, size_t at)
{
	int fd = open(path_of("cpu0.xt"), O_RDWR);

	head->head_crc = (uint32_t)crc32(0, (const void *)head,
					 offsetof(struct xt_block_head, head_crc));
	assert_int_equal(pwrite(fd, head, sizeof(*head), (off_t)at), sizeof(*head));
	close(fd);
}

TEST(lengths_that_lie_are_errors_of_their_block)
{
	struct xt_store *store = make_store();
	struct xt_block_head head, lying;
	int fd;

	append(store, 0, 3, 1000);
	xt_store_destroy(store);
	fd = open(path_of("cpu0.xt"), O_RDONLY);
	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	close(fd);
	for (unsigned int kind = 0; kind < 7; kind++) {
		struct xt_trace *trace;
		struct seen seen;

		lying = head;
		switch (kind) {
		case 0: lying.raw_size = 0xfffffff0; break;
		case 1: lying.disk_size = 0xfffffff0; break;
		case 2: lying.nr_subbufs = 0x7fffffff; break;
		case 3: lying.nr_subbufs = 0; break;
		case 4: lying.subbuf_size = 8192; break;
		case 5: lying.codec = 9; break;
		case 6: lying.raw_size = 17; break;
		}
		lie(&lying, 0);
		trace = open_dir();
		seen = see(trace, 0);
		assert_int_equal(seen.events, 2 * EACH);
		assert_true(seen.failed || (seen.lost_marks == 1 && xt_trace_nr_warnings(trace)));
		xt_trace_destroy(trace);
	}
}

TEST(a_file_that_is_no_file_is_passed_over)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace;

	append(store, 0, 1, 1000);
	xt_store_destroy(store);
	assert_int_equal(mkdir(path_of("cpu1.xt"), 0700), 0);
	assert_int_equal(mkfifo(path_of("cpu2.xt"), 0600), 0);
	free(make_file(dir, "cpu3.xt", "", 0));
	assert_int_equal(truncate(path_of("cpu3.xt"), (off_t)1 << 40), 0);	/* a hole */
	trace = open_dir();
	assert_int_equal(see(trace, 0).events, EACH);
	assert_contains(xt_trace_warning(trace, 0), "cpu1.xt: is not read");
	assert_contains(xt_trace_warning(trace, 1), "cpu2.xt: is not read");
	assert_contains(xt_trace_warning(trace, 2), "cpu3: last block torn");
	xt_trace_destroy(trace);
	rmdir(path_of("cpu1.xt"));
	unlink(path_of("cpu2.xt"));
}

/* ---- killed ---- */

struct shared {
	_Atomic uint64_t begun, done;	/* events of appends */
};

static void write_until_killed(struct shared *shared)
{
	const struct xt_store_opts opts = { .subbuf_size = PAGE, .force = true, .no_sync = true };
	uint8_t pages[8 * PAGE];
	struct xt_store *store;

	if (xt_store_create(&store, dir, &opts, NULL) < 0)
		_exit(1);
	for (uint64_t ts = 1000;; ts += 1000) {
		unsigned int nr = 1 + (unsigned int)(ts / 1000) % 8;

		for (unsigned int i = 0; i < nr; i++)
			fill(pages + i * PAGE, ts + 10 * i);
		atomic_fetch_add(&shared->begun, nr * EACH);
		if (xt_store_append(store, 0, pages, nr, 0, NULL) < 0)
			_exit(1);
		atomic_fetch_add(&shared->done, nr * EACH);
		if (ts % 50000 == 0)
			xt_store_save(store, NULL);
	}
}

TEST(a_writer_that_is_killed_loses_no_more_than_what_was_in_flight)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	for (unsigned int i = 0; i < 200; i++) {
		struct xt_trace *trace;
		struct seen seen = { 0 };
		int status;
		pid_t pid;

		atomic_store(&shared->begun, 0);
		atomic_store(&shared->done, 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_until_killed(shared);
		while (atomic_load(&shared->begun) == 0 && waitpid(pid, &status, WNOHANG) == 0)
			usleep(100);
		usleep((useconds_t)(rand() % 12000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		trace = open_dir();
		if (xt_trace_nr_lanes(trace))
			seen = see(trace, 0);
		assert_int_equal(seen.failed, 0);
		assert_in_range(seen.events, atomic_load(&shared->done),
				atomic_load(&shared->begun));
		xt_trace_destroy(trace);
	}
	munmap(shared, sizeof(*shared));
}

/* ---- a recording that goes on ---- */

/* By one who follows it, and by one who comes now. */
static void expect_end(struct xt_trace *trace, bool complete, bool cut)
{
	struct xt_trace *anew = open_dir();

	assert_int_equal(xt_trace_refresh(trace, NULL), 0);
	assert_int_equal(xt_trace_info(trace)->complete, complete);
	assert_int_equal(xt_trace_info(trace)->cut, cut);
	assert_int_equal(xt_trace_info(anew)->complete, complete);
	assert_int_equal(xt_trace_info(anew)->cut, cut);
	xt_trace_destroy(anew);
}

TEST(a_recording_is_cut_when_its_writer_goes_without_an_end)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace = open_dir();

	expect_end(trace, false, false);
	append(store, 0, 2, 1000);
	expect_end(trace, false, false);
	append(store, 1, 1, 1000);
	xt_store_destroy(store);
	expect_end(trace, false, true);
	assert_int_equal(see(trace, 0).events, 2 * EACH);
	assert_int_equal(see(trace, 1).events, EACH);
	xt_trace_destroy(trace);
}

TEST(a_recording_that_is_complete_is_not_cut)
{
	struct xt_store *store = make_store();
	struct xt_trace *trace = open_dir();

	append(store, 0, 1, 1000);
	assert_int_equal(xt_store_finish(store, NULL), 0);
	expect_end(trace, true, false);
	xt_store_destroy(store);
	expect_end(trace, true, false);
	xt_trace_destroy(trace);
}

/* ---- the page ---- */

static uint8_t *page_bytes(const char *text, size_t *ret_len)
{
	const char *line = strstr(text, ".\\\" example: cpu0.xt\n");
	struct rt_buf out = { 0 };

	assert_non_null(line);
	for (line = strchr(line, '\n') + 1; line[0] != '.' || line[1] != 'E'; ) {
		unsigned int at, v;
		int n;

		if (sscanf(line, "%6x%n", &at, &n) == 1 && n == 6) {
			assert_int_equal(at, out.len);
			for (line += n; *line == ' ' && sscanf(line, " %2x%n", &v, &n) == 1;
			     line += n)
				rt_buf_add(&out, &(uint8_t){ (uint8_t)v }, 1);
		}
		line = strchr(line, '\n') + 1;
	}
	*ret_len = out.len;
	return (uint8_t *)out.data;
}

TEST(the_example_of_the_page_is_a_file_that_reads_as_it_says)
{
	size_t len, text_len;
	char *text = make_slurp("doc/formats/xtrace-dir.5", &text_len);
	uint8_t *bytes = page_bytes(text, &len);
	struct xt_store *store = make_store();
	struct xt_trace *trace;
	struct xt_chunk chunk;
	struct seen seen;

	xt_store_destroy(store);
	free(make_file(dir, "cpu0.xt", bytes, len));
	trace = open_dir();
	assert_int_equal(xt_trace_nr_warnings(trace), 0);
	assert_int_equal(xt_trace_lane(trace, 0)->nr_chunks, 2);
	seen = see(trace, 0);
	assert_int_equal(seen.failed, 0);
	assert_int_equal(seen.events, 1);
	assert_int_equal(seen.lost, 9);
	xt_lane_chunk(trace, 0, 0, &chunk);
	assert_int_equal(chunk.first_ts, 1000);
	assert_int_equal(chunk.last_ts, 1001);
	xt_trace_destroy(trace);
	free(bytes);
	free(text);
}

static int setup(void **state)
{
	(void)state;
	folder = make_folder();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	make_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(gaps_and_lost_events_keep_their_numbers),
		cmocka_unit_test(a_gap_is_sought_by_its_end),
		cmocka_unit_test(a_gap_that_another_clock_has_timed_stays_behind_what_was_recorded),
		cmocka_unit_test(a_time_is_sought_by_heads_alone),
		cmocka_unit_test(an_append_does_not_wait_for_the_session_to_reach_the_disk),
		cmocka_unit_test(the_session_is_replaced_as_a_whole),
		cmocka_unit_test(an_existing_directory_is_refused_and_a_foreign_one_never_emptied),
		cmocka_unit_test(a_write_that_fails_leaves_whole_blocks_and_the_next_succeeds),
		cmocka_unit_test(a_torn_last_block_is_said_and_the_rest_is_read),
		cmocka_unit_test(a_file_that_is_cut_anywhere_gives_its_whole_blocks),
		cmocka_unit_test(a_flipped_bit_costs_one_block_at_most_and_is_said),
		cmocka_unit_test(flips_in_the_texts_never_end_in_a_crash),
		cmocka_unit_test(lengths_that_lie_are_errors_of_their_block),
		cmocka_unit_test(a_file_that_is_no_file_is_passed_over),
		cmocka_unit_test(a_writer_that_is_killed_loses_no_more_than_what_was_in_flight),
		cmocka_unit_test(a_recording_is_cut_when_its_writer_goes_without_an_end),
		cmocka_unit_test(a_recording_that_is_complete_is_not_cut),
		cmocka_unit_test(the_example_of_the_page_is_a_file_that_reads_as_it_says),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
