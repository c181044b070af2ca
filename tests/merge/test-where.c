/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-where.c - merge/where.c and its parts: expressions, their errors, what they let through */
#include "merge/where.h"

#include "lib/cmd.h"
#include "lib/err.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"

/* ---- texts ---- */

static void refuses(const char *text, const char *words, const char *place)
{
	struct rt_err err = { 0 };
	struct mrg_where *where;
	const char *lines;

	assert_int_equal(mrg_where_parse(&where, text, &err), RT_EUSAGE);
	assert_contains(err.text, words);
	lines = strchr(err.text, '\n');
	assert_non_null(lines);
	assert_string_equal(lines + 1, place);
}

TEST(a_text_that_is_no_expression_is_refused_at_its_place)
{
	refuses("event = KVM_EXIT", "column 7: expected ==, found =",
		"  event = KVM_EXIT\n        ^");
	refuses("a == 1 and", "expected a comparison, found the end",
		"  a == 1 and\n            ^");
	refuses("(a == 1", "column 1: expected ) for this bracket", "  (a == 1\n  ^");
	refuses("a == 1)", "expected and, or, or the end, found )", "  a == 1)\n        ^");
	refuses("a == ", "expected a value, found the end", "  a == \n       ^");
	refuses("a == == 1", "expected a value, found ==", "  a == == 1\n       ^");
	refuses("a == \"x", "expected \" behind the text", "  a == \"x\n       ^");
	refuses("\"a\" == 1", "expected a name in front", "  \"a\" == 1\n  ^");
	refuses("job 17 starts", "needs quotes", "  job 17 starts\n     ^");
	refuses("a[x] == 1", "expected the number of an element", "  a[x] == 1\n   ^");
	refuses("a[4096] == 1", "[0] to [4095]", "  a[4096] == 1\n   ^");
	refuses("a == 1 & b == 2", "expected and, found &", "  a == 1 & b == 2\n         ^");
	refuses("", "expected a comparison", "  \n  ^");
}

TEST(the_place_is_found_behind_characters_of_several_bytes)
{
	refuses("comm == \"\xc3\xa4\xc3\xb6\" x", "column 14:",
		"  comm == \"\xc3\xa4\xc3\xb6\" x\n               ^");
}

TEST(of_a_long_text_the_part_around_the_place_is_shown)
{
	char text[4000] = "a == 1";
	struct rt_err err = { 0 };
	struct mrg_where *where;
	unsigned int i;

	for (i = 0; i < 100; i++)
		strcat(text, " and a == 1");
	strcat(text, " or");
	assert_int_equal(mrg_where_parse(&where, text, &err), RT_EUSAGE);
	assert_contains(err.text, "  ...");
	assert_true(strlen(err.text) < 250);
}

TEST(length_depth_and_number_are_bounded)
{
	char text[8192] = "";
	unsigned int i;
	struct rt_err err = { 0 };
	struct mrg_where *where;

	for (i = 0; i < 5000; i++)
		strcat(text, "!");
	assert_int_equal(mrg_where_parse(&where, text, &err), RT_EUSAGE);
	assert_contains(err.text, "at most 4096 bytes");
	text[100] = '\0';
	assert_int_equal(mrg_where_parse(&where, text, &err), RT_EUSAGE);
	assert_contains(err.text, "more than 64 brackets");
	strcpy(text, "a==1");
	for (i = 0; i < 256; i++)
		strcat(text, " or a==1");
	assert_int_equal(mrg_where_parse(&where, text, &err), RT_EUSAGE);
	assert_contains(err.text, "more than 256 comparisons");
}

/* ---- what they let through ---- */

static struct scene *host;

static int make_host(void **state)
{
	(void)state;
	host = scene_create("alpha", 2);
	scene_vcpu(host, 157, 150, 1, "rt0");
	scene_comm(host, 157, "CPU 1/KVM");
	scene_entry(host, 0, 10, 157, 1);
	scene_exit(host, 0, 20, 157, 1, 0x078);		/* HLT */
	scene_exit(host, 0, 30, 158, 0, 0x400);		/* NPF */
	scene_switch(host, 0, 40, 157, "CPU 1/KVM", 7, "dd");
	scene_syscall(host, 1, 50, 7, 0, 3);		/* read */
	scene_syscall(host, 1, 60, 7, 1, 4);		/* write */
	scene_syscall_done(host, 1, 70, 7, 257, -2);	/* openat */
	scene_syscall_done(host, 1, 80, 7, 257, 5);
	scene_mark(host, 1, 90, 7, "job 17 starts");
	scene_beat(host, 1, 100, -1, 4000000000u, "thump");
	scene_hypercall(host, 0, 110, 157, 5, 1, 2, 3, 4);
	scene_entry(host, 0, 120, 157, 1);
	scene_finish(host);
	return 0;
}

static int drop_host(void **state)
{
	(void)state;
	scene_destroy(host);
	return 0;
}

/* The ns of the lines that are shown, as "10 20 ". */
static void lets_through(const char *expr, const char *expected)
{
	struct scene_view view = { .where = expr };
	const char *const paths[] = { scene_path(host) };
	char *shown = scene_show(&view, paths, 1), got[512] = "", *line, *rest;

	if (view.rc < 0)
		fail_msg("%s: %s", expr, view.error);
	for (line = strtok_r(shown, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		sprintf(got + strlen(got), "%d ", atoi(line + strlen("1.")));
	if (strcmp(got, expected) != 0)
		fail_msg("%s: expected \"%s\", found \"%s\"", expr, expected, got);
	free(shown);
}

TEST(events_go_by_our_names_the_kernels_groups_and_globs)
{
	lets_through("event == KVM_EXIT_VM_PID", "20 30 ");
	lets_through("event == kvm_exit", "20 30 ");
	lets_through("event == KVM_EXIT", "20 30 ");
	lets_through("event == kvm:kvm_e*", "10 20 30 120 120 ");
	lets_through("event =~ \"SYSCALL_*\"", "50 60 70 80 ");
	lets_through("event == HEART_BEAT", "100 ");
	lets_through("event != kvm and event != syscall and event != FILE_*", "40 90 100 ");
}

TEST(fields_go_by_our_names_and_those_of_the_kernel)
{
	lets_through("reason == HLT", "20 ");
	lets_through("exit_reason == \"HLT\"", "20 ");
	lets_through("exit_reason == 0x78", "20 ");
	lets_through("reason != HLT", "30 ");
	lets_through("reason =~ \"N*\"", "30 ");
	lets_through("vcpu_id == 1", "10 20 120 ");
	lets_through("next_comm == dd", "40 ");
	lets_through("prev_comm =~ \"CPU*\"", "40 ");
	lets_through("syscall == openat and ret < 0", "70 ");
	lets_through("ret == -2", "70 ");
	lets_through("value > 3999999999", "100 ");
	lets_through("text == thump", "100 ");
	lets_through("args[0] == 4", "60 ");
	lets_through("args[5] == 6", "50 60 ");
	lets_through("nr == KICK_CPU and a1 == 2", "110 ");
}

TEST(names_of_the_line_are_those_of_its_columns)
{
	lets_through("cpu == 1 and event != SYSCALL_* and event != FILE_*", "90 100 ");
	lets_through("pid == -1", "100 ");
	lets_through("host == alpha and pid == 158", "30 ");
	lets_through("host != alpha", "");
	lets_through("comm == \"CPU 1/KVM\"", "10 20 40 110 120 120 ");
	lets_through("time >= 1.0000001 and time < 1.00000012", "100 110 ");
	lets_through("time < +20ns", "10 20 ");
}

TEST(vm_and_vcpu_hold_for_all_that_the_thread_does)
{
	lets_through("vm == rt0 and event == SCHED_SWITCH", "40 ");
	lets_through("vm == 150 and vcpu == 1", "10 20 40 110 120 120 ");
	lets_through("vm == 158", "30 ");
	lets_through("vm =~ \"rt*\" and not event == kvm", "40 ");
	lets_through("vm != \"\" and vm != rt9 and not event == kvm", "40 ");
}

TEST(derived_lines_are_chosen_by_themselves)
{
	lets_through("event == FILE_READ", "50 ");
	lets_through("fd == 3", "50 ");
	lets_through("event == FILE_OPEN and fd >= 5", "80 ");
	lets_through("event == KVM_HOST_HC_EXIT", "120 ");
	lets_through("event == KVM_HOST_HC_EXIT and comm == CPU*", "120 ");
}

TEST(a_text_alone_is_held_against_marks)
{
	lets_through("\"job * starts\"", "90 ");
	lets_through("job*", "90 ");
	lets_through("\"KVM_EXIT\"", "");
	lets_through("mark == \"job 17 starts\"", "90 ");
	lets_through("not job* and event == CUSTOM", "");
}

TEST(and_binds_closer_than_or_and_not_closest)
{
	lets_through("pid == 158 or pid == 157 and event == KVM_ENTER", "10 30 120 ");
	lets_through("(pid == 158 or pid == 157) and event == KVM_ENTER", "10 120 ");
	lets_through("not pid == 7 and not pid == 157", "30 100 ");
	lets_through("!(pid == 7 || pid == 157) && cpu == 0", "30 ");
}

TEST(without_the_field_every_comparison_is_false)
{
	lets_through("reason != HLT", "30 ");
	lets_through("not reason == HLT and cpu == 0", "10 30 40 110 120 120 ");
	lets_through("vcpu != 9 and pid == 7", "");
}

TEST(a_dot_means_the_field_of_the_event_also_on_the_right)
{
	lets_through(".prev_pid == 157", "40 ");
	lets_through("pid == .prev_pid", "40 ");
	lets_through(".next_pid < .prev_pid", "40 ");
	lets_through(".prev_comm != .next_comm", "40 ");
	lets_through(".common_pid == 158", "30 ");
}

TEST(there_may_be_as_many_comparisons_as_are_allowed)
{
	char text[4096] = "cpu==1";
	unsigned int i;

	for (i = 0; i < 255; i++)
		strcat(text, " or cpu==1");
	lets_through(text, "50 50 60 60 70 80 80 90 100 ");
}

/* ---- what means nothing here ---- */

static void is_unknown(const char *expr, const char *words)
{
	struct scene_view view = { .where = expr };
	const char *const paths[] = { scene_path(host) };
	char *shown = scene_show(&view, paths, 1);

	assert_int_equal(view.rc, -EINVAL);
	assert_contains(view.error, words);
	assert_contains(view.error, "^");
	assert_string_equal(shown, "");
	free(shown);
}

TEST(names_and_values_that_mean_nothing_are_named)
{
	is_unknown("raeson == HLT", "column 1: no event of these traces has a field \"raeson\"; "
		   "did you mean reason?");
	is_unknown("reason == HTL", "column 11: \"HTL\" is no reason; did you mean HLT?");
	is_unknown("syscall == raed", "did you mean read?");
	is_unknown("vm == rt1", "column 7: no VM \"rt1\"; one is rt0");
	is_unknown("event == KVM_EXITS", "\"KVM_EXITS\": no such event");
	is_unknown("pid == 7 and KVM_EXIT", "column 14: for the event write event == KVM_EXIT, "
		   "for a mark with this text \"KVM_EXIT\"");
	is_unknown("sched_switch", "write event == sched_switch");
	is_unknown("host == beta", "no host \"beta\"; the first of 1 is alpha");
	is_unknown("pid == dd", "expected a number, found \"dd\"");
	is_unknown("value == many", "expected a number, found \"many\"");
	is_unknown("next_comm < dd", "next_comm has no order");
	is_unknown("event < KVM_EXIT", "event has no order");
	is_unknown("time > soon", "\"soon\" is no time");
	is_unknown("pid =~ \"1*\"", "pid is a number: expected ==");
	is_unknown("pid == .perv_pid", "column 9: no event of these traces has a field");
	is_unknown("reason", "column 7: expected ==");
	is_unknown(".event == KVM_EXIT", "has a field \"event\"");
}

TEST(what_only_other_traces_have_is_no_error)
{
	lets_through("event == PAGE_FAULT_USER and address == 0", "");
	lets_through("gpa == 0x1000", "");
}

/* ---- bad records ---- */

TEST(a_record_that_is_cut_short_lacks_the_field)
{
	struct scene *scene = scene_create("cut", 1);
	struct scene_view view = { .where = "reason != HLT or prev_comm != x or args[5] != 0" };

	scene_record(scene, 0, 1, 5, 102, "", 0);
	scene_record(scene, 0, 2, 5, 104, "ab", 2);
	scene_record(scene, 0, 3, 5, 105, "12345678", 8);
	scene_record(scene, 0, 4, 5, 999, "", 0);
	scene_expect(&view, scene, "");
	view.where = "pid == 5";
	scene_expect(&view, scene,
		     "1.000000001 0 KVM_EXIT_VM_PID [cut short: 8 bytes]\n"
		     "1.000000002 0 SCHED_SWITCH [cut short: 12 bytes]\n"
		     "1.000000003 0 SYSCALL_ENTER [cut short: 16 bytes]\n"
		     "1.000000004 0 EVENT [id 999 size 8]\n");
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_that_is_no_expression_is_refused_at_its_place),
		cmocka_unit_test(the_place_is_found_behind_characters_of_several_bytes),
		cmocka_unit_test(of_a_long_text_the_part_around_the_place_is_shown),
		cmocka_unit_test(length_depth_and_number_are_bounded),
		cmocka_unit_test(events_go_by_our_names_the_kernels_groups_and_globs),
		cmocka_unit_test(fields_go_by_our_names_and_those_of_the_kernel),
		cmocka_unit_test(names_of_the_line_are_those_of_its_columns),
		cmocka_unit_test(vm_and_vcpu_hold_for_all_that_the_thread_does),
		cmocka_unit_test(derived_lines_are_chosen_by_themselves),
		cmocka_unit_test(a_text_alone_is_held_against_marks),
		cmocka_unit_test(and_binds_closer_than_or_and_not_closest),
		cmocka_unit_test(without_the_field_every_comparison_is_false),
		cmocka_unit_test(a_dot_means_the_field_of_the_event_also_on_the_right),
		cmocka_unit_test(there_may_be_as_many_comparisons_as_are_allowed),
		cmocka_unit_test(names_and_values_that_mean_nothing_are_named),
		cmocka_unit_test(what_only_other_traces_have_is_no_error),
		cmocka_unit_test(a_record_that_is_cut_short_lacks_the_field),
	};

	return cmocka_run_group_tests(tests, make_host, drop_host);
}
