/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-gsd.c - kvmrt-gsd: the host's end of guest services, one daemon a host
 *
 * One thread looks some times a second at what guests have called, on a CPU that
 * nobody keeps free; flushes of sessions are asked for in threads of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gs/host/front.h"
#include "gs/host/service.h"
#include "gs/host/sink.h"
#include "gs/host/source.h"
#include "gs/host/syslog.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/root.h"
#include "lib/table.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define LOOK_NS		50000000ull	/* how often it looks for calls */
#define LAST_FLUSHES_MS	3000		/* what the end waits for sessions to answer */
#define LAST_LINES_MS	500		/* and for syslog to take the last lines */
#define REFRESH_LOOKS	20		/* and after how many of these for modules and VMs */

static bool foreground, ask_status, json;
static const char *log_to = "both", *root_path;
static uint64_t buffer_bytes = 512 << 10;
static unsigned int lines = 100, flushes = 10, patience = GS_PATIENCE_S;

static const struct rt_opt gsd_opts[] = {
	RT_BOOL('f', "foreground", &foreground, "stay in the foreground"),
	RT_CHOICE(0, "log", &log_to, "kmsg|syslog|both", "where messages are written"),
	RT_UINT('l', "lines", &lines, "N", 0, 100000, "lines a second of one VM, ten times as "
		"many at once; 0 any number"),
	RT_UINT(0, "flushes", &flushes, "N", 0, 1000, "flushes a second of one VM; 0 any number"),
	RT_UINT(0, "patience", &patience, "SECONDS", 1, 3600, "how long a message waits for what "
		"is missing of it"),
	RT_SIZE('b', "buffer", &buffer_bytes, "SIZE", 16 << 10, 64 << 20, "buffer of a CPU"),
	RT_BOOL(0, "status", &ask_status, "what the daemon that runs has seen"),
	RT_BOOL(0, "json", &json, "the status as JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "find /proc, /sys, /dev and /run below DIR"),
	RT_END
};

struct daemon {
	struct rt_root root;
	struct rt_loop *loop;
	struct gs_front *front;
	struct gs_source *source;
	struct gs_service *service;
	struct gs_sink sink;
	struct xt_vms vms;
	uint64_t vms_stamp;
	bool vms_changed;		/* at the refresh before */
	bool unknown;			/* a thread was seen that is in no VM */
	unsigned int looks;
	uint64_t sessions_asked;
};

static uint64_t now_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- what comes ---- */

static void refresh_vms(struct daemon *daemon)
{
	struct xt_vms vms;

	if (xt_vms_find(&vms, &daemon->root, NULL) < 0)
		return;
	xt_vms_finish(&daemon->vms);
	daemon->vms = vms;
	gs_service_set_vms(daemon->service, &daemon->vms, now_of(CLOCK_MONOTONIC));
}

static void on_line(void *arg, const char *line)
{
	struct daemon *daemon = arg;

	gs_sink_line(&daemon->sink, line);
}

static void on_flush(void *arg, const struct gs_flush *flush)
{
	struct daemon *daemon = arg;
	struct rt_cpuset cpus;
	bool some = gs_sink_flush_cpus(&daemon->root, &daemon->vms, flush, &cpus);

	daemon->sessions_asked += gs_sink_flush(&daemon->root, flush, some ? &cpus : NULL);
}

/* A VM that nobody knows yet is looked for at once, but once a look. */
static void on_call(void *arg, const struct gs_traced *call)
{
	struct daemon *daemon = arg;

	if (!daemon->unknown && !gs_service_knows(daemon->service, call->tid)) {
		daemon->unknown = true;
		refresh_vms(daemon);
	}
	gs_service_call(daemon->service, call);
}

static void on_lost(void *arg, unsigned int cpu, uint64_t nr, uint64_t ns)
{
	struct daemon *daemon = arg;

	gs_service_lost(daemon->service, cpu, nr, ns);
}

/* ---- from time to time ---- */

static void end_badly(struct daemon *daemon, const struct rt_err *err)
{
	gs_syslog(LOG_ERR, "%s", err->text);
	fprintf(stderr, "kvmrt-gsd: %s\n", err->text);
	rt_loop_stop(daemon->loop, 1);
}

static void on_refresh(struct daemon *daemon)
{
	uint64_t stamp = xt_vms_stamp(&daemon->root);
	struct rt_err err = { 0 };

	if (gs_source_refresh(daemon->source, &err) < 0)
		end_badly(daemon, &err);
	/* Once more behind a change: a VM that has ended is known for one refresh longer. */
	if (stamp != daemon->vms_stamp || daemon->vms_changed)
		refresh_vms(daemon);
	daemon->vms_changed = stamp != daemon->vms_stamp;
	daemon->vms_stamp = stamp;
}

static void on_look(void *arg)
{
	struct daemon *daemon = arg;
	uint64_t now = now_of(CLOCK_MONOTONIC);
	struct rt_err err = { 0 };

	daemon->unknown = false;
	gs_service_set_time(daemon->service, now_of(CLOCK_REALTIME) - now);
	if (gs_source_read(daemon->source, now, &err) < 0)
		end_badly(daemon, &err);
	gs_service_tick(daemon->service, now);
	gs_syslog_tick();
	if (++daemon->looks % REFRESH_LOOKS == 0)
		on_refresh(daemon);
}

static void on_signal(void *arg, int signo)
{
	struct daemon *daemon = arg;

	(void)signo;
	on_look(daemon);
	rt_loop_stop(daemon->loop, 0);
}

/* ---- status ---- */

enum {
	COL_VM, COL_PID, COL_CALLS, COL_PINGS, COL_MESSAGES, COL_DATA, COL_BYTES, COL_FLUSHES,
	COL_INCOMPLETE, COL_INVALID, COL_LINES_DROPPED, COL_FLUSHES_DROPPED, NR_COLS
};

static const struct rt_column columns[] = {
	[COL_VM] = { "VM", "vm", RT_COL_STRING, "name" },
	[COL_PID] = { "PID", "pid", RT_COL_NUMBER, "its process" },
	[COL_CALLS] = { "CALLS", "calls", RT_COL_NUMBER, "hypercalls of guest services" },
	[COL_PINGS] = { "PINGS", "pings", RT_COL_NUMBER, "pings" },
	[COL_MESSAGES] = { "MESSAGES", "messages", RT_COL_NUMBER, "messages for the log" },
	[COL_DATA] = { "DATA", "data", RT_COL_NUMBER, "data for the trace" },
	[COL_BYTES] = { "BYTES", "data_bytes", RT_COL_NUMBER, "bytes of data" },
	[COL_FLUSHES] = { "FLUSHES", "flushes", RT_COL_NUMBER, "flushes asked for" },
	[COL_INCOMPLETE] = { "INCOMPLETE", "incomplete", RT_COL_NUMBER, "some of it is missing" },
	[COL_INVALID] = { "INVALID", "invalid", RT_COL_NUMBER, "calls against the protocol" },
	[COL_LINES_DROPPED] = { "DROPPED", "lines_dropped", RT_COL_NUMBER,
				"messages over the limit" },
	[COL_FLUSHES_DROPPED] = { "NOT-FLUSHED", "flushes_dropped", RT_COL_NUMBER,
				  "flushes over the limit" },
};

static void add_vm(struct rt_table *table, const struct gs_vm_stats *vm)
{
	rt_table_row(table);
	rt_table_str(table, COL_VM, vm->name);
	rt_table_u64(table, COL_PID, vm->pid);
	rt_table_u64(table, COL_CALLS, vm->calls);
	rt_table_u64(table, COL_PINGS, vm->pings);
	rt_table_u64(table, COL_MESSAGES, vm->messages);
	rt_table_u64(table, COL_DATA, vm->data);
	rt_table_u64(table, COL_BYTES, vm->data_bytes);
	rt_table_u64(table, COL_FLUSHES, vm->flushes);
	rt_table_u64(table, COL_INCOMPLETE, vm->incomplete);
	rt_table_u64(table, COL_INVALID, vm->invalid);
	rt_table_u64(table, COL_LINES_DROPPED, vm->lines_dropped);
	rt_table_u64(table, COL_FLUSHES_DROPPED, vm->flushes_dropped);
}

static void write_head(const struct daemon *daemon, FILE *to)
{
	fprintf(to, "events     %s\n", gs_source_has_module(daemon->source) ?
		"of kvmrt_gs_host, which answers" : gs_source_has_kvm(daemon->source) ?
		"of KVM; nobody answers the guests" : "none: kvm is not loaded");
	fprintf(to, "lines      %llu written, %llu failed, %zu wait for syslog\n",
		(unsigned long long)daemon->sink.lines, (unsigned long long)daemon->sink.failed,
		gs_syslog_kept());
	fprintf(to, "sessions   %llu asked to flush, %u not answered yet, %u failed\n",
		(unsigned long long)daemon->sessions_asked, gs_sink_flushes_pending(),
		gs_sink_flushes_failed());
	fprintf(to, "lost       %llu calls\n",
		(unsigned long long)gs_service_total_lost(daemon->service));
}

static void write_json_head(const struct daemon *daemon, FILE *to)
{
	fprintf(to, "{\"kvm\": %s, \"module\": %s, \"lines\": %llu, \"lines_failed\": %llu, "
		"\"lines_waiting\": %zu, \"sessions_asked\": %llu, \"sessions_pending\": %u, "
		"\"sessions_failed\": %u, \"lost\": %llu, \"vms\": ",
		gs_source_has_kvm(daemon->source) ? "true" : "false",
		gs_source_has_module(daemon->source) ? "true" : "false",
		(unsigned long long)daemon->sink.lines, (unsigned long long)daemon->sink.failed,
		gs_syslog_kept(), (unsigned long long)daemon->sessions_asked,
		gs_sink_flushes_pending(), gs_sink_flushes_failed(),
		(unsigned long long)gs_service_total_lost(daemon->service));
}

static bool on_question(void *arg, const char *question, FILE *to)
{
	const struct daemon *daemon = arg;
	bool as_json = strcmp(question, "json") == 0;
	struct gs_vm_stats vm;
	struct rt_table *table;
	size_t i;

	if (!as_json && strcmp(question, "status") != 0)
		return false;
	if (rt_table_create(&table, columns, NR_COLS) < 0)
		return true;
	for (i = 0; gs_service_stats(daemon->service, i, &vm); i++)
		add_vm(table, &vm);
	if (as_json) {
		write_json_head(daemon, to);
		rt_table_print_json(table, to, NULL);
		fputs("}\n", to);
	} else {
		write_head(daemon, to);
		rt_table_print(table, to, NULL);
	}
	rt_table_destroy(table);
	return true;
}

static int status(struct rt_err *err)
{
	struct rt_buf answer = { 0 };
	struct rt_root root;
	int rc = rt_root_init(&root, root_path, err);

	if (rc < 0)
		return rc;
	rc = gs_front_ask(&root, json ? "json\n" : "status\n", &answer, err);
	if (rc == 0)
		fwrite(answer.data, 1, answer.len, stdout);
	rt_buf_finish(&answer);
	rt_root_finish(&root);
	return rc;
}

/* ---- its life ---- */

static void keep_off_free_cpus(const struct rt_root *root)
{
	struct rt_cpuset online, ours, got;

	if (xt_place_read(root, &online, "online", NULL) < 0)
		return;
	xt_place_default(root, &online, &ours);
	xt_place_here(&ours, &got, NULL);
}

/* Also at the end of the terminal, but not where nohup(1) has asked for the contrary. */
static int add_signals(struct daemon *daemon, struct rt_err *err)
{
	struct sigaction hangup;
	int rc;

	rc = rt_loop_add_signal(daemon->loop, SIGTERM, on_signal, daemon, err);
	if (rc == 0)
		rc = rt_loop_add_signal(daemon->loop, SIGINT, on_signal, daemon, err);
	if (rc == 0 && sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		rc = rt_loop_add_signal(daemon->loop, SIGHUP, on_signal, daemon, err);
	return rc;
}

static int set_up(struct daemon *daemon, struct rt_err *err)
{
	const struct gs_source_fns fns = { daemon, on_call, on_lost };
	const struct gs_sinks sinks = { daemon, on_line, on_flush };
	const struct gs_service_opts opts = { .lines = lines, .flushes = flushes,
					      .patience_s = patience };
	struct rt_source *timer;
	int rc;

	daemon->sink = (struct gs_sink){ .root = &daemon->root,
					 .kmsg = strcmp(log_to, "syslog") != 0,
					 .syslog = strcmp(log_to, "kmsg") != 0 };
	rc = rt_loop_create(&daemon->loop, err);
	/* A signal waits from here on, so that nothing half made is left. */
	if (rc == 0)
		rc = add_signals(daemon, err);
	if (rc == 0)
		rc = gs_front_create(&daemon->front, &daemon->root, daemon->loop, on_question,
				     daemon, err);
	if (rc == 0 && gs_service_create(&daemon->service, &opts, &sinks) < 0)
		rc = rt_err_set(err, -ENOMEM, "cannot begin");
	if (rc == 0)
		rc = gs_source_create(&daemon->source, &daemon->root, buffer_bytes, &fns, err);
	if (rc == 0)
		rc = rt_loop_add_timer(daemon->loop, LOOK_NS, on_look, daemon, &timer, err);
	return rc;
}

static void tear_down(struct daemon *daemon)
{
	gs_service_destroy(daemon->service);
	gs_source_destroy(daemon->source, true);
	gs_front_destroy(daemon->front);
	rt_loop_destroy(daemon->loop);
	xt_vms_finish(&daemon->vms);
}

/* Descriptors 0 to @last: nobody who reads our output waits for our end. */
static void drop_terminal(int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	if (null < 0)
		return;
	for (fd = STDIN_FILENO; fd <= last; fd++)
		dup2(null, fd);
	close(null);
}

/* Who waits is told; from now on no terminal, no reader and no file system is kept busy. */
static void tell_ready(int fd)
{
	drop_terminal(STDERR_FILENO);
	if (chdir("/") < 0)
		gs_syslog(LOG_WARNING, "cannot go to /: %s", strerror(errno));
	if (write(fd, "", 1) == 1)
		close(fd);
}

/* What syslog did not take is told where it still can be. */
static void end_syslog(struct daemon *daemon)
{
	size_t lost = gs_syslog_close(LAST_LINES_MS);
	char line[128];

	if (!lost)
		return;
	snprintf(line, sizeof(line), "%zu lines are missing in syslog: it took nothing", lost);
	fprintf(stderr, "kvmrt-gsd: %s\n", line);
	daemon->sink.kmsg = true;	/* also with --log syslog, which is closed by now */
	daemon->sink.syslog = false;
	gs_sink_line(&daemon->sink, line);
}

/* Tells who waits at @ready_fd (-1: nobody) that all is set up. */
static int serve(int ready_fd, struct rt_err *err)
{
	static struct daemon daemon;	/* for threads that a session holds up to the end */
	int rc = rt_root_init(&daemon.root, root_path, err);
	unsigned int pending;

	if (rc < 0)
		return rc;
	gs_syslog_open(&daemon.root);
	keep_off_free_cpus(&daemon.root);
	rc = set_up(&daemon, err);
	if (rc == 0) {
		refresh_vms(&daemon);
		if (ready_fd >= 0)
			tell_ready(ready_fd);
		rc = rt_loop_run(daemon.loop, err);
	}
	tear_down(&daemon);
	pending = gs_sink_flush_wait(LAST_FLUSHES_MS);
	end_syslog(&daemon);
	if (pending == 0)
		rt_root_finish(&daemon.root);
	return rc;
}

/* The parent ends when the daemon is ready, or with its status when it could not begin. */
static int await_ready(pid_t pid, int fd, struct rt_err *err)
{
	int wait_status = 0;
	char byte;

	if (read(fd, &byte, 1) == 1)
		return 0;
	if (waitpid(pid, &wait_status, 0) != pid || !WIFEXITED(wait_status))
		return rt_err_say(err, -EIO, "the daemon ended at its beginning");
	return WEXITSTATUS(wait_status) ? WEXITSTATUS(wait_status) : 1;
}

static int serve_in_background(struct rt_err *err)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return rt_err_set(err, -errno, "cannot make a pipe");
	pid = fork();
	if (pid < 0)
		return rt_err_set(err, -errno, "cannot make the daemon's process");
	if (pid > 0) {
		close(ready[1]);
		return await_ready(pid, ready[0], err);
	}
	close(ready[0]);
	setsid();
	drop_terminal(STDOUT_FILENO);
	return serve(ready[1], err);
}

static int gsd(int argc, char **argv, struct rt_err *err)
{
	(void)argc;
	(void)argv;
	if (ask_status)
		return status(err);
	if (json)
		return rt_usage(err, "--json goes with --status");
	return foreground ? serve(-1, err) : serve_in_background(err);
}

static const struct rt_cmd gsd_cmd = {
	.name = "kvmrt-gsd",
	.summary = "serve the calls of this host's guests: log, count, flush traces",
	.synopsis = "[options]",
	.details = "Goes into the background when all is set up, unless -f is given.  SIGTERM ends "
		   "it.",
	.opts = gsd_opts,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = gsd,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&gsd_cmd, argc, argv);
}
