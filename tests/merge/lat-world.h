/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-world.h - a kernel without a trace: events as the latency engine wants them
 */
#ifndef TESTS_MERGE_LAT_WORLD_H
#define TESTS_MERGE_LAT_WORLD_H

#include "merge/lat-engine.h"

#define WORLD_CPUS 3

struct world {
	struct mrg_lat lat;
	struct mrg_lat_result result;
	struct mrg_lat_opts opts;
	struct mrg_set set;
	struct lat_system system;
	struct lat_cpu cpus[WORLD_CPUS];
};

void world_init(struct world *w);
void world_finish(struct world *w);

/* @a, @b, @c: the fields of the role, in the order of enum lat_key.  KEV_NONE: events were lost. */
void world_event(struct world *w, uint64_t ns, unsigned int cpu, int pid, enum kev_role role,
		 uint64_t a, uint64_t b, uint64_t c);

/* The first metric of that name, or NULL. */
const struct mrg_lat_metric *world_find(const struct world *w, enum mrg_lat_kind kind,
					const char *name);
uint64_t world_sum(const struct world *w, enum mrg_lat_kind kind, const char *name);

#endif /* TESTS_MERGE_LAT_WORLD_H */
