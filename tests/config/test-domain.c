/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two directions on a described machine: 2 nodes of 2 cores of 2 threads. */
#include "config/domain.h"

#include "config/place.h"
#include "lib/err.h"
#include "tests/unit.h"

#define UUID "5a1c0001-0000-4000-8000-000000000001"

struct bench {
	struct tune_topo *topo;
	struct kcfg *cfg;
	struct kcfg_places places;
	struct kcfg_xml *xml;
};

static void bench_init(struct bench *b, const char *attrs, const char *xml)
{
	char file[1024];

	snprintf(file, sizeof(file), "[" UUID "]\nname = vm\n%s", attrs);
	assert_int_equal(tune_topo_load_synthetic(&b->topo, "pack:2 numa:1 core:2 pu:2", NULL), 0);
	assert_int_equal(kcfg_parse(&b->cfg, "x.cfg", file, strlen(file), NULL), 0);
	assert_int_equal(b->cfg->nr_errors, 0);
	assert_int_equal(kcfg_places_make(&b->places, b->cfg, b->topo, true), 0);
	assert_int_equal(kcfg_xml_parse(&b->xml, xml, strlen(xml), NULL), 0);
}

static void bench_finish(struct bench *b)
{
	kcfg_xml_destroy(b->xml);
	kcfg_places_finish(&b->places);
	kcfg_destroy(b->cfg);
	tune_topo_destroy(b->topo);
}

#define BARE "<domain><name>vm</name><vcpu>2</vcpu><iothreads>1</iothreads></domain>"

static void want(struct bench *b, struct kcfg_parts *ret)
{
	struct rt_err err = { 0 };

	if (kcfg_domain_want(ret, b->cfg->vms[0], &b->places.v[0], b->xml, &err) < 0)
		fail_msg("%s", err.text);
}

TEST(a_real_time_vm_has_a_core_a_vcpu_and_the_rest_for_the_others)
{
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, "nr_vcpus = 1\ncpuset = n1\nrt = true\nvcpu_priority = 3\n", BARE);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUPIN], "0=4");
	assert_string_equal(parts.text[KCFG_PART_EMULATORPIN], "6");
	assert_string_equal(parts.text[KCFG_PART_CPUSET], "6");
	assert_string_equal(parts.text[KCFG_PART_VCPUSCHED], "0=fifo:3");
	assert_string_equal(parts.text[KCFG_PART_LOCKED], "on");
	assert_string_equal(parts.text[KCFG_PART_NUMATUNE], "1");
	assert_string_equal(parts.text[KCFG_PART_TOPOLOGY], "1,1,1");
	assert_string_equal(parts.text[KCFG_PART_EXPRESSION], "n1");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
}

TEST(a_vm_that_is_not_real_time_keeps_what_is_its_users)
{
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, "nr_vcpus = 2\ncpuset = 0-3\n", BARE);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_CPUSET], "0-3");
	assert_string_equal(parts.text[KCFG_PART_VCPUPIN], "");
	assert_null(parts.text[KCFG_PART_VCPUSCHED]);
	assert_null(parts.text[KCFG_PART_NOSHAREPAGES]);
	assert_string_equal(parts.text[KCFG_PART_LOCKED], "");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
}

TEST(only_parts_count_as_differences_not_notes)
{
	struct kcfg_parts found = { 0 }, wanted = { 0 };
	struct bench b;

	bench_init(&b, "nr_vcpus = 2\ncpu_topology = 2,1,1\n", BARE);
	want(&b, &wanted);
	assert_int_equal(kcfg_xml_read(b.xml, &found, NULL), 0);
	assert_true(kcfg_domain_same(&found, &wanted));
	assert_int_equal(kcfg_parts_set(&wanted, KCFG_PART_TITLE, "x"), 0);
	assert_false(kcfg_domain_same(&found, &wanted));
	kcfg_parts_finish(&found);
	kcfg_parts_finish(&wanted);
	bench_finish(&b);
}

static void import(struct bench *b, const char *attrs, const char *xml)
{
	struct rt_err err = { 0 };

	bench_init(b, attrs, xml);
	if (kcfg_domain_import(b->cfg, b->cfg->vms[0], b->xml, b->topo, &err) < 0)
		fail_msg("%s", err.text);
}

#define RT_XML(vcpu, emulator) \
	"<domain><name>vm</name><vcpu>1</vcpu><memoryBacking><locked/></memoryBacking><cputune>" \
	"<vcpupin vcpu='0' cpuset='" vcpu "'/><emulatorpin cpuset='" emulator "'/>" \
	"<vcpusched vcpus='0' scheduler='rr' priority='7'/></cputune>" \
	"<numatune><memory nodeset='1'/></numatune></domain>"

TEST(a_vm_whose_vcpus_have_cpus_and_a_policy_is_real_time)
{
	struct bench b;

	import(&b, "", RT_XML("4", "6"));
	assert_true(b.cfg->vms[0]->rt);
	assert_string_equal(b.cfg->vms[0]->cpuset, "4,6");
	assert_string_equal(b.cfg->vms[0]->emulator_cpuset, "");
	assert_int_equal(b.cfg->vms[0]->vcpu_priority, 7);
	assert_int_equal(b.cfg->vms[0]->rt_memory, KCFG_AUTO);
	assert_true(b.cfg->vms[0]->numatune.automatic);
	bench_finish(&b);
}

TEST(emulators_below_the_vcpus_have_a_set_of_their_own)
{
	struct bench b;

	import(&b, "", RT_XML("4", "0-1"));
	assert_string_equal(b.cfg->vms[0]->cpuset, "4");
	assert_string_equal(b.cfg->vms[0]->emulator_cpuset, "0-1");
	bench_finish(&b);
}

/* What is imported behind a synchronisation is what was there. */
static void check_round_of(const char *xml, const char *attrs, const char *cpuset,
			   const char *emulator)
{
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, attrs, xml);
	want(&b, &parts);
	assert_int_equal(kcfg_xml_write(b.xml, &parts, NULL), 0);
	assert_int_equal(kcfg_domain_import(b.cfg, b.cfg->vms[0], b.xml, b.topo, NULL), 0);
	kcfg_parts_finish(&parts);
	/* And into a new file, by our note. */
	kcfg_attr_parse(b.cfg->vms[0], KCFG_CPUSET, "", NULL);
	kcfg_attr_parse(b.cfg->vms[0], KCFG_EMULATOR_CPUSET, "", NULL);
	assert_true(kcfg_domain_import(b.cfg, b.cfg->vms[0], b.xml, b.topo, NULL) > 0);
	assert_string_equal(b.cfg->vms[0]->cpuset, cpuset);
	assert_string_equal(b.cfg->vms[0]->emulator_cpuset, emulator);
	bench_finish(&b);
}

static void check_round(const char *attrs, const char *cpuset, const char *emulator)
{
	check_round_of(BARE, attrs, cpuset, emulator);
}

TEST(siblings_and_a_set_for_emulators_outlive_a_round)
{
	check_round("rt = true\ncpuset = n1\n", "n1", "");
	check_round("rt = true\ncpuset = n0-n1\nnr_vcpus = 3\n", "n0-n1", "");
	check_round("rt = true\ncpuset = 2-3\nemulator_cpuset = 6\n", "2,6", "");
	check_round("rt = true\ncpuset = n1\nemulator_cpuset = 0\nnr_vcpus = 1\n", "4", "0");
	check_round("cpuset = n1\nemulator_cpuset = 0-1\nnr_vcpus = 2\n", "n1", "0-1");
	check_round("cpuset = n1\nemulator_cpuset = 4\nnr_vcpus = 2\n", "n1", "4");
}

TEST(a_set_for_emulators_holds_without_rt_too)
{
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, "cpuset = 2-3\nemulator_cpuset = 6\nnr_vcpus = 2\n", BARE);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUPIN], "0=2-3 1=2-3");
	assert_string_equal(parts.text[KCFG_PART_CPUSET], "6");
	assert_string_equal(parts.text[KCFG_PART_EMULATORPIN], "6");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
	bench_init(&b, "emulator_cpuset = 6\nnr_vcpus = 2\n", BARE);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUPIN], "");
	assert_string_equal(parts.text[KCFG_PART_CPUSET], "");
	assert_string_equal(parts.text[KCFG_PART_EMULATORPIN], "6");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
}

TEST(vcpus_that_are_plugged_in_later_have_the_cpus_of_the_others)
{
	const char *attrs = "cpuset = 2-5\nemulator_cpuset = 6\nnr_vcpus = 2\n";
	const char *xml = "<domain><name>vm</name><vcpu current='2'>4</vcpu></domain>";
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, attrs, xml);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUS], "2/4");
	assert_string_equal(parts.text[KCFG_PART_VCPUPIN], "0=2-5 1=2-5 2=2-5 3=2-5");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
	check_round_of(xml, attrs, "2-5", "6");
}

TEST(room_for_more_vcpus_is_kept)
{
	struct kcfg_parts parts = { 0 };
	struct bench b;

	import(&b, "", "<domain><name>vm</name><vcpu current='2'>4</vcpu></domain>");
	assert_int_equal(b.cfg->vms[0]->nr_vcpus, 2);
	assert_int_equal(b.cfg->vms[0]->cpu_topology.sockets, 4);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUS], "2/4");
	kcfg_parts_finish(&parts);
	assert_int_equal(kcfg_set(b.cfg, b.cfg->vms[0], KCFG_NR_VCPUS, "3", NULL), 1);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUS], "3/4");
	assert_string_equal(parts.text[KCFG_PART_TOPOLOGY], "4,1,1");
	kcfg_parts_finish(&parts);
	assert_int_equal(kcfg_set(b.cfg, b.cfg->vms[0], KCFG_CPU_TOPOLOGY, "auto", NULL), 1);
	want(&b, &parts);
	assert_string_equal(parts.text[KCFG_PART_VCPUS], "3");
	assert_string_equal(parts.text[KCFG_PART_TOPOLOGY], "1,3,1");
	kcfg_parts_finish(&parts);
	bench_finish(&b);
}

/* Each is what auto means for this VM. */
TEST(what_is_written_out_stays_where_auto_means_the_same)
{
	const char *attrs = "cpuset = n1\nrt = true\nnr_vcpus = 1\ncpu_topology = 1,1,1\n"
			    "rt_memory = true\nnumatune = 1\n";
	struct kcfg_parts parts = { 0 };
	struct bench b;

	bench_init(&b, attrs, BARE);
	want(&b, &parts);
	assert_int_equal(kcfg_xml_write(b.xml, &parts, NULL), 0);
	assert_int_equal(kcfg_domain_import(b.cfg, b.cfg->vms[0], b.xml, b.topo, NULL), 0);
	kcfg_parts_finish(&parts);
	bench_finish(&b);
	import(&b, "numatune =\n", BARE);
	assert_false(b.cfg->vms[0]->numatune.automatic);
	bench_finish(&b);
}

TEST(an_expression_that_means_the_same_stays)
{
	struct bench b;

	import(&b, "cpuset = n1\n",
	       "<domain><name>vm</name><vcpu cpuset='4-7'>1</vcpu></domain>");
	assert_string_equal(b.cfg->vms[0]->cpuset, "n1");
	assert_int_equal(kcfg_domain_import(b.cfg, b.cfg->vms[0], b.xml, b.topo, NULL), 0);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_time_vm_has_a_core_a_vcpu_and_the_rest_for_the_others),
		cmocka_unit_test(a_vm_that_is_not_real_time_keeps_what_is_its_users),
		cmocka_unit_test(only_parts_count_as_differences_not_notes),
		cmocka_unit_test(a_vm_whose_vcpus_have_cpus_and_a_policy_is_real_time),
		cmocka_unit_test(emulators_below_the_vcpus_have_a_set_of_their_own),
		cmocka_unit_test(siblings_and_a_set_for_emulators_outlive_a_round),
		cmocka_unit_test(a_set_for_emulators_holds_without_rt_too),
		cmocka_unit_test(vcpus_that_are_plugged_in_later_have_the_cpus_of_the_others),
		cmocka_unit_test(room_for_more_vcpus_is_kept),
		cmocka_unit_test(what_is_written_out_stays_where_auto_means_the_same),
		cmocka_unit_test(an_expression_that_means_the_same_stays),
	};

	return RUN_TESTS(tests);
}
