/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - the names of tasks, as far as a trace tells them
 *
 * A PID's name is the saved one, else the first that a sched event in the order
 * of the stream gave it, from the next record on.  It is never replaced: what
 * trace-cmd report does, and views agree with it.  Learning is for one thread,
 * looking up for any number at the same time.
 */
#ifndef MRG_NAMES_H
#define MRG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/set.h"

struct mrg_names;

struct mrg_name {
	const char *comm;	/* "<idle>", "<...>" where not known; not escaped */
	const char *head;	/* "%16s-%-5d ": as trace-cmd report begins its lines */
	uint16_t comm_len, head_len;
	bool settled;		/* known, so never replaced */
};

int mrg_names_create(struct mrg_names **ret, const struct mrg_set *set, struct rt_err *err);
void mrg_names_destroy(struct mrg_names *names);
/* Saved names are those that trace-cmd report has; said before the first look-up. */
void mrg_names_as_reported(struct mrg_names *names);

/* Item number @seq of the stream says that @pid of @member is called @comm. */
void mrg_names_learn(struct mrg_names *names, uint16_t member, int pid, const uint8_t *comm,
		     size_t len, uint64_t seq);

/* Its name as known to item @seq; borrowed until the names' end, never NULL. */
const struct mrg_name *mrg_names_get(struct mrg_names *names, uint16_t member, int pid,
				     uint64_t seq);

#endif /* MRG_NAMES_H */
