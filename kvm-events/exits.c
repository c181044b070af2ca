/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exits.c - looks up the exit reasons of exits-vmx.def and exits-svm.def
 *
 * Both tables are sorted by number; VMX keeps flags above the low 16 bits.
 */
#include "kvm-events/kvm-events.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

#define KEV_EXIT(number_, name_, cost_, help_) \
	{ .number = (number_), .cost = KEV_COST_##cost_, .name = #name_, .help = (help_) },

static const struct kev_exit vmx_exits[] = {
#include "kvm-events/exits-vmx.def"
};

static const struct kev_exit svm_exits[] = {
#include "kvm-events/exits-svm.def"
};

#undef KEV_EXIT

static const struct kev_exit *table(unsigned int isa, size_t *ret_nr)
{
	*ret_nr = isa == KEV_ISA_VMX ? NR(vmx_exits) : isa == KEV_ISA_SVM ? NR(svm_exits) : 0;
	return isa == KEV_ISA_VMX ? vmx_exits : svm_exits;
}

const struct kev_exit *kev_exit_find(unsigned int isa, uint64_t reason)
{
	size_t low = 0, high;
	const struct kev_exit *exits = table(isa, &high);
	uint32_t number = isa == KEV_ISA_VMX ? reason & 0xffff : (uint32_t)reason;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (exits[mid].number == number)
			return &exits[mid];
		if (exits[mid].number > number)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct kev_exit *kev_exit_at(unsigned int isa, size_t i)
{
	size_t nr;
	const struct kev_exit *exits = table(isa, &nr);

	return i < nr ? &exits[i] : NULL;
}

const char *kev_exit_name(unsigned int isa, uint64_t reason)
{
	const struct kev_exit *row = kev_exit_find(isa, reason);

	return row ? row->name : NULL;
}

const char *kev_cost_name(enum kev_cost cost)
{
	static const char *const names[KEV_NR_COSTS] = {
		[KEV_COST_IRQ] = "irq",
		[KEV_COST_TIMER] = "timer",
		[KEV_COST_IDLE] = "idle",
		[KEV_COST_SPIN] = "spin",
		[KEV_COST_APIC] = "apic",
		[KEV_COST_EMUL] = "emulation",
		[KEV_COST_IO] = "io",
		[KEV_COST_MMU] = "memory",
		[KEV_COST_CALL] = "hypercall",
		[KEV_COST_NEST] = "nested",
		[KEV_COST_FAULT] = "fault",
		[KEV_COST_END] = "end",
	};

	return (unsigned int)cost < KEV_NR_COSTS ? names[cost] : NULL;
}
