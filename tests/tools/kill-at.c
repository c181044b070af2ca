/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill-at.c - kill-at [-w] N COMMAND...: runs a command and kills it at its Nth change
 *
 * Before and behind each system call that changes something (a file, a folder, a task)
 * the command is stopped by ptrace; at stop N it is killed as by kill -9.  -w: what it
 * writes into its journals does not count, so that two stops are one change of the host.
 * Status 0 when it was killed, 1 when it ended before that, 2 for wrong use.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_change(long call)
{
	static const long calls[] = {
		SYS_write, SYS_fsync, SYS_ftruncate, SYS_mkdirat, SYS_unlinkat, SYS_renameat,
		SYS_renameat2, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sendmsg,
	};
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == call)
			return true;
	return false;
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

int main(int argc, char **argv)
{
	bool of_host = argc > 1 && strcmp(argv[1], "-w") == 0;
	struct user_regs_struct regs;
	unsigned long left;
	int status;
	pid_t pid;

	argc -= of_host;
	argv += of_host;
	if (argc < 3)
		return 2;
	left = strtoul(argv[1], NULL, 10);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			execvp(argv[2], argv + 2);
		_exit(127);
	}
	/* a stop at exec is the first */
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGTRAP &&
		    ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0 &&
		    is_change((long)regs.orig_rax) &&
		    !(of_host && is_of_journal(pid, &regs)) && --left == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 0;
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	return 1;
}
