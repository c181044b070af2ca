/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-pci.c - PCI devices out of /sys, with their slots and their users' names
 *
 * A class of the kernel (net, block, ...) has a link for each device, and the last
 * PCI address in the link's path is the device that it belongs to.
 */
#include "tuning/topo-pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/dmi.h"
#include "tuning/topo-internal.h"

#define DEVICES "sys/bus/pci/devices"
#define SLOTS "sys/bus/pci/slots"
#define DMI_TABLE "sys/firmware/dmi/tables/DMI"

/* ---- what a class is ---- */

static const struct class_row {
	unsigned int base, mask;
	const char *name;
	bool notable;
} classes[] = {
	{ 0x010800, 0xffff00, "NVMe controller", true },
	{ 0x010600, 0xffff00, "SATA controller", true },
	{ 0x010400, 0xffff00, "RAID controller", true },
	{ 0x010700, 0xffff00, "SAS controller", true },
	{ 0x010000, 0xff0000, "Storage controller", true },
	{ 0x020000, 0xffff00, "Ethernet controller", true },
	{ 0x020700, 0xffff00, "InfiniBand controller", true },
	{ 0x020000, 0xff0000, "Network controller", true },
	{ 0x030000, 0xff0000, "Display controller", true },
	{ 0x040000, 0xff0000, "Multimedia controller", true },
	{ 0x050000, 0xff0000, "Memory controller", false },
	{ 0x060000, 0xffff00, "Host bridge", false },
	{ 0x060100, 0xffff00, "ISA bridge", false },
	{ 0x060400, 0xffff00, "PCI bridge", false },
	{ 0x060000, 0xff0000, "Bridge", false },
	{ 0x070000, 0xff0000, "Communication controller", true },
	{ 0x080000, 0xff0000, "System peripheral", false },
	{ 0x0c0300, 0xffff00, "USB controller", true },
	{ 0x0c0500, 0xffff00, "SMBus", false },
	{ 0x0c0000, 0xff0000, "Serial bus controller", false },
	{ 0x0d0000, 0xff0000, "Wireless controller", true },
	{ 0x100000, 0xff0000, "Encryption controller", false },
	{ 0x110000, 0xff0000, "Signal processing controller", true },
	{ 0x120000, 0xff0000, "Processing accelerator", true },
};

static const struct class_row *class_of(const struct tune_pci *dev)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if ((dev->class & classes[i].mask) == classes[i].base)
			return &classes[i];
	}
	return NULL;
}

const char *tune_pci_class_name(const struct tune_pci *dev)
{
	const struct class_row *row = class_of(dev);

	return row ? row->name : "Device";
}

bool tune_pci_is_notable(const struct tune_pci *dev)
{
	const struct class_row *row = class_of(dev);

	return dev->names || dev->slot || (row && row->notable);
}

/* ---- one device ---- */

static bool is_address(const char *text, size_t len)
{
	char part[9];
	int used = 0;

	if (len >= TUNE_PCI_ADDRESS_MAX)
		return false;
	return sscanf(text, "%8[0-9a-f]:%2[0-9a-f]:%2[0-9a-f].%1[0-7]%n", part, part, part, part,
		      &used) == 4 && (size_t)used == len;
}

/* The last part of a link's target: a driver's name, a group's number. */
static char *link_name(const struct rt_root *root, const char *path)
{
	char target[PATH_MAX], *slash;
	ssize_t len = readlinkat(root->fd, path, target, sizeof(target) - 1);

	if (len <= 0)
		return NULL;
	target[len] = '\0';
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

static unsigned int read_hex(const struct rt_root *root, const char *address, const char *name)
{
	uint64_t value;

	/* the kernel writes 0x in front */
	return rt_root_read_u64(root, &value, NULL, DEVICES "/%s/%s", address, name) == 0 ?
	       (unsigned int)value : 0;
}

static int read_int(const struct rt_root *root, const char *path)
{
	char line[32];

	if (rt_root_read_line(root, line, sizeof(line), NULL, "%s", path) < 0)
		return TUNE_NONE;
	return line[0] >= '0' && line[0] <= '9' ? atoi(line) : TUNE_NONE;
}

static void read_device(struct tune_pci *dev, const struct rt_root *root, const char *address)
{
	char path[128], line[128], *group, list[4096];

	*dev = (struct tune_pci){ .parent = TUNE_NONE, .iommu_group = TUNE_NONE };
	snprintf(dev->address, sizeof(dev->address), "%s", address);
	dev->class = read_hex(root, address, "class") & 0xffffff;
	dev->vendor = read_hex(root, address, "vendor") & 0xffff;
	dev->device = read_hex(root, address, "device") & 0xffff;
	snprintf(path, sizeof(path), DEVICES "/%s/numa_node", address);
	dev->node = read_int(root, path);
	if (rt_root_read_line(root, list, sizeof(list), NULL, DEVICES "/%s/local_cpulist",
			      address) == 0)
		rt_cpuset_parse(&dev->local, list, NULL);
	snprintf(path, sizeof(path), DEVICES "/%s/driver", address);
	dev->driver = link_name(root, path);
	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", address);
	group = link_name(root, path);
	if (group && group[0] >= '0' && group[0] <= '9')
		dev->iommu_group = atoi(group);
	free(group);
	if (rt_root_read_line(root, line, sizeof(line), NULL, DEVICES "/%s/label", address) == 0 &&
	    line[0])
		dev->label = strdup(line);
}

/* ---- all of them ---- */

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct tune_pci *)a)->address, ((const struct tune_pci *)b)->address);
}

static struct tune_pci *find(const struct tune_topo *topo, const char *address)
{
	struct tune_pci key = { .class = 0 };

	snprintf(key.address, sizeof(key.address), "%s", address);
	if (!topo->nr_pci)
		return NULL;
	return bsearch(&key, topo->pci, topo->nr_pci, sizeof(key), by_address);
}

/* Calls @fn with each name in a folder that is not hidden. */
static int each_name(const struct rt_root *root, const char *path,
		     int (*fn)(void *arg, const char *name), void *arg)
{
	int fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", path), rc = 0;
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;

	if (!dir)
		return 0;
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			rc = fn(arg, entry->d_name);
	}
	closedir(dir);
	return rc;
}

struct scan {
	struct tune_topo *topo;
	const struct rt_root *root;
	const struct name_class *class;
};

static int add_device(void *arg, const char *name)
{
	struct scan *scan = arg;
	struct tune_topo *topo = scan->topo;
	struct tune_pci *more;

	if (!is_address(name, strlen(name)))
		return 0;
	more = reallocarray(topo->pci, topo->nr_pci + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	topo->pci = more;
	read_device(&topo->pci[topo->nr_pci++], scan->root, name);
	return 0;
}

/* The PCI address that stands last in a link's target, before its @skip last parts; or "". */
static void address_in(const struct rt_root *root, const char *path, unsigned int skip,
		       char address[static TUNE_PCI_ADDRESS_MAX])
{
	char target[PATH_MAX], *slash;
	ssize_t len = readlinkat(root->fd, path, target, sizeof(target) - 1);

	address[0] = '\0';
	if (len <= 0)
		return;
	target[len] = '\0';
	while ((slash = strrchr(target, '/'))) {
		if (skip)
			skip--;
		else if (is_address(slash + 1, strlen(slash + 1))) {
			strcpy(address, slash + 1);
			return;
		}
		*slash = '\0';
	}
}

static void find_parents(struct tune_topo *topo, const struct rt_root *root)
{
	char path[64], address[TUNE_PCI_ADDRESS_MAX];
	struct tune_pci *parent;
	unsigned int i;

	for (i = 0; i < topo->nr_pci; i++) {
		snprintf(path, sizeof(path), DEVICES "/%s", topo->pci[i].address);
		address_in(root, path, 1, address);
		parent = find(topo, address);
		if (parent && parent != &topo->pci[i])
			topo->pci[i].parent = (int)(parent - topo->pci);
	}
}

/* ---- the names that the kernel gave ---- */

static const struct name_class {
	const char *path;
	const char *pattern;	/* of names that count */
} name_classes[] = {
	{ "sys/class/net", "*" },
	{ "sys/class/infiniband", "*" },
	{ "sys/class/nvme", "*" },
	{ "sys/class/block", "*" },
	{ "sys/class/drm", "card*" },
	{ "sys/class/drm", "renderD*" },
	{ "sys/class/sound", "card*" },
	{ "sys/class/ptp", "ptp*" },
	{ "sys/bus/usb/devices", "usb*" },
};

/* Partitions and a card's sockets are parts of what has a name already. */
static bool is_part(const struct rt_root *root, const struct name_class *class, const char *name)
{
	if (strcmp(class->path, "sys/class/block") == 0)
		return rt_root_exists(root, "%s/%s/partition", class->path, name);
	return strcmp(class->path, "sys/class/drm") == 0 && strchr(name, '-');
}

static int add_name(void *arg, const char *name)
{
	struct scan *scan = arg;
	char path[320], address[TUNE_PCI_ADDRESS_MAX], *names;
	struct tune_pci *dev;

	if (!rt_glob(scan->class->pattern, name, false) || is_part(scan->root, scan->class, name))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", scan->class->path, name);
	address_in(scan->root, path, 0, address);
	dev = find(scan->topo, address);
	if (!dev)
		return 0;
	if (asprintf(&names, "%s%s%s", dev->names ? dev->names : "", dev->names ? " " : "",
		     name) < 0)
		return -ENOMEM;
	free(dev->names);
	dev->names = names;
	return 0;
}

/* ---- slots ---- */

static struct tune_slot *add_slot(struct tune_topo *topo, const char *name, const char *address)
{
	struct tune_slot *more = reallocarray(topo->slots, topo->nr_slots + 1, sizeof(*more));

	if (!more)
		return NULL;
	topo->slots = more;
	more = &topo->slots[topo->nr_slots];
	*more = (struct tune_slot){ .name = strdup(name), .node = TUNE_NONE };
	if (!more->name)
		return NULL;
	snprintf(more->address, sizeof(more->address), "%s", address);
	topo->nr_slots++;
	return more;
}

static bool at_address(const struct tune_pci *dev, const char *address)
{
	size_t len = strlen(address);

	return len && strncmp(dev->address, address, len) == 0 && dev->address[len] == '.';
}

/* @dev and what is behind it are in a slot; a name given before stays: it is nearer. */
static int put_in_slot(struct tune_topo *topo, struct tune_pci *dev, const struct tune_slot *slot)
{
	unsigned int i;
	int rc = 0;

	if (!tune_pci_is_bridge(dev)) {
		if (!dev->slot)
			dev->slot = strdup(slot->name);
		return dev->slot ? 0 : -ENOMEM;
	}
	for (i = (unsigned int)(dev - topo->pci) + 1; !rc && i < topo->nr_pci; i++) {
		if (topo->pci[i].parent == (int)(dev - topo->pci))
			rc = put_in_slot(topo, &topo->pci[i], slot);
	}
	return rc;
}

/* The slot's address is its card's, or that of the port that it hangs on. */
static int fill_slot(struct tune_topo *topo, struct tune_slot *slot)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < topo->nr_pci; i++) {
		if (!at_address(&topo->pci[i], slot->address))
			continue;
		slot->node = topo->pci[i].node;
		rc = put_in_slot(topo, &topo->pci[i], slot);
	}
	return rc;
}

static int add_sys_slot(void *arg, const char *name)
{
	struct scan *scan = arg;
	char address[TUNE_PCI_ADDRESS_MAX], path[320];
	struct tune_slot *slot;

	if (rt_root_read_line(scan->root, address, sizeof(address), NULL, SLOTS "/%s/address",
			      name) < 0)
		return 0;
	slot = add_slot(scan->topo, name, address);
	if (!slot)
		return -ENOMEM;
	snprintf(path, sizeof(path), SLOTS "/%s/adapter", name);
	slot->used = read_int(scan->root, path) == 1;
	return 0;
}

static bool add_dmi_slot(void *arg, const struct tune_dmi_slot *from)
{
	struct tune_topo *topo = arg;
	char address[TUNE_PCI_ADDRESS_MAX] = "";
	struct tune_slot *slot;

	if (from->addressed)
		snprintf(address, sizeof(address), "%04x:%02x:%02x", from->domain & 0xffff,
			 from->bus & 0xff, from->devfn >> 3 & 0x1f);
	slot = add_slot(topo, from->name, address);
	if (slot)
		slot->used = from->used;
	return slot;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct tune_slot *)a)->name, ((const struct tune_slot *)b)->name);
}

/* The board's own names first: "PCIE_SLOT3" says more than the hot-plug driver's "3". */
static int find_slots(struct scan *scan)
{
	struct tune_topo *topo = scan->topo;
	unsigned int i;
	char *table;
	size_t len;
	int rc;

	if (rt_root_read(scan->root, &table, &len, NULL, DMI_TABLE) == 0) {
		tune_dmi_slots((const uint8_t *)table, len, add_dmi_slot, topo);
		free(table);
	}
	rc = each_name(scan->root, SLOTS, add_sys_slot, scan);
	for (i = 0; !rc && i < topo->nr_slots; i++)
		rc = fill_slot(topo, &topo->slots[i]);
	if (!rc && topo->nr_slots)
		qsort(topo->slots, topo->nr_slots, sizeof(*topo->slots), by_name);
	return rc;
}

int tune_topo_load_pci(struct tune_topo *topo, const struct rt_root *root)
{
	struct scan scan = { .topo = topo, .root = root };
	size_t i;
	int rc;

	rc = each_name(root, DEVICES, add_device, &scan);
	if (rc)
		return rc;
	if (topo->nr_pci)
		qsort(topo->pci, topo->nr_pci, sizeof(*topo->pci), by_address);
	find_parents(topo, root);
	for (i = 0; !rc && i < sizeof(name_classes) / sizeof(name_classes[0]); i++) {
		scan.class = &name_classes[i];
		rc = each_name(root, scan.class->path, add_name, &scan);
	}
	return rc ? rc : find_slots(&scan);
}

void tune_topo_free_pci(struct tune_topo *topo)
{
	unsigned int i;

	for (i = 0; i < topo->nr_pci; i++) {
		free(topo->pci[i].driver);
		free(topo->pci[i].label);
		free(topo->pci[i].slot);
		free(topo->pci[i].names);
	}
	for (i = 0; i < topo->nr_slots; i++)
		free(topo->slots[i].name);
	free(topo->pci);
	free(topo->slots);
}
