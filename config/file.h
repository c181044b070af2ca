/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.h - kvmrt.cfg on the disk: one writer at a time, whole or not at all
 *
 * A writer holds the lock from before it reads until it has saved.  What is saved
 * replaces the file in one step, with its owner, mode and access list; the last
 * versions stay beside it as kvmrt.cfg.1~ (the newest) to kvmrt.cfg.5~.  Of a
 * symbolic link the file that it leads to is meant.
 */
#ifndef KCFG_FILE_H
#define KCFG_FILE_H

#include <stddef.h>

struct kcfg;
struct kcfg_lock;
struct rt_err;

#define KCFG_VERSIONS 5

/**
 * kcfg_lock() - become the one writer of @path.
 * @who: for those who come too late: "kvmrt-edit-config".
 *
 * Return: 0; -EBUSY with who holds it, and since when; or another -errno.
 */
int kcfg_lock(struct kcfg_lock **ret, const char *path, const char *who, struct rt_err *err);
void kcfg_unlock(struct kcfg_lock *lock);	/* NULL is legal */

/* kcfg_read() under the lock; an empty configuration where there is no file yet. */
int kcfg_lock_read(struct kcfg_lock *lock, struct kcfg **ret, struct rt_err *err);

/**
 * kcfg_save() - replace the file by what @cfg is now.
 *
 * Return: 1 when it was written, 0 when it is the same to the byte; -ESTALE when
 * the file was changed since kcfg_lock_read() by somebody without the lock;
 * -EINVAL while the configuration has errors; -ENOSPC and others.  After a failure the
 * file is as it was.
 */
int kcfg_save(struct kcfg_lock *lock, const struct kcfg *cfg, struct rt_err *err);

#endif /* KCFG_FILE_H */
