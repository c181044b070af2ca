/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exits.c - looks up the exit reasons of exits-vmx.def and exits-svm.def
 *
 * A slot a number tells where its row is: the compiler makes the slots, and
 * refuses two numbers in one (-Woverride-init).
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
#define KEV_EXIT(number_, name_, cost_, help_) VMX_##name_,
enum {
#include "kvm-events/exits-vmx.def"
};

#undef KEV_EXIT
#define KEV_EXIT(number_, name_, cost_, help_) SVM_##name_,
enum {
#include "kvm-events/exits-svm.def"
};

/* SVM: one slot each below 0x100; the few large numbers differ in this sum. */
#define SVM_SLOT(number) \
	((number) < 0x100u ? (number) : 0x100u + ((number) & 0x3f) + ((uint32_t)(number) >> 26))
#define SVM_SLOTS (0x100 + 0x3f + 0x3f + 1)

/* Position of the row, plus 1. */
#undef KEV_EXIT
#define KEV_EXIT(number_, name_, cost_, help_) [number_] = VMX_##name_ + 1,
static const uint8_t vmx_slots[] = {
#include "kvm-events/exits-vmx.def"
};

#undef KEV_EXIT
#define KEV_EXIT(number_, name_, cost_, help_) [SVM_SLOT(number_)] = SVM_##name_ + 1,
static const uint8_t svm_slots[SVM_SLOTS] = {
#include "kvm-events/exits-svm.def"
};

#undef KEV_EXIT

static const struct kev_exit *table(unsigned int isa, size_t *ret_nr)
{
	*ret_nr = isa == KEV_ISA_VMX ? NR(vmx_exits) : isa == KEV_ISA_SVM ? NR(svm_exits) : 0;
	return isa == KEV_ISA_VMX ? vmx_exits : svm_exits;
}

static const struct kev_exit *find_vmx(uint32_t number)
{
	unsigned int at = number < NR(vmx_slots) ? vmx_slots[number] : 0;

	return at ? &vmx_exits[at - 1] : NULL;
}

static const struct kev_exit *find_svm(uint32_t number)
{
	unsigned int at = svm_slots[SVM_SLOT(number)];

	return at && svm_exits[at - 1].number == number ? &svm_exits[at - 1] : NULL;
}

/* VMX keeps flags above the low 16 bits; SVM's numbers have 32. */
const struct kev_exit *kev_exit_find(unsigned int isa, uint64_t reason)
{
	if (isa == KEV_ISA_VMX)
		return find_vmx(reason & 0xffff);
	return isa == KEV_ISA_SVM ? find_svm((uint32_t)reason) : NULL;
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
