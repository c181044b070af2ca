/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-irq-affinity.c - irq-affinity: where interrupts go, and moving them
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/affinity.h"
#include "tuning/irqs.h"
#include "tuning/persist.h"
#include "tuning/topo.h"

#define JOURNAL "irq-affinity"

static struct rt_strv sets;
static const char *cpus_text, *columns_text, *root_path;
static uint64_t interval_ns = TUNE_AFFINITY_ONCE;
static bool dry_run, persist, undo, json;

static const struct rt_opt irq_opts[] = {
	RT_LIST('s', "set", &sets, "FROM=TO",
		"move interrupts from the CPUs FROM to the CPUs TO"),
	RT_STRING('c', "cpus", &cpus_text, "CPUSET", "only those that may arrive on these CPUs"),
	RT_STRING('o', "columns", &columns_text, "LIST",
		  "columns: irq,cpus,effective,move,count,device,name (page: more)"),
	RT_TIME('i', "interval", &interval_ns, "SECONDS", "show them again every SECONDS"),
	RT_BOOL('n', "dry-run", &dry_run, "tell what would be done, and change nothing"),
	RT_BOOL(0, "persist", &persist, "with --set: at each boot too, by the shield service"),
	RT_BOOL('u', "undo", &undo, "take back all that this command has moved"),
	RT_BOOL(0, "json", &json, "print JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "find /proc, /sys, /run and /etc below DIR"),
	RT_END
};

/* What a run works on. */
struct state {
	struct rt_root root;
	struct tune_topo *topo;
	struct tune_irqs irqs;
	bool *chosen;		/* of each of irqs */
	char **words;
	int nr_words;
	bool shown;		/* once: what was named may end from then on */
};

/* ---- choosing ---- */

static int unknown(const struct state *s, const char *word, struct rt_err *err)
{
	const char *near = tune_irqs_near(&s->irqs, true, word);

	return rt_err_say(err, -ENOENT, "no interrupt has the number, name, device or interface "
			  "\"%s\"%s%s%s", word, near ? "; is \"" : "", near ? near : "",
			  near ? "\" meant?" : "");
}

static int choose(struct state *s, struct rt_err *err)
{
	struct rt_cpuset cpus;
	size_t i;
	int word, rc;

	s->chosen = calloc(s->irqs.n + 1, sizeof(*s->chosen));
	if (!s->chosen)
		return rt_err_set(err, -ENOMEM, "%zu interrupts", s->irqs.n);
	for (i = 0; i < s->irqs.n; i++)
		s->chosen[i] = s->nr_words == 0 && s->irqs.v[i].number >= 0;
	for (word = 0; word < s->nr_words; word++) {
		bool found = false;

		for (i = 0; i < s->irqs.n; i++)
			if (s->irqs.v[i].number >= 0 &&
			    tune_irq_matches(&s->irqs.v[i], s->words[word]))
				found = s->chosen[i] = true;
		if (!found && !s->shown)
			return unknown(s, s->words[word], err);
	}
	if (!cpus_text)
		return 0;
	rc = tune_affinity_cpus(&cpus, s->topo, "--cpus", cpus_text, err);
	for (i = 0; rc == 0 && i < s->irqs.n; i++)
		s->chosen[i] = s->chosen[i] && s->irqs.v[i].has_affinity &&
			       rt_cpuset_overlaps(&s->irqs.v[i].affinity, &cpus);
	return rc;
}

static void unload(struct state *s)
{
	free(s->chosen);
	s->chosen = NULL;
	tune_irqs_finish(&s->irqs);
	tune_topo_destroy(s->topo);
	s->topo = NULL;
}

static int load(struct state *s, struct rt_err *err)
{
	size_t i;
	int rc;

	rc = tune_topo_load(&s->topo, &s->root, err);
	if (rc == 0)
		rc = tune_irqs_read(&s->irqs, &s->root, TUNE_IRQS_AFFINITY | TUNE_IRQS_DEVICE, err);
	if (rc == 0)
		rc = choose(s, err);
	for (i = 0; rc == 0 && i < s->irqs.n; i++)
		if (s->chosen[i])
			tune_irq_probe(&s->irqs.v[i], &s->root);
	return rc;
}

/* ---- showing ---- */

enum {
	COL_IRQ, COL_CPUS, COL_EFFECTIVE, COL_MOVE, COL_COUNT, COL_DEVICE, COL_NAME,
	NR_USUAL, COL_NODE = NR_USUAL, COL_NETDEV, COL_CHIP, COL_TRIGGER, NR_COLS
};

static const struct rt_column columns[NR_COLS] = {
	[COL_IRQ] = { "IRQ", "irq", RT_COL_NUMBER, "its number" },
	[COL_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "where it may arrive" },
	[COL_EFFECTIVE] = { "EFFECTIVE", "effective", RT_COL_STRING, "where it does" },
	[COL_MOVE] = { "MOVE", "move", RT_COL_STRING, "may it be moved" },
	[COL_COUNT] = { "COUNT", "count", RT_COL_NUMBER, "how often it came, on all CPUs" },
	[COL_DEVICE] = { "DEVICE", "device", RT_COL_STRING, "PCI address" },
	[COL_NAME] = { "NAME", "name", RT_COL_STRING, "who handles it" },
	[COL_NODE] = { "NODE", "node", RT_COL_NUMBER, "the device's NUMA node" },
	[COL_NETDEV] = { "NETDEV", "netdev", RT_COL_STRING, "network interface of the device" },
	[COL_CHIP] = { "CHIP", "chip", RT_COL_STRING, "what delivers it" },
	[COL_TRIGGER] = { "TRIGGER", "trigger", RT_COL_STRING, "its number in the chip, and kind" },
};

static void show_row(struct rt_table *table, const unsigned int *at, const struct tune_irqs *irqs,
		     const struct tune_irq *irq)
{
	rt_table_row(table);
	rt_table_i64(table, at[COL_IRQ], irq->number);
	if (irq->has_affinity)
		tune_affinity_cell(table, at[COL_CPUS], &irq->affinity);
	if (irq->has_affinity && !rt_cpuset_empty(&irq->effective))
		tune_affinity_cell(table, at[COL_EFFECTIVE], &irq->effective);
	if (irq->has_affinity)
		rt_table_str(table, at[COL_MOVE], tune_irq_hold_name(irq->hold));
	rt_table_u64(table, at[COL_COUNT], tune_irq_total(irqs, irq));
	rt_table_str(table, at[COL_DEVICE], irq->device[0] ? irq->device : NULL);
	rt_table_str(table, at[COL_NAME], irq->actions);
	if (irq->node >= 0)
		rt_table_i64(table, at[COL_NODE], irq->node);
	rt_table_str(table, at[COL_NETDEV], irq->netdev[0] ? irq->netdev : NULL);
	rt_table_str(table, at[COL_CHIP], irq->chip);
	rt_table_str(table, at[COL_TRIGGER], irq->trigger);
}

static int show(void *arg, struct rt_err *err)
{
	struct state *s = arg;
	struct tune_columns pick;
	struct rt_table *table;
	size_t i;
	int rc;

	rc = tune_columns_pick(&pick, columns, NR_COLS, NR_USUAL, columns_text, err);
	if (rc < 0)
		return rc;
	unload(s);
	rc = load(s, err);
	if (rc < 0)
		return rc;
	rc = rt_table_create(&table, pick.v, pick.n);
	if (rc < 0)
		return rt_err_set(err, rc, "%zu interrupts", s->irqs.n);
	for (i = 0; i < s->irqs.n; i++)
		if (s->chosen[i])
			show_row(table, pick.at, &s->irqs, &s->irqs.v[i]);
	s->shown = true;
	return tune_affinity_print(table, json, err);
}

/* ---- moving ---- */

/* An interrupt that a move is about, and its change in the plan. */
struct moving {
	struct tune_irq *irq;
	struct rt_cpuset from, to;
	size_t change;		/* SIZE_MAX: none */
};

struct job {
	struct moving *v;
	size_t n;
	struct tune_plan plan;
};

static int plan_one(struct job *job, struct moving *moving, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX], list[TUNE_VALUE_MAX];
	size_t before = job->plan.nr;
	int rc;

	moving->change = SIZE_MAX;
	if (moving->irq->hold == TUNE_IRQ_MANAGED || moving->irq->hold == TUNE_IRQ_FIXED)
		return 0;
	tune_target_irq(target, sizeof(target), job->plan.root, moving->irq->number);
	rc = rt_cpuset_format(&moving->to, list, sizeof(list));
	if (rc == 0)
		rc = tune_plan_add(&job->plan, TUNE_KNOB_IRQ, target, list, TUNE_OPTIONAL,
				   TUNE_COST_IRQ, err, "%s", moving->irq->actions);
	if (rc == 0 && job->plan.nr > before)
		moving->change = before;
	return rc;
}

static int make_plan(struct state *s, struct job *job, struct rt_err *err)
{
	struct tune_moves moves;
	struct moving *moving;
	size_t i;
	int rc;

	rc = tune_moves_parse(&moves, s->topo, &sets, err);
	if (rc < 0)
		return rc;
	job->v = calloc(s->irqs.n + 1, sizeof(*job->v));
	if (!job->v)
		return rt_err_set(err, -ENOMEM, "%zu interrupts", s->irqs.n);
	for (i = 0; i < s->irqs.n && rc == 0; i++) {
		moving = &job->v[job->n];
		moving->irq = &s->irqs.v[i];
		if (!s->chosen[i] || !moving->irq->has_affinity ||
		    !tune_moves_apply(&moves, &moving->irq->affinity, &moving->to))
			continue;
		moving->from = moving->irq->affinity;
		job->n++;
		rc = plan_one(job, moving, err);
	}
	return rc;
}

static const char *result_of(const struct job *job, const struct moving *moving, bool *ret_moved)
{
	const struct tune_change *change;

	*ret_moved = true;
	if (moving->change == SIZE_MAX) {
		*ret_moved = moving->irq->hold != TUNE_IRQ_MANAGED &&
			     moving->irq->hold != TUNE_IRQ_FIXED;
		return *ret_moved ? "is there already" : moving->irq->hold == TUNE_IRQ_MANAGED ?
		       "managed: only the kernel moves it" : "fixed: it cannot be moved";
	}
	change = &job->plan.changes[moving->change];
	switch (change->state) {
	case TUNE_PLANNED:
		return "planned";
	case TUNE_GONE:
		return "has ended";
	case TUNE_REFUSED:
		*ret_moved = false;
		return change->refused;
	default:
		return "moved";
	}
}

enum { SET_IRQ, SET_FROM, SET_TO, SET_RESULT, SET_NAME, NR_SET };

static const struct rt_column set_columns[NR_SET] = {
	[SET_IRQ] = { "IRQ", "irq", RT_COL_NUMBER, "its number" },
	[SET_FROM] = { "FROM", "from", RT_COL_STRING, "where it could arrive" },
	[SET_TO] = { "TO", "to", RT_COL_STRING, "where it should" },
	[SET_RESULT] = { "RESULT", "result", RT_COL_STRING, "moved, or why not" },
	[SET_NAME] = { "NAME", "name", RT_COL_STRING, "who handles it" },
};

/* Return: 0, 1 where one could not be moved, or -errno. */
static int report(const struct job *job, struct rt_err *err)
{
	struct rt_table *table;
	bool moved, all = true;
	size_t i;
	int rc;

	rc = rt_table_create(&table, set_columns, NR_SET);
	if (rc < 0)
		return rt_err_set(err, rc, "%zu interrupts", job->n);
	for (i = 0; i < job->n; i++) {
		const struct moving *moving = &job->v[i];

		rt_table_row(table);
		rt_table_i64(table, SET_IRQ, moving->irq->number);
		tune_affinity_cell(table, SET_FROM, &moving->from);
		tune_affinity_cell(table, SET_TO, &moving->to);
		rt_table_str(table, SET_RESULT, result_of(job, moving, &moved));
		rt_table_str(table, SET_NAME, moving->irq->actions);
		all &= moved;
	}
	rc = tune_affinity_print(table, json, err);
	return rc < 0 ? rc : !all;
}

/* Where each is from now on: whom else a name may mean depends on it. */
static void note_moves(const struct job *job)
{
	bool moved;
	size_t i;

	for (i = 0; i < job->n; i++) {
		result_of(job, &job->v[i], &moved);
		if (moved)
			job->v[i].irq->affinity = job->v[i].to;
	}
}

static void tell_not_kept(const struct tune_irq *irq)
{
	if (irq->actions[0])
		fprintf(stderr, "irq-affinity: interrupt %d is not kept: the name means others "
			"too: \"%s\"\n", irq->number, irq->actions);
	else
		fprintf(stderr, "irq-affinity: interrupt %d is not kept: it has no handler, and "
			"numbers change\n", irq->number);
}

/* Return: 0, 1 where one cannot be kept, or -errno. */
static int collect(struct tune_persist *keep, const struct state *s, const struct job *job)
{
	bool moved, all = true;
	size_t i;
	int rc = 0;

	for (i = 0; i < job->n && rc >= 0; i++) {
		result_of(job, &job->v[i], &moved);
		rc = moved ? tune_persist_add(keep, &s->irqs, job->v[i].irq) : 0;
		if (rc > 0)
			tell_not_kept(job->v[i].irq);
		all &= rc == 0;
	}
	return rc < 0 ? rc : !all;
}

/* With the journals' lock: of two that change the file at once one would be lost. */
static int write_file(struct tune_persist *keep, const struct state *s, struct rt_err *err)
{
	struct tune_journal *lock = NULL;
	int rc;

	if (keep->n && !dry_run) {
		rc = tune_journal_open(&lock, &s->root, JOURNAL, err);
		if (rc < 0)
			return rc;
	}
	rc = tune_persist_write(keep, &s->irqs, &s->root, dry_run, err);
	tune_journal_close(lock);
	return rc;
}

static int keep_for_boot(const struct state *s, const struct job *job, struct rt_err *err)
{
	struct tune_persist keep = { 0 };
	int rc, missing;

	note_moves(job);
	missing = collect(&keep, s, job);
	rc = missing < 0 ? rt_err_set(err, missing, "--persist") :
	     write_file(&keep, s, err);
	if (rc == 0 && !json && keep.n == 0)
		printf("nothing to keep: no file is written\n");
	else if (rc == 0 && !json)
		printf("%s %s/%s: the service \"shield\" does it after each boot\n",
		       dry_run ? "would be kept in" : "kept in", s->root.path, keep.path);
	tune_persist_finish(&keep);
	return rc < 0 ? rc : missing;
}

/* What no write could change is this machine's fault, not the interrupt's. */
static int check_writable(const struct state *s, const struct job *job, struct rt_err *err)
{
	const char *target = job->plan.changes[0].target;
	int fd;

	if (!root_path && geteuid() != 0)
		return rt_err_say(err, RT_ECANNOT, "moving interrupts needs root; --dry-run shows "
				  "what would be done");
	fd = rt_root_open(&s->root, NULL, O_WRONLY, "%.*s", (int)strcspn(target, " "), target);
	if (fd == -EROFS)
		return rt_err_say(err, RT_ECANNOT, "%s/proc/irq is read-only here: is this a "
				  "container?", s->root.path);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int move(struct state *s, struct rt_err *err)
{
	struct job job = { .plan = { .root = &s->root } };
	int rc, found;

	rc = load(s, err);
	if (rc == 0)
		rc = make_plan(s, &job, err);
	if (rc == 0 && !dry_run && job.plan.nr) {
		rc = check_writable(s, &job, err);
		if (rc == 0)
			rc = tune_affinity_apply(&s->root, JOURNAL, sets.v[0], &job.plan, err);
	}
	if (rc == 0) {
		/* before the table: who reads that in a pager may leave it early */
		rc = persist ? keep_for_boot(s, &job, err) : 0;
		found = report(&job, rc < 0 ? NULL : err);
		rc = rc < 0 || found == 0 ? rc : found;
	}
	tune_plan_finish(&job.plan);
	free(job.v);
	return rc;
}

/* ---- the command line ---- */

static int irq_affinity(int argc, char **argv, struct rt_err *err)
{
	struct state s = { .words = argv, .nr_words = argc };
	int rc;

	if (undo && (sets.n || argc || cpus_text))
		return rt_usage(err, "--undo takes back all: it goes with no choice and no --set");
	if ((dry_run && !sets.n && !undo) || (persist && !sets.n))
		return rt_usage(err, "--%s goes with --set", persist ? "persist" : "dry-run");
	if (columns_text && (sets.n || undo))
		return rt_usage(err, "--columns goes with neither --set nor --undo");
	if (interval_ns != TUNE_AFFINITY_ONCE && (sets.n || undo))
		return rt_usage(err, "--interval goes with neither --set nor --undo");
	rc = rt_root_init(&s.root, root_path, err);
	if (rc < 0)
		return rc;
	rc = undo ? tune_affinity_undo(&s.root, JOURNAL, dry_run, json, err) :
	     sets.n ? move(&s, err) : tune_affinity_repeat(interval_ns, json, show, &s, err);
	unload(&s);
	rt_root_finish(&s.root);
	return rc;
}

static const struct rt_cmd irq_cmd = {
	.name = "irq-affinity",
	.summary = "show on which CPUs interrupts arrive, and move them",
	.synopsis = "[options] [NUMBER|NAME|DEVICE|INTERFACE]...",
	.details = "Without names all interrupts are meant; names may be globs.  A CPUSET has "
		   "numbers, ranges, and n(ode), c(ore), d(ie), p(ackage) in front of them; ~ "
		   "takes the others.",
	.opts = irq_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = irq_affinity,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&irq_cmd, argc, argv);
}
