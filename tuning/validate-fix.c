/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-fix.c - the line that mends a finding, for the distribution that is there
 *
 * Boot loaders are never edited by us: the line is shown, and a person pastes it.
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum thing { THING_RT_KERNEL, THING_LIBVIRT, THING_CHRONY, NR_THINGS };

static const char *const thing_names[NR_THINGS] = {
	[THING_RT_KERNEL] = "rt-kernel", [THING_LIBVIRT] = "libvirt", [THING_CHRONY] = "chrony",
};

struct tune_distro {
	const char *ids;	/* of os-release's ID and ID_LIKE; NULL: any */
	const char *has;	/* a file that tells it too, or NULL */
	/* the boot words: before the first, in front of each, behind the last */
	const char *before, *each, *after;
	const char *packages[NR_THINGS];
};

#define APT_VIRT	"apt-get install qemu-system-x86 libvirt-daemon-system"
#define DNF_VIRT	"dnf install qemu-kvm libvirt"

/* The first that fits is taken. */
static const struct tune_distro distros[] = {
	{
		.has = "run/ostree-booted",
		.before = "rpm-ostree kargs", .each = " --append=", .after = "",
	}, {
		.has = "etc/kernel/proxmox-boot-uuids",
		.before = "sed -i '1s|$|", .each = " ",
		.after = "|' /etc/kernel/cmdline && proxmox-boot-tool refresh",
		.packages = { [THING_CHRONY] = "apt-get install chrony" },
	}, {
		.ids = "pop",
		.before = "kernelstub -a \"", .each = " ", .after = "\"",
		.packages = { [THING_LIBVIRT] = APT_VIRT,
			      [THING_CHRONY] = "apt-get install chrony" },
	}, {
		.ids = "ubuntu", .has = "etc/default/grub",
		.before = "mkdir -p /etc/default/grub.d && echo 'GRUB_CMDLINE_LINUX="
			  "\"$GRUB_CMDLINE_LINUX",
		.each = " ", .after = "\"' >>/etc/default/grub.d/kvmrt.cfg && update-grub",
		.packages = { [THING_RT_KERNEL] = "pro enable realtime-kernel",
			      [THING_LIBVIRT] = APT_VIRT,
			      [THING_CHRONY] = "apt-get install chrony" },
	}, {
		.ids = "debian", .has = "etc/default/grub",
		.before = "mkdir -p /etc/default/grub.d && echo 'GRUB_CMDLINE_LINUX="
			  "\"$GRUB_CMDLINE_LINUX",
		.each = " ", .after = "\"' >>/etc/default/grub.d/kvmrt.cfg && update-grub",
		.packages = { [THING_RT_KERNEL] = "apt-get install linux-image-rt-amd64",
			      [THING_LIBVIRT] = APT_VIRT,
			      [THING_CHRONY] = "apt-get install chrony" },
	}, {
		.ids = "debian ubuntu",		/* started by something else than grub */
		.packages = { [THING_RT_KERNEL] = "apt-get install linux-image-rt-amd64",
			      [THING_LIBVIRT] = APT_VIRT,
			      [THING_CHRONY] = "apt-get install chrony" },
	}, {
		.ids = "rhel centos rocky almalinux",
		.before = "grubby --update-kernel=ALL --args=\"", .each = " ", .after = "\"",
		.packages = { [THING_RT_KERNEL] = "dnf install kernel-rt kernel-rt-kvm",
			      [THING_LIBVIRT] = DNF_VIRT, [THING_CHRONY] = "dnf install chrony" },
	}, {
		.ids = "fedora",
		.before = "grubby --update-kernel=ALL --args=\"", .each = " ", .after = "\"",
		.packages = { [THING_LIBVIRT] = DNF_VIRT, [THING_CHRONY] = "dnf install chrony" },
	}, {
		.ids = "suse opensuse sles",
		.before = "sed -i 's|^GRUB_CMDLINE_LINUX_DEFAULT=\"|&", .each = " ",
		.after = " |' /etc/default/grub && grub2-mkconfig -o /boot/grub2/grub.cfg",
		.packages = { [THING_RT_KERNEL] = "zypper install kernel-rt",
			      [THING_LIBVIRT] = "zypper install qemu-kvm libvirt",
			      [THING_CHRONY] = "zypper install chrony" },
	}, {
		.ids = "arch", .has = "etc/default/grub",
		.before = "sed -i 's|^GRUB_CMDLINE_LINUX_DEFAULT=\"|&", .each = " ",
		.after = " |' /etc/default/grub && grub-mkconfig -o /boot/grub/grub.cfg",
		.packages = { [THING_LIBVIRT] = "pacman -S qemu-base libvirt",
			      [THING_CHRONY] = "pacman -S chrony" },
	}, {
		.ids = NULL
	},
};

/* ---- which distribution ---- */

/* A word that both lists of words have. */
static bool share_word(const char *a, const char *b)
{
	const char *at;
	size_t i, len;

	for (i = 0; a[i]; i += len + strspn(a + i + len, " ")) {
		len = strcspn(a + i, " ");
		for (at = b; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
			if (len && strcspn(at, " ") == len && strncmp(a + i, at, len) == 0)
				return true;
		}
	}
	return false;
}

static bool fits(const struct tune_distro *distro, const struct rt_root *root, const char *ids)
{
	return (!distro->ids || share_word(distro->ids, ids)) &&
	       (!distro->has || rt_root_exists(root, "%s", distro->has));
}

const struct tune_distro *tune_distro_of(const struct rt_root *root)
{
	size_t last = sizeof(distros) / sizeof(distros[0]) - 1, i;
	char id[64] = "", like[128] = "", *text;

	if (rt_root_read(root, &text, NULL, NULL, "etc/os-release") == 0 ||
	    rt_root_read(root, &text, NULL, NULL, "usr/lib/os-release") == 0) {
		tune_setting(text, "ID", id, sizeof(id));
		tune_setting(text, "ID_LIKE", like, sizeof(like));
		free(text);
	}
	for (i = 0; i < last && !fits(&distros[i], root, id); i++)
		;
	if (i < last)
		return &distros[i];
	for (i = 0; i < last && !fits(&distros[i], root, like); i++)
		;
	return &distros[i];
}

/* ---- lines ---- */

void tune_fix_boot(struct rt_buf *buf, const struct tune_host *host, const char *words)
{
	const struct tune_distro *distro = host->distro;
	const char *each = distro->before ? distro->each : " ";
	size_t len = distro->before ? strlen(distro->before) : 0;
	bool after_blank = len && strchr("\"&", distro->before[len - 1]);

	rt_buf_puts(buf, distro->before ? distro->before : "add to the kernel's command line:");
	for (; *words; words += len + strspn(words + len, " ")) {
		len = strcspn(words, " ");
		rt_buf_puts(buf, each + (after_blank && each[0] == ' '));
		rt_buf_add(buf, words, len);
		after_blank = false;
	}
	rt_buf_puts(buf, distro->before ? distro->after : "");
}

static void add_set(struct rt_buf *buf, const struct rt_cpuset *set, bool as_mask)
{
	char text[4096];
	int rc = as_mask ? rt_cpuset_format_mask(set, text, sizeof(text)) :
		 rt_cpuset_format(set, text, sizeof(text));

	rt_buf_puts(buf, rc < 0 ? "CPUS" : text);
}

static void add_each(struct rt_buf *buf, const struct rt_cpuset *set)
{
	const char *gap = "";

	rt_cpuset_for_each(cpu, set) {
		rt_buf_printf(buf, "%s%d", gap, cpu);
		gap = " ";
	}
}

void tune_fix_expand(struct rt_buf *buf, const struct tune_host *host, const char *text)
{
	struct rt_cpuset others = host->present;
	bool known = host->has_target && !rt_cpuset_empty(&host->present);

	rt_cpuset_minus(&others, &host->target);
	for (; *text; text++) {
		if (*text != '%' || !text[1] || !strchr("THLMS", text[1])) {
			rt_buf_add(buf, text, 1);
			continue;
		}
		text++;
		if (*text == 'S')
			rt_buf_puts(buf, host->subject);
		else if (!known)
			rt_buf_puts(buf, *text == 'M' ? "MASK_OF_OTHERS" :
				    *text == 'H' ? "OTHERS" : "CPUS");
		else if (*text == 'L')
			add_each(buf, &host->target);
		else
			add_set(buf, *text == 'T' ? &host->target : &others, *text == 'M');
	}
}

/* "/sys/kernel/mm/ksm/run 2": at once and after each boot */
static void fix_sysfs(struct rt_buf *buf, const struct tune_host *host, const char *text)
{
	int len = (int)strcspn(text, " ");
	const char *value = text[len] ? text + len + 1 : "VALUE";	/* none is --explain's */

	if (host->systemd)
		rt_buf_printf(buf, "echo 'w %.*s - - - - %s' >>/etc/tmpfiles.d/kvmrt.conf && "
			      "systemd-tmpfiles --create /etc/tmpfiles.d/kvmrt.conf", len, text,
			      value);
	else
		rt_buf_printf(buf, "for f in %.*s; do echo %s >$f; done", len, text, value);
}

static void fix_package(struct rt_buf *buf, const struct tune_host *host, const char *text)
{
	size_t thing, len = strcspn(text, " ");

	for (thing = 0; thing < NR_THINGS; thing++) {
		if (strlen(thing_names[thing]) == len &&
		    strncmp(thing_names[thing], text, len) == 0 && host->distro->packages[thing]) {
			rt_buf_puts(buf, host->distro->packages[thing]);
			return;
		}
	}
	rt_buf_puts(buf, text + len + strspn(text + len, " "));
}

void tune_fix_add(struct rt_buf *buf, const struct tune_host *host, const struct tune_check *check)
{
	struct rt_buf text = { 0 };
	const char *fix;

	tune_fix_expand(&text, host, check->fix);
	fix = rt_buf_str(&text) ? text.data : "";
	switch (check->fix_kind) {
	case TUNE_FIX_SAY:
	case TUNE_FIX_RUN:
		rt_buf_puts(buf, fix);
		break;
	case TUNE_FIX_BOOT:
		tune_fix_boot(buf, host, fix);
		break;
	case TUNE_FIX_SYSCTL:
		rt_buf_printf(buf, "echo '%s' >>/etc/sysctl.d/80-kvmrt.conf && "
			      "sysctl -w %s", fix, fix);
		break;
	case TUNE_FIX_MODULE:
		rt_buf_printf(buf, "echo 'options %s' >>/etc/modprobe.d/kvmrt.conf  # counts when "
			      "the module is loaded next", fix);
		break;
	case TUNE_FIX_SYSFS:
		fix_sysfs(buf, host, fix);
		break;
	case TUNE_FIX_SERVICE_OFF:
		rt_buf_printf(buf, "systemctl disable --now %s", fix);
		break;
	case TUNE_FIX_PACKAGE:
		fix_package(buf, host, fix);
		break;
	}
	rt_buf_finish(&text);
}
