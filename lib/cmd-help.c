/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-help.c - what a command says about itself, laid out from its table
 *
 * --help for people; --dump-options for the completion file and the lints.
 */
#include "lib/cmd-internal.h"

#include <string.h>

#define LINE_WIDTH 80
#define HELP_COLUMN 28		/* where the explanation of an option starts */

const struct rt_opt rt_cmd_common[] = {
	{ .type = RT_OPT_BOOL, .name = "help", .help = "show this help and end" },
	{ .type = RT_OPT_BOOL, .name = "version", .help = "show the version and end" },
	{ .type = RT_OPT_BOOL, .name = "dump-options",
	  .help = "list the options, a line each, for programs" },
	{ .type = RT_OPT_END }
};

/* Fills words into lines; the first starts at @column, where the cursor is. */
static void wrap(FILE *to, const char *text, unsigned int column)
{
	unsigned int at = column;
	size_t len;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		len = strcspn(text, " \n");
		if (at > column && at + 1 + len > LINE_WIDTH) {
			fprintf(to, "\n%*s", (int)column, "");
			at = column;
		}
		fprintf(to, "%s%.*s", at > column ? " " : "", (int)len, text);
		at += (unsigned int)len + (at > column);
		text += len;
		if (*text == '\n') {
			text++;
			fprintf(to, "\n%*s", *text && *text != '\n' ? (int)column : 0, "");
			at = column;
		}
	}
	fputc('\n', to);
}

static void help_option(FILE *to, const struct rt_opt *opt, char letter)
{
	char left[256];
	int len;

	if (letter)
		len = snprintf(left, sizeof(left), "  -%c, --%s", letter, opt->name);
	else
		len = snprintf(left, sizeof(left), "      --%s", opt->name);
	if (opt->arg)
		len += snprintf(left + len, sizeof(left) - (size_t)len, " %s", opt->arg);
	if (len + 2 > HELP_COLUMN)
		fprintf(to, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(to, "%-*s", HELP_COLUMN, left);
	wrap(to, opt->help, HELP_COLUMN);
}

void rt_cmd_help(const struct rt_cmd *cmd, FILE *to)
{
	const struct rt_opt *opt;

	fprintf(to, "Usage: %s %s\n\n", cmd->name, cmd->synopsis);
	fprintf(to, "%s - ", cmd->name);
	wrap(to, cmd->summary, (unsigned int)strlen(cmd->name) + 3);
	fputs("\nOptions:\n", to);
	for (opt = cmd->opts; opt && opt->type != RT_OPT_END; opt++)
		help_option(to, opt, opt->letter);
	help_option(to, &rt_cmd_common[0], rt_cmd_help_letter(cmd));
	help_option(to, &rt_cmd_common[1], 0);
	if (cmd->details) {
		fputc('\n', to);
		wrap(to, cmd->details, 0);
	}
}

static const char *const type_names[] = {
	[RT_OPT_BOOL] = "bool",
	[RT_OPT_UINT] = "uint",
	[RT_OPT_SIZE] = "size",
	[RT_OPT_TIME] = "time",
	[RT_OPT_STRING] = "string",
	[RT_OPT_LIST] = "list",
	[RT_OPT_PAIR] = "pair",
	[RT_OPT_CHOICE] = "choice",
};

static const char *const complete_names[] = {
	[RT_COMPLETE_FILE] = "file",
	[RT_COMPLETE_DIR] = "dir",
	[RT_COMPLETE_NONE] = "none",
	[RT_COMPLETE_WORDS] = "words",
};

static void dump_option(FILE *to, const struct rt_opt *opt, char letter)
{
	fprintf(to, "option\t%c\t%s\t%s\t%s\t%s\n", letter ? letter : '-', opt->name,
		type_names[opt->type], opt->arg ? opt->arg : "-", opt->help);
}

/*
 * Fields parted by tabs, "-" for an absent one:
 *   command NAME COMPLETE WORDS USAGE-STATUS SUMMARY
 *   option LETTER NAME TYPE ARG HELP
 */
void rt_cmd_dump_options(const struct rt_cmd *cmd, FILE *to)
{
	const struct rt_opt *opt;

	fprintf(to, "command\t%s\t%s%s\t%s\t%d\t%s\n", cmd->name,
		cmd->own_command ? "command+" : "", complete_names[cmd->complete],
		cmd->words ? cmd->words : "-", cmd->fail_status ? cmd->fail_status : 2,
		cmd->summary);
	for (opt = cmd->opts; opt && opt->type != RT_OPT_END; opt++)
		dump_option(to, opt, opt->letter);
	dump_option(to, &rt_cmd_common[0], rt_cmd_help_letter(cmd));
	dump_option(to, &rt_cmd_common[1], 0);
}
