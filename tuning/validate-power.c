/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-power.c - rows: processors, their power states, the firmware
 */
#include "tuning/validate-internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPU		"sys/devices/system/cpu/cpu"
#define EXIT_LATENCY_US	10	/* of C1E; the next deeper state has 30 and more */
#define MSR_SMI_COUNT	0x34

/* The real-time CPUs where they are known, else all. */
static struct rt_cpuset judged(const struct tune_host *host)
{
	struct rt_cpuset set = host->present;

	if (host->has_target)
		rt_cpuset_and(&set, &host->target);
	return set;
}

/* What no CPU showed: this machine has it not, or nobody knows. */
static enum tune_verdict none_shows(struct tune_host *host, const char *what)
{
	bool moot = host->live && rt_root_exists(host->root, "sys/devices/system/cpu");

	tune_say(host, "no CPU shows %s", what);
	return moot ? TUNE_MOOT : TUNE_UNKNOWN;
}

/* @check->path below each CPU's folder is one of @check->want */
static enum tune_verdict look_each(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set = judged(host), wrong = { { 0 } };
	char value[64], last[64] = "";
	bool seen = false;

	rt_cpuset_for_each(cpu, &set) {
		if (!tune_line(host, value, sizeof(value), CPU "%d/%s", cpu, check->path))
			continue;
		seen = true;
		if (tune_word_matches(check->want, value))
			continue;
		rt_cpuset_add(&wrong, (unsigned int)cpu);
		snprintf(last, sizeof(last), "%s", value);
	}
	if (!seen)
		return none_shows(host, check->path);
	if (rt_cpuset_empty(&wrong)) {
		tune_say(host, "%s is as expected on all CPUs", check->path);
		return TUNE_PASS;
	}
	tune_say(host, "%s is \"%s\"", check->path, last);
	tune_say_cpus(host, " on CPUs ", &wrong);
	return TUNE_FAIL;
}

/* ---- threads of a core ---- */

/* Siblings of @cpu that are online, or false where they are not shown. */
static bool siblings_of(const struct tune_host *host, int cpu, const struct rt_cpuset *online,
			struct rt_cpuset *ret)
{
	char list[1024];

	if (!tune_line(host, list, sizeof(list), CPU "%d/topology/thread_siblings_list", cpu) ||
	    rt_cpuset_parse(ret, list, NULL) < 0)
		return false;
	rt_cpuset_and(ret, online);
	rt_cpuset_remove(ret, (unsigned int)cpu);
	return true;
}

static enum tune_verdict look_smt(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset online, others, all = { { 0 } };
	char list[4096], text[1024];
	int64_t active;

	if (tune_number(host, &active, "%s", check->path) && !active) {
		tune_say(host, "no core has two threads that are online");
		return TUNE_PASS;
	}
	if (!tune_line(host, list, sizeof(list), "sys/devices/system/cpu/online") ||
	    rt_cpuset_parse(&online, list, NULL) < 0)
		return tune_missing(host, "sys/devices/system/cpu/online");
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	rt_cpuset_for_each(cpu, &host->target) {
		if (!siblings_of(host, cpu, &online, &others)) {
			if (!rt_cpuset_has(&online, (unsigned int)cpu))
				continue;
			tune_say(host, "the siblings of CPU %d are not shown", cpu);
			return TUNE_UNKNOWN;
		}
		/* Of two that are both wanted, the higher one goes. */
		for (int low = rt_cpuset_next(&others, 0); low >= 0 && low < cpu &&
		     rt_cpuset_has(&host->target, (unsigned int)low);
		     low = rt_cpuset_next(&others, (unsigned int)low + 1)) {
			rt_cpuset_remove(&others, (unsigned int)low);
			rt_cpuset_add(&all, (unsigned int)cpu);
		}
		rt_cpuset_or(&all, &others);
	}
	rt_cpuset_format(&all, text, sizeof(text));
	tune_set_subject(host, "%s", text);
	tune_say_cpus(host, "online siblings of real-time CPUs: ", &all);
	return tune_pass_if(rt_cpuset_empty(&all));
}

/* ---- frequency and idle states ---- */

static enum tune_verdict look_range(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set = judged(host), wrong = { { 0 } };
	int64_t least, most;
	bool seen = false;

	(void)check;
	rt_cpuset_for_each(cpu, &set) {
		if (!tune_number(host, &least, CPU "%d/cpufreq/scaling_min_freq", cpu) ||
		    !tune_number(host, &most, CPU "%d/cpufreq/scaling_max_freq", cpu))
			continue;
		seen = true;
		if (least != most)
			rt_cpuset_add(&wrong, (unsigned int)cpu);
	}
	if (!seen)
		return none_shows(host, "cpufreq");
	tune_say_cpus(host, "CPUs whose least and highest frequency differ: ", &wrong);
	return tune_pass_if(rt_cpuset_empty(&wrong));
}

static enum tune_verdict look_turbo(struct tune_host *host, const struct tune_check *check)
{
	int64_t value;

	if (tune_number(host, &value, "sys/devices/system/cpu/intel_pstate/no_turbo")) {
		tune_say(host, "intel_pstate/no_turbo is %d", (int)value);
		tune_set_subject(host, "/sys/devices/system/cpu/intel_pstate/no_turbo 1");
		return tune_pass_if(value == 1);
	}
	if (!tune_number(host, &value, "%s", check->path))
		return tune_missing(host, check->path);
	tune_say(host, "cpufreq/boost is %d", (int)value);
	tune_set_subject(host, "/sys/devices/system/cpu/cpufreq/boost 0");
	return tune_pass_if(value == 0);
}

/* The longest exit latency of a state that a CPU may take, or -1: none is shown. */
static int64_t worst_state(const struct tune_host *host, int cpu)
{
	int64_t latency, off, qos = 0, worst = -1;
	struct tune_names states;
	char word[32];
	size_t i;

	if (!tune_names(host, &states, "state[0-9]*", CPU "%d/cpuidle", cpu))
		return -1;
	if (tune_line(host, word, sizeof(word), CPU "%d/power/pm_qos_resume_latency_us", cpu))
		qos = strcmp(word, "n/a") == 0 ? -1 : atoll(word);
	for (i = 0; i < states.n; i++) {
		if (!tune_number(host, &latency, CPU "%d/cpuidle/%s/latency", cpu, states.v[i]))
			continue;
		if (!tune_number(host, &off, CPU "%d/cpuidle/%s/disable", cpu, states.v[i]))
			off = 0;
		/* "n/a" allows no latency at all, 0 allows any */
		if (off || qos < 0 || (qos > 0 && latency > qos))
			latency = 0;
		if (latency > worst)
			worst = latency;
	}
	tune_names_finish(&states);
	return worst;
}

static enum tune_verdict look_cstates(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set = judged(host), wrong = { { 0 } };
	int64_t latency, worst = -1;

	(void)check;
	rt_cpuset_for_each(cpu, &set) {
		latency = worst_state(host, cpu);
		if (latency > EXIT_LATENCY_US)
			rt_cpuset_add(&wrong, (unsigned int)cpu);
		if (latency > worst)
			worst = latency;
	}
	if (worst < 0)
		return none_shows(host, "idle states");
	tune_say(host, "the deepest idle state allowed takes %d us to leave", (int)worst);
	if (!rt_cpuset_empty(&wrong))
		tune_say_cpus(host, ", on CPUs ", &wrong);
	return tune_pass_if(rt_cpuset_empty(&wrong));
}

/* ---- what the firmware and the hardware do beside ---- */

static enum tune_verdict look_smi(struct tune_host *host, const struct tune_check *check)
{
	char vendor[64], uptime[64];
	uint64_t count = 0;
	double minutes;
	ssize_t got;
	int fd;

	(void)check;
	if (!tune_cpuinfo(host, "vendor_id", vendor, sizeof(vendor)))
		return tune_missing(host, "proc/cpuinfo");
	if (strcmp(vendor, "GenuineIntel") != 0) {
		tune_say(host, "only Intel's processors count them; hwlatdetect(8) finds their "
			 "time");
		return TUNE_UNKNOWN;
	}
	fd = rt_root_open(host->root, NULL, O_RDONLY, "dev/cpu/%d/msr",
			  host->has_target ? rt_cpuset_next(&host->target, 0) : 0);
	got = fd < 0 ? -1 : pread(fd, &count, sizeof(count), MSR_SMI_COUNT);
	if (fd >= 0)
		close(fd);
	if (got != sizeof(count) || !tune_line(host, uptime, sizeof(uptime), "proc/uptime")) {
		tune_say(host, "the count could not be read: as root, after \"modprobe msr\"");
		return TUNE_UNKNOWN;
	}
	minutes = strtod(uptime, NULL) / 60;
	tune_say(host, "%u since the boot %.0f minutes ago", (unsigned int)count, minutes);
	return tune_pass_if((unsigned int)count <= minutes);
}

static enum tune_verdict look_thermal(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset set = judged(host), hot = { { 0 } };
	int64_t core, package;
	bool seen = false;

	(void)check;
	rt_cpuset_for_each(cpu, &set) {
		if (!tune_number(host, &core, CPU "%d/thermal_throttle/core_throttle_count", cpu))
			continue;
		if (!tune_number(host, &package, CPU "%d/thermal_throttle/package_throttle_count",
				 cpu))
			package = 0;
		seen = true;
		if (core + package)
			rt_cpuset_add(&hot, (unsigned int)cpu);
	}
	if (!seen)
		return none_shows(host, "thermal_throttle");
	tune_say_cpus(host, "CPUs that were slowed down since the boot: ", &hot);
	return tune_pass_if(rt_cpuset_empty(&hot));
}

static enum tune_verdict look_mce(struct tune_host *host, const struct tune_check *check)
{
	int64_t ignore, interval;

	if (!tune_number(host, &ignore, "%s", check->path))
		return tune_missing(host, check->path);
	if (!tune_number(host, &interval,
			 "sys/devices/system/machinecheck/machinecheck0/check_interval"))
		interval = -1;
	tune_say(host, "ignore_ce is %d, check_interval is %d s", (int)ignore, (int)interval);
	return tune_pass_if(ignore || interval == 0);
}

static enum tune_verdict look_cache(struct tune_host *host, const struct tune_check *check)
{
	enum tune_answer cat = tune_cpu_flag(host, "cat_l3");

	if (cat == TUNE_NOBODY_KNOWS)
		return tune_missing(host, "proc/cpuinfo");
	if (cat == TUNE_NO && tune_cpu_flag(host, "mba") != TUNE_YES) {
		tune_say(host, "the processor cannot divide its cache");
		return TUNE_MOOT;
	}
	if (rt_root_exists(host->root, "%s", check->path)) {
		tune_say(host, "resctrl is mounted");
		return TUNE_PASS;
	}
	tune_say(host, "the processor can, and resctrl is not mounted");
	return TUNE_FAIL;
}

static enum tune_verdict look_hybrid(struct tune_host *host, const struct tune_check *check)
{
	struct rt_cpuset slow;
	char list[1024];

	if (!tune_line(host, list, sizeof(list), "%s", check->path) ||
	    rt_cpuset_parse(&slow, list, NULL) < 0) {
		if (!rt_root_exists(host->root, "sys/devices/system/cpu"))
			return tune_missing(host, "sys/devices/system/cpu");
		tune_say(host, "all cores are alike");
		return TUNE_MOOT;
	}
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	rt_cpuset_and(&slow, &host->target);
	tune_say_cpus(host, "efficiency cores among the real-time CPUs: ", &slow);
	return tune_pass_if(rt_cpuset_empty(&slow) || rt_cpuset_equal(&slow, &host->target));
}

static enum tune_verdict look_gpu(struct tune_host *host, const struct tune_check *check)
{
	bool shared = false, known = true;
	struct tune_names cards;
	char vendor[64];
	size_t i;

	if (!tune_names(host, &cards, "card[0-9]", "%s", check->path))
		return tune_missing(host, check->path);
	for (i = 0; i < cards.n; i++) {
		if (!tune_line(host, vendor, sizeof(vendor), "%s/%s/device/vendor", check->path,
			       cards.v[i]))
			known = host->live;
		else if (strcmp(vendor, "0x8086") == 0)
			shared |= rt_root_exists(host->root,
						 "sys/bus/pci/devices/0000:00:02.0/drm");
	}
	tune_names_finish(&cards);
	if (!known) {
		tune_say(host, "the cards below /%s are not in this tree", check->path);
		return TUNE_UNKNOWN;
	}
	tune_say(host, shared ? "a graphics unit within the processor is in use" :
		 "no graphics unit within the processor is in use");
	return tune_pass_if(!shared);
}

static enum tune_verdict look_metal(struct tune_host *host, const struct tune_check *check)
{
	enum tune_answer guest = tune_cpu_flag(host, "hypervisor");

	if (guest == TUNE_NOBODY_KNOWS)
		return tune_missing(host, check->path);
	tune_say(host, guest == TUNE_YES ? "this machine is a guest itself" :
		 "no hypervisor is below");
	return tune_pass_if(guest == TUNE_NO);
}

/* Boards of which more is known than that they should be up to date. */
static const struct {
	const char *board, *bios;
} boards[] = {
	{ "M12SWA-TF", "2.1" },
};

static enum tune_verdict look_firmware(struct tune_host *host, const struct tune_check *check)
{
	char board[128], version[64], date[64] = "";
	size_t i;

	if (!tune_line(host, version, sizeof(version), "%s", check->path))
		return tune_missing(host, check->path);
	if (!tune_line(host, board, sizeof(board), "sys/class/dmi/id/board_name"))
		board[0] = '\0';
	tune_line(host, date, sizeof(date), "sys/class/dmi/id/bios_date");
	tune_say(host, "board \"%s\", BIOS \"%s\" of %s", board, version, date);
	for (i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		if (strcmp(board, boards[i].board) == 0) {
			tune_set_subject(host, "%s", boards[i].bios);
			return tune_pass_if(strcmp(version, boards[i].bios) == 0);
		}
	}
	tune_say(host, ", of which nothing is known here");
	return TUNE_MOOT;
}

const struct tune_check tune_checks_power[] = {
	{
		.id = "smt", .severity = TUNE_WARNING, .look = look_smt,
		.path = "sys/devices/system/cpu/smt/active",
		.expected = "no real-time CPU has a sibling thread that is online",
		.why = "two threads of a core share its units and caches: what one does slows the "
		       "other down; kvmrt-boot takes siblings down before it starts a VM",
		.reads = "/sys/devices/system/cpu/smt/active, "
			 "/sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
		.fix_kind = TUNE_FIX_RUN, .fix = "kvmrt-cpu --down %S",
	}, {
		.id = "governor", .severity = TUNE_WARNING, .look = look_each,
		.path = "cpufreq/scaling_governor", .want = "performance",
		.expected = "performance",
		.why = "a change of frequency stops the CPU for tens of microseconds, and a slow "
		       "CPU is late",
		.reads = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
		.fix_kind = TUNE_FIX_SYSFS,
		.fix = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor performance",
	}, {
		.id = "energy-bias", .severity = TUNE_INFO, .look = look_each,
		.path = "cpufreq/energy_performance_preference", .want = "performance|0",
		.expected = "performance",
		.why = "the processor itself else lowers the frequency in short pauses",
		.reads = "/sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference",
		.fix_kind = TUNE_FIX_SYSFS,
		.fix = "/sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference "
		       "performance",
	}, {
		.id = "frequency", .severity = TUNE_INFO, .look = look_range,
		.expected = "the least frequency is the highest",
		.why = "with one frequency the same work takes the same time",
		.reads = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_{min,max}_freq",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "for d in /sys/devices/system/cpu/cpu*/cpufreq; do cat $d/scaling_max_freq "
		       ">$d/scaling_min_freq; done",
	}, {
		.id = "turbo", .severity = TUNE_INFO, .look = look_turbo,
		.path = "sys/devices/system/cpu/cpufreq/boost",
		.expected = "off",
		.why = "how long it lasts depends on heat and on what other cores do: faster on "
		       "the whole, and less even",
		.reads = "/sys/devices/system/cpu/intel_pstate/no_turbo, "
			 "/sys/devices/system/cpu/cpufreq/boost",
		.fix_kind = TUNE_FIX_SYSFS, .fix = "%S",
	}, {
		.id = "c-states", .severity = TUNE_WARNING, .look = look_cstates,
		.expected = "no idle state that takes more than 10 us to leave",
		.why = "deep states take 100 us and more to leave, with cold caches: a vCPU whose "
		       "guest idles pays that at each wake-up",
		.reads = "/sys/devices/system/cpu/cpu*/cpuidle/state*/{latency,disable}, "
			 "/sys/devices/system/cpu/cpu*/power/pm_qos_resume_latency_us",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "for c in %L; do echo n/a >/sys/devices/system/cpu/cpu$c/power/"
		       "pm_qos_resume_latency_us; done",
	}, {
		.id = "smi", .severity = TUNE_WARNING, .look = look_smi,
		.expected = "at most one SMI a minute since the boot",
		.why = "the firmware stops all CPUs, for up to milliseconds, and no kernel can "
		       "prevent it",
		.reads = "/dev/cpu/*/msr (0x34), /proc/uptime, /proc/cpuinfo",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "in the firmware's setup: no emulation of USB keyboards, no memory "
		       "scrubbing, no power management by the platform; then a new BIOS",
	}, {
		.id = "thermal", .severity = TUNE_WARNING, .look = look_thermal,
		.expected = "no CPU was slowed down for its heat",
		.why = "a CPU that is slowed down is late",
		.reads = "/sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count",
		.fix_kind = TUNE_FIX_SAY, .fix = "better cooling, or a lower highest frequency",
	}, {
		.id = "mce-poll", .severity = TUNE_WARNING, .look = look_mce,
		.path = "sys/devices/system/machinecheck/machinecheck0/ignore_ce",
		.expected = "ignore_ce is 1, or check_interval is 0",
		.why = "a timer on every CPU looks for corrected errors, and reads registers that "
		       "are slow",
		.reads = "/sys/devices/system/machinecheck/machinecheck0/{ignore_ce,"
			 "check_interval}",
		.fix_kind = TUNE_FIX_SYSFS,
		.fix = "/sys/devices/system/machinecheck/machinecheck*/ignore_ce 1",
	}, {
		.id = "aspm", .severity = TUNE_WARNING, .look = tune_look_value,
		.path = "sys/module/pcie_aspm/parameters/policy", .want = "performance",
		.expected = "performance",
		.why = "a link that sleeps takes tens of microseconds to wake, at an access by a "
		       "CPU as well",
		.fix_kind = TUNE_FIX_BOOT, .fix = "pcie_aspm.policy=performance",
	}, {
		.id = "cache-qos", .severity = TUNE_INFO, .look = look_cache,
		.path = "sys/fs/resctrl/schemata",
		.expected = "resctrl is mounted where the processor can divide its cache",
		.why = "other CPUs' work else throws a real-time VM's lines out of the shared "
		       "cache; libvirt's cachetune uses it",
		.reads = "/proc/cpuinfo, /sys/fs/resctrl",
		.fix_kind = TUNE_FIX_RUN, .fix = "mount -t resctrl resctrl /sys/fs/resctrl",
	}, {
		.id = "hybrid", .severity = TUNE_WARNING, .look = look_hybrid,
		.path = "sys/devices/cpu_atom/cpus",
		.expected = "real-time CPUs of one kind",
		.why = "vCPUs of one VM else differ in speed by half",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "choose CPUs of one kind; hwtopo shows which they are",
	}, {
		.id = "graphics", .severity = TUNE_INFO, .look = look_gpu,
		.path = "sys/class/drm",
		.expected = "no graphics unit that shares the processor's cache is in use",
		.why = "what it draws goes through the last-level cache and the memory's channels",
		.fix_kind = TUNE_FIX_BOOT, .fix = "modprobe.blacklist=i915,xe",
	}, {
		.id = "bare-metal", .severity = TUNE_WARNING, .look = look_metal,
		.path = "proc/cpuinfo",
		.expected = "this host is no guest itself",
		.why = "another hypervisor's latencies are below all that is done here",
		.fix_kind = TUNE_FIX_SAY, .fix = "real-time VMs need a machine of their own",
	}, {
		.id = "firmware", .severity = TUNE_INFO, .look = look_firmware,
		.path = "sys/class/dmi/id/bios_version",
		.expected = "the BIOS that the board's mapping of slots to nodes is known for",
		.why = "slots and ports belong to nodes as the BIOS sets it up; for the boards in "
		       "our table one version was looked at",
		.reads = "/sys/class/dmi/id/{board_name,bios_version,bios_date}",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "BIOS %S for this board; else compare hwtopo's slots with the manual",
	},
	{ .id = NULL }
};
