/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record-freeze.c - the kernel's own freeze at a call to flush, and what is saved then
 *
 * A trigger in the kernel takes the buffers away (or stops them) at the very event that
 * shows the call; the owner has all the time it wants to save them.  A guest's call is
 * seen as a hypercall; a program's own call, where this machine is the guest, at its end,
 * so that the whole of it is in the buffers and the host is not kept waiting.
 */
#include "xtrace/record-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gs/protocol.h"
#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/capture.h"
#include "xtrace/store.h"
#include "xtrace/subbuf.h"
#include "xtrace/vms.h"

/* How often a freeze is looked at again before it is saved without its incident. */
#define WAIT_FOR_INCIDENT 3

static const struct {
	const char *system, *event, *filter;	/* @filter is given the number of FLUSH */
} points[XT_FREEZE_POINTS] = {
	{ "kvm", "kvm_hypercall", "nr == 0x%x" },
	{ GS_TRACE_SYSTEM, "hc_end_guest", "nr == 0x%x" },
	{ "ftrace", "print", "buf ~ \"" GS_MARKER_PREFIX "hc_end nr=0x%x *\"" },
};

/* ---- arming ---- */

/* Fires once: a second call must not swap away what the first one caught. */
static int set_trigger(struct xt_record *record, unsigned int i, const char *before,
		       struct rt_err *err)
{
	char trigger[120];
	int len;

	len = snprintf(trigger, sizeof(trigger), "%s%s:1 if ", before, record->freeze);
	snprintf(trigger + len, sizeof(trigger) - len, points[i].filter,
		 (unsigned int)GS_NR_XTRACE_FLUSH);
	return xt_instance_trigger(&record->inst, points[i].system, points[i].event, trigger, err);
}

static void disarm_point(struct xt_record *record, unsigned int i)
{
	if (record->armed[i])
		set_trigger(record, i, "!", NULL);
	record->armed[i] = false;
}

static int arm_point(struct xt_record *record, unsigned int i, struct rt_err *err)
{
	disarm_point(record, i);
	return set_trigger(record, i, "", err);
}

/* 0 where this kernel does not have the event, or not now. */
static uint64_t id_of_point(const struct xt_record *record, unsigned int i)
{
	uint64_t id = 0;

	if (xt_instance_has(&record->inst, "events/%s/%s/trigger", points[i].system,
			    points[i].event))
		rt_root_read_u64(record->root, &id, NULL, "%s/events/%s/%s/id", record->inst.dir,
				 points[i].system, points[i].event);
	return id;
}

static bool freezes(const struct xt_record *record)
{
	return record->mode == XT_MODE_OVERWRITE && !record->freeze_over;
}

static int arm(struct xt_record *record, struct rt_err *err)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < XT_FREEZE_POINTS && rc == 0; i++) {
		if (!record->point_ids[i])
			continue;
		rc = arm_point(record, i, err);
		record->armed[i] = rc == 0;
	}
	return rc;
}

int xt_record_arm_freeze(struct xt_record *record, struct rt_err *err)
{
	unsigned int i;

	for (i = 0; i < XT_FREEZE_POINTS; i++)
		record->point_ids[i] = id_of_point(record, i);
	record->freeze = record->snapshots && !record->opts.stop_on_flush ? "snapshot" : "traceoff";
	return freezes(record) ? arm(record, err) : 0;
}

/* A module that was loaded anew has new events without our triggers. */
void xt_record_arm_new(struct xt_record *record)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < XT_FREEZE_POINTS; i++) {
		uint64_t id = id_of_point(record, i);

		if (id == record->point_ids[i])
			continue;
		record->armed[i] = id && freezes(record) && !record->frozen &&
				   arm_point(record, i, NULL) == 0;
		/* Caught half-loaded it is tried again. */
		record->point_ids[i] = record->armed[i] || !freezes(record) ? id : 0;
		more = more || id;
	}
	if (more && record->has_incidents)
		xt_incidents_watch(&record->incidents);
}

/* A point has, and nobody has looked since. */
static bool has_fired(const struct xt_record *record)
{
	uint64_t left;
	unsigned int i;

	for (i = 0; i < XT_FREEZE_POINTS; i++) {
		if (record->armed[i] &&
		    xt_instance_trigger_left(&record->inst, points[i].system, points[i].event,
					     record->freeze, &left, NULL) == 0 && left == 0)
			return true;
	}
	return false;
}

static void read_incidents(struct xt_record *record)
{
	if (record->has_incidents)
		xt_incidents_read(&record->incidents);
}

int xt_record_forget_calls(struct xt_record *record, struct rt_err *err)
{
	read_incidents(record);
	record->incidents.nr = record->incidents.more = 0;
	return has_fired(record) ? arm(record, err) : 0;
}

bool xt_record_can_freeze(const struct xt_record *record)
{
	unsigned int i;

	for (i = 0; i < XT_FREEZE_POINTS; i++) {
		if (record->armed[i])
			return true;
	}
	return record->frozen;
}

bool xt_record_freezes_itself(const struct xt_record *record)
{
	return record->freeze_over || xt_record_can_freeze(record);
}

int xt_record_incident_fd(const struct xt_record *record)
{
	return record->has_incidents ? record->incidents.fd : -1;
}

/* ---- whose CPUs ---- */

/* Where a thread of the VM may run, out of "Cpus_allowed_list:". */
static void add_thread_cpus(const struct rt_root *root, int tid, struct rt_cpuset *cpus)
{
	static const char key[] = "\nCpus_allowed_list:\t";
	struct rt_cpuset own;
	char *text, *list;

	if (rt_root_read(root, &text, NULL, NULL, "proc/%d/status", tid) < 0)
		return;
	list = strstr(text, key);
	if (list) {
		list += strlen(key);
		list[strcspn(list, "\n")] = '\0';
		if (rt_cpuset_parse(&own, list, NULL) == 0)
			rt_cpuset_or(cpus, &own);
	}
	free(text);
}

/* The CPUs that serve the VM of which @tid is a vCPU. */
static void add_vm_cpus(const struct rt_root *root, int tid, struct rt_cpuset *cpus)
{
	struct xt_vms vms;
	int vm_pid = 0;
	size_t i;

	if (xt_vms_find(&vms, root, NULL) < 0)
		return;
	for (i = 0; i < vms.nr; i++) {
		if (vms.v[i].tid == tid)
			vm_pid = vms.v[i].vm_pid;
	}
	for (i = 0; vm_pid && i < vms.nr; i++) {
		if (vms.v[i].vm_pid == vm_pid)
			add_thread_cpus(root, vms.v[i].tid, cpus);
	}
	xt_vms_finish(&vms);
}

/* Scopes are about the host's CPUs; a guest saves all of its own. */
static void add_cpus(const struct xt_record *record, const struct xt_incident *in,
		     struct rt_cpuset *cpus)
{
	struct rt_cpuset some = { { 0 } };

	if (!in->own && in->scope == GS_SCOPE_CPU)
		rt_cpuset_add(&some, in->cpu);
	else if (!in->own && in->scope == GS_SCOPE_VM)
		add_vm_cpus(record->root, in->tid, &some);
	rt_cpuset_and(&some, &record->cpus);
	rt_cpuset_or(cpus, rt_cpuset_empty(&some) ? &record->cpus : &some);
}

static struct rt_cpuset cpus_to_save(const struct xt_record *record)
{
	struct rt_cpuset cpus = { { 0 } };
	unsigned int i;

	for (i = 0; i < record->incidents.nr; i++)
		add_cpus(record, &record->incidents.v[i], &cpus);
	return rt_cpuset_empty(&cpus) ? record->cpus : cpus;
}

/* ---- saving ---- */

/* A guest that calls without end must not fill the disk: the others are counted. */
static bool has_a_line(struct xt_record *record, uint32_t flush)
{
	if (flush || !record->opts.incidents)
		return true;
	return record->noted_alone++ < record->opts.incidents;
}

static int note_incident(struct xt_record *record, const struct xt_incident *in, uint32_t flush)
{
	if (flush)
		record->last_incident = in->id;
	if (!has_a_line(record, flush)) {
		record->not_noted++;
		return 0;
	}
	return xt_store_add(record->store, "session", "incident",
			    "0x%llx flush %u scope %s by %s thread %d cpu %u at %s",
			    (unsigned long long)in->id, flush, xt_incident_scope(in),
			    in->own ? "own" : "guest", in->tid, in->cpu, in->ts);
}

/* A line each: what xtrace-multi-merge --incident looks for. */
static int note_incidents(struct xt_record *record, uint32_t flush)
{
	struct xt_incidents *list = &record->incidents;
	unsigned int i;
	int rc = 0;

	for (i = 0; i < list->nr && rc == 0; i++)
		rc = note_incident(record, &list->v[i], flush);
	record->not_noted += list->more;
	list->nr = list->more = 0;
	if (rc == 0 && record->not_noted)
		rc = xt_store_set(record->store, "session", "incidents-not-noted", "%u",
				  record->not_noted);
	return rc;
}

static int save(struct xt_record *record, struct rt_err *err)
{
	uint64_t ts = xt_record_now(record);
	int rc = xt_record_take_new_cpus(record, "online", false, err);
	const struct rt_cpuset cpus = cpus_to_save(record);
	const struct xt_hole hole = { ts, XT_GAP_FLUSH };
	struct rt_cpuset others = record->cpus;

	if (rc < 0)
		return rc;
	rt_cpuset_minus(&others, &cpus);
	if (strcmp(record->freeze, "snapshot") == 0) {
		rc = xt_record_save_snapshot(record, &cpus, err);
	} else {
		rc = xt_capture_save(record->capture, &cpus, record->flushes, err);
		if (rc == 0)
			rc = xt_record_note_gap(record, &cpus, XT_GAP_FLUSH, ts, record->flushes,
						err);
		if (rc == 0)
			rc = xt_capture_note_hole(record->capture, &hole, &others, err);
	}
	if (rc == 0)
		rc = note_incidents(record, record->flushes);
	return rc < 0 ? rc : xt_record_note_flush(record, "guest", ts, err);
}

/*
 * Without a freeze of its own (a stream, a buffer that is filled once, a call while another
 * is saved) a call is noted all the same.
 */
static int only_note(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (!record->incidents.nr)
		return 0;
	record->notes_to_save = true;
	rc = note_incidents(record, 0);
	return rc < 0 ? rt_err_set(err, rc, "cannot note the incident") : 0;
}

int xt_record_save_notes(struct xt_record *record, struct rt_err *err)
{
	if (!record->notes_to_save)
		return 0;
	record->notes_to_save = false;
	return xt_store_save(record->store, err);
}

/* The counts of buffers that a freeze may take away before the next look. */
static int look(struct xt_record *record, struct rt_err *err)
{
	int rc = xt_capture_look(record->capture, err);

	if (has_fired(record))
		xt_capture_forget_look(record->capture);
	return rc;
}

/* What was saved since the last look is no longer in the buffers. */
static int arm_again(struct xt_record *record, struct rt_err *err)
{
	int rc = xt_capture_look(record->capture, err);

	return rc < 0 ? rc : arm(record, err);
}

/* True when the last incident that was asked for is in the directory. */
static bool is_last(struct xt_record *record)
{
	record->saved_incidents++;
	return record->opts.incidents && record->saved_incidents >= record->opts.incidents;
}

/* What has fired is not to be seen as another call, and what has not must not fire any more. */
static void end_freezes(struct xt_record *record)
{
	xt_record_hold_freeze(record);
	record->freeze_over = true;
}

/*
 * Where freezes are not over, the next call is to be caught as well.  Those that came while
 * the last one was saved found no trigger, and are not the next one's.
 */
static int go_on(struct xt_record *record, struct rt_err *err)
{
	int rc;

	read_incidents(record);
	rc = only_note(record, err);
	if (rc == 0 && freezes(record))
		rc = arm_again(record, err);
	if (rc == 0 && strcmp(record->freeze, "traceoff") == 0 && !record->paused)
		rc = xt_record_on_again(record, err);
	return rc;
}

void xt_record_hold_freeze(struct xt_record *record)
{
	unsigned int i;

	for (i = 0; i < XT_FREEZE_POINTS; i++)
		disarm_point(record, i);
}

int xt_record_rearm_freeze(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (!freezes(record))
		return 0;
	read_incidents(record);
	rc = only_note(record, err);
	return rc < 0 ? rc : arm_again(record, err);
}

/* What one point has caught, another one's snapshot would take back into use. */
static bool is_frozen(struct xt_record *record)
{
	if (!record->frozen && has_fired(record)) {
		xt_record_hold_freeze(record);
		record->frozen = true;
	}
	return record->frozen;
}

int xt_record_check_freeze(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (record->finished || !record->started)
		return 0;
	read_incidents(record);
	if (!is_frozen(record))
		return xt_record_can_freeze(record) ? look(record, err) : only_note(record, err);
	/* The event may have reached one instance and not yet the other. */
	if (record->has_incidents && !record->incidents.nr &&
	    record->freeze_looks++ < WAIT_FOR_INCIDENT)
		return 0;
	record->freeze_looks = 0;
	record->frozen = false;
	record->flushes++;
	record->last_incident = 0;
	rc = save(record, err);
	if (rc < 0)
		return rc;
	if (is_last(record))
		end_freezes(record);
	if (record->freeze_over && record->opts.stop_on_flush) {
		record->no_rest = true;
		return XT_FREEZE_LAST;
	}
	rc = go_on(record, err);
	return rc < 0 ? rc : XT_FREEZE_SAVED;
}

int xt_record_last_freeze(struct xt_record *record, struct rt_err *err)
{
	unsigned int looks = 0;
	int rc;

	do {
		rc = xt_record_check_freeze(record, err);
	} while (rc == 0 && record->frozen && looks++ < WAIT_FOR_INCIDENT);
	return rc;
}
