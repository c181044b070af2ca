/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record-internal.h - what record.c (a session's life) and record-setup.c (its
 * start) share
 */
#ifndef XT_RECORD_INTERNAL_H
#define XT_RECORD_INTERNAL_H

#include "xtrace/incident.h"
#include "xtrace/pace.h"
#include "xtrace/record.h"
#include "xtrace/select.h"
#include "xtrace/session.h"
#include "xtrace/stop.h"
#include "xtrace/store.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define XT_TSC_SUFFIX ".tsc"	/* the instance that has nothing but changes of TSC offsets */

#define XT_FREEZE_POINTS 3	/* events that show a call to flush */

struct xt_record {
	const struct rt_root *root;	/* borrowed */
	struct xt_record_opts opts;	/* its pointers are borrowed */
	xt_say_fn say;
	void *say_arg;

	struct xt_tracefs fs;
	struct xt_session session;
	struct xt_select select;
	struct xt_stops stops;
	struct xt_instance inst, tsc_inst;
	bool has_inst, has_tsc_inst;
	int hold_fd, tsc_hold_fd;	/* of an instance that we have: nobody else can remove it */
	struct xt_capture *capture;
	struct xt_store *store;
	struct xt_pace pace;

	enum xt_mode mode;
	char clock[16];			/* trace clock in use */
	struct rt_cpuset cpus, paused_cpus;
	struct rt_cpuset drain_cpus;
	bool all_cpus;			/* ->cpus are all that are online */
	uint64_t buffer_bytes;
	uint32_t subbuf_bytes;
	bool snapshots;			/* a flush swaps buffers */

	const char *freeze;		/* trigger command at a call to flush */
	uint64_t point_ids[XT_FREEZE_POINTS];	/* numbers of the events; 0: not there */
	bool armed[XT_FREEZE_POINTS];
	bool frozen;			/* by a point; it is to be saved, and none is armed */
	bool freeze_over;		/* all incidents that were asked for are saved */
	struct xt_incidents incidents;
	bool has_incidents;
	unsigned int freeze_looks;	/* at one that has no incident yet */
	uint32_t saved_incidents;
	uint64_t last_incident;
	uint32_t noted_alone;		/* incidents that have a line, but no flush */
	uint32_t not_noted;		/* that have none */
	bool notes_to_save;
	bool no_rest;			/* the end saves nothing more */

	bool started, paused, stopped, finished;
	uint64_t start_ns, end_ns;	/* CLOCK_MONOTONIC */
	uint64_t pause_ts[RT_MAX_CPUS];	/* trace clock; of those that are paused */
	uint32_t flushes;
	uint64_t vms_stamp;
	int clock_fd;			/* tells that the time of day was set; -1: nothing does */
	struct xt_cpu_stats *final;	/* after the finish, one a CPU of ->cpus */
};

/* Makes the reserve that lets a full disk still take the end of a session. */
void xt_record_reserve(const struct xt_record *record, bool make);
/* Arms the triggers that freeze the buffers at a call to flush. */
int xt_record_arm_freeze(struct xt_record *record, struct rt_err *err);
/* The same for events that have come since: those of kvm and of the guest's module. */
void xt_record_arm_new(struct xt_record *record);
/* Around a flush that was asked for, which a freeze would take the buffers from. */
void xt_record_hold_freeze(struct xt_record *record);
int xt_record_rearm_freeze(struct xt_record *record, struct rt_err *err);
/* Once a second: what was noted without a flush goes to disk. */
int xt_record_save_notes(struct xt_record *record, struct rt_err *err);
/* Before the recording begins: what was called until now is not its business. */
int xt_record_forget_calls(struct xt_record *record, struct rt_err *err);
/*
 * The kernel records a CPU from its coming online, in a buffer as large as the others'.
 * Those that we do not have yet; of @list only those that have recorded something when
 * @recorded.
 */
int xt_record_take_new_cpus(struct xt_record *record, const char *list, bool recorded,
			    struct rt_err *err);
/* For a freeze: what record.c does for a flush. */
/* Records again, but where a trigger of --stop-on has ended it since. */
int xt_record_on_again(struct xt_record *record, struct rt_err *err);
uint64_t xt_record_now(const struct xt_record *record);	/* in the clock of the trace */
int xt_record_save_snapshot(struct xt_record *record, const struct rt_cpuset *cpus,
			    struct rt_err *err);
int xt_record_note_gap(struct xt_record *record, const struct rt_cpuset *cpus,
		       enum xt_gap_reason reason, uint64_t first_ts, uint32_t flush,
		       struct rt_err *err);
int xt_record_note_flush(struct xt_record *record, const char *why, uint64_t ts,
			 struct rt_err *err);
/* All that is known of VMs now, into the store. */
int xt_record_note_vms(struct xt_record *record, struct rt_err *err);
int xt_record_sample(struct xt_record *record, struct rt_err *err);

#endif /* XT_RECORD_INTERNAL_H */
