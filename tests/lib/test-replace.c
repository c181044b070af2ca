/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-replace.c - lib/replace.c: links to what is there and is not, and modes */
#include "lib/replace.h"

#include <fcntl.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_leads_to_its_file_also_where_that_is_not_there_yet),
		cmocka_unit_test(the_mode_is_that_of_the_old_file),
	};

	return RUN_TESTS(tests);
}
