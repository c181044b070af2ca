/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's test driver and its one domain; tests/cmd has real ones. */
#include "config/sync.h"

#include "lib/err.h"
#include "tests/unit.h"

#define UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"

struct bench {
	struct kcfg_sync sync;
	struct tune_topo *topo;
	struct kcfg *cfg;
};

static void bench_init(struct bench *b, const char *file)
{
	*b = (struct bench){ 0 };
	assert_int_equal(tune_topo_load_synthetic(&b->topo, "numa:2 core:2 pu:2", NULL), 0);
	assert_int_equal(kcfg_parse(&b->cfg, "x.cfg", file, strlen(file), NULL), 0);
	assert_int_equal(kcfg_virt_open(&b->sync.virt, "test:///default", NULL), 0);
	b->sync.topo = b->topo;
}

static void bench_finish(struct bench *b)
{
	kcfg_virt_close(b->sync.virt);
	kcfg_destroy(b->cfg);
	tune_topo_destroy(b->topo);
}

static int push(struct bench *b, struct rt_err *err)
{
	struct kcfg_places places = { 0 };
	int rc;

	assert_int_equal(kcfg_places_make(&places, b->cfg, b->topo, true), 0);
	rc = kcfg_sync_push(&b->sync, &places.v[0], err);
	kcfg_places_finish(&places);
	return rc;
}

TEST(what_was_pushed_is_there_and_what_was_pulled_is_the_same)
{
	struct bench b;

	bench_init(&b, "[" UUID "]\nname = test\nnr_vcpus = 1\ncpuset = n1\ntitle = a title\n");
	b.sync.dry_run = true;
	assert_int_equal(push(&b, NULL), 1);
	assert_int_equal(push(&b, NULL), 1);
	b.sync.dry_run = false;
	assert_int_equal(push(&b, NULL), 1);
	assert_int_equal(push(&b, NULL), 0);
	assert_int_equal(kcfg_sync_pull(&b.sync, b.cfg, b.cfg->vms[0], NULL), 0);
	bench_finish(&b);
}

TEST(a_new_name_waits_for_the_end_of_the_vm)
{
	struct rt_err err = { 0 };
	struct bench b;

	bench_init(&b, "[" UUID "]\nname = other\nnr_vcpus = 2\n");
	assert_int_equal(push(&b, &err), -EBUSY);
	assert_string_equal(err.text, "libvirt has it under another name, and renames only what is "
			    "off; it is running");
	bench_finish(&b);
}

TEST(a_vm_that_libvirt_does_not_have_is_an_error)
{
	struct rt_err err = { 0 };
	struct bench b;

	bench_init(&b, "[5a1c0001-0000-4000-8000-000000000001]\nname = nobody\n");
	assert_int_equal(push(&b, &err), -ENOENT);
	assert_contains(err.text, "cannot read the VM's XML: ");
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_pushed_is_there_and_what_was_pulled_is_the_same),
		cmocka_unit_test(a_new_name_waits_for_the_end_of_the_vm),
		cmocka_unit_test(a_vm_that_libvirt_does_not_have_is_an_error),
	};

	return RUN_TESTS(tests);
}
