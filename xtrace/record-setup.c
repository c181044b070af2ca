/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record-setup.c - from options to a kernel that is armed: the start of record.c
 *
 * What can be refused is asked first and the directory is made last, so that a
 * wrong word on the command line leaves nothing behind.
 */
#include "xtrace/record-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gs/protocol.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "xtrace/capture.h"
#include "xtrace/meta.h"
#include "xtrace/place.h"
#include "xtrace/store.h"

#define SUBBUF_KB 64
#define DEFAULT_BUFFER (8ull << 20)
#define LEAST_BUFFER (64ull << 10)
#define MEMORY_SHARE 8			/* the default takes no more than 1/8 of the memory */
#define CMDLINES 8192
#define TSC_BUFFER (16ull << 10)
#define HOLD_TRIES 5

static void say(const struct xt_record *record, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct xt_record *record, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	record->say(record->say_arg, line);
}

/* ---- CPUs ---- */

static int parse_online(struct rt_cpuset *ret, const char *option, const char *list,
			const struct rt_cpuset *online, struct rt_err *err)
{
	int rc = rt_cpuset_parse(ret, list, err);

	if (rc < 0)
		return rt_err_wrap(err, rc, "%s", option);
	if (rt_cpuset_empty(ret))
		return rt_err_say(err, -EINVAL, "%s: expected at least one CPU, found none",
				  option);
	rt_cpuset_for_each(cpu, ret) {
		if (!rt_cpuset_has(online, cpu))
			return rt_err_say(err, -EINVAL, "%s %s: CPU %d is not online", option,
					  list, cpu);
	}
	return 0;
}

/* The caller goes there too, and takes its later threads along. */
static int choose_drain_cpus(struct xt_record *record, const struct rt_cpuset *online,
			     struct rt_err *err)
{
	const char *list = record->opts.drain_cpus;
	struct rt_cpuset cpus;
	int rc;

	if (!list)
		xt_place_default(record->root, online, &cpus);
	else if ((rc = parse_online(&cpus, "--drain-cpus", list, online, err)) < 0)
		return rc;
	rc = xt_place_here(&cpus, &record->drain_cpus, err);
	/* Started inside of what is kept free, there is no other place. */
	if (rc == -EINVAL && !list)
		return xt_place_here(online, &record->drain_cpus, err);
	return rc < 0 && list ? rt_err_wrap(err, rc, "--drain-cpus %s", list) : rc;
}

static int choose_cpus(struct xt_record *record, struct rt_err *err)
{
	const struct xt_record_opts *opts = &record->opts;
	struct rt_cpuset online;
	int rc;

	rc = xt_place_read(record->root, &online, "online", err);
	if (rc < 0)
		return rc;
	record->cpus = online;
	if (opts->cpus)
		rc = parse_online(&record->cpus, "-c", opts->cpus, &online, err);
	if (rc < 0)
		return rc;
	record->all_cpus = rt_cpuset_equal(&record->cpus, &online);
	return choose_drain_cpus(record, &online, err);
}

/* ---- words of the command line ---- */

static int choose_mode(struct xt_record *record, struct rt_err *err)
{
	static const char *const modes[] = {
		[XT_MODE_STREAM] = "stream",
		[XT_MODE_OVERWRITE] = "overwrite",
		[XT_MODE_STOP] = "stop",
	};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i], record->opts.mode) == 0) {
			record->mode = i;
			return 0;
		}
	}
	return rt_err_say(err, -EINVAL, "expected mode stream, overwrite or stop, found \"%s\"",
			  record->opts.mode);
}

/* Each word of an option, in its order. */
static int take_words(struct xt_select *sel, const struct rt_strv *words, const char *option,
		      int (*take)(struct xt_select *sel, const char *word, struct rt_err *err),
		      struct rt_err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < words->n; i++) {
		rc = take(sel, words->v[i], err);
		if (rc < 0)
			return rt_err_wrap(err, rc, "%s", option);
	}
	return 0;
}

static int choose_events(struct xt_record *record, struct rt_err *err)
{
	const struct xt_record_opts *opts = &record->opts;
	struct xt_select *sel = &record->select;
	int rc;

	rc = xt_stops_define(&record->stops, &record->fs, opts->late_stops, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "--stop-on-latency");
	rc = xt_select_init(sel, &record->fs, err);
	if (rc == 0 && opts->events->n == 0 && opts->filters->n == 0)
		rc = xt_select_add(sel, "default", err);
	if (rc == 0)
		rc = take_words(sel, opts->events, "-e", xt_select_add, err);
	if (rc == 0)
		rc = take_words(sel, opts->filters, "-F", xt_select_filter, err);
	if (rc == 0)
		rc = take_words(sel, opts->excludes, "-x", xt_select_remove, err);
	if (rc == 0) {
		rc = xt_stops_select(&record->stops, sel, opts->stops, err);
		rc = rc < 0 ? rt_err_wrap(err, rc, "--stop-on") : 0;
	}
	if (rc == 0 && xt_select_count(sel) == 0)
		rc = rt_err_say(err, -EINVAL, "no event is left to record");
	return rc;
}

/* An existing directory is refused before anything is armed; store.c decides about -f. */
static int check_output(const struct xt_record *record, struct rt_err *err)
{
	struct stat st;

	if (record->opts.force || lstat(record->opts.output, &st) < 0)
		return 0;
	return rt_err_say(err, -EEXIST, "%s exists: choose another directory with -o, or replace "
			  "it with -f", record->opts.output);
}

/* ---- the instance ---- */

static const struct {
	const char *word, *trace_clock;
} clocks[] = {
	{ "tod", "tai" },
	{ "mono", "mono" },
	{ "boot", "boot" },
	{ "tsc", "x86-tsc" },
	{ "local", "local" },
};

static int set_clock(struct xt_record *record, struct rt_err *err)
{
	const char *word = record->opts.clock;
	size_t i = 0;
	int rc;

	while (i < sizeof(clocks) / sizeof(clocks[0]) && strcmp(clocks[i].word, word) != 0)
		i++;
	if (i == sizeof(clocks) / sizeof(clocks[0]))
		return rt_err_say(err, -EINVAL, "expected clock tod, mono, boot, tsc or local, "
				  "found \"%s\"", word);
	rc = xt_instance_set_clock(&record->inst, clocks[i].trace_clock, err);
	if (rc == -ENOENT && strcmp(word, "tod") == 0) {
		say(record, "this kernel has no trace clock \"tai\": using \"mono\" with samples "
		    "of the time of day");
		rc = xt_instance_set_clock(&record->inst, "mono", err);
	}
	if (rc < 0)
		return rt_err_wrap(err, rc, "-t %s", word);
	return xt_instance_clock(&record->inst, record->clock, sizeof(record->clock), err);
}

static uint64_t default_buffer(const struct xt_record *record)
{
	uint64_t share = DEFAULT_BUFFER;
	char *meminfo;
	unsigned long long kb;

	if (rt_root_read(record->root, &meminfo, NULL, NULL, "proc/meminfo") < 0)
		return share;
	if (sscanf(meminfo, "MemTotal: %llu kB", &kb) == 1)
		share = (kb << 10) / MEMORY_SHARE / rt_cpuset_count(&record->cpus);
	free(meminfo);
	if (record->snapshots)
		share /= 2;
	if (share > DEFAULT_BUFFER)
		share = DEFAULT_BUFFER;
	return share < LEAST_BUFFER ? LEAST_BUFFER : share;
}

static int set_buffers(struct xt_record *record, struct rt_err *err)
{
	uint64_t wanted = record->opts.buffer_bytes;
	unsigned int kb = SUBBUF_KB;
	int rc;

	if (!wanted)
		wanted = default_buffer(record);
	/* A ring needs some sub-buffers to turn in. */
	while (kb > 4 && ((uint64_t)kb << 10) * 8 > wanted)
		kb /= 2;
	rc = xt_instance_set_subbuf(&record->inst, kb, &record->subbuf_bytes, err);
	if (rc == 0)
		rc = xt_instance_set_size(&record->inst, wanted, &record->cpus, record->all_cpus,
					  &record->buffer_bytes, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "-b");
	if (record->buffer_bytes < wanted)
		say(record, "the kernel gave buffers of %llu KiB a CPU, %llu KiB were asked for",
		    (unsigned long long)record->buffer_bytes >> 10,
		    (unsigned long long)wanted >> 10);
	return 0;
}

static int set_pids(struct xt_record *record, struct rt_err *err)
{
	const struct rt_strv *pids = record->opts.pids;
	struct rt_buf text = { 0 };
	uint64_t pid;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < pids->n; i++) {
		if (rt_parse_u64(pids->v[i], 1, INT32_MAX, &pid) < 0)
			rc = rt_err_say(err, -EINVAL, "-p: expected a PID, found \"%s\"",
					pids->v[i]);
		else if (!rt_root_exists(record->root, "proc/%llu", (unsigned long long)pid))
			rc = rt_err_say(err, -ESRCH, "-p %s: there is no such process", pids->v[i]);
		rt_buf_printf(&text, "%s%s", i ? " " : "", pids->v[i]);
	}
	if (rc == 0 && pids->n) {
		rc = rt_buf_str(&text) ? xt_instance_write(&record->inst, text.data, err,
							   "set_event_pid") :
					 rt_err_set(err, -ENOMEM, "-p");
		/* What they fork belongs to them. */
		if (rc == 0)
			xt_instance_write(&record->inst, "1", NULL, "options/event-fork");
	}
	rt_buf_finish(&text);
	return rc;
}

struct refusals {
	const struct xt_record *record;
	unsigned int nr;
	char first[RT_ERR_MAX];
};

static void note_refusal(void *arg, const struct xt_sel_event *event, const struct rt_err *why)
{
	struct refusals *refusals = arg;

	if (refusals->nr++ == 0)
		snprintf(refusals->first, sizeof(refusals->first), "%s:%s: %.900s", event->system,
			 event->event, why->text);
}

static int enable_events(struct xt_record *record, struct rt_err *err)
{
	struct refusals refusals = { .record = record };
	int rc;

	rc = xt_select_apply(&record->select, &record->inst, note_refusal, &refusals, err);
	if (rc < 0)
		return rc;
	if (refusals.nr == xt_select_count(&record->select))
		return rt_err_say(err, RT_ECANNOT, "this kernel lets no event be recorded: %s",
				  refusals.first);
	if (refusals.nr)
		say(record, "this kernel refuses %u of the events, recording goes on without: %s",
		    refusals.nr, refusals.first);
	return 0;
}

static int arm_snapshot(struct xt_record *record, struct rt_err *err)
{
	int rc;

	if (record->mode != XT_MODE_OVERWRITE)
		return 0;
	if (!record->snapshots) {
		say(record, "this kernel has no snapshots: a flush stops recording while it saves, "
		    "and notes the gap");
		return 0;
	}
	/* Now, and not when a moment is to be caught: the memory, then an empty buffer. */
	rc = xt_instance_write(&record->inst, "1", err, "snapshot");
	if (rc == 0)
		rc = xt_instance_write(&record->inst, "2", err, "snapshot");
	return rc < 0 ? rt_err_wrap(err, rc, "no memory for a second set of buffers: try a "
				    "smaller -b") : 0;
}

/*
 * An instance with an open file cannot be removed.  Until then it can: by a sweep
 * that sees another /run (of a container) and takes us for dead.
 */
static int make_held(const struct xt_tracefs *fs, const char *name, struct xt_instance *ret,
		     int *ret_fd, struct rt_err *err)
{
	int i, rc = -ENOENT;

	for (i = 0; i < HOLD_TRIES && rc == -ENOENT; i++) {
		rc = xt_instance_create(ret, fs, name, err);
		if (rc < 0)
			continue;
		rc = xt_instance_open(ret, err, O_RDONLY, "tracing_on");
		if (rc < 0)
			xt_instance_remove(ret, NULL);
	}
	if (rc < 0)
		return rc;
	*ret_fd = rc;
	return 0;
}

static int setup_instance(struct xt_record *record, struct rt_err *err)
{
	int rc;

	rc = make_held(&record->fs, record->session.name, &record->inst, &record->hold_fd, err);
	if (rc < 0)
		return rc;
	record->has_inst = true;
	record->snapshots = record->mode == XT_MODE_OVERWRITE &&
			    xt_instance_has_snapshot(&record->inst);
	rc = set_clock(record, err);
	if (rc == 0)
		rc = set_buffers(record, err);
	if (rc == 0 && !record->all_cpus)
		rc = xt_instance_set_cpus(&record->inst, &record->cpus, err);
	/* In stream mode the ring may turn too: what was lost is then counted in its place. */
	if (rc == 0)
		rc = xt_instance_write(&record->inst, record->mode == XT_MODE_STOP ? "0" : "1", err,
				       "options/overwrite");
	if (rc == 0)
		rc = set_pids(record, err);
	if (rc < 0)
		return rc;
	xt_instance_write(&record->inst, "1", NULL, "options/record-tgid");
	rc = enable_events(record, err);
	if (rc == 0)
		rc = arm_snapshot(record, err);
	if (rc == 0)
		rc = xt_record_arm_freeze(record, err);
	if (rc == 0)
		rc = xt_stops_arm(&record->stops, &record->inst, record->session.name,
				  &record->select, err);
	return rc;
}

/* Changes of a guest's TSC offset are rare and must never be overwritten: a ring of their own. */
static void setup_tsc_instance(struct xt_record *record)
{
	char name[XT_SESSION_NAME_MAX + sizeof(XT_TSC_SUFFIX)];
	struct xt_instance *inst = &record->tsc_inst;
	uint64_t got;

	if (!rt_root_exists(record->root, "%s/events/kvm/kvm_write_tsc_offset", record->fs.dir))
		return;
	snprintf(name, sizeof(name), "%s" XT_TSC_SUFFIX, record->session.name);
	if (make_held(&record->fs, name, inst, &record->tsc_hold_fd, NULL) < 0)
		return;
	record->has_tsc_inst = true;
	xt_instance_set_clock(inst, record->clock, NULL);
	xt_instance_set_size(inst, TSC_BUFFER, &record->cpus, true, &got, NULL);
	xt_instance_enable(inst, "kvm", "kvm_write_tsc_offset", NULL);
}

/* ---- the directory ---- */

static int describe_session(struct xt_record *record)
{
	const struct xt_record_opts *opts = &record->opts;
	struct xt_store *store = record->store;
	char list[4096];
	size_t i;
	int rc;

	rc = xt_store_set(store, "session", "name", "%s", record->session.name);
	rc = rc ? rc : xt_store_set(store, "session", "mode", "%s", opts->mode);
	rc = rc ? rc : xt_store_set(store, "session", "command", "%s",
				    opts->command ? opts->command : "");
	rc = rc ? rc : xt_store_set(store, "session", "buffer-bytes", "%llu",
				    (unsigned long long)record->buffer_bytes);
	if (rt_cpuset_format(&record->cpus, list, sizeof(list)) == 0)
		rc = rc ? rc : xt_store_set(store, "session", "cpus", "%s", list);
	if (rt_cpuset_format(&record->drain_cpus, list, sizeof(list)) == 0)
		rc = rc ? rc : xt_store_set(store, "session", "drain-cpus", "%s", list);
	for (i = 0; i < opts->pids->n; i++)
		rc = rc ? rc : xt_store_add(store, "session", "pid", "%s", opts->pids->v[i]);
	for (i = 0; i < opts->filters->n; i++)
		rc = rc ? rc : xt_store_add(store, "session", "filter", "%s", opts->filters->v[i]);
	for (i = 0; i < opts->stops->n; i++)
		rc = rc ? rc : xt_store_add(store, "session", "stop-on", "%s", opts->stops->v[i]);
	for (i = 0; i < opts->late_stops->n; i++)
		rc = rc ? rc : xt_store_add(store, "session", "stop-on-latency", "%s",
					    opts->late_stops->v[i]);
	return rc;
}

void xt_record_reserve(const struct xt_record *record, bool make)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/reserve", record->opts.output);
	if (!make) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, 1 << 20) != 0)
		unlink(path);
	close(fd);
}

static int setup_store(struct xt_record *record, struct rt_err *err)
{
	const struct xt_store_opts opts = {
		.subbuf_size = record->subbuf_bytes,
		.level = record->opts.fixed_level ? record->opts.level : XT_LEVEL_BUSY,
		.force = record->opts.force,
	};
	int rc;

	rc = xt_store_create(&record->store, record->opts.output, &opts, err);
	if (rc < 0)
		return rc;
	rc = describe_session(record);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot describe the session");
	rc = xt_meta_machine(record->store, record->root, err);
	if (rc == 0)
		rc = xt_meta_clock(record->store, record->root, record->clock, err);
	if (rc == 0)
		rc = xt_meta_formats(record->store, &record->fs, &record->select, err);
	if (rc == 0)
		rc = xt_record_note_vms(record, err);
	if (rc == 0)
		rc = xt_record_sample(record, err);
	if (rc == 0)
		rc = xt_store_save(record->store, err);
	xt_record_reserve(record, true);
	return rc;
}

static int setup_capture(struct xt_record *record, struct rt_err *err)
{
	const struct xt_capture_opts opts = {
		.cpus = record->cpus,
		.drain_cpus = record->drain_cpus,
		.buffer_bytes = record->buffer_bytes,
		.overwriting = record->mode == XT_MODE_OVERWRITE,
	};
	int rc;

	rc = xt_capture_create(&record->capture, &record->inst, record->store, &opts, err);
	if (rc == 0 && record->mode == XT_MODE_STREAM)
		rc = xt_capture_start(record->capture, err);
	return rc;
}

/* Before the name is claimed: what is left of it has no owner yet. */
static int claim(struct xt_record *record, struct rt_err *err)
{
	int gate = xt_session_gate(record->root), rc;

	xt_session_sweep(record->root, &record->fs);
	rc = xt_session_claim(&record->session, record->root, record->opts.name, err);
	if (gate >= 0)
		close(gate);
	return rc;
}

static int setup(struct xt_record *record, struct rt_err *err)
{
	int rc;

	rc = xt_tracefs_find(&record->fs, record->root, err);
	if (rc == 0)
		rc = choose_mode(record, err);
	if (rc == 0)
		rc = choose_cpus(record, err);
	if (rc == 0)
		rc = choose_events(record, err);
	if (rc == 0)
		rc = check_output(record, err);
	if (rc == 0)
		rc = claim(record, err);
	if (rc < 0)
		return rc;
	xt_cmdlines_grow(&record->fs, CMDLINES);
	rc = setup_instance(record, err);
	if (rc < 0)
		return rc;
	setup_tsc_instance(record);
	record->has_incidents = xt_incidents_open(&record->incidents, &record->fs,
						  record->session.name, record->clock, NULL) == 0;
	rc = setup_store(record, err);
	if (rc == 0)
		rc = setup_capture(record, err);
	if (rc == 0)
		rc = xt_session_listen(&record->session, err);
	return rc;
}

int xt_record_create(struct xt_record **ret, const struct rt_root *root,
		     const struct xt_record_opts *opts, xt_say_fn say_fn, void *arg,
		     struct rt_err *err)
{
	struct xt_record *record;
	int rc;

	record = calloc(1, sizeof(*record));
	if (!record)
		return rt_err_set(err, -ENOMEM, "cannot allocate the session");
	record->root = root;
	record->opts = *opts;
	record->say = say_fn;
	record->say_arg = arg;
	record->session.lock_fd = record->session.listen_fd = -1;
	record->clock_fd = xt_clock_watch();
	rc = setup(record, err);
	if (rc < 0) {
		xt_record_destroy(record);
		return rc;
	}
	*ret = record;
	return 0;
}
