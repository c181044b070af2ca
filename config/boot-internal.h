/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-internal.h - what starting, re-tuning and ending a VM share
 */
#ifndef KCFG_BOOT_INTERNAL_H
#define KCFG_BOOT_INTERNAL_H

#include "config/boot.h"
#include "config/live.h"

/* A VM on its way. */
struct kcfg_run {
	struct kcfg_boot *boot;
	const struct kcfg_place *place;
	struct kcfg_lives lives;	/* read anew by kcfg_run_look() */
	struct kcfg_live *live;		/* in ->lives; NULL: it does not run */
	bool foreign;			/* another program started it */
	int hold;			/* see kcfg_run_hold(); -1: it is not held */
};

void kcfg_run_init(struct kcfg_run *run, struct kcfg_boot *boot, const struct kcfg_place *place);
void kcfg_run_finish(struct kcfg_run *run);

/* Waits until no other command starts or undoes this VM; kcfg_run_finish() releases. */
int kcfg_run_hold(struct kcfg_run *run, struct rt_err *err);
void kcfg_run_release(struct kcfg_run *run);

/* "NAME: what", to the log. */
void kcfg_run_say(const struct kcfg_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* -ESRCH when the VM does not run (any more). */
int kcfg_run_look(struct kcfg_run *run, struct rt_err *err);

/* Puts threads that are not where they belong there; the next look shows how that went. */
int kcfg_run_place(struct kcfg_run *run, struct rt_err *err);
/* As libvirt pins: so its cgroups follow. */
int kcfg_run_pin(struct kcfg_run *run, struct rt_err *err);
/* Looks, and fails with the first thread that is not where it belongs. */
int kcfg_run_check(struct kcfg_run *run, struct rt_err *err);

#endif /* KCFG_BOOT_INTERNAL_H */
