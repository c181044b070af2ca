/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-tree.c - boxes within boxes, by which CPUs are in them
 *
 * The larger group is put in first, so each next one finds the box that it
 * belongs into.  A node with the very CPUs of a package or of an L3 is shown in it, as
 * its memory; a node of other CPUs is a box of its own.
 */
#include "tuning/topo-tree.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct tune_box *box)
{
	unsigned int i;

	for (i = 0; i < box->n; i++)
		destroy(box->v[i]);
	free(box->v);
	free(box);
}

void tune_tree_destroy(struct tune_box *box)
{
	if (box)
		destroy(box);
}

/* A new last box within @box, a copy of @like; NULL where memory is short. */
static struct tune_box *put(struct tune_box *box, const struct tune_box *like)
{
	struct tune_box **more = reallocarray(box->v, box->n + 1, sizeof(*more));
	struct tune_box *new = more ? malloc(sizeof(*new)) : NULL;

	if (more)
		box->v = more;
	if (!new)
		return NULL;
	*new = *like;
	box->v[box->n++] = new;
	return new;
}

/*
 * A group's CPUs for comparing it with others: those online, because of an offline one
 * perhaps only the node is known.  All where none is online.
 */
static struct rt_cpuset shape(const struct tune_topo *topo, const struct tune_group *group)
{
	struct rt_cpuset set = group->cpus;

	rt_cpuset_and(&set, &topo->online);
	return rt_cpuset_empty(&set) ? group->cpus : set;
}

/* The innermost group's box with all of @cpus, or the machine's. */
static struct tune_box *home(struct tune_box *box, const struct rt_cpuset *cpus)
{
	unsigned int i;

	for (i = 0; i < box->n; i++) {
		if (box->v[i]->kind == TUNE_BOX_GROUP &&
		    rt_cpuset_within(cpus, &box->v[i]->group->cpus))
			return home(box->v[i], cpus);
	}
	return box;
}

/* ---- nodes ---- */

static const enum tune_level holders[] = { TUNE_PACKAGE, TUNE_DIE, TUNE_L3 };

/* Is there a package, die or L3 of exactly these CPUs? */
static bool has_twin(const struct tune_topo *topo, const struct rt_cpuset *cpus)
{
	const struct tune_groups *at;
	struct rt_cpuset set;
	unsigned int i;
	size_t h;

	for (h = 0; h < sizeof(holders) / sizeof(holders[0]); h++) {
		at = &topo->at[holders[h]];
		for (i = 0; i < at->n; i++) {
			set = shape(topo, &at->v[i]);
			if (rt_cpuset_equal(&set, cpus))
				return true;
		}
	}
	return false;
}

/* The outermost box of exactly these CPUs. */
static struct tune_box *twin(struct tune_box *box, const struct tune_topo *topo,
			     const struct rt_cpuset *cpus)
{
	struct tune_box *found = NULL;
	struct rt_cpuset set;
	unsigned int i;

	for (i = 0; !found && i < box->n; i++) {
		if (box->v[i]->kind != TUNE_BOX_GROUP || box->v[i]->level == TUNE_NODE)
			continue;
		set = shape(topo, box->v[i]->group);
		found = rt_cpuset_equal(&set, cpus) ? box->v[i] : twin(box->v[i], topo, cpus);
	}
	return found;
}

/* Does it cut no package, die or L3 into pieces? */
static bool is_whole(const struct tune_topo *topo, const struct rt_cpuset *cpus)
{
	const struct tune_groups *at;
	struct rt_cpuset set;
	unsigned int i;
	size_t h;

	for (h = 0; h < sizeof(holders) / sizeof(holders[0]); h++) {
		at = &topo->at[holders[h]];
		for (i = 0; i < at->n; i++) {
			set = shape(topo, &at->v[i]);
			if (rt_cpuset_overlaps(&set, cpus) && !rt_cpuset_within(&set, cpus) &&
			    !rt_cpuset_within(cpus, &set))
				return false;
		}
	}
	return true;
}

/* Is it a box that others go into? */
static bool is_container(const struct tune_topo *topo, const struct tune_group *node)
{
	struct rt_cpuset cpus = shape(topo, node);

	return !rt_cpuset_empty(&cpus) && !has_twin(topo, &cpus) &&
	       !rt_cpuset_equal(&cpus, &topo->online) && is_whole(topo, &cpus);
}

/* ---- the order ---- */

struct entry {
	enum tune_level level;
	const struct tune_group *group;
	struct rt_cpuset cpus;
	unsigned int weight;
};

/* The larger first; of equals, the higher level. */
static int by_size(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight > right->weight ? -1 : 1;
	if (left->level != right->level)
		return left->level < right->level ? -1 : 1;
	return left->group->number < right->group->number ? -1 : 1;
}

static bool is_shown(const struct tune_topo *topo, enum tune_level level,
		     const struct tune_tree_options *options)
{
	if (level == TUNE_L2 || level == TUNE_L1)
		return options->caches;
	if (level == TUNE_DIE)
		return topo->at[TUNE_DIE].n > topo->at[TUNE_PACKAGE].n;
	return true;
}

/* Those of a level that are boxes. */
static unsigned int list_groups(struct entry *entries, const struct tune_topo *topo,
				enum tune_level level)
{
	const struct tune_group *group = topo->at[level].v;
	unsigned int i, n = 0;

	for (i = 0; i < topo->at[level].n; i++, group++) {
		if (level == TUNE_NODE && !is_container(topo, group))
			continue;
		entries[n] = (struct entry){ .level = level, .group = group,
					     .cpus = shape(topo, group) };
		entries[n].weight = rt_cpuset_count(&entries[n].cpus);
		n++;
	}
	return n;
}

static int put_groups(struct tune_box *machine, const struct tune_topo *topo,
		      const struct tune_tree_options *options)
{
	struct tune_box box = { .kind = TUNE_BOX_GROUP };
	struct entry *entries;
	unsigned int i, n = 0;
	size_t room = 1;
	int level, rc = 0;

	for (level = 0; level < TUNE_NR_LEVELS; level++)
		room += topo->at[level].n;
	entries = calloc(room, sizeof(*entries));
	if (!entries)
		return -1;
	for (level = 0; level < TUNE_NR_LEVELS; level++) {
		if (is_shown(topo, level, options))
			n += list_groups(entries + n, topo, level);
	}
	qsort(entries, n, sizeof(*entries), by_size);
	for (i = 0; !rc && i < n; i++) {
		box.level = entries[i].level;
		box.group = entries[i].group;
		rc = put(home(machine, &entries[i].cpus), &box) ? 0 : -1;
	}
	free(entries);
	return rc;
}

/* Nodes that are no boxes: the memory of the box with their CPUs. */
static int put_memory(struct tune_box *machine, const struct tune_topo *topo)
{
	const struct tune_groups *at = &topo->at[TUNE_NODE];
	struct tune_box box = { .kind = TUNE_BOX_GROUP, .level = TUNE_NODE }, *into;
	struct rt_cpuset cpus;
	unsigned int i;

	for (i = 0; i < at->n; i++) {
		if (is_container(topo, &at->v[i]))
			continue;
		box.group = &at->v[i];
		cpus = shape(topo, &at->v[i]);
		into = twin(machine, topo, &cpus);
		if (!into || rt_cpuset_empty(&at->v[i].cpus))
			into = machine;
		if (!put(into, &box))
			return -1;
	}
	return 0;
}

static struct tune_box *find_group(struct tune_box *box, const struct tune_group *group)
{
	struct tune_box *found = NULL;
	unsigned int i;

	for (i = 0; !found && i < box->n; i++)
		found = box->v[i]->group == group ? box->v[i] : find_group(box->v[i], group);
	return found;
}

/* Where the things of a node go: into it where it is a box, else where its memory is. */
static struct tune_box *node_box(struct tune_box *box, const struct tune_topo *topo, int number)
{
	const struct tune_group *node = tune_topo_group(topo, TUNE_NODE, number);
	struct tune_box *found = NULL;
	unsigned int i;

	if (node && is_container(topo, node))
		return find_group(box, node);
	for (i = 0; node && !found && i < box->n; i++)
		found = box->v[i]->group == node ? box : node_box(box->v[i], topo, number);
	return found;
}

static int put_cpus(struct tune_box *machine, const struct tune_topo *topo)
{
	struct tune_box box = { .kind = TUNE_BOX_CPU }, *into;
	const struct tune_group *core;
	struct rt_cpuset cpus;
	unsigned int i;

	for (i = 0; i < topo->nr_cpus; i++) {
		box.cpu = &topo->cpus[i];
		core = tune_topo_group(topo, TUNE_CORE, box.cpu->in[TUNE_CORE]);
		if (core) {
			cpus = shape(topo, core);
			into = home(machine, &cpus);
		} else {	/* offline: of its place perhaps the node is known */
			into = node_box(machine, topo, box.cpu->in[TUNE_NODE]);
		}
		if (!put(into ? into : machine, &box))
			return -1;
	}
	return 0;
}

/* ---- PCI ---- */

static bool shows_pci(const struct tune_topo *topo, unsigned int i,
		      const struct tune_tree_options *options)
{
	unsigned int j;

	if (options->all_io)
		return true;
	if (!tune_pci_is_bridge(&topo->pci[i]))
		return tune_pci_is_notable(&topo->pci[i]);
	for (j = i + 1; j < topo->nr_pci; j++) {
		if (topo->pci[j].parent == (int)i && shows_pci(topo, j, options))
			return true;
	}
	return false;
}

/* @i and what is behind it. */
static int put_pci(struct tune_box *into, const struct tune_topo *topo, unsigned int i,
		   const struct tune_tree_options *options)
{
	struct tune_box box = { .kind = TUNE_BOX_PCI, .pci = &topo->pci[i] }, *mine;
	unsigned int j;
	int rc = 0;

	if (!shows_pci(topo, i, options))
		return 0;
	mine = put(into, &box);
	if (!mine)
		return -1;
	for (j = i + 1; !rc && j < topo->nr_pci; j++) {
		if (topo->pci[j].parent == (int)i)
			rc = put_pci(mine, topo, j, options);
	}
	return rc;
}

/* Slots that are empty: where a card could go.  Of no use where not known near what. */
static int put_slots(struct tune_box *machine, const struct tune_topo *topo,
		     const struct tune_tree_options *options)
{
	struct tune_box box = { .kind = TUNE_BOX_SLOT }, *into;
	unsigned int i;

	for (i = 0; i < topo->nr_slots; i++) {
		if (topo->slots[i].used ||
		    (topo->slots[i].node == TUNE_NONE && !options->all_io))
			continue;
		box.slot = &topo->slots[i];
		into = node_box(machine, topo, topo->slots[i].node);
		if (!put(into ? into : machine, &box))
			return -1;
	}
	return 0;
}

static int put_io(struct tune_box *machine, const struct tune_topo *topo,
		  const struct tune_tree_options *options)
{
	struct tune_box *into;
	unsigned int i;

	for (i = 0; i < topo->nr_pci; i++) {
		if (topo->pci[i].parent != TUNE_NONE && topo->pci[i].parent < (int)i)
			continue;
		into = node_box(machine, topo, topo->pci[i].node);
		if (put_pci(into ? into : machine, topo, i, options))
			return -1;
	}
	return put_slots(machine, topo, options);
}

/* ---- the order within a box: memory, CPUs by the lowest, devices, slots ---- */

static int rank(const struct tune_box *box)
{
	if (box->kind == TUNE_BOX_GROUP && box->level == TUNE_NODE && !box->n)
		return -1;
	if (box->kind == TUNE_BOX_PCI)
		return RT_MAX_CPUS;
	if (box->kind == TUNE_BOX_SLOT)
		return RT_MAX_CPUS + 1;
	return box->kind == TUNE_BOX_CPU ? (int)box->cpu->number :
	       rt_cpuset_next(&box->group->cpus, 0);
}

static int by_rank(const void *a, const void *b)
{
	const struct tune_box *left = *(struct tune_box *const *)a;
	const struct tune_box *right = *(struct tune_box *const *)b;
	int x = rank(left), y = rank(right);

	if (x != y)
		return x < y ? -1 : 1;
	if (left->kind == TUNE_BOX_PCI)
		return left->pci < right->pci ? -1 : 1;
	if (left->kind == TUNE_BOX_SLOT)
		return left->slot < right->slot ? -1 : 1;
	return left->group && right->group && left->group->number > right->group->number ? 1 : -1;
}

static void sort(struct tune_box *box)
{
	unsigned int i;

	if (box->n)
		qsort(box->v, box->n, sizeof(struct tune_box *), by_rank);
	for (i = 0; i < box->n; i++)
		sort(box->v[i]);
}

struct tune_box *tune_tree_create(const struct tune_topo *topo,
				  const struct tune_tree_options *options)
{
	struct tune_box *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	if (put_groups(machine, topo, options) || put_memory(machine, topo) ||
	    put_cpus(machine, topo) || (options->io && put_io(machine, topo, options))) {
		destroy(machine);
		return NULL;
	}
	sort(machine);
	return machine;
}
