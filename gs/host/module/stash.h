/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stash.h - calls that were seen and wait for their vCPU to enter the guest again
 *
 * One call a vCPU, found by the vCPU's address: its thread may go to another CPU
 * between the two, and another thread may run it.  Nothing is allocated and no
 * sleeping lock is taken; both ends run with preemption off.
 */
#ifndef KVMRT_GS_HOST_MODULE_STASH_H
#define KVMRT_GS_HOST_MODULE_STASH_H

#include <linux/atomic.h>
#include <linux/types.h>

struct kvm_vcpu;

struct gs_stashed {
	const struct kvm_vcpu *vcpu;	/* a name, not to be followed: it may be gone */
	u64 nr;
	u64 arg[4];
	u64 ns;				/* when it was put */
};

extern atomic_t gs_stash_pending;

void gs_stash_init(void);

/* Replaces an earlier call of that vCPU; where all is full, the oldest neighbour. */
void gs_stash_put(const struct gs_stashed *call);

/* Takes the call of @vcpu out.  Return: false when there is none. */
bool gs_stash_take(struct gs_stashed *ret, const struct kvm_vcpu *vcpu);

/*
 * Drops calls whose vCPU has not come back for so long that it was destroyed in between, or
 * is paused for good: all of them, or those of the next set in turn.
 */
void gs_stash_expire(void);
void gs_stash_expire_some(void);

/* How many were pushed out by others. */
u64 gs_stash_lost(void);

#endif /* KVMRT_GS_HOST_MODULE_STASH_H */
