/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record-internal.h - what record.c (a session's life) and record-setup.c (its
 * start) share
 */
#ifndef XT_RECORD_INTERNAL_H
#define XT_RECORD_INTERNAL_H

#include "xtrace/pace.h"
#include "xtrace/record.h"
#include "xtrace/select.h"
#include "xtrace/session.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define XT_TSC_SUFFIX ".tsc"	/* the instance that has nothing but changes of TSC offsets */

struct xt_record {
	const struct rt_root *root;	/* borrowed */
	struct xt_record_opts opts;	/* its pointers are borrowed */
	xt_say_fn say;
	void *say_arg;

	struct xt_tracefs fs;
	struct xt_session session;
	struct xt_select select;
	struct xt_instance inst, tsc_inst;
	bool has_inst, has_tsc_inst;
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
	const char *freeze;		/* trigger command armed on a guest's FLUSH, or NULL */

	bool started, paused, finished;
	uint64_t start_ns, end_ns;	/* CLOCK_MONOTONIC */
	uint64_t pause_ts;		/* trace clock */
	uint32_t flushes;
	uint64_t vms_stamp;
	struct xt_cpu_stats *final;	/* after the finish, one a CPU of ->cpus */
};

/* Makes the reserve that lets a full disk still take the end of a session. */
void xt_record_reserve(const struct xt_record *record, bool make);
/* Arms the trigger that freezes the buffers when a guest asks for it. */
int xt_record_arm_freeze(struct xt_record *record, struct rt_err *err);
/* All that is known of VMs now, into the store. */
int xt_record_note_vms(struct xt_record *record, struct rt_err *err);
int xt_record_sample(struct xt_record *record, struct rt_err *err);

#endif /* XT_RECORD_INTERNAL_H */
