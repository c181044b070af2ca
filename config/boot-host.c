/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-host.c - what a boot changes on the host, by way of its journal
 *
 * Each plan is made and applied under the journals' lock, so that no other plan
 * crosses it.
 */
#include "config/boot-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/clear.h"
#include "config/permit.h"
#include "lib/array.h"
#include "lib/err.h"
#include "lib/root.h"

#define JOURNAL_PREFIX	"vm-"

static void journal_name(char buf[64], const char *uuid)
{
	snprintf(buf, 64, JOURNAL_PREFIX "%s", uuid);
}

static int open_journal(const struct kcfg_run *run, struct tune_journal **ret, struct rt_err *err)
{
	char name[64];

	journal_name(name, run->place->vm->uuid);
	return tune_journal_open(ret, run->boot->root, name, err);
}

/* ---- plans ---- */

static void say_refused(const struct kcfg_run *run, const struct tune_plan *plan)
{
	const struct tune_change *change;
	char name[TUNE_TARGET_MAX + 32];

	/* irq-affinity tells of interrupts that stay, with the reason of each */
	for (change = plan->changes; change < rt_array_end(plan->changes, plan->nr); change++)
		if (change->state == TUNE_REFUSED && change->cost != TUNE_COST_IRQ)
			kcfg_run_say(run, "refused: %s: %s",
				     tune_knob_name(name, sizeof(name), plan->root, change->kind,
						    change->target),
				     change->refused ? change->refused : "");
}

/* What is only held was not changed. */
static int count_made(const struct tune_plan *plan)
{
	const struct tune_change *change;
	int made = 0;

	for (change = plan->changes; change < rt_array_end(plan->changes, plan->nr); change++)
		made += change->state == TUNE_MADE &&
			!(change->before && tune_knob_equal(change->kind, change->before,
							    change->wanted));
	return made;
}

static void show(const struct kcfg_run *run, const struct tune_plan *plan)
{
	if (plan->nr && run->boot->log)
		tune_plan_print(plan, run->boot->log);
}

static int write_note(const struct kcfg_run *run, struct tune_journal *journal,
		      const struct tune_shield *shield, enum tune_tier tier, struct rt_err *err)
{
	char *note = tune_shield_note(shield, tier), *whole = NULL;
	int rc;

	if (!note || asprintf(&whole, "%s for=%s", note, run->place->vm->name) < 0)
		rc = rt_err_set(err, -ENOMEM, "a note");
	else
		rc = tune_journal_set_note(journal, whole, err);
	free(whole);
	free(note);
	return rc;
}

/* ---- the shield ---- */

static const struct means {
	const char *what;
	int (*plan)(struct tune_plan *plan, const struct kcfg_place *place,
		    const struct kcfg_lives *lives, const struct kcfg_live *live,
		    struct rt_err *err);
} means[] = {
	{ "an isolated partition a vCPU", kcfg_plan_isolate },
	{ "an isolated partition for the VM as a whole", kcfg_plan_isolate_whole },
};

#define NR_MEANS (sizeof(means) / sizeof(means[0]))

/* The best that the kernel honours. */
static enum tune_tier isolate(struct kcfg_run *run, struct tune_journal *journal,
			      struct tune_plan *plan)
{
	size_t nr = plan->nr;
	struct rt_err why;
	int rc;

	for (size_t i = 0; i < NR_MEANS; i++) {
		why = (struct rt_err){ 0 };
		rc = means[i].plan(plan, run->place, &run->lives, run->live, &why);
		if (rc == 0)
			rc = tune_journal_apply(journal, plan, &why);
		kcfg_run_say(run, "%s%s%s", means[i].what, rc < 0 ? ": " : "", why.text);
		if (rc == 0)
			return TUNE_TIER_PARTITION;
		tune_plan_cut(plan, nr);
	}
	kcfg_run_say(run, "affinities alone keep others off");
	return TUNE_TIER_AFFINITY;
}

/* @alone: by partitions, of a VM that runs; else by affinities, or what there is already. */
static int shield_locked(struct kcfg_run *run, struct tune_journal *journal,
			 struct tune_plan *plan, const struct tune_shield *shield, bool alone,
			 struct rt_err *err)
{
	enum tune_tier tier;
	int rc;

	rc = tune_journal_size(journal) ? 0 :
	     write_note(run, journal, shield, TUNE_TIER_AFFINITY, err);
	if (rc == 0)
		rc = tune_shield_prepare(plan, shield, err);
	if (rc == 0)
		rc = tune_journal_apply(journal, plan, err);
	if (rc == 0 && alone) {
		tier = isolate(run, journal, plan);
		rc = write_note(run, journal, shield, tier, err);
	}
	if (rc == 0)
		rc = tune_shield_sweep(journal, plan, shield, err);
	if (rc == 0)
		say_refused(run, plan);
	return rc;
}

static int shield_or_show(struct kcfg_run *run, struct tune_plan *plan, bool alone,
			  struct rt_err *err)
{
	struct kcfg_spared spared = { run->boot->places, &run->lives };
	struct tune_journal *journal = NULL;
	struct tune_shield shield;
	int rc;

	rc = run->boot->dry_run ? 0 : open_journal(run, &journal, err);
	if (rc < 0)
		return rc;
	rc = kcfg_run_look(run, err);
	if (rc == 0 || run->boot->dry_run || (rc == -ESRCH && !alone)) {
		/* whom it spares, and what is no place for the rest, is of those that run */
		kcfg_shield(&shield, run->place, &spared);
		rc = journal ? shield_locked(run, journal, plan, &shield, alone, err) :
		     tune_shield_plan(plan, &shield, err);
	}
	if (rc == 0 && !journal)
		show(run, plan);
	tune_journal_close(journal);
	return rc < 0 ? rc : count_made(plan);
}

/* Return: how many changes were made, or -errno. */
static int shield(struct kcfg_run *run, bool alone, struct rt_err *err)
{
	struct tune_plan plan = { .root = run->boot->root };
	int rc;

	rc = shield_or_show(run, &plan, alone, err);
	tune_plan_finish(&plan);
	return rc;
}

int kcfg_run_clear(struct kcfg_run *run, struct rt_err *err)
{
	return shield(run, false, err);
}

int kcfg_run_isolate(struct kcfg_run *run, struct rt_err *err)
{
	return shield(run, true, err);
}

/* ---- siblings, the kernel's threads ---- */

typedef int (*fill_fn)(struct tune_plan *plan, const struct kcfg_place *place, struct rt_err *err);

static int apply(struct kcfg_run *run, fill_fn fill, struct rt_err *err)
{
	struct tune_plan plan = { .root = run->boot->root };
	struct tune_journal *journal = NULL;
	int rc;

	rc = run->boot->dry_run ? 0 : open_journal(run, &journal, err);
	if (rc == 0)
		rc = fill(&plan, run->place, err);
	if (rc == 0 && journal)
		rc = tune_journal_apply(journal, &plan, err);
	else if (rc == 0)
		show(run, &plan);
	tune_journal_close(journal);
	tune_plan_finish(&plan);
	return rc;
}

/* A CPU that is down has forgotten its core: it is written down before. */
int kcfg_run_down(struct kcfg_run *run, struct rt_err *err)
{
	int rc = 0;

	if (!run->boot->dry_run && !rt_cpuset_empty(&run->place->down))
		rc = tune_topo_remember(run->boot->topo, run->boot->root, err);
	return rc < 0 ? rc : apply(run, kcfg_plan_down, err);
}

int kcfg_run_kernel_first(struct kcfg_run *run, struct rt_err *err)
{
	return apply(run, kcfg_plan_kernel_first, err);
}

/* ---- the journal ---- */

int kcfg_run_complete(struct kcfg_run *run, struct rt_err *err)
{
	struct tune_journal *journal;
	int rc;

	rc = open_journal(run, &journal, err);
	if (rc < 0)
		return rc;
	rc = tune_journal_size(journal) ? tune_journal_complete(journal, err) : 0;
	tune_journal_close(journal);
	return rc;
}

static struct tune_journal *look_at_journal(const struct kcfg_run *run)
{
	struct tune_journal *journal;
	char name[64];

	journal_name(name, run->place->vm->uuid);
	return tune_journal_look(&journal, run->boot->root, name, NULL) < 0 ? NULL : journal;
}

bool kcfg_run_is_complete(const struct kcfg_run *run)
{
	struct tune_journal *journal = look_at_journal(run);
	bool complete = journal && tune_journal_size(journal) && tune_journal_is_complete(journal);

	tune_journal_close(journal);
	return complete;
}

bool kcfg_run_is_for(const struct kcfg_run *run)
{
	struct tune_journal *journal = look_at_journal(run);
	struct tune_shield shield = { 0 };
	bool same;

	same = journal && tune_shield_parse_note(&shield, tune_journal_note(journal), NULL) == 0 &&
	       rt_cpuset_equal(&shield.cpus[TUNE_SHIELD_PROC], &run->place->owned);
	tune_irq_assigns_finish(&shield.assigns);
	tune_journal_close(journal);
	return same;
}

int kcfg_boot_undo(struct kcfg_boot *boot, const char *uuid, struct rt_err *err)
{
	struct tune_journal *journal;
	char name[64];
	int rc;

	if (boot->dry_run)
		return 0;
	kcfg_permit_tidy(boot->root);
	journal_name(name, uuid);
	if (!rt_root_exists(boot->root, TUNE_JOURNAL_DIR "/%s" TUNE_JOURNAL_SUFFIX, name))
		return 0;
	rc = tune_journal_open(&journal, boot->root, name, err);
	if (rc < 0)
		return rc;
	/* Tasks that were born meanwhile have their parents' affinities: they too. */
	rc = tune_shield_undo(journal, NULL, err);
	tune_journal_close(journal);
	return rc < 0 ? rt_err_wrap(err, rc, "cannot restore the host") : 0;
}
