/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - what kvmrt.cfg means on a machine: the CPU of each virtual CPU, the
 * CPUs of all other threads, siblings that go down, nodes of the memory
 *
 * The rules judge it, kvmrt-show-config shows it, kvmrt-boot does it.
 *
 * A real-time VM owns every thread of every core that its cpuset names.  Of each
 * core one CPU is used: of those in the cpuset the lowest that is online.  Used CPUs
 * that are not in emulator_cpuset go to the virtual CPUs by rising number; the rest,
 * or emulator_cpuset, to all other threads.  Of a VM that is not real-time any thread
 * runs on any CPU of its cpuset.
 */
#ifndef KCFG_PLACE_H
#define KCFG_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/cfg.h"
#include "lib/cpulist.h"
#include "tuning/tuning.h"

#define KCFG_ANY (-1)		/* any CPU of ->cpus; anywhere where that is empty */

struct kcfg_place {
	const struct kcfg_vm *vm;	/* the configuration's */
	struct rt_cpuset cpus;		/* the cpuset; empty: anywhere */
	struct rt_cpuset used;		/* those of them that threads run on, or shall */
	struct rt_cpuset owned;		/* real-time: with every sibling; else empty */
	struct rt_cpuset down;		/* real-time: owned and not used */
	struct rt_cpuset others;	/* of all threads but virtual CPUs; empty: anywhere */
	struct rt_cpuset nodes;		/* those of ->used */
	struct rt_cpuset mem_nodes;	/* of the memory; empty: any */
	bool lock_memory;
	int *vcpus;			/* owned; [->vm->nr_vcpus]: a CPU or KCFG_ANY */
	unsigned int lacking;		/* real-time: virtual CPUs for which there is no CPU */
	/* Where an attribute of type KCFG_CPUS names what the machine has not: the sentence. */
	char *bad[KCFG_NR_ATTRS];	/* owned; NULL: it is well */
};

struct kcfg_places {
	struct kcfg_place *v;		/* owned; in the order of the file */
	size_t n;
};

/**
 * kcfg_cpus_resolve() - the CPUs of a CPUSET that threads can be meant to run on.
 *
 * As tune_cpuset_resolve(), without the second threads where SMT is off, as long as that
 * leaves a CPU.
 */
int kcfg_cpus_resolve(struct rt_cpuset *ret, const struct tune_topo *topo, const char *text,
		      struct rt_err *err);

/**
 * kcfg_places_make() - place the VMs of a file.
 * @all: disabled ones too.
 *
 * A cpuset that does not fit the machine is no failure; see ->bad, and the rules.
 * @cfg has to outlive @ret.  Return: 0 or -ENOMEM.
 */
int kcfg_places_make(struct kcfg_places *ret, const struct kcfg *cfg,
		     const struct tune_topo *topo, bool all);
void kcfg_places_finish(struct kcfg_places *places);
/* NULL where the VM was not placed. */
const struct kcfg_place *kcfg_places_find(const struct kcfg_places *places,
					  const struct kcfg_vm *vm);

#endif /* KCFG_PLACE_H */
