/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-doubt.c - what a journal that cannot be read leaves in doubt: whether it holds
 * a knob that another journal is to put back
 *
 * Its lines that can be read tell a part.  For the rest the knob itself speaks: where it
 * is not as we left it, and no journal tells who set it, the unreadable one may have.
 */
#include "tuning/journal-internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/root.h"

const struct tune_journal_file *tune_journal_unread(const struct tune_journal *journal)
{
	const struct tune_journal_file *file;

	for (file = journal->others; file < rt_array_end(journal->others, journal->nr_others);
	     file++)
		if (file->unread)
			return file;
	return NULL;
}

/* The first change of the same knob behind @record in a file. */
static const struct tune_record *next_in(const struct tune_records *records,
					 const struct tune_record *record)
{
	size_t i;

	for (i = 0; i < records->nr; i++)
		if (records->v[i].seq > record->seq &&
		    tune_record_is(&records->v[i], record->kind, record->target))
			return &records->v[i];
	return NULL;
}

/* What the next one of all journals found; false where an unreadable one is known to be later. */
static bool find_next(const struct tune_journal *journal, const struct tune_record *record,
		      const struct tune_record **ret)
{
	const struct tune_journal_file *file;
	const struct tune_record *next;

	*ret = next_in(&journal->own.records, record);
	for (file = journal->others; file < rt_array_end(journal->others, journal->nr_others);
	     file++) {
		next = next_in(&file->records, record);
		if (next && file->unread)
			return false;
		if (next && (!*ret || next->seq < (*ret)->seq))
			*ret = next;
	}
	return true;
}

/* It is as we made it, or as before, or there is nothing to be seen of it. */
static bool is_ours(const struct tune_journal *journal, const struct tune_record *record)
{
	const struct tune_record *next;
	char *now = NULL;
	const char *found;
	bool ours;

	if (!find_next(journal, record, &next))
		return false;
	if (!next && tune_knob_read(journal->root, record->kind, record->target, &now, NULL) < 0)
		return true;
	found = next ? next->before : now;
	ours = tune_knob_equal(record->kind, found, record->wanted) ||
	       tune_knob_equal(record->kind, found, record->before);
	free(now);
	return ours;
}

/* Of these no value tells who else needs them. */
static bool is_needed(const struct tune_journal *journal, const struct tune_record *record)
{
	char *members;
	size_t len;

	if (record->kind == TUNE_KNOB_CONTROLLER)
		return strcmp(record->before, "off") == 0;
	if (record->kind != TUNE_KNOB_GROUP || strcmp(record->before, "none") != 0 ||
	    rt_root_read(journal->root, &members, &len, NULL, "%s/cgroup.procs",
			 record->target) < 0)
		return false;
	free(members);
	return len > 0;
}

void tune_journal_doubt(struct tune_journal *journal)
{
	struct tune_records *records = &journal->own.records;
	const struct tune_record *next;
	size_t i;

	if (!tune_journal_unread(journal))
		return;
	for (i = records->nr; i-- > 0; ) {
		struct tune_record *record = &records->v[i];

		next = next_in(records, record);
		record->doubtful = (next && next->doubtful) || is_needed(journal, record) ||
				   !is_ours(journal, record);
	}
}
