/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-shutdown.c - kvmrt-shutdown: VMs ended, and the host put back as it was */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/boot.h"
#include "config/jobs.h"
#include "lib/array.h"
#include "lib/cmd.h"
#include "tuning/tuning.h"

static bool force, dry_run, verbose;
static uint64_t timeout = 60 * 1000000000ull;
static struct kcfg_session session = { .who = "kvmrt-shutdown" };

static const struct rt_opt shutdown_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL(0, "force", &force, "end a VM whose guest does not power off in time"),
	RT_TIME('t', "timeout", &timeout, "SECONDS", "for a guest to power off (60)"),
	RT_BOOL('n', "dry-run", &dry_run, "say which VMs would be shut down, and do nothing"),
	RT_BOOL('v', "verbose", &verbose, "one VM after the other"),
	RT_END
};

static const char *const words[] = {
	[KCFG_WAS_OFF] = NULL, [KCFG_SHUT_DOWN] = "shut down", [KCFG_FORCED] = "ended",
};

static int shut_one(struct kcfg_boot *boot, struct kcfg_job *job)
{
	enum kcfg_ended ended = KCFG_WAS_OFF;
	int rc = kcfg_shutdown_vm(boot, job->place->vm, timeout, force, &ended, &job->err);

	job->outcome = ended;
	if (verbose && rc == 0) {
		printf("%s: %s, and the host as it was\n", job->place->vm->name,
		       ended == KCFG_FORCED ? "ended" : "off");
		fflush(stdout);
	}
	return rc;
}

static int report(const struct kcfg_jobs *jobs)
{
	int failed = 0;

	for (const struct kcfg_job *job = jobs->v; job < rt_array_end(jobs->v, jobs->n); job++) {
		if (job->rc < 0)
			fprintf(stderr, "kvmrt-shutdown: %s\n", job->err.text);
		else if (words[job->outcome] && !verbose)
			printf("%s: %s\n", job->place->vm->name, words[job->outcome]);
		failed += job->rc != 0;
	}
	return failed ? 1 : 0;
}

/* Journals of VMs that were taken out of the file while they ran. */
static int undo_strangers(struct rt_err *err)
{
	struct kcfg_boot boot = { .root = &session.root, .virt = session.virt };
	enum kcfg_state state;
	char **uuids;
	size_t n;
	int rc;

	rc = kcfg_boot_journals(&uuids, &n, &session.root, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (kcfg_find(session.cfg, uuids[i]))
			continue;
		rc = kcfg_virt_state(session.virt, uuids[i], &state, err);
		if (rc == 0 && state != KCFG_STATE_OFF)
			fprintf(stderr, "kvmrt-shutdown: VM %s runs, and is not in %s: left "
				"alone\n", uuids[i], session.cfg->path);
		else if (rc < 0 && rc != -ENOENT)
			rt_err_wrap(err, rc, "VM %s", uuids[i]);
		else
			rc = kcfg_boot_undo(&boot, uuids[i], err);
	}
	tune_journal_list_free(uuids, n);
	return rc;
}

static int shut_all(const struct kcfg_place **places, int n, struct rt_err *err)
{
	struct kcfg_jobs jobs;
	int rc;

	rc = kcfg_jobs_init(&jobs, &session, places, n);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot shut down");
	jobs.serial = verbose;
	jobs.run = shut_one;
	kcfg_jobs_run(&jobs);
	rc = report(&jobs);
	kcfg_jobs_finish(&jobs);
	return rc;
}

/* As without --dry-run, what is wrong with one VM is told, and the others go on. */
static int say_only(const struct kcfg_place **places, int n)
{
	struct kcfg_boot boot = { .root = &session.root, .virt = session.virt };
	enum kcfg_ended how;
	int failed = 0;

	for (int i = 0; i < n; i++) {
		struct rt_err err = { 0 };

		if (kcfg_shutdown_how(&boot, places[i]->vm, timeout, force, &how, &err) < 0) {
			fprintf(stderr, "kvmrt-shutdown: %s\n", err.text);
			failed = 1;
		} else if (words[how]) {
			printf("%s: would be %s\n", places[i]->vm->name, words[how]);
		}
	}
	return failed;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	const struct kcfg_place **places = NULL;
	int rc, n = 0, failed = 0;

	rc = kcfg_session_open(&session, KCFG_NEED_FILE | KCFG_NEED_VIRT, err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, NULL, &places, err);
	if (rc >= 0 && dry_run) {
		rc = say_only(places, n);
	} else if (rc >= 0) {
		rc = failed = shut_all(places, n, err);
		if (rc >= 0 && argc == 0)
			rc = undo_strangers(err) ? : failed;
	}
	free(places);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd shutdown_cmd = {
	.name = "kvmrt-shutdown",
	.summary = "shut VMs down, and put the host back as it was",
	.synopsis = "[options] [VM...]",
	.details = "Without names: all VMs of the file, at the same time.",
	.opts = shutdown_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&shutdown_cmd, argc, argv);
}
