/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-linux.c - what hwloc leaves out: CPUs that are offline, free memory
 */
#include "tuning/topo-linux.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/root.h"
#include "tuning/topo-internal.h"

#define CPU_DIR "sys/devices/system/cpu"
#define NODE_DIR "sys/devices/system/node"

/* A file with a list of CPUs, by its whole path. */
static bool read_list(struct rt_cpuset *ret, const struct rt_root *root, const char *path)
{
	char *text;
	bool done;

	if (rt_root_read(root, &text, NULL, NULL, "%s", path) < 0)
		return false;
	done = rt_cpuset_parse(ret, text, NULL) == 0;
	free(text);
	return done;
}

/* Switched off as a whole, or each second thread taken down by hand. */
static bool smt_is_off(const struct rt_root *root)
{
	const char *smt = CPU_DIR "/smt";
	char control[32], active[8];

	return rt_root_read_line(root, control, sizeof(control), NULL, "%s/control", smt) == 0 &&
	       rt_root_read_line(root, active, sizeof(active), NULL, "%s/active", smt) == 0 &&
	       strncmp(control, "not", 3) != 0 && strcmp(active, "0") == 0;
}

void tune_linux_cpus(struct tune_topo *topo, const struct rt_root *root)
{
	struct rt_cpuset present, online;
	char name[65];

	if (read_list(&online, root, CPU_DIR "/online") && !rt_cpuset_empty(&online))
		topo->online = online;
	topo->smt_off = smt_is_off(root);
	topo->present = topo->online;
	if (read_list(&present, root, CPU_DIR "/present"))
		rt_cpuset_or(&topo->present, &present);
	if (rt_root_read_line(root, name, sizeof(name), NULL, "proc/sys/kernel/hostname") == 0 &&
	    name[0] && name[0] != '(') {
		free(topo->host);
		topo->host = strdup(name);
	}
}

/* "MemFree:" of a node, or of the machine where the kernel has no nodes. */
static uint64_t free_memory(const struct rt_root *root, int node)
{
	uint64_t kib = 0;
	const char *at;
	char *text;

	if (rt_root_read(root, &text, NULL, NULL, NODE_DIR "/node%d/meminfo", node) < 0 &&
	    (rt_root_exists(root, NODE_DIR) ||
	     rt_root_read(root, &text, NULL, NULL, "proc/meminfo") < 0))
		return 0;
	at = strstr(text, "MemFree:");
	if (at)
		kib = strtoull(at + strlen("MemFree:"), NULL, 10);
	free(text);
	return kib * 1024;
}

/*
 * The list of a node has its online CPUs; links to the others stay.  Said here because
 * hwloc gives a node without CPUs those that are near it.
 */
void tune_linux_nodes(struct tune_topo *topo, const struct rt_root *root)
{
	struct rt_cpuset offline = topo->present, listed;
	struct tune_groups *at = &topo->at[TUNE_NODE];
	char path[64];
	unsigned int i;

	rt_cpuset_minus(&offline, &topo->online);
	for (i = 0; i < at->n; i++) {
		at->v[i].free_bytes = free_memory(root, at->v[i].number);
		snprintf(path, sizeof(path), NODE_DIR "/node%d/cpulist", at->v[i].number);
		if (read_list(&listed, root, path))
			at->v[i].cpus = listed;
		rt_cpuset_for_each(cpu, &offline) {
			if (rt_root_exists(root, NODE_DIR "/node%d/cpu%d", at->v[i].number, cpu))
				rt_cpuset_add(&at->v[i].cpus, (unsigned int)cpu);
		}
	}
}

/* The names of the performance counters, one kind for each sort of core. */
void tune_linux_kinds(struct tune_topo *topo, const struct rt_root *root)
{
	static const struct { const char *path; enum tune_kind kind; } rows[] = {
		{ "sys/devices/cpu_core/cpus", TUNE_KIND_PERFORMANCE },
		{ "sys/devices/cpu_atom/cpus", TUNE_KIND_EFFICIENCY },
		{ "sys/devices/cpu_lowpower/cpus", TUNE_KIND_EFFICIENCY },
	};
	struct rt_cpuset set;
	unsigned int i;
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		if (!read_list(&set, root, rows[row].path))
			continue;
		for (i = 0; i < topo->nr_cpus; i++) {
			if (rt_cpuset_has(&set, topo->cpus[i].number))
				topo->cpus[i].kind = rows[row].kind;
		}
	}
}
