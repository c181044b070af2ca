/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-file.h - the text of a journal
 *
 * Lines of fields with a tab between them; in a field \t, \n and \\ stand for those:
 *
 *	kvmrt-journal	1	BOOT		this boot's id
 *	note	TEXT
 *	SEQ	KIND	TARGET	BEFORE	WANTED	a change; SEQ counts over all journals
 *	complete
 *
 * The last line may be torn; its change has not been begun then.
 */
#ifndef TUNE_JOURNAL_FILE_H
#define TUNE_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "tuning/knob.h"

#define TUNE_RECORDS_MAX 200000

struct tune_record {
	uint64_t seq;
	enum tune_knob_kind kind;
	char *target, *before, *wanted;	/* owned */
	size_t offset;			/* of its line in the file */
	bool ahead;			/* see tune_journal_undo_ahead() */
	bool doubtful;			/* see tune_journal_doubt() */
};

struct tune_records {
	struct tune_record *v;
	size_t nr, room;
	char boot[64];
	char *note;		/* owned, NULL for none */
	bool complete;
	size_t end;		/* of the last whole line that is not "complete" */
};

/*
 * Start @records with { 0 }.  -EBADMSG names the first bad line, what was expected and what
 * was found; the lines that are good are in @records all the same.
 */
int tune_records_parse(struct tune_records *records, const char *text, size_t len,
		       struct rt_err *err);
void tune_records_finish(struct tune_records *records);

/* Takes the strings over, also when it fails. */
int tune_records_push(struct tune_records *records, struct tune_record *record);
void tune_records_pop(struct tune_records *records);

void tune_records_format_head(struct rt_buf *buf, const char *boot, const char *note);
void tune_records_format(struct rt_buf *buf, const struct tune_record *record);

#endif /* TUNE_JOURNAL_FILE_H */
