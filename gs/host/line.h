/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - lines of the host's log out of what guests say
 *
 * Everything but the text of a guest is the host's own, and stands in front; no
 * byte of a guest can end a line, move the cursor or look like the beginning.
 */
#ifndef GS_HOST_LINE_H
#define GS_HOST_LINE_H

#include <stddef.h>
#include <stdint.h>

struct kev_message;

#define GS_LINE_MAX 900		/* bytes, as a record of the kernel's log has room for */

struct gs_line {
	char text[GS_LINE_MAX + 1];	/* NUL-terminated */
	size_t len;
};

/* "2026-11-26T01:02:03.123456Z vm1/0: "; @vcpu below 0: the VM alone. */
void gs_line_begin(struct gs_line *line, uint64_t real_ns, const char *vm, int vcpu);
void gs_line_printf(struct gs_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * A guest's text: \xNN for what is not printable ASCII, \\ for a backslash,
 * "[24 bytes missing]" for a hole.  What does not fit is counted at the end.
 */
void gs_line_message(struct gs_line *line, const struct kev_message *msg);
/* A name that is fit for a line: what is no letter, digit, . _ or - becomes \xNN; cut to @size. */
char *gs_line_name(char *buf, size_t size, const char *name);

#endif /* GS_HOST_LINE_H */
