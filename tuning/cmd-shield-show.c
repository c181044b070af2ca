/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-shield-show.c - what shield prints
 */
#include "tuning/cmd-shield-show.h"

#include <errno.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "lib/table.h"
#include "tuning/shield-note.h"
#include "tuning/shield.h"
#include "tuning/topo.h"

#define LIST_MAX 4096

enum { CPU_NUMBER, CPU_STATE, CPU_IRQ, CPU_LOC, CPU_PROC, NR_CPU };

static const struct rt_column cpu_columns[] = {
	[CPU_NUMBER] = { "CPU", "cpu", RT_COL_NUMBER, "its number" },
	[CPU_STATE] = { "STATE", "state", RT_COL_STRING, "up or down" },
	[CPU_IRQ] = { "IRQS", "irq", RT_COL_BOOL, "shielded from devices' interrupts" },
	[CPU_LOC] = { "LTMRS", "loc", RT_COL_BOOL, "shielded from the local timer" },
	[CPU_PROC] = { "PROCS", "proc", RT_COL_BOOL, "shielded from processes" },
};

enum { LEFT_CPUS, LEFT_WHAT, LEFT_NUMBER, LEFT_NAME, LEFT_WHY, NR_LEFT };

static const struct rt_column left_columns[] = {
	[LEFT_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "shielded ones that it may use" },
	[LEFT_WHAT] = { "WHAT", "what", RT_COL_STRING, "task or interrupt" },
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
	const struct tune_left *left;
	char list[LIST_MAX];

	for (left = lefts->v; left < lefts->v + lefts->nr; left++) {
		rt_table_row(table);
		rt_cpuset_format(&left->cpus, list, sizeof(list));
		rt_table_str(table, LEFT_CPUS, list);
		rt_table_str(table, LEFT_WHAT, left->irq ? "interrupt" : "task");
		rt_table_i64(table, LEFT_NUMBER, left->number);
		rt_table_str(table, LEFT_NAME, left->name);
		rt_table_str(table, LEFT_WHY, left->why);
	}
}

static int print_json(const struct tune_shield *shield, const struct rt_table *cpus,
		      const struct rt_table *left, struct rt_err *err)
{
	bool tasks = !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]);
	int rc;

	if (tasks)
		printf("{\"tier\":\"%s\",\n\"cpus\":", tune_tier_word(shield->tier));
	else
		printf("{\"tier\":null,\n\"cpus\":");
	rc = rt_table_print_json(cpus, stdout, err);
	printf(",\"left\":");
	if (rc == 0)
		rc = rt_table_print_json(left, stdout, err);
	printf("}\n");
	return rc;
}

static int print_text(const struct tune_shield *shield, const struct rt_table *cpus,
		      const struct rt_table *left, bool any_left, struct rt_err *err)
{
	int rc = rt_table_print(cpus, stdout, err);

	if (rc < 0 || tune_shield_is_empty(shield))
		return rc;
	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		printf("\ntasks are kept off by means of: %s\n", tune_tier_word(shield->tier));
	printf("\nwhat remains on them:%s\n", any_left ? "" : " nothing");
	return any_left ? rt_table_print(left, stdout, err) : 0;
}

int tune_shield_show(const struct rt_root *root, bool json, struct rt_err *err)
{
	struct rt_table *cpus = NULL, *left = NULL;
	struct tune_lefts lefts = { 0 };
	struct tune_shield shield;
	struct tune_topo *topo;
	int rc;

	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	rc = tune_shield_current(&shield, root, err);
	if (rc == 0)
		rc = tune_shield_left(&lefts, root, &shield, err);
	if (rc == 0 && (rt_table_create(&cpus, cpu_columns, NR_CPU) < 0 ||
			rt_table_create(&left, left_columns, NR_LEFT) < 0))
		rc = rt_err_set(err, -ENOMEM, "the tables");
	if (rc == 0) {
		fill_cpus(cpus, topo, &shield);
		fill_left(left, &lefts);
		rc = json ? print_json(&shield, cpus, left, err) :
		     print_text(&shield, cpus, left, lefts.nr > 0, err);
	}
	rt_table_destroy(cpus);
	rt_table_destroy(left);
	tune_lefts_finish(&lefts);
	tune_topo_destroy(topo);
	return rc;
}
