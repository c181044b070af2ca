/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield.c - CPUs kept free: which, and by what means; shield-undo.c takes it back
 */
#include "tuning/shield-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "tuning/partition.h"

#define SWEEPS		5	/* a task that is born meanwhile is found by the next */

static const char *const kind_words[] = {
	[TUNE_SHIELD_IRQ] = "irq", [TUNE_SHIELD_LOC] = "loc", [TUNE_SHIELD_PROC] = "proc",
	[TUNE_SHIELD_MEM] = "mem",
};

static const char *const tier_words[] = {
	[TUNE_TIER_AUTO] = "auto", [TUNE_TIER_PARTITION] = "partition",
	[TUNE_TIER_CPUSET] = "cpuset", [TUNE_TIER_AFFINITY] = "affinity",
};

const char *tune_shield_word(enum tune_shield_kind kind)
{
	return kind_words[kind];
}

const char *tune_tier_word(enum tune_tier tier)
{
	return tier_words[tier];
}

int tune_tier_find(const char *word)
{
	int tier;

	for (tier = 0; tier < TUNE_NR_TIERS; tier++)
		if (strcmp(tier_words[tier], word) == 0)
			return tier;
	return -EINVAL;
}

/* ---- names ---- */

int tune_shield_set_name(struct tune_shield *shield, const char *name, struct rt_err *err)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_-.";

	if (!name[0] || strlen(name) >= sizeof(shield->name) || name[strspn(name, good)])
		return rt_err_say(err, -EINVAL, "expected a name of letters, digits, \"_\", \"-\" "
				  "and \".\", found \"%.80s\"", name);
	snprintf(shield->name, sizeof(shield->name), "%s", name);
	return 0;
}

static void with_name(char buf[TUNE_SHIELD_GROUP_MAX], const char *word,
		      const struct tune_shield *shield)
{
	snprintf(buf, TUNE_SHIELD_GROUP_MAX, "%s%s%s", word, shield->name[0] ? "-" : "",
		 shield->name);
}

void tune_shield_group(char buf[TUNE_SHIELD_GROUP_MAX], const struct tune_shield *shield)
{
	with_name(buf, TUNE_SHIELD_GROUP, shield);
}

void tune_shield_journal(char buf[TUNE_SHIELD_GROUP_MAX], const struct tune_shield *shield)
{
	with_name(buf, "shield", shield);
}

bool tune_is_shield_group(const char *name)
{
	size_t len = strlen(TUNE_SHIELD_GROUP);

	return strncmp(name, TUNE_SHIELD_GROUP, len) == 0 && strchr("/-", name[len]);
}

struct rt_cpuset tune_shield_any(const struct tune_shield *shield)
{
	struct rt_cpuset any = { { 0 } };
	int kind;

	for (kind = 0; kind < TUNE_SHIELD_MEM; kind++)
		rt_cpuset_or(&any, &shield->cpus[kind]);
	return any;
}

bool tune_shield_is_empty(const struct tune_shield *shield)
{
	struct rt_cpuset any = tune_shield_any(shield);

	return rt_cpuset_empty(&any) && rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_MEM]) &&
	       shield->assigns.nr == 0;
}

/* ---- sets ---- */

static int read_cpus(const struct rt_root *root, const char *file, struct rt_cpuset *ret,
		     struct rt_err *err)
{
	char list[TUNE_LIST_MAX];
	int rc;

	rc = rt_root_read_line(root, list, sizeof(list), err, "sys/devices/system/cpu/%s", file);
	return rc < 0 ? rc : rt_cpuset_parse(ret, list, err);
}

int tune_online(const struct rt_root *root, struct rt_cpuset *ret, struct rt_err *err)
{
	return read_cpus(root, "online", ret, err);
}

int tune_shield_host(const struct rt_root *root, const struct tune_shield *shield,
		     enum tune_shield_kind kind, struct rt_cpuset *ret, struct rt_err *err)
{
	int rc;

	rc = tune_online(root, ret, err);
	if (rc == 0) {
		rt_cpuset_minus(ret, &shield->cpus[kind]);
		rt_cpuset_minus(ret, &shield->taken[kind]);
	}
	return rc;
}

int tune_shield_without(char buf[TUNE_LIST_MAX], const struct rt_cpuset *cpus,
			const struct rt_cpuset *shielded, const struct rt_cpuset *host,
			struct rt_err *err)
{
	struct rt_cpuset rest = *cpus;

	rt_cpuset_minus(&rest, shielded);
	/* CPUs that are not there yet, or offline, do not carry anything */
	if (!rt_cpuset_overlaps(&rest, host))
		rest = *host;
	return rt_cpuset_format(&rest, buf, TUNE_LIST_MAX) < 0 ?
	       rt_err_set(err, -ENOSPC, "a list of CPUs") : 0;
}

static int check_kind(const struct rt_root *root, const struct tune_shield *shield,
		      enum tune_shield_kind kind, const struct rt_cpuset *present,
		      struct rt_err *err)
{
	char list[TUNE_LIST_MAX], there[TUNE_LIST_MAX];
	struct rt_cpuset rest = shield->cpus[kind], host;
	int rc;

	rt_cpuset_minus(&rest, present);
	if (!rt_cpuset_empty(&rest)) {
		rt_cpuset_format(&rest, list, sizeof(list));
		rt_cpuset_format(present, there, sizeof(there));
		return rt_err_say(err, -EINVAL, "expected CPUs of this machine (%s), found %s",
				  there, list);
	}
	if (kind == TUNE_SHIELD_MEM)
		return rt_cpuset_empty(&shield->cpus[kind]) ? 0 :
		       tune_shield_check_memory(root, shield, err);
	rc = tune_shield_host(root, shield, kind, &host, err);
	if (rc == 0 && rt_cpuset_empty(&host))
		return rt_err_say(err, -EINVAL, "no CPU would be left for all the rest (%s)",
				  kind_words[kind]);
	return rc;
}

int tune_shield_check(const struct rt_root *root, const struct tune_shield *shield,
		      struct rt_err *err)
{
	const struct rt_cpuset *proc = &shield->cpus[TUNE_SHIELD_PROC];
	char mount[TUNE_MOUNT_MAX], holder[PATH_MAX], list[TUNE_LIST_MAX];
	char group[TUNE_SHIELD_GROUP_MAX];
	struct rt_cpuset present, common;
	int rc, kind;

	tune_shield_group(group, shield);
	rc = read_cpus(root, "present", &present, err);
	for (kind = 0; kind < TUNE_NR_SHIELDS && rc == 0; kind++)
		rc = check_kind(root, shield, kind, &present, err);
	if (rc < 0 || rt_cpuset_empty(proc) ||
	    tune_cgroups_find(root, mount) != TUNE_CGROUPS_V2 ||
	    !tune_partition_holder(root, mount, group, proc, holder, sizeof(holder), &common))
		return rc;
	rt_cpuset_format(&common, list, sizeof(list));
	return rt_err_say(err, -EBUSY, "CPUs %s are held by the partition \"/%s\"", list, holder);
}

/* ---- making it ---- */

int tune_shield_prepare(struct tune_plan *plan, const struct tune_shield *shield,
			struct rt_err *err)
{
	int rc = 0;

	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_IRQ]) || shield->assigns.nr) {
		rc = tune_shield_plan_irqs(plan, shield, err);
		if (rc == 0)
			rc = tune_shield_plan_network(plan, shield, err);
	}
	if (rc == 0)
		rc = tune_shield_plan_files(plan, shield, err);
	return rc < 0 ? rc : tune_shield_plan_tasks(plan, shield, TUNE_TASKS_PINNED, err);
}

int tune_shield_sweep(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, struct rt_err *err)
{
	size_t before;
	int rc, i;

	rc = tune_journal_apply(journal, plan, err);
	if (rc == 0)
		rc = tune_shield_plan_again(plan, err);
	for (i = 0; i < SWEEPS && rc == 0; i++) {
		before = plan->nr;
		rc = tune_shield_plan_tasks(plan, shield, TUNE_TASKS_LEFT, err);
		if (rc == 0)
			rc = tune_journal_apply(journal, plan, err);
		if (plan->nr == before)
			break;
	}
	return rc;
}

static const struct means {
	enum tune_tier tier;
	int (*plan)(struct tune_plan *plan, const struct tune_shield *shield, struct rt_err *err);
} means[] = {
	{ TUNE_TIER_PARTITION, tune_shield_plan_partition },
	{ TUNE_TIER_CPUSET, tune_shield_plan_cpuset },
};

#define NR_MEANS (sizeof(means) / sizeof(means[0]))

static int try_means(struct tune_journal *journal, struct tune_plan *plan,
		     const struct tune_shield *shield, enum tune_tier *ret_tier,
		     struct rt_err *ret_why, struct rt_err *err)
{
	size_t nr = plan->nr, i;
	struct rt_err why;
	int rc;

	*ret_tier = TUNE_TIER_AFFINITY;
	for (i = 0; i < NR_MEANS; i++) {
		if (shield->tier != TUNE_TIER_AUTO && shield->tier != means[i].tier)
			continue;
		why = (struct rt_err){ 0 };
		rc = means[i].plan(plan, shield, &why);
		if (rc == 0)
			rc = tune_journal_apply(journal, plan, &why);
		if (rc == 0) {
			*ret_tier = means[i].tier;
			return 0;
		}
		tune_plan_cut(plan, nr);
		/* the first says why the best is not to be had */
		if (ret_why && (rc != RT_ECANNOT || !ret_why->code))
			*ret_why = why;
		if (shield->tier == means[i].tier) {
			if (err)
				*err = why;
			return rc;
		}
	}
	return 0;
}

int tune_shield_apply(struct tune_journal *journal, struct tune_plan *plan,
		      const struct tune_shield *shield, enum tune_tier *ret_tier,
		      struct rt_err *ret_why, struct rt_err *err)
{
	struct rt_err unused;
	int rc;

	*ret_tier = TUNE_TIER_AFFINITY;
	ret_why = ret_why ? ret_why : &unused;
	*ret_why = (struct rt_err){ 0 };
	rc = tune_shield_prepare(plan, shield, err);
	if (rc == 0)
		rc = tune_journal_apply(journal, plan, err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		rc = try_means(journal, plan, shield, ret_tier, ret_why, err);
	if (*ret_tier == TUNE_TIER_PARTITION)
		*ret_why = (struct rt_err){ 0 };
	if (rc == 0)
		rc = tune_shield_plan_memory(plan, shield, err);
	return rc < 0 ? rc : tune_shield_sweep(journal, plan, shield, err);
}

/* For a dry run: nothing is tried. */
static int plan_means(struct tune_plan *plan, const struct tune_shield *shield,
		      struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX];
	enum tune_cgroups cgroups = tune_cgroups_find(plan->root, mount);
	enum tune_tier tier = shield->tier;

	if (tier == TUNE_TIER_AUTO)
		tier = cgroups == TUNE_CGROUPS_V2 ? TUNE_TIER_PARTITION :
		       cgroups == TUNE_CGROUPS_V1 ? TUNE_TIER_CPUSET : TUNE_TIER_AFFINITY;
	if (tier == TUNE_TIER_PARTITION)
		return tune_shield_plan_partition(plan, shield, err);
	if (tier == TUNE_TIER_CPUSET)
		return tune_shield_plan_cpuset(plan, shield, err);
	return tune_shield_plan_tasks(plan, shield, TUNE_TASKS_LEFT, err);
}

int tune_shield_plan(struct tune_plan *plan, const struct tune_shield *shield,
		     struct rt_err *err)
{
	int rc;

	rc = tune_shield_prepare(plan, shield, err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		rc = plan_means(plan, shield, err);
	return rc < 0 ? rc : tune_shield_plan_memory(plan, shield, err);
}

/* ---- going in ---- */

/* One of the groups of shields has them all. */
static bool has_cpus(const struct rt_root *root, const char *mount, const char *group,
		     const struct rt_cpuset *cpus)
{
	char list[TUNE_LIST_MAX];
	struct rt_cpuset has;

	return tune_is_shield_group(group) &&
	       rt_root_read_line(root, list, sizeof(list), NULL, "%s/%s/cpuset.cpus", mount,
				 group) == 0 &&
	       rt_cpuset_parse(&has, list, NULL) == 0 && rt_cpuset_within(cpus, &has);
}

int tune_shield_enter(const struct rt_root *root, const struct rt_cpuset *cpus, pid_t pid,
		      struct rt_err *err)
{
	char mount[TUNE_MOUNT_MAX], text[16];
	enum tune_cgroups cgroups = tune_cgroups_find(root, mount);
	struct dirent *entry;
	DIR *dir = NULL;
	int fd, rc = 0;

	if (cgroups == TUNE_CGROUPS_NONE)
		return 0;
	fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", mount);
	dir = rt_opendir(fd);
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	while (dir && (entry = readdir(dir))) {
		if (!has_cpus(root, mount, entry->d_name, cpus))
			continue;
		rc = rt_root_write(root, text, err, "%s/%s/%s", mount, entry->d_name,
				   cgroups == TUNE_CGROUPS_V2 ? "cgroup.procs" : "tasks");
		break;
	}
	if (dir)
		closedir(dir);
	return rc;
}
