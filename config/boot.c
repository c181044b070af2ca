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

#include "config/permit.h"
#include "config/sync.h"
#include "config/verdict.h"
#include "lib/err.h"

#define LATE_ROUNDS	10	/* for threads that come when the guest runs */
#define LATE_MS		100

/* ---- the steps ---- */

static int step_clear(struct kcfg_run *run, struct rt_err *err)
{
	int rc = kcfg_run_clear(run, err);

	return rc < 0 ? rc : 0;
}

/* QEMU would be ended by the kernel, or others for it, when there is too little to lock. */
static int claim_room(struct kcfg_run *run, struct rt_err *err)
{
	uint64_t memory, limit;
	int rc;

	if (!run->place->lock_memory)
		return 0;
	rc = kcfg_virt_memory(run->boot->virt, run->place->vm->uuid, &memory, &limit, err);
	return rc < 0 ? rc : kcfg_run_claim(run, memory, limit, err);
}

static int start_it(struct kcfg_run *run, bool paused, struct rt_err *err)
{
	int rc = claim_room(run, err);

	if (rc < 0)
		return rc;
	rc = kcfg_virt_start(run->boot->virt, run->place->vm->uuid, paused, err);
	kcfg_run_end_claim(run);	/* QEMU locks all of it before it answers */
	/* It was off, so another program started it meanwhile: ending it is not ours. */
	run->foreign = rc == -EBUSY;
	return rc;
}

/* Guest services as the file has them, before the guest can ask for them. */
static int permit(struct kcfg_run *run, struct rt_err *err)
{
	bool gs = run->place->vm->gs;
	int rc;

	if (run->boot->dry_run)
		return 0;
	rc = kcfg_permit(run->boot->root, run->live->pid, gs, err);
	if (rc > 0)
		kcfg_run_say(run, "its guest may %scall the host", gs ? "" : "not ");
	return rc < 0 ? rt_err_wrap(err, rc, "guest services") : 0;
}

static int step_start(struct kcfg_run *run, struct rt_err *err)
{
	int rc = start_it(run, true, err);

	if (rc == 0)
		rc = kcfg_run_look(run, err);
	return rc < 0 ? rc : permit(run, err);
}

/* A new partition makes the kernel give threads elsewhere all CPUs that are left: again. */
static int step_isolate(struct kcfg_run *run, struct rt_err *err)
{
	int rc = kcfg_run_isolate(run, err);

	if (rc >= 0)
		rc = kcfg_run_look(run, err);
	return rc < 0 ? rc : kcfg_run_place(run, err);
}

static int step_resume(struct kcfg_run *run, struct rt_err *err)
{
	return kcfg_virt_resume(run->boot->virt, run->place->vm->uuid, err);
}

/* Paused behind a boot that was killed: it goes on; else somebody meant it. */
static int step_go_on(struct kcfg_run *run, struct rt_err *err)
{
	return run->goes_on && run->live->state == KCFG_STATE_PAUSED ? step_resume(run, err) : 0;
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

struct step {
	const char *what;
	int (*run)(struct kcfg_run *run, struct rt_err *err);
	bool host;	/* of a plan that can be shown before there is a VM */
};

static const struct step start_steps[] = {
	{ "clearing its CPUs", step_clear, true },
	{ "taking siblings down", kcfg_run_down, true },
	{ "raising the kernel's threads", kcfg_run_kernel_first, true },
	{ "starting it paused", step_start, false },
	{ "placing its threads", kcfg_run_place, false },
	{ "isolating its vCPUs", step_isolate, false },
	{ "reading back", kcfg_run_check, false },
	{ "resuming it", step_resume, false },
	{ "placing late threads", step_late, false },
	{ "done", kcfg_run_complete, false },
	{ 0 }
};

static const struct step retune_steps[] = {
	{ "looking for its memory", kcfg_run_check_memory, true },
	{ "clearing its CPUs", step_clear, true },
	{ "taking siblings down", kcfg_run_down, true },
	{ "raising the kernel's threads", kcfg_run_kernel_first, true },
	{ "pinning its threads", kcfg_run_pin, false },
	{ "looking", kcfg_run_look, false },
	{ "placing its threads", kcfg_run_place, false },
	{ "isolating its vCPUs", step_isolate, false },
	{ "resuming it if it is paused", step_go_on, false },
	{ "placing late threads", step_late, false },
	{ "done", kcfg_run_complete, false },
	{ 0 }
};

static const struct step clear_steps[] = {
	{ "clearing its CPUs", step_clear, true },
	{ 0 }
};

static const struct step prepare_steps[] = {
	{ "taking siblings down", kcfg_run_down, true },
	{ "raising the kernel's threads", kcfg_run_kernel_first, true },
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

/* All is in its place; what else came to its CPUs meanwhile leaves them again. */
static int clear_again(struct kcfg_run *run, enum kcfg_booted *ret, struct rt_err *err)
{
	int made;

	*ret = run->live->state == KCFG_STATE_PAUSED ? KCFG_IS_PAUSED : KCFG_AS_IT_WAS;
	if (!run->place->vm->rt || run->boot->dry_run)
		return 0;
	made = kcfg_run_clear(run, err);
	if (made > 0)
		*ret = KCFG_RETUNED;
	return made < 0 ? made : kcfg_run_complete(run, err);
}

/* The file has another CPU for a vCPU than it runs on. */
static bool has_moved(const struct kcfg_run *run)
{
	struct kcfg_due due;

	for (size_t i = 0; i < run->live->nr_threads; i++) {
		const struct kcfg_thread *thread = &run->live->threads[i];

		kcfg_due(&due, run->place, thread);
		if (thread->role == KCFG_ROLE_VCPU && due.exact &&
		    !rt_cpuset_equal(&due.cpus, &thread->task->allowed))
			return true;
	}
	return false;
}

/* What is undone for a move would not tell any more that somebody paused it. */
static int cannot_move(struct rt_err *err)
{
	return rt_err_say(err, -EBUSY, "it is to run on other CPUs, but is paused: virsh resume "
			  "lets it go on");
}

static int pin_and_place(struct kcfg_run *run, struct rt_err *err)
{
	return kcfg_run_pin(run, err) ? : kcfg_run_look(run, err) ? : kcfg_run_place(run, err);
}

static int retune(struct kcfg_run *run, enum kcfg_booted *ret, struct rt_err *err)
{
	bool finished = !run->place->vm->rt || kcfg_run_is_complete(run), narrow = false;
	int rc = 0;

	if (!run->place->vm->rt)
		rc = kcfg_run_is_narrow(run, &narrow, err);
	if (rc < 0)
		return rc;
	if (all_well(run) && finished && !narrow)
		return clear_again(run, ret, err);
	*ret = KCFG_RETUNED;
	if (run->place->vm->rt) {
		run->goes_on = !finished;
		return finished && has_moved(run) ? cannot_move(err) :
		       walk(run, retune_steps, err);
	}
	return run->boot->dry_run ? 0 : pin_and_place(run, err);
}

/* A VM that was saved comes back with the XML of then.  It may have ended again by now. */
static int place_started(struct kcfg_run *run, struct rt_err *err)
{
	int rc = kcfg_run_look(run, err);

	if (rc < 0)
		return rc == -ESRCH ? 0 : rc;
	rc = permit(run, err);
	return rc < 0 || all_well(run) ? rc : pin_and_place(run, err);
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
		if (rc == 0)
			return place_started(run, err);
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

	rc = kcfg_virt_settled(boot->virt, uuid, KCFG_START_MS, &state, err);
	if (rc == 0)
		rc = kcfg_sync_push(&sync, run->place, err);
	if (rc < 0)
		return rc;
	if (!kcfg_state_is_off(state)) {
		rc = kcfg_run_look(run, err);
		if (rc == 0)
			rc = permit(run, err);
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

static int release(struct kcfg_run *run, struct rt_err *err)
{
	const struct kcfg_vm *vm = run->place->vm;
	enum kcfg_state state;
	int rc;

	rc = kcfg_virt_settled(run->boot->virt, vm->uuid, KCFG_START_MS, &state, err);
	if (rc == 0 && vm->rt && !kcfg_state_is_off(state)) {
		rc = kcfg_run_look(run, err);
		if (rc < 0 || (kcfg_run_is_for(run) && !has_moved(run)))
			return rc;
		if (run->live->state == KCFG_STATE_PAUSED && kcfg_run_is_complete(run))
			return cannot_move(err);
	}
	return rc < 0 ? rc : kcfg_boot_undo(run->boot, vm->uuid, err);
}

int kcfg_boot_release(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err)
{
	struct kcfg_run run;
	int rc;

	kcfg_run_init(&run, boot, place);
	rc = kcfg_run_hold(&run, err);
	if (rc == 0)
		rc = release(&run, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", place->vm->name) : 0;
}

static int prepare(struct kcfg_run *run, const struct step *steps, struct rt_err *err)
{
	enum kcfg_state state;
	int rc;

	rc = kcfg_virt_settled(run->boot->virt, run->place->vm->uuid, KCFG_START_MS, &state,
			       err);
	if (rc < 0 || kcfg_run_is_complete(run))
		return rc;
	/* for a VM that cannot be real-time as it runs the host stays as it is */
	if (!kcfg_state_is_off(state))
		rc = kcfg_run_look(run, err) ? : kcfg_run_check_memory(run, err);
	if (rc == 0)
		rc = walk(run, steps, err);
	if (rc < 0 && kcfg_state_is_off(state))
		kcfg_boot_undo(run->boot, run->place->vm->uuid, NULL);
	return rc;
}

static int init_and_prepare(struct kcfg_boot *boot, const struct kcfg_place *place,
			    const struct step *steps, struct rt_err *err)
{
	struct kcfg_run run;
	int rc = 0;

	if (boot->dry_run)
		return 0;
	kcfg_run_init(&run, boot, place);
	if (place->vm->rt)
		rc = kcfg_run_hold(&run, err);
	if (rc == 0 && place->vm->rt)
		rc = prepare(&run, steps, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", place->vm->name) : 0;
}

int kcfg_boot_clear(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err)
{
	return init_and_prepare(boot, place, clear_steps, err);
}

int kcfg_boot_prepare(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err)
{
	return init_and_prepare(boot, place, prepare_steps, err);
}

int kcfg_boot_abandon(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err)
{
	struct kcfg_run run;
	int rc;

	kcfg_run_init(&run, boot, place);
	rc = kcfg_run_hold(&run, err);
	if (rc == 0 && kcfg_run_look(&run, NULL) == -ESRCH)
		rc = kcfg_boot_undo(boot, place->vm->uuid, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", place->vm->name) : 0;
}
