/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-run.c - xtrace-run: record what the kernel does while a command runs
 *
 * The owner of a session: one loop over the command, signals, timers and the
 * control socket.  What recording is stands in record.c.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/loop.h"
#include "lib/root.h"
#include "lib/table.h"
#include "lib/text.h"
#include "xtrace/child.h"
#include "xtrace/control.h"
#include "xtrace/record.h"
#include "xtrace/session.h"
#include "xtrace/status.h"

#define TICK_NS 1000000000ull
#define FREEZE_CHECK_NS 100000000ull
#define LIVE_NS 500000000ull
#define INCIDENTS 64	/* a guest that asks without end must not fill the disk */

static struct rt_strv events, excludes, filters, pids, stops, late_stops;
static struct xt_record_opts opts = {
	.output = "xtrace-data",
	.name = XT_SESSION_DEFAULT,
	.mode = "stream",
	.clock = "tod",
	.events = &events,
	.excludes = &excludes,
	.filters = &filters,
	.stops = &stops,
	.late_stops = &late_stops,
	.pids = &pids,
};
static uint64_t duration_ns = UINT64_MAX;	/* not given */
static unsigned int level;
static const char *on_flush = "keep";
static const char *root_path;

static const struct rt_opt run_opts[] = {
	RT_STRING('o', "output", &opts.output, "DIR", "make this directory (xtrace-data)"),
	RT_BOOL('f', "force", &opts.force, "replace DIR where it is an xtrace directory"),
	RT_CHOICE('m', "mode", &opts.mode, "stream|overwrite|stop",
		  "all to disk (stream), the last events only, or the first (stop)"),
	RT_CHOICE('t', "clock", &opts.clock, "tod|mono|boot|tsc|local",
		  "clock of the time stamps (tod)"),
	RT_LIST('e', "event", &events, "EVENT",
		"names of ours, tracefs names or globs, or groups, with commas (default)"),
	RT_LIST('x', "exclude", &excludes, "EVENT", "leave out of what -e has chosen"),
	RT_LIST('F', "filter", &filters, "EVENT:FILTER",
		"record EVENT where the kernel's FILTER holds"),
	RT_SIZE('b', "buffer-size", &opts.buffer_bytes, "SIZE", 16 << 10, 1ull << 40,
		"ring buffer of each CPU, with k, m or g (8m, less where memory is small)"),
	RT_STRING('c', "cpus", &opts.cpus, "CPULIST", "record these CPUs only"),
	RT_LIST('p', "pid", &pids, "PID", "record this process, and what it forks, only"),
	RT_STRING('n', "name", &opts.name, "NAME", "name of the session (default)"),
	RT_STRING(0, "drain-cpus", &opts.drain_cpus, "CPULIST",
		  "our own threads run there (all CPUs that are not isolated)"),
	RT_UINT('z', "level", &level, "LEVEL", 1, 19,
		"zstd level (follows the time that the CPUs have left)"),
	RT_CHOICE(0, "on-flush", &on_flush, "keep|stop",
		  "at a call to flush, in overwrite mode: save and go on (keep), or end (stop)"),
	RT_UINT(0, "incidents", &opts.incidents, "N", 1, 1000000,
		"save at most N calls to flush (64; 1 with --on-flush stop)"),
	RT_LIST(0, "stop-on", &stops, "EVENT [if FILTER]",
		"the kernel stops recording at this event, and the session ends"),
	RT_LIST(0, "stop-on-latency", &late_stops, "KIND(NAME)>TIME",
		"... at the first such latency: wakeup(rtapp)>100us, exit>50us, irq, softirq, "
		"syscall"),
	RT_TIME('d', "duration", &duration_ns, "SECONDS", "end the session after this time"),
	RT_STRING(0, "root", &root_path, "DIR", "find /proc, /sys and /run below DIR"),
	RT_END
};

struct owner {
	struct rt_loop *loop;
	struct rt_root root;
	struct xt_record *record;
	struct xt_control *control;
	struct rt_source *incidents;	/* calls to flush */
	struct xt_child child;
	bool has_command, live, terminated;
	bool int_ignored;		/* by the command: a shell starts background jobs so */
	bool failed;			/* of our own; has been said */
	struct rt_err failure;		/* the first one */
	int status;			/* of the command, or 128 + signal */
};

/* ---- words on stderr ---- */

static void clear_live_line(const struct owner *owner)
{
	if (owner->live)
		fputs("\r\033[K", stderr);
}

static void say(void *arg, const char *line)
{
	clear_live_line(arg);
	fprintf(stderr, "xtrace-run: %s\n", line);
}

static void complain(struct owner *owner, const struct rt_err *err)
{
	if (!owner->failed)
		owner->failure = *err;
	owner->failed = true;
	say(owner, err->text);
}

static uint64_t kept(const struct xt_cpu_stats *stats)
{
	uint64_t gone = stats->lost + stats->overwritten;

	return stats->written > gone ? stats->written - gone : 0;
}

enum { SUM_CPU, SUM_EVENTS, SUM_LOST, SUM_OVERWRITTEN, SUM_RAW, SUM_DISK, SUM_NR };

static const struct rt_column summary_columns[] = {
	[SUM_CPU] = { "CPU", "cpu", RT_COL_STRING, "CPU" },
	[SUM_EVENTS] = { "EVENTS", "events", RT_COL_NUMBER, "events kept" },
	[SUM_LOST] = { "LOST", "lost", RT_COL_NUMBER, "events lost" },
	[SUM_OVERWRITTEN] = { "OVERWRITTEN", "overwritten", RT_COL_NUMBER, "events overwritten" },
	[SUM_RAW] = { "RAW", "bytes_raw", RT_COL_NUMBER, "bytes before compression" },
	[SUM_DISK] = { "DISK", "bytes_disk", RT_COL_NUMBER, "bytes on disk" },
};

static void add_row(struct rt_table *table, const char *cpu, const struct xt_cpu_stats *stats)
{
	rt_table_row(table);
	rt_table_str(table, SUM_CPU, cpu);
	rt_table_u64(table, SUM_EVENTS, kept(stats));
	rt_table_u64(table, SUM_LOST, stats->lost);
	rt_table_u64(table, SUM_OVERWRITTEN, stats->overwritten);
	rt_table_u64(table, SUM_RAW, stats->bytes_raw);
	rt_table_u64(table, SUM_DISK, stats->bytes_disk);
}

/* Adds up all CPUs, a row each into @table where it is not NULL. */
static struct xt_cpu_stats count(struct owner *owner, struct rt_table *table)
{
	struct xt_cpu_stats both[2] = { { 0 } };
	struct xt_record_status status;
	char name[16];

	xt_record_status(owner->record, &status);
	rt_cpuset_for_each(cpu, &status.cpus) {
		if (xt_record_stats(owner->record, cpu, &both[1], NULL) < 0)
			continue;
		snprintf(name, sizeof(name), "%d", cpu);
		if (table)
			add_row(table, name, &both[1]);
		both[0] = xt_status_total(both, 2);
	}
	return both[0];
}

static void print_summary(struct owner *owner)
{
	struct xt_record_status status;
	struct xt_cpu_stats total;
	struct rt_table *table;
	char disk[32];

	clear_live_line(owner);
	if (rt_table_create(&table, summary_columns, SUM_NR) < 0)
		return;
	total = count(owner, table);
	add_row(table, "all", &total);
	xt_record_status(owner->record, &status);
	rt_table_print(table, stderr, NULL);
	rt_table_destroy(table);
	fprintf(stderr, "%s: %llu events in %.1f s, %llu lost, %s on disk%s\n", status.directory,
		(unsigned long long)kept(&total), status.seconds, (unsigned long long)total.lost,
		rt_format_size(total.bytes_disk, disk, sizeof(disk)),
		strcmp(status.state, "finished") == 0 ? "" : ", still running");
}

static bool session_has_ended(const struct owner *owner)
{
	struct xt_record_status status;

	xt_record_status(owner->record, &status);
	return strcmp(status.state, "finished") == 0;
}

static void on_live(void *arg)
{
	struct owner *owner = arg;
	struct xt_record_status status;
	struct xt_cpu_stats total;
	char disk[32], line[160];

	if (!owner->live || session_has_ended(owner))
		return;
	xt_record_status(owner->record, &status);
	total = count(owner, NULL);
	snprintf(line, sizeof(line), "%.0f s  %s  %llu events  %llu lost  %s on disk",
		 status.seconds, status.state, (unsigned long long)total.written,
		 (unsigned long long)total.lost,
		 rt_format_size(total.bytes_disk, disk, sizeof(disk)));
	/* one that is longer than the terminal is wide would stay: only its end is wiped */
	fprintf(stderr, "\r\033[K%.*s", (int)rt_terminal_width(STDERR_FILENO) - 1, line);
	fflush(stderr);
}

/* ---- the end of the session, and of the command ---- */

/* Did a trigger of --stop-on end the recording?  Said once. */
static bool has_stopped(struct owner *owner)
{
	char text[RT_ERR_MAX - 64], line[RT_ERR_MAX];

	if (!xt_record_check_stop(owner->record, text, sizeof(text)))
		return false;
	snprintf(line, sizeof(line), "the recording ended at %s", text);
	say(owner, line);
	return true;
}

static void say_saved(struct owner *owner)
{
	struct xt_record_status status;
	char line[128];

	xt_record_status(owner->record, &status);
	snprintf(line, sizeof(line), "flush %u saved at a call to flush, incident 0x%llx",
		 status.flushes, (unsigned long long)xt_record_last_incident(owner->record));
	say(owner, line);
}

/* A command may call to flush as the last thing that it does: nobody has looked yet. */
static void save_last_freeze(struct owner *owner)
{
	struct rt_err err = { 0 };
	int rc = xt_record_last_freeze(owner->record, &err);

	if (rc > 0)
		say_saved(owner);
	if (rc < 0)
		complain(owner, &err);
}

/* The directory is final behind this; the command, if any, goes on. */
static void end_session(struct owner *owner)
{
	struct rt_err err = { 0 };

	if (session_has_ended(owner))
		return;
	has_stopped(owner);
	if (!owner->failed)
		save_last_freeze(owner);
	rt_loop_remove(owner->loop, owner->incidents);
	owner->incidents = NULL;
	if (xt_record_finish(owner->record, &err) < 0 && !owner->failed)
		complain(owner, &err);
	print_summary(owner);
	owner->live = false;
	if (!owner->has_command)
		rt_loop_stop(owner->loop, 0);
}

static void on_child(void *arg, pid_t pid, int wait_status)
{
	struct owner *owner = arg;

	(void)pid;
	owner->status = xt_child_exit_status(wait_status);
	owner->child.pid = 0;
	end_session(owner);
	rt_loop_stop(owner->loop, 0);
}

/* The command is asked to end as well; who asks a second time does not wait for that. */
static void on_terminate(void *arg, int signo)
{
	struct owner *owner = arg;

	end_session(owner);
	owner->status = 128 + signo;
	if (!owner->child.pid || owner->terminated)
		rt_loop_stop(owner->loop, 0);
	else
		kill(owner->child.pid, signo == SIGINT && owner->int_ignored ? SIGTERM : signo);
	owner->terminated = true;
}

/* As time(1): an interrupt from the terminal is for the command, and we wait for its end. */
static void on_interrupt(void *arg, int signo)
{
	struct owner *owner = arg;

	if (!owner->has_command)
		end_session(owner);
	else if (!rt_loop_signal_of_kernel(owner->loop))
		on_terminate(owner, signo);
}

static void on_usr1(void *arg, int signo)
{
	(void)signo;
	print_summary(arg);
}

static void on_duration(void *arg)
{
	end_session(arg);
}

static void on_fault(void *arg, int fd, uint32_t events_seen)
{
	struct owner *owner = arg;
	struct rt_err err = { 0 };

	(void)fd;
	(void)events_seen;
	/* Another source of this round may have ended it, and said why. */
	if (session_has_ended(owner))
		return;
	if (xt_record_fault(owner->record, &err) < 0)
		complain(owner, &err);
	say(owner, "the session ends here; what has been written is kept");
	end_session(owner);
}

static void on_tick(void *arg)
{
	struct owner *owner = arg;
	struct rt_err err = { 0 };

	if (xt_record_tick(owner->record, &err) < 0) {
		complain(owner, &err);
		end_session(owner);
	}
}

static void on_clock_set(void *arg, int fd, uint32_t events_seen)
{
	struct owner *owner = arg;
	struct rt_err err = { 0 };

	(void)fd;
	(void)events_seen;
	if (xt_record_clock_set(owner->record, &err) < 0) {
		complain(owner, &err);
		end_session(owner);
	}
}

static void look_for_freeze(struct owner *owner,
			    int (*look)(struct xt_record *record, struct rt_err *err))
{
	struct rt_err err = { 0 };
	int rc = look(owner->record, &err);

	if (rc > 0)
		say_saved(owner);
	if (rc < 0)
		complain(owner, &err);
	if (rc < 0 || rc == XT_FREEZE_LAST)
		end_session(owner);
}

static void on_freeze_check(void *arg)
{
	look_for_freeze(arg, xt_record_check_freeze);
}

static void on_stop_check(void *arg)
{
	struct owner *owner = arg;

	if (has_stopped(owner))
		end_session(owner);
}

static void on_incident(void *arg, int fd, uint32_t events_seen)
{
	(void)fd;
	(void)events_seen;
	on_freeze_check(arg);
}

/*
 * kvmrt-gsd passes on what guests call.  A session that freezes by itself has caught
 * the moment already, and another flush would take it away; behind the last of
 * --incidents it saves none.
 */
static int flush_for_guest(struct owner *owner, const struct xt_request *request,
			   struct rt_buf *reply, struct rt_err *err)
{
	struct rt_cpuset cpus = request->cpus;
	struct xt_record_status status;
	uint32_t flush;
	int rc;

	if (xt_record_freezes_itself(owner->record)) {
		on_freeze_check(owner);
		return 0;
	}
	xt_record_status(owner->record, &status);
	rt_cpuset_and(&cpus, &status.cpus);
	if (request->has_cpus && rt_cpuset_empty(&cpus))
		return 0;
	rc = xt_record_flush(owner->record, request->has_cpus ? &cpus : NULL, &flush, err);
	if (rc == 0)
		rt_buf_printf(reply, "flush %u\n", flush);
	return rc;
}

static int on_request(void *arg, const struct xt_request *request, struct rt_buf *reply,
		      struct rt_err *err)
{
	const struct rt_cpuset *cpus = request->has_cpus ? &request->cpus : NULL;
	struct owner *owner = arg;
	uint32_t flush;
	int rc = 0;

	switch (request->verb) {
	case XT_VERB_FLUSH:
		if (strncmp(request->text, XT_CONTROL_GUEST, strlen(XT_CONTROL_GUEST)) == 0)
			return flush_for_guest(owner, request, reply, err);
		look_for_freeze(owner, xt_record_last_freeze);
		rc = xt_record_flush(owner->record, cpus, &flush, err);
		if (rc == 0)
			rt_buf_printf(reply, "flush %u\n", flush);
		break;
	case XT_VERB_PAUSE:
		rc = xt_record_pause(owner->record, cpus, err);
		break;
	case XT_VERB_RESUME:
		look_for_freeze(owner, xt_record_last_freeze);
		rc = xt_record_resume(owner->record, cpus, err);
		break;
	case XT_VERB_MARK:
		rc = xt_record_mark(owner->record, request->text, err);
		break;
	case XT_VERB_STATUS:
		xt_status_format(owner->record, reply);
		break;
	case XT_VERB_STOP:
		if (cpus)
			return rt_err_say(err, -EINVAL, "stop ends the whole session: it takes no "
					  "-c");
		end_session(owner);
		/* who merges the directory now should know that it is not all */
		if (owner->failed)
			rc = rt_err_say(err, -EIO, "the session has ended, but %s",
					owner->failure.text);
		break;
	case XT_NR_VERBS:
		break;
	}
	return rc;
}

/* ---- its beginning ---- */

static bool is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int add_sources(struct owner *owner, struct rt_err *err)
{
	struct rt_loop *loop = owner->loop;
	int rc;

	rc = rt_loop_add_signal(loop, SIGINT, on_interrupt, owner, err);
	rc = rc ? rc : rt_loop_add_signal(loop, SIGQUIT, on_interrupt, owner, err);
	rc = rc ? rc : rt_loop_add_signal(loop, SIGTERM, on_terminate, owner, err);
	/* Under nohup(1) it stays without effect. */
	if (!is_ignored(SIGHUP))
		rc = rc ? rc : rt_loop_add_signal(loop, SIGHUP, on_terminate, owner, err);
	rc = rc ? rc : rt_loop_add_signal(loop, SIGUSR1, on_usr1, owner, err);
	return rc;
}

static int add_record_sources(struct owner *owner, struct rt_err *err)
{
	struct rt_loop *loop = owner->loop;
	int rc;

	rc = xt_control_create(&owner->control, loop, xt_record_take_listen_fd(owner->record),
			       on_request, owner, err);
	rc = rc ? rc : rt_loop_add_fd(loop, xt_record_fault_fd(owner->record), EPOLLIN | EPOLLET,
				      on_fault, owner, NULL, err);
	rc = rc ? rc : rt_loop_add_timer(loop, TICK_NS, on_tick, owner, NULL, err);
	if (rc == 0 && xt_record_clock_fd(owner->record) >= 0)
		rc = rt_loop_add_fd(loop, xt_record_clock_fd(owner->record), EPOLLIN,
				    on_clock_set, owner, NULL, err);
	if (rc == 0 && xt_record_incident_fd(owner->record) >= 0)
		rc = rt_loop_add_fd(loop, xt_record_incident_fd(owner->record), EPOLLIN,
				    on_incident, owner, &owner->incidents, err);
	if (rc == 0 && xt_record_can_freeze(owner->record))
		rc = rt_loop_add_timer(loop, FREEZE_CHECK_NS, on_freeze_check, owner, NULL, err);
	if (rc == 0 && xt_record_can_stop(owner->record))
		rc = rt_loop_add_timer(loop, FREEZE_CHECK_NS, on_stop_check, owner, NULL, err);
	if (rc == 0 && duration_ns != UINT64_MAX)
		rc = rt_loop_add_timer(loop, duration_ns, on_duration, owner, NULL, err);
	if (rc == 0 && owner->child.pid)
		rc = rt_loop_add_child(loop, owner->child.pid, on_child, owner, err);
	/* A command that writes on the same terminal has it for itself. */
	owner->live = isatty(STDERR_FILENO) && (!owner->has_command || !isatty(STDOUT_FILENO));
	if (rc == 0 && owner->live)
		rc = rt_loop_add_timer(loop, LIVE_NS, on_live, owner, NULL, err);
	return rc;
}

static int arm_and_go(struct owner *owner, struct rt_err *err)
{
	struct rt_err exec_err = { 0 };
	int rc;

	rc = xt_record_create(&owner->record, &owner->root, &opts, say, owner, err);
	if (rc < 0)
		return rc;
	rc = xt_record_start(owner->record, err);
	if (rc == 0 && owner->has_command) {
		owner->status = xt_child_start(&owner->child, &exec_err);
		if (owner->status) {
			say(owner, exec_err.text);
			xt_record_finish(owner->record, NULL);
			return owner->status;
		}
	}
	if (rc == 0)
		rc = add_record_sources(owner, err);
	return rc == 0 ? rt_loop_run(owner->loop, err) : rc;
}

/* The words of the command, for the record. */
static void join_words(struct rt_buf *to, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		rt_buf_printf(to, "%s%s", i ? " " : "", argv[i]);
	opts.command = rt_buf_str(to);
}

static int prepare_child(struct owner *owner, char **argv, struct rt_err *err)
{
	struct rt_err why = { 0 };

	owner->status = xt_child_check(argv[0], &why);
	if (owner->status) {
		say(owner, why.text);
		return owner->status;
	}
	return xt_child_create(&owner->child, argv, err);
}

static int run_session(struct owner *owner, struct rt_err *err)
{
	int rc;

	/* The command has its caller's ways with signals; ours differ from here on. */
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow is a full disk, and no reason to leave the kernel recording. */
	signal(SIGXFSZ, SIG_IGN);
	owner->int_ignored = is_ignored(SIGINT);
	rc = rt_loop_create(&owner->loop, err);
	if (rc == 0)
		rc = add_sources(owner, err);
	if (rc == 0)
		rc = arm_and_go(owner, err);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct owner owner = { .has_command = argc > 0 };
	struct rt_buf words = { 0 };
	int rc;

	opts.fixed_level = level != 0;
	opts.level = level;
	opts.stop_on_flush = strcmp(on_flush, "stop") == 0;
	if ((opts.stop_on_flush || opts.incidents) && strcmp(opts.mode, "overwrite") != 0)
		return rt_usage(err, "--on-flush and --incidents belong to --mode overwrite");
	if (duration_ns == 0)
		return rt_usage(err, "--duration: expected more than 0, found 0");
	if (!opts.incidents)
		opts.incidents = opts.stop_on_flush ? 1 : INCIDENTS;
	rc = rt_root_init(&owner.root, root_path, err);
	if (rc < 0)
		return rc;
	join_words(&words, argc, argv);
	if (owner.has_command)
		rc = prepare_child(&owner, argv, err);
	if (rc == 0)
		rc = run_session(&owner, err);
	xt_child_finish(&owner.child);
	xt_control_destroy(owner.control);
	xt_record_destroy(owner.record);
	rt_loop_destroy(owner.loop);
	rt_root_finish(&owner.root);
	rt_buf_finish(&words);
	if (rc)
		return rc;
	return owner.failed ? XT_STATUS_OURS : owner.status;
}

static const struct rt_cmd run_cmd = {
	.name = "xtrace-run",
	.summary = "record what the kernel does while a command runs",
	.synopsis = "[options] [--] [COMMAND [ARG...]]",
	.details = "Without COMMAND it records until it is interrupted, or for -d SECONDS.  "
		   "The exit status is that of COMMAND; 125 a failure of its own, 126 and 127 a "
		   "COMMAND that cannot be run or found.",
	.opts = run_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.own_command = true,
	.complete = RT_COMPLETE_FILE,
	.fail_status = XT_STATUS_OURS,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&run_cmd, argc, argv);
}
