/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmdline.c - the words of a kernel's command line
 *
 * Follows lib/cmdline.c, lib/bitmap-str.c and kernel/sched/isolation.c of the
 * kernel in what they accept.
 */
#include "tuning/cmdline.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"

/* Cuts one word out of the text at @at; returns where the next may begin. */
static char *take_word(char *at, struct tune_word *word)
{
	bool all_quoted = *at == '"', quoted = all_quoted;
	char *end, *equals = NULL;

	at += all_quoted;
	for (end = at; *end && (quoted || !isspace((unsigned char)*end)); end++) {
		if (*end == '=' && !equals && end > at)
			equals = end;
		if (*end == '"')
			quoted = !quoted;
	}
	word->name = at;
	word->value = NULL;
	at = *end ? end + 1 : end;
	*end = '\0';
	if (end > word->name && end[-1] == '"' && (all_quoted || (equals && equals[1] == '"')))
		end[-1] = '\0';
	if (equals) {
		*equals = '\0';
		word->value = equals + 1 + (equals[1] == '"');
	}
	return at;
}

int tune_cmdline_parse(struct tune_cmdline *ret, const char *text, struct rt_err *err)
{
	struct tune_cmdline cmdline = { .text = strdup(text) };
	struct tune_word word;
	char *at = cmdline.text;

	/* A word is at least a byte and a blank. */
	cmdline.v = calloc(strlen(text) / 2 + 1, sizeof(*cmdline.v));
	if (!cmdline.text || !cmdline.v) {
		tune_cmdline_finish(&cmdline);
		return rt_err_set(err, -ENOMEM, "command line");
	}
	for (;;) {
		while (isspace((unsigned char)*at))
			at++;
		if (!*at)
			break;
		at = take_word(at, &word);
		if (strcmp(word.name, "--") == 0 && !word.value)
			break;
		if (*word.name)
			cmdline.v[cmdline.n++] = word;
	}
	*ret = cmdline;
	return 0;
}

void tune_cmdline_finish(struct tune_cmdline *cmdline)
{
	free(cmdline->text);
	free(cmdline->v);
	memset(cmdline, 0, sizeof(*cmdline));
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	}
	return *a == *b;
}

const char *tune_cmdline_get(const struct tune_cmdline *cmdline, const char *name)
{
	size_t i;

	for (i = cmdline->n; i > 0; i--) {
		if (same_name(cmdline->v[i - 1].name, name))
			return cmdline->v[i - 1].value ? cmdline->v[i - 1].value : "";
	}
	return NULL;
}

/* One range with "all" and "N" written as numbers. */
static void add_plain(struct rt_buf *buf, const char *range, size_t len, unsigned int nr_cpus)
{
	size_t i = 0;

	if (len >= 3 && strncmp(range, "all", 3) == 0) {
		rt_buf_printf(buf, "0-%u", nr_cpus - 1);
		i = 3;
	}
	for (; i < len; i++) {
		if (range[i] == 'N' && (i + 1 == len || !isalnum((unsigned char)range[i + 1])))
			rt_buf_printf(buf, "%u", nr_cpus - 1);
		else
			rt_buf_add(buf, range + i, 1);
	}
}

int tune_cmdline_cpus(struct rt_cpuset *ret, const char *value, unsigned int nr_cpus,
		      struct rt_err *err)
{
	struct rt_buf plain = { 0 };
	size_t len;
	int rc;

	if (!nr_cpus)
		return rt_err_say(err, -EINVAL, "CPU list \"%s\": it is not known how many CPUs "
				  "there are", value);
	for (;;) {
		len = strcspn(value, ",");
		add_plain(&plain, value, len, nr_cpus);
		value += len;
		if (!*value)
			break;
		rt_buf_add(&plain, value++, 1);
	}
	rc = rt_buf_str(&plain) ? rt_cpuset_parse(ret, plain.data, err) :
	     rt_err_set(err, -ENOMEM, "CPU list");
	rt_buf_finish(&plain);
	return rc;
}

int tune_cmdline_isolcpus(struct rt_cpuset *ret, unsigned int *ret_flags, const char *value,
			  unsigned int nr_cpus, struct rt_err *err)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} known[] = {
		{ "nohz", TUNE_ISOLCPUS_NOHZ },
		{ "domain", TUNE_ISOLCPUS_DOMAIN },
		{ "managed_irq", TUNE_ISOLCPUS_MANAGED_IRQ },
	};
	unsigned int flags = 0, i;
	size_t len;
	int rc;

	while (isalpha((unsigned char)*value)) {
		len = strcspn(value, ",");
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (strlen(known[i].name) == len &&
			    strncmp(known[i].name, value, len) == 0)
				flags |= known[i].flag;
		}
		value += len + (value[len] == ',');
	}
	rc = tune_cmdline_cpus(ret, value, nr_cpus, err);
	if (!rc)
		*ret_flags = flags ? flags : TUNE_ISOLCPUS_DOMAIN;
	return rc;
}
