/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - what the setup must know of a guest: its distribution, its KVM clock
 */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>

struct rt_err;
struct rt_root;

enum gs_family { GS_DEBIAN, GS_REDHAT, GS_NR_FAMILIES };

/* Where a family of distributions has what is changed. */
struct gs_paths {
	const char *name;		/* "Debian" */
	const char *service;		/* of chrony */
	const char *conf, *conf_dir, *drift;
	const char *network;		/* file with PEERNTP, or NULL */
	const char *grub;		/* file of our boot words, or NULL: grubby keeps them */
	const char *install;		/* command that installs chrony */
};

extern const struct gs_paths gs_paths[GS_NR_FAMILIES];

/* By os-release, else by the chrony.conf that is there; RT_ECANNOT when neither tells. */
int gs_machine_family(const struct rt_root *root, enum gs_family *ret, struct rt_err *err);

/*
 * The clock of the host by KVM, found by its name and not by its number: "/dev/ptp1".
 * False: ptp_kvm is not loaded.
 */
bool gs_machine_ptp(const struct rt_root *root, char *buf, unsigned int size);


#endif /* GUEST_MACHINE_H */
