/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.c - a VM started: its CPUs made ready, its threads placed, its vCPUs isolated,
 * and only then its guest let go
 */
#include "config/boot-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/clear.h"
#include "config/room.h"
#include "config/sync.h"
#include "config/verdict.h"
#include "lib/err.h"
#include "lib/root.h"

#define JOURNAL_PREFIX	"vm-"
#define CLEAR_ROUNDS	4	/* tasks that were begun meanwhile */
#define LATE_ROUNDS	10	/* for threads that come when the guest runs */
#define LATE_MS		100

static void journal_name(char buf[64], const char *uuid)
{
	snprintf(buf, 64, JOURNAL_PREFIX "%s", uuid);
}

/* ---- changes to the host: planned under the journal's lock, so that no other plan crosses ---- */

typedef int (*fill_fn)(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err);

static void say_refused(const struct kcfg_run *run, const struct tune_plan *plan)
{
	char name[TUNE_TARGET_MAX + 32];

	for (size_t i = 0; i < plan->nr; i++)
		if (plan->changes[i].state == TUNE_REFUSED)
			kcfg_run_say(run, "refused: %s: %s", tune_knob_name(name, sizeof(name),
				     plan->root, plan->changes[i].kind, plan->changes[i].target),
				     plan->changes[i].refused ? plan->changes[i].refused : "");
}

/* Return: how many changes were made, or -errno. */
static int apply_locked(struct kcfg_run *run, struct tune_journal *journal, fill_fn fill,
			struct rt_err *err)
{
	struct tune_plan plan = { .root = run->boot->root };
	int rc, made = 0;

	rc = fill(run, &plan, err);
	if (rc >= 0 && plan.nr)
		rc = tune_journal_set_note(journal, run->place->vm->name, err);
	if (rc >= 0 && plan.nr)
		rc = tune_journal_apply(journal, &plan, err);
	if (rc >= 0)
		say_refused(run, &plan);
	for (size_t i = 0; i < plan.nr; i++)
		made += plan.changes[i].state == TUNE_MADE;
	tune_plan_finish(&plan);
	return rc < 0 ? rc : made;
}

static int apply(struct kcfg_run *run, fill_fn fill, struct rt_err *err)
{
	struct tune_plan plan = { .root = run->boot->root };
	struct tune_journal *journal;
	char name[64];
	int rc;

	if (run->boot->dry_run) {
		rc = fill(run, &plan, err);
		if (rc >= 0 && plan.nr && run->boot->log)
			tune_plan_print(&plan, run->boot->log);
		tune_plan_finish(&plan);
		return rc < 0 ? rc : 0;
	}
	journal_name(name, run->place->vm->uuid);
	rc = tune_journal_open(&journal, run->boot->root, name, err);
	if (rc < 0)
		return rc;
	rc = apply_locked(run, journal, fill, err);
	tune_journal_close(journal);
	return rc;
}

/* The host's own CPUs: online, and no real-time VM's. */
static struct rt_cpuset house_of(const struct kcfg_boot *boot)
{
	struct rt_cpuset house = boot->topo->online;

	for (size_t i = 0; i < boot->places->n; i++)
		if (!boot->places->v[i].vm->disabled)
			rt_cpuset_minus(&house, &boot->places->v[i].owned);
	return house;
}

static int fill_clear(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err)
{
	struct rt_cpuset house = house_of(run->boot);

	return kcfg_plan_clear(plan, run->place, &house, run->live ? run->live->pid : 0, err);
}

static int fill_down(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err)
{
	return kcfg_plan_down(plan, run->place, err);
}

static int fill_hold(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err)
{
	return kcfg_plan_hold(plan, run->place, &run->boot->topo->online, err);
}

static int fill_kernel_first(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err)
{
	return kcfg_plan_kernel_first(plan, run->place, err);
}

static int fill_isolate(struct kcfg_run *run, struct tune_plan *plan, struct rt_err *err)
{
	int rc = kcfg_plan_isolate(plan, run->place, &run->lives, run->live, err);

	if (rc == 0)
		kcfg_run_say(run, "no partition a vCPU on this kernel: affinities keep others off");
	return rc;
}

/* ---- the steps ---- */

static int step_hold(struct kcfg_run *run, struct rt_err *err)
{
	int rc = apply(run, fill_hold, err);

	return rc < 0 ? rc : 0;
}

static int step_clear(struct kcfg_run *run, struct rt_err *err)
{
	int made = 1;

	for (int i = 0; made > 0 && i < CLEAR_ROUNDS; i++)
		made = apply(run, fill_clear, err);
	return made < 0 ? made : 0;
}

/* A CPU that is down has forgotten its core: it is written down before. */
static int step_down(struct kcfg_run *run, struct rt_err *err)
{
	int rc = 0;

	if (!run->boot->dry_run && !rt_cpuset_empty(&run->place->down))
		rc = tune_topo_remember(run->boot->topo, run->boot->root, err);
	if (rc == 0)
		rc = apply(run, fill_down, err);
	return rc < 0 ? rc : 0;
}

/* Behind the siblings, whose threads come anew when they are up again. */
static int step_kernel(struct kcfg_run *run, struct rt_err *err)
{
	int rc = apply(run, fill_kernel_first, err);

	return rc < 0 ? rc : 0;
}

/* QEMU would be ended by the kernel, or others for it, when there is too little to lock. */
static int check_room(const struct kcfg_run *run, struct rt_err *err)
{
	uint64_t memory, limit;
	int rc;

	if (!run->place->lock_memory)
		return 0;
	rc = kcfg_virt_memory(run->boot->virt, run->place->vm->uuid, &memory, &limit, err);
	return rc < 0 ? rc : kcfg_room_check(run->place, run->boot->root, memory, limit, err);
}

static int start_it(struct kcfg_run *run, bool paused, struct rt_err *err)
{
	int rc = check_room(run, err);

	if (rc < 0)
		return rc;
	rc = kcfg_virt_start(run->boot->virt, run->place->vm->uuid, paused, err);
	/* It was off, so another program started it meanwhile: ending it is not ours. */
	run->foreign = rc == -EBUSY;
	return rc;
}

static int step_start(struct kcfg_run *run, struct rt_err *err)
{
	int rc = start_it(run, true, err);

	return rc < 0 ? rc : kcfg_run_look(run, err);
}

static int step_place(struct kcfg_run *run, struct rt_err *err)
{
	return kcfg_run_place(run, err);
}

static int step_isolate(struct kcfg_run *run, struct rt_err *err)
{
	int rc = apply(run, fill_isolate, err);

	return rc < 0 ? rc : 0;
}

static int step_resume(struct kcfg_run *run, struct rt_err *err)
{
	return kcfg_virt_resume(run->boot->virt, run->place->vm->uuid, err);
}

static bool has_role(const struct kcfg_live *live, enum kcfg_role role)
{
	for (size_t i = 0; i < live->nr_threads; i++)
		if (live->threads[i].role == role)
			return true;
	return false;
}

/* A guest's first steps bring threads of the kernel's, which inherit from a vCPU. */
static int step_late(struct kcfg_run *run, struct rt_err *err)
{
	struct timespec nap = { .tv_nsec = LATE_MS * 1000000L };
	int rc = 0;

	for (int i = 0; rc == 0 && i < LATE_ROUNDS; i++) {
		rc = kcfg_run_look(run, err);
		if (rc == 0)
			rc = kcfg_run_place(run, err);
		if (rc == 0 && has_role(run->live, KCFG_ROLE_NX))
			break;
		nanosleep(&nap, NULL);
	}
	return rc < 0 ? rc : kcfg_run_check(run, err);
}

static int step_complete(struct kcfg_run *run, struct rt_err *err)
{
	struct tune_journal *journal;
	char name[64];
	int rc;

	journal_name(name, run->place->vm->uuid);
	rc = tune_journal_open(&journal, run->boot->root, name, err);
	if (rc < 0)
		return rc;
	rc = tune_journal_size(journal) ? tune_journal_complete(journal, err) : 0;
	tune_journal_close(journal);
	return rc;
}

struct step {
	const char *what;
	int (*run)(struct kcfg_run *run, struct rt_err *err);
	bool host;	/* of a plan that can be shown before there is a VM */
};

static const struct step start_steps[] = {
	{ "clearing its CPUs", step_clear, true },
	{ "taking siblings down", step_down, true },
	{ "raising the kernel's threads", step_kernel, true },
	{ "starting it paused", step_start, false },
	{ "placing its threads", step_place, false },
	{ "isolating its vCPUs", step_isolate, false },
	/* A new partition makes the kernel give its threads all CPUs that are left. */
	{ "clearing its CPUs again", step_clear, false },
	{ "reading back", kcfg_run_check, false },
	{ "resuming it", step_resume, false },
	{ "placing late threads", step_late, false },
	{ "done", step_complete, false },
	{ 0 }
};

static const struct step retune_steps[] = {
	{ "clearing its CPUs", step_clear, true },
	{ "taking siblings down", step_down, true },
	{ "raising the kernel's threads", step_kernel, true },
	{ "pinning its threads", kcfg_run_pin, false },
	{ "looking", kcfg_run_look, false },
	{ "placing its threads", step_place, false },
	{ "isolating its vCPUs", step_isolate, false },
	{ "clearing its CPUs again", step_clear, false },
	{ "placing late threads", step_late, false },
	{ "done", step_complete, false },
	{ 0 }
};

static const struct step prepare_steps[] = {
	{ "noting affinities", step_hold, true },
	{ "clearing its CPUs", step_clear, true },
	{ "taking siblings down", step_down, true },
	{ "raising the kernel's threads", step_kernel, true },
	{ 0 }
};

static int walk(struct kcfg_run *run, const struct step *steps, struct rt_err *err)
{
	int rc = 0;

	for (; rc == 0 && steps->what; steps++) {
		if (run->boot->dry_run && !steps->host)
			continue;
		kcfg_run_say(run, "%s", steps->what);
		rc = steps->run(run, err);
		if (rc < 0)
			rc = rt_err_wrap(err, rc, "%s", steps->what);
	}
	return rc;
}

/* ---- whole boots ---- */

int kcfg_boot_undo(struct kcfg_boot *boot, const char *uuid, struct rt_err *err)
{
	struct tune_journal *journal;
	char name[64];
	int rc;

	journal_name(name, uuid);
	if (boot->dry_run || !rt_root_exists(boot->root, TUNE_JOURNAL_DIR "/%s"
					     TUNE_JOURNAL_SUFFIX, name))
		return 0;
	rc = tune_journal_open(&journal, boot->root, name, err);
	if (rc < 0)
		return rc;
	/* Tasks that were born meanwhile have their parents' affinities: they too. */
	rc = tune_shield_undo(journal, NULL, err);
	tune_journal_close(journal);
	return rc < 0 ? rt_err_wrap(err, rc, "cannot restore the host") : 0;
}

/* What failed first is what the operator is told. */
static int give_up(struct kcfg_run *run, int rc)
{
	const char *uuid = run->place->vm->uuid;
	struct rt_err more = { 0 };

	kcfg_run_say(run, "failed: ending it and restoring the host");
	if (!run->foreign)
		kcfg_virt_destroy(run->boot->virt, uuid, &more);
	if (kcfg_boot_undo(run->boot, uuid, &more) < 0)
		kcfg_run_say(run, "%s", more.text);
	return rc;
}

static bool all_well(const struct kcfg_run *run)
{
	char why[512];

	for (size_t i = 0; i < run->live->nr_threads; i++)
		if (!kcfg_verdict(why, sizeof(why), run->place, &run->live->threads[i]))
			return false;
	return true;
}

/* Is a finished boot's journal there? */
static bool is_complete(const struct kcfg_run *run)
{
	struct tune_journal *journal;
	char name[64];
	bool complete;

	journal_name(name, run->place->vm->uuid);
	if (tune_journal_look(&journal, run->boot->root, name, NULL) < 0)
		return false;
	complete = tune_journal_size(journal) && tune_journal_is_complete(journal);
	tune_journal_close(journal);
	return complete;
}

/* All is in its place; what else came to its CPUs meanwhile leaves them again. */
static int clear_again(struct kcfg_run *run, enum kcfg_booted *ret, struct rt_err *err)
{
	int made;

	*ret = run->live->state == KCFG_STATE_PAUSED ? KCFG_IS_PAUSED : KCFG_AS_IT_WAS;
	if (!run->place->vm->rt || run->boot->dry_run)
		return 0;
	made = apply(run, fill_clear, err);
	if (made > 0)
		*ret = KCFG_RETUNED;
	return made < 0 ? made : step_complete(run, err);
}

/* Partitions refuse other pins: what was changed for another placement is undone first. */
static int retune(struct kcfg_run *run, enum kcfg_booted *ret, struct rt_err *err)
{
	bool finished = !run->place->vm->rt || is_complete(run);
	bool paused = run->live->state == KCFG_STATE_PAUSED;
	int rc = 0;

	if (all_well(run) && finished)
		return clear_again(run, ret, err);
	*ret = KCFG_RETUNED;
	if (!all_well(run) || !run->place->vm->rt)
		rc = kcfg_boot_undo(run->boot, run->place->vm->uuid, err);
	if (rc == 0 && run->place->vm->rt)
		rc = walk(run, retune_steps, err);
	else if (rc == 0 && !run->boot->dry_run)
		rc = kcfg_run_pin(run, err) ? : kcfg_run_look(run, err) ? :
		     kcfg_run_place(run, err);
	/* Paused behind a boot that was killed: it goes on; else somebody meant it. */
	if (rc == 0 && paused && !finished && !run->boot->dry_run)
		rc = step_resume(run, err);
	return rc;
}

static int start(struct kcfg_run *run, struct rt_err *err)
{
	int rc;

	if (run->place->vm->rt) {
		rc = walk(run, start_steps, err);
	} else if (run->boot->dry_run) {
		kcfg_run_say(run, "would be started");
		return 0;
	} else {
		rc = start_it(run, false, err);
	}
	return rc < 0 && !run->boot->dry_run ? give_up(run, rc) : rc;
}

static int boot_or_retune(struct kcfg_run *run, enum kcfg_booted *ret, struct rt_err *err)
{
	struct kcfg_boot *boot = run->boot;
	struct kcfg_sync sync = { boot->virt, boot->topo, boot->log, boot->dry_run };
	const char *uuid = run->place->vm->uuid;
	enum kcfg_state state;
	int rc;

	rc = kcfg_virt_state(boot->virt, uuid, &state, err);
	if (rc == 0)
		rc = kcfg_sync_push(&sync, run->place, err);
	if (rc < 0)
		return rc;
	if (state != KCFG_STATE_OFF && state != KCFG_STATE_CRASHED) {
		rc = kcfg_run_look(run, err);
		return rc < 0 ? rc : retune(run, ret, err);
	}
	*ret = KCFG_BOOTED;
	return start(run, err);
}

int kcfg_boot_vm(struct kcfg_boot *boot, const struct kcfg_place *place,
		 enum kcfg_booted *ret, struct rt_err *err)
{
	struct kcfg_run run;
	int rc;

	kcfg_run_init(&run, boot, place);
	rc = kcfg_run_hold(&run, err);
	if (rc == 0)
		rc = boot_or_retune(&run, ret, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", place->vm->name) : 0;
}

static int prepare(struct kcfg_run *run, struct rt_err *err)
{
	const char *uuid = run->place->vm->uuid;
	enum kcfg_state state;
	int rc;

	rc = kcfg_virt_state(run->boot->virt, uuid, &state, err);
	if (rc < 0 || (state != KCFG_STATE_OFF && state != KCFG_STATE_CRASHED))
		return rc;
	/* What a boot left that was killed, or whose VM's end nobody saw. */
	rc = kcfg_boot_undo(run->boot, uuid, err);
	if (rc == 0 && !run->boot->dry_run)
		rc = walk(run, prepare_steps, err);
	if (rc < 0)
		kcfg_boot_undo(run->boot, uuid, NULL);
	return rc;
}

int kcfg_boot_prepare(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err)
{
	struct kcfg_run run;
	int rc = 0;

	kcfg_run_init(&run, boot, place);
	if (place->vm->rt)
		rc = kcfg_run_hold(&run, err);
	if (rc == 0 && place->vm->rt)
		rc = prepare(&run, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", place->vm->name) : 0;
}
