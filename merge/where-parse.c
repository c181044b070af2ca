/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where-parse.c - the text of an expression: words, comparisons, and/or/not
 *
 * Recursive descent, bounded in length, depth and number of comparisons, since
 * the text may come from a script.
 */
#include "merge/where-local.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/text.h"

#define MAX_TEXT	4096
#define MAX_DEPTH	64
#define MAX_LEAVES	256
#define MAX_NODES	(4 * MAX_LEAVES)
#define MAX_INDEX	4095
#define SHOWN		72	/* characters of a long text that an error shows */

/* ---- errors that point at their place ---- */

static bool is_char(char byte)	/* not the continuation of one in UTF-8 */
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static unsigned int chars(const char *text, size_t bytes)
{
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		nr += is_char(text[i]);
	return nr;
}

/* The part of the text around @at, on one line, and how far the place is in it. */
static void excerpt(const char *text, unsigned int at, char *ret, size_t room,
		    unsigned int *ret_column)
{
	size_t len = strlen(text), from = at > SHOWN / 2 ? at - SHOWN / 2 : 0, n, i;

	while (from > 0 && !is_char(text[from]))
		from--;
	n = len - from < SHOWN ? len - from : SHOWN;
	while (from + n < len && !is_char(text[from + n]))
		n++;
	snprintf(ret, room, "%s%.*s%s", from > 0 ? "..." : "", (int)n, text + from,
		 from + n < len ? "..." : "");
	*ret_column = chars(text + from, at - from) + (from > 0 ? 3 : 0);
	for (i = 0; ret[i]; i++) {
		if ((unsigned char)ret[i] < ' ' || ret[i] == 0x7f)
			ret[i] = ' ';
	}
}

/* Sets lines below the sentence: the one place where an error is more than a line. */
int where_say(const struct mrg_where *where, unsigned int at, int code, struct rt_err *err,
	      const char *fmt, ...)
{
	char words[512], part[4 * SHOWN + 8];
	unsigned int column;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	excerpt(where->text, at, part, sizeof(part), &column);
	return rt_err_say(err, code, "column %u: %s\n  %s\n  %*s^", chars(where->text, at) + 1,
			  words, part, (int)column, "");
}

/* ---- words ---- */

enum token {
	END, OPEN, CLOSE, AND, OR, NOT, WORD, TEXT, OPERATOR, BAD,
};

struct parser {
	struct mrg_where *where;
	struct rt_err *err;
	const char *text;
	unsigned int at, depth;		/* behind the token */
	enum token token;
	unsigned int begin;		/* where it stands */
	enum where_op op;
	char *word;			/* owned; of WORD and TEXT */
	bool failed;
};

static const struct {
	const char *text;
	enum token token;
	enum where_op op;
} signs[] = {
	{ "==", OPERATOR, WHERE_EQ }, { "!=", OPERATOR, WHERE_NE },
	{ "<=", OPERATOR, WHERE_LE }, { ">=", OPERATOR, WHERE_GE },
	{ "=~", OPERATOR, WHERE_LIKE }, { "!~", OPERATOR, WHERE_UNLIKE },
	{ "&&", AND, 0 }, { "||", OR, 0 },
	{ "<", OPERATOR, WHERE_LT }, { ">", OPERATOR, WHERE_GT },
	{ "(", OPEN, 0 }, { ")", CLOSE, 0 }, { "!", NOT, 0 },
};

static void fail(struct parser *parser, unsigned int at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct parser *parser, unsigned int at, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	if (parser->failed)
		return;
	parser->failed = true;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	where_say(parser->where, at, RT_EUSAGE, parser->err, "%s", words);
}

static enum token read_quoted(struct parser *parser)
{
	char quote = parser->text[parser->at++];
	const char *p = parser->text + parser->at;
	char *to;

	parser->word = to = malloc(strlen(p) + 1);
	if (!to)
		return BAD;
	for (; *p && *p != quote; p++) {
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	*to = '\0';
	if (!*p) {
		fail(parser, parser->begin, "expected %c behind the text, found the end", quote);
		return BAD;
	}
	parser->at = (unsigned int)(p + 1 - parser->text);
	return TEXT;
}

static enum token read_word(struct parser *parser)
{
	const char *p = parser->text + parser->at;
	size_t len = strcspn(p, " \t\r\n()\"'=!<>&|~");

	if (len == 0) {
		fail(parser, parser->at, *p == '=' ? "expected ==, found =" :
		     *p == '&' ? "expected and, found &" : *p == '|' ? "expected or, found |" :
		     "found ~, which stands behind = or ! only");
		return BAD;
	}
	parser->at += (unsigned int)len;
	if (len == 3 && memcmp(p, "and", 3) == 0)
		return AND;
	if (len == 2 && memcmp(p, "or", 2) == 0)
		return OR;
	if (len == 3 && memcmp(p, "not", 3) == 0)
		return NOT;
	parser->word = strndup(p, len);
	return parser->word ? WORD : BAD;
}

static void next(struct parser *parser)
{
	const char *p;
	unsigned int i;

	free(parser->word);
	parser->word = NULL;
	while (isspace((unsigned char)parser->text[parser->at]))
		parser->at++;
	parser->begin = parser->at;
	p = parser->text + parser->at;
	parser->token = END;
	if (!*p)
		return;
	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (strncmp(p, signs[i].text, strlen(signs[i].text)) != 0)
			continue;
		parser->at += (unsigned int)strlen(signs[i].text);
		parser->token = signs[i].token;
		parser->op = signs[i].op;
		return;
	}
	parser->token = *p == '"' || *p == '\'' ? read_quoted(parser) : read_word(parser);
}

/* What was found, for a sentence. */
static const char *found(const struct parser *parser, char *buf, size_t size)
{
	size_t len = parser->at - parser->begin;

	if (parser->token == END)
		return "the end";
	snprintf(buf, size, "%.*s", (int)(len < 40 ? len : 40), parser->text + parser->begin);
	return buf;
}

/* ---- numbers ---- */

/* 5, -1, 0x1f, 200us, 4k: a number, with a time in ns. */
static bool parse_number(const char *text, where_number *ret)
{
	bool minus = *text == '-';
	size_t len = strlen(text);
	uint64_t v;

	text += minus;
	if (len == 0 || !isdigit((unsigned char)*text))
		return false;
	if (rt_parse_u64(text, 0, UINT64_MAX, &v) != 0 &&
	    !(strchr("kKgG", text[strlen(text) - 1]) && rt_parse_size(text, &v) == 0) &&
	    rt_parse_time(text, &v) != 0)
		return false;
	*ret = minus ? -(where_number)v : (where_number)v;
	return true;
}

/* ---- comparisons ---- */

/* "args[2]": the name, and the number of the element. */
static void split_index(struct parser *parser, struct where_leaf *leaf)
{
	char *bracket = strchr(leaf->name, '['), *end;
	unsigned long index;

	leaf->index = -1;
	if (!bracket)
		return;
	index = strtoul(bracket + 1, &end, 10);
	if (!isdigit((unsigned char)bracket[1]) || strcmp(end, "]") != 0 || index > MAX_INDEX) {
		fail(parser, leaf->at + (unsigned int)(bracket - leaf->name) + leaf->own,
		     "expected the number of an element, [0] to [%u]", MAX_INDEX);
		return;
	}
	*bracket = '\0';
	leaf->index = (int)index;
}

static void take_value(struct parser *parser, struct where_value *value)
{
	value->at = parser->begin;
	value->quoted = parser->token == TEXT;
	value->field = !value->quoted && parser->word[0] == '.' &&
		       (isalpha((unsigned char)parser->word[1]) || parser->word[1] == '_');
	value->is_number = !value->quoted && parse_number(parser->word, &value->number);
	value->text = parser->word;
	parser->word = NULL;
	if (value->field)
		memmove(value->text, value->text + 1, strlen(value->text));
}

static struct where_leaf *add_leaf(struct parser *parser, unsigned int *ret_index)
{
	struct mrg_where *where = parser->where;
	struct where_leaf *leaf = &where->leaves[where->nr_leaves];

	if (where->nr_leaves == MAX_LEAVES) {
		fail(parser, parser->begin, "more than %u comparisons", MAX_LEAVES);
		return NULL;
	}
	*ret_index = where->nr_leaves++;
	leaf->at = parser->begin;
	leaf->index = -1;
	return leaf;
}

/* @name: the word in front of the operator, owned. */
static void parse_comparison(struct parser *parser, struct where_leaf *leaf, char *name)
{
	char buf[64];

	leaf->own = name[0] == '.';
	leaf->name = name;
	if (leaf->own)
		memmove(name, name + 1, strlen(name));
	leaf->op = parser->op;
	split_index(parser, leaf);
	next(parser);
	if (parser->token != WORD && parser->token != TEXT) {
		fail(parser, parser->begin, "expected a value, found %s",
		     found(parser, buf, sizeof(buf)));
		return;
	}
	take_value(parser, &leaf->value);
	next(parser);
}

static void parse_leaf(struct parser *parser, unsigned int *ret_index)
{
	enum token token = parser->token;
	struct where_leaf *leaf = add_leaf(parser, ret_index);
	unsigned int begin = parser->begin, end = parser->at;
	char *word = parser->word;

	if (!leaf)
		return;
	parser->word = NULL;
	next(parser);
	if (parser->token == OPERATOR && token == WORD) {
		parse_comparison(parser, leaf, word);
		return;
	}
	if (parser->token == OPERATOR)
		fail(parser, begin, "expected a name in front of the operator, found a text");
	leaf->alone = true;
	leaf->op = WHERE_LIKE;
	leaf->name = strdup("mark");
	leaf->value = (struct where_value){ .text = word, .at = begin, .quoted = token == TEXT };
	if (!leaf->name)
		parser->failed = true;
	if (parser->token == WORD || parser->token == TEXT)
		fail(parser, end, "expected an operator, and, or, or the end behind it; "
		     "a text of several words needs quotes");
}

/* ---- and, or, not ---- */

static unsigned int add_node(struct parser *parser, enum where_kind kind, unsigned int left,
			     unsigned int right)
{
	struct mrg_where *where = parser->where;

	if (where->nr_nodes == MAX_NODES) {
		fail(parser, parser->begin, "more than %u parts", MAX_NODES);
		return 0;
	}
	where->nodes[where->nr_nodes] = (struct where_node){ kind, left, right };
	return where->nr_nodes++;
}

static unsigned int parse_or(struct parser *parser);

static unsigned int parse_primary(struct parser *parser)
{
	unsigned int node = 0, begin = parser->begin;
	char buf[64];

	if (parser->token == WORD || parser->token == TEXT) {
		parse_leaf(parser, &node);
		return add_node(parser, WHERE_LEAF, node, 0);
	}
	if (parser->token != OPEN) {
		fail(parser, parser->begin, "expected a comparison, found %s",
		     found(parser, buf, sizeof(buf)));
		return 0;
	}
	next(parser);
	node = parse_or(parser);
	if (parser->token == END)
		fail(parser, begin, "expected ) for this bracket, found the end");
	else if (parser->token != CLOSE)
		fail(parser, parser->begin, "expected ), and or or, found %s",
		     found(parser, buf, sizeof(buf)));
	next(parser);
	return node;
}

static unsigned int parse_not(struct parser *parser)
{
	unsigned int node;

	if (++parser->depth > MAX_DEPTH) {
		fail(parser, parser->begin, "more than %u brackets and nots in each other",
		     MAX_DEPTH);
		return 0;
	}
	if (parser->token == NOT) {
		next(parser);
		node = add_node(parser, WHERE_NOT, parse_not(parser), 0);
	} else {
		node = parse_primary(parser);
	}
	parser->depth--;
	return node;
}

static unsigned int parse_and(struct parser *parser)
{
	unsigned int node = parse_not(parser);

	while (!parser->failed && parser->token == AND) {
		next(parser);
		node = add_node(parser, WHERE_AND, node, parse_not(parser));
	}
	return node;
}

static unsigned int parse_or(struct parser *parser)
{
	unsigned int node = parse_and(parser);

	while (!parser->failed && parser->token == OR) {
		next(parser);
		node = add_node(parser, WHERE_OR, node, parse_and(parser));
	}
	return node;
}

static void parse_all(struct parser *parser)
{
	char buf[64];

	next(parser);
	parser->where->root = parse_or(parser);
	if (!parser->failed && parser->token != END)
		fail(parser, parser->begin, "expected and, or, or the end, found %s",
		     found(parser, buf, sizeof(buf)));
	if (parser->token == BAD)
		parser->failed = true;
	free(parser->word);
}

int mrg_where_parse(struct mrg_where **ret, const char *text, struct rt_err *err)
{
	struct mrg_where *where = calloc(1, sizeof(*where));
	struct rt_err why = { 0 };
	struct parser parser = { .where = where, .err = &why, .text = text };

	if (!where)
		return rt_err_set(err, -ENOMEM, "cannot read the expression");
	where->text = strdup(text);
	where->nodes = calloc(MAX_NODES, sizeof(*where->nodes));
	where->leaves = calloc(MAX_LEAVES, sizeof(*where->leaves));
	if (!where->text || !where->nodes || !where->leaves)
		parser.failed = true;
	else if (strlen(text) > MAX_TEXT)
		fail(&parser, MAX_TEXT, "expected at most %u bytes", MAX_TEXT);
	else
		parse_all(&parser);
	if (!parser.failed) {
		*ret = where;
		return 0;
	}
	mrg_where_destroy(where);
	if (!why.code)
		return rt_err_set(err, -ENOMEM, "cannot read the expression");
	return rt_err_say(err, why.code, "%s", why.text);
}
