/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-print-foreign.c - xtrace/print-foreign.c: libtraceevent's texts of records that lie */
#include "xtrace/print-local.h"

#include <stdlib.h>

#include "lib/buf.h"
#include "tests/unit.h"

static char format[2048];

static bool format_of(void *arg, unsigned int id, const char **ret_system, const char **ret_text,
		      size_t *ret_len)
{
	(void)arg;
	*ret_system = "sys";
	*ret_text = format;
	*ret_len = strlen(format);
	return id == 7;
}

static const struct xt_symbols *symbols_of(void *arg)
{
	(void)arg;
	return xt_no_symbols();
}

static void nothing(void *arg)
{
	(void)arg;
}

/* The text of a record {7, pid, a, len, where} behind which 8 bytes stand; free(3) it. */
static char *text_of(const char *print_fmt, uint32_t a, uint32_t len, uint32_t where, uint32_t size)
{
	const struct xt_print_source source = {
		.destroy = nothing, .max_event = 8, .format = format_of, .symbols = symbols_of,
	};
	const uint32_t words[] = { 7, 1, a, len, where, 0x04030201, 0x08070605 };
	const struct xt_rec rec = { .data = (const uint8_t *)words, .size = size };
	struct rt_buf out = { 0 };
	struct xt_printer *printer;
	struct xt_pen *pen;

	snprintf(format, sizeof(format),
		 "name: e\nID: 7\nformat:\n"
		 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		 "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		 "\tfield:unsigned int a;\toffset:8;\tsize:4;\tsigned:0;\n"
		 "\tfield:unsigned int len;\toffset:12;\tsize:4;\tsigned:0;\n"
		 "\tfield:__data_loc u8[] buf;\toffset:16;\tsize:4;\tsigned:0;\n\n"
		 "print fmt: %s\n", print_fmt);
	assert_int_equal(xt_print_create(&printer, &source, NULL), 0);
	assert_int_equal(xt_pen_create(&pen, printer), 0);
	xt_pen_append(pen, &rec, false, NULL, &out);
	xt_pen_destroy(pen);
	xt_printer_destroy(printer);
	return rt_buf_str(&out);
}

static void shows(const char *print_fmt, uint32_t a, uint32_t len, const char *expected)
{
	char *text = text_of(print_fmt, a, len, 20 | 8u << 16, 28);

	assert_string_equal(text, expected);
	free(text);
}

static const char hex[] = "\"%d %s\", jiffies_to_msecs(REC->a), "
			  "__print_hex(__get_dynamic_array(buf), REC->len)";

TEST(functions_are_called_and_arrays_shown)
{
	shows(hex, 42, 3, "42 01 02 03");
	shows("\"%d\", __le16_to_cpup((void *)__get_dynamic_array(buf))", 0, 0, "513");
}

TEST(a_length_that_lies_shows_no_more_than_the_record)
{
	char *text = text_of(hex, 1, UINT32_MAX, 20 | 8u << 16, 28);

	assert_in_range(strlen(text), 3 * 8, 3 * 28 + 16);
	free(text);
	free(text_of(hex, 1, UINT32_MAX, UINT32_MAX, 28));
	free(text_of(hex, 1, 65536, 0xffff | 1u << 16, 28));
}

TEST(a_pointer_that_leads_astray_is_not_followed)
{
	shows("\"%d\", __le16_to_cpup((void *)REC->a)", 0x1000, 0, "0");
}

TEST(a_record_that_lacks_fields_has_a_text_all_the_same)
{
	for (uint32_t size = 4; size < 28; size += 4)
		free(text_of(hex, 1, 3, 20 | 8u << 16, size));
}

TEST(what_reads_at_computed_places_is_shown_by_its_fields)
{
	static const char *const fmts[] = {
		("\"%d %s\", jiffies_to_msecs(REC->a), "
			"__print_array(__get_dynamic_array(buf), REC->len, 1)"),
		"\"%d %s\", jiffies_to_msecs(REC->a), __print_hex(REC->a, REC->len)",
		"\"%d %s\", jiffies_to_msecs(REC->a), __get_bitmask(buf)",
		"\"%d %*d\", jiffies_to_msecs(REC->a), REC->len, REC->a",
	};

	for (size_t i = 0; i < sizeof(fmts) / sizeof(fmts[0]); i++) {
		char *text = text_of(fmts[i], 1, UINT32_MAX, 20 | 8u << 16, 28);

		assert_contains(text, "[FAILED TO PARSE]");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_called_and_arrays_shown),
		cmocka_unit_test(a_length_that_lies_shows_no_more_than_the_record),
		cmocka_unit_test(a_pointer_that_leads_astray_is_not_followed),
		cmocka_unit_test(a_record_that_lacks_fields_has_a_text_all_the_same),
		cmocka_unit_test(what_reads_at_computed_places_is_shown_by_its_fields),
	};

	return RUN_TESTS(tests);
}
