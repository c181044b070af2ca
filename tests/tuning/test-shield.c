/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-shield.c - what a shield sets on a host of files, what it notes, and its service's file */
#include "tests/tuning/host-tree.h"

#include "lib/err.h"
#include "tuning/shield-file.h"
#include "tuning/shield-note.h"
#include "tuning/shield.h"

#define CPU "sys/devices/system/cpu/"
#define WQ "sys/devices/virtual/workqueue/"
#define NET "sys/class/net/eth0/queues/"

static const struct tree_file host[] = {
	{ CPU "present", "0-3" },
	{ CPU "online", "0-3" },
	{ "proc/cmdline", "quiet nohz_full=3 rcu_nocbs=2-3" },
	{ "proc/interrupts", "           CPU0       CPU1       CPU2       CPU3\n"
	  " 24:          1          2          3          4   PCI-MSI 1-edge      eth0\n"
	  " 25:          1          2          3          4   PCI-MSI 2-edge      nvme0q1\n"
	  " 26:          1          2          3          4   PCI-MSI 3-edge      eth1" },
	{ "proc/irq/24/smp_affinity_list", "0-3" },
	{ "proc/irq/24/effective_affinity_list", "2" },
	{ "proc/irq/25/smp_affinity_list", "2" },
	{ "proc/irq/25/effective_affinity_list", "2" },
	{ "proc/irq/26/smp_affinity_list", "0" },
	{ "proc/irq/26/effective_affinity_list", "0" },
	{ "proc/irq/default_smp_affinity", "f" },
	{ "proc/sys/kernel/watchdog_cpumask", "0-3" },
	{ "proc/sys/vm/stat_interval", "1" },
	{ WQ "cpumask", "f" },
	{ WQ "cpumask_isolated", "0" },
	{ WQ "writeback/cpumask", "c" },
	{ WQ "power/control", "auto" },
	{ NET "rx-0/rps_cpus", "c" },
	{ NET "tx-0/xps_cpus", "3" },
	{ "sys/fs/cgroup/cgroup.controllers", "cpu" },
	{ NULL, NULL }
};

static struct tree *tree;

static int setup(void **state)
{
	(void)state;
	tree = tree_of(host);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_destroy(tree);
	return 0;
}

static struct tune_shield shield_of(const char *list)
{
	struct tune_shield shield = { 0 };
	int kind;

	for (kind = 0; kind < TUNE_SHIELD_MEM; kind++)
		assert_int_equal(rt_cpuset_parse(&shield.cpus[kind], list, NULL), 0);
	return shield;
}

TEST(all_that_can_be_elsewhere_goes_and_comes_back)
{
	struct tune_shield shield = shield_of("2-3");
	struct tune_plan plan = { .root = &tree->root };
	struct tune_journal *journal;
	struct rt_err why = { 0 };
	enum tune_tier tier;

	assert_int_equal(tune_shield_check(&tree->root, &shield, NULL), 0);
	assert_int_equal(tune_journal_open(&journal, &tree->root, "shield", NULL), 0);
	assert_int_equal(tune_shield_apply(journal, &plan, &shield, &tier, &why, NULL), 0);
	assert_int_equal(tier, TUNE_TIER_AFFINITY);
	assert_contains(why.text, "no cpuset controller of cgroup version 2");
	tree_expect(tree, "proc/irq/24/smp_affinity_list", "0-1");
	tree_expect(tree, "proc/irq/25/smp_affinity_list", "0-1");
	tree_expect(tree, "proc/irq/26/smp_affinity_list", "0");
	tree_expect(tree, "proc/irq/default_smp_affinity", "3");
	tree_expect(tree, "proc/sys/kernel/watchdog_cpumask", "0-1");
	tree_expect(tree, "proc/sys/vm/stat_interval", "120");
	tree_expect(tree, WQ "cpumask", "3");
	tree_expect(tree, WQ "cpumask_isolated", "0");
	tree_expect(tree, WQ "writeback/cpumask", "3");
	tree_expect(tree, NET "rx-0/rps_cpus", "0");
	tree_expect(tree, NET "tx-0/xps_cpus", "3");
	assert_int_equal(tune_shield_undo(journal, NULL, NULL), 0);
	tune_journal_close(journal);
	tune_plan_finish(&plan);
	tree_expect(tree, "proc/irq/25/smp_affinity_list", "2");
	tree_expect(tree, "proc/irq/default_smp_affinity", "f");
	tree_expect(tree, "proc/sys/vm/stat_interval", "1");
	tree_expect(tree, WQ "writeback/cpumask", "c");
	tree_expect(tree, NET "rx-0/rps_cpus", "c");
}

TEST(one_kind_leaves_what_the_others_would_set)
{
	struct tune_shield shield = { 0 };
	struct tune_plan plan = { .root = &tree->root };

	rt_cpuset_add(&shield.cpus[TUNE_SHIELD_LOC], 3);
	assert_int_equal(tune_shield_plan(&plan, &shield, NULL), 0);
	assert_int_equal(plan.nr, 2);
	assert_string_equal(plan.changes[0].wanted, "0-2");
	tune_plan_finish(&plan);
}

static int name_absent(void *arg, const char *irq, struct rt_err *err)
{
	(void)arg;
	return rt_err_say(err, -ENOENT, "absent: %s", irq);
}

TEST(an_assigned_interrupt_goes_where_it_is_told)
{
	struct tune_shield shield = shield_of("2-3");
	struct tune_plan plan = { .root = &tree->root };
	struct rt_cpuset cpus;

	rt_cpuset_parse(&cpus, "3", NULL);
	assert_int_equal(tune_irq_assigns_add(&shield.assigns, &cpus, strdup("eth1")), 0);
	assert_int_equal(tune_shield_plan(&plan, &shield, NULL), 0);
	assert_string_equal(plan.changes[2].target, "proc/irq/26/smp_affinity_list");
	assert_string_equal(plan.changes[2].wanted, "3");
	tune_plan_finish(&plan);
	tune_irq_assigns_finish(&shield.assigns);
}

TEST(an_assigned_interrupt_that_is_not_there_is_named_and_hinders_nothing)
{
	struct tune_shield shield = shield_of("2-3");
	struct tune_plan plan = { .root = &tree->root };
	struct rt_err err = { 0 };
	struct rt_cpuset cpus;

	rt_cpuset_parse(&cpus, "3", NULL);
	tune_irq_assigns_add(&shield.assigns, &cpus, strdup("eth1"));
	assert_int_equal(tune_shield_for_absent(&tree->root, &shield, name_absent, NULL, &err), 0);
	tune_irq_assigns_add(&shield.assigns, &cpus, strdup("eth7"));
	assert_int_equal(tune_shield_for_absent(&tree->root, &shield, name_absent, NULL, &err),
			 -ENOENT);
	assert_string_equal(err.text, "absent: eth7");
	assert_int_equal(tune_shield_plan(&plan, &shield, NULL), 0);
	assert_string_equal(plan.changes[2].target, "proc/irq/26/smp_affinity_list");
	tune_plan_finish(&plan);
	tune_irq_assigns_finish(&shield.assigns);
}

TEST(cpus_that_are_not_there_and_all_of_them_are_refused)
{
	struct tune_shield shield = shield_of("2,9");
	struct rt_err err = { 0 };

	assert_int_equal(tune_shield_check(&tree->root, &shield, &err), -EINVAL);
	assert_contains(err.text, "expected CPUs of this machine (0-3), found 9");
	shield = shield_of("0-3");
	assert_int_equal(tune_shield_check(&tree->root, &shield, &err), -EINVAL);
	assert_contains(err.text, "no CPU would be left");
}

TEST(cpus_of_another_partition_are_refused)
{
	struct tune_shield shield = shield_of("2-3");
	struct rt_err err = { 0 };

	tree_put(tree, "sys/fs/cgroup/cgroup.controllers", "cpuset");
	tree_put(tree, "sys/fs/cgroup/vm/cpuset.cpus.partition", "isolated");
	tree_put(tree, "sys/fs/cgroup/vm/cpuset.cpus.effective", "3");
	assert_int_equal(tune_shield_check(&tree->root, &shield, &err), -EBUSY);
	assert_contains(err.text, "CPUs 3 are held by the partition \"/vm\"");
	tree_put(tree, "sys/fs/cgroup/vm/cpuset.cpus.partition", "member");
	tree_put(tree, "sys/fs/cgroup/cgroup.controllers", "cpu");
}

TEST(what_remains_has_a_name_and_a_reason)
{
	struct tune_shield shield = shield_of("2-3");
	struct tune_lefts lefts;

	assert_int_equal(tune_shield_left(&lefts, &tree->root, &shield, NULL), 0);
	assert_int_equal(lefts.nr, 2);
	assert_string_equal(lefts.v[0].name, "eth0");
	assert_string_equal(lefts.v[1].name, "nvme0q1");
	assert_int_equal(lefts.v[1].what, TUNE_LEFT_IRQ);
	assert_int_equal(lefts.v[1].number, 25);
	assert_non_null(lefts.v[1].why);
	tune_lefts_finish(&lefts);
}

TEST(what_only_a_boot_can_do_is_named_as_words)
{
	struct tune_shield shield = shield_of("2-3");
	char words[128];

	assert_int_equal(tune_shield_boot_words(words, sizeof(words), &tree->root, &shield, NULL),
			 0);
	assert_string_equal(words, "nohz_full=2-3");
}

TEST(boot_words_are_read_as_the_kernel_reads_them)
{
	static const char *const lines[][2] = {
		{ "quiet", "nohz_full=2-3 rcu_nocbs=2-3" },
		{ "nohz_full=2-3", "" },
		{ "quiet nohz_full=2-N", "" },
		{ "rcu_nocbs=all", "nohz_full=2-3" },
		{ "\"rcu_nocbs=all\" nohz-full=3", "nohz_full=2-3" },
		{ "quiet -- nohz_full=2-3", "nohz_full=2-3 rcu_nocbs=2-3" },
	};
	struct tune_shield shield = shield_of("2-3");
	char words[128];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		tree_put(tree, "proc/cmdline", lines[i][0]);
		assert_int_equal(tune_shield_boot_words(words, sizeof(words), &tree->root,
							&shield, NULL), 0);
		assert_string_equal(words, lines[i][1]);
	}
}

/* ---- the note ---- */

TEST(a_note_is_read_as_it_was_written)
{
	struct tune_shield shield = shield_of("1,3"), again = { 0 };
	struct rt_cpuset cpus;
	char *note;

	rt_cpuset_parse(&cpus, "0-1", NULL);
	tune_irq_assigns_add(&shield.assigns, &cpus, strdup("eth0"));
	note = tune_shield_note(&shield, TUNE_TIER_CPUSET);
	assert_string_equal(note, "shield irq=1,3 loc=1,3 proc=1,3 tier=cpuset assign=0-1:eth0");
	assert_int_equal(tune_shield_parse_note(&again, note, NULL), 0);
	assert_int_equal(again.tier, TUNE_TIER_CPUSET);
	assert_true(rt_cpuset_equal(&again.cpus[TUNE_SHIELD_PROC], &shield.cpus[TUNE_SHIELD_PROC]));
	assert_int_equal(again.assigns.nr, 1);
	assert_string_equal(again.assigns.v[0].irq, "eth0");
	free(note);
	tune_irq_assigns_finish(&shield.assigns);
	tune_irq_assigns_finish(&again.assigns);
	assert_int_equal(tune_shield_parse_note(&again, "shield proc=2 for=my big vm", NULL), 0);
	assert_int_equal(again.cpus[TUNE_SHIELD_PROC].bits[0], 4);
}

TEST(a_note_of_memory_is_read_as_it_was_written)
{
	struct tune_shield shield = { 0 }, again = { 0 };
	char *note;

	rt_cpuset_add(&shield.cpus[TUNE_SHIELD_MEM], 3);
	note = tune_shield_note(&shield, TUNE_TIER_AUTO);
	assert_string_equal(note, "shield irq= loc= proc= mem=3 tier=auto");
	assert_int_equal(tune_shield_parse_note(&again, note, NULL), 0);
	assert_true(rt_cpuset_has(&again.cpus[TUNE_SHIELD_MEM], 3));
	assert_false(tune_shield_is_empty(&again));
	free(note);
}

TEST(what_is_no_note_is_refused)
{
	static const char *const bad[] = {
		"", "vm irq=1", "shield irq", "shield irq=x", "shield tier=best", "shield a=b",
		"shield assign=0-1", "shield assign=x:eth0",
	};
	struct tune_shield shield = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tune_shield_parse_note(&shield, bad[i], NULL), -EINVAL);
}

TEST(all_journals_together_say_what_is_shielded)
{
	struct tune_shield shield;
	static const char head[] = "kvmrt-journal\t1\t\nnote\t";
	char text[256];

	snprintf(text, sizeof(text), "%sshield irq=1 loc= proc=1 tier=partition\n", head);
	tree_put(tree, TUNE_JOURNAL_DIR "/shield.journal", text);
	snprintf(text, sizeof(text), "%sshield irq=3 loc= proc=2-3 tier=auto\n", head);
	tree_put(tree, TUNE_JOURNAL_DIR "/vm-1.journal", text);
	assert_int_equal(tune_shield_current(&shield, &tree->root, NULL), 0);
	assert_int_equal(shield.cpus[TUNE_SHIELD_IRQ].bits[0], 0xa);
	assert_int_equal(shield.cpus[TUNE_SHIELD_LOC].bits[0], 0);
	assert_int_equal(shield.cpus[TUNE_SHIELD_PROC].bits[0], 0xe);
	assert_int_equal(shield.tier, TUNE_TIER_PARTITION);
	unlinkat(tree->root.fd, TUNE_JOURNAL_DIR "/shield.journal", 0);
	unlinkat(tree->root.fd, TUNE_JOURNAL_DIR "/vm-1.journal", 0);
}

/* ---- the service's file ---- */

TEST(the_guides_lines_are_understood)
{
	struct tune_service service = { 0 };

	assert_int_equal(tune_service_parse(&service,
		"# ours\nSHIELD_ALL=2-3 # two\nSHIELD_IRQ='+1'\n\n"
		"IRQ_ASSIGN+=\"0-4:enp4s0f0;\" IRQ_ASSIGN+=\"0,2:55; 0,2:60; 0,2:61;\"\n",
		NULL), 0);
	assert_string_equal(service.values[TUNE_SERVICE_ALL], "2-3");
	assert_string_equal(service.values[TUNE_SERVICE_IRQ], "+1");
	assert_null(service.values[TUNE_SERVICE_LOC]);
	assert_int_equal(service.nr_assigns, 4);
	assert_string_equal(service.assigns[0].cpus, "0-4");
	assert_string_equal(service.assigns[0].irq, "enp4s0f0");
	assert_string_equal(service.assigns[3].cpus, "0,2");
	assert_string_equal(service.assigns[3].irq, "61");
	tune_service_finish(&service);
}

TEST(an_assignment_without_plus_begins_anew)
{
	struct tune_service service = { 0 };

	assert_int_equal(tune_service_parse(&service, "IRQ_ASSIGN=\"0:1;\"\nIRQ_ASSIGN=\"1:2\"",
					    NULL), 0);
	assert_int_equal(service.nr_assigns, 1);
	assert_string_equal(service.assigns[0].irq, "2");
	tune_service_finish(&service);
}

TEST(lines_may_end_as_on_windows_and_a_semicolon_ends_a_value)
{
	static const char *const good[] = {
		"SHIELD_ALL=\"3\"\r\nIRQ_ASSIGN='3:xhci*'\r\n\r\n",
		"SHIELD_ALL=3\r\n# ours\r\nIRQ_ASSIGN=3:xhci*\r",
		"SHIELD_ALL=3;IRQ_ASSIGN=3:xhci*",
		"SHIELD_ALL=3 ; IRQ_ASSIGN=\"3:xhci*\" \r\n",
	};
	struct tune_service service = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(tune_service_parse(&service, good[i], NULL), 0);
		assert_string_equal(service.values[TUNE_SERVICE_ALL], "3");
		assert_int_equal(service.nr_assigns, 1);
		assert_string_equal(service.assigns[0].irq, "xhci*");
		tune_service_finish(&service);
	}
}

TEST(each_value_and_entry_has_its_line)
{
	struct tune_service service = { 0 };

	assert_int_equal(tune_service_parse(&service, "IRQ_ASSIGN=0:1;\nIRQ_ASSIGN=\"0:2; 0:3;\"\n"
					    "SHIELD_ALL=3\nIRQ_ASSIGN+=\" 0:4;0\"\n\n"
					    "IRQ_ASSIGN+=:5; IRQ_ASSIGN+=0:6", NULL), 0);
	assert_int_equal(service.lines[TUNE_SERVICE_ALL], 3);
	assert_int_equal(service.nr_assigns, 5);
	assert_int_equal(service.assigns[0].line, 2);
	assert_int_equal(service.assigns[1].line, 2);
	assert_int_equal(service.assigns[2].line, 4);
	assert_int_equal(service.assigns[3].line, 4);
	assert_string_equal(service.assigns[3].irq, "5");
	assert_int_equal(service.assigns[4].line, 6);
	tune_service_finish(&service);
}

TEST(a_bad_line_is_named)
{
	static const char *const bad[][2] = {
		{ "\nSHIELD=2", "line 2: expected SHIELD_ALL" },
		{ "SHIELD_ALL 2", "line 1: expected NAME=VALUE, found \"SHIELD_ALL 2\"" },
		{ "SHIELD_ALL=\"2", "expected a closing quote, found \"\"2\"" },
		{ "SHIELD_ALL=$X", "expected a value without expansions" },
		{ "SHIELD_ALL=\"2\"3", "expected a blank behind the value" },
		{ "SHIELD_ALL=\"2\"\r3\r\n", "expected a blank behind the value, found \"?3\"" },
		{ "SHIELD_ALL=\"2\033[2J\"", "without control characters, found \"2?[2J\"" },
		{ "\r\nSHIELD_ALL=\"2\r\n", "line 2: expected a closing quote, found \"\"2\"" },
		{ "\nIRQ_ASSIGN=\"0-4\"",
		  "line 2: IRQ_ASSIGN: expected \"CPUS:INTERRUPT;\", found \"0-4\"" },
		{ "IRQ_ASSIGN=\"0-4:\"", "expected \"CPUS:INTERRUPT;\"" },
		{ "IRQ_ASSIGN=\":eth0\"", "expected \"CPUS:INTERRUPT;\"" },
	};
	struct tune_service service = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rt_err err = { 0 };

		assert_int_equal(tune_service_parse(&service, bad[i][0], &err), -EINVAL);
		assert_contains(err.text, bad[i][1]);
		tune_service_finish(&service);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_can_be_elsewhere_goes_and_comes_back),
		cmocka_unit_test(one_kind_leaves_what_the_others_would_set),
		cmocka_unit_test(an_assigned_interrupt_goes_where_it_is_told),
		cmocka_unit_test(
			an_assigned_interrupt_that_is_not_there_is_named_and_hinders_nothing),
		cmocka_unit_test(cpus_that_are_not_there_and_all_of_them_are_refused),
		cmocka_unit_test(cpus_of_another_partition_are_refused),
		cmocka_unit_test(what_remains_has_a_name_and_a_reason),
		cmocka_unit_test(what_only_a_boot_can_do_is_named_as_words),
		cmocka_unit_test(boot_words_are_read_as_the_kernel_reads_them),
		cmocka_unit_test(a_note_is_read_as_it_was_written),
		cmocka_unit_test(a_note_of_memory_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_note_is_refused),
		cmocka_unit_test(all_journals_together_say_what_is_shielded),
		cmocka_unit_test(the_guides_lines_are_understood),
		cmocka_unit_test(an_assignment_without_plus_begins_anew),
		cmocka_unit_test(lines_may_end_as_on_windows_and_a_semicolon_ends_a_value),
		cmocka_unit_test(each_value_and_entry_has_its_line),
		cmocka_unit_test(a_bad_line_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
