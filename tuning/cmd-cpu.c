/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-cpu.c - kvmrt-cpu: where each CPU is, whether it is up, and taking it down
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "lib/table.h"
#include "lib/text.h"
#include "tuning/journal.h"
#include "tuning/online.h"
#include "tuning/shield-note.h"
#include "tuning/topo.h"

#define JOURNAL		"cpu"
#define LIST_MAX	4096

static const char *down, *up, *siblings_down, *siblings_up, *root_path;
static bool caches, undo, force, dry_run, json;

static const struct rt_opt cpu_opts[] = {
	RT_STRING('d', "down", &down, "CPUS", "take these CPUs down"),
	RT_STRING('u', "up", &up, "CPUS", "bring these CPUs up"),
	RT_STRING('s', "siblings-down", &siblings_down, "CPUS",
		  "take the other threads of these CPUs' cores down"),
	RT_STRING('S', "siblings-up", &siblings_up, "CPUS",
		  "bring the other threads of these CPUs' cores up"),
	RT_BOOL(0, "undo", &undo, "bring all to the state before the first change"),
	RT_BOOL(0, "force", &force, "take down CPUs that a partition holds, too"),
	RT_BOOL('c', "caches", &caches, "show the caches"),
	RT_BOOL('n', "dry-run", &dry_run, "print the changes and what they disturb, make none"),
	RT_BOOL(0, "json", &json, "print JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "the host's files are below DIR"),
	RT_END
};

/* ---- showing ---- */

enum {
	COL_CPU, COL_CHIP, COL_CORE, COL_THREAD, COL_SIBLINGS, COL_STATE, COL_SHIELD, NR_PLAIN,
	COL_L1 = NR_PLAIN, COL_L2, COL_L3, NR_COLS
};

static const struct rt_column columns[] = {
	[COL_CPU] = { "CPU", "cpu", RT_COL_NUMBER, "its number" },
	[COL_CHIP] = { "CHIP", "chip", RT_COL_NUMBER, "package" },
	[COL_CORE] = { "CORE", "core", RT_COL_NUMBER, "counted over all chips" },
	[COL_THREAD] = { "THREAD", "thread", RT_COL_NUMBER, "which of its core's" },
	[COL_SIBLINGS] = { "SIBLINGS", "siblings", RT_COL_STRING, "other threads of its core" },
	[COL_STATE] = { "STATE", "state", RT_COL_STRING, "up or down" },
	[COL_SHIELD] = { "SHIELD", "shield", RT_COL_STRING, "from what it is shielded" },
	[COL_L1] = { "L1", "l1", RT_COL_STRING, "cache, and who shares it" },
	[COL_L2] = { "L2", "l2", RT_COL_STRING, "cache, and who shares it" },
	[COL_L3] = { "L3", "l3", RT_COL_STRING, "cache, and who shares it" },
};

static void fill_shield(struct rt_table *table, const struct tune_shield *shield, unsigned int cpu)
{
	char text[32] = "";
	int kind;

	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
		if (rt_cpuset_has(&shield->cpus[kind], cpu))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] ? "," : "", tune_shield_word(kind));
	rt_table_str(table, COL_SHIELD, text[0] ? text : NULL);
}

static void fill_caches(struct rt_table *table, const struct tune_topo *topo,
			const struct tune_cpu *cpu)
{
	static const enum tune_level levels[] = { TUNE_L1, TUNE_L2, TUNE_L3 };
	char list[LIST_MAX], size[32];
	const struct tune_group *cache;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		cache = tune_topo_group(topo, levels[i], cpu->in[levels[i]]);
		if (!cache)
			continue;
		rt_cpuset_format(&cache->cpus, list, sizeof(list));
		rt_table_printf(table, COL_L1 + i, "%s: %s",
				rt_format_size(cache->bytes, size, sizeof(size)), list);
	}
}

static void fill_cpu(struct rt_table *table, const struct tune_topo *topo,
		     const struct tune_cpu *cpu, const struct tune_shield *shield)
{
	struct rt_cpuset core = tune_topo_siblings(topo, cpu->number);
	unsigned int thread = 0;
	char list[LIST_MAX];

	rt_cpuset_for_each(other, &core)
		thread += (unsigned int)other < cpu->number;
	rt_cpuset_remove(&core, cpu->number);
	rt_table_row(table);
	rt_table_u64(table, COL_CPU, cpu->number);
	if (cpu->in[TUNE_PACKAGE] != TUNE_NONE)
		rt_table_i64(table, COL_CHIP, cpu->in[TUNE_PACKAGE]);
	if (cpu->in[TUNE_CORE] != TUNE_NONE) {
		rt_table_i64(table, COL_CORE, cpu->in[TUNE_CORE]);
		rt_table_u64(table, COL_THREAD, thread);
	}
	rt_cpuset_format(&core, list, sizeof(list));
	rt_table_str(table, COL_SIBLINGS, list[0] ? list : NULL);
	rt_table_str(table, COL_STATE, cpu->online ? "up" : "down");
	fill_shield(table, shield, cpu->number);
	if (caches)
		fill_caches(table, topo, cpu);
}

static int show(const struct rt_root *root, const struct tune_topo *topo, struct rt_err *err)
{
	struct tune_shield shield;
	struct rt_table *table;
	unsigned int i;
	int rc;

	rc = tune_shield_current(&shield, root, err);
	if (rc < 0)
		return rc;
	rc = rt_table_create(&table, columns, caches ? NR_COLS : NR_PLAIN);
	if (rc < 0)
		return rt_err_set(err, rc, "the table");
	for (i = 0; i < topo->nr_cpus; i++)
		fill_cpu(table, topo, &topo->cpus[i], &shield);
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

/* ---- changing ---- */

static int resolve(struct rt_cpuset *ret, const struct tune_topo *topo, const char *option,
		   const char *text, bool siblings, struct rt_err *err)
{
	struct rt_cpuset named;
	int rc;

	rc = tune_cpuset_resolve(&named, topo, text, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s", option);
	if (rt_cpuset_empty(&named))
		return rt_err_say(err, -EINVAL, "%s: expected a set of CPUs, found none in \"%s\"",
				  option, text);
	if (!siblings) {
		rt_cpuset_or(ret, &named);
		return 0;
	}
	rt_cpuset_for_each(cpu, &named) {
		struct rt_cpuset core = tune_topo_siblings(topo, cpu);

		rt_cpuset_minus(&core, &named);
		rt_cpuset_or(ret, &core);
	}
	return 0;
}

/* The core of a CPU that went down before we wrote it down may be any that has one thread. */
static int check_known(const struct tune_topo *topo, const char *text, struct rt_err *err)
{
	struct rt_cpuset named, unknown = { { 0 } }, core;
	char list[LIST_MAX];
	unsigned int i;
	int rc;

	rc = tune_cpuset_resolve(&named, topo, text, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < topo->nr_cpus; i++)
		if (topo->cpus[i].in[TUNE_CORE] == TUNE_NONE)
			rt_cpuset_add(&unknown, topo->cpus[i].number);
	if (rt_cpuset_empty(&unknown))
		return 0;
	rt_cpuset_format(&unknown, list, sizeof(list));
	rt_cpuset_for_each(cpu, &named) {
		core = tune_topo_siblings(topo, cpu);
		if (rt_cpuset_count(&core) < 2)
			return rt_err_say(err, -EINVAL, "which thread shares the core of CPU %d "
					  "is not known: CPUs %s are down, and the kernel does not "
					  "tell their cores; --up brings them up", cpu, list);
	}
	return 0;
}

/* Siblings that are known come up all the same, or are up; it is a failure where none is known. */
static int add_siblings_up(struct rt_cpuset *ret, const struct tune_topo *topo,
			   struct rt_err *err)
{
	struct rt_cpuset known = { { 0 } };
	struct rt_err why = { 0 };
	int rc;

	rc = resolve(&known, topo, "--siblings-up", siblings_up, true, err);
	if (rc < 0)
		return rc;
	rt_cpuset_or(ret, &known);
	rc = check_known(topo, siblings_up, &why);
	if (rc < 0 && rt_cpuset_empty(&known)) {
		*err = why;
		return rc;
	}
	if (rc < 0)
		fprintf(stderr, "kvmrt-cpu: note: %s\n", why.text);
	return 0;
}

static int find_sets(struct rt_cpuset *ret_down, struct rt_cpuset *ret_up,
		     const struct tune_topo *topo, struct rt_err *err)
{
	char list[LIST_MAX];
	int rc = 0;

	*ret_down = *ret_up = (struct rt_cpuset){ { 0 } };
	if (down)
		rc = resolve(ret_down, topo, "--down", down, false, err);
	if (rc == 0 && siblings_down)
		rc = resolve(ret_down, topo, "--siblings-down", siblings_down, true, err);
	if (rc == 0 && up)
		rc = resolve(ret_up, topo, "--up", up, false, err);
	if (rc == 0 && siblings_up)
		rc = add_siblings_up(ret_up, topo, err);
	if (rc < 0 || !rt_cpuset_overlaps(ret_down, ret_up))
		return rc;
	rt_cpuset_and(ret_down, ret_up);
	rt_cpuset_format(ret_down, list, sizeof(list));
	return rt_err_say(err, -EINVAL, "CPUs %s are to go down and to come up", list);
}

static void print_plan(const struct tune_plan *plan)
{
	struct rt_buf buf = { 0 };
	struct rt_json to = { .buf = &buf };

	if (!json) {
		tune_plan_print(plan, stdout);
		return;
	}
	tune_plan_json(plan, &to);
	puts(rt_buf_str(&buf) ? buf.data : "[]");
	rt_buf_finish(&buf);
}

static int apply(const struct rt_root *root, const struct tune_topo *topo,
		 struct tune_plan *plan, struct rt_err *err)
{
	struct tune_journal *journal;
	int rc;

	rc = tune_journal_open(&journal, root, JOURNAL, err);
	if (rc < 0)
		return rc;
	/* a kernel forgets the core of a CPU that is down */
	rc = tune_topo_remember(topo, root, err);
	if (rc == 0)
		rc = tune_journal_apply(journal, plan, err);
	if (rc == 0)
		rc = tune_journal_complete(journal, err);
	tune_journal_close(journal);
	return rc;
}

static int change(const struct rt_root *root, const struct tune_topo *topo, struct rt_err *err)
{
	struct tune_plan plan = { .root = root };
	struct rt_cpuset going_down, coming_up;
	int rc;

	rc = find_sets(&going_down, &coming_up, topo, err);
	if (rc == 0)
		rc = tune_online_plan_up(&plan, &coming_up, err);
	if (rc == 0)
		rc = tune_online_plan_down(&plan, &going_down, force, err);
	if (rc == 0 && dry_run)
		print_plan(&plan);
	else if (rc == 0 && plan.nr)
		rc = apply(root, topo, &plan, err);
	tune_plan_finish(&plan);
	return rc;
}

static int take_back(const struct rt_root *root, struct rt_err *err)
{
	struct tune_journal *journal;
	int rc;

	rc = tune_journal_open(&journal, root, JOURNAL, err);
	if (rc < 0)
		return rc;
	rc = tune_journal_undo(journal, 0, false, NULL, err);
	tune_journal_close(journal);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	bool changes = down || up || siblings_down || siblings_up;
	struct tune_topo *topo = NULL;
	struct rt_root root;
	int rc;

	(void)argc;
	(void)argv;
	if (undo && (changes || dry_run))
		return rt_usage(err, "--undo goes with no other change; \"kvmrt-undo --dry-run "
				"cpu\" shows what it would do");
	if (dry_run && !changes)
		return rt_usage(err, "--dry-run goes with CPUs to take down or bring up");
	if (force && !down && !siblings_down)
		return rt_usage(err, "--force goes with CPUs to take down");
	if (caches && (changes || undo))
		return rt_usage(err, "--caches goes with no change");
	if (json && !dry_run && (changes || undo))
		return rt_usage(err, "--json goes with showing, or with --dry-run");
	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	if (undo)
		rc = take_back(&root, err);
	else
		rc = tune_topo_load(&topo, &root, err);
	if (rc == 0 && !undo)
		rc = changes ? change(&root, topo, err) : show(&root, topo, err);
	tune_topo_destroy(topo);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd cpu_cmd = {
	.name = "kvmrt-cpu",
	.summary = "show where each CPU is, and take CPUs down or bring them up",
	.synopsis = "[options]",
	.details = "CPUS: numbers and ranges, \"c0-3\" cores, \"n1\" nodes, \"~\" all others.",
	.opts = cpu_opts,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&cpu_cmd, argc, argv);
}
