/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * put.h - numbers and short texts into memory that is large enough, at full speed
 *
 * For the inner loops that print events.  Each writer of numbers may touch
 * RT_PUT_ROOM bytes from where it begins; all return the end of what they wrote.
 */
#ifndef RT_LIB_PUT_H
#define RT_LIB_PUT_H

#include <stdint.h>
#include <string.h>
#include <tmmintrin.h>

#define RT_PUT_ROOM 24

/*
 * The eight decimal digits of @v, below 10^8, one a byte, the first one in the
 * lowest byte: halves, then pairs, then single digits, all of one kind at once.
 */
static inline uint64_t rt_dec_eight(uint32_t v)
{
	uint64_t x, high;

	x = v / 10000 | (uint64_t)(v % 10000) << 32;
	high = (x * 10486) >> 20 & 0x0000007f0000007full;
	x = high | (x - 100 * high) << 16;
	high = (x * 103) >> 10 & 0x000f000f000f000full;
	return high | (x - 10 * high) << 8;
}

#define RT_PUT_ZEROS 0x3030303030303030ull	/* makes digits characters */

/* Eight characters but the first @skip ones; touches eight bytes. */
static inline char *rt_put_word(char *p, uint64_t word, unsigned int skip)
{
	word >>= 8 * skip;
	memcpy(p, &word, 8);
	return p + 8 - skip;
}

/*
 * How many digits a number below 10^8 has.  By its highest bit, so that where the
 * next text goes is known long before the digits are.
 */
static inline unsigned int rt_nr_digits(uint32_t v)
{
#define DIGITS(n) ((uint64_t)(n) << 32)
	static const uint64_t by_bit[] = {	/* what makes bits 32.. of the sum the number */
		DIGITS(1), DIGITS(1), DIGITS(1), DIGITS(2) - 10,
		DIGITS(2), DIGITS(2), DIGITS(3) - 100,
		DIGITS(3), DIGITS(3), DIGITS(4) - 1000,
		DIGITS(4), DIGITS(4), DIGITS(4), DIGITS(5) - 10000,
		DIGITS(5), DIGITS(5), DIGITS(6) - 100000,
		DIGITS(6), DIGITS(6), DIGITS(7) - 1000000,
		DIGITS(7), DIGITS(7), DIGITS(7), DIGITS(8) - 10000000,
		DIGITS(8), DIGITS(8), DIGITS(8),
	};
#undef DIGITS

	return (unsigned int)((v + by_bit[31 - __builtin_clz(v | 1)]) >> 32);
}

/* A number below 10^8 without its leading zeros. */
static inline char *rt_put_dec_eight(char *p, uint32_t v)
{
	return rt_put_word(p, rt_dec_eight(v) + RT_PUT_ZEROS, 8 - rt_nr_digits(v));
}

/* From 10^8 on. */
static __attribute__((noinline, unused)) char *rt_put_dec_long(char *p, uint64_t v)
{
	const uint64_t part = 100000000;
	uint64_t high = v / part;

	if (high < part) {
		p = rt_put_dec_eight(p, (uint32_t)high);
	} else {
		p = rt_put_dec_eight(p, (uint32_t)(high / part));
		p = rt_put_word(p, rt_dec_eight((uint32_t)(high % part)) + RT_PUT_ZEROS, 0);
	}
	return rt_put_word(p, rt_dec_eight((uint32_t)(v % part)) + RT_PUT_ZEROS, 0);
}

/* A number below 10^4 without its leading zeros. */
static inline char *rt_put_dec_four(char *p, uint32_t v)
{
	unsigned int skip = (v < 10) + (v < 100) + (v < 1000);
	uint32_t x, high;

	high = v * 5243 >> 19;
	x = high | (v - 100 * high) << 16;
	high = x * 103 >> 10 & 0x000f000f;
	x = (high | (x - 10 * high) << 8) + (uint32_t)RT_PUT_ZEROS;
	x >>= 8 * skip;
	memcpy(p, &x, 4);
	return p + 4 - skip;
}

/*
 * A field's numbers are mostly of one kind: times have nine digits and more, counts
 * and sizes four and fewer; no other branch.
 */
static inline char *rt_put_dec(char *p, uint64_t v)
{
	if (v < 10000)
		return rt_put_dec_four(p, (uint32_t)v);
	return v < 100000000 ? rt_put_dec_eight(p, (uint32_t)v) : rt_put_dec_long(p, v);
}

static inline char *rt_put_signed(char *p, int64_t v)
{
	uint64_t u = (uint64_t)v;

	if (v < 0) {
		*p++ = '-';
		u = 0 - u;
	}
	return rt_put_dec(p, u);
}

/*
 * All sixteen digits are made and the leading zeros shifted out: lengths vary from
 * one number to the next, and a branch that is guessed wrong costs more.
 */
static inline char *rt_put_hex(char *p, uint64_t v)
{
	const __m128i low = _mm_set1_epi8(15);
	unsigned int skip = (unsigned int)__builtin_clzll(v | 1) / 4;
	__m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(v)), digits;
	unsigned __int128 text;

	digits = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low),
				   _mm_and_si128(bytes, low));
	digits = _mm_add_epi8(_mm_add_epi8(digits, _mm_set1_epi8('0')),
			      _mm_and_si128(_mm_cmpgt_epi8(digits, _mm_set1_epi8(9)),
					    _mm_set1_epi8('a' - '0' - 10)));
	text = (uint64_t)_mm_cvtsi128_si64(digits) |
	       (unsigned __int128)(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(digits, digits))
	       << 64;
	text >>= 8 * skip;
	memcpy(p, &text, 16);
	return p + 16 - skip;
}

/* As rt_put_hex() in half the time, for processors that have SSSE3. */
__attribute__((target("ssse3")))
static inline char *rt_put_hex_ssse3(char *p, uint64_t v)
{
	static const int8_t shift[32] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	};
	const __m128i low = _mm_set1_epi8(15);
	const __m128i letters = _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
					      'a', 'b', 'c', 'd', 'e', 'f');
	unsigned int skip = (unsigned int)__builtin_clzll(v | 1) / 4;
	__m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(v)), digits;

	digits = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low),
				   _mm_and_si128(bytes, low));
	digits = _mm_shuffle_epi8(digits, _mm_loadu_si128((const __m128i *)(shift + skip)));
	_mm_storeu_si128((__m128i *)p, _mm_shuffle_epi8(letters, digits));
	return p + 16 - skip;
}

/* Copies in steps of 16: up to 15 bytes more are read and written. */
static inline char *rt_put_chunks(char *p, const char *text, uint32_t len)
{
	uint32_t i = 0;

	do {
		_mm_storeu_si128((__m128i *)(p + i),
				 _mm_loadu_si128((const __m128i *)(text + i)));
		i += 16;
	} while (i < len);
	return p + len;
}

/*
 * Copies a string of at most @max bytes, which may all be read; up to 15 bytes
 * behind the text are written.
 */
static inline char *rt_put_string(char *p, const uint8_t *text, size_t max)
{
	unsigned int zeros;
	__m128i chunk;

	for (; max >= 16; max -= 16, text += 16, p += 16) {
		chunk = _mm_loadu_si128((const __m128i *)text);
		_mm_storeu_si128((__m128i *)p, chunk);
		zeros = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk,
								      _mm_setzero_si128()));
		if (zeros)
			return p + __builtin_ctz(zeros);
	}
	for (; max && *text; max--)
		*p++ = (char)*text++;
	return p;
}

/* A byte as two hexadecimal digits. */
static inline char *rt_put_byte(char *p, uint8_t v)
{
	p[0] = "0123456789abcdef"[v >> 4];
	p[1] = "0123456789abcdef"[v & 15];
	return p + 2;
}

#endif /* RT_LIB_PUT_H */
