/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-internal.h - what starting, re-tuning and ending a VM share: its threads
 * (boot-threads.c), its host (boot-host.c)
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
	bool goes_on;			/* its boot was killed: paused is not how it shall stay */
	int hold;			/* see kcfg_run_hold(); -1: it is not held */
	int claim;			/* see kcfg_run_claim(); -1: there is none */
};

void kcfg_run_init(struct kcfg_run *run, struct kcfg_boot *boot, const struct kcfg_place *place);
void kcfg_run_finish(struct kcfg_run *run);

/* Waits until no other command starts or undoes this VM; kcfg_run_finish() releases. */
int kcfg_run_hold(struct kcfg_run *run, struct rt_err *err);
void kcfg_run_release(struct kcfg_run *run);
/* A descriptor of the file in which that is locked, or -1 with errno. */
int kcfg_hold_file(const struct rt_root *root);

/**
 * kcfg_run_claim() - see kcfg_room_check(), and set the memory aside until
 * kcfg_run_end_claim(): when the VM has started, and has it, or has not.
 *
 * Where there is too little beside what others have claimed, waits until they have started.
 * Return: 0, -ENOMEM or another -errno.
 */
int kcfg_run_claim(struct kcfg_run *run, uint64_t memory, uint64_t limit, struct rt_err *err);
void kcfg_run_end_claim(struct kcfg_run *run);

/* "NAME: what", to the log. */
void kcfg_run_say(const struct kcfg_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* -ESRCH when the VM does not run (any more). */
int kcfg_run_look(struct kcfg_run *run, struct rt_err *err);

/* Puts threads that are not where they belong there; the next look shows how that went. */
int kcfg_run_place(struct kcfg_run *run, struct rt_err *err);
/* As libvirt pins: so its cgroups follow. */
int kcfg_run_pin(struct kcfg_run *run, struct rt_err *err);
/* Has libvirt pinned a thread to fewer CPUs than the file gives it by now? */
int kcfg_run_is_narrow(struct kcfg_run *run, bool *ret, struct rt_err *err);
int kcfg_run_check_memory(struct kcfg_run *run, struct rt_err *err);
/* Looks, and fails with the first thread that is not where it belongs. */
int kcfg_run_check(struct kcfg_run *run, struct rt_err *err);

/* ---- the host's side: journalled, or only shown in a dry run ---- */

/*
 * Interrupts, tasks, kernel threads, work queues and timers off its CPUs.
 * Return: how many changes were made, or -errno.
 */
int kcfg_run_clear(struct kcfg_run *run, struct rt_err *err);
/* The same, with a partition around its vCPUs in between: the best that is honoured. */
int kcfg_run_isolate(struct kcfg_run *run, struct rt_err *err);
int kcfg_run_down(struct kcfg_run *run, struct rt_err *err);
int kcfg_run_kernel_first(struct kcfg_run *run, struct rt_err *err);

int kcfg_run_complete(struct kcfg_run *run, struct rt_err *err);
/* Is a finished boot's journal there?  One of a boot for the same CPUs? */
bool kcfg_run_is_complete(const struct kcfg_run *run);
bool kcfg_run_is_for(const struct kcfg_run *run);

#endif /* KCFG_BOOT_INTERNAL_H */
