/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-latency.c - xtrace-latency: where the time of hosts, guests and tasks went */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "merge/lat-blame.h"
#include "merge/lat-excerpt.h"
#include "merge/lat-report.h"
#include "merge/lat-run.h"
#include "merge/cmd-latency-gate.h"
#include "merge/view.h"

#define NOT_GIVEN UINT_MAX

static struct {
	struct rt_strv metrics, bases, rules;
	const char *from, *to, *begin, *end, *between[2], *format, *save, *budget, *junit,
		*guilty;
	bool compare, json;
	unsigned int rows, worst, excerpt, threads;
} o = { .format = "text", .rows = 12, .excerpt = NOT_GIVEN };

static const struct rt_opt latency_opts[] = {
	RT_LIST('m', "metric", &o.metrics, "METRIC", "show these only: KIND, KIND(NAME) or "
		"KIND(NAME)@HOST, names and hosts as globs; may be repeated"),
	RT_STRING(0, "from", &o.from, "TIME", "begin here: a time as xtrace-view shows it, or "
		  "+1.5s from the begin of the traces"),
	RT_STRING(0, "to", &o.to, "TIME", "end here"),
	RT_PAIR(0, "between", &o.between, "START END", "an application's cycles: from an event of "
		"which the first expression is true to the next of which the second is; see "
		"--where of xtrace-view"),
	RT_STRING(0, "begin", &o.begin, "EXPR", "the first of these expressions by itself"),
	RT_STRING(0, "end", &o.end, "EXPR", "the second"),
	RT_CHOICE(0, "format", &o.format, "text|json|csv|html", "how the report is written; csv is "
		  "the histograms"),
	RT_BOOL(0, "json", &o.json, "the same as --format json"),
	RT_UINT(0, "rows", &o.rows, "N", 0, UINT_MAX, "rows of a table at the most, 0 for all; "
		"default 12"),
	RT_UINT('w', "worst", &o.worst, "N", 1, 1000, "explain the N longest intervals: of the "
		"metrics asked for, else of all wake-ups"),
	RT_UINT(0, "excerpt", &o.excerpt, "N", 0, 10000, "with --worst: lines of the traces to "
		"show of each, 0 for none; default 12"),
	RT_STRING(0, "save", &o.save, "FILE", "write the histograms to FILE, for --compare, "
		  "instead of a report; with --worst the longest intervals in words too: of each "
		  "--metric, or of each rule of --budget and --fail-if, else of all wake-ups"),
	RT_BOOL(0, "compare", &o.compare, "judge runs by rules: the first is the base, the "
		"others are compared with it, unless --base names the base; a run is a file of "
		"--save or a trace"),
	RT_LIST(0, "base", &o.bases, "RUN", "with --compare: a run of the base; may be repeated"),
	RT_LIST(0, "fail-if", &o.rules, "RULE", "what must not be, as METRIC.STAT > LIMIT: "
		"'wakeup(rtapp).p99.9 > +20%', 'exit(HLT).max > 50us'; may be repeated"),
	RT_STRING(0, "budget", &o.budget, "FILE", "rules, one a line; # begins a comment"),
	RT_STRING(0, "guilty", &o.guilty, "FILE", "write to FILE why rules are broken: what takes "
		  "more time than before, and the longest intervals with their lines of the "
		  "traces"),
	RT_STRING(0, "junit", &o.junit, "FILE", "write the verdicts as JUnit's XML too"),
	RT_UINT('j', "threads", &o.threads, "N", 1, 64, "threads that work at it"),
	RT_END
};

static bool has_format(const char *word)
{
	return strcmp(o.format, word) == 0;
}

static void warn_of_damage(const struct mrg_set *set)
{
	size_t m, i;

	for (m = 0; m < set->nr; m++)
		for (i = 0; i < xt_trace_nr_warnings(set->members[m].trace); i++)
			fprintf(stderr, "xtrace-latency: %s: %s\n", set->members[m].path,
				xt_trace_warning(set->members[m].trace, i));
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "xtrace-latency: %s\n", text);
}

static int parse_metrics(struct mrg_lat_report *report, struct rt_err *err)
{
	struct mrg_lat_select *selects = calloc(o.metrics.n + 1, sizeof(*selects));
	struct rt_err why = { 0 };
	size_t i;

	if (!selects)
		return rt_err_set(err, -ENOMEM, "cannot read the options");
	report->selects = selects;
	report->nr_selects = o.metrics.n;
	for (i = 0; i < o.metrics.n; i++) {
		if (mrg_lat_select_parse(&selects[i], o.metrics.v[i], strlen(o.metrics.v[i]),
					 &why) < 0)
			return rt_usage(err, "--metric: %s", why.text);
	}
	return 0;
}

static int choose_range(struct mrg_lat_opts *opts, const struct mrg_set *set, struct rt_err *err)
{
	int rc = 0;

	if (o.from)
		rc = mrg_parse_when(set, MRG_TIME_TOD, o.from, &opts->from, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "--from");
	if (o.to)
		rc = mrg_parse_when(set, MRG_TIME_TOD, o.to, &opts->to, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "--to");
	if (opts->from > opts->to)
		return rt_usage(err, "--from %s lies behind --to %s", o.from, o.to);
	return 0;
}

/* ---- the longest intervals ---- */

static bool wants(void *arg, unsigned int group, const struct mrg_lat_metric *metric)
{
	(void)group;
	return mrg_lat_is_shown(arg, metric);
}

static int show_excerpt(const struct mrg_set *set, const struct mrg_lat_interval *interval,
			struct rt_err *err)
{
	fflush(stdout);
	return mrg_lat_excerpt(set, interval, o.excerpt != NOT_GIVEN ? o.excerpt : MRG_LAT_EXCERPT,
			       STDOUT_FILENO, warn, err);
}

static int explain(const struct mrg_lat_report *report, struct rt_err *err)
{
	const struct mrg_lat_result *result = report->result;
	struct rt_buf text = { 0 };
	size_t i;
	int rc = 0;

	if (result->nr_worst == 0)
		printf("\nno interval of these metrics\n");
	for (i = 0; i < result->nr_worst && rc == 0; i++) {
		text.len = 0;
		rc = mrg_lat_blame(report->set, result, &result->worst[i], &text, err);
		if (rc == 0 && !rt_buf_str(&text))
			rc = rt_err_set(err, -ENOMEM, "cannot explain an interval");
		if (rc == 0)
			printf("\n%3zu.  %s\n", i + 1, text.data);
		if (rc == 0 && o.excerpt > 0)
			rc = show_excerpt(report->set, &result->worst[i], err);
	}
	rt_buf_finish(&text);
	return rc;
}

static bool has_metric(const struct mrg_lat_report *report, const struct mrg_lat_select *select)
{
	const struct mrg_lat_metric *metric;
	size_t i;

	for (i = 0; i < report->result->nr; i++) {
		metric = report->result->metrics[i];
		if (metric->hist.count + metric->unknown > 0 &&
		    mrg_lat_select_match(select, metric->kind, metric->name,
					 report->set->members[metric->member].label))
			return true;
	}
	return false;
}

static bool is_recorded(const struct mrg_set *set, const char *group)
{
	const struct xt_event *event;
	unsigned int id;

	for (size_t m = 0; m < set->nr; m++) {
		for (id = 0; id < xt_trace_max_event_id(set->members[m].trace); id++) {
			event = xt_trace_event(set->members[m].trace, id);
			if (event && mrg_word_is_event(group, event))
				return true;
		}
	}
	return false;
}

/* That a metric has no interval may be since -e of the recording left out what it needs. */
static void say_unrecorded(const struct mrg_set *set, const struct mrg_lat_select *select)
{
	char groups[64], *group, *save = NULL;

	snprintf(groups, sizeof(groups), "%s", mrg_lat_select_groups(select));
	for (group = strtok_r(groups, ",", &save); group; group = strtok_r(NULL, ",", &save)) {
		if (!is_recorded(set, group))
			printf("no trace has events of %s, which %s needs: xtrace-run -e %s\n",
			       group, mrg_lat_kind_name(select->kind), group);
	}
}

/* All of one kind need the same. */
static bool is_said(const struct mrg_lat_select *selects, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (selects[i].kind == selects[nr].kind)
			return true;
	return false;
}

/* A misspelt one would else be missed among others that are there. */
static void say_lacking(const struct mrg_lat_report *report)
{
	size_t i, lacking = 0;

	for (i = 0; i < o.metrics.n; i++)
		lacking += !has_metric(report, &report->selects[i]);
	for (i = 0; lacking < o.metrics.n && i < o.metrics.n; i++) {
		if (!has_metric(report, &report->selects[i]))
			printf("\nno interval of %s\n", o.metrics.v[i]);
	}
	for (i = 0; i < o.metrics.n; i++) {
		if (!has_metric(report, &report->selects[i]) && !is_said(report->selects, i))
			say_unrecorded(report->set, &report->selects[i]);
	}
}

static int print(const struct mrg_lat_report *report, struct rt_err *err)
{
	int rc;

	if (has_format("json"))
		return mrg_lat_print_json(report, stdout, err);
	if (has_format("csv"))
		return mrg_lat_print_csv(report, stdout, err);
	if (has_format("html"))
		return mrg_lat_print_html(report, stdout, err);
	rc = o.worst ? explain(report, err) : mrg_lat_print(report, stdout, err);
	if (rc == 0)
		say_lacking(report);
	return rc;
}

static int measure(struct mrg_lat_report *report, const struct mrg_set *set, struct rt_err *err)
{
	struct mrg_lat_opts opts = { .to = UINT64_MAX, .threads = o.threads, .warn = warn };
	struct mrg_lat_result result = { 0 };
	int rc = choose_range(&opts, set, err);

	report->set = set;
	report->rows = o.rows;
	opts.begin = o.begin;
	opts.end = o.end;
	opts.worst = o.worst;
	if (report->nr_selects > 0) {
		opts.wants = wants;
		opts.wants_arg = report;
	}
	if (rc != 0)
		return rc;
	rc = mrg_lat_run(&result, set, &opts, err);
	if (rc == 0 && result.events == 0)
		rc = rt_err_say(err, -ENODATA, "there is no event in these traces%s",
				o.from || o.to ? " between these times" : "");
	if (rc == 0) {
		report->result = &result;
		rc = print(report, err);
	}
	mrg_lat_result_finish(&result);
	return rc;
}

static struct mrg_latency_gate gate_of(char **paths, size_t nr)
{
	return (struct mrg_latency_gate){
		.paths = (const char *const *)paths, .nr = nr, .compare = o.compare,
		.bases = o.bases.v, .nr_bases = o.bases.n, .rules = o.rules.v,
		.nr_rules = o.rules.n, .budget = o.budget, .junit = o.junit, .guilty = o.guilty,
		.json = has_format("json"), .threads = o.threads, .warn = warn,
		.begin = o.begin, .end = o.end,
	};
}

/* The longest intervals are kept of what rules speak of, where there are rules. */
static int selects_of_rules(struct mrg_lat_report *report, char **paths, size_t nr,
			    struct rt_err *err)
{
	const struct mrg_latency_gate gate = gate_of(paths, nr);
	struct mrg_lat_select *selects;
	int rc;

	if (report->nr_selects > 0)
		return rt_usage(err, "--save: what is to be explained is said by --metric or by "
				"rules, not by both");
	rc = mrg_latency_selects(&selects, &report->nr_selects, &gate, err);
	if (rc == 0) {
		free((void *)report->selects);
		report->selects = selects;
	}
	return rc;
}

static int save(struct mrg_lat_report *report, char **paths, size_t nr, struct rt_err *err)
{
	struct mrg_lat_run_opts opts = {
		.threads = o.threads, .worst = o.worst, .begin = o.begin, .end = o.end,
		.warn = warn,
	};
	struct mrg_lat_saved run;
	int rc = 0;

	if (o.from || o.to)
		return rt_usage(err, "--save keeps whole runs: --from and --to do not go with it");
	if (o.rules.n > 0 || o.budget)
		rc = selects_of_rules(report, paths, nr, err);
	opts.selects = report->selects;
	opts.nr_selects = report->nr_selects;
	if (rc == 0)
		rc = mrg_lat_run_measure(&run, paths[0], (const char *const *)paths, nr, &opts,
					 err);
	if (rc != 0)
		return rc;
	rc = mrg_lat_save(&run, o.save, err);
	mrg_lat_saved_finish(&run);
	return rc;
}

static int judge(char **paths, size_t nr, struct rt_err *err)
{
	const struct mrg_latency_gate gate = gate_of(paths, nr);

	if (o.save || o.worst || o.excerpt != NOT_GIVEN || o.from || o.to || o.metrics.n > 0)
		return rt_usage(err, "--save, --worst, --excerpt, --metric, --from and --to do not "
				"go with judging");
	if (has_format("csv") || has_format("html"))
		return rt_usage(err, "verdicts are written as text or json, not %s", o.format);
	return mrg_latency_gate(&gate, err);
}

static int show(struct mrg_lat_report *report, char **paths, size_t nr, struct rt_err *err)
{
	struct mrg_set *set;
	int rc = mrg_set_open(&set, (const char *const *)paths, nr, err);

	if (rc < 0)
		return rc;
	warn_of_damage(set);
	rc = measure(report, set, err);
	mrg_set_destroy(set);
	return rc;
}

/* What would be left out without a word: a report has no place for it. */
static int check_worst(struct rt_err *err)
{
	bool lines = o.excerpt != NOT_GIVEN;

	if (lines && !o.worst)
		return rt_usage(err, "--excerpt belongs to --worst");
	if (lines && (o.save || has_format("html")))
		return rt_usage(err, "--excerpt does not go with %s",
				o.save ? "--save" : "--format html");
	if (o.worst && !o.save && (has_format("json") || has_format("csv")))
		return rt_usage(err, "--worst does not go with --format %s: intervals are "
				"explained as text or html", o.format);
	return 0;
}

static int check_options(struct rt_err *err)
{
	if (o.json && !has_format("text") && !has_format("json"))
		return rt_usage(err, "--json and --format %s exclude each other", o.format);
	if (o.json)
		o.format = "json";
	if (!o.begin != !o.end)
		return rt_usage(err, "--begin and --end belong together");
	if (o.between[0] && o.begin)
		return rt_usage(err, "--between says what --begin and --end say: give one of them");
	if (o.between[0]) {
		o.begin = o.between[0];
		o.end = o.between[1];
	}
	if ((o.bases.n > 0 || o.junit || o.guilty) && !o.compare &&
	    (o.save || (o.rules.n == 0 && !o.budget)))
		return rt_usage(err, "--base, --junit and --guilty belong to --compare and "
				"--fail-if");
	return 0;
}

static int latency(int argc, char **argv, struct rt_err *err)
{
	struct mrg_lat_report report = { 0 };
	size_t nr = (size_t)argc;
	int rc;

	/* Chunks come and go by the thousand: keep their memory. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	rc = check_options(err);
	if (rc != 0)
		return rc;
	if (o.compare || (!o.save && (o.rules.n > 0 || o.budget)))
		return judge(argv, nr, err);
	rc = check_worst(err);
	if (rc == 0)
		rc = parse_metrics(&report, err);
	if (rc == 0)
		rc = o.save ? save(&report, argv, nr, err) : show(&report, argv, nr, err);
	free((void *)report.selects);
	return rc;
}

static const struct rt_cmd latency_cmd = {
	.name     = "xtrace-latency",
	.summary  = "where the time of hosts, guests and their tasks went",
	.synopsis = "[options] DIR|FILE...",
	.opts     = latency_opts,
	.min_args = 1,
	.max_args = UINT_MAX,
	.effect   = RT_READS,
	.complete = RT_COMPLETE_FILE,
	.run      = latency,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&latency_cmd, argc, argv);
}
