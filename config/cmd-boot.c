/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-boot.c - kvmrt-boot: VMs started on CPUs made ready for them, or re-tuned */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/boot.h"
#include "config/cmd-results.h"
#include "config/jobs.h"
#include "config/rules.h"
#include "lib/array.h"
#include "lib/cmd.h"
#include "lib/table.h"

static bool all, clean, dry_run, verbose, json;
static struct kcfg_session session = { .who = "kvmrt-boot" };
static struct kcfg_domain *domains;
static size_t nr_domains;

static const struct rt_opt boot_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL('a', "all", &all, "all VMs of the file, not only those with autostart"),
	RT_BOOL(0, "clean", &clean, "fail if any VM runs, and at the first that does not start"),
	RT_BOOL('n', "dry-run", &dry_run, "show what would change, and do nothing"),
	RT_BOOL('v', "verbose", &verbose, "each step, one VM after the other"),
	RT_BOOL(0, "json", &json, "what became of each VM, as JSON"),
	RT_END
};

static bool runs(const struct kcfg_vm *vm)
{
	const struct kcfg_domain *domain = kcfg_domains_find(domains, nr_domains, vm->uuid);

	return domain && domain->active;
}

/* By default those that are to start by themselves, and those that run already. */
static bool wanted(const struct kcfg_vm *vm)
{
	return all || (!vm->disabled && (vm->autostart || runs(vm)));
}

static void print_finding(const struct kcfg_finding *finding)
{
	bool error = finding->rule->severity == KCFG_ERROR;
	const char *name = finding->vm ? finding->vm->name : "";

	if (error || verbose)
		fprintf(stderr, "kvmrt-boot: %s: %s%s%s [%s]\n", error ? "error" : "warning",
			name, name[0] ? ": " : "", finding->text, finding->rule->id);
}

static bool is_among(const struct kcfg_vm *vm, const struct kcfg_place **picked, int n)
{
	for (int i = 0; i < n; i++)
		if (picked[i]->vm == vm)
			return true;
	return false;
}

/* Those that are not disabled, and disabled ones that are to be booted or run, on their CPUs. */
static int choose(struct kcfg_places *ret, const struct kcfg_place **picked, int n)
{
	ret->v = calloc(session.places.n + 1, sizeof(*ret->v));
	for (size_t i = 0; ret->v && i < session.places.n; i++) {
		const struct kcfg_place *place = &session.places.v[i];

		if (!place->vm->disabled || runs(place->vm) || is_among(place->vm, picked, n))
			ret->v[ret->n++] = *place;
	}
	return ret->v ? 0 : -ENOMEM;
}

/* A disabled VM that only runs is in the others' way with its CPUs, and with nothing else. */
static bool concerns(const struct kcfg_finding *finding, const struct kcfg_place **picked, int n)
{
	const struct kcfg_vm *vm = finding->vm;

	return !vm || !vm->disabled || is_among(vm, picked, n) || finding->rule->host ||
	       finding->rule == kcfg_rule_find("rt-overlap");
}

static int validate(const struct kcfg_place **picked, int n, struct rt_err *err)
{
	struct kcfg_places places = { 0 };	/* but for ->v, the session's */
	struct kcfg_check check = { .places = &places, .topo = session.topo, .all = true,
				    .domains = domains, .nr_domains = nr_domains };
	struct kcfg_findings findings = { 0 };
	size_t errors = 0;
	int rc;

	rc = choose(&places, picked, n);
	if (rc == 0)
		rc = kcfg_rules_check(&findings, session.cfg, &check);
	for (size_t i = 0; rc == 0 && i < findings.n; i++) {
		if (!concerns(&findings.v[i], picked, n))
			continue;
		print_finding(&findings.v[i]);
		errors += findings.v[i].rule->severity == KCFG_ERROR;
	}
	kcfg_findings_finish(&findings);
	free(places.v);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot check the configuration");
	return errors ? rt_err_say(err, -EINVAL, "%s is not valid: nothing is booted",
				   session.cfg->path) : 0;
}

static int refuse_running(struct rt_err *err)
{
	for (size_t i = 0; i < nr_domains; i++)
		if (domains[i].active)
			return rt_err_say(err, -EBUSY, "--clean: \"%s\" is %s", domains[i].name,
					  kcfg_state_name(domains[i].state));
	return 0;
}

static int release(struct kcfg_boot *boot, struct kcfg_job *job)
{
	return kcfg_boot_release(boot, job->place, &job->err);
}

static int clear(struct kcfg_boot *boot, struct kcfg_job *job)
{
	return kcfg_boot_clear(boot, job->place, &job->err);
}

static int prepare(struct kcfg_boot *boot, struct kcfg_job *job)
{
	return kcfg_boot_prepare(boot, job->place, &job->err);
}

static int boot_one(struct kcfg_boot *boot, struct kcfg_job *job)
{
	enum kcfg_booted booted = KCFG_BOOTED;
	int rc = kcfg_boot_vm(boot, job->place, &booted, &job->err);

	job->outcome = booted;
	return rc;
}

static const struct {
	const char *word, *text;
} outcomes[] = {
	[KCFG_BOOTED] = { "booted", "booted" },
	[KCFG_RETUNED] = { "re-tuned", "re-tuned" },
	[KCFG_AS_IT_WAS] = { "as-it-was", "runs as it should" },
	[KCFG_IS_PAUSED] = { "paused",
			     "is as it should be, but paused: virsh resume lets it go on" },
};

static void say(const struct kcfg_job *job)
{
	const char *name = job->place->vm->name;

	if (job->rc < 0)
		fprintf(stderr, "kvmrt-boot: %s\n", job->err.text);
	else if (job->rc > 0)
		fprintf(stderr, "kvmrt-boot: %s: not booted, since another failed\n", name);
	else if (!dry_run && !json)
		printf("%s: %s\n", name, outcomes[job->outcome].text);
}

static int report(const struct kcfg_jobs *jobs, struct rt_table *results)
{
	int failed = 0;

	for (const struct kcfg_job *job = jobs->v; job < rt_array_end(jobs->v, jobs->n); job++) {
		say(job);
		kcfg_results_begin(results, job->place->vm->name, job->place->vm->uuid);
		kcfg_results_end(results, job->rc < 0 ? "failed" : job->rc > 0 ? "left-out" :
				 outcomes[job->outcome].word,
				 job->rc < 0 ? job->err.text : NULL);
		failed += job->rc != 0;
	}
	return failed ? 1 : 0;
}

/* Each for all VMs before the next one; see boot.h. */
static int (*const passes[])(struct kcfg_boot *boot, struct kcfg_job *job) = {
	release, clear, prepare, boot_one,
};

#define NR_PASSES (sizeof(passes) / sizeof(passes[0]))

static bool some_failed(const struct kcfg_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].rc < 0)
			return true;
	return false;
}

/* With --clean one failure ends it: those that did well so far are not booted either. */
static void stop_here(struct kcfg_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].rc == 0)
			jobs->v[i].rc = 1;
}

/* What the passes before the last one changed for VMs that were not booted. */
static void abandon(const struct kcfg_jobs *jobs)
{
	struct kcfg_boot boot = kcfg_jobs_boot(jobs);
	struct rt_err err = { 0 };

	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].rc != 0 && kcfg_boot_abandon(&boot, jobs->v[i].place, &err) < 0)
			fprintf(stderr, "kvmrt-boot: %s\n", err.text);
}

static void run_passes(struct kcfg_jobs *jobs)
{
	for (size_t i = 0; i < NR_PASSES; i++) {
		bool last = i == NR_PASSES - 1;

		jobs->serial = !last || verbose || dry_run;
		jobs->run = passes[i];
		kcfg_jobs_run(jobs);
		if (!last && clean && some_failed(jobs)) {
			stop_here(jobs);
			break;
		}
	}
	abandon(jobs);
}

static int boot_all(const struct kcfg_place **places, int n, struct rt_err *err)
{
	struct rt_table *results = NULL;
	struct kcfg_jobs jobs;
	int rc = json ? kcfg_results_create(&results, err) : 0;

	if (rc < 0)
		return rc;
	rc = kcfg_jobs_init(&jobs, &session, places, n);
	if (rc < 0) {
		rt_table_destroy(results);
		return rt_err_set(err, rc, "cannot boot");
	}
	jobs.dry_run = dry_run;
	jobs.log = !verbose && !dry_run ? NULL : json ? stderr : stdout;
	jobs.stop_at_failure = clean;
	run_passes(&jobs);
	rc = kcfg_results_print(results, report(&jobs, results), err);
	kcfg_jobs_finish(&jobs);
	rt_table_destroy(results);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	const struct kcfg_place **places = NULL;
	int rc, n = 0;

	rc = kcfg_session_open(&session, KCFG_NEED_FILE | KCFG_NEED_VIRT, err);
	if (rc == 0)
		rc = kcfg_virt_list(session.virt, &domains, &nr_domains, err);
	if (rc == 0 && clean)
		rc = refuse_running(err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, wanted, &places, err);
	if (rc >= 0)
		rc = validate(places, n, err);
	if (rc == 0)
		rc = boot_all(places, n, err);
	free(places);
	kcfg_domains_free(domains, nr_domains);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd boot_cmd = {
	.name = "kvmrt-boot",
	.summary = "start the VMs of kvmrt.cfg, real-time ones on CPUs made ready for them",
	.synopsis = "[options] [VM...]",
	.details = "Without names: the VMs with autostart, and those that run, which are brought\n"
		   "up to the file. kvmrt-shutdown puts the host back as it was.",
	.opts = boot_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&boot_cmd, argc, argv);
}
