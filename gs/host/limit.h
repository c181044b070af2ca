/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit.h - so many a second, and a store for bursts
 */
#ifndef GS_HOST_LIMIT_H
#define GS_HOST_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct gs_limit {
	uint64_t last_ns;	/* 0: never asked, the store is full */
	uint64_t stored_ns;	/* time that is saved up; one costs 1 s / rate */
};

/*
 * Takes one, where @rate a second are allowed (0: any number) and @burst at once.
 * @now_ns does not go backwards by more than it may lose.
 */
bool gs_limit_take(struct gs_limit *limit, unsigned int rate, unsigned int burst,
		   uint64_t now_ns);

#endif /* GS_HOST_LIMIT_H */
