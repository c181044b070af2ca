/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-watch.c - an interface that comes up is seen, in a network of the test's own */
#include "tests/unit.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tuning/watch.h"

static int calls;

static int again(void *arg, struct rt_err *err)
{
	calls++;
	return rt_err_say(err, -ECANCELED, "seen by %s", (const char *)arg);
}

static void set_up_lo(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

TEST(an_interface_that_comes_up_is_seen)
{
	struct rt_err err = { 0 };
	pid_t other;

	if (unshare(CLONE_NEWNET) < 0)
		skip();
	other = fork();
	if (other == 0) {
		usleep(200000);
		set_up_lo();
		_exit(0);
	}
	assert_int_equal(tune_watch_links(again, "test", &err), -ECANCELED);
	assert_int_equal(calls, 1);
	assert_string_equal(err.text, "seen by test");
	waitpid(other, NULL, 0);
}

TEST(a_signal_ends_the_watch)
{
	pid_t other = fork();

	if (other == 0) {
		usleep(200000);
		kill(getppid(), SIGTERM);
		_exit(0);
	}
	assert_int_equal(tune_watch_links(again, "test", NULL), 0);
	waitpid(other, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_that_comes_up_is_seen),
		cmocka_unit_test(a_signal_ends_the_watch),
	};

	return RUN_TESTS(tests);
}
