/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-recall.c - whatever stands in /run/kvmrt/topology, CPUs and groups say the same */
#include "tests/fuzz/fuzz.h"
#include "tuning/topo-internal.h"

/* As after the second threads of all cores went down. */
static void take_down(struct tune_topo *topo)
{
	unsigned int i, j;
	int level;

	for (i = 1; i < topo->nr_cpus; i += 2) {
		topo->cpus[i].online = false;
		rt_cpuset_remove(&topo->online, i);
		for (level = 0; level < TUNE_NR_LEVELS; level++) {
			topo->cpus[i].in[level] = TUNE_NONE;
			for (j = 0; j < topo->at[level].n; j++)
				rt_cpuset_remove(&topo->at[level].v[j].cpus, i);
		}
	}
}

static void check(const struct tune_topo *topo)
{
	const struct tune_group *group;
	unsigned int i;
	int level;

	for (i = 0; i < topo->nr_cpus; i++) {
		for (level = 0; level < TUNE_NR_LEVELS; level++) {
			if (topo->cpus[i].in[level] == TUNE_NONE)
				continue;
			group = tune_topo_group(topo, level, topo->cpus[i].in[level]);
			fuzz_assert(group && rt_cpuset_has(&group->cpus, i));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct tune_topo *topo;

	fuzz_assert(tune_topo_load_synthetic(&topo, "pack:2 [numa] l3:1 core:2 pu:2", NULL) == 0);
	take_down(topo);
	fuzz_assert(tune_topo_recall_text(topo, text) == 0);
	check(topo);
	tune_topo_destroy(topo);
	free(text);
	return 0;
}
