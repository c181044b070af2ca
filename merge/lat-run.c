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
#include "merge/lat-excerpt.h"

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

/* Each rule, or each metric asked for, is a group of its own. */
static bool wants(void *arg, unsigned int group, const struct mrg_lat_metric *metric)
{
	const struct wanted *wanted = arg;

	return mrg_lat_select_match(&wanted->opts->selects[group], metric->kind, metric->name,
				    wanted->set->members[metric->member].label);
}

static int tell_one(struct mrg_lat_saved *ret, const struct wanted *wanted,
		    const struct mrg_lat_result *result, const struct mrg_lat_interval *one,
		    struct rt_err *err)
{
	struct rt_buf text = { 0 }, excerpt = { 0 };
	int rc = mrg_lat_blame(wanted->set, result, one, &text, err);

	if (rc == 0)
		rc = mrg_lat_excerpt_buf(wanted->set, one, MRG_LAT_EXCERPT, &excerpt,
					 wanted->opts->warn, err);
	/* figures stand in the order of the metrics */
	if (rc == 0 && (!rt_buf_str(&text) || !rt_buf_str(&excerpt) ||
			mrg_lat_saved_tell(ret, &ret->figures[one->metric], text.data,
					   excerpt.data) < 0))
		rc = rt_err_set(err, -ENOMEM, "cannot explain an interval");
	rt_buf_finish(&text);
	rt_buf_finish(&excerpt);
	return rc;
}

static int tell(struct mrg_lat_saved *ret, const struct wanted *wanted,
		const struct mrg_lat_result *result, struct rt_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < result->nr_worst && rc == 0; i++)
		rc = tell_one(ret, wanted, result, &result->worst[i], err);
	return rc;
}

static int measure(struct mrg_lat_saved *ret, const char *name, const struct mrg_set *set,
		   const struct mrg_lat_run_opts *opts, struct rt_err *err)
{
	struct wanted wanted = { opts, set };
	struct mrg_lat_opts lat = {
		.to = UINT64_MAX, .threads = opts->threads, .worst = opts->worst,
		.begin = opts->begin, .end = opts->end,
		.nr_groups = (unsigned int)opts->nr_selects,
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
			rc = tell(ret, &wanted, &result, err);
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
