/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-vms.c - xtrace/vms.c: virtual machines as KVM's debugfs and QEMU's threads tell them */
#include "xtrace/vms.h"

#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "tests/xtrace/tree.h"
#include "xtrace/xtrace.h"

#define KVM "sys/kernel/debug/kvm"

static void put_thread(const struct tree *tree, int pid, int tid, const char *comm)
{
	char name[64], line[40];

	snprintf(name, sizeof(name), "proc/%d/task/%d/comm", pid, tid);
	snprintf(line, sizeof(line), "%s\n", comm);
	tree_put(tree, name, line);
}

static void put_qemu(const struct tree *tree)
{
	static const char cmdline[] = "qemu-system-x86_64\0-name\0guest=rt0,debug-threads=on\0"
				      "-smp\0" "2";
	char folder[512];

	put_thread(tree, 100, 100, "qemu-system-x86");
	put_thread(tree, 100, 101, "CPU 0/KVM");
	put_thread(tree, 100, 102, "CPU 1/KVM");
	put_thread(tree, 100, 103, "CPU 1/KVM worker");
	put_thread(tree, 7, 7, "bash");
	tree_put(tree, "proc/7/comm", "bash\n");
	tree_put(tree, "proc/100/comm", "qemu-system-x86\n");
	tree_put(tree, "proc/self-is-no-number/comm", "qemu\n");
	snprintf(folder, sizeof(folder), "%s/proc/100", tree->path);
	free(make_file(folder, "cmdline", cmdline, sizeof(cmdline)));
}

static void put_vcpu(const struct tree *tree, const char *file, const char *text)
{
	char name[128];

	snprintf(name, sizeof(name), KVM "/100-12/%s", file);
	tree_put(tree, name, text);
}

TEST(a_machine_without_guests_has_none)
{
	struct tree *tree = *state;
	struct xt_vms vms;

	assert_int_equal(xt_vms_find(&vms, &tree->root, NULL), 0);
	assert_int_equal(vms.nr, 0);
	xt_vms_finish(&vms);
}

TEST(threads_of_qemu_tell_their_vcpus)
{
	struct tree *tree = *state;
	struct xt_vms vms;

	put_qemu(tree);
	assert_int_equal(xt_vms_find(&vms, &tree->root, NULL), 0);
	assert_int_equal(vms.nr, 2);
	assert_int_equal(vms.v[0].vm_pid, 100);
	assert_int_equal(vms.v[0].tid, 101);
	assert_int_equal(vms.v[1].tid, 102);
	assert_int_equal(vms.v[1].vcpu, 1);
	assert_string_equal(vms.v[0].vm, "rt0");
	assert_false(vms.v[0].tsc_known);
	xt_vms_finish(&vms);
}

TEST(debugfs_adds_the_tsc_and_vcpus_without_a_name)
{
	struct tree *tree = *state;
	struct xt_vms vms;

	put_qemu(tree);
	put_vcpu(tree, "vcpu0/tsc-offset", "-2500\n");
	put_vcpu(tree, "vcpu0/tsc-scaling-ratio", "4294967296\n");
	put_vcpu(tree, "vcpu0/tsc-scaling-ratio-frac-bits", "32\n");
	put_vcpu(tree, "vcpu1/tsc-offset", "-2600\n");
	put_vcpu(tree, "vcpu1/tsc-scaling-ratio", "6442450944\n");
	put_vcpu(tree, "vcpu1/tsc-scaling-ratio-frac-bits", "32\n");
	put_vcpu(tree, "vcpu2/pid", "140\n");
	put_vcpu(tree, "vcpu3/tsc-offset", "5\n");	/* no thread yet */
	assert_int_equal(xt_vms_find(&vms, &tree->root, NULL), 0);
	assert_int_equal(vms.nr, 3);
	assert_true(vms.v[0].tsc_known);
	assert_int_equal(vms.v[0].tsc_offset, -2500);
	assert_int_equal(vms.v[0].tsc_ratio, 0);	/* 1:1 */
	assert_int_equal(vms.v[1].tsc_ratio, 6442450944);
	assert_int_equal(vms.v[1].tsc_frac_bits, 32);
	assert_int_equal(vms.v[2].vcpu, 2);
	assert_int_equal(vms.v[2].tid, 140);
	assert_string_equal(vms.v[2].vm, "rt0");
	xt_vms_finish(&vms);
}

TEST(a_vm_that_comes_changes_the_stamp_and_its_end_changes_it_back)
{
	struct tree *tree = *state;
	uint64_t before = xt_vms_stamp(&tree->root), with;
	char path[512];

	tree_make_dir(tree, KVM);
	before = xt_vms_stamp(&tree->root);
	tree_make_dir(tree, KVM "/100-12");
	with = xt_vms_stamp(&tree->root);
	assert_int_not_equal(with, before);
	snprintf(path, sizeof(path), "%s/" KVM "/100-12", tree->path);
	assert_int_equal(remove(path), 0);
	assert_int_equal(xt_vms_stamp(&tree->root), before);
}

static void named(const char *argument, const char *expected)
{
	char name[64];

	xt_vms_name_of(argument, name, sizeof(name));
	assert_string_equal(name, expected);
}

TEST(the_name_is_taken_out_of_qemu_s_argument)
{
	named("rt0", "rt0");
	named("guest=rt0,debug-threads=on", "rt0");
	named("rt0,process=qemu", "rt0");
	named("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_machine_without_guests_has_none),
		WITH_TREE(threads_of_qemu_tell_their_vcpus),
		WITH_TREE(debugfs_adds_the_tsc_and_vcpus_without_a_name),
		WITH_TREE(a_vm_that_comes_changes_the_stamp_and_its_end_changes_it_back),
		cmocka_unit_test(the_name_is_taken_out_of_qemu_s_argument),
	};

	return RUN_TESTS(tests);
}
