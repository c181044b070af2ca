/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-loop.c - lib/loop.c: what wakes it, and leaving it in any order */
#include "lib/loop.h"

#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

struct seen {
	struct rt_loop *loop;
	struct rt_source *source, *other;
	int count, value;
};

static int set_up(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	*state = seen;
	return rt_loop_create(&seen->loop, NULL);
}

static int tear_down(void **state)
{
	struct seen *seen = *state;

	rt_loop_destroy(seen->loop);
	free(seen);
	return 0;
}

static void on_input(void *arg, int fd, uint32_t events)
{
	struct seen *seen = arg;
	char c;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(fd, &c, 1), 1);
	seen->value = c;
	rt_loop_stop(seen->loop, 5);
}

static void a_descriptor_wakes_it(void **state)
{
	struct seen *seen = *state;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rt_loop_add_fd(seen->loop, fds[0], EPOLLIN, on_input, seen, NULL, NULL),
			 0);
	assert_int_equal(write(fds[1], "a", 1), 1);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 5);
	assert_int_equal(seen->value, 'a');
	assert_int_equal(write(fds[1], "b", 1), 1);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 5);
	assert_int_equal(seen->value, 'b');
	close(fds[0]);
	close(fds[1]);
}

static void on_timer(void *arg)
{
	struct seen *seen = arg;

	if (++seen->count == 3)
		rt_loop_stop(seen->loop, 0);
}

static void a_timer_fires_again_and_again(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(rt_loop_add_timer(seen->loop, 1000000, on_timer, seen, NULL, NULL), 0);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->count, 3);
}

static void a_timer_needs_a_period(void **state)
{
	struct seen *seen = *state;
	struct rt_err err = { 0 };

	assert_int_equal(rt_loop_add_timer(seen->loop, 0, on_timer, seen, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "timer: expected a period above 0, found 0");
}

static void on_signal(void *arg, int signo)
{
	struct seen *seen = arg;

	seen->value = signo;
	rt_loop_stop(seen->loop, 0);
}

static void a_signal_is_an_event_until_the_end(void **state)
{
	struct seen *seen = *state;
	sigset_t mask;

	assert_int_equal(rt_loop_add_signal(seen->loop, SIGUSR1, on_signal, seen, NULL), 0);
	kill(getpid(), SIGUSR1);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->value, SIGUSR1);
	kill(getpid(), SIGUSR1);	/* pending at the end: must not end this process */
	rt_loop_destroy(seen->loop);
	seen->loop = NULL;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

static void on_origin(void *arg, int signo)
{
	struct seen *seen = arg;

	(void)signo;
	rt_loop_stop(seen->loop, rt_loop_signal_of_kernel(seen->loop) ? 1 : 2);
}

/* On a terminal of its own; says by its exit status who sent the interrupt. */
static void wait_for_interrupt(void)
{
	struct seen seen = { 0 };

	if (rt_loop_create(&seen.loop, NULL) < 0 ||
	    rt_loop_add_signal(seen.loop, SIGINT, on_origin, &seen, NULL) < 0 ||
	    write(STDOUT_FILENO, "!", 1) != 1)
		_exit(3);
	_exit(rt_loop_run(seen.loop, NULL));
}

static int interrupted(bool by_terminal)
{
	int terminal, wait_status;
	char ready;
	pid_t pid;

	pid = forkpty(&terminal, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		wait_for_interrupt();
	assert_int_equal(read(terminal, &ready, 1), 1);
	if (by_terminal)
		assert_int_equal(write(terminal, "\003", 1), 1);
	else
		kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	close(terminal);
	return WEXITSTATUS(wait_status);
}

static void a_terminal_s_interrupt_is_told_from_that_of_a_process(void **state)
{
	(void)state;
	assert_int_equal(interrupted(true), 1);
	assert_int_equal(interrupted(false), 2);
}

static void a_number_that_is_no_signal_is_refused(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(rt_loop_add_signal(seen->loop, 9999, on_signal, seen, NULL), -EINVAL);
}

static void on_child(void *arg, pid_t pid, int wait_status)
{
	struct seen *seen = arg;

	assert_true(pid > 0);
	seen->count++;
	seen->value = wait_status;
	rt_loop_stop(seen->loop, 0);
}

static pid_t child_that_exits(int status)
{
	pid_t pid = fork();

	if (!pid)
		_exit(status);
	return pid;
}

static void a_child_is_reported_with_its_status(void **state)
{
	struct seen *seen = *state;
	pid_t pid = child_that_exits(7);

	assert_int_equal(rt_loop_add_child(seen->loop, pid, on_child, seen, NULL), 0);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->count, 1);
	assert_int_equal(WEXITSTATUS(seen->value), 7);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static void a_child_that_others_reaped_has_no_status(void **state)
{
	struct seen *seen = *state;
	pid_t pid = child_that_exits(0);

	assert_int_equal(rt_loop_add_child(seen->loop, pid, on_child, seen, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->value, -1);
	assert_int_equal(rt_loop_add_child(seen->loop, pid, on_child, seen, NULL), -ESRCH);
}

static void remove_both(void *arg, int fd, uint32_t events)
{
	struct seen *seen = arg;

	(void)fd;
	(void)events;
	seen->count++;
	rt_loop_remove(seen->loop, seen->source);
	rt_loop_remove(seen->loop, seen->other);
	rt_loop_stop(seen->loop, 0);
}

static void a_source_removed_in_a_round_is_not_called_again(void **state)
{
	struct seen *seen = *state;
	int one[2], two[2];

	assert_int_equal(pipe(one), 0);
	assert_int_equal(pipe(two), 0);
	rt_loop_add_fd(seen->loop, one[0], EPOLLIN, remove_both, seen, &seen->source, NULL);
	rt_loop_add_fd(seen->loop, two[0], EPOLLIN, remove_both, seen, &seen->other, NULL);
	assert_int_equal(write(one[1], "a", 1), 1);
	assert_int_equal(write(two[1], "a", 1), 1);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->count, 1);
	close(one[0]);
	close(one[1]);
	close(two[0]);
	close(two[1]);
}

static void a_source_can_be_removed_between_rounds(void **state)
{
	struct seen *seen = *state;

	rt_loop_add_timer(seen->loop, 1000000, on_timer, seen, &seen->source, NULL);
	rt_loop_remove(seen->loop, seen->source);
	rt_loop_remove(seen->loop, NULL);
	rt_loop_stop(seen->loop, 9);
	assert_int_equal(rt_loop_run(seen->loop, NULL), 9);
}

static void what_cannot_be_waited_for_is_refused(void **state)
{
	struct seen *seen = *state;
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(rt_loop_add_fd(seen->loop, fileno(file), EPOLLIN, on_input, seen, NULL,
					NULL), -EPERM);
	fclose(file);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOOP(a_descriptor_wakes_it),
		WITH_LOOP(a_timer_fires_again_and_again),
		WITH_LOOP(a_timer_needs_a_period),
		WITH_LOOP(a_signal_is_an_event_until_the_end),
		WITH_LOOP(a_terminal_s_interrupt_is_told_from_that_of_a_process),
		WITH_LOOP(a_number_that_is_no_signal_is_refused),
		WITH_LOOP(a_child_is_reported_with_its_status),
		WITH_LOOP(a_child_that_others_reaped_has_no_status),
		WITH_LOOP(a_source_removed_in_a_round_is_not_called_again),
		WITH_LOOP(a_source_can_be_removed_between_rounds),
		WITH_LOOP(what_cannot_be_waited_for_is_refused),
	};

	return RUN_TESTS(tests);
}
