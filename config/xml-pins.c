/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-pins.c - pins and schedulers, one text for all of them */
#include "config/xml-pins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"

#define LIST_ROOM	(5 * RT_MAX_CPUS)

/* What each vCPU or iothread has; NULL where nothing is said. */
struct pins {
	char *of[RT_MAX_CPUS];
};

static void pins_finish(struct pins *pins)
{
	for (unsigned int i = 0; i < RT_MAX_CPUS; i++)
		free(pins->of[i]);
}

/* "0-7,^3": what is behind a ^ is taken out of what stands before it. */
static int parse_cpus(struct rt_cpuset *ret, const char *text, struct rt_err *err)
{
	char *copy = strdup(text), *rest = copy, *item;
	struct rt_cpuset some;
	int rc = 0;

	memset(ret, 0, sizeof(*ret));
	if (!copy)
		return rt_err_set(err, -ENOMEM, "cannot read a list of CPUs");
	while (rc == 0 && (item = strsep(&rest, ","))) {
		item += strspn(item, " \t\n");
		rc = rt_cpuset_parse(&some, *item == '^' ? item + 1 : item, err);
		if (rc == 0 && *item == '^')
			rt_cpuset_minus(ret, &some);
		else if (rc == 0)
			rt_cpuset_or(ret, &some);
	}
	free(copy);
	return rc;
}

static int attr_set(xmlNode *node, const char *attr, struct rt_cpuset *ret, struct rt_err *err)
{
	xmlChar *text = kcfg_attr(node, attr);
	int rc;

	rc = parse_cpus(ret, text ? (const char *)text : "", err);
	if (rc < 0)
		rc = rt_err_wrap(err, rc, "%s of <%s>", attr, (const char *)node->name);
	xmlFree(text);
	return rc;
}

int kcfg_read_cpus(xmlNode *node, const char *attr, struct rt_buf *out, struct rt_err *err)
{
	struct rt_cpuset set;
	char *room;
	int rc;

	if (!node)
		return 0;
	rc = attr_set(node, attr, &set, err);
	if (rc < 0)
		return rc;
	room = rt_buf_reserve(out, LIST_ROOM);
	if (room && rt_cpuset_format(&set, room, LIST_ROOM) == 0)
		out->len += strlen(room);
	return 0;
}

static int pins_add(struct pins *pins, unsigned int id, const char *text, const xmlNode *node,
		    struct rt_err *err)
{
	if (pins->of[id])
		return rt_err_say(err, -EINVAL, "expected one <%s> of number %u, found two",
				  (const char *)node->name, id);
	pins->of[id] = strdup(text);
	return pins->of[id] ? 0 : rt_err_set(err, -ENOMEM, "cannot read <cputune>");
}

static void pins_print(const struct pins *pins, struct rt_buf *out)
{
	for (unsigned int i = 0; i < RT_MAX_CPUS; i++)
		if (pins->of[i])
			rt_buf_printf(out, "%s%u=%s", out->len ? " " : "", i, pins->of[i]);
}

/* Calls @each for every element of the row, and prints what came together. */
static int read_all(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		    int (*each)(const struct kcfg_part_row *row, xmlNode *node,
				struct pins *pins, struct rt_err *err), struct rt_err *err)
{
	struct pins *pins = calloc(1, sizeof(*pins));
	xmlNode *node;
	int rc = 0;

	if (!pins)
		return rt_err_set(err, -ENOMEM, "cannot read <cputune>");
	for (node = kcfg_child(kcfg_child(domain, "cputune"), row->element); rc == 0 && node;
	     node = kcfg_sibling(node, row->element))
		rc = each(row, node, pins, err);
	if (rc == 0)
		pins_print(pins, out);
	pins_finish(pins);
	free(pins);
	return rc;
}

static int read_pin(const struct kcfg_part_row *row, xmlNode *node, struct pins *pins,
		    struct rt_err *err)
{
	struct rt_buf list = { 0 };
	unsigned int id;
	int rc;

	rc = kcfg_attr_uint(node, row->key, 0, RT_MAX_CPUS - 1, 0, &id, err);
	if (rc == 0)
		rc = kcfg_read_cpus(node, "cpuset", &list, err);
	if (rc == 0 && rt_buf_str(&list))
		rc = pins_add(pins, id, list.data, node, err);
	rt_buf_finish(&list);
	return rc;
}

static int read_sched(const struct kcfg_part_row *row, xmlNode *node, struct pins *pins,
		      struct rt_err *err)
{
	xmlChar *policy = kcfg_attr(node, "scheduler");
	unsigned int priority = 0;
	struct rt_cpuset ids;
	char text[40];
	int rc;

	rc = attr_set(node, row->key, &ids, err);
	if (rc == 0)
		rc = kcfg_attr_uint(node, "priority", 0, 99, 0, &priority, err);
	snprintf(text, sizeof(text), "%.20s:%u", policy ? (const char *)policy : "", priority);
	xmlFree(policy);
	if (rc == 0)
		rt_cpuset_for_each(id, &ids)
			rc = rc ? rc : pins_add(pins, id, text, node, err);
	return rc;
}

int kcfg_pins_read(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		   struct rt_err *err)
{
	return read_all(row, domain, out, read_pin, err);
}

int kcfg_scheds_read(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		     struct rt_err *err)
{
	return read_all(row, domain, out, read_sched, err);
}

static int add_pin(const struct kcfg_part_row *row, xmlNode *cputune, const char *id, char *cpus)
{
	xmlNode *node = kcfg_child_add(cputune, row->element);

	return kcfg_attr_set(node, row->key, id) ? : kcfg_attr_set(node, "cpuset", cpus);
}

static int add_sched(const struct kcfg_part_row *row, xmlNode *cputune, const char *id,
		     char *sched)
{
	xmlNode *node = kcfg_child_add(cputune, row->element);
	char *priority = strchr(sched, ':');
	int rc;

	*priority++ = '\0';
	rc = kcfg_attr_set(node, row->key, id) ? : kcfg_attr_set(node, "scheduler", sched);
	return rc || !strcmp(priority, "0") ? rc : kcfg_attr_set(node, "priority", priority);
}

/* All elements of the row anew: "0=4 1=6". */
static int write_all(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		     int (*add)(const struct kcfg_part_row *row, xmlNode *cputune,
				const char *id, char *text), struct rt_err *err)
{
	xmlNode *cputune = kcfg_child_make(domain, "cputune"), *node;
	char *copy = strdup(want), *rest = copy, *item, *text;
	int rc = copy && cputune ? 0 : -ENOMEM;

	while (rc == 0 && (node = kcfg_child(cputune, row->element)))
		kcfg_child_remove(node);
	while (rc == 0 && (item = strsep(&rest, " "))) {
		text = strchr(item, '=');
		if (text)
			*text++ = '\0';
		if (text && *text && (add != add_sched || strchr(text, ':')))
			rc = add(row, cputune, item, text);
		else if (*item)
			rc = rt_err_say(err, -EINVAL, "expected \"NUMBER=WHAT\", found \"%s\"",
					item);
	}
	if (rc == 0)
		kcfg_child_prune(cputune);
	free(copy);
	return rc;
}

int kcfg_pins_write(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		    struct rt_err *err)
{
	return write_all(row, domain, want, add_pin, err);
}

int kcfg_scheds_write(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		      struct rt_err *err)
{
	return write_all(row, domain, want, add_sched, err);
}
