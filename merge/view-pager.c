/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pager.c - long output on a terminal goes through $PAGER (less -FRX) */
#include "merge/view-pager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"

#define CANNOT_EXECUTE 126	/* and 127: statuses of a shell */

static const char *the_pager(void)
{
	const char *pager = getenv("PAGER");

	return pager && *pager ? pager : "less";
}

static void run_pager(int from)
{
	if (dup2(from, STDIN_FILENO) < 0)
		_exit(127);
	setenv("LESS", "FRX", 0);
	execl("/bin/sh", "sh", "-c", the_pager(), (char *)NULL);
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
	if ((!name || !*name) && access("/usr/bin/less", X_OK) < 0)
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

int mrg_pager_finish(struct mrg_pager *pager, struct rt_err *err)
{
	int wait_status = 0;

	if (pager->pid == 0)
		return 0;
	close(pager->fd);
	while (waitpid(pager->pid, &wait_status, 0) < 0)
		;
	pager->pid = 0;
	if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) < CANNOT_EXECUTE)
		return 0;
	return rt_err_say(err, -ENOENT, "PAGER: expected a command that runs, found \"%s\"; "
			  "--no-pager goes without", the_pager());
}
