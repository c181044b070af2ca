/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-tracefs.c - xtrace/tracefs.c: a kernel's tracing files, by a tree of plain ones
 *
 * What only a kernel can answer (its error_log, a real instance) is tried by
 * tests/cmd/xtrace-run.sh.
 */
#include "xtrace/tracefs.h"

#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"

#define INSTANCE TREE_TRACING "/instances/xtrace-t"

static struct xt_instance instance(const struct tree *tree)
{
	struct xt_instance inst;

	xt_instance_at(&inst, &tree->fs, "t");
	return inst;
}

static void holds(const struct tree *tree, const char *file, const char *expected)
{
	char *text = tree_get(tree, file);

	assert_string_equal(text, expected);
	free(text);
}

TEST(a_machine_without_tracefs_is_told_how_to_mount_it)
{
	struct tree *tree = *state;
	struct rt_err err = { 0 };
	struct xt_tracefs fs;

	assert_int_equal(xt_tracefs_find(&fs, &tree->root, &err), RT_ECANNOT);
	assert_contains(err.text, "no tracefs at");
	assert_contains(err.text, "mount -t tracefs");
}

TEST(tracefs_is_found_where_it_is_mounted)
{
	struct tree *tree = *state;
	struct xt_tracefs fs;

	tree_make_dir(tree, "sys/kernel/debug/tracing/instances");
	assert_int_equal(xt_tracefs_find(&fs, &tree->root, NULL), 0);
	assert_string_equal(fs.dir, "sys/kernel/debug/tracing");
	tree_make_dir(tree, "sys/kernel/tracing/instances");
	tree_put(tree, "sys/kernel/tracing/kprobe_events", "");
	assert_int_equal(xt_tracefs_find(&fs, &tree->root, NULL), 0);
	assert_string_equal(fs.dir, "sys/kernel/tracing");
	assert_true(xt_tracefs_has(&fs, "kprobe_events"));
	assert_false(xt_tracefs_has(&fs, "uprobe_events"));
}

TEST(an_instance_that_cannot_be_used_is_not_left_behind)
{
	struct tree *tree = *state;
	struct xt_instance inst;
	struct rt_err err = { 0 };

	tree_make_dir(tree, TREE_TRACING "/instances");
	/* A plain folder has no tracing_on. */
	assert_int_equal(xt_instance_create(&inst, &tree->fs, "t", &err), -ENOENT);
	assert_contains(err.text, "tracing_on");
	assert_false(tree_has(tree, INSTANCE));
	tree_make_dir(tree, INSTANCE);
	assert_int_equal(xt_instance_create(&inst, &tree->fs, "t", &err), -EEXIST);
	assert_true(tree_has(tree, INSTANCE));
}

TEST(a_clock_is_one_of_the_words_that_the_kernel_lists)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_err err = { 0 };
	char clock[16];

	tree_put(tree, INSTANCE "/trace_clock", "local global [mono_raw] x86-tsc tai\n");
	assert_int_equal(xt_instance_clock(&inst, clock, sizeof(clock), NULL), 0);
	assert_string_equal(clock, "mono_raw");
	assert_int_equal(xt_instance_set_clock(&inst, "mono", &err), -ENOENT);
	assert_string_equal(err.text, "this kernel has no trace clock \"mono\"");
	assert_int_equal(xt_instance_set_clock(&inst, "tsc", &err), -ENOENT);
	assert_int_equal(xt_instance_set_clock(&inst, "tai", NULL), 0);
	tree_put(tree, INSTANCE "/trace_clock", "nothing in use\n");
	assert_int_equal(xt_instance_clock(&inst, clock, sizeof(clock), &err), -EINVAL);
}

TEST(sub_buffers_are_as_large_as_the_kernel_says)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	uint32_t bytes;

	tree_make_dir(tree, INSTANCE);
	assert_int_equal(xt_instance_set_subbuf(&inst, 64, &bytes, NULL), 0);
	assert_int_equal(bytes, sysconf(_SC_PAGESIZE));
	tree_put(tree, INSTANCE "/buffer_subbuf_size_kb", "4\n");
	assert_int_equal(xt_instance_set_subbuf(&inst, 64, &bytes, NULL), 0);
	assert_int_equal(bytes, 65536);
	holds(tree, INSTANCE "/buffer_subbuf_size_kb", "64");
}

TEST(a_size_is_asked_for_in_kib_and_read_back)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_cpuset cpus;
	struct rt_err err = { 0 };
	uint64_t got;

	assert_int_equal(rt_cpuset_parse(&cpus, "1,3", NULL), 0);
	tree_put(tree, INSTANCE "/buffer_size_kb", "7 (expanded: 1408)\n");
	tree_put(tree, INSTANCE "/per_cpu/cpu0/buffer_size_kb", "7\n");
	tree_put(tree, INSTANCE "/per_cpu/cpu1/buffer_size_kb", "7\n");
	tree_put(tree, INSTANCE "/per_cpu/cpu3/buffer_size_kb", "7\n");
	assert_int_equal(xt_instance_set_size(&inst, 100 << 10, &cpus, false, &got, NULL), 0);
	assert_int_equal(got, 100 << 10);
	holds(tree, INSTANCE "/per_cpu/cpu0/buffer_size_kb", "7\n");
	holds(tree, INSTANCE "/per_cpu/cpu3/buffer_size_kb", "100");
	tree_put(tree, INSTANCE "/per_cpu/cpu1/buffer_size_kb", "");
	assert_int_equal(unlinkat(tree->root.fd, INSTANCE "/per_cpu/cpu3/buffer_size_kb", 0), 0);
	assert_int_equal(xt_instance_set_size(&inst, 8 << 10, &cpus, false, &got, &err), -ENOENT);
	assert_contains(err.text, "cpu3/buffer_size_kb");
}

TEST(cpus_are_chosen_by_a_mask)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_cpuset cpus;
	char *text;

	assert_int_equal(rt_cpuset_parse(&cpus, "0-2,33", NULL), 0);
	tree_put(tree, INSTANCE "/tracing_cpumask", "");
	assert_int_equal(xt_instance_set_cpus(&inst, &cpus, NULL), 0);
	text = tree_get(tree, INSTANCE "/tracing_cpumask");
	assert_contains(text, "2,00000007");
	free(text);
}

TEST(events_are_enabled_one_by_one_or_by_system)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_err err = { 0 };

	tree_put(tree, INSTANCE "/events/irq/enable", "0");
	tree_put(tree, INSTANCE "/events/irq/softirq_entry/enable", "0");
	assert_int_equal(xt_instance_enable(&inst, "irq", "softirq_entry", NULL), 0);
	holds(tree, INSTANCE "/events/irq/softirq_entry/enable", "1");
	holds(tree, INSTANCE "/events/irq/enable", "0");
	assert_int_equal(xt_instance_enable(&inst, "irq", NULL, NULL), 0);
	holds(tree, INSTANCE "/events/irq/enable", "1");
	assert_int_equal(xt_instance_enable(&inst, "irq", "bogus", &err), -ENOENT);
	assert_contains(err.text, "events/irq/bogus/enable");
}

TEST(a_trigger_says_how_often_it_may_still_fire)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_err err = { 0 };
	uint64_t left = 9;

	tree_put(tree, INSTANCE "/events/kvm/kvm_hypercall/trigger",
		 "stacktrace:unlimited\nsnapshot:count=1 if nr == 0x4b475303\n");
	assert_int_equal(xt_instance_trigger_left(&inst, "kvm", "kvm_hypercall", "snapshot", &left,
						  NULL), 0);
	assert_int_equal(left, 1);
	assert_int_equal(xt_instance_trigger_left(&inst, "kvm", "kvm_hypercall", "traceoff", &left,
						  &err), -ENOENT);
	assert_contains(err.text, "kvm:kvm_hypercall has no traceoff trigger");
	/* One without a count fires for ever. */
	assert_int_equal(xt_instance_trigger_left(&inst, "kvm", "kvm_hypercall", "stacktrace",
						  &left, NULL), -ENOENT);
	assert_int_equal(left, 1);
}

TEST(recording_is_switched_and_asked)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);

	assert_false(xt_instance_is_on(&inst));
	tree_put(tree, INSTANCE "/tracing_on", "0");
	assert_int_equal(xt_instance_on(&inst, true, NULL), 0);
	assert_true(xt_instance_is_on(&inst));
	assert_int_equal(xt_instance_on(&inst, false, NULL), 0);
	assert_false(xt_instance_is_on(&inst));
	assert_false(xt_instance_has_snapshot(&inst));
	tree_put(tree, INSTANCE "/snapshot", "");
	assert_true(xt_instance_has_snapshot(&inst));
}

TEST(counts_of_a_ring_are_read_by_name)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct xt_ring_stats stats;

	tree_put(tree, INSTANCE "/per_cpu/cpu2/stats",
		 "entries: 129\noverrun: 7\ncommit overrun: 1\nbytes: 6000\n"
		 "oldest event ts:  5202.344444\nnow ts:  5204.000001\ndropped events: 2\n"
		 "read events: 242\n");
	assert_int_equal(xt_instance_stats(&inst, 2, &stats, NULL), 0);
	assert_int_equal(stats.entries, 129);
	assert_int_equal(stats.bytes, 6000);
	assert_int_equal(xt_ring_written(&stats), 129 + 7 + 1 + 2 + 242);
	assert_int_equal(xt_ring_lost(&stats), 10);
	assert_int_equal(xt_instance_stats(&inst, 3, &stats, NULL), -ENOENT);
	xt_ring_stats_parse(&stats, "no colon here");
	assert_int_equal(xt_ring_written(&stats), 0);
	xt_ring_stats_parse(&stats, "");
	assert_int_equal(xt_ring_written(&stats), 0);
}

TEST(the_time_in_the_clock_of_an_instance_stands_beside_its_counts)
{
	struct tree *tree = *state;
	struct xt_instance inst = instance(tree);
	struct rt_err err = { 0 };
	uint64_t ns = 0;

	tree_put(tree, INSTANCE "/per_cpu/cpu2/stats",
		 "entries: 129\noldest event ts:  5202.344444\nnow ts:  5204.000001\n");
	assert_int_equal(xt_instance_now(&inst, 2, &ns, NULL), 0);
	assert_true(ns == 5204000001999ull);
	tree_put(tree, INSTANCE "/per_cpu/cpu2/stats", "entries: 129\n");
	assert_int_equal(xt_instance_now(&inst, 2, &ns, &err), -ENOENT);
	assert_string_equal(err.text, "cpu2: its stats do not tell the time");
	assert_int_equal(xt_instance_now(&inst, 3, &ns, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_machine_without_tracefs_is_told_how_to_mount_it),
		WITH_TREE(tracefs_is_found_where_it_is_mounted),
		WITH_TREE(an_instance_that_cannot_be_used_is_not_left_behind),
		WITH_TREE(a_clock_is_one_of_the_words_that_the_kernel_lists),
		WITH_TREE(sub_buffers_are_as_large_as_the_kernel_says),
		WITH_TREE(a_size_is_asked_for_in_kib_and_read_back),
		WITH_TREE(cpus_are_chosen_by_a_mask),
		WITH_TREE(events_are_enabled_one_by_one_or_by_system),
		WITH_TREE(a_trigger_says_how_often_it_may_still_fire),
		WITH_TREE(recording_is_switched_and_asked),
		WITH_TREE(counts_of_a_ring_are_read_by_name),
		WITH_TREE(the_time_in_the_clock_of_an_instance_stands_beside_its_counts),
	};

	return RUN_TESTS(tests);
}
