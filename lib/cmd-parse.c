/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-parse.c - a command line against an option table
 *
 * Long, short and combined options, "--name=value", "--"; every complaint names
 * the option as it was typed, what it expects and what was found.
 */
#include "lib/cmd-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define MAX_NAMES 128		/* options of one command, or words of one choice */

struct parser {
	const struct rt_cmd *cmd;
	char **argv;		/* the next word */
	char **args;
	int nr_args;
	enum rt_ask ask;
	struct rt_err *err;
};

char rt_cmd_help_letter(const struct rt_cmd *cmd)
{
	const struct rt_opt *opt;

	for (opt = cmd->opts; opt && opt->type != RT_OPT_END; opt++) {
		if (opt->letter == 'h')
			return 0;
	}
	return 'h';
}

static const struct rt_opt *find_long(const struct rt_opt *opt, const char *name, size_t len)
{
	for (; opt && opt->type != RT_OPT_END; opt++) {
		if (strlen(opt->name) == len && memcmp(opt->name, name, len) == 0)
			return opt;
	}
	return NULL;
}

static const struct rt_opt *find_letter(const struct rt_cmd *cmd, char letter)
{
	const struct rt_opt *opt;

	for (opt = cmd->opts; opt && opt->type != RT_OPT_END; opt++) {
		if (opt->letter == letter)
			return opt;
	}
	return letter == rt_cmd_help_letter(cmd) ? &rt_cmd_common[0] : NULL;
}

static int unknown_long(struct parser *p, const char *word, size_t len)
{
	const char *names[MAX_NAMES], *near;
	char typed[MAX_NAMES];
	const struct rt_opt *opt;
	size_t nr = 0;

	for (opt = p->cmd->opts; opt && opt->type != RT_OPT_END && nr < MAX_NAMES; opt++)
		names[nr++] = opt->name;
	for (opt = rt_cmd_common; opt->type != RT_OPT_END && nr < MAX_NAMES; opt++)
		names[nr++] = opt->name;
	snprintf(typed, sizeof(typed), "%.*s", (int)len, word);
	if (rt_nearest(typed, names, nr, &near, 1))
		return rt_usage(p->err, "unknown option --%s; did you mean --%s?", typed, near);
	return rt_usage(p->err, "unknown option --%s", typed);
}

static int bad_value(struct rt_err *err, const char *shown, const char *expected,
		     const char *found)
{
	return rt_usage(err, "%s: expected %s, found \"%s\"", shown, expected, found);
}

static int take_uint(const struct rt_opt *opt, const char *shown, const char *text,
		     struct rt_err *err)
{
	char expected[96];
	uint64_t value;

	snprintf(expected, sizeof(expected), "a number from %" PRIu64 " to %" PRIu64,
		 opt->min, opt->max);
	if (rt_parse_u64(text, opt->min, opt->max, &value))
		return bad_value(err, shown, expected, text);
	*(unsigned int *)opt->value = (unsigned int)value;
	return 0;
}

static int take_size(const struct rt_opt *opt, const char *shown, const char *text,
		     struct rt_err *err)
{
	char expected[128], low[32], high[32];
	uint64_t value;

	snprintf(expected, sizeof(expected), "a size from %s to %s (suffixes k, m, g)",
		 rt_format_size(opt->min, low, sizeof(low)),
		 rt_format_size(opt->max, high, sizeof(high)));
	if (rt_parse_size(text, &value) || value < opt->min || value > opt->max)
		return bad_value(err, shown, expected, text);
	*(uint64_t *)opt->value = value;
	return 0;
}

static int take_time(const struct rt_opt *opt, const char *shown, const char *text,
		     struct rt_err *err)
{
	uint64_t value;

	if (rt_parse_time(text, &value))
		return bad_value(err, shown, "a time such as 1.5, 10ms, 200us, 3s or 2m", text);
	*(uint64_t *)opt->value = value;
	return 0;
}

static int take_list(const struct rt_opt *opt, const char *text, struct rt_err *err)
{
	struct rt_strv *list = opt->value;
	const char **v;

	v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (!v)
		return rt_err_set(err, -ENOMEM, "cannot keep option --%s", opt->name);
	v[list->n++] = text;
	list->v = v;
	return 0;
}

/* The value is one of the words between the bars of the table. */
static int take_choice(const struct rt_opt *opt, const char *shown, const char *text,
		       struct rt_err *err)
{
	const char *words[MAX_NAMES], *near;
	char *copy, *word, *rest;
	size_t nr = 0;
	int rc = 0;

	copy = strdup(opt->arg);
	if (!copy)
		return rt_err_set(err, -ENOMEM, "cannot read option --%s", opt->name);
	for (rest = copy; nr < MAX_NAMES && (word = strsep(&rest, "|")) != NULL; nr++) {
		if (strcmp(word, text) == 0) {
			*(const char **)opt->value = text;
			goto out;
		}
		words[nr] = word;
	}
	if (rt_nearest(text, words, nr, &near, 1))
		rc = rt_usage(err, "%s: expected one of %s, found \"%s\"; did you mean \"%s\"?",
			      shown, opt->arg, text, near);
	else
		rc = rt_usage(err, "%s: expected one of %s, found \"%s\"", shown, opt->arg, text);
out:
	free(copy);
	return rc;
}

static int missing_value(struct parser *p, const struct rt_opt *opt, const char *shown)
{
	return rt_usage(p->err, "%s: expected a value (%s), found the end", shown, opt->arg);
}

static int take_pair(struct parser *p, const struct rt_opt *opt, const char *shown,
		     const char *first)
{
	const char **pair = opt->value;

	if (!*p->argv)
		return missing_value(p, opt, shown);
	pair[0] = first;
	pair[1] = *p->argv++;
	return 0;
}

static int take_value(struct parser *p, const struct rt_opt *opt, const char *shown,
		      const char *text)
{
	switch (opt->type) {
	case RT_OPT_UINT:
		return take_uint(opt, shown, text, p->err);
	case RT_OPT_SIZE:
		return take_size(opt, shown, text, p->err);
	case RT_OPT_TIME:
		return take_time(opt, shown, text, p->err);
	case RT_OPT_LIST:
		return take_list(opt, text, p->err);
	case RT_OPT_PAIR:
		return take_pair(p, opt, shown, text);
	case RT_OPT_CHOICE:
		return take_choice(opt, shown, text, p->err);
	default:
		*(const char **)opt->value = text;
		return 0;
	}
}

/* An option without a value: a flag of the command's, or one that every command has. */
static void take_flag(struct parser *p, const struct rt_opt *opt)
{
	if (opt->value)
		*(bool *)opt->value = true;
	else
		p->ask = RT_ASK_HELP + (enum rt_ask)(opt - rt_cmd_common);
}

static int parse_long(struct parser *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	const struct rt_opt *opt;
	char shown[MAX_NAMES];

	opt = find_long(p->cmd->opts, word, len);
	if (!opt)
		opt = find_long(rt_cmd_common, word, len);
	if (!opt)
		return unknown_long(p, word, len);
	snprintf(shown, sizeof(shown), "--%s", opt->name);
	if (!opt->arg) {
		if (value)
			return rt_usage(p->err, "%s: expected no value, found \"%s\"", shown,
					value);
		take_flag(p, opt);
		return 0;
	}
	if (!value) {
		if (!*p->argv)
			return missing_value(p, opt, shown);
		value = *p->argv++;
	}
	return take_value(p, opt, shown, value);
}

/* "-vn5": flags, then at most one option whose value is the rest or the next word. */
static int parse_short(struct parser *p, const char *letters)
{
	const struct rt_opt *opt;
	char shown[] = "-?";

	for (; *letters; letters++) {
		shown[1] = *letters;
		opt = find_letter(p->cmd, *letters);
		if (!opt)
			return rt_usage(p->err, "unknown option -%c", *letters);
		if (opt->arg) {
			if (letters[1])
				return take_value(p, opt, shown, letters + 1);
			if (!*p->argv)
				return missing_value(p, opt, shown);
			return take_value(p, opt, shown, *p->argv++);
		}
		take_flag(p, opt);
		if (p->ask != RT_ASK_RUN)
			break;
	}
	return 0;
}

static void take_rest(struct parser *p)
{
	while (*p->argv)
		p->args[p->nr_args++] = *p->argv++;
}

static int parse_words(struct parser *p)
{
	const char *word;
	int rc = 0;

	while (!rc && p->ask == RT_ASK_RUN && *p->argv) {
		word = *p->argv;
		if (word[0] != '-' || !word[1]) {
			if (p->cmd->own_command) {
				take_rest(p);
				break;
			}
			p->args[p->nr_args++] = *p->argv++;
			continue;
		}
		p->argv++;
		if (strcmp(word, "--") == 0)
			take_rest(p);
		else if (word[1] == '-')
			rc = parse_long(p, word + 2);
		else
			rc = parse_short(p, word + 1);
	}
	return rc;
}

static int check_count(const struct parser *p)
{
	const struct rt_cmd *cmd = p->cmd;
	unsigned int nr = (unsigned int)p->nr_args;

	if (nr < cmd->min_args && !nr)
		return rt_usage(p->err, "expected \"%s\", found no argument", cmd->synopsis);
	if (nr < cmd->min_args)
		return rt_usage(p->err, "expected \"%s\", found %u argument%s only", cmd->synopsis,
				nr, nr == 1 ? "" : "s");
	if (nr > cmd->max_args && !cmd->max_args)
		return rt_usage(p->err, "expected no argument, found \"%s\"", p->args[0]);
	if (nr > cmd->max_args)
		return rt_usage(p->err, "expected at most %u argument%s, found also \"%s\"",
				cmd->max_args, cmd->max_args == 1 ? "" : "s",
				p->args[cmd->max_args]);
	return 0;
}

int rt_cmd_parse(const struct rt_cmd *cmd, int argc, char **argv, char **args, int *ret_nr,
		 enum rt_ask *ret_ask, struct rt_err *err)
{
	struct parser p = {
		.cmd = cmd,
		.argv = argv + (argc > 0),
		.args = args,
		.ask = RT_ASK_RUN,
		.err = err,
	};
	int rc = parse_words(&p);

	if (!rc && p.ask == RT_ASK_RUN)
		rc = check_count(&p);
	if (rc)
		return rc;
	args[p.nr_args] = NULL;
	*ret_nr = p.nr_args;
	*ret_ask = p.ask;
	return 0;
}
