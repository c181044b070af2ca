/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a small host of plain files in a folder of its own
 */
#ifndef TESTS_TUNING_TREE_H
#define TESTS_TUNING_TREE_H

#include "tests/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/root.h"

struct tree {
	char path[64];
	struct rt_root root;
};

struct tree_file {
	const char *path, *text;
};

/* Makes the folders on the way; the text gets a newline. */
static inline void tree_put(const struct tree *tree, const char *path, const char *text)
{
	char part[512];
	const char *slash;
	int fd;

	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdirat(tree->root.fd, part, 0755);
	}
	fd = openat(tree->root.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "%s\n", text), strlen(text) + 1);
	close(fd);
}

static inline void tree_make(struct tree *tree, const struct tree_file *files)
{
	strcpy(tree->path, "/tmp/kvmrt-test.XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	assert_int_equal(rt_root_init(&tree->root, tree->path, NULL), 0);
	for (; files->path; files++)
		tree_put(tree, files->path, files->text);
}

static inline void tree_remove(struct tree *tree)
{
	char command[96];

	rt_root_finish(&tree->root);
	snprintf(command, sizeof(command), "rm -rf %s", tree->path);
	assert_int_equal(system(command), 0);
}

static inline void tree_expect(const struct tree *tree, const char *path, const char *text)
{
	char found[4096];

	assert_int_equal(rt_root_read_line(&tree->root, found, sizeof(found), NULL, "%s", path), 0);
	assert_string_equal(found, text);
}

#endif /* TESTS_TUNING_TREE_H */
