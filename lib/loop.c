/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.c - epoll over descriptors, timerfds, signalfds and pidfds
 *
 * A source removed while a round of events is handed out is only marked, and
 * freed behind the round: an event of it may still be waiting in the round.
 */
#include "lib/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"

#define ROUND 16		/* events taken from the kernel at once */

struct rt_source {
	struct rt_source *next;
	int fd;
	bool owned;		/* the descriptor is ours to close */
	bool removed;
	void (*dispatch)(struct rt_loop *loop, struct rt_source *source, uint32_t events);
	union {
		rt_io_fn io;
		rt_timer_fn timer;
		rt_signal_fn signal;
		rt_child_fn child;
	} fn;
	void *arg;
	pid_t pid;
};

struct rt_loop {
	int epoll;
	struct rt_source *sources;
	sigset_t old_mask, caught;
	bool stopped, in_round, signal_of_kernel;
	int status;
};

int rt_loop_create(struct rt_loop **ret, struct rt_err *err)
{
	struct rt_loop *loop = calloc(1, sizeof(*loop));
	int rc;

	if (!loop)
		return rt_err_set(err, -ENOMEM, "cannot allocate an event loop");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		rc = rt_err_set(err, -errno, "cannot open an event loop");
		free(loop);
		return rc;
	}
	sigemptyset(&loop->caught);
	sigprocmask(SIG_SETMASK, NULL, &loop->old_mask);
	*ret = loop;
	return 0;
}

static void free_source(struct rt_source *source)
{
	if (source->owned)
		close(source->fd);
	free(source);
}

/* One that is still pending would end the process the moment it is let through. */
static void restore_signals(struct rt_loop *loop)
{
	const struct timespec at_once = { 0 };
	sigset_t pending = loop->caught;
	int signo;

	for (signo = 1; signo < NSIG; signo++) {
		if (sigismember(&loop->old_mask, signo) == 1)
			sigdelset(&pending, signo);
	}
	while (sigtimedwait(&pending, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
}

void rt_loop_destroy(struct rt_loop *loop)
{
	struct rt_source *source;

	if (!loop)
		return;
	while ((source = loop->sources) != NULL) {
		loop->sources = source->next;
		free_source(source);
	}
	restore_signals(loop);
	close(loop->epoll);
	free(loop);
}

/* Takes an owned @fd over, in failure too. */
static int add_source(struct rt_loop *loop, const struct rt_source *init, uint32_t events,
		      struct rt_source **ret, struct rt_err *err)
{
	struct rt_source *source = malloc(sizeof(*source));
	struct epoll_event event = { .events = events, .data.ptr = source };
	int rc;

	if (!source) {
		if (init->owned)
			close(init->fd);
		return rt_err_set(err, -ENOMEM, "cannot allocate an event source");
	}
	*source = *init;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0) {
		rc = rt_err_set(err, -errno, "cannot wait for descriptor %d", source->fd);
		free_source(source);
		return rc;
	}
	source->next = loop->sources;
	loop->sources = source;
	if (ret)
		*ret = source;
	return 0;
}

static void dispatch_io(struct rt_loop *loop, struct rt_source *source, uint32_t events)
{
	(void)loop;
	source->fn.io(source->arg, source->fd, events);
}

int rt_loop_add_fd(struct rt_loop *loop, int fd, uint32_t events, rt_io_fn fn, void *arg,
		   struct rt_source **ret, struct rt_err *err)
{
	const struct rt_source source = {
		.fd = fd, .dispatch = dispatch_io, .fn.io = fn, .arg = arg,
	};

	return add_source(loop, &source, events, ret, err);
}

static void dispatch_timer(struct rt_loop *loop, struct rt_source *source, uint32_t events)
{
	uint64_t fired;

	(void)loop;
	(void)events;
	if (read(source->fd, &fired, sizeof(fired)) == sizeof(fired))
		source->fn.timer(source->arg);
}

int rt_loop_add_timer(struct rt_loop *loop, uint64_t period_ns, rt_timer_fn fn, void *arg,
		      struct rt_source **ret, struct rt_err *err)
{
	struct itimerspec spec = {
		.it_interval = { (time_t)(period_ns / 1000000000), (long)(period_ns % 1000000000) },
	};
	struct rt_source source = { .owned = true, .dispatch = dispatch_timer, .fn.timer = fn,
				    .arg = arg };
	int rc;

	if (!period_ns)
		return rt_err_say(err, -EINVAL, "timer: expected a period above 0, found 0");
	source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (source.fd < 0)
		return rt_err_set(err, -errno, "cannot create a timer");
	spec.it_value = spec.it_interval;
	if (timerfd_settime(source.fd, 0, &spec, NULL) < 0) {
		rc = rt_err_set(err, -errno, "cannot start a timer");
		close(source.fd);
		return rc;
	}
	return add_source(loop, &source, EPOLLIN, ret, err);
}

static void dispatch_signal(struct rt_loop *loop, struct rt_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	loop->signal_of_kernel = info.ssi_code == SI_KERNEL;
	source->fn.signal(source->arg, (int)info.ssi_signo);
}

bool rt_loop_signal_of_kernel(const struct rt_loop *loop)
{
	return loop->signal_of_kernel;
}

int rt_loop_add_signal(struct rt_loop *loop, int signo, rt_signal_fn fn, void *arg,
		       struct rt_err *err)
{
	struct rt_source source = { .owned = true, .dispatch = dispatch_signal,
				    .fn.signal = fn, .arg = arg };
	sigset_t one;

	sigemptyset(&one);
	if (sigaddset(&one, signo) < 0)
		return rt_err_say(err, -EINVAL, "expected a signal, found %d", signo);
	source.fd = signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK);
	if (source.fd < 0)
		return rt_err_set(err, -errno, "cannot wait for signal %d", signo);
	sigaddset(&loop->caught, signo);
	sigprocmask(SIG_BLOCK, &one, NULL);
	return add_source(loop, &source, EPOLLIN, NULL, err);
}

static void dispatch_child(struct rt_loop *loop, struct rt_source *source, uint32_t events)
{
	int wait_status;
	pid_t pid;

	(void)events;
	do
		pid = waitpid(source->pid, &wait_status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return;
	if (pid < 0)
		wait_status = -1;
	rt_loop_remove(loop, source);
	source->fn.child(source->arg, source->pid, wait_status);
}

int rt_loop_add_child(struct rt_loop *loop, pid_t pid, rt_child_fn fn, void *arg,
		      struct rt_err *err)
{
	struct rt_source source = { .owned = true, .dispatch = dispatch_child, .fn.child = fn,
				    .arg = arg, .pid = pid };

	source.fd = pidfd_open(pid, 0);
	if (source.fd < 0)
		return rt_err_set(err, -errno, "cannot wait for process %d", (int)pid);
	return add_source(loop, &source, EPOLLIN, NULL, err);
}

static void free_removed(struct rt_loop *loop)
{
	struct rt_source **link = &loop->sources, *source;

	while ((source = *link) != NULL) {
		if (source->removed) {
			*link = source->next;
			free_source(source);
		} else {
			link = &source->next;
		}
	}
}

void rt_loop_remove(struct rt_loop *loop, struct rt_source *source)
{
	if (!source || source->removed)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->removed = true;
	if (!loop->in_round)
		free_removed(loop);
}

static int one_round(struct rt_loop *loop)
{
	struct epoll_event events[ROUND];
	struct rt_source *source;
	int nr, i;

	nr = epoll_wait(loop->epoll, events, ROUND, -1);
	if (nr < 0)
		return errno == EINTR ? 0 : -errno;
	loop->in_round = true;
	for (i = 0; i < nr && !loop->stopped; i++) {
		source = events[i].data.ptr;
		if (!source->removed)
			source->dispatch(loop, source, events[i].events);
	}
	loop->in_round = false;
	free_removed(loop);
	return 0;
}

int rt_loop_run(struct rt_loop *loop, struct rt_err *err)
{
	int rc;

	while (!loop->stopped) {
		rc = one_round(loop);
		if (rc)
			return rt_err_set(err, rc, "cannot wait for events");
	}
	loop->stopped = false;
	return loop->status;
}

void rt_loop_stop(struct rt_loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}
