/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.c - kvmrt.cfg on the disk: the lock, the replacement, the versions
 *
 * The lock is a file beside the configuration that its holder has locked with
 * flock(2), so that it is free when the holder ends, however it does.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/cfg.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/replace.h"

struct kcfg_lock {
	char *shown;		/* as the user calls the file */
	char *path;		/* without links */
	char *lock_path;
	int fd;
	struct rt_buf read;	/* what kcfg_lock_read() found */
	bool existed;
};

/* ---- the lock ---- */

static int held(int fd, const char *shown, struct rt_err *err)
{
	char who[200] = "";
	ssize_t len = pread(fd, who, sizeof(who) - 1, 0);

	who[len > 0 ? len : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	return rt_err_say(err, -EBUSY, "%s is being changed by %s", shown,
			  who[0] ? who : "another process");
}

/* Whether the locked file is still the one that has the name. */
static bool is_current(const struct kcfg_lock *lock)
{
	struct stat held_file, named;

	return fstat(lock->fd, &held_file) == 0 && stat(lock->lock_path, &named) == 0 &&
	       held_file.st_ino == named.st_ino && held_file.st_dev == named.st_dev;
}

/* The holder before may take the file away between our open and our lock. */
static int take_lock(struct kcfg_lock *lock, struct rt_err *err)
{
	int rc;

	for (;;) {
		lock->fd = open(lock->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (lock->fd < 0)
			return rt_err_set(err, -errno, "cannot lock %s", lock->shown);
		if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0)
			rc = errno == EWOULDBLOCK ? held(lock->fd, lock->shown, err) :
			     rt_err_set(err, -errno, "cannot lock %s", lock->shown);
		else if (is_current(lock))
			return 0;
		else
			rc = 0;
		close(lock->fd);
		lock->fd = -1;
		if (rc < 0)
			return rc;
	}
}

static void sign_lock(struct kcfg_lock *lock, const char *who)
{
	const char *user = getenv("SUDO_USER");
	time_t now = time(NULL);
	char text[200], when[32];
	struct tm tm;
	int len;

	if (!user)
		user = getenv("USER");
	strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
	len = snprintf(text, sizeof(text), "%s (process %d%s%.40s) since %s\n", who, (int)getpid(),
		       user ? " of " : "", user ? user : "", when);
	if (ftruncate(lock->fd, 0) < 0 || pwrite(lock->fd, text, (size_t)len, 0) < 0)
		return;		/* it is locked all the same */
}

/* A file beside a device or a pipe would take its place. */
static int refuse_others(const struct kcfg_lock *lock, struct rt_err *err)
{
	struct stat st;

	if (stat(lock->path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	return rt_err_say(err, -EINVAL, "cannot change %s: it is %s, and no file", lock->shown,
			  S_ISDIR(st.st_mode) ? "a folder" : "a device, a pipe or a socket");
}

int kcfg_lock(struct kcfg_lock **ret, const char *path, const char *who, struct rt_err *err)
{
	struct kcfg_lock *lock = calloc(1, sizeof(*lock));
	const char *slash;
	int rc;

	if (!lock)
		return rt_err_set(err, -ENOMEM, "cannot lock %s", path);
	lock->fd = -1;
	lock->shown = strdup(path);
	lock->path = rt_real_path(path);
	if (!lock->path) {
		rc = rt_err_set(err, -errno, "cannot lock %s", path);
		goto fail;
	}
	slash = strrchr(lock->path, '/');
	if (!lock->shown || asprintf(&lock->lock_path, "%.*s/.%s.lock",
				     (int)(slash - lock->path), lock->path, slash + 1) < 0) {
		lock->lock_path = NULL;
		rc = rt_err_set(err, -ENOMEM, "cannot lock %s", path);
		goto fail;
	}
	rc = refuse_others(lock, err);
	if (rc == 0)
		rc = take_lock(lock, err);
	if (rc < 0)
		goto fail;
	sign_lock(lock, who);
	*ret = lock;
	return 0;
fail:
	kcfg_unlock(lock);
	return rc;
}

void kcfg_unlock(struct kcfg_lock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0) {
		unlink(lock->lock_path);
		close(lock->fd);
	}
	rt_buf_finish(&lock->read);
	free(lock->shown);
	free(lock->path);
	free(lock->lock_path);
	free(lock);
}

/* ---- reading under it ---- */

int kcfg_lock_read(struct kcfg_lock *lock, struct kcfg **ret, struct rt_err *err)
{
	struct kcfg *cfg;
	int rc;

	rc = kcfg_read(&cfg, lock->path, err);
	lock->existed = rc == 0;
	if (rc == -ENOENT)
		rc = kcfg_parse(&cfg, lock->path, "", 0, err);
	if (rc < 0)
		return rc;
	free(cfg->path);
	cfg->path = strdup(lock->shown);
	lock->read.len = 0;
	kcfg_format(&lock->read, cfg);
	if (!cfg->path || lock->read.failed) {
		kcfg_destroy(cfg);
		return rt_err_set(err, -ENOMEM, "%s", lock->shown);
	}
	*ret = cfg;
	return 0;
}

/* The bytes of the file that has the name now, against those that were read. */
static int check_unchanged(const struct kcfg_lock *lock, struct rt_err *err)
{
	struct rt_buf now = { 0 };
	struct kcfg *cfg;
	bool same;
	int rc;

	rc = kcfg_read(&cfg, lock->path, err);
	if (rc == -ENOENT && !lock->existed)
		return 0;
	if (rc < 0)
		return rc;
	kcfg_format(&now, cfg);
	same = lock->existed && !now.failed && now.len == lock->read.len &&
	       (!now.len || memcmp(now.data, lock->read.data, now.len) == 0);
	rt_buf_finish(&now);
	kcfg_destroy(cfg);
	return same ? 0 : rt_err_say(err, -ESTALE, "%s was changed by another program meanwhile",
				     lock->shown);
}

/* ---- writing ---- */

/* kvmrt.cfg.4~ becomes .5~, and so on; the present file becomes .1~ as well. */
static int keep_version(const char *path, struct rt_err *err)
{
	char from[PATH_MAX], to[PATH_MAX];
	unsigned int i;

	for (i = KCFG_VERSIONS - 1; i; i--) {
		snprintf(from, sizeof(from), "%s.%u~", path, i);
		snprintf(to, sizeof(to), "%s.%u~", path, i + 1);
		if (rename(from, to) < 0 && errno != ENOENT)
			return rt_err_set(err, -errno, "cannot rename %s", from);
	}
	snprintf(to, sizeof(to), "%s.1~", path);
	if (link(path, to) < 0 && errno != ENOENT)
		return rt_err_set(err, -errno, "cannot keep the last version as %s", to);
	return 0;
}

static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd, rc;

	snprintf(folder, sizeof(folder), "%.*s/", (int)(strrchr(path, '/') - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int replace(const struct kcfg_lock *lock, const struct rt_buf *buf, struct rt_err *err)
{
	char temp[PATH_MAX];
	int fd, rc;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", lock->path) >= (int)sizeof(temp))
		return rt_err_set(err, -ENAMETOOLONG, "%s", lock->shown);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot write beside %s", lock->shown);
	fchmod(fd, 0644);
	rc = rt_write_all(fd, buf->data, buf->len);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc < 0)
		rt_err_set(err, rc, "cannot write %s; it is as it was", lock->shown);
	else
		rc = rt_take_after(fd, lock->path, err);
	close(fd);
	if (rc == 0)
		rc = keep_version(lock->path, err);
	if (rc == 0 && rename(temp, lock->path) < 0)
		rc = rt_err_set(err, -errno, "cannot replace %s", lock->shown);
	if (rc < 0) {
		unlink(temp);
		return rc;
	}
	rc = sync_folder(lock->path);
	return rc < 0 ? rt_err_set(err, rc, "%s is written, but its folder not yet on the disk",
				   lock->shown) : 0;
}

int kcfg_save(struct kcfg_lock *lock, const struct kcfg *cfg, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	int rc;

	if (cfg->nr_errors)
		return rt_err_say(err, -EINVAL, "%s has bad lines and is not written",
				  lock->shown);
	kcfg_format(&buf, cfg);
	if (!rt_buf_str(&buf)) {
		rc = rt_err_set(err, -ENOMEM, "%s", lock->shown);
		goto out;
	}
	rc = check_unchanged(lock, err);
	if (rc < 0)
		goto out;
	if (buf.len == lock->read.len && (!buf.len ||
	    memcmp(buf.data, lock->read.data, buf.len) == 0))
		goto out;
	rc = replace(lock, &buf, err);
	if (rc < 0)
		goto out;
	rt_buf_finish(&lock->read);
	lock->read = buf;
	lock->existed = true;
	return 1;
out:
	rt_buf_finish(&buf);
	return rc;
}
