/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-load.c - a run's figures out of a file that may be anything
 *
 * Every count is checked against what a histogram can hold; what does not fit is
 * refused with the number of the metric it stands in.
 */
#include "merge/lat-save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json-read.h"

#define MAX_FIGURES 200000
#define MAX_COUNT (1ull << 60)	/* of one bucket: sums of many cannot overflow */

static int bad(const struct mrg_lat_saved *saved, const char *where, size_t i, const char *what,
	       struct rt_err *err)
{
	return rt_err_say(err, -EBADMSG, "%s: %s %zu: %s", saved->path, where, i, what);
}

static uint64_t number(const struct rt_jval *object, const char *key)
{
	uint64_t value = 0;

	rt_jval_u64(rt_jval_get(object, key), &value);
	return value;
}

static const char *text(const struct rt_jval *object, const char *key)
{
	const char *value = rt_jval_str(rt_jval_get(object, key));

	return value ? value : "";
}

/* ---- metrics ---- */

static int load_buckets(struct mrg_lat_figure *figure, const struct rt_jval *list)
{
	uint64_t bucket, nr, last = 0;
	size_t i, len = rt_jval_len(list);

	if (len % 2 != 0)
		return -EBADMSG;
	for (i = 0; i < len; i += 2) {
		if (!rt_jval_u64(rt_jval_at(list, i), &bucket) ||
		    !rt_jval_u64(rt_jval_at(list, i + 1), &nr) || bucket >= MRG_HIST_BUCKETS ||
		    nr == 0 || nr > MAX_COUNT || figure->hist.count > MAX_COUNT ||
		    (i > 0 && bucket <= last))
			return -EBADMSG;
		if (mrg_hist_add_bucket(&figure->hist, (unsigned int)bucket, nr) < 0)
			return -ENOMEM;
		last = bucket;
	}
	return 0;
}

/* A sum that its buckets cannot have; of large ones the last digits are not told apart. */
static bool is_sum_off(const struct mrg_hist *hist)
{
	double least = 0, most = 0, nr, sum = (double)hist->sum;
	unsigned int b;

	for (b = 0; b < MRG_HIST_BUCKETS; b++) {
		nr = (double)mrg_hist_at(hist, b);
		least += nr * (b > 0 ? (double)mrg_hist_bucket_top(b - 1) + 1 : 0);
		most += nr * (double)mrg_hist_bucket_top(b);
	}
	return sum < least * (1 - 1e-9) || sum > most * (1 + 1e-9);
}

/* The least and the greatest must lie in the first and the last bucket. */
static bool is_sound(const struct mrg_hist *hist)
{
	if (hist->count == 0)
		return true;
	if (is_sum_off(hist))
		return false;
	return hist->min <= hist->max && mrg_hist_at(hist, mrg_hist_bucket(hist->min)) > 0 &&
	       mrg_hist_at(hist, mrg_hist_bucket(hist->max)) > 0 &&
	       mrg_hist_rank(hist, hist->count) == hist->max;
}

static int load_figure(struct mrg_lat_saved *ret, const struct rt_jval *object, size_t i,
		       struct rt_err *err)
{
	struct mrg_lat_figure *figure = &ret->figures[ret->nr++];
	const struct rt_jval *parts = rt_jval_get(object, "parts");
	unsigned int p;
	int rc;

	figure->kind = mrg_lat_kind_find(text(object, "kind"));
	if (figure->kind == MRG_LAT_NR_KINDS) {
		figure->kind = 0;
		return bad(ret, "metric", i, "expected a kind that this version knows", err);
	}
	snprintf(figure->host, sizeof(figure->host), "%s", text(object, "host"));
	snprintf(figure->vm, sizeof(figure->vm), "%s", text(object, "vm"));
	snprintf(figure->name, sizeof(figure->name), "%s", text(object, "name"));
	figure->vcpu = figure->vm[0] ? (int)(number(object, "vcpu") & 0xffffff) : -1;
	figure->unknown = number(object, "unknown");
	for (p = 0; p < MRG_LAT_NR_PARTS; p++)
		figure->parts[p] = number(parts, mrg_lat_part_name(p));
	figure->hist.sum = number(object, "sum");
	figure->hist.min = number(object, "min");
	figure->hist.max = number(object, "max");
	rc = load_buckets(figure, rt_jval_get(object, "buckets"));
	if (rc == -ENOMEM)
		return rt_err_set(err, rc, "%s", ret->path);
	if (rc < 0 || !is_sound(&figure->hist))
		return bad(ret, "metric", i, "its buckets do not make a histogram", err);
	return 0;
}

static int load_figures(struct mrg_lat_saved *ret, const struct rt_jval *root, struct rt_err *err)
{
	const struct rt_jval *list = rt_jval_get(root, "metrics");
	size_t i, len = rt_jval_len(list);
	int rc = 0;

	if (len > MAX_FIGURES)
		return bad(ret, "more than", MAX_FIGURES, "metrics", err);
	ret->figures = calloc(len + 1, sizeof(*ret->figures));
	if (!ret->figures)
		return rt_err_set(err, -ENOMEM, "%s", ret->path);
	for (i = 0; i < len && rc == 0; i++)
		rc = load_figure(ret, rt_jval_at(list, i), i, err);
	return rc;
}

/* ---- what is told beside them ---- */

static int load_conditions(struct mrg_lat_saved *ret, const struct rt_jval *root)
{
	const struct rt_jval *list = rt_jval_get(root, "conditions"), *one;
	size_t i, len = rt_jval_len(list);
	struct mrg_lat_condition *c;

	ret->conditions = calloc(len + 1, sizeof(*ret->conditions));
	if (!ret->conditions)
		return -ENOMEM;
	for (i = 0; i < len; i++) {
		one = rt_jval_at(list, i);
		c = &ret->conditions[ret->nr_conditions++];
#define X(field_, key_) c->field_ = strdup(text(one, key_));
		MRG_LAT_CONDITIONS(X)
#undef X
		if (!mrg_lat_condition_whole(c))
			return -ENOMEM;
	}
	return 0;
}

static int load_tales(struct mrg_lat_saved *ret, const struct rt_jval *root)
{
	const struct rt_jval *list = rt_jval_get(root, "worst"), *one;
	struct mrg_lat_figure about = { 0 };
	size_t i, len = rt_jval_len(list);
	int rc = 0;

	for (i = 0; i < len && rc == 0; i++) {
		one = rt_jval_at(list, i);
		about.kind = mrg_lat_kind_find(text(one, "kind"));
		if (about.kind == MRG_LAT_NR_KINDS)
			continue;
		snprintf(about.host, sizeof(about.host), "%s", text(one, "host"));
		snprintf(about.name, sizeof(about.name), "%s", text(one, "name"));
		rc = mrg_lat_saved_tell(ret, &about, text(one, "text"), text(one, "excerpt"));
	}
	return rc;
}

static int load_root(struct mrg_lat_saved *ret, const struct rt_jval *root, struct rt_err *err)
{
	uint64_t version = number(root, "xtrace-latency");

	if (version == 0)
		return rt_err_say(err, -EBADMSG, "%s: expected a file of xtrace-latency --save: "
				  "there is no \"xtrace-latency\" in it", ret->path);
	if (version != MRG_LAT_SAVE_VERSION || number(root, "sub_buckets") != MRG_HIST_SUB)
		return rt_err_say(err, -EBADMSG, "%s: version %llu with %llu sub-buckets; expected "
				  "version %d with %u", ret->path, (unsigned long long)version,
				  (unsigned long long)number(root, "sub_buckets"),
				  MRG_LAT_SAVE_VERSION, MRG_HIST_SUB);
	ret->events = number(root, "events");
	ret->lost = number(root, "lost");
	ret->duration_ns = number(root, "duration_ns");
	if (load_conditions(ret, root) < 0 || load_tales(ret, root) < 0)
		return rt_err_set(err, -ENOMEM, "%s", ret->path);
	return load_figures(ret, root, err);
}

static int load(struct mrg_lat_saved *ret, struct rt_jval *root, const char *name,
		struct rt_err *err)
{
	int rc;

	*ret = (struct mrg_lat_saved){ .path = strdup(name) };
	rc = ret->path ? load_root(ret, root, err) : rt_err_set(err, -ENOMEM, "%s", name);
	rt_jval_destroy(root);
	if (rc < 0)
		mrg_lat_saved_finish(ret);
	return rc;
}

int mrg_lat_load(struct mrg_lat_saved *ret, const char *path, struct rt_err *err)
{
	struct rt_jval *root;
	int rc = rt_json_load(&root, path, MRG_LAT_SAVE_MAX, err);

	return rc < 0 ? rc : load(ret, root, path, err);
}

int mrg_lat_load_text(struct mrg_lat_saved *ret, const char *json, size_t len, const char *name,
		      struct rt_err *err)
{
	struct rt_jval *root;
	int rc = rt_json_parse(&root, json, len, name, err);

	return rc < 0 ? rc : load(ret, root, name, err);
}
