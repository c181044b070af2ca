/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-validate-host.c - kvmrt-validate-host: is this host fit for real-time VMs,
 * and what would make it so
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/place.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "lib/table.h"
#include "lib/text.h"
#include "tuning/tuning.h"

#define MAX_ROWS 256

static bool all, quiet, json, list;
static const char *cpus, *file, *explain, *root_path, *device, *least = "info";

static const struct rt_opt validate_opts[] = {
	RT_STRING('C', "for", &cpus, "CPUS", "the CPUs that are to be real-time (default: those "
		  "of the real-time VMs in " KCFG_PATH ", else those that are isolated now)"),
	RT_STRING('f', "file", &file, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('p', "passthrough", &device, "DEVICE", "judge a device that a guest is to get, "
		  "not the host: a PCI address or an interface"),
	RT_CHOICE('s', "severity", &least, "info|warning|error", "leave out what weighs less"),
	RT_BOOL('a', "all", &all, "show what is in order, too"),
	RT_BOOL('q', "quiet", &quiet, "print nothing: the exit status tells"),
	RT_BOOL(0, "json", &json, "every row, as JSON"),
	RT_STRING('e', "explain", &explain, "ID", "what a row reads, expects, and why"),
	RT_BOOL('l', "list", &list, "a table of the rows"),
	RT_STRING(0, "root", &root_path, "DIR", "a recorded tree: an sosreport, for example"),
	RT_END
};

/* ---- rows by their names ---- */

struct choice {
	char **globs;
	int nr;
};

static bool chosen(const struct tune_check *check, void *arg)
{
	const struct choice *choice = arg;
	int i;

	for (i = 0; i < choice->nr; i++) {
		if (rt_glob(choice->globs[i], check->id, false))
			return true;
	}
	return choice->nr == 0;
}

static int unknown_row(const char *id, struct rt_err *err)
{
	const char *ids[MAX_ROWS], *near;
	const struct tune_check *check;
	size_t nr = 0;

	while (nr < MAX_ROWS && (check = tune_check_at(nr)))
		ids[nr++] = check->id;
	if (rt_nearest(id, ids, nr, &near, 1))
		return rt_usage(err, "no row \"%s\"; is \"%s\" meant?", id, near);
	return rt_usage(err, "no row \"%s\"; --list shows them", id);
}

static int check_globs(struct choice *choice, struct rt_err *err)
{
	struct choice one = { .nr = 1 };
	const struct tune_check *check;
	size_t i;

	for (one.globs = choice->globs; one.globs < choice->globs + choice->nr; one.globs++) {
		for (i = 0; (check = tune_check_at(i)) && !chosen(check, &one); i++)
			;
		if (!check)
			return unknown_row(*one.globs, err);
	}
	return 0;
}

/* ---- --list and --explain ---- */

static const struct rt_column columns[] = {
	{ "ID", "id", RT_COL_STRING, "the row" },
	{ "SEVERITY", "severity", RT_COL_STRING, "how much its failure weighs" },
	{ "EXPECTED", "expected", RT_COL_STRING, "what passes" },
};

static int list_rows(struct rt_err *err)
{
	const struct tune_check *check;
	struct rt_table *table;
	size_t i;
	int rc;

	rc = rt_table_create(&table, columns, sizeof(columns) / sizeof(columns[0]));
	if (rc < 0)
		return rt_err_set(err, rc, "list");
	for (i = 0; (check = tune_check_at(i)); i++) {
		rt_table_row(table);
		rt_table_str(table, 0, check->id);
		rt_table_str(table, 1, tune_severity_name(check->severity));
		rt_table_str(table, 2, check->expected);
	}
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

/* Breaks a text at blanks, so that it stands right of its label. */
static void print_field(const char *label, const char *text)
{
	const size_t width = 80;
	size_t len, at;

	printf("  %-9s ", label);
	while ((len = strlen(text)) > width) {
		for (at = width; at > 0 && text[at] != ' '; at--)
			;
		if (!at)
			at = strcspn(text, " ");
		printf("%.*s\n%12s", (int)at, text, "");
		text += at + strspn(text + at, " ");
		if (!*text)
			break;
	}
	puts(text);
}

static int explain_row(const struct rt_root *root, struct rt_err *err)
{
	const struct tune_check *check;
	char *fix;
	size_t i;

	for (i = 0; (check = tune_check_at(i)) && strcmp(check->id, explain) != 0; i++)
		;
	if (!check)
		return unknown_row(explain, err);
	fix = tune_check_fix(check, root);
	if (!fix)
		return rt_err_set(err, -ENOMEM, "explain");
	printf("%s (%s)\n", check->id, tune_severity_name(check->severity));
	print_field("expected:", check->expected);
	print_field("why:", check->why);
	if (check->reads)
		print_field("reads:", check->reads);
	else
		printf("  %-9s /%s\n", "reads:", check->path);
	printf("  %-9s %s\n", "fix:", fix);
	free(fix);
	return 0;
}

/* ---- the report ---- */

static void print_finding(const struct tune_finding *finding)
{
	const struct tune_check *check = finding->check;
	const char *word = finding->verdict == TUNE_FAIL ? tune_severity_name(check->severity) :
			   tune_verdict_name(finding->verdict);

	printf("%-8s %s: %s\n", word, check->id, finding->found);
	if (finding->verdict != TUNE_FAIL)
		return;
	print_field("expected:", check->expected);
	print_field("why:", check->why);
	printf("  %-9s %s\n", "fix:", finding->fix);
}

static void print_whose(const struct rt_cpuset *set)
{
	char text[4096];

	if (rt_cpuset_format(set, text, sizeof(text)) >= 0)
		printf("Real-time CPUs: %s, of the VMs in %s\n", text, file ? file : KCFG_PATH);
}

/* @vms: the CPUs that kvmrt.cfg made real-time, or NULL. */
static void print_text(const struct tune_report *report, const struct rt_cpuset *vms)
{
	size_t i;

	if (vms)
		print_whose(vms);
	for (i = 0; i < report->n; i++) {
		if (all || report->v[i].verdict == TUNE_FAIL ||
		    report->v[i].verdict == TUNE_UNKNOWN)
			print_finding(&report->v[i]);
	}
	if (report->boot_fix)
		printf("All boot words at once, for the next boot:\n  %s\n", report->boot_fix);
	printf("%zu rows: %u errors, %u warnings, %u infos, %u unknown, %u passed, %u moot\n",
	       report->n, report->failed[TUNE_ERROR], report->failed[TUNE_WARNING],
	       report->failed[TUNE_INFO], report->nr[TUNE_UNKNOWN], report->nr[TUNE_PASS],
	       report->nr[TUNE_MOOT]);
}

static void add_finding(struct rt_json *out, const struct tune_finding *finding)
{
	const struct tune_check *check = finding->check;

	rt_json_open(out, '{');
	rt_json_put_str(out, "id", check->id);
	rt_json_put_str(out, "severity", tune_severity_name(check->severity));
	rt_json_put_str(out, "verdict", tune_verdict_name(finding->verdict));
	rt_json_put_str(out, "found", finding->found);
	rt_json_put_str(out, "expected", check->expected);
	rt_json_put_str(out, "why", check->why);
	rt_json_put_str(out, "fix", finding->fix);
	rt_json_close(out, '}');
}

static int print_json(const struct tune_report *report, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	struct rt_json out = { .buf = &buf };
	int rc = 0;
	size_t i;

	rt_json_open(&out, '[');
	for (i = 0; i < report->n; i++)
		add_finding(&out, &report->v[i]);
	rt_json_close(&out, ']');
	if (rt_buf_str(&buf))
		puts(buf.data);
	else
		rc = rt_err_set(err, -ENOMEM, "report");
	rt_buf_finish(&buf);
	return rc;
}

/* ---- which CPUs are to be real-time ---- */

/* The CPUs of --for, by the topology of the host that is judged. */
static int resolve(struct rt_cpuset *ret, const struct rt_root *root, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	rc = tune_cpuset_resolve(ret, topo, cpus, err);
	tune_topo_destroy(topo);
	if (!rc && rt_cpuset_empty(ret))
		rc = rt_err_say(err, -EINVAL, "no CPU is named");
	return rc < 0 ? rt_err_wrap(err, rc, "--for") : 0;
}

/* *ret is NULL where the host that is judged has no such file, and none was named. */
static int read_cfg(struct kcfg **ret, const struct rt_root *root, struct rt_err *err)
{
	char *text;
	size_t len;
	int rc;

	*ret = NULL;
	if (file)
		return kcfg_read(ret, file, err);
	rc = rt_root_read(root, &text, &len, err, "%s", &KCFG_PATH[1]);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = kcfg_parse(ret, KCFG_PATH, text, len, err);
	free(text);
	return rc;
}

static int add_places(struct rt_cpuset *ret, const struct kcfg *cfg,
		      const struct tune_topo *topo, struct rt_err *err)
{
	struct kcfg_places places;
	int rc;

	rc = kcfg_places_make(&places, cfg, topo, false);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot place the VMs");
	for (size_t i = 0; i < places.n && rc == 0; i++) {
		const struct kcfg_vm *vm = places.v[i].vm;
		const char *bad = places.v[i].bad[KCFG_CPUSET];

		if (vm->rt && bad)
			rc = rt_err_say(err, -EINVAL, "%s:%u: %s", cfg->path,
					vm->lines[KCFG_CPUSET], bad);
		else if (vm->rt)
			rt_cpuset_or(ret, &places.v[i].used);
	}
	kcfg_places_finish(&places);
	return rc;
}

/* A file with bad lines is none: other CPUs in silence would be worse than no answer. */
static int good_cfg(struct kcfg **ret, const struct rt_root *root, struct rt_err *err)
{
	const struct kcfg_fault *fault;
	int rc;

	rc = read_cfg(ret, root, err);
	if (rc < 0 || !*ret || !(*ret)->nr_errors)
		return rc;
	for (fault = (*ret)->faults; !kcfg_fault_is_error(fault); fault++)
		;
	rc = rt_err_say(err, -EINVAL, "%s:%u: %s", (*ret)->path, fault->line, fault->text);
	kcfg_destroy(*ret);
	*ret = NULL;
	return rc;
}

/* The CPUs that the file's real-time VMs run on; none where there is no such VM. */
static int of_vms(struct rt_cpuset *ret, const struct rt_root *root, struct rt_err *err)
{
	struct tune_topo *topo;
	struct kcfg *cfg;
	int rc;

	rc = good_cfg(&cfg, root, err);
	if (rc == 0 && cfg) {
		rc = tune_topo_load(&topo, root, err);
		if (rc == 0) {
			rc = add_places(ret, cfg, topo, err);
			tune_topo_destroy(topo);
		}
		kcfg_destroy(cfg);
	}
	return rc < 0 ? rt_err_wrap(err, rc, "the real-time CPUs (--for names them)") : 0;
}

static int report_on(const struct rt_root *root, struct choice *choice, struct rt_err *err)
{
	struct tune_validate what = { .wanted = chosen, .arg = choice,
				      .device = device };
	struct tune_report *report;
	struct rt_cpuset set = { { 0 } };
	int rc;

	while (strcmp(least, tune_severity_name(what.least)) != 0)
		what.least++;
	rc = cpus ? resolve(&set, root, err) : of_vms(&set, root, err);
	if (rc < 0)
		return rc;
	if (!rt_cpuset_empty(&set))
		what.cpus = &set;
	rc = tune_validate_host(&report, root, &what, err);
	if (rc < 0)
		return rc;
	if (!report->n && choice->nr)
		rc = rt_usage(err, device ? "no row named is about a device; pt-* are" :
			      "no row named is about the host; pt-* go with --passthrough");
	else if (json)
		rc = print_json(report, err);
	else if (!quiet)
		print_text(report, cpus ? NULL : what.cpus);
	if (rc == 0)
		rc = report->failed[TUNE_ERROR] || report->failed[TUNE_WARNING];
	tune_report_destroy(report);
	return rc;
}

static int validate_host(int argc, char **argv, struct rt_err *err)
{
	struct choice choice = { .globs = argv, .nr = argc };
	struct rt_root root;
	int rc;

	if (list + (explain != NULL) + (device != NULL) > 1)
		return rt_usage(err, "--list, --explain and --passthrough do not go together");
	if (cpus && file)
		return rt_usage(err, "--for and --file do not go together");
	if (quiet && (json || list || explain || all))
		return rt_usage(err, "--quiet prints nothing: it goes with none of --json, --list, "
				"--explain, --all");
	if (explain && json)
		return rt_usage(err, "--explain has no JSON; --json --list and --json have");
	if ((list || explain) && argc)
		return rt_usage(err, "unexpected argument \"%s\"", argv[0]);
	rc = check_globs(&choice, err);
	if (rc < 0 || list)
		return rc < 0 ? rc : list_rows(err);
	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	if (explain)
		rc = explain_row(&root, err);
	else if (rt_root_exists(&root, "proc") || rt_root_exists(&root, "sys"))
		rc = report_on(&root, &choice, err);
	else
		rc = rt_err_say(err, RT_ECANNOT, "no %s/proc and no %s/sys: this is not the root "
				"of a Linux machine", root.path, root.path);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd validate_cmd = {
	.name = "kvmrt-validate-host",
	.summary = "is this host fit for real-time VMs, and what would make it so",
	.synopsis = "[options] [ROW...]",
	.details = "Changes nothing.  What is found wrong is shown with what was expected, why, "
		   "and a line that mends it.  ROW is the name of a row, or a glob.",
	.opts = validate_opts,
	.max_args = UINT_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = validate_host,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&validate_cmd, argc, argv);
}
