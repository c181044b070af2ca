/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-live.c - xtrace/live.c: events while they come, from a tree of plain files */
#include "xtrace/live.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define SIZE 4096

static char *folder;
static struct rt_root root;
static struct xt_instance inst;
static struct xt_live *live;
static ino_t bufferless;	/* the file of a CPU that the kernel made no buffer for */

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void put_file(const char *name, const void *data, size_t len)
{
	free(make_file(folder, name, data, len));
}

static int setup(void **state)
{
	static const char *const dirs[] = { "i", "i/per_cpu", "i/per_cpu/cpu0", "i/per_cpu/cpu1",
					    "i/events", "i/events/a", "i/events/a/b" };
	size_t i;

	(void)state;
	folder = make_folder();
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(dirs[i]);
	put_file("i/per_cpu/cpu0/trace_pipe_raw", "", 0);
	put_file("i/per_cpu/cpu1/trace_pipe_raw", "", 0);
	put_file("i/events/header_page", make_header_page, strlen(make_header_page));
	put_file("i/events/a/b/format", make_format, strlen(make_format));
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	inst = (struct xt_instance){ .root = &root, .dir = "i" };
	assert_int_equal(xt_live_create(&live, &inst, NULL), 0);
	assert_int_equal(xt_live_know(live, "a", "b", NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xt_live_destroy(live);
	live = NULL;
	bufferless = 0;
	rt_root_finish(&root);
	make_remove(folder);
	return 0;
}

/* The kernel writes a sub-buffer with these times, each event's value being its time. */
static void record(unsigned int cpu, const uint64_t *times, unsigned int nr)
{
	uint8_t page[SIZE];
	char path[256];
	unsigned int i;
	int fd;

	make_page(page, SIZE, times[0]);
	for (i = 0; i < nr; i++)
		make_event(page, i ? times[i] - times[i - 1] : 0, times[i]);
	snprintf(path, sizeof(path), "%s/i/per_cpu/cpu%u/trace_pipe_raw", folder, cpu);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, page, SIZE), SIZE);
	close(fd);
}

#define RECORD(cpu, ...) \
	do { \
		const uint64_t times_[] = { __VA_ARGS__ }; \
		record(cpu, times_, sizeof(times_) / sizeof(times_[0])); \
	} while (0)

/* In place of the C library's: no plain file answers as the kernel does for such a CPU. */
ssize_t read(int fd, void *buf, size_t size)
{
	struct stat st;

	if (bufferless && fstat(fd, &st) == 0 && st.st_ino == bufferless) {
		errno = ENODEV;
		return -1;
	}
	return syscall(SYS_read, fd, buf, size);
}

static struct {
	char text[256];
	uint64_t lost;
} told;

static void on_event(void *arg, unsigned int cpu, const struct xt_event *event,
		     const struct xt_rec *rec)
{
	size_t len = strlen(told.text);

	assert_ptr_equal(arg, &told);
	if (!event) {
		memcpy(&told.lost, rec->data, sizeof(told.lost));
		return;
	}
	assert_string_equal(event->system, "a");
	snprintf(told.text + len, sizeof(told.text) - len, "%s%u:%llu", len ? " " : "", cpu,
		 (unsigned long long)rec->ts);
}

static void expect(uint64_t until, const char *text)
{
	memset(&told, 0, sizeof(told));
	assert_true(xt_live_read(live, until, on_event, &told, NULL) >= 0);
	assert_string_equal(told.text, text);
}

TEST(nothing_recorded_is_nothing_told)
{
	expect(UINT64_MAX, "");
	expect(UINT64_MAX, "");
}

TEST(events_of_all_cpus_come_in_the_order_of_time)
{
	RECORD(0, 10, 30, 31);
	RECORD(1, 20, 25, 40);
	RECORD(0, 35);
	expect(UINT64_MAX, "0:10 1:20 1:25 0:30 0:31 0:35 1:40");
	expect(UINT64_MAX, "");
}

TEST(a_cpu_that_is_not_up_is_silent_until_it_comes)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/i/per_cpu/cpu1/trace_pipe_raw", folder);
	assert_int_equal(stat(path, &st), 0);
	bufferless = st.st_ino;
	RECORD(0, 10);
	RECORD(1, 20);
	expect(UINT64_MAX, "0:10");
	bufferless = 0;
	expect(UINT64_MAX, "1:20");
}

TEST(what_is_younger_than_the_look_waits_and_keeps_the_order_over_calls)
{
	RECORD(0, 10, 30);
	expect(20, "0:10");
	RECORD(1, 15, 40);	/* committed late, as an interrupted writer does */
	RECORD(1, 45);
	expect(42, "1:15 0:30 1:40");
	expect(UINT64_MAX, "1:45");
}

TEST(lost_events_are_told_with_their_number)
{
	const uint64_t count = 77, time = 5;
	uint8_t page[SIZE];
	char path[256];
	int fd;

	make_page(page, SIZE, time);
	make_event(page, 0, 1);
	make_lost(page, &count);
	snprintf(path, sizeof(path), "%s/i/per_cpu/cpu1/trace_pipe_raw", folder);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, page, SIZE), SIZE);
	close(fd);
	expect(UINT64_MAX, "1:5");
	assert_int_equal(told.lost, 77);
}

TEST(an_event_that_this_kernel_does_not_have_is_said_so)
{
	struct rt_err err = { 0 };

	assert_int_equal(xt_live_know(live, "a", "c", &err), -ENOENT);
	assert_contains(err.text, "no event a:c");
}

TEST(an_event_may_be_made_known_again)
{
	assert_int_equal(xt_live_know(live, "a", "b", NULL), 0);
	RECORD(0, 1);
	expect(UINT64_MAX, "0:1");
}

TEST(an_instance_that_is_not_there_cannot_be_read)
{
	struct xt_instance none = { .root = &root, .dir = "none" };
	struct rt_err err = { 0 };
	struct xt_live *other;

	assert_int_equal(xt_live_create(&other, &none, &err), -ENOENT);
	assert_contains(err.text, "none/events/header_page");
}

#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(nothing_recorded_is_nothing_told),
		LIVE_TEST(events_of_all_cpus_come_in_the_order_of_time),
		LIVE_TEST(a_cpu_that_is_not_up_is_silent_until_it_comes),
		LIVE_TEST(what_is_younger_than_the_look_waits_and_keeps_the_order_over_calls),
		LIVE_TEST(lost_events_are_told_with_their_number),
		LIVE_TEST(an_event_that_this_kernel_does_not_have_is_said_so),
		LIVE_TEST(an_event_may_be_made_known_again),
		LIVE_TEST(an_instance_that_is_not_there_cannot_be_read),
	};

	return RUN_TESTS(tests);
}
