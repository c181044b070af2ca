/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-undo.c - kvmrt-undo: what our commands changed on this host is put back, also
 * after one of them was killed
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/table.h"
#include "lib/text.h"
#include "tuning/shield.h"

static bool all, list, dry_run, json;
static const char *root_path;

static const struct rt_opt undo_opts[] = {
	RT_BOOL('a', "all", &all, "undo all journals, those of finished commands too"),
	RT_BOOL('l', "list", &list, "list the journals, and undo nothing"),
	RT_BOOL('n', "dry-run", &dry_run, "show what would be put back, and do nothing"),
	RT_BOOL(0, "json", &json, "print JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "the host's files are below DIR"),
	RT_END
};

/* ---- the list ---- */

enum { LIST_NAME, LIST_CHANGES, LIST_STATE, LIST_NOTE, NR_LIST };

static const struct rt_column list_columns[] = {
	[LIST_NAME] = { "JOURNAL", "journal", RT_COL_STRING, "whose changes" },
	[LIST_CHANGES] = { "CHANGES", "changes", RT_COL_NUMBER, "how many can be undone" },
	[LIST_STATE] = { "STATE", "state", RT_COL_STRING,
			 "complete, stopped half-way, or unreadable" },
	[LIST_NOTE] = { "NOTE", "note", RT_COL_STRING, "what was asked for" },
};

static int print(const struct rt_table *table, struct rt_err *err)
{
	return json ? rt_table_print_json(table, stdout, err) :
	       rt_table_print(table, stdout, err);
}

/* A failure of one journal, where there may be more; the same of all is told once. */
static void complain(struct rt_err *why)
{
	static char last[RT_ERR_MAX];

	rt_make_printable(why->text);
	if (strcmp(last, why->text) != 0)
		fprintf(stderr, "kvmrt-undo: %s\n", why->text);
	snprintf(last, sizeof(last), "%s", why->text);
}

/* Return: 0, or 1 where it cannot be read. */
static int list_one(struct rt_table *table, const struct rt_root *root, const char *name)
{
	struct tune_journal *journal;
	struct rt_err why = { 0 };

	rt_table_row(table);
	rt_table_str(table, LIST_NAME, name);
	if (tune_journal_look(&journal, root, name, &why) < 0) {
		rt_table_str(table, LIST_STATE, "unreadable");
		complain(&why);
		return 1;
	}
	rt_table_u64(table, LIST_CHANGES, tune_journal_size(journal));
	rt_table_str(table, LIST_STATE,
		     tune_journal_is_complete(journal) ? "complete" : "incomplete");
	if (tune_journal_note(journal)[0])
		rt_table_str(table, LIST_NOTE, tune_journal_note(journal));
	tune_journal_close(journal);
	return 0;
}

static int list_all(const struct rt_root *root, char **names, size_t nr, struct rt_err *err)
{
	struct rt_table *table;
	int rc, unread = 0;
	size_t i;

	rc = rt_table_create(&table, list_columns, NR_LIST);
	if (rc < 0)
		return rt_err_set(err, rc, "the list");
	for (i = 0; i < nr; i++)
		unread |= list_one(table, root, names[i]);
	rc = print(table, err);
	rt_table_destroy(table);
	return rc < 0 ? rc : unread;
}

/* ---- undoing ---- */

enum { COL_JOURNAL, COL_KNOB, COL_FROM, COL_TO, COL_RESULT, COL_WHY, NR_COLS };

static const struct rt_column columns[] = {
	[COL_JOURNAL] = { "JOURNAL", "journal", RT_COL_STRING, "whose change" },
	[COL_KNOB] = { "KNOB", "knob", RT_COL_STRING, "what was set" },
	[COL_FROM] = { "FROM", "from", RT_COL_STRING, "as it was found" },
	[COL_TO] = { "TO", "to", RT_COL_STRING, "as it was before the change" },
	[COL_RESULT] = { "RESULT", "result", RT_COL_STRING, "what was done" },
	[COL_WHY] = { "WHY", "why", RT_COL_STRING, "why not" },
};

static const char *const results[] = {
	[TUNE_RESTORED] = "restored",
	[TUNE_UNCHANGED] = "as before",
	[TUNE_ENDED] = "gone",
	[TUNE_LEFT] = "left to a later journal",
	[TUNE_FAILED] = "failed",
};

struct told {
	struct rt_table *table;
	const struct rt_root *root;
	const char *journal;
};

static void tell(void *arg, enum tune_knob_kind kind, const char *target, const char *from,
		 const char *to, enum tune_undone what, const char *why)
{
	struct told *told = arg;
	char name[TUNE_TARGET_MAX + 32];

	rt_table_row(told->table);
	rt_table_str(told->table, COL_JOURNAL, told->journal);
	rt_table_str(told->table, COL_KNOB,
		     tune_knob_name(name, sizeof(name), told->root, kind, target));
	rt_table_str(told->table, COL_FROM, from && !from[0] ? "\"\"" : from);
	rt_table_str(told->table, COL_TO, to[0] ? to : "\"\"");
	rt_table_str(told->table, COL_RESULT,
		     dry_run && what == TUNE_RESTORED ? "planned" : results[what]);
	rt_table_str(told->table, COL_WHY, why);
}

static int undo_one(struct told *told, bool named, struct rt_err *err)
{
	const struct tune_undo_report report = { .each = tell, .arg = told };
	struct tune_journal *journal;
	int rc;

	rc = dry_run ? tune_journal_look(&journal, told->root, told->journal, err) :
	     tune_journal_open(&journal, told->root, told->journal, err);
	if (rc < 0)
		return rc;
	if (named || all || !tune_journal_is_complete(journal))
		rc = dry_run ? tune_journal_undo(journal, 0, true, &report, err) :
		     tune_shield_undo(journal, &report, err);
	tune_journal_close(journal);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", told->journal) : 0;
}

static bool is_one_of(const char *name, char **names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* All are tried, and each failure is told.  Return: an exit status. */
static int undo_each(struct told *told, char **names, size_t nr, bool named)
{
	int rc, status, worst = 0;
	struct rt_err why;
	size_t i;

	for (i = 0; i < nr; i++) {
		why = (struct rt_err){ 0 };
		told->journal = names[i];
		rc = undo_one(told, named, &why);
		if (rc < 0)
			complain(&why);
		status = rc == RT_ECANNOT ? 3 : rc < 0;
		worst = status > worst ? status : worst;
	}
	return worst;
}

static int undo(const struct rt_root *root, char **names, size_t nr, bool named,
		struct rt_err *err)
{
	struct told told = { .root = root };
	int rc, status;

	rc = rt_table_create(&told.table, columns, NR_COLS);
	if (rc < 0)
		return rt_err_set(err, rc, "the table");
	status = undo_each(&told, names, nr, named);
	rc = print(told.table, err);
	rt_table_destroy(told.table);
	return rc < 0 ? rc : status;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct rt_root root;
	char **names;
	size_t nr;
	int rc, i;

	if (list && (all || dry_run || argc))
		return rt_usage(err, "--list goes with no other choice");
	if (all && argc)
		return rt_usage(err, "expected --all or names, found both");
	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	rc = tune_journal_list(&names, &nr, &root, err);
	if (rc < 0)
		goto out_root;
	for (i = 0; i < argc && rc == 0; i++)
		if (!is_one_of(argv[i], names, nr))
			rc = rt_err_say(err, -ENOENT, "no journal \"%s\" in %s/" TUNE_JOURNAL_DIR,
					argv[i], root.path);
	if (rc == 0)
		rc = list ? list_all(&root, names, nr, err) :
		     undo(&root, argc ? argv : names, argc ? (size_t)argc : nr, argc > 0, err);
	tune_journal_list_free(names, nr);
out_root:
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd undo_cmd = {
	.name = "kvmrt-undo",
	.summary = "put back what our commands changed on this host",
	.synopsis = "[options] [JOURNAL...]",
	.details = "Without a JOURNAL: what a command that was killed has left half done.",
	.opts = undo_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&undo_cmd, argc, argv);
}
