/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot-end.c - a VM taken down, and what its boot changed undone */
#include "config/boot-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/err.h"
#include "lib/root.h"

#define STEP_MS		100
#define GONE_MS		10000	/* for QEMU's last threads and cgroups behind its end */
#define PREFIX		"vm-"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void nap(void)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

/*
 * One whose start does not end can be ended as it is; by force when a guest's time is over.
 * One that libvirt has no more, and whose section is kept by being disabled, is off.
 */
static int state_to_end(struct kcfg_boot *boot, const struct kcfg_vm *vm, uint64_t timeout_ns,
			bool force, enum kcfg_state *ret, struct rt_err *err)
{
	uint64_t limit_ms = timeout_ns / 1000000;
	int rc;

	if (!force || limit_ms > KCFG_START_MS)
		limit_ms = KCFG_START_MS;
	rc = kcfg_virt_settled(boot->virt, vm->uuid, limit_ms, ret, err);
	if (rc == -ENOENT && vm->disabled) {
		*ret = KCFG_STATE_OFF;
		return 0;
	}
	return rc == -EBUSY ? kcfg_virt_state(boot->virt, vm->uuid, ret, err) : rc;
}

/* Off, or forgotten by libvirt at its end, as one that was undefined while it ran. */
static int state_or_off(struct kcfg_boot *boot, const char *uuid, enum kcfg_state *ret,
			struct rt_err *err)
{
	int rc = kcfg_virt_state(boot->virt, uuid, ret, err);

	if (rc != -ENOENT)
		return rc;
	*ret = KCFG_STATE_OFF;
	return 0;
}

/* Return: 0 when it is off, -ETIMEDOUT, or another -errno. */
static int wait_off(struct kcfg_boot *boot, const char *uuid, uint64_t timeout_ns,
		    struct rt_err *err)
{
	uint64_t end = now_ns() + timeout_ns;
	enum kcfg_state state;
	int rc;

	for (;;) {
		rc = state_or_off(boot, uuid, &state, err);
		if (rc < 0 || kcfg_state_is_off(state))
			return rc;
		if (now_ns() >= end)
			return rt_err_say(err, -ETIMEDOUT, "its guest does not power off: it is %s "
					  "still after %llu s", kcfg_state_name(state),
					  (unsigned long long)(timeout_ns / 1000000000));
		nap();
	}
}

/* Its guest cannot power off as it stands, and may hold what is nowhere else. */
static int stands_still(enum kcfg_state state, struct rt_err *err)
{
	switch (state) {
	case KCFG_STATE_PAUSED:
		return rt_err_say(err, -EBUSY, "is paused, so its guest cannot power off: virsh "
				  "resume it, or --force");
	case KCFG_STATE_SUSPENDED:
		return rt_err_say(err, -EBUSY, "is suspended, so its guest cannot power off: virsh "
				  "dompmwakeup it, or --force");
	default:
		return rt_err_say(err, -EBUSY, "is in a state that libvirt does not tell: --force "
				  "ends it");
	}
}

static int how_to_end(struct kcfg_boot *boot, const struct kcfg_vm *vm, enum kcfg_state state,
		      bool force, enum kcfg_ended *ret, struct rt_err *err)
{
	bool has_run = false;
	int rc = 0;

	if (state == KCFG_STATE_RUNNING || state == KCFG_STATE_STOPPING) {
		*ret = KCFG_SHUT_DOWN;
		return 0;
	}
	if (!force)
		rc = kcfg_virt_has_run(boot->virt, vm->uuid, &has_run, err);
	if (rc == 0 && has_run)
		rc = stands_still(state, err);
	*ret = rc < 0 ? KCFG_WAS_OFF : KCFG_FORCED;
	return rc;
}

int kcfg_shutdown_how(struct kcfg_boot *boot, const struct kcfg_vm *vm, uint64_t timeout_ns,
		      bool force, enum kcfg_ended *ret, struct rt_err *err)
{
	enum kcfg_state state;
	int rc = state_to_end(boot, vm, timeout_ns, force, &state, err);

	*ret = KCFG_WAS_OFF;
	if (rc == 0 && !kcfg_state_is_off(state))
		rc = how_to_end(boot, vm, state, force, ret, err);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", vm->name) : 0;
}

static int end_it(struct kcfg_boot *boot, const struct kcfg_vm *vm, enum kcfg_state state,
		  uint64_t timeout_ns, bool force, enum kcfg_ended *ret, struct rt_err *err)
{
	int rc = how_to_end(boot, vm, state, force, ret, err);

	if (rc < 0)
		return rc;
	if (*ret == KCFG_SHUT_DOWN) {
		if (state == KCFG_STATE_RUNNING)
			rc = kcfg_virt_shutdown(boot->virt, vm->uuid, err);
		if (rc == 0)
			rc = wait_off(boot, vm->uuid, timeout_ns, err);
		/* RT_ECANNOT: libvirt is lost, and force needs it too. */
		if (rc == 0 || !force || rc == RT_ECANNOT)
			return rc;
	}
	*ret = KCFG_FORCED;
	return kcfg_virt_destroy(boot->virt, vm->uuid, err);
}

/* A QEMU that is ending still holds its cgroups, and with them CPUs. */
static void wait_gone(struct kcfg_boot *boot, pid_t pid)
{
	for (int ms = 0; ms < GONE_MS && rt_root_exists(boot->root, "proc/%d", pid); ms += STEP_MS)
		nap();
}

/* A boot that was under way has ended by then, or it has begun anew, and all is its. */
static int undo(struct kcfg_boot *boot, const struct kcfg_vm *vm, struct rt_err *err)
{
	const struct kcfg_place place = { .vm = vm };
	enum kcfg_state state = KCFG_STATE_OFF;
	struct kcfg_run run;
	int rc;

	kcfg_run_init(&run, boot, &place);
	rc = kcfg_run_hold(&run, err);
	if (rc == 0)
		rc = state_or_off(boot, vm->uuid, &state, err);
	if (rc == 0 && kcfg_state_is_off(state))
		rc = kcfg_boot_undo(boot, vm->uuid, err);
	kcfg_run_finish(&run);
	return rc < 0 ? rc : 0;
}

int kcfg_shutdown_vm(struct kcfg_boot *boot, const struct kcfg_vm *vm, uint64_t timeout_ns,
		     bool force, enum kcfg_ended *ret, struct rt_err *err)
{
	struct kcfg_lives lives = { 0 };
	const struct kcfg_live *live;
	enum kcfg_state state;
	pid_t pid = 0;
	int rc;

	rc = state_to_end(boot, vm, timeout_ns, force, &state, err);
	*ret = KCFG_WAS_OFF;
	if (rc == 0 && !kcfg_state_is_off(state)) {
		rc = kcfg_lives_read(&lives, boot->root, err);
		live = rc == 0 ? kcfg_lives_find(&lives, vm->uuid) : NULL;
		pid = live ? live->pid : 0;
		kcfg_lives_finish(&lives);
		if (rc == 0)
			rc = end_it(boot, vm, state, timeout_ns, force, ret, err);
	}
	if (rc == 0 && pid)
		wait_gone(boot, pid);
	if (rc == 0 || rc == -ENOENT)
		rc = undo(boot, vm, err) ? : rc;
	return rc < 0 ? rt_err_wrap(err, rc, "%s", vm->name) : 0;
}

int kcfg_boot_journals(char ***ret, size_t *ret_nr, const struct rt_root *root,
		       struct rt_err *err)
{
	size_t n = 0;
	int rc;

	rc = tune_journal_list(ret, ret_nr, root, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < *ret_nr; i++) {
		char *name = (*ret)[i];

		if (strncmp(name, PREFIX, strlen(PREFIX))) {
			free(name);
			continue;
		}
		memmove(name, name + strlen(PREFIX), strlen(name) - strlen(PREFIX) + 1);
		(*ret)[n++] = name;
	}
	*ret_nr = n;
	return 0;
}
