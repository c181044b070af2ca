/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * put.h - numbers and texts into memory that is large enough, at full speed
 *
 * All return where the next byte goes.  Who calls them has made room: a number
 * may touch MRG_PUT_NUMBER bytes, an escaped text needs four times its length.
 */
#ifndef MRG_PUT_H
#define MRG_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/put.h"

#define MRG_PUT_NUMBER RT_PUT_ROOM

static inline char *mrg_put_mem(char *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static inline char *mrg_put_str(char *p, const char *text)
{
	return mrg_put_mem(p, text, strlen(text));
}

static inline char *mrg_put_u64(char *p, uint64_t v)
{
	return rt_put_dec(p, v);
}

static inline char *mrg_put_i64(char *p, int64_t v)
{
	return rt_put_signed(p, v);
}

/* Without 0x, no leading zeros. */
static inline char *mrg_put_hex(char *p, uint64_t v)
{
	return rt_put_hex(p, v);
}

/* Exactly three digits; touches four bytes. */
static inline char *mrg_put_three(char *p, uint32_t v)
{
	uint32_t hundreds = v * 41 >> 12, tens, text;

	v -= 100 * hundreds;
	tens = v * 103 >> 10;
	text = (hundreds | tens << 8 | (v - 10 * tens) << 16) + (uint32_t)RT_PUT_ZEROS;
	memcpy(p, &text, sizeof(text));
	return p + 3;
}

/* Exactly six digits; touches eight bytes. */
static inline char *mrg_put_six(char *p, uint32_t v)
{
	return rt_put_word(p, rt_dec_eight(v) + RT_PUT_ZEROS, 2);
}

/* Exactly nine digits. */
static inline char *mrg_put_nine(char *p, uint32_t v)
{
	*p++ = (char)('0' + v / 100000000);
	return rt_put_word(p, rt_dec_eight(v % 100000000) + RT_PUT_ZEROS, 0);
}

/*
 * Bytes that came from somewhere: printable ASCII as it is, the rest as \xNN,
 * so that no terminal takes an order from a guest.
 */
char *mrg_put_escaped(char *p, const uint8_t *data, size_t len);

#endif /* MRG_PUT_H */
