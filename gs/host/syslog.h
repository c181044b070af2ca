/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syslog.h - the host's syslog or journal, also one that is stuck
 *
 * syslog(3) waits for a reader that takes nothing, and every guest's calls would wait
 * with it.  Here nobody waits: what is not taken is kept for later, so many lines, and
 * what comes then is lost and told.  Any thread may call.
 */
#ifndef GS_HOST_SYSLOG_H
#define GS_HOST_SYSLOG_H

#include <stdbool.h>
#include <stddef.h>

struct rt_root;

#define GS_SYSLOG_KEPT	4096	/* lines, of 1 KiB at most */

/* @root: borrowed until gs_syslog_close(); its /dev/log is written to. */
void gs_syslog_open(const struct rt_root *root);
/*
 * Waits up to @ms for what is kept to be taken, and for the word about what was lost.
 * Return: how many lines are missing in the log, and not told there.
 */
size_t gs_syslog_close(unsigned int ms);

/* A line of facility daemon.  Return: false: it is lost; nobody listens, or too much is kept. */
bool gs_syslog(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Some times a second: what is kept goes out, as far as it is taken now. */
void gs_syslog_tick(void);
size_t gs_syslog_kept(void);

#endif /* GS_HOST_SYSLOG_H */
