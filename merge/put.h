/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * put.h - numbers and texts into memory that is large enough, at full speed
 *
 * All return where the next byte goes.  Who calls them has made room: a number
 * needs at most MRG_PUT_NUMBER bytes, an escaped text four times its length.
 */
#ifndef MRG_PUT_H
#define MRG_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MRG_PUT_NUMBER 24

extern const char mrg_digit_pairs[201];	/* "000102...99" */

static inline char *mrg_put_mem(char *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static inline char *mrg_put_str(char *p, const char *text)
{
	return mrg_put_mem(p, text, strlen(text));
}

static inline char *mrg_put_pair(char *p, unsigned int v)
{
	memcpy(p, &mrg_digit_pairs[2 * v], 2);
	return p + 2;
}

static inline char *mrg_put_u64(char *p, uint64_t v)
{
	char tmp[MRG_PUT_NUMBER], *t = tmp + sizeof(tmp);

	while (v >= 100) {
		t -= 2;
		mrg_put_pair(t, (unsigned int)(v % 100));
		v /= 100;
	}
	if (v >= 10) {
		t -= 2;
		mrg_put_pair(t, (unsigned int)v);
	} else {
		*--t = (char)('0' + v);
	}
	return mrg_put_mem(p, t, (size_t)(tmp + sizeof(tmp) - t));
}

static inline char *mrg_put_i64(char *p, int64_t v)
{
	if (v >= 0)
		return mrg_put_u64(p, (uint64_t)v);
	*p++ = '-';
	return mrg_put_u64(p, -(uint64_t)v);
}

/* Without 0x, no leading zeros. */
static inline char *mrg_put_hex(char *p, uint64_t v)
{
	int digits = v ? (67 - __builtin_clzll(v)) / 4 : 1;
	int i;

	for (i = digits - 1; i >= 0; i--) {
		p[i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
	return p + digits;
}

/* Exactly nine digits. */
static inline char *mrg_put_nine(char *p, uint32_t v)
{
	uint32_t high = v / 10000, low = v % 10000;

	p[0] = (char)('0' + high / 10000);
	high %= 10000;
	mrg_put_pair(p + 1, high / 100);
	mrg_put_pair(p + 3, high % 100);
	mrg_put_pair(p + 5, low / 100);
	mrg_put_pair(p + 7, low % 100);
	return p + 9;
}

/*
 * Bytes that came from somewhere: printable ASCII as it is, the rest as \xNN,
 * so that no terminal takes an order from a guest.
 */
char *mrg_put_escaped(char *p, const uint8_t *data, size_t len);

#endif /* MRG_PUT_H */
