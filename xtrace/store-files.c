/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-files.c - make the directory of a store, and its small files
 */
#include "xtrace/store-local.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"

/* The files of a store besides formats/; what is not here is never touched. */
static const char *const names[] = {
	XT_STORE_SESSION, XT_STORE_CLOCKS, "printk_formats", "saved_cmdlines", "saved_tgids",
	"kallsyms", XT_STORE_SYMBOLS,
};

static bool is_cpu_file(const char *name)
{
	if (strncmp(name, "cpu", 3) != 0 || !isdigit((unsigned char)name[3]))
		return false;
	name += 3 + strspn(name + 3, "0123456789");
	return strcmp(name, ".xt") == 0;
}

/* "formats/" and one or two more words of letters that need no care. */
static bool is_format(const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-.";
	size_t word;

	if (strncmp(name, "formats/", 8) != 0)
		return false;
	name += 8;
	word = strspn(name, safe);
	if (word == 0 || name[0] == '.')
		return false;
	if (name[word] == '\0')
		return true;
	if (name[word] != '/' || name[word + 1] == '.')
		return false;
	name += word + 1;
	word = strspn(name, safe);
	return word > 0 && name[word] == '\0';
}

bool store_known_name(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return is_format(name);
}

/* ---- emptying a directory of ours ---- */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes the formats: folders of files, no deeper than we make them. */
static int remove_tree(int dir, const char *name, unsigned int depth)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	struct dirent *entry;
	DIR *list;

	list = rt_opendir(fd);
	if (!list)
		return -errno;
	while (rc == 0 && (entry = readdir(list))) {
		if (is_dots(entry->d_name))
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		rc = errno == EISDIR && depth ? remove_tree(fd, entry->d_name, depth - 1) : -errno;
	}
	closedir(list);
	if (rc == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		rc = -errno;
	return rc;
}

static int empty_store(int dir)
{
	struct dirent *entry;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *list = rt_opendir(fd);

	if (!list)
		return -errno;
	while (rc == 0 && (entry = readdir(list))) {
		const char *name = entry->d_name;

		if (strcmp(name, "formats") == 0)
			rc = remove_tree(fd, name, 1);
		else if ((is_cpu_file(name) || store_known_name(name)) && unlinkat(fd, name, 0) < 0)
			rc = -errno;
	}
	closedir(list);
	return rc;
}

/* ---- whose it is ---- */

#define TAKE_TRIES 10		/* of those who only look whether it is taken, none holds on */
#define TAKE_STEP_NS 10000000L

/* Return: 0 also where the file system has no locks. */
static int take(int dir, const char *path, struct rt_err *err)
{
	const struct timespec step = { .tv_nsec = TAKE_STEP_NS };

	for (unsigned int tries = 1; flock(dir, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK)
			return 0;
		if (tries == TAKE_TRIES)
			return rt_err_say(err, -EBUSY, "%s: a session records into it", path);
		nanosleep(&step, NULL);
	}
	return 0;
}

void store_give_back(int dir)
{
	flock(dir, LOCK_UN);
}

/* ---- making it ---- */

/* A directory that holds nothing, or that a store's writer made. */
static bool may_empty(int dir)
{
	struct dirent *entry;
	bool other = false;
	int fd;
	DIR *list;

	if (faccessat(dir, XT_STORE_SESSION, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = rt_opendir(fd);
	if (!list)
		return false;
	while ((entry = readdir(list)))
		other |= !is_dots(entry->d_name);
	closedir(list);
	return !other;
}

static int reuse(const char *path, int *ret_dir, struct rt_err *err)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (dir < 0 && errno != ENOTDIR)
		return rt_err_set(err, -errno, "%s: cannot be emptied", path);
	if (dir < 0)
		return rt_err_say(err, -EEXIST, "%s: exists and is no directory: it is left alone",
				  path);
	if (!may_empty(dir)) {
		close(dir);
		return rt_err_say(err, -EEXIST,
				  "%s: exists and is no xtrace directory: it is left alone", path);
	}
	rc = take(dir, path, err);
	if (rc == 0) {
		rc = empty_store(dir);
		if (rc < 0)
			rt_err_set(err, rc, "%s: cannot be emptied", path);
	}
	if (rc < 0) {
		close(dir);
		return rc;
	}
	*ret_dir = dir;
	return 0;
}

int store_mkdir(const char *path, bool force, int *ret_dir, struct rt_err *err)
{
	int dir, rc;

	if (!*path)
		return rt_err_say(err, -EINVAL, "the name of the directory to make is empty");
	if (mkdir(path, 0777) < 0) {
		if (errno != EEXIST)
			return rt_err_set(err, -errno, "%s: cannot make the directory", path);
		if (!force)
			return rt_err_say(err, -EEXIST, "%s: exists already", path);
		return reuse(path, ret_dir, err);
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return rt_err_set(err, -errno, "%s: cannot open the directory", path);
	rc = take(dir, path, err);
	if (rc < 0)
		close(dir);
	else
		*ret_dir = dir;
	return rc;
}

/* ---- small files ---- */

static int make_folders(int dir, char *name)
{
	for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = '\0';
		rc = mkdirat(dir, name, 0777);
		*slash = '/';
		if (rc < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_new(int dir, const char *temp, const void *data, size_t len, bool sync)
{
	int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	int rc;

	if (fd < 0)
		return -errno;
	rc = rt_write_all(fd, data, len);
	if (rc == 0 && sync && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int store_replace(int dir, const char *name, const void *data, size_t len, bool sync,
		  struct rt_err *err)
{
	char temp[512];
	int rc;

	if (snprintf(temp, sizeof(temp), "%s.new", name) >= (int)sizeof(temp))
		return rt_err_set(err, -ENAMETOOLONG, "%s", name);
	rc = make_folders(dir, temp);
	if (rc == 0)
		rc = write_new(dir, temp, data, len, sync);
	if (rc == 0 && renameat(dir, temp, dir, name) < 0)
		rc = -errno;
	if (rc < 0) {
		unlinkat(dir, temp, 0);
		return rt_err_set(err, rc, "%s: cannot be written", name);
	}
	return 0;
}

/* ---- what a power failure is not to take ---- */

/* Not every file system can sync a folder. */
static int sync_fd(int fd, bool is_folder)
{
	return fsync(fd) == 0 || (is_folder && errno == EINVAL) ? 0 : -errno;
}

static int sync_file(int dir, const char *name, bool only_begin)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (only_begin)
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	else
		rc = sync_fd(fd, false);
	close(fd);
	return rc;
}

/* Files and their names; of the folder @name itself what @is_ours says, below it all. */
static int sync_folder(int dir, const char *name, bool (*is_ours)(const char *name),
		       bool only_begin)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	DIR *list = rt_opendir(fd);
	struct dirent *entry;

	if (!list)
		return errno == ENOTDIR ? sync_file(dir, name, only_begin) : -errno;
	while (rc == 0 && (entry = readdir(list))) {
		if (!is_dots(entry->d_name) && (!is_ours || is_ours(entry->d_name)))
			rc = sync_folder(fd, entry->d_name, NULL, only_begin);
	}
	if (rc == 0 && !only_begin)
		rc = sync_fd(fd, true);
	closedir(list);
	return rc;
}

/* What says that all the others are complete comes behind them. */
static bool is_synced_first(const char *name)
{
	return strcmp(name, "formats") == 0 ||
	       (store_known_name(name) && strcmp(name, XT_STORE_SESSION) != 0);
}

/*
 * Blocks of a file that nobody has asked for are allocated late.  Where all are under way, the
 * first sync commits them together; otherwise each of the hundreds of formats costs a commit.
 */
int store_sync(int dir)
{
	int rc = sync_folder(dir, ".", is_synced_first, true);

	return rc < 0 ? rc : sync_folder(dir, ".", is_synced_first, false);
}
