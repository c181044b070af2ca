/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * words.h - the guest's permissions: two words of the kernel's command line
 */
#ifndef GS_WORDS_H
#define GS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define GS_WORD_GUEST	"kvmrt_gs_hc_guest_enabled"
#define GS_WORD_SYSCALL	"kvmrt_gs_syscall_enabled"

struct gs_words {
	bool guest;	/* the guest's kernel may use the host's services */
	bool syscall;	/* and its programs through it */
};

/* A command line that is read in pieces; start it with { 0 }. */
struct gs_words_reader {
	struct gs_words found;
	char word[48];		/* longer words are none of ours */
	size_t len;
	bool quoted, ended;
};

/* As the kernel takes them: the last one counts, - is _, values as of its bool parameters. */
void gs_words_feed(struct gs_words_reader *reader, const char *text, size_t len);
struct gs_words gs_words_end(struct gs_words_reader *reader);

/*
 * Those of this machine.  Async-signal-safe.
 * Return: 0, or -errno of opening the file, with no permission in @ret.
 */
int gs_words_read(const char *path, struct gs_words *ret);

#endif /* GS_WORDS_H */
