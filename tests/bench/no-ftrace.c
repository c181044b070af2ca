/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * no-ftrace.c - lets trace-cmd record where a kernel refuses function tracing
 *
 * Preloaded into trace-cmd.  Before it records it switches function tracing on
 * and empties its filters, and gives up where that fails; events need neither.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

static int is_of_ftrace(const char *path)
{
	return strstr(path, "ftrace_enabled") || strstr(path, "/set_ftrace_");
}

/* What is written to these files goes nowhere, and nothing is found in them. */
int open64(const char *path, int flags, ...)
{
	static int (*next)(const char *path, int flags, ...);
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "open64");
	if (is_of_ftrace(path))
		path = "/dev/null";
	return next(path, flags, mode);
}
