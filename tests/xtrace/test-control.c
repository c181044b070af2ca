/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-control.c - xtrace/control.c: requests and answers, and clients that behave badly */
#include "xtrace/control.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"
#include "xtrace/session.h"

/* ---- as text ---- */

static struct xt_request parsed(const char *line)
{
	struct xt_request request;

	assert_int_equal(xt_request_parse(&request, line, NULL), 0);
	return request;
}

TEST(a_request_is_one_line)
{
	struct xt_request request = parsed("xtrace/1 flush - ");

	assert_int_equal(request.verb, XT_VERB_FLUSH);
	assert_false(request.has_cpus);
	assert_string_equal(request.text, "");
	request = parsed("xtrace/1 PAUSE 0-3,8 ");
	assert_int_equal(request.verb, XT_VERB_PAUSE);
	assert_true(request.has_cpus);
	assert_int_equal(rt_cpuset_count(&request.cpus), 5);
	request = parsed("xtrace/1 mark -  two  words ");
	assert_string_equal(request.text, " two  words ");
}

TEST(what_is_written_is_read_as_the_same)
{
	struct xt_request request = { .verb = XT_VERB_MARK, .has_cpus = true, .text = "a b" }, back;
	struct rt_buf line = { 0 };

	rt_cpuset_add(&request.cpus, 5);
	assert_int_equal(xt_request_format(&request, &line, NULL), 0);
	assert_int_equal(line.data[line.len - 1], '\n');
	line.data[line.len - 1] = '\0';
	back = parsed(line.data);
	assert_int_equal(back.verb, XT_VERB_MARK);
	assert_true(rt_cpuset_equal(&back.cpus, &request.cpus));
	assert_string_equal(back.text, "a b");
	rt_buf_finish(&line);
}

static void refused(const char *line, int code, const char *sentence)
{
	struct xt_request request;
	struct rt_err err = { 0 };

	assert_int_equal(xt_request_parse(&request, line, &err), code);
	assert_contains(err.text, sentence);
}

TEST(what_is_no_request_is_refused)
{
	char line[XT_CONTROL_TEXT_MAX + 64];

	refused("", -EPROTO, "expected a request of xtrace/1");
	refused("xtrace/2 flush - ", -EPROTO, "expected a request of xtrace/1");
	refused("xtrace/1", -EPROTO, "has no verb");
	refused("xtrace/1 dance - ", -EPROTO, "no such request: \"dance\"");
	refused("xtrace/1 flush", -EPROTO, "has no list of CPUs");
	refused("xtrace/1 flush 3-1 ", -EINVAL, "3");
	snprintf(line, sizeof(line), "xtrace/1 mark - %0*d", XT_CONTROL_TEXT_MAX + 1, 0);
	refused(line, -E2BIG, "the text has 4001 bytes, at most 4000 are taken");
}

TEST(a_request_that_would_not_be_one_line_is_not_sent)
{
	struct xt_request request = { .verb = XT_VERB_MARK, .text = "a\nb" };
	struct rt_buf line = { 0 };
	struct rt_err err = { 0 };

	assert_int_equal(xt_request_format(&request, &line, &err), -EINVAL);
	assert_contains(err.text, "must be one line");
	request = (struct xt_request){ .verb = XT_VERB_FLUSH, .has_cpus = true };
	assert_int_equal(xt_request_format(&request, &line, &err), -EINVAL);
	assert_contains(err.text, "list of CPUs is empty");
	rt_buf_finish(&line);
}

static void reply(const char *text, int code, const char *expected)
{
	char *copy = strdup(text);
	struct rt_err err = { 0 };
	const char *body = "";

	assert_int_equal(xt_reply_parse(copy, &body, &err), code);
	assert_string_equal(code ? err.text : body, expected);
	free(copy);
}

TEST(an_answer_is_ok_or_an_error_with_a_sentence)
{
	reply("ok\n", 0, "");
	reply("ok\nflush 3\n", 0, "flush 3\n");
	reply("error 16 it is busy\n", -16, "it is busy");
	reply("", -ECONNRESET, "the owner of the session went away without an answer");
	reply("ok", -ECONNRESET, "the owner of the session went away without an answer");
	reply("fine\n", -EPROTO, "expected an answer, found \"fine\"");
	reply("error x\n", -EPROTO, "expected an error, found \"error x\"");
	reply("error 0 nothing\n", -EPROTO, "expected an error, found \"error 0 nothing\"");
	reply("error 99999 x\n", -EPROTO, "expected an error, found \"error 99999 x\"");
}

TEST(verbs_have_a_name_and_a_help)
{
	int verb;

	for (verb = 0; verb < XT_NR_VERBS; verb++) {
		assert_int_equal(xt_verb_find(xt_verb_name(verb)), verb);
		assert_true(strlen(xt_verb_help(verb)) > 5);
	}
	assert_int_equal(xt_verb_find("StAtUs"), XT_VERB_STATUS);
	assert_int_equal(xt_verb_find("flu"), -1);
}

/* ---- an owner and its clients ---- */

struct owner {
	struct rt_loop *loop;
	const struct rt_root *root;
	int served;
	char text[64];
};

static int serve(void *arg, const struct xt_request *request, struct rt_buf *out,
		 struct rt_err *err)
{
	struct owner *owner = arg;

	owner->served++;
	if (request->verb == XT_VERB_STOP) {
		rt_loop_stop(owner->loop, 0);
		return 0;
	}
	if (request->verb == XT_VERB_PAUSE)
		return rt_err_say(err, -EBUSY, "not now");
	snprintf(owner->text, sizeof(owner->text), "%.60s", request->text);
	rt_buf_puts(out, "line 1\nline 2\n");
	return 0;
}

static int ask(const struct rt_root *root, enum xt_verb verb, struct rt_buf *out,
	       struct rt_err *err)
{
	const struct xt_request request = { .verb = verb, .text = "hello" };

	return xt_control_call(root, "s", &request, out, err);
}

static void say_raw(const struct rt_root *root, const char *text, size_t len)
{
	int fd = xt_session_connect(root, "s", NULL);

	assert_true(fd >= 0);
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
	close(fd);
}

/* A thread of clients, good and bad; the last one ends the loop. */
static void *clients(void *arg)
{
	static char endless[XT_CONTROL_REQUEST_MAX + 100];
	struct owner *owner = arg;
	struct rt_buf out = { 0 };
	struct rt_err err = { 0 };
	int idle[20];
	size_t i;

	say_raw(owner->root, "xtrace/1 fl", 11);
	say_raw(owner->root, "garbage\n", 8);
	memset(endless, 'x', sizeof(endless));
	say_raw(owner->root, endless, sizeof(endless));
	assert_int_equal(ask(owner->root, XT_VERB_MARK, &out, NULL), 0);
	assert_string_equal(rt_buf_str(&out), "line 1\nline 2\n");
	assert_int_equal(ask(owner->root, XT_VERB_PAUSE, &out, &err), -EBUSY);
	assert_string_equal(err.text, "not now");
	/* Who only connects takes a place, and gives it back. */
	for (i = 0; i < 20; i++)
		idle[i] = xt_session_connect(owner->root, "s", NULL);
	for (i = 0; i < 20; i++)
		close(idle[i]);
	while (ask(owner->root, XT_VERB_STOP, &out, NULL) < 0)
		;
	rt_buf_finish(&out);
	return NULL;
}

TEST(an_owner_serves_good_clients_and_outlives_bad_ones)
{
	struct tree *tree = *state;
	struct owner owner = { .root = &tree->root };
	struct xt_session session;
	struct xt_control *control;
	pthread_t thread;

	tree_make_dir(tree, "run");
	assert_int_equal(xt_session_claim(&session, &tree->root, "s", NULL), 0);
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_int_equal(rt_loop_create(&owner.loop, NULL), 0);
	assert_int_equal(xt_control_create(&control, owner.loop, session.listen_fd, serve, &owner,
					   NULL), 0);
	session.listen_fd = -1;
	assert_int_equal(pthread_create(&thread, NULL, clients, &owner), 0);
	assert_int_equal(rt_loop_run(owner.loop, NULL), 0);
	xt_control_destroy(control);
	xt_session_release(&session);
	pthread_join(thread, NULL);
	assert_int_equal(owner.served, 3);
	assert_string_equal(owner.text, "hello");
	rt_loop_destroy(owner.loop);
}

#define STALLED 20	/* more than the owner has places for */

struct late_comer {
	struct owner owner;
	int rc;
	struct rt_err err;
};

static void *ask_behind_stalled_ones(void *arg)
{
	struct late_comer *late = arg;
	struct rt_buf out = { 0 };
	int fds[STALLED], i;

	for (i = 0; i < STALLED; i++) {
		fds[i] = xt_session_connect(late->owner.root, "s", NULL);
		send(fds[i], "xtrace/1 fl", 11, MSG_NOSIGNAL);
	}
	late->rc = ask(late->owner.root, XT_VERB_MARK, &out, NULL);
	for (i = 0; i < STALLED; i++)
		close(fds[i]);
	while (ask(late->owner.root, XT_VERB_STOP, &out, NULL) < 0)
		;
	rt_buf_finish(&out);
	return NULL;
}

TEST(clients_that_never_finish_their_request_keep_nobody_out)
{
	struct tree *tree = *state;
	struct late_comer late = { .owner.root = &tree->root };
	struct xt_session session;
	struct xt_control *control;
	pthread_t thread;

	tree_make_dir(tree, "run");
	assert_int_equal(xt_session_claim(&session, &tree->root, "s", NULL), 0);
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_int_equal(rt_loop_create(&late.owner.loop, NULL), 0);
	assert_int_equal(xt_control_create(&control, late.owner.loop, session.listen_fd, serve,
					   &late.owner, NULL), 0);
	session.listen_fd = -1;
	assert_int_equal(pthread_create(&thread, NULL, ask_behind_stalled_ones, &late), 0);
	assert_int_equal(rt_loop_run(late.owner.loop, NULL), 0);
	xt_control_destroy(control);
	xt_session_release(&session);
	pthread_join(thread, NULL);
	assert_int_equal(late.rc, 0);
	rt_loop_destroy(late.owner.loop);
}

static void *ask_to_stop(void *arg)
{
	struct late_comer *late = arg;
	struct rt_buf out = { 0 };

	late->rc = ask(late->owner.root, XT_VERB_STOP, &out, &late->err);
	rt_buf_finish(&out);
	return NULL;
}

/* What a client gets whose owner takes its request and goes, and puts all away or not. */
static int answer_of_who_goes(struct tree *tree, bool put_away, const char *words)
{
	struct late_comer late = { .owner.root = &tree->root };
	struct xt_session session;
	struct pollfd comes;
	char line[64];
	pthread_t thread;
	int fd;

	assert_int_equal(xt_session_claim(&session, &tree->root, "s", NULL), 0);
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, ask_to_stop, &late), 0);
	comes = (struct pollfd){ .fd = session.listen_fd, .events = POLLIN };
	assert_int_equal(poll(&comes, 1, -1), 1);
	fd = accept(session.listen_fd, NULL, NULL);
	assert_true(recv(fd, line, sizeof(line), 0) > 0);
	if (put_away)
		xt_session_release(&session);
	close(fd);
	pthread_join(thread, NULL);
	xt_session_release(&session);
	assert_string_equal(late.err.text, words);
	return late.rc;
}

TEST(an_owner_that_goes_has_ended_the_session_only_where_it_put_all_away)
{
	struct tree *tree = *state;

	tree_make_dir(tree, "run");
	assert_int_equal(answer_of_who_goes(tree, true, "the session has ended"), -ECONNRESET);
	assert_int_equal(answer_of_who_goes(tree, false, "the owner of session \"s\" was killed, "
					    "or has not answered"), -ECONNABORTED);
}

TEST(nobody_to_ask_is_said_so)
{
	struct tree *tree = *state;
	struct rt_buf out = { 0 };
	struct rt_err err = { 0 };

	assert_int_equal(ask(&tree->root, XT_VERB_FLUSH, &out, &err), -ESRCH);
	assert_string_equal(err.text, "no session named \"s\" is running");
	rt_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_one_line),
		cmocka_unit_test(what_is_written_is_read_as_the_same),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(a_request_that_would_not_be_one_line_is_not_sent),
		cmocka_unit_test(an_answer_is_ok_or_an_error_with_a_sentence),
		cmocka_unit_test(verbs_have_a_name_and_a_help),
		WITH_TREE(an_owner_serves_good_clients_and_outlives_bad_ones),
		WITH_TREE(clients_that_never_finish_their_request_keep_nobody_out),
		WITH_TREE(an_owner_that_goes_has_ended_the_session_only_where_it_put_all_away),
		WITH_TREE(nobody_to_ask_is_said_so),
	};

	return RUN_TESTS(tests);
}
