/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-print-guard.c - xtrace/print-guard.c: which print fmts a parser of others is given */
#include "xtrace/print-local.h"

#include <stdlib.h>

#include "tests/unit.h"

static const char fields[] =
	"name: e\nID: 7\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
	"\tfield:u64 wide;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:int a;\toffset:16;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] name;\toffset:20;\tsize:4;\tsigned:0;\n";

/* What becomes of a print fmt; free(3) it. */
static char *guarded(const char *print_fmt)
{
	char text[4096], *out, *fmt;

	snprintf(text, sizeof(text), "%s\nprint fmt: %s\n", fields, print_fmt);
	out = xt_print_guard(text, strlen(text));
	assert_non_null(out);
	fmt = strdup(strstr(out, "\nprint fmt:") + 11);
	free(out);
	fmt[strcspn(fmt, "\n")] = '\0';
	return fmt;
}

static void passes(const char *print_fmt)
{
	char *out = guarded(print_fmt);

	if (strcmp(out + 1, print_fmt) != 0)
		fail_msg("%s became %s", print_fmt, out);
	free(out);
}

static void stopped(const char *print_fmt)
{
	char *out = guarded(print_fmt);

	if (strcmp(out, "-") != 0)
		fail_msg("%s became %s", print_fmt, out);
	free(out);
}

TEST(what_kernels_write_passes_unchanged)
{
	passes("\"plain\"");
	passes("\"%d %s\", REC->a, __get_str(name)");
	passes("\"%s\", (REC->a) ? \"yes\" : \"no\"");
	passes("\"%lx\", (unsigned long)(((struct x *)REC->wide))");
	passes("\"%d\", (REC)->a + (REC->a / 10) % (REC->wide ? 2 : 1)");
	passes("\"%s\", __print_flags(REC->a, \"|\", { (1UL << 3) | 2, \"x\" }, { -1, ((void *)0) "
	       "})");
	passes("\"%s\", __print_symbolic(REC->a & 0xf, { 0, \"a\" }, { 1, \"b\" })");
	passes("\"%s\", __print_hex(__get_dynamic_array(name), __get_dynamic_array_len(name))");
	passes("\"%d\", any_function(REC->a, 3)");
}

TEST(what_no_kernel_writes_is_stopped)
{
	stopped("\"%d\", REC->missing");
	stopped("\"%s\", __get_str(missing)");
	stopped("\"%d\", 1 / 0");
	stopped("\"%d\", 1 % (3 - 3)");
	stopped("\"%s\", __print_symbolic(REC->a, { 1 / 0, \"a\" })");
	stopped("\"%s\", __print_symbolic(REC->a, { REC->a, \"a\" })");
	stopped("\"%d\", (REC->a");
	stopped("\"%d\", REC->a)");
	stopped("\"%d\" REC->a");
	stopped("\"open");
	stopped("\"%9999999d\", REC->a");
	stopped("\"%d\", ({ int x = REC->a; x; })");
	stopped("REC->a");
	stopped("");
}

TEST(brackets_and_operators_have_a_depth)
{
	char text[4000] = "\"%d\", ";

	memset(text + 6, '(', 1000);
	strcpy(text + 1006, "REC->a");
	memset(text + 1012, ')', 1000);
	stopped(text);
	strcpy(text, "\"%d\", ");
	memset(text + 6, '!', 2000);
	strcpy(text + 2006, "REC->a");
	stopped(text);
}

TEST(sizes_that_are_known_become_numbers)
{
	char *out = guarded("\"%d\", sizeof(unsigned int) + sizeof(REC->wide)");

	assert_string_equal(out, " \"%d\", 4                    + 8                ");
	free(out);
	stopped("\"%d\", sizeof(u64)");
	stopped("\"%d\", sizeof(REC->name)");
}

TEST(a_format_whose_fields_are_none_is_not_given_at_all)
{
	static const char *const lines[] = {
		"\tfield:int;\toffset:8;\tsize:4;\tsigned:1;\n",
		"\tfield:int a;\toffset:8;\tsize:4\n",
		"\tfield:int a;\toffset:-8;\tsize:4;\tsigned:1;\n",
		"\tfield:int a;\toffset:8;\tsize:99999999;\tsigned:1;\n",
		"\tfield:int a[;\toffset:8;\tsize:4;\tsigned:1;\n",
		"\tfield:int a[1][2];\toffset:8;\tsize:8;\tsigned:1;\n",
		"\tfield:__data_loc char[] s;\toffset:8;\tsize:2;\tsigned:0;\n",
		"\tfield:int {a};\toffset:8;\tsize:4;\tsigned:1;\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "name: e\nID: 7\nformat:\n%s\nprint fmt: \"\"\n",
			 lines[i]);
		assert_null(xt_print_guard(text, strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_kernels_write_passes_unchanged),
		cmocka_unit_test(what_no_kernel_writes_is_stopped),
		cmocka_unit_test(brackets_and_operators_have_a_depth),
		cmocka_unit_test(sizes_that_are_known_become_numbers),
		cmocka_unit_test(a_format_whose_fields_are_none_is_not_given_at_all),
	};

	return RUN_TESTS(tests);
}
