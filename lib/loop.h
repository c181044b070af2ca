/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.h - one thread waits for descriptors, timers, signals and children
 *
 * epoll, timerfd, signalfd and pidfd behind one call each.  A callback gets the
 * argument it was added with; it may add and remove sources, its own included.
 */
#ifndef RT_LIB_LOOP_H
#define RT_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rt_err;
struct rt_loop;
struct rt_source;

typedef void (*rt_io_fn)(void *arg, int fd, uint32_t events);
typedef void (*rt_timer_fn)(void *arg);
typedef void (*rt_signal_fn)(void *arg, int signo);
typedef void (*rt_child_fn)(void *arg, pid_t pid, int wait_status);

int rt_loop_create(struct rt_loop **ret, struct rt_err *err);
void rt_loop_destroy(struct rt_loop *loop);	/* frees its sources; descriptors added stay open */

/* @fd is borrowed; @events as in epoll(7). */
int rt_loop_add_fd(struct rt_loop *loop, int fd, uint32_t events, rt_io_fn fn, void *arg,
		   struct rt_source **ret, struct rt_err *err);
/* Fires every @period_ns (first after that time); CLOCK_MONOTONIC. */
int rt_loop_add_timer(struct rt_loop *loop, uint64_t period_ns, rt_timer_fn fn, void *arg,
		      struct rt_source **ret, struct rt_err *err);
/*
 * Blocks the signal in this thread and reports it here; the old mask returns at
 * destroy, which swallows what is still pending.  A command that is started
 * while signals are blocked inherits that: unblock them in the child.
 */
int rt_loop_add_signal(struct rt_loop *loop, int signo, rt_signal_fn fn, void *arg,
		       struct rt_err *err);
/* Reports the end of a child once; @wait_status as waitpid(2), -1 when others reaped it. */
int rt_loop_add_child(struct rt_loop *loop, pid_t pid, rt_child_fn fn, void *arg,
		      struct rt_err *err);
/* From anywhere, the source's own callback included; NULL is legal. */
void rt_loop_remove(struct rt_loop *loop, struct rt_source *source);
/*
 * In the callback of a signal: did the kernel send it?  So a terminal does, and
 * then to all processes of its foreground group; kill(2) means one of them.
 */
bool rt_loop_signal_of_kernel(const struct rt_loop *loop);

/*
 * Runs until rt_loop_stop(), and may be run again behind that; returns the
 * status given there, or -errno.
 */
int rt_loop_run(struct rt_loop *loop, struct rt_err *err);
void rt_loop_stop(struct rt_loop *loop, int status);

#endif /* RT_LIB_LOOP_H */
