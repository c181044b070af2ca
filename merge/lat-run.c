/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-run.c - figures of a run from wherever they are */
#include "merge/lat-run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "merge/lat-blame.h"

/* A file that begins as ours do; a trace.dat begins with 0x17. */
static bool is_saved(const char *path)
{
	struct stat st;
	FILE *file;
	int first;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	first = getc(file);
	fclose(file);
	return first == '{';
}

struct wanted {
	const struct mrg_lat_run_opts *opts;
	const struct mrg_set *set;
};

static bool wants(void *arg, const struct mrg_lat_metric *metric)
{
	const struct wanted *wanted = arg;
	const char *host = wanted->set->members[metric->member].label;
	size_t i;

	for (i = 0; i < wanted->opts->nr_selects; i++) {
		if (mrg_lat_select_match(&wanted->opts->selects[i], metric->kind, metric->name,
					 host))
			return true;
	}
	return false;
}

/* Each of the longest intervals in words; figures stand in the order of the metrics. */
static int tell(struct mrg_lat_saved *ret, const struct mrg_set *set,
		const struct mrg_lat_result *result, struct rt_err *err)
{
	struct rt_buf text = { 0 };
	size_t i;
	int rc = 0;

	for (i = 0; i < result->nr_worst && rc == 0; i++) {
		text.len = 0;
		rc = mrg_lat_blame(set, result, &result->worst[i], &text, err);
		if (rc < 0)
			break;
		if (!rt_buf_str(&text) ||
		    mrg_lat_saved_tell(ret, &ret->figures[result->worst[i].metric], text.data) < 0)
			rc = rt_err_set(err, -ENOMEM, "cannot explain an interval");
	}
	rt_buf_finish(&text);
	return rc;
}

static int measure(struct mrg_lat_saved *ret, const char *name, const struct mrg_set *set,
		   const struct mrg_lat_run_opts *opts, struct rt_err *err)
{
	struct wanted wanted = { opts, set };
	struct mrg_lat_opts lat = {
		.to = UINT64_MAX, .threads = opts->threads, .worst = opts->worst,
		.begin = opts->begin, .end = opts->end,
		.wants = opts->nr_selects > 0 ? wants : NULL, .wants_arg = &wanted,
		.warn = opts->warn,
	};
	struct mrg_lat_result result = { 0 };
	int rc = mrg_lat_run(&result, set, &lat, err);

	if (rc == 0 && result.events == 0)
		rc = rt_err_say(err, -ENODATA, "%s: there is no event in it", name);
	if (rc == 0) {
		rc = mrg_lat_saved_take(ret, set, &result, name);
		if (rc < 0)
			rt_err_set(err, rc, "%s", name);
		else
			rc = tell(ret, set, &result, err);
		if (rc < 0)
			mrg_lat_saved_finish(ret);
	}
	mrg_lat_result_finish(&result);
	return rc;
}

int mrg_lat_run_measure(struct mrg_lat_saved *ret, const char *name, const char *const *paths,
			size_t nr, const struct mrg_lat_run_opts *opts, struct rt_err *err)
{
	struct mrg_set *set;
	char text[1024];
	size_t m, i;
	int rc = mrg_set_open(&set, paths, nr, err);

	if (rc < 0)
		return rc;
	for (m = 0; m < set->nr && opts->warn; m++) {
		for (i = 0; i < xt_trace_nr_warnings(set->members[m].trace); i++) {
			snprintf(text, sizeof(text), "%s: %s", set->members[m].path,
				 xt_trace_warning(set->members[m].trace, i));
			opts->warn(NULL, text);
		}
	}
	rc = measure(ret, name, set, opts, err);
	mrg_set_destroy(set);
	return rc;
}

int mrg_lat_run_open(struct mrg_lat_saved *ret, const char *path,
		     const struct mrg_lat_run_opts *opts, struct rt_err *err)
{
	if (is_saved(path))
		return mrg_lat_load(ret, path, err);
	return mrg_lat_run_measure(ret, path, &path, 1, opts, err);
}
