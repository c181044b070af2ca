/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - one hypercall of guest services, with its trace events
 */
#ifndef KVMRT_GUEST_MODULE_CALL_H
#define KVMRT_GUEST_MODULE_CALL_H

#include <linux/types.h>

/* True where KVM is below: nowhere else may the instruction be executed. */
bool gs_call_possible(void);

/*
 * Makes the call as it stands and returns the host's answer.  @nr is one of ours;
 * gs_call_possible() was asked.  Any context in which a trace event may fire.
 */
s64 gs_call(u64 nr, const u64 arg[4]);

#endif /* KVMRT_GUEST_MODULE_CALL_H */
