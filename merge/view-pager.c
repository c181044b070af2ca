/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pager.c - long output on a terminal goes through $PAGER (less -FRX) */
#include "merge/view-pager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_pager(int from)
{
	const char *pager = getenv("PAGER");

	if (dup2(from, STDIN_FILENO) < 0)
		_exit(127);
	setenv("LESS", "FRX", 0);
	execl("/bin/sh", "sh", "-c", pager && *pager ? pager : "less", (char *)NULL);
	_exit(127);
}

void mrg_pager_start(struct mrg_pager *pager)
{
	const char *name = getenv("PAGER");
	int fds[2];
	pid_t pid;

	pager->pid = 0;
	pager->fd = STDOUT_FILENO;
	if (!isatty(STDOUT_FILENO) || (name && strcmp(name, "cat") == 0))
		return;
	if (!name && access("/usr/bin/less", X_OK) < 0)
		return;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		run_pager(fds[0]);
	close(fds[0]);
	if (pid < 0) {
		close(fds[1]);
		return;
	}
	pager->pid = pid;
	pager->fd = fds[1];
}

void mrg_pager_finish(struct mrg_pager *pager)
{
	if (pager->pid == 0)
		return;
	close(pager->fd);
	while (waitpid(pager->pid, NULL, 0) < 0)
		;
	pager->pid = 0;
}
