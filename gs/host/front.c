/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front.c - one daemon a host, and how one asks it
 *
 * The lock is the truth: a socket without its holder is a dead one's.
 */
#include "gs/host/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/root.h"

#define RUN_DIR		"run/kvmrt-gsd"
#define LOCK		RUN_DIR "/lock"
#define SOCKET		RUN_DIR "/control"
#define QUESTION_MAX	16
#define ANSWER_MAX	(4u << 20)

struct gs_front {
	const struct rt_root *root;	/* borrowed */
	struct rt_loop *loop;		/* borrowed */
	struct rt_source *source;
	gs_front_fn fn;
	void *arg;
	int lock_fd, listen_fd;		/* owned */
};

/* A Unix address is short: reach any root through its descriptor. */
static void address(struct sockaddr_un *addr, const struct rt_root *root)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/" SOCKET, root->fd);
}

/* ---- the daemon's side ---- */

static void set_patience(int fd)
{
	const struct timeval second = { .tv_sec = 1 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
}

static void send_all(int fd, const char *data, size_t len)
{
	size_t sent = 0;
	ssize_t now;

	while (sent < len) {
		now = send(fd, data + sent, len - sent, MSG_NOSIGNAL);
		if (now <= 0)
			return;
		sent += now;
	}
}

static void answer(struct gs_front *front, int fd)
{
	char question[QUESTION_MAX + 1] = "";
	char *text = NULL;
	size_t len = 0;
	ssize_t got = recv(fd, question, QUESTION_MAX, 0);
	FILE *to;

	if (got <= 0)
		return;
	question[got] = '\0';
	question[strcspn(question, "\n")] = '\0';
	to = open_memstream(&text, &len);
	if (!to)
		return;
	if (!front->fn(front->arg, question, to))
		fprintf(to, "expected \"status\" or \"json\"\n");
	fclose(to);
	send_all(fd, text, len);
	free(text);
}

/* Root alone can connect, so a client that is slow costs a second and no more. */
static void on_connect(void *arg, int fd, uint32_t events)
{
	struct gs_front *front = arg;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (conn < 0)
		return;
	set_patience(conn);
	answer(front, conn);
	close(conn);
}

static int take_lock(struct gs_front *front, struct rt_err *err)
{
	struct flock whole_file = { .l_type = F_WRLCK };
	uint64_t pid = 0;
	char text[16];

	if (mkdirat(front->root->fd, "run", 0755) < 0 && errno != EEXIST)
		return rt_err_set(err, -errno, "cannot make %s/run", front->root->path);
	if (mkdirat(front->root->fd, RUN_DIR, 0700) < 0 && errno != EEXIST)
		return rt_err_say(err, errno == EACCES || errno == EPERM ? RT_ECANNOT : -errno,
				  "cannot make %s/" RUN_DIR ": be root", front->root->path);
	front->lock_fd = rt_root_open(front->root, err, O_RDWR | O_CREAT | O_NOFOLLOW, LOCK);
	if (front->lock_fd < 0)
		return front->lock_fd == -EACCES ? rt_err_say(err, RT_ECANNOT, "%s/" LOCK
				": permission denied: be root", front->root->path) : front->lock_fd;
	fchmod(front->lock_fd, 0600);
	if (fcntl(front->lock_fd, F_OFD_SETLK, &whole_file) < 0) {
		rt_root_read_u64(front->root, &pid, NULL, LOCK);
		return rt_err_say(err, -EBUSY, "another one is running on this host (PID %llu)",
				  (unsigned long long)pid);
	}
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(front->lock_fd, 0) < 0 || pwrite(front->lock_fd, text, strlen(text), 0) < 0)
		return rt_err_set(err, -errno, "%s/" LOCK, front->root->path);
	return 0;
}

static int start_listening(struct gs_front *front, struct rt_err *err)
{
	struct sockaddr_un addr;

	address(&addr, front->root);
	unlinkat(front->root->fd, SOCKET, 0);
	front->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (front->listen_fd < 0)
		return rt_err_set(err, -errno, "cannot make a socket");
	if (bind(front->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(front->root->fd, SOCKET, 0600, 0) < 0 || listen(front->listen_fd, 4) < 0)
		return rt_err_set(err, -errno, "cannot listen on %s/" SOCKET, front->root->path);
	return rt_loop_add_fd(front->loop, front->listen_fd, EPOLLIN, on_connect, front,
			      &front->source, err);
}

int gs_front_create(struct gs_front **ret, const struct rt_root *root, struct rt_loop *loop,
		    gs_front_fn fn, void *arg, struct rt_err *err)
{
	struct gs_front *front = malloc(sizeof(*front));
	int rc;

	if (!front)
		return rt_err_set(err, -ENOMEM, "cannot listen");
	*front = (struct gs_front){ .root = root, .loop = loop, .fn = fn, .arg = arg,
				    .lock_fd = -1, .listen_fd = -1 };
	rc = take_lock(front, err);
	if (rc == 0)
		rc = start_listening(front, err);
	if (rc < 0) {
		gs_front_destroy(front);
		return rc;
	}
	*ret = front;
	return 0;
}

void gs_front_destroy(struct gs_front *front)
{
	if (!front)
		return;
	rt_loop_remove(front->loop, front->source);
	if (front->listen_fd >= 0) {
		unlinkat(front->root->fd, SOCKET, 0);
		close(front->listen_fd);
	}
	if (front->lock_fd >= 0)
		close(front->lock_fd);
	free(front);
}

/* ---- the other side ---- */

static int read_answer(int fd, struct rt_buf *out, struct rt_err *err)
{
	ssize_t got;
	char *to;

	while (out->len < ANSWER_MAX) {
		to = rt_buf_reserve(out, 4096);
		if (!to)
			return rt_err_set(err, -ENOMEM, "cannot keep the answer");
		got = recv(fd, to, 4096, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rt_err_set(err, -errno, "the daemon does not answer");
		if (got == 0)
			return 0;
		out->len += got;
	}
	return rt_err_say(err, -EMSGSIZE, "the answer is longer than %u bytes", ANSWER_MAX);
}

int gs_front_ask(const struct rt_root *root, const char *question, struct rt_buf *out,
		 struct rt_err *err)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un addr;
	int fd, rc;

	address(&addr, root);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		rc = rt_err_say(err, -ESRCH, "no kvmrt-gsd is running");
	else if (rc == -EACCES)
		rc = rt_err_say(err, RT_ECANNOT, "%s/" SOCKET ": permission denied: be root",
				root->path);
	else if (rc < 0)
		rc = rt_err_set(err, rc, "cannot reach kvmrt-gsd");
	if (rc == 0 && send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
		rc = rt_err_set(err, -errno, "cannot ask kvmrt-gsd");
	if (rc == 0)
		rc = read_answer(fd, out, err);
	close(fd);
	return rc;
}
