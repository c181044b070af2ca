/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prompt.h - lines that a person types, with history and completion
 */
#ifndef XT_PROMPT_H
#define XT_PROMPT_H

#include <stdbool.h>

struct rt_err;

/* Does what one line says; false ends the conversation. */
typedef bool (*xt_line_fn)(void *arg, char *line);

/*
 * Reads lines from the terminal (edited, with history and with @words to
 * complete, NULL-terminated), or plainly from what standard input is else.
 */
int xt_prompt_run(const char *prompt, const char *const *words, xt_line_fn fn, void *arg,
		  struct rt_err *err);

#endif /* XT_PROMPT_H */
