/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.c - one list of rows, printed for people or for programs
 */
#include "lib/table.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/text.h"

#define GAP 2			/* blanks between columns */

struct rt_table {
	const struct rt_column *columns;
	unsigned int nr_columns;
	char **cells;		/* row after row; NULL: not set */
	size_t nr_rows, room;	/* in rows */
	bool failed;		/* a row or a cell was lost for want of memory */
};

int rt_table_create(struct rt_table **ret, const struct rt_column *columns, unsigned int nr)
{
	struct rt_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->columns = columns;
	table->nr_columns = nr;
	*ret = table;
	return 0;
}

void rt_table_destroy(struct rt_table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->nr_rows * table->nr_columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static char **row_cells(const struct rt_table *table, size_t row)
{
	return table->cells + row * table->nr_columns;
}

void rt_table_row(struct rt_table *table)
{
	size_t room = table->room ? table->room * 2 : 16;
	char **cells;

	if (table->failed)
		return;
	if (table->nr_rows == table->room) {
		cells = reallocarray(table->cells, room, table->nr_columns * sizeof(*cells));
		if (!cells) {
			table->failed = true;
			return;
		}
		table->cells = cells;
		table->room = room;
	}
	memset(row_cells(table, table->nr_rows), 0, table->nr_columns * sizeof(*cells));
	table->nr_rows++;
}

/* Puts @text, which becomes the table's, into the last row. */
static void set_cell(struct rt_table *table, unsigned int column, char *text)
{
	char **cell;

	if (!text)
		table->failed = true;
	if (table->failed || !table->nr_rows || column >= table->nr_columns) {
		free(text);
		return;
	}
	cell = row_cells(table, table->nr_rows - 1) + column;
	free(*cell);
	*cell = text;
}

void rt_table_str(struct rt_table *table, unsigned int column, const char *text)
{
	if (text)
		set_cell(table, column, strdup(text));
}

void rt_table_printf(struct rt_table *table, unsigned int column, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	set_cell(table, column, text);
}

void rt_table_u64(struct rt_table *table, unsigned int column, uint64_t value)
{
	rt_table_printf(table, column, "%" PRIu64, value);
}

void rt_table_i64(struct rt_table *table, unsigned int column, int64_t value)
{
	rt_table_printf(table, column, "%" PRId64, value);
}

void rt_table_bool(struct rt_table *table, unsigned int column, bool value)
{
	rt_table_str(table, column, value ? "yes" : "no");
}

static const char *shown(const char *cell)
{
	return cell && *cell ? cell : "-";
}

/* What bytes mean here, whatever the locale of the user; 0 where the C library has none such. */
static locale_t utf8(void)
{
	static locale_t locale;

	if (!locale)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

/* Columns of the character at @text: two for a wide one, none for one that combines. */
static size_t width_of_one(const char *text, size_t *ret_bytes)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, text, strnlen(text, MB_LEN_MAX), &state);
	int width;

	*ret_bytes = 1;
	if (n > MB_LEN_MAX)	/* no UTF-8: one sign for each byte */
		return 1;
	*ret_bytes = n;
	width = wcwidth(c);
	return width < 0 ? 1 : (size_t)width;
}

/* Columns on a terminal. */
static size_t width_of(const char *text)
{
	size_t width = 0, bytes = 1;
	locale_t before;

	for (; *text && !(*text & 0x80); text++)	/* what nearly all text is */
		width++;
	if (!*text || !utf8())
		return width + strlen(text);
	before = uselocale(utf8());
	for (; *text; text += bytes)
		width += width_of_one(text, &bytes);
	uselocale(before);
	return width;
}

static void pad(struct rt_buf *buf, size_t width)
{
	rt_buf_printf(buf, "%*s", (int)width, "");
}

/* A task may name itself so that a terminal would obey. */
static void add_printable(struct rt_buf *buf, const char *text)
{
	size_t start = buf->len;

	rt_buf_puts(buf, text);
	if (rt_buf_str(buf))
		buf->len = start + rt_make_printable(buf->data + start);
}

static void add_cell(const struct rt_table *table, struct rt_buf *buf, unsigned int column,
		     const char *text, size_t width)
{
	bool right = table->columns[column].type == RT_COL_NUMBER;
	bool last = column + 1 == table->nr_columns;
	size_t blanks = width - width_of(text);

	if (right)
		pad(buf, blanks);
	add_printable(buf, text);
	if (!right && !last)
		pad(buf, blanks);
	if (last)
		rt_buf_puts(buf, "\n");
	else
		pad(buf, GAP);
}

static size_t column_width(const struct rt_table *table, unsigned int column)
{
	size_t most = width_of(table->columns[column].head), width, row;

	for (row = 0; row < table->nr_rows; row++) {
		width = width_of(shown(row_cells(table, row)[column]));
		if (width > most)
			most = width;
	}
	return most;
}

/* Writes the buffer, and tells of whatever went wrong on the way to here. */
static int hand_out(const struct rt_table *table, struct rt_buf *buf, FILE *to,
		    struct rt_err *err)
{
	int rc = 0;

	if (table->failed || buf->failed)
		rc = rt_err_set(err, -ENOMEM, "cannot hold all rows of the output");
	else if (buf->len && fwrite(buf->data, buf->len, 1, to) != 1)
		rc = rt_err_set(err, errno ? -errno : -EIO, "cannot write the output");
	rt_buf_finish(buf);
	return rc;
}

int rt_table_print(const struct rt_table *table, FILE *to, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	unsigned int column;
	size_t *widths, row;

	widths = calloc(table->nr_columns, sizeof(*widths));
	if (!widths)
		return rt_err_set(err, -ENOMEM, "cannot lay out the output");
	for (column = 0; column < table->nr_columns; column++) {
		widths[column] = column_width(table, column);
		add_cell(table, &buf, column, table->columns[column].head, widths[column]);
	}
	for (row = 0; row < table->nr_rows; row++) {
		for (column = 0; column < table->nr_columns; column++)
			add_cell(table, &buf, column, shown(row_cells(table, row)[column]),
				 widths[column]);
	}
	free(widths);
	return hand_out(table, &buf, to, err);
}

/* A number as JSON writes them: -12.5e3, without a leading "+" or zero. */
static bool is_json_number(const char *text)
{
	size_t len;

	text += *text == '-';
	len = strspn(text, "0123456789");
	if (!len || (len > 1 && *text == '0'))
		return false;
	text += len;
	if (*text == '.') {
		len = strspn(text + 1, "0123456789");
		if (!len)
			return false;
		text += len + 1;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		len = strspn(text, "0123456789");
		if (!len)
			return false;
		text += len;
	}
	return !*text;
}

static void json_cell(struct rt_json *json, enum rt_column_type type, const char *cell)
{
	if (!cell)
		rt_json_null(json);
	else if (type == RT_COL_BOOL)
		rt_json_bool(json, strcmp(cell, "yes") == 0);
	else if (type == RT_COL_NUMBER && is_json_number(cell))
		rt_json_raw(json, cell, strlen(cell));
	else
		rt_json_str(json, cell);
}

int rt_table_print_json(const struct rt_table *table, FILE *to, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	struct rt_json json = { .buf = &buf };
	unsigned int column;
	size_t row;

	rt_json_open(&json, '[');
	for (row = 0; row < table->nr_rows; row++) {
		rt_buf_puts(&buf, row ? ",\n " : "\n ");
		json.comma = false;
		rt_json_open(&json, '{');
		for (column = 0; column < table->nr_columns; column++) {
			rt_json_key(&json, table->columns[column].key);
			json_cell(&json, table->columns[column].type,
				  row_cells(table, row)[column]);
		}
		rt_json_close(&json, '}');
	}
	rt_buf_puts(&buf, table->nr_rows ? "\n" : "");
	rt_json_close(&json, ']');
	rt_buf_puts(&buf, "\n");
	return hand_out(table, &buf, to, err);
}
