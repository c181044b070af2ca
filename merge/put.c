/* SPDX-License-Identifier: GPL-2.0-or-later */
/* put.c - numbers and texts into memory: what is too large to stand in put.h */
#include "merge/put.h"

char *mrg_put_escaped(char *p, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
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
