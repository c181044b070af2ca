/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-linux.h - what of a Linux machine hwloc leaves out
 */
#ifndef TUNE_TOPO_LINUX_H
#define TUNE_TOPO_LINUX_H

struct rt_root;
struct tune_topo;

/* Which CPUs are present and online, SMT, and the host's name; leaves what it cannot read. */
void tune_linux_cpus(struct tune_topo *topo, const struct rt_root *root);
/* Nodes: the CPUs that are offline, and how much memory is free. */
void tune_linux_nodes(struct tune_topo *topo, const struct rt_root *root);
/* Which CPUs are of Intel's two kinds; hwloc learns that from cpuid alone. */
void tune_linux_kinds(struct tune_topo *topo, const struct rt_root *root);

#endif /* TUNE_TOPO_LINUX_H */
