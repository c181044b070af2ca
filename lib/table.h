/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - rows of output, as an aligned text table or as JSON, from one list
 * of columns
 *
 * Text goes to people: a head line in capitals, columns as wide as they need.
 * JSON goes to programs: an object a row, keys and types from the columns.
 */
#ifndef RT_LIB_TABLE_H
#define RT_LIB_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rt_err;
struct rt_table;

enum rt_column_type { RT_COL_STRING, RT_COL_NUMBER, RT_COL_BOOL };

struct rt_column {
	const char *head;	/* text: "LOST" */
	const char *key;	/* JSON: "lost" */
	enum rt_column_type type;
	const char *help;	/* for lists of columns in --help */
};

/* @columns: array of @nr rows, borrowed for the life of the table. */
int rt_table_create(struct rt_table **ret, const struct rt_column *columns, unsigned int nr);
void rt_table_destroy(struct rt_table *table);
/* Starts a row; cells not set are "-" in text and null in JSON. */
void rt_table_row(struct rt_table *table);
/* The setters fill a cell of the last row.  @text is copied; NULL leaves the cell unset. */
void rt_table_str(struct rt_table *table, unsigned int column, const char *text);
void rt_table_printf(struct rt_table *table, unsigned int column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void rt_table_u64(struct rt_table *table, unsigned int column, uint64_t value);
void rt_table_i64(struct rt_table *table, unsigned int column, int64_t value);
void rt_table_bool(struct rt_table *table, unsigned int column, bool value);
/*
 * On a terminal that is too narrow, texts go on in further lines, behind a comma or a blank,
 * if the table fits then; else a row is a line.
 * Return: 0, -ENOMEM when a row was lost for want of memory, or the write error.
 */
int rt_table_print(const struct rt_table *table, FILE *to, struct rt_err *err);
/* A JSON array of objects, followed by a newline. */
int rt_table_print_json(const struct rt_table *table, FILE *to, struct rt_err *err);

#endif /* RT_LIB_TABLE_H */
