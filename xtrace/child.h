/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - the command that a session records
 *
 * It is forked early, so that it inherits what its caller had set up (signals,
 * masks, descriptors), and held at a gate until recording is on.
 */
#ifndef XT_CHILD_H
#define XT_CHILD_H

#include <sys/types.h>

struct rt_err;

#define XT_STATUS_OURS 125		/* exit statuses of env(1), time(1) and their like */
#define XT_STATUS_NOT_EXECUTABLE 126
#define XT_STATUS_NOT_FOUND 127

struct xt_child {
	pid_t pid;			/* 0: none */
	int gate_fd;			/* a byte written here lets it go */
	int fault_fd;			/* its errno comes from here when exec fails */
};

/*
 * Is there such a command?  Return: 0, XT_STATUS_NOT_FOUND or
 * XT_STATUS_NOT_EXECUTABLE with a sentence in @err.
 */
int xt_child_check(const char *command, struct rt_err *err);

/* Forks; the child waits at the gate, and ends when we do. */
int xt_child_create(struct xt_child *ret, char **argv, struct rt_err *err);
/*
 * Opens the gate.  Return: 0 when the command runs, or as xt_child_check() when
 * it could not be executed after all (the child is gone then).
 */
int xt_child_start(struct xt_child *child, struct rt_err *err);
/* Closes the gate for good; a child that waits there ends, one that runs goes on. */
void xt_child_finish(struct xt_child *child);

/* What a shell would say of that status of wait(2). */
int xt_child_exit_status(int wait_status);

#endif /* XT_CHILD_H */
