/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.c - changes to a machine: listed, written down, done, and undone exactly
 *
 * The journal has a line a step: "file NUMBER PATH" (its copy is NUMBER),
 * "new PATH", "dir PATH" (a folder made for such a file), "run COMMAND" (for the
 * way back).  Copies keep mode, owner and time.
 */
#include "guest/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"

#define PATH_LEN	160
#define COMMAND_LEN	320
#define JOURNAL		GS_PLAN_STATE "/journal"

enum kind { STEP_WRITE, STEP_REMOVE, STEP_RUN };

struct step {
	enum kind kind;
	char path[PATH_LEN];
	char *before, *text;		/* owned; NULL: there is no such file */
	size_t len;
	char command[COMMAND_LEN], undo[COMMAND_LEN];
	bool optional;
};

struct gs_plan {
	const struct rt_root *root;	/* borrowed */
	bool commands;
	struct step *steps;		/* owned */
	unsigned int nr, room;
};

extern char **environ;

/* ---- commands ---- */

static unsigned int split(char *command, char *argv[GS_COMMAND_MAX + 1])
{
	unsigned int nr = 0;
	char *save = NULL, *word;

	for (word = strtok_r(command, " ", &save); word && nr < GS_COMMAND_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[nr++] = word;
	argv[nr] = NULL;
	return nr;
}

/* With @out >= 0 its output goes there, else nowhere. */
static int start(const char *command, int out, pid_t *ret_pid)
{
	char words[COMMAND_LEN], *argv[GS_COMMAND_MAX + 1];
	posix_spawn_file_actions_t actions;
	int rc;

	snprintf(words, sizeof(words), "%s", command);
	if (split(words, argv) == 0)
		return -EINVAL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	else
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int gs_run(const char *command)
{
	pid_t pid;
	int rc = start(command, -1, &pid);

	return rc < 0 ? rc : await(pid);
}

int gs_run_line(const char *command, char *buf, size_t size)
{
	int out[2], rc;
	pid_t pid;
	FILE *from;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	rc = start(command, out[1], &pid);
	close(out[1]);
	from = fdopen(out[0], "r");
	buf[0] = '\0';
	if (from && fgets(buf, size, from))
		buf[strcspn(buf, "\n")] = '\0';
	if (from)
		fclose(from);
	if (rc < 0)
		return rc;
	return await(pid) == 0 ? 0 : -ECHILD;
}

/* ---- steps ---- */

int gs_plan_create(struct gs_plan **ret, const struct rt_root *root, bool commands)
{
	struct gs_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	plan->root = root;
	plan->commands = commands;
	*ret = plan;
	return 0;
}

void gs_plan_destroy(struct gs_plan *plan)
{
	unsigned int i;

	for (i = 0; plan && i < plan->nr; i++) {
		free(plan->steps[i].before);
		free(plan->steps[i].text);
	}
	if (plan)
		free(plan->steps);
	free(plan);
}

static struct step *add(struct gs_plan *plan, enum kind kind, const char *path)
{
	unsigned int room = plan->room ? plan->room * 2 : 16;
	struct step *step;

	if (strlen(path) >= PATH_LEN)
		return NULL;
	if (plan->nr == plan->room) {
		step = reallocarray(plan->steps, room, sizeof(*step));
		if (!step)
			return NULL;
		plan->steps = step;
		plan->room = room;
	}
	step = &plan->steps[plan->nr++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	strcpy(step->path, path);
	return step;
}

/* NULL in *@ret when there is no such file. */
static int read_file(const struct rt_root *root, const char *path, char **ret, size_t *ret_len,
		     struct rt_err *err)
{
	*ret = NULL;
	if (!rt_root_exists(root, "%s", path))
		return 0;
	return rt_root_read(root, ret, ret_len, err, "%s", path);
}

/* A link would come back as a file, and what it leads to is somebody else's. */
static int refuse_link(const struct rt_root *root, const char *path, struct rt_err *err)
{
	struct stat st;

	if (fstatat(root->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	return rt_err_say(err, RT_ECANNOT, "%s/%s: expected a file, found a symbolic link",
			  root->path, path);
}

int gs_plan_write(struct gs_plan *plan, const char *path, const char *text, size_t len,
		  struct rt_err *err)
{
	struct step *step;
	size_t before_len = 0;
	char *before = NULL;
	int rc;

	rc = refuse_link(plan->root, path, err);
	if (rc == 0)
		rc = read_file(plan->root, path, &before, &before_len, err);
	if (rc < 0)
		return rc;
	if (before && before_len == len && memcmp(before, text, len) == 0) {
		free(before);
		return 0;
	}
	step = add(plan, STEP_WRITE, path);
	if (step)
		step->text = malloc(len + 1);
	if (!step || !step->text) {
		free(before);
		return rt_err_set(err, -ENOMEM, "cannot plan to write %s", path);
	}
	memcpy(step->text, text, len);
	step->text[len] = '\0';
	step->len = len;
	step->before = before;
	return 0;
}

int gs_plan_remove(struct gs_plan *plan, const char *path, struct rt_err *err)
{
	int rc = refuse_link(plan->root, path, err);

	if (rc < 0)
		return rc;
	if (!rt_root_exists(plan->root, "%s", path))
		return 0;
	return add(plan, STEP_REMOVE, path) ? 0 :
	       rt_err_set(err, -ENOMEM, "cannot plan to remove %s", path);
}

int gs_plan_run(struct gs_plan *plan, const char *command, const char *undo, bool optional,
		struct rt_err *err)
{
	struct step *step;

	if (!plan->commands)
		return 0;
	step = add(plan, STEP_RUN, "");
	if (!step || strlen(command) >= COMMAND_LEN || (undo && strlen(undo) >= COMMAND_LEN))
		return rt_err_set(err, -ENOMEM, "cannot plan to run %s", command);
	strcpy(step->command, command);
	strcpy(step->undo, undo ? undo : "");
	step->optional = optional;
	return 0;
}

unsigned int gs_plan_size(const struct gs_plan *plan)
{
	return plan->nr;
}

/* ---- in words ---- */

static const char *next_line(const char *text)
{
	const char *end = text ? strchr(text, '\n') : NULL;

	return end ? end + 1 : "";
}

static bool same_line(const char *a, const char *b)
{
	size_t len = strcspn(a, "\n");

	return len == strcspn(b, "\n") && memcmp(a, b, len) == 0;
}

static bool has_line(const char *text, const char *line)
{
	for (; *text; text = next_line(text))
		if (same_line(text, line))
			return true;
	return false;
}

/* Lines of @text that @other has not; our edits never move lines. */
static void print_lines(const char *text, const char *other, char sign)
{
	for (; text && *text; text = next_line(text))
		if (!other || !has_line(other, text))
			printf("    %c %.*s\n", sign, (int)strcspn(text, "\n"), text);
}

void gs_plan_print(const struct gs_plan *plan)
{
	const struct step *step;

	for (step = plan->steps; step < rt_array_end(plan->steps, plan->nr); step++) {
		switch (step->kind) {
		case STEP_WRITE:
			printf("%s /%s\n", step->before ? "change" : "create", step->path);
			print_lines(step->before, step->text, '-');
			print_lines(step->text, step->before, '+');
			break;
		case STEP_REMOVE:
			printf("remove /%s\n", step->path);
			break;
		case STEP_RUN:
			printf("run    %s\n", step->command);
			break;
		}
	}
}

/* ---- journal and copies ---- */

static int make_dirs(const struct rt_root *root, const char *path, struct rt_err *err)
{
	char dir[PATH_LEN + 64], *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(root->fd, dir, 0755) < 0 && errno != EEXIST)
			return rt_err_set(err, -errno, "cannot make %s/%s", root->path, dir);
		*slash = '/';
	}
	return 0;
}

/* What is not whole yet; who is killed leaves it. */
static void unfinished(char *buf, size_t size, const char *path)
{
	snprintf(buf, size, "%s.kvmrt-new", path);
}

static void remove_unfinished(const struct rt_root *root, const char *path)
{
	char temporary[PATH_LEN + COMMAND_LEN + 80];	/* of a journal's line */

	unfinished(temporary, sizeof(temporary), path);
	unlinkat(root->fd, temporary, 0);
}

/* The whole text under its name at once, as @like is (mode, owner, time) where there is one. */
static int put_file(const struct rt_root *root, const char *path, const char *text, size_t len,
		    const struct stat *like, struct rt_err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	char temporary[PATH_LEN + 80];
	int fd, rc = 0;

	unfinished(temporary, sizeof(temporary), path);
	rc = make_dirs(root, path, err);
	if (rc < 0)
		return rc;
	fd = openat(root->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0644);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot write %s/%s", root->path, path);
	if (like)
		times[1] = like->st_mtim;
	rc = rt_write_all(fd, text, len);
	if (rc == 0 &&
	    ((like && (fchown(fd, like->st_uid, like->st_gid) < 0 ||
		       fchmod(fd, like->st_mode & 07777) < 0 || futimens(fd, times) < 0)) ||
	     fsync(fd) < 0 || renameat(root->fd, temporary, root->fd, path) < 0))
		rc = -errno;
	if (rc < 0)
		rt_err_set(err, rc, "cannot write %s/%s", root->path, path);
	close(fd);
	if (rc < 0)
		unlinkat(root->fd, temporary, 0);
	return rc;
}

static int copy_file(const struct rt_root *root, const char *from, const char *to,
		     struct rt_err *err)
{
	struct stat st;
	char *text;
	size_t len;
	int rc;

	rc = rt_root_read(root, &text, &len, err, "%s", from);
	if (rc < 0)
		return rc;
	if (fstatat(root->fd, from, &st, 0) < 0)
		rc = rt_err_set(err, -errno, "%s/%s", root->path, from);
	else
		rc = put_file(root, to, text, len, &st, err);
	free(text);
	return rc;
}

static int note(const struct rt_root *root, struct rt_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int note(const struct rt_root *root, struct rt_err *err, const char *fmt, ...)
{
	char line[PATH_LEN + COMMAND_LEN];
	va_list ap;
	int fd, len, rc = 0;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	rc = make_dirs(root, JOURNAL, err);
	if (rc < 0)
		return rc;
	fd = openat(root->fd, JOURNAL, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot write %s/" JOURNAL, root->path);
	rc = rt_write_all(fd, line, len);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc < 0)
		rt_err_set(err, rc, "cannot write %s/" JOURNAL, root->path);
	close(fd);
	return rc;
}

/* A last line without its end was torn, by a crash or a full disk, before its step was done. */
static size_t whole_lines(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] != '\n')
		len--;
	return len;
}

/* What is noted next must not become a part of a torn line. */
static int cut_torn_line(const struct rt_root *root, struct rt_err *err)
{
	size_t len, whole;
	char *text;
	int fd, rc;

	if (!rt_root_exists(root, JOURNAL))
		return 0;
	rc = rt_root_read(root, &text, &len, err, JOURNAL);
	if (rc < 0)
		return rc;
	whole = whole_lines(text, len);
	free(text);
	if (whole == len)
		return 0;
	fd = rt_root_open(root, err, O_WRONLY, JOURNAL);
	if (fd < 0)
		return fd;
	if (ftruncate(fd, whole) < 0)
		rc = rt_err_set(err, -errno, "cannot write %s/" JOURNAL, root->path);
	close(fd);
	return rc;
}

/* A number that no copy has yet. */
static unsigned int free_number(const struct rt_root *root)
{
	unsigned int number = 1;

	while (rt_root_exists(root, GS_PLAN_STATE "/%u", number))
		number++;
	return number;
}

/* The folders above a file that are not there; each is written down before it is made. */
static int keep_dirs(const struct rt_root *root, const char *path, struct rt_err *err)
{
	char dir[PATH_LEN], *slash;
	int rc = 0;

	snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!rt_root_exists(root, "%s", dir))
			rc = note(root, err, "dir %s\n", dir);
		*slash = '/';
	}
	return rc < 0 ? rc : make_dirs(root, path, err);
}

static int keep(const struct rt_root *root, const char *path, struct rt_err *err)
{
	unsigned int number = free_number(root);
	char copy[PATH_LEN];
	int rc;

	if (!rt_root_exists(root, "%s", path))
		return note(root, err, "new %s\n", path);
	snprintf(copy, sizeof(copy), GS_PLAN_STATE "/%u", number);
	rc = copy_file(root, path, copy, err);
	return rc < 0 ? rc : note(root, err, "file %u %s\n", number, path);
}

/* ---- doing ---- */

static int run_step(const struct gs_plan *plan, const struct step *step, struct rt_err *err)
{
	int rc = 0;

	if (step->undo[0])
		rc = note(plan->root, err, "run %s\n", step->undo);
	if (rc < 0)
		return rc;
	rc = gs_run(step->command);
	if (rc == 0 || step->optional)
		return 0;
	if (rc < 0)
		return rt_err_set(err, rc, "cannot run \"%s\"", step->command);
	return rt_err_say(err, -EIO, "\"%s\" ended with status %d", step->command, rc);
}

static int do_step(const struct gs_plan *plan, const struct step *step, struct rt_err *err)
{
	const struct rt_root *root = plan->root;
	struct stat st;
	bool exists;
	int rc;

	if (step->kind == STEP_RUN)
		return run_step(plan, step, err);
	/* ahead of the file, so that undoing comes to it behind the file */
	rc = keep_dirs(root, step->path, err);
	if (rc == 0)
		rc = keep(root, step->path, err);
	if (rc < 0)
		return rc;
	if (step->kind == STEP_REMOVE)
		return unlinkat(root->fd, step->path, 0) < 0 ?
		       rt_err_set(err, -errno, "cannot remove %s/%s", root->path, step->path) : 0;
	exists = fstatat(root->fd, step->path, &st, 0) == 0;
	if (exists)
		clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	return put_file(root, step->path, step->text, step->len, exists ? &st : NULL, err);
}

int gs_plan_apply(struct gs_plan *plan, struct rt_err *err)
{
	int rc = cut_torn_line(plan->root, err);
	unsigned int i;

	for (i = 0; i < plan->nr && rc == 0; i++)
		rc = do_step(plan, &plan->steps[i], err);
	return rc;
}

/* ---- undoing ---- */

/* Return: 1 when it failed, which is told and holds nothing else up. */
static int undo_run(const char *command, bool dry_run)
{
	printf("run    %s\n", command);
	if (dry_run || gs_run(command) == 0)
		return 0;
	printf("failed %s\n", command);
	return 1;
}

/* One that is not empty, as it has files of others by now, stays. */
static void undo_dir(const struct rt_root *root, const char *path, bool dry_run)
{
	if (dry_run && rt_root_exists(root, "%s", path))
		printf("remove /%s if it is empty then\n", path);
	else if (!dry_run && unlinkat(root->fd, path, AT_REMOVEDIR) == 0)
		printf("remove /%s\n", path);
}

static int undo_line(const struct rt_root *root, const char *line, bool commands, bool dry_run,
		     struct rt_err *err)
{
	char copy[PATH_LEN];
	unsigned int number;
	int at = 0;

	if (strncmp(line, "run ", 4) == 0)
		return commands ? undo_run(line + 4, dry_run) : 0;
	if (strncmp(line, "dir ", 4) == 0) {
		undo_dir(root, line + 4, dry_run);
		return 0;
	}
	if (strncmp(line, "new ", 4) == 0) {
		printf("remove /%s\n", line + 4);
		if (!dry_run && unlinkat(root->fd, line + 4, 0) < 0 && errno != ENOENT)
			return rt_err_set(err, -errno, "cannot remove %s/%s", root->path, line + 4);
		if (!dry_run)
			remove_unfinished(root, line + 4);
		return 0;
	}
	if (sscanf(line, "file %u %n", &number, &at) != 1 || !at)
		return rt_err_say(err, -EBADMSG, "%s/" JOURNAL ": expected a step, found \"%.60s\"",
				  root->path, line);
	printf("restore /%s\n", line + at);
	if (dry_run)
		return 0;
	snprintf(copy, sizeof(copy), GS_PLAN_STATE "/%u", number);
	return copy_file(root, copy, line + at, err);
}

/* Copies that no journal tells of, and one that was under way; the newest first: no gaps. */
static void sweep(const struct rt_root *root)
{
	unsigned int number = free_number(root);
	char copy[PATH_LEN];

	snprintf(copy, sizeof(copy), GS_PLAN_STATE "/%u", number);
	remove_unfinished(root, copy);
	while (--number) {
		snprintf(copy, sizeof(copy), GS_PLAN_STATE "/%u", number);
		unlinkat(root->fd, copy, 0);
	}
	unlinkat(root->fd, GS_PLAN_STATE, AT_REMOVEDIR);
}

/* The copies go when all is as it was, and behind the journal, which is worth nothing without. */
static int forget(const struct rt_root *root, struct rt_err *err)
{
	if (unlinkat(root->fd, JOURNAL, 0) < 0)
		return rt_err_set(err, -errno, "cannot remove %s/" JOURNAL, root->path);
	sweep(root);
	return 0;
}

/* The steps of one sort, the newest first.  Return: 0, 1 when a command failed, or -errno. */
static int undo_steps(const struct rt_root *root, const char *text, size_t len, bool files,
		      bool commands, bool dry_run, struct rt_err *err)
{
	char line[PATH_LEN + COMMAND_LEN];
	const char *begin;
	int rc = 0, failed = 0;

	while (rc >= 0 && len > 0) {
		begin = memrchr(text, '\n', --len);
		begin = begin ? begin + 1 : text;
		snprintf(line, sizeof(line), "%.*s", (int)(text + len - begin), begin);
		if (files == (strncmp(line, "run ", 4) != 0))
			rc = undo_line(root, line, commands, dry_run, err);
		failed |= rc > 0;
		len = begin - text;
	}
	return rc < 0 ? rc : failed;
}

int gs_plan_undo(const struct rt_root *root, bool commands, bool dry_run, struct rt_err *err)
{
	char *text;
	size_t len;
	int rc, gone;

	if (!rt_root_exists(root, JOURNAL)) {
		if (!dry_run)
			sweep(root);
		return rt_err_say(err, -ENOENT, "nothing to undo: no %s/" JOURNAL, root->path);
	}
	rc = rt_root_read(root, &text, &len, err, JOURNAL);
	if (rc < 0)
		return rc;
	len = whole_lines(text, len);
	/* Services read their files: those first. */
	rc = undo_steps(root, text, len, true, commands, dry_run, err);
	if (rc == 0)
		rc = undo_steps(root, text, len, false, commands, dry_run, err);
	free(text);
	if (rc < 0 || dry_run)
		return rc;
	gone = forget(root, err);
	return gone < 0 ? gone : rc;
}
