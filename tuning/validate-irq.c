/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-irq.c - rows: interrupts, and who moves them
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_IRQS 6	/* shown of a long list */

static bool read_irqs(struct tune_host *host)
{
	if (!host->irqs.n && !host->no_irqs)
		host->no_irqs = tune_irqs_read(&host->irqs, host->root, TUNE_IRQS_AFFINITY,
					       NULL) < 0 || !host->irqs.n;
	if (host->no_irqs)
		tune_say(host, "/proc/interrupts could not be read");
	return !host->no_irqs;
}

/*
 * It may go to a real-time CPU, and does.  One whose mask was moved away stands
 * there until it comes the next time.
 */
static bool hits_target(const struct tune_host *host, const struct tune_irq *irq)
{
	return irq->number >= 0 && irq->has_affinity && irq->actions[0] &&
	       rt_cpuset_overlaps(&irq->affinity, &host->target) &&
	       (rt_cpuset_empty(&irq->effective) ||
		rt_cpuset_overlaps(&irq->effective, &host->target));
}

static enum tune_verdict look_irqs(struct tune_host *host, bool (*wrong)(enum tune_irq_hold hold))
{
	size_t i, nr = 0, shown = 0;

	if (!read_irqs(host) || !tune_need_target(host))
		return TUNE_UNKNOWN;
	for (i = 0; i < host->irqs.n; i++) {
		struct tune_irq *irq = &host->irqs.v[i];

		shown += irq->has_affinity;
		if (!hits_target(host, irq))
			continue;
		tune_irq_probe(irq, host->root);
		if (!wrong(irq->hold) || nr++ >= MOST_IRQS)
			continue;
		tune_say_item(host, "%s (%s)", irq->label, irq->actions);
	}
	if (!shown) {
		tune_say(host, "no affinity is shown in /proc/irq");
		return TUNE_UNKNOWN;
	}
	if (!nr)
		tune_say(host, "none goes to a real-time CPU");
	if (nr > MOST_IRQS)
		tune_say(host, " and %zu more", nr - MOST_IRQS);
	return tune_pass_if(!nr);
}

/* One of which nobody knows counts here: trying to move it tells. */
static bool is_movable(enum tune_irq_hold hold)
{
	return hold == TUNE_IRQ_FREE || hold == TUNE_IRQ_UNKNOWN;
}

static bool is_held(enum tune_irq_hold hold)
{
	return hold == TUNE_IRQ_MANAGED || hold == TUNE_IRQ_FIXED;
}

static enum tune_verdict look_movable(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	return look_irqs(host, is_movable);
}

static enum tune_verdict look_held(struct tune_host *host, const struct tune_check *check)
{
	enum tune_verdict verdict = look_irqs(host, is_held);
	size_t i;

	(void)check;
	if (verdict != TUNE_PASS)
		return verdict;
	for (i = 0; i < host->irqs.n; i++) {
		if (hits_target(host, &host->irqs.v[i]) &&
		    host->irqs.v[i].hold == TUNE_IRQ_UNKNOWN) {
			host->found.len = 0;
			tune_say(host, "whether interrupts can be moved is not shown: ask as root");
			return TUNE_UNKNOWN;
		}
	}
	return verdict;
}

/* ---- irqbalance ---- */

static const char *const balance_files[] = { "etc/default/irqbalance", "etc/sysconfig/irqbalance" };

/* The CPUs that irqbalance leaves alone. */
static void read_banned(struct tune_host *host, struct rt_cpuset *ret)
{
	static const char *const auto_files[] = {
		"sys/devices/system/cpu/isolated", "sys/devices/system/cpu/nohz_full",
	};
	struct rt_cpuset set;
	char value[4096];
	bool told = false;
	size_t i;

	for (i = 0; i < 2; i++) {
		char *text = tune_text(host, "%s", balance_files[i]);

		if (text && tune_setting(text, "IRQBALANCE_BANNED_CPULIST", value, sizeof(value)) &&
		    rt_cpuset_parse(&set, value, NULL) == 0) {
			rt_cpuset_or(ret, &set);
			told = true;
		}
		if (text && tune_setting(text, "IRQBALANCE_BANNED_CPUS", value, sizeof(value)) &&
		    rt_cpuset_parse_mask(&set, value, NULL) == 0) {
			rt_cpuset_or(ret, &set);
			told = true;
		}
		free(text);
	}
	/* Told nothing, it bans what was isolated at boot. */
	for (i = 0; i < 2 && !told; i++) {
		if (tune_line(host, value, sizeof(value), "%s", auto_files[i]) &&
		    rt_cpuset_parse(&set, value, NULL) == 0)
			rt_cpuset_or(ret, &set);
	}
}

static enum tune_verdict look_irqbalance(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset banned = { { 0 } };

	(void)check;
	switch (tune_runs(host, "irqbalance")) {
	case TUNE_NO:
		tune_say(host, "it does not run");
		return TUNE_PASS;
	case TUNE_NOBODY_KNOWS:
		tune_say(host, "which programs run could not be read");
		return TUNE_UNKNOWN;
	case TUNE_YES:
		break;
	}
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	read_banned(host, &banned);
	tune_set_subject(host, "%s", rt_root_exists(host->root, "etc/sysconfig") ?
			 balance_files[1] : balance_files[0]);
	tune_say_cpus(host, "it runs, and leaves alone CPUs: ", &banned);
	return tune_pass_if(rt_cpuset_within(&host->target, &banned));
}

/* ---- network cards ---- */

/* Do packets that a queue took go on to a real-time CPU? */
static bool steers_to_target(const struct tune_host *host, const char *nic, const char *queue)
{
	struct rt_cpuset set;
	char mask[4096];

	return tune_line(host, mask, sizeof(mask), "sys/class/net/%s/queues/%s/rps_cpus", nic,
			 queue) &&
	       rt_cpuset_parse_mask(&set, mask, NULL) == 0 &&
	       rt_cpuset_overlaps(&set, &host->target);
}

/* Return: false where the queues are not shown. */
static bool say_nic(struct tune_host *host, const char *nic, unsigned int nr_others)
{
	struct tune_names queues;
	bool steers = false;
	size_t i;

	if (!tune_names(host, &queues, "rx-*", "sys/class/net/%s/queues", nic))
		return false;
	for (i = 0; i < queues.n; i++)
		steers |= steers_to_target(host, nic, queues.v[i]);
	if (steers)
		tune_say_item(host, "rps_cpus of %s has real-time CPUs", nic);
	if (queues.n > nr_others)
		tune_say_item(host, "%s has %zu queues", nic, queues.n);
	if ((steers || queues.n > nr_others) && !host->subject[0])
		tune_set_subject(host, "%s combined %u && for f in /sys/class/net/%s/queues/rx-*/"
				 "rps_cpus; do echo 0 >$f; done", nic, nr_others, nic);
	tune_names_finish(&queues);
	return true;
}

static enum tune_verdict look_nics(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset others = host->present;
	struct tune_names nics;
	bool seen = false;
	size_t i;

	if (!tune_names(host, &nics, "*", "%s", check->path))
		return tune_missing(host, check->path);
	if (!tune_need_target(host)) {
		tune_names_finish(&nics);
		return TUNE_UNKNOWN;
	}
	rt_cpuset_minus(&others, &host->target);
	for (i = 0; i < nics.n; i++) {
		if (rt_root_exists(host->root, "sys/class/net/%s/device", nics.v[i]))
			seen |= say_nic(host, nics.v[i], rt_cpuset_count(&others));
	}
	tune_names_finish(&nics);
	if (!seen && !host->live) {
		tune_say(host, "no card's queues are in this tree");
		return TUNE_UNKNOWN;
	}
	if (host->found.len)
		return TUNE_FAIL;
	tune_say(host, "none has more queues than there are CPUs of the host");
	return TUNE_PASS;
}

const struct tune_check tune_checks_irq[] = {
	{
		.id = "interrupts", .severity = TUNE_WARNING, .look = look_movable,
		.expected = "no interrupt that can be moved goes to a real-time CPU",
		.why = "each is an exit of the guest and a driver's work before the vCPU goes on",
		.reads = "/proc/interrupts, /proc/irq/*/{smp,effective}_affinity_list",
		.fix_kind = TUNE_FIX_RUN, .fix = "irq-affinity --set %T=%H",
	}, {
		.id = "held-interrupts", .severity = TUNE_WARNING, .look = look_held,
		.expected = "no interrupt that cannot be moved goes to a real-time CPU",
		.why = "queues that the kernel spreads itself stay where they are; they are quiet "
		       "while no task on their CPU uses the device",
		.reads = "/proc/interrupts, /proc/irq/*, /sys/kernel/debug/irq/irqs/*",
		.fix_kind = TUNE_FIX_BOOT, .fix = "isolcpus=managed_irq,%T",
	}, {
		.id = "irqbalance", .severity = TUNE_WARNING, .look = look_irqbalance,
		.expected = "irqbalance does not run, or leaves the real-time CPUs alone",
		.why = "it moves interrupts every ten seconds, and does not see CPUs that are "
		       "isolated by cgroups",
		.reads = "/proc/*/comm, /etc/default/irqbalance, /etc/sysconfig/irqbalance",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "echo 'IRQBALANCE_BANNED_CPULIST=%T' >>/%S && systemctl restart irqbalance",
	}, {
		.id = "network-queues", .severity = TUNE_WARNING, .look = look_nics,
		.path = "sys/class/net",
		.expected = "network cards with no more queues than CPUs of the host, and no "
			    "rps_cpus with real-time CPUs",
		.why = "each queue has an interrupt, and the drivers spread them over all CPUs "
		       "whenever the interface comes up",
		.reads = "/sys/class/net/*/queues/rx-*/rps_cpus",
		.fix_kind = TUNE_FIX_RUN, .fix = "ethtool -L %S",
	},
	{ .id = NULL }
};
