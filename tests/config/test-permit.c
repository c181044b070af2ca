/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-permit.c - config/permit.c: the list of the host's module, as a file */
#include "config/permit.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

static struct tree *tree;

static int set_up(void **state)
{
	(void)state;
	tree = tree_new();
	tree_put(tree, "proc/10/comm", "qemu-system-x86\n");
	tree_put(tree, "proc/20/comm", "qemu-system-x86\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_destroy(tree);
	return 0;
}

static void expect(const char *before, pid_t pid, bool may_call, const char *after)
{
	char *text;

	tree_put(tree, KCFG_PERMIT_FILE, before);
	assert_int_equal(kcfg_permit(&tree->root, pid, may_call, NULL),
			 strcmp(before, after) != 0);
	assert_int_equal(rt_root_read(&tree->root, &text, NULL, NULL, KCFG_PERMIT_FILE), 0);
	assert_string_equal(text, after);
	free(text);
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
	expect("77,10,2nd\n", 0, false, "10,2nd\n");
	expect("1,10\n", 0, false, "10\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module_there_is_nothing_to_do),
		cmocka_unit_test(where_every_vm_may_call_that_stays),
		cmocka_unit_test(a_vm_is_put_on_the_list_and_taken_off),
		cmocka_unit_test(what_has_ended_leaves_the_list_and_names_stay),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
