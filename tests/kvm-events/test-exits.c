/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-exits.c - exit reasons agree with the kernel's own headers */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

#define HEADERS "/usr/include/x86_64-linux-gnu/asm/"

TEST(rows_are_sorted_and_complete)
{
	const struct kev_exit *row;
	unsigned int isa;
	size_t i;

	for (isa = KEV_ISA_VMX; isa <= KEV_ISA_SVM; isa++) {
		for (i = 0; (row = kev_exit_at(isa, i)); i++) {
			if (i)
				assert_true(row->number > kev_exit_at(isa, i - 1)->number);
			assert_ptr_equal(kev_exit_find(isa, row->number), row);
			assert_non_null(kev_cost_name(row->cost));
			assert_true(strlen(row->help) > 10);
		}
		assert_true(i > 60);
	}
	assert_null(kev_exit_find(3, 0));
	assert_null(kev_cost_name(KEV_NR_COSTS));
}

TEST(reasons_are_found_by_number)
{
	assert_string_equal(kev_exit_name(KEV_ISA_VMX, 12), "HLT");
	assert_string_equal(kev_exit_name(KEV_ISA_VMX, 12 | KEV_VMX_FAILED_ENTRY), "HLT");
	assert_string_equal(kev_exit_name(KEV_ISA_SVM, 0x78), "HLT");
	assert_string_equal(kev_exit_name(KEV_ISA_SVM, 0x81), "VMMCALL");
	assert_string_equal(kev_exit_name(KEV_ISA_SVM, 0xffffffff), "ERR");
	assert_string_equal(kev_exit_name(KEV_ISA_SVM, UINT64_MAX), "ERR");
	assert_null(kev_exit_name(KEV_ISA_VMX, 5));
	assert_null(kev_exit_name(KEV_ISA_SVM, 0x3ff));
	assert_null(kev_exit_name(0, 0));
}

/* Each "#define PREFIX<NAME> number" of the header must be a row; returns how many there are. */
static unsigned int compare(const char *path, unsigned int isa, const char *prefix,
			    const char *row_prefix)
{
	FILE *file = fopen(path, "r");
	char line[512], name[128], wanted[192];
	unsigned int nr = 0;
	long number;

	if (!file) {
		print_message("%s is not installed: names are not compared\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "#define %127[A-Z0-9_] %li", name, &number) != 2 ||
		    strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(wanted, sizeof(wanted), "%s%s", row_prefix, name + strlen(prefix));
		if (strstr(wanted, "EXCP") || strstr(wanted, "VMGEXIT_SET_") ||
		    strstr(wanted, "VMGEXIT_GET_") || strstr(wanted, "AP_CREATE") ||
		    strstr(wanted, "AP_DESTROY"))
			continue;
		if (!kev_exit_name(isa, (uint32_t)number))
			fail_msg("%s (%ld) of %s has no row", name, number, path);
		assert_string_equal(kev_exit_name(isa, (uint32_t)number), wanted);
		nr++;
	}
	fclose(file);
	return nr;
}

TEST(vmx_names_are_those_of_the_kernel)
{
	assert_true(compare(HEADERS "vmx.h", KEV_ISA_VMX, "EXIT_REASON_", "") >= 60);
}

TEST(svm_names_are_those_of_the_kernel)
{
	assert_true(compare(HEADERS "svm.h", KEV_ISA_SVM, "SVM_EXIT_", "") >= 90);
	assert_true(compare(HEADERS "svm.h", KEV_ISA_SVM, "SVM_VMGEXIT_", "VMGEXIT_") >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_complete),
		cmocka_unit_test(reasons_are_found_by_number),
		cmocka_unit_test(vmx_names_are_those_of_the_kernel),
		cmocka_unit_test(svm_names_are_those_of_the_kernel),
	};

	return RUN_TESTS(tests);
}
