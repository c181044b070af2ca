/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-hypercall.c - looking for the instruction harms nobody, whatever is below */
#include "gs/hypercall.h"
#include "tests/unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_answer(enum gs_insn insn)
{
	return insn <= GS_INSN_DEADLY;
}

TEST(a_process_lives_on_after_it_looked_and_tried)
{
	assert_true(is_answer(gs_hypercall_find(false)));
	assert_true(is_answer(gs_hypercall_find(true)));
}

TEST(a_try_says_no_more_than_a_look_did)
{
	enum gs_insn look = gs_hypercall_find(false), try = gs_hypercall_find(true);

	assert_true(try == look || try == GS_INSN_DEADLY);
	assert_true(look != GS_INSN_DEADLY);
}

static volatile sig_atomic_t caught;

static void catch(int signo)
{
	caught = signo;
}

TEST(the_process_sees_no_signal_and_keeps_its_handlers)
{
	struct sigaction action = { .sa_handler = catch }, now;
	static const int signals[] = { SIGCHLD, SIGILL, SIGSEGV };
	struct sigaction before[3];
	sigset_t mask;
	int i;

	caught = 0;
	for (i = 0; i < 3; i++)
		sigaction(signals[i], &action, &before[i]);
	gs_hypercall_find(true);
	for (i = 0; i < 3; i++) {
		sigaction(signals[i], NULL, &now);
		assert_ptr_equal(now.sa_handler, catch);
		sigaction(signals[i], &before[i], NULL);
	}
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	assert_int_equal(caught, 0);
}

TEST(no_child_is_left_for_the_process_to_wait_for)
{
	gs_hypercall_find(true);
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

TEST(it_can_be_done_where_children_are_ignored_and_errno_is_kept)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

	sigaction(SIGCHLD, &ignore, &before);
	errno = 1234;
	assert_true(is_answer(gs_hypercall_find(true)));
	assert_int_equal(errno, 1234);
	sigaction(SIGCHLD, &before, NULL);
}

static void *look_often(void *arg)
{
	bool *ok = arg;
	int i;

	for (i = 0; i < 20; i++)
		*ok = *ok && is_answer(gs_hypercall_find(true));
	return NULL;
}

TEST(threads_may_look_at_the_same_time)
{
	bool ok[4] = { true, true, true, true };
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_often, &ok[i]), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_true(ok[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_lives_on_after_it_looked_and_tried),
		cmocka_unit_test(a_try_says_no_more_than_a_look_did),
		cmocka_unit_test(the_process_sees_no_signal_and_keeps_its_handlers),
		cmocka_unit_test(no_child_is_left_for_the_process_to_wait_for),
		cmocka_unit_test(it_can_be_done_where_children_are_ignored_and_errno_is_kept),
		cmocka_unit_test(threads_may_look_at_the_same_time),
	};

	return RUN_TESTS(tests);
}
