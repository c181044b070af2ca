/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a root of plain files that stands for a kernel's /proc, /sys and /run
 */
#ifndef TESTS_XTRACE_TREE_H
#define TESTS_XTRACE_TREE_H

#include <stdbool.h>

#include "lib/root.h"
#include "xtrace/tracefs.h"

struct tree {
	char *path;
	struct rt_root root;
	struct xt_tracefs fs;	/* of ->root, at TREE_TRACING */
};

#define TREE_TRACING "sys/kernel/tracing"

/* For cmocka: *@state is a struct tree. */
int tree_set_up(void **state);
int tree_tear_down(void **state);

/* Makes the file, and the folders that it stands in. */
void tree_put(const struct tree *tree, const char *name, const char *text);
void tree_make_dir(const struct tree *tree, const char *name);
/* The text of a file; free(3) it. */
char *tree_get(const struct tree *tree, const char *name);
bool tree_has(const struct tree *tree, const char *name);

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_set_up, tree_tear_down)

#endif /* TESTS_XTRACE_TREE_H */
