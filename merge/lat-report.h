/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-report.h - a result of lat.h for people (tables) and for programs
 */
#ifndef MRG_LAT_REPORT_H
#define MRG_LAT_REPORT_H

#include <stdio.h>

#include "merge/lat-select.h"

struct mrg_lat_report {
	const struct mrg_set *set;
	const struct mrg_lat_result *result;
	const struct mrg_lat_select *selects;	/* what is shown: any of these */
	size_t nr_selects;			/* 0: all */
	unsigned int rows;			/* most rows of a table; 0: all */
};

/* The quantiles of every table, in one place. */
#define MRG_LAT_QUANTILES(X) \
	X(0.5, "p50", "P50") X(0.9, "p90", "P90") X(0.99, "p99", "P99") \
	X(0.999, "p99.9", "P99.9") X(0.9999, "p99.99", "P99.99")

int mrg_lat_print(const struct mrg_lat_report *report, FILE *to, struct rt_err *err);
int mrg_lat_print_json(const struct mrg_lat_report *report, FILE *to, struct rt_err *err);
/* A line for each bucket that is not empty: metric, from, to, count. */
int mrg_lat_print_csv(const struct mrg_lat_report *report, FILE *to, struct rt_err *err);

/* A self-contained page: the distributions as drawings, and the tables. */
int mrg_lat_print_html(const struct mrg_lat_report *report, FILE *to, struct rt_err *err);

/*
 * The shown metrics of a kind, those with the longest sum first; of vCPUs in the machine's
 * own order, so that a VM stands together.  @ret: room for all metrics of the result.
 */
size_t mrg_lat_choose(const struct mrg_lat_report *report, enum mrg_lat_kind kind,
		      const struct mrg_lat_metric **ret, bool *ret_unknown);

/* What the time outside the guest of a vCPU went to. */
struct mrg_lat_spent {
	const struct mrg_lat_metric *first;	/* of its metrics */
	uint64_t parts[MRG_LAT_NR_PARTS], sum;
};

/*
 * Adds the shown exits of the vCPU that begins at metric @i; returns where the next begins.
 */
size_t mrg_lat_sum_vcpu(const struct mrg_lat_report *report, size_t i,
			struct mrg_lat_spent *ret);
bool mrg_lat_is_shown(const struct mrg_lat_report *report, const struct mrg_lat_metric *metric);
/* The VM's name, else its label where it is merged, or "pid 1234"; returns @buf. */
char *mrg_lat_vm_name(const struct mrg_set *set, const struct mrg_lat_metric *metric, char *buf,
		      size_t size);
/* A duration with three digits and its unit: "60.7us"; returns @buf. */
char *mrg_lat_time_text(uint64_t ns, char *buf, size_t size);

/* "none lost", or how many where; returns @buf. */
char *mrg_lat_lost_text(const struct mrg_lat_result *result, char *buf, size_t size);
void mrg_lat_sort_by_sum(const struct mrg_lat_metric **metrics, size_t nr);

#endif /* MRG_LAT_REPORT_H */
