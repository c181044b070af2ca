/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-read.c - open an xtrace directory
 */
#include "xtrace/store-read.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/err.h"
#include "lib/io.h"

static void st_destroy(struct xt_trace *trace)
{
	struct st *st = trace->priv;

	for (unsigned int i = 0; i < trace->nr_lanes; i++)
		st_lane_finish(&st->lanes[i]);
	free(st->lanes);
	close(st->dir);
	free(st);
}

static int unpack_text(const struct xt_text *frame, struct xt_text *ret)
{
	unsigned long long len = ZSTD_getFrameContentSize(frame->data, frame->len);
	struct xt_text text = { 0 };

	/* Unknown and damaged are the two largest numbers. */
	if (len > XT_MAX_TEXT)
		return -EBADMSG;
	text.data = malloc(len + 1);
	if (!text.data)
		return -ENOMEM;
	text.len = ZSTD_decompress(text.data, len, frame->data, frame->len);
	if (text.len != len) {
		xt_text_finish(&text);
		return -EBADMSG;
	}
	text.data[len] = '\0';
	*ret = text;
	return 0;
}

static int st_kallsyms(const struct xt_trace *trace, struct xt_text *ret, struct rt_err *err)
{
	const struct st *st = trace->priv;
	struct xt_text frame;
	int rc;

	(void)err;
	rc = st_read_file(st->dir, XT_STORE_SYMBOLS, XT_MAX_TEXT, &frame);
	if (rc == -ENOENT)
		return st_read_file(st->dir, "kallsyms", XT_MAX_TEXT, ret);
	if (rc < 0)
		return rc;
	rc = unpack_text(&frame, ret);
	xt_text_finish(&frame);
	return rc;
}

/* "cpu12.xt" -> 12 */
static bool cpu_of(const char *name, unsigned int *ret)
{
	char *end;
	unsigned long cpu;

	if (strncmp(name, "cpu", 3) != 0 || !isdigit((unsigned char)name[3]))
		return false;
	cpu = strtoul(name + 3, &end, 10);
	*ret = (unsigned int)cpu;
	return strcmp(end, ".xt") == 0 && cpu < XT_MAX_CPUS;
}

/* CPUs that have a file, as a map of bytes. */
static int list_cpus(const struct st *st, uint8_t *has, unsigned int *ret_nr)
{
	int fd = openat(st->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = rt_opendir(fd);
	struct dirent *entry;
	unsigned int cpu;

	if (!list)
		return -errno;
	*ret_nr = 0;
	while ((entry = readdir(list))) {
		if (cpu_of(entry->d_name, &cpu) && !has[cpu]) {
			has[cpu] = 1;
			++*ret_nr;
		}
	}
	closedir(list);
	return 0;
}

/* A merge of many CPUs needs more descriptors than the usual soft limit. */
static int open_cpu_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct rlimit limit;
	struct stat st;

	if (fd < 0 && errno == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static void note_times(struct xt_trace *trace, unsigned int index)
{
	struct xt_info *info = &trace->info;
	size_t nr = trace->lanes[index].nr_chunks;
	struct xt_chunk first, last;

	if (!nr)
		return;
	xt_lane_chunk(trace, index, 0, &first);
	xt_lane_chunk(trace, index, nr - 1, &last);
	if (first.times_known && (!info->first_ts || first.first_ts < info->first_ts))
		info->first_ts = first.first_ts;
	if (last.times_known && last.last_ts > info->last_ts)
		info->last_ts = last.last_ts;
}

/* Opens the file of @cpu as the trace's next lane, for which there is room. */
static int open_lane(struct xt_trace *trace, unsigned int cpu, struct rt_err *err)
{
	struct xt_lane_info *info = &trace->lanes[trace->nr_lanes];
	struct st *st = trace->priv;
	char name[32];
	int fd, rc;

	snprintf(name, sizeof(name), "cpu%u.xt", cpu);
	fd = open_cpu_file(st->dir, name);
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return rt_err_set(err, fd, "%s: cannot be opened", name);
	if (fd < 0) {
		xt_warn(trace, "%s: is not read: %s", name,
			fd == -EINVAL ? "no regular file" : strerror(-fd));
		return 0;
	}
	*info = (struct xt_lane_info){ .cpu = cpu, .buffer = "" };
	trace->nr_lanes++;
	rc = st_open_lane(trace, &st->lanes[trace->nr_lanes - 1], cpu, fd, &info->nr_chunks);
	if (rc < 0)
		return rt_err_set(err, rc, "%s: cannot be opened", name);
	note_times(trace, trace->nr_lanes - 1);
	if (cpu >= trace->info.nr_cpus)
		trace->info.nr_cpus = cpu + 1;
	return 0;
}

static int open_lanes(struct xt_trace *trace, const uint8_t *has, unsigned int nr,
		      struct rt_err *err)
{
	struct st *st = trace->priv;
	int rc = 0;

	trace->lanes = calloc(nr ? nr : 1, sizeof(*trace->lanes));
	st->lanes = calloc(nr ? nr : 1, sizeof(*st->lanes));
	if (!trace->lanes || !st->lanes)
		return rt_err_set(err, -ENOMEM, "cannot open %u CPUs", nr);
	for (unsigned int cpu = 0; cpu < XT_MAX_CPUS && rc == 0; cpu++) {
		if (has[cpu])
			rc = open_lane(trace, cpu, err);
	}
	return rc;
}

/* ---- a recording that goes on ---- */

/*
 * Who records holds a lock on the directory.  Where a file system has no locks, nobody
 * can tell that a recorder is gone.
 */
static bool is_recorded(int dir)
{
	if (flock(dir, LOCK_SH | LOCK_NB) < 0)
		return true;
	flock(dir, LOCK_UN);
	return false;
}

/*
 * Before blocks are looked for, so that what is found is all there will be.  The lock
 * goes when the session says that it is complete: it is read behind the lock.
 */
static void note_end(struct xt_trace *trace)
{
	const struct st *st = trace->priv;
	bool gone;

	if (trace->info.complete)
		return;
	gone = !is_recorded(st->dir);
	trace->info.complete = st_read_complete(trace);
	trace->info.cut = gone && !trace->info.complete;
}

/* Room for @nr lanes in all; a lock is not moved but made anew. */
static int make_room(struct xt_trace *trace, unsigned int nr)
{
	struct xt_lane_info *infos = calloc(nr, sizeof(*infos));
	struct st_lane *lanes = calloc(nr, sizeof(*lanes));
	struct st *st = trace->priv;

	if (!infos || !lanes) {
		free(infos);
		free(lanes);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < trace->nr_lanes; i++) {
		infos[i] = trace->lanes[i];
		lanes[i] = st->lanes[i];
		pthread_mutex_destroy(&st->lanes[i].lock);
		pthread_mutex_init(&lanes[i].lock, NULL);
	}
	free(trace->lanes);
	free(st->lanes);
	trace->lanes = infos;
	st->lanes = lanes;
	return 0;
}

/* CPUs whose first block has come. */
static int open_new_lanes(struct xt_trace *trace, struct rt_err *err)
{
	uint8_t has[XT_MAX_CPUS] = { 0 };
	unsigned int nr = 0;
	int rc = list_cpus(trace->priv, has, &nr);

	if (rc < 0)
		return rt_err_set(err, rc, "cannot list the directory");
	if (nr <= trace->nr_lanes)
		return 0;
	if (make_room(trace, nr) < 0)
		return rt_err_set(err, -ENOMEM, "cannot open %u CPUs", nr);
	for (unsigned int i = 0; i < trace->nr_lanes; i++)
		has[trace->lanes[i].cpu] = 0;
	for (unsigned int cpu = 0; cpu < XT_MAX_CPUS && rc == 0; cpu++) {
		if (has[cpu] && trace->nr_lanes < nr)
			rc = open_lane(trace, cpu, err);
	}
	return rc;
}

static int st_refresh(struct xt_trace *trace, struct rt_err *err)
{
	struct st *st = trace->priv;
	int rc = 0;

	note_end(trace);
	for (unsigned int i = 0; i < trace->nr_lanes && rc == 0; i++) {
		rc = st_grow_lane(trace, &st->lanes[i], trace->lanes[i].cpu,
				  &trace->lanes[i].nr_chunks);
		note_times(trace, i);
	}
	if (rc < 0)
		return rt_err_set(err, rc, "cannot follow the recording");
	return open_new_lanes(trace, err);
}

static uint32_t st_page_size(const struct xt_trace *trace, unsigned int lane)
{
	const struct st *st = trace->priv;

	(void)lane;
	return st->subbuf_size;
}

static const struct xt_backend st_backend = {
	.destroy = st_destroy,
	.refresh = st_refresh,
	.chunk = st_chunk,
	.load = st_load,
	.load_frame = st_load_frame,
	.page_size = st_page_size,
	.kallsyms = st_kallsyms,
};

static void read_text(struct xt_trace *trace, const char *name, struct xt_text *ret)
{
	const struct st *st = trace->priv;
	int rc = st_read_file(st->dir, name, XT_MAX_TEXT, ret);

	if (rc < 0 && rc != -ENOENT)
		xt_warn(trace, "%s: is not read: %s", name, strerror(-rc));
}

static int read_names(struct xt_trace *trace, struct rt_err *err)
{
	int rc;

	read_text(trace, "printk_formats", &trace->printk);
	read_text(trace, "saved_cmdlines", &trace->cmdlines);
	read_text(trace, "saved_tgids", &trace->tgids_text);
	rc = xt_parse_cmdlines(trace);
	return rc < 0 ? rt_err_set(err, rc, "cannot keep the names of tasks") : 0;
}

/* In mode stop losses lie behind the last event, where no block tells of them. */
static void warn_of_full(struct xt_trace *trace)
{
	size_t i;

	if (!trace->info.mode || strcmp(trace->info.mode, "stop") != 0)
		return;
	for (i = 0; i < trace->info.nr_stats; i++) {
		if (trace->stats[i].lost)
			xt_warn(trace, "cpu%u: its buffer was full: %llu later events were lost",
				trace->stats[i].cpu, (unsigned long long)trace->stats[i].lost);
	}
}

/* A copy that was cut short, as by a signal, need not have all files of the recording. */
static void warn_of_missing(struct xt_trace *trace, const uint8_t *has)
{
	size_t i;

	for (i = 0; i < trace->info.nr_stats; i++) {
		const struct xt_cpu_stats *cpu = &trace->stats[i];

		if (trace->info.complete && cpu->bytes_disk && cpu->cpu < XT_MAX_CPUS &&
		    !has[cpu->cpu])
			xt_warn(trace, "cpu%u.xt: is missing, with %llu bytes of events: was all "
				"of the trace copied?", cpu->cpu,
				(unsigned long long)cpu->bytes_disk);
	}
}

int xt_store_open(struct xt_trace *trace, const char *path, int dir, struct rt_err *err)
{
	struct st *st = calloc(1, sizeof(*st));
	uint8_t has[XT_MAX_CPUS] = { 0 };
	unsigned int nr = 0;
	int rc;

	(void)path;
	if (!st) {
		close(dir);
		return rt_err_set(err, -ENOMEM, "cannot open the trace");
	}
	st->dir = dir;
	trace->priv = st;
	trace->backend = &st_backend;
	trace->info.kind = "xtrace";
	rc = st_read_session(trace, err);
	if (rc < 0)
		return rc;
	rc = st_read_formats(trace, err);
	if (rc == 0)
		rc = read_names(trace, err);
	if (rc < 0)
		return rc;
	note_end(trace);
	trace->info.nr_cpus = st->cpus;
	rc = list_cpus(st, has, &nr);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot list the directory");
	warn_of_full(trace);
	warn_of_missing(trace, has);
	return open_lanes(trace, has, nr, err);
}
