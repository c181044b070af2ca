/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.c - the command that a session records
 */
#include "xtrace/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"

/* 0, or -errno of the best candidate: -EACCES is better than -ENOENT. */
static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EACCES;
	return access(path, X_OK) < 0 ? -errno : 0;
}

static int check_in_path(const char *command)
{
	const char *dir = getenv("PATH"), *end;
	int rc = -ENOENT, one;
	char path[4096];

	if (!dir)
		dir = "/usr/bin:/bin";
	for (;; dir = end + 1) {
		end = strchrnul(dir, ':');
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dir), dir,
			 end == dir ? "" : "/", command);
		one = check_file(path);
		if (one == 0)
			return 0;
		if (one == -EACCES)
			rc = one;
		if (!*end)
			return rc;
	}
}

static int cannot_run(int code, const char *command, struct rt_err *err)
{
	rt_err_set(err, code, "cannot run \"%s\"", command);
	return code == -ENOENT || code == -ENOTDIR ? XT_STATUS_NOT_FOUND :
						     XT_STATUS_NOT_EXECUTABLE;
}

int xt_child_check(const char *command, struct rt_err *err)
{
	int rc = strchr(command, '/') ? check_file(command) : check_in_path(command);

	if (!*command)
		rc = -ENOENT;
	return rc < 0 ? cannot_run(rc, command, err) : 0;
}

/* In the child: waits at the gate, then becomes the command. */
static void child_main(int gate_fd, int fault_fd, char **argv)
{
	char byte;
	int fault;

	if (read(gate_fd, &byte, 1) != 1)
		_exit(XT_STATUS_OURS);
	execvp(argv[0], argv);
	fault = errno;
	if (write(fault_fd, &fault, sizeof(fault)) != sizeof(fault))
		_exit(XT_STATUS_OURS);
	_exit(fault == ENOENT ? XT_STATUS_NOT_FOUND : XT_STATUS_NOT_EXECUTABLE);
}

int xt_child_create(struct xt_child *ret, char **argv, struct rt_err *err)
{
	int gate[2], fault[2], rc;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return rt_err_set(err, -errno, "cannot make a pipe");
	if (pipe2(fault, O_CLOEXEC) < 0) {
		rc = rt_err_set(err, -errno, "cannot make a pipe");
		goto err_gate;
	}
	pid = fork();
	if (pid < 0) {
		rc = rt_err_set(err, -errno, "cannot fork");
		goto err_fault;
	}
	if (pid == 0) {
		close(gate[1]);
		close(fault[0]);
		child_main(gate[0], fault[1], argv);
	}
	close(gate[0]);
	close(fault[1]);
	ret->pid = pid;
	ret->gate_fd = gate[1];
	ret->fault_fd = fault[0];
	return 0;

err_fault:
	close(fault[0]);
	close(fault[1]);
err_gate:
	close(gate[0]);
	close(gate[1]);
	return rc;
}

int xt_child_start(struct xt_child *child, struct rt_err *err)
{
	int fault = 0, rc;
	ssize_t got;

	if (write(child->gate_fd, "", 1) != 1)
		return rt_err_set(err, -EPIPE, "the command's process is gone before its start");
	do
		got = read(child->fault_fd, &fault, sizeof(fault));
	while (got < 0 && errno == EINTR);
	if (got != sizeof(fault))
		return 0;
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	rc = cannot_run(-fault, "command", err);
	return rc;
}

void xt_child_finish(struct xt_child *child)
{
	if (!child->pid && child->gate_fd <= 0)
		return;
	close(child->gate_fd);
	close(child->fault_fd);
	child->gate_fd = child->fault_fd = -1;
}

int xt_child_exit_status(int wait_status)
{
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return XT_STATUS_OURS;
}
