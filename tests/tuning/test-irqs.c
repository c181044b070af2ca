/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-irqs.c - tuning/irqs.c and irqs-more.c on trees of files */
#include "tuning/irqs.h"

#include <time.h>

#include "lib/err.h"
#include "tests/tuning/tree.h"

/* As 6.18 prints it; CPU 1 is offline. */
static const char table[] =
	"           CPU0       CPU2       CPU3       \n"
	"  0:         10          0          0 IO-APIC   2-edge      timer\n"
	" 16:          0          7 4294967295 IR-IO-APIC  16-fasteoi   ehci_hcd:usb1, i801 smbus\n"
	" 36:          1    2401983          0 PCI-MSIX-0000:00:02.0   1-edge      nvme0q1\n"
	" 38:          0      10893          0 Hyper-V PCIe MSI 4194304-edge      eth0-rx-0\n"
	" 40:          0          0          0      None\n"
	"NMI:          0          0          3   Non-maskable interrupts\n"
	"LOC:    5961130    5989837          9   Local timer interrupts\n"
	"ERR:          4\n";

static struct tree *set_up(void)
{
	struct tree *tree = tree_new();

	tree_put(tree, "proc/interrupts", table);
	tree_put(tree, "proc/irq/16/smp_affinity_list", "0,2-3\n");
	tree_put(tree, "proc/irq/16/effective_affinity_list", "3\n");
	tree_put(tree, "proc/irq/16/node", "-1\n");
	tree_put(tree, "proc/irq/36/smp_affinity_list", "2\n");
	tree_put(tree, "proc/irq/36/effective_affinity_list", "2\n");
	tree_put(tree, "proc/irq/36/node", "1\n");
	tree_put(tree, "sys/bus/pci/devices/0000:00:02.0/msi_irqs/36", "msix\n");
	tree_put(tree, "sys/bus/pci/devices/0000:00:03.0/msi_irqs/38", "msix\n");
	tree_put(tree, "sys/bus/pci/devices/0000:00:03.0/virtio2/net/eth0/mtu", "1500\n");
	tree_put(tree, "sys/bus/pci/devices/0000:00:1d.0/irq", "16\n");
	return tree;
}

static void parse(struct tune_irqs *irqs, const char *text, int expected, struct rt_err *err)
{
	irqs->text.len = 0;
	rt_buf_puts(&irqs->text, text);
	assert_int_equal(tune_irqs_parse(irqs, err), expected);
}

TEST(a_line_gives_its_counts_chip_trigger_and_actions)
{
	struct tune_irqs irqs = { 0 };
	const struct tune_irq *irq;

	parse(&irqs, table, 0, NULL);
	assert_int_equal(irqs.n, 8);
	assert_int_equal(irqs.nr_cpus, 3);
	assert_int_equal(irqs.cpus[1], 2);
	irq = tune_irqs_find(&irqs, 16);
	assert_int_equal(tune_irq_count(&irqs, irq, 2), UINT32_MAX);
	assert_int_equal(tune_irq_count(&irqs, irq, 3), 0);
	assert_int_equal(tune_irq_total(&irqs, irq), 7 + (uint64_t)UINT32_MAX);
	assert_string_equal(irq->chip, "IR-IO-APIC");
	assert_string_equal(irq->trigger, "16-fasteoi");
	assert_string_equal(irq->actions, "ehci_hcd:usb1, i801 smbus");
	irq = tune_irqs_find(&irqs, 38);
	assert_string_equal(irq->chip, "Hyper-V PCIe MSI");
	assert_string_equal(irq->actions, "eth0-rx-0");
	irq = tune_irqs_find(&irqs, 40);
	assert_string_equal(irq->chip, "None");
	assert_string_equal(irq->actions, "");
	assert_null(tune_irqs_find(&irqs, 17));
	tune_irqs_finish(&irqs);
}

TEST(lines_of_the_machine_have_words_and_no_number)
{
	struct tune_irqs irqs = { 0 };

	parse(&irqs, table, 0, NULL);
	assert_string_equal(irqs.v[6].label, "LOC");
	assert_int_equal(irqs.v[6].number, -1);
	assert_string_equal(irqs.v[6].actions, "Local timer interrupts");
	assert_int_equal(irqs.v[7].nr_counts, 1);
	assert_int_equal(tune_irq_count(&irqs, &irqs.v[7], 0), 4);
	assert_int_equal(tune_irq_count(&irqs, &irqs.v[7], 1), 0);
	tune_irqs_finish(&irqs);
}

TEST(columns_of_older_kernels_and_wide_counts_are_read_too)
{
	struct tune_irqs irqs = { 0 };

	parse(&irqs, "            CPU0       CPU1       \n"
	      "   8:          0          1   IO-APIC    8-edge      rtc0\n"
	      " 125: 1234567890 1234567890   PCI-MSI 1048576-edge      nvme0q0", 0, NULL);
	assert_int_equal(tune_irq_count(&irqs, &irqs.v[0], 1), 1);
	assert_string_equal(irqs.v[0].chip, "IO-APIC");
	assert_int_equal(tune_irq_count(&irqs, &irqs.v[1], 1), 1234567890);
	assert_string_equal(irqs.v[1].actions, "nvme0q0");
	tune_irqs_finish(&irqs);
}

TEST(what_is_no_table_is_said_with_its_line)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "line 1: expected \"CPU0 CPU1" },
		{ "\n", "line 1: expected" },
		{ "CPU0 CPUx\n", "found \"CPUx\"" },
		{ "CPU0 CPU9999\n", "found \"CPU9999\"" },
		{ "CPU0 CPU1x\n", "found \"CPU1x\"" },
		{ "CPU0\n 1: 5 x\nwhat is this\n", "line 3: expected \"NAME: counts\", found" },
		{ "CPU0\n:\n", "line 2: expected" },
	};
	struct tune_irqs irqs = { 0 };
	struct rt_err err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct rt_err){ 0 };
		parse(&irqs, rows[i].text, -EBADMSG, &err);
		assert_contains(err.text, rows[i].says);
	}
	tune_irqs_finish(&irqs);
}

TEST(affinities_and_devices_are_read_where_asked)
{
	struct tree *tree = set_up();
	struct tune_irqs irqs = { 0 };
	const struct tune_irq *irq;

	assert_int_equal(tune_irqs_read(&irqs, &tree->root, 0, NULL), 0);
	assert_false(tune_irqs_find(&irqs, 36)->has_affinity);
	assert_int_equal(tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_AFFINITY | TUNE_IRQS_DEVICE,
					NULL), 0);
	irq = tune_irqs_find(&irqs, 36);
	assert_true(irq->has_affinity);
	assert_int_equal(rt_cpuset_count(&irq->affinity), 1);
	assert_true(rt_cpuset_has(&irq->effective, 2));
	assert_int_equal(irq->node, 1);
	assert_string_equal(irq->device, "0000:00:02.0");
	assert_string_equal(tune_irqs_find(&irqs, 38)->netdev, "eth0");
	assert_false(tune_irqs_find(&irqs, 38)->has_affinity);
	assert_string_equal(tune_irqs_find(&irqs, 16)->device, "0000:00:1d.0");
	tune_irqs_finish(&irqs);
	tree_destroy(tree);
}

TEST(managed_ones_are_known_by_permissions_or_by_debugfs)
{
	struct tree *tree = set_up();
	struct tune_irqs irqs = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/proc/irq/36/smp_affinity_list", tree->path);
	assert_int_equal(chmod(path, 0444), 0);
	tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_AFFINITY, NULL);
	assert_int_equal(tune_irqs_find(&irqs, 36)->hold, TUNE_IRQ_MANAGED);
	assert_int_equal(tune_irqs_find(&irqs, 16)->hold, TUNE_IRQ_UNKNOWN);
	snprintf(path, sizeof(path), "%s/proc/irq/16/smp_affinity_list", tree->path);
	assert_int_equal(chmod(path, 0444), 0);
	tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_AFFINITY, NULL);
	assert_int_equal(tune_irqs_find(&irqs, 16)->hold, TUNE_IRQ_FIXED);
	tree_put(tree, "sys/kernel/debug/irq/irqs/16", "dstate: 0x1\n IRQD_ACTIVATED\n");
	tree_put(tree, "sys/kernel/debug/irq/irqs/36", "dstate: 0x1\n IRQD_AFFINITY_MANAGED\n");
	tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_AFFINITY, NULL);
	assert_int_equal(tune_irqs_find(&irqs, 16)->hold, TUNE_IRQ_FREE);
	assert_string_equal(tune_irq_hold_name(tune_irqs_find(&irqs, 36)->hold), "managed");
	tune_irqs_finish(&irqs);
	tree_destroy(tree);
}

TEST(probing_leaves_a_recorded_tree_alone)
{
	struct tree *tree = set_up();
	struct tune_irqs irqs = { 0 };
	struct tune_irq *irq;
	char line[16];

	tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_AFFINITY, NULL);
	irq = tune_irqs_find(&irqs, 36);
	tune_irq_probe(irq, &tree->root);
	assert_int_equal(irq->hold, TUNE_IRQ_UNKNOWN);
	rt_root_read_line(&tree->root, line, sizeof(line), NULL, "proc/irq/36/smp_affinity_list");
	assert_string_equal(line, "2");
	tune_irqs_finish(&irqs);
	tree_destroy(tree);
}

TEST(words_choose_by_number_action_device_and_interface)
{
	struct tree *tree = set_up();
	struct tune_irqs irqs = { 0 };

	tune_irqs_read(&irqs, &tree->root, TUNE_IRQS_DEVICE, NULL);
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 36), "36"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 36), "nvme*"));
	assert_false(tune_irq_matches(tune_irqs_find(&irqs, 36), "nvme"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 16), "i801 smbus"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 16), "ehci_hcd:*"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 38), "eth0"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 38), "0000:00:03.0"));
	assert_true(tune_irq_matches(tune_irqs_find(&irqs, 38), "0000:00:03.0/eth0-*"));
	assert_false(tune_irq_matches(tune_irqs_find(&irqs, 38), "0000:00:03.0/eth0"));
	assert_false(tune_irq_matches(tune_irqs_find(&irqs, 38), "0000:00:02.0/eth0-*"));
	assert_true(tune_irq_matches(&irqs.v[6], "LOC"));
	assert_false(tune_irq_matches(&irqs.v[6], "Local timer interrupts"));
	tune_irqs_finish(&irqs);
	tree_destroy(tree);
}

/* What a view pays every second; in CPU time, as the machine may be busy. */
TEST(a_thousand_lines_of_256_cpus_cost_under_10_ms)
{
	struct tree *tree = tree_new();
	struct rt_buf text = { 0 };
	struct tune_irqs irqs = { 0 };
	struct timespec a, b;
	double best = 1, took;
	int i, cpu;

	for (cpu = 0; cpu < 256; cpu++)
		rt_buf_printf(&text, "%11s%-3d", "CPU", cpu);
	for (i = 0; i < 1000; i++) {
		rt_buf_printf(&text, "\n%4d:", i);
		for (cpu = 0; cpu < 256; cpu++)
			rt_buf_printf(&text, " %10d", (cpu * 31 + i) % 7 ? 0 : i * 7919 + cpu);
		rt_buf_printf(&text, " PCI-MSIX-0000:00:02.0 %4d-edge      dev%d-q%d", i,
			      i / 64, i);
	}
	tree_put(tree, "proc/interrupts", rt_buf_str(&text));
	for (i = 0; i < 10; i++) {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		assert_int_equal(tune_irqs_read(&irqs, &tree->root, 0, NULL), 0);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		took = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
		best = took < best ? took : best;
	}
	print_message("%.2f ms\n", best * 1e3);
	assert_int_equal(tune_irq_count(&irqs, tune_irqs_find(&irqs, 999), 2), 0);
#if defined(__OPTIMIZE__) && !defined(KVMRT_SAN)
	assert_true(best < 0.010);
#endif
	rt_buf_finish(&text);
	tune_irqs_finish(&irqs);
	tree_destroy(tree);
}

TEST(this_machine_reads_as_its_files_say)
{
	struct tune_irqs irqs = { 0 }, soft = { 0 };
	struct rt_root root;
	char line[4096], list[4096];
	unsigned int seen = 0;
	size_t i;

	assert_int_equal(rt_root_init(&root, NULL, NULL), 0);
	if (!rt_root_exists(&root, "proc/interrupts"))
		skip();
	assert_int_equal(tune_irqs_read(&irqs, &root, TUNE_IRQS_AFFINITY | TUNE_IRQS_DEVICE,
					NULL), 0);
	for (i = 0; i < irqs.n; i++) {
		if (!irqs.v[i].has_affinity)
			continue;
		assert_int_equal(rt_root_read_line(&root, line, sizeof(line), NULL,
						   "proc/irq/%d/smp_affinity_list",
						   irqs.v[i].number), 0);
		rt_cpuset_format(&irqs.v[i].affinity, list, sizeof(list));
		assert_string_equal(line, list);
		seen++;
	}
	print_message("%u interrupts with an affinity\n", seen);
	assert_int_equal(tune_softirqs_read(&soft, &root, NULL), 0);
	assert_string_equal(soft.v[0].label, "HI");
	tune_irqs_finish(&irqs);
	tune_irqs_finish(&soft);
	rt_root_finish(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_its_counts_chip_trigger_and_actions),
		cmocka_unit_test(lines_of_the_machine_have_words_and_no_number),
		cmocka_unit_test(columns_of_older_kernels_and_wide_counts_are_read_too),
		cmocka_unit_test(what_is_no_table_is_said_with_its_line),
		cmocka_unit_test(affinities_and_devices_are_read_where_asked),
		cmocka_unit_test(managed_ones_are_known_by_permissions_or_by_debugfs),
		cmocka_unit_test(probing_leaves_a_recorded_tree_alone),
		cmocka_unit_test(words_choose_by_number_action_device_and_interface),
		cmocka_unit_test(a_thousand_lines_of_256_cpus_cost_under_10_ms),
		cmocka_unit_test(this_machine_reads_as_its_files_say),
	};

	return RUN_TESTS(tests);
}
