/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * affinity.h - what irq-affinity and task-affinity share: "--set FROM=TO", the
 * choice of columns, changes through a journal, and taking them back
 *
 * Failures of what a person typed are rt_usage()'s.
 */
#ifndef TUNE_AFFINITY_H
#define TUNE_AFFINITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"
#include "lib/table.h"
#include "tuning/journal.h"

struct rt_err;
struct rt_root;
struct rt_strv;
struct tune_topo;

struct tune_move {
	struct rt_cpuset from, to;
};

#define TUNE_MOVES_MAX 64

struct tune_moves {
	struct tune_move v[TUNE_MOVES_MAX];
	size_t n;
};

/* A CPUSET that is not empty, of CPUs that this machine has; @option is for the message. */
int tune_affinity_cpus(struct rt_cpuset *ret, const struct tune_topo *topo, const char *option,
		       const char *text, struct rt_err *err);

/* Each of @words is FROM=TO; a TO needs a CPU that is online. */
int tune_moves_parse(struct tune_moves *ret, const struct tune_topo *topo,
		     const struct rt_strv *words, struct rt_err *err);

/**
 * tune_moves_apply() - where may something go that may go to @before now?
 *
 * Where @before has CPUs of a FROM, these leave it and those of its TO come; all
 * moves look at @before, so that two sets can change places.
 * Return: false where @before has no CPU of any FROM.
 */
bool tune_moves_apply(const struct tune_moves *moves, const struct rt_cpuset *before,
		      struct rt_cpuset *ret);

#define TUNE_COLUMNS_MAX 16

/* The columns that were chosen, and where those of the whole list are among them. */
struct tune_columns {
	struct rt_column v[TUNE_COLUMNS_MAX];
	unsigned int n;
	/* UINT_MAX: not chosen; a table drops such a cell */
	unsigned int at[TUNE_COLUMNS_MAX];
};

/* @text: keys with commas between them, or NULL for the first @usual of @all. */
int tune_columns_pick(struct tune_columns *ret, const struct rt_column *all, unsigned int nr,
		      unsigned int usual, const char *text, struct rt_err *err);

/* Prints and destroys. */
int tune_affinity_print(struct rt_table *table, bool json, struct rt_err *err);

/* --interval: at least this. */
#define TUNE_AFFINITY_LEAST_NS	100000000ull
#define TUNE_AFFINITY_ONCE	UINT64_MAX	/* no --interval */

/*
 * Calls @show, which reads anew and prints; with an interval again and again, away from CPUs
 * that are set aside, until it fails or SIGINT or SIGTERM comes.
 */
int tune_affinity_repeat(uint64_t interval_ns, bool json,
			 int (*show)(void *arg, struct rt_err *err), void *arg,
			 struct rt_err *err);

/* A set as a cell: "0-3,8", cut where it is very long. */
void tune_affinity_cell(struct rt_table *table, unsigned int column, const struct rt_cpuset *set);

/*
 * Makes the changes of a plan, in the journal @name; its note becomes @note.  Where it fails,
 * or all were refused, the journal is as it was.
 */
int tune_affinity_apply(const struct rt_root *root, const char *name, const char *note,
			struct tune_plan *plan, struct rt_err *err);

/* Takes back all that is in the journal @name, if any, and prints each; 1 where something stays. */
int tune_affinity_undo(const struct rt_root *root, const char *name, bool dry_run, bool json,
		       struct rt_err *err);

#endif /* TUNE_AFFINITY_H */
