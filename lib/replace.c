/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace.c - a file in the place of another: behind links, whole, with its owner and mode
 */
#include "lib/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"

#define ACL "system.posix_acl_access"

static char *real_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL;

	free(folder);
	return real;
}

/* @path is not there: in @folder, or where a link of that name there leads to. */
static char *future_path(const char *folder, const char *path)
{
	const char *slash = strrchr(path, '/');
	char target[PATH_MAX], *result, *next;
	ssize_t len;

	if (asprintf(&result, "%s/%s", folder, slash ? slash + 1 : path) < 0)
		return NULL;
	len = readlink(result, target, sizeof(target) - 1);
	if (len < 0)
		return result;
	free(result);
	target[len] = '\0';
	if (target[0] == '/')
		return rt_real_path(target);
	if (asprintf(&next, "%s/%s", folder, target) < 0)
		return NULL;
	result = rt_real_path(next);
	free(next);
	return result;
}

char *rt_real_path(const char *path)
{
	char *real = realpath(path, NULL), *folder;

	if (real || errno != ENOENT)
		return real;
	folder = real_folder(path);
	real = folder ? future_path(folder, path) : NULL;
	free(folder);
	return real;
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

/*
 * As the old file is, where there is one and we may.  Else nobody may do more than before: the
 * group's bits were for the old group, and with an access list they are not the group's.
 */
static int set_mode(int fd, const char *old, mode_t mask)
{
	mode_t mode = 0666 & ~mask;
	struct stat st;

	if (stat(old, &st) == 0) {
		if (rt_take_after(fd, old, NULL) == 0)
			return 0;
		mode = st.st_mode & 0777;
		if (fchown(fd, (uid_t)-1, st.st_gid) < 0 || getxattr(old, ACL, NULL, 0) > 0)
			mode &= ~(mode_t)S_IRWXG;
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
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
	rc = fd < 0 ? -errno : set_mode(fd, path, mask);
	if (!rc)
		rc = write_and_close(fd, data, len, true);
	else if (fd >= 0)
		close(fd);
	if (!rc && rename(temp, path) < 0)
		rc = -errno;
	if (rc && fd >= 0)
		unlink(temp);
	free(temp);
	return rc;
}

/* The descriptor of standard output or error where it goes to that very file; else -1. */
static int standard_fd(const struct stat *file)
{
	struct stat st;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
			return fd;
	return -1;
}

int rt_write_file(const char *path, const void *data, size_t len)
{
	bool is_there;
	struct stat st;
	char *real;
	int rc;

	is_there = stat(path, &st) == 0;
	if (is_there && standard_fd(&st) >= 0)
		return rt_write_all(standard_fd(&st), data, len);
	if (is_there && !S_ISREG(st.st_mode))
		return write_and_close(open(path, O_WRONLY | O_CLOEXEC), data, len, false);
	real = rt_real_path(path);
	rc = real ? replace(real, data, len) : -errno;
	free(real);
	return rc;
}

int rt_take_after(int fd, const char *path, struct rt_err *err)
{
	struct stat old, new;
	char acl[4096];
	ssize_t len;

	if (stat(path, &old) < 0)
		return errno == ENOENT ? 0 : rt_err_set(err, -errno, "%s", path);
	if (fstat(fd, &new) < 0)
		return rt_err_set(err, -errno, "%s", path);
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid) < 0)
		return rt_err_set(err, -errno, "cannot keep the owner of %s", path);
	len = getxattr(path, ACL, acl, sizeof(acl));
	if (len > 0 && fsetxattr(fd, ACL, acl, (size_t)len, 0) < 0)
		return rt_err_set(err, -errno, "cannot keep the access list of %s", path);
	if (fchmod(fd, old.st_mode & 07777) < 0)
		return rt_err_set(err, -errno, "cannot keep the mode of %s", path);
	return 0;
}
