/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-store.c - journals as files: the lock, reading, growing, cutting
 *
 * The file of a journal grows by a line before each change and is cut by that line
 * after it was undone; whatever happens in between, doing the last line's undoing
 * (again) is right.
 */
#include "tuning/journal-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"

#define COMPLETE	"complete\n"

/* ---- files ---- */

static void path_of(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, TUNE_JOURNAL_DIR "/%s" TUNE_JOURNAL_SUFFIX, name);
}

static int read_records(const struct tune_journal *journal, struct tune_journal_file *file,
			struct rt_err *err)
{
	char path[TUNE_JOURNAL_NAME + 64], *text;
	size_t len;
	int rc;

	path_of(path, sizeof(path), file->name);
	rc = rt_root_read(journal->root, &text, &len, err, "%s", path);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = tune_records_parse(&file->records, text, len, err);
	free(text);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s/%s", journal->root->path, path);
	if (file->records.end && strcmp(file->records.boot, journal->boot) != 0) {
		tune_records_finish(&file->records);
		if (journal->lock >= 0)
			unlinkat(journal->root->fd, path, 0);
	}
	return 0;
}

struct named {
	char *name;
	struct timespec written;
};

static int newest_first(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->written.tv_sec != y->written.tv_sec)
		return x->written.tv_sec < y->written.tv_sec ? 1 : -1;
	if (x->written.tv_nsec != y->written.tv_nsec)
		return x->written.tv_nsec < y->written.tv_nsec ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The name in "name.journal", or 0. */
static size_t name_len(const char *file)
{
	size_t len = strlen(file), suffix = strlen(TUNE_JOURNAL_SUFFIX);

	if (len <= suffix || len - suffix >= TUNE_JOURNAL_NAME ||
	    strcmp(file + len - suffix, TUNE_JOURNAL_SUFFIX) != 0)
		return 0;
	return len - suffix;
}

/* One more of them at the end of *@names. */
static int add_name(struct named **names, size_t *nr, DIR *dir, const char *file)
{
	struct named *more = reallocarray(*names, *nr + 1, sizeof(*more));
	struct stat st;

	if (!more)
		return -ENOMEM;
	*names = more;
	if (fstatat(dirfd(dir), file, &st, 0) < 0)
		return 0;
	more[*nr].written = st.st_mtim;
	more[*nr].name = strndup(file, name_len(file));
	return more[(*nr)++].name ? 0 : -ENOMEM;
}

static int read_names(struct named **names, size_t *nr, int fd)
{
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -ENOMEM;
	while (rc == 0 && (entry = readdir(dir)))
		if (name_len(entry->d_name))
			rc = add_name(names, nr, dir, entry->d_name);
	closedir(dir);
	return rc;
}

int tune_journal_list(char ***ret, size_t *ret_nr, const struct rt_root *root,
		      struct rt_err *err)
{
	int fd = rt_root_open(root, err, O_RDONLY | O_DIRECTORY, TUNE_JOURNAL_DIR), rc = 0;
	struct named *names = NULL;
	char **list = NULL;
	size_t nr = 0, i;

	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0)
		rc = read_names(&names, &nr, fd);
	if (nr)
		qsort(names, nr, sizeof(*names), newest_first);
	if (rc == 0)
		list = calloc(nr + 1, sizeof(*list));
	for (i = 0; i < nr; i++) {
		if (list)
			list[i] = names[i].name;
		else
			free(names[i].name);
	}
	free(names);
	if (!list)
		return rt_err_set(err, -ENOMEM, "the list of journals");
	*ret = list;
	*ret_nr = nr;
	return 0;
}

void tune_journal_list_free(char **names, size_t nr)
{
	while (nr)
		free(names[--nr]);
	free(names);
}

/* One that cannot be read is no reason to leave the host as the others have made it. */
static int read_other(struct tune_journal *journal, const char *name, struct rt_err *err)
{
	struct tune_journal_file *file = &journal->others[journal->nr_others++];
	struct rt_err why = { 0 };
	int rc;

	snprintf(file->name, sizeof(file->name), "%s", name);
	rc = read_records(journal, file, &why);
	if (rc < 0 && rc != -ENOMEM) {
		file->unread = strdup(why.text);
		rc = file->unread ? 0 : -ENOMEM;
	}
	return rc < 0 ? rt_err_set(err, rc, "the journal \"%s\"", name) : 0;
}

static int read_others(struct tune_journal *journal, struct rt_err *err)
{
	size_t nr, i;
	char **names;
	int rc;

	rc = tune_journal_list(&names, &nr, journal->root, err);
	if (rc < 0)
		return rc;
	journal->others = calloc(nr + 1, sizeof(*journal->others));
	if (!journal->others)
		rc = rt_err_set(err, -ENOMEM, "journals");
	for (i = 0; i < nr && rc == 0; i++)
		if (strcmp(names[i], journal->own.name) != 0)
			rc = read_other(journal, names[i], err);
	tune_journal_list_free(names, nr);
	return rc;
}

static int no_root(struct rt_err *err, int code, const struct rt_root *root)
{
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		return rt_err_say(err, RT_ECANNOT, "cannot write %s/" TUNE_JOURNAL_DIR ": %s",
				  root->path, code == -EROFS ? "it is read-only" :
				  "changing this host needs root");
	return rt_err_set(err, code, "cannot write %s/" TUNE_JOURNAL_DIR, root->path);
}

static int take_lock(struct tune_journal *journal, struct rt_err *err)
{
	const struct rt_root *root = journal->root;

	if ((mkdirat(root->fd, "run", 0755) < 0 && errno != EEXIST) ||
	    (mkdirat(root->fd, TUNE_JOURNAL_DIR, 0755) < 0 && errno != EEXIST))
		return no_root(err, -errno, root);
	journal->lock = openat(root->fd, TUNE_JOURNAL_DIR "/lock",
			       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (journal->lock < 0)
		return no_root(err, -errno, root);
	while (flock(journal->lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return rt_err_set(err, -errno, "cannot lock %s/" TUNE_JOURNAL_DIR "/lock",
					  root->path);
	return 0;
}

/* ---- open and close ---- */

static bool is_name(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) < TUNE_JOURNAL_NAME &&
	       !strchr(name, '/') && !strchr(name, '\n');
}

static int open_journal(struct tune_journal **ret, const struct rt_root *root, const char *name,
			bool lock, struct rt_err *err)
{
	struct tune_journal *journal;
	int rc;

	if (!is_name(name))
		return rt_err_say(err, -EINVAL, "expected the name of a journal, found \"%s\"",
				  name);
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return rt_err_set(err, -ENOMEM, "a journal");
	journal->root = root;
	journal->lock = journal->fd = -1;
	snprintf(journal->own.name, sizeof(journal->own.name), "%s", name);
	rt_root_read_line(root, journal->boot, sizeof(journal->boot), NULL,
			  "proc/sys/kernel/random/boot_id");
	rc = lock ? take_lock(journal, err) : 0;
	if (rc == 0)
		rc = read_records(journal, &journal->own, err);
	if (rc == 0)
		rc = read_others(journal, err);
	if (rc < 0) {
		tune_journal_close(journal);
		return rc;
	}
	tune_journal_doubt(journal);
	*ret = journal;
	return 0;
}

int tune_journal_open(struct tune_journal **ret, const struct rt_root *root, const char *name,
		      struct rt_err *err)
{
	return open_journal(ret, root, name, true, err);
}

int tune_journal_look(struct tune_journal **ret, const struct rt_root *root, const char *name,
		      struct rt_err *err)
{
	return open_journal(ret, root, name, false, err);
}

void tune_journal_close(struct tune_journal *journal)
{
	size_t i;

	if (!journal)
		return;
	for (i = 0; i < journal->nr_others; i++) {
		tune_records_finish(&journal->others[i].records);
		free(journal->others[i].unread);
	}
	free(journal->others);
	tune_records_finish(&journal->own.records);
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->lock >= 0)
		close(journal->lock);
	free(journal);
}

const struct rt_root *tune_journal_root(const struct tune_journal *journal)
{
	return journal->root;
}

size_t tune_journal_size(const struct tune_journal *journal)
{
	return journal->own.records.nr;
}

bool tune_journal_is_complete(const struct tune_journal *journal)
{
	return journal->own.records.complete;
}

const char *tune_journal_note(const struct tune_journal *journal)
{
	return journal->own.records.note ? journal->own.records.note : "";
}

/* ---- writing the file ---- */

static int lost(const struct tune_journal *journal, int code, struct rt_err *err)
{
	return rt_err_set(err, code, "cannot write %s/" TUNE_JOURNAL_DIR "/%s"
			  TUNE_JOURNAL_SUFFIX, journal->root->path, journal->own.name);
}

/* To the disk; a disk that is nearly full takes a part of it at first. */
static int write_out(int fd, const char *text, size_t len)
{
	int rc = rt_write_all(fd, text, len);

	return rc == 0 && fsync(fd) < 0 ? -errno : rc;
}

int tune_journal_rewrite(const struct tune_journal *journal, struct tune_journal_file *file,
			 struct rt_err *err)
{
	char path[TUNE_JOURNAL_NAME + 64], fresh[TUNE_JOURNAL_NAME + 80];
	struct tune_records *records = &file->records;
	struct rt_buf buf = { 0 };
	int fd, rc;
	size_t i;

	path_of(path, sizeof(path), file->name);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	tune_records_format_head(&buf, journal->boot, records->note);
	for (i = 0; i < records->nr; i++) {
		records->v[i].offset = buf.len;
		tune_records_format(&buf, &records->v[i]);
	}
	records->end = buf.len;
	if (records->complete)
		rt_buf_puts(&buf, COMPLETE);
	fd = openat(journal->root->fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0644);
	rc = fd < 0 ? -errno : buf.failed ? -ENOMEM : write_out(fd, buf.data, buf.len);
	if (rc == 0 && renameat(journal->root->fd, fresh, journal->root->fd, path) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	rt_buf_finish(&buf);
	return rc < 0 ? lost(journal, rc, err) : 0;
}

int tune_journal_ready(struct tune_journal *journal, struct rt_err *err)
{
	struct tune_records *records = &journal->own.records;
	char path[TUNE_JOURNAL_NAME + 64];
	int rc;

	if (journal->fd < 0) {
		if (records->end == 0) {
			rc = tune_journal_rewrite(journal, &journal->own, err);
			if (rc < 0)
				return rc;
		}
		path_of(path, sizeof(path), journal->own.name);
		journal->fd = openat(journal->root->fd, path, O_WRONLY | O_CLOEXEC | O_APPEND);
		if (journal->fd < 0)
			return lost(journal, -errno, err);
	}
	records->complete = false;
	return ftruncate(journal->fd, records->end) < 0 ? lost(journal, -errno, err) : 0;
}

static int append(struct tune_journal *journal, const char *text, size_t len, struct rt_err *err)
{
	int rc = write_out(journal->fd, text, len);

	return rc < 0 ? lost(journal, rc, err) : 0;
}

int tune_journal_rewrite_own(struct tune_journal *journal, struct rt_err *err)
{
	int rc = tune_journal_rewrite(journal, &journal->own, err);

	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	return rc;
}

int tune_journal_remove_own(struct tune_journal *journal, struct rt_err *err)
{
	char path[TUNE_JOURNAL_NAME + 64];

	path_of(path, sizeof(path), journal->own.name);
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	tune_records_finish(&journal->own.records);
	if (unlinkat(journal->root->fd, path, 0) < 0 && errno != ENOENT)
		return lost(journal, -errno, err);
	return 0;
}

int tune_journal_complete(struct tune_journal *journal, struct rt_err *err)
{
	int rc;

	if (journal->own.records.complete)
		return 0;
	rc = tune_journal_ready(journal, err);
	if (rc == 0)
		rc = append(journal, COMPLETE, strlen(COMPLETE), err);
	if (rc == 0)
		journal->own.records.complete = true;
	return rc;
}

int tune_journal_set_note(struct tune_journal *journal, const char *note, struct rt_err *err)
{
	char *copy = strdup(note);

	if (!copy)
		return rt_err_set(err, -ENOMEM, "a journal's note");
	free(journal->own.records.note);
	journal->own.records.note = copy;
	return tune_journal_rewrite_own(journal, err);
}

static uint64_t next_seq(const struct tune_journal *journal)
{
	const struct tune_records *records = &journal->own.records;
	uint64_t last = records->nr ? records->v[records->nr - 1].seq : 0;
	size_t i;

	for (i = 0; i < journal->nr_others; i++) {
		records = &journal->others[i].records;
		if (records->nr && records->v[records->nr - 1].seq > last)
			last = records->v[records->nr - 1].seq;
	}
	return last + 1;
}

int tune_journal_push(struct tune_journal *journal, const struct tune_change *change,
		const char *before, struct rt_err *err)
{
	struct tune_records *records = &journal->own.records;
	struct tune_record record = {
		.seq = next_seq(journal), .kind = change->kind, .offset = records->end,
		.target = strdup(change->target), .before = strdup(before),
		.wanted = strdup(change->wanted),
	};
	struct rt_buf buf = { 0 };
	int rc;

	rc = tune_records_push(records, &record);
	if (rc < 0)
		return rt_err_set(err, rc, "a journal");
	tune_records_format(&buf, &record);
	if (buf.failed)
		rc = rt_err_set(err, -ENOMEM, "a journal");
	else
		rc = append(journal, buf.data, buf.len, err);
	if (rc == 0)
		records->end += buf.len;
	else
		tune_records_pop(records);
	rt_buf_finish(&buf);
	return rc;
}

int tune_journal_pop(struct tune_journal *journal, struct rt_err *err)
{
	struct tune_records *records = &journal->own.records;
	size_t offset = records->v[records->nr - 1].offset;

	if (ftruncate(journal->fd, offset) < 0)
		return lost(journal, -errno, err);
	records->end = offset;
	tune_records_pop(records);
	return 0;
}

/* ---- looking ---- */

void tune_journal_each(const struct tune_journal *journal,
		       void (*each)(void *arg, enum tune_knob_kind kind, const char *target,
				    const char *before, const char *wanted), void *arg)
{
	const struct tune_records *records = &journal->own.records;
	size_t i;

	for (i = 0; i < records->nr; i++)
		each(arg, records->v[i].kind, records->v[i].target, records->v[i].before,
		     records->v[i].wanted);
}

bool tune_journal_holds(const struct tune_journal *journal, enum tune_knob_kind kind,
			const char *target, char *ret_name, size_t size)
{
	const struct tune_journal_file *file;
	size_t i, j;

	for (i = 0; i <= journal->nr_others; i++) {
		file = i ? &journal->others[i - 1] : &journal->own;
		for (j = 0; j < file->records.nr; j++) {
			if (!tune_record_is(&file->records.v[j], kind, target))
				continue;
			snprintf(ret_name, size, "%s", file->name);
			return true;
		}
	}
	return false;
}
