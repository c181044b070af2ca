/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqs-internal.h - what irqs.c and irqs-more.c share
 */
#ifndef TUNE_IRQS_INTERNAL_H
#define TUNE_IRQS_INTERNAL_H

struct rt_root;
struct tune_irqs;

/* Fills device and netdev from /sys/bus/pci/devices; what is not there stays empty. */
void tune_irqs_devices(struct tune_irqs *irqs, const struct rt_root *root);
/* Fills what /proc/irq/N shows; devices must be there before, for TUNE_IRQ_MANAGED. */
void tune_irqs_affinities(struct tune_irqs *irqs, const struct rt_root *root);

#endif /* TUNE_IRQS_INTERNAL_H */
