/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * permit.h - guest services as kvmrt.cfg has them: the VMs that the module
 * kvmrt_gs_host lets call
 */
#ifndef KCFG_PERMIT_H
#define KCFG_PERMIT_H

#include <stdbool.h>
#include <sys/types.h>

struct rt_err;
struct rt_root;

#define KCFG_PERMIT_FILE "sys/module/kvmrt_gs_host/parameters/allow"

/**
 * kcfg_permit() - put a VM on the module's list, or take it off.
 * @pid: its QEMU.
 *
 * QEMUs that have ended leave the list as well; names in it stay.  Nothing is done without
 * the module, nor where it lets every VM call ("*").  A list that cannot be read fails only
 * who is to be put on it.
 * Return: 1 where that changed what @pid may do, 0, or -errno.
 */
int kcfg_permit(const struct rt_root *root, pid_t pid, bool may_call, struct rt_err *err);

/* QEMUs that have ended leave the list, as far as it can be changed. */
void kcfg_permit_tidy(const struct rt_root *root);

#endif /* KCFG_PERMIT_H */
