/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.c - /dev/kvmrt_gs: a guest's programs call the host through their kernel
 *
 * The two permissions are the guide's boot words; they are read once, when the module
 * is loaded, and nobody changes them later.  gs/protocol.h binds the ioctls.
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include <asm/cpu_device_id.h>

#include "gs/protocol.h"
#include "guest/module/call.h"
#include "guest/module/pv.h"

static bool kvmrt_gs_hc_guest_enabled;
module_param(kvmrt_gs_hc_guest_enabled, bool, 0444);
MODULE_PARM_DESC(kvmrt_gs_hc_guest_enabled, "this kernel may call the host (default: N)");

static bool kvmrt_gs_syscall_enabled;
module_param(kvmrt_gs_syscall_enabled, bool, 0444);
MODULE_PARM_DESC(kvmrt_gs_syscall_enabled, "programs may, through " GS_DEVICE " (default: N)");

static s64 query(void)
{
	const u64 arg[4] = { GS_PROTOCOL_VERSION };

	if (!kvmrt_gs_hc_guest_enabled || !gs_call_possible())
		return GS_ANSWER_NOSYS;
	return gs_call(GS_NR_QUERY, arg);
}

static long info(void __user *user)
{
	struct kvmrt_gs_info info = {
		.version = GS_PROTOCOL_VERSION,
		.flags = (gs_call_possible() ? GS_INFO_KVM : 0) |
			 (kvmrt_gs_hc_guest_enabled ? GS_INFO_GUEST : 0) |
			 (kvmrt_gs_syscall_enabled ? GS_INFO_SYSCALL : 0),
		.answer = query(),
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static long call(struct kvmrt_gs_call __user *user)
{
	struct kvmrt_gs_call call;
	s64 ret;

	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	if (call.nr < GS_NR_FIRST || call.nr > GS_NR_LAST)
		return -EINVAL;
	if (!kvmrt_gs_hc_guest_enabled || !kvmrt_gs_syscall_enabled)
		return -EPERM;
	if (!gs_call_possible())
		return -ENODEV;
	ret = gs_call(call.nr, call.arg);
	return put_user(ret, &user->ret);
}

static long device_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	switch (request) {
	case KVMRT_GS_IOC_INFO:
		return info((void __user *)arg);
	case KVMRT_GS_IOC_CALL:
		return call((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* The structs are the same for 32-bit programs, but their pointers are not. */
static const struct file_operations device_ops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvmrt_gs",
	.mode = 0660,
	.fops = &device_ops,
};

static int __init device_init(void)
{
	int rc = misc_register(&device);

	/* tracing may have set probes before this function began */
	if (rc < 0)
		gs_pv_finish();
	return rc;
}

static void __exit device_exit(void)
{
	misc_deregister(&device);
	gs_pv_finish();
}

/* udev loads it in every VM; without the boot words it refuses all calls. */
static const struct x86_cpu_id __maybe_unused in_a_vm[] = {
	X86_MATCH_FEATURE(X86_FEATURE_HYPERVISOR, NULL),
	{ }
};

module_init(device_init);
module_exit(device_exit);

MODULE_DESCRIPTION("KVM-RT guest services, in the guest");
MODULE_LICENSE("GPL");
MODULE_DEVICE_TABLE(x86cpu, in_a_vm);
