/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-assemble.c - merge/assemble.c: a directory that is there whole, or not at all */
#include "merge/assemble.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "merge/set.h"
#include "tests/unit.h"

static char dir[] = "/tmp/test-assemble.XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static int setup(void **state)
{
	char command[256];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(command, sizeof(command), "cp tests/fixtures/pair/guest.dat '%s/my guest.dat'",
		 dir);
	return system(command);
}

static int teardown(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct mrg_set *open_copy(void)
{
	const char *const paths[] = { in_dir("my guest.dat") };
	struct mrg_set *set;

	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	return set;
}

TEST(names_are_made_of_labels_that_no_shell_minds)
{
	const struct mrg_assemble_opts opts = { 0 };
	struct mrg_set *set = open_copy();

	assert_int_equal(mrg_assemble(set, in_dir("a/"), &opts, NULL), 0);
	assert_int_equal(access(in_dir("a/my_guest.dat"), R_OK), 0);
	assert_int_equal(access(in_dir("a/merge"), R_OK), 0);
	assert_int_equal(access(in_dir("my guest.dat"), R_OK), 0);
	mrg_set_destroy(set);
}

TEST(a_failure_leaves_nothing_and_moves_nothing)
{
	const struct mrg_assemble_opts opts = { .move = true };
	struct mrg_set *set = open_copy();
	struct rt_err err = { 0 };

	assert_int_equal(mkdir(in_dir("full"), 0755), 0);
	assert_int_equal(mkdir(in_dir("full/of"), 0755), 0);
	assert_int_equal(mrg_assemble(set, in_dir("full"), &opts, &err), -EEXIST);
	assert_int_equal(mrg_assemble(set, in_dir("no/where"), &opts, &err), -ENOENT);
	assert_int_equal(access(in_dir("my guest.dat"), R_OK), 0);
	mrg_set_destroy(set);
}

TEST(a_member_that_is_moved_is_no_more_where_it_was)
{
	const struct mrg_assemble_opts opts = { .move = true };
	struct mrg_set *set = open_copy();

	assert_int_equal(mrg_assemble(set, in_dir("b"), &opts, NULL), 0);
	assert_int_equal(access(in_dir("b/my_guest.dat"), R_OK), 0);
	assert_int_equal(access(in_dir("my guest.dat"), R_OK), -1);
	mrg_set_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_of_labels_that_no_shell_minds),
		cmocka_unit_test(a_failure_leaves_nothing_and_moves_nothing),
		cmocka_unit_test(a_member_that_is_moved_is_no_more_where_it_was),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
