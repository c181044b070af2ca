/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answer.h - what is done when a vCPU enters the guest after a call
 */
#ifndef KVMRT_GS_HOST_MODULE_ANSWER_H
#define KVMRT_GS_HOST_MODULE_ANSWER_H

#include <linux/types.h>

struct gs_stashed;
struct kvm_vcpu;

/* Who calls, for the trace events. */
struct gs_caller {
	s32 vm_pid;
	u32 vcpu_id;
};

/*
 * Does the service of @call, which @vcpu made before, and writes the answer into its
 * RAX, unless KVM's own answer stands.  Runs in the vCPU's thread, just before it enters
 * the guest, with interrupts off.
 */
void gs_answer(struct kvm_vcpu *vcpu, const struct gs_stashed *call);

/* Calls whose vCPU was changed by its VMM in the meantime (reset, loaded state). */
u64 gs_answer_overtaken(void);

#endif /* KVMRT_GS_HOST_MODULE_ANSWER_H */
