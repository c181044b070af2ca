/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill-at.c - kill-at [-w] N COMMAND...: runs a command and kills it at its Nth change
 *
 * Before and behind each system call that changes something (a file, a folder, a task)
 * the command, with its threads and children, is stopped by ptrace; at stop N it is killed
 * as by kill -9.  -w: what it writes into its journals does not count, so that two stops are
 * one change of the host.
 * Status 0 when it was killed, 1 when it ended before that, 2 for wrong use.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned int changes[] = {
	SYS_write, SYS_fsync, SYS_ftruncate, SYS_mkdirat, SYS_unlinkat, SYS_renameat,
	SYS_renameat2, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sendmsg,
};

#define NR_CHANGES (sizeof(changes) / sizeof(changes[0]))

/* The kernel stops at these calls alone: a stop at each would take many times as long. */
static int stop_at_changes(void)
{
	struct sock_filter code[NR_CHANGES + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog filter = { .len = NR_CHANGES + 3, .filter = code };
	unsigned int i;

	for (i = 0; i < NR_CHANGES; i++)
		code[1 + i] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, changes[i], NR_CHANGES - i, 0);
	code[1 + i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[2 + i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static bool is_of_journal(pid_t pid, const struct user_regs_struct *regs)
{
	char path[64], file[4096];
	ssize_t len;

	switch ((long)regs->orig_rax) {
	case SYS_fsync:
	case SYS_ftruncate:
	case SYS_renameat:
	case SYS_renameat2:
		return true;
	case SYS_unlinkat:
		return !(regs->rdx & AT_REMOVEDIR);	/* but a cgroup */
	case SYS_write:
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)regs->rdi);
		len = readlink(path, file, sizeof(file) - 1);
		file[len > 0 ? len : 0] = '\0';
		return regs->rdi <= 2 || strstr(file, "/run/kvmrt/");
	default:
		return false;
	}
}

static pid_t start(char **argv)
{
	const unsigned long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && stop_at_changes() == 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, options);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	return pid;
}

/* Before a change, or behind one. */
static bool is_at_change(int status, bool *ret_before)
{
	*ret_before = status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	return *ret_before || WSTOPSIG(status) == (SIGTRAP | 0x80);
}

/* Signals go on, but for those that tracing makes. */
static long signal_of(int status)
{
	int sig = WSTOPSIG(status) & 0x7f;

	return status >> 16 || sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

int main(int argc, char **argv)
{
	bool of_host = argc > 1 && strcmp(argv[1], "-w") == 0, before;
	struct user_regs_struct regs;
	unsigned long left;
	pid_t pid, at;
	int status;

	argc -= of_host;
	argv += of_host;
	if (argc < 3)
		return 2;
	left = strtoul(argv[1], NULL, 10);
	pid = start(argv + 2);
	if (pid < 0)
		return 2;
	while ((at = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (at == pid)
				return 1;
			continue;
		}
		before = false;
		if (is_at_change(status, &before) &&
		    ptrace(PTRACE_GETREGS, at, NULL, &regs) == 0 &&
		    !(of_host && is_of_journal(at, &regs)) && --left == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, __WALL);
			return 0;
		}
		ptrace(before ? PTRACE_SYSCALL : PTRACE_CONT, at, NULL, signal_of(status));
	}
	return 1;
}
