/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-recall.c - where CPUs belong that are offline now, written down while they
 * were not
 *
 * A kernel removes the topology of a CPU that goes offline, and what is counted over
 * the rest gets other numbers.  So before CPUs go down their places are kept in
 * run/kvmrt/topology, which ends with the boot: a line a CPU, its number and that of
 * its group at each level, "-" for none.
 */
#include "tuning/topo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/topo-internal.h"

#define DIR_PATH "run/kvmrt"
#define FILE_PATH DIR_PATH "/topology"
#define HEAD "# cpu package die node l3 l2 l1 core\n"

/* ---- reading ---- */

/* A number below RT_MAX_CPUS, or "-". */
static bool take(char **at, int *ret)
{
	char *end;
	long value;

	*at += strspn(*at, " ");
	if (**at == '-') {
		*ret = TUNE_NONE;
		++*at;
		return true;
	}
	if (**at < '0' || **at > '9')
		return false;
	value = strtol(*at, &end, 10);
	*at = end;
	*ret = (int)value;
	return value < RT_MAX_CPUS;
}

/* A line into @places, one place a CPU of @topo; what does not fit makes all of it useless. */
static bool read_line(const struct tune_topo *topo, struct tune_cpu *places, char *line)
{
	const struct tune_cpu *cpu;
	struct tune_cpu place;
	int level, number;

	if (!take(&line, &number))
		return false;
	for (level = 0; level < TUNE_NR_LEVELS; level++) {
		if (!take(&line, &place.in[level]))
			return false;
	}
	cpu = number < 0 ? NULL : tune_topo_cpu(topo, (unsigned int)number);
	if (!cpu || *line)
		return false;
	memcpy(places[cpu - topo->cpus].in, place.in, sizeof(place.in));
	return true;
}

static bool read_text(const struct tune_topo *topo, struct tune_cpu *places, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (line[0] && line[0] != '#' && !read_line(topo, places, line))
			return false;
	}
	return true;
}

/* Online CPUs are together there exactly where they are together now. */
static bool agrees(const struct tune_topo *topo, const struct tune_cpu *places, int level)
{
	int now[RT_MAX_CPUS], then[RT_MAX_CPUS], a, b;
	unsigned int i;

	for (i = 0; i < RT_MAX_CPUS; i++)
		now[i] = then[i] = TUNE_NONE;
	for (i = 0; i < topo->nr_cpus; i++) {
		a = topo->cpus[i].in[level];
		b = places[i].in[level];
		if (!topo->cpus[i].online)
			continue;
		if ((a < 0) != (b < 0) || a >= RT_MAX_CPUS)
			return false;
		if (a < 0)
			continue;
		if ((now[a] >= 0 && now[a] != b) || (then[b] >= 0 && then[b] != a))
			return false;
		now[a] = b;
		then[b] = a;
	}
	return true;
}

/* ---- taking over ---- */

static int compare_number(const void *a, const void *b)
{
	const struct tune_group *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

static struct tune_group *find(struct tune_groups *at, int number)
{
	unsigned int i;

	for (i = 0; i < at->n; i++) {
		if (at->v[i].number == number)
			return &at->v[i];
	}
	return NULL;
}

/* The groups that are known get the numbers of then; those that are all offline come back. */
static int renumber(struct tune_topo *topo, const struct tune_cpu *places, enum tune_level level)
{
	struct tune_groups *at = &topo->at[level];
	struct tune_group *group;
	unsigned int i, known = at->n;
	int first;

	for (i = 0; i < known; i++) {
		first = rt_cpuset_next(&at->v[i].cpus, 0);
		if (first >= 0 && rt_cpuset_overlaps(&at->v[i].cpus, &topo->online))
			at->v[i].number = places[tune_topo_cpu(topo, (unsigned int)first) -
						 topo->cpus].in[level];
	}
	for (i = 0; i < topo->nr_cpus; i++) {
		if (places[i].in[level] < 0)
			continue;
		group = find(at, places[i].in[level]);
		if (!group)
			group = tune_topo_add_group(topo, level, places[i].in[level]);
		if (!group)
			return -ENOMEM;
		rt_cpuset_add(&group->cpus, topo->cpus[i].number);
		topo->cpus[i].in[level] = places[i].in[level];
	}
	if (at->n)
		qsort(at->v, at->n, sizeof(*at->v), compare_number);
	return 0;
}

int tune_topo_recall_text(struct tune_topo *topo, const char *text)
{
	struct tune_cpu *places = calloc(topo->nr_cpus + 1, sizeof(*places));
	char *lines = strdup(text);
	unsigned int i;
	int level, rc = 0;
	bool good;

	if (!places || !lines) {
		rc = -ENOMEM;
		goto out;
	}
	for (i = 0; i < topo->nr_cpus; i++)
		memcpy(places[i].in, topo->cpus[i].in, sizeof(places[i].in));
	good = read_text(topo, places, lines);
	for (level = 0; good && level < TUNE_NR_LEVELS; level++)
		good = agrees(topo, places, level);
	for (level = 0; good && !rc && level < TUNE_NR_LEVELS; level++) {
		if (level != TUNE_NODE)		/* the kernel does not forget it */
			rc = renumber(topo, places, level);
	}
out:
	free(lines);
	free(places);
	return rc;
}

int tune_topo_recall(struct tune_topo *topo, const struct rt_root *root)
{
	char *text;
	int rc;

	if (rt_cpuset_equal(&topo->present, &topo->online) ||
	    rt_root_read(root, &text, NULL, NULL, FILE_PATH) < 0)
		return 0;
	rc = tune_topo_recall_text(topo, text);
	free(text);
	return rc;
}

/* ---- writing ---- */

static unsigned int nr_placed(const struct tune_topo *topo)
{
	unsigned int i, nr = 0;

	for (i = 0; i < topo->nr_cpus; i++)
		nr += topo->cpus[i].in[TUNE_CORE] != TUNE_NONE;
	return nr;
}

static void print(struct rt_buf *buf, const struct tune_topo *topo)
{
	unsigned int i;
	int level;

	rt_buf_puts(buf, HEAD);
	for (i = 0; i < topo->nr_cpus; i++) {
		if (topo->cpus[i].in[TUNE_CORE] == TUNE_NONE)
			continue;
		rt_buf_printf(buf, "%u", topo->cpus[i].number);
		for (level = 0; level < TUNE_NR_LEVELS; level++) {
			if (topo->cpus[i].in[level] == TUNE_NONE)
				rt_buf_puts(buf, " -");
			else
				rt_buf_printf(buf, " %d", topo->cpus[i].in[level]);
		}
		rt_buf_puts(buf, "\n");
	}
}

/* How many CPUs the file there places. */
static unsigned int nr_written(const struct rt_root *root)
{
	unsigned int nr = 0;
	char *text, *at;

	if (rt_root_read(root, &text, NULL, NULL, FILE_PATH) < 0)
		return 0;
	for (at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		nr += *at != '#' && *at != '\n';
	free(text);
	return nr;
}

/* By a name of its own and a rename, so that a reader sees the whole of it. */
static int write_file(const struct rt_root *root, const char *text, struct rt_err *err)
{
	const char *temp = FILE_PATH ".new";
	ssize_t put;
	int fd, rc = 0;

	if (mkdirat(root->fd, "run", 0755) < 0 && errno != EEXIST)
		return rt_err_set(err, -errno, "cannot make %s/run", root->path);
	if (mkdirat(root->fd, DIR_PATH, 0755) < 0 && errno != EEXIST)
		return rt_err_set(err, -errno, "cannot make %s/" DIR_PATH, root->path);
	fd = rt_root_open(root, err, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, "%s", temp);
	if (fd < 0)
		return fd;
	put = write(fd, text, strlen(text));
	if (put != (ssize_t)strlen(text))
		rc = put < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && renameat(root->fd, temp, root->fd, FILE_PATH) < 0)
		rc = -errno;
	return rc ? rt_err_set(err, rc, "cannot write %s/" FILE_PATH, root->path) : 0;
}

int tune_topo_remember(const struct tune_topo *topo, const struct rt_root *root,
		       struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	int rc = 0;

	if (nr_written(root) > nr_placed(topo))
		return 0;
	print(&buf, topo);
	rc = rt_buf_str(&buf) ? write_file(root, buf.data, err) :
	     rt_err_set(err, -ENOMEM, "cannot write %s/" FILE_PATH, root->path);
	rt_buf_finish(&buf);
	return rc;
}
