/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hypercall.c - the instruction that calls a KVM host, from a program
 *
 * The child that tries it shares our memory but not our signal handlers, as that
 * of posix_spawn(3): it takes the fault, and no page of a locked process is copied.
 */
#include "gs/hypercall.h"

#include <stddef.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gs/protocol.h"

#define LEAF_FIRST	0x40000000u
#define LEAF_END	0x40010000u
#define LEAF_STEP	0x100u
#define HYPERVISOR_BIT	(1u << 31)	/* of CPUID 1, ECX */
#define STACK_SIZE	(64u << 10)	/* a signal frame with every register set fits */

static bool is_text(const uint32_t regs[3], const char *text)
{
	return memcmp(regs, text, 12) == 0;
}

/* KVM's own leaf stands behind that of another hypervisor which it also shows. */
static bool kvm_is_below(void)
{
	uint32_t max, r[3], a, b, c, d, leaf;

	__cpuid(1, a, b, c, d);
	if (!(c & HYPERVISOR_BIT))
		return false;
	for (leaf = LEAF_FIRST; leaf < LEAF_END; leaf += LEAF_STEP) {
		__cpuid(leaf, max, r[0], r[1], r[2]);
		if (is_text(r, "KVMKVMKVM\0\0\0"))
			return true;
	}
	return false;
}

static enum gs_insn insn_of_cpu(void)
{
	uint32_t max, r[3];

	__cpuid(0, max, r[0], r[2], r[1]);
	if (is_text(r, "AuthenticAMD") || is_text(r, "HygonGenuine"))
		return GS_INSN_VMMCALL;
	return GS_INSN_VMCALL;
}

int64_t gs_hypercall(enum gs_insn insn, uint64_t nr, const uint64_t arg[4])
{
	int64_t ret = (int64_t)nr;

	if (insn == GS_INSN_VMCALL)
		__asm__ volatile("vmcall" : "+a"(ret) : "b"(arg[0]), "c"(arg[1]), "d"(arg[2]),
				 "S"(arg[3]) : "memory");
	else
		__asm__ volatile("vmmcall" : "+a"(ret) : "b"(arg[0]), "c"(arg[1]), "d"(arg[2]),
				 "S"(arg[3]) : "memory");
	return ret;
}

struct look {
	bool try;
	enum gs_insn insn;	/* out: as far as the child came */
};

static const int faults[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE };

__attribute__((no_sanitize_address)) static void on_fault(int signo)
{
	(void)signo;
	_exit(1);
}

static void arm_child(void)
{
	struct sigaction action = { .sa_handler = on_fault };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		sigaction(faults[i], &action, NULL);
		sigaddset(&set, faults[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* On a stack that AddressSanitizer does not know, which it would say on stderr. */
__attribute__((no_sanitize_address)) static int in_child(void *arg)
{
	static const uint64_t query[4] = { GS_PROTOCOL_VERSION };
	struct look *look = arg;
	enum gs_insn insn;

	arm_child();
	if (!kvm_is_below())
		_exit(0);
	insn = insn_of_cpu();
	if (look->try) {
		__atomic_store_n(&look->insn, GS_INSN_DEADLY, __ATOMIC_SEQ_CST);
		gs_hypercall(insn, GS_NR_QUERY, query);
	}
	__atomic_store_n(&look->insn, insn, __ATOMIC_SEQ_CST);
	_exit(0);
}

/* No signal when the child ends, so nobody else's wait(2) sees it. */
static enum gs_insn look_in_child(bool try, char *stack)
{
	struct look look = { .try = try, .insn = GS_INSN_NONE };
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = clone(in_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, &look);
	if (pid > 0)
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid > 0 ? __atomic_load_n(&look.insn, __ATOMIC_SEQ_CST) : GS_INSN_NO_LOOK;
}

enum gs_insn gs_hypercall_find(bool try)
{
	int saved = errno;
	enum gs_insn insn = GS_INSN_NO_LOOK;
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack != MAP_FAILED) {
		insn = look_in_child(try, stack);
		munmap(stack, STACK_SIZE);
	}
	errno = saved;
	return insn;
}

#else /* KVM of other machines has other calls, and its trace other events */

enum gs_insn gs_hypercall_find(bool try)
{
	(void)try;
	return GS_INSN_NONE;
}

int64_t gs_hypercall(enum gs_insn insn, uint64_t nr, const uint64_t arg[4])
{
	(void)insn;
	(void)nr;
	(void)arg;
	return -1;
}
#endif
