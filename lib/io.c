/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io.c - the two things that every user of open(2) would write again
 */
#include "lib/io.h"

#include <errno.h>
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

DIR *rt_opendir(int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int saved = errno;

	if (!dir && fd >= 0)
		close(fd);
	errno = saved;
	return dir;
}
