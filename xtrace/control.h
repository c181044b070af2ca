/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - what xtrace-ctl asks of a session's owner, and what it answers
 *
 * One connection, one request, one reply, all text: "xtrace/1 VERB CPUS TEXT"
 * and a newline; "ok" or "error CODE SENTENCE" and a newline, then lines of the
 * answer up to the end of the connection.  doc/protocols/xtrace-control.7 binds
 * it.
 */
#ifndef XT_CONTROL_H
#define XT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cpulist.h"

struct rt_err;
struct rt_buf;
struct rt_loop;
struct rt_root;
struct xt_control;

#define XT_CONTROL_REQUEST_MAX 8192	/* bytes of a request with its newline */
#define XT_CONTROL_REPLY_MAX (4u << 20)
#define XT_CONTROL_GUEST "guest "	/* how the text of a flush begins that a guest called for */
#define XT_CONTROL_TEXT_MAX 4000	/* a mark: one event where the kernel takes as much */

/* verb, what it does: one row a verb for the owner, the client, its help and completion. */
#define XT_CONTROL_VERBS(ROW)						\
	ROW(FLUSH,  "flush",  "save what the buffers hold now")		\
	ROW(PAUSE,  "pause",  "stop recording for a while")		\
	ROW(RESUME, "resume", "record again")				\
	ROW(STOP,   "stop",   "end the session; its directory is final then")	\
	ROW(STATUS, "status", "state and counts of the session")	\
	ROW(MARK,   "mark",   "put TEXT into the trace")

enum xt_verb {
#define ROW(id, name, help) XT_VERB_##id,
	XT_CONTROL_VERBS(ROW)
#undef ROW
	XT_NR_VERBS
};

const char *xt_verb_name(enum xt_verb verb);
const char *xt_verb_help(enum xt_verb verb);
/* Ignores case; -1 for a word that is no verb. */
int xt_verb_find(const char *word);

struct xt_request {
	enum xt_verb verb;
	bool has_cpus;			/* else all that the session records */
	struct rt_cpuset cpus;
	char text[XT_CONTROL_TEXT_MAX + 1];
};

/* @line is NUL-terminated, without its newline. */
int xt_request_parse(struct xt_request *ret, const char *line, struct rt_err *err);
/* Appends the request with its newline. */
int xt_request_format(const struct xt_request *request, struct rt_buf *out, struct rt_err *err);

/*
 * Answers one request in the owner's loop: appends lines to @reply, or fails
 * with a sentence for the client.
 */
typedef int (*xt_control_fn)(void *arg, const struct xt_request *request, struct rt_buf *reply,
			     struct rt_err *err);

/* Serves @listen_fd, which is non-blocking, and closes it in the end (on failure too). */
int xt_control_create(struct xt_control **ret, struct rt_loop *loop, int listen_fd,
		      xt_control_fn fn, void *arg, struct rt_err *err);
void xt_control_destroy(struct xt_control *control);

/**
 * xt_control_call() - ask the owner of a session; waits for the answer.
 * @session: NULL for the only one that runs.
 * @reply: the lines of the answer are appended.
 *
 * Return: 0, the owner's own failure, or that of xt_session_connect();
 * -ECONNRESET when the session ended before its owner could answer, -ECONNABORTED
 * when the owner was killed or does not want to.
 */
int xt_control_call(const struct rt_root *root, const char *session,
		    const struct xt_request *request, struct rt_buf *reply, struct rt_err *err);

/* Takes "ok"/"error" off the head of a reply; *@ret_body is what follows. */
int xt_reply_parse(char *reply, const char **ret_body, struct rt_err *err);

#endif /* XT_CONTROL_H */
