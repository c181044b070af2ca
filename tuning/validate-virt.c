/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-virt.c - rows: libvirt and QEMU, by their files alone
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_SYS_RESOURCE_BIT 24

static const char *find_qemu(const struct tune_host *host)
{
	static const char *const files[] = {
		"usr/bin/qemu-system-x86_64", "usr/libexec/qemu-kvm", "usr/bin/qemu-kvm",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (rt_root_exists(host->root, "%s", files[i]))
			return files[i];
	}
	return NULL;
}

static const char *find_daemon(const struct tune_host *host)
{
	static const char *const names[][2] = {
		{ "virtqemud", "run/libvirt/virtqemud-sock" },
		{ "libvirtd", "run/libvirt/libvirt-sock" },
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (tune_runs(host, names[i][0]) == TUNE_YES ||
		    rt_root_exists(host->root, "%s", names[i][1]))
			return names[i][0];
	}
	return NULL;
}

static enum tune_verdict look_libvirt(struct tune_host *host, const struct tune_check *check)
{
	const char *qemu = find_qemu(host), *daemon = find_daemon(host);

	(void)check;
	if (!rt_root_exists(host->root, "usr/bin")) {
		tune_say(host, "the programs were not recorded");
		return TUNE_UNKNOWN;
	}
	tune_say(host, "QEMU: %s%s, libvirt: %s", qemu ? "/" : "", qemu ? qemu : "not installed",
		 daemon ? daemon : "neither virtqemud nor libvirtd runs or listens");
	return tune_pass_if(qemu && daemon);
}

/* The pid of a program that runs, or 0. */
static int pid_of(const struct tune_host *host, const char *name)
{
	struct tune_names pids;
	char comm[64];
	int pid = 0;
	size_t i;

	if (!tune_names(host, &pids, "[0-9]*", "proc"))
		return 0;
	for (i = 0; i < pids.n && !pid; i++) {
		if (tune_line(host, comm, sizeof(comm), "proc/%s/comm", pids.v[i]) &&
		    strcmp(comm, name) == 0)
			pid = atoi(pids.v[i]);
	}
	tune_names_finish(&pids);
	return pid;
}

/* libvirt raises QEMU's limit of locked memory: it must be allowed to. */
static enum tune_verdict look_memlock(struct tune_host *host, const struct tune_check *check)
{
	int pid = pid_of(host, "virtqemud");
	unsigned long long caps;
	char *text, *at;

	(void)check;
	if (!pid)
		pid = pid_of(host, "libvirtd");
	/* It starts when it is asked, as a child of the first process. */
	text = tune_text(host, "proc/%d/status", pid ? pid : 1);
	at = text ? strstr(text, pid ? "\nCapEff:" : "\nCapBnd:") : NULL;
	if (!at) {
		free(text);
		tune_say(host, "the capabilities of libvirt's daemon could not be read");
		return TUNE_UNKNOWN;
	}
	caps = strtoull(at + 8, NULL, 16);
	free(text);
	tune_say(host, "%s %s CAP_SYS_RESOURCE", pid ? "libvirt's daemon" : "process 1",
		 caps >> CAP_SYS_RESOURCE_BIT & 1 ? "has" : "lacks");
	return tune_pass_if(caps >> CAP_SYS_RESOURCE_BIT & 1);
}

static enum tune_verdict look_qemu_conf(struct tune_host *host, const struct tune_check *check)
{
	char *text = tune_text(host, "%s", check->path), *at, *end;
	bool good = true, set = false;

	if (!text)
		return tune_missing(host, check->path);
	for (at = text; at; at = strchr(at, '\n')) {
		at += strspn(at, " \t\n");
		if (strncmp(at, "cgroup_controllers", 18) != 0)
			continue;
		end = strchr(at, ']');
		if (end)
			*end = '\0';
		set = true;
		good = strstr(at, "\"cpuset\"");
		break;
	}
	free(text);
	tune_say(host, !set ? "cgroup_controllers is not set: all are used" :
		 good ? "cgroup_controllers has cpuset" : "cgroup_controllers lacks cpuset");
	return tune_pass_if(good);
}

/* What a real-time domain should not have: a piece of its XML, and what it is called. */
static const struct {
	const char *xml, *name;
} burdens[] = {
	{ "<domain type='qemu'", "is emulated" },
	{ "<memballoon model='virtio", "has a balloon" },
	{ "<graphics", "has a display" },
	{ "<input type='tablet' bus='usb'", "has a USB tablet" },
};

static void say_burdens(struct tune_host *host, const char *file)
{
	char *text = tune_text(host, "etc/libvirt/qemu/%s", file);
	int len = (int)strlen(file) - 4;
	size_t i;

	if (text && strstr(text, "<vcpusched ")) {
		for (i = 0; i < sizeof(burdens) / sizeof(burdens[0]); i++) {
			if (strstr(text, burdens[i].xml))
				tune_say_item(host, "%.*s %s", len, file, burdens[i].name);
		}
		if (!strstr(text, "<pmu state='off'"))
			tune_say_item(host, "%.*s has a PMU", len, file);
	}
	free(text);
}

static enum tune_verdict look_domains(struct tune_host *host, const struct tune_check *check)
{
	struct tune_names files;
	size_t i;

	if (!tune_names(host, &files, "*.xml", "%s", check->path))
		return tune_missing(host, check->path);
	for (i = 0; i < files.n; i++)
		say_burdens(host, files.v[i]);
	tune_names_finish(&files);
	if (host->found.len)
		return TUNE_FAIL;
	tune_say(host, "no domain with vcpusched has them");
	return TUNE_PASS;
}

const struct tune_check tune_checks_virt[] = {
	{
		.id = "libvirt", .severity = TUNE_ERROR, .look = look_libvirt,
		.expected = "QEMU is installed, and libvirt's daemon listens",
		.why = "VMs are defined and started by it",
		.reads = "/run/libvirt/{virtqemud,libvirt}-sock, /proc/*/comm, /usr/bin",
		.fix_kind = TUNE_FIX_PACKAGE, .fix = "libvirt install QEMU and libvirt",
	}, {
		.id = "memlock", .severity = TUNE_ERROR, .look = look_memlock,
		.expected = "libvirt's daemon has CAP_SYS_RESOURCE",
		.why = "it must raise QEMU's limit to lock a real-time VM's memory: else the VM "
		       "does not start",
		.reads = "/proc/PID/status",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "start it outside of a container, or with that capability",
	}, {
		.id = "qemu-conf", .severity = TUNE_WARNING, .look = look_qemu_conf,
		.path = "etc/libvirt/qemu.conf",
		.expected = "cgroup_controllers is not set, or has cpuset",
		.why = "threads cannot be isolated without a cpuset cgroup of their own",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "sed -i 's/^ *cgroup_controllers *= *\\[/& \"cpuset\",/' "
		       "/etc/libvirt/qemu.conf && systemctl try-restart virtqemud libvirtd",
	}, {
		.id = "rt-domains", .severity = TUNE_WARNING, .look = look_domains,
		.path = "etc/libvirt/qemu",
		.expected = "domains with vcpusched have no emulation, balloon, display, USB "
			    "tablet or PMU",
		.why = "each of them makes vCPUs exit, or QEMU's threads busy, for no use of the "
		       "guest's work",
		.reads = "/etc/libvirt/qemu/*.xml",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "virsh edit: <memballoon model='none'/>, <pmu state='off'/>, and without "
		       "<graphics> and the USB tablet",
	},
	{ .id = NULL }
};
