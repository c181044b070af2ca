/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules-vm.c - rules for one VM on this machine
 */
#include "config/rules-internal.h"

#include <string.h>

void kcfg_check_name(struct kcfg_check *check, const struct kcfg_place *place)
{
	const char *name = place->vm->name;

	if (!name[0])
		kcfg_found(check, place->vm, KCFG_NAME, "expected a name, found none");
	else if (strchr(name, '/'))
		kcfg_found(check, place->vm, KCFG_NAME,
			   "expected a name without \"/\", found \"%s\"", name);
}

void kcfg_check_topology(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_topology *t = &place->vm->cpu_topology;
	unsigned long product = (unsigned long)t->sockets * t->cores * t->threads;
	bool fatal = product < place->vm->nr_vcpus || product > RT_MAX_CPUS;

	if (!product || product == place->vm->nr_vcpus ||
	    fatal != (check->rule->severity == KCFG_ERROR))
		return;
	kcfg_found(check, place->vm, KCFG_CPU_TOPOLOGY, "cpu_topology: expected a product of %u "
		   "(nr_vcpus), found %u x %u x %u = %lu", place->vm->nr_vcpus, t->sockets,
		   t->cores, t->threads, product);
}

void kcfg_check_cpus_exist(struct kcfg_check *check, const struct kcfg_place *place)
{
	unsigned int id;

	for (id = 0; id < KCFG_NR_ATTRS; id++)
		if (place->bad[id])
			kcfg_found(check, place->vm, id, "%s: %s", kcfg_attrs[id].name,
				   place->bad[id]);
}

/* Those that are offline, but for siblings of real-time VMs, whose place that is. */
static struct rt_cpuset offline(const struct kcfg_check *check, const struct rt_cpuset *cpus)
{
	struct rt_cpuset off = *cpus;
	size_t i;

	rt_cpuset_minus(&off, &check->topo->online);
	for (i = 0; i < check->places->n && !rt_cpuset_empty(&off); i++)
		rt_cpuset_minus(&off, &check->places->v[i].down);
	return off;
}

/* A virtual CPU of a real-time VM needs its very CPU; other threads need one of theirs. */
static void check_online(struct kcfg_check *check, const struct kcfg_place *place,
			 enum kcfg_attr_id id, const struct rt_cpuset *cpus, bool each)
{
	struct rt_cpuset off = offline(check, cpus);
	bool fatal = each || !rt_cpuset_overlaps(cpus, &check->topo->online);

	if (rt_cpuset_empty(&off) || fatal != (check->rule->severity == KCFG_ERROR))
		return;
	kcfg_found(check, place->vm, id, "%s: %s offline; bring %s up, or choose others",
		   kcfg_attrs[id].name, kcfg_say_cpus(&off),
		   rt_cpuset_count(&off) == 1 ? "it" : "them");
}

static struct rt_cpuset of_vcpus(const struct kcfg_place *place)
{
	struct rt_cpuset cpus = { { 0 } };

	for (unsigned int k = 0; k < place->vm->nr_vcpus; k++)
		if (place->vcpus[k] >= 0)
			rt_cpuset_add(&cpus, (unsigned int)place->vcpus[k]);
	return cpus;
}

void kcfg_check_cpus_online(struct kcfg_check *check, const struct kcfg_place *place)
{
	bool apart = place->vm->emulator_cpuset[0], rt = place->vm->rt;
	struct rt_cpuset vcpus = rt ? of_vcpus(place) : place->used;

	check_online(check, place, KCFG_CPUSET, &vcpus, rt);
	if (apart || rt)
		check_online(check, place, apart ? KCFG_EMULATOR_CPUSET : KCFG_CPUSET,
			     &place->others, false);
}

static struct rt_cpuset nodes_of(const struct tune_topo *topo)
{
	struct rt_cpuset nodes = { { 0 } };
	unsigned int i;

	for (i = 0; i < topo->at[TUNE_NODE].n; i++)
		rt_cpuset_add(&nodes, (unsigned int)topo->at[TUNE_NODE].v[i].number);
	return nodes;
}

void kcfg_check_nodes_exist(struct kcfg_check *check, const struct kcfg_place *place)
{
	struct rt_cpuset there = nodes_of(check->topo), lacking = place->mem_nodes;

	rt_cpuset_minus(&lacking, &there);
	if (!rt_cpuset_empty(&lacking))
		kcfg_found(check, place->vm, KCFG_NUMATUNE,
			   "numatune: no %s in this machine, which has %s",
			   kcfg_say_nodes(&lacking), kcfg_say_nodes(&there));
}

void kcfg_check_cpuset_small(struct kcfg_check *check, const struct kcfg_place *place)
{
	unsigned int n = rt_cpuset_count(&place->cpus), want = place->vm->nr_vcpus + 1;

	if (!place->vm->rt && n && n < want)
		kcfg_found(check, place->vm, KCFG_CPUSET,
			   "cpuset: expected at least %u CPUs (nr_vcpus + 1), found %u", want, n);
}

/* ---- real-time VMs ---- */

void kcfg_check_rt_cpuset(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (place->vm->rt && !place->vm->cpuset[0])
		kcfg_found(check, place->vm, KCFG_CPUSET,
			   "real-time, but cpuset is empty; expected at least %u CPUs",
			   place->vm->nr_vcpus + 1);
}

void kcfg_check_rt_memory(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (place->vm->rt && !place->lock_memory)
		kcfg_found(check, place->vm, KCFG_RT_MEMORY,
			   "real-time, but rt_memory is off; expected auto or true");
}

void kcfg_check_rt_size(struct kcfg_check *check, const struct kcfg_place *place)
{
	unsigned int cores = rt_cpuset_count(&place->used), want = place->vm->nr_vcpus;
	const char *more = "";

	if (!place->vm->rt || !cores || place->bad[KCFG_EMULATOR_CPUSET])
		return;
	if (!place->vm->emulator_cpuset[0]) {
		want++;
		more = " + 1";
	}
	if (place->lacking || rt_cpuset_empty(&place->others))
		kcfg_found(check, place->vm, KCFG_CPUSET,
			   "cpuset: expected CPUs of at least %u cores (nr_vcpus%s), found %u%s",
			   want, more, cores, place->vm->emulator_cpuset[0] &&
			   rt_cpuset_overlaps(&place->used, &place->others) ?
			   ", some of them in emulator_cpuset" : "");
}

void kcfg_check_rt_emulator(struct kcfg_check *check, const struct kcfg_place *place)
{
	struct rt_cpuset down = place->down;

	rt_cpuset_and(&down, &place->others);
	if (!rt_cpuset_empty(&down))
		kcfg_found(check, place->vm, KCFG_EMULATOR_CPUSET,
			   "emulator_cpuset: %s will be taken down, as siblings of the VM's own",
			   kcfg_say_cpus(&down));
}

void kcfg_check_rt_cpu0(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (place->vm->rt && rt_cpuset_has(&place->used, 0))
		kcfg_found(check, place->vm, KCFG_CPUSET,
			   "cpuset: has CPU 0, on which the kernel does work of its own");
}

void kcfg_check_rt_cpu0_down(struct kcfg_check *check, const struct kcfg_place *place)
{
	struct rt_cpuset used = tune_topo_siblings(check->topo, 0);

	if (!rt_cpuset_has(&place->down, 0))
		return;
	rt_cpuset_and(&used, &place->used);
	kcfg_found(check, place->vm, KCFG_CPUSET,
		   "cpuset: %s has CPU 0 as a sibling, which cannot be taken down",
		   kcfg_say_cpus(&used));
}

void kcfg_check_rt_nodes(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (place->vm->rt && rt_cpuset_count(&place->nodes) > 1)
		kcfg_found(check, place->vm, KCFG_CPUSET, "cpuset: spans %s",
			   kcfg_say_nodes(&place->nodes));
}

void kcfg_check_rt_numatune(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (!place->vm->rt || rt_cpuset_empty(&place->used))
		return;
	if (rt_cpuset_empty(&place->mem_nodes))
		kcfg_found(check, place->vm, KCFG_NUMATUNE,
			   "real-time, but numatune is off; cpuset is in %s",
			   kcfg_say_nodes(&place->nodes));
	else if (!rt_cpuset_within(&place->mem_nodes, &place->nodes))
		kcfg_found(check, place->vm, KCFG_NUMATUNE,
			   "numatune: expected nodes of the cpuset (%s), found %s",
			   kcfg_say_nodes(&place->nodes), kcfg_say_nodes(&place->mem_nodes));
}
