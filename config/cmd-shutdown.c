/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-shutdown.c - kvmrt-shutdown: VMs ended, and the host put back as it was */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/boot.h"
#include "config/cmd-results.h"
#include "config/jobs.h"
#include "lib/array.h"
#include "lib/cmd.h"
#include "lib/table.h"
#include "tuning/tuning.h"

static bool force, dry_run, verbose, json;
static uint64_t timeout = 60 * 1000000000ull;
static struct kcfg_session session = { .who = "kvmrt-shutdown" };
static struct rt_table *results;	/* NULL without --json */

static const struct rt_opt shutdown_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL(0, "force", &force, "end a VM whose guest does not power off in time"),
	RT_TIME('t', "timeout", &timeout, "SECONDS", "for a guest to power off (60)"),
	RT_BOOL('n', "dry-run", &dry_run, "say which VMs would be shut down, and do nothing"),
	RT_BOOL('v', "verbose", &verbose, "one VM after the other"),
	RT_BOOL(0, "json", &json, "what became of each VM, as JSON"),
	RT_END
};

static const struct {
	const char *word, *text;	/* .text NULL: nothing to speak of */
} ends[] = {
	[KCFG_WAS_OFF] = { "off", NULL },
	[KCFG_SHUT_DOWN] = { "shut-down", "shut down" },
	[KCFG_FORCED] = { "ended", "ended" },
};

static int shut_one(struct kcfg_boot *boot, struct kcfg_job *job)
{
	enum kcfg_ended ended = KCFG_WAS_OFF;
	int rc = kcfg_shutdown_vm(boot, job->place->vm, timeout, force, &ended, &job->err);

	job->outcome = ended;
	if (verbose && rc == 0) {
		fprintf(json ? stderr : stdout, "%s: %s, and the host as it was\n",
			job->place->vm->name, ended == KCFG_FORCED ? "ended" : "off");
		fflush(stdout);
	}
	return rc;
}

/* Return: 1 where it failed. */
static int report(const struct kcfg_vm *vm, int rc, enum kcfg_ended how, const struct rt_err *err)
{
	if (rc < 0)
		fprintf(stderr, "kvmrt-shutdown: %s\n", err->text);
	else if (ends[how].text && !json && (dry_run || !verbose))
		printf("%s: %s%s\n", vm->name, dry_run ? "would be " : "", ends[how].text);
	kcfg_results_begin(results, vm->name, vm->uuid);
	kcfg_results_end(results, rc < 0 ? "failed" : ends[how].word, rc < 0 ? err->text : NULL);
	return rc < 0;
}

/* Return: 1 where it runs, and stays as it is; 0; or -errno. */
static int undo_stranger(struct kcfg_boot *boot, const char *uuid, struct rt_err *err)
{
	enum kcfg_state state = KCFG_STATE_OFF;
	int rc;

	rc = kcfg_virt_state(session.virt, uuid, &state, err);
	if (rc == 0 && state != KCFG_STATE_OFF)
		return 1;
	if (rc == 0 || rc == -ENOENT)
		rc = kcfg_boot_undo(boot, uuid, err);
	return rc < 0 ? rt_err_wrap(err, rc, "VM %s", uuid) : 0;
}

/* One that cannot be restored does not keep the others as they are.  Return: an exit status. */
static int report_stranger(struct kcfg_boot *boot, const char *uuid)
{
	struct rt_err err = { 0 };
	int rc = undo_stranger(boot, uuid, &err);

	if (rc < 0)
		fprintf(stderr, "kvmrt-shutdown: %s\n", err.text);
	else if (rc > 0)
		fprintf(stderr, "kvmrt-shutdown: VM %s runs, and is not in %s: left alone\n",
			uuid, session.cfg->path);
	kcfg_results_begin(results, NULL, uuid);
	kcfg_results_end(results, rc < 0 ? "failed" : rc > 0 ? "left-alone" : "restored",
			 rc < 0 ? err.text : NULL);
	return rc == RT_ECANNOT ? 3 : rc < 0;
}

/* Journals of VMs that were taken out of the file while they ran. */
static int undo_strangers(void)
{
	struct kcfg_boot boot = { .root = &session.root, .virt = session.virt };
	struct rt_err err = { 0 };
	int status, worst = 0;
	char **uuids;
	size_t n;

	if (kcfg_boot_journals(&uuids, &n, &session.root, &err) < 0) {
		fprintf(stderr, "kvmrt-shutdown: %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		status = kcfg_find(session.cfg, uuids[i]) ? 0 : report_stranger(&boot, uuids[i]);
		if (status > worst)
			worst = status;
	}
	tune_journal_list_free(uuids, n);
	return worst;
}

static int shut_all(const struct kcfg_place **places, int n, struct rt_err *err)
{
	struct kcfg_jobs jobs;
	int rc, failed = 0;

	rc = kcfg_jobs_init(&jobs, &session, places, n);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot shut down");
	jobs.serial = verbose;
	jobs.run = shut_one;
	kcfg_jobs_run(&jobs);
	for (struct kcfg_job *job = jobs.v; job < rt_array_end(jobs.v, jobs.n); job++)
		failed |= report(job->place->vm, job->rc, job->outcome, &job->err);
	kcfg_jobs_finish(&jobs);
	return failed;
}

/* As without --dry-run, what is wrong with one VM is told, and the others go on. */
static int say_only(const struct kcfg_place **places, int n)
{
	struct kcfg_boot boot = { .root = &session.root, .virt = session.virt };
	int rc, failed = 0;

	for (int i = 0; i < n; i++) {
		enum kcfg_ended how;
		struct rt_err err = { 0 };

		rc = kcfg_shutdown_how(&boot, places[i]->vm, timeout, force, &how, &err);
		failed |= report(places[i]->vm, rc, how, &err);
	}
	return failed;
}

static int shut_and_undo(const struct kcfg_place **places, int n, bool everything,
			 struct rt_err *err)
{
	int rc = shut_all(places, n, err), status;

	if (rc < 0 || !everything)
		return rc;
	status = undo_strangers();
	return status > rc ? status : rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	const struct kcfg_place **places = NULL;
	int rc, n = 0;

	rc = kcfg_session_open(&session, KCFG_NEED_FILE | KCFG_NEED_VIRT, err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, NULL, &places, err);
	if (rc >= 0 && json)
		rc = kcfg_results_create(&results, err);
	if (rc >= 0)
		rc = dry_run ? say_only(places, n) : shut_and_undo(places, n, argc == 0, err);
	if (rc >= 0)
		rc = kcfg_results_print(results, rc, err);
	rt_table_destroy(results);
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
