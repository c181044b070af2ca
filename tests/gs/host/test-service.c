/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-service.c - gs/host/service.c: calls become lines and flushes, VM by VM */
#include "gs/host/service.h"
#include "tests/unit.h"

#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define S 1000000000ull

static struct {
	unsigned int lines, flushes;
	char text[8192];		/* lines, without their times */
	struct gs_flush flush;
} heard;

static void on_line(void *arg, const char *line)
{
	size_t len = strlen(heard.text);

	assert_ptr_equal(arg, &heard);
	heard.lines++;
	snprintf(heard.text + len, sizeof(heard.text) - len, "%s\n", strchr(line, ' ') + 1);
}

static void on_flush(void *arg, const struct gs_flush *flush)
{
	assert_ptr_equal(arg, &heard);
	heard.flushes++;
	heard.flush = *flush;
}

static struct gs_service *service;

/* Two VMs: vm1 of PID 100 with threads 101 and 102, one without a name of PID 200 with 201. */
static struct xt_vcpu vcpus[] = {
	{ .tid = 101, .vm_pid = 100, .vcpu = 0, .vm = "vm1" },
	{ .tid = 102, .vm_pid = 100, .vcpu = 1, .vm = "vm1" },
	{ .tid = 201, .vm_pid = 200, .vcpu = 0 },
};

static void set_vms(size_t nr, uint64_t ns)
{
	assert_int_equal(gs_service_set_vms(service, &(struct xt_vms){ vcpus, nr }, ns), 0);
}

static void begin(const struct gs_service_opts *opts)
{
	const struct gs_sinks sinks = { &heard, on_line, on_flush };

	memset(&heard, 0, sizeof(heard));
	assert_int_equal(gs_service_create(&service, opts, &sinks), 0);
	set_vms(3, S);
}

static int setup(void **state)
{
	(void)state;
	begin(&(struct gs_service_opts){ .lines = 5, .flushes = 1 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gs_service_destroy(service);
	return 0;
}

static void call(int tid, uint64_t ns, uint64_t nr, uint64_t a0, const char *data)
{
	uint64_t args[4] = { a0 };
	struct gs_traced traced = { .tid = tid, .ns = ns, .cpu = 7 };

	if (data)
		gs_frag_pack(args + 1, data, strlen(data) < 24 ? strlen(data) : 24);
	if (nr == GS_NR_XTRACE_FLUSH)
		args[1] = 0x42;
	traced.valid = kev_gs_decode(&traced.gs, nr, args) == 0;
	gs_service_call(service, &traced);
}

static void message(int tid, uint64_t ns, uint32_t id, const char *text)
{
	call(tid, ns, GS_NR_LOG_MSG, gs_frag_head(id, 0, strlen(text)), text);
}

static struct gs_vm_stats stats(size_t i)
{
	struct gs_vm_stats ret;

	assert_true(gs_service_stats(service, i, &ret));
	return ret;
}

TEST(messages_of_two_vms_stand_in_the_order_of_their_calls)
{
	message(101, S, 1, "VM1 is about to start A");
	message(201, 2 * S, 1, "VM2 is about to start B");
	message(201, 3 * S, 2, "VM2 just finished B");
	message(102, 4 * S, 2, "VM1 just finished A");
	assert_string_equal(heard.text,
			    "vm1/0: VM1 is about to start A\npid200/0: VM2 is about to start B\n"
			    "pid200/0: VM2 just finished B\nvm1/1: VM1 just finished A\n");
}

TEST(fragments_are_joined_across_vcpus_and_not_across_vms)
{
	call(101, S, GS_NR_LOG_MSG, gs_frag_head(9, 0, 30), "aaaaaaaaaaaaaaaaaaaaaaaa");
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(9, 24, 30), "BBBBBB");
	call(102, S, GS_NR_LOG_MSG, gs_frag_head(9, 24, 30), "bbbbbb");
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(9, 0, 30), "AAAAAAAAAAAAAAAAAAAAAAAA");
	assert_string_equal(heard.text, "vm1/1: aaaaaaaaaaaaaaaaaaaaaaaabbbbbb\n"
			    "pid200/0: AAAAAAAAAAAAAAAAAAAAAAAABBBBBB\n");
}

TEST(a_message_that_stops_in_the_middle_is_told_with_its_hole)
{
	call(101, S, GS_NR_LOG_MSG, gs_frag_head(9, 0, 30), "aaaaaaaaaaaaaaaaaaaaaaaa");
	gs_service_tick(service, 2 * S);
	assert_int_equal(heard.lines, 0);
	gs_service_tick(service, 4 * S);
	assert_string_equal(heard.text, "vm1: aaaaaaaaaaaaaaaaaaaaaaaa[6 bytes missing]\n");
	assert_int_equal(stats(0).incomplete, 1);
}

TEST(a_message_waits_as_long_as_was_asked_for)
{
	gs_service_destroy(service);
	begin(&(struct gs_service_opts){ .patience_s = 10 });
	call(101, S, GS_NR_LOG_MSG, gs_frag_head(9, 0, 30), "aaaaaaaaaaaaaaaaaaaaaaaa");
	gs_service_tick(service, 10 * S);
	assert_int_equal(heard.lines, 0);
	call(101, 10 * S, GS_NR_LOG_MSG, gs_frag_head(9, 24, 30), "bbbbbb");
	assert_string_equal(heard.text, "vm1/0: aaaaaaaaaaaaaaaaaaaaaaaabbbbbb\n");
	assert_int_equal(stats(0).incomplete, 0);
}

TEST(a_vm_that_dies_in_mid_message_leaves_what_came_and_nothing_else)
{
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(9, 0, 30), "aaaaaaaaaaaaaaaaaaaaaaaa");
	set_vms(2, S);
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(9, 24, 30), "bbbbbb");	/* before it died */
	assert_string_equal(heard.text, "pid200/0: aaaaaaaaaaaaaaaaaaaaaaaabbbbbb\n");
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(10, 0, 30), "cccccccccccccccccccccccc");
	set_vms(2, 2 * S);
	assert_contains(heard.text, "pid200: cccccccccccccccccccccccc[6 bytes missing]\n");
	message(101, 3 * S, 1, "still here");
	assert_false(gs_service_stats(service, 1, &(struct gs_vm_stats){ 0 }));
}

TEST(a_thread_that_nobody_knows_is_named_by_its_number)
{
	assert_false(gs_service_knows(service, 999));
	message(999, S, 1, "hello");
	assert_string_equal(heard.text, "pid999: hello\n");
}

TEST(looks_for_vms_give_a_stranger_no_fresh_account)
{
	for (uint32_t i = 0; i < 100; i++)
		message(999, S, i, "x");
	assert_true(gs_service_knows(service, 999));
	set_vms(3, S);
	set_vms(3, 2 * S);
	message(999, 2 * S, 100, "x");
	assert_int_equal(stats(0).messages, 101);
	assert_int_equal(heard.lines, 51);	/* a burst of 50, and the last */
	set_vms(3, 100 * S);
	assert_false(gs_service_knows(service, 999));
}

TEST(lines_are_limited_vm_by_vm_and_the_dropped_ones_are_counted)
{
	char want[64];
	uint32_t i;

	for (i = 0; i < 1000; i++)
		message(101, S, i, "x");
	message(201, S, 1, "y");
	assert_int_equal(heard.lines, 51);
	assert_contains(heard.text, "pid200/0: y\n");
	gs_service_tick(service, S);
	assert_int_equal(heard.lines, 52);
	snprintf(want, sizeof(want), "vm1: 950 messages dropped (limit 5 a second)\n");
	assert_contains(heard.text, want);
	gs_service_tick(service, 2 * S);
	assert_int_equal(heard.lines, 52);
	assert_int_equal(stats(0).messages, 1000);
	assert_int_equal(stats(0).lines_dropped, 950);
}

TEST(a_flush_is_handed_on_with_scope_number_and_place)
{
	call(102, S, GS_NR_XTRACE_FLUSH, GS_SCOPE_VM, NULL);
	assert_int_equal(heard.flushes, 1);
	assert_string_equal(heard.flush.vm, "vm1");
	assert_int_equal(heard.flush.vm_pid, 100);
	assert_int_equal(heard.flush.cpu, 7);
	assert_true(heard.flush.scope == GS_SCOPE_VM && heard.flush.incident == 0x42);
	assert_string_equal(heard.text,
			    "vm1/1: flush of the trace, CPUs of the VM, incident 0x42\n");
}

TEST(flushes_are_limited_too)
{
	int i;

	for (i = 0; i < 20; i++)
		call(101, S, GS_NR_XTRACE_FLUSH, GS_SCOPE_ALL, NULL);
	assert_int_equal(heard.flushes, 10);
	gs_service_tick(service, S);
	assert_contains(heard.text, "vm1: 10 flushes dropped (limit 1 a second)\n");
}

TEST(data_and_pings_are_counted_and_write_no_line)
{
	call(101, S, GS_NR_XTRACE_LOG_DATA, gs_frag_head(3, 0, 2), "hi");
	call(101, S, GS_NR_PING, 5, NULL);
	assert_int_equal(heard.lines, 0);
	assert_int_equal(stats(0).data, 1);
	assert_int_equal(stats(0).data_bytes, 2);
	assert_int_equal(stats(0).pings, 1);
	assert_int_equal(stats(0).calls, 2);
}

TEST(calls_that_break_the_protocol_are_counted_and_nothing_else)
{
	call(101, S, GS_NR_XTRACE_FLUSH, 3, NULL);
	call(101, S, GS_NR_LOG_MSG, gs_frag_head(1, 25, 100), "x");
	call(101, S, GS_NR_LOG_MSG, gs_frag_head(1, 0, 241), "x");
	assert_int_equal(heard.lines + heard.flushes, 0);
	assert_int_equal(stats(0).invalid, 3);
}

TEST(a_guest_that_opens_messages_without_end_pushes_out_its_own_alone)
{
	uint32_t i;

	call(201, S, GS_NR_LOG_MSG, gs_frag_head(1, 0, 30), "aaaaaaaaaaaaaaaaaaaaaaaa");
	for (i = 0; i < 10000; i++)
		call(101, S, GS_NR_LOG_MSG, gs_frag_head(i, 0, 240), "junk");
	call(201, S, GS_NR_LOG_MSG, gs_frag_head(1, 24, 30), "bbbbbb");
	assert_contains(heard.text, "pid200/0: aaaaaaaaaaaaaaaaaaaaaaaabbbbbb\n");
	assert_int_equal(stats(1).incomplete, 10000 - 32);
}

TEST(calls_that_were_not_seen_are_told_and_counted)
{
	gs_service_lost(service, 3, 5, S);
	gs_service_lost(service, 3, 6, S + 1);
	assert_string_equal(heard.text, "host: 5 calls of guests were not seen: the buffer of "
			    "CPU 3 was full\n");
	assert_int_equal(gs_service_total_lost(service), 11);
}

TEST(calls_that_were_not_seen_are_told_too_where_none_follow_them)
{
	gs_service_lost(service, 3, 5, S);
	gs_service_lost(service, 1, 6, 2 * S);
	gs_service_tick(service, 3 * S);
	assert_int_equal(heard.lines, 1);
	gs_service_tick(service, 7 * S);
	gs_service_tick(service, 20 * S);
	assert_string_equal(heard.text, "host: 5 calls of guests were not seen: the buffer of "
			    "CPU 3 was full\nhost: 6 calls of guests were not seen: the buffer of "
			    "CPU 1 was full\n");
	gs_service_lost(service, 0, 1, 21 * S);
	gs_service_lost(service, 0, 7, 22 * S);
	gs_service_destroy(service);
	service = NULL;
	assert_non_null(strstr(heard.text, "host: 7 calls of guests were not seen"));
}

TEST(more_vms_than_there_is_room_for_are_not_served_and_harm_nobody)
{
	int i;

	for (i = 0; i < GS_MAX_VMS + 10; i++)
		call(1000 + i, S, GS_NR_PING, 1, NULL);
	assert_true(gs_service_stats(service, GS_MAX_VMS - 1, &(struct gs_vm_stats){ 0 }));
	assert_false(gs_service_stats(service, GS_MAX_VMS, &(struct gs_vm_stats){ 0 }));
}

#define SERVICE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVICE_TEST(messages_of_two_vms_stand_in_the_order_of_their_calls),
		SERVICE_TEST(fragments_are_joined_across_vcpus_and_not_across_vms),
		SERVICE_TEST(a_message_that_stops_in_the_middle_is_told_with_its_hole),
		SERVICE_TEST(a_message_waits_as_long_as_was_asked_for),
		SERVICE_TEST(a_vm_that_dies_in_mid_message_leaves_what_came_and_nothing_else),
		SERVICE_TEST(a_thread_that_nobody_knows_is_named_by_its_number),
		SERVICE_TEST(looks_for_vms_give_a_stranger_no_fresh_account),
		SERVICE_TEST(lines_are_limited_vm_by_vm_and_the_dropped_ones_are_counted),
		SERVICE_TEST(a_flush_is_handed_on_with_scope_number_and_place),
		SERVICE_TEST(flushes_are_limited_too),
		SERVICE_TEST(data_and_pings_are_counted_and_write_no_line),
		SERVICE_TEST(calls_that_break_the_protocol_are_counted_and_nothing_else),
		SERVICE_TEST(a_guest_that_opens_messages_without_end_pushes_out_its_own_alone),
		SERVICE_TEST(calls_that_were_not_seen_are_told_and_counted),
		SERVICE_TEST(calls_that_were_not_seen_are_told_too_where_none_follow_them),
		SERVICE_TEST(more_vms_than_there_is_room_for_are_not_served_and_harm_nobody),
	};

	return RUN_TESTS(tests);
}
