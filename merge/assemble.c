/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assemble.c - clone, link or copy members into a directory that appears at once
 */
#include "merge/assemble.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "merge/mergefile.h"
#include "merge/set.h"

#define MAX_DEPTH 4		/* folders in an xtrace directory */
#define COPY_BYTES (4u << 20)
#define NAME_MAX_BYTES 200

struct assembler {
	const struct mrg_set *set;
	const struct mrg_assemble_opts *opts;
	mrg_name *names;	/* by member */
	bool *moved;		/* by member */
	int dir;		/* of the directory in the making */
	uint64_t copied;
	uint32_t flush;		/* of the member that is taken now; 0: all of it */
	struct rt_err *err;
};

static bool stopped(const struct assembler *a)
{
	return a->opts->stop && a->opts->stop(a->opts->arg);
}

/* ---- one file ---- */

static int copy_bytes(struct assembler *a, int from, int to)
{
	while (!stopped(a)) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0);

		if (n == 0)
			return 0;
		if (n < 0)
			return -errno;
		a->copied += (uint64_t)n;
		if (a->opts->progress)
			a->opts->progress(a->opts->arg, a->copied);
	}
	return -EINTR;
}

/* File systems that copy_file_range(2) does not join. */
static int copy_by_hand(struct assembler *a, int from, int to)
{
	char *buf = malloc(COPY_BYTES);
	int rc = buf ? 0 : -ENOMEM;
	ssize_t n;

	while (rc == 0 && (n = read(from, buf, COPY_BYTES)) != 0) {
		if (n < 0 || stopped(a))
			rc = n < 0 ? -errno : -EINTR;
		for (ssize_t at = 0, w; rc == 0 && at < n; at += w) {
			w = write(to, buf + at, (size_t)(n - at));
			if (w < 0)
				rc = -errno;
		}
		a->copied += n > 0 ? (uint64_t)n : 0;
		if (rc == 0 && a->opts->progress)
			a->opts->progress(a->opts->arg, a->copied);
	}
	free(buf);
	return rc;
}

/* Clone or copy an open file to dir/name. */
static int copy_file(struct assembler *a, int from, int dir, const char *name, bool clone_only)
{
	int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int rc;

	if (to < 0)
		return -errno;
	rc = ioctl(to, FICLONE, from) < 0 ? -errno : 0;
	if (rc < 0 && !clone_only) {
		rc = copy_bytes(a, from, to);
		if (rc == -EXDEV || rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP) {
			rc = lseek(from, 0, SEEK_SET) < 0 || ftruncate(to, 0) < 0 ||
			     lseek(to, 0, SEEK_SET) < 0 ? -errno : copy_by_hand(a, from, to);
		}
	}
	if (close(to) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(dir, name, 0);
	return rc;
}

static int take_file(struct assembler *a, int from_dir, const char *from, int dir,
		     const char *name)
{
	int fd = openat(from_dir, from, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	if (stopped(a)) {
		close(fd);
		return -EINTR;
	}
	/* A clone first: a link changes with its original when that is recorded anew */
	rc = copy_file(a, fd, dir, name, true);
	if (rc < 0 && linkat(from_dir, from, dir, name, AT_SYMLINK_FOLLOW) == 0)
		rc = 0;
	if (rc < 0)
		rc = copy_file(a, fd, dir, name, false);
	close(fd);
	return rc;
}

/* Of a CPU's file only what the flush has saved. */
static int take_flush(struct assembler *a, int from_dir, int dir, const char *name)
{
	int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC), to, rc;

	if (from < 0)
		return -errno;
	to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	rc = to < 0 ? -errno : xt_flush_copy(from, to, a->flush);
	if (to >= 0 && close(to) < 0 && rc == 0)
		rc = -errno;
	close(from);
	return rc;
}

static bool is_cpu_file(const char *name)
{
	size_t digits = strncmp(name, "cpu", 3) == 0 ? strspn(name + 3, "0123456789") : 0;

	return digits && strcmp(name + 3 + digits, ".xt") == 0;
}

/* ---- a folder ---- */

static int take_dir(struct assembler *a, int from, int dir, const char *name, unsigned int depth);

static int take_entry(struct assembler *a, int from, const char *entry, int dir,
		      unsigned int depth)
{
	struct stat st;
	int fd, rc;

	if (fstatat(from, entry, &st, 0) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && a->flush && depth == 0 && is_cpu_file(entry))
		return take_flush(a, from, dir, entry);
	if (S_ISREG(st.st_mode))
		return take_file(a, from, entry, dir, entry);
	if (!S_ISDIR(st.st_mode) || depth >= MAX_DEPTH)
		return 0;
	fd = openat(from, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = take_dir(a, fd, dir, entry, depth + 1);
	close(fd);
	return rc;
}

static int take_dir(struct assembler *a, int from, int dir, const char *name, unsigned int depth)
{
	int copy = dup(from), to, rc = 0;
	struct dirent *entry;
	DIR *list;

	list = rt_opendir(copy);
	if (!list)
		return -errno;
	if (mkdirat(dir, name, 0755) < 0)
		rc = -errno;
	to = rc < 0 ? -1 : openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && to < 0)
		rc = -errno;
	while (rc == 0 && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			rc = take_entry(a, from, entry->d_name, to, depth);
	if (to >= 0)
		close(to);
	closedir(list);
	return rc;
}

static void remove_tree(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	DIR *list;

	list = rt_opendir(fd);
	if (!list) {
		unlinkat(dir, name, 0);
		return;
	}
	while ((entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_tree(fd, entry->d_name);
	closedir(list);
	unlinkat(dir, name, AT_REMOVEDIR);
}

/* ---- members ---- */

static bool name_taken(const mrg_name *names, const char *name, size_t nr)
{
	if (!strcmp(name, MRG_FILE_NAME))
		return true;
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

void mrg_name_file(mrg_name *names, size_t i, const char *label, const char *end)
{
	char base[NAME_MAX_BYTES];

	snprintf(base, sizeof(base), "%s", label);
	for (char *c = base; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-+", *c))
			*c = '_';
	if (base[0] == '.')
		base[0] = '_';
	snprintf(names[i], sizeof(names[i]), "%s%s", base, end);
	for (unsigned int n = 2; name_taken(names, names[i], i); n++)
		snprintf(names[i], sizeof(names[i]), "%s-%u%s", base, n, end);
}

static void name_member(struct assembler *a, size_t i)
{
	const struct mrg_member *m = &a->set->members[i];

	mrg_name_file(a->names, i, m->label,
		      strcmp(xt_trace_info(m->trace)->kind, "xtrace") ? ".dat" : "");
}

static int take_member(struct assembler *a, size_t i)
{
	const char *path = a->set->members[i].path;
	struct stat st;
	int fd, rc;

	if (stat(path, &st) < 0)
		return rt_err_set(a->err, -errno, "%s", path);
	a->flush = a->opts->flushes ? a->opts->flushes[i] : 0;
	if (!S_ISDIR(st.st_mode)) {
		rc = take_file(a, AT_FDCWD, path, a->dir, a->names[i]);
	} else {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd < 0 ? -errno : take_dir(a, fd, a->dir, a->names[i], 0);
	}
	return rc < 0 ? rt_err_set(a->err, rc, "cannot bring %s in", path) : 0;
}

/* A rename where the file system allows; else it is copied now and removed in the end. */
static int move_member(struct assembler *a, size_t i)
{
	const struct xt_info *info = xt_trace_info(a->set->members[i].trace);
	const char *path = a->set->members[i].path;

	if (!info->complete && !info->cut)
		return rt_err_say(a->err, -EBUSY, "%s: a session records into it: end it first, or "
				  "merge it without --move", path);
	if (renameat(AT_FDCWD, path, a->dir, a->names[i]) == 0) {
		a->moved[i] = true;
		return 0;
	}
	if (errno != EXDEV)
		return rt_err_set(a->err, -errno, "cannot move %s", path);
	return take_member(a, i);
}

static void undo_moves(struct assembler *a)
{
	for (size_t i = 0; i < a->set->nr; i++)
		if (a->moved[i])
			(void)!renameat(a->dir, a->names[i], AT_FDCWD, a->set->members[i].path);
}

static void remove_copied(const struct assembler *a)
{
	for (size_t i = 0; i < a->set->nr; i++)
		if (!a->moved[i])
			remove_tree(AT_FDCWD, a->set->members[i].path);
}

static int write_file(struct assembler *a)
{
	const char **names = calloc(a->set->nr, sizeof(*names));
	struct rt_buf buf = { 0 };
	int fd, rc = names ? 0 : -ENOMEM;

	if (rc < 0)
		return rt_err_set(a->err, rc, "cannot write the merge file");
	for (size_t i = 0; i < a->set->nr; i++)
		names[i] = a->names[i];
	mrg_file_write(&buf, a->set, names);
	fd = openat(a->dir, MRG_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (buf.failed)
		rc = -ENOMEM;
	else if (fd < 0)
		rc = -errno;
	for (size_t at = 0; rc == 0 && at < buf.len;) {
		ssize_t n = write(fd, buf.data + at, buf.len - at);

		if (n < 0)
			rc = -errno;
		else
			at += (size_t)n;
	}
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	rt_buf_finish(&buf);
	free(names);
	return rc < 0 ? rt_err_set(a->err, rc, "cannot write the merge file") : 0;
}

static int fill(struct assembler *a)
{
	int rc = write_file(a);

	for (size_t i = 0; rc == 0 && i < a->set->nr; i++)
		if (!a->opts->move)
			rc = take_member(a, i);
	for (size_t i = 0; rc == 0 && i < a->set->nr; i++)
		if (a->opts->move)
			rc = move_member(a, i);
	return rc;
}

/* ---- the directory ---- */

/* Whether @out may be made: it is not there, or it is a merged directory to be replaced. */
static int check_out(const char *out, bool replace, struct rt_err *err)
{
	char file[4096 + 8];
	struct stat st;

	if (lstat(out, &st) < 0)
		return errno == ENOENT ? 0 : rt_err_set(err, -errno, "%s", out);
	if (!replace)
		return rt_err_say(err, -EEXIST, "%s: exists (-f replaces a merged directory)", out);
	snprintf(file, sizeof(file), "%s/" MRG_FILE_NAME, out);
	if (access(file, F_OK) == 0 || (S_ISDIR(st.st_mode) && rmdir(out) == 0))
		return 0;
	return rt_err_say(err, -EEXIST, "%s: exists and is no merged directory: not replaced", out);
}

/* A directory made in a member would be a part of itself. */
static int check_place(const struct mrg_set *set, const char *out, struct rt_err *err)
{
	char parent[PATH_MAX], in[PATH_MAX], member[PATH_MAX], file[PATH_MAX + 8];
	const char *slash = strrchr(out, '/');

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - out) + 1 : 1,
		 slash ? out : ".");
	if (!realpath(parent, in))
		return rt_err_set(err, -errno, "%s", out);
	for (size_t i = 0; i < set->nr; i++) {
		size_t len;

		if (!realpath(set->members[i].path, member))
			return rt_err_set(err, -errno, "%s", set->members[i].path);
		len = strlen(member);
		if (!strncmp(in, member, len) && (!in[len] || in[len] == '/'))
			return rt_err_say(err, -EINVAL, "%s: lies inside of %s, which is to be"
					  " merged", out, set->members[i].path);
	}
	snprintf(file, sizeof(file), "%s/" MRG_FILE_NAME, in);
	if (access(file, F_OK) == 0)
		return rt_err_say(err, -EINVAL, "%s: lies inside of a merged directory", out);
	return 0;
}

static int put_in_place(const char *tmp, const char *out, struct rt_err *err)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, out, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS) {
		if (rename(tmp, out) == 0)
			return 0;
	}
	if (errno != EEXIST && errno != ENOTEMPTY)
		return rt_err_set(err, -errno, "%s", out);
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, out, RENAME_EXCHANGE) < 0)
		return rt_err_set(err, -errno, "cannot replace %s", out);
	remove_tree(AT_FDCWD, tmp);
	return 0;
}

static int make(struct assembler *a, const char *tmp, const char *out)
{
	int rc;

	for (size_t i = 0; i < a->set->nr; i++)
		name_member(a, i);
	if (mkdir(tmp, 0755) < 0)
		return rt_err_set(a->err, -errno, "%s", out);
	a->dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->dir < 0) {
		rc = rt_err_set(a->err, -errno, "%s", tmp);
		rmdir(tmp);
		return rc;
	}
	rc = fill(a);
	if (rc == 0)
		rc = put_in_place(tmp, out, a->err);
	if (rc < 0) {
		undo_moves(a);
		remove_tree(AT_FDCWD, tmp);
	} else if (a->opts->move) {
		remove_copied(a);
	}
	close(a->dir);
	return rc;
}

int mrg_assemble(const struct mrg_set *set, const char *out, const struct mrg_assemble_opts *opts,
		 struct rt_err *err)
{
	struct assembler a = { .set = set, .opts = opts, .err = err };
	char clean[4096], tmp[4096 + 32];
	size_t len = strlen(out);
	int rc;

	while (len > 1 && out[len - 1] == '/')
		len--;
	if (!len || len >= sizeof(clean))
		return rt_err_say(err, -EINVAL, "the output directory's name is empty or too long");
	snprintf(clean, sizeof(clean), "%.*s", (int)len, out);
	rc = check_place(set, clean, err);
	if (rc == 0)
		rc = check_out(clean, opts->replace, err);
	if (rc < 0)
		return rc;
	snprintf(tmp, sizeof(tmp), "%s.tmp-%d", clean, (int)getpid());
	a.names = calloc(set->nr, sizeof(*a.names));
	a.moved = calloc(set->nr, sizeof(*a.moved));
	rc = a.names && a.moved ? make(&a, tmp, clean) : rt_err_set(err, -ENOMEM, "%s", out);
	free(a.names);
	free(a.moved);
	return rc;
}
