/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync.h - one VM of kvmrt.cfg and its domain in libvirt made alike, in either
 * direction
 */
#ifndef KCFG_SYNC_H
#define KCFG_SYNC_H

#include <stdbool.h>
#include <stdio.h>

#include "config/cfg.h"
#include "config/place.h"
#include "config/virt.h"

struct kcfg_sync {
	struct kcfg_virt *virt;
	const struct tune_topo *topo;
	FILE *out;		/* for a line a change; NULL: none */
	bool dry_run;		/* look only */
};

/**
 * kcfg_sync_push() - let libvirt have what the file says.
 *
 * A VM that runs keeps its name, and takes the rest at its next start: what may be
 * changed at once is config/boot.h's.
 * Return: 1 when something differed, 0 when nothing did, or -errno (-ENOENT:
 * libvirt does not know the VM; -EBUSY: it would have to be renamed, and runs).
 */
int kcfg_sync_push(const struct kcfg_sync *sync, const struct kcfg_place *place,
		   struct rt_err *err);

/**
 * kcfg_sync_pull() - let the file have what libvirt says.
 * Return: how many attributes changed (in memory: kcfg_save() is the caller's), or -errno.
 */
int kcfg_sync_pull(const struct kcfg_sync *sync, struct kcfg *cfg, struct kcfg_vm *vm,
		   struct rt_err *err);

/*
 * Before all that libvirt has no more are taken out by @option: another libvirt than the
 * file's knows none of it, and whoever took that would lose all.  @uri: NULL: KCFG_VIRT_URI.
 * Return: 0 or -EINVAL.
 */
int kcfg_sync_check_ours(const struct kcfg *cfg, const struct kcfg_domain *domains, size_t nr,
			 const char *uri, const char *option, struct rt_err *err);

/*
 * For one that libvirt has no more (-ENOENT): its section is taken out of the file, with a
 * line in ->out, and @vm is gone, but for a dry run.  One that is disabled stays: that is
 * how to keep it.  Return: whether it goes.
 */
bool kcfg_sync_forget(const struct kcfg_sync *sync, struct kcfg *cfg, struct kcfg_vm *vm);

#endif /* KCFG_SYNC_H */
