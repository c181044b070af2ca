/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a machine's /proc and /sys as a test wants them, in a folder of its own
 */
#ifndef TESTS_TUNING_TREE_H
#define TESTS_TUNING_TREE_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/root.h"
#include "tests/unit.h"

struct tree {
	char path[64];
	struct rt_root root;
};

static inline struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	strcpy(tree->path, "/tmp/test-tree.XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	assert_int_equal(rt_root_init(&tree->root, tree->path, NULL), 0);
	return tree;
}

/* Writes a file, with the folders above it. */
static inline void tree_put(const struct tree *tree, const char *name, const char *text)
{
	char path[256], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree->path, name);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_destroy(struct tree *tree)
{
	nftw(tree->path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	rt_root_finish(&tree->root);
	free(tree);
}

#endif /* TESTS_TUNING_TREE_H */
