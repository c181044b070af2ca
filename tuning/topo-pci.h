/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-pci.h - PCI devices and slots of a machine, a part of topo.h
 */
#ifndef TUNE_TOPO_PCI_H
#define TUNE_TOPO_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpulist.h"

struct tune_topo;

#define TUNE_PCI_ADDRESS_MAX 16		/* "0000:01:00.0", with its NUL */

struct tune_pci {
	char address[TUNE_PCI_ADDRESS_MAX];
	unsigned int class;	/* 24 bits: 0x020000 is an Ethernet controller */
	unsigned int vendor, device;
	int node;		/* TUNE_NONE: the firmware says nothing of it */
	struct rt_cpuset local;	/* the CPUs near it */
	int parent;		/* index in ->pci of the bridge above, or TUNE_NONE */
	int iommu_group;	/* or TUNE_NONE */
	char *driver;		/* owned, NULL where none is bound */
	char *label;		/* the firmware's: "Onboard LAN1"; owned, may be NULL */
	char *slot;		/* owned, NULL where it is in none */
	char *names;		/* "eth0 ptp0", by class and number; owned, may be NULL */
};

/* A slot of the board, empty ones too. */
struct tune_slot {
	char *name;		/* owned */
	char address[TUNE_PCI_ADDRESS_MAX];	/* "0000:01:00", "" where not known */
	bool used;
	int node;		/* TUNE_NONE where not known */
};

/* PCI to PCI, the only bridge that has devices behind it. */
static inline bool tune_pci_is_bridge(const struct tune_pci *dev)
{
	return dev->class >> 8 == 0x0604;
}

/* "Ethernet controller"; "device" where the class is not known. */
const char *tune_pci_class_name(const struct tune_pci *dev);
/* Has it a name, or is it of a class that people look for (network, disk, display, ...)? */
bool tune_pci_is_notable(const struct tune_pci *dev);

#endif /* TUNE_TOPO_PCI_H */
