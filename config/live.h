/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h - the VMs that run now, and every thread that works for them
 *
 * Read from libvirt's status files and /proc alone: neither libvirtd nor QEMU's
 * monitor is asked, since a QEMU that answers may interrupt its vCPUs.
 */
#ifndef KCFG_LIVE_H
#define KCFG_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/virt.h"
#include "lib/cpulist.h"
#include "tuning/tuning.h"

#define KCFG_STATUS_DIR		"run/libvirt/qemu"
#define KCFG_STATUS_MAX		(8u << 20)

/* What a thread is for.  Those from KCFG_ROLE_VHOST on may be kernel threads. */
enum kcfg_role {
	KCFG_ROLE_VCPU, KCFG_ROLE_EMULATOR, KCFG_ROLE_IOTHREAD, KCFG_ROLE_WORKER,
	KCFG_ROLE_VHOST, KCFG_ROLE_PIT, KCFG_ROLE_NX, KCFG_NR_ROLES,
};

struct kcfg_thread {
	enum kcfg_role role;
	int number;			/* of the vCPU or iothread, else -1 */
	const struct tune_task *task;	/* borrowed from the tasks */
};

struct kcfg_live {
	char uuid[40];
	char *name;			/* owned; libvirt's */
	pid_t pid;			/* QEMU */
	enum kcfg_state state;
	struct kcfg_thread *threads;	/* owned; by role, number, tid */
	size_t nr_threads;
};

struct kcfg_lives {
	struct kcfg_live *v;
	size_t n;
	struct tune_tasks tasks;	/* what the threads point into */
};

const char *kcfg_role_name(enum kcfg_role role);

/**
 * kcfg_lives_read() - all VMs that run; replaces what @lives held ({ 0 } at first).
 *
 * A status file whose QEMU has ended is left out.
 * Return: 0; RT_ECANNOT where the files may not be read; or -errno.
 */
int kcfg_lives_read(struct kcfg_lives *lives, const struct rt_root *root, struct rt_err *err);
void kcfg_lives_finish(struct kcfg_lives *lives);
/* NULL where it does not run. */
struct kcfg_live *kcfg_lives_find(const struct kcfg_lives *lives, const char *uuid);

/* What a thread of that name is for in the VM whose QEMU is @pid; false: nothing. */
bool kcfg_role_of(const struct tune_task *task, pid_t pid, enum kcfg_role *ret_role,
		  int *ret_number);

/* A status file: fills all of @ret but the threads; -EINVAL where it is none. */
int kcfg_status_parse(struct kcfg_live *ret, const char *text, size_t len, struct rt_err *err);

#endif /* KCFG_LIVE_H */
