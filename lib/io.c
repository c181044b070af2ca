/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io.c - what every user of a descriptor would write again
 */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int rt_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Takes @fd over, which may be what an open that failed gave back. */
static int write_and_close(int fd, const void *data, size_t len, bool lasting)
{
	int rc = fd < 0 ? -errno : rt_write_all(fd, data, len);

	if (!rc && lasting && fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

/* By a name of its own, which nobody can have put there before, and a rename. */
static int replace(const char *path, const void *data, size_t len)
{
	mode_t mask = umask(0);
	char *temp;
	int fd, rc;

	umask(mask);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC);
	rc = write_and_close(fd, data, len, true);
	if (!rc && (chmod(temp, 0666 & ~mask) < 0 || rename(temp, path) < 0))
		rc = -errno;
	if (rc && fd >= 0)
		unlink(temp);
	free(temp);
	return rc;
}

int rt_write_file(const char *path, const void *data, size_t len)
{
	struct stat st;
	char *real;
	int rc;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_and_close(open(path, O_WRONLY | O_CLOEXEC), data, len, false);
	real = realpath(path, NULL);
	rc = replace(real ? real : path, data, len);
	free(real);
	return rc;
}

DIR *rt_opendir(int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int saved = errno;

	if (!dir && fd >= 0)
		close(fd);
	errno = saved;
	return dir;
}

bool rt_wants_colour(int fd)
{
	const char *no_colour = getenv("NO_COLOR");

	return isatty(fd) && !(no_colour && *no_colour);
}

unsigned int rt_terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return columns && atoi(columns) > 0 ? (unsigned int)atoi(columns) : 80;
}
