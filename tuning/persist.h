/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * persist.h - CPUs for the next boots: of interrupts, lines for the shield service;
 * of threads, drop-in files for the services that they belong to
 *
 * The shield service's file (/etc/sysconfig/shield, or /etc/default/shield on relatives of
 * Debian) gets a block of IRQ_ASSIGN lines; what stands outside of the block is
 * not touched.  Numbers change from boot to boot, so a handler's name stands there, or
 * where that means interrupts of other CPUs too, "DEVICE/HANDLER".
 */
#ifndef TUNE_PERSIST_H
#define TUNE_PERSIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cpulist.h"

struct rt_buf;
struct rt_err;
struct rt_root;
struct tune_irq;
struct tune_irqs;

struct tune_assign {
	char *name, *cpus;	/* owned */
};

/* Start it with { 0 }. */
struct tune_persist {
	struct tune_assign *v;
	size_t n;
	const char *path;	/* the file, below the root; set by tune_persist_write() */
};

void tune_persist_finish(struct tune_persist *persist);
/**
 * tune_persist_add() - keep the CPUs of @irq, one of @irqs.
 * @irqs: each with the CPUs that it has from now on.
 * Return: 0; 1 where each name that it has means one with other CPUs too; -errno.
 */
int tune_persist_add(struct tune_persist *persist, const struct tune_irqs *irqs,
		     const struct tune_irq *irq);
/*
 * Finds the file; writes it unless @dry_run or nothing was added, as a whole and at once.
 * Return: 0; -EINVAL where the service could not read it then, and it is as it was; -errno.
 */
int tune_persist_write(struct tune_persist *persist, const struct tune_irqs *irqs,
		       const struct rt_root *root, bool dry_run, struct rt_err *err);

/* The new text of the file; of before, what is about other interrupts stays. */
void tune_persist_edit(struct rt_buf *out, const char *text, const struct tune_persist *persist,
		       const struct tune_irqs *irqs);

/* A whole file in the place of the one that is there, behind links, with its owner and mode. */
int tune_persist_replace(const struct rt_root *root, const char *path, const struct rt_buf *text,
			 struct rt_err *err);

#define TUNE_UNIT_FILE "50-task-affinity.conf"	/* in /etc/systemd/system/NAME.service.d */

struct tune_unit {
	char *name;		/* owned: "chrony.service" */
	struct rt_cpuset cpus;
};

/* Start it with { 0 }. */
struct tune_units {
	struct tune_unit *v;
	size_t n;
};

void tune_units_finish(struct tune_units *units);
/* A thread in @cgroup is to run on @cpus.  Return: 0; 1 where it is in no service; -ENOMEM. */
int tune_units_add(struct tune_units *units, const char *cgroup, const struct rt_cpuset *cpus);
/* Another thread, that was not moved: where its service is one of them, it keeps its CPUs. */
void tune_units_widen(struct tune_units *units, const char *cgroup, const struct rt_cpuset *cpus);
/* Return: 0; RT_ECANNOT without systemd; or -errno. */
int tune_units_write(const struct tune_units *units, const struct rt_root *root,
		     struct rt_err *err);

#endif /* TUNE_PERSIST_H */
