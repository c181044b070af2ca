/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.c - one session of recording: start, flush, pause, end
 *
 * cmd-run.c calls it from its loop.  What the modes differ in is here; how a
 * buffer is read is in capture.c.
 */
#include "xtrace/record-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/capture.h"
#include "xtrace/meta.h"
#include "xtrace/place.h"
#include "xtrace/store.h"
#include "xtrace/subbuf.h"
#include "xtrace/vms.h"

#define NS_PER_S 1000000000ull

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* No program can read this clock; the kernel tells the time in it beside its counts. */
static uint64_t local_ns(const struct xt_record *record)
{
	uint64_t ns;

	rt_cpuset_for_each(cpu, &record->cpus) {
		if (xt_instance_now(&record->inst, cpu, &ns, NULL) == 0)
			return ns;
	}
	return clock_ns(CLOCK_MONOTONIC);
}

/* Now, in the clock of the trace. */
uint64_t xt_record_now(const struct xt_record *record)
{
	if (strcmp(record->clock, "local") == 0)
		return local_ns(record);
	if (strcmp(record->clock, "tai") == 0)
		return clock_ns(CLOCK_TAI);
	if (strcmp(record->clock, "boot") == 0)
		return clock_ns(CLOCK_BOOTTIME);
	if (strcmp(record->clock, "x86-tsc") == 0)
		return __rdtsc();
	return clock_ns(CLOCK_MONOTONIC);
}

/* The first of two failures is the one to report. */
static int first_of(int rc, int next)
{
	return rc < 0 ? rc : next;
}

/* ---- what is noted while it runs ---- */

int xt_record_sample(struct xt_record *record, struct rt_err *err)
{
	struct xt_clock_sample sample;

	xt_clock_sample_take(&sample);
	return xt_store_add_sample(record->store, &sample, err);
}

int xt_record_note_vms(struct xt_record *record, struct rt_err *err)
{
	struct xt_vms vms;
	size_t i;
	int rc;

	record->vms_stamp = xt_vms_stamp(record->root);
	rc = xt_vms_find(&vms, record->root, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < vms.nr && rc == 0; i++)
		rc = xt_store_set_vcpu(record->store, &vms.v[i]);
	xt_vms_finish(&vms);
	return rc < 0 ? rt_err_set(err, rc, "cannot note the virtual machines") : 0;
}

static void choose_level(struct xt_record *record)
{
	unsigned int fullest = xt_capture_fullest(record->capture);
	char *stat;

	if (record->opts.fixed_level ||
	    rt_root_read(record->root, &stat, NULL, NULL, "proc/stat") < 0)
		return;
	xt_store_set_level(record->store, xt_pace_level(&record->pace, stat, &record->drain_cpus,
							fullest));
	free(stat);
}

int xt_record_take_new_cpus(struct xt_record *record, const char *list, bool recorded,
			    struct rt_err *err)
{
	struct xt_ring_stats stats;
	struct rt_cpuset cpus;
	char text[RT_CPULIST_MAX];
	int rc = 0;

	if (record->opts.cpus || xt_place_read(record->root, &cpus, list, NULL) < 0 ||
	    rt_cpuset_within(&cpus, &record->cpus))
		return 0;
	rt_cpuset_minus(&cpus, &record->cpus);
	rt_cpuset_for_each(cpu, &cpus) {
		if (recorded && (xt_instance_stats(&record->inst, cpu, &stats, NULL) < 0 ||
				 stats.entries + stats.overrun == 0))
			continue;
		rc = first_of(rc, xt_capture_add(record->capture, cpu, err));
		if (rc == 0)
			rt_cpuset_add(&record->cpus, cpu);
		/* One that comes into a pause has no earlier begin. */
		record->pause_ts[cpu] = xt_record_now(record);
	}
	if (rc == 0 && rt_cpuset_format(&record->cpus, text, sizeof(text)) == 0)
		rc = xt_store_set(record->store, "session", "cpus", "%s", text);
	return rc;
}

int xt_record_tick(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (!record->started || record->finished)
		return 0;
	xt_record_arm_new(record);
	choose_level(record);
	rc = xt_record_take_new_cpus(record, "online", false, err);
	rc = first_of(rc, xt_record_sample(record, err));
	rc = first_of(rc, xt_record_save_notes(record, err));
	if (rc == 0 && xt_vms_stamp(record->root) != record->vms_stamp) {
		rc = xt_record_note_vms(record, err);
		if (rc == 0)
			rc = xt_store_save(record->store, err);
	}
	return rc;
}

int xt_record_clock_fd(const struct xt_record *record)
{
	return record->clock_fd;
}

int xt_record_clock_set(struct xt_record *record, struct rt_err *err)
{
	if (!xt_clock_was_set(record->clock_fd) || !record->started || record->finished)
		return 0;
	return xt_record_sample(record, err);
}

static void note_stats(struct xt_record *record)
{
	struct xt_cpu_stats stats;

	rt_cpuset_for_each(cpu, &record->cpus) {
		if (xt_record_stats(record, cpu, &stats, NULL) == 0)
			xt_store_set_stats(record->store, &stats);
	}
}

/* ---- start, pause, mark ---- */

int xt_record_start(struct xt_record *record, struct rt_err *err)
{
	int rc;

	rc = xt_record_sample(record, err);
	if (rc == 0 && record->has_tsc_inst)
		xt_instance_on(&record->tsc_inst, true, NULL);
	if (rc == 0)
		rc = xt_record_forget_calls(record, err);
	if (rc == 0)
		rc = xt_instance_on(&record->inst, true, err);
	if (rc < 0)
		return rc;
	record->started = true;
	record->start_ns = clock_ns(CLOCK_MONOTONIC);
	return 0;
}

int xt_record_on_again(struct xt_record *record, struct rt_err *err)
{
	char text[RT_ERR_MAX];

	if (xt_record_can_stop(record) &&
	    xt_stops_fired(&record->stops, &record->inst, &record->select, text, sizeof(text)))
		return 0;
	return xt_instance_on(&record->inst, true, err);
}

int xt_record_note_gap(struct xt_record *record, const struct rt_cpuset *cpus,
		       enum xt_gap_reason reason, uint64_t first_ts, uint32_t flush,
		       struct rt_err *err)
{
	const struct xt_gap gap = {
		.reason = reason,
		.first_ts = first_ts,
		.last_ts = xt_record_now(record),
		.flush = flush,
	};
	int rc = 0;

	rt_cpuset_for_each(cpu, cpus) {
		if (rt_cpuset_has(&record->cpus, cpu))
			rc = first_of(rc, xt_store_gap(record->store, cpu, &gap, err));
	}
	return rc;
}

/* The CPUs that record now, without or again with @cpus. */
static int set_recording_cpus(struct xt_record *record, struct rt_err *err)
{
	struct rt_cpuset cpus;

	/* Where all are recorded: those too that come online later. */
	if (!record->all_cpus || xt_place_read(record->root, &cpus, "possible", NULL) < 0)
		cpus = record->cpus;
	rt_cpuset_minus(&cpus, &record->paused_cpus);
	return xt_instance_set_cpus(&record->inst, &cpus, err);
}

/* Clients that came before its end are answered after it, while the command goes on. */
static int check_session(const struct xt_record *record, struct rt_err *err)
{
	return record->finished ? rt_err_say(err, -ESRCH, "the session has ended") : 0;
}

static int check_request(const struct xt_record *record, const struct rt_cpuset *cpus,
			 struct rt_err *err)
{
	char list[512];
	int rc = check_session(record, err);

	if (rc < 0)
		return rc;
	if (!cpus || rt_cpuset_within(cpus, &record->cpus))
		return 0;
	if (rt_cpuset_format(&record->cpus, list, sizeof(list)) < 0)
		snprintf(list, sizeof(list), "some");
	return rt_err_say(err, -EINVAL, "the session records the CPUs %s only", list);
}

static bool is_paused(const struct xt_record *record, unsigned int cpu)
{
	return record->paused || rt_cpuset_has(&record->paused_cpus, cpu);
}

/* Those of @cpus that record still; all of the session's: NULL. */
static struct rt_cpuset recording_of(const struct xt_record *record, const struct rt_cpuset *cpus)
{
	struct rt_cpuset set = { { 0 } };

	rt_cpuset_for_each(cpu, cpus ? cpus : &record->cpus) {
		if (!is_paused(record, cpu))
			rt_cpuset_add(&set, cpu);
	}
	return set;
}

/* A buffer that streams was emptied at the pause: where it was not, the gap lies within it. */
static int note_pause(struct xt_record *record, unsigned int cpu, uint64_t end, struct rt_err *err)
{
	const struct xt_gap gap = {
		.reason = XT_GAP_PAUSE,
		.first_ts = record->pause_ts[cpu],
		.last_ts = end,
	};
	const struct xt_hole hole = { gap.first_ts, gap.reason };
	struct rt_cpuset alone = { { 0 } };

	if (record->mode == XT_MODE_STREAM)
		return xt_store_gap(record->store, cpu, &gap, err);
	rt_cpuset_add(&alone, cpu);
	return xt_capture_note_hole(record->capture, &hole, &alone, err);
}

/* Each began by itself; all end now. */
static int note_pauses(struct xt_record *record, const struct rt_cpuset *cpus, struct rt_err *err)
{
	uint64_t now = xt_record_now(record);
	int rc = 0;

	rt_cpuset_for_each(cpu, cpus)
		rc = first_of(rc, note_pause(record, cpu, now, err));
	return rc;
}

/*
 * A paused buffer is emptied when it streams, so that the gap stands behind all
 * that was recorded before it.
 */
int xt_record_pause(struct xt_record *record, const struct rt_cpuset *cpus, struct rt_err *err)
{
	struct rt_cpuset stopped = recording_of(record, cpus);
	int rc = check_request(record, cpus, err);
	uint64_t now;

	if (rc < 0 || (!cpus && record->paused))
		return rc;
	if (cpus) {
		rt_cpuset_or(&record->paused_cpus, cpus);
		rc = set_recording_cpus(record, err);
	} else {
		rc = xt_instance_on(&record->inst, false, err);
		record->paused = rc == 0;
	}
	if (rc == 0 && record->mode == XT_MODE_STREAM)
		rc = xt_capture_drain(record->capture, err);
	now = xt_record_now(record);
	rt_cpuset_for_each(cpu, &stopped)
		record->pause_ts[cpu] = now;
	return rc;
}

int xt_record_resume(struct xt_record *record, const struct rt_cpuset *cpus, struct rt_err *err)
{
	bool masked = !rt_cpuset_empty(&record->paused_cpus);
	struct rt_cpuset resumed = { { 0 } };
	int rc = check_request(record, cpus, err);

	if (rc < 0)
		return rc;
	if (record->paused && cpus)
		return rt_err_say(err, -EBUSY, "the whole session is paused: resume it without -c");
	resumed = record->paused ? record->cpus : record->paused_cpus;
	if (cpus)
		rt_cpuset_and(&resumed, cpus);
	if (rt_cpuset_empty(&resumed))
		return 0;
	rt_cpuset_minus(&record->paused_cpus, &resumed);
	rc = note_pauses(record, &resumed, err);
	if (masked)
		rc = first_of(rc, set_recording_cpus(record, err));
	if (record->paused)
		rc = first_of(rc, xt_record_on_again(record, err));
	record->paused = false;
	return rc;
}

/* A mark goes into the buffer of the CPU that writes it: to one that records now. */
static int mark_elsewhere(struct xt_record *record, const char *text, struct rt_err *err)
{
	struct rt_cpuset cpus = record->cpus, ours, got;
	int rc;

	rt_cpuset_minus(&cpus, &record->paused_cpus);
	if (rt_cpuset_empty(&cpus))
		return xt_instance_mark(&record->inst, text, err);
	ours = cpus;
	rt_cpuset_and(&ours, &record->drain_cpus);
	rc = xt_place_here(rt_cpuset_empty(&ours) ? &cpus : &ours, &got, err);
	if (rc == 0)
		rc = xt_instance_mark(&record->inst, text, err);
	xt_place_here(&record->drain_cpus, &got, NULL);
	return rc;
}

int xt_record_mark(struct xt_record *record, const char *text, struct rt_err *err)
{
	int rc = check_session(record, err);

	if (rc < 0)
		return rc;
	if (!*text)
		return rt_err_say(err, -EINVAL, "a mark needs a text");
	if (record->all_cpus && rt_cpuset_empty(&record->paused_cpus))
		return xt_instance_mark(&record->inst, text, err);
	return mark_elsewhere(record, text, err);
}

/* ---- flush ---- */

int xt_record_save_snapshot(struct xt_record *record, const struct rt_cpuset *cpus,
			    struct rt_err *err)
{
	int rc;

	rc = xt_capture_save_swapped(record->capture, cpus, record->flushes, err);
	/* Not cleared, it would come back as stale events with the next swap. */
	return first_of(rc, xt_instance_write(&record->inst, "2", rc < 0 ? NULL : err,
					      "snapshot"));
}

/* Swap, save, clear: recording goes on meanwhile. */
static int flush_by_snapshot(struct xt_record *record, struct rt_err *err)
{
	int rc;

	rc = xt_capture_look(record->capture, err);
	if (rc == 0)
		rc = xt_instance_write(&record->inst, "1", err, "snapshot");
	return rc < 0 ? rc : xt_record_save_snapshot(record, &record->cpus, err);
}

/* Only the CPUs asked for stand still while they are saved. */
static int flush_standing_still(struct xt_record *record, const struct rt_cpuset *cpus,
				struct rt_err *err)
{
	struct rt_cpuset others = record->paused_cpus, still = *cpus;
	uint64_t first_ts;
	bool whole = rt_cpuset_equal(cpus, &record->cpus);
	int rc;

	if (record->paused)
		return xt_capture_save(record->capture, cpus, record->flushes, err);
	rt_cpuset_or(&record->paused_cpus, cpus);
	rc = whole ? xt_instance_on(&record->inst, false, err) : set_recording_cpus(record, err);
	first_ts = xt_record_now(record);
	if (rc == 0)
		rc = xt_capture_save(record->capture, cpus, record->flushes, err);
	record->paused_cpus = others;
	rt_cpuset_minus(&still, &others);
	rc = first_of(rc, xt_record_note_gap(record, &still, XT_GAP_FLUSH, first_ts,
					     record->flushes, err));
	return first_of(rc, whole ? xt_record_on_again(record, err) :
			    set_recording_cpus(record, err));
}

/* What a reader should find beside the data of each flush. */
int xt_record_note_flush(struct xt_record *record, const char *why, uint64_t ts,
			 struct rt_err *err)
{
	int rc;

	note_stats(record);
	rc = xt_store_add(record->store, "session", "flush", "%u at %llu by %s", record->flushes,
			  (unsigned long long)ts, why);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot note the flush");
	rc = xt_meta_tasks(record->store, &record->fs, err);
	return first_of(rc, xt_store_save(record->store, err));
}

int xt_record_flush(struct xt_record *record, const struct rt_cpuset *cpus, uint32_t *ret_flush,
		    struct rt_err *err)
{
	uint64_t ts = xt_record_now(record);
	int rc = check_session(record, err);

	if (rc == 0)
		rc = xt_record_take_new_cpus(record, "online", false, err);
	if (rc == 0)
		rc = check_request(record, cpus, err);
	if (rc < 0)
		return rc;
	record->flushes++;
	xt_record_hold_freeze(record);
	if (record->mode == XT_MODE_STREAM)
		rc = xt_capture_drain(record->capture, err);
	else if (record->snapshots && !cpus && !record->paused)
		rc = flush_by_snapshot(record, err);
	else
		rc = flush_standing_still(record, cpus ? cpus : &record->cpus, err);
	rc = first_of(rc, xt_record_note_flush(record, "request", ts, err));
	rc = first_of(rc, xt_record_rearm_freeze(record, err));
	if (rc == 0 && ret_flush)
		*ret_flush = record->flushes;
	return rc;
}

/* ---- the end ---- */

/* "qemu-77 [001] d..1. 12.345678: kvm_write_tsc_offset: vcpu=0 prev=1 next=2" */
static void note_tsc_write(struct xt_record *record, const char *line)
{
	const char *event = strstr(line, ": kvm_write_tsc_offset: ");
	const char *ts = event;

	if (!event || line[0] == '#')
		return;
	while (ts > line && ts[-1] != ' ')
		ts--;
	xt_store_add(record->store, "tsc-offset-writes", "write", "at %.*s %s",
		     (int)(event - ts), ts, event + strlen(": kvm_write_tsc_offset: "));
}

static void save_tsc_writes(struct xt_record *record)
{
	char *text, *line, *save = NULL;

	if (!record->has_tsc_inst)
		return;
	xt_instance_on(&record->tsc_inst, false, NULL);
	if (xt_instance_read(&record->tsc_inst, &text, NULL, NULL, "trace") < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		note_tsc_write(record, line);
	free(text);
}

static int keep_final_stats(struct xt_record *record)
{
	size_t i = 0;

	record->final = calloc(rt_cpuset_count(&record->cpus), sizeof(*record->final));
	if (!record->final)
		return -ENOMEM;
	rt_cpuset_for_each(cpu, &record->cpus) {
		struct xt_cpu_stats *stats = &record->final[i++];

		stats->cpu = cpu;
		xt_capture_stats(record->capture, cpu, stats, NULL);
		/* What nobody has read to the end is not kept: lost, where somebody wanted it. */
		*(record->no_rest ? &stats->overwritten : &stats->lost) +=
			xt_capture_unread(record->capture, cpu);
		xt_store_set_stats(record->store, stats);
	}
	return 0;
}

/*
 * What was lost behind the last block, as with a full disk, no block tells yet: the
 * reserve has room for one more.  In mode overwrite blocks tell of what was overwritten
 * alone.
 */
static int note_last_losses(struct xt_record *record, struct rt_err *err)
{
	struct xt_store_count count;
	size_t i = 0;
	int rc = 0;

	if (record->mode == XT_MODE_STOP || !record->final)
		return 0;
	rt_cpuset_for_each(cpu, &record->cpus) {
		struct xt_gap gap = { .reason = XT_GAP_DISK, .count_known = true };
		uint64_t lost = record->final[i++].lost;

		xt_store_count(record->store, cpu, &count);
		if (record->mode == XT_MODE_OVERWRITE)
			count.lost = 0;
		if (lost <= count.lost)
			continue;
		gap.count = lost - count.lost;
		gap.first_ts = gap.last_ts = xt_record_now(record);
		rc = first_of(rc, xt_store_gap(record->store, cpu, &gap, rc < 0 ? NULL : err));
	}
	return rc;
}

/* Who stands still at the end has missed what came since: all is in the store by now. */
static int note_open_pauses(struct xt_record *record, struct rt_err *err)
{
	struct xt_gap gap = { .reason = XT_GAP_PAUSE, .last_ts = xt_record_now(record) };
	int rc = 0;

	if (record->no_rest)
		return 0;
	rt_cpuset_for_each(cpu, &record->cpus) {
		if (!is_paused(record, cpu))
			continue;
		gap.first_ts = record->pause_ts[cpu];
		rc = first_of(rc, xt_store_gap(record->store, cpu, &gap, rc < 0 ? NULL : err));
	}
	return rc;
}

static int save_rest(struct xt_record *record, struct rt_err *err)
{
	if (record->mode == XT_MODE_STREAM)
		return xt_capture_stop(record->capture, err);
	if (record->no_rest)
		return 0;
	/* The last flush has a number of its own, so that readers can tell it. */
	record->flushes++;
	return xt_capture_save(record->capture, &record->cpus, record->flushes, err);
}

static void remove_instances(struct xt_record *record)
{
	struct xt_session_list list = { 0 };

	xt_capture_destroy(record->capture);
	record->capture = NULL;
	if (record->has_inst) {
		close(record->hold_fd);
		if (xt_instance_remove(&record->inst, NULL) < 0)
			record->session.left = true;
	}
	if (xt_stops_finish(&record->stops) < 0)
		record->session.left = true;
	if (record->has_tsc_inst) {
		close(record->tsc_hold_fd);
		if (xt_instance_remove(&record->tsc_inst, NULL) < 0)
			record->session.left = true;
	}
	if (record->has_incidents && xt_incidents_close(&record->incidents) < 0)
		record->session.left = true;
	record->has_inst = record->has_tsc_inst = record->has_incidents = false;
	if (record->session.lock_fd < 0)
		return;
	if (xt_session_list(&list, record->root, NULL) == 0)
		xt_cmdlines_restore(&record->fs, list.nr <= 1);
	xt_session_list_finish(&list);
	xt_session_release(&record->session);
}

int xt_record_finish(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (record->finished)
		return 0;
	xt_instance_on(&record->inst, false, NULL);
	record->end_ns = clock_ns(CLOCK_MONOTONIC);
	/* One may have come and gone between two ticks. */
	rc = xt_record_take_new_cpus(record, "possible", true, err);
	rc = first_of(rc, save_rest(record, rc < 0 ? NULL : err));
	xt_record_reserve(record, false);
	rc = first_of(rc, note_open_pauses(record, rc < 0 ? NULL : err));
	rc = first_of(rc, keep_final_stats(record));
	rc = first_of(rc, note_last_losses(record, rc < 0 ? NULL : err));
	rc = first_of(rc, xt_record_note_vms(record, rc < 0 ? NULL : err));
	save_tsc_writes(record);
	rc = first_of(rc, xt_meta_tasks(record->store, &record->fs, rc < 0 ? NULL : err));
	rc = first_of(rc, xt_record_sample(record, rc < 0 ? NULL : err));
	rc = first_of(rc, xt_store_finish(record->store, rc < 0 ? NULL : err));
	record->finished = true;
	remove_instances(record);
	return rc;
}

void xt_record_destroy(struct xt_record *record)
{
	if (!record)
		return;
	remove_instances(record);
	if (record->clock_fd >= 0)
		close(record->clock_fd);
	xt_store_destroy(record->store);
	xt_select_finish(&record->select);
	free(record->final);
	free(record);
}

/* ---- triggers that end it ---- */

bool xt_record_can_stop(const struct xt_record *record)
{
	return record->opts.stops->n || record->opts.late_stops->n;
}

bool xt_record_check_stop(struct xt_record *record, char *ret_text, size_t size)
{
	if (!record->started || record->stopped || record->finished ||
	    !xt_record_can_stop(record) ||
	    !xt_stops_fired(&record->stops, &record->inst, &record->select, ret_text, size))
		return false;
	record->stopped = true;
	xt_store_add(record->store, "session", "stopped-by", "%s", ret_text);
	return true;
}

/* ---- what can be asked ---- */

int xt_record_fault_fd(const struct xt_record *record)
{
	return xt_capture_fault_fd(record->capture);
}

int xt_record_fault(const struct xt_record *record, struct rt_err *err)
{
	return record->capture ? xt_capture_fault(record->capture, err) : 0;
}

uint64_t xt_record_last_incident(const struct xt_record *record)
{
	return record->last_incident;
}

int xt_record_take_listen_fd(struct xt_record *record)
{
	int fd = record->session.listen_fd;

	record->session.listen_fd = -1;
	return fd;
}

/* A buffer that was to be filled once is full when it had to drop something. */
static bool is_full(const struct xt_record *record)
{
	struct xt_cpu_stats stats;

	if (record->mode != XT_MODE_STOP || record->finished)
		return false;
	rt_cpuset_for_each(cpu, &record->cpus) {
		if (xt_capture_stats(record->capture, cpu, &stats, NULL) == 0 && !stats.lost)
			return false;
	}
	return true;
}

static const char *state_word(const struct xt_record *record)
{
	if (record->finished)
		return "finished";
	if (!record->started)
		return "armed";
	if (record->paused)
		return "paused";
	return is_full(record) ? "full" : "recording";
}

void xt_record_status(const struct xt_record *record, struct xt_record_status *ret)
{
	uint64_t now = record->finished ? record->end_ns : clock_ns(CLOCK_MONOTONIC);

	*ret = (struct xt_record_status) {
		.name = record->opts.name,
		.mode = record->opts.mode,
		.clock = record->clock,
		.directory = record->opts.output,
		.command = record->opts.command ? record->opts.command : "",
		.state = state_word(record),
		.buffer_bytes = record->buffer_bytes,
		.subbuf_bytes = record->subbuf_bytes,
		.flushes = record->flushes,
		.seconds = record->started ? (now - record->start_ns) / 1e9 : 0,
		.cpus = record->cpus,
	};
}

int xt_record_stats(struct xt_record *record, unsigned int cpu, struct xt_cpu_stats *ret,
		    struct rt_err *err)
{
	size_t i, nr = rt_cpuset_count(&record->cpus);

	if (!record->final)
		return xt_capture_stats(record->capture, cpu, ret, err);
	for (i = 0; i < nr; i++) {
		if (record->final[i].cpu == cpu) {
			*ret = record->final[i];
			return 0;
		}
	}
	return rt_err_say(err, -EINVAL, "cpu%u is not recorded", cpu);
}
