/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where.h - expressions over what a line shows: --where, --begin, --end
 *
 *	event == KVM_EXIT and reason == HLT and host == "host"
 *
 * A text is parsed once, then bound to the events of a set: for each event what
 * can be said of all its records (its name, its host, fields that it has not) is
 * decided there, and what is left is a short list of tests of bytes.  The
 * language is described in xtrace-view(1).
 */
#ifndef MRG_WHERE_H
#define MRG_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/set.h"
#include "merge/view.h"

struct mrg_where;
struct mrg_item;
struct rt_err;

/**
 * mrg_where_parse() - the text of an expression.
 *
 * Return: 0; what rt_usage() returned when it is none, the error says at which
 * column and shows the place on lines of its own; or -ENOMEM.
 */
int mrg_where_parse(struct mrg_where **ret, const char *text, struct rt_err *err);
void mrg_where_destroy(struct mrg_where *where);

/**
 * mrg_where_bind() - to the events of a set, which is borrowed for all but the end.
 * @mode: how times in it are written.
 *
 * Return: 0; -EINVAL for names and values that mean nothing in these traces,
 * with the column and near matches; or -ENOMEM.
 */
int mrg_where_bind(struct mrg_where *where, const struct mrg_set *set, enum mrg_time_mode mode,
		   struct rt_err *err);

/* It has a time that counts from the begin of the set: +TIME. */
bool mrg_where_needs_begin(const struct mrg_where *where);

/* It asks for names of tasks, which are known in the order of the stream alone. */
bool mrg_where_needs_names(const struct mrg_where *where);

/* Can any record of this event be a match by its own line? */
bool mrg_where_may_match(const struct mrg_where *where, uint16_t member, unsigned int id);
/* Can a derived line of this name be one? */
bool mrg_where_may_match_name(const struct mrg_where *where, uint16_t member, const char *name);

/* A line that is held against an expression. */
struct mrg_subject {
	struct mrg_view *view;		/* with its stream */
	const struct mrg_item *item;	/* not a lost mark */
	uint64_t seq;			/* its number in the stream, for names of tasks */
	/* Of a derived line: its name, the descriptor or the message that it shows. */
	const char *name;
	uint64_t number;
	const uint8_t *text;		/* NULL: none */
	size_t text_len;
};

/* Any number of threads, unless mrg_where_needs_names(). */
bool mrg_where_match(const struct mrg_where *where, const struct mrg_subject *subject);

#endif /* MRG_WHERE_H */
