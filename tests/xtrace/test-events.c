/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-events.c - xtrace/events.c: fields within their record, names of tasks */
#include "xtrace/local.h"

#include "tests/unit.h"

static const uint8_t bytes[] = {
	7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,	/* common_pid -1 */
	16, 0, 5, 0, 2, 0, 9, 0,		/* 5 bytes at 16; 9 bytes, 2 behind offset 16 */
	'a', 'b', 'c', 0, 'x', 'y', 'z', 'w',
};
static const struct xt_rec rec = { .data = bytes, .size = sizeof(bytes) };

TEST(numbers_are_extended_by_their_sign)
{
	const struct xt_field pid = { .offset = 4, .size = 4, .flags = XT_FIELD_SIGNED };
	const struct xt_field same = { .offset = 4, .size = 4 };

	assert_int_equal(xt_field_u64(&pid, &rec), 0xffffffff);
	assert_int_equal(xt_field_i64(&pid, &rec), -1);
	assert_int_equal(xt_field_i64(&same, &rec), 0xffffffff);
}

TEST(a_field_that_is_not_within_the_record_is_zero)
{
	const struct xt_field behind = { .offset = 21, .size = 4 };
	const struct xt_field far = { .offset = UINT32_MAX, .size = 4 };
	const struct xt_field wide = { .offset = 0, .size = 16 };
	uint32_t len;

	assert_int_equal(xt_field_u64(&behind, &rec), 0);
	assert_int_equal(xt_field_u64(&far, &rec), 0);
	assert_int_equal(xt_field_u64(&wide, &rec), 0);
	assert_null(xt_field_bytes(&behind, &rec, &len));
	assert_null(xt_field_bytes(&far, &rec, &len));
}

TEST(strings_end_at_their_nul_or_their_length)
{
	struct xt_field field = {
		.offset = 16, .size = 8, .flags = XT_FIELD_STRING | XT_FIELD_ARRAY,
	};
	uint32_t len;

	assert_ptr_equal(xt_field_bytes(&field, &rec, &len), bytes + 16);
	assert_int_equal(len, 3);
	field.flags = XT_FIELD_ARRAY;
	assert_non_null(xt_field_bytes(&field, &rec, &len));
	assert_int_equal(len, 8);
}

TEST(dynamic_fields_are_followed_and_kept_within_the_record)
{
	struct xt_field field = {
		.offset = 8, .size = 4, .flags = XT_FIELD_ARRAY | XT_FIELD_DYNAMIC,
	};
	uint32_t len;

	assert_ptr_equal(xt_field_bytes(&field, &rec, &len), bytes + 16);
	assert_int_equal(len, 5);
	field.offset = 12;	/* 2 + 9 bytes, from the record's begin: what is there */
	assert_ptr_equal(xt_field_bytes(&field, &rec, &len), bytes + 2);
	field.flags |= XT_FIELD_REL;	/* from 18 on they lead out of it */
	assert_null(xt_field_bytes(&field, &rec, &len));
}

TEST(names_of_tasks_are_found_and_odd_lines_passed_over)
{
	struct xt_trace *trace = xt_trace_new();

	trace->cmdlines.data =
		strdup("156 CPU 0/KVM\nodd\n-3 below\n12 a\n12 b\n99999999999 far\n7");
	trace->tgids_text.data = strdup("12 10\n156 150\nodd 1\n");
	assert_int_equal(xt_parse_cmdlines(trace), 0);
	assert_string_equal(xt_trace_comm(trace, 156), "CPU 0/KVM");
	assert_string_equal(xt_trace_comm(trace, 12), "a");
	assert_null(xt_trace_comm(trace, 7));
	assert_null(xt_trace_comm(trace, -3));
	assert_string_equal(xt_trace_comm_reported(trace, 156), "CPU 0/KVM");
	assert_null(xt_trace_comm_reported(trace, 12));	/* behind the odd line */
	assert_int_equal(xt_trace_tgid(trace, 156), 150);
	assert_int_equal(xt_trace_tgid(trace, 1), -1);
	xt_trace_destroy(trace);
}

TEST(names_are_reported_up_to_the_first_broken_line)
{
	static const struct {
		const char *line;
		bool last;
	} cases[] = {
		{ "odd", true }, { "7", true }, { "7 ", true }, { "7   ", true },
		{ "", false }, { " 7 a", false }, { "7\ta", false }, { "7x a", false },
		{ "-3 a", false }, { "99999999999 a", false },
	};
	unsigned int i;
	char text[64];

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xt_trace *trace = xt_trace_new();

		snprintf(text, sizeof(text), "1 one\n%s\n2 two\n", cases[i].line);
		trace->cmdlines.data = strdup(text);
		assert_int_equal(xt_parse_cmdlines(trace), 0);
		assert_string_equal(xt_trace_comm_reported(trace, 1), "one");
		assert_string_equal(xt_trace_comm(trace, 2), "two");
		assert_int_equal(xt_trace_comm_reported(trace, 2) == NULL, cases[i].last);
		xt_trace_destroy(trace);
	}
}

TEST(a_trace_without_names_or_events_has_none)
{
	struct xt_trace *trace = xt_trace_new();

	assert_int_equal(xt_parse_cmdlines(trace), 0);
	assert_null(xt_trace_comm(trace, 1));
	assert_int_equal(xt_trace_tgid(trace, 1), -1);
	assert_null(xt_trace_event(trace, 0));
	assert_int_equal(xt_trace_max_event_id(trace), 0);
	assert_null(xt_trace_event_by_name(trace, "sched", "sched_switch"));
	xt_trace_destroy(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_extended_by_their_sign),
		cmocka_unit_test(a_field_that_is_not_within_the_record_is_zero),
		cmocka_unit_test(strings_end_at_their_nul_or_their_length),
		cmocka_unit_test(dynamic_fields_are_followed_and_kept_within_the_record),
		cmocka_unit_test(names_of_tasks_are_found_and_odd_lines_passed_over),
		cmocka_unit_test(names_are_reported_up_to_the_first_broken_line),
		cmocka_unit_test(a_trace_without_names_or_events_has_none),
	};

	return RUN_TESTS(tests);
}
