/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-num.h - integers as text, for the printer's inner loop
 *
 * Each writer may touch XT_NUM_ROOM bytes from where it begins and returns
 * the end of what it wrote.
 */
#ifndef XT_PRINT_NUM_H
#define XT_PRINT_NUM_H

#include <stdint.h>
#include <string.h>

#define XT_NUM_ROOM 24

static const char xt_digit_pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

static inline char *xt_put_pair(char *p, unsigned int v)
{
	memcpy(p, xt_digit_pairs + 2 * v, 2);
	return p + 2;
}

/* Below 10,000, without leading zeros. */
static inline char *xt_put_short(char *p, unsigned int v)
{
	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	if (v < 100)
		return xt_put_pair(p, v);
	if (v < 1000) {
		*p = (char)('0' + v / 100);
		return xt_put_pair(p + 1, v % 100);
	}
	return xt_put_pair(xt_put_pair(p, v / 100), v % 100);
}

/* Eight digits, leading zeros included. */
static inline char *xt_put_eight(char *p, unsigned int v)
{
	unsigned int high = v / 10000, low = v % 10000;

	p = xt_put_pair(xt_put_pair(p, high / 100), high % 100);
	return xt_put_pair(xt_put_pair(p, low / 100), low % 100);
}

static inline char *xt_put_dec(char *p, uint64_t v)
{
	if (v < 10000)
		return xt_put_short(p, (unsigned int)v);
	if (v < 100000000) {
		unsigned int low = (unsigned int)v % 10000;

		p = xt_put_short(p, (unsigned int)v / 10000);
		return xt_put_pair(xt_put_pair(p, low / 100), low % 100);
	}
	p = xt_put_dec(p, v / 100000000);
	return xt_put_eight(p, (unsigned int)(v % 100000000));
}

static inline char *xt_put_signed(char *p, int64_t v)
{
	uint64_t u = (uint64_t)v;

	if (v < 0) {
		*p++ = '-';
		u = 0 - u;
	}
	return xt_put_dec(p, u);
}

/* The eight hexadecimal digits of @v as bytes, the first one in the lowest byte. */
static inline uint64_t xt_hex_eight(uint32_t v)
{
	uint64_t x = __builtin_bswap32(v), letters;

	x = (x | x << 16) & 0x0000ffff0000ffffull;
	x = (x | x << 8) & 0x00ff00ff00ff00ffull;
	x = (x >> 4 & 0x000f000f000f000full) | (x & 0x000f000f000f000full) << 8;
	letters = ((x + 0x0606060606060606ull) >> 4) & 0x0101010101010101ull;
	return x + 0x3030303030303030ull + letters * ('a' - '0' - 10);
}

static inline char *xt_put_hex(char *p, uint64_t v)
{
	uint64_t text;
	unsigned int blank;

	if (v >> 32) {
		blank = (unsigned int)__builtin_clz((uint32_t)(v >> 32)) / 4;
		text = xt_hex_eight((uint32_t)(v >> 32)) >> (8 * blank);
		memcpy(p, &text, 8);
		p += 8 - blank;
		text = xt_hex_eight((uint32_t)v);
		memcpy(p, &text, 8);
		return p + 8;
	}
	blank = (unsigned int)__builtin_clz((uint32_t)v | 1) / 4;
	text = xt_hex_eight((uint32_t)v) >> (8 * blank);
	memcpy(p, &text, 8);
	return p + 8 - blank;
}

/* A byte as two hexadecimal digits. */
static inline char *xt_put_byte(char *p, uint8_t v)
{
	p[0] = "0123456789abcdef"[v >> 4];
	p[1] = "0123456789abcdef"[v & 15];
	return p + 2;
}

#endif /* XT_PRINT_NUM_H */
