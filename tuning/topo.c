/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo.c - CPUs and their groups: making, finding, freeing
 *
 * The sources (topo-hwloc.c, topo-linux.c) add groups with their CPUs; here each
 * CPU learns its groups, and what a source left out is filled in.
 */
#include "tuning/topo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tuning/topo-internal.h"

int tune_topo_add_cpus(struct tune_topo *topo)
{
	unsigned int i = 0, nr = rt_cpuset_count(&topo->present);
	int level;

	topo->cpus = calloc(nr ? nr : 1, sizeof(*topo->cpus));
	if (!topo->cpus)
		return -ENOMEM;
	topo->nr_cpus = nr;
	rt_cpuset_for_each(cpu, &topo->present) {
		topo->cpus[i].number = (unsigned int)cpu;
		topo->cpus[i].online = rt_cpuset_has(&topo->online, (unsigned int)cpu);
		for (level = 0; level < TUNE_NR_LEVELS; level++)
			topo->cpus[i].in[level] = TUNE_NONE;
		i++;
	}
	return 0;
}

struct tune_group *tune_topo_add_group(struct tune_topo *topo, enum tune_level level, int number)
{
	struct tune_groups *at = &topo->at[level];
	struct tune_group *group;

	if ((at->n & (at->n - 1)) == 0) {	/* full at each power of two */
		group = reallocarray(at->v, at->n ? 2 * at->n : 1, sizeof(*group));
		if (!group)
			return NULL;
		at->v = group;
	}
	group = &at->v[at->n++];
	*group = (struct tune_group){ .number = number, .kernel = TUNE_NONE };
	return group;
}

/* By its number; the array is small or searched by halves. */
static int compare_cpu(const void *key, const void *cpu)
{
	unsigned int number = *(const unsigned int *)key;
	unsigned int other = ((const struct tune_cpu *)cpu)->number;

	return number < other ? -1 : number > other;
}

struct tune_cpu *tune_topo_find_cpu(const struct tune_topo *topo, unsigned int number)
{
	return bsearch(&number, topo->cpus, topo->nr_cpus, sizeof(*topo->cpus), compare_cpu);
}

const struct tune_cpu *tune_topo_cpu(const struct tune_topo *topo, unsigned int number)
{
	return tune_topo_find_cpu(topo, number);
}

static int compare_group(const void *key, const void *group)
{
	int number = *(const int *)key, other = ((const struct tune_group *)group)->number;

	return number < other ? -1 : number > other;
}

const struct tune_group *tune_topo_group(const struct tune_topo *topo, enum tune_level level,
					 int number)
{
	const struct tune_groups *at = &topo->at[level];

	/* a machine may tell of no caches: then there is no array */
	return at->n ? bsearch(&number, at->v, at->n, sizeof(*at->v), compare_group) : NULL;
}

static int by_number(const void *a, const void *b)
{
	const struct tune_group *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

/* What the groups say of their CPUs, said by the CPUs. */
static void tell_cpus(struct tune_topo *topo, enum tune_level level)
{
	struct tune_groups *at = &topo->at[level];
	struct tune_cpu *cpu;
	unsigned int i;

	if (at->n)
		qsort(at->v, at->n, sizeof(*at->v), by_number);
	for (i = 0; i < at->n; i++) {
		rt_cpuset_and(&at->v[i].cpus, &topo->present);
		rt_cpuset_for_each(number, &at->v[i].cpus) {
			cpu = tune_topo_find_cpu(topo, (unsigned int)number);
			cpu->in[level] = at->v[i].number;
		}
	}
}

/* Of the online CPUs, those that are in nothing at a level. */
static struct rt_cpuset homeless(const struct tune_topo *topo, enum tune_level level)
{
	struct rt_cpuset set = topo->online;
	unsigned int i;

	for (i = 0; i < topo->at[level].n; i++)
		rt_cpuset_minus(&set, &topo->at[level].v[i].cpus);
	return set;
}

static int add_home(struct tune_topo *topo, enum tune_level level, const struct rt_cpuset *cpus)
{
	struct tune_groups *at = &topo->at[level];
	struct tune_group *group;

	group = tune_topo_add_group(topo, level, at->n ? at->v[at->n - 1].number + 1 : 0);
	if (!group)
		return -ENOMEM;
	group->cpus = *cpus;
	return 0;
}

/* A package that says nothing of dies is one. */
static int complete_dies(struct tune_topo *topo)
{
	struct rt_cpuset left = homeless(topo, TUNE_DIE), cpus;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < topo->at[TUNE_PACKAGE].n; i++) {
		cpus = topo->at[TUNE_PACKAGE].v[i].cpus;
		rt_cpuset_and(&cpus, &left);
		if (!rt_cpuset_empty(&cpus))
			rc = add_home(topo, TUNE_DIE, &cpus);
	}
	return rc;
}

static int complete_cores(struct tune_topo *topo)
{
	struct rt_cpuset left = homeless(topo, TUNE_CORE), one;
	int rc = 0;

	rt_cpuset_for_each(cpu, &left) {
		one = (struct rt_cpuset){ { 0 } };
		rt_cpuset_add(&one, (unsigned int)cpu);
		if (!rc)
			rc = add_home(topo, TUNE_CORE, &one);
	}
	return rc;
}

/*
 * A CPU is in one node: in the first that claims it.  hwloc gives a node without CPUs those
 * that are near it.
 */
static void part_nodes(struct tune_topo *topo)
{
	struct tune_groups *at = &topo->at[TUNE_NODE];
	struct rt_cpuset taken = { { 0 } };
	unsigned int i;

	if (at->n)
		qsort(at->v, at->n, sizeof(*at->v), by_number);
	for (i = 0; i < at->n; i++) {
		rt_cpuset_minus(&at->v[i].cpus, &taken);
		rt_cpuset_or(&taken, &at->v[i].cpus);
	}
}

int tune_topo_complete(struct tune_topo *topo)
{
	static const enum tune_level whole[] = { TUNE_PACKAGE, TUNE_NODE };
	struct rt_cpuset left;
	size_t i;
	int rc = 0, level;

	part_nodes(topo);
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		left = homeless(topo, whole[i]);
		if (!rc && !rt_cpuset_empty(&left))
			rc = add_home(topo, whole[i], &left);
	}
	if (!rc)
		rc = complete_dies(topo);
	if (!rc)
		rc = complete_cores(topo);
	for (level = 0; !rc && level < TUNE_NR_LEVELS; level++)
		tell_cpus(topo, level);
	return rc;
}

struct rt_cpuset tune_topo_siblings(const struct tune_topo *topo, unsigned int number)
{
	const struct tune_cpu *cpu = tune_topo_cpu(topo, number);
	const struct tune_group *core = NULL;
	struct rt_cpuset alone = { { 0 } };

	if (cpu)
		core = tune_topo_group(topo, TUNE_CORE, cpu->in[TUNE_CORE]);
	if (core)
		return core->cpus;
	rt_cpuset_add(&alone, number);
	return alone;
}

struct rt_cpuset tune_topo_smt_down(const struct tune_topo *topo)
{
	struct rt_cpuset down = { { 0 } };
	unsigned int i;

	for (i = 0; topo->smt_off && i < topo->nr_cpus; i++) {
		if (!topo->cpus[i].online && topo->cpus[i].in[TUNE_CORE] == TUNE_NONE)
			rt_cpuset_add(&down, topo->cpus[i].number);
	}
	return down;
}

struct rt_cpuset tune_topo_widen(const struct tune_topo *topo, enum tune_level level,
				 const struct rt_cpuset *cpus)
{
	const struct tune_groups *at = &topo->at[level];
	struct rt_cpuset wide = *cpus;
	unsigned int i;

	for (i = 0; i < at->n; i++) {
		if (rt_cpuset_overlaps(&at->v[i].cpus, cpus))
			rt_cpuset_or(&wide, &at->v[i].cpus);
	}
	return wide;
}

struct rt_cpuset tune_topo_touched(const struct tune_topo *topo, enum tune_level level,
				   const struct rt_cpuset *cpus)
{
	const struct tune_groups *at = &topo->at[level];
	struct rt_cpuset numbers = { { 0 } };
	unsigned int i;

	for (i = 0; i < at->n; i++) {
		if (rt_cpuset_overlaps(&at->v[i].cpus, cpus))
			rt_cpuset_add(&numbers, (unsigned int)at->v[i].number);
	}
	return numbers;
}

void tune_topo_destroy(struct tune_topo *topo)
{
	unsigned int i;
	int level;

	if (!topo)
		return;
	for (level = 0; level < TUNE_NR_LEVELS; level++) {
		for (i = 0; i < topo->at[level].n; i++)
			free(topo->at[level].v[i].name);
		free(topo->at[level].v);
	}
	tune_topo_free_pci(topo);
	free(topo->cpus);
	free(topo->distances);
	free(topo->board);
	free(topo->host);
	free(topo);
}
