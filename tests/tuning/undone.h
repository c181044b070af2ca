/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undone.h - how often an undo came to what: ->each of a struct tune_undo_report
 */
#ifndef TESTS_TUNING_UNDONE_H
#define TESTS_TUNING_UNDONE_H

#include "tuning/journal.h"

/* @arg: counters by enum tune_undone. */
static inline void undone_count(void *arg, enum tune_knob_kind kind, const char *target,
				const char *from, const char *to, enum tune_undone what,
				const char *why)
{
	unsigned int *counts = arg;

	(void)kind;
	(void)target;
	(void)from;
	(void)to;
	(void)why;
	counts[what]++;
}

#endif /* TESTS_TUNING_UNDONE_H */
