/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h - write JSON into a buffer, value after value
 *
 * No tree is built: a view writes millions of lines with it.  Commas are put by
 * the writer; that keys and values alternate and that brackets match is the
 * caller's part.  Failed allocations are noted in the buffer (lib/buf.h).
 */
#ifndef RT_LIB_JSON_H
#define RT_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* Lives on the caller's stack; start it with { .buf = &buf } for each text. */
struct rt_json {
	struct rt_buf *buf;	/* borrowed */
	bool comma;		/* the next key or element needs one in front */
};

void rt_json_open(struct rt_json *json, char bracket);	/* '{' or '[' */
void rt_json_close(struct rt_json *json, char bracket);	/* '}' or ']' */
void rt_json_key(struct rt_json *json, const char *key);
void rt_json_str(struct rt_json *json, const char *text);	/* NULL: null */
void rt_json_strn(struct rt_json *json, const char *text, size_t len);
void rt_json_u64(struct rt_json *json, uint64_t value);
void rt_json_i64(struct rt_json *json, int64_t value);
void rt_json_bool(struct rt_json *json, bool value);
void rt_json_null(struct rt_json *json);
/* @text is JSON already: a number with a fraction, a value made elsewhere. */
void rt_json_raw(struct rt_json *json, const char *text, size_t len);

/* A key and its value. */
static inline void rt_json_put_u64(struct rt_json *json, const char *key, uint64_t value)
{
	rt_json_key(json, key);
	rt_json_u64(json, value);
}

static inline void rt_json_put_str(struct rt_json *json, const char *key, const char *text)
{
	rt_json_key(json, key);
	rt_json_str(json, text);
}

/* Whether every byte is a part of UTF-8 text. */
bool rt_utf8(const char *text, size_t len);

/*
 * The text as a JSON string with its quotes.  What is not UTF-8 (a task's name
 * is bytes) becomes U+FFFD, so that every reader accepts the line.
 */
void rt_json_escape(struct rt_buf *buf, const char *text, size_t len);
/* A decimal number; several times as fast as printf. */
void rt_buf_u64(struct rt_buf *buf, uint64_t value);

#endif /* RT_LIB_JSON_H */
