/* SPDX-License-Identifier: GPL-2.0-or-later */
/* put.c - numbers and texts into memory: what is too large to stand in put.h */
#include "merge/put.h"

#include <emmintrin.h>
#include <stdbool.h>

/* Eight bytes, which are written in any case. Return: true when they can be printed as they are. */
static inline bool put_plain(char *p, const uint8_t *data)
{
	__m128i chunk = _mm_loadl_epi64((const __m128i *)data), bad;

	bad = _mm_cmplt_epi8(chunk, _mm_set1_epi8(0x20));	/* from 0x80 on they are negative */
	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(chunk, _mm_set1_epi8(0x7f)));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\')));
	_mm_storel_epi64((__m128i *)p, chunk);
	return (_mm_movemask_epi8(bad) & 0xff) == 0;
}

char *mrg_put_escaped(char *p, const uint8_t *data, size_t len)
{
	size_t i = 0;

	for (; len - i >= 8 && put_plain(p, data + i); i += 8)
		p += 8;
	for (; i < len; i++) {
		if (data[i] >= 0x20 && data[i] < 0x7f && data[i] != '\\') {
			*p++ = (char)data[i];
			continue;
		}
		*p++ = '\\';
		if (data[i] == '\\') {
			*p++ = '\\';
			continue;
		}
		*p++ = 'x';
		*p++ = "0123456789abcdef"[data[i] >> 4];
		*p++ = "0123456789abcdef"[data[i] & 15];
	}
	return p;
}
