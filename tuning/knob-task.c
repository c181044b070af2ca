/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knob-task.c - what a task is given: its CPUs, its policy, its cgroup
 *
 * A target begins with the thread's number and its start time (field 22 of its
 * stat), so that another task that got the number later is left alone.
 */
#include "tuning/knob-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/sched.h"

/* Field 22 of stat; the name before it may hold anything, its last ")" ends it. */
static int start_time(const struct rt_root *root, pid_t tid, uint64_t *ret, struct rt_err *err)
{
	char *text, *at, *save = NULL;
	int rc, field;

	rc = rt_root_read(root, &text, NULL, err, "proc/%d/stat", (int)tid);
	if (rc == -ESRCH)
		return -ENOENT;
	if (rc < 0)
		return rc;
	at = strrchr(text, ')');
	at = at ? strtok_r(at + 1, " ", &save) : NULL;
	for (field = 3; at && field < 22; field++)
		at = strtok_r(NULL, " ", &save);
	rc = at && sscanf(at, "%" SCNu64, ret) == 1 ? 0 :
	     rt_err_say(err, -EBADMSG, "%s/proc/%d/stat: expected 22 fields", root->path, (int)tid);
	free(text);
	return rc;
}

/* The thread of a target that is still the one it was; the rest of the target in *@ret_rest. */
static int find_task(const struct rt_root *root, const char *target, pid_t *ret,
		     const char **ret_rest, struct rt_err *err)
{
	uint64_t start, now;
	int tid, at = 0, rc;

	if (sscanf(target, "%d %" SCNu64 "%n", &tid, &start, &at) != 2 || !at || tid <= 0)
		return rt_err_say(err, -EBADMSG, "expected a thread and its start time, found "
				  "\"%.40s\"", target);
	rc = start_time(root, tid, &now, err);
	if (rc < 0)
		return rc;
	if (now != start)
		return rt_err_say(err, -ENOENT, "task %d has ended; another one has its number",
				  tid);
	*ret = tid;
	if (ret_rest)
		*ret_rest = target + at + strspn(target + at, " ");
	return 0;
}

void tune_target_thread(char *buf, size_t size, pid_t tid, uint64_t start)
{
	snprintf(buf, size, "%d %" PRIu64, (int)tid, start);
}

int tune_target_task(char *buf, size_t size, const struct rt_root *root, pid_t tid,
		     struct rt_err *err)
{
	uint64_t start;
	int rc;

	rc = start_time(root, tid, &start, err);
	if (rc == 0)
		tune_target_thread(buf, size, tid, start);
	return rc;
}

int tune_target_member(char *buf, size_t size, const struct rt_root *root, pid_t tid,
		       const char *mount, const char *controller, struct rt_err *err)
{
	uint64_t start;
	int rc;

	rc = start_time(root, tid, &start, err);
	if (rc < 0)
		return rc;
	return snprintf(buf, size, "%d %" PRIu64 " %s %s", (int)tid, start,
			controller[0] ? controller : "v2", mount) < (int)size ? 0 :
	       rt_err_set(err, -ENAMETOOLONG, "%s", mount);
}

static int put(char **ret, const char *text, struct rt_err *err)
{
	*ret = strdup(text);
	return *ret ? 0 : rt_err_set(err, -ENOMEM, "a task's setting");
}

/* ---- the cgroup ---- */

struct member {
	pid_t tid;
	bool v2;
	char controller[64];
	const char *mount;
};

static int find_member(const struct rt_root *root, const char *target, struct member *ret,
		       struct rt_err *err)
{
	const char *rest;
	int at = 0, rc;

	rc = find_task(root, target, &ret->tid, &rest, err);
	if (rc < 0)
		return rc;
	if (sscanf(rest, "%63s %n", ret->controller, &at) != 1 || !at || !rest[at])
		return rt_err_say(err, -EBADMSG, "expected a hierarchy, found \"%.40s\"", rest);
	ret->mount = rest + at;
	ret->v2 = strcmp(ret->controller, "v2") == 0;
	return 0;
}

/* A line of /proc/TID/cgroup, "3:cpuset,cpu:/a/b": its path, if it is about the hierarchy. */
static char *path_of(char *line, const struct member *member)
{
	char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
	char *save = NULL, *name;

	if (!path)
		return NULL;
	*path++ = '\0';
	if (member->v2)
		return names[1] == '\0' ? path : NULL;
	for (name = strtok_r(names + 1, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (strcmp(name, member->controller) == 0)
			return path;
	return NULL;
}

int tune_member_read(const struct rt_root *root, const char *target, char **ret,
		     struct rt_err *err)
{
	char *text, *save = NULL, *line, *path = NULL;
	struct member member;
	int rc;

	rc = find_member(root, target, &member, err);
	if (rc < 0)
		return rc;
	rc = rt_root_read(root, &text, NULL, err, "proc/%d/cgroup", (int)member.tid);
	if (rc < 0)
		return rc == -ESRCH ? -ENOENT : rc;
	for (line = strtok_r(text, "\n", &save); line && !path; line = strtok_r(NULL, "\n", &save))
		path = path_of(line, &member);
	rc = path ? put(ret, path, err) :
	     rt_err_say(err, -EBADMSG, "%s/proc/%d/cgroup: expected a line of %s", root->path,
			(int)member.tid, member.controller);
	free(text);
	return rc;
}

int tune_member_write(const struct rt_root *root, const char *target, const char *value,
		      struct rt_err *err)
{
	struct member member;
	char text[16];
	int rc;

	rc = find_member(root, target, &member, err);
	if (rc < 0)
		return rc;
	snprintf(text, sizeof(text), "%d\n", (int)member.tid);
	rc = rt_root_write(root, text, err, "%s%s%s%s", member.mount, value,
			   strcmp(value, "/") == 0 ? "" : "/",
			   member.v2 ? "cgroup.procs" : "tasks");
	return rc == -ESRCH ? -ENOENT : rc;
}

/* ---- the CPUs ---- */

/* From status: sched_getaffinity() leaves out the CPUs that are offline now. */
int tune_affinity_read(const struct rt_root *root, const char *target, char **ret,
		       struct rt_err *err)
{
	static const char key[] = "\nCpus_allowed_list:";
	char *text, *at;
	pid_t tid;
	int rc;

	rc = find_task(root, target, &tid, NULL, err);
	if (rc < 0)
		return rc;
	rc = rt_root_read(root, &text, NULL, err, "proc/%d/status", (int)tid);
	if (rc < 0)
		return rc == -ESRCH ? -ENOENT : rc;
	at = strstr(text, key);
	if (at) {
		at += strlen(key);
		at += strspn(at, " \t");
		at[strcspn(at, "\n")] = '\0';
	}
	rc = at ? put(ret, at, err) :
	     rt_err_say(err, -EBADMSG, "%s/proc/%d/status: expected Cpus_allowed_list", root->path,
			(int)tid);
	free(text);
	return rc;
}

int tune_affinity_write(const struct rt_root *root, const char *target, const char *value,
			struct rt_err *err)
{
	struct rt_cpuset set;
	pid_t tid;
	int rc;

	rc = rt_cpuset_parse(&set, value, err);
	if (rc == 0)
		rc = find_task(root, target, &tid, NULL, err);
	if (rc < 0)
		return rc;
	/* the kernel's masks and ours are the same bits, and it takes a long mask */
	if (syscall(SYS_sched_setaffinity, tid, sizeof(set.bits), set.bits) == 0)
		return 0;
	if (errno == ESRCH)
		return -ENOENT;
	return rt_err_set(err, -errno, "cannot put task %d on CPUs %s", (int)tid, value);
}

/* ---- the policy ---- */

enum numbers { NICE, PRIORITY, TIMES };

static const struct policy {
	const char *word;
	uint32_t policy;
	enum numbers numbers;
} policies[] = {
	{ "other", SCHED_OTHER, NICE },
	{ "batch", SCHED_BATCH, NICE },
	{ "idle", SCHED_IDLE, NICE },
	{ "fifo", SCHED_FIFO, PRIORITY },
	{ "rr", SCHED_RR, PRIORITY },
	{ "deadline", TUNE_SCHED_DEADLINE, TIMES },
};

#define NR_POLICIES (sizeof(policies) / sizeof(policies[0]))

static void format_sched(char *buf, size_t size, const struct policy *policy,
			 const struct tune_sched_attr *attr)
{
	const char *reset = attr->flags & TUNE_RESET_ON_FORK ? " reset-on-fork" : "";

	if (policy->numbers == NICE)
		snprintf(buf, size, "%s %d%s", policy->word, attr->nice, reset);
	else if (policy->numbers == PRIORITY)
		snprintf(buf, size, "%s %u%s", policy->word, attr->priority, reset);
	else
		snprintf(buf, size, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "%s", policy->word,
			 attr->runtime, attr->deadline, attr->period, reset);
}

int tune_sched_read(const struct rt_root *root, const char *target, char **ret,
		    struct rt_err *err)
{
	struct tune_sched_attr attr;
	char text[128] = "";
	unsigned int i;
	pid_t tid;
	int rc;

	rc = find_task(root, target, &tid, NULL, err);
	if (rc < 0)
		return rc;
	if (tune_sched_get(tid, &attr) < 0)
		return errno == ESRCH ? -ENOENT :
		       rt_err_set(err, -errno, "cannot read the policy of task %d", (int)tid);
	for (i = 0; i < NR_POLICIES && !text[0]; i++)
		if (policies[i].policy == attr.policy)
			format_sched(text, sizeof(text), &policies[i], &attr);
	if (!text[0])
		return rt_err_say(err, RT_ECANNOT, "task %d has policy %u, which is not known",
				  (int)tid, attr.policy);
	return put(ret, text, err);
}

static int parse_sched(const char *value, struct tune_sched_attr *attr)
{
	unsigned long long runtime, deadline, period;
	unsigned int i;
	char word[32];
	int number = 0;

	*attr = (struct tune_sched_attr){ .size = sizeof(*attr) };
	if (sscanf(value, "%31s %d", word, &number) != 2)
		return -EINVAL;
	for (i = 0; i < NR_POLICIES && strcmp(policies[i].word, word) != 0; i++)
		;
	if (i == NR_POLICIES)
		return -EINVAL;
	attr->policy = policies[i].policy;
	if (policies[i].numbers == NICE)
		attr->nice = number;
	else if (policies[i].numbers == PRIORITY)
		attr->priority = number;
	else if (sscanf(value, "%*s %llu %llu %llu", &runtime, &deadline, &period) != 3)
		return -EINVAL;
	else {
		attr->runtime = runtime;
		attr->deadline = deadline;
		attr->period = period;
	}
	if (strstr(value, " reset-on-fork"))
		attr->flags = TUNE_RESET_ON_FORK;
	return 0;
}

int tune_sched_write(const struct rt_root *root, const char *target, const char *value,
		     struct rt_err *err)
{
	struct tune_sched_attr attr;
	pid_t tid;
	int rc;

	rc = parse_sched(value, &attr);
	if (rc < 0)
		return rt_err_say(err, rc, "expected a policy like \"fifo 1\" or \"other 0\", "
				  "found \"%.40s\"", value);
	rc = find_task(root, target, &tid, NULL, err);
	if (rc < 0)
		return rc;
	if (tune_sched_set(tid, &attr) == 0)
		return 0;
	if (errno == ESRCH)
		return -ENOENT;
	return rt_err_set(err, -errno, "cannot give task %d the policy \"%s\"", (int)tid, value);
}
