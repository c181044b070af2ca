/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracefs.c - the kernel's tracing files: one instance a session
 *
 * Below capture, meta and the commands; above it are only files.  A write that
 * a kernel refuses comes back with the path and, for filters and triggers, with
 * what the kernel has put into its error_log.
 */
#include "xtrace/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"

static const char *const tracing_dirs[] = {
	"sys/kernel/tracing",
	"sys/kernel/debug/tracing",
};

static int no_right(struct rt_err *err, const struct rt_root *root, const char *dir)
{
	return rt_err_say(err, RT_ECANNOT,
			  "no permission to use %s/%s: recording a kernel needs root", root->path,
			  dir);
}

int xt_tracefs_find(struct xt_tracefs *ret, const struct rt_root *root, struct rt_err *err)
{
	size_t i;
	int fd;

	for (i = 0; i < sizeof(tracing_dirs) / sizeof(tracing_dirs[0]); i++) {
		fd = rt_root_open(root, NULL, O_PATH | O_DIRECTORY, "%s/instances",
				  tracing_dirs[i]);
		if (fd == -EACCES || fd == -EPERM)
			return no_right(err, root, tracing_dirs[i]);
		if (fd < 0)
			continue;
		close(fd);
		ret->root = root;
		snprintf(ret->dir, sizeof(ret->dir), "%s", tracing_dirs[i]);
		return 0;
	}
	return rt_err_say(err, RT_ECANNOT,
			  "no tracefs at %s/%s: mount it with \"mount -t tracefs tracefs "
			  "/sys/kernel/tracing\", or the kernel has no event tracing",
			  root->path, tracing_dirs[0]);
}

bool xt_tracefs_has(const struct xt_tracefs *fs, const char *file)
{
	return rt_root_exists(fs->root, "%s/%s", fs->dir, file);
}

/* ---- the instance and its files ---- */

void xt_instance_at(struct xt_instance *ret, const struct xt_tracefs *fs, const char *name)
{
	ret->root = fs->root;
	snprintf(ret->dir, sizeof(ret->dir), "%.64s/instances/" XT_INSTANCE_PREFIX "%.64s",
		 fs->dir, name);
}

int xt_instance_create(struct xt_instance *ret, const struct xt_tracefs *fs, const char *name,
		       struct rt_err *err)
{
	struct xt_instance inst;
	int rc;

	xt_instance_at(&inst, fs, name);
	if (mkdirat(inst.root->fd, inst.dir, 0750) < 0) {
		if (errno == EACCES || errno == EPERM)
			return no_right(err, fs->root, fs->dir);
		if (errno == EEXIST)
			return rt_err_say(err, -EEXIST, "the trace instance %s/%s exists, and no "
					  "session here owns it: choose another name with -n, or "
					  "rmdir it", fs->root->path, inst.dir);
		return rt_err_set(err, -errno, "cannot make the trace instance %s/%s",
				  fs->root->path, inst.dir);
	}
	rc = xt_instance_on(&inst, false, err);
	if (rc < 0) {
		unlinkat(inst.root->fd, inst.dir, AT_REMOVEDIR);
		return rc;
	}
	*ret = inst;
	return 0;
}

int xt_instance_remove(const struct xt_instance *inst, struct rt_err *err)
{
	if (unlinkat(inst->root->fd, inst->dir, AT_REMOVEDIR) < 0)
		return rt_err_set(err, -errno, "cannot remove the trace instance %s/%s",
				  inst->root->path, inst->dir);
	return 0;
}

/* The path that @fmt makes, below the instance. */
static int instance_path(const struct xt_instance *inst, char *buf, size_t size, const char *fmt,
			 va_list ap)
{
	int head = snprintf(buf, size, "%s/", inst->dir);
	int tail = vsnprintf(buf + head, size - head, fmt, ap);

	return tail < 0 || (size_t)(head + tail) >= size ? -ENAMETOOLONG : 0;
}

#define INSTANCE_PATH(buf) do {						\
	va_list ap_;							\
	int rc_;							\
									\
	va_start(ap_, fmt);						\
	rc_ = instance_path(inst, buf, sizeof(buf), fmt, ap_);		\
	va_end(ap_);							\
	if (rc_ < 0)							\
		return rt_err_set(err, rc_, "%s/%s", inst->dir, fmt);	\
} while (0)

bool xt_instance_has(const struct xt_instance *inst, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = instance_path(inst, path, sizeof(path), fmt, ap);
	va_end(ap);
	return rc == 0 && rt_root_exists(inst->root, "%s", path);
}

int xt_instance_open(const struct xt_instance *inst, struct rt_err *err, int flags,
		     const char *fmt, ...)
{
	char path[512];

	INSTANCE_PATH(path);
	return rt_root_open(inst->root, err, flags, "%s", path);
}

int xt_instance_read(const struct xt_instance *inst, char **ret, size_t *ret_len,
		     struct rt_err *err, const char *fmt, ...)
{
	char path[512];

	INSTANCE_PATH(path);
	return rt_root_read(inst->root, ret, ret_len, err, "%s", path);
}

int xt_instance_write(const struct xt_instance *inst, const char *text, struct rt_err *err,
		      const char *fmt, ...)
{
	char path[512];

	INSTANCE_PATH(path);
	return rt_root_write(inst->root, text, err, "%s", path);
}

bool xt_instance_has_snapshot(const struct xt_instance *inst)
{
	return xt_instance_has(inst, "snapshot");
}

/* ---- clock and buffers ---- */

/* "[local] global tai": is @clock one of the words? */
static bool clock_listed(const char *list, const char *clock)
{
	size_t len = strlen(clock);
	const char *p;

	for (p = strstr(list, clock); p; p = strstr(p + 1, clock)) {
		bool starts = p == list || p[-1] == ' ' || p[-1] == '[';
		bool ends = p[len] == '\0' || strchr(" ]\n", p[len]);

		if (starts && ends)
			return true;
	}
	return false;
}

int xt_instance_set_clock(const struct xt_instance *inst, const char *clock, struct rt_err *err)
{
	char *list;
	bool known;
	int rc;

	rc = xt_instance_read(inst, &list, NULL, err, "trace_clock");
	if (rc < 0)
		return rc;
	known = clock_listed(list, clock);
	free(list);
	if (!known)
		return rt_err_say(err, -ENOENT, "this kernel has no trace clock \"%s\"", clock);
	return xt_instance_write(inst, clock, err, "trace_clock");
}

int xt_instance_clock(const struct xt_instance *inst, char *buf, size_t size, struct rt_err *err)
{
	char *list, *begin, *end;
	int rc;

	rc = xt_instance_read(inst, &list, NULL, err, "trace_clock");
	if (rc < 0)
		return rc;
	begin = strchr(list, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end) {
		free(list);
		return rt_err_say(err, -EINVAL, "trace_clock names no clock in use");
	}
	snprintf(buf, size, "%.*s", (int)(end - begin - 1), begin + 1);
	free(list);
	return 0;
}

static int read_kb(const struct xt_instance *inst, const char *file, uint64_t *ret,
		   struct rt_err *err)
{
	char *text, *end;
	uint64_t kb;
	int rc;

	rc = xt_instance_read(inst, &text, NULL, err, "%s", file);
	if (rc < 0)
		return rc;
	kb = strtoull(text, &end, 10);		/* "1410 (expanded: ...)" on old kernels */
	rc = end == text ? rt_err_say(err, -EINVAL, "%s: expected a number, found \"%s\"", file,
				      text) : 0;
	free(text);
	if (rc == 0)
		*ret = kb;
	return rc;
}

int xt_instance_set_subbuf(const struct xt_instance *inst, unsigned int kb, uint32_t *ret_bytes,
			   struct rt_err *err)
{
	uint64_t got;
	char text[16];
	int rc;

	if (!xt_instance_has(inst, "buffer_subbuf_size_kb")) {
		*ret_bytes = sysconf(_SC_PAGESIZE);
		return 0;
	}
	snprintf(text, sizeof(text), "%u", kb);
	xt_instance_write(inst, text, NULL, "buffer_subbuf_size_kb");
	rc = read_kb(inst, "buffer_subbuf_size_kb", &got, err);
	if (rc < 0)
		return rc;
	*ret_bytes = got << 10;
	return 0;
}

static int set_size_of_some(const struct xt_instance *inst, const char *kb,
			    const struct rt_cpuset *cpus, uint64_t *ret_kb, struct rt_err *err)
{
	char file[64];
	int rc;

	rt_cpuset_for_each(cpu, cpus) {
		snprintf(file, sizeof(file), "per_cpu/cpu%d/buffer_size_kb", cpu);
		rc = xt_instance_write(inst, kb, err, "%s", file);
		if (rc < 0)
			return rc;
		rc = read_kb(inst, file, ret_kb, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int xt_instance_set_size(const struct xt_instance *inst, uint64_t bytes,
			 const struct rt_cpuset *cpus, bool all, uint64_t *ret_bytes,
			 struct rt_err *err)
{
	uint64_t got = 0;
	char kb[32];
	int rc;

	snprintf(kb, sizeof(kb), "%llu", (unsigned long long)((bytes + 1023) >> 10));
	if (all) {
		rc = xt_instance_write(inst, kb, err, "buffer_size_kb");
		if (rc == 0)
			rc = read_kb(inst, "buffer_size_kb", &got, err);
	} else {
		rc = xt_instance_write(inst, "1", err, "buffer_size_kb");
		if (rc == 0)
			rc = set_size_of_some(inst, kb, cpus, &got, err);
	}
	if (rc < 0)
		return rt_err_wrap(err, rc, "cannot make buffers of %s KiB a CPU", kb);
	*ret_bytes = got << 10;
	return 0;
}

int xt_instance_set_cpus(const struct xt_instance *inst, const struct rt_cpuset *cpus,
			 struct rt_err *err)
{
	char mask[RT_MAX_CPUS / 4 + RT_MAX_CPUS / 32 + 1];
	int rc;

	rc = rt_cpuset_format_mask(cpus, mask, sizeof(mask));
	if (rc < 0)
		return rt_err_set(err, rc, "cannot write the CPU mask");
	return xt_instance_write(inst, mask, err, "tracing_cpumask");
}

/* ---- events ---- */

int xt_instance_enable(const struct xt_instance *inst, const char *system, const char *event,
		       struct rt_err *err)
{
	if (!event)
		return xt_instance_write(inst, "1", err, "events/%s/enable", system);
	return xt_instance_write(inst, "1", err, "events/%s/%s/enable", system, event);
}

/*
 * Puts the newest entry of error_log into one line: "Field not found, at \"foo\"".
 * Its shape: "[ time] location: error: MESSAGE", "  Command: TEXT", a caret
 * below the place in TEXT.
 */
static bool error_log_words(const struct xt_instance *inst, char *buf, size_t size)
{
	char *log, *message, *command, *caret, *end;
	bool found = false;
	size_t column;

	if (xt_instance_read(inst, &log, NULL, NULL, "error_log") < 0)
		return false;
	command = NULL;
	for (message = log; (message = strstr(message, "\n  Command: ")); message++)
		command = message + strlen("\n  Command: ");
	if (!command)
		goto out;
	command[-(int)strlen("\n  Command: ")] = '\0';
	message = strstr(strrchr(log, '\n') ? strrchr(log, '\n') : log, "error: ");
	while (message && strstr(message + 1, "error: "))
		message = strstr(message + 1, "error: ");
	end = strchr(command, '\n');
	if (!message || !end)
		goto out;
	*end = '\0';
	caret = strchr(end + 1, '^');
	column = caret ? caret - (end + 1) : 0;
	column = column >= strlen("  Command: ") ? column - strlen("  Command: ") : 0;
	if (column > strlen(command))
		column = strlen(command);
	snprintf(buf, size, "%s, at \"%s\" (column %zu)", message + strlen("error: "),
		 command + column, column + 1);
	found = true;
out:
	free(log);
	return found;
}

/* Writes a filter, or adds a trigger; what the kernel has against it stands in error_log. */
static int write_checked(const struct xt_instance *inst, const char *system, const char *event,
			 const char *file, const char *text, struct rt_err *err)
{
	bool add = strcmp(file, "trigger") == 0;
	char words[512];
	int rc;

	/* An empty log, so that what stands there afterwards is about this write. */
	if (xt_instance_has(inst, "error_log"))
		xt_instance_write(inst, "\n", NULL, "error_log");
	rc = (add ? rt_root_append : rt_root_write)(inst->root, text, err, "%s/events/%s/%s/%s",
						    inst->dir, system, event, file);
	if (rc == 0)
		return 0;
	/* Some have no EINVAL: "Too many '('" is ENOENT. */
	if (error_log_words(inst, words, sizeof(words)))
		return rt_err_say(err, rc, "%s \"%s\" for %s:%s: the kernel says: %s", file, text,
				  system, event, words);
	return rt_err_wrap(err, rc, "%s \"%s\" for %s:%s", file, text, system, event);
}

int xt_instance_filter(const struct xt_instance *inst, const char *system, const char *event,
		       const char *filter, struct rt_err *err)
{
	return write_checked(inst, system, event, "filter", filter, err);
}

int xt_instance_trigger(const struct xt_instance *inst, const char *system, const char *event,
			const char *trigger, struct rt_err *err)
{
	return write_checked(inst, system, event, "trigger", trigger, err);
}

int xt_instance_trigger_left(const struct xt_instance *inst, const char *system,
			     const char *event, const char *command, uint64_t *ret_left,
			     struct rt_err *err)
{
	size_t len = strlen(command);
	char *text, *line, *save = NULL;
	unsigned long long left;
	int rc;

	rc = xt_instance_read(inst, &text, NULL, err, "events/%s/%s/trigger", system, event);
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, command, len) != 0)
			continue;
		if (sscanf(line + len, ":count=%llu", &left) != 1)
			continue;
		*ret_left = left;
		rc = 0;
		break;
	}
	free(text);
	if (rc < 0)
		return rt_err_set(err, rc, "%s:%s has no %s trigger", system, event, command);
	return 0;
}

/* ---- while it runs ---- */

int xt_instance_on(const struct xt_instance *inst, bool on, struct rt_err *err)
{
	return xt_instance_write(inst, on ? "1" : "0", err, "tracing_on");
}

bool xt_instance_is_on(const struct xt_instance *inst)
{
	char *text;
	bool on;

	if (xt_instance_read(inst, &text, NULL, NULL, "tracing_on") < 0)
		return false;
	on = text[0] == '1';
	free(text);
	return on;
}

int xt_instance_mark(const struct xt_instance *inst, const char *text, struct rt_err *err)
{
	int fd, rc;

	fd = xt_instance_open(inst, err, O_WRONLY, "trace_marker");
	if (fd < 0)
		return fd;
	rc = rt_write_all(fd, text, strlen(text));
	close(fd);
	if (rc == -EBADF)
		return rt_err_say(err, rc, "the session does not record now: it is paused or full");
	return rc < 0 ? rt_err_set(err, rc, "cannot write the mark") : 0;
}

static const struct {
	const char *name;
	size_t offset;
} stats_lines[] = {
	{ "entries", offsetof(struct xt_ring_stats, entries) },
	{ "overrun", offsetof(struct xt_ring_stats, overrun) },
	{ "commit overrun", offsetof(struct xt_ring_stats, commit_overrun) },
	{ "bytes", offsetof(struct xt_ring_stats, bytes) },
	{ "dropped events", offsetof(struct xt_ring_stats, dropped) },
	{ "read events", offsetof(struct xt_ring_stats, read) },
};

void xt_ring_stats_parse(struct xt_ring_stats *ret, const char *text)
{
	const char *line, *colon;
	size_t i, len;

	memset(ret, 0, sizeof(*ret));
	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		colon = strchr(line, ':');
		if (!colon)
			break;
		len = colon - line;
		for (i = 0; i < sizeof(stats_lines) / sizeof(stats_lines[0]); i++) {
			if (strlen(stats_lines[i].name) == len &&
			    strncmp(stats_lines[i].name, line, len) == 0)
				*(uint64_t *)((char *)ret + stats_lines[i].offset) =
					strtoull(colon + 1, NULL, 10);
		}
	}
}

#define EVENT_LEAST 8			/* bytes of an event in the buffer */
#define EVENT_USUAL 32

uint64_t xt_ring_fill(const struct xt_ring_stats *stats, uint64_t size)
{
	if (stats->bytes <= size && stats->bytes >= stats->entries * EVENT_LEAST)
		return stats->bytes;
	return stats->entries < size / EVENT_USUAL ? stats->entries * EVENT_USUAL : size;
}

int xt_instance_stats(const struct xt_instance *inst, unsigned int cpu, struct xt_ring_stats *ret,
		      struct rt_err *err)
{
	char *text;
	int rc;

	rc = xt_instance_read(inst, &text, NULL, err, "per_cpu/cpu%u/stats", cpu);
	if (rc < 0)
		return rc;
	xt_ring_stats_parse(ret, text);
	free(text);
	return 0;
}

int xt_instance_now(const struct xt_instance *inst, unsigned int cpu, uint64_t *ret_ns,
		    struct rt_err *err)
{
	static const char key[] = "\nnow ts: ";
	unsigned long long sec, usec;
	const char *line;
	char *text;
	int rc;

	rc = xt_instance_read(inst, &text, NULL, err, "per_cpu/cpu%u/stats", cpu);
	if (rc < 0)
		return rc;
	line = strstr(text, key);
	if (line && sscanf(line + strlen(key), "%llu.%llu", &sec, &usec) == 2)
		*ret_ns = sec * 1000000000 + usec * 1000 + 999;
	else
		rc = rt_err_say(err, -ENOENT, "cpu%u: its stats do not tell the time", cpu);
	free(text);
	return rc;
}
