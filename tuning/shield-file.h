/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-file.h - the service's file: /etc/default/shield, /etc/sysconfig/shield
 *
 * Assignments as a shell would read them, several on a line if wanted, += to add; no
 * expansions.  Comments begin with #.  Lines may end in CR LF.
 *
 *	SHIELD_ALL="2-3"		or SHIELD_IRQ, SHIELD_LOC, SHIELD_PROC, SHIELD_MEM
 *	SHIELD_TIER="affinity"
 *	IRQ_ASSIGN+="0-4:enp4s0f0;"	CPUS:INTERRUPT; and more of them
 */
#ifndef TUNE_SHIELD_FILE_H
#define TUNE_SHIELD_FILE_H

#include <stddef.h>

struct rt_err;

struct tune_service_assign {
	char *cpus, *irq;	/* owned; a CPUSET, and a number or name */
	unsigned int line;
};

/* One of the assignments that IRQ_ASSIGN is made of. */
struct tune_service_part {
	size_t end;		/* in bytes of the whole value */
	unsigned int line;
};

enum tune_service_word {
	TUNE_SERVICE_ALL, TUNE_SERVICE_IRQ, TUNE_SERVICE_LOC, TUNE_SERVICE_PROC,
	TUNE_SERVICE_MEM,
	TUNE_SERVICE_TIER, TUNE_SERVICE_ASSIGN, TUNE_NR_SERVICE
};

/* Start it with { 0 }. */
struct tune_service {
	char *values[TUNE_NR_SERVICE];	/* owned; NULL where it is not set */
	unsigned int lines[TUNE_NR_SERVICE];	/* of their last parts */
	struct tune_service_part *parts;	/* owned; those of IRQ_ASSIGN */
	size_t nr_parts;
	struct tune_service_assign *assigns;	/* owned */
	size_t nr_assigns;
};

/* -EINVAL names the line, what was expected and what was found. */
int tune_service_parse(struct tune_service *service, const char *text, struct rt_err *err);
void tune_service_finish(struct tune_service *service);

#endif /* TUNE_SHIELD_FILE_H */
