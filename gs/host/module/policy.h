/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - who may call: the module's parameters
 *
 * Off by default.  All of it may be changed while guests call.
 */
#ifndef KVMRT_GS_HOST_MODULE_POLICY_H
#define KVMRT_GS_HOST_MODULE_POLICY_H

#include <linux/types.h>

/* The words of the guide and their like; read where a call is judged. */
bool gs_policy_enabled(void);
bool gs_policy_user_mode(void);
unsigned int gs_policy_calls_per_second(void);		/* of a VM; 0: no limit */
unsigned int gs_policy_flushes_per_second(void);

/*
 * Whether the list of VMs names this one: by the PID of its process, or by the
 * process's name.  Preemption is off.
 */
bool gs_policy_allows(s32 pid, const char *name);

/* Another number after each change of the list, so that an answer can be kept. */
unsigned int gs_policy_generation(void);

#endif /* KVMRT_GS_HOST_MODULE_POLICY_H */
