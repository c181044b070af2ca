/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-protocol.c - the protocol's numbers and bits stay where guests and hosts expect them */
#include "gs/protocol.h"
#include "tests/unit.h"

TEST(numbers_and_features_are_those_of_version_1)
{
	assert_int_equal(GS_NR_QUERY, 0x4b475300);
	assert_int_equal(GS_NR_PING, 0x4b475301);
	assert_int_equal(GS_NR_LOG_MSG, 0x4b475302);
	assert_int_equal(GS_NR_XTRACE_FLUSH, 0x4b475303);
	assert_int_equal(GS_NR_XTRACE_LOG_DATA, 0x4b475304);
	assert_int_equal(GS_FEATURE_PING, 1);
	assert_int_equal(GS_FEATURE_LOG_MSG, 2);
	assert_int_equal(GS_FEATURE_XTRACE_FLUSH, 4);
	assert_int_equal(GS_FEATURE_XTRACE_LOG_DATA, 8);
}

TEST(a_head_holds_id_offset_and_length_in_this_order)
{
	uint64_t head = gs_frag_head(0x89abcdef, 0x0018, 0x00f0);

	assert_true(head == 0x89abcdef001800f0);
	assert_int_equal(gs_frag_id(head), 0x89abcdef);
	assert_int_equal(gs_frag_offset(head), 0x18);
	assert_int_equal(gs_frag_length(head), 0xf0);
}

TEST(bytes_are_packed_little_endian_and_padded_with_zeros)
{
	uint64_t args[3];
	char data[GS_FRAG_SIZE];

	gs_frag_pack(args, "abcdefghij", 10);
	assert_true(args[0] == 0x6867666564636261);
	assert_true(args[1] == 0x6a69);
	assert_true(args[2] == 0);
	gs_frag_unpack(data, args[0], args[1], args[2]);
	assert_memory_equal(data, "abcdefghij\0\0\0\0\0\0\0\0\0\0\0\0\0\0", GS_FRAG_SIZE);
	gs_frag_pack(args, "012345678901234567890123TOO MUCH", 32);
	assert_true(args[2] == 0x3332313039383736);
}

TEST(the_last_fragment_is_shorter)
{
	assert_int_equal(gs_frag_bytes(gs_frag_head(1, 0, 50)), 24);
	assert_int_equal(gs_frag_bytes(gs_frag_head(1, 24, 50)), 24);
	assert_int_equal(gs_frag_bytes(gs_frag_head(1, 48, 50)), 2);
}

TEST(a_fragment_is_valid_only_within_its_message_and_its_calls_limit)
{
	assert_true(gs_frag_valid(GS_NR_LOG_MSG, gs_frag_head(1, 216, 240)));
	assert_true(gs_frag_valid(GS_NR_XTRACE_LOG_DATA, gs_frag_head(1, 4056, 4080)));
	assert_false(gs_frag_valid(GS_NR_LOG_MSG, gs_frag_head(1, 0, 241)));
	assert_false(gs_frag_valid(GS_NR_LOG_MSG, gs_frag_head(1, 24, 24)));
	assert_false(gs_frag_valid(GS_NR_LOG_MSG, gs_frag_head(1, 1, 24)));
	assert_false(gs_frag_valid(GS_NR_LOG_MSG, gs_frag_head(1, 0, 0)));
	assert_false(gs_frag_valid(GS_NR_XTRACE_LOG_DATA, gs_frag_head(1, 0, 4081)));
	assert_false(gs_frag_valid(GS_NR_PING, gs_frag_head(1, 0, 24)));
}

TEST(a_call_is_served_only_with_arguments_of_this_protocol)
{
	assert_true(gs_call_valid(GS_NR_QUERY, 1));
	assert_false(gs_call_valid(GS_NR_QUERY, 0));
	assert_false(gs_call_valid(GS_NR_QUERY, 2));
	assert_true(gs_call_valid(GS_NR_PING, UINT64_MAX));
	assert_true(gs_call_valid(GS_NR_XTRACE_FLUSH, 2));
	assert_false(gs_call_valid(GS_NR_XTRACE_FLUSH, 3));
	assert_false(gs_call_valid(GS_NR_XTRACE_FLUSH, 1ull << 32));
	assert_true(gs_call_valid(GS_NR_LOG_MSG, gs_frag_head(1, 0, 240)));
	assert_false(gs_call_valid(GS_NR_LOG_MSG, gs_frag_head(1, 0, 241)));
	assert_false(gs_call_valid(GS_NR_FIRST - 1, 1));
	assert_false(gs_call_valid(GS_NR_LAST + 1, 1));
}

TEST(kvms_own_errors_are_no_answer_and_a_refusal_is_one)
{
	assert_true(gs_unanswered(-1));
	assert_true(gs_unanswered(-1000));
	assert_false(gs_unanswered(GS_ANSWER_OK));
	assert_false(gs_unanswered(GS_ANSWER_DENIED));
	assert_false(gs_unanswered(GS_ANSWER_AGAIN));
}

TEST(the_devices_requests_have_one_layout_for_all_programs)
{
	assert_int_equal(sizeof(struct kvmrt_gs_call), 48);
	assert_int_equal(offsetof(struct kvmrt_gs_call, ret), 40);
	assert_int_equal(sizeof(struct kvmrt_gs_info), 16);
	assert_int_equal(KVMRT_GS_IOC_INFO, 0x8010be00);
	assert_int_equal((uint32_t)KVMRT_GS_IOC_CALL, 0xc030be01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_features_are_those_of_version_1),
		cmocka_unit_test(a_head_holds_id_offset_and_length_in_this_order),
		cmocka_unit_test(bytes_are_packed_little_endian_and_padded_with_zeros),
		cmocka_unit_test(the_last_fragment_is_shorter),
		cmocka_unit_test(a_fragment_is_valid_only_within_its_message_and_its_calls_limit),
		cmocka_unit_test(a_call_is_served_only_with_arguments_of_this_protocol),
		cmocka_unit_test(kvms_own_errors_are_no_answer_and_a_refusal_is_one),
		cmocka_unit_test(the_devices_requests_have_one_layout_for_all_programs),
	};

	return RUN_TESTS(tests);
}
