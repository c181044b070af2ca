/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * attach.c - hangs the module on KVM's tracepoints, whenever KVM is there
 *
 * kvm_hypercall has the arguments, but not the vCPU.  A thread that runs a vCPU has
 * KVM's preemption notifier, which lies in that vCPU; and which notifiers are KVM's is
 * learned at kvm_entry, where the vCPU is an argument and can be compared.  So nothing
 * is believed about a tracepoint's arguments that was not checked, and no symbol of KVM
 * is used: it can be unloaded below us.
 */
#include "gs/host/module/attach.h"

#include <linux/ktime.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "gs/host/module/answer.h"
#include "gs/host/module/stash.h"
#include "gs/protocol.h"

/* Before all others, so that the answer's events stand in front of kvm_entry. */
#define PRIORITY	(TRACEPOINT_DEFAULT_PRIO + 10)

static struct preempt_ops *kvm_ops;	/* of a vCPU's notifier; NULL: not known yet */

/* ---- the probes ---- */

static struct kvm_vcpu *current_vcpu(void)
{
	struct preempt_ops *ops = READ_ONCE(kvm_ops);
	struct preempt_notifier *notifier;

	if (!ops)
		return NULL;
	hlist_for_each_entry(notifier, &current->preempt_notifiers, link) {
		if (notifier->ops == ops)
			return container_of(notifier, struct kvm_vcpu, preempt_notifier);
	}
	return NULL;
}

static void on_hypercall(void *data, unsigned long nr, unsigned long a0, unsigned long a1,
			 unsigned long a2, unsigned long a3)
{
	struct gs_stashed call = {
		.nr = nr,
		.arg = { a0, a1, a2, a3 },
	};

	if (nr < GS_NR_FIRST || nr > GS_NR_LAST)
		return;
	call.vcpu = current_vcpu();
	if (!call.vcpu)
		return;
	call.ns = ktime_get_mono_fast_ns();
	gs_stash_put(&call);
}

/* Only where @vcpu is the vCPU of this thread can its notifier be the first one here. */
static void learn(struct kvm_vcpu *vcpu)
{
	if (current->preempt_notifiers.first == &vcpu->preempt_notifier.link)
		WRITE_ONCE(kvm_ops, vcpu->preempt_notifier.ops);
}

/* Newer kernels have more arguments behind the vCPU. */
static void on_entry(void *data, struct kvm_vcpu *vcpu)
{
	struct gs_stashed call;

	if (unlikely(!READ_ONCE(kvm_ops)))
		learn(vcpu);
	if (likely(atomic_read(&gs_stash_pending) == 0))
		return;
	if (gs_stash_take(&call, vcpu))
		gs_answer(vcpu, &call);
	else
		/* a call that nobody fetches must not make all look for good */
		gs_stash_expire_some();
}

/* ---- the tracepoints ---- */

static struct point {
	const char *name;
	void *probe;
	struct tracepoint *at;	/* where it is attached; NULL: nowhere */
} points[] = {
	{ .name = "kvm_entry", .probe = on_entry },
	{ .name = "kvm_hypercall", .probe = on_hypercall },
};

static void attach_one(struct tracepoint *at, void *data)
{
	unsigned int i;
	int rc;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (points[i].at || strcmp(points[i].name, at->name) != 0)
			continue;
		rc = tracepoint_probe_register_prio(at, points[i].probe, NULL, PRIORITY);
		if (rc == 0)
			points[i].at = at;
		else
			pr_warn("kvmrt_gs_host: tracepoint %s: error %d\n", at->name, rc);
	}
}

static void detach_one(struct tracepoint *at, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (points[i].at != at)
			continue;
		tracepoint_probe_unregister(at, points[i].probe, NULL);
		points[i].at = NULL;
		WRITE_ONCE(kvm_ops, NULL);
	}
}

bool gs_attached(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (!READ_ONCE(points[i].at))
			return false;
	}
	return true;
}

/* Called for modules that are there, that come and that go, one at a time. */
static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *mod = ((struct tp_module *)data)->mod;
	unsigned int i;

	for (i = 0; i < mod->num_tracepoints; i++) {
		struct tracepoint *at = tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);

		if (state == MODULE_STATE_COMING)
			attach_one(at, NULL);
		else if (state == MODULE_STATE_GOING)
			detach_one(at, NULL);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_block = {
	.notifier_call = on_module,
};

/* ours stays away from our own tracepoints: no name of theirs is in the table */
int gs_attach_start(void)
{
	for_each_kernel_tracepoint(attach_one, NULL);
	return register_tracepoint_module_notifier(&module_block);
}

void gs_attach_stop(void)
{
	unregister_tracepoint_module_notifier(&module_block);
	for_each_kernel_tracepoint(detach_one, NULL);
	tracepoint_synchronize_unregister();
}
