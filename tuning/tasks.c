/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tasks.c - every thread of the host out of /proc/PID/stat, status and cgroup
 */
#include "tuning/tasks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "lib/text.h"

/* include/linux/sched.h of the kernel; they have been the same since 4.x */
#define PF_WQ_WORKER		0x00000020u
#define PF_USER_WORKER		0x00004000u	/* from 6.4 on */
#define PF_KTHREAD		0x00200000u
#define PF_NO_SETAFFINITY	0x04000000u

#define STAT_MAX 4096

const char *tune_task_hold_name(enum tune_task_hold hold)
{
	static const char *const names[] = {
		[TUNE_TASK_FREE] = "free",
		[TUNE_TASK_BOUND] = "bound",
		[TUNE_TASK_WORKQUEUE] = "workqueue",
	};

	return names[hold];
}

const char *tune_policy_name(int policy)
{
	/* by number; 4 is not used */
	static const char *const names[] = {
		"other", "fifo", "rr", "batch", "?", "idle", "deadline", "ext",
	};

	return policy >= 0 && policy < (int)(sizeof(names) / sizeof(names[0])) ? names[policy] :
	       "?";
}

void tune_tasks_finish(struct tune_tasks *tasks)
{
	free(tasks->v);
	rt_buf_finish(&tasks->text);
	rt_buf_finish(&tasks->file);
	*tasks = (struct tune_tasks){ 0 };
}

struct tune_task *tune_tasks_find(struct tune_tasks *tasks, pid_t tid)
{
	size_t i;

	for (i = 0; i < tasks->n; i++)
		if (tasks->v[i].tid == tid)
			return &tasks->v[i];
	return NULL;
}

const char *tune_task_cgroup(const struct tune_tasks *tasks, const struct tune_task *task)
{
	return tasks->text.len ? tasks->text.data + task->cgroup : "";
}

const char *tune_task_unit(const struct tune_tasks *tasks, const struct tune_task *task)
{
	return tasks->text.len ? tasks->text.data + task->unit : "";
}

/* ---- stat ---- */

/* Fields by the numbers of proc_pid_stat(5), those behind the name. */
enum {
	F_STATE = 3, F_PPID = 4, F_FLAGS = 9, F_NICE = 19, F_THREADS = 20, F_START = 22,
	F_CPU = 39, F_RT_PRIORITY = 40, F_POLICY = 41, NR_FIELDS
};

static int bad_stat(struct rt_err *err, const char *text)
{
	return rt_err_say(err, -EBADMSG, "expected \"PID (NAME) STATE ...\", found \"%.40s\"",
			  text);
}

/* Workers that no CPU owns, and the rescuers, go where the work queues' masks say. */
static enum tune_task_hold find_hold(const struct tune_task *task, unsigned int flags)
{
	if (!(flags & PF_NO_SETAFFINITY))
		return TUNE_TASK_FREE;
	if (flags & PF_WQ_WORKER && !(strncmp(task->comm, "kworker/", 8) == 0 &&
				      isdigit((unsigned char)task->comm[8])))
		return TUNE_TASK_WORKQUEUE;
	return TUNE_TASK_BOUND;
}

/* The name may hold parentheses, spaces and newlines; no field behind it does. */
static const char *take_comm(struct tune_task *task, const char *text)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	size_t len;

	if (!open || !close || close < open)
		return NULL;
	len = (size_t)(close - open) - 1;
	if (len >= sizeof(task->comm))
		len = sizeof(task->comm) - 1;
	memcpy(task->comm, open + 1, len);
	task->comm[len] = '\0';
	return close + 1;
}

static int parse_stat(struct tune_task *task, long long *f, const char *text, struct rt_err *err)
{
	const char *p = take_comm(task, text);
	char *end;
	int i;

	task->tid = (pid_t)strtol(text, &end, 10);
	if (!p || task->tid <= 0 || *end != ' ' || p[0] != ' ' || !p[1] || p[2] != ' ')
		return bad_stat(err, text);
	task->state = p[1];
	p += 2;
	for (i = F_PPID; i < NR_FIELDS; i++, p = end) {
		f[i] = strtoll(p, &end, 10);
		if (end == p)
			return bad_stat(err, text);
	}
	return 0;
}

static void take_fields(struct tune_task *task, const long long *f)
{
	unsigned int flags = (unsigned int)f[F_FLAGS];

	task->ppid = (pid_t)f[F_PPID];
	task->kthread = flags & PF_KTHREAD;
	task->borrowed = !task->kthread && flags & PF_USER_WORKER;
	task->nice = (int)f[F_NICE];
	task->start = (uint64_t)f[F_START];
	task->cpu = (unsigned int)f[F_CPU];
	task->rt_priority = (int)f[F_RT_PRIORITY];
	task->policy = (int)f[F_POLICY];
	task->hold = find_hold(task, flags);
	task->has_affinity = false;
	task->cgroup = task->unit = 0;
}

int tune_task_parse_stat(struct tune_task *ret, const char *text, struct rt_err *err)
{
	long long fields[NR_FIELDS];
	int rc = parse_stat(ret, fields, text, err);

	if (rc == 0)
		take_fields(ret, fields);
	return rc;
}

/* ---- reading ---- */

/* What a reading needs all along. */
struct reading {
	struct tune_tasks *tasks;
	const struct rt_root *root;
	struct rt_err *err;
	unsigned int what;
	int proc;		/* the open folder proc */
};

static bool vanished(int code)
{
	return code == -ENOENT || code == -ESRCH;
}

/* As /proc does that is mounted with hidepid=1; with other values they are not to be seen. */
static bool is_hidden(const struct reading *r, int code)
{
	return r->what & TUNE_TASKS_SEEN && (code == -EPERM || code == -EACCES);
}

/* As rt_root_read_buf(), of a file below proc.  A list of groups or of CPUs may be long. */
static int read_whole(const struct reading *r, const char *path)
{
	struct rt_buf *buf = &r->tasks->file;
	int fd = openat(r->proc, path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t got;
	char *to;

	if (fd < 0)
		return -errno;
	buf->len = 0;
	do {
		to = rt_buf_reserve(buf, 4096);
		got = to ? read(fd, to, buf->room - buf->len) : 0;
		if (got < 0)
			rc = -errno;
		else
			buf->len += (size_t)got;
	} while (got > 0);
	close(fd);
	return rc < 0 || rt_buf_str(buf) ? rc : -ENOMEM;
}

/* A small file into @buf with a NUL behind it; what does not fit is left out. */
static int read_small(int dir, const char *path, char *buf, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC), rc = 0;
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (got = read(fd, buf + len, size - 1 - len)) != 0) {
		if (got < 0) {
			rc = -errno;
			break;
		}
		len += (size_t)got;
	}
	close(fd);
	buf[len] = '\0';
	return rc;
}

static struct tune_task *next_task(struct tune_tasks *tasks)
{
	size_t room = tasks->room ? tasks->room * 2 : 256;
	struct tune_task *v;

	if (tasks->n == tasks->room) {
		v = reallocarray(tasks->v, room, sizeof(*v));
		if (!v)
			return NULL;
		tasks->v = v;
		tasks->room = room;
	}
	return &tasks->v[tasks->n];
}

static int read_allowed(const struct reading *r, const char *path, struct tune_task *task)
{
	static const char key[] = "\nCpus_allowed_list:\t";
	int rc = read_whole(r, path);
	char *at;

	if (rc < 0)
		return rc;
	at = strstr(r->tasks->file.data, key);
	if (!at)
		return 0;
	at += sizeof(key) - 1;
	at[strcspn(at, "\n")] = '\0';
	task->has_affinity = rt_cpuset_parse(&task->allowed, at, NULL) == 0;
	return 0;
}

/*
 * "0::/path" is v2's line; "3:cpuset:/path" comes before it where v1 has the cpusets, and
 * "1:name=systemd:/path" where v1 has the units: systemd leaves its services' cpusets at "/".
 */
static const char *cgroup_of(char *text, const char **ret_unit)
{
	const char *v2 = NULL, *cpuset = NULL, *unit = NULL;
	char *line, *colon;

	while ((line = strsep(&text, "\n"))) {
		colon = strchr(line, ':');
		if (colon && strncmp(colon, ":cpuset:", 8) == 0)
			cpuset = colon + 8;
		else if (colon && strncmp(colon, ":name=systemd:", 14) == 0)
			unit = colon + 14;
		else if (strncmp(line, "0::", 3) == 0)
			v2 = line + 3;
	}
	cpuset = cpuset ? cpuset : v2;
	*ret_unit = unit ? unit : cpuset;
	return cpuset;
}

/* Where the path is in the pool; most threads have that of the one before, at @before. */
static size_t keep_path(struct rt_buf *pool, const char *path, size_t before)
{
	size_t at = pool->len;

	if (!path)
		return 0;
	if (strcmp(pool->data + before, path) == 0)
		return before;
	rt_buf_add(pool, path, strlen(path) + 1);
	return pool->failed ? 0 : at;
}

static int read_cgroup(const struct reading *r, const char *path, struct tune_task *task)
{
	const struct tune_task none = { 0 }, *before = task > r->tasks->v ? task - 1 : &none;
	struct rt_buf *pool = &r->tasks->text;
	const char *cgroup, *unit;
	int rc = read_whole(r, path);

	if (rc < 0)
		return rc;
	cgroup = cgroup_of(r->tasks->file.data, &unit);
	task->cgroup = keep_path(pool, cgroup, before->cgroup);
	task->unit = unit == cgroup ? task->cgroup : keep_path(pool, unit, before->unit);
	return pool->failed ? -ENOMEM : 0;
}

/* @base: "123" or "123/task/124"; the stat file's text has been read. */
static int add_thread(const struct reading *r, pid_t tgid, const char *base, const char *stat,
		      long long *ret_threads)
{
	struct tune_task *task = next_task(r->tasks);
	long long fields[NR_FIELDS];
	char path[64];
	int rc;

	if (!task)
		return rt_err_set(r->err, -ENOMEM, "%zu threads", r->tasks->n);
	rc = parse_stat(task, fields, stat, r->err);
	if (rc < 0)
		return rt_err_wrap(r->err, rc, "%s/proc/%s/stat", r->root->path, base);
	take_fields(task, fields);
	task->tgid = tgid;
	if (ret_threads)
		*ret_threads = fields[F_THREADS];
	if (r->what & TUNE_TASKS_AFFINITY) {
		snprintf(path, sizeof(path), "%s/status", base);
		rc = read_allowed(r, path, task);
	}
	if (rc == 0 && r->what & TUNE_TASKS_CGROUP) {
		snprintf(path, sizeof(path), "%s/cgroup", base);
		rc = read_cgroup(r, path, task);
	}
	if (rc == 0)
		r->tasks->n++;
	else if (is_hidden(r, rc))
		r->tasks->hidden++;
	else if (!vanished(rc))
		return rt_err_set(r->err, rc, "cannot read %s/proc/%s", r->root->path, path);
	return 0;
}

static int read_thread(const struct reading *r, pid_t tgid, const char *base,
		       long long *ret_threads)
{
	char path[64], stat[STAT_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/stat", base);
	rc = read_small(r->proc, path, stat, sizeof(stat));
	r->tasks->hidden += is_hidden(r, rc);
	if (vanished(rc) || is_hidden(r, rc) || (rc == 0 && !stat[0]))
		return 0;
	if (rc < 0)
		return rt_err_set(r->err, rc, "cannot read %s/proc/%s", r->root->path, path);
	return add_thread(r, tgid, base, stat, ret_threads);
}

static int read_others(const struct reading *r, pid_t tgid)
{
	int fd = rt_root_open(r->root, NULL, O_RDONLY | O_DIRECTORY, "proc/%d/task", tgid), rc = 0;
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;
	char base[48];
	uint64_t tid;

	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (rt_parse_u64(entry->d_name, 1, INT32_MAX, &tid) < 0 || (pid_t)tid == tgid)
			continue;
		snprintf(base, sizeof(base), "%d/task/%d", tgid, (pid_t)tid);
		rc = read_thread(r, tgid, base, NULL);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* A process with one thread needs no look into its folder task. */
static int read_process(const struct reading *r, pid_t pid)
{
	long long threads = 1;
	char base[16];
	int rc;

	snprintf(base, sizeof(base), "%d", pid);
	rc = read_thread(r, pid, base, &threads);
	return rc == 0 && threads != 1 ? read_others(r, pid) : rc;
}

static int by_number(const void *a, const void *b)
{
	const struct tune_task *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

int tune_tasks_read(struct tune_tasks *tasks, const struct rt_root *root, unsigned int what,
		    struct rt_err *err)
{
	struct reading r = { .tasks = tasks, .root = root, .what = what, .err = err };
	struct dirent *entry;
	uint64_t pid;
	int rc = 0;
	DIR *dir;

	tasks->n = tasks->hidden = 0;
	tasks->text.len = 0;
	rt_buf_add(&tasks->text, "", 1);	/* the empty path */
	r.proc = rt_root_open(root, err, O_RDONLY | O_DIRECTORY, "proc");
	if (r.proc < 0)
		return r.proc;
	dir = rt_opendir(r.proc);
	if (!dir)
		return rt_err_set(err, -ENOMEM, "%s/proc", root->path);
	while (rc == 0 && (entry = readdir(dir)))
		if (rt_parse_u64(entry->d_name, 1, INT32_MAX, &pid) == 0)
			rc = read_process(&r, (pid_t)pid);
	closedir(dir);
	if (rc == 0 && tasks->n)
		qsort(tasks->v, tasks->n, sizeof(*tasks->v), by_number);
	return rc;
}
