/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-place.c - config/place.c: the CPU of each thread, as the guide gives it out */
#include "config/place.h"
#include "tests/unit.h"

#include "config/place-json.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"

static struct tune_topo *topo;

/* Two nodes of four cores of two threads: core n has CPUs 2n and 2n+1. */
static int set_up(void **state)
{
	struct rt_err err = { 0 };

	(void)state;
	return tune_topo_load_synthetic(&topo, "numa:2 core:4 pu:2", &err);
}

static int tear_down(void **state)
{
	(void)state;
	tune_topo_destroy(topo);
	return 0;
}

static void show(struct rt_buf *out, const char *name, const struct rt_cpuset *set)
{
	char text[128];

	rt_cpuset_format(set, text, sizeof(text));
	rt_buf_printf(out, " %s=%s", name, text);
}

/* The whole placement as one line. */
static void check(const char *attributes, const char *want)
{
	struct kcfg_places places;
	struct rt_buf text = { 0 }, out = { 0 };
	struct kcfg_place *place;
	struct kcfg *cfg;
	unsigned int k;

	rt_buf_printf(&text, "[aeec46cc-0638-4949-ac04-146b233194a9]\n%s", attributes);
	assert_int_equal(kcfg_parse(&cfg, "t", text.data, text.len, NULL), 0);
	assert_int_equal(cfg->nr_faults, 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	assert_int_equal(places.n, 1);
	place = &places.v[0];
	assert_ptr_equal(kcfg_places_find(&places, cfg->vms[0]), place);
	rt_buf_puts(&out, "vcpus=");
	for (k = 0; k < cfg->vms[0]->nr_vcpus; k++)
		rt_buf_printf(&out, "%s%d", k ? "," : "", place->vcpus[k]);
	show(&out, "others", &place->others);
	show(&out, "used", &place->used);
	show(&out, "down", &place->down);
	show(&out, "nodes", &place->nodes);
	show(&out, "mem", &place->mem_nodes);
	rt_buf_printf(&out, " lock=%d lacking=%u", place->lock_memory, place->lacking);
	assert_string_equal(rt_buf_str(&out), want);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
	rt_buf_finish(&text);
	rt_buf_finish(&out);
}

TEST(a_vm_without_a_cpuset_runs_anywhere)
{
	check("nr_vcpus = 2\n",
	      "vcpus=-1,-1 others= used= down= nodes= mem= lock=0 lacking=0");
}

TEST(any_thread_of_a_plain_vm_runs_on_any_of_its_cpus)
{
	check("nr_vcpus = 3\ncpuset = 1-2\n",
	      "vcpus=-1,-1,-1 others=1-2 used=1-2 down= nodes=0 mem=0 lock=0 lacking=0");
	check("cpuset = 1-2\nemulator_cpuset = 8\nrt_memory = yes\nnumatune =\n",
	      "vcpus=-1 others=8 used=1-2 down= nodes=0 mem= lock=1 lacking=0");
}

TEST(virtual_cpus_take_the_lowest_one_cpu_of_each_core)
{
	check("rt = yes\nnr_vcpus = 3\ncpuset = n1\n",
	      "vcpus=8,10,12 others=14 used=8,10,12,14 down=9,11,13,15 nodes=1 mem=1 lock=1 "
	      "lacking=0");
	check("rt = yes\nnr_vcpus = 1\ncpuset = 15,13,11\n",
	      "vcpus=11 others=13,15 used=11,13,15 down=10,12,14 nodes=1 mem=1 lock=1 "
	      "lacking=0");
}

TEST(the_emulator_goes_where_it_is_told)
{
	check("rt = yes\nnr_vcpus = 2\ncpuset = 8,10,12\nemulator_cpuset = 8\n",
	      "vcpus=10,12 others=8 used=8,10,12 down=9,11,13 nodes=1 mem=1 lock=1 lacking=0");
	check("rt = yes\nnr_vcpus = 2\ncpuset = 8,10\nemulator_cpuset = 0-1\nnumatune = 0\n",
	      "vcpus=8,10 others=0-1 used=8,10 down=9,11 nodes=1 mem=0 lock=1 lacking=0");
}

TEST(virtual_cpus_that_lack_a_cpu_are_counted)
{
	check("rt = yes\nnr_vcpus = 4\ncpuset = 8-11\nrt_memory = no\n",
	      "vcpus=8,10,-1,-1 others= used=8,10 down=9,11 nodes=1 mem=1 lock=0 lacking=2");
	check("rt = yes\n", "vcpus=-1 others= used= down= nodes= mem= lock=1 lacking=1");
}

TEST(an_online_thread_of_a_core_is_preferred)
{
	rt_cpuset_remove(&topo->online, 8);
	check("rt = yes\nnr_vcpus = 1\ncpuset = 8-11\n",
	      "vcpus=9 others=10 used=9-10 down=8,11 nodes=1 mem=1 lock=1 lacking=0");
	rt_cpuset_remove(&topo->online, 9);
	check("rt = yes\nnr_vcpus = 1\ncpuset = 8-11\n",
	      "vcpus=8 others=10 used=8,10 down=9,11 nodes=1 mem=1 lock=1 lacking=0");
	rt_cpuset_add(&topo->online, 8);
	rt_cpuset_add(&topo->online, 9);
}

TEST(what_the_machine_has_not_is_a_sentence)
{
	static const char text[] = "[aeec46cc-0638-4949-ac04-146b233194a9]\nname = a\n"
		"cpuset = n7\nrt = yes\nemulator_cpuset = 3,\n";
	struct kcfg_places places;
	struct kcfg *cfg;

	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	assert_contains(places.v[0].bad[KCFG_CPUSET], "no node 7 in this machine");
	assert_contains(places.v[0].bad[KCFG_EMULATOR_CPUSET], "found the end");
	assert_int_equal(places.v[0].lacking, 1);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
}

TEST(disabled_vms_are_placed_when_all_are_meant)
{
	static const char text[] = "[aeec46cc-0638-4949-ac04-146b233194a9]\ndisabled = yes\n";
	struct kcfg_places places;
	struct kcfg *cfg;

	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	assert_int_equal(places.n, 0);
	assert_null(kcfg_places_find(&places, cfg->vms[0]));
	kcfg_places_finish(&places);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, true), 0);
	assert_int_equal(places.n, 1);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
}

TEST(programs_get_attributes_and_places)
{
	static const char text[] = "[aeec46cc-0638-4949-ac04-146b233194a9]\nname = a\nrt = yes\n"
		"cpuset = 8,10\ncomments = x\n  \"y\"\n";
	struct rt_buf out = { 0 };
	struct rt_json json = { .buf = &out };
	struct kcfg_places places;
	struct kcfg *cfg;

	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	kcfg_place_json(&json, &places.v[0]);
	assert_string_equal(rt_buf_str(&out),
		"{\"uuid\":\"aeec46cc-0638-4949-ac04-146b233194a9\",\"name\":\"a\",\"title\":\"\","
		"\"description\":\"\",\"nr_vcpus\":1,\"cpu_topology\":\"auto\",\"cpuset\":\"8,10\","
		"\"rt\":true,\"rt_memory\":\"auto\",\"numatune\":\"auto\",\"hide_kvm\":false,"
		"\"autostart\":false,\"disabled\":false,\"emulator_cpuset\":\"\","
		"\"vcpu_priority\":1,\"gs\":false,\"hugepages\":\"false\","
		"\"comments\":\"x\\n\\\"y\\\"\",\"place\":{\"cpus\":\"8,10\",\"used\":\"8,10\","
		"\"down\":\"9,11\",\"nodes\":\"1\",\"memory_nodes\":\"1\",\"memory_locked\":true,"
		"\"threads\":[{\"thread\":\"vcpu\",\"number\":0,\"cpus\":\"8\",\"policy\":\"fifo\","
		"\"priority\":1},{\"thread\":\"others\",\"cpus\":\"10\",\"policy\":\"other\","
		"\"priority\":0}]}}");
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
	rt_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vm_without_a_cpuset_runs_anywhere),
		cmocka_unit_test(any_thread_of_a_plain_vm_runs_on_any_of_its_cpus),
		cmocka_unit_test(virtual_cpus_take_the_lowest_one_cpu_of_each_core),
		cmocka_unit_test(the_emulator_goes_where_it_is_told),
		cmocka_unit_test(virtual_cpus_that_lack_a_cpu_are_counted),
		cmocka_unit_test(an_online_thread_of_a_core_is_preferred),
		cmocka_unit_test(what_the_machine_has_not_is_a_sentence),
		cmocka_unit_test(disabled_vms_are_placed_when_all_are_meant),
		cmocka_unit_test(programs_get_attributes_and_places),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
