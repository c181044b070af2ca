/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-cpustat.c - cpustat: where each CPU is, what it does now, what is bound to it
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/cpustat.h"
#include "tuning/pace.h"

#define ONCE_NS		500000000ull	/* what loads and rates of one look are taken over */
#define LEAST_NS	10000000ull
#define NOT_GIVEN	UINT64_MAX

static uint64_t interval_ns = NOT_GIVEN;
static unsigned int count;
static bool json, list;
static const char *cpus, *columns_text, *root_path;

static const struct rt_opt cpustat_opts[] = {
	RT_STRING('c', "cpus", &cpus, "CPUSET", "only these CPUs: 0-3,8 or n1 or ~c0"),
	RT_STRING('o', "columns", &columns_text, "LIST", "only these columns, in this order"),
	RT_BOOL('l', "list", &list, "the columns there are"),
	RT_TIME('i', "interval", &interval_ns, "SECONDS", "again every SECONDS"),
	RT_UINT('n', "count", &count, "N", 1, UINT32_MAX, "end after N times"),
	RT_BOOL(0, "json", &json, "an object for each time, in one line"),
	RT_STRING(0, "root", &root_path, "DIR", "read DIR/proc and DIR/sys"),
	RT_END
};

static int list_columns(struct rt_err *err)
{
	static const struct rt_column heads[] = {
		{ "COLUMN", "column", RT_COL_STRING, "its name" },
		{ "MEANS", "means", RT_COL_STRING, "what it tells" },
	};
	const struct rt_column *column;
	struct rt_table *table;
	int rc;

	rc = rt_table_create(&table, heads, 2);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (column = tune_cpustat_columns; column->head; column++) {
		rt_table_row(table);
		rt_table_str(table, 0, column->key);
		rt_table_str(table, 1, column->help);
	}
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

static int print(const struct tune_cpustat *stat, const unsigned int *columns, unsigned int nr,
		 bool first, struct rt_err *err)
{
	struct rt_buf out = { 0 };
	int rc = 0;

	if (!json) {
		fputs(first ? "" : "\n", stdout);
		rc = tune_cpustat_print(stat, columns, nr, stdout, err);
	} else {
		tune_cpustat_put_json(&out, stat, columns, nr);
		rt_buf_puts(&out, "\n");
		if (out.failed)
			rc = rt_err_set(err, -ENOMEM, "%u CPUs", stat->n);
		else
			fwrite(out.data, 1, out.len, stdout);
		rt_buf_finish(&out);
	}
	if (rc == 0 && fflush(stdout) != 0)
		rc = rt_err_set(err, -errno, "cannot write");
	return rc;
}

static int show(const struct rt_root *root, const unsigned int *columns, unsigned int nr,
		struct rt_err *err)
{
	bool again = interval_ns != NOT_GIVEN;
	unsigned int times = again ? count : count ? count : 1, i;
	struct tune_cpustat stat = { 0 };
	struct tune_pace pace;
	int rc;

	tune_pace_start(&pace, again ? interval_ns : ONCE_NS);
	rc = tune_cpustat_read(&stat, root, cpus, err);
	for (i = 0; rc == 0 && (times == 0 || i < times); i++) {
		if (!tune_pace_wait(&pace))
			break;
		rc = tune_cpustat_read(&stat, root, cpus, err);
		if (rc == 0)
			rc = print(&stat, columns, nr, i == 0, err);
	}
	tune_cpustat_finish(&stat);
	return rc;
}

static int cpustat(int argc, char **argv, struct rt_err *err)
{
	unsigned int columns[TUNE_CPUSTAT_MAX];
	struct rt_root root;
	int nr, rc;

	(void)argc;
	(void)argv;
	if (list)
		return list_columns(err);
	if (interval_ns < LEAST_NS)
		return rt_usage(err, "--interval: expected at least 10ms");
	nr = tune_cpustat_choose(columns_text ? columns_text : tune_cpustat_default, columns, err);
	if (nr < 0)
		return rt_usage(err, "--columns: %s", err->text);
	rc = tune_stay_off(err);
	if (rc == 0)
		rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	rc = show(&root, columns, (unsigned int)nr, err);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd cpustat_cmd = {
	.name = "cpustat",
	.summary = "show each CPU: its place, its state, what runs, what is bound to it",
	.synopsis = "[options]",
	.details = "Looks twice, half a second apart, and prints a line for each CPU; with "
		   "--interval again and again.  Never runs on a CPU that is set aside.",
	.opts = cpustat_opts,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = cpustat,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&cpustat_cmd, argc, argv);
}
