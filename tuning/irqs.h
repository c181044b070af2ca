/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqs.h - the host's interrupts: /proc/interrupts, /proc/softirqs, /proc/irq
 *
 * Counts are read in one pass without an allocation for each line, so that a
 * view may read 1,000 lines of 256 CPUs every second.  Affinities cost a few
 * files an interrupt: ask for them only where they are shown.
 */
#ifndef TUNE_IRQS_H
#define TUNE_IRQS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cpulist.h"

struct rt_err;
struct rt_root;

/* What to read beside the counts. */
#define TUNE_IRQS_AFFINITY	1u	/* affinity, effective, node, hold */
#define TUNE_IRQS_DEVICE	2u	/* device and netdev */

/* May user space move it? */
enum tune_irq_hold {
	TUNE_IRQ_UNKNOWN,	/* this kernel does not show it: tune_irq_probe() asks */
	TUNE_IRQ_FREE,
	TUNE_IRQ_MANAGED,	/* the kernel spreads the device's queues itself */
	TUNE_IRQ_FIXED,		/* refused for another reason: a timer, a chip that cannot */
};

/* A line of the table.  Texts are borrowed from the struct tune_irqs. */
struct tune_irq {
	const char *label;	/* "36", "LOC", "TIMER" */
	int number;		/* of a device's interrupt, or -1 */
	const char *chip;	/* "PCI-MSIX-0000:00:02.0", "IO-APIC"; "" where none is shown */
	const char *trigger;	/* "1-edge": the number within the chip, and the kind */
	const char *actions;	/* "virtio1-req.0", "ehci_hcd:usb1, uhci"; what an "LOC" counts */
	size_t counts;		/* tune_irq_count() */
	unsigned int nr_counts;	/* as many as columns, or 1 (ERR, MIS) */

	/* with TUNE_IRQS_AFFINITY, where has_affinity */
	bool has_affinity;
	struct rt_cpuset affinity;
	struct rt_cpuset effective;	/* empty where the kernel does not tell */
	int node;			/* of its device, or -1 */
	enum tune_irq_hold hold;

	/* with TUNE_IRQS_DEVICE; "" where there is none */
	char device[16];	/* PCI address: "0000:00:02.0" */
	char netdev[16];	/* a network interface of that device */
};

/* Start it with { 0 }; read into it as often as wanted. */
struct tune_irqs {
	struct tune_irq *v;
	size_t n, room;
	unsigned int *cpus;		/* the CPU of each column: those online, ascending */
	unsigned int nr_cpus;
	uint32_t *counts;
	size_t nr_counts, counts_room;
	struct rt_buf text;		/* what the rows' texts point into */
};

/**
 * tune_irqs_read() - /proc/interrupts, and what @what asks for beside it.
 *
 * Replaces what @irqs held.  An interrupt that vanishes while it is read keeps
 * its counts and has no affinity.
 * Return: 0 or -errno; -EBADMSG where the file is no such table.
 */
int tune_irqs_read(struct tune_irqs *irqs, const struct rt_root *root, unsigned int what,
		   struct rt_err *err);
/* /proc/softirqs: its columns are the possible CPUs. */
int tune_softirqs_read(struct tune_irqs *irqs, const struct rt_root *root, struct rt_err *err);
void tune_irqs_finish(struct tune_irqs *irqs);

/* The table in irqs->text, in place; for tune_irqs_read() and the fuzzer. */
int tune_irqs_parse(struct tune_irqs *irqs, struct rt_err *err);

/* Of one CPU column; the kernel counts in 32 bits: take differences as uint32_t. */
static inline uint32_t tune_irq_count(const struct tune_irqs *irqs, const struct tune_irq *irq,
				      unsigned int column)
{
	return column < irq->nr_counts ? irqs->counts[irq->counts + column] : 0;
}

uint64_t tune_irq_total(const struct tune_irqs *irqs, const struct tune_irq *irq);
struct tune_irq *tune_irqs_find(struct tune_irqs *irqs, int number);

/**
 * tune_irq_probe() - ask the kernel whether an interrupt may be moved.
 *
 * Changes nothing: a text that is no CPU list is written, which the kernel
 * refuses with EINVAL where it would move the interrupt, and with EIO (EPERM from
 * 6.11) where it would not.  Does nothing where ->hold is known or /proc is a
 * recorded one; leaves TUNE_IRQ_UNKNOWN where root is needed.
 */
void tune_irq_probe(struct tune_irq *irq, const struct rt_root *root);

/**
 * tune_irq_matches() - is it meant by a word that a person typed?
 * @word: a number, or a name or glob of an action, a device's address, a network
 * interface or "DEVICE/ACTION" (with TUNE_IRQS_DEVICE), or a label such as "LOC".
 */
bool tune_irq_matches(const struct tune_irq *irq, const char *word);
/*
 * What a word that no line matches may have been meant for, borrowed; or NULL.
 * @devices: one of a device's interrupts, no "LOC".
 */
const char *tune_irqs_near(const struct tune_irqs *irqs, bool devices, const char *word);

const char *tune_irq_hold_name(enum tune_irq_hold hold);

#endif /* TUNE_IRQS_H */
