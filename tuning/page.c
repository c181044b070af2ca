/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.c - libmicrohttpd, driven by our event loop: a page, and its events
 *
 * A reading is one block of memory, shared by all that are being sent it and
 * freed behind the last; so what is kept is bounded by the number of clients.
 */
#include "tuning/page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/loop.h"

#define TOKEN_BYTES	16
#define TOKEN_LEN	(2 * TOKEN_BYTES)
#define MAX_CLIENTS	64
#define CLIENT_MEMORY	(32 * 1024)	/* of libmicrohttpd, for each */
#define IDLE_SECONDS	30	/* a client that takes nothing for so long is let go */
#define TICK_NS		1000000000ull
#define SAME		"event: same\ndata:\n\n"	/* the last reading still holds */

/* Bytes that are being sent to one client or to many. */
struct parcel {
	unsigned int users;
	size_t len;
	char text[];
};

/* Who listens to events. */
struct client {
	struct client *next;
	struct tune_page *page;
	struct MHD_Connection *connection;
	struct parcel *parcel;	/* a reference; NULL between two */
	size_t sent;		/* of it */
	unsigned int seen, ticks;	/* the page's, as far as this client knows */
	bool waits;		/* suspended */
};

struct tune_page {
	struct MHD_Daemon *daemon;
	struct rt_loop *loop;
	const char *html;
	char token[TOKEN_LEN + 1];
	char url[64 + TOKEN_LEN];
	char ticket[128];	/* the file that leads a browser here, or "" */
	pid_t browser;
	struct client *clients;
	struct parcel *newest;	/* a reference; NULL before the first reading */
	struct parcel *same;
	unsigned int seen;	/* counts the readings that differed */
	unsigned int ticks;	/* counts all */
	tune_page_read_fn read;
	void *arg;
	uint64_t interval_ns;
	struct rt_source *timer;
};

/* ---- parcels ---- */

static struct parcel *parcel_create(const char *text, size_t len)
{
	struct parcel *parcel = malloc(sizeof(*parcel) + len);

	if (!parcel)
		return NULL;
	parcel->users = 1;
	parcel->len = len;
	memcpy(parcel->text, text, len);
	return parcel;
}

static void parcel_put(struct parcel *parcel)
{
	if (parcel && --parcel->users == 0)
		free(parcel);
}

static bool parcel_is(const struct parcel *parcel, const struct rt_buf *text)
{
	return parcel && parcel->len == text->len &&
	       memcmp(parcel->text, text->data, text->len) == 0;
}

/* ---- events ---- */

static struct parcel *next_parcel(const struct client *client)
{
	const struct tune_page *page = client->page;

	if (client->ticks == page->ticks)
		return NULL;
	return client->seen == page->seen ? page->same : page->newest;
}

/* libmicrohttpd asks for more of the endless answer. */
static ssize_t more_events(void *arg, uint64_t pos, char *to, size_t max)
{
	struct client *client = arg;
	size_t len;

	(void)pos;
	if (!client->parcel) {
		client->parcel = next_parcel(client);
		if (!client->parcel) {
			client->waits = true;
			MHD_suspend_connection(client->connection);
			return 0;
		}
		client->parcel->users++;
		client->sent = 0;
		client->seen = client->page->seen;
		client->ticks = client->page->ticks;
	}
	len = client->parcel->len - client->sent;
	if (len > max)
		len = max;
	memcpy(to, client->parcel->text + client->sent, len);
	client->sent += len;
	if (client->sent == client->parcel->len) {
		parcel_put(client->parcel);
		client->parcel = NULL;
	}
	return (ssize_t)len;
}

static void forget_client(void *arg)
{
	struct client *client = arg, **at;

	for (at = &client->page->clients; *at; at = &(*at)->next) {
		if (*at == client) {
			*at = client->next;
			break;
		}
	}
	parcel_put(client->parcel);
	free(client);
}

static void wake_clients(struct tune_page *page)
{
	struct client *client;

	for (client = page->clients; client; client = client->next) {
		if (client->waits) {
			client->waits = false;
			MHD_resume_connection(client->connection);
		}
	}
}

/* One reading as the text of an event; a failure is an event too. */
static void read_event(struct tune_page *page, struct rt_buf *to)
{
	struct rt_json json = { .buf = to };
	struct rt_err err = { 0 };

	rt_buf_puts(to, "data: ");
	if (page->read(page->arg, to, &err) < 0) {
		to->len = 0;
		rt_buf_puts(to, "event: failed\ndata: ");
		rt_json_str(&json, err.text);
	}
	rt_buf_puts(to, "\n\n");
}

static void take_reading(struct tune_page *page)
{
	struct rt_buf text = { 0 };
	struct parcel *parcel;

	read_event(page, &text);
	if (!text.failed && !parcel_is(page->newest, &text)) {
		parcel = parcel_create(text.data, text.len);
		if (parcel) {
			parcel_put(page->newest);
			page->newest = parcel;
			page->seen++;
		}
	}
	rt_buf_finish(&text);
	if (page->newest)
		page->ticks++;
	wake_clients(page);
}

/* ---- answers ---- */

static const char *const safe_headers[][2] = {
	{ "Cache-Control", "no-store" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
};

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;
	size_t i;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	for (i = 0; i < sizeof(safe_headers) / sizeof(safe_headers[0]); i++)
		MHD_add_response_header(response, safe_headers[i][0], safe_headers[i][1]);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *words)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(words), (void *)words, MHD_RESPMEM_PERSISTENT);

	if (response && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET");
	return send_answer(connection, status, response, "text/plain; charset=utf-8");
}

static void to_hex(char *to, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(to + 2 * i, "%02x", bytes[i]);
}

static int random_word(char to[TOKEN_LEN + 1])
{
	uint8_t bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -errno;
	to_hex(to, bytes, sizeof(bytes));
	return 0;
}

static void fill_page(struct rt_buf *to, const char *html, const char *nonce)
{
	static const char mark[] = "@NONCE@";
	const char *at;

	while ((at = strstr(html, mark)) != NULL) {
		rt_buf_add(to, html, (size_t)(at - html));
		rt_buf_puts(to, nonce);
		html = at + strlen(mark);
	}
	rt_buf_puts(to, html);
}

static enum MHD_Result answer_page(const struct tune_page *page, struct MHD_Connection *connection)
{
	char nonce[TOKEN_LEN + 1], policy[320];
	struct MHD_Response *response;
	struct rt_buf text = { 0 };

	if (random_word(nonce) < 0)
		return MHD_NO;
	fill_page(&text, page->html, nonce);
	if (text.failed) {
		rt_buf_finish(&text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(text.len, text.data, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		rt_buf_finish(&text);
		return MHD_NO;
	}
	snprintf(policy, sizeof(policy), "default-src 'none'; script-src 'nonce-%s'; "
		 "style-src 'nonce-%s'; connect-src 'self'; img-src data:; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'", nonce, nonce);
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	return send_answer(connection, MHD_HTTP_OK, response, "text/html; charset=utf-8");
}

static enum MHD_Result answer_events(struct tune_page *page, struct MHD_Connection *connection)
{
	struct client *client = calloc(1, sizeof(*client));
	struct MHD_Response *response;

	if (!client)
		return MHD_NO;
	client->page = page;
	client->connection = connection;
	client->seen = page->seen - 1;	/* the newest reading is new to it */
	client->ticks = page->newest ? page->ticks - 1 : page->ticks;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 * 1024, more_events,
						     client, forget_client);
	if (!response) {
		free(client);
		return MHD_NO;
	}
	client->next = page->clients;
	page->clients = client;
	return send_answer(connection, MHD_HTTP_OK, response, "text/event-stream");
}

/* Takes as long for any token of the right length, so that no byte can be guessed alone. */
static bool same_token(const char *a, const char *b)
{
	unsigned char differ = 0;
	size_t i;

	for (i = 0; i < TOKEN_LEN; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

/* What follows "/TOKEN/" in @url, or NULL where that is not ours. */
static const char *behind_token(const struct tune_page *page, const char *url)
{
	if (strnlen(url, TOKEN_LEN + 2) < TOKEN_LEN + 2 || url[0] != '/' ||
	    url[TOKEN_LEN + 1] != '/' || !same_token(url + 1, page->token))
		return NULL;
	return url + TOKEN_LEN + 2;
}

/*
 * A site that makes its own name mean 127.0.0.1 would be given that name.  The
 * port may be another one: ssh -L chooses it.
 */
static bool own_host(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	size_t i, len;

	for (i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (strncmp(host, names[i], len) == 0 && (host[len] == ':' || !host[len]))
			return strspn(host + len, ":0123456789") == strlen(host + len);
	}
	return false;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **own)
{
	struct tune_page *page = arg;
	const char *rest;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)own;
	if (!own_host(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host")))
		return refuse(connection, MHD_HTTP_FORBIDDEN, "not a name of this host\n");
	rest = behind_token(page, url);
	if (!rest)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "not here\n");
	if (strcmp(method, "GET") != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "this can only be read\n");
	if (!*rest)
		return answer_page(page, connection);
	if (strcmp(rest, "events") == 0)
		return answer_events(page, connection);
	return refuse(connection, MHD_HTTP_NOT_FOUND, "not here\n");
}

/* ---- life ---- */

static int open_socket(unsigned int port, unsigned int *ret_port, struct rt_err *err)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd, rc, one = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, MAX_CLIENTS) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
		rc = rt_err_set(err, -errno, "cannot listen on port %u of 127.0.0.1", port);
		close(fd);
		return rc;
	}
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

/* Takes @fd over. */
static int start_daemon(struct tune_page *page, int fd, struct rt_err *err)
{
	page->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, page,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CLIENTS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
		MHD_OPTION_END);
	if (page->daemon)
		return 0;
	close(fd);
	return rt_err_say(err, -EIO, "libmicrohttpd does not start");
}

int tune_page_create(struct tune_page **ret, const char *html, unsigned int port,
		     struct rt_err *err)
{
	struct tune_page *page = calloc(1, sizeof(*page));
	int fd, rc;

	if (!page)
		return rt_err_set(err, -ENOMEM, "cannot allocate a page");
	page->html = html;
	page->same = parcel_create(SAME, strlen(SAME));
	rc = page->same ? random_word(page->token) : -ENOMEM;
	if (rc < 0) {
		rt_err_set(err, rc, "cannot make a token");
		goto err_free;
	}
	rc = fd = open_socket(port, &port, err);
	if (fd < 0)
		goto err_free;
	rc = start_daemon(page, fd, err);
	if (rc < 0)
		goto err_free;
	snprintf(page->url, sizeof(page->url), "http://127.0.0.1:%u/%s/", port, page->token);
	*ret = page;
	return 0;

err_free:
	parcel_put(page->same);
	free(page);
	return rc;
}

void tune_page_destroy(struct tune_page *page)
{
	if (!page)
		return;
	wake_clients(page);	/* libmicrohttpd ends no connection that is suspended */
	MHD_stop_daemon(page->daemon);
	if (page->ticket[0])
		unlink(page->ticket);
	parcel_put(page->newest);
	parcel_put(page->same);
	free(page);
}

const char *tune_page_url(const struct tune_page *page)
{
	return page->url;
}

/* ---- the browser ---- */

static int write_ticket(struct tune_page *page, struct rt_err *err)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int fd, put;

	if (!dir || !*dir)
		dir = "/tmp";
	if (snprintf(page->ticket, sizeof(page->ticket), "%s/kvmrt-XXXXXX.html", dir) >=
	    (int)sizeof(page->ticket)) {
		page->ticket[0] = '\0';
		return rt_err_set(err, -ENAMETOOLONG, "%s", dir);
	}
	fd = mkstemps(page->ticket, strlen(".html"));
	if (fd < 0) {
		page->ticket[0] = '\0';
		return rt_err_set(err, -errno, "cannot create a file in %s", dir);
	}
	put = dprintf(fd, "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0;url=%s\">\n",
		      page->url);
	close(fd);
	return put < 0 ? rt_err_set(err, -EIO, "cannot write %s", page->ticket) : 0;
}

int tune_page_browse(struct tune_page *page, struct rt_err *err)
{
	char *argv[] = { (char *)"xdg-open", page->ticket, NULL };
	posix_spawn_file_actions_t quiet;
	int rc;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return rt_err_say(err, RT_ECANNOT, "neither DISPLAY nor WAYLAND_DISPLAY is set");
	rc = write_ticket(page, err);
	if (rc < 0)
		return rc;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&page->browser, argv[0], &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (rc) {
		page->browser = 0;
		return rt_err_set(err, rc == ENOENT ? RT_ECANNOT : -rc, "cannot run xdg-open");
	}
	return 0;
}

static void browser_ended(void *arg, pid_t pid, int wait_status)
{
	(void)arg;
	(void)pid;
	(void)wait_status;	/* the URL has been printed as well */
}

/* ---- running ---- */

static void on_interval(void *arg);

/* The first to look is shown something at once, and the next after a whole interval. */
static void begin_readings(struct tune_page *page)
{
	rt_loop_remove(page->loop, page->timer);
	page->timer = NULL;
	if (rt_loop_add_timer(page->loop, page->interval_ns, on_interval, page, &page->timer,
			      NULL) == 0)
		take_reading(page);
}

/*
 * Until nothing is left to do.  Readiness that libmicrohttpd has already taken
 * from its epoll descriptor would not wake us again.
 */
static void drive(struct tune_page *page)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	do {
		MHD_run(page->daemon);
		if (page->clients && !page->newest) {
			begin_readings(page);
			MHD_run(page->daemon);
		}
	} while (MHD_get_timeout(page->daemon, &timeout) == MHD_YES && timeout == 0);
}

static void on_activity(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	drive(arg);
}

/* While nobody looks nothing is read, and what was read before is not shown as new. */
static void on_interval(void *arg)
{
	struct tune_page *page = arg;

	if (page->clients) {
		take_reading(page);
	} else {
		parcel_put(page->newest);
		page->newest = NULL;
	}
	drive(page);
}

static void on_tick(void *arg)
{
	drive(arg);
}

static void on_end(void *arg, int signo)
{
	struct tune_page *page = arg;

	(void)signo;
	rt_loop_stop(page->loop, 0);
}

static int add_sources(struct tune_page *page, struct rt_err *err)
{
	int epoll, rc;

	epoll = MHD_get_daemon_info(page->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	rc = rt_loop_add_fd(page->loop, epoll, EPOLLIN, on_activity, page, NULL, err);
	if (rc == 0)
		rc = rt_loop_add_timer(page->loop, page->interval_ns, on_interval, page,
				       &page->timer, err);
	if (rc == 0)
		rc = rt_loop_add_timer(page->loop, TICK_NS, on_tick, page, NULL, err);
	if (rc == 0)
		rc = rt_loop_add_signal(page->loop, SIGINT, on_end, page, err);
	if (rc == 0)
		rc = rt_loop_add_signal(page->loop, SIGTERM, on_end, page, err);
	if (rc == 0 && page->browser)
		rc = rt_loop_add_child(page->loop, page->browser, browser_ended, page, err);
	return rc;
}

int tune_page_run(struct tune_page *page, uint64_t interval_ns, tune_page_read_fn read, void *arg,
		  struct rt_err *err)
{
	int rc;

	page->read = read;
	page->arg = arg;
	page->interval_ns = interval_ns;
	rc = rt_loop_create(&page->loop, err);
	if (rc < 0)
		return rc;
	signal(SIGPIPE, SIG_IGN);
	rc = add_sources(page, err);
	if (rc == 0)
		rc = rt_loop_run(page->loop, err);
	rt_loop_destroy(page->loop);
	return rc;
}
