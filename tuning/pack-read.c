/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pack-read.c - the entries of a packed tree, and the tree made of them again
 *
 * A packed tree may come from anybody: nothing of it leaves the folder that it
 * is unpacked into, neither a path nor a link.
 */
#include "tuning/pack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/pack-format.h"

bool tune_is_packed(const char *text, size_t len)
{
	return len >= strlen(TUNE_PACK_MAGIC) &&
	       memcmp(text, TUNE_PACK_MAGIC, strlen(TUNE_PACK_MAGIC)) == 0;
}

/* ---- paths ---- */

/* Printable words with a slash between, none of them "." or "..". */
static bool is_path(const char *path)
{
	const char *at = path;
	size_t len;

	if (strlen(path) > TUNE_PACK_PATH_MAX)
		return false;
	do {
		len = strcspn(at, "/");
		if (!len || (at[0] == '.' && (len == 1 || (len == 2 && at[1] == '.'))))
			return false;
		for (; len; len--, at++) {
			if (*at <= ' ' || *at > '~')
				return false;
		}
	} while (*at++);
	return true;
}

bool tune_pack_link_is_inside(const char *path, const char *target)
{
	int depth = 0;
	size_t len;

	if (strlen(target) > TUNE_PACK_PATH_MAX || target[0] == '/' || !target[0])
		return false;
	for (; *path; path++)
		depth += *path == '/';
	for (; *target; target += len + (target[len] == '/')) {
		for (len = 0; target[len] && target[len] != '/'; len++) {
			if (target[len] <= ' ' || target[len] > '~')
				return false;
		}
		if (len == 2 && target[0] == '.' && target[1] == '.')
			depth--;
		else if (len && !(len == 1 && target[0] == '.'))
			depth++;
		if (depth < 0)
			return false;
	}
	return true;
}

/* ---- reading ---- */

struct reader {
	const char *at, *end;
	unsigned int line;
};

static int complain(const struct reader *reader, const char *expected, const char *found,
		    struct rt_err *err)
{
	return rt_err_say(err, -EINVAL, "line %u: expected %s, found \"%.64s\"", reader->line,
			  expected, found);
}

/* The next line into @line; false at the end, or where it is too long or has a NUL. */
static bool take_line(struct reader *reader, char *line, size_t size)
{
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	size_t len = newline ? (size_t)(newline - reader->at) : 0;

	if (!newline || len >= size || memchr(reader->at, '\0', len))
		return false;
	memcpy(line, reader->at, len);
	line[len] = '\0';
	reader->at = newline + 1;
	reader->line++;
	return true;
}

/* The @len bytes of a file and the newline behind them. */
static int take_text(struct reader *reader, char *to, size_t len, struct rt_err *err)
{
	size_t i;

	if (len >= (size_t)(reader->end - reader->at))
		return complain(reader, "the file's bytes", "the end", err);
	memcpy(to, reader->at, len);
	to[len] = '\0';
	for (i = 0; i < len; i++)
		reader->line += to[i] == '\n';
	reader->at += len;
	if (*reader->at != '\n')
		return complain(reader, "a newline behind the file", "more", err);
	reader->at++;
	reader->line++;
	return 0;
}

static int nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* As pairs of digits, 32 bytes a line. */
static int take_hex(struct reader *reader, char *to, size_t len, struct rt_err *err)
{
	char line[80];
	size_t done = 0, i;

	while (done < len || !len) {
		if (!take_line(reader, line, sizeof(line)) ||
		    strlen(line) != 2 * (len - done < 32 ? len - done : 32))
			return complain(reader, "hexadecimal digits of 32 bytes or the rest",
					"something else", err);
		for (i = 0; line[i]; i += 2) {
			if (nibble(line[i]) < 0 || nibble(line[i + 1]) < 0)
				return complain(reader, "hexadecimal digits", line, err);
			to[done++] = (char)(nibble(line[i]) << 4 | nibble(line[i + 1]));
		}
		if (!len)
			break;
	}
	to[len] = '\0';
	return 0;
}

static int read_file(struct reader *reader, struct tune_packed *entry, const char *size,
		     bool hex, tune_packed_fn fn, void *arg, struct rt_err *err)
{
	uint64_t len;
	int rc;

	if (rt_parse_u64(size, 0, TUNE_PACK_FILE_MAX, &len) < 0 ||
	    len > (size_t)(reader->end - reader->at))
		return complain(reader, "a size within the file", size, err);
	entry->len = len;
	entry->data = malloc(len + 1);
	if (!entry->data)
		return rt_err_set(err, -ENOMEM, "line %u", reader->line);
	rc = hex ? take_hex(reader, entry->data, len, err) :
	     take_text(reader, entry->data, len, err);
	if (!rc)
		rc = fn(arg, entry, err);
	free(entry->data);
	return rc;
}

static int read_link(struct reader *reader, struct tune_packed *entry, char *target,
		     tune_packed_fn fn, void *arg, struct rt_err *err)
{
	if (!tune_pack_link_is_inside(entry->path, target))
		return complain(reader, "a link that stays below the root", target, err);
	entry->link = true;
	entry->data = target;
	entry->len = strlen(target);
	return fn(arg, entry, err);
}

/* One entry, whose first line is @line: "WORD PATH REST". */
static int read_entry(struct reader *reader, char *line, tune_packed_fn fn, void *arg,
		      struct rt_err *err)
{
	char *rest = line, *word = strsep(&rest, " "), *path = strsep(&rest, " ");
	struct tune_packed entry = { .path = path };

	if (!path || !rest)
		return complain(reader, "file, hex or link with a path, or end", line, err);
	if (!is_path(path))
		return complain(reader, "a path below the root", path, err);
	if (strcmp(word, "link") == 0)
		return read_link(reader, &entry, rest, fn, arg, err);
	if (strcmp(word, "file") != 0 && strcmp(word, "hex") != 0)
		return complain(reader, "file, hex, link or end", word, err);
	return read_file(reader, &entry, rest, word[0] == 'h', fn, arg, err);
}

int tune_pack_read(const char *text, size_t len, tune_packed_fn fn, void *arg,
		   struct rt_err *err)
{
	struct reader reader = { .at = text, .end = text + len };
	char line[2 * TUNE_PACK_PATH_MAX + 32];
	unsigned int nr;
	int rc;

	if (!tune_is_packed(text, len))
		return rt_err_say(err, -EINVAL, "expected \"hwtopo-tree 1\" as its first line");
	take_line(&reader, line, sizeof(line));
	for (nr = 0; nr < TUNE_PACK_ENTRIES_MAX; nr++) {
		if (!take_line(&reader, line, sizeof(line)))
			return complain(&reader, "an entry or end behind it",
					reader.at == reader.end ? "" : "something else", err);
		if (strcmp(line, "end") == 0)
			return 0;
		rc = read_entry(&reader, line, fn, arg, err);
		if (rc)
			return rc;
	}
	return rt_err_say(err, -E2BIG, "expected at most %u entries", TUNE_PACK_ENTRIES_MAX);
}

/* ---- unpacking ---- */

/* The folder that @path is in, made where it is not there; a link is no folder. */
static int open_folder(int fd, const char *path, const char **ret_name)
{
	const char *slash;
	char name[TUNE_PACK_PATH_MAX + 1];
	int next, at = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	for (; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
		if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
	}
	*ret_name = path;
	return at;
}

static int write_file(int fd, const char *name, const struct tune_packed *entry)
{
	ssize_t put;

	fd = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	put = write(fd, entry->data, entry->len);
	close(fd);
	if (put < 0)
		return -errno;
	return (size_t)put == entry->len ? 0 : -ENOSPC;
}

static int make_entry(void *arg, const struct tune_packed *entry, struct rt_err *err)
{
	const char *name;
	int fd = open_folder(*(int *)arg, entry->path, &name), rc;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot unpack \"%s\"", entry->path);
	if (entry->link)
		rc = symlinkat(entry->data, fd, name) < 0 ? -errno : 0;
	else
		rc = write_file(fd, name, entry);
	close(fd);
	return rc ? rt_err_set(err, rc, "cannot unpack \"%s\"", entry->path) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void tune_unpack_remove(char *dir)
{
	if (dir)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

/* Thousands of small files: in memory where they may be, which is ten times as fast. */
static const char *temp_folder(void)
{
	const char *temp = getenv("TMPDIR");

	if (temp && *temp)
		return temp;
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

int tune_unpack(const char *text, size_t len, char **ret_dir, struct rt_err *err)
{
	char *dir;
	int fd, rc;

	if (asprintf(&dir, "%s/hwtopo.XXXXXX", temp_folder()) < 0)
		return rt_err_set(err, -ENOMEM, "cannot unpack");
	if (!mkdtemp(dir)) {
		rc = rt_err_set(err, -errno, "cannot make \"%s\"", dir);
		free(dir);
		return rc;
	}
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? rt_err_set(err, -errno, "cannot open \"%s\"", dir) :
	     tune_pack_read(text, len, make_entry, &fd, err);
	if (fd >= 0)
		close(fd);
	if (rc) {
		tune_unpack_remove(dir);
		return rc;
	}
	*ret_dir = dir;
	return 0;
}
