/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-formats.c - xtrace/formats.c: fields of formats as kernels write them, and as they do not */
#include "xtrace/local.h"

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

static struct xt_trace *trace;

static void add(const char *text)
{
	assert_int_equal(xt_add_format(trace, "sys", text, strlen(text)), 0);
}

static const struct xt_event *event_of(const char *field_lines)
{
	char text[4096];

	snprintf(text, sizeof(text), "name: e\nID: 9\nformat:\n%s\nprint fmt: \"\"\n", field_lines);
	add(text);
	return xt_trace_event(trace, 9);
}

TEST(a_format_becomes_an_event_with_its_fields)
{
	const struct xt_event *event;
	const struct xt_field *field;

	add(make_format);
	event = xt_trace_event_by_name(trace, "sys", "beat");
	assert_non_null(event);
	assert_int_equal(event->id, MAKE_ID);
	assert_int_equal(event->nr_fields, 5);
	assert_int_equal(event->min_size, 12);
	field = xt_event_field(event, "common_pid");
	assert_int_equal(field->offset, 4);
	assert_int_equal(field->flags, XT_FIELD_SIGNED | XT_FIELD_COMMON);
	field = xt_event_field(event, "value");
	assert_int_equal(field->size, 4);
	assert_int_equal(field->flags, 0);
	assert_null(xt_event_field(event, "valu"));
}

TEST(arrays_strings_and_pointers_are_told_apart)
{
	const struct xt_event *event = event_of(
		"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:unsigned long args[6];\toffset:24;\tsize:48;\tsigned:0;\n"
		"\tfield:__data_loc char[] name;\toffset:72;\tsize:4;\tsigned:0;\n"
		"\tfield:__rel_loc u8[] bytes;\toffset:76;\tsize:4;\tsigned:0;\n"
		"\tfield:const char * ptr;\toffset:80;\tsize:8;\tsigned:0;\n"
		"\tfield special:long rest;\toffset:88;\tsize:8;\tsigned:1;\n");

	assert_int_equal(event->fields[0].flags, XT_FIELD_STRING | XT_FIELD_ARRAY);
	assert_int_equal(event->fields[1].flags, XT_FIELD_ARRAY);
	assert_int_equal(event->fields[1].elem_size, 8);
	assert_int_equal(event->fields[2].flags,
			 XT_FIELD_STRING | XT_FIELD_ARRAY | XT_FIELD_DYNAMIC);
	assert_int_equal(event->fields[3].flags,
			 XT_FIELD_ARRAY | XT_FIELD_DYNAMIC | XT_FIELD_REL);
	assert_int_equal(event->fields[3].elem_size, 1);
	assert_int_equal(event->fields[4].flags, XT_FIELD_POINTER);
	assert_string_equal(event->fields[5].name, "rest");
}

TEST(what_is_not_understood_is_a_warning_and_no_event)
{
	static const char *const lines[] = {
		"\tfield\n", "\tfieldx\n", "\tfield:\n", "\tfield:int a\n", "\tfield:int a;\n",
		"\tfield:int a;\toffset:8;\n", "\tfield:int a;\toffset:8;\tsize:;\n",
		"\tfield:int a;\toffset:-1;\tsize:4;\n", "\tfield:int a;\toffset:70000;\tsize:4;\n",
		"\tfield:int a;\toffset:8;\tsize:4294967296;\n", "\tfield:;\toffset:8;\tsize:4;\n",
		"\tfield:int a];\toffset:8;\tsize:4;\n",
		"\tfield:__data_loc char[] a;\toffset:8;\tsize:2;\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_null(event_of(lines[i]));
		assert_int_equal(xt_trace_nr_warnings(trace), i + 1);
		assert_contains(xt_trace_warning(trace, i),
				"format of event sys:e: not understood");
	}
}

TEST(ids_that_no_kernel_gives_are_refused)
{
	add("name: e\nID: 65536\nformat:\n\nprint fmt: \"\"\n");
	add("name: e\nID: 99999999999\nformat:\n\nprint fmt: \"\"\n");
	add("name: e\nformat:\n\nprint fmt: \"\"\n");
	add("ID: 3\n");
	add("");
	assert_int_equal(xt_trace_nr_warnings(trace), 5);
	assert_null(xt_trace_event(trace, 65536));
	assert_null(xt_trace_event(trace, 3));
}

TEST(the_first_of_two_formats_of_one_id_holds)
{
	add(make_format);
	add("name: other\nID: 7\nformat:\n\nprint fmt: \"\"\n");
	assert_string_equal(xt_trace_event(trace, MAKE_ID)->name, "beat");
}

TEST(more_formats_than_there_are_ids_are_not_kept)
{
	for (unsigned int i = 0; i < XT_MAX_FORMATS + 10; i++)
		assert_int_equal(xt_add_format(trace, "sys", "name: e\nID: 1\n", 14), 0);
	assert_int_equal(trace->nr_formats, XT_MAX_FORMATS);
	assert_int_equal(xt_trace_nr_warnings(trace), 1);
}

TEST(sub_buffers_of_other_kernels_are_refused)
{
	struct rt_err err = { 0 };
	char text[512];

	assert_int_equal(xt_check_header_page(make_header_page, &err), 0);
	assert_int_equal(xt_check_header_page("", &err), -EBADMSG);
	assert_contains(err.text, "has no field \"timestamp\"");
	snprintf(text, sizeof(text), "%s", make_header_page);
	memcpy(strstr(text, "commit;\toffset:8;\tsize:8"), "commit;\toffset:8;\tsize:4", 24);
	assert_int_equal(xt_check_header_page(text, &err), -EOPNOTSUPP);
	assert_contains(err.text, "only sub-buffers of 64-bit kernels");
}

static int setup(void **state)
{
	(void)state;
	trace = xt_trace_new();
	return trace ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	xt_trace_destroy(trace);
	return 0;
}

#define WITH_TRACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TRACE(a_format_becomes_an_event_with_its_fields),
		WITH_TRACE(arrays_strings_and_pointers_are_told_apart),
		WITH_TRACE(what_is_not_understood_is_a_warning_and_no_event),
		WITH_TRACE(ids_that_no_kernel_gives_are_refused),
		WITH_TRACE(the_first_of_two_formats_of_one_id_holds),
		WITH_TRACE(more_formats_than_there_are_ids_are_not_kept),
		WITH_TRACE(sub_buffers_of_other_kernels_are_refused),
	};

	return RUN_TESTS(tests);
}
