/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * running.c - the threads in state R, out of stat files that stay open
 */
#include "tuning/running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "lib/text.h"

#define FILES_LEFT	256	/* descriptors that others in this process may want */

struct tune_thread {
	pid_t tid, tgid;
	int fd;			/* of its stat file, or -1: opened for each reading */
	bool seen;		/* in this reading */
	struct tune_thread_state is;
	uint64_t time;		/* utime + stime, in clock ticks */
};

/* What a reading needs all along. */
struct reading {
	struct tune_runners *runners;
	int proc;
	size_t nr_old;		/* of the threads, those known before */
};

void tune_runners_finish(struct tune_runners *runners)
{
	size_t i;

	for (i = 0; i < runners->nr_threads; i++) {
		if (runners->threads[i].fd >= 0)
			close(runners->threads[i].fd);
	}
	free(runners->threads);
	free(runners->v);
	*runners = (struct tune_runners){ 0 };
}

/* ---- a stat file ---- */

/* As many fields as are needed, by the numbers of proc_pid_stat(5). */
enum {
	F_STATE = 3, F_FLAGS = 9, F_UTIME = 14, F_STIME = 15, F_THREADS = 20, F_CPU = 39,
	F_PRIORITY = 40, F_POLICY = 41,
};

#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h of the kernel */

/*
 * This is done for every thread of the host: only these fields are made numbers, and
 * of a kernel thread that sleeps nothing but its state is needed.
 */
bool tune_running_parse(const char *text, struct tune_thread_state *thread,
			struct tune_running *ret)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *p = close;
	uint64_t value[F_POLICY + 1] = { 0 };
	size_t len;
	int field;

	if (!open || !close || close < open)
		return false;
	for (field = F_STATE; field <= F_POLICY; field++) {
		p = strchr(p, ' ');
		if (!p)
			return false;
		p++;
		if (field == F_STATE)
			thread->state = *p;
		else if (field == F_FLAGS || field == F_UTIME || field == F_STIME ||
			 field == F_THREADS || field >= F_CPU)
			value[field] = strtoull(p, NULL, 10);
		if (thread->kthread && thread->state != 'R')
			return true;
	}
	thread->kthread = value[F_FLAGS] & PF_KTHREAD;
	len = (size_t)(close - open) - 1;
	len = len < sizeof(ret->comm) ? len : sizeof(ret->comm) - 1;
	memcpy(ret->comm, open + 1, len);
	ret->comm[len] = '\0';
	ret->cpu = (unsigned int)value[F_CPU];
	ret->policy = (int)value[F_POLICY];
	ret->rt_priority = (int)value[F_PRIORITY];
	ret->used = value[F_UTIME] + value[F_STIME];
	thread->nr_threads = (unsigned int)value[F_THREADS];
	return true;
}

static int open_stat(const struct reading *r, const struct tune_thread *thread)
{
	char path[64];

	if (thread->tid == thread->tgid)
		snprintf(path, sizeof(path), "%d/stat", thread->tid);
	else
		snprintf(path, sizeof(path), "%d/task/%d/stat", thread->tgid, thread->tid);
	return openat(r->proc, path, O_RDONLY | O_CLOEXEC);
}

/* The text with a NUL behind it; false when the thread has ended. */
static bool read_stat(const struct reading *r, struct tune_thread *thread, char *text,
		      size_t size)
{
	struct tune_runners *runners = r->runners;
	int fd = thread->fd >= 0 ? thread->fd : open_stat(r, thread);
	ssize_t len;

	if (fd < 0)
		return false;
	len = pread(fd, text, size - 1, 0);
	if (thread->fd < 0 && len > 0 && runners->nr_open < runners->max_open) {
		thread->fd = fd;
		runners->nr_open++;
	} else if (thread->fd < 0) {
		close(fd);
	}
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

static int add_running(struct tune_runners *runners, const struct tune_running *running)
{
	size_t room = runners->room ? 2 * runners->room : 64;
	struct tune_running *v;

	if (runners->n == runners->room) {
		v = reallocarray(runners->v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		runners->v = v;
		runners->room = room;
	}
	runners->v[runners->n++] = *running;
	return 0;
}

/* Sets ->seen where the thread is there still. */
static int look_at(const struct reading *r, struct tune_thread *thread, bool known)
{
	struct tune_running running = { .tid = thread->tid, .tgid = thread->tgid };
	uint64_t before = thread->time;
	char text[1024];

	if (!read_stat(r, thread, text, sizeof(text)) ||
	    !tune_running_parse(text, &thread->is, &running))
		return 0;
	thread->seen = true;
	if (thread->is.kthread && thread->is.state != 'R')
		return 0;
	thread->time = running.used;
	running.used = known && running.used >= before ? running.used - before : 0;
	if (thread->is.state != 'R' || thread->tid == getpid())
		return 0;
	return add_running(r->runners, &running);
}

/* ---- threads that come and go ---- */

static int compare_threads(const void *a, const void *b)
{
	const struct tune_thread *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	/* the leader first, whose stat file tells how many there are */
	if ((x->tid == x->tgid) != (y->tid == y->tgid))
		return x->tid == x->tgid ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

static struct tune_thread *find(const struct reading *r, pid_t tgid, pid_t tid)
{
	const struct tune_thread key = { .tgid = tgid, .tid = tid };

	if (r->nr_old == 0)
		return NULL;
	return bsearch(&key, r->runners->threads, r->nr_old, sizeof(key), compare_threads);
}

static int add_thread(const struct reading *r, pid_t tgid, pid_t tid)
{
	struct tune_runners *runners = r->runners;
	size_t room = runners->threads_room ? 2 * runners->threads_room : 256;
	struct tune_thread *threads;

	if (runners->nr_threads == runners->threads_room) {
		threads = reallocarray(runners->threads, room, sizeof(*threads));
		if (!threads)
			return -ENOMEM;
		runners->threads = threads;
		runners->threads_room = room;
	}
	threads = &runners->threads[runners->nr_threads++];
	*threads = (struct tune_thread){ .tid = tid, .tgid = tgid, .fd = -1 };
	return look_at(r, threads, false);
}

/* Of a process whose threads are not those known: all but its leader. */
static int add_others(const struct reading *r, pid_t tgid)
{
	struct dirent *entry;
	char path[32];
	uint64_t tid;
	int fd, rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%d/task", tgid);
	fd = openat(r->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = rt_opendir(fd);
	if (!dir)
		return 0;	/* it has ended */
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (rt_parse_u64(entry->d_name, 1, INT32_MAX, &tid) == 0 &&
		    (pid_t)tid != tgid && !find(r, tgid, (pid_t)tid))
			rc = add_thread(r, tgid, (pid_t)tid);
	}
	closedir(dir);
	return rc;
}

/* A process that was known, with its threads. */
static int look_at_known(const struct reading *r, struct tune_thread *leader)
{
	struct tune_thread *end = rt_array_end(r->runners->threads, r->nr_old), *thread;
	pid_t tgid = leader->tgid;
	unsigned int alive = 0, nr;
	int rc = 0;

	for (thread = leader; rc == 0 && thread < end && thread->tgid == tgid; thread++) {
		rc = look_at(r, thread, true);
		alive += thread->seen;
	}
	nr = leader->is.nr_threads;
	return rc == 0 && alive && nr > 1 && nr != alive ? add_others(r, tgid) : rc;
}

static int look_at_new(const struct reading *r, pid_t pid)
{
	int rc = add_thread(r, pid, pid);

	if (rc == 0 && r->runners->threads[r->runners->nr_threads - 1].is.nr_threads > 1)
		rc = add_others(r, pid);
	return rc;
}

static int look_at_all(const struct reading *r, DIR *dir)
{
	struct tune_thread *leader;
	struct dirent *entry;
	uint64_t pid;
	int rc = 0;

	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (rt_parse_u64(entry->d_name, 1, INT32_MAX, &pid) < 0)
			continue;
		leader = find(r, (pid_t)pid, (pid_t)pid);
		rc = leader ? look_at_known(r, leader) : look_at_new(r, (pid_t)pid);
	}
	return rc;
}

static void forget_ended(struct tune_runners *runners)
{
	size_t i, n = 0;

	for (i = 0; i < runners->nr_threads; i++) {
		if (runners->threads[i].seen) {
			runners->threads[n++] = runners->threads[i];
		} else if (runners->threads[i].fd >= 0) {
			close(runners->threads[i].fd);
			runners->nr_open--;
		}
	}
	runners->nr_threads = n;
	if (n)
		qsort(runners->threads, n, sizeof(*runners->threads), compare_threads);
}

/* ---- the result ---- */

static int class_of(const struct tune_running *running)
{
	return running->policy == SCHED_DEADLINE ? 2 :
	       running->policy == SCHED_FIFO || running->policy == SCHED_RR ? 1 : 0;
}

static int compare_running(const void *a, const void *b)
{
	const struct tune_running *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (class_of(x) != class_of(y))
		return class_of(y) - class_of(x);
	if (x->rt_priority != y->rt_priority)
		return y->rt_priority - x->rt_priority;
	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* As many stat files may stay open as this process may have descriptors. */
static size_t descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= FILES_LEFT)
		return 0;
	return limit.rlim_cur - FILES_LEFT;
}

int tune_runners_read(struct tune_runners *runners, const struct rt_root *root,
		      struct rt_err *err)
{
	struct reading r = { .runners = runners, .nr_old = runners->nr_threads };
	DIR *dir;
	size_t i;
	int rc;

	if (!runners->max_open)
		runners->max_open = descriptors();
	r.proc = rt_root_open(root, err, O_RDONLY | O_DIRECTORY, "proc");
	if (r.proc < 0)
		return r.proc;
	dir = rt_opendir(r.proc);
	if (!dir)
		return rt_err_set(err, -ENOMEM, "%s/proc", root->path);
	runners->n = 0;
	for (i = 0; i < runners->nr_threads; i++)
		runners->threads[i].seen = false;
	rc = look_at_all(&r, dir);
	closedir(dir);
	forget_ended(runners);
	if (runners->n)
		qsort(runners->v, runners->n, sizeof(*runners->v), compare_running);
	return rc < 0 ? rt_err_set(err, rc, "%zu threads", runners->nr_threads) : 0;
}

const struct tune_running *tune_runner_of(const struct tune_runners *runners, unsigned int cpu,
					  unsigned int *ret_waiting)
{
	size_t low = 0, high = runners->n, middle, end;

	while (low < high) {
		middle = (low + high) / 2;
		if (runners->v[middle].cpu < cpu)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < runners->n && runners->v[end].cpu == cpu; end++)
		;
	*ret_waiting = end > low ? (unsigned int)(end - low - 1) : 0;
	return end > low ? &runners->v[low] : NULL;
}
