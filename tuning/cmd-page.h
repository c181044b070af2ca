/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-page.h - what the commands with a page do alike: their options, the URL that
 * they print
 */
#ifndef TUNE_CMD_PAGE_H
#define TUNE_CMD_PAGE_H

#include <stdbool.h>

#include "lib/cmd.h"
#include "tuning/page.h"

struct cmd_page {
	unsigned int port;
	bool no_browser;
};

#define CMD_PAGE_OPTIONS(page) \
	RT_UINT(0, "port", &(page).port, "PORT", 1, 65535, "of 127.0.0.1 (any free one)"), \
	RT_BOOL(0, "no-browser", &(page).no_browser, "print the URL alone")

/**
 * cmd_page_serve() - print the URL, have a browser open it where there is a desktop,
 * and serve until SIGINT or SIGTERM.
 */
int cmd_page_serve(const struct cmd_page *options, const char *html, uint64_t interval_ns,
		   tune_page_read_fn read, void *arg, struct rt_err *err);

#endif /* TUNE_CMD_PAGE_H */
