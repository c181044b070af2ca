/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tsc-offset.c - loaded into a guest's QEMU by lab-guest --tsc-offset: whatever QEMU
 * sets a vCPU's time stamp counter to, its offset from the host's becomes
 * LAB_TSC_OFFSET
 */
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define MSR_TSC 0x10

static int set_offset(int (*next)(int, unsigned long, ...), int vcpu)
{
	int64_t offset = strtoll(getenv("LAB_TSC_OFFSET"), NULL, 0);
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	if (next(vcpu, KVM_SET_DEVICE_ATTR, &attr) == 0)
		return 0;
	perror("the offset of the time stamp counter cannot be set");
	exit(1);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) =
		(int (*)(int, unsigned long, ...))(uintptr_t)dlsym(RTLD_NEXT, "ioctl");
	const struct kvm_msrs *msrs;
	va_list args;
	void *arg;
	int rc;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	rc = next(fd, request, arg);
	msrs = arg;
	for (uint32_t i = 0; request == KVM_SET_MSRS && rc > 0 && i < msrs->nmsrs; i++)
		if (msrs->entries[i].index == MSR_TSC)
			set_offset(next, fd);
	return rc;
}
