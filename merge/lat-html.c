/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-html.c - the report as one page that needs nothing else
 *
 * A latency is judged by its tail, so a drawing shows, for each duration, the part of
 * all intervals that took longer: both axes are logarithmic.
 */
#include "merge/lat-report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/xml.h"
#include "merge/lat-blame.h"

#define CURVES 8	/* a drawing with more cannot be read */

/* A drawing in its own units: the plot, and room for the labels left of and below it. */
#define LEFT 64
#define TOP 8
#define WIDTH 680
#define HEIGHT 240
#define BOTTOM 28

static const char style[] =
	"<style>\n"
	":root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--dim:#6a737d;--line:#d8dee4}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--dim:#8b949e;"
	"--line:#30363d}}\n"
	"body{font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);"
	"max-width:78rem;margin:2rem auto;padding:0 1rem}\n"
	"h2{margin:2.2rem 0 .2rem;font-size:1.15rem}p{margin:.2rem 0 .6rem;color:var(--dim)}\n"
	".wide{overflow-x:auto}svg{width:100%;height:auto;max-width:56rem;display:block}\n"
	"svg text{font:11px system-ui,sans-serif;fill:var(--dim)}\n"
	".grid{stroke:var(--line);fill:none}.curve{fill:none;stroke-width:1.8}\n"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4rem 0}\n"
	"th,td{padding:.15rem .6rem;text-align:right;white-space:nowrap;"
	"border-bottom:1px solid var(--line)}\n"
	"th{color:var(--dim);font-weight:600}th.t,td.t{text-align:left}\n"
	"pre{white-space:pre-wrap;margin:.4rem 0}\n"
	"i{display:inline-block;width:1.1rem;height:.25rem;margin-right:.4rem;"
	"vertical-align:middle}\n"
	".c0{stroke:#0969da;background:#0969da;fill:#0969da}"
	".c1{stroke:#d1242f;background:#d1242f;fill:#d1242f}"
	".c2{stroke:#1a7f37;background:#1a7f37;fill:#1a7f37}"
	".c3{stroke:#9a6700;background:#9a6700;fill:#9a6700}"
	".c4{stroke:#8250df;background:#8250df;fill:#8250df}"
	".c5{stroke:#0598bc;background:#0598bc;fill:#0598bc}"
	".c6{stroke:#bf3989;background:#bf3989;fill:#bf3989}"
	".c7{stroke:#57606a;background:#57606a;fill:#57606a}\n"
	".curve{fill:none}\n"
	"</style>\n";

/* ---- a drawing ---- */

struct axes {
	double first, last;	/* log10 of ns */
	double depth;		/* powers of ten below all intervals */
};

static double place_x(const struct axes *axes, double log_ns)
{
	return LEFT + (log_ns - axes->first) / (axes->last - axes->first) * WIDTH;
}

static double place_y(const struct axes *axes, double part)
{
	return TOP - log10(part) / axes->depth * HEIGHT;
}

static double log_of(uint64_t ns)
{
	return log10(ns ? (double)ns : 1);
}

/* Whole powers of ten around all that is drawn. */
static struct axes axes_of(const struct mrg_lat_metric *const *metrics, size_t nr)
{
	struct axes axes = { .first = INFINITY, .last = 0, .depth = 1 };
	size_t i;

	for (i = 0; i < nr; i++) {
		axes.first = fmin(axes.first, floor(log_of(metrics[i]->hist.min)));
		axes.last = fmax(axes.last, ceil(log_of(metrics[i]->hist.max)));
		axes.depth = fmax(axes.depth, ceil(log10((double)metrics[i]->hist.count)));
	}
	if (axes.last <= axes.first)
		axes.last = axes.first + 1;
	return axes;
}

/* "10us": powers of ten need no fraction. */
static char *tick_text(int power, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	int unit = power < 12 ? power / 3 : 3;

	snprintf(buf, size, "%.0f%s", pow(10, power - 3 * unit), units[unit]);
	return buf;
}

static void put_grid(struct rt_buf *page, const struct axes *axes)
{
	char text[24];
	double at;
	int i;

	for (i = (int)axes->first; i <= (int)axes->last; i++) {
		at = place_x(axes, i);
		rt_buf_printf(page, "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" "
			      "y=\"%d\" text-anchor=\"middle\">%s</text>\n", at, TOP,
			      TOP + HEIGHT, at, TOP + HEIGHT + 18,
			      tick_text(i, text, sizeof(text)));
	}
	for (i = 0; i <= (int)axes->depth; i++) {
		at = place_y(axes, pow(10, -i));
		rt_buf_printf(page, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" "
			      "y=\"%.1f\" text-anchor=\"end\">%.*f%%</text>\n", LEFT, at,
			      LEFT + WIDTH, LEFT - 6, at + 4, i > 2 ? i - 2 : 0,
			      100 * pow(10, -i));
	}
}

/* Of each bucket's durations all that are longer are still to come. */
static void put_curve(struct rt_buf *page, const struct axes *axes,
		      const struct mrg_lat_metric *metric, size_t color)
{
	const struct mrg_hist *hist = &metric->hist;
	uint64_t left = hist->count, count, top;
	unsigned int bucket;

	rt_buf_printf(page, "<path class=\"curve c%zu\" d=\"M%.1f %.1f", color,
		      place_x(axes, log_of(hist->min)), place_y(axes, 1));
	for (bucket = 0; bucket < MRG_HIST_BUCKETS && left; bucket++) {
		count = mrg_hist_at(hist, bucket);
		if (!count)
			continue;
		left -= count;
		top = mrg_hist_bucket_top(bucket);
		top = top < hist->max ? top : hist->max;
		rt_buf_printf(page, "H%.1f", place_x(axes, log_of(top)));
		if (left)
			rt_buf_printf(page, "V%.1f",
				      place_y(axes, (double)left / (double)hist->count));
	}
	rt_buf_printf(page, "V%d\"><title>", TOP + HEIGHT);
	rt_xml_escape(page, metric->name);
	rt_buf_puts(page, "</title></path>\n");
}

static void put_drawing(struct rt_buf *page, const struct mrg_lat_metric *const *metrics, size_t nr)
{
	struct axes axes = axes_of(metrics, nr);
	size_t i;

	rt_buf_printf(page, "<div class=\"wide\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
		      "aria-label=\"part of all intervals that took longer than a time\">\n",
		      LEFT + WIDTH + 32, TOP + HEIGHT + BOTTOM);
	put_grid(page, &axes);
	for (i = nr; i-- > 0;)
		put_curve(page, &axes, metrics[i], i);
	rt_buf_puts(page, "</svg></div>\n");
}

/* ---- tables ---- */

static void put_time(struct rt_buf *page, uint64_t ns)
{
	char text[24];

	rt_buf_printf(page, "<td>%s</td>", mrg_lat_time_text(ns, text, sizeof(text)));
}

static void put_text(struct rt_buf *page, const char *text)
{
	rt_buf_puts(page, "<td class=\"t\">");
	rt_xml_escape(page, text);
	rt_buf_puts(page, "</td>");
}

static void put_vm(struct rt_buf *page, const struct mrg_lat_report *report,
		   const struct mrg_lat_metric *metric)
{
	char vm[64], text[96] = "";

	if (metric->vcpu >= 0)
		snprintf(text, sizeof(text), "%s vCPU %d",
			 mrg_lat_vm_name(report->set, metric, vm, sizeof(vm)), metric->vcpu);
	put_text(page, text);
}

static void put_row(struct rt_buf *page, const struct mrg_lat_report *report,
		    const struct mrg_lat_metric *metric, size_t color)
{
	static const double quantiles[] = {
#define X(value_, key_, head_) value_,
		MRG_LAT_QUANTILES(X)
#undef X
	};
	size_t i;

	rt_buf_puts(page, "<tr><td class=\"t\">");
	if (color < CURVES)
		rt_buf_printf(page, "<i class=\"c%zu\"></i>", color);
	rt_xml_escape(page, metric->name);
	rt_buf_puts(page, "</td>");
	put_text(page, report->set->members[metric->member].label);
	put_vm(page, report, metric);
	rt_buf_printf(page, "<td>%llu</td>", (unsigned long long)metric->hist.count);
	put_time(page, metric->hist.sum);
	put_time(page, metric->hist.min);
	put_time(page, mrg_hist_mean(&metric->hist));
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		put_time(page, mrg_hist_quantile(&metric->hist, quantiles[i]));
	put_time(page, metric->hist.max);
	rt_buf_printf(page, "<td>%llu</td></tr>\n", (unsigned long long)metric->unknown);
}

static void put_table(struct rt_buf *page, const struct mrg_lat_report *report,
		      const struct mrg_lat_metric *const *metrics, size_t nr, size_t nr_curves)
{
	size_t i;

	rt_buf_puts(page, "<div class=\"wide\"><table><thead><tr><th class=\"t\">name</th>"
		    "<th class=\"t\">host</th><th class=\"t\">vCPU</th><th>count</th><th>total</th>"
		    "<th>min</th><th>mean</th>");
#define X(value_, key_, head_) rt_buf_puts(page, "<th>" key_ "</th>");
	MRG_LAT_QUANTILES(X)
#undef X
	rt_buf_puts(page, "<th>max</th><th>unknown</th></tr></thead><tbody>\n");
	for (i = 0; i < nr; i++)
		put_row(page, report, metrics[i], i < nr_curves ? i : CURVES);
	rt_buf_puts(page, "</tbody></table></div>\n");
}

/* ---- where the time outside the guest went ---- */

static void put_bar(struct rt_buf *page, const struct mrg_lat_spent *spent)
{
	double x = 0, width;
	char text[24];
	unsigned int i;

	rt_buf_puts(page, "<td class=\"t\"><svg viewBox=\"0 0 400 14\" style=\"width:25rem\">");
	for (i = 0; i < MRG_LAT_NR_PARTS; i++) {
		width = 400.0 * (double)spent->parts[i] / (double)spent->sum;
		rt_buf_printf(page, "<rect class=\"c%u\" stroke=\"none\" x=\"%.1f\" width=\"%.1f\" "
			      "height=\"14\"><title>%s %s</title></rect>", i, x, width,
			      mrg_lat_part_name(i),
			      mrg_lat_time_text(spent->parts[i], text, sizeof(text)));
		x += width;
	}
	rt_buf_puts(page, "</svg></td>");
}

static void put_spent(struct rt_buf *page, const struct mrg_lat_report *report,
		      const struct mrg_lat_spent *spent)
{
	unsigned int i;

	rt_buf_puts(page, "<tr>");
	put_text(page, report->set->members[spent->first->member].label);
	put_vm(page, report, spent->first);
	put_time(page, spent->sum);
	put_bar(page, spent);
	for (i = 0; i < MRG_LAT_NR_PARTS; i++)
		put_time(page, spent->parts[i]);
	rt_buf_puts(page, "</tr>\n");
}

static void put_parts(struct rt_buf *page, const struct mrg_lat_report *report)
{
	const struct mrg_lat_result *result = report->result;
	struct mrg_lat_spent spent;
	unsigned int p;
	size_t i = 0;

	rt_buf_puts(page, "<h2>where the time outside the guest went</h2>\n<div class=\"wide\">"
		    "<table><thead><tr><th class=\"t\">host</th><th class=\"t\">vCPU</th>"
		    "<th>outside</th><th></th>");
	for (p = 0; p < MRG_LAT_NR_PARTS; p++)
		rt_buf_printf(page, "<th><i class=\"c%u\"></i>%s</th>", p, mrg_lat_part_name(p));
	rt_buf_puts(page, "</tr></thead><tbody>\n");
	while (i < result->nr && result->metrics[i]->kind == MRG_LAT_EXIT) {
		i = mrg_lat_sum_vcpu(report, i, &spent);
		if (spent.sum)
			put_spent(page, report, &spent);
	}
	rt_buf_puts(page, "</tbody></table></div>\n");
}

/* ---- the page ---- */

static void put_head(struct rt_buf *page, const struct mrg_lat_report *report)
{
	const struct mrg_lat_result *result = report->result;
	char lost[96];
	size_t i;

	rt_buf_puts(page, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		    "<meta name=\"viewport\" content=\"width=device-width\">"
		    "<title>xtrace-latency</title>\n");
	rt_buf_puts(page, style);
	rt_buf_puts(page, "</head><body>\n<h1>Latency of ");
	for (i = 0; i < report->set->nr; i++) {
		rt_buf_puts(page, i ? ", " : "");
		rt_xml_escape(page, report->set->members[i].label);
	}
	rt_buf_printf(page, "</h1>\n<p>%llu events in %.6f s, %s.</p>\n",
		      (unsigned long long)result->events,
		      (double)(result->last_ns - result->first_ns) / 1e9,
		      mrg_lat_lost_text(result, lost, sizeof(lost)));
	if (result->steps > 0)
		rt_buf_printf(page, "<p>The clock was set (%zu): intervals that may hold that "
			      "have no figure.</p>\n", result->steps);
}

/* The explained intervals of --worst. */
static int put_worst(struct rt_buf *page, const struct mrg_lat_report *report, struct rt_err *err)
{
	const struct mrg_lat_result *result = report->result;
	struct rt_buf text = { 0 };
	int rc = 0;
	size_t i;

	if (result->nr_worst)
		rt_buf_puts(page, "<h2>the longest intervals</h2>\n<ol>\n");
	for (i = 0; i < result->nr_worst && rc == 0; i++) {
		text.len = 0;
		rc = mrg_lat_blame(report->set, result, &result->worst[i], &text, err);
		rt_buf_puts(page, "<li><pre>");
		if (rc == 0 && rt_buf_str(&text))
			rt_xml_escape(page, text.data);
		rt_buf_puts(page, "</pre></li>\n");
	}
	if (result->nr_worst)
		rt_buf_puts(page, "</ol>\n");
	rt_buf_finish(&text);
	return rc;
}

static void put_kind(struct rt_buf *page, const struct mrg_lat_report *report,
		     enum mrg_lat_kind kind, const struct mrg_lat_metric **space)
{
	bool unknown;
	size_t nr = mrg_lat_choose(report, kind, space, &unknown), curves = 0;

	if (!nr)
		return;
	mrg_lat_sort_by_sum(space, nr);		/* the first ones are drawn */
	if (report->rows && nr > report->rows && kind != MRG_LAT_EXIT)
		nr = report->rows;
	while (curves < nr && curves < CURVES && space[curves]->hist.count)
		curves++;
	rt_buf_printf(page, "<h2>%s</h2>\n<p>%s: the part of all that took longer</p>\n",
		      mrg_lat_kind_name(kind), mrg_lat_kind_help(kind));
	if (curves)
		put_drawing(page, space, curves);
	put_table(page, report, space, nr, curves);
	if (kind == MRG_LAT_EXIT)
		put_parts(page, report);
}

int mrg_lat_print_html(const struct mrg_lat_report *report, FILE *to, struct rt_err *err)
{
	const struct mrg_lat_metric **space = calloc(report->result->nr + 1, sizeof(*space));
	struct rt_buf page = { 0 };
	unsigned int kind;
	int rc = 0;

	if (!space)
		return rt_err_set(err, -ENOMEM, "cannot make the page");
	put_head(&page, report);
	rc = put_worst(&page, report, err);
	for (kind = 0; kind < MRG_LAT_NR_KINDS; kind++)
		put_kind(&page, report, kind, space);
	rt_buf_puts(&page, "</body></html>\n");
	free(space);
	if (rc < 0)
		goto out;
	if (page.failed)
		rc = rt_err_set(err, -ENOMEM, "cannot make the page");
	else if (fwrite(page.data, 1, page.len, to) != page.len)
		rc = rt_err_set(err, -errno, "cannot write the page");
out:
	rt_buf_finish(&page);
	return rc;
}
