/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-kernel.c - rows: what the kernel is, how it was built, what it does beside its work
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool says_preempt_rt(struct tune_host *host)
{
	char line[16];

	if (tune_line(host, line, sizeof(line), "sys/kernel/realtime") && strcmp(line, "1") == 0)
		return true;
	return strstr(host->version, "PREEMPT_RT") || strstr(host->version, "PREEMPT RT") ||
	       (host->config && tune_config_has(host, "PREEMPT_RT"));
}

static enum tune_verdict look_preempt_rt(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	if (says_preempt_rt(host)) {
		tune_say(host, "kernel %s has PREEMPT_RT", host->release);
		return TUNE_PASS;
	}
	if (!host->version[0] && !host->config)
		return tune_missing(host, "proc/version");
	tune_say(host, "kernel %s has %s", host->release,
		 strstr(host->version, "PREEMPT_DYNAMIC") ? "PREEMPT_DYNAMIC only" :
		 "no PREEMPT_RT");
	return TUNE_FAIL;
}

static enum tune_verdict look_rt_group(struct tune_host *host, const struct tune_check *check)
{
	const char *word = tune_cmdline_get(&host->cmdline, "rt_group_sched");

	if (!host->config)
		return tune_look_config(host, check);
	if (!tune_config_has(host, "RT_GROUP_SCHED")) {
		tune_say(host, "CONFIG_RT_GROUP_SCHED is not set");
		return TUNE_PASS;
	}
	if (word && strcmp(word, "0") == 0) {
		tune_say(host, "rt_group_sched=0");
		return TUNE_PASS;
	}
	if (rt_root_exists(host->root, "sys/fs/cgroup/cgroup.controllers")) {
		tune_say(host, "CONFIG_RT_GROUP_SCHED is set, and cgroups are v2");
		return TUNE_PASS;
	}
	tune_say(host, "CONFIG_RT_GROUP_SCHED is set, and cgroups are not v2");
	return TUNE_FAIL;
}

static enum tune_verdict look_nmi_watchdog(struct tune_host *host, const struct tune_check *check)
{
	int64_t on;

	if (!tune_number(host, &on, "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "kernel.nmi_watchdog is %d", (int)on);
	return tune_pass_if(!on);
}

/* Off, or kept away from the real-time CPUs. */
static enum tune_verdict look_watchdog(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset cpus;
	char list[4096];
	int64_t on;

	if (!tune_number(host, &on, "%s", check->path))
		return tune_missing(host, check->path);
	if (!on) {
		tune_say(host, "kernel.watchdog is 0");
		return TUNE_PASS;
	}
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (!tune_line(host, list, sizeof(list), "proc/sys/kernel/watchdog_cpumask") ||
	    rt_cpuset_parse(&cpus, list, NULL) < 0)
		return tune_missing(host, "proc/sys/kernel/watchdog_cpumask");
	tune_say_cpus(host, "kernel.watchdog is 1 on CPUs ", &cpus);
	return tune_pass_if(!rt_cpuset_overlaps(&cpus, &host->target));
}

static enum tune_verdict look_efi(struct tune_host *host, const struct tune_check *check)
{
	const char *word = tune_cmdline_get(&host->cmdline, "efi");
	struct rt_cpuset cpus;
	char mask[4096];

	if (!rt_root_exists(host->root, "sys/firmware/efi")) {
		if (!rt_root_exists(host->root, "sys/firmware"))
			return tune_missing(host, "sys/firmware");
		tune_say(host, "not started by EFI");
		return TUNE_MOOT;
	}
	if (word && strstr(word, "noruntime")) {
		tune_say(host, "efi=%s", word);
		return TUNE_PASS;
	}
	if (tune_line(host, mask, sizeof(mask), "%s", check->path) &&
	    rt_cpuset_parse_mask(&cpus, mask, NULL) == 0) {
		if (!tune_need_target(host))
			return TUNE_UNKNOWN;
		tune_say_cpus(host, "EFI's work queue may run on CPUs ", &cpus);
		return tune_pass_if(!rt_cpuset_overlaps(&cpus, &host->target));
	}
	if (!word && host->config && tune_config_has(host, "EFI_DISABLE_RUNTIME")) {
		tune_say(host, "CONFIG_EFI_DISABLE_RUNTIME is set");
		return TUNE_PASS;
	}
	tune_say(host, "EFI's run-time services are on");
	return host->has_cmdline && host->config ? TUNE_FAIL : TUNE_UNKNOWN;
}

static enum tune_verdict look_tracing(struct tune_host *host, const struct tune_check *check)
{
	char tracer[64], events[16];
	int64_t on;

	if (!tune_line(host, tracer, sizeof(tracer), "%s", check->path) ||
	    !tune_number(host, &on, "sys/kernel/tracing/tracing_on")) {
		enum tune_verdict verdict = tune_missing(host, check->path);

		/* Not mounted is not the same as not there. */
		return verdict == TUNE_MOOT ? TUNE_UNKNOWN : verdict;
	}
	if (!tune_line(host, events, sizeof(events), "sys/kernel/tracing/events/enable"))
		snprintf(events, sizeof(events), "?");
	tune_say(host, "tracer %s, events %s, recording is %s", tracer,
		 strcmp(events, "0") == 0 ? "off" : events[0] == '?' ? "not known" : "on",
		 on ? "on" : "off");
	if (on && strcmp(tracer, "nop") == 0 && events[0] == '?')
		return TUNE_UNKNOWN;
	return tune_pass_if(!on || (strcmp(tracer, "nop") == 0 && strcmp(events, "0") == 0));
}

/* The state of a processor's weakness: @want must not stand in it. */
static enum tune_verdict look_vulnerability(struct tune_host *host,
					    const struct tune_check *check)
{
	char line[256];

	if (!tune_line(host, line, sizeof(line), "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "%s: %s", strrchr(check->path, '/') + 1, line);
	return tune_pass_if(!strstr(line, check->want));
}

#define CONFIG	"/boot/config-RELEASE, /lib/modules/RELEASE/config, /proc/config.gz"

const struct tune_check tune_checks_kernel[] = {
	{
		.id = "preempt-rt", .severity = TUNE_ERROR, .look = look_preempt_rt,
		.expected = "a kernel with PREEMPT_RT",
		.why = "without it a vCPU's thread waits for whatever the kernel does with "
		       "preemption or interrupts off: milliseconds, at times",
		.reads = "/proc/version, /sys/kernel/realtime, " CONFIG,
		.fix_kind = TUNE_FIX_PACKAGE,
		.fix = "rt-kernel install a kernel that is built with CONFIG_PREEMPT_RT",
	}, {
		.id = "kernel-isolation", .severity = TUNE_WARNING, .look = tune_look_config,
		.want = "CPUSETS CPU_ISOLATION NO_HZ_FULL RCU_NOCB_CPU HOTPLUG_CPU "
			"HIGH_RES_TIMERS",
		.expected = "CPUSETS, CPU_ISOLATION, NO_HZ_FULL, RCU_NOCB_CPU, HOTPLUG_CPU and "
			    "HIGH_RES_TIMERS in the kernel",
		.why = "each of them is needed to keep a CPU free of the kernel's own work",
		.reads = CONFIG, .fix_kind = TUNE_FIX_PACKAGE,
		.fix = "rt-kernel install a kernel that has them",
	}, {
		.id = "kernel-debug", .severity = TUNE_WARNING, .look = tune_look_config,
		.want = "!PROVE_LOCKING !DEBUG_LOCK_ALLOC !IRQSOFF_TRACER !PREEMPT_TRACER "
			"!DEBUG_OBJECTS !KASAN !KCSAN !DEBUG_KMEMLEAK",
		.expected = "no PROVE_LOCKING, DEBUG_LOCK_ALLOC, IRQSOFF_TRACER, PREEMPT_TRACER, "
			    "DEBUG_OBJECTS, KASAN, KCSAN, DEBUG_KMEMLEAK",
		.why = "they make sections longer in which nothing may interrupt the kernel",
		.reads = CONFIG, .fix_kind = TUNE_FIX_PACKAGE,
		.fix = "rt-kernel install a kernel without them",
	}, {
		.id = "rt-group", .severity = TUNE_ERROR, .look = look_rt_group,
		.want = "!RT_GROUP_SCHED",
		.expected = "CONFIG_RT_GROUP_SCHED not set, or cgroups v2",
		.why = "a new group of cgroup v1 has no real-time budget: giving a vCPU its FIFO "
		       "policy fails with EPERM, and the VM does not start",
		.reads = CONFIG ", /sys/fs/cgroup",
		.fix_kind = TUNE_FIX_BOOT, .fix = "systemd.unified_cgroup_hierarchy=1",
	}, {
		.id = "nmi-watchdog", .severity = TUNE_WARNING, .look = look_nmi_watchdog,
		.path = "proc/sys/kernel/nmi_watchdog",
		.expected = "0",
		.why = "it interrupts every CPU, and takes a performance counter",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "kernel.nmi_watchdog=0",
	}, {
		.id = "watchdog", .severity = TUNE_WARNING, .look = look_watchdog,
		.path = "proc/sys/kernel/watchdog",
		.expected = "off, or not on the real-time CPUs",
		.why = "a thread of the highest priority and a timer on every CPU of its mask, "
		       "every four seconds",
		.reads = "/proc/sys/kernel/watchdog, /proc/sys/kernel/watchdog_cpumask",
		.fix_kind = TUNE_FIX_SYSCTL, .fix = "kernel.watchdog_cpumask=%H",
	}, {
		.id = "efi-runtime", .severity = TUNE_WARNING, .look = look_efi,
		.path = "sys/devices/virtual/workqueue/efi_runtime/cpumask",
		.expected = "efi=noruntime, or its work queue not on the real-time CPUs",
		.why = "the firmware runs with preemption off for as long as it likes",
		.reads = "/proc/cmdline, /sys/firmware/efi, "
			 "/sys/devices/virtual/workqueue/efi_runtime/cpumask, " CONFIG,
		.fix_kind = TUNE_FIX_BOOT, .fix = "efi=noruntime",
	}, {
		.id = "tracing", .severity = TUNE_WARNING, .look = look_tracing,
		.path = "sys/kernel/tracing/current_tracer",
		.expected = "nothing recorded in the kernel's main trace buffer",
		.why = "a tracer or all events cost time in every path of the kernel; a capture of "
		       "xtrace-run has a buffer of its own and is not meant",
		.reads = "/sys/kernel/tracing/{tracing_on,current_tracer,events/enable}",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "echo nop >/sys/kernel/tracing/current_tracer; echo 0 "
		       ">/sys/kernel/tracing/events/enable",
	}, {
		.id = "itlb-multihit", .severity = TUNE_INFO, .look = look_vulnerability,
		.path = "sys/devices/system/cpu/vulnerabilities/itlb_multihit",
		.want = "Split huge pages",
		.expected = "not affected, or not mitigated by splitting huge pages",
		.why = "the mitigation is what nx-huge-pages is about",
		.fix_kind = TUNE_FIX_MODULE, .fix = "kvm nx_huge_pages=0",
	}, {
		.id = "l1d-flush", .severity = TUNE_INFO, .look = look_vulnerability,
		.path = "sys/devices/system/cpu/vulnerabilities/l1tf",
		.want = "cache flushes",
		.expected = "no flush of the L1 cache when a guest is entered",
		.why = "it makes entries several microseconds longer; where all guests are trusted "
		       "it protects nobody",
		.fix_kind = TUNE_FIX_BOOT, .fix = "l1tf=off",
	},
	{ .id = NULL }
};
