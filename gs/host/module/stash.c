/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stash.c - calls that wait for their vCPU to enter the guest again
 *
 * A table of sets, each with a lock of its own, so that VMs seldom meet.
 */
#include "gs/host/module/stash.h"

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#define SET_BITS	8
#define WAYS		4
#define FORGET_NS	(600ULL * NSEC_PER_SEC)

static struct set {
	raw_spinlock_t lock;
	u64 lost;
	struct gs_stashed calls[WAYS];
} sets[1 << SET_BITS];

atomic_t gs_stash_pending;	/* entries in use: vCPUs look no further while it is 0 */

void gs_stash_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		raw_spin_lock_init(&sets[i].lock);
}

static struct set *set_of(const struct kvm_vcpu *vcpu)
{
	return &sets[hash_ptr(vcpu, SET_BITS)];
}

static struct gs_stashed *find(struct set *set, const struct kvm_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		if (set->calls[i].vcpu == vcpu)
			return &set->calls[i];
	}
	return NULL;
}

static struct gs_stashed *oldest(struct set *set)
{
	struct gs_stashed *old = &set->calls[0];
	unsigned int i;

	for (i = 1; i < WAYS; i++) {
		if (set->calls[i].ns < old->ns)
			old = &set->calls[i];
	}
	return old;
}

/* A place for a call of @vcpu: its own, a free one, or the oldest's. */
static struct gs_stashed *make_room(struct set *set, const struct kvm_vcpu *vcpu)
{
	struct gs_stashed *place = find(set, vcpu);

	if (place)
		return place;
	place = find(set, NULL);
	if (place) {
		atomic_inc(&gs_stash_pending);
		return place;
	}
	set->lost++;
	return oldest(set);
}

void gs_stash_put(const struct gs_stashed *call)
{
	struct set *set = set_of(call->vcpu);
	unsigned long flags;

	raw_spin_lock_irqsave(&set->lock, flags);
	*make_room(set, call->vcpu) = *call;
	raw_spin_unlock_irqrestore(&set->lock, flags);
}

static void drop(struct gs_stashed *call)
{
	call->vcpu = NULL;
	atomic_dec(&gs_stash_pending);
}

bool gs_stash_take(struct gs_stashed *ret, const struct kvm_vcpu *vcpu)
{
	struct set *set = set_of(vcpu);
	struct gs_stashed *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&set->lock, flags);
	call = find(set, vcpu);
	if (call) {
		*ret = *call;
		drop(call);
	}
	raw_spin_unlock_irqrestore(&set->lock, flags);
	return call;
}

static void expire_set(struct set *set)
{
	u64 now = ktime_get_mono_fast_ns();
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&set->lock, flags);
	for (i = 0; i < WAYS; i++) {
		struct gs_stashed *call = &set->calls[i];

		if (call->vcpu && call->ns < now && now - call->ns > FORGET_NS)
			drop(call);
	}
	raw_spin_unlock_irqrestore(&set->lock, flags);
}

void gs_stash_expire(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		expire_set(&sets[i]);
}

void gs_stash_expire_some(void)
{
	static atomic_t turn;

	expire_set(&sets[(unsigned int)atomic_inc_return(&turn) % ARRAY_SIZE(sets)]);
}

u64 gs_stash_lost(void)
{
	u64 lost = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		lost += READ_ONCE(sets[i].lost);
	return lost;
}
