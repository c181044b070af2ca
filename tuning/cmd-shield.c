/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-shield.c - shield: CPUs kept free of interrupts, of tasks, of timer ticks
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "tuning/cmd-shield-show.h"
#include "tuning/shield-file.h"
#include "tuning/shield-note.h"
#include "tuning/shield.h"
#include "tuning/topo.h"
#include "tuning/watch.h"

static const char *name, *all, *kinds[TUNE_NR_SHIELDS], *tier, *file, *root_path;
static bool reset, current, service, watch, dry_run, json;

static const struct rt_opt shield_opts[] = {
	RT_STRING('N', "name", &name, "NAME", "this is about the shield of that name"),
	RT_STRING('a', "all", &all, "CPUS", "shield from all three: interrupts, timer, processes"),
	RT_STRING('i', "irq", &kinds[TUNE_SHIELD_IRQ], "CPUS", "shield from devices' interrupts"),
	RT_STRING('l', "loc", &kinds[TUNE_SHIELD_LOC], "CPUS", "shield from the local timer"),
	RT_STRING('p', "proc", &kinds[TUNE_SHIELD_PROC], "CPUS", "shield from processes"),
	RT_STRING('m', "mem", &kinds[TUNE_SHIELD_MEM], "CPUS",
		  "keep the memory of these CPUs' nodes from the others"),
	RT_BOOL('r', "reset", &reset, "take the shield back, first"),
	RT_BOOL('c', "current", &current,
		"show what is shielded, and what remains there (default)"),
	RT_CHOICE('t', "tier", &tier, "auto|partition|cpuset|affinity",
		  "the means that keeps tasks off"),
	RT_BOOL('s', "service", &service, "take what the service's file says"),
	RT_STRING('f', "file", &file, "FILE", "that file, in the place of the system's"),
	RT_BOOL('w', "watch", &watch, "stay, and shield again when an interface comes up"),
	RT_BOOL('n', "dry-run", &dry_run, "print the changes and what they disturb, make none"),
	RT_BOOL(0, "json", &json, "print JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "the host's files are below DIR"),
	RT_END
};

/* ---- what is wanted ---- */

/* "2-3" takes the place of what was, "+4" adds, "-3" takes away, "none" is none. */
static int merge(struct rt_cpuset *set, const struct tune_topo *topo, const char *text,
		 struct rt_err *err)
{
	bool add = text[0] == '+', remove = text[0] == '-';
	struct rt_cpuset cpus;
	int rc;

	if (strcmp(text, "none") == 0) {
		*set = (struct rt_cpuset){ { 0 } };
		return 0;
	}
	rc = tune_cpuset_resolve(&cpus, topo, text + (add || remove), err);
	if (rc < 0)
		return rc;
	if (rt_cpuset_empty(&cpus))
		return rt_err_say(err, -EINVAL, "expected a set of CPUs, found none in \"%s\"; "
				  "\"none\" takes a shield away", text);
	if (remove)
		rt_cpuset_minus(set, &cpus);
	else if (add)
		rt_cpuset_or(set, &cpus);
	else
		*set = cpus;
	return 0;
}

static int merge_option(struct rt_cpuset *set, const struct tune_topo *topo, const char *option,
			const char *text, struct rt_err *err)
{
	int rc = text ? merge(set, topo, text, err) : 0;

	return rc < 0 ? rt_err_wrap(err, rc, "--%s", option) : 0;
}

static int merge_options(struct tune_shield *shield, const struct tune_topo *topo,
			 struct rt_err *err)
{
	int kind, rc = 0;

	for (kind = 0; kind < TUNE_NR_SHIELDS && rc == 0; kind++) {
		if (kind != TUNE_SHIELD_MEM)
			rc = merge_option(&shield->cpus[kind], topo, "all", all, err);
		if (rc == 0)
			rc = merge_option(&shield->cpus[kind], topo, tune_shield_word(kind),
					  kinds[kind], err);
	}
	if (tier)
		shield->tier = tune_tier_find(tier);
	return rc;
}

static int merge_assigns(struct tune_shield *shield, const struct tune_topo *topo,
			 const struct tune_service *from, struct rt_err *err)
{
	struct rt_cpuset cpus;
	size_t i;
	int rc;

	for (i = 0; i < from->nr_assigns; i++) {
		rc = tune_cpuset_resolve(&cpus, topo, from->assigns[i].cpus, err);
		if (rc == 0 && rt_cpuset_empty(&cpus))
			rc = rt_err_say(err, -EINVAL, "expected CPUs, found none");
		if (rc < 0)
			return rt_err_wrap(err, rc, "line %u: IRQ_ASSIGN \"%s:%s\"",
					   from->assigns[i].line, from->assigns[i].cpus,
					   from->assigns[i].irq);
		rc = tune_irq_assigns_add(&shield->assigns, &cpus, strdup(from->assigns[i].irq));
		if (rc < 0)
			return rt_err_set(err, rc, "IRQ_ASSIGN");
	}
	return 0;
}

/* "" is as good as no assignment at all. */
static int merge_value(struct rt_cpuset *set, const struct tune_topo *topo,
		       const struct tune_service *from, enum tune_service_word word,
		       struct rt_err *err)
{
	const char *text = from->values[word];
	int rc = text && text[0] ? merge(set, topo, text, err) : 0;

	return rc < 0 ? rt_err_wrap(err, rc, "line %u", from->lines[word]) : 0;
}

static int merge_tier(struct tune_shield *shield, const struct tune_service *from,
		      struct rt_err *err)
{
	const char *text = from->values[TUNE_SERVICE_TIER];
	int found;

	if (!text || !text[0])
		return 0;
	found = tune_tier_find(text);
	if (found < 0)
		return rt_err_say(err, -EINVAL, "line %u: SHIELD_TIER: expected auto, partition, "
				  "cpuset or affinity, found \"%.60s\"",
				  from->lines[TUNE_SERVICE_TIER], text);
	shield->tier = found;
	return 0;
}

static int merge_values(struct tune_shield *shield, const struct tune_topo *topo,
			const struct tune_service *from, struct rt_err *err)
{
	static const enum tune_service_word of_kind[] = {
		[TUNE_SHIELD_IRQ] = TUNE_SERVICE_IRQ, [TUNE_SHIELD_LOC] = TUNE_SERVICE_LOC,
		[TUNE_SHIELD_PROC] = TUNE_SERVICE_PROC, [TUNE_SHIELD_MEM] = TUNE_SERVICE_MEM,
	};
	int kind, rc = 0;

	for (kind = 0; kind < TUNE_NR_SHIELDS && rc == 0; kind++) {
		if (kind != TUNE_SHIELD_MEM)
			rc = merge_value(&shield->cpus[kind], topo, from, TUNE_SERVICE_ALL, err);
		if (rc == 0)
			rc = merge_value(&shield->cpus[kind], topo, from, of_kind[kind], err);
	}
	return rc < 0 ? rc : merge_tier(shield, from, err);
}

static const char *service_file(const struct rt_root *root)
{
	static const char *const places[] = { "etc/sysconfig/shield", "etc/default/shield" };

	return rt_root_exists(root, "%s", places[0]) ? places[0] : places[1];
}

static int merge_service(struct tune_shield *shield, const struct tune_topo *topo,
			 const struct rt_root *root, struct rt_err *err)
{
	const char *path = file ? file : service_file(root);
	struct tune_service from = { 0 };
	struct rt_root here = { .fd = -1 };
	char *text = NULL;
	int rc;

	rc = file ? rt_root_init(&here, path[0] == '/' ? "/" : ".", err) : 0;
	if (rc == 0)
		rc = rt_root_read(file ? &here : root, &text, NULL, err, "%s", path);
	if (file)
		rt_root_finish(&here);
	if (rc < 0)
		return rc;
	rc = tune_service_parse(&from, text, err);
	if (rc == 0)
		rc = merge_values(shield, topo, &from, err);
	if (rc == 0)
		rc = merge_assigns(shield, topo, &from, err);
	tune_service_finish(&from);
	free(text);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", path) : 0;
}

static int find_wanted(struct tune_shield *shield, const struct rt_root *root, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	if (service) {
		/* the file is the whole truth: what was asked for before is not added to it */
		tune_irq_assigns_finish(&shield->assigns);
		memset(shield->cpus, 0, sizeof(shield->cpus));
		shield->tier = TUNE_TIER_AUTO;
		rc = merge_service(shield, topo, root, err);
	}
	if (rc == 0)
		rc = merge_options(shield, topo, err);
	tune_topo_destroy(topo);
	return rc;
}

/* ---- interrupts that are not there ---- */

/* Told of each entry once, however often the watch looks. */
static bool is_new(const char *irq)
{
	static struct rt_strv told;
	const char **more;
	size_t i;

	for (i = 0; i < told.n; i++)
		if (strcmp(told.v[i], irq) == 0)
			return false;
	more = reallocarray(told.v, told.n + 1, sizeof(*more));
	if (more) {
		told.v = more;
		more[told.n] = strdup(irq);
		told.n += more[told.n] != NULL;
	}
	return true;
}

/* Many drivers ask for their interrupts only when the interface is set up: the watch waits. */
static int warn_absent(void *arg, const char *irq, struct rt_err *err)
{
	const struct rt_root *root = arg;

	(void)err;
	if (!is_new(irq))
		return 0;
	if (file)
		fprintf(stderr, "shield: %s: ", file);
	else
		fprintf(stderr, "shield: %s/%s: ", root->path, service_file(root));
	fprintf(stderr, "no interrupt is \"%s\" yet\n", irq);
	return 0;
}

/* Somebody is there who can put the name right. */
static int refuse_absent(void *arg, const char *irq, struct rt_err *err)
{
	(void)arg;
	return rt_err_say(err, -ENOENT, "no interrupt is \"%s\"", irq);
}

/* ---- doing it ---- */

/* Nothing that was shielded is given up: then more can be added to what is there. */
static bool grows(const struct tune_shield *old, const struct tune_shield *new)
{
	int kind;

	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
		if (!rt_cpuset_within(&old->cpus[kind], &new->cpus[kind]))
			return false;
	return old->assigns.nr == 0 && rt_cpuset_equal(&old->cpus[TUNE_SHIELD_PROC],
						       &new->cpus[TUNE_SHIELD_PROC]) &&
	       rt_cpuset_equal(&old->cpus[TUNE_SHIELD_MEM], &new->cpus[TUNE_SHIELD_MEM]);
}

static int note(struct tune_journal *journal, const struct tune_shield *shield,
		enum tune_tier now, struct rt_err *err)
{
	char *text = tune_shield_note(shield, now);
	int rc;

	if (!text)
		return rt_err_set(err, -ENOMEM, "a note");
	rc = tune_journal_set_note(journal, text, err);
	free(text);
	return rc;
}

static void tell(const struct rt_root *root, const struct tune_shield *shield, enum tune_tier now,
		 const struct rt_err *why)
{
	char words[2048];

	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]) && why->code)
		fprintf(stderr, "shield: tasks are kept off by means of \"%s\"; a better one was "
			"not to be had: %s\n", tune_tier_word(now), why->text);
	if (tune_shield_boot_words(words, sizeof(words), root, shield, NULL) == 0 && words[0])
		fprintf(stderr, "shield: the timer's tick itself goes on; a kernel booted with "
			"\"%s\" stops it while one task runs\n", words);
}

/* What the kernel refused of its settings; tasks and interrupts are in --current's table. */
static void tell_refused(const struct tune_plan *plan)
{
	const struct tune_change *change;
	char knob[TUNE_TARGET_MAX + 32];

	for (change = plan->changes; change < rt_array_end(plan->changes, plan->nr); change++)
		if (change->state == TUNE_REFUSED && change->cost != TUNE_COST_IRQ &&
		    change->cost != TUNE_COST_TASK)
			fprintf(stderr, "shield: %s is as it was: %s\n",
				tune_knob_name(knob, sizeof(knob), plan->root, change->kind,
					       change->target),
				change->refused ? change->refused : "no memory");
}

static void tell_astray(const struct rt_root *root, const struct tune_shield *shield)
{
	const struct tune_left *left;
	struct tune_lefts lefts;
	char cpus[4096];

	if (tune_shield_astray(&lefts, root, shield, NULL) < 0)
		return;
	for (left = lefts.v; left < rt_array_end(lefts.v, lefts.nr); left++)
		if (rt_cpuset_format(&left->cpus, cpus, sizeof(cpus)) >= 0)
			fprintf(stderr, "shield: interrupt %d \"%s\" is not where it is assigned, "
				"but on CPUs %s: %s\n", left->number, left->name, cpus, left->why);
	tune_lefts_finish(&lefts);
}

static int apply(struct tune_journal *journal, const struct rt_root *root,
		 const struct tune_shield *shield, struct rt_err *err)
{
	struct tune_plan plan = { .root = root };
	enum tune_tier now = shield->tier;
	struct rt_err why = { 0 };
	int rc;

	rc = note(journal, shield, shield->tier, err);
	if (rc == 0)
		rc = tune_shield_apply(journal, &plan, shield, &now, &why, err);
	if (rc == 0)
		rc = note(journal, shield, now, err);
	if (rc == 0)
		rc = tune_journal_complete(journal, err);
	if (rc == 0)
		tell_refused(&plan);
	tune_plan_finish(&plan);
	if (rc < 0) {
		tune_shield_undo(journal, NULL, NULL);
		return rt_err_wrap(err, rc, "nothing is shielded now");
	}
	tell_astray(root, shield);
	tell(root, shield, now, &why);
	return 0;
}

static int plan_only(const struct rt_root *root, const struct tune_shield *shield,
		     struct rt_err *err)
{
	struct tune_plan plan = { .root = root };
	struct rt_buf buf = { 0 };
	struct rt_json to = { .buf = &buf };
	int rc;

	rc = tune_shield_plan(&plan, shield, err);
	if (rc == 0 && json) {
		tune_plan_json(&plan, &to);
		puts(rt_buf_str(&buf) ? buf.data : "");
		rt_buf_finish(&buf);
	} else if (rc == 0) {
		tune_plan_print(&plan, stdout);
	}
	tune_plan_finish(&plan);
	return rc;
}

static int change(struct tune_journal *journal, const struct rt_root *root,
		  struct tune_shield *shield, struct rt_err *err)
{
	struct tune_shield old = *shield;
	int rc;

	old.assigns.v = NULL;	/* its number alone is looked at */
	rc = find_wanted(shield, root, err);
	/* what is shielded by us is no reason against it */
	if (rc == 0)
		rc = tune_shield_check(root, shield, err);
	if (rc == 0)
		rc = tune_shield_for_absent(root, shield, service && !dry_run ? warn_absent :
					    refuse_absent, (void *)root, err);
	if (rc < 0)
		return rc;
	if (dry_run)
		return plan_only(root, shield, err);
	if (!grows(&old, shield) || !tune_journal_is_complete(journal))
		rc = tune_shield_undo(journal, NULL, err);
	if (rc == 0 && !tune_shield_is_empty(shield))
		rc = apply(journal, root, shield, err);
	return rc;
}

static bool is_wanted(void)
{
	return all || kinds[TUNE_SHIELD_IRQ] || kinds[TUNE_SHIELD_LOC] ||
	       kinds[TUNE_SHIELD_PROC] || kinds[TUNE_SHIELD_MEM] || service || tier;
}

static int set(const struct rt_root *root, struct rt_err *err)
{
	struct tune_journal *journal;
	struct tune_shield shield = { 0 };
	char own[TUNE_SHIELD_GROUP_MAX];
	int rc;

	if (name)
		tune_shield_set_name(&shield, name, NULL);
	tune_shield_journal(own, &shield);
	rc = dry_run ? tune_journal_look(&journal, root, own, err) :
	     tune_journal_open(&journal, root, own, err);
	if (rc < 0)
		return rc;
	if (tune_journal_size(journal) && !tune_journal_is_complete(journal))
		fprintf(stderr, "shield: an earlier call was stopped half-way; what it did %s\n",
			dry_run ? "will be taken back" : "is taken back");
	else if (!reset && tune_journal_note(journal)[0])
		tune_shield_parse_note(&shield, tune_journal_note(journal), NULL);
	if (!tier)
		shield.tier = TUNE_TIER_AUTO;
	/* before anything is taken back: without the others no CPU can be shielded */
	if (is_wanted())
		rc = tune_shield_find_taken(&shield, root, err);
	if (rc == 0 && reset && !dry_run)
		rc = tune_shield_undo(journal, NULL, err);
	if (rc == 0 && is_wanted())
		rc = change(journal, root, &shield, err);
	tune_irq_assigns_finish(&shield.assigns);
	tune_journal_close(journal);
	return rc;
}

/* What the journal notes is made once more: an interface has got interrupts anew. */
static int shield_again(const struct rt_root *root, struct tune_shield shield, struct rt_err *err)
{
	struct tune_plan plan = { .root = root };
	struct tune_journal *journal;
	char own[TUNE_SHIELD_GROUP_MAX];
	int rc;

	tune_shield_journal(own, &shield);
	rc = tune_journal_open(&journal, root, own, err);
	if (rc < 0)
		return rc;
	if (tune_journal_is_complete(journal) &&
	    tune_shield_parse_note(&shield, tune_journal_note(journal), NULL) == 0) {
		rc = tune_shield_find_taken(&shield, root, err);
		if (rc == 0)
			rc = tune_shield_for_absent(root, &shield, warn_absent, (void *)root, err);
		if (rc == 0)
			rc = tune_shield_prepare(&plan, &shield, err);
		if (rc == 0)
			rc = tune_shield_sweep(journal, &plan, &shield, err);
		if (rc == 0)
			rc = tune_journal_complete(journal, err);
	}
	tune_plan_finish(&plan);
	tune_irq_assigns_finish(&shield.assigns);
	tune_journal_close(journal);
	return rc;
}

/* All shields, or the one that is named.  The next interface may do better: it goes on. */
static int again(void *arg, struct rt_err *err)
{
	struct tune_shields shields = { 0 };
	struct rt_err why = { 0 };
	size_t i;
	int rc;

	(void)err;
	rc = tune_shields_read(&shields, arg, &why);
	for (i = 0; i < shields.nr && rc == 0; i++)
		if (!name || strcmp(shields.v[i].name, name) == 0)
			rc = shield_again(arg, shields.v[i], &why);
	if (rc < 0)
		fprintf(stderr, "shield: %s\n", why.text);
	tune_shields_finish(&shields);
	return 0;
}

static int check_usage(struct rt_err *err)
{
	struct tune_shield unused = { 0 };
	struct rt_err why = { 0 };

	if (name && tune_shield_set_name(&unused, name, &why) < 0)
		return rt_usage(err, "--name: %s", why.text);
	if (name && service)
		return rt_usage(err, "--service is about the shield without a name");
	if (current && (reset || dry_run || is_wanted() || watch))
		return rt_usage(err, "--current goes with no change");
	if (file && !service)
		return rt_usage(err, "--file goes with --service");
	if (file && !file[0])
		return rt_usage(err, "--file: expected the path of a file, found \"\"");
	if (dry_run && watch)
		return rt_usage(err, "--dry-run goes not with --watch");
	if (dry_run && !is_wanted())
		return rt_usage(err, "--dry-run goes with something to shield; \"kvmrt-undo "
				"--dry-run shield\" shows what --reset would do");
	if (json && !dry_run && (reset || is_wanted()))
		return rt_usage(err, "--json goes with showing, or with --dry-run");
	return 0;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	(void)argc;
	(void)argv;
	rc = check_usage(err);
	if (rc == 0)
		rc = rt_root_init(&root, root_path, err);
	if (rc != 0)
		return rc;
	if (reset || is_wanted())
		rc = set(&root, err);
	else if (!watch)
		rc = tune_shield_show(&root, name, json, err);
	if (rc == 0 && watch)
		rc = tune_watch_links(again, &root, err);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd shield_cmd = {
	.name = "shield",
	.summary = "keep CPUs free of what can run elsewhere",
	.synopsis = "[options]",
	.details = "CPUS: numbers and ranges, \"c0-3\" cores, \"n1\" nodes, \"~\" all others; a "
		   "\"+\" in front adds to what is shielded, a \"-\" takes away, \"none\" is none.",
	.opts = shield_opts,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&shield_cmd, argc, argv);
}
