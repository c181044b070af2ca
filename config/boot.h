/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.h - a VM started on CPUs that were made ready for it, and taken down with
 * everything put back
 *
 * What is changed on the host is in the journal "vm-UUID" before it is changed, so
 * that kcfg_boot_undo() restores it, also behind a command that was killed.
 */
#ifndef KCFG_BOOT_H
#define KCFG_BOOT_H

#include <stdio.h>

#include "config/place.h"
#include "config/virt.h"

struct rt_root;

/* Of one thread: connections are not shared. */
struct kcfg_boot {
	const struct rt_root *root;
	const struct tune_topo *topo;
	const struct kcfg_places *places;	/* of all VMs: the host has the other CPUs */
	struct kcfg_virt *virt;
	FILE *log;	/* a line a step and a line a change of the XML; NULL: none */
	bool dry_run;	/* plans go to ->log */
};

enum kcfg_booted { KCFG_BOOTED, KCFG_RETUNED, KCFG_AS_IT_WAS, KCFG_IS_PAUSED };

/**
 * kcfg_boot_vm() - start a VM, or bring one that runs up to the file.
 *
 * A real-time VM is started paused, and resumed when every thread of it was seen to
 * stand where it belongs.  When that fails the VM is ended and the host restored.
 * Return: 0 or -errno.
 */
int kcfg_boot_vm(struct kcfg_boot *boot, const struct kcfg_place *place,
		 enum kcfg_booted *ret, struct rt_err *err);

/*
 * Of several VMs all go through each of the next three before the first one is booted: so
 * CPUs can change hands; a CPU that goes down gives its kworkers only CPUs that no
 * real-time VM is to have; and siblings go down, which stops all CPUs, before any
 * real-time VM runs.
 */

/**
 * kcfg_boot_release() - undo what was changed for a VM that does not run (any more), or
 * has other CPUs in the file than it runs on: partitions refuse other pins.
 */
int kcfg_boot_release(struct kcfg_boot *boot, const struct kcfg_place *place,
		      struct rt_err *err);
/* A real-time VM's CPUs cleared. */
int kcfg_boot_clear(struct kcfg_boot *boot, const struct kcfg_place *place, struct rt_err *err);
/* And the rest of the host's side: siblings down, the kernel's threads raised. */
int kcfg_boot_prepare(struct kcfg_boot *boot, const struct kcfg_place *place,
		      struct rt_err *err);

/**
 * kcfg_boot_abandon() - undo these three for a VM that was not booted in the end, if it has
 * no QEMU.  libvirt is not asked: it may be what failed.
 */
int kcfg_boot_abandon(struct kcfg_boot *boot, const struct kcfg_place *place,
		      struct rt_err *err);

/*
 * Undoes what a boot changed; the VM is off.  0 where there is nothing to undo.  QEMUs that
 * have ended leave the list of those that may call.
 */
int kcfg_boot_undo(struct kcfg_boot *boot, const char *uuid, struct rt_err *err);

enum kcfg_ended { KCFG_WAS_OFF, KCFG_SHUT_DOWN, KCFG_FORCED };

/**
 * kcfg_shutdown_how() - what kcfg_shutdown_vm() does first.
 *
 * A guest that runs is asked.  A VM that was started paused and never resumed has none to
 * ask, or to lose: it is ended at once.  One that stands still otherwise, as somebody paused
 * it or a disk failed, is ended with @force alone.  A start under way is waited for a minute,
 * with @force no longer than @timeout_ns.
 * Return: 0; -EBUSY where it may not be ended; or another -errno.
 */
int kcfg_shutdown_how(struct kcfg_boot *boot, const struct kcfg_vm *vm, uint64_t timeout_ns,
		      bool force, enum kcfg_ended *ret, struct rt_err *err);

/**
 * kcfg_shutdown_vm() - end a VM, and undo what its boot changed.
 * @timeout_ns: how long its guest may take; then it is ended with @force, else it is
 *		-ETIMEDOUT and the VM runs on.
 *
 * Where the VM is not ended the host stays as it is for it.
 */
int kcfg_shutdown_vm(struct kcfg_boot *boot, const struct kcfg_vm *vm, uint64_t timeout_ns,
		     bool force, enum kcfg_ended *ret, struct rt_err *err);

/* UUIDs with a journal, those of VMs that nobody configures any more too; free(3) each and all. */
int kcfg_boot_journals(char ***ret, size_t *ret_nr, const struct rt_root *root,
		       struct rt_err *err);

#endif /* KCFG_BOOT_H */
