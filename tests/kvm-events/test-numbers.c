/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-numbers.c - names of numbers agree with the kernel's own headers */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

/* Compares each "#define PREFIX<name> number" with look(number); returns how many there are. */
static unsigned int compare(const char *path, const char *prefix, const char *(*look)(uint64_t))
{
	FILE *file = fopen(path, "r");
	char line[512], name[128];
	unsigned int number, nr = 0;

	if (!file) {
		print_message("%s is not installed: names are not compared\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "#define %127[A-Za-z0-9_] %u", name, &number) != 2 ||
		    strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		if (!look(number))
			fail_msg("%s (%u) has no row", name, number);
		assert_string_equal(look(number), name + strlen(prefix));
		nr++;
	}
	fclose(file);
	return nr;
}

TEST(syscalls_are_those_of_the_kernel)
{
	assert_true(compare("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "__NR_",
			    kev_syscall_name) > 300);
	assert_string_equal(kev_syscall_name(0), "read");
	assert_string_equal(kev_syscall_name(469), "file_setattr");
	assert_null(kev_syscall_name(400));
	assert_null(kev_syscall_name(UINT64_MAX));
}

TEST(hypercalls_are_those_of_the_kernel_and_ours)
{
	assert_true(compare("/usr/include/linux/kvm_para.h", "KVM_HC_", kev_hypercall_name) >= 12);
	assert_string_equal(kev_hypercall_name(GS_NR_PING), "GS_PING");
	assert_string_equal(kev_hypercall_name(GS_NR_XTRACE_LOG_DATA), "GS_XTRACE_LOG_DATA");
	assert_null(kev_hypercall_name(0));
	assert_null(kev_hypercall_name(GS_NR_LAST + 1));
	assert_null(kev_hypercall_name(UINT64_MAX));
}

/* The header has other names that begin so: look for ours in it, not the other way round. */
static unsigned int compare_user_exits(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512], name[128];
	unsigned int number, nr = 0;

	if (!file) {
		print_message("%s is not installed: names are not compared\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "#define KVM_EXIT_%127[A-Z0-9_] %u", name, &number) == 2 &&
		    kev_user_exit_name(number) && strcmp(kev_user_exit_name(number), name) == 0)
			nr++;
	fclose(file);
	return nr;
}

TEST(user_exits_are_those_of_the_kernel)
{
	assert_true(compare_user_exits("/usr/include/linux/kvm.h") >= 38);
	assert_string_equal(kev_user_exit_name(2), "IO");
	assert_string_equal(kev_user_exit_name(37), "NOTIFY");
	assert_null(kev_user_exit_name(1000));
}

TEST(other_numbers_have_names)
{
	assert_string_equal(kev_softirq_name(3), "net_rx");
	assert_null(kev_softirq_name(10));
	assert_string_equal(kev_vector_name(236), "apic_timer");
	assert_null(kev_vector_name(34));
	assert_null(kev_vector_name(256));
	assert_string_equal(kev_exception_name(14), "#PF");
	assert_null(kev_exception_name(9));
	assert_string_equal(kev_task_state_name(0), "R");
	assert_string_equal(kev_task_state_name(0x100), "R+");
	assert_string_equal(kev_task_state_name(2), "D");
	assert_string_equal(kev_task_state_name(UINT64_MAX), "S");
}

TEST(a_value_is_named_by_its_kind)
{
	assert_string_equal(kev_value_name(KEV_SYSCALL, 1), "write");
	assert_string_equal(kev_value_name(KEV_HYPERCALL_NR, 5), "KICK_CPU");
	assert_string_equal(kev_value_name(KEV_SOFTIRQ, 9), "rcu");
	assert_string_equal(kev_value_name(KEV_CSTATE, UINT64_MAX), "exit");
	assert_null(kev_value_name(KEV_CSTATE, 1));
	assert_string_equal(kev_value_name(KEV_TASK_STATE, 1), "S");
	assert_string_equal(kev_value_name(KEV_USER_EXIT, 6), "MMIO");
	assert_string_equal(kev_value_name(KEV_EXCEPTION, 13), "#GP");
	assert_string_equal(kev_value_name(KEV_VECTOR, 0xfd), "reschedule");
	assert_string_equal(kev_value_name(KEV_WRITE, 0), "read");
	assert_string_equal(kev_value_name(KEV_MMIO, 2), "write");
	assert_null(kev_value_name(KEV_MMIO, 3));
	assert_string_equal(kev_value_name(KEV_TICK_DEP, 0x10), "rcu");
	assert_null(kev_value_name(KEV_TICK_DEP, 3));
	assert_null(kev_value_name(KEV_DEC, 0));
}

TEST(reads_and_writes_of_files_make_lines)
{
	assert_string_equal(kev_syscall_derived(0), "FILE_READ");
	assert_string_equal(kev_syscall_derived(20), "FILE_WRITE");
	assert_string_equal(kev_syscall_exit_derived(257), "FILE_OPEN");
	assert_null(kev_syscall_derived(257));
	assert_null(kev_syscall_exit_derived(0));
	assert_null(kev_syscall_derived(3));
	assert_null(kev_syscall_derived(UINT64_MAX));
	assert_null(kev_syscall_exit_derived(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syscalls_are_those_of_the_kernel),
		cmocka_unit_test(hypercalls_are_those_of_the_kernel_and_ours),
		cmocka_unit_test(user_exits_are_those_of_the_kernel),
		cmocka_unit_test(other_numbers_have_names),
		cmocka_unit_test(a_value_is_named_by_its_kind),
		cmocka_unit_test(reads_and_writes_of_files_make_lines),
	};

	return RUN_TESTS(tests);
}
