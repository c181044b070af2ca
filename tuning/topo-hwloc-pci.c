/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-hwloc-pci.c - PCI devices out of hwloc's XML
 *
 * Of a tree of /sys, topo-pci.c reads more: drivers, groups, empty slots.
 */
#include "tuning/topo-hwloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuning/topo-internal.h"

/* Of a device, or of the bridge's side that is towards the CPUs; NULL for what is no PCI. */
static const struct hwloc_pcidev_attr_s *pci_of(hwloc_obj_t obj)
{
	if (obj->type == HWLOC_OBJ_PCI_DEVICE)
		return &obj->attr->pcidev;
	if (obj->type == HWLOC_OBJ_BRIDGE &&
	    obj->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_PCI)
		return &obj->attr->bridge.upstream.pci;
	return NULL;
}

static void print_address(char *to, const struct hwloc_pcidev_attr_s *pci)
{
	snprintf(to, TUNE_PCI_ADDRESS_MAX, "%04x:%02x:%02x.%x", pci->domain & 0xffffffu,
		 pci->bus, pci->dev & 31u, pci->func & 7u);
}

/* "eth0 ptp0": hwloc calls them OS devices. */
static char *names_of(hwloc_obj_t obj)
{
	char *names = NULL, *more;
	hwloc_obj_t child;

	for (child = obj->io_first_child; child; child = child->next_sibling) {
		if (child->type != HWLOC_OBJ_OS_DEVICE || !child->name)
			continue;
		if (asprintf(&more, "%s%s%s", names ? names : "", names ? " " : "",
			     child->name) < 0)
			break;
		free(names);
		names = more;
	}
	return names;
}

static int add(struct tune_topo *topo, hwloc_topology_t hw, hwloc_obj_t obj)
{
	const struct hwloc_pcidev_attr_s *pci = pci_of(obj);
	hwloc_obj_t near = hwloc_get_non_io_ancestor_obj(hw, obj);
	const char *slot = hwloc_obj_get_info_by_name(obj, "PCISlot");
	struct tune_pci *dev;

	dev = reallocarray(topo->pci, topo->nr_pci + 1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	topo->pci = dev;
	dev += topo->nr_pci++;
	*dev = (struct tune_pci){
		.class = (unsigned int)pci->class_id << 8, .vendor = pci->vendor_id,
		.device = pci->device_id, .node = TUNE_NONE, .parent = TUNE_NONE,
		.iommu_group = TUNE_NONE, .names = names_of(obj),
		.slot = slot ? strdup(slot) : NULL,
	};
	print_address(dev->address, pci);
	if (near && near->cpuset)
		dev->local = tune_hwloc_cpus(near->cpuset);
	if (near && near->nodeset && hwloc_bitmap_weight(near->nodeset) == 1)
		dev->node = hwloc_bitmap_first(near->nodeset);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct tune_pci *)a)->address, ((const struct tune_pci *)b)->address);
}

static struct tune_pci *find(const struct tune_topo *topo, hwloc_obj_t obj)
{
	struct tune_pci key = { .class = 0 };

	print_address(key.address, pci_of(obj));
	return bsearch(&key, topo->pci, topo->nr_pci, sizeof(key), by_address);
}

/* The next device or bridge; the two kinds are at two depths of hwloc's. */
static hwloc_obj_t next(hwloc_topology_t hw, hwloc_obj_t obj, hwloc_obj_type_t type)
{
	do {
		obj = hwloc_get_next_obj_by_type(hw, type, obj);
	} while (obj && !pci_of(obj));
	return obj;
}

int tune_hwloc_pci(struct tune_topo *topo, hwloc_topology_t hw)
{
	static const hwloc_obj_type_t types[] = { HWLOC_OBJ_PCI_DEVICE, HWLOC_OBJ_BRIDGE };
	struct tune_pci *dev, *parent;
	hwloc_obj_t obj;
	size_t i;

	for (i = 0; i < 2; i++) {
		for (obj = next(hw, NULL, types[i]); obj; obj = next(hw, obj, types[i])) {
			if (add(topo, hw, obj))
				return -ENOMEM;
		}
	}
	if (topo->nr_pci)
		qsort(topo->pci, topo->nr_pci, sizeof(*topo->pci), by_address);
	for (i = 0; i < 2; i++) {
		for (obj = next(hw, NULL, types[i]); obj; obj = next(hw, obj, types[i])) {
			dev = find(topo, obj);
			if (!obj->parent || !pci_of(obj->parent))
				continue;
			parent = find(topo, obj->parent);
			if (parent && parent != dev)
				dev->parent = (int)(parent - topo->pci);
		}
	}
	return 0;
}
