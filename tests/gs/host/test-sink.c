/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-sink.c - gs/host/sink.c: lines into a log, flushes to the CPUs and sessions meant */
#include "gs/host/sink.h"
#include "tests/unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gs/host/service.h"
#include "gs/host/syslog.h"
#include "lib/cpulist.h"
#include "lib/root.h"
#include "tests/xtrace/make.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

static char *folder;
static struct rt_root root;

static void make_dirs(const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p '%s/%s'", folder, path);
	assert_int_equal(system(command), 0);
}

static void put_text(const char *name, const char *text)
{
	free(make_file(folder, name, text, strlen(text)));
}

static int setup(void **state)
{
	(void)state;
	folder = make_folder();
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	make_dirs("dev");
	make_dirs("sys/devices/system/cpu");
	make_dirs("run");
	put_text("sys/devices/system/cpu/online", "0-7\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rt_root_finish(&root);
	make_remove(folder);
	return 0;
}

TEST(a_line_has_a_priority_of_our_own_and_one_end)
{
	static const char want[] = "<30>kvmrt-gsd: vm1/0: <0>hello %s\n"
				   "<30>kvmrt-gsd: vm1/0: bye\n";
	struct gs_sink sink = { .root = &root, .kmsg = true };
	char path[256], *text;
	size_t len;

	put_text("dev/kmsg", "");
	gs_sink_line(&sink, "vm1/0: <0>hello %s");
	gs_sink_line(&sink, "vm1/0: bye");
	snprintf(path, sizeof(path), "%s/dev/kmsg", folder);
	text = make_slurp(path, &len);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
	free(text);
	assert_int_equal(sink.lines, 2);
	assert_int_equal(sink.failed, 0);
}

TEST(a_log_that_is_not_there_is_counted)
{
	struct gs_sink sink = { .root = &root, .kmsg = true, .syslog = true };

	gs_syslog_open(&root);
	gs_sink_line(&sink, "x");
	gs_syslog_close(0);
	assert_int_equal(sink.lines, 1);
	assert_int_equal(sink.failed, 2);
}

static void thread_of_vm1(int tid, const char *allowed, int last)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "proc/100/task/%d", tid);
	make_dirs(name);
	snprintf(name, sizeof(name), "proc/100/task/%d/status", tid);
	snprintf(text, sizeof(text), "Name:\tx\nCpus_allowed_list:\t%s\nMems_allowed:\t1\n",
		 allowed);
	put_text(name, text);
	snprintf(name, sizeof(name), "proc/100/task/%d/stat", tid);
	snprintf(text, sizeof(text), "%d (CPU 0) KVM) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 "
		 "20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 %d 40 41\n", tid, last);
	put_text(name, text);
}

static void check_cpus(uint64_t scope, const char *list)
{
	struct xt_vcpu vcpus[] = {
		{ .tid = 101, .vm_pid = 100 }, { .tid = 102, .vm_pid = 100, .vcpu = 1 },
		{ .tid = 201, .vm_pid = 200 },
	};
	const struct gs_flush flush = { .vm_pid = 100, .cpu = 1, .scope = scope };
	struct rt_cpuset cpus;
	char found[64];

	if (!gs_sink_flush_cpus(&root, &(struct xt_vms){ vcpus, 3 }, &flush, &cpus)) {
		assert_string_equal(list, "all");
		return;
	}
	assert_int_equal(rt_cpuset_format(&cpus, found, sizeof(found)), 0);
	assert_string_equal(found, list);
}

TEST(each_scope_has_its_cpus)
{
	thread_of_vm1(101, "2-3", 2);
	thread_of_vm1(102, "0-7", 5);
	check_cpus(GS_SCOPE_CPU, "1");
	check_cpus(GS_SCOPE_VM, "1-3,5");
	check_cpus(GS_SCOPE_ALL, "all");
}

TEST(a_vm_that_is_gone_leaves_the_cpu_of_its_call)
{
	check_cpus(GS_SCOPE_VM, "1");
}

/* A session that keeps its first request. */
static void *answer_one(void *arg)
{
	struct xt_session *session = arg;
	static char line[512];
	int fd = -1;

	while (fd < 0) {
		fd = accept(session->listen_fd, NULL, NULL);
		usleep(1000);
	}
	assert_true(recv(fd, line, sizeof(line) - 1, 0) > 0);
	assert_int_equal(send(fd, "ok\n", 3, 0), 3);
	close(fd);
	return line;
}

TEST(every_session_that_runs_is_asked_with_scope_and_number)
{
	const struct gs_flush flush = { .vm = "vm1", .vm_pid = 100, .cpu = 1, .ns = 5,
					.scope = GS_SCOPE_CPU, .incident = 0x2a };
	struct xt_session session;
	struct rt_cpuset cpus;
	pthread_t thread;
	void *line;

	assert_int_equal(gs_sink_flush(&root, &flush, NULL), 0);
	assert_int_equal(xt_session_claim(&session, &root, "a", NULL), 0);
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_int_equal(rt_cpuset_parse(&cpus, "1", NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, answer_one, &session), 0);
	assert_int_equal(gs_sink_flush(&root, &flush, &cpus), 1);
	pthread_join(thread, &line);
	assert_string_equal(line, "xtrace/1 flush 1 guest incident=0x2a scope=0 vm=vm1 pid=100 "
			    "ns=5\n");
	assert_int_equal(gs_sink_flush_wait(60000), 0);
	assert_int_equal(gs_sink_flushes_failed(), 0);
	xt_session_release(&session);
}

TEST(a_session_that_hangs_is_waited_for_so_long_and_no_longer)
{
	const struct gs_flush flush = { .vm = "vm1", .vm_pid = 100, .scope = GS_SCOPE_ALL };
	struct xt_session session;
	pthread_t thread;

	assert_int_equal(xt_session_claim(&session, &root, "b", NULL), 0);
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_int_equal(gs_sink_flush(&root, &flush, NULL), 1);
	assert_int_equal(gs_sink_flush_wait(50), 1);
	assert_int_equal(pthread_create(&thread, NULL, answer_one, &session), 0);
	assert_int_equal(gs_sink_flush_wait(60000), 0);
	pthread_join(thread, NULL);
	xt_session_release(&session);
}

/* Answers so many, in the order in which they come. */
static void answer_all(struct xt_session *session, unsigned int nr)
{
	char line[512];
	int fd;

	while (nr) {
		fd = accept(session->listen_fd, NULL, NULL);
		if (fd < 0) {
			usleep(1000);
			continue;
		}
		assert_true(recv(fd, line, sizeof(line), 0) > 0);
		assert_int_equal(send(fd, "ok\n", 3, 0), 3);
		close(fd);
		nr--;
	}
}

TEST(a_session_that_hangs_takes_no_place_of_another)
{
	const struct gs_flush flush = { .vm = "vm1", .vm_pid = 100, .scope = GS_SCOPE_ALL };
	unsigned int failed = gs_sink_flushes_failed(), nr = 0, i;
	struct xt_session hangs, serves;

	assert_int_equal(xt_session_claim(&hangs, &root, "hangs", NULL), 0);
	assert_int_equal(xt_session_listen(&hangs, NULL), 0);
	for (i = 0; i < 100; i++)
		nr += gs_sink_flush(&root, &flush, NULL);
	assert_int_equal(gs_sink_flushes_pending(), nr);
	assert_int_equal(gs_sink_flushes_failed(), failed + 100 - nr);
	assert_int_equal(xt_session_claim(&serves, &root, "serves", NULL), 0);
	assert_int_equal(xt_session_listen(&serves, NULL), 0);
	assert_int_equal(gs_sink_flush(&root, &flush, NULL), 1);
	answer_all(&serves, 1);
	answer_all(&hangs, nr);
	assert_int_equal(gs_sink_flush_wait(60000), 0);
	xt_session_release(&serves);
	xt_session_release(&hangs);
}

#define SINK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SINK_TEST(a_line_has_a_priority_of_our_own_and_one_end),
		SINK_TEST(a_log_that_is_not_there_is_counted),
		SINK_TEST(each_scope_has_its_cpus),
		SINK_TEST(a_vm_that_is_gone_leaves_the_cpu_of_its_call),
		SINK_TEST(every_session_that_runs_is_asked_with_scope_and_number),
		SINK_TEST(a_session_that_hangs_is_waited_for_so_long_and_no_longer),
		SINK_TEST(a_session_that_hangs_takes_no_place_of_another),
	};

	return RUN_TESTS(tests);
}
