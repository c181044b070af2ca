/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-guard.c - which formats libtraceevent is given
 *
 * Its parser believes that a kernel wrote the text: some that no kernel writes
 * lead it to memory that it has freed, or to endless recursion.  So a format is
 * looked at first.  One whose print fmt is no list of expressions as kernels
 * write them loses it, and its records are shown as those whose print fmt cannot
 * be parsed; one whose fields are not such is not parsed at all.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 400	/* brackets and operators within each other */
#define MAX_DIGITS 4	/* of a width in a format string */
#define RECORD_MAX 65536u

enum token { T_END, T_BAD, T_STRING, T_CHAR, T_NUMBER, T_NAME, T_OP };

struct guard {
	const char *p, *end;	/* what comes behind the token */
	enum token token;
	const char *at;		/* the token */
	size_t len;
	const char *fields;	/* the format's text up to its print fmt */
	unsigned int depth;
	unsigned int variable;	/* fields and calls seen so far */
	bool constant;	/* within a table of names: no fields, calls or divisions */
};

static bool is_op(const struct guard *g, const char *op)
{
	return g->token == T_OP && g->len == strlen(op) && memcmp(g->at, op, g->len) == 0;
}

static bool is_name(const struct guard *g, const char *name)
{
	return g->token == T_NAME && g->len == strlen(name) && memcmp(g->at, name, g->len) == 0;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Text in quotes; the backslash takes what follows with it. */
static bool quoted(struct guard *g, char quote)
{
	for (g->p++; g->p < g->end && *g->p != quote; g->p++) {
		if (*g->p == '\\' && ++g->p == g->end)
			return false;
	}
	if (g->p == g->end)
		return false;
	g->p++;
	return true;
}

static size_t op_len(const char *p, const char *end)
{
	static const char *const twos[] = {
		"->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
	};

	for (size_t i = 0; i < sizeof(twos) / sizeof(twos[0]); i++) {
		if (end - p >= 2 && memcmp(p, twos[i], 2) == 0)
			return 2;
	}
	return *p && strchr("()[]{},.?:!~-+*/%&|^<>", *p) ? 1 : 0;
}

static void next(struct guard *g)
{
	while (g->p < g->end && isspace((unsigned char)*g->p))
		g->p++;
	g->at = g->p;
	if (g->p == g->end) {
		g->token = T_END;
	} else if (*g->p == '"') {
		g->token = quoted(g, '"') ? T_STRING : T_BAD;
	} else if (*g->p == '\'') {
		g->token = quoted(g, '\'') ? T_CHAR : T_BAD;
	} else if (word_char(*g->p)) {
		g->token = isdigit((unsigned char)*g->p) ? T_NUMBER : T_NAME;
		while (g->p < g->end && word_char(*g->p))
			g->p++;
	} else {
		g->p += op_len(g->p, g->end);
		g->token = g->p > g->at ? T_OP : T_BAD;
	}
	g->len = (size_t)(g->p - g->at);
}

static bool take(struct guard *g, const char *op)
{
	if (!is_op(g, op))
		return false;
	next(g);
	return true;
}

static bool is_one_of(const struct guard *g, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if ((g->token == T_NAME || g->token == T_OP) && g->len == strlen(names[i]) &&
		    memcmp(g->at, names[i], g->len) == 0)
			return true;
	}
	return false;
}

#define IS_ONE_OF(g, list) is_one_of(g, list, sizeof(list) / sizeof(list[0]))

/* ---- fields ---- */

/*
 * The declaration of a field, from "field:" to what stands behind its name, *@ret_end;
 * NULL where there is none of that name.
 */
static const char *declaration(const char *fields, const char *name, size_t len,
			       const char **ret_end)
{
	const char *hit = fields;

	for (; (hit = strstr(hit, "field:")); hit++) {
		const char *end = hit + strcspn(hit, ";\n");

		if (end[-1] == ']')
			end = memrchr(hit, '[', (size_t)(end - hit));
		if (!end)
			continue;
		if ((size_t)(end - hit) > len && memcmp(end - len, name, len) == 0 &&
		    !word_char(end[-1 - (ptrdiff_t)len])) {
			*ret_end = end;
			return hit;
		}
	}
	return NULL;
}

/* The size of a scalar field as its line tells, else 0. */
static unsigned int field_size(const char *fields, const char *name, size_t len)
{
	const char *end, *size, *hit = declaration(fields, name, len, &end);

	if (!hit || *end != ';' || !strncmp(hit, "field:__data_loc", 16) ||
	    !strncmp(hit, "field:__rel_loc", 15))
		return 0;
	size = strstr(end, "size:");
	return size ? (unsigned int)strtoul(size + 5, NULL, 10) : 0;
}

static bool expression(struct guard *g);

/* ---- what stands in brackets ---- */

/*
 * "(unsigned long)", "(struct x *)" and behind it what is cast; where it is none,
 * nothing is taken.
 */
static bool cast(struct guard *g)
{
	static const char *const begins[] = { "(", "-", "~", "!" };
	const struct guard begin = *g;
	unsigned int words = 0, stars = 0;

	next(g);
	for (; g->token == T_NAME && !is_name(g, "REC"); words++)
		next(g);
	for (; words && is_op(g, "*"); stars++)
		next(g);
	if (words > 0 && take(g, ")") && (g->token == T_NAME || g->token == T_NUMBER ||
					  g->token == T_CHAR || IS_ONE_OF(g, begins)))
		return true;
	*g = begin;
	return false;
}

/* { VALUE, "NAME" }, ...; some lists end with a null pointer for a name. */
static bool table(struct guard *g)
{
	bool good;

	do {
		if (!take(g, "{"))
			return false;
		g->constant = true;
		good = expression(g) && take(g, ",") && expression(g) && take(g, "}");
		g->constant = false;
	} while (good && take(g, ","));
	return good && take(g, ")");
}

static bool strings(struct guard *g)
{
	if (g->token != T_STRING)
		return false;
	while (g->token == T_STRING)
		next(g);
	return true;
}

static bool flags_call(struct guard *g)
{
	return expression(g) && take(g, ",") && strings(g) && take(g, ",") && table(g);
}

static bool symbolic_call(struct guard *g)
{
	return expression(g) && take(g, ",") && table(g);
}

static bool name_call(struct guard *g)
{
	const char *end;

	if (g->token != T_NAME || !declaration(g->fields, g->at, g->len, &end))
		return false;
	next(g);
	return take(g, ")");
}

static bool any_call(struct guard *g)
{
	if (take(g, ")"))
		return true;
	do {
		if (!expression(g))
			return false;
	} while (take(g, ","));
	return take(g, ")");
}

/* What stands behind REC: a field that is there, as the parser takes for granted. */
static bool field(struct guard *g)
{
	const char *end;

	if (!take(g, "->") || g->token != T_NAME ||
	    !declaration(g->fields, g->at, g->len, &end))
		return false;
	next(g);
	return true;
}

/* A name, and what is called by it. */
static bool name(struct guard *g)
{
	static const char *const flags[] = { "__print_flags", "__print_flags_u64" };
	static const char *const symbolic[] = { "__print_symbolic", "__print_symbolic_u64" };
	bool (*call)(struct guard *g) = any_call;

	if (is_name(g, "sizeof") || g->constant) {
		bool good = !is_name(g, "sizeof");

		next(g);
		return good && !is_op(g, "(");
	}
	if (is_name(g, "REC")) {
		g->variable++;
		next(g);
		return field(g);
	}
	if (IS_ONE_OF(g, flags))
		call = flags_call;
	else if (IS_ONE_OF(g, symbolic))
		call = symbolic_call;
	else if (g->len > 6 && memcmp(g->at, "__get_", 6) == 0)
		call = name_call;
	next(g);
	if (!take(g, "("))
		return call == any_call;
	g->variable++;
	return call(g);
}

/* ---- expressions ---- */

/* "(REC)->field", or any expression in brackets. */
static bool bracket(struct guard *g)
{
	struct guard begin;

	next(g);
	begin = *g;
	if (is_name(g, "REC")) {
		g->variable++;
		next(g);
		if (take(g, ")"))
			return field(g);
		*g = begin;
	}
	return expression(g) && take(g, ")");
}

static bool primary(struct guard *g)
{
	switch (g->token) {
	case T_NAME:
		if (!name(g))
			return false;
		break;
	case T_STRING:
		return strings(g);
	case T_NUMBER:
	case T_CHAR:
		next(g);
		break;
	case T_OP:
		if (!is_op(g, "(") || !bracket(g))
			return false;
		break;
	default:
		return false;
	}
	while (take(g, "[")) {
		if (!expression(g) || !take(g, "]"))
			return false;
	}
	return true;
}

static bool unary(struct guard *g)
{
	static const char *const signs[] = { "!", "~", "-", "+" };
	bool good;

	if (g->depth >= MAX_DEPTH)
		return false;
	g->depth++;
	if (IS_ONE_OF(g, signs)) {
		next(g);
		good = unary(g);
	} else if (is_op(g, "(") && cast(g)) {
		good = unary(g);
	} else {
		good = primary(g);
	}
	g->depth--;
	return good;
}

/* What the parser itself may divide by is a number other than 0. */
static bool divisor(struct guard *g)
{
	unsigned int variable = g->variable;
	bool number;

	next(g);
	number = g->token == T_NUMBER && strtoull(g->at, NULL, 0) != 0;
	return unary(g) && !g->constant && (number || g->variable > variable);
}

static bool operand(struct guard *g)
{
	next(g);
	return unary(g);
}

static bool expression(struct guard *g)
{
	static const char *const ops[] = {
		"+", "-", "*", "&", "|", "^", "<", ">", "<<", ">>", "<=", ">=", "==", "!=", "&&",
		"||",
	};
	static const char *const divisions[] = { "/", "%" };
	bool good = unary(g);

	while (good) {
		if (IS_ONE_OF(g, ops))
			good = operand(g);
		else if (IS_ONE_OF(g, divisions))
			good = divisor(g);
		else
			break;
	}
	if (!good || !is_op(g, "?"))
		return good;
	if (g->constant || g->depth >= MAX_DEPTH)
		return false;
	g->depth++;
	next(g);
	good = expression(g) && take(g, ":") && expression(g);
	g->depth--;
	return good;
}

/* No width makes a text that fills the memory. */
static bool widths_ok(const char *p, const char *end)
{
	for (; p < end; p++) {
		size_t digits = 0;

		if (*p != '%')
			continue;
		for (p++; p < end && strchr("-+ #0123456789.*", *p) && *p; p++) {
			digits = isdigit((unsigned char)*p) ? digits + 1 : 0;
			if (digits > MAX_DIGITS)
				return false;
		}
	}
	return true;
}

/* "FORMAT", EXPRESSION... */
static bool print_fmt_ok(const char *text, const char *fields)
{
	struct guard g = { .p = text, .end = text + strlen(text), .fields = fields };

	next(&g);
	if (g.token != T_STRING)
		return false;
	for (; g.token == T_STRING; next(&g)) {
		if (!widths_ok(g.at, g.at + g.len))
			return false;
	}
	while (take(&g, ",")) {
		if (!expression(&g))
			return false;
	}
	return g.token == T_END;
}

/* ---- lines of fields ---- */

/* "TYPE NAME[...]": words, stars and one pair of brackets at most. */
static bool declaration_ok(const char *p, const char *end)
{
	unsigned int opened = 0, closed = 0, words = 0;

	for (; p < end; p++) {
		opened += *p == '[';
		closed += *p == ']';
		if (opened > 1 || closed > opened || (!word_char(*p) && !strchr(" *[]():,", *p)))
			return false;
		words += word_char(*p) && (p + 1 == end || !word_char(p[1]));
	}
	return opened == closed && words >= 3;	/* "field" is one */
}

/* "	LABEL:N;" and what is behind it; N is no larger than a record. */
static const char *labelled(const char *p, const char *end, const char *label,
			    unsigned long *ret)
{
	size_t len = strlen(label);
	char *after;

	while (p < end && isspace((unsigned char)*p))
		p++;
	if ((size_t)(end - p) <= len || memcmp(p, label, len) != 0 ||
	    !isdigit((unsigned char)p[len]))
		return NULL;
	*ret = strtoul(p + len, &after, 10);
	return *ret <= RECORD_MAX && after < end && *after == ';' ? after + 1 : NULL;
}

/* "field:TYPE NAME[...];	offset:N;	size:N;	signed:N;" */
static bool field_ok(const char *line, size_t len)
{
	const char *end = line + len, *p = memchr(line, ';', len);
	unsigned long offset, size, is_signed;
	bool located;

	if (!p || !declaration_ok(line, p))
		return false;
	located = len > 11 && (memcmp(line, "field:__data", 12) == 0 ||
			       memcmp(line, "field:__rel_", 12) == 0);
	p = labelled(p + 1, end, "offset:", &offset);
	p = p ? labelled(p, end, "size:", &size) : NULL;
	if (!p || (located && size != 4 && size != 8))
		return false;
	return !memchr(p, 's', (size_t)(end - p)) || labelled(p, end, "signed:", &is_signed);
}

/* ---- sizeof ---- */

/* The size of a type or field, up to the closing bracket; 0: not one that is understood. */
static unsigned int size_of(struct guard *g)
{
	unsigned int size = 0;

	if (is_name(g, "REC")) {
		next(g);
		if (!take(g, "->") || g->token != T_NAME)
			return 0;
		size = field_size(g->fields, g->at, g->len);
		next(g);
		return size;
	}
	if (is_name(g, "unsigned")) {
		size = 4;
		next(g);
	}
	if (is_name(g, "int")) {
		size = 4;
		next(g);
	}
	for (unsigned int i = 0; i < 2 && is_name(g, "long"); i++) {
		size = 8;
		next(g);
	}
	return size;
}

/*
 * Puts numbers in place of each sizeof(...) that the parser understands, in the
 * print fmt from @at on: it looks at words of theirs that it has freed.
 */
static void replace_sizeof(const char *fields, char *at)
{
	struct guard g = { .p = at, .end = at + strlen(at), .fields = fields };

	for (next(&g); g.token != T_END && g.token != T_BAD; ) {
		char *begin = (char *)g.at, digits[16];
		unsigned int size;

		if (!is_name(&g, "sizeof")) {
			next(&g);
			continue;
		}
		next(&g);
		if (!take(&g, "("))
			continue;
		size = size_of(&g);
		if (!size || !is_op(&g, ")"))
			continue;
		memset(begin, ' ', (size_t)(g.p - begin));
		snprintf(digits, sizeof(digits), "%u", size);
		memcpy(begin, digits, strlen(digits));
		next(&g);
	}
}

/* ---- a whole format ---- */

static bool fields_ok(const char *text, const char *end)
{
	for (const char *line = text; line < end; ) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((newline ? newline : end) - line);

		while (len && isspace((unsigned char)*line)) {
			line++;
			len--;
		}
		if (len > 5 && memcmp(line, "field", 5) == 0 && !field_ok(line, len))
			return false;
		line += len + 1;
	}
	return true;
}

char *xt_print_guard(const char *text, size_t len)
{
	static const char mark[] = "\nprint fmt:";
	char *copy = strndup(text, len), *fields = NULL, *at = copy ? strstr(copy, mark) : NULL;

	if (!copy)
		return NULL;
	if (!fields_ok(copy, at ? at : copy + strlen(copy)))
		goto refuse;
	if (!at)
		return copy;
	fields = strndup(copy, (size_t)(at - copy));
	if (!fields)
		goto refuse;
	at += sizeof(mark) - 1;
	replace_sizeof(fields, at);
	if (!print_fmt_ok(at, fields))
		strcpy(at, strlen(at) > 1 ? "-\n" : "");
	free(fields);
	return copy;

refuse:
	free(copy);
	return NULL;
}
