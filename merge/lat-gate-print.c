/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-gate-print.c - what came of the rules: for people, for programs, for CI */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/table.h"
#include "lib/xml.h"
#include "merge/lat-gate.h"
#include "merge/lat-report.h"

static bool is_time(const struct mrg_lat_rule *rule)
{
	return rule->stat != MRG_LAT_STAT_COUNT && rule->stat != MRG_LAT_STAT_RATE;
}

static char *figure_text(const struct mrg_lat_rule *rule, double value, char *buf, size_t size)
{
	if (isinf(value))
		snprintf(buf, size, "?");
	else if (is_time(rule))
		mrg_lat_time_text(value < 0 ? 0 : (uint64_t)value, buf, size);
	else
		snprintf(buf, size, "%.1f", value);
	return buf;
}

static char *range_text(const struct mrg_lat_rule *rule, const struct mrg_lat_range *range,
			char *buf, size_t size)
{
	char low[24], value[24], high[24];

	if (range->samples == 0)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%s (%s..%s)",
			 figure_text(rule, range->value, value, sizeof(value)),
			 figure_text(rule, range->low, low, sizeof(low)),
			 figure_text(rule, range->high, high, sizeof(high)));
	return buf;
}

static bool compares(const struct mrg_lat_outcome *o)
{
	return o->rule->limit != MRG_LAT_ABSOLUTE;
}

/* "+31%", or "" where there is nothing to compare. */
static char *change_text(const struct mrg_lat_outcome *o, char *buf, size_t size)
{
	buf[0] = '\0';
	if (compares(o) && o->base.samples > 0 && o->now.samples > 0 && o->base.value > 0)
		snprintf(buf, size, "%+.1f%%", 100 * (o->now.value / o->base.value - 1));
	return buf;
}

/* ---- what differs between the sides, and what is told of the worst ---- */

/* What is not known is no difference. */
static bool differ(const char *a, const char *b)
{
	return *a && *b && strcmp(a, b) != 0;
}

static void print_differences(const struct mrg_lat_gate *gate, FILE *to)
{
	const struct mrg_lat_saved *a, *b;
	size_t i;

	if (gate->base.nr == 0 || gate->now.nr == 0)
		return;
	a = &gate->base.runs[0];
	b = &gate->now.runs[0];
	for (i = 0; i < a->nr_conditions && i < b->nr_conditions; i++) {
		if (differ(a->conditions[i].kernel, b->conditions[i].kernel))
			fprintf(to, "note: %s ran Linux %s before and %s now\n",
				b->conditions[i].label, a->conditions[i].kernel,
				b->conditions[i].kernel);
		if (differ(a->conditions[i].machine, b->conditions[i].machine))
			fprintf(to, "note: %s is another machine than before\n",
				b->conditions[i].label);
		if (differ(a->conditions[i].cpu, b->conditions[i].cpu))
			fprintf(to, "note: %s ran on \"%s\" before and on \"%s\" now\n",
				b->conditions[i].label, a->conditions[i].cpu, b->conditions[i].cpu);
		if (differ(a->conditions[i].config, b->conditions[i].config))
			fprintf(to, "note: %s is configured differently than before (boot "
				"parameters, CPUs, or kvmrt.cfg)\n", b->conditions[i].label);
	}
	if (gate->base.nr == 1 || gate->now.nr == 1)
		fprintf(to, "note: with one run on a side nothing tells how much runs differ "
			"by themselves; several make the ranges honest\n");
}

static void print_tales(const struct mrg_lat_gate *gate, const struct mrg_lat_outcome *o, FILE *to)
{
	const struct mrg_lat_tale *tale;
	size_t r, i;

	for (r = 0; r < gate->now.nr; r++) {
		for (i = 0; i < gate->now.runs[r].nr_tales; i++) {
			tale = &gate->now.runs[r].tales[i];
			if (mrg_lat_select_match(&o->rule->select, tale->kind, tale->name,
						 tale->host))
				fprintf(to, "  %s: %s\n", gate->now.runs[r].path, tale->text);
		}
	}
}

int mrg_lat_gate_print(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	static const struct rt_column columns[] = {
		{ "VERDICT", "verdict", RT_COL_STRING, NULL },
		{ "RULE", "rule", RT_COL_STRING, NULL },
		{ "BASE", "base", RT_COL_STRING, NULL }, { "NOW", "now", RT_COL_STRING, NULL },
		{ "CHANGE", "change", RT_COL_NUMBER, NULL },
		{ "SAMPLES", "samples", RT_COL_NUMBER, NULL },
	};
	const struct mrg_lat_outcome *o;
	struct rt_table *table;
	char text[96];
	size_t i;
	int rc = rt_table_create(&table, columns, sizeof(columns) / sizeof(*columns));

	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (i = 0; i < gate->nr; i++) {
		o = &gate->outcomes[i];
		rt_table_row(table);
		rt_table_str(table, 0, mrg_lat_verdict_name(o->verdict));
		rt_table_str(table, 1, o->rule->text);
		if (compares(o))
			rt_table_str(table, 2, range_text(o->rule, &o->base, text, sizeof(text)));
		rt_table_str(table, 3, range_text(o->rule, &o->now, text, sizeof(text)));
		if (*change_text(o, text, sizeof(text)))
			rt_table_str(table, 4, text);
		rt_table_u64(table, 5, o->now.samples);
	}
	rc = rt_table_print(table, to, err);
	rt_table_destroy(table);
	print_differences(gate, to);
	for (i = 0; i < gate->nr && rc == 0; i++) {
		o = &gate->outcomes[i];
		if (o->verdict == MRG_LAT_FEW)
			fprintf(to, "note: %s: %llu samples; %llu would do\n", o->rule->text,
				(unsigned long long)o->now.samples, (unsigned long long)o->wanted);
		if (o->verdict == MRG_LAT_BROKEN) {
			fprintf(to, "\n%s\n", o->rule->text);
			print_tales(gate, o, to);
		}
	}
	return rc;
}

/* ---- JSON ---- */

static void put_number(struct rt_json *json, const char *key, double value)
{
	char text[32];

	rt_json_key(json, key);
	if (isinf(value))
		rt_json_null(json);
	else
		rt_json_raw(json, text, (size_t)snprintf(text, sizeof(text), "%.1f", value));
}

static void put_range(struct rt_json *json, const char *key, const struct mrg_lat_range *range)
{
	rt_json_key(json, key);
	rt_json_open(json, '{');
	put_number(json, "value", range->value);
	put_number(json, "low", range->low);
	put_number(json, "high", range->high);
	rt_json_key(json, "samples");
	rt_json_u64(json, range->samples);
	rt_json_close(json, '}');
}

static int write_out(struct rt_buf *buf, FILE *to, struct rt_err *err)
{
	int rc = 0;

	if (buf->failed)
		rc = rt_err_set(err, -ENOMEM, "cannot write the verdicts");
	else if (fwrite(buf->data, 1, buf->len, to) != buf->len)
		rc = rt_err_set(err, errno ? -errno : -EIO, "cannot write the verdicts");
	rt_buf_finish(buf);
	return rc;
}

int mrg_lat_gate_json(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	const struct mrg_lat_outcome *o;
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };
	bool fails = false;
	size_t i;

	rt_json_open(&json, '{');
	rt_json_key(&json, "rules");
	rt_json_open(&json, '[');
	for (i = 0; i < gate->nr; i++) {
		o = &gate->outcomes[i];
		fails |= mrg_lat_fails(o);
		rt_json_open(&json, '{');
		rt_json_key(&json, "rule");
		rt_json_str(&json, o->rule->text);
		rt_json_key(&json, "verdict");
		rt_json_str(&json, mrg_lat_verdict_name(o->verdict));
		rt_json_key(&json, "fails");
		rt_json_bool(&json, mrg_lat_fails(o));
		if (compares(o))
			put_range(&json, "base", &o->base);
		put_range(&json, "now", &o->now);
		rt_json_close(&json, '}');
	}
	rt_json_close(&json, ']');
	rt_json_key(&json, "fails");
	rt_json_bool(&json, fails);
	rt_json_close(&json, '}');
	rt_buf_puts(&buf, "\n");
	return write_out(&buf, to, err);
}

/* ---- JUnit ---- */

static void put_case(struct rt_buf *buf, const struct mrg_lat_outcome *o)
{
	char base[96], now[96];

	rt_buf_puts(buf, "  <testcase classname=\"xtrace-latency\" name=\"");
	rt_xml_escape(buf, o->rule->text);
	rt_buf_puts(buf, "\">\n");
	range_text(o->rule, &o->now, now, sizeof(now));
	range_text(o->rule, &o->base, base, sizeof(base));
	if (mrg_lat_fails(o))
		rt_buf_printf(buf, "    <failure message=\"%s\">",
			      mrg_lat_verdict_name(o->verdict));
	else
		rt_buf_puts(buf, "    <system-out>");
	rt_buf_printf(buf, "%s: now %s", mrg_lat_verdict_name(o->verdict), now);
	if (compares(o))
		rt_buf_printf(buf, ", base %s", base);
	rt_buf_puts(buf, mrg_lat_fails(o) ? "</failure>\n" : "</system-out>\n");
	rt_buf_puts(buf, "  </testcase>\n");
}

int mrg_lat_gate_junit(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	size_t i, failures = 0;

	for (i = 0; i < gate->nr; i++)
		failures += mrg_lat_fails(&gate->outcomes[i]);
	rt_buf_printf(&buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<testsuite name=\"xtrace-latency\" tests=\"%zu\" failures=\"%zu\">\n",
		      gate->nr, failures);
	for (i = 0; i < gate->nr; i++)
		put_case(&buf, &gate->outcomes[i]);
	rt_buf_puts(&buf, "</testsuite>\n");
	return write_out(&buf, to, err);
}
