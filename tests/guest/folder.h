/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder.h - a machine of plain files, made for one test and removed after it
 */
#ifndef TESTS_GUEST_FOLDER_H
#define TESTS_GUEST_FOLDER_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/root.h"
#include "tests/unit.h"

static char folder[64];
static struct rt_root root;

/* Makes the file and the folders that it stands in. */
static inline void put(const char *name, const char *text)
{
	char path[256], *slash;
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	to = fopen(path, "w");
	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

static inline void expect_file(const char *name, const char *text)
{
	char *found;

	assert_int_equal(rt_root_read(&root, &found, NULL, NULL, "%s", name), 0);
	assert_string_equal(found, text);
	free(found);
}

static inline int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/kvmrt-guest.XXXXXX");
	return mkdtemp(folder) ? rt_root_init(&root, folder, NULL) : -1;
}

static inline int remove_folder(void **state)
{
	char command[96];

	(void)state;
	rt_root_finish(&root);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif /* TESTS_GUEST_FOLDER_H */
