/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aside.c - isolcpus, nohz_full and cgroup partitions, as the kernel shows them, and
 * the shields that our journals tell of
 *
 * Nothing here runs on another CPU or has one interrupted: some small files, and
 * on kernels without cpuset.cpus.isolated a walk over the partitions.
 */
#include "tuning/aside.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "tuning/shield-note.h"

#define CGROUPS		"sys/fs/cgroup"
#define DEEPEST		8	/* partitions within partitions */
#define MASK_BYTES	(RT_MAX_CPUS / 8)

/* Empty where the file is not there, or holds "(null)" as nohz_full does on old kernels. */
static void read_set(struct rt_cpuset *ret, const struct rt_root *root, const char *dir,
		     const char *file)
{
	char line[8192];

	if (rt_root_read_line(root, line, sizeof(line), NULL, "%s/%s", dir, file) < 0 ||
	    rt_cpuset_parse(ret, line, NULL) < 0)
		*ret = (struct rt_cpuset){ 0 };
}

static void add_partitions(struct rt_cpuset *to, const struct rt_root *root, const char *dir,
			   unsigned int depth);

/* "isolated" is one, "root" may hold some, "isolated invalid (why)" is none. */
static void add_partition(struct rt_cpuset *to, const struct rt_root *root, const char *dir,
			  unsigned int depth)
{
	struct rt_cpuset cpus;
	char state[160];

	if (rt_root_read_line(root, state, sizeof(state), NULL, "%s/cpuset.cpus.partition",
			      dir) < 0)
		return;
	if (strcmp(state, "isolated") == 0) {
		read_set(&cpus, root, dir, "cpuset.cpus.effective");
		rt_cpuset_or(to, &cpus);
	} else if (strcmp(state, "root") != 0) {
		return;
	}
	add_partitions(to, root, dir, depth + 1);
}

static void add_partitions(struct rt_cpuset *to, const struct rt_root *root, const char *dir,
			   unsigned int depth)
{
	int fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", dir);
	DIR *entries = rt_opendir(fd);
	struct dirent *entry;
	char path[PATH_MAX];

	if (!entries)
		return;
	while (depth < DEEPEST && (entry = readdir(entries)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path))
			add_partition(to, root, path, depth);
	}
	closedir(entries);
}

static void read_shields(struct rt_cpuset *ret, const struct rt_root *root)
{
	struct tune_shield shield = tune_shield_known(root);

	*ret = tune_shield_any(&shield);
}

void tune_aside_read(struct tune_aside *ret, const struct rt_root *root)
{
	*ret = (struct tune_aside){ 0 };
	read_shields(&ret->shielded, root);
	read_set(&ret->isolated, root, "sys/devices/system/cpu", "isolated");
	read_set(&ret->nohz_full, root, "sys/devices/system/cpu", "nohz_full");
	if (rt_root_exists(root, CGROUPS "/cpuset.cpus.isolated")) {
		read_set(&ret->partitions, root, CGROUPS, "cpuset.cpus.isolated");
		rt_cpuset_minus(&ret->partitions, &ret->isolated);	/* it has those too */
	} else if (rt_root_exists(root, CGROUPS "/cgroup.controllers")) {
		add_partitions(&ret->partitions, root, CGROUPS, 0);
	}
}

struct rt_cpuset tune_aside_all(const struct tune_aside *aside)
{
	struct rt_cpuset all = aside->isolated;

	rt_cpuset_or(&all, &aside->nohz_full);
	rt_cpuset_or(&all, &aside->partitions);
	rt_cpuset_or(&all, &aside->shielded);
	return all;
}

static void from_mask(struct rt_cpuset *ret, const cpu_set_t *mask)
{
	unsigned int cpu;

	*ret = (struct rt_cpuset){ 0 };
	for (cpu = 0; cpu < RT_MAX_CPUS; cpu++) {
		if (CPU_ISSET_S(cpu, MASK_BYTES, mask))
			rt_cpuset_add(ret, cpu);
	}
}

static int move_off(const struct rt_cpuset *aside, struct rt_err *err)
{
	cpu_set_t *mask = CPU_ALLOC(RT_MAX_CPUS);
	struct rt_cpuset allowed;
	int rc = 0;

	if (!mask)
		return rt_err_set(err, -ENOMEM, "cannot allocate a mask");
	CPU_ZERO_S(MASK_BYTES, mask);
	if (sched_getaffinity(0, MASK_BYTES, mask) < 0) {
		rc = rt_err_set(err, -errno, "cannot read this command's affinity");
		goto out;
	}
	from_mask(&allowed, mask);
	rt_cpuset_for_each(cpu, aside)
		CPU_CLR_S((unsigned int)cpu, MASK_BYTES, mask);
	if (rt_cpuset_within(&allowed, aside))
		rc = rt_err_say(err, RT_ECANNOT, "all CPUs that this command may use are set "
				"aside for others: start it elsewhere (taskset -c)");
	else if (rt_cpuset_overlaps(&allowed, aside) && sched_setaffinity(0, MASK_BYTES, mask) < 0)
		rc = rt_err_set(err, -errno, "cannot leave the CPUs that are set aside");
out:
	CPU_FREE(mask);
	return rc;
}

int tune_stay_off(struct rt_err *err)
{
	struct tune_aside aside;
	struct rt_cpuset all;
	struct rt_root root;
	int rc;

	rc = rt_root_init(&root, NULL, err);
	if (rc < 0)
		return rc;
	tune_aside_read(&aside, &root);
	rt_root_finish(&root);
	all = tune_aside_all(&aside);
	return move_off(&all, err);
}
