/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink.h - where lines and flushes of guests go: kernel log, syslog, sessions
 */
#ifndef GS_HOST_SINK_H
#define GS_HOST_SINK_H

#include <stdbool.h>
#include <stdint.h>

struct gs_flush;
struct rt_cpuset;
struct rt_root;
struct xt_vms;

struct gs_sink {
	const struct rt_root *root;	/* borrowed */
	bool kmsg, syslog;
	uint64_t lines, failed;		/* written; not written to one of the two */
};

/* One line into each log that is wanted; a priority of our own. */
void gs_sink_line(struct gs_sink *sink, const char *line);

/*
 * The CPUs of the host that a flush is about, of @vms as they are now: where the
 * VM's vCPUs are pinned to, or ran last.  Return: false for all.
 */
bool gs_sink_flush_cpus(const struct rt_root *root, const struct xt_vms *vms,
			const struct gs_flush *flush, struct rt_cpuset *ret);

/*
 * Asks each running session of xtrace-run for a flush, in threads of their own: a
 * session that hangs holds up nobody else.
 * Return: how many were asked.
 */
unsigned int gs_sink_flush(const struct rt_root *root, const struct gs_flush *flush,
			   const struct rt_cpuset *cpus);
/* For an orderly end.  Return: how many requests are not answered even after so long. */
unsigned int gs_sink_flush_wait(unsigned int ms);
/* Requests that are not answered yet, and those that could not be made or failed. */
unsigned int gs_sink_flushes_pending(void);
unsigned int gs_sink_flushes_failed(void);

#endif /* GS_HOST_SINK_H */
