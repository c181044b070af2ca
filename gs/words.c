/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * words.c - the guest's permissions: two words of the kernel's command line
 *
 * Read in small pieces: the library may run on the small stack of a signal
 * handler, and a command line may have many kilobytes.
 */
#include "gs/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool names(const char *word, size_t len, const char *name)
{
	size_t i;

	if (len != strlen(name))
		return false;
	for (i = 0; i < len; i++)
		if (word[i] != name[i] && !(word[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

/* What the kernel's bool parameters take; anything else leaves the permission as it is. */
static void set_bool(bool *ret, const char *value, size_t len)
{
	if (len == 0)
		return;
	if (strchr("1yYtT", value[0]) ||
	    (len >= 2 && (value[0] | 32) == 'o' && (value[1] | 32) == 'n'))
		*ret = true;
	else if (strchr("0nNfF", value[0]) ||
		 (len >= 2 && (value[0] | 32) == 'o' && (value[1] | 32) == 'f'))
		*ret = false;
}

static void take_word(struct gs_words_reader *reader)
{
	char *equals = memchr(reader->word, '=', reader->len);
	size_t len = equals ? (size_t)(equals - reader->word) : reader->len;
	bool *ret = NULL;

	/* What follows "--" is for the first program. */
	if (reader->len == 2 && memcmp(reader->word, "--", 2) == 0)
		reader->ended = true;
	if (names(reader->word, len, GS_WORD_GUEST))
		ret = &reader->found.guest;
	if (names(reader->word, len, GS_WORD_SYSCALL))
		ret = &reader->found.syscall;
	if (ret && !reader->ended && equals)
		set_bool(ret, equals + 1, reader->len - len - 1);
	else if (ret && !reader->ended)
		*ret = true;
	reader->len = 0;
}

void gs_words_feed(struct gs_words_reader *reader, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '"') {
			reader->quoted = !reader->quoted;
		} else if (!reader->quoted && (text[i] == ' ' || text[i] == '\n' ||
					       text[i] == '\t')) {
			take_word(reader);
		} else {
			/* What does not fit makes the word one that is not ours. */
			reader->word[reader->len] = text[i];
			if (reader->len < sizeof(reader->word) - 1)
				reader->len++;
		}
	}
}

struct gs_words gs_words_end(struct gs_words_reader *reader)
{
	take_word(reader);
	return reader->found;
}

int gs_words_read(const char *path, struct gs_words *ret)
{
	struct gs_words_reader reader = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char piece[256];
	ssize_t got;

	*ret = reader.found;
	if (fd < 0)
		return -errno;
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		gs_words_feed(&reader, piece, got);
	close(fd);
	*ret = gs_words_end(&reader);
	return 0;
}
