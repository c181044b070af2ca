/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knob.h - the kinds of things that the engine sets: how each is named, read,
 * written and compared
 *
 * A knob is a kind and a target; its value is a text, so that a journal can
 * keep it.  A kind is a row in knob.c.  journal.h is what sets knobs.
 */
#ifndef TUNE_KNOB_H
#define TUNE_KNOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rt_err;
struct rt_root;

enum tune_knob_kind {
	TUNE_KNOB_TEXT,	/* a file; its text without the last newline */
	TUNE_KNOB_CPULIST,	/* a file with a list, "0-3,8" */
	TUNE_KNOB_CPUMASK,	/* a file with a mask, "f0f" */
	TUNE_KNOB_CONTROLLER,	/* cpuset in a cgroup.subtree_control; "on" or "off" */
	TUNE_KNOB_GROUP,	/* a folder of a cgroup hierarchy; "there" or "none" */
	TUNE_KNOB_MEMBER,	/* a task's cgroup, "/" is the hierarchy's top */
	TUNE_KNOB_AFFINITY,	/* a task's CPUs, a list */
	TUNE_KNOB_SCHED,	/* a task's policy: "fifo 1", "other 0", "deadline 100 200 200" */
	TUNE_KNOB_IRQBALANCE,	/* its socket; CPUs that it keeps interrupts off, a list */
	TUNE_KNOB_IRQ,		/* an interrupt's CPUs, a list */
	TUNE_NR_KNOBS
};

#define TUNE_TARGET_MAX	1024	/* bytes, with the NUL */
#define TUNE_VALUE_MAX	65536

/* "file", "cpulist", ... as in journals and JSON. */
const char *tune_knob_word(enum tune_knob_kind kind);
/* The kind of this word, or -EINVAL. */
int tune_knob_find(const char *word);

/**
 * tune_knob_read() - the value as it is now.
 * @target: a path below the root without a slash in front; for tasks and interrupts
 *	    what tune_target_task(), tune_target_member() or tune_target_irq() made.
 * @ret: owned by the caller, free(3).
 *
 * Return: 0; -ENOENT when what it belongs to is not there (any more): no such
 * file, the task has ended, its number is another's; or -errno.
 */
int tune_knob_read(const struct rt_root *root, enum tune_knob_kind kind, const char *target,
		   char **ret, struct rt_err *err);
/* Return: as the kernel answered; that it honours the value, only reading tells. */
int tune_knob_write(const struct rt_root *root, enum tune_knob_kind kind, const char *target,
		    const char *value, struct rt_err *err);
bool tune_knob_equal(enum tune_knob_kind kind, const char *a, const char *b);
/* Whether two targets are one thing: an interrupt's, where either does not tell whose it is. */
bool tune_target_same(enum tune_knob_kind kind, const char *a, const char *b);
/*
 * Whether @now is what comes of writing @wanted: of a task's CPUs those that its cgroup has,
 * and before Linux 6.2 those that are online.
 */
bool tune_knob_honours(enum tune_knob_kind kind, const char *now, const char *wanted);
/* What was written shows only later: reading at once tells nothing. */
bool tune_knob_is_late(enum tune_knob_kind kind);
/* For people: "/sys/...", "task 12 \"name\": CPUs"; returns @buf. */
char *tune_knob_name(char *buf, size_t size, const struct rt_root *root,
		     enum tune_knob_kind kind, const char *target);

/*
 * For AFFINITY and SCHED: a thread that was looked at before, by the two numbers that tell it
 * from another that has got its number since.
 */
void tune_target_thread(char *buf, size_t size, pid_t tid, uint64_t start);
/* The same of whoever has the number now.  -ENOENT when there is none. */
int tune_target_task(char *buf, size_t size, const struct rt_root *root, pid_t tid,
		     struct rt_err *err);
/*
 * For MEMBER.  @mount: where the hierarchy is, below the root; @controller: "cpuset" of
 * version 1, or "" for version 2, where whole processes are moved.
 */
int tune_target_member(char *buf, size_t size, const struct rt_root *root, pid_t tid,
		       const char *mount, const char *controller, struct rt_err *err);

/*
 * For IRQ: the file of its CPUs, and its handlers as far as the kernel shows them: a
 * number that a device gives back is another's later.
 */
void tune_target_irq(char *buf, size_t size, const struct rt_root *root, int number);

#endif /* TUNE_KNOB_H */
