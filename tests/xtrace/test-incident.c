/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-incident.c - calls to flush out of trace_pipe's lines; the lines were copied from
 * kernels 6.1 and 6.12
 */
#include "xtrace/incident.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit.h"

#define HOST "       CPU 0/KVM-1412    [002] d..1.    61.204719: kvm_hypercall: nr 0x4b475303 a0 "

TEST(a_guests_call_is_a_hypercall_of_its_vcpus_thread)
{
	struct xt_incident in;

	assert_true(xt_incident_parse(&in, HOST "0x1 a1 0x8fc1234500000abd a2 0x0 a3 0x0"));
	assert_int_equal(in.id, 0x8fc1234500000abd);
	assert_string_equal(xt_incident_scope(&in), "vm");
	assert_false(in.own);
	assert_int_equal(in.cpu, 2);
	assert_int_equal(in.tid, 1412);
	assert_string_equal(in.ts, "61.204719");
}

TEST(a_program_of_this_machine_is_seen_by_event_or_by_mark)
{
	struct xt_incident in;

	assert_true(xt_incident_parse(&in, " gs-caller-77  [000] ...1.  5.000001: flush_guest: "
				      "scope=2 incident=0xabc"));
	assert_true(in.own && in.id == 0xabc && in.tid == 77);
	assert_string_equal(xt_incident_scope(&in), "all");
	assert_true(xt_incident_parse(&in, " kvmrt-gs-78  [001] .....  6.000001: "
				      "tracing_mark_write: kvmrt_gs: flush scope=0x0 "
				      "incident=0x9"));
	assert_true(in.own && in.id == 9 && in.cpu == 1);
	assert_string_equal(xt_incident_scope(&in), "cpu");
}

TEST(a_guest_may_give_any_scope_and_any_number)
{
	struct xt_incident in;

	assert_true(xt_incident_parse(&in, HOST "0xffffffffffffffff a1 0x0 a2 0x0 a3 0x0"));
	assert_string_equal(xt_incident_scope(&in), "unknown");
	assert_int_equal(in.id, 0);
}

TEST(other_lines_are_no_call)
{
	static const char *const lines[] = {
		"",
		"CPU:3 [LOST 12 EVENTS]",
		": kvm_hypercall: nr 0x4b475303 a0 0x1 a1 0x2 a2 0x0 a3 0x0",
		" x-1 [000] d..1. 1.0: kvm_hypercall: nr 0x4b475301 a0 0x1 a1 0x2 a2 0x0 a3 0x0",
		" x-1 [000] d..1. 1.0: kvm_hypercall: nr",
		" x-1 [000] d..1. 1.0: tracing_mark_write: kvmrt_gs: ping cookie=0x1",
		" x-1 [000] d..1. 1.0: tracing_mark_write: kvmrt_gs: flush scope=",
		" x-1 000 d..1. 1.0: flush_guest: scope=2 incident=0xabc",
	};
	struct xt_incident in = { .id = 7 };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(xt_incident_parse(&in, lines[i]));
	assert_int_equal(in.id, 7);
}

TEST(a_look_ends_though_calls_come_without_end)
{
	struct xt_incidents list = { .fd = open("/dev/zero", O_RDONLY) };

	assert_true(list.fd >= 0);
	alarm(10);
	xt_incidents_read(&list);
	alarm(0);
	assert_int_equal(list.nr, 0);
	close(list.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guests_call_is_a_hypercall_of_its_vcpus_thread),
		cmocka_unit_test(a_program_of_this_machine_is_seen_by_event_or_by_mark),
		cmocka_unit_test(a_guest_may_give_any_scope_and_any_number),
		cmocka_unit_test(other_lines_are_no_call),
		cmocka_unit_test(a_look_ends_though_calls_come_without_end),
	};

	return RUN_TESTS(tests);
}
