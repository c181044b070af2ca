/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * attach.h - hangs the module on KVM's tracepoints, whenever KVM is there
 */
#ifndef KVMRT_GS_HOST_MODULE_ATTACH_H
#define KVMRT_GS_HOST_MODULE_ATTACH_H

#include <linux/types.h>

/* Return: 0 or -errno.  KVM may be loaded, built in, or come later. */
int gs_attach_start(void);

/* When it returns, no call is worked on any more. */
void gs_attach_stop(void);

/* Whether KVM is there and calls are seen. */
bool gs_attached(void);

#endif /* KVMRT_GS_HOST_MODULE_ATTACH_H */
