/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-page.c - the page of a command, from the printed URL to the end */
#include "tuning/cmd-page.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/err.h"

/* People who sit elsewhere are told the way; programs read the URL alone. */
static void print_url(const struct tune_page *page)
{
	printf("%s\n", tune_page_url(page));
	fflush(stdout);
	if (isatty(STDERR_FILENO))
		fputs("From elsewhere: ssh -L PORT:127.0.0.1:PORT with the port above, then open "
		      "the URL there.  Ctrl-C ends it.\n", stderr);
}

int cmd_page_serve(const struct cmd_page *options, const char *html, uint64_t interval_ns,
		   tune_page_read_fn read, void *arg, struct rt_err *err)
{
	struct rt_err reason = { 0 };
	struct tune_page *page;
	int rc;

	rc = tune_page_create(&page, html, options->port, err);
	if (rc < 0)
		return rc;
	print_url(page);
	if (!options->no_browser && tune_page_browse(page, &reason) < 0 &&
	    reason.code != RT_ECANNOT)
		fprintf(stderr, "no browser: %s\n", reason.text);
	rc = tune_page_run(page, interval_ns, read, arg, err);
	tune_page_destroy(page);
	return rc;
}
