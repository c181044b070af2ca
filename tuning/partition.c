/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * partition.c - isolated partitions of cgroup version 2, planned
 */
#include "tuning/partition.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "tuning/journal.h"

#define LIST_MAX	4096	/* bytes of a CPU list */
#define DEPTH_MAX	16	/* of groups that are looked through */

enum tune_cgroups tune_cgroups_find(const struct rt_root *root, char mount[TUNE_MOUNT_MAX])
{
	static const char *const places[] = { "sys/fs/cgroup", "sys/fs/cgroup/unified" };
	char line[512];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (rt_root_read_line(root, line, sizeof(line), NULL, "%s/cgroup.controllers",
				      places[i]) < 0 || !strstr(line, "cpuset"))
			continue;
		snprintf(mount, TUNE_MOUNT_MAX, "%s", places[i]);
		return TUNE_CGROUPS_V2;
	}
	snprintf(mount, TUNE_MOUNT_MAX, "sys/fs/cgroup/cpuset");
	return rt_root_exists(root, "%s/cpuset.cpus", mount) ? TUNE_CGROUPS_V1 :
	       TUNE_CGROUPS_NONE;
}

bool tune_partition_has_remote(const struct rt_root *root, const char *mount, const char *group)
{
	return rt_root_exists(root, "%s/%s/cpuset.cpus.exclusive", mount, group);
}

static int read_list(const struct rt_root *root, const char *mount, const char *group,
		     const char *file, struct rt_cpuset *ret)
{
	char text[LIST_MAX];
	int rc;

	*ret = (struct rt_cpuset){ 0 };
	rc = rt_root_read_line(root, text, sizeof(text), NULL, "%s/%s/%s", mount, group, file);
	return rc < 0 ? rc : rt_cpuset_parse(ret, text, NULL);
}

static int add_file(struct tune_plan *plan, enum tune_knob_kind kind, const char *mount,
		    const char *group, const char *file, const char *value, enum tune_cost cost,
		    const char *why, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX];

	if (snprintf(target, sizeof(target), "%s/%s/%s", mount, group, file) >=
	    (int)sizeof(target))
		return rt_err_set(err, -ENAMETOOLONG, "%s/%s", mount, group);
	return tune_plan_add(plan, kind, target, value, 0, cost, err, "%s", why);
}

static int add_list(struct tune_plan *plan, const char *mount, const char *group,
		    const char *file, const struct rt_cpuset *cpus, const char *why,
		    struct rt_err *err)
{
	char text[LIST_MAX];

	if (rt_cpuset_format(cpus, text, sizeof(text)) < 0)
		return rt_err_set(err, -ENOSPC, "a list of CPUs");
	return add_file(plan, TUNE_KNOB_CPULIST, mount, group, file, text, TUNE_COST_NONE, why,
			err);
}

static int add_partition(struct tune_plan *plan, const char *mount, const char *group,
			 const char *value, struct rt_err *err)
{
	return add_file(plan, TUNE_KNOB_TEXT, mount, group, "cpuset.cpus.partition", value,
			TUNE_COST_DOMAINS, strcmp(value, "member") == 0 ?
			"its CPUs can be changed" : "these CPUs are for this group alone", err);
}

static int held(const struct rt_root *root, const char *mount, const char *group,
		const struct rt_cpuset *cpus, struct rt_err *err)
{
	char holder[PATH_MAX], list[LIST_MAX];
	struct rt_cpuset common;

	if (!tune_partition_holder(root, mount, group, cpus, holder, sizeof(holder), &common))
		return 0;
	rt_cpuset_format(&common, list, sizeof(list));
	return rt_err_say(err, -EBUSY, "CPUs %s are held by the partition \"/%s\"", list, holder);
}

int tune_partition_plan_group(struct tune_plan *plan, const char *mount, const char *group,
			      struct rt_err *err)
{
	char target[TUNE_TARGET_MAX];
	int rc;

	snprintf(target, sizeof(target), "%s/cgroup.subtree_control", mount);
	rc = tune_plan_add(plan, TUNE_KNOB_CONTROLLER, target, "on", TUNE_HOLD,
			   TUNE_COST_DOMAINS, err, "groups can have CPUs");
	if (rc < 0)
		return rc;
	snprintf(target, sizeof(target), "%s/%s", mount, group);
	return tune_plan_add(plan, TUNE_KNOB_GROUP, target, "there", 0, TUNE_COST_NONE, err,
			     "for what runs on shielded CPUs");
}

int tune_partition_plan_local(struct tune_plan *plan, const char *mount, const char *group,
			      const struct rt_cpuset *cpus, struct rt_err *err)
{
	int rc;

	rc = held(plan->root, mount, group, cpus, err);
	if (rc == 0)
		rc = tune_partition_plan_group(plan, mount, group, err);
	if (rc == 0)
		rc = add_list(plan, mount, group, "cpuset.cpus", cpus, "its CPUs", err);
	return rc < 0 ? rc : add_partition(plan, mount, group, "isolated", err);
}

/* What a group claims, or will when the plan is made. */
static void read_claimed(const struct tune_plan *plan, const char *mount, const char *group,
			 struct rt_cpuset *ret)
{
	char target[TUNE_TARGET_MAX], *text;

	*ret = (struct rt_cpuset){ 0 };
	if (snprintf(target, sizeof(target), "%s/%s/cpuset.cpus.exclusive", mount, group) >=
	    (int)sizeof(target) ||
	    tune_plan_value(plan, TUNE_KNOB_CPULIST, target, &text, NULL) < 0)
		return;
	rt_cpuset_parse(ret, text, NULL);
	free(text);
}

/* The groups on the way down, each with what it claims already and @cpus. */
static int claim(struct tune_plan *plan, const char *mount, const char *group,
		 const struct rt_cpuset *cpus, struct rt_err *err)
{
	char path[TUNE_TARGET_MAX];
	struct rt_cpuset claimed;
	const char *end;
	int rc = 0;

	for (end = strchr(group, '/'); end && rc == 0; end = strchr(end + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(end - group), group);
		read_claimed(plan, mount, path, &claimed);
		rt_cpuset_or(&claimed, cpus);
		rc = add_list(plan, mount, path, "cpuset.cpus.exclusive", &claimed,
			      "for the partition below it", err);
	}
	return rc;
}

int tune_partition_plan_remote(struct tune_plan *plan, const char *mount, const char *group,
			       const struct rt_cpuset *cpus, struct rt_err *err)
{
	int rc;

	if (!tune_partition_has_remote(plan->root, mount, group))
		return rt_err_say(err, RT_ECANNOT, "%s/%s/%s: expected cpuset.cpus.exclusive, "
				  "which this kernel has not", plan->root->path, mount, group);
	rc = held(plan->root, mount, group, cpus, err);
	if (rc == 0)
		rc = claim(plan, mount, group, cpus, err);
	if (rc == 0)
		rc = add_list(plan, mount, group, "cpuset.cpus.exclusive", cpus, "claimed", err);
	if (rc == 0)
		rc = add_list(plan, mount, group, "cpuset.cpus", cpus, "its CPUs", err);
	return rc < 0 ? rc : add_partition(plan, mount, group, "isolated", err);
}

int tune_partition_plan_release(struct tune_plan *plan, const char *mount, const char *group,
				struct rt_err *err)
{
	return add_partition(plan, mount, group, "member", err);
}

/* ---- who has it ---- */

struct search {
	const struct rt_root *root;
	const char *mount, *group;
	const struct rt_cpuset *cpus;
	struct rt_cpuset common;
};

/* "a/b" is on the way to "a/b/c", and the other way round. */
static bool same_line(const char *a, const char *b)
{
	size_t len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, len) == 0 && strchr("/", a[len]) && strchr("/", b[len]);
}

static bool has_them(struct search *search, const char *group)
{
	char state[128];

	if (search->group && same_line(group, search->group))
		return false;
	if (read_list(search->root, search->mount, group, "cpuset.cpus.exclusive.effective",
		      &search->common) == 0 && rt_cpuset_overlaps(&search->common, search->cpus))
		return true;
	if (rt_root_read_line(search->root, state, sizeof(state), NULL,
			      "%s/%s/cpuset.cpus.partition", search->mount, group) < 0 ||
	    (strcmp(state, "isolated") != 0 && strcmp(state, "root") != 0))
		return false;
	return read_list(search->root, search->mount, group, "cpuset.cpus.effective",
			 &search->common) == 0 &&
	       rt_cpuset_overlaps(&search->common, search->cpus);
}

/* Depth first; leaves the holder's path in @path. */
static bool look_below(struct search *search, char *path, size_t size, unsigned int depth)
{
	int fd = rt_root_open(search->root, NULL, O_RDONLY | O_DIRECTORY, "%s/%s", search->mount,
			      path);
	DIR *dir = rt_opendir(fd);
	size_t len = strlen(path);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(path + len, size - len, "%s%s", len ? "/" : "", entry->d_name) >=
		    (int)(size - len)) {
			path[len] = '\0';
			continue;
		}
		found = has_them(search, path) ||
			(depth < DEPTH_MAX && look_below(search, path, size, depth + 1));
		if (!found)
			path[len] = '\0';
	}
	if (dir)
		closedir(dir);
	return found;
}

bool tune_partition_holder(const struct rt_root *root, const char *mount, const char *group,
			   const struct rt_cpuset *cpus, char *ret, size_t size,
			   struct rt_cpuset *ret_cpus)
{
	struct search search = { root, mount, group, cpus, { { 0 } } };
	char path[PATH_MAX] = "";

	if (!look_below(&search, path, sizeof(path), 0))
		return false;
	snprintf(ret, size, "%s", path);
	rt_cpuset_and(&search.common, cpus);
	if (ret_cpus)
		*ret_cpus = search.common;
	return true;
}
