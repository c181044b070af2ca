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

#define VALUE_MAX	16384	/* bytes of one variable, all its parts together */
#define ASSIGNS_MAX	4096

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
	*service = (struct tune_service){ 0 };
}

/* ---- assignments ---- */

struct reader {
	const char *at;
	unsigned int line;
	struct rt_err *err;
};

static int expected(const struct reader *reader, const char *what, const char *found, size_t len)
{
	return rt_err_say(reader->err, -EINVAL, "line %u: expected %s, found \"%.*s\"",
			  reader->line, what, (int)(len < 60 ? len : 60), found);
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

/* What stands behind the "=": in quotes of either sort, or up to a blank. */
static int read_value(struct reader *reader, const char **ret, size_t *ret_len)
{
	const char *begin = reader->at;
	char quote = *begin;
	size_t len;

	if (quote == '"' || quote == '\'') {
		begin++;
		len = strcspn(begin, quote == '"' ? "\"\n" : "'\n");
		if (begin[len] != quote)
			return expected(reader, "a closing quote", reader->at, len + 1);
		reader->at = begin + len + 1;
	} else {
		len = strcspn(begin, " \t\n#\"'");
		reader->at = begin + len;
	}
	if (memchr(begin, '$', len) || memchr(begin, '`', len) || memchr(begin, '\\', len))
		return expected(reader, "a value without expansions", begin, len);
	if (*reader->at && !strchr(" \t\n#;", *reader->at))
		return expected(reader, "a blank behind the value", reader->at,
				strcspn(reader->at, "\n"));
	reader->at += *reader->at == ';';
	*ret = begin;
	*ret_len = len;
	return 0;
}

static int keep(struct tune_service *service, const struct reader *reader,
		enum tune_service_word word, bool add, const char *value, size_t len)
{
	char **to = &service->values[word], *text;
	const char *before = add && *to ? *to : "";

	if (strlen(before) + len > VALUE_MAX)
		return expected(reader, "a shorter value", value, len);
	if (asprintf(&text, "%s%.*s", before, (int)len, value) < 0)
		return rt_err_set(reader->err, -ENOMEM, "%s", words[word]);
	free(*to);
	*to = text;
	return 0;
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
		return expected(reader, "NAME=VALUE", name, strcspn(name, "\n"));
	rc = find_word(reader, name, len, &word);
	if (rc < 0)
		return rc;
	reader->at = name + len + (add ? 2 : 1);
	rc = read_value(reader, &value, &value_len);
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

static int add_assign(struct tune_service *service, const char *text, size_t len,
		      struct rt_err *err)
{
	const char *colon = memchr(text, ':', len);
	struct tune_service_assign assign, *more;

	if (service->nr_assigns == ASSIGNS_MAX)
		return rt_err_say(err, -EINVAL, "IRQ_ASSIGN: expected at most %d entries",
				  ASSIGNS_MAX);
	more = reallocarray(service->assigns, service->nr_assigns + 1, sizeof(*more));
	if (!more)
		return rt_err_set(err, -ENOMEM, "IRQ_ASSIGN");
	service->assigns = more;
	assign.cpus = trimmed(text, colon ? (size_t)(colon - text) : 0);
	assign.irq = trimmed(colon ? colon + 1 : "", colon ? len - (colon + 1 - text) : 0);
	more[service->nr_assigns++] = assign;
	if (!assign.cpus || !assign.irq)
		return rt_err_set(err, -ENOMEM, "IRQ_ASSIGN");
	if (!assign.cpus[0] || !assign.irq[0] || strpbrk(assign.irq, " \t\n") ||
	    strpbrk(assign.cpus, " \t\n"))
		return rt_err_say(err, -EINVAL, "IRQ_ASSIGN: expected \"CPUS:INTERRUPT;\", found "
				  "\"%.*s\"", (int)(len < 60 ? len : 60), text);
	return 0;
}

static int read_assigns(struct tune_service *service, const char *text, struct rt_err *err)
{
	size_t len;
	int rc = 0;

	for (; *text && rc == 0; text += len + (text[len] == ';')) {
		len = strcspn(text, ";");
		if (strspn(text, " \t\n") < len)
			rc = add_assign(service, text, len, err);
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
		} else if (*reader.at == ' ' || *reader.at == '\t') {
			reader.at++;
		} else if (*reader.at == '#') {
			reader.at += strcspn(reader.at, "\n");
		} else {
			rc = read_assignment(service, &reader);
		}
	}
	if (rc == 0 && service->values[TUNE_SERVICE_ASSIGN])
		rc = read_assigns(service, service->values[TUNE_SERVICE_ASSIGN], err);
	return rc;
}
