/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-page.c - the page's server: who is let in, what is sent, and who cannot
 * hold it up
 */
#include "tuning/page.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/unit.h"

#define HTML "<script nonce=\"@NONCE@\">1</script><style nonce=\"@NONCE@\"></style>"
#define INTERVAL_NS 20000000
#ifdef KVMRT_SAN
#define RESIDENT_KIB (512 * 1024)	/* what is freed stays for a while */
#else
#define RESIDENT_KIB (24 * 1024)
#endif

/* What the server's readings are. */
enum kind { COUNTING, LARGE, STILL, FAILING };

struct server {
	struct tune_page *page;
	pid_t pid;
	unsigned int port;
	char token[64];
};

struct source {
	enum kind kind;
	unsigned int n;
};

static int reading(void *arg, struct rt_buf *to, struct rt_err *err)
{
	struct source *source = arg;

	if (source->kind == FAILING && source->n == 0) {
		source->n++;
		return rt_err_say(err, -EIO, "the \"first\" one fails");
	}
	rt_buf_printf(to, "{\"n\":%u", source->kind == STILL ? 0 : source->n++);
	if (source->kind == LARGE) {
		rt_buf_puts(to, ",\"much\":\"");
		memset(rt_buf_reserve(to, 1 << 20), 'x', 1 << 20);
		to->len += 1 << 20;
		rt_buf_puts(to, "\"");
	}
	rt_buf_puts(to, "}");
	return 0;
}

static struct server start(enum kind kind)
{
	struct source source = { .kind = kind };
	struct server server = { 0 };
	struct rt_err err = { 0 };

	if (tune_page_create(&server.page, HTML, 0, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(sscanf(tune_page_url(server.page), "http://127.0.0.1:%u/%32[0-9a-f]/",
				&server.port, server.token), 2);
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0) {
		int rc;

		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that fails leaves it alone */
		rc = tune_page_run(server.page, INTERVAL_NS, reading, &source, NULL);

		tune_page_destroy(server.page);
		_exit(rc ? 1 : 0);
	}
	return server;
}

/* The parent's copy listens too, on the same socket: it must not answer. */
static void stop(struct server *server, int signo)
{
	int status;

	assert_int_equal(kill(server->pid, signo), 0);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	tune_page_destroy(server->page);
}

static int dial(const struct server *server)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void ask(int fd, const char *method, const char *path, const char *host)
{
	assert_true(dprintf(fd, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method,
			    path, host) > 0);
}

/* What comes until @until stands in it, or the end. */
static char *take(int fd, const char *until)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	struct rt_buf text = { 0 };
	time_t begin = time(NULL);
	ssize_t got;

	do {
		assert_true(time(NULL) - begin < 30);
		assert_int_equal(poll(&in, 1, 10000), 1);
		got = read(fd, rt_buf_reserve(&text, 65536), 65536);
		if (got > 0)
			text.len += (size_t)got;
	} while (got > 0 && !(until && strstr(rt_buf_str(&text), until)));
	return rt_buf_str(&text);
}

static void expect_answer(const struct server *server, const char *method, const char *path,
			  const char *host, const char *status)
{
	int fd = dial(server);
	char *text;

	ask(fd, method, path, host);
	text = take(fd, NULL);
	if (strncmp(text + strlen("HTTP/1.1 "), status, 3) != 0)
		fail_msg("%s %s of %s: expected %s, found %.80s", method, path, host, status, text);
	free(text);
	close(fd);
}

/* The path of @what with the right token. */
static const char *path_of(const struct server *server, const char *what)
{
	static char path[128];

	snprintf(path, sizeof(path), "/%s/%s", server->token, what);
	return path;
}

TEST(the_token_alone_opens_the_page)
{
	struct server server = start(COUNTING);
	char path[128];

	expect_answer(&server, "GET", path_of(&server, ""), "127.0.0.1", "200");
	expect_answer(&server, "GET", "/", "127.0.0.1", "404");
	expect_answer(&server, "GET", "/events", "127.0.0.1", "404");
	expect_answer(&server, "GET", "/favicon.ico", "127.0.0.1", "404");
	expect_answer(&server, "GET", "/00000000000000000000000000000000/", "127.0.0.1", "404");
	expect_answer(&server, "GET", path_of(&server, "other"), "127.0.0.1", "404");
	expect_answer(&server, "GET", path_of(&server, "../"), "127.0.0.1", "404");
	snprintf(path, sizeof(path), "/%.31s/", server.token);
	expect_answer(&server, "GET", path, "127.0.0.1", "404");
	snprintf(path, sizeof(path), "/%s", server.token);
	expect_answer(&server, "GET", path, "127.0.0.1", "404");
	snprintf(path, sizeof(path), "/%s/", server.token);
	path[32] ^= 1;	/* the last of the token */
	expect_answer(&server, "GET", path, "127.0.0.1", "404");
	stop(&server, SIGTERM);
}

TEST(nothing_but_get_is_answered)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
					       "HEAD" };
	struct server server = start(COUNTING);
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		expect_answer(&server, methods[i], path_of(&server, ""), "127.0.0.1", "405");
		expect_answer(&server, methods[i], path_of(&server, "events"), "127.0.0.1", "405");
	}
	stop(&server, SIGINT);
}

TEST(only_the_names_of_this_host_are_answered)
{
	struct server server = start(COUNTING);
	const char *path = path_of(&server, "");

	expect_answer(&server, "GET", path, "localhost:8080", "200");
	expect_answer(&server, "GET", path, "127.0.0.1:1", "200");
	expect_answer(&server, "GET", path, "[::1]:8080", "200");
	expect_answer(&server, "GET", path, "evil.example", "403");
	expect_answer(&server, "GET", path, "127.0.0.1.evil.example", "403");
	expect_answer(&server, "GET", path, "localhost:80.evil.example", "403");
	expect_answer(&server, "GET", path, "", "403");
	stop(&server, SIGTERM);
}

TEST(only_the_pages_own_scripts_may_run)
{
	struct server server = start(COUNTING);
	char *first, *second, nonce[64], expected[256];
	int fd = dial(&server);

	ask(fd, "GET", path_of(&server, ""), "127.0.0.1");
	first = take(fd, NULL);
	close(fd);
	assert_contains(first, "Content-Security-Policy: default-src 'none'; script-src 'nonce-");
	assert_contains(first, "X-Content-Type-Options: nosniff");
	assert_contains(first, "Cache-Control: no-store");
	assert_int_equal(sscanf(strstr(first, "'nonce-"), "'nonce-%32[0-9a-f]'", nonce), 1);
	snprintf(expected, sizeof(expected), "<script nonce=\"%s\">1</script><style nonce=\"%s\">",
		 nonce, nonce);
	assert_contains(first, expected);
	fd = dial(&server);
	ask(fd, "GET", path_of(&server, ""), "127.0.0.1");
	second = take(fd, NULL);
	close(fd);
	assert_null(strstr(second, nonce));
	free(first);
	free(second);
	stop(&server, SIGTERM);
}

TEST(readings_arrive_one_an_interval)
{
	struct server server = start(COUNTING);
	int fd = dial(&server);
	char *text;

	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	text = take(fd, "{\"n\":3}");
	assert_contains(text, "Content-Type: text/event-stream");
	assert_contains(text, "data: {\"n\":0}\n\n");
	assert_contains(text, "data: {\"n\":1}\n\n");
	assert_contains(text, "data: {\"n\":2}\n\n");
	free(text);
	close(fd);
	stop(&server, SIGTERM);
}

TEST(many_share_one_reading)
{
	struct server server = start(COUNTING);
	char *text, until[32];
	int fd[20], i, n;

	for (i = 0; i < 20; i++) {
		fd[i] = dial(&server);
		ask(fd[i], "GET", path_of(&server, "events"), "127.0.0.1");
	}
	text = take(fd[19], "}\n\n");
	assert_int_equal(sscanf(strstr(text, "{\"n\":"), "{\"n\":%d}", &n), 1);
	free(text);
	snprintf(until, sizeof(until), "{\"n\":%d}", n + 5);
	for (i = 0; i < 20; i++) {
		text = take(fd[i], until);
		assert_contains(text, until);
		free(text);
		close(fd[i]);
	}
	stop(&server, SIGTERM);
}

TEST(a_reading_that_has_not_changed_is_not_sent_again)
{
	struct server server = start(STILL);
	int fd = dial(&server);
	char *text;

	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	text = take(fd, "event: same\ndata:\n\n");
	assert_contains(text, "data: {\"n\":0}\n\n");
	assert_null(strstr(strstr(text, "{\"n\":0}") + 1, "{\"n\":0}"));
	free(text);
	close(fd);
	fd = dial(&server);	/* and who comes later gets it whole */
	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	text = take(fd, "data: {\"n\":0}\n\n");
	free(text);
	close(fd);
	stop(&server, SIGTERM);
}

TEST(a_failed_reading_is_told_and_the_next_one_is_tried)
{
	struct server server = start(FAILING);
	int fd = dial(&server);
	char *text;

	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	text = take(fd, "{\"n\":1}");
	assert_contains(text, "event: failed\ndata: \"the \\\"first\\\" one fails\"\n\n");
	free(text);
	close(fd);
	stop(&server, SIGTERM);
}

static long resident_kib(pid_t pid)
{
	char path[64], line[128];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	}
	fclose(file);
	return kib;
}

TEST(who_does_not_read_holds_nobody_up_and_costs_no_memory)
{
	struct server server = start(LARGE);
	int deaf[8], fd, i;
	char *text;

	for (i = 0; i < 8; i++) {
		deaf[i] = dial(&server);
		ask(deaf[i], "GET", path_of(&server, "events"), "127.0.0.1");
	}
	fd = dial(&server);
	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	for (i = 0; i < 30; i++) {
		text = take(fd, "\"}\n\n");
		assert_contains(text, "\"}\n\n");
		free(text);
	}
	/* 30 readings of 1 MiB went by; the eight hold one each at most */
	assert_in_range(resident_kib(server.pid), 1, RESIDENT_KIB);
	for (i = 0; i < 8; i++)
		close(deaf[i]);
	close(fd);
	stop(&server, SIGTERM);
}

TEST(who_vanishes_is_forgotten)
{
	const struct linger reset = { .l_onoff = 1 };
	struct server server = start(LARGE);
	int fd, i;
	char *text;

	for (i = 0; i < 150; i++) {	/* more than may be connected at once */
		fd = dial(&server);
		ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (i % 3) {
			text = take(fd, "data: {");
			free(text);
		}
		close(fd);
	}
	fd = dial(&server);
	ask(fd, "GET", path_of(&server, "events"), "127.0.0.1");
	text = take(fd, "data: {");
	assert_contains(text, "data: {");
	free(text);
	close(fd);
	stop(&server, SIGTERM);
}

TEST(a_port_that_is_taken_is_said)
{
	struct tune_page *first, *second;
	struct rt_err err = { 0 };
	unsigned int port;

	assert_int_equal(tune_page_create(&first, HTML, 0, &err), 0);
	assert_int_equal(sscanf(tune_page_url(first), "http://127.0.0.1:%u/", &port), 1);
	assert_int_equal(tune_page_create(&second, HTML, port, &err), -EADDRINUSE);
	assert_contains(err.text, "of 127.0.0.1: Address already in use");
	tune_page_destroy(first);
}

TEST(a_browser_needs_a_desktop)
{
	struct tune_page *page;
	struct rt_err err = { 0 };

	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	assert_int_equal(tune_page_create(&page, HTML, 0, &err), 0);
	assert_int_equal(tune_page_browse(page, &err), RT_ECANNOT);
	assert_contains(err.text, "neither DISPLAY nor WAYLAND_DISPLAY is set");
	tune_page_destroy(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_alone_opens_the_page),
		cmocka_unit_test(nothing_but_get_is_answered),
		cmocka_unit_test(only_the_names_of_this_host_are_answered),
		cmocka_unit_test(only_the_pages_own_scripts_may_run),
		cmocka_unit_test(readings_arrive_one_an_interval),
		cmocka_unit_test(many_share_one_reading),
		cmocka_unit_test(a_reading_that_has_not_changed_is_not_sent_again),
		cmocka_unit_test(a_failed_reading_is_told_and_the_next_one_is_tried),
		cmocka_unit_test(who_does_not_read_holds_nobody_up_and_costs_no_memory),
		cmocka_unit_test(who_vanishes_is_forgotten),
		cmocka_unit_test(a_port_that_is_taken_is_said),
		cmocka_unit_test(a_browser_needs_a_desktop),
	};

	return RUN_TESTS(tests);
}
