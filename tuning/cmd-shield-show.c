/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-shield-show.c - what shield prints
 */
#include "tuning/cmd-shield-show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "lib/table.h"
#include "tuning/shield-note.h"
#include "tuning/shield.h"
#include "tuning/topo.h"

#define LIST_MAX 4096

enum { CPU_NUMBER, CPU_STATE, CPU_IRQ, CPU_LOC, CPU_PROC, CPU_MEM, NR_CPU };

static const struct rt_column cpu_columns[] = {
	[CPU_NUMBER] = { "CPU", "cpu", RT_COL_NUMBER, "its number" },
	[CPU_STATE] = { "STATE", "state", RT_COL_STRING, "up or down" },
	[CPU_IRQ] = { "IRQS", "irq", RT_COL_BOOL, "shielded from devices' interrupts" },
	[CPU_LOC] = { "LTMRS", "loc", RT_COL_BOOL, "shielded from the local timer" },
	[CPU_PROC] = { "PROCS", "proc", RT_COL_BOOL, "shielded from processes" },
	[CPU_MEM] = { "MEM", "mem", RT_COL_BOOL, "its node's memory is kept from others" },
};

enum { OWN_NAME, OWN_IRQ, OWN_LOC, OWN_PROC, OWN_MEM, OWN_TIER, NR_OWN };

static const struct rt_column own_columns[] = {
	[OWN_NAME] = { "SHIELD", "name", RT_COL_STRING, "its name" },
	[OWN_IRQ] = { "IRQS", "irq", RT_COL_STRING, "CPUs it shields from interrupts" },
	[OWN_LOC] = { "LTMRS", "loc", RT_COL_STRING, "from the local timer" },
	[OWN_PROC] = { "PROCS", "proc", RT_COL_STRING, "from processes" },
	[OWN_MEM] = { "MEM", "mem", RT_COL_STRING, "CPUs whose nodes' memory it keeps" },
	[OWN_TIER] = { "TIER", "tier", RT_COL_STRING, "the means that keeps tasks off" },
};

enum { LEFT_CPUS, LEFT_WHAT, LEFT_NUMBER, LEFT_NAME, LEFT_WHY, NR_LEFT };

static const struct rt_column left_columns[] = {
	[LEFT_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "shielded ones that it may use" },
	[LEFT_WHAT] = { "WHAT", "what", RT_COL_STRING, "task, interrupt, or memory of a process" },
	[LEFT_NUMBER] = { "NUMBER", "number", RT_COL_NUMBER, "of the thread or interrupt" },
	[LEFT_NAME] = { "NAME", "name", RT_COL_STRING, "a task's, or an interrupt's devices" },
	[LEFT_WHY] = { "WHY", "why", RT_COL_STRING, "it is not elsewhere" },
};

static void fill_cpus(struct rt_table *table, const struct tune_topo *topo,
		      const struct tune_shield *shield)
{
	unsigned int i;
	int kind;

	for (i = 0; i < topo->nr_cpus; i++) {
		rt_table_row(table);
		rt_table_u64(table, CPU_NUMBER, topo->cpus[i].number);
		rt_table_str(table, CPU_STATE, topo->cpus[i].online ? "up" : "down");
		for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
			rt_table_bool(table, CPU_IRQ + kind,
				      rt_cpuset_has(&shield->cpus[kind], topo->cpus[i].number));
	}
}

static void fill_left(struct rt_table *table, const struct tune_lefts *lefts)
{
	static const char *const whats[] = {
		[TUNE_LEFT_TASK] = "task", [TUNE_LEFT_IRQ] = "interrupt",
		[TUNE_LEFT_MEMORY] = "memory",
	};
	const struct tune_left *left;
	char list[LIST_MAX];

	for (left = lefts->v; left < rt_array_end(lefts->v, lefts->nr); left++) {
		rt_table_row(table);
		rt_cpuset_format(&left->cpus, list, sizeof(list));
		rt_table_str(table, LEFT_CPUS, list);
		rt_table_str(table, LEFT_WHAT, whats[left->what]);
		rt_table_i64(table, LEFT_NUMBER, left->number);
		rt_table_str(table, LEFT_NAME, left->name);
		rt_table_str(table, LEFT_WHY, left->why);
	}
}

static bool has_tier(const struct tune_shield *shield)
{
	return !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]);
}

static void fill_shields(struct rt_table *table, const struct tune_shields *shields)
{
	const struct tune_shield *shield;
	char list[LIST_MAX];
	int kind;

	for (shield = shields->v; shield < rt_array_end(shields->v, shields->nr); shield++) {
		rt_table_row(table);
		rt_table_str(table, OWN_NAME, shield->name[0] ? shield->name : NULL);
		for (kind = 0; kind < TUNE_NR_SHIELDS; kind++) {
			rt_cpuset_format(&shield->cpus[kind], list, sizeof(list));
			rt_table_str(table, OWN_IRQ + kind, list[0] ? list : NULL);
		}
		if (has_tier(shield))
			rt_table_str(table, OWN_TIER, tune_tier_word(shield->tier));
	}
}

/* ---- printing ---- */

/* What is shown, all of it. */
struct picture {
	struct tune_topo *topo;
	struct tune_shields shields;
	struct tune_shield all;		/* they together */
	struct tune_lefts lefts;
	struct rt_table *cpus, *own, *left;
};

static int print_json(const struct picture *picture, struct rt_err *err)
{
	int rc;

	if (has_tier(&picture->all))
		printf("{\"tier\":\"%s\",\n\"shields\":", tune_tier_word(picture->all.tier));
	else
		printf("{\"tier\":null,\n\"shields\":");
	rc = rt_table_print_json(picture->own, stdout, err);
	printf(",\"cpus\":");
	if (rc == 0)
		rc = rt_table_print_json(picture->cpus, stdout, err);
	printf(",\"left\":");
	if (rc == 0)
		rc = rt_table_print_json(picture->left, stdout, err);
	printf("}\n");
	return rc;
}

/* One without a name is all in the table of the CPUs. */
static bool are_told_apart(const struct tune_shields *shields)
{
	return shields->nr > 1 || (shields->nr == 1 && shields->v[0].name[0]);
}

static int print_text(const struct picture *picture, struct rt_err *err)
{
	int rc = rt_table_print(picture->cpus, stdout, err);

	if (rc < 0 || tune_shield_is_empty(&picture->all))
		return rc;
	if (are_told_apart(&picture->shields)) {
		printf("\n");
		rc = rt_table_print(picture->own, stdout, err);
	} else if (has_tier(&picture->all)) {
		printf("\ntasks are kept off by means of: %s\n",
		       tune_tier_word(picture->all.tier));
	}
	printf("\nwhat remains on them:%s\n", picture->lefts.nr ? "" : " nothing");
	return rc < 0 || !picture->lefts.nr ? rc : rt_table_print(picture->left, stdout, err);
}

/* ---- looking ---- */

static int keep_named(struct tune_shields *shields, const char *name, struct rt_err *err)
{
	size_t i;

	for (i = 0; i < shields->nr; i++) {
		if (strcmp(shields->v[i].name, name) != 0)
			continue;
		shields->v[0] = shields->v[i];
		shields->nr = 1;
		return 0;
	}
	return rt_err_say(err, -ENOENT, "no shield is called \"%s\"; without --name all are shown",
			  name);
}

static int look(struct picture *picture, const struct rt_root *root, const char *name,
		struct rt_err *err)
{
	int rc;

	rc = tune_topo_load(&picture->topo, root, err);
	if (rc == 0)
		rc = tune_shields_read(&picture->shields, root, err);
	if (rc == 0 && name)
		rc = keep_named(&picture->shields, name, err);
	if (rc < 0)
		return rc;
	picture->all = tune_shields_together(&picture->shields);
	rc = tune_shield_left(&picture->lefts, root, &picture->all, err);
	if (rc == 0 && (rt_table_create(&picture->cpus, cpu_columns, NR_CPU) < 0 ||
			rt_table_create(&picture->own, own_columns, NR_OWN) < 0 ||
			rt_table_create(&picture->left, left_columns, NR_LEFT) < 0))
		rc = rt_err_set(err, -ENOMEM, "the tables");
	return rc;
}

int tune_shield_show(const struct rt_root *root, const char *name, bool json,
		     struct rt_err *err)
{
	struct picture picture = { 0 };
	int rc;

	rc = look(&picture, root, name, err);
	if (rc == 0) {
		fill_cpus(picture.cpus, picture.topo, &picture.all);
		fill_shields(picture.own, &picture.shields);
		fill_left(picture.left, &picture.lefts);
		rc = json ? print_json(&picture, err) : print_text(&picture, err);
	}
	rt_table_destroy(picture.cpus);
	rt_table_destroy(picture.own);
	rt_table_destroy(picture.left);
	tune_lefts_finish(&picture.lefts);
	tune_shields_finish(&picture.shields);
	tune_topo_destroy(picture.topo);
	return rc;
}
