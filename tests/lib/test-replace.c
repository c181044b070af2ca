/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-replace.c - lib/replace.c: links to what is there and is not, modes, whole files */
#include "lib/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>

#include "tests/tuning/tree.h"

TEST(a_link_leads_to_its_file_also_where_that_is_not_there_yet)
{
	struct tree *tree = tree_new();
	char *real, want[128], path[128];

	assert_int_equal(symlinkat("later", tree->root.fd, "link"), 0);
	snprintf(path, sizeof(path), "%s/link", tree->path);
	snprintf(want, sizeof(want), "%s/later", tree->path);
	real = rt_real_path(path);
	assert_string_equal(real, want);
	free(real);
	tree_put(tree, "later", "");
	real = rt_real_path(path);
	assert_string_equal(real, want);
	free(real);
	tree_destroy(tree);
}

TEST(the_mode_is_that_of_the_old_file)
{
	struct tree *tree = tree_new();
	struct stat st;
	char path[128];
	int fd;

	tree_put(tree, "old", "");
	snprintf(path, sizeof(path), "%s/old", tree->path);
	assert_int_equal(chmod(path, 0600), 0);
	fd = openat(tree->root.fd, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(rt_take_after(fd, path, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	tree_destroy(tree);
}

static void assert_holds(const char *path, const char *text)
{
	char buf[32] = { 0 };
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), (ssize_t)strlen(text));
	assert_string_equal(buf, text);
	close(fd);
}

TEST(a_file_is_replaced_and_what_a_link_leads_to)
{
	char dir[] = "/tmp/test-replace.XXXXXX";
	mode_t mask = umask(0);
	struct stat st;
	uid_t owner;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	umask(mask);
	assert_int_equal(rt_write_file("real", "first", 5), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_int_equal(stat("real", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
	assert_int_equal(chmod("real", 0600), 0);
	if (geteuid() == 0)
		assert_int_equal(chown("real", 65534, 65534), 0);
	owner = geteuid() == 0 ? 65534 : geteuid();
	assert_int_equal(rt_write_file("link", "second", 6), 0);
	assert_holds("real", "second");
	assert_int_equal(stat("real", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_uid, owner);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(symlink("later", "early"), 0);
	assert_int_equal(rt_write_file("early", "third", 5), 0);
	assert_holds("later", "third");
	assert_int_equal(lstat("early", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(rt_write_file("none/x", "", 0), -ENOENT);
	assert_int_equal(rt_write_file(".", "", 0), -EISDIR);
	assert_int_equal(unlink("link") | unlink("real") | unlink("early") |
			 unlink("later") | chdir("/") | rmdir(dir), 0);
}

/* The mode of "f", which was root's and of @gid, once nobody has replaced it. */
static mode_t mode_after_nobody(gid_t gid, mode_t mode)
{
	struct stat st;
	int status;
	pid_t pid;

	assert_int_equal(rt_write_file("f", "", 0), 0);
	assert_int_equal(chown("f", 0, gid) | chmod("f", mode), 0);
	pid = fork();
	if (pid == 0)
		_exit(setgroups(0, NULL) || setgid(65534) || setuid(65534) ||
		      rt_write_file("f", "new", 3));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(unlink("f"), 0);
	return st.st_mode & 07777;
}

TEST(whose_owner_cannot_be_kept_nobody_else_may_read)
{
	char dir[] = "/tmp/test-replace.XXXXXX";

	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir) | chmod(dir, 0777), 0);
	assert_int_equal(mode_after_nobody(0, 0640), 0600);
	assert_int_equal(mode_after_nobody(65534, 0640), 0640);
	assert_int_equal(mode_after_nobody(0, 0644), 0604);
	assert_int_equal(chdir("/") | rmdir(dir), 0);
}

TEST(a_pipe_is_written_to)
{
	char dir[] = "/tmp/test-replace.XXXXXX";
	char buf[8] = { 0 };
	struct stat st;
	int fd;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	fd = open("pipe", O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(rt_write_file("pipe", "text", 4), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 4);
	assert_int_equal(lstat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	close(fd);
	assert_int_equal(unlink("pipe") | chdir("/") | rmdir(dir), 0);
}

/* As a shell's >> does, and >: what comes there later is behind it. */
TEST(a_file_that_is_standard_output_is_written_to)
{
	char dir[] = "/tmp/test-replace.XXXXXX";
	int out = dup(STDOUT_FILENO), fd, rc;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(rt_write_file("log", "old ", 4), 0);
	fd = open("log", O_WRONLY | O_APPEND);
	assert_true(out >= 0 && fd >= 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	rc = rt_write_file("/dev/stdout", "new", 3);
	rc |= rt_write_file("log", " more", 5);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(rc, 0);
	assert_holds("log", "old new more");
	close(fd);
	close(out);
	assert_int_equal(unlink("log") | chdir("/") | rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_leads_to_its_file_also_where_that_is_not_there_yet),
		cmocka_unit_test(a_file_is_replaced_and_what_a_link_leads_to),
		cmocka_unit_test(whose_owner_cannot_be_kept_nobody_else_may_read),
		cmocka_unit_test(a_pipe_is_written_to),
		cmocka_unit_test(a_file_that_is_standard_output_is_written_to),
		cmocka_unit_test(the_mode_is_that_of_the_old_file),
	};

	return RUN_TESTS(tests);
}
