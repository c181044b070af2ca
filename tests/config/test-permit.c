/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-permit.c - config/permit.c: the list of the host's module, as a file */
#include "config/permit.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

static struct tree *tree;

static int set_up(void **state)
{
	(void)state;
	tree = tree_new();
	tree_put(tree, "proc/10/status", "Name:\tqemu-system-x86\nTgid:\t10\nPid:\t10\n");
	tree_put(tree, "proc/20/status", "Name:\tqemu-system-x86\nTgid:\t20\nPid:\t20\n");
	tree_put(tree, "proc/21/status", "Name:\tCPU 0/KVM\nTgid:\t20\nPid:\t21\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_destroy(tree);
	return 0;
}

static void expect_list(const char *after)
{
	char *text;

	assert_int_equal(rt_root_read(&tree->root, &text, NULL, NULL, KCFG_PERMIT_FILE), 0);
	assert_string_equal(text, after);
	free(text);
}

static void expect(const char *before, pid_t pid, bool may_call, const char *after)
{
	tree_put(tree, KCFG_PERMIT_FILE, before);
	assert_int_equal(kcfg_permit(&tree->root, pid, may_call, NULL),
			 strcmp(before, after) != 0);
	expect_list(after);
}

static void expect_tidy(const char *before, const char *after)
{
	tree_put(tree, KCFG_PERMIT_FILE, before);
	kcfg_permit_tidy(&tree->root);
	expect_list(after);
}

TEST(without_the_module_there_is_nothing_to_do)
{
	assert_int_equal(kcfg_permit(&tree->root, 10, true, NULL), 0);
}

TEST(where_every_vm_may_call_that_stays)
{
	expect("*\n", 10, true, "*\n");
	expect("*\n", 10, false, "*\n");
}

TEST(a_vm_is_put_on_the_list_and_taken_off)
{
	expect("\n", 10, true, "10\n");
	expect("10\n", 10, true, "10\n");
	expect("10\n", 20, true, "10,20\n");
	expect("10,20\n", 10, true, "10,20\n");
	expect("10,20\n", 10, false, "20\n");
	expect("10\n", 10, false, "\n");
	expect("\n", 10, false, "\n");
}

TEST(what_has_ended_leaves_the_list_and_names_stay)
{
	expect("77,10,other-vmm,7\n", 20, true, "10,other-vmm,20\n");
	expect_tidy("77,10,2nd\n", "10,2nd\n");
	expect_tidy("1,10\n", "10\n");
	expect_tidy("*\n", "*\n");
}

TEST(a_number_that_is_a_thread_s_by_now_leaves_the_list)
{
	expect_tidy("21,20\n", "20\n");
}

TEST(what_others_lose_is_no_change_of_a_vm)
{
	tree_put(tree, KCFG_PERMIT_FILE, "77,10\n");
	assert_int_equal(kcfg_permit(&tree->root, 20, false, NULL), 0);
	expect_list("10\n");
	tree_put(tree, KCFG_PERMIT_FILE, "77,10\n");
	assert_int_equal(kcfg_permit(&tree->root, 10, true, NULL), 0);
	expect_list("10\n");
}

/* A folder, as what cannot be read. */
TEST(a_list_that_cannot_be_read_fails_only_what_is_to_be_put_on_it)
{
	struct tree *other = tree_new();

	tree_put(other, KCFG_PERMIT_FILE "/x", "");
	kcfg_permit_tidy(&other->root);
	assert_int_equal(kcfg_permit(&other->root, 10, false, NULL), 0);
	assert_int_equal(kcfg_permit(&other->root, 10, true, NULL), -EISDIR);
	tree_destroy(other);
}

/* The list as one that takes nothing, on a file system that is read-only. */
TEST(a_list_that_cannot_be_written_fails_only_what_needs_it)
{
	struct rt_root root;

	if (geteuid() != 0)
		skip();
	tree_put(tree, KCFG_PERMIT_FILE, "77,10\n");
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount(tree->path, tree->path, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, tree->path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	assert_int_equal(rt_root_init(&root, tree->path, NULL), 0);
	kcfg_permit_tidy(&root);
	assert_int_equal(kcfg_permit(&root, 10, true, NULL), 0);
	assert_int_equal(kcfg_permit(&root, 20, true, NULL), -EROFS);
	rt_root_finish(&root);
	assert_int_equal(umount(tree->path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module_there_is_nothing_to_do),
		cmocka_unit_test(where_every_vm_may_call_that_stays),
		cmocka_unit_test(a_vm_is_put_on_the_list_and_taken_off),
		cmocka_unit_test(what_has_ended_leaves_the_list_and_names_stay),
		cmocka_unit_test(a_number_that_is_a_thread_s_by_now_leaves_the_list),
		cmocka_unit_test(what_others_lose_is_no_change_of_a_vm),
		cmocka_unit_test(a_list_that_cannot_be_read_fails_only_what_is_to_be_put_on_it),
		cmocka_unit_test(a_list_that_cannot_be_written_fails_only_what_needs_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
