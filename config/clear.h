/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clear.h - plans for the host's side of a real-time VM: nothing else on its CPUs,
 * its siblings down, its vCPUs in partitions of their own
 */
#ifndef KCFG_CLEAR_H
#define KCFG_CLEAR_H

#include "config/live.h"
#include "config/place.h"

/**
 * kcfg_plan_clear() - interrupts, tasks, kernel threads and work queues off a VM's CPUs.
 * @house: where goes what was allowed there alone.
 * @qemu: the VM's own process, which stays; 0: it does not run yet.
 *
 * Managed interrupts and those that cannot be moved stay; irq-affinity(1) names them.
 */
int kcfg_plan_clear(struct tune_plan *plan, const struct kcfg_place *place,
		    const struct rt_cpuset *house, pid_t qemu, struct rt_err *err);

/*
 * Affinities that stay as they are, for the journal to know: a partition that comes
 * or goes makes the kernel forget them.
 */
int kcfg_plan_hold(struct tune_plan *plan, const struct kcfg_place *place,
		   const struct rt_cpuset *online, struct rt_err *err);

/* The kernel's own threads on its vCPUs' CPUs come before the vCPUs. */
int kcfg_plan_kernel_first(struct tune_plan *plan, const struct kcfg_place *place,
			   struct rt_err *err);

/* Threads of the VM's cores that it does not use go offline. */
int kcfg_plan_down(struct tune_plan *plan, const struct kcfg_place *place, struct rt_err *err);

/**
 * kcfg_plan_isolate() - an isolated partition of cgroup v2 around each vCPU of a VM
 * that runs.
 *
 * Optional as a whole: where the kernel has no remote partitions (before 6.7) the plan
 * stays as it was, and the return is 0; else 1.
 */
int kcfg_plan_isolate(struct tune_plan *plan, const struct kcfg_place *place,
		      const struct kcfg_lives *lives, const struct kcfg_live *live,
		      struct rt_err *err);

#endif /* KCFG_CLEAR_H */
