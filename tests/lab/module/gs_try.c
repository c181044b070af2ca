/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gs_try.c - makes hypercalls from a guest's kernel, and says what they cost
 *
 * Loaded with nr=, a0= and count=; the kernel log then has one line with the number of
 * calls, the last answer, how many answered the same, and the cheapest batch of calls in
 * cycles a call.  Loading it fails on purpose, so that it can be loaded again.
 */
#include <linux/kvm_para.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#define BATCH	50

static ulong nr = KVM_HC_VAPIC_POLL_IRQ;	/* the least that a stock KVM can be asked */
module_param(nr, ulong, 0);

static ulong a0;
module_param(a0, ulong, 0);

static uint count = 1000;
module_param(count, uint, 0);

static unsigned int same;
static long answer;

static u64 batch(void)
{
	u64 begin = get_cycles();
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		long got = kvm_hypercall4(nr, a0, 0, 0, 0);

		same = got == answer ? same + 1 : 1;
		answer = got;
	}
	return get_cycles() - begin;
}

static int __init try_init(void)
{
	u64 best = U64_MAX;
	unsigned int i;

	if (!kvm_para_available())
		return -ENODEV;
	for (i = 0; i < count; i += BATCH) {
		best = min(best, batch());
		cond_resched();
	}
	pr_info("gs_try: nr=%lx calls=%u answer=%ld same=%u cycles=%llu\n", nr, i, answer, same,
		best / BATCH);
	return -ECANCELED;
}

static void __exit try_exit(void)
{
}

module_init(try_init);
module_exit(try_exit);

MODULE_DESCRIPTION("hypercalls for the lab");
MODULE_LICENSE("GPL");
