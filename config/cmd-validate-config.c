/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-validate-config.c - kvmrt-validate-config: kvmrt.cfg before every rule, on this machine */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/cmd-findings.h"
#include "config/session.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/table.h"
#include "lib/text.h"

static bool all, json, no_libvirt;
static const char *explain;
static struct kcfg_session session;

static const struct rt_opt validate_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL(0, "no-libvirt", &no_libvirt, "compare nothing with what libvirt has"),
	RT_BOOL('a', "all", &all, "look at disabled VMs as well"),
	RT_STRING('e', "explain", &explain, "ID",
		  "what a rule demands and why; \"all\" lists them"),
	RT_BOOL('j', "json", &json, "the findings as JSON"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_STRING(0, "root", &session.root_path, "DIR", "the host's /proc and /sys are below DIR"),
	RT_END
};

static const char *severity(const struct kcfg_rule *rule)
{
	return rule->severity == KCFG_ERROR ? "error" : "warning";
}

/* ---- --explain ---- */

static int list_rules(struct rt_err *err)
{
	enum { ID, SEVERITY, TEXT, NR };
	static const struct rt_column columns[NR] = {
		[ID] = { "RULE", "rule", RT_COL_STRING, "its id" },
		[SEVERITY] = { "SEVERITY", "severity", RT_COL_STRING, "error or warning" },
		[TEXT] = { "TEXT", "text", RT_COL_STRING, "what it demands" },
	};
	struct rt_table *table;
	size_t i;
	int rc;

	if (rt_table_create(&table, columns, NR) < 0)
		return rt_err_set(err, -ENOMEM, "cannot list the rules");
	for (i = 0; i < kcfg_nr_rules; i++) {
		rt_table_row(table);
		rt_table_str(table, ID, kcfg_rules[i].id);
		rt_table_str(table, SEVERITY, severity(&kcfg_rules[i]));
		rt_table_str(table, TEXT, kcfg_rules[i].text);
	}
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

static int explain_rule(const char *id, struct rt_err *err)
{
	const struct kcfg_rule *rule = kcfg_rule_find(id);
	const char *ids[64], *near;
	size_t i;

	if (rule) {
		printf("%s (%s): %s.\n\n%s\n", rule->id, severity(rule), rule->text,
		       rule->reason);
		return 0;
	}
	for (i = 0; i < kcfg_nr_rules && i < 64; i++)
		ids[i] = kcfg_rules[i].id;
	if (rt_nearest(id, ids, i, &near, 1))
		return rt_usage(err, "--explain: no rule \"%s\"; did you mean \"%s\"?", id, near);
	return rt_usage(err, "--explain: no rule \"%s\"; \"all\" lists them", id);
}

/* ---- findings ---- */

static int print_json(const struct kcfg_findings *findings, struct rt_err *err)
{
	enum { FILE_, LINE, SEVERITY, RULE, VM, UUID, TEXT, NR };
	static const struct rt_column columns[NR] = {
		[FILE_] = { "FILE", "file", RT_COL_STRING, "the configuration" },
		[LINE] = { "LINE", "line", RT_COL_NUMBER, "in it" },
		[SEVERITY] = { "SEVERITY", "severity", RT_COL_STRING, "error or warning" },
		[RULE] = { "RULE", "rule", RT_COL_STRING, "for --explain" },
		[VM] = { "VM", "vm", RT_COL_STRING, "its name" },
		[UUID] = { "UUID", "uuid", RT_COL_STRING, "and UUID" },
		[TEXT] = { "TEXT", "text", RT_COL_STRING, "what is wrong" },
	};
	struct rt_table *table;
	size_t i;
	int rc;

	if (rt_table_create(&table, columns, NR) < 0)
		return rt_err_set(err, -ENOMEM, "cannot print the findings");
	for (i = 0; i < findings->n; i++) {
		const struct kcfg_finding *f = &findings->v[i];

		rt_table_row(table);
		rt_table_str(table, FILE_, session.cfg->path);
		rt_table_u64(table, LINE, f->line);
		rt_table_str(table, SEVERITY, severity(f->rule));
		rt_table_str(table, RULE, f->rule->id);
		rt_table_str(table, VM, f->vm ? f->vm->name : NULL);
		rt_table_str(table, UUID, f->vm ? f->vm->uuid : NULL);
		rt_table_str(table, TEXT, f->text);
	}
	rc = rt_table_print_json(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

static void print_summary(const struct kcfg_findings *findings)
{
	size_t n = session.places.n, disabled = session.cfg->nr_vms - n, rt = 0, i;
	char count[64];

	for (i = 0; i < n; i++)
		rt += session.places.v[i].vm->rt;
	printf("%s: %zu VM%s, %zu real-time", session.cfg->path, n, n == 1 ? "" : "s", rt);
	if (disabled)
		printf(", %zu disabled and not looked at", disabled);
	printf(": %s\n", kcfg_findings_count(findings, count, sizeof(count)));
}

static int check(struct rt_err *err)
{
	struct kcfg_findings findings = { 0 };
	struct kcfg_known known = { 0 };
	int rc;

	rc = kcfg_read(&session.cfg, session.path ? session.path : KCFG_PATH, err);
	if (rc == 0 && kcfg_places_make(&session.places, session.cfg, session.topo, all) < 0)
		rc = rt_err_set(err, -ENOMEM, "cannot place the VMs");
	if (rc == 0 && !no_libvirt)
		rc = kcfg_known_ask(&known, &session, err);
	if (rc == 0)
		rc = kcfg_judge(&findings, &session, &known, all, err);
	if (rc == 0 && json)
		rc = print_json(&findings, err);
	if (rc == 0 && !json) {
		kcfg_findings_print(stdout, session.cfg, &findings);
		print_summary(&findings);
	}
	if (rc == 0)
		rc = findings.nr_errors > 0;
	kcfg_findings_finish(&findings);
	kcfg_known_finish(&known);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	int rc;

	(void)argc;
	(void)argv;
	if (explain)
		return strcmp(explain, "all") == 0 ? list_rules(err) : explain_rule(explain, err);
	if (no_libvirt && session.uri)
		return rt_usage(err, "--connect does not go with --no-libvirt");
	rc = kcfg_session_open(&session, 0, err);
	if (rc == 0)
		rc = check(err);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd validate_cmd = {
	.name = "kvmrt-validate-config",
	.summary = "is kvmrt.cfg right for this machine, and is it for the best",
	.synopsis = "[options]",
	.details = "Tells all errors and warnings, each with its line and its rule.  The status is "
		   "1 when there are errors; warnings leave it 0.",
	.opts = validate_opts,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&validate_cmd, argc, argv);
}
