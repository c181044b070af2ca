/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hypercall.h - the instruction that calls a KVM host, from a program
 *
 * It exists in two forms, by the maker of the CPU, and is deadly where it is not
 * allowed.  So a child that shares the memory, and nothing else, looks and tries
 * first; only what the child survived is done here.
 */
#ifndef GS_HYPERCALL_H
#define GS_HYPERCALL_H

#include <stdbool.h>
#include <stdint.h>

enum gs_insn {
	GS_INSN_NONE,		/* no KVM below this machine */
	GS_INSN_VMCALL,
	GS_INSN_VMMCALL,
	GS_INSN_DEADLY,		/* KVM says it is there, but the instruction faults */
	GS_INSN_NO_LOOK,	/* no child could be made to look */
};

/**
 * gs_hypercall_find() - which instruction calls the host.
 * @try: make sure of it by a call of QUERY, which the host may see.
 *
 * Async-signal-safe; the process gets no signal and no child to wait for.
 */
enum gs_insn gs_hypercall_find(bool try);

/* Calls; @insn is VMCALL or VMMCALL, as it was tried. */
int64_t gs_hypercall(enum gs_insn insn, uint64_t nr, const uint64_t arg[4]);

#endif /* GS_HYPERCALL_H */
