/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample-cmd.h - a command with an option of every type, for the tests of lib/cmd*
 */
#ifndef TESTS_LIB_SAMPLE_CMD_H
#define TESTS_LIB_SAMPLE_CMD_H

#include "lib/cmd.h"

static struct {
	bool all, force;
	unsigned int count;
	uint64_t size, wait;
	const char *output, *mode;
	struct rt_strv events;
	const char *between[2];
} got;

static const struct rt_opt sample_opts[] = {
	RT_BOOL('a', "all", &got.all, "take everything"),
	RT_BOOL('f', "force", &got.force, "replace what is there"),
	RT_UINT('n', "count", &got.count, "N", 1, 10, "how many"),
	RT_SIZE('b', "buffer-size", &got.size, "SIZE", 4096, 1 << 20, "room for each"),
	RT_TIME('d', "wait", &got.wait, "TIME", "how long to wait for what may come before the "
		"command gives up and ends"),
	RT_STRING('o', "output", &got.output, "FILE", "write to FILE"),
	RT_CHOICE('m', "mode", &got.mode, "stream|overwrite|stop", "what happens when full"),
	RT_LIST('e', "event", &got.events, "EVENT", "an event to take; may be repeated"),
	RT_PAIR(0, "between", &got.between, "FROM TO", "where to look"),
	RT_END
};

#endif /* TESTS_LIB_SAMPLE_CMD_H */
