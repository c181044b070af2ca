/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-memory.c - rows: what the kernel does with memory behind everyone's back
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number of at least @check->want */
static enum tune_verdict look_at_least(struct tune_host *host, const struct tune_check *check)
{
	int64_t value;

	if (!tune_number(host, &value, "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "/%s is %d", check->path, (int)value);
	return tune_pass_if(value >= atoi(check->want));
}

/* A number of at most @check->want */
static enum tune_verdict look_at_most(struct tune_host *host, const struct tune_check *check)
{
	int64_t value;

	if (!tune_number(host, &value, "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "/%s is %d", check->path, (int)value);
	return tune_pass_if(value <= atoi(check->want));
}

static int64_t free_huge_pages(const struct tune_host *host, const char *node)
{
	struct tune_names sizes;
	int64_t sum = 0, nr;
	size_t i;

	if (!tune_names(host, &sizes, "hugepages-*", "sys/devices/system/node/%s/hugepages", node))
		return -1;
	for (i = 0; i < sizes.n; i++) {
		if (tune_number(host, &nr, "sys/devices/system/node/%s/hugepages/%s/free_hugepages",
				node, sizes.v[i]))
			sum += nr;
	}
	tune_names_finish(&sizes);
	return sum;
}

/* Does the node have real-time CPUs? */
static bool is_wanted_node(const struct tune_host *host, const char *node)
{
	struct rt_cpuset cpus;
	char list[4096];

	return tune_line(host, list, sizeof(list), "sys/devices/system/node/%s/cpulist", node) &&
	       rt_cpuset_parse(&cpus, list, NULL) == 0 &&
	       rt_cpuset_overlaps(&cpus, &host->target);
}

static enum tune_verdict look_huge_pages(struct tune_host *host, const struct tune_check *check)
{
	struct tune_names nodes;
	bool seen = false, lacking = false;
	int64_t nr;
	size_t i;

	if (!tune_names(host, &nodes, "node[0-9]*", "%s", check->path))
		return tune_missing(host, check->path);
	for (i = 0; i < nodes.n && host->has_target; i++) {
		nr = is_wanted_node(host, nodes.v[i]) ? free_huge_pages(host, nodes.v[i]) : -1;
		if (nr < 0)
			continue;
		seen = true;
		lacking |= nr == 0;
		tune_say_item(host, "%s has %d free huge pages", nodes.v[i], (int)nr);
	}
	tune_names_finish(&nodes);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (seen)
		return tune_pass_if(!lacking);
	tune_say(host, "no node shows its huge pages");
	return TUNE_UNKNOWN;
}

#define MM	"sys/kernel/mm/"
#define VM	"proc/sys/vm/"

const struct tune_check tune_checks_memory[] = {
	{
		.id = "thp", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = MM "transparent_hugepage/enabled", .want = "never|madvise",
		.expected = "never or madvise",
		.why = "khugepaged copies a guest's memory while it runs, and its vCPUs wait",
		.fix_kind = TUNE_FIX_SYSFS,
		.fix = "/sys/kernel/mm/transparent_hugepage/enabled madvise",
	}, {
		.id = "thp-defrag", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = MM "transparent_hugepage/defrag",
		.want = "never|madvise|defer|defer+madvise",
		.expected = "anything but always",
		.why = "a page fault else waits until memory was moved together",
		.fix_kind = TUNE_FIX_SYSFS,
		.fix = "/sys/kernel/mm/transparent_hugepage/defrag madvise",
	}, {
		.id = "ksm", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = MM "ksm/run", .want = "0|2",
		.expected = "0 or 2",
		.why = "ksmd scans guests' memory and makes pages read-only: the next write exits "
		       "and copies",
		.fix_kind = TUNE_FIX_SYSFS, .fix = "/sys/kernel/mm/ksm/run 2",
	}, {
		.id = "numa-balancing", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = "proc/sys/kernel/numa_balancing", .want = "0",
		.expected = "0",
		.why = "memory is made inaccessible to see who touches it: each touch is a fault, "
		       "in vCPUs as well",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "kernel.numa_balancing=0",
	}, {
		.id = "huge-pages", .severity = TUNE_INFO, .look = look_huge_pages,
		.path = "sys/devices/system/node",
		.expected = "free huge pages on the nodes of the real-time CPUs",
		.why = "a guest with huge pages misses its TLB less; kvmrt.cfg: hugepages",
		.reads = "/sys/devices/system/node/node*/hugepages/*/free_hugepages",
		.fix_kind = TUNE_FIX_BOOT, .fix = "hugepagesz=1G hugepages=8",
	}, {
		.id = "swappiness", .severity = TUNE_INFO, .look = look_at_most,
		.path = VM "swappiness", .want = "10",
		.expected = "at most 10",
		.why = "a real-time VM's memory is locked; what serves it should stay as well",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "vm.swappiness=10",
	}, {
		.id = "compaction", .severity = TUNE_INFO, .look = tune_look_value,
		.path = VM "compaction_proactiveness", .want = "0",
		.expected = "0",
		.why = "kcompactd moves pages twice a second, and each move interrupts the CPUs "
		       "that use them",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "vm.compaction_proactiveness=0",
	}, {
		.id = "stat-interval", .severity = TUNE_INFO, .look = look_at_least,
		.path = VM "stat_interval", .want = "10",
		.expected = "at least 10 s",
		.why = "a worker on each CPU adds up counters so often; on a vCPU's CPU it was "
		       "seen as 50 us in the guest",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "vm.stat_interval=10",
	},
	{ .id = NULL }
};
