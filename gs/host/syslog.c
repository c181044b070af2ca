/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syslog.c - the host's syslog or journal, also one that is stuck
 *
 * Datagrams as syslog(3) sends them (RFC 3164), to a socket that does not block.
 */
#include "gs/host/syslog.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/root.h"

struct record {
	struct record *next;
	size_t len;
	char text[1024];
};

static struct {
	pthread_mutex_t lock;
	const struct rt_root *root;	/* NULL: closed */
	int fd;				/* -1: to be connected */
	struct record *first, **end;	/* kept, the oldest first */
	size_t nr;
	uint64_t missed;		/* lines for which there was no room; not told yet */
} out = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .end = &out.first };

/* ---- one datagram ---- */

static void hang_up(void)
{
	if (out.fd >= 0)
		close(out.fd);
	out.fd = -1;
}

static int reach(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (out.fd >= 0)
		return 0;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/dev/log", out.root->fd);
	out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out.fd < 0)
		return -errno;
	return connect(out.fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

/* A second try: who reads the log may have begun anew, with another socket. */
static int post(const struct record *record)
{
	int tries, rc = 0;

	for (tries = 0; tries < 2; tries++) {
		rc = reach();
		if (rc == 0 && send(out.fd, record->text, record->len, MSG_NOSIGNAL) >= 0)
			return 0;
		if (rc == 0)
			rc = -errno;
		if (rc == -EAGAIN)
			return rc;
		hang_up();
	}
	return rc;
}

/* ---- lines ---- */

__attribute__((format(printf, 3, 0)))
static void format(struct record *record, int priority, const char *fmt, va_list ap)
{
	const size_t size = sizeof(record->text);
	time_t now = time(NULL);
	struct tm tm;
	size_t len;
	int more;

	len = snprintf(record->text, size, "<%d>", LOG_DAEMON | priority);
	len += strftime(record->text + len, size - len, "%b %e %T", localtime_r(&now, &tm));
	len += snprintf(record->text + len, size - len, " kvmrt-gsd[%d]: ", (int)getpid());
	more = vsnprintf(record->text + len, size - len, fmt, ap);
	if (more > 0)
		len += (size_t)more < size - len ? (size_t)more : size - len - 1;
	record->len = len;
}

static bool keep(const struct record *record)
{
	struct record *copy = out.nr < GS_SYSLOG_KEPT ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return false;
	*copy = *record;
	copy->next = NULL;
	*out.end = copy;
	out.end = &copy->next;
	out.nr++;
	return true;
}

static void drop_first(void)
{
	struct record *record = out.first;

	out.first = record->next;
	if (!out.first)
		out.end = &out.first;
	out.nr--;
	free(record);
}

__attribute__((format(printf, 1, 2)))
static int post_note(const char *fmt, ...)
{
	struct record record;
	va_list ap;

	va_start(ap, fmt);
	format(&record, LOG_WARNING, fmt, ap);
	va_end(ap);
	return post(&record);
}

/* As far as it is taken; also the word about what is missing then. */
static void send_kept(void)
{
	while (out.first && post(out.first) == 0)
		drop_first();
	if (!out.first && out.missed &&
	    post_note("%" PRIu64 " lines are missing here: this log took nothing", out.missed) == 0)
		out.missed = 0;
}

bool gs_syslog(int priority, const char *fmt, ...)
{
	struct record record;
	bool taken = false;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	format(&record, priority, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&out.lock);
	if (out.root) {
		send_kept();
		rc = out.first ? -EAGAIN : post(&record);
		taken = rc == 0 || (rc == -EAGAIN && keep(&record));
		out.missed += rc == -EAGAIN && !taken;
	}
	pthread_mutex_unlock(&out.lock);
	return taken;
}

void gs_syslog_tick(void)
{
	pthread_mutex_lock(&out.lock);
	if (out.root)
		send_kept();
	pthread_mutex_unlock(&out.lock);
}

size_t gs_syslog_kept(void)
{
	size_t nr;

	pthread_mutex_lock(&out.lock);
	nr = out.nr;
	pthread_mutex_unlock(&out.lock);
	return nr;
}

/* ---- life ---- */

void gs_syslog_open(const struct rt_root *root)
{
	pthread_mutex_lock(&out.lock);
	out.root = root;
	pthread_mutex_unlock(&out.lock);
}

void gs_syslog_close(unsigned int ms)
{
	unsigned int waited;

	for (waited = 0; gs_syslog_kept() && waited < ms; waited += 10) {
		usleep(10000);
		gs_syslog_tick();
	}
	pthread_mutex_lock(&out.lock);
	while (out.first)
		drop_first();
	hang_up();
	out.root = NULL;
	out.missed = 0;
	pthread_mutex_unlock(&out.lock);
}
