/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.h - where a thread of a VM has to be, and whether it is there
 */
#ifndef KCFG_VERDICT_H
#define KCFG_VERDICT_H

#include "config/live.h"
#include "config/place.h"

/* What a thread is to have. */
struct kcfg_due {
	struct rt_cpuset cpus;	/* empty: anywhere */
	bool exact;		/* all of them; else some of them */
	int policy;		/* SCHED_FIFO with ->priority; -1: its own choice */
	int priority;
};

void kcfg_due(struct kcfg_due *ret, const struct kcfg_place *place,
	      const struct kcfg_thread *thread);
/* False with what was expected and what was found in @why. */
bool kcfg_verdict(char *why, size_t size, const struct kcfg_place *place,
		  const struct kcfg_thread *thread);

#endif /* KCFG_VERDICT_H */
