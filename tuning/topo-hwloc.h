/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-hwloc.h - the parts of reading through hwloc
 */
#ifndef TUNE_TOPO_HWLOC_H
#define TUNE_TOPO_HWLOC_H

#include <hwloc.h>

struct rt_cpuset;
struct tune_topo;

struct rt_cpuset tune_hwloc_cpus(hwloc_const_cpuset_t from);
/* The PCI devices that an XML file has; 0 or -ENOMEM. */
int tune_hwloc_pci(struct tune_topo *topo, hwloc_topology_t hw);

#endif /* TUNE_TOPO_HWLOC_H */
