/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.c - the state and counts of a session, as lines of text and back
 *
 * The owner of a session is trusted with nothing: every line is bounded.
 */
#include "xtrace/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/text.h"
#include "xtrace/record.h"

typedef unsigned long long ull;

/* One line, whatever a file name or a command may hold. */
static void put_text(struct rt_buf *out, const char *key, const char *text)
{
	rt_buf_printf(out, "%s ", key);
	for (; *text; text++)
		rt_buf_add(out, (unsigned char)*text < ' ' ? "?" : text, 1);
	rt_buf_puts(out, "\n");
}

void xt_status_format(struct xt_record *record, struct rt_buf *out)
{
	struct xt_record_status status;
	struct xt_cpu_stats stats;
	char *directory;

	xt_record_status(record, &status);
	directory = realpath(status.directory, NULL);
	put_text(out, "name", status.name);
	put_text(out, "state", status.state);
	put_text(out, "mode", status.mode);
	put_text(out, "clock", status.clock);
	put_text(out, "directory", directory ? directory : status.directory);
	put_text(out, "command", status.command);
	free(directory);
	rt_buf_printf(out, "pid %d\nseconds %llu\nbuffer-bytes %llu\nsubbuf-bytes %u\nflushes %u\n",
		      (int)getpid(), (ull)status.seconds, (ull)status.buffer_bytes,
		      status.subbuf_bytes, status.flushes);
	rt_cpuset_for_each(cpu, &status.cpus) {
		if (xt_record_stats(record, cpu, &stats, NULL) < 0)
			continue;
		rt_buf_printf(out, "cpu %u %llu %llu %llu %llu %llu\n", stats.cpu,
			      (ull)stats.written, (ull)stats.lost, (ull)stats.overwritten,
			      (ull)stats.bytes_raw, (ull)stats.bytes_disk);
	}
}

static const struct {
	const char *key;
	size_t offset;
	enum { WORD, TEXT, NUMBER } kind;
} keys[] = {
	{ "name", offsetof(struct xt_status, name), WORD },
	{ "state", offsetof(struct xt_status, state), WORD },
	{ "mode", offsetof(struct xt_status, mode), WORD },
	{ "clock", offsetof(struct xt_status, clock), WORD },
	{ "directory", offsetof(struct xt_status, directory), TEXT },
	{ "command", offsetof(struct xt_status, command), TEXT },
	{ "pid", offsetof(struct xt_status, pid), NUMBER },
	{ "seconds", offsetof(struct xt_status, seconds), NUMBER },
	{ "buffer-bytes", offsetof(struct xt_status, buffer_bytes), NUMBER },
	{ "subbuf-bytes", offsetof(struct xt_status, subbuf_bytes), NUMBER },
	{ "flushes", offsetof(struct xt_status, flushes), NUMBER },
};

static int take_value(struct xt_status *status, size_t key, const char *value)
{
	char *at = (char *)status + keys[key].offset;

	switch (keys[key].kind) {
	case WORD:
		snprintf(at, XT_STATUS_WORD_MAX, "%s", value);
		return 0;
	case NUMBER:
		return rt_parse_u64(value, 0, UINT64_MAX, (uint64_t *)at);
	case TEXT:
		free(*(char **)at);
		*(char **)at = strdup(value);
		return *(char **)at ? 0 : -ENOMEM;
	}
	return 0;
}

static int take_cpu(struct xt_status *status, const char *value)
{
	ull written, lost, overwritten, raw, disk;
	struct xt_cpu_stats *more;
	unsigned int cpu;

	if (sscanf(value, "%u %llu %llu %llu %llu %llu", &cpu, &written, &lost, &overwritten, &raw,
		   &disk) != 6 || cpu >= RT_MAX_CPUS || status->nr_cpus >= RT_MAX_CPUS)
		return -EINVAL;
	more = realloc(status->cpus, (status->nr_cpus + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	status->cpus = more;
	status->cpus[status->nr_cpus++] = (struct xt_cpu_stats) {
		.cpu = cpu, .written = written, .lost = lost, .overwritten = overwritten,
		.bytes_raw = raw, .bytes_disk = disk,
	};
	return 0;
}

static int take_line(struct xt_status *status, char *line)
{
	char *value = strchr(line, ' ');
	size_t i;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(line, "cpu") == 0)
		return take_cpu(status, value);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(line, keys[i].key) == 0)
			return take_value(status, i, value);
	}
	return 0;
}

int xt_status_parse(struct xt_status *ret, const char *text, struct rt_err *err)
{
	struct xt_status status = { 0 };
	char *copy = strdup(text), *line, *save = NULL;
	int rc = 0;

	if (!copy)
		return rt_err_set(err, -ENOMEM, "cannot read the status");
	for (line = strtok_r(copy, "\n", &save); line && rc == 0;
	     line = strtok_r(NULL, "\n", &save))
		rc = take_line(&status, line);
	free(copy);
	if (rc == 0 && (!status.directory || !status.command))
		rc = -EINVAL;
	if (rc < 0) {
		xt_status_finish(&status);
		return rt_err_set(err, rc, "cannot read the status of the session");
	}
	*ret = status;
	return 0;
}

void xt_status_finish(struct xt_status *status)
{
	free(status->directory);
	free(status->command);
	free(status->cpus);
	memset(status, 0, sizeof(*status));
}

struct xt_cpu_stats xt_status_total(const struct xt_cpu_stats *cpus, size_t nr)
{
	struct xt_cpu_stats sum = { 0 };
	size_t i;

	for (i = 0; i < nr; i++) {
		sum.written += cpus[i].written;
		sum.lost += cpus[i].lost;
		sum.overwritten += cpus[i].overwritten;
		sum.bytes_raw += cpus[i].bytes_raw;
		sum.bytes_disk += cpus[i].bytes_disk;
	}
	return sum;
}
