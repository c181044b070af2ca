/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vms.c - the VMs that have called: what each may do now, and what it has done
 */
#include "gs/host/module/vms.h"

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "gs/host/module/policy.h"
#include "gs/protocol.h"

#define SET_BITS	6
#define WAYS		4

static struct set {
	raw_spinlock_t lock;
	struct gs_vm vms[WAYS];
} sets[1 << SET_BITS];

void gs_vms_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		raw_spin_lock_init(&sets[i].lock);
}

/* ---- finding ---- */

/* A free place, or that of the VM which has been silent for longest. */
static struct gs_vm *place_for_new(struct set *set)
{
	struct gs_vm *place = &set->vms[0];
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		if (!set->vms[i].kvm)
			return &set->vms[i];
		if (set->vms[i].seen_ns < place->seen_ns)
			place = &set->vms[i];
	}
	return place;
}

static struct gs_vm *find(struct set *set, const struct gs_request *request)
{
	struct gs_vm *vm;
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		vm = &set->vms[i];
		/* a new VM may lie where an old one was */
		if (vm->kvm == request->kvm && vm->pid == request->pid)
			return vm;
		if (vm->kvm == request->kvm)
			break;
	}
	if (i == WAYS)
		vm = place_for_new(set);
	memset(vm, 0, sizeof(*vm));
	vm->kvm = request->kvm;
	vm->pid = request->pid;
	vm->generation = gs_policy_generation() - 1;
	strscpy(vm->name, current->group_leader->comm, sizeof(vm->name));
	return vm;
}

/* ---- judging ---- */

static bool is_allowed(struct gs_vm *vm)
{
	unsigned int generation = gs_policy_generation();

	if (vm->generation != generation) {
		vm->allowed = gs_policy_allows(vm->pid, vm->name);
		vm->generation = generation;
	}
	return vm->allowed;
}

/*
 * True when a call comes too early for @per_second, with a second's worth of calls at
 * once let through.  @next is when all of the earlier calls have been paid for.
 */
static bool too_early(u64 *next, unsigned int per_second, u64 now)
{
	u64 start;

	if (per_second == 0)
		return false;
	start = *next > now ? *next : now;
	if (start - now >= NSEC_PER_SEC)
		return true;
	*next = start + NSEC_PER_SEC / per_second;
	return false;
}

static enum gs_verdict judge(struct gs_vm *vm, const struct gs_request *request)
{
	if (request->protected)
		return GS_PROTECTED;
	if (!is_allowed(vm) || (request->user && !gs_policy_user_mode()))
		return GS_DENIED;
	if (too_early(&vm->call_ns, gs_policy_calls_per_second(), vm->seen_ns))
		return GS_LIMITED;
	if (!request->valid)
		return GS_INVALID;
	if (request->nr == GS_NR_XTRACE_FLUSH &&
	    too_early(&vm->flush_ns, gs_policy_flushes_per_second(), vm->seen_ns))
		return GS_LIMITED;
	return GS_SERVED;
}

enum gs_verdict gs_vms_judge(const struct gs_request *request)
{
	struct set *set = &sets[hash_ptr(request->kvm, SET_BITS)];
	enum gs_verdict verdict;
	struct gs_vm *vm;
	unsigned long flags;

	raw_spin_lock_irqsave(&set->lock, flags);
	vm = find(set, request);
	vm->seen_ns = ktime_get_mono_fast_ns();
	verdict = judge(vm, request);
	vm->verdicts[verdict]++;
	vm->user += request->user;
	if (verdict == GS_SERVED)
		vm->calls[request->nr - GS_NR_FIRST]++;
	raw_spin_unlock_irqrestore(&set->lock, flags);
	return verdict;
}

bool gs_vms_get(struct gs_vm *ret, unsigned int i)
{
	struct set *set = &sets[i / WAYS];
	unsigned long flags;

	BUILD_BUG_ON(GS_NR_CALLS != GS_NR_LAST - GS_NR_FIRST + 1);
	if (i >= WAYS * ARRAY_SIZE(sets))
		return false;
	raw_spin_lock_irqsave(&set->lock, flags);
	*ret = set->vms[i % WAYS];
	raw_spin_unlock_irqrestore(&set->lock, flags);
	return true;
}
