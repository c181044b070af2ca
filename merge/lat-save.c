/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-save.c - a run's figures in memory and into a file */
#include "merge/lat-save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/replace.h"
#include "merge/lat-report.h"

/* ---- in memory ---- */

static int take_figures(struct mrg_lat_saved *ret, const struct mrg_set *set,
			struct mrg_lat_result *result)
{
	struct mrg_lat_metric *metric;
	struct mrg_lat_figure *figure;
	size_t i;

	ret->figures = calloc(result->nr + 1, sizeof(*ret->figures));
	if (!ret->figures)
		return -ENOMEM;
	for (i = 0; i < result->nr; i++) {
		metric = result->metrics[i];
		figure = &ret->figures[ret->nr++];
		figure->kind = metric->kind;
		figure->vcpu = metric->vcpu;
		figure->unknown = metric->unknown;
		snprintf(figure->host, sizeof(figure->host), "%s",
			 set->members[metric->member].label);
		if (metric->vm_pid > 0)
			mrg_lat_vm_name(set, metric, figure->vm, sizeof(figure->vm));
		memcpy(figure->name, metric->name, sizeof(figure->name));
		memcpy(figure->parts, metric->parts, sizeof(figure->parts));
		figure->hist = metric->hist;
		metric->hist = (struct mrg_hist){ 0 };
	}
	return 0;
}

bool mrg_lat_condition_whole(const struct mrg_lat_condition *c)
{
#define X(field_, key_) if (!c->field_) return false;
	MRG_LAT_CONDITIONS(X)
#undef X
	return true;
}

static int take_conditions(struct mrg_lat_saved *ret, const struct mrg_set *set)
{
	const struct xt_info *info;
	struct mrg_lat_condition *c;
	size_t m;

	ret->conditions = calloc(set->nr + 1, sizeof(*ret->conditions));
	if (!ret->conditions)
		return -ENOMEM;
	for (m = 0; m < set->nr; m++) {
		info = xt_trace_info(set->members[m].trace);
		c = &ret->conditions[ret->nr_conditions++];
		c->label = strdup(set->members[m].label);
		c->host = strdup(info->host ? info->host : "");
		c->kernel = strdup(info->release ? info->release : "");
		c->machine = strdup(info->machine_id ? info->machine_id : "");
		c->cpu = strdup(info->cpu_model ? info->cpu_model : "");
		c->config = strdup(info->config_hash ? info->config_hash : "");
		c->command = strdup(info->command ? info->command : "");
		if (!mrg_lat_condition_whole(c))
			return -ENOMEM;
	}
	return 0;
}

int mrg_lat_saved_take(struct mrg_lat_saved *ret, const struct mrg_set *set,
		       struct mrg_lat_result *result, const char *path)
{
	int rc;

	*ret = (struct mrg_lat_saved){
		.path = strdup(path), .events = result->events, .lost = result->lost,
		.duration_ns = result->last_ns - result->first_ns,
	};
	rc = ret->path ? take_figures(ret, set, result) : -ENOMEM;
	return rc < 0 ? rc : take_conditions(ret, set);
}

int mrg_lat_saved_tell(struct mrg_lat_saved *saved, const struct mrg_lat_figure *figure,
		       const char *text, const char *excerpt)
{
	struct mrg_lat_tale *more = realloc(saved->tales, (saved->nr_tales + 1) * sizeof(*more));
	struct mrg_lat_tale *tale;

	if (!more)
		return -ENOMEM;
	saved->tales = more;
	tale = &more[saved->nr_tales];
	*tale = (struct mrg_lat_tale){
		.kind = figure->kind, .text = strdup(text), .excerpt = strdup(excerpt),
	};
	memcpy(tale->host, figure->host, sizeof(tale->host));
	memcpy(tale->name, figure->name, sizeof(tale->name));
	saved->nr_tales++;
	return tale->text && tale->excerpt ? 0 : -ENOMEM;
}

void mrg_lat_saved_finish(struct mrg_lat_saved *saved)
{
	struct mrg_lat_condition *c;
	size_t i;

	for (i = 0; i < saved->nr; i++)
		mrg_hist_finish(&saved->figures[i].hist);
	for (i = 0; i < saved->nr_conditions; i++) {
		c = &saved->conditions[i];
#define X(field_, key_) free(c->field_);
		MRG_LAT_CONDITIONS(X)
#undef X
	}
	for (i = 0; i < saved->nr_tales; i++) {
		free(saved->tales[i].text);
		free(saved->tales[i].excerpt);
	}
	free(saved->figures);
	free(saved->conditions);
	free(saved->tales);
	free(saved->path);
	*saved = (struct mrg_lat_saved){ 0 };
}

/* ---- as JSON ---- */

/* Pairs of a bucket's number and its count, one list. */
static void put_buckets(struct rt_json *json, const struct mrg_hist *hist)
{
	unsigned int i;

	rt_json_key(json, "buckets");
	rt_json_open(json, '[');
	for (i = 0; i < MRG_HIST_BUCKETS; i++) {
		if (mrg_hist_at(hist, i) == 0)
			continue;
		rt_json_u64(json, i);
		rt_json_u64(json, mrg_hist_at(hist, i));
	}
	rt_json_close(json, ']');
}

static void put_figure(struct rt_json *json, const struct mrg_lat_figure *figure)
{
	unsigned int p;

	rt_json_open(json, '{');
	rt_json_put_str(json, "kind", mrg_lat_kind_name(figure->kind));
	rt_json_put_str(json, "host", figure->host);
	if (figure->vm[0]) {
		rt_json_put_str(json, "vm", figure->vm);
		rt_json_put_u64(json, "vcpu", (uint64_t)figure->vcpu);
	}
	rt_json_put_str(json, "name", figure->name);
	rt_json_put_u64(json, "unknown", figure->unknown);
	rt_json_put_u64(json, "sum", figure->hist.sum);
	rt_json_put_u64(json, "min", figure->hist.min);
	rt_json_put_u64(json, "max", figure->hist.max);
	if (figure->kind == MRG_LAT_EXIT) {
		rt_json_key(json, "parts");
		rt_json_open(json, '{');
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			rt_json_put_u64(json, mrg_lat_part_name(p), figure->parts[p]);
		rt_json_close(json, '}');
	}
	put_buckets(json, &figure->hist);
	rt_json_close(json, '}');
	rt_buf_puts(json->buf, "\n");
}

static void put_condition(struct rt_json *json, const struct mrg_lat_condition *c)
{
	rt_json_open(json, '{');
#define X(field_, key_) rt_json_put_str(json, key_, c->field_);
	MRG_LAT_CONDITIONS(X)
#undef X
	rt_json_close(json, '}');
}

static void put_tale(struct rt_json *json, const struct mrg_lat_tale *tale)
{
	rt_json_open(json, '{');
	rt_json_put_str(json, "kind", mrg_lat_kind_name(tale->kind));
	rt_json_put_str(json, "host", tale->host);
	rt_json_put_str(json, "name", tale->name);
	rt_json_put_str(json, "text", tale->text);
	rt_json_put_str(json, "excerpt", tale->excerpt);
	rt_json_close(json, '}');
}

static void put_all(struct rt_json *json, const struct mrg_lat_saved *saved)
{
	size_t i;

	rt_json_open(json, '{');
	rt_json_put_u64(json, "xtrace-latency", MRG_LAT_SAVE_VERSION);
	rt_json_put_u64(json, "sub_buckets", MRG_HIST_SUB);
	rt_json_put_u64(json, "events", saved->events);
	rt_json_put_u64(json, "lost", saved->lost);
	rt_json_put_u64(json, "duration_ns", saved->duration_ns);
	rt_json_key(json, "conditions");
	rt_json_open(json, '[');
	for (i = 0; i < saved->nr_conditions; i++)
		put_condition(json, &saved->conditions[i]);
	rt_json_close(json, ']');
	rt_json_key(json, "worst");
	rt_json_open(json, '[');
	for (i = 0; i < saved->nr_tales; i++)
		put_tale(json, &saved->tales[i]);
	rt_json_close(json, ']');
	rt_json_key(json, "metrics");
	rt_json_open(json, '[');
	for (i = 0; i < saved->nr; i++)
		put_figure(json, &saved->figures[i]);
	rt_json_close(json, ']');
	rt_json_close(json, '}');
	rt_buf_puts(json->buf, "\n");
}

int mrg_lat_save(const struct mrg_lat_saved *saved, const char *path, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };
	int rc;

	put_all(&json, saved);
	rc = buf.failed ? -ENOMEM : rt_write_file(path, buf.data, buf.len);
	if (rc < 0)
		rt_err_set(err, rc, "cannot write %s", path);
	rt_buf_finish(&buf);
	return rc;
}
