/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * affinity.c - what irq-affinity and task-affinity share
 */
#include "tuning/affinity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/pace.h"
#include "tuning/topo.h"

#define CELL_MAX 4096

/* ---- sets and moves ---- */

int tune_affinity_cpus(struct rt_cpuset *ret, const struct tune_topo *topo, const char *option,
		       const char *text, struct rt_err *err)
{
	struct rt_err why = { 0 };
	struct rt_cpuset set;

	if (tune_cpuset_resolve(&set, topo, text, &why) < 0)
		return rt_usage(err, "%s: %s", option, why.text);
	if (rt_cpuset_empty(&set))
		return rt_usage(err, "%s: expected CPUs, found the empty set \"%s\"", option, text);
	*ret = set;
	return 0;
}

static int parse_move(struct tune_move *ret, const struct tune_topo *topo, const char *word,
		      struct rt_err *err)
{
	const char *equal = strchr(word, '=');
	char from[512];
	int rc;

	if (!equal || (size_t)(equal - word) >= sizeof(from))
		return rt_usage(err, "--set: expected FROM=TO, found \"%.64s\"", word);
	memcpy(from, word, (size_t)(equal - word));
	from[equal - word] = '\0';
	rc = tune_affinity_cpus(&ret->from, topo, "--set", from, err);
	if (rc == 0)
		rc = tune_affinity_cpus(&ret->to, topo, "--set", equal + 1, err);
	if (rc == 0 && !rt_cpuset_overlaps(&ret->to, &topo->online))
		rc = rt_usage(err, "--set: no CPU of \"%s\" is online", equal + 1);
	return rc;
}

int tune_moves_parse(struct tune_moves *ret, const struct tune_topo *topo,
		     const struct rt_strv *words, struct rt_err *err)
{
	size_t i;
	int rc;

	if (words->n > TUNE_MOVES_MAX)
		return rt_usage(err, "--set: expected at most %d moves, found %zu", TUNE_MOVES_MAX,
				words->n);
	for (i = 0; i < words->n; i++) {
		rc = parse_move(&ret->v[i], topo, words->v[i], err);
		if (rc < 0)
			return rc;
	}
	ret->n = words->n;
	return 0;
}

bool tune_moves_apply(const struct tune_moves *moves, const struct rt_cpuset *before,
		      struct rt_cpuset *ret)
{
	struct rt_cpuset add = { 0 };
	bool any = false;
	size_t i;

	*ret = *before;
	for (i = 0; i < moves->n; i++) {
		if (!rt_cpuset_overlaps(before, &moves->v[i].from))
			continue;
		any = true;
		rt_cpuset_minus(ret, &moves->v[i].from);
		rt_cpuset_or(&add, &moves->v[i].to);
	}
	rt_cpuset_or(ret, &add);
	return any;
}

/* ---- columns and cells ---- */

static int add_column(struct tune_columns *ret, const struct rt_column *all, unsigned int i)
{
	if (ret->at[i] != UINT_MAX)
		return -EEXIST;
	ret->at[i] = ret->n;
	ret->v[ret->n++] = all[i];
	return 0;
}

static int pick_word(struct tune_columns *ret, const struct rt_column *all, unsigned int nr,
		     const char *word, size_t len, struct rt_err *err)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (strlen(all[i].key) != len || strncmp(all[i].key, word, len) != 0)
			continue;
		if (add_column(ret, all, i) < 0)
			return rt_usage(err, "--columns: \"%s\" stands there twice", all[i].key);
		return 0;
	}
	return rt_usage(err, "--columns: no column is named \"%.*s\"", (int)len, word);
}

int tune_columns_pick(struct tune_columns *ret, const struct rt_column *all, unsigned int nr,
		      unsigned int usual, const char *text, struct rt_err *err)
{
	unsigned int i;
	size_t len;
	int rc;

	ret->n = 0;
	for (i = 0; i < TUNE_COLUMNS_MAX; i++)
		ret->at[i] = UINT_MAX;
	for (i = 0; !text && i < usual; i++)
		add_column(ret, all, i);
	for (; text; text = text[len] ? text + len + 1 : NULL) {
		len = strcspn(text, ",");
		rc = pick_word(ret, all, nr, text, len, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int tune_affinity_print(struct rt_table *table, bool json, struct rt_err *err)
{
	int rc = json ? rt_table_print_json(table, stdout, err) :
		 rt_table_print(table, stdout, err);

	rt_table_destroy(table);
	return rc;
}

int tune_affinity_repeat(uint64_t interval_ns, bool json,
			 int (*show)(void *arg, struct rt_err *err), void *arg,
			 struct rt_err *err)
{
	struct tune_pace pace;
	int rc;

	if (interval_ns == TUNE_AFFINITY_ONCE)
		return show(arg, err);
	if (interval_ns < TUNE_AFFINITY_LEAST_NS)
		return rt_usage(err, "--interval: expected at least 100ms");
	rc = tune_stay_off(err);
	tune_pace_start(&pace, interval_ns);
	while (rc == 0) {
		rc = show(arg, err);
		if (rc == 0 && fflush(stdout) != 0)
			rc = rt_err_set(err, -errno, "cannot write");
		if (rc < 0 || !tune_pace_wait(&pace))
			break;
		fputs(json ? "" : "\n", stdout);
	}
	return rc;
}

void tune_affinity_cell(struct rt_table *table, unsigned int column, const struct rt_cpuset *set)
{
	char text[CELL_MAX];

	if (rt_cpuset_format(set, text, sizeof(text)) == 0)
		rt_table_str(table, column, text);
	else
		rt_table_printf(table, column, "%u CPUs", rt_cpuset_count(set));
}

/* ---- changing, and taking back ---- */

/* Where nothing was made, whether the journal is that of a finished command is as before. */
static int make(struct tune_journal *journal, const char *note, struct tune_plan *plan,
		struct rt_err *err)
{
	bool finished = tune_journal_is_complete(journal);
	size_t keep = tune_journal_size(journal);
	int rc;

	rc = tune_journal_set_note(journal, note, err);
	if (rc == 0)
		rc = tune_journal_apply(journal, plan, err);
	if (rc < 0 || (tune_journal_size(journal) == keep && !finished))
		return rc;
	rc = tune_journal_complete(journal, err);
	if (rc < 0)
		tune_journal_undo(journal, keep, false, NULL, NULL);
	return rc;
}

/* Of what failed, or was refused altogether, no word stays over what was done before. */
static int take_note_back(struct tune_journal *journal, const char *note, struct rt_err *err)
{
	if (tune_journal_size(journal))
		return tune_journal_set_note(journal, note, err);
	return tune_journal_undo(journal, 0, false, NULL, err);
}

int tune_affinity_apply(const struct rt_root *root, const char *name, const char *note,
			struct tune_plan *plan, struct rt_err *err)
{
	struct tune_journal *journal;
	int rc, taken_back = 0;
	size_t before;
	char *old;

	rc = tune_journal_open(&journal, root, name, err);
	if (rc < 0)
		return rc;
	before = tune_journal_size(journal);
	old = strdup(tune_journal_note(journal));
	rc = old ? make(journal, note, plan, err) : rt_err_set(err, -ENOMEM, "a note");
	if (old && tune_journal_size(journal) == before)
		taken_back = take_note_back(journal, old, rc < 0 ? NULL : err);
	free(old);
	tune_journal_close(journal);
	return rc < 0 ? rc : taken_back;
}

enum { COL_WHAT, COL_FROM, COL_TO, COL_RESULT, NR_COLS };

static const struct rt_column undo_columns[NR_COLS] = {
	[COL_WHAT] = { "WHAT", "what", RT_COL_STRING, "the setting" },
	[COL_FROM] = { "FROM", "from", RT_COL_STRING, "what it was" },
	[COL_TO] = { "TO", "to", RT_COL_STRING, "what it is now" },
	[COL_RESULT] = { "RESULT", "result", RT_COL_STRING, "what came of it" },
};

struct undoing {
	const struct rt_root *root;
	struct rt_table *table;
	bool dry_run, stays;
};

static void undone(void *arg, enum tune_knob_kind kind, const char *target, const char *from,
		   const char *to, enum tune_undone what, const char *why)
{
	static const char *const words[] = {
		[TUNE_RESTORED] = "restored", [TUNE_UNCHANGED] = "was so already",
		[TUNE_ENDED] = "has ended", [TUNE_LEFT] = "held by a later journal",
		[TUNE_FAILED] = "failed",
	};
	struct undoing *undoing = arg;
	char name[TUNE_TARGET_MAX + 64];

	undoing->stays |= what == TUNE_FAILED;
	rt_table_row(undoing->table);
	rt_table_str(undoing->table, COL_WHAT,
		     tune_knob_name(name, sizeof(name), undoing->root, kind, target));
	rt_table_str(undoing->table, COL_FROM, from);
	rt_table_str(undoing->table, COL_TO, to);
	rt_table_str(undoing->table, COL_RESULT, why ? why :
		     undoing->dry_run && what == TUNE_RESTORED ? "planned" : words[what]);
}

int tune_affinity_undo(const struct rt_root *root, const char *name, bool dry_run, bool json,
		       struct rt_err *err)
{
	struct undoing undoing = { .root = root, .dry_run = dry_run };
	const struct tune_undo_report report = { undone, &undoing };
	struct tune_journal *journal;
	int rc, printed;

	rc = dry_run ? tune_journal_look(&journal, root, name, err) :
	     tune_journal_open(&journal, root, name, err);
	if (rc < 0)
		return rc;
	if (tune_journal_size(journal) == 0)
		fprintf(stderr, "%s: nothing to undo\n", name);
	rc = rt_table_create(&undoing.table, undo_columns, NR_COLS);
	if (rc == 0)
		rc = tune_journal_undo(journal, 0, dry_run, &report, err);
	tune_journal_close(journal);
	if (!undoing.table)
		return rt_err_set(err, rc, "undo");
	printed = tune_affinity_print(undoing.table, json, rc ? NULL : err);
	return undoing.stays ? 1 : rc ? rc : printed;
}
