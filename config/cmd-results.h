/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-results.h - what a command did to each VM, for a program: --json of those that
 * change VMs
 */
#ifndef KCFG_CMD_RESULTS_H
#define KCFG_CMD_RESULTS_H

struct rt_err;
struct rt_table;

/* -ENOMEM or 0.  The table is the caller's, for rt_table_destroy(). */
int kcfg_results_create(struct rt_table **ret, struct rt_err *err);

/*
 * A row for one VM: begun while its names are there (@name NULL: it is not in the file),
 * ended with a word that the command's page has, and with what failed or NULL.  Nothing is
 * noted where @results is NULL: nobody asked for JSON.
 */
void kcfg_results_begin(struct rt_table *results, const char *name, const char *uuid);
void kcfg_results_end(struct rt_table *results, const char *result, const char *why);

/* On stdout, if there are any.  Return: @rc, or -errno. */
int kcfg_results_print(const struct rt_table *results, int rc, struct rt_err *err);

#endif /* KCFG_CMD_RESULTS_H */
