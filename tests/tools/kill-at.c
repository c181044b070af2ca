/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill-at.c - kill-at N COMMAND...: runs a command and kills it at its Nth change
 *
 * Before and behind each system call that changes something (a file, a folder, a task)
 * the command is stopped by ptrace; at stop N it is killed as by kill -9.  Status 0 when
 * it was, 1 when it ended before that, 2 for wrong use.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

int main(int argc, char **argv)
{
	struct user_regs_struct regs;
	unsigned long left;
	int status;
	pid_t pid;

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
		    is_change((long)regs.orig_rax) && --left == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 0;
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	return 1;
}
