/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop-local.h - what stop.c (triggers) and stop-late.c (words) share
 */
#ifndef XT_STOP_LOCAL_H
#define XT_STOP_LOCAL_H

#include "xtrace/stop.h"

/* How the NAME of a rule is compared with a field. */
enum xt_late_match {
	XT_MATCH_TEXT,		/* a text of the kernel, with globs */
	XT_MATCH_EXIT, XT_MATCH_SOFTIRQ, XT_MATCH_SYSCALL,	/* a number that has a name */
};

struct xt_late_end {
	const char *system, *event;
	const char *key;	/* its value joins begin and end */
	const char *field;	/* compared with the NAME; NULL: none here */
	const char *who;	/* of the end: whose latency it was */
	const char *who_type;	/* as in the format file: the kernel compares the words */
};

struct xt_late_kind {
	const char *name, *argument;	/* "wakeup", "task" */
	enum xt_late_match match;
	struct xt_late_end begin, end;
};

/* NULL behind the last. */
const struct xt_late_kind *xt_late_kind_at(unsigned int i);
/* The kernel's filter for one end of a rule; "" where all events count. */
int xt_late_filter(const struct rt_root *root, const struct xt_late_rule *rule,
		   const struct xt_late_end *end, char *ret, size_t size, struct rt_err *err);

#endif /* XT_STOP_LOCAL_H */
