/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-json.c - a result of lat.h for programs: JSON, and its histograms as CSV */
#include "merge/lat-report.h"

#include <errno.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"

static int flush(struct rt_buf *buf, FILE *to, struct rt_err *err)
{
	if (buf->failed)
		return rt_err_set(err, -ENOMEM, "cannot write the report");
	if (buf->len > 0 && fwrite(buf->data, 1, buf->len, to) != buf->len)
		return rt_err_set(err, errno ? -errno : -EIO, "cannot write the report");
	buf->len = 0;
	return 0;
}

static void put_figures(struct rt_json *json, const struct mrg_hist *hist)
{
	static const struct { double value; const char *key; } quantiles[] = {
#define X(value_, key_, head_) { value_, key_ },
		MRG_LAT_QUANTILES(X)
#undef X
	};
	unsigned int i;

	rt_json_put_u64(json, "total_ns", hist->sum);
	rt_json_put_u64(json, "min_ns", hist->count ? hist->min : 0);
	rt_json_put_u64(json, "mean_ns", mrg_hist_mean(hist));
	rt_json_key(json, "quantiles_ns");
	rt_json_open(json, '{');
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		rt_json_put_u64(json, quantiles[i].key,
				mrg_hist_quantile(hist, quantiles[i].value));
	rt_json_close(json, '}');
	rt_json_put_u64(json, "max_ns", hist->max);
}

static void put_metric(struct rt_json *json, const struct mrg_lat_report *report,
		       const struct mrg_lat_metric *metric)
{
	char vm[64];
	unsigned int p;

	rt_json_open(json, '{');
	rt_json_put_str(json, "kind", mrg_lat_kind_name(metric->kind));
	rt_json_put_str(json, "host", report->set->members[metric->member].label);
	if (metric->vm_pid) {
		rt_json_put_str(json, "vm", mrg_lat_vm_name(report->set, metric, vm, sizeof(vm)));
		rt_json_put_u64(json, "vm_pid", (uint64_t)metric->vm_pid);
		rt_json_put_u64(json, "vcpu", (uint64_t)metric->vcpu);
	}
	rt_json_put_str(json, "name", metric->name);
	rt_json_put_u64(json, "count", metric->hist.count);
	rt_json_put_u64(json, "unknown", metric->unknown);
	put_figures(json, &metric->hist);
	if (metric->kind == MRG_LAT_EXIT) {
		rt_json_key(json, "parts_ns");
		rt_json_open(json, '{');
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			rt_json_put_u64(json, mrg_lat_part_name(p), metric->parts[p]);
		rt_json_close(json, '}');
	}
	rt_json_close(json, '}');
}

int mrg_lat_print_json(const struct mrg_lat_report *report, FILE *to, struct rt_err *err)
{
	const struct mrg_lat_result *result = report->result;
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };
	size_t i;
	int rc = 0;

	rt_json_open(&json, '{');
	rt_json_put_u64(&json, "events", result->events);
	rt_json_put_u64(&json, "lost", result->lost);
	rt_json_put_u64(&json, "lost_places", result->lost_places);
	rt_json_put_u64(&json, "clock_set", result->steps);
	rt_json_put_u64(&json, "first_ns", result->first_ns);
	rt_json_put_u64(&json, "last_ns", result->last_ns);
	rt_json_key(&json, "complete");
	rt_json_bool(&json, !result->cut);
	rt_json_key(&json, "metrics");
	rt_json_open(&json, '[');
	for (i = 0; i < result->nr && rc == 0; i++) {
		if (!mrg_lat_is_shown(report, result->metrics[i]))
			continue;
		put_metric(&json, report, result->metrics[i]);
		if (buf.len > 1 << 16)
			rc = flush(&buf, to, err);
	}
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
	rt_buf_puts(&buf, "\n");
	if (rc == 0)
		rc = flush(&buf, to, err);
	rt_buf_finish(&buf);
	return rc;
}

/* ---- CSV ---- */

/* RFC 4180: quoted, quotes doubled. */
static void put_quoted(struct rt_buf *buf, const char *text)
{
	rt_buf_puts(buf, "\"");
	for (; *text; text++)
		rt_buf_add(buf, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	rt_buf_puts(buf, "\"");
}

static void put_buckets(struct rt_buf *buf, const struct mrg_lat_report *report,
			const struct mrg_lat_metric *metric)
{
	char vm[64] = "";
	unsigned int i;
	uint64_t nr;

	if (metric->vm_pid)
		mrg_lat_vm_name(report->set, metric, vm, sizeof(vm));
	for (i = 0; i < MRG_HIST_BUCKETS; i++) {
		nr = mrg_hist_at(&metric->hist, i);
		if (nr == 0)
			continue;
		rt_buf_puts(buf, mrg_lat_kind_name(metric->kind));
		rt_buf_puts(buf, ",");
		put_quoted(buf, report->set->members[metric->member].label);
		rt_buf_puts(buf, ",");
		put_quoted(buf, vm);
		if (metric->vm_pid)
			rt_buf_printf(buf, ",%d,", metric->vcpu);
		else
			rt_buf_puts(buf, ",,");
		put_quoted(buf, metric->name);
		rt_buf_printf(buf, ",%llu,%llu,%llu\r\n",
			      (unsigned long long)(i ? mrg_hist_bucket_top(i - 1) + 1 : 0),
			      (unsigned long long)mrg_hist_bucket_top(i), (unsigned long long)nr);
	}
}

int mrg_lat_print_csv(const struct mrg_lat_report *report, FILE *to, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	size_t i;
	int rc = 0;

	rt_buf_puts(&buf, "kind,host,vm,vcpu,name,from_ns,to_ns,count\r\n");
	for (i = 0; i < report->result->nr && rc == 0; i++) {
		if (mrg_lat_is_shown(report, report->result->metrics[i]))
			put_buckets(&buf, report, report->result->metrics[i]);
		rc = flush(&buf, to, err);
	}
	rt_buf_finish(&buf);
	return rc;
}
