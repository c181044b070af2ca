/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop.h - the kernel itself ends a recording: at an event, or at a latency
 *
 * --stop-on is an event trigger in the session's own instance.  --stop-on-latency has
 * the kernel measure: histogram triggers in a second instance ("xtrace-NAME.lat") note
 * when something began and make a synthetic event of it when it ends; a trigger on that
 * event, in the session's instance, stops the buffers.  No program is on that path.
 */
#ifndef XT_STOP_H
#define XT_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtrace/tracefs.h"

struct rt_err;
struct rt_root;
struct rt_strv;
struct xt_select;

#define XT_LATE_SUFFIX ".lat"
#define XT_LATES_MAX 16

/* A latency that is not to be: "wakeup(rtapp)>100us". */
struct xt_late_rule {
	const struct xt_late_kind *kind;
	char name[64];			/* of the task, reason, ...; "" any */
	uint64_t limit_ns;
	char event[40];			/* the synthetic event that tells of it */
};

struct xt_stops {
	struct xt_tracefs fs;
	struct xt_late_rule lates[XT_LATES_MAX];
	unsigned int nr_lates;
	unsigned int nr_defined;	/* their synthetic events exist */
	struct xt_instance inst;	/* of the histograms */
	bool has_inst;
};

/* -EINVAL names what was expected; kinds and their names are those of xtrace-latency(1). */
int xt_late_parse(struct xt_late_rule *ret, const char *text, struct rt_err *err);

/*
 * Makes the synthetic events of @rules, before the kernel's events are listed, and has them
 * recorded.  RT_ECANNOT where this kernel has none.
 */
int xt_stops_define(struct xt_stops *stops, const struct xt_tracefs *fs,
		    const struct rt_strv *rules, struct rt_err *err);
/* Chooses their events, and those of @words ("EVENT", "EVENT if FILTER"), with their filters. */
int xt_stops_select(const struct xt_stops *stops, struct xt_select *sel,
		    const struct rt_strv *words, struct rt_err *err);
/* @session: of the session @name, whose events are enabled. */
int xt_stops_arm(struct xt_stops *stops, const struct xt_instance *session, const char *name,
		 const struct xt_select *sel, struct rt_err *err);
/*
 * Has a trigger fired?  Then true with a text for the operator, such as
 * "wakeup(rtapp)>100us" or "sched:sched_switch if next_prio < 50".
 */
bool xt_stops_fired(const struct xt_stops *stops, const struct xt_instance *session,
		    const struct xt_select *sel, char *ret_text, size_t size);
/*
 * Takes the histograms out of an instance XT_LATE_SUFFIX, the readers of variables before
 * those that set them: else the kernel keeps the instance.
 */
void xt_stops_clear(const struct xt_instance *inst);
/* When the session's instance is gone.  -errno: that of the histograms could not be removed. */
int xt_stops_finish(struct xt_stops *stops);

#endif /* XT_STOP_H */
