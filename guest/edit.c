/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.c - configuration files as texts, and what the setup makes of them
 *
 * The same text comes out when its own result goes in, so a second run has
 * nothing to do.
 */
#include "guest/edit.h"

#include <string.h>
#include <strings.h>

#include "lib/buf.h"

#define BLOCK_BEGIN	"# kvmrt-guest-setup: the clock of the host, by KVM"
#define BLOCK_END	"# kvmrt-guest-setup: end"

/* Does the line begin with this directive, whatever its case, as chrony reads it? */
static bool is_directive(const char *line, size_t len, const char *word)
{
	size_t blanks = strspn(line, " \t"), n = strlen(word);

	if (blanks + n > len || strncasecmp(line + blanks, word, n) != 0)
		return false;
	return blanks + n == len || strchr(" \t\n", line[blanks + n]);
}

static bool is_source(const char *line, size_t len)
{
	static const char *const words[] = { "server", "pool", "peer", "refclock", "sourcedir" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_directive(line, len, words[i]))
			return true;
	return false;
}

static size_t line_length(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? (size_t)(end - text) + 1 : strlen(text);
}

static bool begins(const char *line, const char *text)
{
	return strncmp(line, text, strlen(text)) == 0;
}

static void end_line(struct rt_buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		rt_buf_puts(out, "\n");
}

/* Ours, with its end: where somebody took that away, what follows may be anybody's. */
static bool is_block(const char *text)
{
	const char *end = strstr(text, "\n" BLOCK_END), *next = strstr(text, "\n" BLOCK_BEGIN);

	return begins(text, BLOCK_BEGIN) && end && (!next || next > end);
}

void gs_edit_chrony(struct rt_buf *out, const char *text, const char *device)
{
	bool ours = false;
	size_t len;

	for (; *text; text += len) {
		len = line_length(text);
		if (device && is_block(text))
			ours = true;
		if (!ours && is_source(text, len))
			rt_buf_puts(out, "#");
		if (!ours)
			rt_buf_add(out, text, len);
		if (begins(text, BLOCK_END))
			ours = false;
	}
	if (!device)
		return;
	end_line(out);
	rt_buf_printf(out, BLOCK_BEGIN "\nrefclock PHC %s poll 0 dpoll -2 offset 0 refid KVM\n"
		      "makestep 0.1 3\n" BLOCK_END "\n", device);
}

static bool is_peerntp(const char *line)
{
	return begins(line + strspn(line, " \t"), "PEERNTP");
}

void gs_edit_network(struct rt_buf *out, const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = line_length(text);
		/* The last line is ours already. */
		if (strcmp(text, "PEERNTP=no\n") == 0)
			break;
		if (is_peerntp(text))
			rt_buf_puts(out, "#");
		rt_buf_add(out, text, len);
	}
	end_line(out);
	rt_buf_puts(out, "PEERNTP=no\n");
}

bool gs_edit_value(const char *text, const char *key, char *buf, unsigned int size)
{
	size_t n = strlen(key), len;

	for (; *text; text += line_length(text)) {
		if (!begins(text, key) || text[n] != '=')
			continue;
		text += n + 1;
		text += *text == '"' || *text == '\'';
		len = strcspn(text, "\"'\n");
		if (len >= size)
			return false;
		memcpy(buf, text, len);
		buf[len] = '\0';
		return true;
	}
	return false;
}

bool gs_edit_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, " ")) {
		list += strspn(list, " ");
		if (begins(list, word) && strchr(" ", list[n]))
			return true;
	}
	return false;
}
