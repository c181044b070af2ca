/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front.h - one daemon a host, and how one asks it
 *
 * The daemon holds a lock on /run/kvmrt-gsd/lock and answers on
 * /run/kvmrt-gsd/control: a connection, a line ("status" or "json"), a text.
 */
#ifndef GS_HOST_FRONT_H
#define GS_HOST_FRONT_H

#include <stdbool.h>
#include <stdio.h>

struct gs_front;
struct rt_buf;
struct rt_err;
struct rt_loop;
struct rt_root;

/* Writes the answer to a question; false for a word that is none. */
typedef bool (*gs_front_fn)(void *arg, const char *question, FILE *to);

/* Takes the lock and listens.  Return: 0; -EBUSY: another one runs. */
int gs_front_create(struct gs_front **ret, const struct rt_root *root, struct rt_loop *loop,
		    gs_front_fn fn, void *arg, struct rt_err *err);
void gs_front_destroy(struct gs_front *front);

/* Asks the daemon that runs.  Return: 0; -ESRCH: none runs. */
int gs_front_ask(const struct rt_root *root, const char *question, struct rt_buf *answer,
		 struct rt_err *err);

#endif /* GS_HOST_FRONT_H */
