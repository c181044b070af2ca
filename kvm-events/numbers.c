/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numbers.c - names of numbers: numbers.def, syscalls-x86_64.def, gs/protocol.h
 *
 * The tables are indexed by the number itself, so that a view may ask for each
 * event it prints.
 */
#include "kvm-events/kvm-events.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define AT(table, i) ((i) < NR(table) ? (table)[i] : NULL)

static const char *const syscalls[] = {
#define KEV_SYSCALL(number_, name_) [number_] = #name_,
#include "kvm-events/syscalls-x86_64.def"
#undef KEV_SYSCALL
};

static const char *const hypercalls[] = {
#define KEV_HYPERCALL(number_, name_) [number_] = #name_,
#include "kvm-events/numbers.def"
#undef KEV_HYPERCALL
};

static const char *const gs_calls[] = {
#define GS_CALL(name_, number_, feature_, word_) [(number_) - GS_NR_FIRST] = "GS_" #name_,
	GS_CALLS(GS_CALL)
#undef GS_CALL
};

static const char *const softirqs[] = {
#define KEV_SOFTIRQ(number_, name_) [number_] = #name_,
#include "kvm-events/numbers.def"
#undef KEV_SOFTIRQ
};

static const char *const user_exits[] = {
#define KEV_USER_EXIT(number_, name_) [number_] = #name_,
#include "kvm-events/numbers.def"
#undef KEV_USER_EXIT
};

static const char *const exceptions[] = {
#define KEV_EXCEPTION(vector_, name_) [vector_] = name_,
#include "kvm-events/numbers.def"
#undef KEV_EXCEPTION
};

static const char *const vectors[] = {
#define KEV_VECTOR(vector_, name_) [vector_] = #name_,
#include "kvm-events/numbers.def"
#undef KEV_VECTOR
};

static const char *const tick_deps[] = {
#define KEV_TICK_DEP(bits_, name_) [bits_] = #name_,
#include "kvm-events/numbers.def"
#undef KEV_TICK_DEP
};

static const char *const mmio_kinds[] = { "unsatisfied_read", "read", "write" };

const char *kev_syscall_name(uint64_t nr)
{
	return AT(syscalls, nr);
}

const char *kev_hypercall_name(uint64_t nr)
{
	if (nr >= GS_NR_FIRST && nr <= GS_NR_LAST)
		return gs_calls[nr - GS_NR_FIRST];
	return AT(hypercalls, nr);
}

const char *kev_softirq_name(uint64_t vec)
{
	return AT(softirqs, vec);
}

const char *kev_user_exit_name(uint64_t reason)
{
	return AT(user_exits, reason);
}

const char *kev_exception_name(uint64_t vector)
{
	return AT(exceptions, vector);
}

const char *kev_vector_name(uint64_t vector)
{
	return AT(vectors, vector);
}

/* Bits as sched:sched_switch reports them since 4.14; 0x100: preempted. */
const char *kev_task_state_name(uint64_t state)
{
	static const char *const states[] = { "S", "D", "T", "t", "X", "Z", "P", "I" };

	state &= 0x1ff;
	if (!(state & 0xff))
		return state ? "R+" : "R";
	return states[__builtin_ctz(state)];
}

/* The state that stands for leaving idle is (u32)-1. */
static const char *cstate_name(uint64_t state)
{
	return (uint32_t)state == UINT32_MAX ? "exit" : NULL;
}

const char *kev_value_name(enum kev_show show, uint64_t value)
{
	switch (show) {
	case KEV_SYSCALL:
		return kev_syscall_name(value);
	case KEV_HYPERCALL_NR:
		return kev_hypercall_name(value);
	case KEV_SOFTIRQ:
		return kev_softirq_name(value);
	case KEV_CSTATE:
		return cstate_name(value);
	case KEV_TASK_STATE:
		return kev_task_state_name(value);
	case KEV_USER_EXIT:
		return kev_user_exit_name(value);
	case KEV_EXCEPTION:
		return kev_exception_name(value);
	case KEV_VECTOR:
		return kev_vector_name(value);
	case KEV_WRITE:
		return value ? "write" : "read";
	case KEV_MMIO:
		return AT(mmio_kinds, value);
	case KEV_TICK_DEP:
		return AT(tick_deps, value);
	default:
		return NULL;
	}
}

enum file_op { FILE_NONE, FILE_OPEN, FILE_READ, FILE_WRITE };

enum {
#define KEV_SYSCALL(number_, name_) NR_##name_ = (number_),
#include "kvm-events/syscalls-x86_64.def"
#undef KEV_SYSCALL
};

/* System calls that open a file, or read or write the descriptor that is their first word. */
static const unsigned char file_ops[] = {
	[NR_open] = FILE_OPEN,
	[NR_creat] = FILE_OPEN,
	[NR_openat] = FILE_OPEN,
	[NR_openat2] = FILE_OPEN,
	[NR_open_by_handle_at] = FILE_OPEN,
	[NR_read] = FILE_READ,
	[NR_readv] = FILE_READ,
	[NR_pread64] = FILE_READ,
	[NR_preadv] = FILE_READ,
	[NR_preadv2] = FILE_READ,
	[NR_write] = FILE_WRITE,
	[NR_writev] = FILE_WRITE,
	[NR_pwrite64] = FILE_WRITE,
	[NR_pwritev] = FILE_WRITE,
	[NR_pwritev2] = FILE_WRITE,
};

const char *kev_syscall_derived(uint64_t nr)
{
	if (nr >= NR(file_ops))
		return NULL;
	return file_ops[nr] == FILE_READ ? "FILE_READ" :
	       file_ops[nr] == FILE_WRITE ? "FILE_WRITE" : NULL;
}

const char *kev_syscall_exit_derived(uint64_t nr)
{
	return nr < NR(file_ops) && file_ops[nr] == FILE_OPEN ? "FILE_OPEN" : NULL;
}
