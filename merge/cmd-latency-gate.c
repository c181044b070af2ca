/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-latency-gate.c - rules and runs of the command line, judged and printed */
#include "merge/cmd-latency-gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "merge/lat-change.h"
#include "merge/lat-gate.h"
#include "merge/lat-run.h"

#define TALES 3		/* explained intervals a rule, of traces that are measured here */
#define CHANGES 6	/* of what takes more time, the greatest */

struct rules {
	struct mrg_lat_rule *v;
	size_t nr;
};

struct runs {
	struct mrg_lat_saved *v;
	size_t nr;
};

/* ---- rules ---- */

static int add_rule(struct rules *rules, const char *text, const char *where, struct rt_err *err)
{
	struct mrg_lat_rule *more = realloc(rules->v, (rules->nr + 1) * sizeof(*more));
	struct rt_err why = { 0 };

	if (!more)
		return rt_err_set(err, -ENOMEM, "cannot read the rules");
	rules->v = more;
	if (mrg_lat_rule_parse(&more[rules->nr], text, &why) < 0)
		return rt_usage(err, "%s: %s", where, why.text);
	rules->nr++;
	return 0;
}

/* The rule of a budget's line, or "" for a comment. */
static char *rule_of(char *line)
{
	char *end = line + strcspn(line, "#\r\n");

	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return line + strspn(line, " \t");
}

static int read_budget(struct rules *rules, const char *path, struct rt_err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, where[256], *rule;
	unsigned int nr = 0;
	size_t size = 0;
	int rc = 0;

	if (!file)
		return rt_err_set(err, -errno, "cannot open the budget %s", path);
	while (rc == 0 && getline(&line, &size, file) >= 0) {
		snprintf(where, sizeof(where), "%s:%u", path, ++nr);
		rule = rule_of(line);
		if (*rule)
			rc = add_rule(rules, rule, where, err);
	}
	if (rc == 0 && ferror(file))
		rc = rt_err_set(err, -EIO, "cannot read the budget %s", path);
	free(line);
	fclose(file);
	return rc;
}

static int read_rules(struct rules *rules, const struct mrg_latency_gate *gate,
		      struct rt_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < gate->nr_rules && rc == 0; i++)
		rc = add_rule(rules, gate->rules[i], "--fail-if", err);
	if (rc == 0 && gate->budget)
		rc = read_budget(rules, gate->budget, err);
	if (rc == 0 && rules->nr == 0)
		rc = rt_usage(err, "there is no rule: give --fail-if or --budget");
	return rc;
}

/* ---- runs ---- */

static int open_runs(struct runs *runs, const char *const *paths, size_t nr,
		     const struct mrg_lat_run_opts *opts, struct rt_err *err)
{
	size_t i;
	int rc = 0;

	runs->v = calloc(nr + 1, sizeof(*runs->v));
	if (!runs->v)
		return rt_err_set(err, -ENOMEM, "cannot open the runs");
	for (i = 0; i < nr && rc == 0; i++) {
		rc = mrg_lat_run_open(&runs->v[runs->nr], paths[i], opts, err);
		if (rc == 0)
			runs->nr++;
	}
	return rc;
}

static void close_runs(struct runs *runs)
{
	while (runs->nr > 0)
		mrg_lat_saved_finish(&runs->v[--runs->nr]);
	free(runs->v);
}

static int selects_of(struct mrg_lat_select **ret, const struct rules *rules, struct rt_err *err)
{
	struct mrg_lat_select *selects = calloc(rules->nr + 1, sizeof(*selects));
	size_t i;

	if (!selects)
		return rt_err_set(err, -ENOMEM, "cannot read the rules");
	for (i = 0; i < rules->nr; i++)
		selects[i] = rules->v[i].select;
	*ret = selects;
	return 0;
}

int mrg_latency_selects(struct mrg_lat_select **ret, size_t *ret_nr,
			const struct mrg_latency_gate *gate, struct rt_err *err)
{
	struct rules rules = { 0 };
	int rc = read_rules(&rules, gate, err);

	if (rc == 0)
		rc = selects_of(ret, &rules, err);
	if (rc == 0)
		*ret_nr = rules.nr;
	free(rules.v);
	return rc;
}

static int open_sides(struct runs *base, struct runs *now, const struct mrg_latency_gate *gate,
		      const struct rules *rules, struct rt_err *err)
{
	struct mrg_lat_select *selects;
	struct mrg_lat_run_opts opts = {
		.threads = gate->threads, .worst = TALES, .nr_selects = rules->nr,
		.warn = gate->warn, .begin = gate->begin, .end = gate->end,
	};
	size_t first = gate->compare && gate->nr_bases == 0 ? 1 : 0;
	int rc = selects_of(&selects, rules, err);

	if (rc < 0)
		return rc;
	opts.selects = selects;
	rc = open_runs(now, gate->paths + first, gate->nr - first, &opts, err);
	opts.worst = 0;
	if (rc == 0)
		rc = open_runs(base, first ? gate->paths : gate->bases, first ? 1 : gate->nr_bases,
			       &opts, err);
	free(selects);
	return rc;
}

/* ---- verdicts ---- */

static int write_file(const struct mrg_lat_gate *gate, const char *path,
		      int (*write)(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err),
		      struct rt_err *err)
{
	FILE *file = fopen(path, "we");
	int rc;

	if (!file)
		return rt_err_set(err, -errno, "cannot write %s", path);
	rc = write(gate, file, err);
	if (fclose(file) != 0 && rc == 0)
		rc = rt_err_set(err, -errno, "cannot write %s", path);
	return rc;
}

static int write_all(const struct mrg_latency_gate *gate, const struct mrg_lat_gate *all,
		     struct rt_err *err)
{
	int rc = 0;

	if (gate->junit)
		rc = write_file(all, gate->junit, mrg_lat_gate_junit, err);
	if (rc == 0 && gate->guilty)
		rc = write_file(all, gate->guilty, mrg_lat_gate_guilty, err);
	if (rc == 0)
		rc = gate->json ? mrg_lat_gate_json(all, stdout, err)
				: mrg_lat_gate_print(all, stdout, err);
	return rc;
}

static int judge_all(const struct mrg_latency_gate *gate, const struct rules *rules,
		     const struct runs *base, const struct runs *now, struct rt_err *err)
{
	struct mrg_lat_outcome *outcomes = calloc(rules->nr, sizeof(*outcomes));
	struct mrg_lat_change changes[CHANGES];
	struct mrg_lat_gate all = {
		.outcomes = outcomes, .nr = rules->nr, .base = { base->v, base->nr },
		.now = { now->v, now->nr }, .changes = changes,
	};
	bool fails = false;
	size_t i;
	int rc = outcomes ? 0 : rt_err_set(err, -ENOMEM, "cannot judge");

	for (i = 0; i < rules->nr && rc == 0; i++) {
		rc = mrg_lat_judge(&outcomes[i], &rules->v[i], &all.base, &all.now, err);
		fails |= rc == 0 && mrg_lat_fails(&outcomes[i]);
	}
	if (rc == 0 && fails && base->nr > 0 &&
	    mrg_lat_changes(changes, CHANGES, &all.nr_changes, &all) < 0)
		rc = rt_err_set(err, -ENOMEM, "cannot say what changed");
	if (rc == 0)
		rc = write_all(gate, &all, err);
	free(outcomes);
	return rc < 0 ? rc : fails;
}

int mrg_latency_gate(const struct mrg_latency_gate *gate, struct rt_err *err)
{
	struct rules rules = { 0 };
	struct runs base = { 0 }, now = { 0 };
	int rc;

	if (gate->compare && gate->nr_bases == 0 && gate->nr < 2)
		return rt_usage(err, "--compare: expected BASE NEW, or NEW with --base; found "
				"one run");
	if (!gate->compare && gate->nr_bases > 0)
		return rt_usage(err, "--base belongs to --compare");
	rc = read_rules(&rules, gate, err);
	if (rc == 0)
		rc = open_sides(&base, &now, gate, &rules, err);
	if (rc == 0)
		rc = judge_all(gate, &rules, &base, &now, err);
	close_runs(&base);
	close_runs(&now);
	free(rules.v);
	return rc;
}
