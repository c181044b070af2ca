/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buf.h - a growing buffer of bytes
 *
 * For building texts and blocks.  A failed allocation is kept in ->failed and
 * makes all later calls no-ops, so that a writer checks once, at its end.
 */
#ifndef RT_LIB_BUF_H
#define RT_LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct rt_buf {
	char *data;	/* owned; NULL while empty; not NUL-terminated unless by rt_buf_str() */
	size_t len;
	size_t room;
	bool failed;	/* an allocation failed: the contents are not complete */
};

void rt_buf_finish(struct rt_buf *buf);
/* Makes room for @more bytes and returns where they go, or NULL; does not change ->len. */
char *rt_buf_reserve(struct rt_buf *buf, size_t more);
void rt_buf_add(struct rt_buf *buf, const void *data, size_t len);
void rt_buf_puts(struct rt_buf *buf, const char *text);
void rt_buf_printf(struct rt_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The contents as a C string (adds a NUL behind len), or NULL after a failure. */
char *rt_buf_str(struct rt_buf *buf);

#endif /* RT_LIB_BUF_H */
