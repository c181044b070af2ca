/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit.c - so many a second, and a store for bursts
 */
#include "gs/host/limit.h"

#define NS_PER_S 1000000000ull

bool gs_limit_take(struct gs_limit *limit, unsigned int rate, unsigned int burst,
		   uint64_t now_ns)
{
	uint64_t cost, full;

	if (rate == 0)
		return true;
	cost = NS_PER_S / rate;
	full = cost * burst;
	if (limit->last_ns == 0)
		limit->stored_ns = full;
	else if (now_ns > limit->last_ns)
		limit->stored_ns += now_ns - limit->last_ns;
	if (limit->last_ns == 0 || now_ns > limit->last_ns)
		limit->last_ns = now_ns;
	if (limit->stored_ns > full)
		limit->stored_ns = full;
	if (limit->stored_ns < cost)
		return false;
	limit->stored_ns -= cost;
	return true;
}
