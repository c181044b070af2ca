/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-meta.c - xtrace/meta.c: the facts beside the events, each stored once */
#include "xtrace/meta.h"

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "tests/xtrace/tree.h"
#include "xtrace/select.h"
#include "xtrace/store.h"

#define OLD_SIZE "run/xtrace/saved-cmdlines-size"

static struct xt_store *make_store(const struct tree *tree)
{
	const struct xt_store_opts opts = { .no_sync = true };
	struct xt_store *store;
	char path[512];

	snprintf(path, sizeof(path), "%s/out", tree->path);
	assert_int_equal(xt_store_create(&store, path, &opts, NULL), 0);
	return store;
}

static void session_has(struct tree *tree, struct xt_store *store, const char *line)
{
	char *text;

	assert_int_equal(xt_store_save(store, NULL), 0);
	text = tree_get(tree, "out/session");
	assert_contains(text, line);
	free(text);
}

TEST(the_machine_is_described_by_its_own_files)
{
	struct tree *tree = *state;
	struct xt_store *store = make_store(tree);

	tree_put(tree, "proc/sys/kernel/hostname", "box\n");
	tree_put(tree, "proc/sys/kernel/osrelease", "6.1.0-rt\n");
	tree_put(tree, "etc/machine-id", "abc\n");
	tree_put(tree, "sys/devices/system/cpu/isolated", "2-3\n");
	tree_put(tree, "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
	tree_put(tree, "sys/devices/system/cpu/cpu0/topology/core_id", "1\n");
	tree_put(tree, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,4\n");
	tree_put(tree, "proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU @ 1 GHz\nstep\t: 1\n");
	tree_put(tree, "proc/cmdline", "a");
	assert_int_equal(xt_meta_machine(store, &tree->root, NULL), 0);
	session_has(tree, store, "\nhost = box\n");
	session_has(tree, store, "\ncpu-model = A CPU @ 1 GHz\n");
	session_has(tree, store, "\nconfig-hash = 1c11b6ccbf29a728\n");
	session_has(tree, store, "\nrelease = 6.1.0-rt\n");
	session_has(tree, store, "\nmachine-id = abc\n");
	session_has(tree, store, "\nisolated = 2-3\n");
	session_has(tree, store, "\ncpu = 0 package 0 core 1 threads 0,4\n");
	session_has(tree, store, "\nnr-cpus = ");
	xt_store_destroy(store);
}

/* Two events; the second prints a symbol. */
static void put_events(const struct tree *tree)
{
	tree_put(tree, TREE_TRACING "/available_events", "one:plain\ntwo:symbol\n");
	tree_put(tree, TREE_TRACING "/events/header_page", "page\n");
	tree_put(tree, TREE_TRACING "/events/header_event", "event\n");
	tree_put(tree, TREE_TRACING "/events/ftrace/print/format", "print fmt: \"%ps: %s\"\n");
	tree_put(tree, TREE_TRACING "/events/one/plain/format", "print fmt: \"%p %d%%s\"\n");
	tree_put(tree, TREE_TRACING "/events/two/symbol/format", "print fmt: \"at %pS\"\n");
	tree_put(tree, TREE_TRACING "/printk_formats", "0xff : \"x\"\n");
	tree_put(tree, "proc/kallsyms", "ffffffff81000000 T _stext\n");
}

static void store_formats(struct tree *tree, const char *enabled)
{
	struct xt_store *store = make_store(tree);
	struct xt_select sel;
	size_t i;

	assert_int_equal(xt_select_init(&sel, &tree->fs, NULL), 0);
	for (i = 0; i < sel.nr; i++)
		sel.v[i].enabled = strcmp(sel.v[i].event, enabled) == 0;
	assert_int_equal(xt_meta_formats(store, &tree->fs, &sel, NULL), 0);
	xt_select_finish(&sel);
	xt_store_destroy(store);
}

TEST(formats_of_enabled_events_and_of_marks_are_kept)
{
	struct tree *tree = *state;
	char *text;

	put_events(tree);
	store_formats(tree, "plain");
	text = tree_get(tree, "out/formats/one/plain");
	assert_string_equal(text, "print fmt: \"%p %d%%s\"\n");
	free(text);
	assert_true(tree_has(tree, "out/formats/ftrace/print"));
	assert_true(tree_has(tree, "out/formats/header_page"));
	assert_true(tree_has(tree, "out/formats/header_event"));
	assert_true(tree_has(tree, "out/printk_formats"));
	assert_false(tree_has(tree, "out/formats/two"));
}

TEST(symbols_are_kept_only_for_events_that_print_them)
{
	struct tree *tree = *state;

	put_events(tree);
	store_formats(tree, "plain");
	assert_false(tree_has(tree, "out/kallsyms.zst"));
	make_remove(strdup(strcat(strcpy((char[512]){ 0 }, tree->path), "/out")));
	store_formats(tree, "symbol");
	assert_true(tree_has(tree, "out/kallsyms.zst"));
	assert_true(tree_has(tree, "out/formats/two/symbol"));
}

TEST(names_of_tasks_are_copied_as_the_kernel_has_them)
{
	struct tree *tree = *state;
	struct xt_store *store = make_store(tree);
	char *text;

	tree_put(tree, TREE_TRACING "/saved_cmdlines", "1 init\n");
	assert_int_equal(xt_meta_tasks(store, &tree->fs, NULL), 0);
	text = tree_get(tree, "out/saved_cmdlines");
	assert_string_equal(text, "1 init\n");
	free(text);
	assert_false(tree_has(tree, "out/saved_tgids"));
	xt_store_destroy(store);
}

/* ---- the machine's own table of names ---- */

static void size_is(const struct tree *tree, const char *expected)
{
	char *text = tree_get(tree, TREE_TRACING "/saved_cmdlines_size");

	/* The kernel takes what is written as a whole; a plain file keeps a longer tail. */
	assert_memory_equal(text, expected, strlen(expected));
	free(text);
}

TEST(the_table_of_names_grows_and_shrinks_with_the_last_session)
{
	struct tree *tree = *state;

	tree_make_dir(tree, "run/xtrace");
	tree_put(tree, TREE_TRACING "/saved_cmdlines_size", "128\n");
	xt_cmdlines_grow(&tree->fs, 8192);
	size_is(tree, "8192");
	assert_true(tree_has(tree, OLD_SIZE));
	/* A second session finds it large, and must not take that for the old size. */
	xt_cmdlines_grow(&tree->fs, 8192);
	xt_cmdlines_restore(&tree->fs, false);
	size_is(tree, "8192");
	xt_cmdlines_restore(&tree->fs, true);
	size_is(tree, "128");
	assert_false(tree_has(tree, OLD_SIZE));
}

TEST(a_table_that_is_large_enough_stays_as_it_is)
{
	struct tree *tree = *state;

	tree_make_dir(tree, "run/xtrace");
	tree_put(tree, TREE_TRACING "/saved_cmdlines_size", "9000\n");
	xt_cmdlines_grow(&tree->fs, 8192);
	size_is(tree, "9000");
	assert_false(tree_has(tree, OLD_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(the_machine_is_described_by_its_own_files),
		WITH_TREE(formats_of_enabled_events_and_of_marks_are_kept),
		WITH_TREE(symbols_are_kept_only_for_events_that_print_them),
		WITH_TREE(names_of_tasks_are_copied_as_the_kernel_has_them),
		WITH_TREE(the_table_of_names_grows_and_shrinks_with_the_last_session),
		WITH_TREE(a_table_that_is_large_enough_stays_as_it_is),
	};

	return RUN_TESTS(tests);
}
