/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.c - what the setup must know of a guest: its distribution, its KVM clock
 */
#include "guest/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/edit.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"

#define CLOCK_NAME "KVM virtual PTP"

const struct gs_paths gs_paths[GS_NR_FAMILIES] = {
	[GS_DEBIAN] = {
		.name = "Debian", .service = "chrony", .conf = "etc/chrony/chrony.conf",
		.conf_dir = "etc/chrony/conf.d", .drift = "var/lib/chrony/chrony.drift",
		.grub = "etc/default/grub.d/kvmrt-gs.cfg", .install = "apt-get install chrony",
	},
	[GS_REDHAT] = {
		.name = "Red Hat", .service = "chronyd", .conf = "etc/chrony.conf",
		.conf_dir = "etc/chrony.d", .drift = "var/lib/chrony/drift",
		.network = "etc/sysconfig/network", .install = "dnf install chrony",
	},
};

static bool family_of_words(const char *words, enum gs_family *ret)
{
	static const char *const names[GS_NR_FAMILIES][6] = {
		[GS_DEBIAN] = { "debian", "ubuntu" },
		[GS_REDHAT] = { "rhel", "centos", "fedora", "rocky", "almalinux" },
	};
	int family, i;

	for (family = 0; family < GS_NR_FAMILIES; family++) {
		for (i = 0; i < 6 && names[family][i]; i++) {
			if (gs_edit_has_word(words, names[family][i])) {
				*ret = family;
				return true;
			}
		}
	}
	return false;
}

int gs_machine_family(const struct rt_root *root, enum gs_family *ret, struct rt_err *err)
{
	char *text, id[64] = "", like[128] = "";
	int family;

	if (rt_root_read(root, &text, NULL, NULL, "etc/os-release") == 0) {
		gs_edit_value(text, "ID", id, sizeof(id));
		gs_edit_value(text, "ID_LIKE", like, sizeof(like));
		free(text);
	}
	if (family_of_words(id, ret) || family_of_words(like, ret))
		return 0;
	for (family = 0; family < GS_NR_FAMILIES; family++) {
		if (rt_root_exists(root, "%s", gs_paths[family].conf)) {
			*ret = family;
			return 0;
		}
	}
	return rt_err_say(err, RT_ECANNOT, "%s/etc/os-release: expected a relative of Debian or of "
			  "Red Hat, found \"%s\", and no chrony.conf is there", root->path, id);
}

bool gs_machine_ptp(const struct rt_root *root, char *buf, unsigned int size)
{
	int fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "sys/class/ptp");
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;
	bool found = false;
	char name[64];

	while (dir && !found && (entry = readdir(dir))) {
		found = strncmp(entry->d_name, "ptp", 3) == 0 &&
			rt_root_read_line(root, name, sizeof(name), NULL,
					  "sys/class/ptp/%s/clock_name", entry->d_name) == 0 &&
			strcmp(name, CLOCK_NAME) == 0;
		if (found)
			snprintf(buf, size, "/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}
