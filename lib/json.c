/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.c - JSON text, written as it comes
 */
#include "lib/json.h"

#include <string.h>

static void put(struct rt_buf *buf, char c)
{
	char *to = rt_buf_reserve(buf, 1);

	if (!to)
		return;
	*to = c;
	buf->len++;
}

void rt_buf_u64(struct rt_buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	rt_buf_add(buf, digits + at, sizeof(digits) - at);
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 sequence that starts here, or 0 where there is none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return len > 1 && is_continuation(s[1]) ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		if (len < 3 || !is_continuation(s[1]) || !is_continuation(s[2]))
			return 0;
		if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
			return 0;	/* too long a form; half of a surrogate pair */
		return 3;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		if (len < 4 || !is_continuation(s[1]) || !is_continuation(s[2]) ||
		    !is_continuation(s[3]))
			return 0;
		if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

bool rt_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, taken;

	for (i = 0; i < len; i += taken) {
		taken = s[i] < 0x80 ? 1 : utf8_length(s + i, len - i);
		if (!taken)
			return false;
	}
	return true;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that cannot stand as it is: writes at most six bytes for each that it takes. */
static size_t escape_one(char **to, const unsigned char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	static const char special[] = "\"\\\n\t\r", letter[] = "\"\\ntr";
	const char *at;
	size_t taken;

	if (s[0] >= 0x80) {
		taken = utf8_length(s, len);
		*to = mempcpy(*to, taken ? (const char *)s : "\xef\xbf\xbd", taken ? taken : 3);
		return taken ? taken : 1;
	}
	at = s[0] ? strchr(special, s[0]) : NULL;
	if (at) {
		*(*to)++ = '\\';
		*(*to)++ = letter[at - special];
		return 1;
	}
	*to = mempcpy(*to, "\\u00", 4);
	*(*to)++ = hex[s[0] >> 4];
	*(*to)++ = hex[s[0] & 15];
	return 1;
}

void rt_json_escape(struct rt_buf *buf, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	char *to = len < SIZE_MAX / 8 ? rt_buf_reserve(buf, len * 6 + 2) : NULL;
	size_t i = 0;

	if (!to) {
		buf->failed = true;
		return;
	}
	*to++ = '"';
	while (i < len) {
		if (is_plain(s[i]))
			*to++ = (char)s[i++];
		else
			i += escape_one(&to, s + i, len - i);
	}
	*to++ = '"';
	buf->len = (size_t)(to - buf->data);
}

static void separate(struct rt_json *json)
{
	if (json->comma)
		put(json->buf, ',');
	json->comma = true;
}

void rt_json_open(struct rt_json *json, char bracket)
{
	separate(json);
	put(json->buf, bracket);
	json->comma = false;
}

void rt_json_close(struct rt_json *json, char bracket)
{
	put(json->buf, bracket);
	json->comma = true;
}

void rt_json_key(struct rt_json *json, const char *key)
{
	separate(json);
	rt_json_escape(json->buf, key, strlen(key));
	put(json->buf, ':');
	json->comma = false;
}

void rt_json_strn(struct rt_json *json, const char *text, size_t len)
{
	separate(json);
	rt_json_escape(json->buf, text, len);
}

void rt_json_str(struct rt_json *json, const char *text)
{
	if (text)
		rt_json_strn(json, text, strlen(text));
	else
		rt_json_null(json);
}

void rt_json_u64(struct rt_json *json, uint64_t value)
{
	separate(json);
	rt_buf_u64(json->buf, value);
}

void rt_json_i64(struct rt_json *json, int64_t value)
{
	separate(json);
	if (value < 0)
		put(json->buf, '-');
	rt_buf_u64(json->buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void rt_json_raw(struct rt_json *json, const char *text, size_t len)
{
	separate(json);
	rt_buf_add(json->buf, text, len);
}

void rt_json_bool(struct rt_json *json, bool value)
{
	if (value)
		rt_json_raw(json, "true", 4);
	else
		rt_json_raw(json, "false", 5);
}

void rt_json_null(struct rt_json *json)
{
	rt_json_raw(json, "null", 4);
}
