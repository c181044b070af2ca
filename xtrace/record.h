/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - one session of recording, from arming the kernel to the finished
 * directory
 *
 * Joins the instance, the capture, the store and the metadata; knows nothing of
 * signals, commands and sockets.  One thread calls it.
 */
#ifndef XT_RECORD_H
#define XT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpulist.h"

struct rt_cpuset;
struct rt_err;
struct rt_root;
struct rt_strv;
struct xt_cpu_stats;
struct xt_record;

enum xt_mode {
	XT_MODE_STREAM,		/* all goes to disk */
	XT_MODE_OVERWRITE,	/* flight recorder: nothing is read until a flush or the end */
	XT_MODE_STOP,		/* filled once */
};

struct xt_record_opts {
	const char *output;		/* directory to make */
	const char *name;		/* of the session */
	const char *mode;		/* "stream", "overwrite", "stop" */
	const char *clock;		/* "tod", "mono", "boot", "tsc", "local" */
	const struct rt_strv *events, *excludes, *filters, *pids;
	const struct rt_strv *stops, *late_stops;	/* stop.h */
	const char *cpus;		/* NULL: all that are online */
	const char *drain_cpus;		/* NULL: all that are not isolated */
	const char *command;		/* for the record only */
	uint64_t buffer_bytes;		/* a CPU; 0: a share of the memory */
	unsigned int incidents;		/* calls to flush that are saved; 0: all */
	bool stop_on_flush;		/* the session ends with the last of them */
	bool force;
	bool fixed_level;
	int level;			/* zstd */
};

/* Says in one line what this kernel cannot do, and what is done instead. */
typedef void (*xt_say_fn)(void *arg, const char *line);

/**
 * xt_record_create() - all is armed, nothing is recorded yet.
 *
 * On failure nothing is left behind; a directory that had been made before a
 * later failure (a full disk) is left as it is.
 */
int xt_record_create(struct xt_record **ret, const struct rt_root *root,
		     const struct xt_record_opts *opts, xt_say_fn say, void *arg,
		     struct rt_err *err);
/* Without xt_record_finish() before it: the directory is left as after a crash. */
void xt_record_destroy(struct xt_record *record);

int xt_record_start(struct xt_record *record, struct rt_err *err);

/*
 * Saves what the buffers of @cpus (NULL: all) hold now.  xt_record_last_freeze() is to be
 * called before it: what the kernel has frozen, a flush would take back into use.
 * @ret_flush: its number, from 1 up; may be NULL.
 */
int xt_record_flush(struct xt_record *record, const struct rt_cpuset *cpus, uint32_t *ret_flush,
		    struct rt_err *err);
/* Of some CPUs, or of all where NULL; pausing what is paused is no failure. */
int xt_record_pause(struct xt_record *record, const struct rt_cpuset *cpus, struct rt_err *err);
/* xt_record_last_freeze() is to be called before it: recording would overwrite the catch. */
int xt_record_resume(struct xt_record *record, const struct rt_cpuset *cpus, struct rt_err *err);
int xt_record_mark(struct xt_record *record, const char *text, struct rt_err *err);

/*
 * Ends recording and makes the directory final; the instance is gone then.
 * Does all it can: the first failure comes back.  A second call does nothing.
 */
int xt_record_finish(struct xt_record *record, struct rt_err *err);

/* To be called every second: clock samples, VMs, the level of compression. */
int xt_record_tick(struct xt_record *record, struct rt_err *err);
/*
 * Readable when the time of day was set; then xt_record_clock_set() is to be called, and
 * notes the clocks at once: two steps within a second may hide each other.  -1: none.
 */
int xt_record_clock_fd(const struct xt_record *record);
int xt_record_clock_set(struct xt_record *record, struct rt_err *err);
enum { XT_FREEZE_SAVED = 1, XT_FREEZE_LAST = 2 };

/*
 * To be called when xt_record_incident_fd() is readable, and a few times a second
 * beside that: has the kernel frozen the buffers at a call to flush?  Then saves them
 * and arms anew.
 * Return: 0 when it had not; XT_FREEZE_SAVED; XT_FREEZE_LAST: the session is to end.
 */
int xt_record_check_freeze(struct xt_record *record, struct rt_err *err);
/* The same before xt_record_finish(), which would not see a call that came just before it. */
int xt_record_last_freeze(struct xt_record *record, struct rt_err *err);
/*
 * To be called a few times a second: has a trigger ended the recording?  Then true, the
 * first time, with what it was; it is noted in the trace.
 */
bool xt_record_check_stop(struct xt_record *record, char *ret_text, size_t size);
bool xt_record_can_stop(const struct xt_record *record);
/* -1 where there is none. */
int xt_record_incident_fd(const struct xt_record *record);
/* Of what was saved last; 0 unknown. */
uint64_t xt_record_last_incident(const struct xt_record *record);
bool xt_record_can_freeze(const struct xt_record *record);
/* The same, also where all the incidents that were asked for are saved. */
bool xt_record_freezes_itself(const struct xt_record *record);

/* Readable when the disk refused data; xt_record_fault() says why, and is 0 behind the end. */
int xt_record_fault_fd(const struct xt_record *record);
int xt_record_fault(const struct xt_record *record, struct rt_err *err);

struct xt_record_status {
	const char *name, *mode, *clock, *directory, *command;
	const char *state;		/* "armed", "recording", "paused", "full", "finished" */
	uint64_t buffer_bytes;		/* a CPU, as the kernel gave it */
	uint32_t subbuf_bytes;
	uint32_t flushes;
	double seconds;			/* since the start */
	struct rt_cpuset cpus;
};

void xt_record_status(const struct xt_record *record, struct xt_record_status *ret);
/* As the kernel counts now; after xt_record_finish() the final counts. */
int xt_record_stats(struct xt_record *record, unsigned int cpu, struct xt_cpu_stats *ret,
		    struct rt_err *err);
/* The socket on which xtrace-ctl asks; the caller's to close from now on. */
int xt_record_take_listen_fd(struct xt_record *record);

#endif /* XT_RECORD_H */
