/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-import.c - kvmrt-import: libvirt's VMs become sections of kvmrt.cfg */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/cmd-results.h"
#include "config/session.h"
#include "config/sync.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/table.h"

static bool update, dry_run, verbose, json;
static struct kcfg_session session = { .who = "kvmrt-import" };
static struct rt_table *results;	/* NULL without --json */

static const struct rt_opt import_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL('u', "update", &update, "bring VMs that are in the file up to libvirt, or out"),
	RT_BOOL('n', "dry-run", &dry_run, "say what would change, and write nothing"),
	RT_BOOL('v', "verbose", &verbose, "every attribute that changes"),
	RT_BOOL(0, "json", &json, "what became of each VM, as JSON"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_END
};

static bool has_name(const struct kcfg_domain *domain, const char *name)
{
	return strcmp(name, domain->name) == 0 || strcasecmp(name, domain->uuid) == 0;
}

static bool named(const struct kcfg_domain *domain, char **names, int nr)
{
	bool found = nr == 0;

	for (int i = 0; i < nr; i++)
		found |= has_name(domain, names[i]);
	return found;
}

/* Before anything is imported, and told to be. */
static int all_there(const struct kcfg_domain *domains, size_t nr, int argc, char **argv,
		     struct rt_err *err)
{
	size_t k;

	for (int i = 0; i < argc; i++) {
		for (k = 0; k < nr && !has_name(&domains[k], argv[i]); k++)
			;
		if (k == nr)
			return rt_err_say(err, -ENOENT, "libvirt has no VM \"%s\"", argv[i]);
	}
	return 0;
}

/* A new section begins with what libvirt does at the host's start. */
static int add(const struct kcfg_domain *domain, struct kcfg_vm **ret, struct rt_err *err)
{
	int rc;

	rc = kcfg_add(session.cfg, domain->uuid, ret, err);
	if (rc == 0)
		rc = kcfg_set(session.cfg, *ret, KCFG_NAME, domain->name, err);
	if (rc >= 0 && domain->autostart)
		rc = kcfg_set(session.cfg, *ret, KCFG_AUTOSTART, "true", err);
	return rc < 0 ? rc : 0;
}

enum { ADDED, UPDATED, SAME, SKIPPED, NR_OUTCOMES };

static const char *const words[NR_OUTCOMES] = {
	[ADDED] = "imported", [UPDATED] = "updated", [SAME] = "same", [SKIPPED] = "skipped",
};

struct tally {
	unsigned int of[NR_OUTCOMES], removed, failed;
};

/* Return: an outcome, or -errno. */
static int import_one(const struct kcfg_domain *domain, struct rt_err *err)
{
	struct kcfg_sync sync = { session.virt, session.topo, !verbose ? NULL :
				  json ? stderr : stdout, dry_run };
	struct kcfg_vm *vm = kcfg_find(session.cfg, domain->uuid);
	bool fresh = !vm;
	int rc;

	if (vm && !update)
		return SKIPPED;
	if (!domain->persistent)
		return rt_err_say(err, -EINVAL, "%s: a VM that libvirt forgets when it ends is not "
				  "imported", domain->name);
	rc = fresh ? add(domain, &vm, err) : 0;
	if (rc == 0)
		rc = kcfg_sync_pull(&sync, session.cfg, vm, err);
	if (rc < 0 && fresh && vm)
		kcfg_remove(session.cfg, vm);
	return rc < 0 ? rc : fresh ? ADDED : rc > 0 ? UPDATED : SAME;
}

static void report(const struct kcfg_domain *domain, int rc, const struct rt_err *err)
{
	/* One that cannot be read does not keep the others out. */
	if (rc < 0)
		fprintf(stderr, "kvmrt-import: %s\n", err->text);
	else if (!json && (rc == ADDED || rc == UPDATED))
		printf("%s: %s\n", domain->name, words[rc]);
	if (rc == ADDED && domain->autostart)
		fprintf(stderr, "kvmrt-import: %s: libvirt starts it too, and does not prepare its "
			"CPUs: \"virsh autostart --disable\" leaves it to kvmrt-boot\n",
			domain->name);
	kcfg_results_begin(results, domain->name, domain->uuid);
	kcfg_results_end(results, rc < 0 ? "failed" : words[rc], rc < 0 ? err->text : NULL);
}

/* Those that libvirt has no more, from the last one on: a section taken out moves the others. */
static void remove_gone(const struct kcfg_domain *domains, size_t nr, struct tally *tally)
{
	struct kcfg_sync sync = { .out = json ? NULL : stdout, .dry_run = dry_run };

	for (size_t i = session.cfg->nr_vms; i-- > 0; ) {
		struct kcfg_vm *vm = session.cfg->vms[i];

		if (vm->disabled || kcfg_domains_find(domains, nr, vm->uuid))
			continue;
		kcfg_results_begin(results, vm->name, vm->uuid);
		kcfg_results_end(results, "removed", NULL);
		tally->removed += kcfg_sync_forget(&sync, session.cfg, vm);
	}
}

static void summary(const struct tally *t, const char *path)
{
	if (t->failed)
		fprintf(stderr, "kvmrt-import: %u not imported; %s has the others\n", t->failed,
			path);
	if (json)
		return;
	printf("%s%u imported, %u updated, %u the same, %u skipped%s",
	       dry_run ? "would be: " : "", t->of[ADDED], t->of[UPDATED], t->of[SAME],
	       t->of[SKIPPED], t->of[SKIPPED] ? " (in the file already: -u updates them)" : "");
	if (t->removed)
		printf(", %u removed", t->removed);
	putchar('\n');
}

static void import_all(const struct kcfg_domain *domains, size_t nr, int argc, char **argv,
		       struct tally *tally)
{
	int rc;

	for (size_t i = 0; i < nr; i++) {
		struct rt_err err = { 0 };

		if (!named(&domains[i], argv, argc))
			continue;
		rc = import_one(&domains[i], &err);
		report(&domains[i], rc, &err);
		if (rc < 0)
			tally->failed++;
		else
			tally->of[rc]++;
	}
}

static int import_and_save(const struct kcfg_domain *domains, size_t nr, int argc, char **argv,
			   struct rt_err *err)
{
	struct tally tally = { 0 };
	int rc = json ? kcfg_results_create(&results, err) : 0;

	if (rc < 0)
		return rc;
	import_all(domains, nr, argc, argv, &tally);
	if (update && argc == 0)
		remove_gone(domains, nr, &tally);
	if (!dry_run && tally.of[ADDED] + tally.of[UPDATED] + tally.removed)
		rc = kcfg_save(session.lock, session.cfg, err);
	if (rc < 0)
		return rc;
	summary(&tally, session.cfg->path);
	return kcfg_results_print(results, tally.failed ? 1 : 0, err);
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct kcfg_domain *domains = NULL;
	size_t nr = 0;
	int rc;

	rc = kcfg_session_open(&session, KCFG_NEED_LOCK | KCFG_NEED_VIRT, err);
	if (rc == 0)
		rc = kcfg_virt_list(session.virt, &domains, &nr, err);
	if (rc == 0 && update && argc == 0)
		rc = kcfg_sync_check_ours(session.cfg, domains, nr, session.uri, "-u", err);
	if (rc == 0)
		rc = all_there(domains, nr, argc, argv, err);
	if (rc == 0)
		rc = import_and_save(domains, nr, argc, argv, err);
	rt_table_destroy(results);
	kcfg_domains_free(domains, nr);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd import_cmd = {
	.name = "kvmrt-import",
	.summary = "take libvirt's VMs into kvmrt.cfg",
	.synopsis = "[options] [VM...]",
	.details = "All VMs of libvirt, or those named, become sections of the file with the\n"
		   "values that libvirt has. Those that are in the file already are skipped.",
	.opts = import_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&import_cmd, argc, argv);
}
