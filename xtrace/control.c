/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.c - what xtrace-ctl asks of a session's owner, and what it answers
 *
 * The server never waits for a client: a request arrives in pieces or not at
 * all, a reply that a client does not take in time is dropped with it.
 */
#include "xtrace/control.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "xtrace/session.h"

#define PROTOCOL "xtrace/1"
#define MAX_CLIENTS 16
#define CPULIST_MAX 4096

static const struct {
	const char *name, *help;
} verbs[] = {
#define ROW(id, name_, help_) [XT_VERB_##id] = { name_, help_ },
	XT_CONTROL_VERBS(ROW)
#undef ROW
};

const char *xt_verb_name(enum xt_verb verb)
{
	return verbs[verb].name;
}

const char *xt_verb_help(enum xt_verb verb)
{
	return verbs[verb].help;
}

int xt_verb_find(const char *word)
{
	int i;

	for (i = 0; i < XT_NR_VERBS; i++) {
		if (strcasecmp(verbs[i].name, word) == 0)
			return i;
	}
	return -1;
}

/* ---- requests and replies as text ---- */

/* The word at *@line into @buf; *@line goes behind it and one blank. */
static int take_word(const char **line, char *buf, size_t size)
{
	size_t len = strcspn(*line, " ");

	if (len == 0 || len >= size)
		return -EINVAL;
	memcpy(buf, *line, len);
	buf[len] = '\0';
	*line += len + ((*line)[len] == ' ');
	return 0;
}

int xt_request_parse(struct xt_request *ret, const char *line, struct rt_err *err)
{
	struct xt_request request = { 0 };
	char word[32], cpus[CPULIST_MAX];
	int rc, verb;

	if (take_word(&line, word, sizeof(word)) < 0 || strcmp(word, PROTOCOL) != 0)
		return rt_err_say(err, -EPROTO, "expected a request of " PROTOCOL);
	if (take_word(&line, word, sizeof(word)) < 0)
		return rt_err_say(err, -EPROTO, "the request has no verb");
	verb = xt_verb_find(word);
	if (verb < 0)
		return rt_err_say(err, -EPROTO, "no such request: \"%s\"", word);
	request.verb = verb;
	if (take_word(&line, cpus, sizeof(cpus)) < 0)
		return rt_err_say(err, -EPROTO, "the request has no list of CPUs");
	request.has_cpus = strcmp(cpus, "-") != 0;
	if (request.has_cpus) {
		rc = rt_cpuset_parse(&request.cpus, cpus, err);
		if (rc < 0)
			return rc;
	}
	if (strlen(line) > XT_CONTROL_TEXT_MAX)
		return rt_err_say(err, -E2BIG, "the text has %zu bytes, at most %d are taken",
				  strlen(line), XT_CONTROL_TEXT_MAX);
	memcpy(request.text, line, strlen(line) + 1);
	*ret = request;
	return 0;
}

int xt_request_format(const struct xt_request *request, struct rt_buf *out, struct rt_err *err)
{
	char cpus[CPULIST_MAX] = "-";
	int rc = 0;

	if (strpbrk(request->text, "\r\n"))
		return rt_err_say(err, -EINVAL, "the text must be one line");
	if (request->has_cpus)
		rc = rt_cpuset_format(&request->cpus, cpus, sizeof(cpus));
	if (rc < 0)
		return rt_err_set(err, rc, "list of CPUs");
	if (!cpus[0])
		return rt_err_say(err, -EINVAL, "the list of CPUs is empty");
	rt_buf_printf(out, PROTOCOL " %s %s %s\n", xt_verb_name(request->verb), cpus,
		      request->text);
	return 0;
}

int xt_reply_parse(char *reply, const char **ret_body, struct rt_err *err)
{
	char *end = strchr(reply, '\n'), *sentence;
	long code;

	if (!end)
		return rt_err_say(err, -ECONNRESET, "the owner of the session went away without "
				  "an answer");
	*end = '\0';
	if (strcmp(reply, "ok") == 0) {
		*ret_body = end + 1;
		return 0;
	}
	if (strncmp(reply, "error ", strlen("error ")) != 0)
		return rt_err_say(err, -EPROTO, "expected an answer, found \"%.40s\"", reply);
	code = strtol(reply + strlen("error "), &sentence, 10);
	if (code <= 0 || code > 4095 || *sentence != ' ')
		return rt_err_say(err, -EPROTO, "expected an error, found \"%.40s\"", reply);
	return rt_err_say(err, -(int)code, "%s", sentence + 1);
}

/* ---- the owner's side ---- */

struct client {
	struct xt_control *control;
	struct rt_source *source;
	int fd;				/* -1: this place is free */
	uint64_t heard;			/* the later it said something, the higher */
	size_t len;
	char line[XT_CONTROL_REQUEST_MAX];
};

struct xt_control {
	struct rt_loop *loop;		/* borrowed */
	struct rt_source *source;
	int listen_fd;			/* owned */
	xt_control_fn fn;
	void *arg;
	uint64_t heard;			/* the newest of the clients' */
	struct client clients[MAX_CLIENTS];
};

static void drop_client(struct client *client)
{
	rt_loop_remove(client->control->loop, client->source);
	close(client->fd);
	client->fd = -1;
}

static void send_reply(struct client *client, int rc, const struct rt_err *err,
		       const struct rt_buf *body)
{
	const struct timeval patience = { .tv_sec = 1 };
	struct rt_buf reply = { 0 };
	size_t sent = 0;
	ssize_t now;

	if (rc < 0)
		rt_buf_printf(&reply, "error %d %s\n", -rc, err->text);
	else
		rt_buf_puts(&reply, "ok\n");
	if (rc >= 0 && body->len)
		rt_buf_add(&reply, body->data, body->len);
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (!reply.failed && sent < reply.len) {
		now = send(client->fd, reply.data + sent, reply.len - sent, MSG_NOSIGNAL);
		if (now <= 0)
			break;
		sent += now;
	}
	rt_buf_finish(&reply);
}

static void answer(struct client *client)
{
	struct rt_buf body = { 0 };
	struct xt_request request;
	struct rt_err err = { 0 };
	int rc;

	rc = xt_request_parse(&request, client->line, &err);
	if (rc == 0)
		rc = client->control->fn(client->control->arg, &request, &body, &err);
	send_reply(client, rc, &err, &body);
	rt_buf_finish(&body);
}

static void on_client(void *arg, int fd, uint32_t events)
{
	struct client *client = arg;
	char *end;
	ssize_t got;

	(void)events;
	got = recv(fd, client->line + client->len, sizeof(client->line) - client->len,
		   MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop_client(client);
		return;
	}
	client->len += got;
	client->heard = ++client->control->heard;
	end = memchr(client->line, '\n', client->len);
	if (!end && client->len < sizeof(client->line))
		return;
	if (end) {
		*end = '\0';
		answer(client);
	}
	drop_client(client);
}

/*
 * A free one, or that of who has been silent longest: clients that never finish their
 * request must not keep everybody else out for ever.
 */
static struct client *take_place(struct xt_control *control)
{
	struct client *client = control->clients;
	int i;

	for (i = 0; i < MAX_CLIENTS; i++) {
		if (control->clients[i].fd < 0)
			return &control->clients[i];
		if (control->clients[i].heard < client->heard)
			client = &control->clients[i];
	}
	drop_client(client);
	return client;
}

static void on_connect(void *arg, int fd, uint32_t events)
{
	struct xt_control *control = arg;
	struct client *client;
	int conn;

	(void)events;
	/* Blocking: only replies are waited for, and those not long. */
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return;
	client = take_place(control);
	client->heard = ++control->heard;
	client->len = 0;
	client->fd = conn;
	if (rt_loop_add_fd(control->loop, conn, EPOLLIN, on_client, client, &client->source,
			   NULL) < 0) {
		close(conn);
		client->fd = -1;
	}
}

int xt_control_create(struct xt_control **ret, struct rt_loop *loop, int listen_fd,
		      xt_control_fn fn, void *arg, struct rt_err *err)
{
	struct xt_control *control;
	int i, rc;

	control = calloc(1, sizeof(*control));
	if (!control) {
		close(listen_fd);
		return rt_err_set(err, -ENOMEM, "cannot serve the control socket");
	}
	control->loop = loop;
	control->listen_fd = listen_fd;
	control->fn = fn;
	control->arg = arg;
	for (i = 0; i < MAX_CLIENTS; i++) {
		control->clients[i].control = control;
		control->clients[i].fd = -1;
	}
	rc = rt_loop_add_fd(loop, listen_fd, EPOLLIN, on_connect, control, &control->source, err);
	if (rc < 0) {
		close(listen_fd);
		free(control);
		return rc;
	}
	*ret = control;
	return 0;
}

void xt_control_destroy(struct xt_control *control)
{
	int i;

	if (!control)
		return;
	for (i = 0; i < MAX_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			drop_client(&control->clients[i]);
	}
	rt_loop_remove(control->loop, control->source);
	close(control->listen_fd);
	free(control);
}

/* ---- the client's side ---- */

static int read_reply(int fd, struct rt_buf *reply, struct rt_err *err)
{
	ssize_t got;
	char *to;

	for (;;) {
		to = rt_buf_reserve(reply, 4096);
		if (!to)
			return rt_err_set(err, -ENOMEM, "cannot keep the answer");
		got = recv(fd, to, 4096, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != ECONNRESET)
			return rt_err_set(err, -errno, "cannot read the answer");
		if (got <= 0)
			return 0;
		reply->len += got;
		if (reply->len > XT_CONTROL_REPLY_MAX)
			return rt_err_say(err, -EMSGSIZE, "the answer is longer than %u bytes",
					  XT_CONTROL_REPLY_MAX);
	}
}

static int exchange(int fd, const struct xt_request *request, struct rt_buf *reply,
		    struct rt_err *err)
{
	struct rt_buf line = { 0 };
	int rc;

	rc = xt_request_format(request, &line, err);
	if (rc == 0 && line.failed)
		rc = rt_err_set(err, -ENOMEM, "cannot make the request");
	if (rc == 0 && send(fd, line.data, line.len, MSG_NOSIGNAL) != (ssize_t)line.len)
		rc = rt_err_set(err, -EPIPE, "cannot send the request");
	if (rc == 0)
		rc = read_reply(fd, reply, err);
	rt_buf_finish(&line);
	return rc;
}

int xt_control_call(const struct rt_root *root, const char *session,
		    const struct xt_request *request, struct rt_buf *reply, struct rt_err *err)
{
	char name[XT_SESSION_NAME_MAX];
	struct rt_buf whole = { 0 };
	const char *body;
	int fd, rc;

	rc = xt_session_find(root, session, name, err);
	if (rc < 0)
		return rc;
	fd = xt_session_connect(root, name, err);
	if (fd < 0)
		return fd;
	rc = exchange(fd, request, &whole, err);
	close(fd);
	if (rc == 0 && !rt_buf_str(&whole))
		rc = rt_err_set(err, -ENOMEM, "cannot keep the answer");
	if (rc == 0)
		rc = xt_reply_parse(whole.data, &body, err);
	if (rc == -ECONNRESET)
		rc = xt_session_has_ended(root, name) ?
		     rt_err_say(err, rc, "the session has ended") :
		     rt_err_say(err, -ECONNABORTED, "the owner of session \"%s\" was killed, or "
				"has not answered", name);
	if (rc == 0)
		rt_buf_puts(reply, body);
	rt_buf_finish(&whole);
	return rc;
}
