/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * symbols.c - names for the kernel's addresses, from the text of kallsyms
 *
 * Order and search are those that decide trace-cmd's choice among several
 * names of one address: later lines first among equals, then the C library's
 * bisection, whose first hit wins.
 */
#include "xtrace/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

struct xt_symbols {
	char *text;		/* owned */
	size_t nr;
	uint64_t *addr;		/* sorted; one more entry, 0, behind the last */
	uint32_t *name;		/* offset in text */
};

struct line {
	uint64_t addr;
	uint32_t name;		/* grows with the line's number: the order among equals */
};

struct lines {
	struct line *line;
	size_t nr, room;
};

static char *skip_blanks(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Return: false when the line at @p is none of kallsyms. */
static bool read_line(char *p, uint64_t *ret_addr, char *ret_type, char **ret_name)
{
	uint64_t addr = 0;
	int n = 0;

	p = skip_blanks(p);
	for (; n < 16 && rt_hex_digit(*p) >= 0; n++, p++)
		addr = addr << 4 | (unsigned int)rt_hex_digit(*p);
	p = skip_blanks(p);
	if (n == 0 || *p == 0)
		return false;
	*ret_type = *p++;
	p = skip_blanks(p);
	if (*p == 0)
		return false;
	*ret_addr = addr;
	*ret_name = p;
	p[strcspn(p, " \t\r\v\f")] = 0;
	return true;
}

static int lines_add(struct lines *lines, uint64_t addr, uint32_t name)
{
	struct line *more;

	if (lines->nr == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 1 << 16;
		more = realloc(lines->line, lines->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		lines->line = more;
	}
	lines->line[lines->nr++] = (struct line){ .addr = addr, .name = name };
	return 0;
}

/* Absolute symbols are per-CPU offsets here, and '$' begins mapping symbols: neither is a name. */
static bool is_wanted(char type, const char *name)
{
	return type != 'A' && type != 'a' && name[0] != '$';
}

static int lines_read(struct lines *lines, char *text, size_t len)
{
	char *p, *next, *name, type;
	uint64_t addr;
	int rc;

	text[len] = 0;
	for (p = text; p < text + len; p = next) {
		next = memchr(p, '\n', (size_t)(text + len - p));
		if (!next)
			next = text + len;
		*next++ = 0;
		if (*p == 0)
			continue;
		if (!read_line(p, &addr, &type, &name))
			return 0;
		if (!is_wanted(type, name))
			continue;
		rc = lines_add(lines, addr, (uint32_t)(name - text));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int line_compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->name > y->name ? -1 : x->name < y->name;
}

/* Equals of the part that came in order stand in the file's order: turn them round. */
static void turn_equals(struct line *line, size_t nr)
{
	size_t i, end, a, b;
	struct line tmp;

	for (i = 0; i < nr; i = end) {
		for (end = i + 1; end < nr && line[end].addr == line[i].addr;)
			end++;
		for (a = i, b = end - 1; a < b; a++, b--) {
			tmp = line[a];
			line[a] = line[b];
			line[b] = tmp;
		}
	}
}

static void merge(struct xt_symbols *symbols, const struct line *line, size_t sorted)
{
	size_t a = 0, b = sorted, i;
	const struct line *from;

	for (i = 0; i < symbols->nr; i++) {
		if (b == symbols->nr || (a < sorted && line_compare(&line[a], &line[b]) < 0))
			from = &line[a++];
		else
			from = &line[b++];
		symbols->addr[i] = from->addr;
		symbols->name[i] = from->name;
	}
	symbols->addr[symbols->nr] = 0;
}

/*
 * The kernel's own symbols come sorted, some hundred thousand of them, modules'
 * behind them do not: what is in order stays, the rest is sorted and merged in.
 */
static int sort(struct xt_symbols *symbols, struct line *line, size_t nr)
{
	size_t sorted = nr ? 1 : 0;

	symbols->nr = nr;
	symbols->addr = malloc((nr + 1) * sizeof(*symbols->addr));
	symbols->name = malloc((nr + 1) * sizeof(*symbols->name));
	if (!symbols->addr || !symbols->name)
		return -ENOMEM;
	while (sorted < nr && line[sorted - 1].addr <= line[sorted].addr)
		sorted++;
	turn_equals(line, sorted);
	if (sorted < nr)
		qsort(line + sorted, nr - sorted, sizeof(*line), line_compare);
	merge(symbols, line, sorted);
	return 0;
}

int xt_symbols_create(struct xt_symbols **ret, char *text, size_t len)
{
	struct lines lines = { 0 };
	struct xt_symbols *symbols;
	int rc = 0;

	symbols = calloc(1, sizeof(*symbols));
	if (!symbols) {
		free(text);
		return -ENOMEM;
	}
	symbols->text = text;
	if (text && len < UINT32_MAX)
		rc = lines_read(&lines, text, len);
	if (rc == 0)
		rc = sort(symbols, lines.line, lines.nr);
	free(lines.line);
	if (rc < 0) {
		xt_symbols_destroy(symbols);
		return rc;
	}
	*ret = symbols;
	return 0;
}

static const struct xt_symbols none;

const struct xt_symbols *xt_no_symbols(void)
{
	return &none;
}

void xt_symbols_destroy(struct xt_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->addr);
	free(symbols->name);
	free(symbols->text);
	free(symbols);
}

bool xt_symbols_find(const struct xt_symbols *symbols, uint64_t addr, struct xt_symbol *ret)
{
	size_t low = 0, high = symbols->nr, at;

	while (low < high) {
		at = (low + high) / 2;
		if (addr == symbols->addr[at] ||
		    (addr > symbols->addr[at] && addr < symbols->addr[at + 1])) {
			ret->addr = symbols->addr[at];
			ret->name = symbols->text + symbols->name[at];
			return true;
		}
		if (addr < symbols->addr[at])
			high = at;
		else
			low = at + 1;
	}
	return false;
}

uint64_t xt_symbols_address(const struct xt_symbols *symbols, const char *name)
{
	size_t i;

	for (i = 0; i < symbols->nr; i++)
		if (!strcmp(symbols->text + symbols->name[i], name))
			return symbols->addr[i];
	return 0;
}
