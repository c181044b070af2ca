/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-rules.c - config/rules*.c: what each rule finds, and what it lets pass */
#include "config/rules.h"
#include "tests/unit.h"

#include "config/virt.h"
#include "lib/buf.h"
#include "lib/err.h"

#define A "[00000000-0000-4000-8000-00000000000a]\nname = a\n"
#define B "[00000000-0000-4000-8000-00000000000b]\nname = b\n"
#define C "[00000000-0000-4000-8000-00000000000c]\nname = c\n"
#define RT_A A "rt = yes\nnr_vcpus = 3\ncpuset = n1\n"

static struct tune_topo *topo;
static struct kcfg_domain domains[8];
static size_t nr_domains;

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

/* "line id: text", a line a finding. */
static void check(const char *text, const char *want)
{
	struct kcfg_places places;
	struct kcfg_findings findings;
	struct rt_buf out = { 0 };
	struct kcfg *cfg;
	size_t i;

	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, true), 0);
	assert_int_equal(kcfg_rules_check(&findings, cfg, &(struct kcfg_check){
		.places = &places, .topo = topo, .domains = nr_domains ? domains : NULL,
		.nr_domains = nr_domains }), 0);
	for (i = 0; i < findings.n; i++)
		rt_buf_printf(&out, "%u %s: %s\n", findings.v[i].line, findings.v[i].rule->id,
			      findings.v[i].text);
	assert_string_equal(rt_buf_str(&out), want);
	kcfg_findings_finish(&findings);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
	rt_buf_finish(&out);
}

TEST(every_rule_says_what_and_why)
{
	size_t i;

	for (i = 0; i < kcfg_nr_rules; i++) {
		assert_ptr_equal(kcfg_rule_find(kcfg_rules[i].id), &kcfg_rules[i]);
		assert_true(strlen(kcfg_rules[i].text) > 10);
		assert_true(strlen(kcfg_rules[i].reason) > 30);
	}
	assert_null(kcfg_rule_find("rt"));
}

TEST(what_is_right_passes)
{
	check("", "");
	check(A, "");
	check(RT_A B "cpuset = 2-5\nnr_vcpus = 3\n", "");
	check(RT_A "emulator_cpuset = 0-1\n", "");
}

TEST(what_the_reader_found_is_a_finding)
{
	check("name\n" A "rt = perhaps\nrt = 1\ncolour = red\n" A,
	      "1 bad-line: expected \"attribute = value\", a section or an indented line of a "
	      "value, found \"name\"\n"
	      "4 bad-value: rt: expected true or false (or yes, no, on, off, 1, 0), found "
	      "\"perhaps\"\n"
	      "5 duplicate-attribute: \"rt\" is set a second time; the first is in line 4\n"
	      "6 unknown-attribute: unknown attribute \"colour\"\n"
	      "7 duplicate-section: a second section of 00000000-0000-4000-8000-00000000000a; "
	      "the first is in line 2\n");
}

TEST(names_are_there_and_unique)
{
	check("[00000000-0000-4000-8000-00000000000a]\n",
	      "1 name-missing: expected a name, found none\n");
	check("[00000000-0000-4000-8000-00000000000a]\nname = a/b\n",
	      "2 name-missing: expected a name without \"/\", found \"a/b\"\n");
	check(A "[00000000-0000-4000-8000-00000000000b]\ntitle = b\nname = a\n",
	      "5 name-not-unique: name \"a\" is that of line 2 as well\n");
}

TEST(numbers_of_cpus_fit_one_another)
{
	check(A "nr_vcpus = 4\ncpu_topology = 1,2,2\n", "");
	check(A "nr_vcpus = 4\ncpu_topology = 2,2,2\n",
	      "4 topology-room: cpu_topology: expected a product of 4 (nr_vcpus), found "
	      "2 x 2 x 2 = 8\n");
	check(A "nr_vcpus = 4\ncpu_topology = 1,3,1\n",
	      "4 topology-product: cpu_topology: expected a product of 4 (nr_vcpus), found "
	      "1 x 3 x 1 = 3\n");
	check(A "nr_vcpus = 4\ncpu_topology = 4096,4096,4096\n",
	      "4 topology-product: cpu_topology: expected a product of 4 (nr_vcpus), found "
	      "4096 x 4096 x 4096 = 68719476736\n");
	check(A "nr_vcpus = 2\ncpuset = 2-3\n",
	      "4 cpuset-small: cpuset: expected at least 3 CPUs (nr_vcpus + 1), found 2\n");
	check(A "rt = yes\nnr_vcpus = 4\ncpuset = n1\n",
	      "5 rt-too-few-cpus: cpuset: expected CPUs of at least 5 cores (nr_vcpus + 1), "
	      "found 4\n");
	check(A "rt = yes\nnr_vcpus = 4\ncpuset = n1\nemulator_cpuset = 0\n", "");
	check(A "rt = yes\nnr_vcpus = 4\ncpuset = n1\nemulator_cpuset = 8\n",
	      "5 rt-too-few-cpus: cpuset: expected CPUs of at least 4 cores (nr_vcpus), found 4, "
	      "some of them in emulator_cpuset\n");
}

TEST(what_the_machine_has_not_is_found)
{
	check(A "cpuset = n7\nemulator_cpuset = 99\nnumatune = 0,4\n",
	      "3 cpus-unknown: cpuset: CPU set \"n7\", column 1: no node 7 in this machine, "
	      "which has nodes 0-1\n"
	      "4 cpus-unknown: emulator_cpuset: CPU set \"99\", column 1: no CPU 99 in this "
	      "machine, which has CPUs 0-15\n"
	      "5 numatune-unknown: numatune: no node 4 in this machine, which has nodes 0-1\n");
	rt_cpuset_remove(&topo->online, 8);
	rt_cpuset_remove(&topo->online, 3);
	check(A "cpuset = 8-10\n", "3 cpus-partly-offline: cpuset: CPU 8 offline; bring it up, or "
	      "choose others\n");
	check(A "rt = 1\ncpuset = 4,10\n", "4 rt-many-nodes: cpuset: spans nodes 0-1\n");
	check(RT_A "emulator_cpuset = 3\n", "6 cpus-offline: emulator_cpuset: CPU 3 offline; bring "
	      "it up, or choose others\n");
	rt_cpuset_remove(&topo->online, 9);
	check(A "cpuset = 8-9\n", "3 cpus-offline: cpuset: CPUs 8-9 offline; bring them up, or "
	      "choose others\n");
	check(A "rt = 1\ncpuset = 8,10\n", "4 cpus-offline: cpuset: CPU 8 offline; bring it up, or "
	      "choose others\n");
	/* A spare one beside those of the other threads, and then the only one of theirs. */
	rt_cpuset_remove(&topo->online, 14);
	rt_cpuset_remove(&topo->online, 15);
	check(A "rt = 1\ncpuset = 10,12,14\n", "4 cpus-partly-offline: cpuset: CPU 14 offline; "
	      "bring it up, or choose others\n");
	check(A "rt = 1\nnr_vcpus = 2\ncpuset = 10,12,14\n", "5 cpus-offline: cpuset: CPU 14 "
	      "offline; bring it up, or choose others\n");
	rt_cpuset_or(&topo->online, &(struct rt_cpuset){ { 0xc000 } });
	rt_cpuset_add(&topo->online, 8);
	rt_cpuset_add(&topo->online, 3);
	/* CPU 9 is down for the real-time VM, and no fault of the other. */
	check(A "rt = 1\ncpuset = 8,10\nnumatune = 1\n" B "cpuset = 9,11,13\nnumatune =\n",
	      "4 rt-siblings: cpuset: CPUs 9,11 will be taken down, but are used by VM \"b\"\n"
	      "4 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"b\"\n");
	rt_cpuset_add(&topo->online, 9);
}

TEST(a_real_time_vm_has_cpus_and_locked_memory)
{
	check(A "rt = yes\n", "1 rt-no-cpuset: real-time, but cpuset is empty; expected at least "
	      "2 CPUs\n");
	check(RT_A "rt_memory = off\n",
	      "6 rt-no-memory: real-time, but rt_memory is off; expected auto or true\n");
}

TEST(cpu_0_is_a_poor_choice_or_none)
{
	check(A "rt = yes\ncpuset = 0,2\n",
	      "4 rt-cpu0: cpuset: has CPU 0, on which the kernel does work of its own\n");
	check(A "rt = yes\ncpuset = 1,2\n",
	      "4 rt-cpu0-down: cpuset: CPU 1 has CPU 0 as a sibling, which cannot be taken down\n");
}

TEST(the_emulator_is_not_where_nothing_will_run)
{
	check(RT_A "emulator_cpuset = 1,9\n", "6 rt-emulator-down: emulator_cpuset: CPU 9 will be "
	      "taken down, as siblings of the VM's own\n");
}

TEST(memory_and_cpus_are_in_one_node)
{
	check(A "rt = yes\nnr_vcpus = 2\ncpuset = 2,4,8\n",
	      "5 rt-many-nodes: cpuset: spans nodes 0-1\n");
	check(RT_A "numatune =\n",
	      "6 rt-numatune: real-time, but numatune is off; cpuset is in node 1\n");
	check(RT_A "numatune = 0-1\n",
	      "6 rt-numatune: numatune: expected nodes of the cpuset (node 1), found nodes 0-1\n");
}

TEST(no_other_vm_has_the_cores_of_a_real_time_vm)
{
	check(RT_A "numatune = 1\n" B "nr_vcpus = 1\ncpuset = 7,8,10\nnumatune =\n",
	      "5 rt-overlap: cpuset: CPUs 8,10 are used by VM \"b\" (line 10) as well\n"
	      "5 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"b\"\n");
	check(A "rt = 1\ncpuset = 8,10\n" B "rt = 1\ncpuset = 11,12\n",
	      "4 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"b\"\n"
	      "8 rt-overlap: cpuset: CPUs 10-11 are used by VM \"a\" (line 4) as well\n"
	      "8 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"a\"\n");
	check(RT_A B "rt = 1\nemulator_cpuset = 8\ncpuset = 2\n",
	      "5 rt-overlap: cpuset: CPU 8 is used by VM \"b\" (line 10) as well\n");
	check(RT_A B "disabled = yes\ncpuset = 8\n", "");
}

TEST(a_cpuset_is_the_real_time_vms_with_the_siblings_that_it_names)
{
	check(RT_A "numatune = 1\n" B "nr_vcpus = 1\ncpuset = 1,9,11\nnumatune =\n",
	      "5 rt-overlap: cpuset: CPUs 9,11 are used by VM \"b\" (line 10) as well\n"
	      "5 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"b\"\n");
}

TEST(siblings_that_go_down_are_missed)
{
	check(A "rt = yes\nnr_vcpus = 3\ncpuset = 8,10,12,14\nnumatune = 1\n" B
	      "nr_vcpus = 1\ncpuset = 1,9,11\nnumatune =\n" C
	      "nr_vcpus = 1\ncpuset = 7,9\nnumatune=\n",
	      "5 rt-siblings: cpuset: CPUs 9,11 will be taken down, but are used by VM \"b\", "
	      "\"c\"\n"
	      "5 rt-node-shared: cpuset: node 1 is also used by CPUs of VM \"b\", \"c\"\n");
}

TEST(others_memory_in_the_node_is_found)
{
	check(RT_A B "numatune = 1\n" C "numatune = 0-1\n"
	      "[00000000-0000-4000-8000-00000000000d]\nname = d\nnumatune = 1\n"
	      "[00000000-0000-4000-8000-00000000000e]\nname = e\nnumatune = 1\n"
	      "[00000000-0000-4000-8000-00000000000f]\nname = f\nnumatune = 0\n",
	      "5 rt-node-memory: cpuset: node 1 is also used by the memory of VM \"b\", \"c\", "
	      "\"d\" and 1 more\n");
}

TEST(the_host_keeps_a_cpu)
{
	check(A "rt = yes\nnr_vcpus = 3\ncpuset = n0\n" B "rt = yes\nnr_vcpus = 3\ncpuset = n1\n",
	      "5 rt-cpu0: cpuset: has CPU 0, on which the kernel does work of its own\n"
	      "10 no-cpu-for-host: real-time VMs have all of CPUs 0-15; expected one left for "
	      "the host\n");
}

/* ---- what libvirt has ---- */

TEST(libvirts_vms_are_compared)
{
	static char a[] = "a", b[] = "b", old[] = "old";

	nr_domains = 2;
	domains[0] = (struct kcfg_domain){ .uuid = "00000000-0000-4000-8000-00000000000a",
					   .name = old };
	domains[1] = (struct kcfg_domain){ .uuid = "00000000-0000-4000-8000-000000000001",
					   .name = b };
	check(A, "2 name-differs: name \"a\": libvirt calls the VM \"old\"\n");
	check(B, "1 uuid-unknown: libvirt has no VM of UUID 00000000-0000-4000-8000-00000000000b\n"
	      "2 name-taken: name \"b\" is that of another VM in libvirt, "
	      "00000000-0000-4000-8000-000000000001\n");
	domains[0].name = a;
	check(A, "");
	domains[0].autostart = true;
	check(A, "");
	check(A "autostart = yes\n", "3 autostart-twice: libvirt starts the VM by itself, "
	      "before its CPUs are free\n");
	nr_domains = 0;
}

TEST(memory_fits_into_its_nodes)
{
	static char a[] = "a";

	nr_domains = 1;
	domains[0] = (struct kcfg_domain){ .uuid = "00000000-0000-4000-8000-00000000000a",
					   .name = a, .memory = 3ull << 30 };
	check(A, "");
	topo->at[TUNE_NODE].v[0].free_bytes = 2ull << 30;
	topo->at[TUNE_NODE].v[1].free_bytes = 2ull << 30;
	check(A, "");
	check(A "cpuset = 8-9\n", "1 memory-large: memory of 3 GiB, but 2 GiB free in node 1\n");
	check(A "numatune = 0-1\n", "");
	/* All of QEMU is locked, not only the guest. */
	domains[0].memory = 1500ull << 20;
	check(RT_A, "");
	domains[0].memory = 1950ull << 20;
	check(RT_A, "1 memory-large: memory of 1.9 GiB and 104 MiB of QEMU, all locked, but 2 GiB "
	      "free in node 1\n");
	check(A "cpuset = 8-12\n", "");
	domains[0].memory = 5ull << 30;
	check(A, "1 memory-large: memory of 5 GiB, but 4 GiB free in the host\n");
	domains[0].active = true;
	check(A, "");
	nr_domains = 0;
}

TEST(a_limit_of_the_xml_leaves_room_for_what_is_locked)
{
	static char a[] = "a";

	nr_domains = 1;
	domains[0] = (struct kcfg_domain){ .uuid = "00000000-0000-4000-8000-00000000000a",
					   .name = a, .memory = 512ull << 20 };
	check(RT_A, "");
	domains[0].hard_limit = 616ull << 20;
	check(RT_A, "");
	domains[0].hard_limit = 512ull << 20;
	check(RT_A, "1 memory-limit: memory is locked: expected a hard_limit of at least 616 MiB "
	      "(512 MiB of the guest and 104 MiB of QEMU) in memtune of its XML, found 512 MiB\n");
	/* not locked; or locked otherwise */
	check(A, "");
	check(RT_A "hugepages = 2M\n", "");
	nr_domains = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_says_what_and_why),
		cmocka_unit_test(what_is_right_passes),
		cmocka_unit_test(what_the_reader_found_is_a_finding),
		cmocka_unit_test(names_are_there_and_unique),
		cmocka_unit_test(numbers_of_cpus_fit_one_another),
		cmocka_unit_test(what_the_machine_has_not_is_found),
		cmocka_unit_test(a_real_time_vm_has_cpus_and_locked_memory),
		cmocka_unit_test(cpu_0_is_a_poor_choice_or_none),
		cmocka_unit_test(the_emulator_is_not_where_nothing_will_run),
		cmocka_unit_test(memory_and_cpus_are_in_one_node),
		cmocka_unit_test(no_other_vm_has_the_cores_of_a_real_time_vm),
		cmocka_unit_test(a_cpuset_is_the_real_time_vms_with_the_siblings_that_it_names),
		cmocka_unit_test(siblings_that_go_down_are_missed),
		cmocka_unit_test(others_memory_in_the_node_is_found),
		cmocka_unit_test(the_host_keeps_a_cpu),
		cmocka_unit_test(libvirts_vms_are_compared),
		cmocka_unit_test(memory_fits_into_its_nodes),
		cmocka_unit_test(a_limit_of_the_xml_leaves_room_for_what_is_locked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
