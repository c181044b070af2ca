/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clear.h - the host's side of a real-time VM, planned: whom its shield keeps off and
 * whom it spares, siblings down, partitions of its own
 */
#ifndef KCFG_CLEAR_H
#define KCFG_CLEAR_H

#include "config/live.h"
#include "config/place.h"

/* Whose threads a shield leaves where they are: the real-time VMs' that run. */
struct kcfg_spared {
	const struct kcfg_places *places;
	const struct kcfg_lives *lives;
};

/* The CPUs that real-time VMs have: those that are not disabled, and disabled ones that run. */
struct rt_cpuset kcfg_taken(const struct kcfg_places *places, const struct kcfg_lives *lives);

/*
 * All kinds of shield for the VM's cores; nothing goes to the other real-time VMs'.
 * @spared: borrowed, as long as @ret is used.
 */
void kcfg_shield(struct tune_shield *ret, const struct kcfg_place *place,
		 struct kcfg_spared *spared);

/* The kernel's own threads on its vCPUs' CPUs come before the vCPUs. */
int kcfg_plan_kernel_first(struct tune_plan *plan, const struct kcfg_place *place,
			   struct rt_err *err);

/* Threads of the VM's cores that it does not use go offline. */
int kcfg_plan_down(struct tune_plan *plan, const struct kcfg_place *place, struct rt_err *err);

/*
 * An isolated partition of cgroup v2 around each vCPU of a VM that runs.
 * RT_ECANNOT where the kernel has no remote ones (before 6.7).
 */
int kcfg_plan_isolate(struct tune_plan *plan, const struct kcfg_place *place,
		      const struct kcfg_lives *lives, const struct kcfg_live *live,
		      struct rt_err *err);

/*
 * One for the VM as a whole, around all CPUs that its threads have: from 6.1 on, where
 * its XML gives it a group of its own below the top (<resource><partition>).
 * RT_ECANNOT where it has none.
 */
int kcfg_plan_isolate_whole(struct tune_plan *plan, const struct kcfg_place *place,
			    const struct kcfg_lives *lives, const struct kcfg_live *live,
			    struct rt_err *err);

#endif /* KCFG_CLEAR_H */
