/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpulist.c - sets of CPUs from and to the kernel's two notations
 */
#include "lib/cpulist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define WORDS (RT_MAX_CPUS / 64)
#define MASK_WORDS (RT_MAX_CPUS / 32)

/* The text being read; @all stays for the message. */
struct cursor {
	const char *all, *at;
	const char *what;
};

static int complain(const struct cursor *cur, const char *expected, struct rt_err *err)
{
	int column = (int)(cur->at - cur->all) + 1;
	char found[] = "\"?\"";

	if (!*cur->at)
		return rt_err_say(err, -EINVAL, "%s \"%s\", column %d: expected %s, found the end",
				  cur->what, cur->all, column, expected);
	found[1] = isprint((unsigned char)*cur->at) ? *cur->at : '?';
	return rt_err_say(err, -EINVAL, "%s \"%s\", column %d: expected %s, found %s",
			  cur->what, cur->all, column, expected, found);
}

static bool at_end(const struct cursor *cur)
{
	return cur->at[strspn(cur->at, " \t\n")] == '\0';
}

static bool take(struct cursor *cur, char c)
{
	if (*cur->at != c)
		return false;
	cur->at++;
	return true;
}

static int number(struct cursor *cur, const char *expected, unsigned int max,
		  unsigned int *ret, struct rt_err *err)
{
	const char *start = cur->at;
	unsigned int value = 0;

	if (!isdigit((unsigned char)*cur->at))
		return complain(cur, expected, err);
	for (; isdigit((unsigned char)*cur->at); cur->at++) {
		value = value * 10 + (unsigned int)(*cur->at - '0');
		if (value > max)
			return rt_err_say(err, -ERANGE, "%s \"%s\", column %d: expected %s of "
					  "at most %u, found %.12s", cur->what, cur->all,
					  (int)(start - cur->all) + 1, expected, max, start);
	}
	*ret = value;
	return 0;
}

/* "first", "first-last", "first-last:step" or "first-last:used/group". */
static int range(struct cursor *cur, struct rt_cpuset *set, struct rt_err *err)
{
	unsigned int first, last, used = 1, group = 1, cpu;
	const char *start = cur->at;
	int rc;

	rc = number(cur, "a CPU number", RT_MAX_CPUS - 1, &first, err);
	last = first;
	if (!rc && take(cur, '-')) {
		rc = number(cur, "a CPU number", RT_MAX_CPUS - 1, &last, err);
		if (!rc && take(cur, ':')) {
			rc = number(cur, "a step", RT_MAX_CPUS, &group, err);
			if (!rc && take(cur, '/')) {
				used = group;
				rc = number(cur, "a group size", RT_MAX_CPUS, &group, err);
			}
		}
	}
	if (rc)
		return rc;
	if (last < first || !group || !used || used > group) {
		cur->at = start;
		return rt_err_say(err, -EINVAL,
				  "%s \"%s\", column %d: expected a range that rises, with a step "
				  "of at least 1, found \"%.*s\"", cur->what, cur->all,
				  (int)(start - cur->all) + 1, (int)strcspn(start, ",\n"), start);
	}
	for (cpu = first; cpu <= last; cpu++) {
		if ((cpu - first) % group < used)
			rt_cpuset_add(set, cpu);
	}
	return 0;
}

int rt_cpuset_parse(struct rt_cpuset *ret, const char *list, struct rt_err *err)
{
	struct cursor cur = { .all = list, .at = list, .what = "CPU list" };
	struct rt_cpuset set = { { 0 } };
	int rc;

	if (!at_end(&cur)) {
		do {
			rc = range(&cur, &set, err);
			if (rc)
				return rc;
		} while (take(&cur, ','));
		if (!at_end(&cur))
			return complain(&cur, "\",\" or the end", err);
	}
	*ret = set;
	return 0;
}

static int mask_word(struct cursor *cur, uint32_t *ret, struct rt_err *err)
{
	unsigned int digits = 0;
	uint32_t value = 0;

	for (; rt_hex_digit(*cur->at) >= 0 && digits < 8; cur->at++, digits++)
		value = value << 4 | (uint32_t)rt_hex_digit(*cur->at);
	if (!digits)
		return complain(cur, "a hexadecimal number", err);
	*ret = value;
	return 0;
}

int rt_cpuset_parse_mask(struct rt_cpuset *ret, const char *mask, struct rt_err *err)
{
	struct cursor cur = { .all = mask, .at = mask, .what = "CPU mask" };
	uint32_t words[MASK_WORDS];
	struct rt_cpuset set = { { 0 } };
	unsigned int nr = 0, i;
	int rc;

	do {
		if (nr == MASK_WORDS)
			return complain(&cur, "no more than 8192 CPUs", err);
		rc = mask_word(&cur, &words[nr], err);
		if (rc)
			return rc;
		nr++;
	} while (take(&cur, ','));
	if (!at_end(&cur))
		return complain(&cur, "\",\" or the end", err);
	for (i = 0; i < nr; i++)
		set.bits[i / 2] |= (uint64_t)words[nr - 1 - i] << (i % 2 * 32);
	*ret = set;
	return 0;
}

int rt_cpuset_format(const struct rt_cpuset *set, char *buf, size_t size)
{
	size_t used = 0;
	int first, last, len;

	if (!size)
		return -ENOSPC;
	buf[0] = '\0';
	for (first = rt_cpuset_next(set, 0); first >= 0; first = rt_cpuset_next(set, last + 1)) {
		for (last = first; rt_cpuset_has(set, last + 1); last++)
			;
		len = snprintf(buf + used, size - used, first == last ? "%s%d" : "%s%d-%d",
			       used ? "," : "", first, last);
		if ((size_t)len >= size - used)
			return -ENOSPC;
		used += (size_t)len;
	}
	return 0;
}

static uint32_t word32(const struct rt_cpuset *set, int i)
{
	return (uint32_t)(set->bits[i / 2] >> (i % 2 * 32));
}

int rt_cpuset_format_mask(const struct rt_cpuset *set, char *buf, size_t size)
{
	int i = MASK_WORDS - 1, len;
	size_t used = 0;

	while (i > 0 && !word32(set, i))
		i--;
	len = snprintf(buf, size, "%" PRIx32, word32(set, i));
	while ((size_t)len < size - used && i > 0) {
		used += (size_t)len;
		len = snprintf(buf + used, size - used, ",%08" PRIx32, word32(set, --i));
	}
	return (size_t)len < size - used ? 0 : -ENOSPC;
}

unsigned int rt_cpuset_count(const struct rt_cpuset *set)
{
	unsigned int count = 0, i;

	for (i = 0; i < WORDS; i++)
		count += (unsigned int)__builtin_popcountll(set->bits[i]);
	return count;
}

bool rt_cpuset_empty(const struct rt_cpuset *set)
{
	return rt_cpuset_next(set, 0) < 0;
}

bool rt_cpuset_equal(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool rt_cpuset_overlaps(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++) {
		if (a->bits[i] & b->bits[i])
			return true;
	}
	return false;
}

bool rt_cpuset_within(const struct rt_cpuset *inner, const struct rt_cpuset *outer)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++) {
		if (inner->bits[i] & ~outer->bits[i])
			return false;
	}
	return true;
}

void rt_cpuset_and(struct rt_cpuset *to, const struct rt_cpuset *from)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		to->bits[i] &= from->bits[i];
}

void rt_cpuset_or(struct rt_cpuset *to, const struct rt_cpuset *from)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		to->bits[i] |= from->bits[i];
}

void rt_cpuset_minus(struct rt_cpuset *to, const struct rt_cpuset *from)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		to->bits[i] &= ~from->bits[i];
}

int rt_cpuset_next(const struct rt_cpuset *set, unsigned int from)
{
	unsigned int i = from / 64;
	uint64_t word;

	if (from >= RT_MAX_CPUS)
		return -1;
	word = set->bits[i] & (UINT64_MAX << (from % 64));
	while (!word) {
		if (++i == WORDS)
			return -1;
		word = set->bits[i];
	}
	return (int)(i * 64) + __builtin_ctzll(word);
}
