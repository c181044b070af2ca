/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-persist.c - tuning/persist.c: its block in a file that a person edits too */
#include "tuning/persist.h"

#include "lib/cpulist.h"
#include "lib/err.h"
#include "tests/tuning/tree.h"
#include "tuning/irqs.h"

#define BEGIN "# irq-affinity --persist: begin\n"
#define END "# irq-affinity --persist: end\n"

static struct tune_irq make_irq(const char *label, const char *actions, const char *cpus,
				const char *device)
{
	struct tune_irq irq = { .label = label, .number = atoi(label), .actions = actions,
				.has_affinity = true };

	assert_int_equal(rt_cpuset_parse(&irq.affinity, cpus, NULL), 0);
	snprintf(irq.device, sizeof(irq.device), "%s", device);
	return irq;
}

static void add(struct tune_persist *persist, const char *label, const char *actions,
		const char *cpus)
{
	struct tune_irq irq = make_irq(label, actions, cpus, "");
	struct tune_irqs irqs = { .v = &irq, .n = 1 };

	assert_int_equal(tune_persist_add(persist, &irqs, &irq), 0);
}

static const struct tune_irqs no_irqs;

static void expect_of(const struct tune_irqs *irqs, const struct tune_persist *persist,
		      const char *before, const char *after)
{
	struct rt_buf out = { 0 };

	tune_persist_edit(&out, before, persist, irqs);
	assert_string_equal(rt_buf_str(&out), after);
	rt_buf_finish(&out);
}

static void expect(const struct tune_persist *persist, const char *before, const char *after)
{
	expect_of(&no_irqs, persist, before, after);
}

TEST(a_block_is_added_and_entries_replaced_by_name)
{
	struct tune_persist persist = { 0 };

	add(&persist, "16", "ehci_hcd:usb1, uhci", "0-1");
	add(&persist, "40", "nvme0q1", "2");
	expect(&persist, "",
	       BEGIN "IRQ_ASSIGN+=\"0-1:ehci_hcd:usb1;\"\nIRQ_ASSIGN+=\"2:nvme0q1;\"\n" END);
	expect(&persist,
	       "A=1\n" BEGIN "IRQ_ASSIGN+=\"7:nvme0q1;\"\nIRQ_ASSIGN+=\"7:eth0;\"\n" END "B=2",
	       "A=1\nB=2\n" BEGIN "IRQ_ASSIGN+=\"7:eth0;\"\n"
	       "IRQ_ASSIGN+=\"0-1:ehci_hcd:usb1;\"\nIRQ_ASSIGN+=\"2:nvme0q1;\"\n" END);
	tune_persist_finish(&persist);
}

TEST(what_a_shell_or_a_glob_would_read_in_a_name_is_any_letter)
{
	struct tune_persist persist = { 0 };

	add(&persist, "16", "$(reboot)", "0");
	add(&persist, "17", "a;b", "0");
	add(&persist, "18", "i801 smbus", "0");
	add(&persist, "19", "ahci[0000:00:17.0]", "0");
	expect(&persist, "", BEGIN "IRQ_ASSIGN+=\"0:?(reboot);\"\nIRQ_ASSIGN+=\"0:a?b;\"\n"
	       "IRQ_ASSIGN+=\"0:i801?smbus;\"\nIRQ_ASSIGN+=\"0:ahci?0000:00:17.0];\"\n" END);
	tune_persist_finish(&persist);
}

TEST(a_word_means_no_interrupt_with_other_cpus)
{
	struct tune_irq v[] = {
		make_irq("40", "eth0", "0", "0000:02:00.0"),
		make_irq("41", "eth0-TxRx-0", "1", "0000:02:00.0"),
		make_irq("43", "xhci_hcd", "0", "0000:00:14.0"),
		make_irq("44", "xhci_hcd", "1", "0000:00:15.0"),
		make_irq("45", "shared, its", "0", ""),
		make_irq("46", "shared", "1", ""),
		make_irq("47", "same", "2", ""),
		make_irq("48", "same", "2", ""),
	};
	struct tune_irqs irqs = { .v = v, .n = sizeof(v) / sizeof(*v) };
	struct tune_persist persist = { 0 };
	size_t i;

	strcpy(v[0].netdev, "eth0");
	strcpy(v[1].netdev, "eth0");
	for (i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (v[i].number != 46)
			assert_int_equal(tune_persist_add(&persist, &irqs, &v[i]), 0);
	expect(&persist, "", BEGIN "IRQ_ASSIGN+=\"0:0000:02:00.0/eth0;\"\n"
	       "IRQ_ASSIGN+=\"1:eth0-TxRx-0;\"\n"
	       "IRQ_ASSIGN+=\"0:0000:00:14.0/xhci_hcd;\"\n"
	       "IRQ_ASSIGN+=\"1:0000:00:15.0/xhci_hcd;\"\n"
	       "IRQ_ASSIGN+=\"0:its;\"\nIRQ_ASSIGN+=\"2:same;\"\n" END);
	tune_persist_finish(&persist);
}

TEST(a_line_goes_when_all_that_it_means_has_other_words)
{
	struct tune_irq v[] = {
		make_irq("43", "xhci_hcd", "0", "0000:00:14.0"),
		make_irq("44", "xhci_hcd", "1", "0000:00:15.0"),
		make_irq("45", "eth0", "2", "0000:02:00.0"),
	};
	struct tune_irqs irqs = { .v = v, .n = sizeof(v) / sizeof(*v) };
	struct tune_persist persist = { 0 };

	assert_int_equal(tune_persist_add(&persist, &irqs, &v[0]), 0);
	expect_of(&irqs, &persist, BEGIN "IRQ_ASSIGN+=\"0-1:xhci_hcd;\"\n" END,
		  BEGIN "IRQ_ASSIGN+=\"0-1:xhci_hcd;\"\n"
		  "IRQ_ASSIGN+=\"0:0000:00:14.0/xhci_hcd;\"\n" END);
	assert_int_equal(tune_persist_add(&persist, &irqs, &v[1]), 0);
	assert_int_equal(tune_persist_add(&persist, &irqs, &v[2]), 0);
	expect_of(&irqs, &persist, "IRQ_ASSIGN+=\"3:xhci_hcd;\"\n" BEGIN
		  "IRQ_ASSIGN+=\"0-1:xhci_hcd;\"\nIRQ_ASSIGN+=\"1:0000:02:00.0/eth0;\"\n"
		  "IRQ_ASSIGN+=\"1:not-there;\"\n" END,
		  "IRQ_ASSIGN+=\"3:xhci_hcd;\"\n" BEGIN "IRQ_ASSIGN+=\"1:not-there;\"\n"
		  "IRQ_ASSIGN+=\"0:0000:00:14.0/xhci_hcd;\"\n"
		  "IRQ_ASSIGN+=\"1:0000:00:15.0/xhci_hcd;\"\nIRQ_ASSIGN+=\"2:eth0;\"\n" END);
	tune_persist_finish(&persist);
}

TEST(what_no_name_tells_from_others_is_not_kept)
{
	struct tune_irq v[] = {
		make_irq("43", "xhci_hcd", "0", ""),
		make_irq("44", "xhci_hcd", "1", ""),
		make_irq("45", "", "0", "0000:00:14.0"),
	};
	struct tune_irqs irqs = { .v = v, .n = sizeof(v) / sizeof(*v) };
	struct tune_persist persist = { 0 };
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(*v); i++)
		assert_int_equal(tune_persist_add(&persist, &irqs, &v[i]), 1);
	assert_int_equal(persist.n, 0);
	tune_persist_finish(&persist);
}

TEST(the_file_is_the_one_of_the_distribution)
{
	struct tune_persist persist = { 0 };
	struct tree *tree = tree_new();
	char *text;

	add(&persist, "16", "eth0", "0");
	tree_put(tree, "etc/default/shield", "# mine\n");
	assert_int_equal(tune_persist_write(&persist, &no_irqs, &tree->root, false, NULL), 0);
	assert_string_equal(persist.path, "etc/default/shield");
	assert_int_equal(rt_root_read(&tree->root, &text, NULL, NULL, "etc/default/shield"), 0);
	assert_string_equal(text, "# mine\n" BEGIN "IRQ_ASSIGN+=\"0:eth0;\"\n" END);
	free(text);
	tree_put(tree, "etc/sysconfig/other", "");
	assert_int_equal(tune_persist_write(&persist, &no_irqs, &tree->root, true, NULL), 0);
	assert_string_equal(persist.path, "etc/default/shield");
	assert_int_equal(unlinkat(tree->root.fd, "etc/default/shield", 0), 0);
	assert_int_equal(tune_persist_write(&persist, &no_irqs, &tree->root, true, NULL), 0);
	assert_string_equal(persist.path, "etc/sysconfig/shield");
	assert_false(rt_root_exists(&tree->root, "etc/sysconfig/shield"));
	tune_persist_finish(&persist);
	tree_destroy(tree);
}

TEST(a_service_keeps_the_cpus_of_all_its_threads)
{
	struct tree *tree = tree_new();
	struct tune_units units = { 0 };
	struct rt_cpuset set;
	struct rt_err err = { 0 };
	char *text;

	rt_cpuset_parse(&set, "0-1", NULL);
	assert_int_equal(tune_units_add(&units, "/system.slice/chrony.service", &set), 0);
	rt_cpuset_parse(&set, "3", NULL);
	assert_int_equal(tune_units_add(&units, "/system.slice/chrony.service/sub", &set), 0);
	assert_int_equal(tune_units_add(&units, "/user.slice/user@0.service/a.service", &set), 0);
	assert_int_equal(tune_units_add(&units, "/", &set), 1);
	assert_int_equal(tune_units_add(&units, "", &set), 1);
	assert_int_equal(tune_units_add(&units, "/x.slice/.service/session-1.scope", &set), 1);
	assert_int_equal(units.n, 2);
	rt_cpuset_parse(&set, "5", NULL);
	tune_units_widen(&units, "/system.slice/chrony.service", &set);
	tune_units_widen(&units, "/system.slice/other.service", &set);
	tune_units_widen(&units, "/", &set);
	assert_int_equal(units.n, 2);
	assert_int_equal(tune_units_write(&units, &tree->root, &err), RT_ECANNOT);
	assert_contains(err.text, "without systemd");
	tree_put(tree, "etc/systemd/system/other.service", "");
	assert_int_equal(tune_units_write(&units, &tree->root, NULL), 0);
	assert_int_equal(rt_root_read(&tree->root, &text, NULL, NULL, "etc/systemd/system/"
				      "chrony.service.d/" TUNE_UNIT_FILE), 0);
	assert_string_equal(text, "# task-affinity --persist\n[Service]\nCPUAffinity=\n"
			    "CPUAffinity=0-1,3,5\n");
	free(text);
	assert_true(rt_root_exists(&tree->root, "etc/systemd/system/user@0.service.d"));
	tune_units_finish(&units);
	tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_added_and_entries_replaced_by_name),
		cmocka_unit_test(what_a_shell_or_a_glob_would_read_in_a_name_is_any_letter),
		cmocka_unit_test(a_word_means_no_interrupt_with_other_cpus),
		cmocka_unit_test(a_line_goes_when_all_that_it_means_has_other_words),
		cmocka_unit_test(what_no_name_tells_from_others_is_not_kept),
		cmocka_unit_test(the_file_is_the_one_of_the_distribution),
		cmocka_unit_test(a_service_keeps_the_cpus_of_all_its_threads),
	};

	return RUN_TESTS(tests);
}
