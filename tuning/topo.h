/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo.h - the machine as arrays: CPUs, and what they share
 *
 * One picture for all sources: this machine, a recorded tree of /proc and /sys,
 * an hwloc XML file, a description in words.  A CPU knows the number of its
 * package, die, caches, node and core; each of those knows its CPUs.
 *
 * Numbers: CPUs and nodes have the kernel's; packages, dies, caches and cores are
 * counted over the whole machine from 0, as hwloc does, because the kernel's core
 * numbers begin anew in every package.
 *
 * A kernel forgets the core of a CPU that goes offline.  tune_topo_remember(),
 * called before CPUs go down, keeps it, so that "c3" and "n1" stay the same CPUs.
 */
#ifndef TUNE_TOPO_H
#define TUNE_TOPO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpulist.h"
#include "tuning/topo-pci.h"

struct rt_err;
struct rt_root;

/* What CPUs share, the largest first. */
enum tune_level {
	TUNE_PACKAGE, TUNE_DIE, TUNE_NODE, TUNE_L3, TUNE_L2, TUNE_L1, TUNE_CORE,
	TUNE_NR_LEVELS,
};

#define TUNE_NONE (-1)		/* no such thing, or not known (a CPU that is offline) */

enum tune_kind { TUNE_KIND_ALIKE, TUNE_KIND_PERFORMANCE, TUNE_KIND_EFFICIENCY };

struct tune_cpu {
	unsigned int number;
	bool online;
	enum tune_kind kind;
	int in[TUNE_NR_LEVELS];	/* ->number of the group at each level, or TUNE_NONE */
};

/* A package, a die, a node, a cache or a core. */
struct tune_group {
	int number;
	int kernel;		/* the kernel's id (core_id, physical_package_id), or TUNE_NONE */
	uint64_t bytes;		/* of a cache or of a node's memory */
	uint64_t free_bytes;	/* of a node's memory; 0 where it is not known */
	char *name;		/* a package's model; owned, may be NULL */
	struct rt_cpuset cpus;	/* offline ones too, as far as known */
};

struct tune_groups {
	struct tune_group *v;	/* by rising number; owned */
	unsigned int n;
};

struct tune_topo {
	struct tune_cpu *cpus;	/* those present, by rising number; owned */
	unsigned int nr_cpus;
	struct rt_cpuset present, online;	/* offline is what is between them */
	bool smt_off;		/* cores have several threads, and no core has two online */
	struct tune_groups at[TUNE_NR_LEVELS];
	/* [i * at[TUNE_NODE].n + j], 10 is local; owned, NULL where not known */
	unsigned int *distances;
	struct tune_pci *pci;	/* by rising address; owned */
	unsigned int nr_pci;
	struct tune_slot *slots;	/* owned */
	unsigned int nr_slots;
	char *board;		/* "Supermicro M12SWA-TF"; owned, may be NULL */
	char *host;		/* its name; owned, may be NULL */
};

/**
 * tune_topo_load() - this machine, or the recorded tree that @root is.
 * @ret: tune_topo_destroy() it.
 * Return: 0 or -errno.
 */
int tune_topo_load(struct tune_topo **ret, const struct rt_root *root, struct rt_err *err);

/**
 * tune_topo_load_from() - another machine.
 * @what: a file of "hwtopo --save" or hwloc's XML ("lstopo --of xml"); or where there
 * is no such file a description such as "pack:2 numa:1 core:4 pu:2".
 * Return: 0 or -errno.
 */
int tune_topo_load_from(struct tune_topo **ret, const char *what, struct rt_err *err);

/* From a description in hwloc's words: lstopo(1), "synthetic". */
int tune_topo_load_synthetic(struct tune_topo **ret, const char *text, struct rt_err *err);

void tune_topo_destroy(struct tune_topo *topo);

/* NULL where there is no such CPU (group). */
const struct tune_cpu *tune_topo_cpu(const struct tune_topo *topo, unsigned int number);
const struct tune_group *tune_topo_group(const struct tune_topo *topo, enum tune_level level,
					 int number);
/* The CPU itself and the other threads of its core, offline ones too as far as known. */
struct rt_cpuset tune_topo_siblings(const struct tune_topo *topo, unsigned int number);
/*
 * Where SMT is off, the CPUs that are offline and of no core that is known: second threads,
 * that are no cores of their own.
 */
struct rt_cpuset tune_topo_smt_down(const struct tune_topo *topo);
/* All CPUs that share a group of @level with one of @cpus: cores made whole, or nodes. */
struct rt_cpuset tune_topo_widen(const struct tune_topo *topo, enum tune_level level,
				 const struct rt_cpuset *cpus);
/* The numbers of the groups of @level that have one of @cpus. */
struct rt_cpuset tune_topo_touched(const struct tune_topo *topo, enum tune_level level,
				   const struct rt_cpuset *cpus);

/**
 * tune_topo_remember() - write down where each CPU belongs, for the time when some
 * are offline.  Call it before CPUs are taken down.  Does nothing while it would
 * know less than what is written already.
 *
 * The file is run/kvmrt/topology below @root; its folder is made where needed.
 * Return: 0 or -errno.
 */
int tune_topo_remember(const struct tune_topo *topo, const struct rt_root *root,
		       struct rt_err *err);

/**
 * tune_cpuset_resolve() - the CPUs that a CPUSET names: "0-3,8", "n1-n2", "c0-3,p1",
 * "~n0".
 *
 * Numbers, and with a prefix n(ode), c(ore), d(ie), p(ackage) what they have; ranges of
 * either; "~" in front of all takes the others that are present.  "" is the
 * empty set.  Offline CPUs may be in the result: see @topo->online.
 * Return: 0, -EINVAL for what is not a CPUSET, -ENOENT for what this machine has not;
 * the sentence names the column.
 */
int tune_cpuset_resolve(struct rt_cpuset *ret, const struct tune_topo *topo, const char *text,
			struct rt_err *err);

#endif /* TUNE_TOPO_H */
