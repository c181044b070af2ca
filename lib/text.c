/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.c - globs, near misses, and numbers with units
 */
#include "lib/text.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LONGEST_WORD 64		/* longer ones are nobody's typing error */

bool rt_glob(const char *pattern, const char *text, bool ignore_case)
{
	return fnmatch(pattern, text, ignore_case ? FNM_CASEFOLD : 0) == 0;
}

bool rt_is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * The usual table of edits, three rows of it: row i holds the distance between
 * the first i letters of @a and each beginning of @b.
 */
unsigned int rt_distance(const char *a, const char *b, unsigned int limit)
{
	unsigned int rows[3][LONGEST_WORD + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int *now, *before, *two_before, swap;

	if (la > LONGEST_WORD || lb > LONGEST_WORD)
		return strcasecmp(a, b) ? limit + 1 : 0;
	for (j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (i = 1; i <= la; i++) {
		now = rows[i % 3];
		before = rows[(i + 2) % 3];
		two_before = rows[(i + 1) % 3];
		now[0] = i;
		for (j = 1; j <= lb; j++) {
			now[j] = min3(before[j] + 1, now[j - 1] + 1,
				      before[j - 1] + !same_letter(a[i - 1], b[j - 1]));
			if (i < 2 || j < 2 || !same_letter(a[i - 1], b[j - 2]) ||
			    !same_letter(a[i - 2], b[j - 1]))
				continue;
			swap = two_before[j - 2] + 1;
			if (swap < now[j])
				now[j] = swap;
		}
	}
	return rows[la % 3][lb] > limit ? limit + 1 : rows[la % 3][lb];
}

/* How far a candidate is from what was typed; above @limit when it is no candidate. */
static unsigned int miss(const char *word, const char *candidate, unsigned int limit)
{
	unsigned int edits = rt_distance(word, candidate, limit);

	if (edits <= 1 || strlen(word) < 3)
		return edits;
	if (strncasecmp(word, candidate, strlen(word)) == 0)
		return 1;
	if (edits > limit && strcasestr(candidate, word))
		return limit;
	return edits;
}

unsigned int rt_nearest(const char *word, const char *const *words, size_t nr,
			const char **ret, unsigned int max)
{
	unsigned int limit = strlen(word) < 3 ? 1 : strlen(word) < 9 ? 2 : 3;
	unsigned int distance, want, found = 0;
	size_t i;

	for (want = 0; want <= limit && found < max; want++) {
		for (i = 0; i < nr && found < max; i++) {
			distance = miss(word, words[i], limit);
			if (distance == want)
				ret[found++] = words[i];
		}
	}
	return found;
}

size_t rt_make_printable(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		bool c1 = (unsigned char)p[0] == 0xc2 && (p[1] & 0xe0) == 0x80;

		*to++ = c1 || (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p;
		p += c1;
	}
	*to = '\0';
	return (size_t)(to - text);
}

int rt_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	int base = 10, digit;
	uint64_t value = 0;
	bool over = false;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		digit = rt_hex_digit(*text);
		if (digit < 0 || digit >= base)
			return -EINVAL;
		over |= __builtin_mul_overflow(value, base, &value);
		over |= __builtin_add_overflow(value, digit, &value);
	}
	if (over || value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit size_units[] = {
	{ "",  1 },
	{ "k", 1ull << 10 },
	{ "m", 1ull << 20 },
	{ "g", 1ull << 30 },
	{ "t", 1ull << 40 },
	{ NULL, 0 }
};

static const struct unit time_units[] = {
	{ "",   1000000000 },
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s",  1000000000 },
	{ "m",  60 * 1000000000ull },
	{ "h",  3600 * 1000000000ull },
	{ NULL, 0 }
};

/* A decimal number with up to nine places behind the point, times a unit's scale. */
static int parse_scaled(const char *text, const struct unit *units, uint64_t *ret)
{
	uint64_t places = 1, digits = 0;
	unsigned int nr = 0;
	bool point = false;
	unsigned __int128 value;

	for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (places == 1000000000)
			return -ERANGE;
		if (__builtin_mul_overflow(digits, 10, &digits) ||
		    __builtin_add_overflow(digits, *text - '0', &digits))
			return -ERANGE;
		places *= point ? 10 : 1;
		nr++;
	}
	while (units->name && strcasecmp(units->name, text))
		units++;
	if (!nr || !units->name)
		return -EINVAL;
	value = (unsigned __int128)digits * units->scale / places;
	if (value > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

int rt_parse_size(const char *text, uint64_t *ret)
{
	return parse_scaled(text, size_units, ret);
}

int rt_parse_time(const char *text, uint64_t *ret_ns)
{
	return parse_scaled(text, time_units, ret_ns);
}

char *rt_format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t tenths;

	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	tenths = (uint64_t)(((unsigned __int128)bytes * 10 + ((1ull << (10 * unit)) >> 1)) >>
			    (10 * unit));
	if (unit < 6 && tenths >= 10240) {
		unit++;
		tenths = 10;
	}
	if (tenths % 10)
		snprintf(buf, size, "%llu.%llu %s", (unsigned long long)tenths / 10,
			 (unsigned long long)tenths % 10, names[unit]);
	else
		snprintf(buf, size, "%llu %s", (unsigned long long)tenths / 10, names[unit]);
	return buf;
}
