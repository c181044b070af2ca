/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - one page on 127.0.0.1 that follows what its command reads
 *
 * The views with a face in a browser: GET alone, a random token in the URL, no
 * thread, one reading an interval for all that look, none while nobody does.
 */
#ifndef TUNE_PAGE_H
#define TUNE_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct rt_buf;
struct rt_err;
struct tune_page;

/*
 * Appends the newest reading to @to: JSON in one line.  A failure is shown in the
 * page, and the next interval tries again.
 */
typedef int (*tune_page_read_fn)(void *arg, struct rt_buf *to, struct rt_err *err);

/**
 * tune_page_create() - listen on 127.0.0.1; nothing is answered before tune_page_run().
 * @html: the page, borrowed for the life of the server; each "@NONCE@" in it becomes
 *	the word that lets its own scripts and styles run, and no other.
 * @port: 0 takes any that is free.
 *
 * Return: 0, -EADDRINUSE or another -errno.
 */
int tune_page_create(struct tune_page **ret, const char *html, unsigned int port,
		     struct rt_err *err);
void tune_page_destroy(struct tune_page *page);

/* With the token: who has it may look.  Borrowed. */
const char *tune_page_url(const struct tune_page *page);

/**
 * tune_page_browse() - have the desktop's browser open the page.
 *
 * The URL goes through a file that only its owner reads, since all users see a
 * command's arguments; the file goes away with the page.
 * Return: 0; RT_ECANNOT without a desktop or xdg-open; or -errno.
 */
int tune_page_browse(struct tune_page *page, struct rt_err *err);

/**
 * tune_page_run() - serve until SIGINT or SIGTERM.
 *
 * A client that does not keep up misses readings; none are kept for it.
 * Return: 0 or -errno.
 */
int tune_page_run(struct tune_page *page, uint64_t interval_ns, tune_page_read_fn read, void *arg,
		  struct rt_err *err);

#endif /* TUNE_PAGE_H */
