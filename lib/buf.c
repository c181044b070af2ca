/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buf.c - a growing buffer of bytes; see buf.h for what a failure leaves
 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

void rt_buf_finish(struct rt_buf *buf)
{
	free(buf->data);
	*buf = (struct rt_buf){ 0 };
}

static bool grow(struct rt_buf *buf, size_t need)
{
	size_t room = buf->room ? buf->room : FIRST_ROOM;
	char *data;

	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	data = realloc(buf->data, room);
	if (!data)
		return false;
	buf->data = data;
	buf->room = room;
	return true;
}

char *rt_buf_reserve(struct rt_buf *buf, size_t more)
{
	if (buf->failed)
		return NULL;
	if (buf->room - buf->len < more || !buf->data) {
		if (more > SIZE_MAX - buf->len || !grow(buf, buf->len + more)) {
			buf->failed = true;
			return NULL;
		}
	}
	return buf->data + buf->len;
}

void rt_buf_add(struct rt_buf *buf, const void *data, size_t len)
{
	char *to;

	if (!len)
		return;
	to = rt_buf_reserve(buf, len);
	if (!to)
		return;
	memcpy(to, data, len);
	buf->len += len;
}

void rt_buf_puts(struct rt_buf *buf, const char *text)
{
	rt_buf_add(buf, text, strlen(text));
}

void rt_buf_printf(struct rt_buf *buf, const char *fmt, ...)
{
	va_list ap, again;
	char *to;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	to = rt_buf_reserve(buf, 64);
	len = to ? vsnprintf(to, buf->room - buf->len, fmt, ap) : -1;
	if (to && len >= 0 && (size_t)len >= buf->room - buf->len) {
		to = rt_buf_reserve(buf, (size_t)len + 1);
		if (to)
			vsnprintf(to, (size_t)len + 1, fmt, again);
	}
	if (len < 0 || !to)
		buf->failed = true;
	else
		buf->len += (size_t)len;
	va_end(again);
	va_end(ap);
}

char *rt_buf_str(struct rt_buf *buf)
{
	char *end = rt_buf_reserve(buf, 1);

	if (!end)
		return NULL;
	*end = '\0';
	return buf->data;
}
