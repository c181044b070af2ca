/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knob.c - the kinds of things that the engine sets; tasks are in knob-task.c,
 * irqbalance in knob-irqbalance.c
 */
#include "tuning/knob-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"

#define HANDLERS_MAX	512	/* bytes, with the NUL; of a longer list no name is kept */

/* ---- files ---- */

static int read_file(const struct rt_root *root, const char *target, char **ret,
		     struct rt_err *err)
{
	size_t len;
	char *text;
	int rc;

	rc = rt_root_read(root, &text, &len, err, "%s", target);
	/* cpuset files of a controller that was turned off, and IRQs that end, say ENODEV */
	if (rc == -ENODEV)
		return -ENOENT;
	if (rc < 0)
		return rc;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len >= TUNE_VALUE_MAX || strlen(text) != len) {
		free(text);
		return rt_err_say(err, -EBADMSG, "%s/%s: expected a text of less than %d bytes",
				  root->path, target, TUNE_VALUE_MAX);
	}
	*ret = text;
	return 0;
}

/* With a newline: an empty write would not reach the kernel. */
static int write_file(const struct rt_root *root, const char *target, const char *value,
		      struct rt_err *err)
{
	char *text;
	int rc;

	if (asprintf(&text, "%s\n", value) < 0)
		return rt_err_set(err, -ENOMEM, "%s", target);
	rc = rt_root_write(root, text, err, "%s", target);
	free(text);
	return rc;
}

static bool equal_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool equal_list(const char *a, const char *b)
{
	struct rt_cpuset set_a, set_b;

	if (rt_cpuset_parse(&set_a, a, NULL) < 0 || rt_cpuset_parse(&set_b, b, NULL) < 0)
		return equal_text(a, b);
	return rt_cpuset_equal(&set_a, &set_b);
}

static bool equal_mask(const char *a, const char *b)
{
	struct rt_cpuset set_a, set_b;

	if (rt_cpuset_parse_mask(&set_a, a, NULL) < 0 || rt_cpuset_parse_mask(&set_b, b, NULL) < 0)
		return equal_text(a, b);
	return rt_cpuset_equal(&set_a, &set_b);
}

/* ---- interrupts: "proc/irq/36/smp_affinity_list ehci,ahci" ---- */

/* Their names, parted by commas; false where the kernel shows none. */
static bool read_handlers(const struct rt_root *root, int number, char *buf, size_t size)
{
	return rt_root_read_line(root, buf, size, NULL, "sys/kernel/irq/%d/actions", number) == 0 &&
	       buf[0];
}

void tune_target_irq(char *buf, size_t size, const struct rt_root *root, int number)
{
	char handlers[HANDLERS_MAX] = "";
	bool known = read_handlers(root, number, handlers, sizeof(handlers));

	snprintf(buf, size, "proc/irq/%d/smp_affinity_list%s%s", number, known ? " " : "",
		 known ? handlers : "");
}

static bool has_handler(const char *handlers, const char *name, size_t len)
{
	size_t n;

	for (; *handlers; handlers += n + (handlers[n] == ',')) {
		n = strcspn(handlers, ",");
		if (n == len && strncmp(handlers, name, len) == 0)
			return true;
	}
	return false;
}

/* Of a line that devices share, some may leave and others come: one that stays is enough. */
static bool share_handler(const char *a, const char *b)
{
	size_t n;

	for (; *a; a += n + (a[n] == ',')) {
		n = strcspn(a, ",");
		if (has_handler(b, a, n))
			return true;
	}
	return false;
}

/* The file of an interrupt that is still the one it was; without a handler it is nobody else's. */
static int find_irq(const struct rt_root *root, const char *target, char path[TUNE_TARGET_MAX],
		    struct rt_err *err)
{
	const char *name = strchr(target, ' ');
	char handlers[HANDLERS_MAX];
	int number;

	snprintf(path, TUNE_TARGET_MAX, "%.*s", (int)strcspn(target, " "), target);
	if (!name || sscanf(target, "proc/irq/%d/", &number) != 1 ||
	    !read_handlers(root, number, handlers, sizeof(handlers)) ||
	    share_handler(name + 1, handlers))
		return 0;
	return rt_err_say(err, -ENOENT, "has ended: number %d is by now that of \"%.64s\"", number,
			  handlers);
}

static bool same_irq(const char *a, const char *b)
{
	size_t len = strcspn(a, " ");

	if (len != strcspn(b, " ") || strncmp(a, b, len) != 0)
		return false;
	return !a[len] || !b[len] || share_handler(a + len + 1, b + len + 1);
}

static int read_irq(const struct rt_root *root, const char *target, char **ret,
		    struct rt_err *err)
{
	char path[TUNE_TARGET_MAX];
	int rc = find_irq(root, target, path, err);

	if (rc < 0)
		return rc;
	rc = read_file(root, path, ret, err);
	return rc == -ENOENT ? rt_err_say(err, rc, "has ended") : rc;
}

static int write_irq(const struct rt_root *root, const char *target, const char *value,
		     struct rt_err *err)
{
	char path[TUNE_TARGET_MAX];
	int rc = find_irq(root, target, path, err);

	return rc < 0 ? rc : write_file(root, path, value, err);
}

/* ---- cgroup folders ---- */

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text += strcspn(text, " ")) {
		text += strspn(text, " ");
		if (strncmp(text, word, len) == 0 && (text[len] == ' ' || !text[len]))
			return true;
	}
	return false;
}

static int read_controller(const struct rt_root *root, const char *target, char **ret,
			   struct rt_err *err)
{
	char *text;
	bool on;
	int rc;

	rc = read_file(root, target, &text, err);
	if (rc < 0)
		return rc;
	on = has_word(text, "cpuset");
	free(text);
	*ret = strdup(on ? "on" : "off");
	return *ret ? 0 : rt_err_set(err, -ENOMEM, "%s", target);
}

static int write_controller(const struct rt_root *root, const char *target, const char *value,
			    struct rt_err *err)
{
	return write_file(root, target, strcmp(value, "on") == 0 ? "+cpuset" : "-cpuset", err);
}

static int read_group(const struct rt_root *root, const char *target, char **ret,
		      struct rt_err *err)
{
	*ret = strdup(rt_root_exists(root, "%s", target) ? "there" : "none");
	return *ret ? 0 : rt_err_set(err, -ENOMEM, "%s", target);
}

static const char *members_file(const struct rt_root *root, const char *group)
{
	return rt_root_exists(root, "%s/tasks", group) ? "tasks" : "cgroup.procs";
}

/* Who is still in it, children of those that were moved there, goes one up. */
static void empty_group(const struct rt_root *root, const char *group)
{
	const char *file = members_file(root, group);
	char *text, *save = NULL, *tid, parent[TUNE_TARGET_MAX], *slash;

	snprintf(parent, sizeof(parent), "%s", group);
	slash = strrchr(parent, '/');
	if (!slash || rt_root_read(root, &text, NULL, NULL, "%s/%s", group, file) < 0)
		return;
	*slash = '\0';
	for (tid = strtok_r(text, "\n", &save); tid; tid = strtok_r(NULL, "\n", &save))
		rt_root_write(root, tid, NULL, "%s/%s", parent, file);
	free(text);
}

/* A task that is just ending is in its group a moment longer. */
static int remove_group(const struct rt_root *root, const char *group, struct rt_err *err)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	int tries;

	for (tries = 0; tries < 40; tries++) {
		if (unlinkat(root->fd, group, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			break;
		empty_group(root, group);
		nanosleep(&moment, NULL);
	}
	return rt_err_set(err, -errno, "cannot remove %s/%s", root->path, group);
}

static int write_group(const struct rt_root *root, const char *target, const char *value,
		       struct rt_err *err)
{
	if (strcmp(value, "none") == 0)
		return remove_group(root, target, err);
	if (mkdirat(root->fd, target, 0755) < 0 && errno != EEXIST)
		return rt_err_set(err, -errno, "cannot make %s/%s", root->path, target);
	return 0;
}

/* ---- the table ---- */

static const struct kind {
	const char *word;
	int (*read)(const struct rt_root *root, const char *target, char **ret,
		    struct rt_err *err);
	int (*write)(const struct rt_root *root, const char *target, const char *value,
		     struct rt_err *err);
	bool (*equal)(const char *a, const char *b);
	const char *of_task;	/* what of the task it is; NULL: it is a file */
} kinds[TUNE_NR_KNOBS] = {
	[TUNE_KNOB_TEXT] = { "text", read_file, write_file, equal_text, NULL },
	[TUNE_KNOB_CPULIST] = { "cpulist", read_file, write_file, equal_list, NULL },
	[TUNE_KNOB_CPUMASK] = { "cpumask", read_file, write_file, equal_mask, NULL },
	[TUNE_KNOB_CONTROLLER] = { "controller", read_controller, write_controller, equal_text,
				   NULL },
	[TUNE_KNOB_GROUP] = { "group", read_group, write_group, equal_text, NULL },
	[TUNE_KNOB_MEMBER] = { "member", tune_member_read, tune_member_write, equal_text,
			       "cgroup" },
	[TUNE_KNOB_AFFINITY] = { "affinity", tune_affinity_read, tune_affinity_write, equal_list,
				 "CPUs" },
	[TUNE_KNOB_SCHED] = { "sched", tune_sched_read, tune_sched_write, equal_text, "policy" },
	[TUNE_KNOB_IRQBALANCE] = { "irqbalance", tune_irqbalance_read, tune_irqbalance_write,
				   equal_list, NULL },
	[TUNE_KNOB_IRQ] = { "irq", read_irq, write_irq, equal_list, NULL },
};

const char *tune_knob_word(enum tune_knob_kind kind)
{
	return kinds[kind].word;
}

int tune_knob_find(const char *word)
{
	int kind;

	for (kind = 0; kind < TUNE_NR_KNOBS; kind++)
		if (strcmp(kinds[kind].word, word) == 0)
			return kind;
	return -EINVAL;
}

int tune_knob_read(const struct rt_root *root, enum tune_knob_kind kind, const char *target,
		   char **ret, struct rt_err *err)
{
	return kinds[kind].read(root, target, ret, err);
}

int tune_knob_write(const struct rt_root *root, enum tune_knob_kind kind, const char *target,
		    const char *value, struct rt_err *err)
{
	return kinds[kind].write(root, target, value, err);
}

bool tune_knob_equal(enum tune_knob_kind kind, const char *a, const char *b)
{
	return kinds[kind].equal(a, b);
}

bool tune_target_same(enum tune_knob_kind kind, const char *a, const char *b)
{
	return kind == TUNE_KNOB_IRQ ? same_irq(a, b) : strcmp(a, b) == 0;
}

bool tune_knob_honours(enum tune_knob_kind kind, const char *now, const char *wanted)
{
	struct rt_cpuset has, asked;

	if (kind != TUNE_KNOB_AFFINITY || rt_cpuset_parse(&has, now, NULL) < 0 ||
	    rt_cpuset_parse(&asked, wanted, NULL) < 0)
		return tune_knob_equal(kind, now, wanted);
	return rt_cpuset_within(&has, &asked);
}

bool tune_knob_is_late(enum tune_knob_kind kind)
{
	return kind == TUNE_KNOB_IRQBALANCE;
}

char *tune_knob_name(char *buf, size_t size, const struct rt_root *root,
		     enum tune_knob_kind kind, const char *target)
{
	char comm[64];
	int tid = atoi(target);

	if (kind == TUNE_KNOB_IRQ)
		snprintf(buf, size, "/%.*s", (int)strcspn(target, " "), target);
	else if (!kinds[kind].of_task)
		snprintf(buf, size, "/%s", target);
	else if (rt_root_read_line(root, comm, sizeof(comm), NULL, "proc/%d/comm", tid) == 0)
		snprintf(buf, size, "%s of task %d \"%s\"", kinds[kind].of_task, tid, comm);
	else
		snprintf(buf, size, "%s of task %d", kinds[kind].of_task, tid);
	return buf;
}
