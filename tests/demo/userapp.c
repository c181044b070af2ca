/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * userapp.c - the guest application of the demo: a periodic loop with a deadline
 *
 * Wakes every PERIOD ms and ends with status 1 at the first cycle that starts
 * more than DEADLINE ms late, as the guide's example expects of its userapp; 0
 * when CYCLES went by in time.  Usage: userapp [PERIOD_MS DEADLINE_MS CYCLES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NSEC_PER_MSEC 1000000ll
#define NSEC_PER_SEC  1000000000ll

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void sleep_until(long long ns)
{
	struct timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

static long long argument(int argc, char **argv, int i, long long otherwise)
{
	return i < argc ? strtoll(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	long long period = argument(argc, argv, 1, 20) * NSEC_PER_MSEC;
	long long deadline = argument(argc, argv, 2, 200) * NSEC_PER_MSEC;
	long long cycles = argument(argc, argv, 3, 15000);
	long long next = now_ns();

	for (long long i = 0; i < cycles; i++) {
		long long late;

		next += period;
		sleep_until(next);
		late = now_ns() - next;
		if (late > deadline) {
			printf("userapp: cycle %lld started %lld.%03lld ms late "
			       "(deadline %lld ms)\n",
			       i, late / NSEC_PER_MSEC, late / 1000 % 1000,
			       deadline / NSEC_PER_MSEC);
			return 1;
		}
		if (late > period)
			next = now_ns();	/* late, but within the deadline: do not pile up */
	}
	printf("userapp: %lld cycles in time\n", cycles);
	return 0;
}
