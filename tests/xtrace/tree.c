/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - a root of plain files that stands for a kernel's /proc, /sys and /run */
#include "tests/xtrace/tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit.h"
#include "tests/xtrace/make.h"

int tree_set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	tree->path = make_folder();
	if (rt_root_init(&tree->root, tree->path, NULL) < 0)
		return -1;
	tree->fs.root = &tree->root;
	strcpy(tree->fs.dir, TREE_TRACING);
	*state = tree;
	return 0;
}

int tree_tear_down(void **state)
{
	struct tree *tree = *state;

	rt_root_finish(&tree->root);
	make_remove(tree->path);
	free(tree);
	return 0;
}

void tree_make_dir(const struct tree *tree, const char *name)
{
	char path[512];
	char *slash;

	snprintf(path, sizeof(path), "%s/%s", tree->path, name);
	for (slash = path + strlen(tree->path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
}

void tree_put(const struct tree *tree, const char *name, const char *text)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", name);
	if (strrchr(folder, '/')) {
		*strrchr(folder, '/') = '\0';
		tree_make_dir(tree, folder);
	}
	free(make_file(tree->path, name, text, strlen(text)));
}

char *tree_get(const struct tree *tree, const char *name)
{
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", tree->path, name);
	return make_slurp(path, &len);
}

bool tree_has(const struct tree *tree, const char *name)
{
	return rt_root_exists(&tree->root, "%s", name);
}
