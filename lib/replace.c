/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace.c - a file in the place of another: behind links, and with its owner and mode
 */
#include "lib/replace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/err.h"

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
