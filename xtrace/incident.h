/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incident.h - calls to flush, as a small trace instance of their own tells them
 *
 * Beside a session's instance stands one that has nothing but FLUSH calls: those of
 * guests (KVM's hypercall event), and those that programs of this machine make when it
 * is a guest itself (the module's event, or the library's mark).  It wakes the owner,
 * and knows who called and which incident it is.
 */
#ifndef XT_INCIDENT_H
#define XT_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"
#include "xtrace/tracefs.h"

struct rt_err;

#define XT_GS_SUFFIX ".gs"	/* "xtrace-NAME.gs"; libkvmrt_gs knows it too */
#define XT_INCIDENTS_MAX 8	/* that may wait; more are counted */

struct xt_incident {
	uint64_t id;		/* as the caller gave it */
	uint64_t scope;		/* enum gs_scope, or what else a guest gave */
	bool own;		/* made by a program of this machine, not by a guest of it */
	unsigned int cpu;	/* on which the call was seen */
	int tid;		/* of the program, or of the vCPU */
	char ts[24];		/* in the trace clock, as the kernel prints it */
};

struct xt_incidents {
	struct xt_instance inst;
	int fd;			/* its trace_pipe, non-blocking; readable after a call */
	struct xt_incident v[XT_INCIDENTS_MAX];
	unsigned int nr;
	unsigned int more;	/* that found no place in ->v */
	char rest[256];		/* a line that is not whole yet */
	size_t rest_len;
};

/* A line of trace_pipe; false for one that is no FLUSH. */
bool xt_incident_parse(struct xt_incident *ret, const char *line);

/**
 * xt_incidents_open() - the instance beside that of session @name.
 * Return: 0, or -errno: then incidents have no numbers, and nobody is woken.
 */
int xt_incidents_open(struct xt_incidents *ret, const struct xt_tracefs *fs, const char *name,
		      const char *clock, struct rt_err *err);
/* To be called again when modules with such events have come. */
void xt_incidents_watch(const struct xt_incidents *list);
/* -errno: its instance could not be removed. */
int xt_incidents_close(struct xt_incidents *list);

/*
 * Takes in what has come, or a good part of it; ->v is emptied by the caller setting ->nr
 * and ->more to 0.
 */
void xt_incidents_read(struct xt_incidents *list);

/* "cpu", "vm", "all", "unknown" */
const char *xt_incident_scope(const struct xt_incident *incident);

#endif /* XT_INCIDENT_H */
