/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-syslog.c - gs/host/syslog.c: lines as of syslog(3), and nobody waits for a reader */
#include "gs/host/syslog.h"
#include "tests/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/root.h"
#include "tests/xtrace/make.h"

static char *folder;
static struct rt_root root;

static int setup(void **state)
{
	char path[256];

	(void)state;
	folder = make_folder();
	snprintf(path, sizeof(path), "%s/dev", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	gs_syslog_open(&root);
	alarm(60);	/* that nothing waits for ever is what is tested */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gs_syslog_close(0);
	rt_root_finish(&root);
	make_remove(folder);
	return 0;
}

static int bind_as_syslogd(int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/dev/log", root.fd);
	unlink(addr.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* A socket as syslogd and the journal have it. */
static int listen_as_syslogd(void)
{
	return bind_as_syslogd(SOCK_DGRAM);
}

/* The next line, from behind the daemon's name on; false where there is none. */
static bool next_line(int fd, char text[2048])
{
	ssize_t got = recv(fd, text, 2047, MSG_DONTWAIT);
	char *head;

	if (got < 0)
		return false;
	text[got] = '\0';
	head = strstr(text, "]: ");
	assert_non_null(head);
	memmove(text, head + 3, strlen(head + 3) + 1);
	return true;
}

TEST(syslog_and_the_journal_get_the_same_line_once)
{
	int fd = listen_as_syslogd(), day, hour, minute, second, pid;
	char text[2048], month[4], line[2048];

	assert_true(gs_syslog(LOG_INFO, "%s", "vm1/0: <0>hello %s %n"));
	text[recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT)] = '\0';
	assert_int_equal(sscanf(text, "<30>%3s %d %d:%d:%d kvmrt-gsd[%d]: %[^\n]", month, &day,
				&hour, &minute, &second, &pid, line), 7);
	assert_int_equal(pid, getpid());
	assert_string_equal(line, "vm1/0: <0>hello %s %n");
	assert_false(next_line(fd, text));
	assert_true(gs_syslog(LOG_WARNING, "%2000d", 1));
	assert_true(recv(fd, text, sizeof(text), MSG_DONTWAIT) <= 1024);
	assert_memory_equal(text, "<28>", 4);
	close(fd);
}

TEST(nobody_waits_for_a_reader_that_is_stuck_and_what_it_misses_is_told)
{
	enum { LOST = 5 };
	unsigned int taken = 0, n, all;
	int fd = listen_as_syslogd();
	char text[2048];

	while (gs_syslog(LOG_INFO, "line %u", taken))
		taken++;
	for (n = 1; n < LOST; n++)
		assert_false(gs_syslog(LOG_INFO, "lost"));
	assert_int_equal(gs_syslog_kept(), GS_SYSLOG_KEPT);
	all = taken;
	for (n = 0; n < all; n++) {
		if (!next_line(fd, text)) {
			gs_syslog_tick();
			assert_true(next_line(fd, text));
		}
		assert_int_equal(strtoul(text + strlen("line "), NULL, 10), n);
	}
	assert_int_equal(gs_syslog_kept(), 0);
	gs_syslog_tick();
	assert_true(next_line(fd, text));
	assert_string_equal(text, "5 lines are missing here: this log took nothing");
	gs_syslog_tick();
	assert_false(next_line(fd, text));
	close(fd);
}

TEST(a_reader_that_begins_anew_gets_what_the_one_before_did_not_take)
{
	int fd = listen_as_syslogd();
	char text[2048];
	unsigned int n;

	for (n = 0; gs_syslog_kept() < 3; n++)
		assert_true(gs_syslog(LOG_INFO, "line %u", n));
	close(fd);
	gs_syslog_tick();
	assert_int_equal(gs_syslog_kept(), 3);
	fd = listen_as_syslogd();
	assert_true(gs_syslog(LOG_INFO, "the next"));
	assert_true(next_line(fd, text));
	assert_int_equal(strtoul(text + strlen("line "), NULL, 10), n - 3);
	assert_true(next_line(fd, text) && next_line(fd, text) && next_line(fd, text));
	assert_string_equal(text, "the next");
	close(fd);
}

TEST(a_reader_that_hangs_with_the_old_socket_is_left_for_its_successor)
{
	int stuck = listen_as_syslogd(), fd;
	char text[2048];
	unsigned int n;

	for (n = 0; gs_syslog_kept() < 3; n++)
		assert_true(gs_syslog(LOG_INFO, "line %u", n));
	fd = listen_as_syslogd();
	gs_syslog_tick();
	assert_int_equal(gs_syslog_kept(), 0);
	assert_true(next_line(fd, text));
	assert_int_equal(strtoul(text + strlen("line "), NULL, 10), n - 3);
	close(fd);
	close(stuck);
}

TEST(a_reader_with_a_stream_gets_each_line_with_a_nul_behind_it)
{
	int fd = bind_as_syslogd(SOCK_STREAM), stream;
	char text[2048], *second;
	ssize_t got;

	assert_int_equal(listen(fd, 1), 0);
	assert_true(gs_syslog(LOG_INFO, "one"));
	assert_true(gs_syslog(LOG_INFO, "two"));
	stream = accept(fd, NULL, NULL);
	got = recv(stream, text, sizeof(text), MSG_DONTWAIT);
	assert_true(got > 0 && text[got - 1] == '\0');
	second = text + strlen(text) + 1;
	assert_string_equal(text + strlen(text) - strlen("]: one"), "]: one");
	assert_ptr_equal(second + strlen(second) + 1, text + got);
	assert_string_equal(second + strlen(second) - strlen("]: two"), "]: two");
	close(stream);

	/* who takes nothing is waited for, and who comes then gets all of it */
	while (gs_syslog_kept() < 3)
		assert_true(gs_syslog(LOG_INFO, "x"));
	stream = accept(fd, NULL, NULL);
	while (recv(stream, text, sizeof(text), MSG_DONTWAIT) > 0)
		gs_syslog_tick();
	assert_int_equal(gs_syslog_kept(), 0);
	close(stream);
	close(fd);
}

TEST(what_nobody_takes_is_counted_at_the_end)
{
	int fd = listen_as_syslogd();

	while (!gs_syslog_kept())
		gs_syslog(LOG_INFO, "x");
	while (gs_syslog(LOG_INFO, "x"))
		;
	assert_false(gs_syslog(LOG_INFO, "x"));
	assert_int_equal(gs_syslog_close(20), GS_SYSLOG_KEPT + 2);
	assert_int_equal(gs_syslog_kept(), 0);
	assert_int_equal(gs_syslog_close(20), 0);
	assert_false(gs_syslog(LOG_INFO, "behind the end"));
	close(fd);
}

TEST(without_a_reader_nothing_is_kept)
{
	assert_false(gs_syslog(LOG_INFO, "x"));
	assert_int_equal(gs_syslog_kept(), 0);
}

#define SYSLOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYSLOG_TEST(syslog_and_the_journal_get_the_same_line_once),
		SYSLOG_TEST(nobody_waits_for_a_reader_that_is_stuck_and_what_it_misses_is_told),
		SYSLOG_TEST(a_reader_that_begins_anew_gets_what_the_one_before_did_not_take),
		SYSLOG_TEST(a_reader_that_hangs_with_the_old_socket_is_left_for_its_successor),
		SYSLOG_TEST(a_reader_with_a_stream_gets_each_line_with_a_nul_behind_it),
		SYSLOG_TEST(what_nobody_takes_is_counted_at_the_end),
		SYSLOG_TEST(without_a_reader_nothing_is_kept),
	};

	return RUN_TESTS(tests);
}
