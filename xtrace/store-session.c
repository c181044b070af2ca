/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-session.c - the texts of an xtrace directory: session, clocks, formats,
 * names
 */
#include "xtrace/store-read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"

#define MAX_FORMAT	(1u << 20)	/* bytes of one format file */
#define MAX_ROWS	(1u << 20)	/* vCPUs, samples, CPUs */

int st_read_file(int dir, const char *name, size_t max, struct xt_text *ret)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -EINVAL;
	struct xt_text text = { 0 };
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0) {
		rc = (uint64_t)st.st_size > max ? -EFBIG : 0;
		if (rc == 0) {
			text.len = (size_t)st.st_size;
			text.data = malloc(text.len + 1);
			rc = text.data ? xt_pread(fd, text.data, text.len, 0) : -ENOMEM;
		}
	}
	close(fd);
	if (rc < 0) {
		xt_text_finish(&text);
		return rc;
	}
	text.data[text.len] = '\0';
	*ret = text;
	return 0;
}

/* ---- lines ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes \xHH in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; ) {
		if (p[0] == '\\' && p[1] == 'x' && hex(p[2]) >= 0 && hex(p[3]) >= 0 &&
		    (hex(p[2]) || hex(p[3]))) {
			*to++ = (char)(hex(p[2]) << 4 | hex(p[3]));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

/* The word behind "KEY " in a value of words, or NULL. */
static const char *word_of(const char *value, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = value; (p = strstr(p, key)); p += len) {
		if ((p == value || p[-1] == ' ') && p[len] == ' ')
			return p + len + 1;
	}
	return NULL;
}

static uint64_t u64_of(const char *value, const char *key)
{
	const char *word = word_of(value, key);

	return word ? strtoull(word, NULL, 10) : 0;
}

/* Room for one more in a list that doubles; NULL without memory or over the limit. */
static void *one_more(void **list, size_t nr, size_t size)
{
	void *grown;

	if (nr >= MAX_ROWS)
		return NULL;
	if ((nr & (nr - 1)) == 0) {
		grown = realloc(*list, (nr ? 2 * nr : 1) * size);
		if (!grown)
			return NULL;
		*list = grown;
	}
	return (char *)*list + nr * size;
}

/* ---- sections ---- */

/* "0xabc flush 3 scope ..." */
static int line_incident(struct xt_trace *trace, const char *value)
{
	struct xt_noted_incident *note;
	unsigned long long id;
	unsigned int flush;

	if (sscanf(value, "0x%llx flush %u ", &id, &flush) != 2)
		return 0;
	note = one_more((void **)&trace->incidents, trace->info.nr_incidents, sizeof(*note));
	if (!note)
		return -ENOMEM;
	note->id = id;
	note->flush = flush;
	trace->info.incidents = trace->incidents;
	trace->info.nr_incidents++;
	return 0;
}

static int line_session(struct xt_trace *trace, const char *key, const char *value)
{
	const struct {
		const char *key, **to;
	} rows[] = {
		{ "host", &trace->info.host }, { "release", &trace->info.release },
		{ "name", &trace->info.session }, { "mode", &trace->info.mode },
		{ "command", &trace->info.command }, { "machine-id", &trace->info.machine_id },
		{ "boot-id", &trace->info.boot_id },
		{ "cpu-model", &trace->info.cpu_model },
		{ "config-hash", &trace->info.config_hash },
	};
	struct st *st = trace->priv;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(key, rows[i].key) == 0)
			*rows[i].to = xt_keep(trace, value, strlen(value));
	}
	if (strcmp(key, "incident") == 0)
		return line_incident(trace, value);
	if (strcmp(key, "nr-cpus") == 0) {
		unsigned long long n = strtoull(value, NULL, 10);

		st->cpus = n <= XT_MAX_CPUS ? (unsigned int)n : 0;
	}
	return 0;
}

static int line_clock(struct xt_trace *trace, const char *key, const char *value)
{
	struct xt_timebase *time = &trace->info.time;

	if (strcmp(key, "clock") == 0) {
		snprintf(time->clock, sizeof(time->clock), "%s", value);
	} else if (strcmp(key, "is-ns") == 0) {
		time->is_ns = strcmp(value, "yes") == 0;
	} else if (strcmp(key, "convert") == 0) {
		time->mult = (uint32_t)u64_of(value, "mult");
		time->shift = (uint32_t)u64_of(value, "shift");
		time->convert = time->mult && time->shift < 64;
	} else if (strcmp(key, "offset") == 0) {
		time->offset = strtoll(value, NULL, 10);
	} else if (strcmp(key, "tai-offset") == 0) {
		time->tai_offset_s = strtoll(value, NULL, 10);
	}
	return 0;
}

static int line_vcpu(struct xt_trace *trace, const char *key, const char *value)
{
	const char *offset = word_of(value, "tsc-offset"), *name = word_of(value, "name");
	struct xt_vcpu *vcpu;

	vcpu = one_more((void **)&trace->vcpus, trace->info.nr_vcpus, sizeof(*vcpu));
	if (!vcpu)
		return -ENOMEM;
	*vcpu = (struct xt_vcpu){
		.tid = atoi(key), .vm_pid = (int)u64_of(value, "vm-pid"),
		.vcpu = (unsigned int)u64_of(value, "vcpu"),
		.tsc_known = offset != NULL,
		.tsc_offset = offset ? strtoll(offset, NULL, 10) : 0,
		.tsc_ratio = u64_of(value, "tsc-ratio"),
		.tsc_frac_bits = (unsigned int)u64_of(value, "tsc-frac"),
	};
	if (name)
		snprintf(vcpu->vm, sizeof(vcpu->vm), "%s", name);
	trace->info.nr_vcpus++;
	return 0;
}

static int line_tsc_write(struct xt_trace *trace, const char *key, const char *value)
{
	(void)value;
	trace->info.tsc_writes += strcmp(key, "write") == 0;
	return 0;
}

static int line_cpu(struct xt_trace *trace, const char *key, const char *value)
{
	struct xt_cpu_stats *stats;

	stats = one_more((void **)&trace->stats, trace->info.nr_stats, sizeof(*stats));
	if (!stats)
		return -ENOMEM;
	*stats = (struct xt_cpu_stats){
		.cpu = (unsigned int)strtoul(key, NULL, 10), .written = u64_of(value, "written"),
		.lost = u64_of(value, "lost"), .overwritten = u64_of(value, "overwritten"),
		.bytes_raw = u64_of(value, "raw"), .bytes_disk = u64_of(value, "disk"),
	};
	trace->info.nr_stats++;
	return 0;
}

static int line_head(struct xt_trace *trace, const char *key, const char *value)
{
	struct st *st = trace->priv;

	if (strcmp(key, "complete") == 0)
		trace->info.complete = strcmp(value, "yes") == 0;
	else if (strcmp(key, "subbuf-size") == 0)
		st->subbuf_size = (uint32_t)strtoul(value, NULL, 10);
	return 0;
}

static const struct {
	const char *section;
	int (*line)(struct xt_trace *trace, const char *key, const char *value);
} sections[] = {
	{ "", line_head }, { "session", line_session }, { "clock", line_clock },
	{ "vcpus", line_vcpu }, { "cpus", line_cpu },
	{ "tsc-offset-writes", line_tsc_write },
};

static int one_line(struct xt_trace *trace, const char *section, char *line)
{
	char *value = strstr(line, " = ");

	if (!value)
		return 0;
	*value = '\0';
	value += 3;
	unescape(value);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(section, sections[i].section) == 0)
			return sections[i].line(trace, line, value);
	}
	return 0;
}

static int parse_session(struct xt_trace *trace, char *text)
{
	const char *section = "";
	char *line, *next;
	int rc = 0;

	for (line = text; line && rc == 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (line[0] == '[') {
			line[strcspn(line, "]")] = '\0';
			section = line + 1;
		} else {
			rc = one_line(trace, section, line);
		}
	}
	trace->info.vcpus = trace->vcpus;
	trace->info.stats = trace->stats;
	return rc;
}

/*
 * Six numbers and a newline; false for any other line, and one that is cut.  Not by
 * sscanf(3), which measures all of the text behind the line each time.
 */
static bool clock_line(const char *line, struct xt_clock_sample *ret)
{
	uint64_t v[6];
	char *end;

	for (unsigned int i = 0; i < 6; i++) {
		if (*line < '0' || *line > '9')
			return false;
		v[i] = strtoull(line, &end, 10);
		line = end + (*end == ' ');
	}
	if (*line != '\n')
		return false;
	*ret = (struct xt_clock_sample){
		.mono_ns = v[0], .real_ns = v[1], .tai_ns = v[2], .boot_ns = v[3], .tsc = v[4],
		.window_ns = v[5],
	};
	return true;
}

static int read_clocks(struct xt_trace *trace)
{
	struct st *st = trace->priv;
	struct xt_text text = { 0 };
	int rc = 0;

	if (st_read_file(st->dir, XT_STORE_CLOCKS, XT_MAX_TEXT, &text) < 0)
		return 0;
	for (char *line = text.data; line && rc == 0; line = strchr(line, '\n')) {
		struct xt_clock_sample *to, v;

		line += *line == '\n';
		if (!clock_line(line, &v))
			continue;
		to = one_more((void **)&trace->samples, trace->info.nr_samples, sizeof(*to));
		if (to)
			trace->samples[trace->info.nr_samples++] = v;
		else
			rc = -ENOMEM;
	}
	trace->info.samples = trace->samples;
	xt_text_finish(&text);
	return rc;
}

/*
 * Cycles of a machine whose kernel does not say what they are in ns, as guests
 * mostly do not: the first sample and the last one tell, and nearer than a clock
 * is wrong by when it is slewed.  The ns are those of CLOCK_MONOTONIC then.
 */
static void time_cycles(struct xt_trace *trace)
{
	struct xt_timebase *time = &trace->info.time;
	const struct xt_clock_sample *a = trace->samples, *z;
	double ns;

	if (strcmp(time->clock, "x86-tsc") || time->convert || trace->info.nr_samples < 2)
		return;
	z = &a[trace->info.nr_samples - 1];
	if (z->tsc <= a->tsc || z->mono_ns <= a->mono_ns)
		return;
	ns = (double)(z->mono_ns - a->mono_ns) / (double)(z->tsc - a->tsc);
	if (ns >= 1 || ns * 4294967296.0 < 1)	/* below 1 GHz, or above 2^32 of them */
		return;
	time->mult = (uint32_t)(ns * 4294967296.0 + 0.5);
	time->shift = 32;
	time->offset = (int64_t)(a->mono_ns - (uint64_t)((unsigned __int128)a->tsc * time->mult >>
							 time->shift));
	time->convert = time->is_ns = true;
}

int st_read_session(struct xt_trace *trace, struct rt_err *err)
{
	struct st *st = trace->priv;
	struct xt_text text = { 0 };
	char *end;
	int rc = st_read_file(st->dir, XT_STORE_SESSION, XT_MAX_TEXT, &text);

	if (rc == -ENOENT)
		return rt_err_say(err, -EINVAL, "is no xtrace directory: it has no file \"%s\"",
				  XT_STORE_SESSION);
	if (rc < 0)
		return rt_err_set(err, rc, "%s: cannot be read", XT_STORE_SESSION);
	if (strncmp(text.data, "xtrace = ", 9) != 0)
		rc = rt_err_say(err, -EINVAL, "is no xtrace directory: expected \"xtrace = %d\" in "
				"the first line of \"%s\"", XT_STORE_VERSION, XT_STORE_SESSION);
	else if (!strchr(text.data, '\n'))
		rc = rt_err_say(err, -EBADMSG, "%s: ends within its first line", XT_STORE_SESSION);
	else if (strtol(text.data + 9, &end, 10) != XT_STORE_VERSION || *end != '\n')
		rc = rt_err_say(err, -EOPNOTSUPP, "expected format version %d, found \"%.*s\"",
				XT_STORE_VERSION, (int)strcspn(text.data + 9, "\n"), text.data + 9);
	else if (parse_session(trace, text.data) < 0 || read_clocks(trace) < 0)
		rc = rt_err_set(err, -ENOMEM, "%s", XT_STORE_SESSION);
	xt_text_finish(&text);
	if (rc == 0)
		time_cycles(trace);
	if (rc == 0 && (st->subbuf_size < XT_MIN_PAGE || st->subbuf_size > XT_MAX_PAGE ||
			st->subbuf_size % XT_MIN_PAGE))
		rc = rt_err_say(err, -EBADMSG, "%s: sub-buffers of %u bytes, expected %u to %u",
				XT_STORE_SESSION, st->subbuf_size, XT_MIN_PAGE, XT_MAX_PAGE);
	return rc;
}

bool st_read_complete(const struct xt_trace *trace)
{
	const struct st *st = trace->priv;
	struct xt_text text = { 0 };
	bool complete;

	if (st_read_file(st->dir, XT_STORE_SESSION, XT_MAX_TEXT, &text) < 0)
		return false;
	complete = strstr(text.data, "\ncomplete = yes\n") != NULL;
	xt_text_finish(&text);
	return complete;
}

/* ---- formats ---- */

static int read_format(struct xt_trace *trace, int dir, const char *system, const char *name)
{
	struct xt_text text = { 0 };
	int rc = st_read_file(dir, name, MAX_FORMAT, &text);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		xt_warn(trace, "formats/%s/%s: cannot be read: %s", system, name, strerror(-rc));
		return 0;
	}
	rc = xt_add_format(trace, system, text.data, text.len);
	xt_text_finish(&text);
	return rc;
}

static int read_system(struct xt_trace *trace, int formats, const char *system)
{
	int fd = openat(formats, system, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *list = rt_opendir(fd);
	struct dirent *entry;

	if (!list)
		return 0;
	while (rc == 0 && (entry = readdir(list))) {
		size_t len = strlen(entry->d_name);
		bool temporary = len > 4 && strcmp(entry->d_name + len - 4, ".new") == 0;

		if (entry->d_name[0] != '.' && !temporary)
			rc = read_format(trace, fd, system, entry->d_name);
	}
	closedir(list);
	return rc;
}

int st_read_formats(struct xt_trace *trace, struct rt_err *err)
{
	struct st *st = trace->priv;
	int fd = openat(st->dir, "formats", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *list = rt_opendir(fd);
	struct dirent *entry;

	if (!list) {
		xt_warn(trace, "has no formats: its records are not decoded");
		return 0;
	}
	if (st_read_file(fd, "header_page", MAX_FORMAT, &trace->header_page) == 0)
		rc = xt_check_header_page(trace->header_page.data, err);
	while (rc == 0 && (entry = readdir(list))) {
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "header_", 7) != 0) {
			rc = read_system(trace, fd, entry->d_name);
			if (rc < 0)
				rt_err_set(err, rc, "cannot keep the formats");
		}
	}
	closedir(list);
	return rc;
}
