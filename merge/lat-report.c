/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-report.c - tables of metrics, and of where the time outside the guest went */
#include "merge/lat-report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/table.h"

char *mrg_lat_time_text(uint64_t ns, char *buf, size_t size)
{
	static const struct { double ns; const char *unit; } units[] = {
		{ 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" },
	};
	unsigned int i = 0;
	double value;

	/* 999.5 and more would be four digits of the smaller unit */
	while (i < 3 && (double)ns < 0.9995 * units[i].ns)
		i++;
	value = (double)ns / units[i].ns;
	snprintf(buf, size, "%.*f%s", i == 3 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value,
		 units[i].unit);
	return buf;
}

/* As the host's trace tells it; trace-cmd's names threads without their process. */
static const char *told_name(const struct xt_trace *host, int vm_pid)
{
	const struct xt_info *info = xt_trace_info(host);
	const struct xt_vcpu *v;
	size_t i;

	for (i = 0; i < info->nr_vcpus; i++) {
		v = &info->vcpus[i];
		if (v->vm[0] &&
		    (v->vm_pid > 0 ? v->vm_pid : mrg_lat_vm_of(host, v->tid)) == vm_pid)
			return v->vm;
	}
	return NULL;
}

/* The label of the guest whose CPUs were found to be the machine's threads. */
static const char *found_name(const struct mrg_set *set, const struct mrg_lat_metric *metric)
{
	const struct mrg_member *guest;
	unsigned int l;
	size_t m;
	int tid;

	for (m = 0; m < set->nr; m++) {
		guest = &set->members[m];
		if (guest->host != metric->member)
			continue;
		for (l = 0; l < xt_trace_nr_lanes(guest->trace); l++) {
			tid = guest->lanes[l].vcpu_tid;
			if (tid > 0 && mrg_lat_vm_of(set->members[metric->member].trace, tid) ==
				       metric->vm_pid)
				return guest->label;
		}
	}
	return NULL;
}

char *mrg_lat_vm_name(const struct mrg_set *set, const struct mrg_lat_metric *metric, char *buf,
		      size_t size)
{
	const char *name = told_name(set->members[metric->member].trace, metric->vm_pid);

	if (!name)
		name = found_name(set, metric);
	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "pid %d", metric->vm_pid);
	return buf;
}

char *mrg_lat_lost_text(const struct mrg_lat_result *result, char *buf, size_t size)
{
	if (result->lost_places == 0)
		snprintf(buf, size, "none lost");
	else
		snprintf(buf, size, "%llu lost at %llu places: intervals over these have no figure",
			 (unsigned long long)result->lost, (unsigned long long)result->lost_places);
	return buf;
}

bool mrg_lat_is_shown(const struct mrg_lat_report *report, const struct mrg_lat_metric *metric)
{
	const char *host = report->set->members[metric->member].label;
	size_t i;

	if (metric->hist.count == 0 && metric->unknown == 0)
		return false;
	for (i = 0; i < report->nr_selects; i++) {
		if (mrg_lat_select_match(&report->selects[i], metric->kind, metric->name, host))
			return true;
	}
	return report->nr_selects == 0;
}

/* ---- text ---- */

enum column {
	COL_HOST, COL_VM, COL_VCPU, COL_NAME, COL_COUNT, COL_TOTAL, COL_MIN, COL_MEAN,
	COL_P50, COL_P90, COL_P99, COL_P999, COL_P9999, COL_MAX, COL_UNKNOWN,
	NR_COLUMNS
};

static const struct rt_column columns[] = {
	[COL_HOST] = { "HOST", "host", RT_COL_STRING, NULL },
	[COL_VM] = { "VM", "vm", RT_COL_STRING, NULL },
	[COL_VCPU] = { "VCPU", "vcpu", RT_COL_NUMBER, NULL },
	[COL_NAME] = { "NAME", "name", RT_COL_STRING, NULL },
	[COL_COUNT] = { "COUNT", "count", RT_COL_NUMBER, NULL },
	[COL_TOTAL] = { "TOTAL", "total", RT_COL_NUMBER, NULL },
	[COL_MIN] = { "MIN", "min", RT_COL_NUMBER, NULL },
	[COL_MEAN] = { "MEAN", "mean", RT_COL_NUMBER, NULL },
	[COL_P50] = { "P50", "p50", RT_COL_NUMBER, NULL },
	[COL_P90] = { "P90", "p90", RT_COL_NUMBER, NULL },
	[COL_P99] = { "P99", "p99", RT_COL_NUMBER, NULL },
	[COL_P999] = { "P99.9", "p99.9", RT_COL_NUMBER, NULL },
	[COL_P9999] = { "P99.99", "p99.99", RT_COL_NUMBER, NULL },
	[COL_MAX] = { "MAX", "max", RT_COL_NUMBER, NULL },
	[COL_UNKNOWN] = { "UNKNOWN", "unknown", RT_COL_NUMBER, NULL },
};

/* Which columns a table needs: those with something to tell. */
struct shape {
	struct rt_column columns[NR_COLUMNS];
	int place[NR_COLUMNS];		/* -1: not there */
	unsigned int nr;
};

static void shape_of(struct shape *shape, const struct mrg_lat_report *report,
		     enum mrg_lat_kind kind, bool unknown)
{
	bool of_vm = kind == MRG_LAT_EXIT || kind == MRG_LAT_HYPERCALL || kind == MRG_LAT_PREEMPT;
	unsigned int i;

	shape->nr = 0;
	for (i = 0; i < NR_COLUMNS; i++) {
		shape->place[i] = -1;
		if ((i == COL_HOST && report->set->nr < 2) ||
		    ((i == COL_VM || i == COL_VCPU) && !of_vm) || (i == COL_UNKNOWN && !unknown))
			continue;
		shape->columns[shape->nr] = columns[i];
		shape->place[i] = (int)shape->nr++;
	}
}

static void put_time(struct rt_table *table, const struct shape *shape, enum column column,
		     uint64_t ns)
{
	char text[24];

	rt_table_printf(table, (unsigned int)shape->place[column], "%s",
			mrg_lat_time_text(ns, text, sizeof(text)));
}

static void put_times(struct rt_table *table, const struct shape *shape,
		      const struct mrg_hist *hist)
{
	static const double quantiles[] = {
#define X(value_, key_, head_) value_,
		MRG_LAT_QUANTILES(X)
#undef X
	};
	unsigned int i;

	put_time(table, shape, COL_TOTAL, hist->sum);
	put_time(table, shape, COL_MIN, hist->min);
	put_time(table, shape, COL_MEAN, mrg_hist_mean(hist));
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		put_time(table, shape, (enum column)(COL_P50 + i),
			 mrg_hist_quantile(hist, quantiles[i]));
	put_time(table, shape, COL_MAX, hist->max);
}

static void put_metric(struct rt_table *table, const struct shape *shape,
		       const struct mrg_lat_report *report, const struct mrg_lat_metric *metric)
{
	char vm[64];

	rt_table_row(table);
	if (shape->place[COL_HOST] >= 0)
		rt_table_str(table, (unsigned int)shape->place[COL_HOST],
			     report->set->members[metric->member].label);
	if (shape->place[COL_VM] >= 0) {
		rt_table_str(table, (unsigned int)shape->place[COL_VM],
			     mrg_lat_vm_name(report->set, metric, vm, sizeof(vm)));
		rt_table_i64(table, (unsigned int)shape->place[COL_VCPU], metric->vcpu);
	}
	rt_table_str(table, (unsigned int)shape->place[COL_NAME], metric->name);
	rt_table_u64(table, (unsigned int)shape->place[COL_COUNT], metric->hist.count);
	if (metric->hist.count > 0)
		put_times(table, shape, &metric->hist);
	if (shape->place[COL_UNKNOWN] >= 0)
		rt_table_u64(table, (unsigned int)shape->place[COL_UNKNOWN], metric->unknown);
}

static int by_sum(const void *a, const void *b)
{
	const struct mrg_lat_metric *x = *(const struct mrg_lat_metric *const *)a;
	const struct mrg_lat_metric *y = *(const struct mrg_lat_metric *const *)b;

	if (x->hist.sum != y->hist.sum)
		return x->hist.sum < y->hist.sum ? 1 : -1;
	return strcmp(x->name, y->name);
}

void mrg_lat_sort_by_sum(const struct mrg_lat_metric **metrics, size_t nr)
{
	if (nr > 0)
		qsort(metrics, nr, sizeof(*metrics), by_sum);
}

size_t mrg_lat_choose(const struct mrg_lat_report *report, enum mrg_lat_kind kind,
		      const struct mrg_lat_metric **ret, bool *ret_unknown)
{
	size_t i, nr = 0;

	*ret_unknown = false;
	for (i = 0; i < report->result->nr; i++) {
		if (report->result->metrics[i]->kind != kind ||
		    !mrg_lat_is_shown(report, report->result->metrics[i]))
			continue;
		ret[nr++] = report->result->metrics[i];
		*ret_unknown |= report->result->metrics[i]->unknown > 0;
	}
	/* Of vCPUs the order is the machine's own, so that a VM stands together. */
	if (kind != MRG_LAT_EXIT)
		mrg_lat_sort_by_sum(ret, nr);
	return nr;
}

static int print_kind(const struct mrg_lat_report *report, enum mrg_lat_kind kind,
		      const struct mrg_lat_metric **space, FILE *to, struct rt_err *err)
{
	bool unknown;
	size_t nr = mrg_lat_choose(report, kind, space, &unknown), i, shown = nr;
	struct rt_table *table;
	struct shape shape;
	int rc;

	if (nr == 0)
		return 0;
	if (report->rows > 0 && shown > report->rows && kind != MRG_LAT_EXIT)
		shown = report->rows;
	shape_of(&shape, report, kind, unknown);
	rc = rt_table_create(&table, shape.columns, shape.nr);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (i = 0; i < shown; i++)
		put_metric(table, &shape, report, space[i]);
	fprintf(to, "\n%s: %s\n", mrg_lat_kind_name(kind), mrg_lat_kind_help(kind));
	rc = rt_table_print(table, to, err);
	if (nr > shown)
		fprintf(to, "... %zu more with less time in all (--rows 0 shows all)\n",
			nr - shown);
	rt_table_destroy(table);
	return rc;
}

/* ---- where the time outside the guest went ---- */

static void print_spent(const struct mrg_lat_report *report, const struct mrg_lat_spent *spent,
			struct rt_table *table)
{
	char vm[64], text[24];
	unsigned int i;

	rt_table_row(table);
	rt_table_str(table, 0, report->set->members[spent->first->member].label);
	rt_table_str(table, 1, mrg_lat_vm_name(report->set, spent->first, vm, sizeof(vm)));
	rt_table_i64(table, 2, spent->first->vcpu);
	rt_table_str(table, 3, mrg_lat_time_text(spent->sum, text, sizeof(text)));
	for (i = 0; i < MRG_LAT_NR_PARTS; i++)
		rt_table_printf(table, 4 + i, "%s %2.0f%%",
				mrg_lat_time_text(spent->parts[i], text, sizeof(text)),
				100.0 * (double)spent->parts[i] / (double)spent->sum);
}

static bool same_vcpu(const struct mrg_lat_metric *a, const struct mrg_lat_metric *b)
{
	return a->member == b->member && a->vm_pid == b->vm_pid && a->vcpu == b->vcpu;
}

size_t mrg_lat_sum_vcpu(const struct mrg_lat_report *report, size_t i, struct mrg_lat_spent *ret)
{
	const struct mrg_lat_result *result = report->result;
	const struct mrg_lat_metric *first = result->metrics[i];
	unsigned int p;

	*ret = (struct mrg_lat_spent){ .first = first };
	for (; i < result->nr && result->metrics[i]->kind == MRG_LAT_EXIT &&
	     same_vcpu(first, result->metrics[i]); i++) {
		if (!mrg_lat_is_shown(report, result->metrics[i]))
			continue;
		ret->sum += result->metrics[i]->hist.sum;
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			ret->parts[p] += result->metrics[i]->parts[p];
	}
	return i;
}

static int print_parts(const struct mrg_lat_report *report, FILE *to, struct rt_err *err)
{
	static const struct rt_column heads[] = {
		{ "HOST", "host", RT_COL_STRING, NULL }, { "VM", "vm", RT_COL_STRING, NULL },
		{ "VCPU", "vcpu", RT_COL_NUMBER, NULL },
		{ "OUTSIDE", "outside", RT_COL_NUMBER, NULL },
		{ "KVM", "kvm", RT_COL_NUMBER, NULL }, { "USER", "user", RT_COL_NUMBER, NULL },
		{ "IRQ", "irq", RT_COL_NUMBER, NULL },
		{ "SOFTIRQ", "softirq", RT_COL_NUMBER, NULL },
		{ "WAIT", "wait", RT_COL_NUMBER, NULL }, { "HALT", "halt", RT_COL_NUMBER, NULL },
	};
	const struct mrg_lat_result *result = report->result;
	struct rt_table *table;
	struct mrg_lat_spent spent;
	size_t i = 0;
	int rc = rt_table_create(&table, heads, sizeof(heads) / sizeof(*heads));
	bool any = false;

	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	while (i < result->nr && result->metrics[i]->kind == MRG_LAT_EXIT) {
		i = mrg_lat_sum_vcpu(report, i, &spent);
		if (spent.sum > 0)
			print_spent(report, &spent, table);
		any |= spent.sum > 0;
	}
	if (any) {
		fprintf(to, "\nwhere the time outside the guest went\n");
		rc = rt_table_print(table, to, err);
	}
	rt_table_destroy(table);
	return rc;
}

static void print_head(const struct mrg_lat_report *report, FILE *to)
{
	const struct mrg_lat_result *result = report->result;
	char text[96];

	fprintf(to, "%llu events in %.6f s, ", (unsigned long long)result->events,
		(double)(result->last_ns - result->first_ns) / 1e9);
	fprintf(to, "%s\n", mrg_lat_lost_text(result, text, sizeof(text)));
	if (result->steps > 0)
		fprintf(to, "the clock was set (%zu): intervals that may hold that have no "
			"figure\n", result->steps);
	if (result->cut)
		fprintf(to, "a table was full: not all tasks, timers or names were followed\n");
}

int mrg_lat_print(const struct mrg_lat_report *report, FILE *to, struct rt_err *err)
{
	const struct mrg_lat_metric **space = calloc(report->result->nr + 1, sizeof(*space));
	unsigned int kind;
	bool unknown;
	size_t nr = 0;
	int rc = 0;

	if (!space)
		return rt_err_set(err, -ENOMEM, "cannot make a table");
	print_head(report, to);
	for (kind = 0; kind < MRG_LAT_NR_KINDS && rc == 0; kind++) {
		nr += mrg_lat_choose(report, kind, space, &unknown);
		rc = print_kind(report, kind, space, to, err);
		if (rc == 0 && kind == MRG_LAT_EXIT)
			rc = print_parts(report, to, err);
	}
	if (nr == 0)
		fprintf(to, "\nno interval of %s\n", report->nr_selects ? "these metrics" :
			"any metric: their events are not in the trace");
	free(space);
	return rc;
}
