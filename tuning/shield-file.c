/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-file.c - the file of the shield's service, read
 */
#include "tuning/shield-file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

#define FOUND_MAX	60	/* bytes of what was found, in a message */
#define ASSIGNS_MAX	4096
#define VALUE_MAX	(256 * ASSIGNS_MAX)	/* bytes of one variable, all its parts together */

static const char *const words[] = {
	[TUNE_SERVICE_ALL] = "SHIELD_ALL", [TUNE_SERVICE_IRQ] = "SHIELD_IRQ",
	[TUNE_SERVICE_LOC] = "SHIELD_LOC", [TUNE_SERVICE_PROC] = "SHIELD_PROC",
	[TUNE_SERVICE_MEM] = "SHIELD_MEM",
	[TUNE_SERVICE_TIER] = "SHIELD_TIER", [TUNE_SERVICE_ASSIGN] = "IRQ_ASSIGN",
};

void tune_service_finish(struct tune_service *service)
{
	int i;

	for (i = 0; i < TUNE_NR_SERVICE; i++)
		free(service->values[i]);
	while (service->nr_assigns) {
		service->nr_assigns--;
		free(service->assigns[service->nr_assigns].cpus);
		free(service->assigns[service->nr_assigns].irq);
	}
	free(service->assigns);
	free(service->parts);
	*service = (struct tune_service){ 0 };
}

/* ---- assignments ---- */

struct reader {
	const char *at;
	unsigned int line;
	struct rt_err *err;
};

/* A terminal obeys some characters: those are told of as "?". */
static const char *printable(char buf[FOUND_MAX + 1], const char *text, size_t len)
{
	size_t i;

	len = len < FOUND_MAX ? len : FOUND_MAX;
	for (i = 0; i < len; i++)
		buf[i] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
	buf[len] = '\0';
	return buf;
}

static int expected(const struct reader *reader, const char *what, const char *found, size_t len)
{
	char text[FOUND_MAX + 1];

	return rt_err_say(reader->err, -EINVAL, "line %u: expected %s, found \"%s\"",
			  reader->line, what, printable(text, found, len));
}

/* An editor of Windows ends its lines so. */
static bool is_line_end(const char *at)
{
	return *at == '\n' || (*at == '\r' && (at[1] == '\n' || !at[1]));
}

static size_t rest_of_line(const char *at)
{
	size_t len = 0;

	while (at[len] && !is_line_end(at + len))
		len++;
	return len;
}

static int find_word(const struct reader *reader, const char *name, size_t len,
		     enum tune_service_word *ret)
{
	int i;

	for (i = 0; i < TUNE_NR_SERVICE; i++) {
		if (strlen(words[i]) != len || memcmp(words[i], name, len) != 0)
			continue;
		*ret = i;
		return 0;
	}
	return expected(reader, "SHIELD_ALL, SHIELD_IRQ, SHIELD_LOC, SHIELD_PROC, SHIELD_MEM, "
			"SHIELD_TIER or IRQ_ASSIGN", name, len);
}

static bool has_control(const char *text, size_t len)
{
	for (; len; text++, len--)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return true;
	return false;
}

/* What stands behind the "=": in quotes of either sort, or up to a blank or a ";". */
static int read_value(struct reader *reader, const char **ret, size_t *ret_len)
{
	const char *begin = reader->at;
	char quote = *begin;
	size_t len;

	if (quote == '"' || quote == '\'') {
		begin++;
		len = strcspn(begin, quote == '"' ? "\"\n" : "'\n");
		if (begin[len] != quote)
			return expected(reader, "a closing quote", reader->at,
					rest_of_line(reader->at));
		reader->at = begin + len + 1;
	} else {
		len = strcspn(begin, " \t\r\n#;\"'");
		reader->at = begin + len;
	}
	if (memchr(begin, '$', len) || memchr(begin, '`', len) || memchr(begin, '\\', len))
		return expected(reader, "a value without expansions", begin, len);
	if (has_control(begin, len))
		return expected(reader, "a value without control characters", begin, len);
	if (!is_line_end(reader->at) && *reader->at && !strchr(" \t#;", *reader->at))
		return expected(reader, "a blank behind the value", reader->at,
				rest_of_line(reader->at));
	reader->at += strspn(reader->at, " \t");
	reader->at += *reader->at == ';';
	*ret = begin;
	*ret_len = len;
	return 0;
}

/* The parts of IRQ_ASSIGN stand on lines of their own. */
static int keep_part(struct tune_service *service, const struct reader *reader, size_t begin,
		     size_t end)
{
	struct tune_service_part *more;

	if (begin == 0)
		service->nr_parts = 0;
	more = reallocarray(service->parts, service->nr_parts + 1, sizeof(*more));
	if (!more)
		return rt_err_set(reader->err, -ENOMEM, "IRQ_ASSIGN");
	service->parts = more;
	more[service->nr_parts++] = (struct tune_service_part){ end, reader->line };
	return 0;
}

static int keep(struct tune_service *service, const struct reader *reader,
		enum tune_service_word word, bool add, const char *value, size_t len)
{
	char **to = &service->values[word], *text;
	const char *before = add && *to ? *to : "";
	size_t begin = strlen(before);

	if (strlen(before) + len > VALUE_MAX)
		return expected(reader, "a shorter value", value, len);
	if (asprintf(&text, "%s%.*s", before, (int)len, value) < 0)
		return rt_err_set(reader->err, -ENOMEM, "%s", words[word]);
	free(*to);
	*to = text;
	service->lines[word] = reader->line;
	return word == TUNE_SERVICE_ASSIGN ? keep_part(service, reader, begin, begin + len) : 0;
}

static int read_assignment(struct tune_service *service, struct reader *reader)
{
	const char *name = reader->at, *value = "";
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	enum tune_service_word word = TUNE_SERVICE_ALL;
	size_t value_len = 0;
	bool add;
	int rc;

	add = strncmp(name + len, "+=", 2) == 0;
	if (len == 0 || (!add && name[len] != '='))
		return expected(reader, "NAME=VALUE", name, rest_of_line(name));
	rc = find_word(reader, name, len, &word);
	if (rc < 0)
		return rc;
	reader->at = name + len + (add ? 2 : 1);
	rc = read_value(reader, &value, &value_len);
	/* IRQ_ASSIGN+=0:eth0; without quotes: the ";" ends that entry as well */
	if (rc == 0 && word == TUNE_SERVICE_ASSIGN && value[value_len] == ';')
		value_len++;
	return rc < 0 ? rc : keep(service, reader, word, add, value, value_len);
}

/* ---- IRQ_ASSIGN ---- */

static char *trimmed(const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text))
		text++, len--;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return strndup(text, len);
}

/* The line on which that byte of IRQ_ASSIGN stands. */
static unsigned int line_of(const struct tune_service *service, size_t at)
{
	size_t i = 0;

	while (i + 1 < service->nr_parts && service->parts[i].end <= at)
		i++;
	return service->parts[i].line;
}

static int add_assign(struct tune_service *service, const char *text, size_t len,
		      unsigned int line, struct rt_err *err)
{
	const char *colon = memchr(text, ':', len);
	struct tune_service_assign assign, *more;
	char found[FOUND_MAX + 1];

	if (service->nr_assigns == ASSIGNS_MAX)
		return rt_err_say(err, -EINVAL, "line %u: IRQ_ASSIGN: expected at most %d "
				  "entries", line, ASSIGNS_MAX);
	more = reallocarray(service->assigns, service->nr_assigns + 1, sizeof(*more));
	if (!more)
		return rt_err_set(err, -ENOMEM, "IRQ_ASSIGN");
	service->assigns = more;
	assign.cpus = trimmed(text, colon ? (size_t)(colon - text) : 0);
	assign.irq = trimmed(colon ? colon + 1 : "", colon ? len - (colon + 1 - text) : 0);
	assign.line = line;
	more[service->nr_assigns++] = assign;
	if (!assign.cpus || !assign.irq)
		return rt_err_set(err, -ENOMEM, "IRQ_ASSIGN");
	if (!assign.cpus[0] || !assign.irq[0] || strpbrk(assign.irq, " \t\n") ||
	    strpbrk(assign.cpus, " \t\n"))
		return rt_err_say(err, -EINVAL, "line %u: IRQ_ASSIGN: expected "
				  "\"CPUS:INTERRUPT;\", found \"%s\"", line,
				  printable(found, text, len));
	return 0;
}

static int read_assigns(struct tune_service *service, struct rt_err *err)
{
	const char *all = service->values[TUNE_SERVICE_ASSIGN], *text;
	size_t len, blanks;
	int rc = 0;

	for (text = all; *text && rc == 0; text += len + (text[len] == ';')) {
		len = strcspn(text, ";");
		blanks = strspn(text, " \t\n");
		if (blanks < len)
			rc = add_assign(service, text, len, line_of(service, text + blanks - all),
					err);
	}
	return rc;
}

int tune_service_parse(struct tune_service *service, const char *text, struct rt_err *err)
{
	struct reader reader = { .at = text, .line = 1, .err = err };
	int rc = 0;

	while (*reader.at && rc == 0) {
		if (*reader.at == '\n') {
			reader.line++;
			reader.at++;
		} else if (*reader.at == ' ' || *reader.at == '\t' || is_line_end(reader.at)) {
			reader.at++;
		} else if (*reader.at == '#') {
			reader.at += strcspn(reader.at, "\n");
		} else {
			rc = read_assignment(service, &reader);
		}
	}
	if (rc == 0 && service->values[TUNE_SERVICE_ASSIGN])
		rc = read_assigns(service, err);
	return rc;
}
