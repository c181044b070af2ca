/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.c - the VMs that run, and who works for them: status files, /proc */
#include "config/live.h"

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

static const char *const role_names[] = {
	[KCFG_ROLE_VCPU] = "vcpu", [KCFG_ROLE_EMULATOR] = "emulator",
	[KCFG_ROLE_IOTHREAD] = "iothread", [KCFG_ROLE_WORKER] = "worker",
	[KCFG_ROLE_VHOST] = "vhost", [KCFG_ROLE_PIT] = "kvm-pit", [KCFG_ROLE_NX] = "nx-recovery",
};

const char *kcfg_role_name(enum kcfg_role role)
{
	return role_names[role];
}

/* How threads are named; %d is a number of theirs, or QEMU's pid. */
enum number { NUMBER_NONE, NUMBER_OWN, NUMBER_PID };

static const struct {
	const char *prefix;
	enum number number;
	enum kcfg_role role;
} names[] = {
	{ "CPU ", NUMBER_OWN, KCFG_ROLE_VCPU },
	{ "IO iothread", NUMBER_OWN, KCFG_ROLE_IOTHREAD },
	{ "vhost-", NUMBER_PID, KCFG_ROLE_VHOST },
	{ "kvm-pit/", NUMBER_PID, KCFG_ROLE_PIT },
	/* A thread of QEMU has 15 bytes of it, a kernel thread all, with the pid. */
	{ "kvm-nx-lpage-recovery-", NUMBER_PID, KCFG_ROLE_NX },
	{ "kvm-nx-lpage-re", NUMBER_NONE, KCFG_ROLE_NX },
};

bool kcfg_role_of(const struct tune_task *task, pid_t pid, enum kcfg_role *ret_role,
		  int *ret_number)
{
	bool own = task->tgid == pid;
	const char *digits;
	char *end;
	long n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(task->comm, names[i].prefix, strlen(names[i].prefix)))
			continue;
		digits = task->comm + strlen(names[i].prefix);
		n = strtol(digits, &end, 10);
		if (names[i].number == NUMBER_PID ? n != pid : !own)
			continue;
		if (names[i].number == NUMBER_OWN && end == digits)
			continue;
		*ret_role = names[i].role;
		*ret_number = names[i].number == NUMBER_OWN ? n : -1;
		return true;
	}
	*ret_role = task->tid == pid ? KCFG_ROLE_EMULATOR : KCFG_ROLE_WORKER;
	*ret_number = -1;
	return own;
}

static int add_thread(struct kcfg_live *live, const struct tune_task *task)
{
	struct kcfg_thread thread = { .task = task }, *more;

	if (!kcfg_role_of(task, live->pid, &thread.role, &thread.number))
		return 0;
	more = realloc(live->threads, (live->nr_threads + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	live->threads = more;
	more[live->nr_threads++] = thread;
	return 0;
}

static int by_role(const void *a, const void *b)
{
	const struct kcfg_thread *x = a, *y = b;

	if (x->role != y->role)
		return x->role - y->role;
	return x->number != y->number ? x->number - y->number : x->task->tid - y->task->tid;
}

/* Behind the last - or / of a kernel thread's name: "vhost-4711", "kvm-pit/4711". */
static pid_t pid_in_name(const char *comm)
{
	const char *digits = comm + strlen(comm);

	while (digits > comm && digits[-1] != '-' && digits[-1] != '/')
		digits--;
	return atoi(digits);
}

static struct kcfg_live *owner(const struct kcfg_lives *lives, const struct tune_task *task)
{
	pid_t pid = task->kthread ? pid_in_name(task->comm) : task->tgid;

	for (size_t i = 0; i < lives->n; i++)
		if (lives->v[i].pid == pid)
			return &lives->v[i];
	return NULL;
}

static int deal_threads(struct kcfg_lives *lives)
{
	struct kcfg_live *live;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < lives->tasks.n; i++) {
		live = owner(lives, &lives->tasks.v[i]);
		if (live)
			rc = add_thread(live, &lives->tasks.v[i]);
	}
	for (size_t i = 0; i < lives->n; i++) {
		live = &lives->v[i];
		if (live->nr_threads)
			qsort(live->threads, live->nr_threads, sizeof(*live->threads), by_role);
	}
	return rc;
}

/* libvirt starts QEMU with -uuid: a pid that another process has by now is told by it. */
static bool is_qemu(const struct rt_root *root, const struct kcfg_live *live)
{
	char *text;
	size_t len;
	bool found;

	if (rt_root_read(root, &text, &len, NULL, "proc/%d/cmdline", live->pid) < 0)
		return false;
	found = memmem(text, len, live->uuid, strlen(live->uuid));
	free(text);
	return found;
}

static void free_live(struct kcfg_live *live)
{
	free(live->name);
	free(live->threads);
}

/* A file that vanishes, or is written just now, is a VM that does not run (yet). */
static int take_file(struct kcfg_lives *lives, const struct rt_root *root, const char *name)
{
	struct kcfg_live live, *more;
	char *text;
	size_t len;
	int rc;

	if (rt_root_read(root, &text, &len, NULL, KCFG_STATUS_DIR "/%s", name) < 0)
		return 0;
	rc = kcfg_status_parse(&live, text, len, NULL);
	free(text);
	if (rc < 0)
		return 0;
	more = is_qemu(root, &live) ? realloc(lives->v, (lives->n + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free_live(&live);
		return 0;
	}
	lives->v = more;
	more[lives->n++] = live;
	return 0;
}

static int read_files(struct kcfg_lives *lives, const struct rt_root *root, struct rt_err *err)
{
	int fd = rt_root_open(root, err, O_RDONLY | O_DIRECTORY, KCFG_STATUS_DIR);
	struct dirent *entry;
	size_t len;
	DIR *dir;
	int rc = 0;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd != -EACCES ? fd : rt_err_say(err, RT_ECANNOT, "%s/%s may not be read: "
						       "needs root", root->path, KCFG_STATUS_DIR);
	dir = rt_opendir(fd);
	if (!dir)
		return rt_err_set(err, -ENOMEM, "cannot read %s", KCFG_STATUS_DIR);
	while (rc == 0 && (entry = readdir(dir))) {
		len = strlen(entry->d_name);
		if (len > 4 && !strcmp(entry->d_name + len - 4, ".xml"))
			rc = take_file(lives, root, entry->d_name);
	}
	closedir(dir);
	return rc;
}

static void drop(struct kcfg_lives *lives)
{
	for (size_t i = 0; i < lives->n; i++)
		free_live(&lives->v[i]);
	free(lives->v);
	lives->v = NULL;
	lives->n = 0;
}

int kcfg_lives_read(struct kcfg_lives *lives, const struct rt_root *root, struct rt_err *err)
{
	int rc;

	drop(lives);
	rc = read_files(lives, root, err);
	if (rc < 0)
		return rc;
	rc = tune_tasks_read(&lives->tasks, root, TUNE_TASKS_AFFINITY | TUNE_TASKS_CGROUP, err);
	if (rc < 0)
		return rc;
	rc = deal_threads(lives);
	return rc < 0 ? rt_err_set(err, rc, "cannot list the VMs' threads") : 0;
}

void kcfg_lives_finish(struct kcfg_lives *lives)
{
	drop(lives);
	tune_tasks_finish(&lives->tasks);
}

struct kcfg_live *kcfg_lives_find(const struct kcfg_lives *lives, const char *uuid)
{
	for (size_t i = 0; i < lives->n; i++)
		if (!strcasecmp(lives->v[i].uuid, uuid))
			return &lives->v[i];
	return NULL;
}
