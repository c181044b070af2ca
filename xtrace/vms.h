/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vms.h - the virtual machines of a host: which thread is which vCPU of whom
 */
#ifndef XT_VMS_H
#define XT_VMS_H

#include <stddef.h>
#include <stdint.h>

struct rt_err;
struct rt_root;
struct xt_vcpu;

struct xt_vms {
	struct xt_vcpu *v;	/* owned; by VM and vCPU */
	size_t nr;
};

/*
 * From KVM's debugfs (TSC offsets with it) and from the names of QEMU's
 * threads; no VM is an empty list.
 */
int xt_vms_find(struct xt_vms *ret, const struct rt_root *root, struct rt_err *err);
void xt_vms_finish(struct xt_vms *vms);

/* Changes with every VM that comes or goes: when to look again.  Costs one readdir. */
uint64_t xt_vms_stamp(const struct rt_root *root);

/* "guest=rt0,debug-threads=on" or "rt0": the name in the argument of QEMU's -name. */
void xt_vms_name_of(const char *argument, char *buf, size_t size);

#endif /* XT_VMS_H */
