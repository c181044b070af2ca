/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-gate-json.c - what came of the rules: for programs, and for CI systems */
#include <errno.h>
#include <float.h>
#include <math.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/xml.h"
#include "merge/lat-change.h"
#include "merge/lat-gate-internal.h"

/* ---- JSON ---- */

static void put_number(struct rt_json *json, const char *key, double value)
{
	char text[DBL_MAX_10_EXP + 8];	/* a range that few runs bound may reach far */

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

/* What proves a broken rule by itself. */
static void put_by(struct rt_json *json, const struct mrg_lat_outcome *o)
{
	rt_json_key(json, "by");
	rt_json_open(json, '{');
	rt_json_put_str(json, "kind", mrg_lat_kind_name(o->by->kind));
	rt_json_put_str(json, "name", o->by->name);
	rt_json_put_str(json, "host", o->by->host);
	put_range(json, "base", &o->by_base);
	put_range(json, "now", &o->by_now);
	rt_json_close(json, '}');
}

/* The longest intervals that a broken rule speaks of. */
static void put_tales(struct rt_json *json, const struct mrg_lat_gate *gate,
		      const struct mrg_lat_rule *rule)
{
	const struct mrg_lat_tale *tale;
	size_t r, at;

	rt_json_key(json, "worst");
	rt_json_open(json, '[');
	for (r = 0; r < gate->now.nr; r++) {
		at = 0;
		while ((tale = mrg_lat_next_tale(&gate->now.runs[r], rule, &at)) != NULL) {
			rt_json_open(json, '{');
			rt_json_put_str(json, "run", gate->now.runs[r].path);
			rt_json_put_str(json, "text", tale->text);
			rt_json_put_str(json, "excerpt", tale->excerpt);
			rt_json_close(json, '}');
		}
	}
	rt_json_close(json, ']');
}

/* The runs that a rule did not check. */
static void put_lacking(struct rt_json *json, const struct mrg_lat_gate *gate,
			const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_saved *run;
	size_t at = 0;

	rt_json_key(json, "lacking");
	rt_json_open(json, '[');
	while ((run = mrg_lat_next_lacking(gate, o, &at)) != NULL)
		rt_json_str(json, run->path);
	rt_json_close(json, ']');
}

static void put_spending(struct rt_json *json, const char *key,
			 const struct mrg_lat_spending *spending)
{
	rt_json_key(json, key);
	rt_json_open(json, '{');
	put_number(json, "ns", spending->ns);
	put_number(json, "times", spending->times);
	put_number(json, "each_ns", spending->each);
	rt_json_close(json, '}');
}

static void put_changes(struct rt_json *json, const struct mrg_lat_gate *gate)
{
	const struct mrg_lat_change *c;
	size_t i;

	rt_json_key(json, "changes");
	rt_json_open(json, '[');
	for (i = 0; i < gate->nr_changes; i++) {
		c = &gate->changes[i];
		rt_json_open(json, '{');
		rt_json_put_str(json, "what", c->what);
		rt_json_put_str(json, "host", c->host);
		put_spending(json, "base", &c->base);
		put_spending(json, "now", &c->now);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
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
		if (mrg_lat_compares(o))
			put_range(&json, "base", &o->base);
		put_range(&json, "now", &o->now);
		if (o->cap < UINT64_MAX)
			rt_json_put_u64(&json, "cap_ns", o->cap);
		if (o->by)
			put_by(&json, o);
		if (o->verdict == MRG_LAT_BROKEN)
			put_tales(&json, gate, o->rule);
		if (o->verdict == MRG_LAT_MISSING)
			put_lacking(&json, gate, o);
		rt_json_close(&json, '}');
	}
	rt_json_close(&json, ']');
	put_changes(&json, gate);
	rt_json_key(&json, "fails");
	rt_json_bool(&json, fails);
	rt_json_close(&json, '}');
	rt_buf_puts(&buf, "\n");
	return write_out(&buf, to, err);
}

/* ---- JUnit ---- */

static void put_reasons(struct rt_buf *buf, const struct mrg_lat_gate *gate,
			const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_tale *tale;
	char text[384];
	size_t i;

	rt_buf_puts(buf, "\n");
	if (o->by) {
		rt_xml_escape(buf, mrg_lat_by_text(o, text, sizeof(text)));
		rt_buf_puts(buf, "\n");
	}
	for (i = 0; i < gate->nr_changes; i++) {
		rt_buf_puts(buf, "more time than before: ");
		rt_xml_escape(buf, gate->changes[i].what);
		rt_buf_puts(buf, "\n");
	}
	for (i = 0; i < gate->now.nr; i++) {
		tale = mrg_lat_first_tale(&gate->now.runs[i], o);
		if (!tale)
			continue;
		rt_xml_escape(buf, tale->text);
		rt_buf_puts(buf, "\n");
		rt_xml_escape(buf, tale->excerpt);
	}
}

static void put_who_lacks(struct rt_buf *buf, const struct mrg_lat_gate *gate,
			  const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_saved *run;
	size_t at = 0;

	rt_buf_puts(buf, "\n");
	while ((run = mrg_lat_next_lacking(gate, o, &at)) != NULL) {
		rt_xml_escape(buf, run->path);
		rt_buf_puts(buf, " has no figure of it\n");
	}
}

static void put_case(struct rt_buf *buf, const struct mrg_lat_gate *gate,
		     const struct mrg_lat_outcome *o)
{
	char base[96], now[96];

	rt_buf_puts(buf, "  <testcase classname=\"xtrace-latency\" name=\"");
	rt_xml_escape(buf, o->rule->text);
	rt_buf_puts(buf, "\">\n");
	mrg_lat_range_text(o->rule, &o->now, now, sizeof(now));
	mrg_lat_range_text(o->rule, &o->base, base, sizeof(base));
	if (mrg_lat_fails(o))
		rt_buf_printf(buf, "    <failure message=\"%s\">",
			      mrg_lat_verdict_name(o->verdict));
	else
		rt_buf_puts(buf, "    <system-out>");
	rt_buf_printf(buf, "%s: now %s", mrg_lat_verdict_name(o->verdict), now);
	if (mrg_lat_compares(o))
		rt_buf_printf(buf, ", base %s", base);
	if (o->verdict == MRG_LAT_BROKEN)
		put_reasons(buf, gate, o);
	if (o->verdict == MRG_LAT_MISSING)
		put_who_lacks(buf, gate, o);
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
		put_case(&buf, gate, &gate->outcomes[i]);
	rt_buf_puts(&buf, "</testsuite>\n");
	return write_out(&buf, to, err);
}
