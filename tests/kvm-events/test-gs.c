/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-gs.c - guest services out of registers and markers, and nothing out of rubbish */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

static int parse(struct kev_gs *gs, const char *text)
{
	return kev_marker_parse(gs, text, strlen(text));
}

TEST(a_ping_is_decoded)
{
	const uint64_t args[4] = { 0x1234, 0, 0, 0 };
	struct kev_gs gs;

	assert_int_equal(kev_gs_decode(&gs, GS_NR_PING, args), 0);
	assert_int_equal(gs.kind, KEV_GS_PING);
	assert_int_equal(gs.arg[0], 0x1234);
	assert_string_equal(kev_gs_name(gs.kind, true), "KVMRT_GS_PING_HOST");
	assert_string_equal(kev_gs_name(gs.kind, false), "KVMRT_GS_PING_GUEST");
}

TEST(a_flush_is_decoded_and_its_scope_checked)
{
	uint64_t args[4] = { GS_SCOPE_VM, 0xabc, 0, 0 };
	struct kev_gs gs;

	assert_int_equal(kev_gs_decode(&gs, GS_NR_XTRACE_FLUSH, args), 0);
	assert_int_equal(gs.kind, KEV_GS_FLUSH);
	assert_int_equal(gs.arg[0], GS_SCOPE_VM);
	assert_int_equal(gs.arg[1], 0xabc);
	args[0] = 3;
	assert_int_equal(kev_gs_decode(&gs, GS_NR_XTRACE_FLUSH, args), -EINVAL);
}

TEST(a_fragment_comes_back_as_it_was_packed)
{
	uint64_t args[4];
	struct kev_gs gs;

	args[0] = gs_frag_head(7, 24, 30);
	gs_frag_pack(args + 1, "abcdef", 6);
	assert_int_equal(kev_gs_decode(&gs, GS_NR_LOG_MSG, args), 0);
	assert_int_equal(gs.kind, KEV_GS_LOG_MSG);
	assert_int_equal(gs.frag.id, 7);
	assert_int_equal(gs.frag.offset, 24);
	assert_int_equal(gs.frag.length, 30);
	assert_int_equal(gs.frag.size, 6);
	assert_memory_equal(gs.frag.data, "abcdef", 6);
}

TEST(a_fragment_outside_its_message_is_refused)
{
	static const struct {
		uint64_t nr;
		uint16_t offset, length;
	} bad[] = {
		{ GS_NR_LOG_MSG, 0, 0 },		/* nothing to send */
		{ GS_NR_LOG_MSG, 0, GS_MSG_MAX + 1 },
		{ GS_NR_LOG_MSG, 240, 240 },		/* begins behind the end */
		{ GS_NR_LOG_MSG, 23, 240 },		/* not on the grid */
		{ GS_NR_XTRACE_LOG_DATA, 0, GS_DATA_MAX + 1 },
		{ GS_NR_XTRACE_LOG_DATA, 65520, 65535 },
	};
	uint64_t args[4] = { 0 };
	struct kev_gs gs = { .kind = KEV_GS_PING };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		args[0] = gs_frag_head(1, bad[i].offset, bad[i].length);
		assert_int_equal(kev_gs_decode(&gs, bad[i].nr, args), -EINVAL);
	}
	assert_int_equal(gs.kind, KEV_GS_PING);
}

TEST(other_numbers_are_not_ours)
{
	const uint64_t args[4] = { 0 };
	struct kev_gs gs;

	assert_int_equal(kev_gs_decode(&gs, 5, args), -ENOENT);
	assert_int_equal(kev_gs_decode(&gs, GS_NR_FIRST - 1, args), -ENOENT);
	assert_int_equal(kev_gs_decode(&gs, GS_NR_LAST + 1, args), -ENOENT);
	assert_int_equal(kev_gs_decode(&gs, 0x100000000 | GS_NR_PING, args), -ENOENT);
	assert_int_equal(kev_gs_decode(&gs, GS_NR_QUERY, args), -EINVAL);
	assert_int_equal(kev_gs_decode(&gs, GS_NR_QUERY, (uint64_t[4]){ 1 }), 0);
	assert_null(kev_gs_name(gs.kind, true));
	assert_null(kev_gs_name(KEV_NR_GS_KINDS, true));
}

TEST(markers_are_parsed)
{
	struct kev_gs gs;

	assert_int_equal(parse(&gs, "kvmrt_gs: ping cookie=0xdeadbeef\n"), 0);
	assert_int_equal(gs.kind, KEV_GS_PING);
	assert_int_equal(gs.arg[0], 0xdeadbeef);
	assert_int_equal(parse(&gs, "kvmrt_gs: flush scope=0x2 incident=0x77"), 0);
	assert_int_equal(gs.kind, KEV_GS_FLUSH);
	assert_int_equal(gs.arg[1], 0x77);
	assert_int_equal(parse(&gs, "kvmrt_gs: hc_start nr=0x5 a0=0x0 a1=0x1 a2=0x2 a3=0x3"), 0);
	assert_int_equal(gs.kind, KEV_GS_HC_START);
	assert_int_equal(gs.nr, 5);
	assert_int_equal(gs.arg[3], 3);
	assert_int_equal(parse(&gs, "kvmrt_gs: hc_end nr=0x4b475301 ret=-1000"), 0);
	assert_int_equal(gs.kind, KEV_GS_HC_END);
	assert_int_equal((int64_t)gs.arg[0], -1000);
	assert_int_equal(parse(&gs, "kvmrt_gs: log_data id=0x1 offset=0x0 length=0x2 data=6869"),
			 0);
	assert_int_equal(gs.kind, KEV_GS_LOG_DATA);
	assert_int_equal(gs.frag.size, 2);
	assert_memory_equal(gs.frag.data, "hi", 2);
}

TEST(a_marker_may_end_in_newline_and_nuls)
{
	static const char text[] = "kvmrt_gs: ping cookie=0x1\n\0\0";
	struct kev_gs gs;

	assert_int_equal(kev_marker_parse(&gs, text, sizeof(text)), 0);
	assert_int_equal(kev_marker_parse(&gs, text, 25), 0);
	assert_int_equal(kev_marker_parse(&gs, text, 23), -EINVAL);
}

TEST(marks_of_others_are_left_alone)
{
	struct kev_gs gs;

	assert_int_equal(parse(&gs, ""), -ENOENT);
	assert_int_equal(parse(&gs, "hello"), -ENOENT);
	assert_int_equal(parse(&gs, "kvmrt_gs:"), -ENOENT);
}

TEST(broken_markers_are_refused)
{
	static const char *const bad[] = {
		"kvmrt_gs: ",
		"kvmrt_gs: ping",
		"kvmrt_gs: pingx cookie=0x1",
		"kvmrt_gs: ping cookie=1",
		"kvmrt_gs: ping cookie=0x",
		"kvmrt_gs: ping cookie=0x11112222333344445",
		"kvmrt_gs: ping cookie=0x1 more",
		"kvmrt_gs: ping  cookie=0x1",
		"kvmrt_gs: ping cookie=0x1\n\n",
		"kvmrt_gs: flush scope=0x3 incident=0x1",
		"kvmrt_gs: flush scope=0x1",
		"kvmrt_gs: hc_end nr=0x1 ret=",
		"kvmrt_gs: hc_end nr=0x1 ret=--1",
		"kvmrt_gs: hc_end nr=0x1 ret=11112222333344445555",
		"kvmrt_gs: log_msg id=0x1 offset=0x0 length=0x2 data=",
		"kvmrt_gs: log_msg id=0x1 offset=0x0 length=0x2 data=686",
		"kvmrt_gs: log_msg id=0x1 offset=0x0 length=0x2 data=6A6B",
		"kvmrt_gs: log_msg id=0x1 offset=0x0 length=0x1 data=6869",
		"kvmrt_gs: log_msg id=0x100000000 offset=0x0 length=0x2 data=6869",
		"kvmrt_gs: log_msg id=0x1 offset=0x0 length=0xf1 data=6869",
		"kvmrt_gs: log_msg id=0x1 offset=0x1 length=0x20 data=68",
		"kvmrt_gs: log_data id=0x1 offset=0x10000 length=0x2 data=6869",
	};
	struct kev_gs gs = { .kind = KEV_GS_QUERY };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&gs, bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(gs.kind, KEV_GS_QUERY);
}

TEST(the_longest_marker_fits_its_limit)
{
	char text[GS_MARKER_LINE_MAX + 8];
	struct kev_gs gs;
	unsigned int i, len;

	len = sprintf(text, "%slog_data id=0xffffffff offset=0xf00 length=0xff0 data=",
		      GS_MARKER_PREFIX);
	for (i = 0; i < GS_MARKER_DATA_MAX; i++)
		len += sprintf(text + len, "a5");
	assert_true(len <= GS_MARKER_LINE_MAX);
	assert_int_equal(kev_marker_parse(&gs, text, len), 0);
	assert_int_equal(gs.frag.size, GS_MARKER_DATA_MAX);
	strcpy(text + len, "a5");
	assert_int_equal(kev_marker_parse(&gs, text, len + 2), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ping_is_decoded),
		cmocka_unit_test(a_flush_is_decoded_and_its_scope_checked),
		cmocka_unit_test(a_fragment_comes_back_as_it_was_packed),
		cmocka_unit_test(a_fragment_outside_its_message_is_refused),
		cmocka_unit_test(other_numbers_are_not_ours),
		cmocka_unit_test(markers_are_parsed),
		cmocka_unit_test(a_marker_may_end_in_newline_and_nuls),
		cmocka_unit_test(marks_of_others_are_left_alone),
		cmocka_unit_test(broken_markers_are_refused),
		cmocka_unit_test(the_longest_marker_fits_its_limit),
	};

	return RUN_TESTS(tests);
}
