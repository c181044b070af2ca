/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answer.c - what is done when a vCPU enters the guest after a call
 *
 * KVM does not know our numbers.  It has refused the call and put its refusal into
 * RAX: EPERM for a caller in user mode, else ENOSYS.  So RAX tells who called, without
 * any of KVM's private functions, and is then overwritten.
 */
#include "gs/host/module/answer.h"

#include <linux/atomic.h>
#include <linux/kvm_host.h>
#include <linux/kvm_para.h>

#include "gs/host/module/policy.h"
#include "gs/host/module/stash.h"
#include "gs/host/module/vms.h"
#include "gs/protocol.h"

#define CREATE_TRACE_POINTS
#include "gs/host/module/trace.h"

#define FEATURES (GS_FEATURE_PING | GS_FEATURE_LOG_MSG | GS_FEATURE_XTRACE_FLUSH | \
		  GS_FEATURE_XTRACE_LOG_DATA)

static atomic64_t overtaken;

u64 gs_answer_overtaken(void)
{
	return atomic64_read(&overtaken);
}

/* ---- the registers ---- */

/* KVM answers a 32-bit caller in 32 bits, and so must we. */
static bool is_refusal(u64 rax, int refusal)
{
	return rax == (u64)-refusal || rax == (u32)-refusal;
}

/* Whether this is still the state that KVM left behind the call. */
static bool is_after_call(const struct kvm_vcpu *vcpu, const struct gs_stashed *call)
{
	const unsigned long *regs = vcpu->arch.regs;

	return (is_refusal(regs[VCPU_REGS_RAX], KVM_EPERM) ||
		is_refusal(regs[VCPU_REGS_RAX], KVM_ENOSYS)) &&
	       regs[VCPU_REGS_RBX] == call->arg[0] && regs[VCPU_REGS_RCX] == call->arg[1] &&
	       regs[VCPU_REGS_RDX] == call->arg[2] && regs[VCPU_REGS_RSI] == call->arg[3];
}

static void set_answer(struct kvm_vcpu *vcpu, s64 answer)
{
	bool wide = vcpu->arch.regs[VCPU_REGS_RAX] >> 32;

	vcpu->arch.regs[VCPU_REGS_RAX] = wide ? (u64)answer : (u32)answer;
}

/* ---- the services ---- */

/* The events are the service: who reads them logs, saves or shows. */
static s64 take_fragment(const struct gs_caller *from, const struct gs_stashed *call)
{
	u64 a0 = call->arg[0];
	u8 bytes[GS_FRAG_SIZE];

	gs_frag_unpack(bytes, call->arg[1], call->arg[2], call->arg[3]);
	if (call->nr == GS_NR_LOG_MSG)
		trace_log_msg_host(from, a0, bytes);
	else
		trace_log_data_host(from, a0, bytes);
	return gs_frag_offset(a0) + gs_frag_bytes(a0);
}

static s64 serve(const struct gs_caller *from, const struct gs_stashed *call)
{
	switch (call->nr) {
	case GS_NR_QUERY:
		return FEATURES;
	case GS_NR_PING:
		trace_ping_host(from, call->arg[0]);
		return GS_ANSWER_OK;
	case GS_NR_XTRACE_FLUSH:
		trace_flush_host(from, call->arg[0], call->arg[1]);
		return GS_ANSWER_OK;
	default:
		return take_fragment(from, call);
	}
}

/* ---- one call ---- */

static s64 decide(const struct gs_caller *from, struct kvm_vcpu *vcpu,
		  const struct gs_stashed *call)
{
	const struct gs_request request = {
		.kvm = vcpu->kvm,
		.pid = from->vm_pid,
		.nr = call->nr,
		.user = is_refusal(vcpu->arch.regs[VCPU_REGS_RAX], KVM_EPERM),
		.valid = gs_call_valid(call->nr, call->arg[0]),
		.protected = vcpu->arch.guest_state_protected,
	};
	s64 own = request.user ? GS_ANSWER_PERM : GS_ANSWER_NOSYS;

	if (!gs_policy_enabled())
		return own;
	switch (gs_vms_judge(&request)) {
	case GS_SERVED:
		return serve(from, call);
	case GS_DENIED:
		return GS_ANSWER_DENIED;
	case GS_LIMITED:
		return GS_ANSWER_AGAIN;
	case GS_INVALID:
		return GS_ANSWER_INVAL;
	default:
		return own;
	}
}

void gs_answer(struct kvm_vcpu *vcpu, const struct gs_stashed *call)
{
	const struct gs_caller from = {
		.vm_pid = vcpu->kvm->userspace_pid,
		.vcpu_id = vcpu->vcpu_id,
	};
	s64 answer;

	if (!is_after_call(vcpu, call)) {
		atomic64_inc(&overtaken);
		return;
	}
	answer = decide(&from, vcpu, call);
	set_answer(vcpu, answer);
	trace_hc_exit_host(&from, call->nr, answer);
}
