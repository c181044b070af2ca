/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-service.c - rows: daemons, systemd, cgroups, the clock
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "lib/text.h"

#define MOST_DEPTH 8	/* of cgroups: machine.slice/machine-qemu.../libvirt/vcpu0 has four */

static enum tune_verdict look_tuned(struct tune_host *host, const struct tune_check *check)
{
	char profile[128] = "";
	bool there;

	switch (tune_runs(host, "tuned")) {
	case TUNE_NO:
		tune_say(host, "it does not run");
		return TUNE_PASS;
	case TUNE_NOBODY_KNOWS:
		tune_say(host, "which programs run could not be read");
		return TUNE_UNKNOWN;
	case TUNE_YES:
		break;
	}
	if (!tune_line(host, profile, sizeof(profile), "%s", check->path))
		return tune_missing(host, check->path);
	there = rt_root_exists(host->root, "etc/tuned/%s", profile) ||
		rt_root_exists(host->root, "etc/tuned/profiles/%s", profile) ||
		rt_root_exists(host->root, "usr/lib/tuned/%s", profile) ||
		rt_root_exists(host->root, "usr/lib/tuned/profiles/%s", profile);
	tune_say(host, "profile \"%s\"%s", profile, there ? "" : ", which is not installed");
	return tune_pass_if(there && tune_word_matches(check->want, profile));
}

/* ---- systemd ---- */

/* CPUAffinity=0-3 8 of a file, as a list with commas. */
static bool manager_affinity(const struct tune_host *host, struct rt_cpuset *ret)
{
	char *text = tune_text(host, "etc/systemd/system.conf"), *at, *end;
	bool found = false;

	for (at = text; at && !found; at = strchr(at, '\n')) {
		at += strspn(at, " \t\n");
		if (strncmp(at, "CPUAffinity=", 12) != 0)
			continue;
		at += 12;
		end = at + strcspn(at, "\n");
		*end = '\0';
		for (; *at && end > at && strchr(" \t", end[-1]); end--)
			end[-1] = '\0';
		for (end = at; *end; end++)
			*end = *end == ' ' ? ',' : *end;
		found = rt_cpuset_parse(ret, at, NULL) == 0 && *at;
		break;
	}
	free(text);
	return found;
}

/* Return: false where its CPUs are not shown. */
static bool say_slice(struct tune_host *host, const char *slice)
{
	struct rt_cpuset set;
	char list[4096];

	if (!tune_line(host, list, sizeof(list), "sys/fs/cgroup/%s/cpuset.cpus", slice))
		return false;
	if (rt_cpuset_parse(&set, list, NULL) < 0 || rt_glob("machine*", slice, false) ||
	    !rt_cpuset_overlaps(&set, &host->target))
		return true;
	tune_say_item(host, "%s has cpuset.cpus %s", slice, list);
	if (!host->subject[0])
		tune_set_subject(host, "%s", slice);
	return true;
}

static enum tune_verdict look_slices(struct tune_host *host, const struct tune_check *check)
{
	bool seen = host->live;
	struct tune_names slices;
	struct rt_cpuset set;
	size_t i;

	if (!rt_root_exists(host->root, "sys/fs/cgroup/cgroup.controllers"))
		return tune_missing(host, "sys/fs/cgroup/cgroup.controllers");
	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (!tune_names(host, &slices, "*", "%s", check->path))
		return tune_missing(host, check->path);
	for (i = 0; i < slices.n; i++)
		seen |= say_slice(host, slices.v[i]);
	tune_names_finish(&slices);
	if (manager_affinity(host, &set) && rt_cpuset_overlaps(&set, &host->target))
		tune_say_item(host, "CPUAffinity= in /etc/systemd/system.conf has real-time CPUs");
	if (host->found.len)
		return TUNE_FAIL;
	if (!seen) {
		tune_say(host, "the slices' cpuset.cpus are not in this tree");
		return TUNE_UNKNOWN;
	}
	tune_say(host, "no other slice claims a real-time CPU");
	return TUNE_PASS;
}

static bool is_enabled(const struct tune_host *host, const char *unit)
{
	return rt_root_exists(host->root, "etc/systemd/system/multi-user.target.wants/%s.service",
			      unit);
}

/* Who starts the VMs at boot: kvmrt, or libvirt. */
static enum tune_verdict look_autostart(struct tune_host *host, const struct tune_check *check)
{
	struct tune_names links;
	size_t nr;

	if (!rt_root_exists(host->root, "etc/systemd/system"))
		return tune_missing(host, "etc/systemd/system");
	if (!is_enabled(host, "kvmrt")) {
		tune_say(host, "the service kvmrt is not enabled");
		return TUNE_PASS;
	}
	if (is_enabled(host, "libvirt-guests"))
		tune_say_item(host, "libvirt-guests is enabled");
	if (tune_names(host, &links, "*.xml", "%s", check->path)) {
		nr = links.n;
		tune_names_finish(&links);
		if (nr)
			tune_say_item(host, "libvirt starts %zu VMs itself", nr);
	} else if (!host->found.len) {
		/* Made with the first VM that it starts, in a folder that is root's own. */
		if (!tune_names(host, &links, "*", "etc/libvirt/qemu"))
			return tune_missing(host, check->path);
		tune_names_finish(&links);
	}
	if (host->found.len)
		return TUNE_FAIL;
	tune_say(host, "kvmrt alone starts VMs");
	return TUNE_PASS;
}

/* ---- cgroups ---- */

static enum tune_verdict look_cgroup(struct tune_host *host, const struct tune_check *check)
{
	char controllers[512];

	if (!tune_line(host, controllers, sizeof(controllers), "%s", check->path)) {
		if (!rt_root_exists(host->root, "sys/fs/cgroup/cpuset") &&
		    !rt_root_exists(host->root, "sys/fs/cgroup/systemd"))
			return tune_missing(host, check->path);
		tune_say(host, "cgroups are v1");
		return TUNE_FAIL;
	}
	tune_say(host, "cgroups are v2, with %s", controllers[0] ? controllers : "no controller");
	return tune_pass_if(strstr(controllers, "cpuset"));
}

/* Return: true where one was seen, whatever its state. */
static bool say_partitions(struct tune_host *host, const char *path, unsigned int depth)
{
	struct tune_names groups;
	char below[1024], state[256];
	bool seen = false;
	size_t i;

	if (tune_line(host, state, sizeof(state), "%s/cpuset.cpus.partition", path)) {
		seen = true;
		if (strstr(state, "invalid"))
			tune_say_item(host, "%s: %s", path + strlen("sys/fs/cgroup"), state);
	}
	if (!depth || !tune_names(host, &groups, "*", "%s", path))
		return seen;
	for (i = 0; i < groups.n; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, groups.v[i]);
		if (rt_root_exists(host->root, "%s/cgroup.controllers", below) ||
		    rt_root_exists(host->root, "%s/cpuset.cpus.partition", below))
			seen |= say_partitions(host, below, depth - 1);
	}
	tune_names_finish(&groups);
	return seen;
}

static enum tune_verdict look_partitions(struct tune_host *host, const struct tune_check *check)
{
	bool seen = host->live;

	if (!rt_root_exists(host->root, "sys/fs/cgroup/cgroup.controllers"))
		return tune_missing(host, "sys/fs/cgroup/cgroup.controllers");
	seen |= say_partitions(host, check->path, MOST_DEPTH);
	if (host->found.len)
		return TUNE_FAIL;
	if (!seen) {
		tune_say(host, "no cpuset.cpus.partition is in this tree");
		return TUNE_UNKNOWN;
	}
	tune_say(host, "no partition is invalid");
	return TUNE_PASS;
}

/* ---- clocks ---- */

/* The line of a command's output that begins so; false where the file has none. */
static bool line_after(const struct tune_host *host, const char *path, const char *label,
		       char *buf, size_t size)
{
	char *text = tune_text(host, "%s", path), *at = text ? strstr(text, label) : NULL;

	if (at) {
		at += strlen(label);
		at += strspn(at, " :");
		snprintf(buf, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
	free(text);
	return at;
}

static enum tune_verdict look_host_clock(struct tune_host *host, const struct tune_check *check)
{
	struct timex state = { 0 };
	char line[64];

	(void)check;
	if (host->live) {
		if (adjtimex(&state) < 0) {
			tune_say(host, "the kernel does not tell");
			return TUNE_UNKNOWN;
		}
		tune_say(host, state.status & STA_UNSYNC ? "it is not synchronised" :
			 "it is synchronised");
		return tune_pass_if(!(state.status & STA_UNSYNC));
	}
	if (line_after(host, "sos_commands/chrony/chronyc_tracking", "Leap status", line,
		       sizeof(line))) {
		tune_say(host, "chrony says %s", line);
		return tune_pass_if(strcmp(line, "Normal") == 0);
	}
	if (line_after(host, "sos_commands/systemd/timedatectl", "System clock synchronized", line,
		       sizeof(line))) {
		tune_say(host, "timedatectl says %s", line);
		return tune_pass_if(strcmp(line, "yes") == 0);
	}
	tune_say(host, "neither chronyc nor timedatectl was recorded");
	return TUNE_UNKNOWN;
}

/* Of a machine that is itself a guest of KVM. */
static enum tune_verdict look_guest_clock(struct tune_host *host, const struct tune_check *check)
{
	struct tune_names clocks;
	bool found = false;
	char name[64];
	size_t i;

	switch (tune_cpu_flag(host, "hypervisor")) {
	case TUNE_NOBODY_KNOWS:
		return tune_missing(host, "proc/cpuinfo");
	case TUNE_NO:
		tune_say(host, "this machine is no guest");
		return TUNE_MOOT;
	case TUNE_YES:
		break;
	}
	if (!tune_names(host, &clocks, "ptp*", "%s", check->path) &&
	    !rt_root_exists(host->root, "sys/class"))
		return tune_missing(host, check->path);
	for (i = 0; i < clocks.n; i++)
		found |= tune_line(host, name, sizeof(name), "%s/%s/clock_name", check->path,
				   clocks.v[i]) && strcmp(name, "KVM virtual PTP") == 0;
	tune_names_finish(&clocks);
	tune_say(host, found ? "the KVM clock is there" : "there is no KVM clock");
	return tune_pass_if(found);
}

const struct tune_check tune_checks_service[] = {
	{
		.id = "tuned", .severity = TUNE_WARNING, .look = look_tuned,
		.path = "etc/tuned/active_profile",
		.want = "realtime|realtime-virtual-host|network-latency|latency-performance|"
			"cpu-partitioning",
		.expected = "tuned does not run, or with a profile for latency",
		.why = "other profiles set governor, power states and sysctls against real time",
		.reads = "/proc/*/comm, /etc/tuned/active_profile",
		.fix_kind = TUNE_FIX_RUN, .fix = "tuned-adm profile network-latency",
	}, {
		.id = "daemons", .severity = TUNE_WARNING, .look = tune_look_absent,
		.want = "numad ksmtuned power-profiles-daemon auto-cpufreq thermald",
		.expected = "none of numad, ksmtuned, power-profiles-daemon, auto-cpufreq, "
			    "thermald runs",
		.why = "they move tasks and memory, or change governors, while VMs run",
		.reads = "/proc/*/comm",
		.fix_kind = TUNE_FIX_SERVICE_OFF, .fix = "%S",
	}, {
		.id = "dedicated", .severity = TUNE_INFO, .look = tune_look_absent,
		.want = "Xorg gnome-shell kwin_wayland sddm lightdm dockerd containerd kubelet "
			"mariadbd mysqld postgres",
		.expected = "no desktop, containers or databases beside the VMs",
		.why = "memory and caches are shared, whatever the CPUs",
		.reads = "/proc/*/comm",
		.fix_kind = TUNE_FIX_SAY, .fix = "move %S to another machine",
	}, {
		.id = "slices", .severity = TUNE_WARNING, .look = look_slices,
		.path = "sys/fs/cgroup",
		.expected = "no slice but machine.slice has real-time CPUs in its AllowedCPUs=",
		.why = "on kernels up to 6.12 it makes a partition of the same CPUs invalid",
		.reads = "/sys/fs/cgroup/*/cpuset.cpus, /etc/systemd/system.conf",
		.fix_kind = TUNE_FIX_RUN, .fix = "systemctl set-property %S AllowedCPUs=%H",
	}, {
		.id = "autostart", .severity = TUNE_WARNING, .look = look_autostart,
		.path = "etc/libvirt/qemu/autostart",
		.expected = "either kvmrt or libvirt starts the VMs at boot",
		.why = "kvmrt-boot --clean refuses to begin where VMs run already",
		.reads = "/etc/systemd/system/multi-user.target.wants, /etc/libvirt/qemu/autostart",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "systemctl disable libvirt-guests; virsh list --all --autostart --uuid | "
		       "xargs -rn1 virsh autostart --disable",
	}, {
		.id = "cgroup", .severity = TUNE_WARNING, .look = look_cgroup,
		.path = "sys/fs/cgroup/cgroup.controllers",
		.expected = "cgroups v2 with the cpuset controller",
		.why = "only isolated partitions of v2 take a CPU out of the scheduler's balancing "
		       "at run time",
		.fix_kind = TUNE_FIX_BOOT, .fix = "systemd.unified_cgroup_hierarchy=1",
	}, {
		.id = "partitions", .severity = TUNE_WARNING, .look = look_partitions,
		.path = "sys/fs/cgroup",
		.expected = "no partition is invalid",
		.why = "an invalid one isolates nothing, though writing it succeeded",
		.reads = "cpuset.cpus.partition of all cgroups",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "take away what the kernel names in parentheses, and isolate again",
	}, {
		.id = "host-clock", .severity = TUNE_WARNING, .look = look_host_clock,
		.expected = "the host's clock is synchronised",
		.why = "guests follow it, and traces of several hosts are put together by it",
		.reads = "adjtimex(2); of a recorded tree, chronyc tracking or timedatectl",
		.fix_kind = TUNE_FIX_PACKAGE, .fix = "chrony install chrony",
	}, {
		.id = "guest-clock", .severity = TUNE_INFO, .look = look_guest_clock,
		.path = "sys/class/ptp",
		.expected = "a machine that is a guest itself has the KVM clock",
		.why = "it is the way to follow the host's time; kvmrt-guest-setup sets it up",
		.reads = "/sys/class/ptp/*/clock_name, /proc/cpuinfo",
		.fix_kind = TUNE_FIX_RUN, .fix = "modprobe ptp_kvm",
	},
	{ .id = NULL }
};
