/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracefs.h - the kernel's tracing files: one instance a session
 *
 * What a kernel can do is asked of the files that are there and of what they
 * read back, never of its version.  All paths go through struct rt_root, so
 * that a tree of plain files can stand for a kernel.
 */
#ifndef XT_TRACEFS_H
#define XT_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;
struct rt_root;
struct rt_cpuset;

#define XT_INSTANCE_PREFIX "xtrace-"
#define XT_TRACEFS_PATH_MAX 192

struct xt_tracefs {
	const struct rt_root *root;		/* borrowed */
	char dir[XT_TRACEFS_PATH_MAX];		/* "sys/kernel/tracing" */
};

/* An instance; a plain value that owns nothing but the kernel's directory of that name. */
struct xt_instance {
	const struct rt_root *root;		/* borrowed */
	char dir[XT_TRACEFS_PATH_MAX];		/* ".../instances/xtrace-NAME" */
};

/**
 * xt_tracefs_find() - where tracefs is mounted.
 * Return: 0, or RT_ECANNOT with what is missing: the mount, or the right to use it.
 */
int xt_tracefs_find(struct xt_tracefs *ret, const struct rt_root *root, struct rt_err *err);
/* True when the top level has the file; "current_tracer", "kprobe_events". */
bool xt_tracefs_has(const struct xt_tracefs *fs, const char *file);

/*
 * Makes the instance XT_INSTANCE_PREFIX @name, not recording yet.
 * Return: 0, -EEXIST, RT_ECANNOT without the right to, or another -errno.
 */
int xt_instance_create(struct xt_instance *ret, const struct xt_tracefs *fs, const char *name,
		       struct rt_err *err);
/* The instance of that name as it stands. */
void xt_instance_at(struct xt_instance *ret, const struct xt_tracefs *fs, const char *name);
/* Removes it as it stands; -EBUSY, and it goes on, while anybody has a file of it open. */
int xt_instance_remove(const struct xt_instance *inst, struct rt_err *err);

/* Files of the instance; @fmt is the path below it. */
bool xt_instance_has(const struct xt_instance *inst, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int xt_instance_open(const struct xt_instance *inst, struct rt_err *err, int flags,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int xt_instance_read(const struct xt_instance *inst, char **ret, size_t *ret_len,
		     struct rt_err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int xt_instance_write(const struct xt_instance *inst, const char *text, struct rt_err *err,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

bool xt_instance_has_snapshot(const struct xt_instance *inst);

/**
 * xt_instance_set_clock() - use a trace clock.
 * Return: 0; -ENOENT when this kernel has no clock of that name.
 */
int xt_instance_set_clock(const struct xt_instance *inst, const char *clock, struct rt_err *err);
/* The clock in use, read back. */
int xt_instance_clock(const struct xt_instance *inst, char *buf, size_t size,
		      struct rt_err *err);

/*
 * Sub-buffers of @kb KiB where the kernel can; what is in use in the end is in
 * *@ret_bytes (the page size where it cannot).
 */
int xt_instance_set_subbuf(const struct xt_instance *inst, unsigned int kb, uint32_t *ret_bytes,
			   struct rt_err *err);
/*
 * @bytes a CPU for the CPUs of @cpus; @all: they are all CPUs of the machine.
 * *@ret_bytes is what the kernel gave to one of them.
 */
int xt_instance_set_size(const struct xt_instance *inst, uint64_t bytes,
			 const struct rt_cpuset *cpus, bool all, uint64_t *ret_bytes,
			 struct rt_err *err);
/* Records on the CPUs of @cpus alone. */
int xt_instance_set_cpus(const struct xt_instance *inst, const struct rt_cpuset *cpus,
			 struct rt_err *err);

int xt_instance_enable(const struct xt_instance *inst, const char *system, const char *event,
		       struct rt_err *err);	/* @event NULL: the whole system */
/* On failure the sentence has the kernel's own words from error_log. */
int xt_instance_filter(const struct xt_instance *inst, const char *system, const char *event,
		       const char *filter, struct rt_err *err);
int xt_instance_trigger(const struct xt_instance *inst, const char *system, const char *event,
			const char *trigger, struct rt_err *err);
/*
 * How often a trigger "command:N if ..." may still fire; -ENOENT when there is
 * no such trigger.
 */
int xt_instance_trigger_left(const struct xt_instance *inst, const char *system,
			     const char *event, const char *command, uint64_t *ret_left,
			     struct rt_err *err);

int xt_instance_on(const struct xt_instance *inst, bool on, struct rt_err *err);
bool xt_instance_is_on(const struct xt_instance *inst);
/* A text of the user in the buffer of this CPU; of a long one the kernel makes several marks. */
int xt_instance_mark(const struct xt_instance *inst, const char *text, struct rt_err *err);

/* per_cpu/cpuN/stats, of the buffer that is being written. */
struct xt_ring_stats {
	uint64_t entries, overrun, commit_overrun, bytes, dropped, read;
};

/* Parses the text of such a file; lines that are not there count 0. */
void xt_ring_stats_parse(struct xt_ring_stats *ret, const char *text);
/*
 * Bytes in a buffer of @size.  Kernels before 6.6 count whole sub-buffers as read, and so less
 * and less and in the end below nothing; the number of events is right.
 */
uint64_t xt_ring_fill(const struct xt_ring_stats *stats, uint64_t size);
int xt_instance_stats(const struct xt_instance *inst, unsigned int cpu, struct xt_ring_stats *ret,
		      struct rt_err *err);

/*
 * The time in the instance's clock, which must be one of ns, as the same file tells it: to
 * the microsecond, and not before what has been recorded.
 */
int xt_instance_now(const struct xt_instance *inst, unsigned int cpu, uint64_t *ret_ns,
		    struct rt_err *err);

static inline uint64_t xt_ring_written(const struct xt_ring_stats *s)
{
	return s->entries + s->overrun + s->commit_overrun + s->dropped + s->read;
}

static inline uint64_t xt_ring_lost(const struct xt_ring_stats *s)
{
	return s->overrun + s->commit_overrun + s->dropped;
}

#endif /* XT_TRACEFS_H */
