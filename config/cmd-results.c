/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-results.c - what a command did to each VM, as JSON, of kvmrt-boot, -shutdown,
 * -sync-config and -import
 */
#include "config/cmd-results.h"

#include <errno.h>

#include "lib/err.h"
#include "lib/table.h"

enum { VM, UUID, RESULT, ERROR, NR };

static const struct rt_column columns[NR] = {
	[VM] = { "VM", "vm", RT_COL_STRING, "its name in the file" },
	[UUID] = { "UUID", "uuid", RT_COL_STRING, "and UUID" },
	[RESULT] = { "RESULT", "result", RT_COL_STRING, "what was done" },
	[ERROR] = { "ERROR", "error", RT_COL_STRING, "why it failed" },
};

int kcfg_results_create(struct rt_table **ret, struct rt_err *err)
{
	int rc = rt_table_create(ret, columns, NR);

	return rc < 0 ? rt_err_set(err, rc, "cannot hold the results") : 0;
}

void kcfg_results_begin(struct rt_table *results, const char *name, const char *uuid)
{
	if (!results)
		return;
	rt_table_row(results);
	rt_table_str(results, VM, name);
	rt_table_str(results, UUID, uuid);
}

void kcfg_results_end(struct rt_table *results, const char *result, const char *why)
{
	if (!results)
		return;
	rt_table_str(results, RESULT, result);
	rt_table_str(results, ERROR, why);
}

int kcfg_results_print(const struct rt_table *results, int rc, struct rt_err *err)
{
	int printed = results ? rt_table_print_json(results, stdout, err) : 0;

	return printed < 0 ? printed : rc;
}
