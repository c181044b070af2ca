/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * userapp.c - the guest application of the demo: a periodic loop with a deadline
 *
 * Wakes every PERIOD ms and ends with status 1 at the first cycle that starts
 * more than DEADLINE ms late, as the guide's example expects of its userapp; 0
 * when CYCLES went by in time.  With --freeze its first act is then to have the
 * traces of host and guest saved.
 * Usage: userapp [--freeze] [PERIOD_MS DEADLINE_MS CYCLES]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gs/kvmrt_gs.h"

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

/* One call, both kernels; the host of the demo has no module that could answer. */
static void freeze(void)
{
	kvmrt_gs_set_unanswered_ok(true);
	if (kvmrt_gs_xtrace_flush(KVMRT_GS_XTRACE_CPU_ALL) < 0)
		perror("userapp: kvmrt_gs_xtrace_flush");
	else
		printf("userapp: kvmrt_gs_xtrace_flush() was incident %#lx\n",
		       kvmrt_gs_last_incident());
}

int main(int argc, char **argv)
{
	bool freezes = argc > 1 && strcmp(argv[1], "--freeze") == 0;
	long long period = argument(argc, argv, freezes + 1, 20) * NSEC_PER_MSEC;
	long long deadline = argument(argc, argv, freezes + 2, 200) * NSEC_PER_MSEC;
	long long cycles = argument(argc, argv, freezes + 3, 15000);
	long long next = now_ns();

	for (long long i = 0; i < cycles; i++) {
		long long late;

		next += period;
		sleep_until(next);
		late = now_ns() - next;
		if (late > deadline) {
			if (freezes)
				freeze();
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
