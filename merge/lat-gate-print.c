/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-gate-print.c - what came of the rules: for people */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/err.h"
#include "lib/table.h"
#include "lib/text.h"
#include "merge/lat-change.h"
#include "merge/lat-gate-internal.h"
#include "merge/lat-report.h"

static bool is_time(const struct mrg_lat_rule *rule)
{
	return rule->stat != MRG_LAT_STAT_COUNT && rule->stat != MRG_LAT_STAT_RATE;
}

/* A file may say anything: no more than a time can be. */
static uint64_t whole_ns(double ns)
{
	return ns < 0 ? 0 : ns > 1e18 ? (uint64_t)1e18 : (uint64_t)ns;
}

static char *figure_text(const struct mrg_lat_rule *rule, double value, char *buf, size_t size)
{
	if (isinf(value))
		snprintf(buf, size, "?");
	else if (is_time(rule))
		mrg_lat_time_text(whole_ns(value), buf, size);
	else
		snprintf(buf, size, "%.1f", value);
	return buf;
}

char *mrg_lat_range_text(const struct mrg_lat_rule *rule, const struct mrg_lat_range *range,
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

bool mrg_lat_compares(const struct mrg_lat_outcome *o)
{
	return o->rule->limit != MRG_LAT_ABSOLUTE;
}

/* "+31%", "12 times", or "" where there is nothing to compare. */
static char *change_text(const struct mrg_lat_outcome *o, char *buf, size_t size)
{
	double times = o->base.value > 0 ? o->now.value / o->base.value : 0;

	buf[0] = '\0';
	if (!mrg_lat_compares(o) || o->base.samples == 0 || o->now.samples == 0 || times <= 0)
		return buf;
	if (times < 10)
		snprintf(buf, size, "%+.1f%%", 100 * (times - 1));
	else
		snprintf(buf, size, "%.0f times", times);
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

const struct mrg_lat_tale *mrg_lat_next_tale(const struct mrg_lat_saved *run,
					     const struct mrg_lat_rule *rule, size_t *at)
{
	const struct mrg_lat_tale *tale;

	while (*at < run->nr_tales) {
		tale = &run->tales[(*at)++];
		if (mrg_lat_select_match(&rule->select, tale->kind, tale->name, tale->host))
			return tale;
	}
	return NULL;
}

static bool is_by(const struct mrg_lat_outcome *o, const struct mrg_lat_tale *tale)
{
	return o->by && tale->kind == o->by->kind && strcmp(tale->name, o->by->name) == 0 &&
	       strcmp(tale->host, o->by->host) == 0;
}

const struct mrg_lat_tale *mrg_lat_first_tale(const struct mrg_lat_saved *run,
					      const struct mrg_lat_outcome *o)
{
	const struct mrg_lat_tale *tale, *first;
	size_t at = 0;

	first = tale = mrg_lat_next_tale(run, o->rule, &at);
	while (tale && !is_by(o, tale))
		tale = mrg_lat_next_tale(run, o->rule, &at);
	return tale ? tale : first;
}

static void print_tales(const struct mrg_lat_gate *gate, const struct mrg_lat_outcome *o, FILE *to)
{
	const struct mrg_lat_tale *tale;
	size_t r;

	for (r = 0; r < gate->now.nr; r++) {
		tale = mrg_lat_first_tale(&gate->now.runs[r], o);
		if (tale)
			fprintf(to, "  %s: %s\n", gate->now.runs[r].path, tale->text);
	}
}

static void put_spending(struct rt_table *table, unsigned int column,
			 const struct mrg_lat_spending *spending)
{
	char text[24];

	rt_table_str(table, column, mrg_lat_time_text(whole_ns(spending->ns), text, sizeof(text)));
	rt_table_printf(table, column + 1, "%.1f", spending->times);
	if (spending->each > 0)
		rt_table_str(table, column + 2, mrg_lat_time_text(whole_ns(spending->each), text,
								  sizeof(text)));
}

static int print_changes(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	static const struct rt_column columns[] = {
		{ "WHAT", "what", RT_COL_STRING, NULL }, { "HOST", "host", RT_COL_STRING, NULL },
		{ "BASE/S", "base_ns", RT_COL_NUMBER, NULL },
		{ "TIMES/S", "base_times", RT_COL_NUMBER, NULL },
		{ "EACH", "base_each", RT_COL_NUMBER, NULL },
		{ "NOW/S", "now_ns", RT_COL_NUMBER, NULL },
		{ "TIMES/S", "now_times", RT_COL_NUMBER, NULL },
		{ "EACH", "now_each", RT_COL_NUMBER, NULL },
	};
	struct rt_table *table;
	size_t i;
	int rc;

	if (gate->nr_changes == 0)
		return 0;
	rc = rt_table_create(&table, columns, sizeof(columns) / sizeof(*columns));
	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (i = 0; i < gate->nr_changes; i++) {
		rt_table_row(table);
		rt_table_str(table, 0, gate->changes[i].what);
		rt_table_str(table, 1, gate->changes[i].host);
		put_spending(table, 2, &gate->changes[i].base);
		put_spending(table, 5, &gate->changes[i].now);
	}
	fprintf(to, "\nwhat takes more time than before, beyond chance:\n");
	rc = rt_table_print(table, to, err);
	rt_table_destroy(table);
	return rc;
}

static void print_whole_tales(const struct mrg_lat_saved *run, const struct mrg_lat_outcome *o,
			      FILE *to)
{
	const struct mrg_lat_tale *tale;
	size_t at = 0;

	while ((tale = mrg_lat_next_tale(run, o->rule, &at)) != NULL)
		fprintf(to, "\n%s: %s\n%s", run->path, tale->text, tale->excerpt);
}

int mrg_lat_gate_guilty(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	size_t i, r;
	int rc = print_changes(gate, to, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < gate->nr; i++) {
		if (gate->outcomes[i].verdict != MRG_LAT_BROKEN)
			continue;
		fprintf(to, "\n==== %s\n", gate->outcomes[i].rule->text);
		for (r = 0; r < gate->now.nr; r++)
			print_whole_tales(&gate->now.runs[r], &gate->outcomes[i], to);
	}
	return ferror(to) ? rt_err_set(err, -EIO, "cannot write what is guilty") : 0;
}

static void put_outcome(struct rt_table *table, const struct mrg_lat_outcome *o)
{
	char text[96];

	rt_table_row(table);
	rt_table_str(table, 0, mrg_lat_verdict_name(o->verdict));
	rt_table_str(table, 1, o->rule->text);
	if (mrg_lat_compares(o))
		rt_table_str(table, 2,
			     mrg_lat_range_text(o->rule, &o->base, text, sizeof(text)));
	rt_table_str(table, 3, mrg_lat_range_text(o->rule, &o->now, text, sizeof(text)));
	if (*change_text(o, text, sizeof(text)))
		rt_table_str(table, 4, text);
	rt_table_u64(table, 5, o->now.samples);
}

static int print_outcomes(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	static const struct rt_column columns[] = {
		{ "VERDICT", "verdict", RT_COL_STRING, NULL },
		{ "RULE", "rule", RT_COL_STRING, NULL },
		{ "BASE", "base", RT_COL_STRING, NULL }, { "NOW", "now", RT_COL_STRING, NULL },
		{ "CHANGE", "change", RT_COL_NUMBER, NULL },
		{ "SAMPLES", "samples", RT_COL_NUMBER, NULL },
	};
	struct rt_table *table;
	size_t i;
	int rc = rt_table_create(&table, columns, sizeof(columns) / sizeof(*columns));

	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (i = 0; i < gate->nr; i++)
		put_outcome(table, &gate->outcomes[i]);
	rc = rt_table_print(table, to, err);
	rt_table_destroy(table);
	return rc;
}

/* ---- a rule whose metric is nowhere ---- */

#define MAX_NAMES 64	/* to look for a near one in */
#define MAX_NEAR 3

static const struct mrg_lat_figure *figure_of_run(const struct mrg_lat_saved *run,
						  const struct mrg_lat_select *select)
{
	for (size_t i = 0; i < run->nr; i++) {
		const struct mrg_lat_figure *f = &run->figures[i];

		if (f->hist.count && mrg_lat_select_match(select, f->kind, f->name, f->host))
			return f;
	}
	return NULL;
}

static const struct mrg_lat_figure *find_figure(const struct mrg_lat_side *side,
						const struct mrg_lat_select *select)
{
	const struct mrg_lat_figure *found = NULL;

	for (size_t r = 0; r < side->nr && !found; r++)
		found = figure_of_run(&side->runs[r], select);
	return found;
}

const struct mrg_lat_saved *mrg_lat_next_lacking(const struct mrg_lat_gate *gate,
						 const struct mrg_lat_outcome *o, size_t *at)
{
	size_t nr = gate->now.nr + (mrg_lat_compares(o) ? gate->base.nr : 0);

	while (*at < nr) {
		size_t r = (*at)++;
		const struct mrg_lat_saved *run = r < gate->now.nr ? &gate->now.runs[r] :
						  &gate->base.runs[r - gate->now.nr];

		if (!figure_of_run(run, &o->rule->select))
			return run;
	}
	return NULL;
}

/* Others of their side have it. */
static void print_lacking(const struct mrg_lat_gate *gate, const struct mrg_lat_outcome *o,
			  FILE *to)
{
	const struct mrg_lat_saved *run;
	size_t at = 0;

	while ((run = mrg_lat_next_lacking(gate, o, &at)) != NULL)
		fprintf(to, "note: %s: %s has no figure of it\n", o->rule->text, run->path);
}

static bool is_among(const char *const *names, size_t nr, const char *name)
{
	while (nr > 0 && strcmp(names[nr - 1], name) != 0)
		nr--;
	return nr > 0;
}

/* Names of the kind that are like the one asked for. */
static unsigned int near_names(const struct mrg_lat_side *side,
			       const struct mrg_lat_select *select, const char **ret)
{
	struct mrg_lat_select any = *select;
	const char *names[MAX_NAMES];
	size_t nr = 0;

	any.name[0] = '\0';
	for (size_t r = 0; r < side->nr; r++)
		for (size_t i = 0; i < side->runs[r].nr && nr < MAX_NAMES; i++) {
			const struct mrg_lat_figure *f = &side->runs[r].figures[i];

			if (mrg_lat_select_match(&any, f->kind, f->name, f->host) &&
			    !is_among(names, nr, f->name))
				names[nr++] = f->name;
		}
	return rt_nearest(select->name, names, nr, ret, MAX_NEAR);
}

/* Is there anything at all of the hosts that are asked for? */
static bool has_host(const struct mrg_lat_side *side, const struct mrg_lat_select *select)
{
	struct mrg_lat_select any = { .kind = MRG_LAT_NR_KINDS };

	memcpy(any.host, select->host, sizeof(any.host));
	return find_figure(side, &any) != NULL;
}

/* What a wrong word may have been meant for: else who reads has to guess. */
static void print_missing(const struct mrg_lat_gate *gate, const struct mrg_lat_outcome *o,
			  FILE *to)
{
	const struct mrg_lat_side *side = &gate->now;
	struct mrg_lat_select any = o->rule->select;
	const struct mrg_lat_figure *elsewhere;
	const char *near[MAX_NEAR];
	unsigned int nr;

	if (o->now.samples > 0 && (o->base.samples > 0 || !mrg_lat_compares(o))) {
		print_lacking(gate, o, to);
		return;
	}
	if (find_figure(side, &o->rule->select))
		side = &gate->base;
	fprintf(to, "note: %s: no run%s has it", o->rule->text,
		side == &gate->now ? "" : " of the base");
	any.host[0] = '\0';
	elsewhere = find_figure(side, &any);
	if (*o->rule->select.host && elsewhere)
		fprintf(to, " of %s; %s has", o->rule->select.host, elsewhere->host);
	if (*o->rule->select.host && !elsewhere && !has_host(side, &o->rule->select))
		fprintf(to, "; there is no trace of %s", o->rule->select.host);
	nr = elsewhere ? 0 : near_names(side, &o->rule->select, near);
	for (unsigned int i = 0; i < nr; i++)
		fprintf(to, "%s%s", i ? ", " : "; near it: ", near[i]);
	fputc('\n', to);
}

char *mrg_lat_by_text(const struct mrg_lat_outcome *o, char *buf, size_t size)
{
	char base[96], now[96];

	snprintf(buf, size, "%s(%s) on %s is enough for it: %s before, %s now",
		 mrg_lat_kind_name(o->by->kind), o->by->name, o->by->host,
		 o->by_base.samples > 0 ?
			 mrg_lat_range_text(o->rule, &o->by_base, base, sizeof(base)) : "nothing",
		 mrg_lat_range_text(o->rule, &o->by_now, now, sizeof(now)));
	return buf;
}

static void print_broken(const struct mrg_lat_gate *gate, const struct mrg_lat_outcome *o,
			 FILE *to)
{
	char text[384];

	fprintf(to, "\n%s\n", o->rule->text);
	if (o->cap < UINT64_MAX)
		fprintf(to, "  (no interval counts for more than %s)\n",
			mrg_lat_time_text(o->cap, text, sizeof(text)));
	if (o->by)
		fprintf(to, "  %s\n", mrg_lat_by_text(o, text, sizeof(text)));
	print_tales(gate, o, to);
}

int mrg_lat_gate_print(const struct mrg_lat_gate *gate, FILE *to, struct rt_err *err)
{
	const struct mrg_lat_outcome *o;
	size_t i;
	int rc = print_outcomes(gate, to, err);

	print_differences(gate, to);
	if (rc == 0)
		rc = print_changes(gate, to, err);
	for (i = 0; i < gate->nr && rc == 0; i++) {
		o = &gate->outcomes[i];
		if (o->verdict == MRG_LAT_FEW)
			fprintf(to, "note: %s: %llu samples; %llu would do\n", o->rule->text,
				(unsigned long long)o->now.samples, (unsigned long long)o->wanted);
		if (o->verdict == MRG_LAT_MISSING)
			print_missing(gate, o, to);
		if (o->verdict == MRG_LAT_NOISE)
			fprintf(to, "note: %s: beyond the limit, and so may chance be; more runs "
				"tell\n", o->rule->text);
		if (o->verdict == MRG_LAT_BROKEN)
			print_broken(gate, o, to);
	}
	return rc;
}
