/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-rule.c - "METRIC.STAT > LIMIT" into its parts */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "merge/lat-gate.h"

static int wrong(const char *rule, const char *at, const char *what, struct rt_err *err)
{
	return rt_err_say(err, -EINVAL, "\"%s\", column %zu: %s", rule, (size_t)(at - rule) + 1,
			  what);
}

static const char *skip_blanks(const char *p)
{
	while (isblank((unsigned char)*p))
		p++;
	return p;
}

/* "p99.9": digits, at most one point, below 100. */
static bool parse_quantile(const char *text, size_t len, double *ret)
{
	char number[16], *end;
	double value;

	if (len < 2 || len > sizeof(number) || text[0] != 'p' || !isdigit((unsigned char)text[1]))
		return false;
	memcpy(number, text + 1, len - 1);
	number[len - 1] = '\0';
	if (strspn(number, "0123456789.") != len - 1)
		return false;
	value = strtod(number, &end);
	if (*end || value <= 0 || value >= 100)
		return false;
	*ret = value / 100;
	return true;
}

static bool parse_stat(struct mrg_lat_rule *rule, const char *text, size_t len)
{
	static const struct { const char *name; enum mrg_lat_stat stat; } names[] = {
		{ "min", MRG_LAT_STAT_MIN }, { "max", MRG_LAT_STAT_MAX },
		{ "mean", MRG_LAT_STAT_MEAN }, { "count", MRG_LAT_STAT_COUNT },
		{ "rate", MRG_LAT_STAT_RATE }, { "share", MRG_LAT_STAT_SHARE },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strlen(names[i].name) == len && strncmp(text, names[i].name, len) == 0) {
			rule->stat = names[i].stat;
			return true;
		}
	}
	rule->stat = MRG_LAT_STAT_QUANTILE;
	return parse_quantile(text, len, &rule->quantile);
}

/* The point that parts metric and stat: names may hold points too, so the first that fits. */
static const char *find_stat(struct mrg_lat_rule *rule, const char *from, const char *end)
{
	const char *p;

	for (p = from; p < end; p++) {
		if (*p == '.' && parse_stat(rule, p + 1, (size_t)(end - p - 1)))
			return p;
	}
	return NULL;
}

static bool is_count(enum mrg_lat_stat stat)
{
	return stat == MRG_LAT_STAT_COUNT || stat == MRG_LAT_STAT_RATE;
}

static int parse_limit(struct mrg_lat_rule *rule, const char *p, struct rt_err *err)
{
	bool relative = *p == '+' || *p == '-', minus = *p == '-';
	char word[32], *end;
	uint64_t ns;
	size_t len;

	p += relative;
	len = strlen(p);
	while (len > 0 && isspace((unsigned char)p[len - 1]))
		len--;
	if (len == 0 || len >= sizeof(word))
		return wrong(rule->text, p, "expected a limit such as 50us, +20% or 1000", err);
	memcpy(word, p, len);
	word[len] = '\0';
	rule->limit = !relative ? MRG_LAT_ABSOLUTE : word[len - 1] == '%' ? MRG_LAT_PERCENT
									   : MRG_LAT_DELTA;
	if (rule->limit == MRG_LAT_PERCENT || is_count(rule->stat)) {
		rule->value = strtod(word, &end);
		if (end == word || strcmp(end, rule->limit == MRG_LAT_PERCENT ? "%" : "") != 0 ||
		    !isdigit((unsigned char)word[0]))
			return wrong(rule->text, p, "expected a number", err);
	} else {
		if (isdigit((unsigned char)word[len - 1]) && strcmp(word, "0") != 0)
			return wrong(rule->text, p, "expected a time with its unit, such as 50us",
				     err);
		if (rt_parse_time(word, &ns) < 0)
			return wrong(rule->text, p, "expected a time such as 50us, or +20%", err);
		rule->value = (double)ns;
	}
	if (minus)
		rule->value = -rule->value;
	return 0;
}

int mrg_lat_rule_parse(struct mrg_lat_rule *ret, const char *text, struct rt_err *err)
{
	struct mrg_lat_rule rule = { 0 };
	const char *p, *op, *end, *stat, *name_end;
	struct rt_err why = { 0 };
	int rc;

	if (strlen(text) >= sizeof(rule.text))
		return rt_err_say(err, -EINVAL, "\"%.40s...\": a rule has at most %zu characters",
				  text, sizeof(rule.text) - 1);
	snprintf(rule.text, sizeof(rule.text), "%s", text);
	p = skip_blanks(rule.text);
	name_end = strrchr(p, ')');
	op = strpbrk(name_end ? name_end : p, "<>");
	if (!op)
		return wrong(rule.text, rule.text + strlen(rule.text),
			     "expected \"> LIMIT\" or \"< LIMIT\"", err);
	for (end = op; end > p && isblank((unsigned char)end[-1]); end--)
		;
	stat = find_stat(&rule, name_end ? name_end : p, end);
	if (!stat)
		return wrong(rule.text, end, "expected METRIC.STAT in front: .p99.9, .max, .min, "
			     ".mean, .count, .rate or .share", err);
	rc = mrg_lat_select_parse(&rule.select, p, (size_t)(stat - p), &why);
	if (rc < 0)
		return wrong(rule.text, p, why.text, err);
	rule.below = *op == '<';
	rc = parse_limit(&rule, skip_blanks(op + 1), err);
	if (rc == 0)
		*ret = rule;
	return rc;
}
