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
#include <sys/ioctl.h>
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

/* Columns on a terminal, of @len bytes. */
static size_t width_of(const char *text, size_t len)
{
	const char *end = text + len;
	size_t width = 0, bytes = 1;
	locale_t before;

	for (; text < end && !(*text & 0x80); text++)	/* what nearly all text is */
		width++;
	if (text == end || !utf8())
		return width + (size_t)(end - text);
	before = uselocale(utf8());
	for (; text < end; text += bytes)
		width += width_of_one(text, &bytes);
	uselocale(before);
	return width;
}

static void pad(struct rt_buf *buf, size_t width)
{
	rt_buf_printf(buf, "%*s", (int)width, "");
}

/* A task may name itself so that a terminal would obey. */
static void add_printable(struct rt_buf *buf, const char *text, size_t len)
{
	size_t start = buf->len;

	rt_buf_add(buf, text, len);
	if (rt_buf_str(buf))
		buf->len = start + rt_make_printable(buf->data + start);
}

static void add_cell(const struct rt_table *table, struct rt_buf *buf, unsigned int column,
		     const char *text, size_t len, size_t width)
{
	bool right = table->columns[column].type == RT_COL_NUMBER;
	bool last = column + 1 == table->nr_columns;
	size_t blanks = width - width_of(text, len);

	if (right)
		pad(buf, blanks);
	add_printable(buf, text, len);
	if (!right && !last)
		pad(buf, blanks);
	if (!last)
		pad(buf, GAP);
}

static size_t column_width(const struct rt_table *table, unsigned int column)
{
	const char *text = table->columns[column].head;
	size_t most = width_of(text, strlen(text)), width, row;

	for (row = 0; row < table->nr_rows; row++) {
		text = shown(row_cells(table, row)[column]);
		width = width_of(text, strlen(text));
		if (width > most)
			most = width;
	}
	return most;
}

/* ---- tables that a terminal is too narrow for ---- */

/* Columns that the terminal has; 0: it is none, and nothing is broken. */
static size_t terminal_width(FILE *to)
{
	struct winsize size;

	return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Bytes of the next word, with the comma behind it or the blanks in front of it. */
static size_t word_bytes(const char *text)
{
	size_t len = strspn(text, " ");

	len += strcspn(text + len, " ,");
	return len + (text[len] == ',');
}

/* Bytes of @text that go into a line: whole words, and all of the rest where it fits. */
static size_t piece_bytes(const char *text, size_t width)
{
	size_t all = strlen(text), len;

	if (width_of(text, all) <= width)
		return all;
	len = word_bytes(text);
	while (len < all && width_of(text, len + word_bytes(text + len)) <= width)
		len += word_bytes(text + len);
	return len;
}

/* The column's width where each line has but one word of its cells. */
static size_t least_width(const struct rt_table *table, unsigned int column)
{
	const char *text = table->columns[column].head;
	size_t most = width_of(text, strlen(text)), row, len, width;

	for (row = 0; row < table->nr_rows; row++) {
		for (text = shown(row_cells(table, row)[column]); *text; text += len) {
			len = word_bytes(text);
			width = width_of(text, len);
			if (width > most)
				most = width;
		}
	}
	return most;
}

/* Breaks the texts whose words allow most.  Return: false where that is not enough. */
static bool narrow(const struct rt_table *table, size_t *widths, size_t room)
{
	size_t total = 0, most = 1, gain;
	unsigned int column, at = 0;

	for (column = 0; column < table->nr_columns; column++)
		total += widths[column] + (column ? GAP : 0);
	while (total > room && most > 0) {
		for (most = column = 0; column < table->nr_columns; column++) {
			if (table->columns[column].type == RT_COL_NUMBER)
				continue;
			gain = widths[column] - least_width(table, column);
			if (gain > most) {
				most = gain;
				at = column;
			}
		}
		if (most > total - room)
			most = total - room;
		widths[at] -= most;
		total -= most;
	}
	return total <= room;
}

/* Where its lines are too long all the same, breaking makes a table no better. */
static void lay_out(const struct rt_table *table, size_t *widths, size_t room)
{
	unsigned int column;

	for (column = 0; column < table->nr_columns; column++)
		widths[column] = column_width(table, column);
	if (room && !narrow(table, widths, room))
		lay_out(table, widths, 0);
}

/* In as many lines as the cells need; @rest: the cells, and then what is left of them. */
static void add_row(const struct rt_table *table, struct rt_buf *buf, const char **rest,
		    const size_t *widths)
{
	bool first = true, more = true;
	unsigned int column;
	size_t len;

	for (; more && !buf->failed; first = false) {
		more = false;
		for (column = 0; column < table->nr_columns; column++) {
			len = piece_bytes(rest[column], widths[column]);
			add_cell(table, buf, column, rest[column], len, widths[column]);
			rest[column] += len;
			rest[column] += strspn(rest[column], " ");
			more |= *rest[column] != '\0';
		}
		while (!first && buf->len && buf->data[buf->len - 1] == ' ')
			buf->len--;
		rt_buf_puts(buf, "\n");
	}
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
	size_t *widths = calloc(table->nr_columns, sizeof(*widths)), row;
	const char **rest = calloc(table->nr_columns, sizeof(*rest));
	struct rt_buf buf = { 0 };
	unsigned int column;

	if (!widths || !rest) {
		free(widths);
		free(rest);
		return rt_err_set(err, -ENOMEM, "cannot lay out the output");
	}
	lay_out(table, widths, terminal_width(to));
	for (column = 0; column < table->nr_columns; column++)
		rest[column] = table->columns[column].head;
	add_row(table, &buf, rest, widths);
	for (row = 0; row < table->nr_rows; row++) {
		for (column = 0; column < table->nr_columns; column++)
			rest[column] = shown(row_cells(table, row)[column]);
		add_row(table, &buf, rest, widths);
	}
	free(widths);
	free(rest);
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
