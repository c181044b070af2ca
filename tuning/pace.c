/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace.c - sleeping in sigtimedwait(2): a signal is never missed between two sleeps */
#include "tuning/pace.h"

#include <stddef.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void tune_pace_start(struct tune_pace *pace, uint64_t interval_ns)
{
	pace->interval_ns = interval_ns;
	pace->next_ns = now_ns();
	sigemptyset(&pace->signals);
	sigaddset(&pace->signals, SIGINT);
	sigaddset(&pace->signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &pace->signals, NULL);
}

bool tune_pace_wait(struct tune_pace *pace)
{
	struct timespec left = { 0 };
	uint64_t now = now_ns();

	pace->next_ns += pace->interval_ns;
	if (pace->next_ns < now)
		pace->next_ns = now + pace->interval_ns;
	do {
		left.tv_sec = (time_t)((pace->next_ns - now) / 1000000000);
		left.tv_nsec = (long)((pace->next_ns - now) % 1000000000);
		if (sigtimedwait(&pace->signals, NULL, &left) > 0)
			return false;
		now = now_ns();
	} while (now < pace->next_ns);
	return true;
}
