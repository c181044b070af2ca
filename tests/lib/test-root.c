/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-root.c - lib/root.c: a tree of files below a root of our choice */
#include "lib/root.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

struct tree {
	char path[64];
	struct rt_root root;
};

static void put(const struct tree *tree, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	strcpy(tree->path, "/tmp/test-root.XXXXXX");
	if (!mkdtemp(tree->path) || rt_root_init(&tree->root, tree->path, NULL))
		return -1;
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "number", "text", "setting" };
	struct tree *tree = *state;
	char path[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", tree->path, names[i]);
		unlink(path);
	}
	rmdir(tree->path);
	rt_root_finish(&tree->root);
	free(tree);
	return 0;
}

static void files_are_read_below_the_root(void **state)
{
	struct tree *tree = *state;
	char *text;
	size_t len;

	put(tree, "text", "one\ntwo\n");
	assert_int_equal(rt_root_read(&tree->root, &text, &len, NULL, "%s", "text"), 0);
	assert_string_equal(text, "one\ntwo\n");
	assert_int_equal(len, 8);
	free(text);
	assert_int_equal(rt_root_read(&tree->root, &text, NULL, NULL, "/text"), 0);
	free(text);
	assert_true(rt_root_exists(&tree->root, "text"));
	assert_false(rt_root_exists(&tree->root, "other"));
}

static void a_missing_file_is_named_whole(void **state)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	char *text = NULL, expected[256];

	assert_int_equal(rt_root_read(&tree->root, &text, NULL, &err, "proc/%d/stat", 7), -ENOENT);
	snprintf(expected, sizeof(expected),
		 "cannot open %s/proc/7/stat: No such file or directory", tree->path);
	assert_string_equal(err.text, expected);
	assert_null(text);
}

static void a_line_fits_or_is_refused(void **state)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	char line[6] = "kept";

	put(tree, "text", "12345\nrest\n");
	assert_int_equal(rt_root_read_line(&tree->root, line, 6, NULL, "text"), 0);
	assert_string_equal(line, "12345");
	assert_int_equal(rt_root_read_line(&tree->root, line, 5, &err, "text"), -EFBIG);
	assert_contains(err.text, "expected a line of at most 4 bytes, found 5");
	put(tree, "text", "");
	assert_int_equal(rt_root_read_line(&tree->root, line, 6, NULL, "text"), 0);
	assert_string_equal(line, "");
}

static void numbers_are_checked(void **state)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	uint64_t value = 7;

	put(tree, "number", "4096\n");
	assert_int_equal(rt_root_read_u64(&tree->root, &value, NULL, "number"), 0);
	assert_int_equal(value, 4096);
	put(tree, "number", "-1\n");
	assert_int_equal(rt_root_read_u64(&tree->root, &value, &err, "number"), -EINVAL);
	assert_contains(err.text, "/number: expected a number, found \"-1\"");
	assert_int_equal(value, 4096);
}

static void a_setting_is_written_as_a_whole(void **state)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	char line[32];

	put(tree, "setting", "950000\n");
	assert_int_equal(rt_root_write(&tree->root, "-1\n", NULL, "setting"), 0);
	assert_int_equal(rt_root_read_line(&tree->root, line, sizeof(line), NULL, "setting"), 0);
	assert_string_equal(line, "-1");
	assert_int_equal(rt_root_append(&tree->root, "2\n", NULL, "setting"), 0);
	assert_int_equal(rt_root_write(&tree->root, "1", &err, "absent"), -ENOENT);
	assert_false(rt_root_exists(&tree->root, "absent"));
}

static void a_refused_write_names_value_and_file(void **state)
{
	struct rt_root slash;
	struct rt_err err = { 0 };

	(void)state;
	assert_int_equal(rt_root_init(&slash, NULL, NULL), 0);
	assert_int_equal(rt_root_write(&slash, "5\n", &err, "dev/full"), -ENOSPC);
	assert_string_equal(err.text,
			    "cannot write \"5\" to /dev/full: No space left on device");
	rt_root_finish(&slash);
}

static void open_gives_a_descriptor_that_children_do_not_get(void **state)
{
	struct tree *tree = *state;
	int fd;

	put(tree, "text", "x");
	fd = rt_root_open(&tree->root, NULL, O_RDONLY, "text");
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void a_path_too_long_is_refused(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX + 10];

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rt_root_open(&tree->root, NULL, O_RDONLY, "%s", path), -ENAMETOOLONG);
	assert_false(rt_root_exists(&tree->root, "%s", path));
}

static void a_root_that_is_no_directory_is_refused(void **state)
{
	struct rt_root root;
	struct rt_err err = { 0 };

	(void)state;
	assert_int_equal(rt_root_init(&root, "/dev/null", &err), -ENOTDIR);
	assert_string_equal(err.text, "cannot use \"/dev/null\" as the root: Not a directory");
}

static void no_slash_is_doubled_in_a_message(void **state)
{
	const struct tree *tree = *state;
	struct rt_err err = { 0 };
	char path[80], expected[160];
	struct rt_root root;

	snprintf(path, sizeof(path), "%s//", tree->path);
	assert_int_equal(rt_root_init(&root, path, NULL), 0);
	assert_string_equal(root.path, tree->path);
	assert_int_equal(rt_root_open(&root, &err, O_RDONLY, "%s", "/none"), -ENOENT);
	snprintf(expected, sizeof(expected), "cannot open %s/none: No such file or directory",
		 tree->path);
	assert_string_equal(err.text, expected);
	rt_root_finish(&root);

	assert_int_equal(rt_root_init(&root, "//", NULL), 0);
	assert_string_equal(root.path, "");
	assert_int_equal(rt_root_open(&root, &err, O_RDONLY, "//kvmrt-none"), -ENOENT);
	assert_string_equal(err.text, "cannot open /kvmrt-none: No such file or directory");
	rt_root_finish(&root);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(files_are_read_below_the_root),
		WITH_TREE(a_missing_file_is_named_whole),
		WITH_TREE(a_line_fits_or_is_refused),
		WITH_TREE(numbers_are_checked),
		WITH_TREE(a_setting_is_written_as_a_whole),
		cmocka_unit_test(a_refused_write_names_value_and_file),
		WITH_TREE(open_gives_a_descriptor_that_children_do_not_get),
		WITH_TREE(a_path_too_long_is_refused),
		cmocka_unit_test(a_root_that_is_no_directory_is_refused),
		WITH_TREE(no_slash_is_doubled_in_a_message),
	};

	return RUN_TESTS(tests);
}
