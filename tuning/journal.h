/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal.h - changes to the host: planned, shown, written down, made, read back,
 * and undone exactly
 *
 * A plan is a list of knobs with what they are to become and why.  Each change is
 * in a journal below run/kvmrt, on the disk, before it is made; so what a command
 * that was killed has done is known to the next one, which finishes or undoes it.
 *
 * A journal is a stack with a name: "shield", "cpu", "vm-UUID".  Undoing takes
 * changes off its top.  One lock is for all journals, held from open to close: who
 * finds an incomplete journal has the lock, so its writer is no more.
 *
 * Two journals may set one knob: the later holds it.  Undoing the earlier one then
 * leaves the knob alone and gives the later one its "before", so that the host is
 * as it was when both are undone, in whatever order.
 *
 * While a journal cannot be read nothing new is changed.  The others are undone, but
 * for knobs that it may hold: its readable lines tell of them, or they are not as they
 * were left, or they are of those that others may need without a change.
 */
#ifndef TUNE_JOURNAL_H
#define TUNE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tuning/knob.h"

struct rt_json;
struct tune_journal;

#define TUNE_JOURNAL_DIR	"run/kvmrt"
#define TUNE_JOURNAL_SUFFIX	".journal"

/* What making a change, or undoing it, does to those who run at that moment. */
enum tune_cost {
	TUNE_COST_NONE,		/* a number in the kernel changes */
	TUNE_COST_TASK,		/* one task moves */
	TUNE_COST_MEMORY,	/* memory of a group's tasks moves to other nodes */
	TUNE_COST_IRQ,		/* one interrupt's next arrival is elsewhere */
	TUNE_COST_DOMAINS,	/* the scheduling domains are built anew */
	TUNE_COST_HOTPLUG,	/* all CPUs stop for a moment, the isolated ones too */
};

const char *tune_cost_text(enum tune_cost cost);

/* Flags of a change. */
#define TUNE_OPTIONAL	1u	/* refused: noted in ->refused, the others go on */
/*
 * In the journal even where it has the value already: a later step of the plan makes
 * the kernel forget it.
 */
#define TUNE_HOLD	2u

enum tune_state {
	TUNE_PLANNED,
	TUNE_MADE,
	TUNE_SAME,		/* it had the value already */
	TUNE_GONE,		/* the task or file ended before its turn came */
	TUNE_REFUSED,		/* optional, and the kernel did not take it */
};

struct tune_change {
	enum tune_knob_kind kind;
	char *target, *wanted, *why;	/* owned */
	char *before;		/* owned; as read when it was planned, NULL: not there yet */
	unsigned int flags;
	enum tune_cost cost;
	enum tune_state state;
	char *refused;		/* owned; the kernel's reason, NULL but for TUNE_REFUSED */
};

/* Start it with { .root = root }; changes stay where they are until the next add. */
struct tune_plan {
	const struct rt_root *root;	/* borrowed */
	struct tune_change *changes;
	size_t nr, room;
};

void tune_plan_finish(struct tune_plan *plan);
/* Keeps the first @nr changes. */
void tune_plan_cut(struct tune_plan *plan, size_t nr);

/**
 * tune_plan_add() - one more change, made in the order of adding.
 * @why: for people: "keeps kworkers off the shielded CPUs".
 *
 * What has the value already is left out, unless TUNE_HOLD.
 * Return: 0, -ENOMEM, or why it could not be read.  A target that is not there (yet) is
 * planned: an earlier change of the plan may make it.
 */
int tune_plan_add(struct tune_plan *plan, enum tune_knob_kind kind, const char *target,
		  const char *wanted, unsigned int flags, enum tune_cost cost,
		  struct rt_err *err, const char *why, ...)
	__attribute__((format(printf, 8, 9)));

/* What a knob will be when the plan is made: as planned, or as it is; @ret: free(3). */
int tune_plan_value(const struct tune_plan *plan, enum tune_knob_kind kind, const char *target,
		    char **ret, struct rt_err *err);

/* A line a change: what, from, to, why, what it disturbs; then how many are only held. */
void tune_plan_print(const struct tune_plan *plan, FILE *to);
void tune_plan_json(const struct tune_plan *plan, struct rt_json *json);	/* an array */

/**
 * tune_journal_open() - take the lock and read the journal @name, an empty one where
 * there is none.
 *
 * Return: 0; RT_ECANNOT without root; -EBADMSG where the file is none of ours; another
 * one that is not is a failure of tune_journal_check() only.
 * A journal of an earlier boot is dropped: what it tells of is gone.
 */
int tune_journal_open(struct tune_journal **ret, const struct rt_root *root, const char *name,
		      struct rt_err *err);
/* The same to look at only: without the lock, and without root. */
int tune_journal_look(struct tune_journal **ret, const struct rt_root *root, const char *name,
		      struct rt_err *err);
/* Gives the lock back.  NULL is no journal. */
void tune_journal_close(struct tune_journal *journal);

/* Return: 0, or why changes cannot be made now: a journal that cannot be read. */
int tune_journal_check(const struct tune_journal *journal, struct rt_err *err);

const struct rt_root *tune_journal_root(const struct tune_journal *journal);
size_t tune_journal_size(const struct tune_journal *journal);	/* changes to undo */
/* False when the command that wrote it was stopped before tune_journal_complete(). */
bool tune_journal_is_complete(const struct tune_journal *journal);
int tune_journal_complete(struct tune_journal *journal, struct rt_err *err);

/* A note that the owner keeps with the journal, one line: what the user asked for. */
int tune_journal_set_note(struct tune_journal *journal, const char *note, struct rt_err *err);
const char *tune_journal_note(const struct tune_journal *journal);	/* "" for none */

/**
 * tune_journal_apply() - make the changes of a plan, and read each back, if
 * tune_journal_check() is content.
 *
 * Those that an earlier call has seen to are left alone: a plan may grow and be
 * applied again.
 * When one that is not optional fails, those that this call made are undone, and
 * the failure is returned, with the kernel's own reason where it shows one.
 */
int tune_journal_apply(struct tune_journal *journal, struct tune_plan *plan, struct rt_err *err);

/*
 * What undoing a change came to.  A knob that one journal set several times is put
 * back at once when its newest change is undone.
 */
enum tune_undone {
	TUNE_RESTORED,
	TUNE_UNCHANGED,		/* it was as before already */
	TUNE_ENDED,		/* what it belongs to is not there any more */
	TUNE_LEFT,		/* a later journal holds it, and will restore it */
	TUNE_FAILED,		/* stays in the journal; also what an unreadable one may hold */
};

/*
 * Told of each change that is (@planned: would be) undone; @why for TUNE_FAILED, and for
 * TUNE_ENDED of an interrupt.
 */
struct tune_undo_report {
	void (*each)(void *arg, enum tune_knob_kind kind, const char *target, const char *from,
		     const char *to, enum tune_undone what, const char *why);
	void *arg;
};

/**
 * tune_journal_undo() - put everything back, the newest first.
 * @keep: this many of the oldest changes stay as they are; 0: all are undone, and
 *	  the journal's file is removed.
 * @dry_run: tell only.
 * @report: may be NULL.
 *
 * Return: 0, or the first failure, after all others have been tried; of a dry run, what
 * is known to fail.
 */
int tune_journal_undo(struct tune_journal *journal, size_t keep, bool dry_run,
		      const struct tune_undo_report *report, struct rt_err *err);

/**
 * tune_journal_undo_ahead() - put back what @match chooses, ahead of what is newer.
 *
 * It stays in the journal until tune_journal_undo() comes to it: a failure is told then.
 */
void tune_journal_undo_ahead(struct tune_journal *journal,
			     bool (*match)(void *arg, const char *target, const char *before),
			     void *arg);

/*
 * Where another journal will put a knob back to @was, it shall be @to instead: @was is what
 * this journal's changes made of it, though not in this journal.
 */
void tune_journal_pass_on(struct tune_journal *journal, enum tune_knob_kind kind,
			  const char *target, const char *was, const char *to);

/* Names of the journals that there are, the one written last first. */
int tune_journal_list(char ***ret, size_t *ret_nr, const struct rt_root *root,
		      struct rt_err *err);
void tune_journal_list_free(char **names, size_t nr);

/* Calls @each for every change, the oldest first. */
void tune_journal_each(const struct tune_journal *journal,
		       void (*each)(void *arg, enum tune_knob_kind kind, const char *target,
				    const char *before, const char *wanted), void *arg);

/* Whether some journal has a change of this knob, and its name; for messages. */
bool tune_journal_holds(const struct tune_journal *journal, enum tune_knob_kind kind,
			const char *target, char *ret_name, size_t size);

#endif /* TUNE_JOURNAL_H */
