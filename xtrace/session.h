/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - who owns a session: a directory, a lock and a socket in /run/xtrace
 *
 * The owner of session NAME holds a lock on /run/xtrace/NAME/owner and listens
 * on /run/xtrace/NAME/control.  Where nobody holds the lock the owner is dead,
 * and what it left behind may be swept.
 */
#ifndef XT_SESSION_H
#define XT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct rt_err;
struct rt_root;
struct xt_tracefs;

#define XT_SESSION_NAME_MAX 32
#define XT_SESSION_GROUP "xtrace"	/* may control sessions where it exists */
#define XT_SESSION_DEFAULT "default"

struct xt_session {
	const struct rt_root *root;	/* borrowed */
	char name[XT_SESSION_NAME_MAX];
	int lock_fd;			/* -1: not ours */
	int listen_fd;			/* -1: not listening */
	bool left;			/* an instance could not be removed: for the next sweep */
};

/* Letters, digits, - and _: it becomes part of paths. */
int xt_session_check_name(const char *name, struct rt_err *err);

/**
 * xt_session_claim() - become the owner of the session @name.
 * Return: 0; -EBUSY with the owner's PID when it is running; RT_ECANNOT without
 * the right to write /run/xtrace.
 */
int xt_session_claim(struct xt_session *ret, const struct rt_root *root, const char *name,
		     struct rt_err *err);
int xt_session_listen(struct xt_session *session, struct rt_err *err);
/* Gives the name free; harmless when it was never claimed. */
void xt_session_release(struct xt_session *session);

/*
 * Removes instances whose owner is dead; returns how many.  Only names that stand in
 * this /run: an instance without may belong to a container or another root, whose
 * sessions are not seen from here.
 */
unsigned int xt_session_sweep(const struct rt_root *root, const struct xt_tracefs *fs);
/*
 * While the descriptor that comes back is open, nobody else sweeps or claims: what is
 * found without an owner stays so until it is removed.  Return: -1 where that cannot
 * be had; who claims learns why.
 */
int xt_session_gate(const struct rt_root *root);

/* Names of the sessions that run, sorted. */
struct xt_session_list {
	char (*names)[XT_SESSION_NAME_MAX];
	size_t nr;
};

/* No session is an empty list; RT_ECANNOT without the right to look. */
int xt_session_list(struct xt_session_list *ret, const struct rt_root *root, struct rt_err *err);
void xt_session_list_finish(struct xt_session_list *list);

/*
 * The session that is meant: @name, or the only one when NULL.
 * Return: 0; -ESRCH when @name is NULL and none runs, -ENOTUNIQ when several do,
 * RT_ECANNOT without permission.
 */
int xt_session_find(const struct rt_root *root, const char *name,
		    char ret_name[XT_SESSION_NAME_MAX], struct rt_err *err);
/*
 * Connects to the owner of @name, or of the only session when NULL.
 * Return: a descriptor; -ESRCH when @name does not run, or as xt_session_find().
 */
int xt_session_connect(const struct rt_root *root, const char *name, struct rt_err *err);
/* The owner of @name is gone and has put all away; one that was killed leaves its files. */
bool xt_session_has_ended(const struct rt_root *root, const char *name);

#endif /* XT_SESSION_H */
