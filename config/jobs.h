/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs.h - the same done for many VMs at once, each with a connection of its own
 */
#ifndef KCFG_JOBS_H
#define KCFG_JOBS_H

#include "config/boot.h"
#include "config/session.h"
#include "lib/err.h"

#define KCFG_MAX_JOBS	16	/* at a time; libvirtd serves 20 callers at once */

struct kcfg_job {
	const struct kcfg_place *place;
	int rc;			/* of a run 1 until its turn came; then 0 or -errno */
	int outcome;		/* @run's */
	struct rt_err err;
};

struct kcfg_jobs {
	struct kcfg_session *session;
	struct kcfg_job *v;
	size_t n;
	bool serial;		/* one after the other, in order */
	bool stop_at_failure;	/* then those whose turn has not come keep rc 1 */
	bool dry_run;
	FILE *log;
	int (*run)(struct kcfg_boot *boot, struct kcfg_job *job);
	size_t next;		/* of kcfg_jobs_run() */
	_Atomic bool lost;	/* libvirt, and it did not come back */
};

/* One job for each VM; -ENOMEM or 0. */
int kcfg_jobs_init(struct kcfg_jobs *jobs, struct kcfg_session *session,
		   const struct kcfg_place **places, size_t n);
void kcfg_jobs_finish(struct kcfg_jobs *jobs);
/* Runs them all, but for those that failed in a run before; failures stay in the jobs. */
void kcfg_jobs_run(struct kcfg_jobs *jobs);
/* What they are run with, without a connection. */
struct kcfg_boot kcfg_jobs_boot(const struct kcfg_jobs *jobs);

#endif /* KCFG_JOBS_H */
