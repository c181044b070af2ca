/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * marks.h - the guest's side of the events, as lines of trace_marker
 *
 * For guests without our module, which has real events.  gs/protocol.h has the
 * syntax.  The lines go to the kernel's own trace and to each session of
 * xtrace-run; nothing stays open in between, since a session cannot be removed
 * while a file of it is open.  Everything here is async-signal-safe.
 */
#ifndef GS_MARKS_H
#define GS_MARKS_H

#include <stddef.h>
#include <stdint.h>

#define GS_MARKS_MAX 16		/* traces that one call is written to */
#define GS_MARKS_INSTANCES "xtrace-"	/* instances whose names begin so are sessions */
#define GS_MARKS_FLUSHES ".gs"		/* behind a session's name: nothing but its flushes */

struct gs_marks {
	int fds[GS_MARKS_MAX];
	unsigned int nr;	/* 0: nobody traces, or this user may not */
	int flush_fds[GS_MARKS_MAX];
	unsigned int nr_flush;	/* instances that wait for flushes */
};

/* @tracing: where tracefs is mounted, and where else, or NULL. */
void gs_marks_open(struct gs_marks *marks, const char *const tracing[2]);
void gs_marks_close(struct gs_marks *marks);

void gs_marks_start(const struct gs_marks *marks, uint64_t nr, const uint64_t arg[4]);
void gs_marks_end(const struct gs_marks *marks, uint64_t nr, int64_t ret);
void gs_marks_ping(const struct gs_marks *marks, uint64_t cookie);
void gs_marks_flush(const struct gs_marks *marks, uint64_t scope, uint64_t incident);
/* LOG_MSG or XTRACE_LOG_DATA, in as many lines as it takes. */
void gs_marks_data(const struct gs_marks *marks, uint64_t nr, uint32_t id, const void *data,
		   uint16_t size);

#endif /* GS_MARKS_H */
