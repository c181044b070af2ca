/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knob-irqbalance.c - the CPUs that a running irqbalance keeps interrupts off
 *
 * It listens on /run/irqbalance/irqbalancePID.sock: "setup" is answered with
 * "SLEEP 10 ... BANNED 00000030", a mask; "settings cpus 4-5" (a list; "NULL" for none)
 * counts from its next round on, some seconds later.
 */
#include "tuning/knob-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"

#define ANSWER_MAX	65536
#define WAIT_S		2
#define BANNED		"BANNED "

static int connect_to(const struct rt_root *root, const char *target, struct rt_err *err)
{
	const struct timeval wait = { .tv_sec = WAIT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	/* through the descriptor: the root's own path may be too long for an address */
	if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", root->fd,
		     target) >= (int)sizeof(address.sun_path))
		return rt_err_set(err, -ENAMETOOLONG, "%s", target);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot talk to irqbalance");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	/* left behind by one that has ended */
	rc = errno == ECONNREFUSED ? -ENOENT : -errno;
	rt_err_set(err, rc, "cannot talk to irqbalance at %s/%s", root->path, target);
	close(fd);
	return rc;
}

static int ask(const struct rt_root *root, const char *target, const char *what, char *answer,
	       size_t size, struct rt_err *err)
{
	int fd = connect_to(root, target, err), rc = 0;
	ssize_t got;

	if (fd < 0)
		return fd;
	if (send(fd, what, strlen(what), MSG_NOSIGNAL) != (ssize_t)strlen(what))
		rc = rt_err_set(err, -errno, "cannot tell irqbalance \"%s\"", what);
	/* its end of the connection is the receipt */
	got = rc < 0 ? 0 : recv(fd, answer, size - 1, MSG_WAITALL);
	if (got < 0 && errno != ECONNRESET)
		rc = rt_err_set(err, -errno, "irqbalance does not answer \"%s\"", what);
	answer[got < 0 ? 0 : got] = '\0';
	close(fd);
	return rc;
}

int tune_irqbalance_read(const struct rt_root *root, const char *target, char **ret,
			 struct rt_err *err)
{
	char *answer = malloc(ANSWER_MAX), *mask;
	struct rt_cpuset banned;
	int rc;

	if (!answer)
		return rt_err_set(err, -ENOMEM, "irqbalance");
	rc = ask(root, target, "setup", answer, ANSWER_MAX, err);
	mask = rc < 0 ? NULL : strstr(answer, BANNED);
	if (mask) {
		mask += strlen(BANNED);
		mask[strspn(mask, "0123456789abcdefABCDEF,")] = '\0';
	}
	if (rc == 0 && (!mask || rt_cpuset_parse_mask(&banned, mask, NULL) < 0))
		rc = rt_err_say(err, -EBADMSG, "irqbalance: expected \"" BANNED "MASK\", found "
				"\"%.60s\"", answer);
	if (rc == 0) {
		rc = rt_cpuset_format(&banned, answer, ANSWER_MAX);
		*ret = answer;
	}
	if (rc < 0)
		free(answer);
	return rc;
}

int tune_irqbalance_write(const struct rt_root *root, const char *target, const char *value,
			  struct rt_err *err)
{
	char *text, answer[256];
	int rc;

	if (asprintf(&text, "settings cpus %s", value[0] ? value : "NULL") < 0)
		return rt_err_set(err, -ENOMEM, "irqbalance");
	rc = ask(root, target, text, answer, sizeof(answer), err);
	free(text);
	return rc;
}
