/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuset.c - the CPUSET notation of kvmrt.cfg against a topology
 *
 *	CPUSET = [ "~" ] item { "," item }
 *	item   = id [ "-" id ]		both of one kind; the second may go without its letter
 *	id     = [ "n" | "c" | "d" | "p" ] number
 */
#include "tuning/topo.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"

/* What a letter stands for. */
static const struct kind {
	char letter;
	const char *one, *many;
	enum tune_level level;
} kinds[] = {
	{ 'n', "node", "nodes", TUNE_NODE },
	{ 'c', "core", "cores", TUNE_CORE },
	{ 'd', "die", "dies", TUNE_DIE },
	{ 'p', "package", "packages", TUNE_PACKAGE },
}, cpu_kind = { '\0', "CPU", "CPUs", TUNE_NR_LEVELS };

struct cursor {
	const struct tune_topo *topo;
	const char *all, *at;
};

#define EXPECTED "a number, or n, c, d or p with a number"

static int column(const struct cursor *cur, const char *at)
{
	return (int)(at - cur->all) + 1;
}

static int complain(const struct cursor *cur, const char *expected, struct rt_err *err)
{
	char found[] = "\"?\"";

	if (!*cur->at)
		return rt_err_say(err, -EINVAL, "CPU set \"%s\", column %d: expected %s, found "
				  "the end", cur->all, column(cur, cur->at), expected);
	found[1] = isprint((unsigned char)*cur->at) ? *cur->at : '?';
	return rt_err_say(err, -EINVAL, "CPU set \"%s\", column %d: expected %s, found %s",
			  cur->all, column(cur, cur->at), expected, found);
}

static void skip_blanks(struct cursor *cur)
{
	cur->at += strspn(cur->at, " \t\n");
}

static const struct kind *take_letter(struct cursor *cur)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (*cur->at == kinds[i].letter) {
			cur->at++;
			return &kinds[i];
		}
	}
	return NULL;
}

static int take_number(struct cursor *cur, const char *expected, int *ret, struct rt_err *err)
{
	const char *start = cur->at;
	int value = 0;

	if (!isdigit((unsigned char)*cur->at))
		return complain(cur, expected, err);
	for (; isdigit((unsigned char)*cur->at); cur->at++) {
		value = value * 10 + (*cur->at - '0');
		if (value >= RT_MAX_CPUS)
			return rt_err_say(err, -EINVAL, "CPU set \"%s\", column %d: expected a "
					  "number of at most %d, found %.12s", cur->all,
					  column(cur, start), RT_MAX_CPUS - 1, start);
	}
	*ret = value;
	return 0;
}

/* The numbers that there are of a kind, for a message. */
static void list_numbers(const struct tune_topo *topo, const struct kind *kind, char *buf,
			 size_t size)
{
	struct rt_cpuset numbers = topo->present;
	unsigned int i;

	if (kind != &cpu_kind) {
		numbers = (struct rt_cpuset){ { 0 } };
		for (i = 0; i < topo->at[kind->level].n; i++)
			rt_cpuset_add(&numbers, (unsigned int)topo->at[kind->level].v[i].number);
	}
	if (rt_cpuset_format(&numbers, buf, size) < 0)
		snprintf(buf, size, "fewer");
}

static int not_there(const struct cursor *cur, const struct kind *kind, int number,
		     const char *item, struct rt_err *err)
{
	char there[200];

	list_numbers(cur->topo, kind, there, sizeof(there));
	return rt_err_say(err, -ENOENT, "CPU set \"%s\", column %d: no %s %d in this machine, "
			  "which has %s %s", cur->all, column(cur, item), kind->one, number,
			  kind->many, there);
}

static int add(const struct cursor *cur, const struct kind *kind, int number, const char *item,
	       struct rt_cpuset *set, struct rt_err *err)
{
	const struct tune_group *group;

	if (kind == &cpu_kind) {
		if (!rt_cpuset_has(&cur->topo->present, (unsigned int)number))
			return not_there(cur, kind, number, item, err);
		rt_cpuset_add(set, (unsigned int)number);
		return 0;
	}
	group = tune_topo_group(cur->topo, kind->level, number);
	if (!group)
		return not_there(cur, kind, number, item, err);
	if (rt_cpuset_empty(&group->cpus))
		return rt_err_say(err, -ENOENT, "CPU set \"%s\", column %d: %s %d has no CPU",
				  cur->all, column(cur, item), kind->one, number);
	rt_cpuset_or(set, &group->cpus);
	return 0;
}

/* What stands behind the "-" of a range that began with @kind. */
static int take_last(struct cursor *cur, const struct kind *kind, int *ret, struct rt_err *err)
{
	const char *start = cur->at;
	const struct kind *again = take_letter(cur);
	char expected[48];

	snprintf(expected, sizeof(expected), "a %s number", kind->one);
	if (again && again != kind) {
		cur->at = start;
		return complain(cur, expected, err);
	}
	return take_number(cur, expected, ret, err);
}

static int item(struct cursor *cur, struct rt_cpuset *set, struct rt_err *err)
{
	const struct kind *kind;
	const char *start;
	char expected[48];
	int first, last, rc;

	skip_blanks(cur);
	start = cur->at;
	kind = take_letter(cur);
	snprintf(expected, sizeof(expected), "a %s number", kind ? kind->one : "");
	if (!kind)
		kind = &cpu_kind;
	rc = take_number(cur, kind == &cpu_kind ? EXPECTED : expected, &first, err);
	last = first;
	if (!rc && *cur->at == '-') {
		cur->at++;
		rc = take_last(cur, kind, &last, err);
	}
	if (!rc && last < first)
		rc = rt_err_say(err, -EINVAL, "CPU set \"%s\", column %d: expected a range that "
				"rises, found \"%.*s\"", cur->all, column(cur, start),
				(int)(cur->at - start), start);
	for (; !rc && first <= last; first++)
		rc = add(cur, kind, first, start, set, err);
	skip_blanks(cur);
	return rc;
}

int tune_cpuset_resolve(struct rt_cpuset *ret, const struct tune_topo *topo, const char *text,
			struct rt_err *err)
{
	struct cursor cur = { .topo = topo, .all = text, .at = text };
	struct rt_cpuset set = { { 0 } }, rest = topo->present;
	bool inverse;
	int rc;

	skip_blanks(&cur);
	if (!*cur.at) {
		*ret = set;
		return 0;
	}
	inverse = *cur.at == '~';
	cur.at += inverse;
	rc = item(&cur, &set, err);
	while (!rc && *cur.at == ',') {
		cur.at++;
		rc = item(&cur, &set, err);
	}
	if (rc)
		return rc;
	if (*cur.at)
		return complain(&cur, "\",\" or the end", err);
	rt_cpuset_minus(&rest, &set);
	if (inverse && rt_cpuset_empty(&rest))
		return rt_err_say(err, -ENOENT, "CPU set \"%s\" leaves no CPU of this machine",
				  text);
	*ret = inverse ? rest : set;
	return 0;
}
