/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules-pair.c - rules for VMs with one another
 *
 * Two VMs in each other's way are one finding, at the real-time one of them; of
 * two real-time ones at the later.  Where many VMs share a node with a real-time
 * one, that is one finding as well.
 */
#include "config/rules-internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/array.h"

#define MOST_NAMES 3		/* of VMs in one finding */

/* All CPUs on which its threads may run. */
static struct rt_cpuset threads_of(const struct kcfg_place *place)
{
	struct rt_cpuset set = place->used;

	rt_cpuset_or(&set, &place->others);
	return set;
}

/* "a", or the UUID where it has no name. */
static const char *name_of(const struct kcfg_place *place)
{
	return place->vm->name[0] ? place->vm->name : place->vm->uuid;
}

void kcfg_check_name_unique(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_place *other;

	for (other = check->places->v; other < place; other++) {
		if (!place->vm->name[0] || strcmp(other->vm->name, place->vm->name) != 0)
			continue;
		kcfg_found(check, place->vm, KCFG_NAME, "name \"%s\" is that of line %u as well",
			   place->vm->name, other->vm->lines[KCFG_NAME]);
		return;
	}
}

/*
 * What the other VM has of this real-time one's: both cannot have it.  A sibling that goes
 * down is the real-time VM's by its cpuset, too, where that names it.
 */
static struct rt_cpuset overlap(const struct kcfg_place *place, const struct kcfg_place *other)
{
	struct rt_cpuset set = place->vm->rt && other->vm->rt ? place->owned : place->cpus;
	struct rt_cpuset theirs = threads_of(other);

	if (other->vm->rt)
		rt_cpuset_or(&theirs, &other->owned);
	rt_cpuset_and(&set, &theirs);
	return set;
}

void kcfg_check_rt_overlap(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_place *other = check->places->v;
	const struct kcfg_place *end = rt_array_end(other, check->places->n);
	struct rt_cpuset both;

	if (!place->vm->rt)
		return;
	for (; other < end; other++) {
		if (other == place)
			continue;
		both = overlap(place, other);
		if (rt_cpuset_empty(&both) || (other->vm->rt && other > place &&
					       rt_cpuset_overlaps(&other->owned, &both)))
			continue;
		kcfg_found(check, place->vm, KCFG_CPUSET, "cpuset: %s %s used by VM \"%s\" "
			   "(line %u) as well", kcfg_say_cpus(&both),
			   rt_cpuset_count(&both) == 1 ? "is" : "are", name_of(other),
			   other->vm->lines[KCFG_CPUSET] ? other->vm->lines[KCFG_CPUSET] :
			   other->vm->line);
	}
}

/* ---- several others in one finding ---- */

struct names {
	char text[400];
	unsigned int n;
};

static void add_name(struct names *names, const struct kcfg_place *other)
{
	size_t len = strlen(names->text);

	if (names->n++ < MOST_NAMES)
		snprintf(names->text + len, sizeof(names->text) - len, "%s\"%.100s\"",
			 len ? ", " : "", name_of(other));
}

static const char *end_names(struct names *names)
{
	size_t len = strlen(names->text);

	if (names->n > MOST_NAMES)
		snprintf(names->text + len, sizeof(names->text) - len, " and %u more",
			 names->n - MOST_NAMES);
	return names->text;
}

void kcfg_check_rt_siblings(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_place *other = check->places->v;
	const struct kcfg_place *end = rt_array_end(other, check->places->n);
	struct rt_cpuset both = { { 0 } }, theirs;
	struct names names = { 0 };

	for (; other < end; other++) {
		theirs = threads_of(other);
		rt_cpuset_and(&theirs, &place->down);
		rt_cpuset_minus(&theirs, &place->cpus);		/* those overlap */
		if (other == place || other->vm->rt || rt_cpuset_empty(&theirs))
			continue;
		rt_cpuset_or(&both, &theirs);
		add_name(&names, other);
	}
	if (names.n)
		kcfg_found(check, place->vm, KCFG_CPUSET, "cpuset: %s will be taken down, but %s "
			   "used by VM %s", kcfg_say_cpus(&both),
			   rt_cpuset_count(&both) == 1 ? "is" : "are", end_names(&names));
}

/* One finding for all others that have one of the nodes. */
static void check_nodes(struct kcfg_check *check, const struct kcfg_place *place, bool memory)
{
	const struct kcfg_place *other = check->places->v;
	const struct kcfg_place *end = rt_array_end(other, check->places->n);
	struct rt_cpuset both = { { 0 } }, theirs;
	struct names names = { 0 };

	if (!place->vm->rt || check->topo->at[TUNE_NODE].n < 2)
		return;
	for (; other < end; other++) {
		if (other == place || (memory && other->vm->numatune.automatic))
			continue;
		theirs = memory ? other->mem_nodes : other->nodes;
		rt_cpuset_and(&theirs, &place->nodes);
		if (rt_cpuset_empty(&theirs))
			continue;
		rt_cpuset_or(&both, &theirs);
		add_name(&names, other);
	}
	if (names.n)
		kcfg_found(check, place->vm, KCFG_CPUSET, "cpuset: %s %s also used by %s VM %s",
			   kcfg_say_nodes(&both), rt_cpuset_count(&both) == 1 ? "is" : "are",
			   memory ? "the memory of" : "CPUs of", end_names(&names));
}

void kcfg_check_rt_node_shared(struct kcfg_check *check, const struct kcfg_place *place)
{
	check_nodes(check, place, false);
}

void kcfg_check_rt_node_memory(struct kcfg_check *check, const struct kcfg_place *place)
{
	check_nodes(check, place, true);
}

void kcfg_check_host_cpus(struct kcfg_check *check)
{
	struct rt_cpuset left = check->topo->online;
	const struct kcfg_place *last = NULL;
	size_t i;

	for (i = 0; i < check->places->n; i++) {
		if (!check->places->v[i].vm->rt)
			continue;
		rt_cpuset_minus(&left, &check->places->v[i].owned);
		last = &check->places->v[i];
	}
	if (last && rt_cpuset_empty(&left))
		kcfg_found(check, last->vm, KCFG_CPUSET,
			   "real-time VMs have all of %s; expected one left for the host",
			   kcfg_say_cpus(&check->topo->online));
}
