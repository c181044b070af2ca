/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - words that people type: globs, numbers, near misses
 */
#ifndef RT_LIB_TEXT_H
#define RT_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shell-like match of a whole word: *, ? and [set]; ignores case where asked. */
bool rt_glob(const char *pattern, const char *text, bool ignore_case);
bool rt_is_glob(const char *pattern);

/* Edits (insert, delete, change, swap of neighbours) between two words, capped at @limit + 1. */
unsigned int rt_distance(const char *a, const char *b, unsigned int limit);

/* The up to @max best near misses out of @words (@nr of them); returns how many. */
unsigned int rt_nearest(const char *word, const char *const *words, size_t nr,
			const char **ret, unsigned int max);

/*
 * Control characters become '?', also those of two bytes of UTF-8, U+0080 to U+009F, which some
 * terminals obey too: U+009B is ESC [.  Return: the text's length then.
 */
size_t rt_make_printable(char *text);

/* 0 to 15, what a hexadecimal digit of either case stands for; -1 of any other character */
static inline int rt_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A whole decimal or 0x number within [min, max]: 0, -EINVAL or -ERANGE. */
int rt_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
int rt_parse_size(const char *text, uint64_t *ret);	/* 4096, 64k, 1.5m, 2g: bytes */
int rt_parse_time(const char *text, uint64_t *ret_ns);	/* 1.5, 10ms, 200us, 5ns, 3s, 2m, 1h */

/* 1536 -> "1.5 KiB"; returns @buf. */
char *rt_format_size(uint64_t bytes, char *buf, size_t size);

#endif /* RT_LIB_TEXT_H */
