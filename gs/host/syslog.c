/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syslog.c - the host's syslog or journal, also one that is stuck
 *
 * Records as syslog(3) sends them (RFC 3164), to a socket that does not block: datagrams,
 * or where the reader has a stream a NUL behind each.
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
#include <sys/stat.h>
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
	bool stream;			/* of it, as of the one before */
	struct stat socket;		/* what it was connected to */
	struct record *first, **end;	/* kept, the oldest first */
	size_t nr;
	uint64_t missed;		/* lines for which there was no room; not told yet */
} out = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .end = &out.first };

/* ---- one record ---- */

static void hang_up(void)
{
	if (out.fd >= 0)
		close(out.fd);
	out.fd = -1;
}

static void log_path(char path[64])
{
	snprintf(path, 64, "/proc/self/fd/%d/dev/log", out.root->fd);
}

static int reach_as(bool stream)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[64];

	log_path(path);
	strcpy(addr.sun_path, path);
	hang_up();
	out.stream = stream;
	out.fd = socket(AF_UNIX, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
			SOCK_NONBLOCK, 0);
	if (out.fd < 0 || stat(path, &out.socket) < 0 ||
	    connect(out.fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return 0;
}

static int reach(void)
{
	int rc;

	if (out.fd >= 0)
		return 0;
	rc = reach_as(out.stream);
	if (rc == -EPROTOTYPE)
		rc = reach_as(!out.stream);
	if (rc < 0)
		hang_up();
	return rc;
}

/* One that hangs may hold a socket whose name is its successor's by now. */
static bool has_successor(void)
{
	struct stat now;
	char path[64];

	log_path(path);
	return stat(path, &now) == 0 &&
	       (now.st_dev != out.socket.st_dev || now.st_ino != out.socket.st_ino);
}

static int try_to_post(const struct record *record)
{
	size_t len = record->len + out.stream;
	ssize_t sent = send(out.fd, record->text, len, MSG_NOSIGNAL);

	if (sent < 0)
		return -errno;
	return (size_t)sent == len ? 0 : -EPIPE;	/* what is cut is sent anew as a whole */
}

/* A second try: who reads the log may have begun anew, with another socket. */
static int post(const struct record *record)
{
	int tries, rc = 0;

	for (tries = 0; tries < 2; tries++) {
		rc = reach();
		if (rc == 0)
			rc = try_to_post(record);
		if (rc == 0 || (rc == -EAGAIN && !has_successor()))
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

static size_t not_taken(void)
{
	size_t nr;

	pthread_mutex_lock(&out.lock);
	nr = out.nr + out.missed;
	pthread_mutex_unlock(&out.lock);
	return nr;
}

size_t gs_syslog_close(unsigned int ms)
{
	unsigned int waited;
	size_t lost;

	for (waited = 0; not_taken() && waited < ms; waited += 10) {
		usleep(10000);
		gs_syslog_tick();
	}
	pthread_mutex_lock(&out.lock);
	lost = out.nr + out.missed;
	while (out.first)
		drop_first();
	hang_up();
	out.root = NULL;
	out.missed = 0;
	pthread_mutex_unlock(&out.lock);
	return lost;
}
