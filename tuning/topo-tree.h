/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-tree.h - the machine as boxes within boxes, for the views that draw it
 */
#ifndef TUNE_TOPO_TREE_H
#define TUNE_TOPO_TREE_H

#include <stdbool.h>

#include "tuning/topo.h"

struct rt_buf;

enum tune_box_kind { TUNE_BOX_MACHINE, TUNE_BOX_GROUP, TUNE_BOX_CPU, TUNE_BOX_PCI,
		     TUNE_BOX_SLOT };

struct tune_box {
	enum tune_box_kind kind;
	enum tune_level level;			/* of a group */
	const struct tune_group *group;		/* borrowed, as the next three */
	const struct tune_cpu *cpu;
	const struct tune_pci *pci;
	const struct tune_slot *slot;		/* an empty one */
	struct tune_box **v;			/* what is in it, in the order to be shown; owned */
	unsigned int n;
};

struct tune_tree_options {
	bool io;	/* PCI devices, empty slots */
	bool all_io;	/* also host bridges and the like, slots of no known node */
	bool caches;	/* L2 and L1 beside L3 */
};

/**
 * tune_tree_create() - the machine's box.
 * @topo: borrowed by the tree.
 * Return: the box, to be given to tune_tree_destroy(), or NULL where memory is short.
 */
struct tune_box *tune_tree_create(const struct tune_topo *topo,
				  const struct tune_tree_options *options);
void tune_tree_destroy(struct tune_box *box);

/* "NUMA Node 0", "L3 Cache", "CPU 5", "0000:01:00.0 Ethernet controller". */
void tune_box_name(struct rt_buf *buf, const struct tune_box *box);
/* What stands in brackets behind it: "31GiB", a model; adds nothing where there is none. */
void tune_box_details(struct rt_buf *buf, const struct tune_topo *topo,
		      const struct tune_box *box);

/* What is said of it at all times: " (offline)", a device's slot and its names. */
void tune_box_state(struct rt_buf *buf, const struct tune_box *box);

/* The tree as lines, each level three blanks deeper, with the details where @verbose. */
void tune_topo_text(struct rt_buf *buf, const struct tune_topo *topo,
		    const struct tune_box *machine, bool verbose);
/* One JSON object: machine, cpus, packages, dies, nodes, caches, cores, pci, slots. */
void tune_topo_json(struct rt_buf *buf, const struct tune_topo *topo);

/* A whole SVG picture; its CPUs are <g class="cpu" data-cpu="N">. */
void tune_topo_svg(struct rt_buf *buf, const struct tune_topo *topo,
		   const struct tune_box *machine);

#endif /* TUNE_TOPO_TREE_H */
