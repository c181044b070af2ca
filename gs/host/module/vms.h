/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vms.h - the VMs that have called: what each may do now, and what it has done
 *
 * A VM is known from its first call on.  Nobody tells when it ends, so a place is
 * reused when its process is gone or the table is full.
 */
#ifndef KVMRT_GS_HOST_MODULE_VMS_H
#define KVMRT_GS_HOST_MODULE_VMS_H

#include <linux/types.h>

struct kvm;

enum gs_verdict {
	GS_SERVED,		/* to be answered */
	GS_DENIED,		/* the policy does not allow this VM or this caller */
	GS_LIMITED,		/* it calls too often */
	GS_INVALID,		/* its arguments break the protocol */
	GS_PROTECTED,		/* its registers are hidden from the host */
	GS_NR_VERDICTS
};

#define GS_NR_CALLS	5	/* of gs/protocol.h */

struct gs_vm {
	const struct kvm *kvm;	/* a name, not to be followed; NULL: a free place */
	s32 pid;		/* of the VM's process */
	char name[16];		/* the process's */
	bool allowed;
	unsigned int generation;	/* of the list, when @allowed was found */
	u64 seen_ns;
	u64 call_ns, flush_ns;	/* rate limits: a call is early before this time */
	u64 calls[GS_NR_CALLS];	/* by number, served */
	u64 user;		/* of all calls: made in user mode */
	u64 verdicts[GS_NR_VERDICTS];
};

/* What is known about a call before its VM is looked at. */
struct gs_request {
	const struct kvm *kvm;
	s32 pid;
	u64 nr;
	bool user;		/* it was made in user mode */
	bool valid;		/* by the protocol */
	bool protected;		/* nobody can answer it */
};

void gs_vms_init(void);

/* Judges a call and counts it.  Called in the vCPU's thread with preemption off. */
enum gs_verdict gs_vms_judge(const struct gs_request *request);

/* A copy of the @i-th place.  Return: false behind the last; ret->kvm is NULL where it is free. */
bool gs_vms_get(struct gs_vm *ret, unsigned int i);

#endif /* KVMRT_GS_HOST_MODULE_VMS_H */
