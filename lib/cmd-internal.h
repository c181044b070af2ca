/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-internal.h - what cmd.c, cmd-parse.c and cmd-help.c share
 */
#ifndef RT_LIB_CMD_INTERNAL_H
#define RT_LIB_CMD_INTERNAL_H

#include <stdio.h>

#include "lib/cmd.h"

/* What the command line asks for. */
enum rt_ask { RT_ASK_RUN, RT_ASK_HELP, RT_ASK_VERSION, RT_ASK_DUMP };

/**
 * rt_cmd_parse() - write the options' values, and gather the arguments.
 * @args: room for argc + 1 pointers; ends with NULL.
 *
 * Return: 0, or a failure; @ret_ask other than RT_ASK_RUN ends parsing at once.
 */
int rt_cmd_parse(const struct rt_cmd *cmd, int argc, char **argv, char **args, int *ret_nr,
		 enum rt_ask *ret_ask, struct rt_err *err);

/* The options every command has, RT_END last: their order is that of enum rt_ask from HELP on. */
extern const struct rt_opt rt_cmd_common[];
/* 'h' unless the command's own table uses that letter, else 0. */
char rt_cmd_help_letter(const struct rt_cmd *cmd);

void rt_cmd_help(const struct rt_cmd *cmd, FILE *to);
void rt_cmd_dump_options(const struct rt_cmd *cmd, FILE *to);

#endif /* RT_LIB_CMD_INTERNAL_H */
