/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-kernel.c - interrupts, the network's queues, work queues and timers are kept
 * off shielded CPUs
 */
#include "tuning/shield-internal.h"

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

/* ---- interrupts ---- */

int tune_for_entries(const struct rt_root *root, const char *folder,
		     int (*each)(void *arg, const struct rt_root *root, const char *path,
				 const char *name, struct rt_err *err),
		     void *arg, struct rt_err *err)
{
	int fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", folder), rc = 0;
	DIR *dir = rt_opendir(fd);
	char path[TUNE_TARGET_MAX];
	struct dirent *entry;

	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
		    (int)sizeof(path))
			continue;
		rc = each(arg, root, path, entry->d_name, err);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* What a folder's entries are planned with. */
struct planning {
	struct tune_plan *plan;
	const struct tune_shield *shield;
};

static int for_entries(struct tune_plan *plan, const struct tune_shield *shield,
		       const char *folder,
		       int (*each)(void *arg, const struct rt_root *root, const char *path,
				   const char *name, struct rt_err *err),
		       struct rt_err *err)
{
	struct planning with = { plan, shield };

	return tune_for_entries(plan->root, folder, each, &with, err);
}

const struct tune_irq_assign *tune_shield_assigned(const struct tune_shield *shield,
						   const struct tune_irq *irq)
{
	size_t i;

	/* the last one counts, as in the file */
	for (i = shield->assigns.nr; i-- > 0; )
		if (tune_irq_matches(irq, shield->assigns.v[i].irq))
			return &shield->assigns.v[i];
	return NULL;
}

/* One that the kernel does not let go is no change: it is told of when the rest is done. */
static int plan_irq(struct tune_plan *plan, const struct tune_shield *shield,
		    struct tune_irq *irq, const struct rt_cpuset *host, struct rt_err *err)
{
	const struct rt_cpuset *shielded = &shield->cpus[TUNE_SHIELD_IRQ];
	const struct tune_irq_assign *assign = tune_shield_assigned(shield, irq);
	char target[TUNE_TARGET_MAX], list[TUNE_LIST_MAX];
	const char *why = irq->actions;
	int rc = 0;

	if (assign)
		rc = rt_cpuset_format(&assign->cpus, list, sizeof(list)) < 0 ? -ENOSPC : 0;
	else if (rt_cpuset_overlaps(&irq->affinity, shielded))
		rc = tune_shield_without(list, &irq->affinity, shielded, host, err);
	else
		return 0;
	if (rc < 0)
		return rt_err_wrap(err, rc, "interrupt %d", irq->number);
	tune_irq_probe(irq, plan->root);
	if (irq->hold == TUNE_IRQ_MANAGED || irq->hold == TUNE_IRQ_FIXED)
		return 0;
	tune_target_irq(target, sizeof(target), plan->root, irq->number);
	return tune_plan_add(plan, TUNE_KNOB_IRQ, target, list, TUNE_OPTIONAL, TUNE_COST_IRQ,
			     err, "%s of %s", assign ? "assigned interrupt" : "interrupt",
			     why[0] ? why : "no device");
}

static bool is_there(const struct tune_irqs *irqs, const char *name)
{
	size_t i;

	for (i = 0; i < irqs->n; i++)
		if (irqs->v[i].number >= 0 && tune_irq_matches(&irqs->v[i], name))
			return true;
	return false;
}

int tune_shield_for_absent(const struct rt_root *root, const struct tune_shield *shield,
			   int (*each)(void *arg, const char *irq, struct rt_err *err), void *arg,
			   struct rt_err *err)
{
	struct tune_irqs irqs = { 0 };
	size_t i;
	int rc;

	if (shield->assigns.nr == 0)
		return 0;
	rc = tune_irqs_read(&irqs, root, TUNE_IRQS_DEVICE, err);
	for (i = 0; i < shield->assigns.nr && rc == 0; i++)
		if (!is_there(&irqs, shield->assigns.v[i].irq))
			rc = each(arg, shield->assigns.v[i].irq, err);
	tune_irqs_finish(&irqs);
	return rc;
}

static int plan_default(struct tune_plan *plan, const struct tune_shield *shield,
			const struct rt_cpuset *host, struct rt_err *err)
{
	static const char target[] = "proc/irq/default_smp_affinity";
	char text[TUNE_LIST_MAX];
	struct rt_cpuset now;

	if (rt_root_read_line(plan->root, text, sizeof(text), NULL, target) < 0 ||
	    rt_cpuset_parse_mask(&now, text, NULL) < 0)
		return 0;
	rt_cpuset_minus(&now, &shield->cpus[TUNE_SHIELD_IRQ]);
	if (!rt_cpuset_overlaps(&now, host))
		now = *host;
	rt_cpuset_format_mask(&now, text, sizeof(text));
	return tune_plan_add(plan, TUNE_KNOB_CPUMASK, target, text, 0, TUNE_COST_NONE, err,
			     "interrupts that are set up from now on");
}

/* It would bring them back with its next round. */
static int plan_irqbalance(void *arg, const struct rt_root *root, const char *path,
			   const char *name, struct rt_err *err)
{
	const struct planning *with = arg;
	char list[TUNE_LIST_MAX], *now;
	struct rt_cpuset banned;
	int rc;

	if (!strstr(name, ".sock") ||
	    tune_knob_read(root, TUNE_KNOB_IRQBALANCE, path, &now, NULL) < 0)
		return 0;
	rc = rt_cpuset_parse(&banned, now, err);
	free(now);
	if (rc < 0)
		return rc;
	rt_cpuset_or(&banned, &with->shield->cpus[TUNE_SHIELD_IRQ]);
	rt_cpuset_format(&banned, list, sizeof(list));
	return tune_plan_add(with->plan, TUNE_KNOB_IRQBALANCE, path, list, TUNE_OPTIONAL,
			     TUNE_COST_NONE, err, "irqbalance keeps them off as well");
}

int tune_shield_plan_irqs(struct tune_plan *plan, const struct tune_shield *shield,
			  struct rt_err *err)
{
	struct tune_irqs irqs = { 0 };
	struct rt_cpuset host;
	size_t i;
	int rc;

	rc = tune_shield_host(plan->root, shield, TUNE_SHIELD_IRQ, &host, err);
	if (rc == 0)
		rc = tune_irqs_read(&irqs, plan->root, TUNE_IRQS_AFFINITY | TUNE_IRQS_DEVICE, err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_IRQ]))
		rc = for_entries(plan, shield, "run/irqbalance", plan_irqbalance, err);
	for (i = 0; i < irqs.n && rc == 0; i++)
		if (irqs.v[i].number >= 0 && irqs.v[i].has_affinity)
			rc = plan_irq(plan, shield, &irqs.v[i], &host, err);
	tune_irqs_finish(&irqs);
	return rc < 0 ? rc : plan_default(plan, shield, &host, err);
}

/* ---- masks in files ---- */

/* A file of a mask or list: without the shielded CPUs.  What is not there is passed over. */
static int plan_set(struct tune_plan *plan, enum tune_knob_kind kind, const char *target,
		    const struct rt_cpuset *shielded, const struct rt_cpuset *host,
		    const char *why, struct rt_err *err)
{
	char text[TUNE_LIST_MAX];
	struct rt_cpuset now;
	int rc;

	if (rt_root_read_line(plan->root, text, sizeof(text), NULL, "%s", target) < 0)
		return 0;
	rc = kind == TUNE_KNOB_CPUMASK ? rt_cpuset_parse_mask(&now, text, NULL) :
	     rt_cpuset_parse(&now, text, NULL);
	if (rc < 0 || !rt_cpuset_overlaps(&now, shielded))
		return 0;
	rt_cpuset_minus(&now, shielded);
	if (rt_cpuset_empty(&now))
		now = *host;
	if (kind == TUNE_KNOB_CPUMASK)
		rt_cpuset_format_mask(&now, text, sizeof(text));
	else
		rt_cpuset_format(&now, text, sizeof(text));
	return tune_plan_add(plan, kind, target, text, TUNE_OPTIONAL, TUNE_COST_NONE, err, "%s",
			     why);
}

/* ---- the network ---- */

static int plan_queue(void *arg, const struct rt_root *root, const char *path,
		      const char *name, struct rt_err *err)
{
	const struct planning *with = arg;
	struct rt_cpuset none = { { 0 } };
	char target[TUNE_TARGET_MAX + 16];

	(void)root;
	snprintf(target, sizeof(target), "%s/%cps_cpus", path, name[0] == 'r' ? 'r' : 'x');
	if (strlen(target) >= TUNE_TARGET_MAX)
		return 0;
	/* none at all turns the steering off */
	return plan_set(with->plan, TUNE_KNOB_CPUMASK, target,
			&with->shield->cpus[TUNE_SHIELD_IRQ], &none,
			name[0] == 'r' ? "received packets are handled there" :
			"packets are sent from there", err);
}

static int plan_interface(void *arg, const struct rt_root *root, const char *path,
			  const char *name, struct rt_err *err)
{
	const struct planning *with = arg;
	char queues[TUNE_TARGET_MAX];

	(void)root;
	(void)name;
	if (snprintf(queues, sizeof(queues), "%s/queues", path) >= (int)sizeof(queues))
		return 0;
	return for_entries(with->plan, with->shield, queues, plan_queue, err);
}

int tune_shield_plan_network(struct tune_plan *plan, const struct tune_shield *shield,
			     struct rt_err *err)
{
	struct rt_cpuset none = { { 0 } };
	int rc;

	rc = for_entries(plan, shield, "sys/class/net", plan_interface, err);
	return rc < 0 ? rc : plan_set(plan, TUNE_KNOB_CPUMASK, "proc/sys/net/core/rps_default_mask",
				      &shield->cpus[TUNE_SHIELD_IRQ], &none,
				      "queues of interfaces to come", err);
}

/* ---- work queues, timers ---- */

static int plan_workqueue(void *arg, const struct rt_root *root, const char *path,
			  const char *name, struct rt_err *err)
{
	const struct planning *with = arg;
	char target[TUNE_TARGET_MAX + 16];
	struct rt_cpuset host;
	int rc;

	if (strcmp(name, "cpumask") == 0)
		snprintf(target, sizeof(target), "%s", path);
	else if (strncmp(name, "cpumask", 7) == 0)
		return 0;	/* what was asked for, what is isolated: to read only */
	else
		snprintf(target, sizeof(target), "%s/cpumask", path);
	if (strlen(target) >= TUNE_TARGET_MAX)
		return 0;
	rc = tune_shield_host(root, with->shield, TUNE_SHIELD_PROC, &host, err);
	return rc < 0 ? rc : plan_set(with->plan, TUNE_KNOB_CPUMASK, target,
				      &with->shield->cpus[TUNE_SHIELD_PROC], &host,
				      "unbound work queues", err);
}

static int plan_timers(struct tune_plan *plan, const struct tune_shield *shield,
		       struct rt_err *err)
{
	const struct rt_cpuset *shielded = &shield->cpus[TUNE_SHIELD_LOC];
	struct rt_cpuset host;
	uint64_t seconds;
	int rc;

	rc = tune_shield_host(plan->root, shield, TUNE_SHIELD_LOC, &host, err);
	if (rc == 0)
		rc = plan_set(plan, TUNE_KNOB_CPULIST, "proc/sys/kernel/watchdog_cpumask", shielded,
			      &host, "the lockup detector's timer and thread", err);
	if (rc < 0 || rt_root_read_u64(plan->root, &seconds, NULL, "proc/sys/vm/stat_interval") < 0)
		return rc;
	/* held: another shield, whose end puts it back, may have set it */
	return seconds > 120 ? 0 :
	       tune_plan_add(plan, TUNE_KNOB_TEXT, "proc/sys/vm/stat_interval", "120",
			     TUNE_OPTIONAL | TUNE_HOLD, TUNE_COST_NONE, err,
			     "each CPU counts its memory events more seldom");
}

int tune_shield_plan_files(struct tune_plan *plan, const struct tune_shield *shield,
			   struct rt_err *err)
{
	int rc = 0;

	if (!rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_PROC]))
		rc = for_entries(plan, shield, "sys/devices/virtual/workqueue", plan_workqueue,
				 err);
	if (rc == 0 && !rt_cpuset_empty(&shield->cpus[TUNE_SHIELD_LOC]))
		rc = plan_timers(plan, shield, err);
	return rc;
}
