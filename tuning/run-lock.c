/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run-lock.c - mlockall() in another process's name
 *
 * The process is made to run the one "syscall" instruction that is in every 64-bit
 * process, in its vDSO, with the registers of mlockall(); then it has its own
 * registers again.  No byte of it is changed, so its other threads may go on.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/run.h"

#define USER_CS_64	0x33
#define VDSO_MAX	(64 << 10)

static const unsigned char syscall_bytes[] = { 0x0f, 0x05 };

/* Where the vDSO begins and ends. */
static int find_vdso(const struct rt_root *root, pid_t pid, uint64_t *ret_start, uint64_t *ret_end,
		     struct rt_err *err)
{
	char *maps, *at;
	int rc = rt_root_read(root, &maps, NULL, err, "proc/%d/maps", (int)pid);

	if (rc < 0)
		return rc;
	at = strstr(maps, "[vdso]");
	while (at && at > maps && at[-1] != '\n')
		at--;
	if (!at || sscanf(at, "%lx-%lx", ret_start, ret_end) != 2 ||
	    *ret_end - *ret_start > VDSO_MAX)
		rc = rt_err_say(err, RT_ECANNOT, "process %d has no vDSO", (int)pid);
	free(maps);
	return rc;
}

static int find_syscall(pid_t pid, uint64_t *ret, struct rt_err *err)
{
	unsigned char code[VDSO_MAX], *found = NULL;
	uint64_t start, end;
	struct rt_root root;
	int rc, mem;

	rc = rt_root_init(&root, NULL, err);
	if (rc < 0)
		return rc;
	rc = find_vdso(&root, pid, &start, &end, err);
	mem = rc < 0 ? rc : rt_root_open(&root, err, O_RDONLY, "proc/%d/mem", (int)pid);
	if (mem >= 0) {
		if (pread(mem, code, end - start, (off_t)start) == (ssize_t)(end - start))
			found = memmem(code, end - start, syscall_bytes, sizeof(syscall_bytes));
		close(mem);
		rc = found ? 0 : rt_err_say(err, RT_ECANNOT, "process %d: no system call in its "
					    "vDSO", (int)pid);
	} else {
		rc = mem;
	}
	if (rc == 0)
		*ret = start + (uint64_t)(found - code);
	rt_root_finish(&root);
	return rc;
}

/* A filter could end the process for a call that it does not expect. */
static int check_seccomp(pid_t pid, struct rt_err *err)
{
	struct rt_root root;
	char *status;
	int rc;

	rc = rt_root_init(&root, NULL, err);
	if (rc < 0)
		return rc;
	rc = rt_root_read(&root, &status, NULL, err, "proc/%d/status", (int)pid);
	rt_root_finish(&root);
	if (rc < 0)
		return rc;
	if (strstr(status, "\nSeccomp:\t1") || strstr(status, "\nSeccomp:\t2"))
		rc = rt_err_say(err, RT_ECANNOT, "process %d filters its system calls (seccomp): "
				"locking could end it", (int)pid);
	free(status);
	return rc;
}

/* One step over the call; signals that come meanwhile are kept for later. */
static int step(pid_t tid, int *ret_signal, struct rt_err *err)
{
	int status;

	for (;;) {
		if (ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL) < 0 ||
		    waitpid(tid, &status, __WALL) < 0)
			return rt_err_set(err, -errno, "cannot run a call in process %d", (int)tid);
		if (!WIFSTOPPED(status))
			return rt_err_say(err, -ESRCH, "process %d has ended", (int)tid);
		if (WSTOPSIG(status) == SIGTRAP)
			return 0;
		*ret_signal = WSTOPSIG(status);
	}
}

/* Return: what the call did (0 or -errno of the process), or our failure. */
static int call_mlockall(pid_t tid, uint64_t at, int *ret_signal, struct rt_err *err)
{
	struct user_regs_struct saved, regs;
	int rc, back;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &saved) < 0)
		return rt_err_set(err, -errno, "cannot read the registers of %d", (int)tid);
	if (saved.cs != USER_CS_64)
		return rt_err_say(err, RT_ECANNOT, "process %d is a 32-bit program", (int)tid);
	regs = saved;
	regs.rip = at;
	regs.rax = SYS_mlockall;
	regs.orig_rax = (unsigned long long)-1;	/* no call of its own to begin anew here */
	regs.rdi = MCL_CURRENT | MCL_FUTURE;
	if (ptrace(PTRACE_SETREGS, tid, NULL, &regs) < 0)
		return rt_err_set(err, -errno, "cannot set the registers of %d", (int)tid);
	rc = step(tid, ret_signal, err);
	if (rc < 0)
		return rc;
	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		regs.rax = (unsigned long long)-EIO;
	back = ptrace(PTRACE_SETREGS, tid, NULL, &saved);
	if (back < 0)
		return rt_err_set(err, -errno, "cannot give %d its registers back", (int)tid);
	rc = (int)(long long)regs.rax;
	if (rc == -ENOMEM || rc == -EPERM || rc == -EAGAIN)
		return rt_err_set(err, rc, "cannot lock the memory of process %d; see its limit "
				  "\"Max locked memory\" in /proc/%d/limits", (int)tid, (int)tid);
	return rc < 0 ? rt_err_set(err, rc, "mlockall in process %d", (int)tid) : 0;
}

static int lock_stopped(pid_t tid, int *ret_signal, struct rt_err *err)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t at;
	int rc;

	rc = check_seccomp(tid, err);
	if (rc == 0)
		rc = find_syscall(tid, &at, err);
	if (rc < 0)
		return rc;
	/* where we may not, the limit that it has must do */
	prlimit(tid, RLIMIT_MEMLOCK, &none, NULL);
	return call_mlockall(tid, at, ret_signal, err);
}

int tune_lock_traced(pid_t pid, struct rt_err *err)
{
	int later = 0, rc = lock_stopped(pid, &later, err);

	if (rc == 0 && later)
		kill(pid, later);
	return rc;
}

int tune_lock_process(pid_t pid, struct rt_err *err)
{
	int status, later = 0, rc;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return rt_err_set(err, -errno, "cannot trace process %d", (int)pid);
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) < 0)
		return rt_err_set(err, -errno, "cannot stop process %d", (int)pid);
	if (!WIFSTOPPED(status))
		return rt_err_say(err, -ESRCH, "process %d has ended", (int)pid);
	if (status >> 16 != PTRACE_EVENT_STOP)
		later = WSTOPSIG(status);
	rc = lock_stopped(pid, &later, err);
	ptrace(PTRACE_DETACH, pid, NULL, (void *)(intptr_t)later);
	return rc;
}
