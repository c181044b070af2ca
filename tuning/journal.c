/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal.c - changes are made, read back, and undone
 */
#include "tuning/journal-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"

/* ---- making changes ---- */

/* The newest change of this knob in our journal wants the same: written down already. */
static bool is_written(const struct tune_journal *journal, const struct tune_change *change)
{
	const struct tune_records *records = &journal->own.records;
	size_t i;

	for (i = records->nr; i-- > 0; )
		if (tune_record_is(&records->v[i], change->kind, change->target))
			return tune_knob_equal(change->kind, records->v[i].wanted, change->wanted);
	return false;
}

/* Writes, and reads what came of it: a kernel may take a value and not honour it. */
static int set_and_read(const struct tune_journal *journal, enum tune_knob_kind kind,
			const char *target, const char *value, struct rt_err *err)
{
	char name[TUNE_TARGET_MAX + 32], *now;
	int rc;

	rc = tune_knob_write(journal->root, kind, target, value, err);
	if (rc == 0 && tune_knob_is_late(kind))
		return 0;
	if (rc == 0)
		rc = tune_knob_read(journal->root, kind, target, &now, err);
	if (rc < 0)
		return rc;
	if (!tune_knob_honours(kind, now, value))
		rc = rt_err_say(err, -EINVAL, "%s: expected \"%s\", the kernel shows \"%s\"",
				tune_knob_name(name, sizeof(name), journal->root, kind, target),
				value, now);
	free(now);
	return rc;
}

static int refuse(struct tune_journal *journal, struct tune_change *change, const char *before,
		  bool written, const struct rt_err *why, struct rt_err *err)
{
	change->state = TUNE_REFUSED;
	change->refused = strdup(why->text);
	if (!written)
		return 0;
	tune_knob_write(journal->root, change->kind, change->target, before, NULL);
	return tune_journal_pop(journal, err);
}

static int make_from(struct tune_journal *journal, struct tune_change *change, const char *before,
		     struct rt_err *err)
{
	bool written = is_written(journal, change);
	struct rt_err why = { 0 };
	int rc = 0;

	if (!written)
		rc = tune_journal_push(journal, change, before, err);
	if (rc < 0)
		return rc;
	change->state = TUNE_MADE;
	if (tune_knob_equal(change->kind, before, change->wanted))
		return 0;
	rc = set_and_read(journal, change->kind, change->target, change->wanted, &why);
	if (rc < 0 && change->flags & TUNE_OPTIONAL)
		return refuse(journal, change, before, !written, &why, err);
	if (rc < 0 && err)
		*err = why;
	/* a container's /sys: no fault of the request */
	return rc == -EROFS ? rt_err_wrap(err, RT_ECANNOT, "this host may not be changed") : rc;
}

static int make(struct tune_journal *journal, struct tune_change *change, struct rt_err *err)
{
	struct rt_err why = { 0 };
	char *before;
	int rc;

	rc = tune_knob_read(journal->root, change->kind, change->target, &before, &why);
	if (rc < 0 && change->flags & TUNE_OPTIONAL) {
		change->state = rc == -ENOENT ? TUNE_GONE : TUNE_REFUSED;
		change->refused = rc == -ENOENT ? NULL : strdup(why.text);
		return 0;
	}
	if (rc < 0) {
		if (err)
			*err = why;
		return rc;
	}
	if (!(change->flags & TUNE_HOLD) &&
	    tune_knob_equal(change->kind, before, change->wanted))
		change->state = TUNE_SAME;
	else
		rc = make_from(journal, change, before, err);
	free(before);
	return rc;
}

int tune_journal_check(const struct tune_journal *journal, struct rt_err *err)
{
	const struct tune_journal_file *file = tune_journal_unread(journal);

	return file ? rt_err_say(err, -EBADMSG, "%s", file->unread) : 0;
}

int tune_journal_apply(struct tune_journal *journal, struct tune_plan *plan, struct rt_err *err)
{
	bool was_complete = journal->own.records.complete;
	size_t i, keep = journal->own.records.nr;
	struct rt_err more = { 0 };
	int rc;

	rc = tune_journal_check(journal, err);
	if (rc < 0)
		return rc;
	rc = tune_journal_ready(journal, err);
	for (i = 0; i < plan->nr && rc == 0; i++)
		if (plan->changes[i].state == TUNE_PLANNED)
			rc = make(journal, &plan->changes[i], err);
	if (rc == 0 || journal->fd < 0)
		return rc;
	if (tune_journal_undo(journal, keep, false, NULL, &more) < 0)
		return rt_err_wrap(err, rc, "not all could be put back (%.200s)", more.text);
	/* what is left is all of a command that had finished: nobody is to take it back */
	if (was_complete && keep)
		tune_journal_complete(journal, NULL);
	return rc;
}

/* ---- undoing ---- */

/* The oldest change of the knob that another journal made after one of ours, or NULL. */
static struct tune_record *of_others(struct tune_journal *journal, enum tune_knob_kind kind,
				     const char *target, uint64_t after,
				     struct tune_journal_file **ret_file)
{
	struct tune_record *best = NULL, *other;
	size_t i, j;

	for (i = 0; i < journal->nr_others; i++) {
		if (journal->others[i].unread)
			continue;
		for (j = 0; j < journal->others[i].records.nr; j++) {
			other = &journal->others[i].records.v[j];
			if (other->seq > after && (!best || other->seq < best->seq) &&
			    tune_record_is(other, kind, target)) {
				best = other;
				*ret_file = &journal->others[i];
			}
		}
	}
	return best;
}

static struct tune_record *later_holder(struct tune_journal *journal,
					const struct tune_record *record,
					struct tune_journal_file **ret_file)
{
	return of_others(journal, record->kind, record->target, record->seq, ret_file);
}

static bool others_between(const struct tune_journal *journal, const struct tune_record *record,
			   uint64_t older, uint64_t newer)
{
	const struct tune_records *records;
	size_t i, j;

	for (i = 0; i < journal->nr_others; i++) {
		records = &journal->others[i].records;
		for (j = 0; j < records->nr; j++)
			if (records->v[j].seq > older && records->v[j].seq < newer &&
			    tune_record_is(&records->v[j], record->kind, record->target))
				return true;
	}
	return false;
}

/*
 * What the knob was before our own changes in a row, down to the record @keep: one
 * way back, however often it was set (a CPU that went down and up is not taken down).
 */
static const char *first_before(const struct tune_journal *journal,
				const struct tune_record *record, size_t keep)
{
	const struct tune_records *records = &journal->own.records;
	const struct tune_record *first = record;
	size_t i;

	for (i = record - records->v; i-- > keep; ) {
		if (!tune_record_is(&records->v[i], record->kind, record->target))
			continue;
		if (records->v[i].doubtful ||
		    others_between(journal, record, records->v[i].seq, first->seq))
			break;
		first = &records->v[i];
	}
	return first->before;
}

/* The later one will put back what this one would have put back. */
static int hand_over(struct tune_journal *journal, const char *what, struct tune_record *to,
		     struct tune_journal_file *file, struct rt_err *err)
{
	char *before = strdup(what);

	if (!before)
		return rt_err_set(err, -ENOMEM, "a journal");
	free(to->before);
	to->before = before;
	return tune_journal_rewrite(journal, file, err);
}

/* A cpuset with tasks in it cannot be empty again; all that its parent has is the same. */
static int give_all(const struct tune_journal *journal, const char *target, struct rt_err *err)
{
	const char *file = strrchr(target, '/');
	char parent[TUNE_TARGET_MAX], all[TUNE_TARGET_MAX], *end;
	int rc;

	if (!file)
		return -ENOSPC;
	snprintf(parent, sizeof(parent), "%.*s", (int)(file - target), target);
	end = strrchr(parent, '/');
	if (end)
		*end = '\0';
	rc = rt_root_read_line(journal->root, all, sizeof(all), err, "%s%s.effective", parent,
			       file);
	return rc < 0 ? rc : tune_knob_write(journal->root, TUNE_KNOB_CPULIST, target, all, err);
}

/* A task whose cgroup has fewer CPUs by now gets those of them that it had. */
static int put_back(const struct tune_journal *journal, const struct tune_record *record,
		    const char *before, struct rt_err *err)
{
	int rc;

	/* others' groups need the controller by now: it stays on for them */
	if (record->kind == TUNE_KNOB_CONTROLLER) {
		rc = tune_knob_write(journal->root, record->kind, record->target, before, err);
		return rc == -EBUSY ? 0 : rc;
	}
	if (record->kind == TUNE_KNOB_AFFINITY)
		return tune_knob_write(journal->root, record->kind, record->target, before, err);
	rc = set_and_read(journal, record->kind, record->target, before, err);
	return rc == -ENOSPC && !before[0] ? give_all(journal, record->target, err) : rc;
}

/* A file of a cgroup that we made goes with it, whatever is in it. */
static bool goes_with_its_group(const struct tune_journal *journal,
				const struct tune_record *record)
{
	const struct tune_record *group;
	size_t len;

	for (group = journal->own.records.v; group < record; group++) {
		len = strlen(group->target);
		if (group->kind == TUNE_KNOB_GROUP && strcmp(group->before, "none") == 0 &&
		    strncmp(record->target, group->target, len) == 0 && record->target[len] == '/')
			return true;
	}
	return false;
}

static enum tune_undone restore(const struct tune_journal *journal,
				const struct tune_record *record, const char *before,
				char **ret_from, bool dry_run, struct rt_err *err)
{
	int rc;

	rc = tune_knob_read(journal->root, record->kind, record->target, ret_from, err);
	if (rc < 0)
		return rc == -ENOENT ? TUNE_ENDED : TUNE_FAILED;
	if (tune_knob_equal(record->kind, *ret_from, before) && !tune_knob_is_late(record->kind))
		return TUNE_UNCHANGED;
	if (dry_run)
		return TUNE_RESTORED;
	rc = put_back(journal, record, before, err);
	if (rc == 0)
		return TUNE_RESTORED;
	return rc == -ENOENT || goes_with_its_group(journal, record) ? TUNE_ENDED : TUNE_FAILED;
}

/* That an interrupt's number is another's by now shows nowhere else. */
static bool is_told(enum tune_knob_kind kind, enum tune_undone what)
{
	return what == TUNE_FAILED || (what == TUNE_ENDED && kind == TUNE_KNOB_IRQ);
}

static enum tune_undone leave(const struct tune_journal *journal,
			      const struct tune_record *record, struct rt_err *err)
{
	const struct tune_journal_file *file = tune_journal_unread(journal);
	char name[TUNE_TARGET_MAX + 32];

	rt_err_say(err, -EBUSY, "%s is left as it is, which \"%s\" may hold: %s",
		   tune_knob_name(name, sizeof(name), journal->root, record->kind,
				  record->target), file->name, file->unread);
	return TUNE_FAILED;
}

static enum tune_undone undo_one(struct tune_journal *journal, const struct tune_record *record,
				 size_t keep, bool dry_run, const struct tune_undo_report *report,
				 struct rt_err *err)
{
	const char *before = first_before(journal, record, keep);
	struct tune_journal_file *file = NULL;
	struct tune_record *later = later_holder(journal, record, &file);
	char *from = NULL;
	enum tune_undone what;

	if (record->doubtful)
		what = leave(journal, record, err);
	else if (!later)
		what = restore(journal, record, before, &from, dry_run, err);
	else if (dry_run || hand_over(journal, record->before, later, file, err) == 0)
		what = TUNE_LEFT;
	else
		what = TUNE_FAILED;
	if (what == TUNE_UNCHANGED && record->ahead)
		what = TUNE_RESTORED;
	if (report && report->each)
		report->each(report->arg, record->kind, record->target, from, before, what,
			     is_told(record->kind, what) ? err->text : NULL);
	free(from);
	return what;
}

/* An older change of the same knob is still to be undone. */
static bool is_changed_below(const struct tune_records *records, size_t keep)
{
	const struct tune_record *record = &records->v[records->nr - 1];
	size_t i;

	for (i = records->nr - 1; i-- > keep; )
		if (tune_record_is(&records->v[i], record->kind, record->target))
			return true;
	return false;
}

/*
 * Once something stays, the file is left as it is until the end: undoing again what
 * is below does no harm, and the one that stays is not lost.
 */
static int undo_down_to(struct tune_journal *journal, size_t keep,
			const struct tune_undo_report *report, struct tune_records *stay,
			struct rt_err *first)
{
	struct tune_records *records = &journal->own.records;
	int rc = 0;

	while (records->nr > keep && rc == 0) {
		struct tune_record *record = &records->v[records->nr - 1];
		struct rt_err why = { 0 };

		/* a task goes back to a CPU only when that is up again, by a change in between */
		if (undo_one(journal, record, keep, false, report, &why) == TUNE_FAILED &&
		    !is_changed_below(records, keep)) {
			if (!first->code)
				*first = why;
			records->nr--;
			rc = tune_records_push(stay, record);
		} else if (stay->nr) {
			tune_records_pop(records);
		} else {
			rc = tune_journal_pop(journal, first);
		}
	}
	return rc;
}

static int keep_failed(struct tune_journal *journal, struct tune_records *stay,
		       struct rt_err *err)
{
	int rc = 0;

	while (stay->nr && rc == 0)
		rc = tune_records_push(&journal->own.records, &stay->v[--stay->nr]);
	return rc < 0 ? rt_err_set(err, rc, "a journal") : tune_journal_rewrite_own(journal, err);
}

static void look_at_one(struct tune_journal *journal, const struct tune_record *record,
			size_t keep, const struct tune_undo_report *report, struct rt_err *first)
{
	struct rt_err why = { 0 };

	if (undo_one(journal, record, keep, true, report, &why) == TUNE_FAILED && !first->code)
		*first = why;
}

static int give(const struct rt_err *first, struct rt_err *err)
{
	if (first->code && err)
		*err = *first;
	return first->code;
}

int tune_journal_undo(struct tune_journal *journal, size_t keep, bool dry_run,
		      const struct tune_undo_report *report, struct rt_err *err)
{
	struct tune_records stay = { 0 };
	struct rt_err first = { 0 };
	size_t i;
	int rc;

	if (dry_run) {
		for (i = journal->own.records.nr; i-- > keep; )
			look_at_one(journal, &journal->own.records.v[i], keep, report, &first);
		return give(&first, err);
	}
	if (journal->own.records.nr == 0)
		return tune_journal_remove_own(journal, err);
	rc = tune_journal_ready(journal, err);
	if (rc == 0)
		rc = undo_down_to(journal, keep, report, &stay, &first);
	if (rc == 0 && stay.nr)
		rc = keep_failed(journal, &stay, err);
	else if (rc == 0 && keep == 0)
		rc = tune_journal_remove_own(journal, err);
	tune_records_finish(&stay);
	return rc < 0 ? rc : give(&first, err);
}

void tune_journal_undo_ahead(struct tune_journal *journal,
			     bool (*match)(void *arg, const char *target, const char *before),
			     void *arg)
{
	struct tune_records *records = &journal->own.records;
	struct tune_journal_file *file = NULL;
	char *from;
	size_t i;

	for (i = 0; i < records->nr; i++) {
		struct tune_record *record = &records->v[i];
		const char *before = first_before(journal, record, 0);

		if (record->doubtful || later_holder(journal, record, &file) ||
		    !match(arg, record->target, before))
			continue;
		from = NULL;
		record->ahead = restore(journal, record, before, &from, false, NULL) ==
				TUNE_RESTORED;
		free(from);
	}
}

void tune_journal_pass_on(struct tune_journal *journal, enum tune_knob_kind kind,
			  const char *target, const char *was, const char *to)
{
	struct tune_journal_file *file = NULL;
	struct tune_record *other = of_others(journal, kind, target, 0, &file);

	if (other && tune_knob_equal(kind, other->before, was))
		hand_over(journal, to, other, file, NULL);
}
