/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.c - the main() of every command: parse, run, report, exit status
 */
#include "lib/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cmd-internal.h"
#include "lib/err.h"
#include "lib/text.h"

#define STATUS_PIPE_CLOSED 141	/* 128 + SIGPIPE */

int rt_usage(struct rt_err *err, const char *fmt, ...)
{
	char text[RT_ERR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return rt_err_say(err, RT_EUSAGE, "%s", text);
}

/*
 * A command started without one of the three would get it as the descriptor of
 * the next file it opens, and write its messages into that file.
 */
static void hold_standard_descriptors(void)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_WRONLY };
	int fd;

	for (fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			_exit(1);
	}
}

static bool reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* Ends the output: 0, or -errno where something of it could not be written. */
static int finish_stdout(struct rt_err *err)
{
	bool failed_before = ferror(stdout);

	if (fflush(stdout) < 0)
		return rt_err_set(err, -errno, "cannot write to the standard output");
	if (failed_before)
		return rt_err_say(err, -EIO, "could not write all of the standard output");
	return 0;
}

static int exit_status(const struct rt_cmd *cmd, int rc)
{
	if (rc >= 0)
		return rc;
	if (cmd->fail_status)
		return cmd->fail_status;
	if (rc == RT_EUSAGE)
		return 2;
	return rc == RT_ECANNOT ? 3 : 1;
}

/* What was found may be of a file that somebody made so that a terminal obeys it. */
static void report(const struct rt_cmd *cmd, int rc, struct rt_err *err)
{
	char *rest = err->text, *line;

	if (!err->text[0])
		rt_err_say(err, rc, "%s", strerror(-rc));
	line = strsep(&rest, "\n");
	rt_make_printable(line);
	fprintf(stderr, "%s: %s\n", cmd->name, line);
	while ((line = strsep(&rest, "\n")) != NULL) {
		rt_make_printable(line);
		fprintf(stderr, "%s\n", line);
	}
	if (rc == RT_EUSAGE)
		fprintf(stderr, "Try '%s --help'.\n", cmd->name);
}

static int do_what_is_asked(const struct rt_cmd *cmd, int argc, char **argv, struct rt_err *err)
{
	enum rt_ask ask;
	char **args;
	int nr, rc;

	args = calloc((size_t)argc + 1, sizeof(*args));
	if (!args)
		return rt_err_set(err, -ENOMEM, "cannot read the command line");
	rc = rt_cmd_parse(cmd, argc, argv, args, &nr, &ask, err);
	if (rc)
		goto out;
	switch (ask) {
	case RT_ASK_HELP:
		rt_cmd_help(cmd, stdout);
		break;
	case RT_ASK_VERSION:
		printf("%s %s\n", cmd->name, KVMRT_VERSION);
		break;
	case RT_ASK_DUMP:
		rt_cmd_dump_options(cmd, stdout);
		break;
	case RT_ASK_RUN:
		rc = cmd->run(nr, args, err);
		break;
	}
out:
	free(args);
	return rc;
}

int rt_cmd_main(const struct rt_cmd *cmd, int argc, char **argv)
{
	struct rt_err err = { 0 }, out_err = { 0 };
	int rc, out_rc;

	hold_standard_descriptors();
	rc = do_what_is_asked(cmd, argc, argv, &err);
	out_rc = finish_stdout(&out_err);
	if ((out_rc || rc == -EPIPE) && reader_is_gone())
		return cmd->fail_status ? exit_status(cmd, rc) : STATUS_PIPE_CLOSED;
	if (rc < 0)
		report(cmd, rc, &err);
	else if (out_rc)
		report(cmd, out_rc, &out_err);
	return exit_status(cmd, rc ? rc : out_rc);
}
