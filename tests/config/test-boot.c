/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no CPUs of its own; tests/cmd boots real VMs, the lab real-time ones. */
#include "config/boot.h"

#include "config/permit.h"
#include "lib/err.h"
#include "tests/tuning/tree.h"
#include "tests/unit.h"

#define UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"	/* of the test driver's domain, "test" */

struct bench {
	struct kcfg_boot boot;
	struct tune_topo *topo;
	struct kcfg *cfg;
	struct kcfg_places places;
	struct tree *tree;
	char *log;
	size_t log_len;
};

static void bench_init(struct bench *b)
{
	const char *file = "[" UUID "]\nname = test\nnr_vcpus = 1\nrt = true\ncpuset = n1\n";

	*b = (struct bench){ .tree = tree_new() };
	assert_int_equal(tune_topo_load_synthetic(&b->topo, "numa:2 core:2 pu:2", NULL), 0);
	assert_int_equal(kcfg_parse(&b->cfg, "x.cfg", file, strlen(file), NULL), 0);
	assert_int_equal(kcfg_places_make(&b->places, b->cfg, b->topo, true), 0);
	b->boot = (struct kcfg_boot){ &b->tree->root, b->topo, &b->places, NULL, NULL, false };
	b->boot.log = open_memstream(&b->log, &b->log_len);
	assert_int_equal(kcfg_virt_open(&b->boot.virt, "test:///default", NULL), 0);
}

static void bench_finish(struct bench *b)
{
	fclose(b->boot.log);
	free(b->log);
	kcfg_virt_close(b->boot.virt);
	kcfg_places_finish(&b->places);
	kcfg_destroy(b->cfg);
	tune_topo_destroy(b->topo);
	tree_destroy(b->tree);
}

TEST(there_is_nothing_to_undo_where_nothing_was_done)
{
	struct bench b;
	char **uuids;
	size_t n;

	bench_init(&b);
	assert_int_equal(kcfg_boot_undo(&b.boot, UUID, NULL), 0);
	assert_int_equal(kcfg_boot_journals(&uuids, &n, &b.tree->root, NULL), 0);
	assert_int_equal(n, 0);
	tune_journal_list_free(uuids, n);
	bench_finish(&b);
}

TEST(undoing_takes_vms_that_have_ended_off_the_list_of_those_that_may_call)
{
	char line[64];
	struct bench b;

	bench_init(&b);
	tree_put(b.tree, "proc/10/status", "Name:\tqemu\nTgid:\t10\n");
	tree_put(b.tree, KCFG_PERMIT_FILE, "10,77\n");
	assert_int_equal(kcfg_boot_undo(&b.boot, UUID, NULL), 0);
	assert_int_equal(rt_root_read_line(&b.tree->root, line, sizeof(line), NULL,
					   KCFG_PERMIT_FILE), 0);
	assert_string_equal(line, "10");
	bench_finish(&b);
}

TEST(a_vm_that_is_off_stays_off)
{
	enum kcfg_ended ended = KCFG_FORCED;
	struct bench b;

	bench_init(&b);
	assert_int_equal(kcfg_virt_destroy(b.boot.virt, UUID, NULL), 0);
	assert_int_equal(kcfg_shutdown_vm(&b.boot, b.cfg->vms[0], 0, false, &ended, NULL), 0);
	assert_int_equal(ended, KCFG_WAS_OFF);
	bench_finish(&b);
}

TEST(a_vm_that_libvirt_does_not_know_is_named)
{
	enum kcfg_ended ended = KCFG_FORCED;
	struct rt_err err = { 0 };
	struct bench b;

	bench_init(&b);
	snprintf(b.cfg->vms[0]->uuid, sizeof(b.cfg->vms[0]->uuid),
		 "5a1c0001-0000-4000-8000-000000000001");
	assert_int_equal(kcfg_shutdown_vm(&b.boot, b.cfg->vms[0], 0, false, &ended, &err),
			 -ENOENT);
	assert_contains(err.text, "test: cannot ask for the VM's state: ");
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_nothing_to_undo_where_nothing_was_done),
		cmocka_unit_test(
			undoing_takes_vms_that_have_ended_off_the_list_of_those_that_may_call),
		cmocka_unit_test(a_vm_that_is_off_stays_off),
		cmocka_unit_test(a_vm_that_libvirt_does_not_know_is_named),
	};

	return RUN_TESTS(tests);
}
