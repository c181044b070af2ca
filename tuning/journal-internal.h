/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-internal.h - a journal in memory and on the disk, for what makes and
 * undoes changes (journal.c); journal-store.c keeps both alike, journal-doubt.c says
 * what another one that cannot be read leaves in doubt
 */
#ifndef TUNE_JOURNAL_INTERNAL_H
#define TUNE_JOURNAL_INTERNAL_H

#include "tuning/journal-file.h"
#include "tuning/journal.h"

#define TUNE_JOURNAL_NAME 128

struct tune_journal_file {
	char name[TUNE_JOURNAL_NAME];
	struct tune_records records;
	/* Owned; NULL: all of it could be read.  Else why not, and records has what could. */
	char *unread;
};

struct tune_journal {
	const struct rt_root *root;	/* borrowed */
	struct tune_journal_file own;
	struct tune_journal_file *others;	/* owned */
	size_t nr_others;
	char boot[64];
	int lock, fd;			/* fd: the own file, -1 while it is not open */
};

/*
 * To be called before changes are pushed or popped: the file is there and open, and
 * what follows its last whole change, a torn line or "complete", is cut off.
 */
int tune_journal_ready(struct tune_journal *journal, struct rt_err *err);
/* A change at the end of the file, on the disk when this returns. */
int tune_journal_push(struct tune_journal *journal, const struct tune_change *change,
		      const char *before, struct rt_err *err);
int tune_journal_pop(struct tune_journal *journal, struct rt_err *err);
/* The whole of a file anew, under its name at once.  Sets the records' offsets. */
int tune_journal_rewrite(const struct tune_journal *journal, struct tune_journal_file *file,
			 struct rt_err *err);
/* The same of the own file, which is closed then. */
int tune_journal_rewrite_own(struct tune_journal *journal, struct rt_err *err);
int tune_journal_remove_own(struct tune_journal *journal, struct rt_err *err);

/* Another one that cannot be read, or NULL. */
const struct tune_journal_file *tune_journal_unread(const struct tune_journal *journal);
/*
 * Where there is such a one, marks our changes that it may hold, so that they are not undone
 * beneath it: before anything is undone, as that changes what kernels show of others.
 */
void tune_journal_doubt(struct tune_journal *journal);

static inline bool tune_record_is(const struct tune_record *record, enum tune_knob_kind kind,
				  const char *target)
{
	return record->kind == kind && tune_target_same(kind, record->target, target);
}

#endif /* TUNE_JOURNAL_INTERNAL_H */
