/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * persist.h - interrupts' CPUs for the next boots: lines for the shield service
 *
 * The service's file (/etc/sysconfig/shield, or /etc/default/shield on relatives of
 * Debian) gets a block of IRQ_ASSIGN lines; what stands outside of the block is
 * not touched.  Numbers change from boot to boot, so the name of an interrupt's
 * first handler stands there where it has one.
 */
#ifndef TUNE_PERSIST_H
#define TUNE_PERSIST_H

#include <stdbool.h>
#include <stddef.h>

struct rt_buf;
struct rt_cpuset;
struct rt_err;
struct rt_root;
struct tune_irq;

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
int tune_persist_add(struct tune_persist *persist, const struct tune_irq *irq,
		     const struct rt_cpuset *cpus);
/* Finds the file; writes it unless @dry_run, as a whole and at once. */
int tune_persist_write(struct tune_persist *persist, const struct rt_root *root, bool dry_run,
		       struct rt_err *err);

/* The new text of the file; an entry of the same name replaces that of before. */
void tune_persist_edit(struct rt_buf *out, const char *text, const struct tune_persist *persist);

#endif /* TUNE_PERSIST_H */
