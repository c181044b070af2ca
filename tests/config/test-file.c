/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-file.c - config/file.c: one writer, whole files, versions, and what failure leaves */
#include "config/file.h"
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/cfg.h"
#include "lib/err.h"

#define A "aeec46cc-0638-4949-ac04-146b233194a9"

static char dir[64], path[96];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kvmrt-test-file.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/kvmrt.cfg", dir);
	return 0;
}

static int tear_down(void **state)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;
	char file[400];

	(void)state;
	while (folder && (entry = readdir(folder))) {
		snprintf(file, sizeof(file), "%s/%s", dir, entry->d_name);
		unlink(file);
	}
	if (folder)
		closedir(folder);
	return rmdir(dir);
}

static void put(const char *file, const char *text)
{
	FILE *to = fopen(file, "w");

	assert_non_null(to);
	fputs(text, to);
	fclose(to);
}

static void check_file(const char *file, const char *want)
{
	char text[4096];
	FILE *from = fopen(file, "r");
	size_t len;

	if (!from)
		fail_msg("%s is not there", file);
	len = fread(text, 1, sizeof(text) - 1, from);
	text[len] = '\0';
	fclose(from);
	assert_string_equal(text, want);
}

static unsigned int nr_files(void)
{
	DIR *folder = opendir(dir);
	unsigned int nr = 0;

	while (readdir(folder))
		nr++;
	closedir(folder);
	return nr - 2;
}

/* Sets the name under the lock; what kcfg_save() says. */
static int rename_vm(const char *file, const char *name, struct rt_err *err)
{
	struct kcfg_lock *lock;
	struct kcfg *cfg;
	int rc;

	assert_int_equal(kcfg_lock(&lock, file, "test", err), 0);
	assert_int_equal(kcfg_lock_read(lock, &cfg, err), 0);
	assert_true(kcfg_set(cfg, cfg->vms[0], KCFG_NAME, name, err) >= 0);
	rc = kcfg_save(lock, cfg, err);
	kcfg_destroy(cfg);
	kcfg_unlock(lock);
	return rc;
}

TEST(a_change_is_saved_and_the_version_before_it_kept)
{
	struct rt_err err = { 0 };
	char version[128], name[16], text[80];
	unsigned int i;

	put(path, "[" A "]\nname = 0\n");
	assert_int_equal(rename_vm(path, "0", &err), 0);
	assert_int_equal(nr_files(), 1);
	for (i = 1; i <= 7; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (rename_vm(path, name, &err) != 1)
			fail_msg("%s", err.text);
	}
	check_file(path, "[" A "]\nname = 7\n");
	for (i = 1; i <= KCFG_VERSIONS; i++) {
		snprintf(version, sizeof(version), "%s.%u~", path, i);
		snprintf(text, sizeof(text), "[" A "]\nname = %u\n", 7 - i);
		check_file(version, text);
	}
	assert_int_equal(nr_files(), 1 + KCFG_VERSIONS);
}

/* To a file that is not there. */
static void add_vm(const char *file)
{
	struct rt_err err = { 0 };
	struct kcfg_lock *lock;
	struct kcfg_vm *vm;
	struct kcfg *cfg;

	assert_int_equal(kcfg_lock(&lock, file, "test", &err), 0);
	assert_int_equal(kcfg_lock_read(lock, &cfg, &err), 0);
	assert_int_equal(cfg->nr_vms, 0);
	assert_int_equal(kcfg_save(lock, cfg, &err), 0);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(kcfg_add(cfg, A, &vm, &err), 0);
	assert_int_equal(kcfg_save(lock, cfg, &err), 1);
	assert_int_equal(kcfg_save(lock, cfg, &err), 0);
	kcfg_destroy(cfg);
	kcfg_unlock(lock);
}

TEST(mode_and_link_are_kept)
{
	struct rt_err err = { 0 };
	char target[128], version[160];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target.cfg", dir);
	snprintf(version, sizeof(version), "%s.1~", target);
	put(target, "[" A "]\nname = 0\n");
	chmod(target, 0640);
	assert_int_equal(symlink("target.cfg", path), 0);
	assert_int_equal(rename_vm(path, "1", &err), 1);
	check_file(target, "[" A "]\nname = 1\n");
	check_file(version, "[" A "]\nname = 0\n");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

TEST(a_link_to_what_is_not_there_yet_is_followed)
{
	char far[128], near[128];
	struct kcfg_lock *lock;
	struct rt_err err = { 0 };
	struct stat st;

	snprintf(far, sizeof(far), "%s/far.cfg", dir);
	snprintf(near, sizeof(near), "%s/near.cfg", dir);
	assert_int_equal(symlink("near.cfg", path), 0);
	assert_int_equal(symlink(far, near), 0);
	add_vm(path);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(near, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(far, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(rename_vm(path, "1", &err), 1);
	unlink(far);
	assert_int_equal(symlink("near.cfg", far), 0);
	assert_int_equal(kcfg_lock(&lock, path, "test", &err), -ELOOP);
}

TEST(what_is_no_file_is_not_replaced)
{
	struct kcfg_lock *lock;
	struct rt_err err = { 0 };
	struct stat st;

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(kcfg_lock(&lock, path, "test", &err), -EINVAL);
	assert_contains(err.text, "/kvmrt.cfg: it is a device, a pipe or a socket, and no file");
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(kcfg_lock(&lock, dir, "test", &err), -EINVAL);
	assert_contains(err.text, ": it is a folder, and no file");
	assert_int_equal(nr_files(), 1);
}

TEST(a_file_that_is_not_there_yet_is_made)
{
	add_vm(path);
	assert_int_equal(nr_files(), 1);
}

TEST(a_second_writer_is_told_who_the_first_is)
{
	struct rt_err err = { 0 };
	struct kcfg_lock *lock, *second;
	char want[200];

	put(path, "");
	setenv("SUDO_USER", "alice", 1);
	assert_int_equal(kcfg_lock(&lock, path, "kvmrt-edit-config", &err), 0);
	assert_int_equal(kcfg_lock(&second, path, "kvmrt-import", &err), -EBUSY);
	snprintf(want, sizeof(want), "%s is being changed by kvmrt-edit-config (process %d of "
		 "alice) since 20", path, (int)getpid());
	assert_contains(err.text, want);
	kcfg_unlock(lock);
	assert_int_equal(kcfg_lock(&second, path, "kvmrt-import", &err), 0);
	kcfg_unlock(second);
	assert_int_equal(nr_files(), 1);
}

TEST(a_writer_that_was_killed_holds_nothing)
{
	struct kcfg_lock *lock;
	int status, ready[2];
	pid_t pid;
	char c;

	put(path, "");
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		kcfg_lock(&lock, path, "child", NULL);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(kcfg_lock(&lock, path, "test", NULL), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(kcfg_lock(&lock, path, "test", NULL), 0);
	kcfg_unlock(lock);
	close(ready[0]);
	close(ready[1]);
}

TEST(a_file_that_changed_meanwhile_is_not_replaced)
{
	struct rt_err err = { 0 };
	struct kcfg_lock *lock;
	struct kcfg *cfg;
	char want[160];

	put(path, "[" A "]\nname = 0\n");
	assert_int_equal(kcfg_lock(&lock, path, "test", &err), 0);
	assert_int_equal(kcfg_lock_read(lock, &cfg, &err), 0);
	kcfg_set(cfg, cfg->vms[0], KCFG_NAME, "1", &err);
	put(path, "[" A "]\nname = theirs\n");
	assert_int_equal(kcfg_save(lock, cfg, &err), -ESTALE);
	snprintf(want, sizeof(want), "%s was changed by another program meanwhile", path);
	assert_string_equal(err.text, want);
	check_file(path, "[" A "]\nname = theirs\n");
	kcfg_destroy(cfg);
	kcfg_unlock(lock);
}

TEST(a_full_disk_leaves_the_file_and_nothing_else)
{
	struct rt_err err = { 0 };
	struct rlimit old, small = { 4096, RLIM_INFINITY };
	char large[8192];

	put(path, "[" A "]\nname = 0\n");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(rename_vm(path, large, &err), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_contains(err.text, "; it is as it was: File too large");
	check_file(path, "[" A "]\nname = 0\n");
	assert_int_equal(nr_files(), 1);
}

TEST(what_has_bad_lines_is_not_written)
{
	struct rt_err err = { 0 };

	put(path, "[" A "]\nname = 0\nrt = perhaps\n");
	assert_int_equal(rename_vm(path, "1", &err), -EINVAL);
	assert_contains(err.text, "kvmrt.cfg has bad lines and is not written");
	check_file(path, "[" A "]\nname = 0\nrt = perhaps\n");
}

TEST(a_folder_that_is_not_there_is_named)
{
	struct rt_err err = { 0 };
	struct kcfg_lock *lock;

	assert_int_equal(kcfg_lock(&lock, "/nonexistent/kvmrt.cfg", "test", &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot lock /nonexistent/kvmrt.cfg: No such file or directory");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_change_is_saved_and_the_version_before_it_kept),
		IN_FOLDER(mode_and_link_are_kept),
		IN_FOLDER(a_link_to_what_is_not_there_yet_is_followed),
		IN_FOLDER(what_is_no_file_is_not_replaced),
		IN_FOLDER(a_file_that_is_not_there_yet_is_made),
		IN_FOLDER(a_second_writer_is_told_who_the_first_is),
		IN_FOLDER(a_writer_that_was_killed_holds_nothing),
		IN_FOLDER(a_file_that_changed_meanwhile_is_not_replaced),
		IN_FOLDER(a_full_disk_leaves_the_file_and_nothing_else),
		IN_FOLDER(what_has_bad_lines_is_not_written),
		IN_FOLDER(a_folder_that_is_not_there_is_named),
	};

	return RUN_TESTS(tests);
}
