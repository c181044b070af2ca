/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - wait for network interfaces to come up
 */
#include "tuning/watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/loop.h"

#define SETTLE_NS 500000000ull	/* drivers set several queues up, one after the other */

struct watch {
	struct rt_loop *loop;
	struct rt_source *timer;	/* NULL while nothing has come up */
	int (*again)(void *arg, struct rt_err *err);
	void *arg;
	struct rt_err *err;
};

static void do_again(void *arg)
{
	struct watch *watch = arg;
	int rc;

	rt_loop_remove(watch->loop, watch->timer);
	watch->timer = NULL;
	rc = watch->again(watch->arg, watch->err);
	if (rc < 0)
		rt_loop_stop(watch->loop, rc);
}

/* Whether one of the messages says that an interface has just been set up. */
static bool has_come_up(const char *data, size_t len)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)data;
	const struct ifinfomsg *link;

	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type != RTM_NEWLINK || NLMSG_PAYLOAD(head, 0) < sizeof(*link))
			continue;
		link = NLMSG_DATA(head);
		if (link->ifi_flags & IFF_UP && link->ifi_change & (IFF_UP | IFF_RUNNING))
			return true;
	}
	return false;
}

static void on_link(void *arg, int fd, uint32_t events)
{
	char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct watch *watch = arg;
	bool lost = false;
	ssize_t len;

	(void)events;
	len = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (len < 0) {
		/* more came than the socket holds: one of them may have come up */
		lost = errno == ENOBUFS;
		if (!lost)
			return;
	}
	if (!watch->timer && (lost || has_come_up(data, len)))
		rt_loop_add_timer(watch->loop, SETTLE_NS, do_again, watch, &watch->timer, NULL);
}

static void on_signal(void *arg, int signo)
{
	struct watch *watch = arg;

	(void)signo;
	rt_loop_stop(watch->loop, 0);
}

static int open_socket(struct rt_err *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), rc;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open a netlink socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = rt_err_set(err, -errno, "cannot listen to the interfaces");
		close(fd);
		return rc;
	}
	return fd;
}

int tune_watch_links(int (*again)(void *arg, struct rt_err *err), void *arg, struct rt_err *err)
{
	struct watch watch = { .again = again, .arg = arg, .err = err };
	struct rt_source *source;
	int fd, rc;

	fd = open_socket(err);
	if (fd < 0)
		return fd;
	rc = rt_loop_create(&watch.loop, err);
	if (rc < 0)
		goto out_socket;
	rc = rt_loop_add_fd(watch.loop, fd, EPOLLIN, on_link, &watch, &source, err);
	if (rc == 0)
		rc = rt_loop_add_signal(watch.loop, SIGTERM, on_signal, &watch, err);
	if (rc == 0)
		rc = rt_loop_add_signal(watch.loop, SIGINT, on_signal, &watch, err);
	if (rc == 0)
		rc = rt_loop_run(watch.loop, err);
	rt_loop_destroy(watch.loop);
out_socket:
	close(fd);
	return rc;
}
