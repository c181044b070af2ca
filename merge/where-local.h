/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where-local.h - what the files of expressions share
 *
 * where-parse.c makes nodes and leaves of a text, where.c binds them to events,
 * where-run.c holds records against what is left.
 */
#ifndef MRG_WHERE_LOCAL_H
#define MRG_WHERE_LOCAL_H

#include "merge/where.h"

typedef __int128 where_number;	/* holds every signed and unsigned 64-bit field */

enum where_op {
	WHERE_EQ, WHERE_NE, WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE, WHERE_LIKE, WHERE_UNLIKE,
};

struct where_value {
	char *text;		/* owned; as it was written, without quotes */
	unsigned int at;	/* offset in the expression */
	bool quoted;
	bool field;		/* ".name": another field of the event */
	bool is_number;
	where_number number;
};

/* "name op value"; a value alone is held against the text of a mark. */
struct where_leaf {
	char *name;		/* owned; without the dot */
	unsigned int at;
	int index;		/* of an array's element; -1: none */
	bool own;		/* ".name": the event's field, never the line's */
	bool alone;
	enum where_op op;
	struct where_value value;
	/* What binding found out. */
	bool known;		/* something has this name */
	bool fits;		/* and there the value means something */
	bool expects_number;	/* or not, since a number was expected */
	uint64_t time;		/* value of the name "time", in merged ns */
};

enum where_kind { WHERE_LEAF, WHERE_AND, WHERE_OR, WHERE_NOT };

struct where_node {
	enum where_kind kind;
	unsigned int left, right;	/* nodes; of WHERE_LEAF: the leaf */
};

/* ---- bound ---- */

enum where_source {
	WHERE_FIELD,		/* number in a field */
	WHERE_ELEMENT,		/* of an array */
	WHERE_BYTES,		/* text in a field */
	WHERE_SHOWN,		/* a field as the line shows it */
	WHERE_PID, WHERE_CPU, WHERE_TIME, WHERE_COMM,
	WHERE_VM, WHERE_VM_NAME, WHERE_VCPU,
	WHERE_BUFFER,
	WHERE_DERIVED_NUMBER, WHERE_DERIVED_TEXT,
};

/* Where a test goes on: a test of the same list, or an end. */
#define WHERE_PASS (-1)
#define WHERE_FAIL (-2)

struct where_operand {
	enum where_source source;
	uint16_t index;
	struct mrg_arg arg;
};

struct where_test {
	struct where_operand left;
	struct where_operand right;	/* where the leaf's value is a field */
	const struct where_leaf *leaf;
	bool numbers;			/* compares numbers, not texts */
	int16_t on_true, on_false;
};

/* What is to be done for one event: an end, or tests from ->first on. */
struct where_list {
	int16_t first;
	uint16_t nr;
	const struct where_test *tests;	/* borrowed from the expression's blocks */
};

struct where_block {
	struct where_block *next;
	size_t nr;
	struct where_test tests[];
};

#define WHERE_MAX_DERIVED 64	/* names of lines that are derived */

struct where_member {
	struct where_list *events;	/* owned; by id, and a last one for ids not described */
	unsigned int nr;
	struct where_list derived[WHERE_MAX_DERIVED];
};

struct mrg_where {
	char *text;
	struct where_node *nodes;	/* owned */
	unsigned int nr_nodes, root;
	struct where_leaf *leaves;	/* owned */
	unsigned int nr_leaves;
	bool needs_names;
	const struct kev_name *derived[WHERE_MAX_DERIVED];	/* sorted by name */
	unsigned int nr_derived;
	const struct mrg_set *set;
	struct where_member *members;	/* owned; NULL until it is bound */
	size_t nr_members;
	struct where_block *blocks;	/* owned; the newest first */
};

/* Says what is wrong at offset @at, with the place shown; returns @code. */
int where_say(const struct mrg_where *where, unsigned int at, int code, struct rt_err *err,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Index of the derived line's name, or -1. */
int where_derived_index(const struct mrg_where *where, const char *name);

#endif /* MRG_WHERE_LOCAL_H */
