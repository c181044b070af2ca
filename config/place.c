/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.c - from CPUSETs to the CPU of each thread
 */
#include "config/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

int kcfg_cpus_resolve(struct rt_cpuset *ret, const struct tune_topo *topo, const char *text,
		      struct rt_err *err)
{
	struct rt_cpuset down = tune_topo_smt_down(topo), set, rest;
	int rc = tune_cpuset_resolve(&set, topo, text, err);

	if (rc < 0)
		return rc;
	rest = set;
	rt_cpuset_minus(&rest, &down);
	*ret = rt_cpuset_empty(&rest) ? set : rest;
	return 0;
}

/* -ENOMEM alone is a failure: what the machine has not is kept as a sentence. */
static int resolve(struct kcfg_place *place, enum kcfg_attr_id id, const char *text,
		   const struct tune_topo *topo, struct rt_cpuset *ret)
{
	struct rt_err err = { 0 };
	int rc = kcfg_cpus_resolve(ret, topo, text, &err);

	if (rc == 0 || rc == -ENOMEM)
		return rc;
	place->bad[id] = strdup(err.text);
	return place->bad[id] ? 0 : -ENOMEM;
}

/* One CPU of each core: the lowest that is online, or the lowest. */
static struct rt_cpuset one_of_each_core(const struct tune_topo *topo,
					 const struct rt_cpuset *cpus)
{
	struct rt_cpuset result = { { 0 } }, rest = *cpus;

	while (!rt_cpuset_empty(&rest)) {
		struct rt_cpuset core = tune_topo_siblings(topo, (unsigned int)
							   rt_cpuset_next(&rest, 0));
		struct rt_cpuset best = core;

		rt_cpuset_and(&best, cpus);
		rt_cpuset_and(&best, &topo->online);
		if (rt_cpuset_empty(&best)) {
			best = core;
			rt_cpuset_and(&best, cpus);
		}
		rt_cpuset_add(&result, (unsigned int)rt_cpuset_next(&best, 0));
		rt_cpuset_minus(&rest, &core);
	}
	return result;
}

static void place_cores(struct kcfg_place *place, const struct tune_topo *topo)
{
	place->used = one_of_each_core(topo, &place->cpus);
	place->owned = tune_topo_widen(topo, TUNE_CORE, &place->cpus);
	rt_cpuset_or(&place->owned, &place->cpus);
	place->down = place->owned;
	rt_cpuset_minus(&place->down, &place->used);
}

/* Virtual CPUs by rising number; what is left is for all others where nothing else is said. */
static void place_vcpus(struct kcfg_place *place)
{
	struct rt_cpuset rest = place->used;
	unsigned int k;

	rt_cpuset_minus(&rest, &place->others);
	for (k = 0; k < place->vm->nr_vcpus; k++) {
		place->vcpus[k] = rt_cpuset_next(&rest, 0);
		if (place->vcpus[k] >= 0)
			rt_cpuset_remove(&rest, (unsigned int)place->vcpus[k]);
		else
			place->lacking++;
	}
	if (!place->vm->emulator_cpuset[0])
		place->others = rest;
}

static void place_memory(struct kcfg_place *place)
{
	const struct kcfg_vm *vm = place->vm;

	place->mem_nodes = vm->numatune.automatic ? place->nodes : vm->numatune.set;
	place->lock_memory = vm->rt_memory == KCFG_AUTO ? vm->rt : vm->rt_memory == KCFG_YES;
}

static int place_vm(struct kcfg_place *place, const struct tune_topo *topo)
{
	const struct kcfg_vm *vm = place->vm;
	unsigned int k;
	int rc;

	place->vcpus = malloc(vm->nr_vcpus * sizeof(*place->vcpus));
	if (!place->vcpus)
		return -ENOMEM;
	rc = resolve(place, KCFG_CPUSET, vm->cpuset, topo, &place->cpus);
	if (rc == 0)
		rc = resolve(place, KCFG_EMULATOR_CPUSET, vm->emulator_cpuset, topo,
			     &place->others);
	if (rc < 0)
		return rc;
	if (vm->rt) {
		place_cores(place, topo);
		place_vcpus(place);
	} else {
		place->used = place->cpus;
		if (!vm->emulator_cpuset[0])
			place->others = place->cpus;
		for (k = 0; k < vm->nr_vcpus; k++)
			place->vcpus[k] = KCFG_ANY;
	}
	place->nodes = tune_topo_touched(topo, TUNE_NODE, &place->used);
	place_memory(place);
	return 0;
}

int kcfg_places_make(struct kcfg_places *ret, const struct kcfg *cfg,
		     const struct tune_topo *topo, bool all)
{
	struct kcfg_places places = { .v = calloc(cfg->nr_vms + 1, sizeof(*places.v)) };
	size_t i;
	int rc = places.v ? 0 : -ENOMEM;

	for (i = 0; rc == 0 && i < cfg->nr_vms; i++) {
		if (cfg->vms[i]->disabled && !all)
			continue;
		places.v[places.n].vm = cfg->vms[i];
		rc = place_vm(&places.v[places.n++], topo);
	}
	if (rc < 0)
		kcfg_places_finish(&places);
	else
		*ret = places;
	return rc;
}

void kcfg_places_finish(struct kcfg_places *places)
{
	unsigned int id;
	size_t i;

	for (i = 0; i < places->n; i++) {
		free(places->v[i].vcpus);
		for (id = 0; id < KCFG_NR_ATTRS; id++)
			free(places->v[i].bad[id]);
	}
	free(places->v);
	*places = (struct kcfg_places){ 0 };
}

const struct kcfg_place *kcfg_places_find(const struct kcfg_places *places,
					  const struct kcfg_vm *vm)
{
	size_t i;

	for (i = 0; i < places->n; i++)
		if (places->v[i].vm == vm)
			return &places->v[i];
	return NULL;
}
