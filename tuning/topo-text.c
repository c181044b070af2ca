/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-text.c - the machine as hwtopo prints it
 */
#include "tuning/topo-tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

static const char *const level_names[TUNE_NR_LEVELS] = {
	[TUNE_PACKAGE] = "Package", [TUNE_DIE] = "Die", [TUNE_NODE] = "NUMA Node",
	[TUNE_L3] = "L3 Cache", [TUNE_L2] = "L2 Cache", [TUNE_L1] = "L1 Cache",
	[TUNE_CORE] = "Core",
};

/* A cache is known by where it is, not by a number. */
static bool is_cache(enum tune_level level)
{
	return level == TUNE_L3 || level == TUNE_L2 || level == TUNE_L1;
}

void tune_box_name(struct rt_buf *buf, const struct tune_box *box)
{
	switch (box->kind) {
	case TUNE_BOX_MACHINE:
		rt_buf_puts(buf, "Machine 0");
		break;
	case TUNE_BOX_CPU:
		rt_buf_printf(buf, "CPU %u", box->cpu->number);
		break;
	case TUNE_BOX_PCI:
		rt_buf_printf(buf, "%s %s", tune_pci_class_name(box->pci), box->pci->address);
		break;
	case TUNE_BOX_SLOT:
		rt_buf_printf(buf, "Slot %s", box->slot->name);
		break;
	case TUNE_BOX_GROUP:
		rt_buf_puts(buf, level_names[box->level]);
		if (!is_cache(box->level))
			rt_buf_printf(buf, " %d", box->group->number);
		break;
	}
}

/* "32MiB", "1.5GiB": whole numbers where that is near enough. */
static void put_size(struct rt_buf *buf, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	if (value < 10 && value - (double)(uint64_t)value >= 0.05)
		rt_buf_printf(buf, "%.1f%s", value, units[unit]);
	else
		rt_buf_printf(buf, "%.0f%s", value, units[unit]);
}

/* One more of what stands in the brackets. */
static void add(struct rt_buf *buf, size_t begin, const char *what, const char *text)
{
	if (text)
		rt_buf_printf(buf, "%s%s%s", buf->len > begin ? ", " : "", what, text);
}

static void pci_details(struct rt_buf *buf, const struct tune_pci *dev)
{
	size_t begin = buf->len;
	char number[16];

	snprintf(number, sizeof(number), "%04x:%04x", dev->vendor, dev->device);
	add(buf, begin, "", number);
	add(buf, begin, "", dev->label);
	add(buf, begin, "driver ", dev->driver);
	if (dev->iommu_group != TUNE_NONE) {
		snprintf(number, sizeof(number), "%d", dev->iommu_group);
		add(buf, begin, "IOMMU group ", number);
	}
}

static void core_details(struct rt_buf *buf, const struct tune_topo *topo,
			 const struct tune_box *box)
{
	int first = rt_cpuset_next(&box->group->cpus, 0);
	const struct tune_cpu *cpu = first < 0 ? NULL : tune_topo_cpu(topo, (unsigned int)first);

	if (cpu && cpu->kind != TUNE_KIND_ALIKE)
		rt_buf_puts(buf, cpu->kind == TUNE_KIND_PERFORMANCE ? "performance" : "efficiency");
}

static void machine_details(struct rt_buf *buf, const struct tune_topo *topo)
{
	if (topo->board)
		rt_buf_puts(buf, topo->board);
	if (topo->host)
		rt_buf_printf(buf, "%s\"%s\"", topo->board ? ", " : "", topo->host);
}

void tune_box_details(struct rt_buf *buf, const struct tune_topo *topo,
		      const struct tune_box *box)
{
	if (box->kind == TUNE_BOX_MACHINE)
		machine_details(buf, topo);
	else if (box->kind == TUNE_BOX_PCI)
		pci_details(buf, box->pci);
	else if (box->kind == TUNE_BOX_GROUP && box->level == TUNE_CORE)
		core_details(buf, topo, box);
	else if (box->kind == TUNE_BOX_GROUP && box->group->bytes)
		put_size(buf, box->group->bytes);
	else if (box->kind == TUNE_BOX_GROUP && box->group->name)
		rt_buf_puts(buf, box->group->name);
}

void tune_box_state(struct rt_buf *buf, const struct tune_box *box)
{
	if (box->kind == TUNE_BOX_CPU && !box->cpu->online)
		rt_buf_puts(buf, " (offline)");
	if (box->kind == TUNE_BOX_SLOT)
		rt_buf_puts(buf, " (empty)");
	if (box->kind != TUNE_BOX_PCI)
		return;
	if (box->pci->slot)
		rt_buf_printf(buf, " [%s]", box->pci->slot);
	if (box->pci->names)
		rt_buf_printf(buf, " %s", box->pci->names);
}

static void put_box(struct rt_buf *buf, const struct tune_topo *topo, const struct tune_box *box,
		    bool verbose, int depth)
{
	size_t name, begin;
	unsigned int i;

	rt_buf_printf(buf, "%*s", 3 * depth, "");
	tune_box_name(buf, box);
	name = buf->len;
	rt_buf_puts(buf, " (");
	begin = buf->len;
	if (verbose)
		tune_box_details(buf, topo, box);
	if (buf->len == begin)
		buf->len = name;
	else
		rt_buf_puts(buf, ")");
	tune_box_state(buf, box);
	rt_buf_puts(buf, box->n ? ":\n" : "\n");
	for (i = 0; i < box->n; i++)
		put_box(buf, topo, box->v[i], verbose, depth + 1);
}

void tune_topo_text(struct rt_buf *buf, const struct tune_topo *topo,
		    const struct tune_box *machine, bool verbose)
{
	put_box(buf, topo, machine, verbose, 0);
}
