/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-tree.h - a small host of plain files, from a table, and what became of a file
 */
#ifndef TESTS_TUNING_HOST_TREE_H
#define TESTS_TUNING_HOST_TREE_H

#include "tests/tuning/tree.h"

struct tree_file {
	const char *path, *text;
};

/* Ends with a row of NULLs. */
static inline struct tree *tree_of(const struct tree_file *files)
{
	struct tree *tree = tree_new();

	for (; files->path; files++)
		tree_put(tree, files->path, files->text);
	return tree;
}

static inline void tree_expect(const struct tree *tree, const char *path, const char *text)
{
	char found[4096];

	assert_int_equal(rt_root_read_line(&tree->root, found, sizeof(found), NULL, "%s", path), 0);
	assert_string_equal(found, text);
}

#endif /* TESTS_TUNING_HOST_TREE_H */
