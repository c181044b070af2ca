/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.c - who owns a session: a directory, a lock and a socket in /run/xtrace
 *
 * xtrace-run claims, xtrace-ctl connects.  The lock is the truth: files that a
 * dead owner left behind have no meaning.
 */
#include "xtrace/session.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "xtrace/stop.h"
#include "xtrace/tracefs.h"

#define RUN_DIR "run/xtrace"
#define LISTEN_BACKLOG 8

int xt_session_check_name(const char *name, struct rt_err *err)
{
	size_t i, len = strlen(name);

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			break;
	}
	if (len == 0 || i < len || len >= XT_SESSION_NAME_MAX)
		return rt_err_say(err, -EINVAL, "session name \"%s\": expected 1 to %d letters, "
				  "digits, - or _", name, XT_SESSION_NAME_MAX - 1);
	return 0;
}

/* ---- the owner's side ---- */

/* 0700 root, or 0750 root:xtrace where that group exists. */
static int make_dir(const struct rt_root *root, const char *path, mode_t mode)
{
	const struct group *group;

	if (mkdirat(root->fd, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	group = getgrnam(XT_SESSION_GROUP);
	if (group && fchownat(root->fd, path, -1, group->gr_gid, 0) == 0)
		mode |= 050;
	if (fchmodat(root->fd, path, mode, 0) < 0)
		return -errno;
	return 0;
}

/* Opens and locks the owner file; *@ret_fd is it, locked, or -1 when @name has an owner. */
static int try_lock(const struct rt_root *root, const char *name, int flags, int *ret_fd)
{
	struct flock whole_file = { .l_type = F_WRLCK };
	struct stat st;
	char path[96];
	int fd, rc;

	snprintf(path, sizeof(path), RUN_DIR "/%s/owner", name);
	for (;;) {
		fd = openat(root->fd, path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0)
			return -errno;
		if (fcntl(fd, F_OFD_SETLK, &whole_file) < 0) {
			rc = -errno;
			close(fd);
			if (rc != -EAGAIN && rc != -EACCES)
				return rc;
			*ret_fd = -1;
			return 0;
		}
		/* The last owner may have removed it between our open and lock. */
		if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
	}
}

static long owner_pid(const struct rt_root *root, const char *name)
{
	uint64_t pid;

	if (rt_root_read_u64(root, &pid, NULL, RUN_DIR "/%s/owner", name) < 0)
		return 0;
	return (long)pid;
}

static int cannot_write_run(const struct rt_root *root, int rc, struct rt_err *err)
{
	if (rc == -EACCES || rc == -EPERM)
		return rt_err_say(err, RT_ECANNOT, "no permission to use %s/" RUN_DIR
				  ": recording a kernel needs root", root->path);
	return rt_err_set(err, rc, "cannot use %s/" RUN_DIR, root->path);
}

int xt_session_claim(struct xt_session *ret, const struct rt_root *root, const char *name,
		     struct rt_err *err)
{
	char path[96], pid[16];
	int rc, fd;

	rc = xt_session_check_name(name, err);
	if (rc < 0)
		return rc;
	rc = make_dir(root, RUN_DIR, 0700);
	if (rc < 0)
		return cannot_write_run(root, rc, err);
	snprintf(path, sizeof(path), RUN_DIR "/%s", name);
	/* A releasing owner may remove the directory under our hands: once more. */
	do {
		rc = make_dir(root, path, 0700);
		if (rc == 0)
			rc = try_lock(root, name, O_CREAT, &fd);
	} while (rc == -ENOENT);
	if (rc < 0)
		return cannot_write_run(root, rc, err);
	if (fd < 0)
		return rt_err_say(err, -EBUSY, "a session named \"%s\" is running (PID %ld): stop "
				  "it, or name this one with -n", name, owner_pid(root, name));
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0) {
		rc = -errno;
		close(fd);
		return cannot_write_run(root, rc, err);
	}
	ret->root = root;
	ret->left = false;
	ret->lock_fd = fd;
	ret->listen_fd = -1;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

/* A Unix address has room for 107 bytes only: reach any root through its descriptor. */
static void control_address(struct sockaddr_un *addr, const struct rt_root *root, const char *name)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	snprintf(addr->sun_path, sizeof(addr->sun_path),
		 "/proc/self/fd/%d/" RUN_DIR "/%.*s/control", root->fd, XT_SESSION_NAME_MAX, name);
}

int xt_session_listen(struct xt_session *session, struct rt_err *err)
{
	const struct group *group = getgrnam(XT_SESSION_GROUP);
	struct sockaddr_un addr;
	char path[96];
	int fd, rc;

	snprintf(path, sizeof(path), RUN_DIR "/%s/control", session->name);
	unlinkat(session->root->fd, path, 0);
	control_address(&addr, session->root, session->name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot make the control socket");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(session->root->fd, path, group ? 0660 : 0600, 0) < 0 ||
	    (group && fchownat(session->root->fd, path, -1, group->gr_gid, 0) < 0) ||
	    listen(fd, LISTEN_BACKLOG) < 0) {
		rc = rt_err_set(err, -errno, "cannot listen on %s/%s", session->root->path, path);
		close(fd);
		return rc;
	}
	session->listen_fd = fd;
	return 0;
}

/* The lock is held: what stands there is ours, or of a dead owner. */
static void remove_files(const struct rt_root *root, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), RUN_DIR "/%s/control", name);
	unlinkat(root->fd, path, 0);
	snprintf(path, sizeof(path), RUN_DIR "/%s/owner", name);
	unlinkat(root->fd, path, 0);
	snprintf(path, sizeof(path), RUN_DIR "/%s", name);
	unlinkat(root->fd, path, AT_REMOVEDIR);
}

void xt_session_release(struct xt_session *session)
{
	if (session->lock_fd < 0 || !session->root)
		return;
	if (session->listen_fd >= 0)
		close(session->listen_fd);
	if (!session->left)
		remove_files(session->root, session->name);
	close(session->lock_fd);
	session->lock_fd = session->listen_fd = -1;
}

/* ---- what dead owners left behind ---- */

/* "xtrace-NAME" and "xtrace-NAME.WHAT" belong to session @name. */
static bool is_of(const char *instance, const char *name)
{
	size_t prefix = strlen(XT_INSTANCE_PREFIX), len = strlen(name);

	return strncmp(instance, XT_INSTANCE_PREFIX, prefix) == 0 &&
	       strncmp(instance + prefix, name, len) == 0 &&
	       (instance[prefix + len] == '\0' || instance[prefix + len] == '.');
}

int xt_session_gate(const struct rt_root *root)
{
	struct flock whole_file = { .l_type = F_WRLCK };
	int fd, rc;

	if (make_dir(root, RUN_DIR, 0700) < 0)
		return -1;
	fd = openat(root->fd, RUN_DIR "/.gate", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	do {
		rc = fcntl(fd, F_OFD_SETLKW, &whole_file);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

/* Removes the instances of @name that are listed now; false when one could not be. */
static bool remove_listed(const struct rt_root *root, const struct xt_tracefs *fs,
			  const char *name, unsigned int *ret_nr)
{
	unsigned int nr = 0, failed = 0;
	struct xt_instance inst;
	struct dirent *entry;
	DIR *dir;

	dir = rt_opendir(rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s/instances",
				      fs->dir));
	*ret_nr = 0;
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!is_of(entry->d_name, name))
			continue;
		xt_instance_at(&inst, fs, entry->d_name + strlen(XT_INSTANCE_PREFIX));
		xt_stops_clear(&inst);
		if (xt_instance_remove(&inst, NULL) == 0)
			nr++;
		else
			failed++;
	}
	closedir(dir);
	*ret_nr = nr;
	return failed == 0;
}

/* Where one cannot be removed the files stay, and the next sweep tries again. */
static unsigned int bury(const struct rt_root *root, const struct xt_tracefs *fs,
			 const char *name)
{
	unsigned int all = 0, nr;
	int fd = -1, rc;
	bool gone;

	rc = try_lock(root, name, 0, &fd);
	if (rc < 0 || fd < 0)
		return 0;
	/* The list of a folder in which something was removed may lack others. */
	do {
		gone = remove_listed(root, fs, name, &nr);
		all += nr;
	} while (nr);
	if (gone)
		remove_files(root, name);
	close(fd);
	return all;
}

unsigned int xt_session_sweep(const struct rt_root *root, const struct xt_tracefs *fs)
{
	struct dirent *entry;
	unsigned int nr = 0;
	DIR *dir;

	dir = rt_opendir(rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, RUN_DIR));
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (xt_session_check_name(entry->d_name, NULL) == 0)
			nr += bury(root, fs, entry->d_name);
	}
	closedir(dir);
	return nr;
}

/* ---- the other side ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool has_owner(const struct rt_root *root, const char *name)
{
	struct flock lock = { .l_type = F_WRLCK };
	char path[XT_SESSION_NAME_MAX + sizeof(RUN_DIR "//owner")];
	bool owned;
	int fd;

	snprintf(path, sizeof(path), RUN_DIR "/%.*s/owner", XT_SESSION_NAME_MAX - 1, name);
	fd = openat(root->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	/* Only asks: to take the lock for a moment would look like an owner to others. */
	owned = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return owned;
}

static int add_name(struct xt_session_list *list, const char *name)
{
	void *more;

	more = realloc(list->names, (list->nr + 1) * sizeof(*list->names));
	if (!more)
		return -ENOMEM;
	list->names = more;
	snprintf(list->names[list->nr++], XT_SESSION_NAME_MAX, "%.*s", XT_SESSION_NAME_MAX - 1,
		 name);
	return 0;
}

int xt_session_list(struct xt_session_list *ret, const struct rt_root *root, struct rt_err *err)
{
	struct xt_session_list list = { 0 };
	struct dirent *entry;
	DIR *dir;
	int fd, rc = 0;

	fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, RUN_DIR);
	if (fd == -ENOENT) {
		*ret = list;
		return 0;
	}
	dir = rt_opendir(fd);
	if (!dir)
		return rt_err_say(err, RT_ECANNOT, "no permission to look into %s/" RUN_DIR
				  ": be root or in the group " XT_SESSION_GROUP, root->path);
	while (rc == 0 && (entry = readdir(dir))) {
		if (xt_session_check_name(entry->d_name, NULL) == 0 &&
		    has_owner(root, entry->d_name))
			rc = add_name(&list, entry->d_name);
	}
	closedir(dir);
	if (rc < 0) {
		xt_session_list_finish(&list);
		return rt_err_set(err, rc, "cannot list the sessions");
	}
	if (list.nr)
		qsort(list.names, list.nr, sizeof(*list.names), compare_names);
	*ret = list;
	return 0;
}

void xt_session_list_finish(struct xt_session_list *list)
{
	free(list->names);
	memset(list, 0, sizeof(*list));
}

/* The only session that runs. */
static int the_session(const struct rt_root *root, char *name, struct rt_err *err)
{
	struct xt_session_list list;
	char words[256] = "";
	size_t i;
	int rc;

	rc = xt_session_list(&list, root, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < list.nr && strlen(words) + XT_SESSION_NAME_MAX + 3 < sizeof(words); i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 i ? ", " : "", list.names[i]);
	if (list.nr == 0)
		rc = rt_err_say(err, -ESRCH, "no session is running");
	else if (list.nr > 1)
		rc = rt_err_say(err, -ENOTUNIQ, "%zu sessions are running (%s): choose one with -s",
				list.nr, words);
	else
		snprintf(name, XT_SESSION_NAME_MAX, "%s", list.names[0]);
	xt_session_list_finish(&list);
	return rc;
}

static int connect_to(const struct rt_root *root, const char *name, struct rt_err *err)
{
	struct sockaddr_un addr;
	int fd, rc;

	control_address(&addr, root, name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		return rt_err_say(err, -ESRCH, "no session named \"%s\" is running", name);
	if (rc == -EACCES || rc == -EPERM)
		return rt_err_say(err, RT_ECANNOT, "no permission to control session \"%s\": be "
				  "root or in the group " XT_SESSION_GROUP, name);
	return rt_err_set(err, rc, "cannot reach the owner of session \"%s\"", name);
}

int xt_session_find(const struct rt_root *root, const char *name,
		    char ret_name[XT_SESSION_NAME_MAX], struct rt_err *err)
{
	int rc;

	if (!name)
		return the_session(root, ret_name, err);
	rc = xt_session_check_name(name, err);
	if (rc == 0)
		snprintf(ret_name, XT_SESSION_NAME_MAX, "%s", name);
	return rc;
}

int xt_session_connect(const struct rt_root *root, const char *name, struct rt_err *err)
{
	char found[XT_SESSION_NAME_MAX];
	int rc = xt_session_find(root, name, found, err);

	return rc < 0 ? rc : connect_to(root, found, err);
}

bool xt_session_has_ended(const struct rt_root *root, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), RUN_DIR "/%s/owner", name);
	return faccessat(root->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}
