/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-sync-config.c - kvmrt-sync-config: libvirt's XML and kvmrt.cfg made alike */
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

static bool reverse, query, dry_run, verbose, json;
static struct kcfg_session session = { .who = "kvmrt-sync-config" };
static struct rt_table *results;	/* NULL without --json */

static const struct rt_opt sync_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL('r', "reverse", &reverse, "take libvirt's values into the file"),
	RT_BOOL('q', "query", &query, "ask only: status 1 when something differs"),
	RT_BOOL('n', "dry-run", &dry_run, "show the differences and change nothing"),
	RT_BOOL('v', "verbose", &verbose, "name the VMs that are alike too"),
	RT_BOOL(0, "json", &json, "what became of each VM, as JSON"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_END
};

struct tally {
	unsigned int alike, differ, failed;
};

/* Beside 0 and -errno. */
enum { DIFFERS = 1, REMOVED };

/* Without a CPU for them, a real-time VM's other threads would run on those of its vCPUs. */
static unsigned int lacking(const struct kcfg_place *place)
{
	return place->lacking + (place->vm->rt && rt_cpuset_empty(&place->others));
}

static int pull_one(const struct kcfg_sync *sync, struct kcfg_vm *vm, struct rt_err *err)
{
	int rc = kcfg_sync_pull(sync, session.cfg, vm, err);

	if (rc == -ENOENT)
		return kcfg_sync_forget(sync, session.cfg, vm) ? REMOVED : 0;
	return rc > 0 ? DIFFERS : rc;
}

static int sync_one(const struct kcfg_sync *sync, const struct kcfg_place *place,
		    struct rt_err *err)
{
	struct kcfg_vm *vm = kcfg_find(session.cfg, place->vm->uuid);
	int rc;

	if (reverse)
		return pull_one(sync, vm, err);
	for (int i = 0; i < KCFG_NR_ATTRS; i++)
		if (place->bad[i])
			return rt_err_say(err, -EINVAL, "%s: %s: %s", vm->name,
					  kcfg_attrs[i].name, place->bad[i]);
	if (lacking(place))
		return rt_err_say(err, -EINVAL, "%s: cpuset \"%s\" has too few CPUs: %u more "
				  "needed", vm->name, vm->cpuset, lacking(place));
	rc = kcfg_sync_push(sync, place, err);
	if (rc == -ENOENT && vm->disabled)	/* the section of one that was removed, kept */
		return 0;
	return rc < 0 ? rt_err_wrap(err, rc, "%s", vm->name) : rc;
}

static const char *word(int rc)
{
	if (rc <= 0)
		return rc < 0 ? "failed" : "alike";
	return rc == REMOVED ? "removed" : query || dry_run ? "different" : "synchronised";
}

static void report(const struct kcfg_place *place, int rc, const struct rt_err *err)
{
	if (rc < 0)
		fprintf(stderr, "kvmrt-sync-config: %s\n", err->text);
	else if (rc == 0 && verbose)
		fprintf(json ? stderr : stdout, "%s: alike\n", place->vm->name);
	kcfg_results_end(results, word(rc), rc < 0 ? err->text : NULL);
}

static void sync_all(const struct kcfg_place **places, int n, struct tally *tally)
{
	struct kcfg_sync sync = { session.virt, session.topo, json ? stderr : stdout,
				  dry_run || query };
	int rc;

	for (int i = 0; i < n; i++) {
		struct rt_err err = { 0 };

		kcfg_results_begin(results, places[i]->vm->name, places[i]->vm->uuid);
		rc = sync_one(&sync, places[i], &err);
		report(places[i], rc, &err);
		tally->failed += rc < 0;
		tally->differ += rc > 0;
		tally->alike += rc == 0;
	}
}

static int finish(const struct tally *t, struct rt_err *err)
{
	int rc = 0;

	if (session.lock && t->differ)
		rc = kcfg_save(session.lock, session.cfg, err);
	if (rc < 0)
		return rc;
	if (!json)
		printf("%u alike, %u %s%s\n", t->alike, t->differ,
		       query || dry_run ? "different" : "synchronised",
		       t->failed ? ", others failed" : "");
	return kcfg_results_print(results, t->failed || (query && t->differ) ? 1 : 0, err);
}

static int check_is_ours(struct rt_err *err)
{
	struct kcfg_domain *domains = NULL;
	size_t nr = 0;
	int rc;

	rc = kcfg_virt_list(session.virt, &domains, &nr, err);
	if (rc == 0)
		rc = kcfg_sync_check_ours(session.cfg, domains, nr, session.uri, "-r", err);
	kcfg_domains_free(domains, nr);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	bool writes = reverse && !query && !dry_run;
	unsigned int needs = KCFG_NEED_VIRT | (writes ? KCFG_NEED_LOCK : KCFG_NEED_FILE);
	const struct kcfg_place **places = NULL;
	struct tally tally = { 0 };
	int rc, n = 0;

	rc = kcfg_session_open(&session, needs, err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, NULL, &places, err);
	if (rc >= 0 && reverse && argc == 0)
		rc = check_is_ours(err);
	if (rc >= 0 && json)
		rc = kcfg_results_create(&results, err);
	if (rc >= 0) {
		sync_all(places, n, &tally);
		rc = finish(&tally, err);
	}
	rt_table_destroy(results);
	free(places);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd sync_cmd = {
	.name = "kvmrt-sync-config",
	.summary = "make libvirt's VMs as kvmrt.cfg says, or the other way round",
	.synopsis = "[options] [VM...]",
	.details = "Shows a line for each difference. A VM that runs takes what can be changed\n"
		   "at once when kvmrt-boot is run for it, and the rest at its next start.",
	.opts = sync_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&sync_cmd, argc, argv);
}
