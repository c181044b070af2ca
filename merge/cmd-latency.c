/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-latency.c - xtrace-latency: where the time of hosts, guests and tasks went */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "merge/lat-report.h"
#include "merge/view.h"

static struct {
	struct rt_strv metrics;
	const char *from, *to, *format;
	unsigned int rows, threads;
} o = { .format = "text", .rows = 12 };

static const struct rt_opt latency_opts[] = {
	RT_LIST('m', "metric", &o.metrics, "METRIC", "show these only: KIND, KIND(NAME) or "
		"KIND(NAME)@HOST, names and hosts as globs; may be repeated"),
	RT_STRING(0, "from", &o.from, "TIME", "begin here: a time as xtrace-view shows it, or "
		  "+1.5s from the begin of the traces"),
	RT_STRING(0, "to", &o.to, "TIME", "end here"),
	RT_CHOICE(0, "format", &o.format, "text|json|csv", "how the report is written; csv is "
		  "the histograms"),
	RT_UINT(0, "rows", &o.rows, "N", 0, UINT_MAX, "rows of a table at the most, 0 for all; "
		"default 12"),
	RT_UINT('j', "threads", &o.threads, "N", 1, 64, "threads that work at it"),
	RT_END
};

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

static int print(const struct mrg_lat_report *report, struct rt_err *err)
{
	if (strcmp(o.format, "json") == 0)
		return mrg_lat_print_json(report, stdout, err);
	if (strcmp(o.format, "csv") == 0)
		return mrg_lat_print_csv(report, stdout, err);
	return mrg_lat_print(report, stdout, err);
}

static int measure(struct mrg_lat_report *report, const struct mrg_set *set, struct rt_err *err)
{
	struct mrg_lat_opts opts = { .to = UINT64_MAX, .threads = o.threads, .warn = warn };
	struct mrg_lat_result result = { 0 };
	int rc = choose_range(&opts, set, err);

	if (rc != 0)
		return rc;
	rc = mrg_lat_run(&result, set, &opts, err);
	if (rc == 0 && result.events == 0)
		rc = rt_err_say(err, -ENODATA, "there is no event in these traces%s",
				o.from || o.to ? " between these times" : "");
	if (rc == 0) {
		report->set = set;
		report->result = &result;
		report->rows = o.rows;
		rc = print(report, err);
	}
	mrg_lat_result_finish(&result);
	return rc;
}

static int latency(int argc, char **argv, struct rt_err *err)
{
	struct mrg_lat_report report = { 0 };
	struct mrg_set *set;
	size_t m, i;
	int rc;

	/* Chunks come and go by the thousand: keep their memory. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	rc = parse_metrics(&report, err);
	if (rc == 0)
		rc = mrg_set_open(&set, (const char *const *)argv, (size_t)argc, err);
	if (rc == 0) {
		for (m = 0; m < set->nr; m++) {
			for (i = 0; i < xt_trace_nr_warnings(set->members[m].trace); i++)
				warn(NULL, xt_trace_warning(set->members[m].trace, i));
		}
		rc = measure(&report, set, err);
		mrg_set_destroy(set);
	}
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
