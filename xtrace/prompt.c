/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prompt.c - lines that a person types, with history and completion (libedit)
 */
#include "xtrace/prompt.h"

#include <errno.h>
#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/err.h"

#define HISTORY_LINES 200

struct prompt {
	const char *text;
	const char *const *words;
};

static char *prompt_text(EditLine *el)
{
	struct prompt *prompt;

	el_get(el, EL_CLIENTDATA, &prompt);
	return (char *)prompt->text;
}

/* Nothing can be added: shows what is possible, as a shell does. */
static void list_words(const struct prompt *prompt, const char *begin, size_t len)
{
	int i;

	putchar('\n');
	for (i = 0; prompt->words[i]; i++)
		if (strncasecmp(prompt->words[i], begin, len) == 0)
			printf("%s  ", prompt->words[i]);
	putchar('\n');
}

/* The word before the cursor: its only completion, or what all of them begin with. */
static unsigned char complete(EditLine *el, int ch)
{
	const LineInfo *line = el_line(el);
	const char *begin = line->cursor, *found = NULL;
	struct prompt *prompt;
	size_t len, common = 0;
	char add[64];
	int i, nr = 0;

	(void)ch;
	el_get(el, EL_CLIENTDATA, &prompt);
	while (begin > line->buffer && begin[-1] != ' ')
		begin--;
	len = line->cursor - begin;
	for (i = 0; prompt->words[i]; i++) {
		const char *word = prompt->words[i];
		size_t same = 0;

		if (strncasecmp(word, begin, len) != 0)
			continue;
		while (found && same < common && word[same] == found[same])
			same++;
		common = found ? same : strlen(word);
		found = word;
		nr++;
	}
	if (!found || common < len)
		return CC_ERROR;
	snprintf(add, sizeof(add), "%.*s%s", (int)(common - len), found + len, nr == 1 ? " " : "");
	if (nr > 1 && common == len) {
		list_words(prompt, begin, len);
		return CC_REDISPLAY;
	}
	return el_insertstr(el, add) < 0 ? CC_REFRESH_BEEP : CC_REFRESH;
}

static int edited(struct prompt *prompt, xt_line_fn fn, void *arg, struct rt_err *err)
{
	EditLine *el = el_init("xtrace-ctl", stdin, stdout, stderr);
	History *past = history_init();
	HistEvent event;
	const char *line;
	bool go_on = true;
	char *copy;
	int len;

	if (!el || !past) {
		if (el)
			el_end(el);
		if (past)
			history_end(past);
		return rt_err_set(err, -ENOMEM, "cannot start the line editor");
	}
	history(past, &event, H_SETSIZE, HISTORY_LINES);
	el_set(el, EL_CLIENTDATA, prompt);
	el_set(el, EL_PROMPT, prompt_text);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_HIST, history, past);
	el_set(el, EL_ADDFN, "complete", "complete the word", complete);
	el_set(el, EL_BIND, "^I", "complete", NULL);
	while (go_on && (line = el_gets(el, &len)) && len > 0) {
		if (len > 1)
			history(past, &event, H_ENTER, line);
		copy = strdup(line);
		if (!copy)
			break;
		go_on = fn(arg, copy);
		free(copy);
	}
	if (go_on)
		putchar('\n');
	history_end(past);
	el_end(el);
	return 0;
}

static int plain(xt_line_fn fn, void *arg)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		if (!fn(arg, line))
			break;
	}
	free(line);
	return 0;
}

int xt_prompt_run(const char *prompt, const char *const *words, xt_line_fn fn, void *arg,
		  struct rt_err *err)
{
	struct prompt data = { .text = prompt, .words = words };

	if (!isatty(STDIN_FILENO))
		return plain(fn, arg);
	return edited(&data, fn, arg, err);
}
