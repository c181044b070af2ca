/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-read.c - reading a host, or what was recorded of one
 *
 * The one place that knows where a fact may stand: an sosreport has no /proc/sys
 * but the output of sysctl, no /proc/PID but that of ps.
 */
#include "tuning/validate-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/text.h"
#include "tuning/topo.h"

#define COMM_MAX	15		/* of a name that the kernel keeps */
#define CONFIG_MAX (4u << 20)	/* a configuration unpacked; real ones have 300 KiB */

/* ---- what is found, in words ---- */

void tune_say(struct tune_host *host, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		rt_buf_puts(&host->found, text);
	else
		host->found.failed = true;
	free(text);
}

void tune_say_item(struct tune_host *host, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tune_say(host, "%s%s", host->found.len ? ", " : "", text);
}

void tune_say_cpus(struct tune_host *host, const char *before, const struct rt_cpuset *set)
{
	char list[1024];

	if (rt_cpuset_format(set, list, sizeof(list)) < 0)
		snprintf(list, sizeof(list), "%u CPUs", rt_cpuset_count(set));
	tune_say(host, "%s%s", before, list[0] ? list : "none");
}

void tune_set_subject(struct tune_host *host, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(host->subject, sizeof(host->subject), fmt, ap);
	va_end(ap);
}

bool tune_need_target(struct tune_host *host)
{
	if (!host->has_target)
		tune_say(host, "no CPU is isolated, and none was named (--for)");
	return host->has_target;
}

/* ---- files ---- */

/* "proc/sys/vm/swappiness" as sysctl(8) wrote it: "vm.swappiness = 60" */
static bool line_of_sysctl(const struct tune_host *host, const char *path, char *buf, size_t size)
{
	char *text = tune_text(host, "sos_commands/kernel/sysctl_-a"), *at, *next;
	size_t len = strlen(path), i;
	bool found = false;

	for (at = text; at && *at && !found; at = next) {
		next = at + strcspn(at, "\n");
		next += *next == '\n';
		for (i = 0; i < len && at[i] == (path[i] == '/' ? '.' : path[i]); i++)
			;
		if (i < len || strncmp(at + len, " = ", 3) != 0)
			continue;
		snprintf(buf, size, "%.*s", (int)strcspn(at + len + 3, "\n"), at + len + 3);
		found = true;
	}
	free(text);
	return found;
}

bool tune_line(const struct tune_host *host, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (rt_root_read_line(host->root, buf, size, NULL, "%s", path) < 0 &&
	    (host->live || strncmp(path, "proc/sys/", 9) != 0 ||
	     !line_of_sysctl(host, path + 9, buf, size)))
		return false;
	for (len = strlen(buf); len && strchr(" \t\r", buf[len - 1]); len--)
		buf[len - 1] = '\0';
	return true;
}

bool tune_number(const struct tune_host *host, int64_t *ret, const char *fmt, ...)
{
	char path[PATH_MAX], line[64], *end;
	va_list ap;
	int64_t value;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (!tune_line(host, line, sizeof(line), "%s", path))
		return false;
	value = strtoll(line, &end, 10);
	if (end == line || *end)
		return false;
	*ret = value;
	return true;
}

char *tune_text(const struct tune_host *host, const char *fmt, ...)
{
	char path[PATH_MAX], *text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return rt_root_read(host->root, &text, NULL, NULL, "%s", path) < 0 ? NULL : text;
}

enum tune_verdict tune_missing(struct tune_host *host, const char *path)
{
	struct rt_err err = { 0 };
	char line[256];
	int rc;

	rc = rt_root_read_line(host->root, line, sizeof(line), &err, "%s", path);
	if (rc == -ENOENT || rc == -ENOTDIR) {
		tune_say(host, host->live ? "there is no /%s" : "%s is not in this tree", path);
		return host->live ? TUNE_MOOT : TUNE_UNKNOWN;
	}
	if (rc < 0)
		tune_say(host, "%s", err.text);
	else
		tune_say(host, "/%s: not understood: \"%s\"", path, line);
	return TUNE_UNKNOWN;
}

/* ---- settings ---- */

bool tune_setting(const char *text, const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);
	bool found = false;
	const char *at;

	for (at = text; at; at = strchr(at, '\n')) {
		at += strspn(at, " \t\n");
		if (strncmp(at, "export ", 7) == 0)
			at += 7;
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		at += strspn(at, "\"'");
		snprintf(buf, size, "%.*s", (int)strcspn(at, "\"'\n"), at);
		found = true;
	}
	return found;
}

/* ---- folders ---- */

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(struct tune_names *names, const char *name)
{
	char **v = reallocarray(names->v, names->n + 1, sizeof(*v));

	if (v)
		names->v = v;
	if (!v || !(v[names->n] = strdup(name)))
		return false;
	names->n++;
	return true;
}

bool tune_names(const struct tune_host *host, struct tune_names *ret, const char *glob,
		const char *fmt, ...)
{
	struct tune_names names = { 0 };
	struct dirent *entry;
	char path[PATH_MAX];
	bool good = true;
	va_list ap;
	DIR *dir;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = rt_root_open(host->root, NULL, O_RDONLY | O_DIRECTORY, "%s", path);
	dir = rt_opendir(fd);
	if (!dir)
		return false;
	while (good && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && rt_glob(glob, entry->d_name, false))
			good = add_name(&names, entry->d_name);
	}
	closedir(dir);
	if (!good) {
		tune_names_finish(&names);
		return false;
	}
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	*ret = names;
	return true;
}

void tune_names_finish(struct tune_names *names)
{
	while (names->n)
		free(names->v[--names->n]);
	free(names->v);
	names->v = NULL;
}

/* ---- programs that run ---- */

static char *read_comms(const struct tune_host *host)
{
	struct rt_buf buf = { 0 };
	struct tune_names pids;
	char comm[64];
	size_t i;

	if (!tune_names(host, &pids, "[0-9]*", "proc"))
		return NULL;
	for (i = 0; i < pids.n; i++) {
		if (tune_line(host, comm, sizeof(comm), "proc/%s/comm", pids.v[i]))
			rt_buf_printf(&buf, "%s\n", comm);
	}
	tune_names_finish(&pids);
	if (buf.len && rt_buf_str(&buf))
		return buf.data;
	rt_buf_finish(&buf);
	return NULL;
}

/* Does a line of @text end with, or have between blanks, the name (behind a path)? */
static bool ps_names(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = strstr(text, name); at; at = strstr(at + 1, name)) {
		if (at > text && strchr(" /", at[-1]) && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

enum tune_answer tune_runs(const struct tune_host *host, const char *comm)
{
	enum tune_answer answer = TUNE_NOBODY_KNOWS;
	size_t len = strnlen(comm, COMM_MAX);
	const char *at;
	char *text;

	for (at = host->comms; at && *at; at = strchr(at, '\n') + 1) {
		if (strncmp(at, comm, len) == 0 && at[len] == '\n')
			return TUNE_YES;
	}
	if (host->comms)
		return TUNE_NO;
	text = tune_text(host, "sos_commands/process/ps_auxwwwm");
	if (!text)	/* of an older sos, without threads */
		text = tune_text(host, "sos_commands/process/ps_auxwww");
	if (text)
		answer = ps_names(text, comm) ? TUNE_YES : TUNE_NO;
	free(text);
	return answer;
}

/* ---- the processor ---- */

static char *read_cpuinfo(const struct tune_host *host)
{
	char *text = tune_text(host, "proc/cpuinfo"), *end = text ? strstr(text, "\n\n") : NULL;

	if (end)
		*end = '\0';
	return text;
}

bool tune_cpuinfo(const struct tune_host *host, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	const char *at;

	for (at = host->cpuinfo; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (strncmp(at, key, len) != 0 || !strchr("\t :", at[len]))
			continue;
		at += len + strspn(at + len, "\t :");
		snprintf(buf, size, "%.*s", (int)strcspn(at, "\n"), at);
		return true;
	}
	return false;
}

enum tune_answer tune_cpu_flag(const struct tune_host *host, const char *flag)
{
	size_t len = strlen(flag);
	char flags[8192];
	const char *at;

	if (!tune_cpuinfo(host, "flags", flags, sizeof(flags)))
		return TUNE_NOBODY_KNOWS;
	for (at = flags; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strcspn(at, " ") == len && strncmp(at, flag, len) == 0)
			return TUNE_YES;
	}
	return TUNE_NO;
}

const char *tune_iommu_words(const struct tune_host *host)
{
	char vendor[64];

	if (tune_cpuinfo(host, "vendor_id", vendor, sizeof(vendor)) &&
	    strcmp(vendor, "GenuineIntel") != 0)
		return "iommu=pt";
	return "intel_iommu=on iommu=pt";
}

/* ---- the kernel's configuration ---- */

static char *unpack(const char *packed, size_t len)
{
	z_stream z = { .next_in = (unsigned char *)packed, .avail_in = (unsigned int)len };
	char *text = malloc(CONFIG_MAX);
	int rc = Z_MEM_ERROR;

	if (!text)
		return NULL;
	z.next_out = (unsigned char *)text;
	z.avail_out = CONFIG_MAX - 1;
	if (inflateInit2(&z, 15 + 16) == Z_OK) {	/* with a head of gzip */
		rc = inflate(&z, Z_FINISH);
		inflateEnd(&z);
	}
	if (rc != Z_STREAM_END) {
		free(text);
		return NULL;
	}
	text[z.total_out] = '\0';
	return text;
}

static char *read_config(const struct tune_host *host)
{
	char *text = NULL, *packed;
	size_t len;

	if (host->release[0])
		text = tune_text(host, "boot/config-%s", host->release);
	if (!text && host->release[0])
		text = tune_text(host, "lib/modules/%s/config", host->release);
	if (!text && host->release[0])
		text = tune_text(host, "usr/lib/modules/%s/config", host->release);
	if (text || rt_root_read(host->root, &packed, &len, NULL, "proc/config.gz") < 0)
		return text;
	text = unpack(packed, len);
	free(packed);
	return text;
}

/* ---- the host as a whole ---- */

static void read_release(struct tune_host *host)
{
	if (!tune_line(host, host->version, sizeof(host->version), "proc/version"))
		tune_line(host, host->version, sizeof(host->version),
			  "sos_commands/kernel/uname_-a");
	if (!tune_line(host, host->release, sizeof(host->release), "proc/sys/kernel/osrelease") &&
	    sscanf(host->version, "Linux version %127s", host->release) != 1 &&
	    sscanf(host->version, "Linux %*s %127s", host->release) != 1)
		host->release[0] = '\0';
}

static void read_cpus(struct tune_host *host)
{
	struct rt_cpuset possible = { { 0 } };
	char list[4096], *text, *at;
	int cpu, last = -1;

	if (!tune_line(host, list, sizeof(list), "sys/devices/system/cpu/present") ||
	    rt_cpuset_parse(&host->present, list, NULL) < 0) {
		text = tune_text(host, "proc/cpuinfo");
		for (at = text; at && (at = strstr(at, "processor\t:")); at++)
			rt_cpuset_add(&host->present, (unsigned int)atoi(at + 11));
		free(text);
	}
	if (!tune_line(host, list, sizeof(list), "sys/devices/system/cpu/possible") ||
	    rt_cpuset_parse(&possible, list, NULL) < 0)
		possible = host->present;
	for (cpu = rt_cpuset_next(&possible, 0); cpu >= 0;
	     cpu = rt_cpuset_next(&possible, (unsigned int)cpu + 1))
		last = cpu;
	host->nr_cpus = (unsigned int)(last + 1);
}

/* Where nobody says which CPUs are to be real-time: those that were taken out already. */
static void read_target(struct tune_host *host)
{
	static const char *const files[] = {
		"sys/fs/cgroup/cpuset.cpus.isolated", "sys/devices/system/cpu/isolated",
		"sys/devices/system/cpu/nohz_full",
	};
	struct rt_cpuset set;
	char list[4096];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (tune_line(host, list, sizeof(list), "%s", files[i]) &&
		    rt_cpuset_parse(&set, list, NULL) == 0)
			rt_cpuset_or(&host->target, &set);
	}
	host->has_target = !rt_cpuset_empty(&host->target);
}

int tune_host_init(struct tune_host *host, const struct rt_root *root,
		   const struct rt_cpuset *cpus, struct rt_err *err)
{
	char *text;
	int rc = 0;

	memset(host, 0, sizeof(*host));
	host->root = root;
	host->live = !root->path[0];
	host->distro = tune_distro_of(root);
	host->systemd = rt_root_exists(root, "run/systemd/system") ||
			rt_root_exists(root, "lib/systemd/systemd") ||
			rt_root_exists(root, "usr/lib/systemd/systemd");
	read_release(host);
	read_cpus(host);
	if (cpus) {
		host->target = *cpus;
		host->has_target = true;
	} else {
		read_target(host);
	}
	host->config = read_config(host);
	host->comms = read_comms(host);
	host->cpuinfo = read_cpuinfo(host);
	text = tune_text(host, "proc/cmdline");
	host->has_cmdline = text;
	rc = tune_cmdline_parse(&host->cmdline, text ? text : "", err);
	free(text);
	if (rc < 0)
		tune_host_finish(host);
	return rc;
}

void tune_host_finish(struct tune_host *host)
{
	tune_cmdline_finish(&host->cmdline);
	rt_buf_finish(&host->found);
	rt_buf_finish(&host->boot_words);
	free(host->config);
	free(host->comms);
	free(host->cpuinfo);
	tune_tasks_finish(&host->tasks);
	tune_irqs_finish(&host->irqs);
	tune_topo_destroy(host->topo);
}
