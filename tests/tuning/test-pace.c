/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pace.c - every so often without drift, and an end when a signal comes */
#include "tuning/pace.h"

#include <time.h>
#include <unistd.h>

#include "tests/unit.h"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

TEST(time_does_not_drift)
{
	double begin = seconds(), took;
	struct tune_pace pace;
	int i;

	tune_pace_start(&pace, 20000000);
	for (i = 0; i < 10; i++) {
		assert_true(tune_pace_wait(&pace));
		usleep(5000);	/* the work in between */
	}
	took = seconds() - begin;
	assert_true(took >= 0.2 && took < 1);
}

TEST(behind_a_time_that_has_passed_comes_a_whole_interval)
{
	struct tune_pace pace;
	double begin;

	tune_pace_start(&pace, 20000000);
	usleep(300000);
	begin = seconds();
	assert_true(tune_pace_wait(&pace));
	assert_true(seconds() - begin >= 0.02);
}

TEST(a_signal_ends_it_whenever_it_comes)
{
	struct tune_pace pace;

	tune_pace_start(&pace, 60000000000ull);
	raise(SIGTERM);
	assert_false(tune_pace_wait(&pace));
	raise(SIGINT);
	assert_false(tune_pace_wait(&pace));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_does_not_drift),
		cmocka_unit_test(behind_a_time_that_has_passed_comes_a_whole_interval),
		cmocka_unit_test(a_signal_ends_it_whenever_it_comes),
	};

	return RUN_TESTS(tests);
}
