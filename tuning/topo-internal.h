/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-internal.h - what the parts of topo share
 */
#ifndef TUNE_TOPO_INTERNAL_H
#define TUNE_TOPO_INTERNAL_H

#include "tuning/topo.h"

struct rt_err;
struct rt_root;

/*
 * Makes the CPUs of ->present, each in nothing, with ->online as it is, and adds
 * what sources leave out: 0 or -ENOMEM.
 */
int tune_topo_add_cpus(struct tune_topo *topo);
struct tune_cpu *tune_topo_find_cpu(const struct tune_topo *topo, unsigned int number);
/*
 * A further group behind those of its level, for its CPUs to be in; NULL where memory
 * is short.  Its ->cpus may be changed until tune_topo_complete().
 */
struct tune_group *tune_topo_add_group(struct tune_topo *topo, enum tune_level level, int number);
/*
 * Gives every online CPU a package, a die, a node and a core, where the source had none,
 * and makes ->cpus and ->in say the same.  0 or -ENOMEM.
 */
int tune_topo_complete(struct tune_topo *topo);

/* What was remembered, where CPUs are offline and it fits what is online; 0 or -ENOMEM. */
int tune_topo_recall(struct tune_topo *topo, const struct rt_root *root);
/* Moves the groups' numbers to those of @text, a file of tune_topo_remember(). */
int tune_topo_recall_text(struct tune_topo *topo, const char *text);

/* The PCI devices and slots of a tree; 0 or -ENOMEM: what is not there is not listed. */
int tune_topo_load_pci(struct tune_topo *topo, const struct rt_root *root);
void tune_topo_free_pci(struct tune_topo *topo);

/* @xml: the text of @len bytes, a NUL behind it; less than INT_MAX. */
int tune_topo_load_xml(struct tune_topo **ret, const char *xml, size_t len, struct rt_err *err);

#endif /* TUNE_TOPO_INTERNAL_H */
