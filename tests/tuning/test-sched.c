/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sched.c - the policy of a thread of ours: set, and read back
 */
#include "tuning/sched.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A process that only waits, so that our own policy stays what it is. */
static int set_up(void **state)
{
	static pid_t pid;

	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	*state = &pid;
	return pid < 0;
}

static int tear_down(void **state)
{
	pid_t pid = *(pid_t *)*state;

	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) != pid;
}

static void sets_the_niceness_of_each_policy_that_has_one(void **state)
{
	static const uint32_t policies[] = { SCHED_BATCH, SCHED_IDLE, SCHED_IDLE };
	pid_t pid = *(pid_t *)*state;
	struct tune_sched_attr attr;
	int nice = getpriority(PRIO_PROCESS, (id_t)pid);

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(tune_sched_get(pid, &attr), 0);
		attr.policy = policies[i];
		/* upwards, as anybody may */
		attr.nice = nice = nice < 18 ? nice + 1 : 19;
		assert_int_equal(tune_sched_set(pid, &attr), 0);
		assert_int_equal(tune_sched_get(pid, &attr), 0);
		assert_int_equal(attr.policy, policies[i]);
		assert_int_equal(attr.nice, nice);
		assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), nice);
	}
}

static void what_is_read_can_be_set_again(void **state)
{
	pid_t pid = *(pid_t *)*state;
	struct tune_sched_attr attr;

	assert_int_equal(tune_sched_get(pid, &attr), 0);
	assert_int_equal(attr.size, sizeof(attr));
	assert_int_equal(tune_sched_set(pid, &attr), 0);
}

static void says_what_is_wrong_by_errno(void **state)
{
	pid_t pid = *(pid_t *)*state;
	struct tune_sched_attr attr;

	assert_int_equal(tune_sched_get(pid, &attr), 0);
	attr.policy = 99;
	assert_int_equal(tune_sched_set(pid, &attr), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(tune_sched_get(0x7fffffff, &attr), -1);
	assert_int_equal(errno, ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_the_niceness_of_each_policy_that_has_one),
		cmocka_unit_test(what_is_read_can_be_set_again),
		cmocka_unit_test(says_what_is_wrong_by_errno),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
