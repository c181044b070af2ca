/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root.c - the kernel's files below a root that tests can move
 */
#include "lib/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/text.h"

int rt_root_init(struct rt_root *root, const char *path, struct rt_err *err)
{
	size_t len = path ? strlen(path) : 0;
	int fd;

	/* in messages a slash follows it */
	while (len && path[len - 1] == '/')
		len--;
	if (len >= sizeof(root->path))
		return rt_err_set(err, -ENAMETOOLONG, "root \"%s\"", path);
	fd = open(path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot use \"%s\" as the root", path ? path : "/");
	root->fd = fd;
	snprintf(root->path, sizeof(root->path), "%.*s", (int)len, path ? path : "");
	return 0;
}

void rt_root_finish(struct rt_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

/* Without slashes in front, which would be the true root's, and stand doubled in messages. */
static int format_path(char *path, struct rt_err *err, const char *fmt, va_list ap)
{
	int len = vsnprintf(path, PATH_MAX, fmt, ap);
	size_t slashes;

	if (len < 0 || len >= PATH_MAX)
		return rt_err_set(err, -ENAMETOOLONG, "path \"%.64s...\"", path);
	slashes = strspn(path, "/");
	memmove(path, path + slashes, (size_t)len + 1 - slashes);
	return 0;
}

static int open_path(const struct rt_root *root, struct rt_err *err, int flags, const char *path)
{
	int fd = openat(root->fd, path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open %s/%s", root->path, path);
	return fd;
}

int rt_root_open(const struct rt_root *root, struct rt_err *err, int flags, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, err, fmt, ap);
	va_end(ap);
	return rc ? rc : open_path(root, err, flags, path);
}

bool rt_root_exists(const struct rt_root *root, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, NULL, fmt, ap);
	va_end(ap);
	return !rc && faccessat(root->fd, path, F_OK, 0) == 0;
}

/* Reads to the end of the file, at most @max bytes. */
static int read_all(int fd, struct rt_buf *buf, size_t max)
{
	ssize_t got;
	char *to;

	for (;;) {
		to = rt_buf_reserve(buf, 4096);
		if (!to)
			return -ENOMEM;
		got = read(fd, to, buf->room - buf->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		buf->len += (size_t)got;
		if (buf->len > max)
			return -EFBIG;
	}
}

static int read_path(const struct rt_root *root, struct rt_buf *buf, size_t max,
		     struct rt_err *err, const char *path)
{
	int fd = open_path(root, err, O_RDONLY, path);
	int rc;

	if (fd < 0)
		return fd;
	rc = read_all(fd, buf, max);
	close(fd);
	if (!rc && !rt_buf_str(buf))
		rc = -ENOMEM;
	if (rc)
		return rt_err_set(err, rc, "cannot read %s/%s", root->path, path);
	return 0;
}

int rt_root_read(const struct rt_root *root, char **ret, size_t *ret_len, struct rt_err *err,
		 const char *fmt, ...)
{
	struct rt_buf buf = { 0 };
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, err, fmt, ap);
	va_end(ap);
	if (!rc)
		rc = read_path(root, &buf, RT_READ_MAX, err, path);
	if (rc) {
		rt_buf_finish(&buf);
		return rc;
	}
	*ret = buf.data;
	if (ret_len)
		*ret_len = buf.len;
	return 0;
}

int rt_root_read_buf(const struct rt_root *root, struct rt_buf *buf, struct rt_err *err,
		     const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, err, fmt, ap);
	va_end(ap);
	buf->len = 0;
	return rc ? rc : read_path(root, buf, RT_READ_MAX, err, path);
}

/* The first line of a small file into @to. */
static int read_line(const struct rt_root *root, char *to, size_t size, struct rt_err *err,
		     const char *path)
{
	struct rt_buf buf = { 0 };
	size_t len;
	int rc;

	rc = read_path(root, &buf, RT_READ_MAX, err, path);
	if (rc)
		goto out;
	len = strcspn(buf.data, "\n");
	if (len >= size) {
		rc = rt_err_say(err, -EFBIG, "%s/%s: expected a line of at most %zu bytes, found "
				"%zu", root->path, path, size - 1, len);
		goto out;
	}
	memcpy(to, buf.data, len);
	to[len] = '\0';
out:
	rt_buf_finish(&buf);
	return rc;
}

int rt_root_read_line(const struct rt_root *root, char *buf, size_t size, struct rt_err *err,
		      const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, err, fmt, ap);
	va_end(ap);
	return rc ? rc : read_line(root, buf, size, err, path);
}

int rt_root_read_u64(const struct rt_root *root, uint64_t *ret, struct rt_err *err,
		     const char *fmt, ...)
{
	char path[PATH_MAX], line[64];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format_path(path, err, fmt, ap);
	va_end(ap);
	if (!rc)
		rc = read_line(root, line, sizeof(line), err, path);
	if (rc)
		return rc;
	rc = rt_parse_u64(line, 0, UINT64_MAX, ret);
	if (rc)
		return rt_err_say(err, rc, "%s/%s: expected a number, found \"%s\"", root->path,
				  path, line);
	return 0;
}

/* @how: what of the file's old text goes, as a flag of open(2). */
__attribute__((format(printf, 5, 0)))
static int write_text(const struct rt_root *root, int how, const char *text, struct rt_err *err,
		      const char *fmt, va_list ap)
{
	char path[PATH_MAX];
	ssize_t put;
	int fd, rc;

	rc = format_path(path, err, fmt, ap);
	if (rc)
		return rc;
	fd = open_path(root, err, O_WRONLY | how, path);
	if (fd < 0)
		return fd;
	put = write(fd, text, strlen(text));
	if (put < 0)
		rc = -errno;
	else if ((size_t)put != strlen(text))
		rc = -EIO;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (rc)
		return rt_err_set(err, rc, "cannot write \"%.*s\" to %s/%s",
				  (int)strcspn(text, "\n"), text, root->path, path);
	return 0;
}

int rt_root_write(const struct rt_root *root, const char *text, struct rt_err *err,
		  const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = write_text(root, O_TRUNC, text, err, fmt, ap);
	va_end(ap);
	return rc;
}

int rt_root_append(const struct rt_root *root, const char *text, struct rt_err *err,
		   const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = write_text(root, O_APPEND, text, err, fmt, ap);
	va_end(ap);
	return rc;
}
