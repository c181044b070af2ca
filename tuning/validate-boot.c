/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-boot.c - rows: what is isolated, and what the kernel's command line says
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds the CPUs of a file with a list, where there is one. */
static bool add_list(const struct tune_host *host, struct rt_cpuset *to, const char *path)
{
	struct rt_cpuset set;
	char list[4096];

	if (!tune_line(host, list, sizeof(list), "%s", path))
		return false;
	if (rt_cpuset_parse(&set, list, NULL) == 0)	/* "(null)" stands for none */
		rt_cpuset_or(to, &set);
	return true;
}

/* Kernels before 6.7 do not gather the CPUs of isolated partitions at the root. */
static void add_partitions(const struct tune_host *host, struct rt_cpuset *to)
{
	char path[512], state[128];
	struct tune_names groups;
	size_t i;

	if (!tune_names(host, &groups, "*", "sys/fs/cgroup"))
		return;
	for (i = 0; i < groups.n; i++) {
		if (!tune_line(host, state, sizeof(state),
			       "sys/fs/cgroup/%s/cpuset.cpus.partition", groups.v[i]) ||
		    strcmp(state, "isolated") != 0)
			continue;
		snprintf(path, sizeof(path), "sys/fs/cgroup/%s/cpuset.cpus.effective",
			 groups.v[i]);
		add_list(host, to, path);
	}
	tune_names_finish(&groups);
}

static enum tune_verdict look_isolated(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset isolated = { { 0 } };
	bool known;

	known = add_list(host, &isolated, check->path);
	known |= add_list(host, &isolated, "sys/fs/cgroup/cpuset.cpus.isolated");
	add_partitions(host, &isolated);
	if (!known)
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	tune_say_cpus(host, "isolated CPUs: ", &isolated);
	return tune_pass_if(rt_cpuset_within(&host->target, &isolated));
}

/* Says each node all of whose CPUs are to be real-time. */
static void say_full_nodes(struct tune_host *host)
{
	struct tune_names nodes;
	struct rt_cpuset set;
	char list[4096];
	size_t i;

	if (!tune_names(host, &nodes, "node[0-9]*", "sys/devices/system/node"))
		return;
	for (i = 0; i < nodes.n; i++) {
		if (tune_line(host, list, sizeof(list), "sys/devices/system/node/%s/cpulist",
			      nodes.v[i]) &&
		    rt_cpuset_parse(&set, list, NULL) == 0 && !rt_cpuset_empty(&set) &&
		    rt_cpuset_within(&set, &host->target))
			tune_say_item(host, "%s has no other CPU", nodes.v[i]);
	}
	tune_names_finish(&nodes);
}

static enum tune_verdict look_housekeeping(struct tune_host *host,
					   const struct tune_check *check)
{
	struct rt_cpuset rest = host->present;

	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (rt_cpuset_empty(&rest))
		return tune_missing(host, check->path);
	rt_cpuset_minus(&rest, &host->target);
	if (rt_cpuset_has(&host->target, 0))
		tune_say_item(host, "CPU 0 is among the real-time CPUs");
	if (rt_cpuset_empty(&rest))
		tune_say_item(host, "no CPU is left");
	say_full_nodes(host);
	if (host->found.len)
		return TUNE_FAIL;
	tune_say_cpus(host, "left for the host: ", &rest);
	return TUNE_PASS;
}

static enum tune_verdict look_nohz_full(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set = { { 0 } };

	if (!add_list(host, &set, check->path))
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	tune_say_cpus(host, "CPUs without a tick: ", &set);
	return tune_pass_if(rt_cpuset_within(&host->target, &set));
}

/* nohz_full= means rcu_nocbs= for the same CPUs. */
static enum tune_verdict look_rcu_nocbs(struct tune_host *host, const struct tune_check *check)
{
	static const char *const words[] = { "rcu_nocbs", "nohz_full" };
	struct rt_cpuset all = { { 0 } }, set;
	const char *value;
	size_t i;

	if (!host->has_cmdline)
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	for (i = 0; i < 2; i++) {
		value = tune_cmdline_get(&host->cmdline, words[i]);
		if (value && tune_cmdline_cpus(&set, value, host->nr_cpus, NULL) == 0)
			rt_cpuset_or(&all, &set);
	}
	tune_say_cpus(host, "RCU's callbacks are taken off CPUs: ", &all);
	return tune_pass_if(rt_cpuset_within(&host->target, &all));
}

static enum tune_verdict look_managed_irq(struct tune_host *host, const struct tune_check *check)
{
	const char *value = tune_cmdline_get(&host->cmdline, "isolcpus");
	unsigned int flags = 0;
	struct rt_cpuset set;

	if (!host->has_cmdline)
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (!value) {
		tune_say(host, "\"isolcpus\" is not on the kernel's command line");
		return TUNE_FAIL;
	}
	tune_say(host, "isolcpus=%s", value);
	return tune_pass_if(tune_cmdline_isolcpus(&set, &flags, value, host->nr_cpus, NULL) == 0 &&
			    flags & TUNE_ISOLCPUS_MANAGED_IRQ &&
			    rt_cpuset_within(&host->target, &set));
}

enum tune_verdict tune_look_irqaffinity(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set;
	char mask[4096];

	if (!tune_line(host, mask, sizeof(mask), "%s", check->path) ||
	    rt_cpuset_parse_mask(&set, mask, NULL) < 0)
		return tune_missing(host, check->path);
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	tune_say_cpus(host, "new interrupts may go to CPUs ", &set);
	return tune_pass_if(!rt_cpuset_overlaps(&set, &host->target));
}

static enum tune_verdict look_tsc_flags(struct tune_host *host, const struct tune_check *check)
{
	enum tune_answer constant = tune_cpu_flag(host, "constant_tsc");
	enum tune_answer nonstop = tune_cpu_flag(host, "nonstop_tsc");

	if (constant == TUNE_NOBODY_KNOWS)
		return tune_missing(host, check->path);
	tune_say(host, "constant_tsc: %s, nonstop_tsc: %s", constant == TUNE_YES ? "yes" : "no",
		 nonstop == TUNE_YES ? "yes" : "no");
	return tune_pass_if(constant == TUNE_YES && nonstop == TUNE_YES);
}

static enum tune_verdict look_softlockup(struct tune_host *host, const struct tune_check *check)
{
	int64_t on;

	if (host->has_cmdline && (tune_cmdline_get(&host->cmdline, "nosoftlockup") ||
				  tune_cmdline_get(&host->cmdline, "nowatchdog"))) {
		tune_say(host, "it is off by the kernel's command line");
		return TUNE_PASS;
	}
	if (!tune_number(host, &on, "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "kernel.soft_watchdog is %d", (int)on);
	return tune_pass_if(!on);
}

/* 0 is the kernel's own value */
static enum tune_verdict look_patience(struct tune_host *host, const struct tune_check *check)
{
	int64_t ms;

	if (!rt_root_exists(host->root, "sys/module/rcutree/parameters"))
		return tune_missing(host, "sys/module/rcutree/parameters");
	if (!tune_number(host, &ms, "%s", check->path)) {
		if (rt_root_exists(host->root, "%s", check->path))
			return tune_missing(host, check->path);
		tune_say(host, "this kernel has no such delay");
		return TUNE_MOOT;
	}
	tune_say(host, "rcutree.nohz_full_patience_delay is %d ms", (int)ms);
	return tune_pass_if(ms > 0);
}

const struct tune_check tune_checks_boot[] = {
	{
		.id = "isolated", .severity = TUNE_INFO, .look = look_isolated,
		.path = "sys/devices/system/cpu/isolated",
		.expected = "the real-time CPUs are isolated",
		.why = "the scheduler's balancing and other tasks leave them; kvmrt-boot and "
		       "shield do it at run time, so this is a finding only while VMs run",
		.reads = "/sys/fs/cgroup/cpuset.cpus.isolated, /sys/devices/system/cpu/isolated",
		.fix_kind = TUNE_FIX_RUN, .fix = "shield -a %T",
	}, {
		.id = "housekeeping", .severity = TUNE_WARNING, .look = look_housekeeping,
		.path = "sys/devices/system/cpu/present",
		.expected = "CPU 0, and a CPU of every node, are left for the host",
		.why = "the kernel does work on CPU 0 that cannot be moved; a node without a CPU "
		       "for the host has its memory and devices served from afar",
		.reads = "/sys/devices/system/cpu/present, /sys/devices/system/node/node*/cpulist",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "choose other CPUs for the real-time VMs; hwtopo shows the nodes",
	}, {
		.id = "nohz-full", .severity = TUNE_INFO, .look = look_nohz_full,
		.path = "sys/devices/system/cpu/nohz_full",
		.expected = "the real-time CPUs have no tick while one task runs",
		.why = "a tick is an interrupt a millisecond or four; guests that poll gain, for "
		       "guests with short periods the cost at each entry may be higher than that",
		.fix_kind = TUNE_FIX_BOOT, .fix = "nohz_full=%T",
	}, {
		.id = "rcu-nocbs", .severity = TUNE_WARNING, .look = look_rcu_nocbs,
		.path = "proc/cmdline",
		.expected = "rcu_nocbs= or nohz_full= with the real-time CPUs",
		.why = "RCU's callbacks else run on the CPU that queued them, in its softirq",
		.fix_kind = TUNE_FIX_BOOT, .fix = "rcu_nocbs=%T",
	}, {
		.id = "managed-irq", .severity = TUNE_WARNING, .look = look_managed_irq,
		.path = "proc/cmdline",
		.expected = "isolcpus=managed_irq with the real-time CPUs",
		.why = "queues of NVMe, RAID and network cards are spread over all CPUs by the "
		       "kernel and cannot be moved later",
		.fix_kind = TUNE_FIX_BOOT, .fix = "isolcpus=managed_irq,%T",
	}, {
		.id = "irqaffinity", .severity = TUNE_WARNING, .look = tune_look_irqaffinity,
		.path = "proc/irq/default_smp_affinity",
		.expected = "new interrupts do not go to the real-time CPUs",
		.why = "an isolated partition does not keep interrupts away; each driver that "
		       "starts takes this mask",
		.fix_kind = TUNE_FIX_BOOT, .fix = "irqaffinity=%H",
	}, {
		.id = "clocksource", .severity = TUNE_ERROR, .look = tune_look_value,
		.path = "sys/devices/system/clocksource/clocksource0/current_clocksource",
		.want = "tsc", .expected = "tsc",
		.why = "every other source is read over a bus, by all CPUs; and guests cannot "
		       "follow the host's clock (ptp_kvm) with it",
		.fix_kind = TUNE_FIX_BOOT, .fix = "tsc=reliable clocksource=tsc",
	}, {
		.id = "tsc-flags", .severity = TUNE_WARNING, .look = look_tsc_flags,
		.path = "proc/cpuinfo",
		.expected = "constant_tsc and nonstop_tsc",
		.why = "without them the counter stands or changes its rate with the CPU's power "
		       "states, and the kernel drops it as its clock",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "another processor; under a hypervisor: +invtsc for this machine",
	}, {
		.id = "tsc-reliable", .severity = TUNE_INFO, .look = tune_look_boot,
		.path = "tsc", .want = "reliable|nowatchdog",
		.expected = "tsc=reliable on the kernel's command line",
		.why = "else the kernel compares the TSC with another clock twice a second, one "
		       "CPU after the other, the real-time ones too",
		.reads = "/proc/cmdline", .fix_kind = TUNE_FIX_BOOT, .fix = "tsc=reliable",
	}, {
		.id = "skew-tick", .severity = TUNE_INFO, .look = tune_look_boot,
		.path = "skew_tick", .want = "1",
		.expected = "skew_tick=1 on the kernel's command line",
		.why = "the ticks of all CPUs else fall together, and meet at the same locks",
		.reads = "/proc/cmdline", .fix_kind = TUNE_FIX_BOOT, .fix = "skew_tick=1",
	}, {
		.id = "rcu-normal", .severity = TUNE_INFO, .look = tune_look_param,
		.path = "sys/module/rcupdate/parameters/rcu_normal_after_boot", .want = "1",
		.expected = "1",
		.why = "an expedited grace period interrupts every CPU that is busy",
		.fix_kind = TUNE_FIX_BOOT, .fix = "rcupdate.rcu_normal_after_boot=1",
	}, {
		.id = "soft-lockup", .severity = TUNE_INFO, .look = look_softlockup,
		.path = "proc/sys/kernel/soft_watchdog",
		.expected = "off: nosoftlockup",
		.why = "a vCPU that rightly polls for ever is no lockup",
		.reads = "/proc/cmdline, /proc/sys/kernel/soft_watchdog",
		.fix_kind = TUNE_FIX_BOOT, .fix = "nosoftlockup",
	}, {
		.id = "rcu-patience", .severity = TUNE_INFO, .look = look_patience,
		.path = "sys/module/rcutree/parameters/nohz_full_patience_delay",
		.expected = "more than 0 ms (tuned takes 1000)",
		.why = "RCU waits so long for a CPU in a guest before it interrupts it",
		.fix_kind = TUNE_FIX_BOOT, .fix = "rcutree.nohz_full_patience_delay=1000",
	},
	{ .id = NULL }
};
