/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-joiner.c - messages come whole, or are given up with their holes named */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

/* What the callback got: the last message, and how many. */
static struct {
	unsigned int nr;
	struct kev_speaker from;
	uint16_t length, missing;
	uint8_t tag;
	uint64_t first_ns, last_ns;
	uint8_t data[GS_DATA_MAX];
	unsigned int hole_begin, hole_end;
	bool hole;
} got;

static void keep(void *arg, const struct kev_message *msg)
{
	assert_ptr_equal(arg, &got);
	got.nr++;
	got.from = msg->from;
	got.length = msg->length;
	got.missing = msg->missing;
	got.tag = msg->tag;
	got.first_ns = msg->first_ns;
	got.last_ns = msg->last_ns;
	memcpy(got.data, msg->data, msg->length);
	got.hole = kev_message_hole(msg, 0, &got.hole_begin, &got.hole_end);
}

static struct kev_joiner *make(size_t max)
{
	struct kev_joiner *joiner;

	memset(&got, 0, sizeof(got));
	assert_int_equal(kev_joiner_create(&joiner, max, keep, &got), 0);
	return joiner;
}

static int add(struct kev_joiner *joiner, uint64_t vm, uint32_t id, unsigned int offset,
	       unsigned int size, unsigned int length, uint64_t ns)
{
	struct kev_speaker from = { vm, KEV_GS_LOG_DATA, id };
	struct kev_frag frag = { .id = id, .offset = offset, .length = length, .size = size,
				 .tag = (uint8_t)ns };

	memset(frag.data, 'a' + offset / GS_FRAG_SIZE % 26, sizeof(frag.data));
	return kev_joiner_add(joiner, &from, &frag, ns);
}

TEST(fragments_in_any_order_make_a_message)
{
	struct kev_joiner *joiner = make(4);

	assert_int_equal(add(joiner, 1, 9, 48, 2, 50, 100), 0);
	assert_int_equal(add(joiner, 1, 9, 0, 24, 50, 200), 0);
	assert_int_equal(got.nr, 0);
	assert_int_equal(add(joiner, 1, 9, 24, 24, 50, 300), 0);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.length, 50);
	assert_int_equal(got.missing, 0);
	assert_int_equal(got.first_ns, 100);
	assert_int_equal(got.last_ns, 300);
	assert_false(got.hole);
	assert_int_equal(got.data[23], 'a');
	assert_int_equal(got.data[24], 'b');
	assert_int_equal(got.data[49], 'c');
	kev_joiner_destroy(joiner);
}

TEST(speakers_do_not_mix)
{
	struct kev_joiner *joiner = make(4);
	struct kev_speaker msg = { 1, KEV_GS_LOG_MSG, 9 };
	struct kev_frag frag = { .id = 9, .length = 30, .size = 24 };

	add(joiner, 1, 9, 0, 24, 30, 1);
	add(joiner, 2, 9, 0, 24, 30, 2);
	add(joiner, 1, 8, 0, 24, 30, 3);
	assert_int_equal(kev_joiner_add(joiner, &msg, &frag, 4), 0);
	assert_int_equal(got.nr, 0);
	add(joiner, 2, 9, 24, 6, 30, 5);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.from.vm, 2);
	assert_int_equal(got.first_ns, 2);
	kev_joiner_destroy(joiner);
}

TEST(a_missing_fragment_is_a_hole)
{
	struct kev_joiner *joiner = make(4);

	add(joiner, 1, 9, 0, 24, 100, 1);
	add(joiner, 1, 9, 72, 24, 100, 2);
	kev_joiner_expire(joiner, 2);
	assert_int_equal(got.nr, 0);
	kev_joiner_expire(joiner, 3);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.missing, 52);
	assert_int_equal(got.tag, 2);
	assert_true(got.hole);
	assert_int_equal(got.hole_begin, 24);
	assert_int_equal(got.hole_end, 72);
	assert_int_equal(got.data[24], 0);
	kev_joiner_expire(joiner, UINT64_MAX);
	assert_int_equal(got.nr, 1);
	kev_joiner_destroy(joiner);
}

TEST(the_last_hole_ends_with_the_message)
{
	uint64_t cells[3] = { 0x5, 0, 0 };
	struct kev_message msg = { .length = 100, .cells = cells };
	unsigned int begin, end;

	assert_true(kev_message_hole(&msg, 0, &begin, &end));
	assert_int_equal(begin, 24);
	assert_int_equal(end, 48);
	assert_true(kev_message_hole(&msg, end, &begin, &end));
	assert_int_equal(begin, 72);
	assert_int_equal(end, 100);
	assert_false(kev_message_hole(&msg, end, &begin, &end));
}

TEST(without_room_the_oldest_is_given_up)
{
	struct kev_joiner *joiner = make(2);

	add(joiner, 1, 1, 0, 24, 48, 1);
	add(joiner, 1, 2, 0, 24, 48, 2);
	add(joiner, 1, 3, 0, 24, 48, 3);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.from.id, 1);
	assert_int_equal(got.missing, 24);
	kev_joiner_expire(joiner, UINT64_MAX);
	assert_int_equal(got.nr, 3);
	assert_int_equal(got.from.id, 3);
	kev_joiner_destroy(joiner);
}

TEST(an_id_used_again_starts_a_new_message)
{
	struct kev_joiner *joiner = make(4);

	add(joiner, 1, 1, 0, 24, 48, 1);
	add(joiner, 1, 1, 0, 24, 48, 2);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.missing, 24);
	add(joiner, 1, 1, 0, 24, 30, 3);
	assert_int_equal(got.nr, 2);
	add(joiner, 1, 1, 24, 6, 30, 4);
	assert_int_equal(got.nr, 3);
	assert_int_equal(got.missing, 0);
	assert_int_equal(got.first_ns, 3);
	kev_joiner_destroy(joiner);
}

TEST(fragments_that_do_not_fit_are_refused)
{
	struct kev_joiner *joiner = make(1);
	struct kev_speaker ping = { 1, KEV_GS_PING, 1 };
	struct kev_frag frag = { .length = 24, .size = 24 };

	assert_int_equal(add(joiner, 1, 1, 0, 0, 24, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 0, 24, 23, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 12, 12, 24, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 0, 12, 24, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 0, 24, GS_DATA_MAX + 1, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 65520, 24, 4080, 1), -EINVAL);
	assert_int_equal(add(joiner, 1, 1, 0, GS_MARKER_DATA_MAX + 24, 4080, 1), -EINVAL);
	assert_int_equal(kev_joiner_add(joiner, &ping, &frag, 1), -EINVAL);
	kev_joiner_expire(joiner, UINT64_MAX);
	assert_int_equal(got.nr, 0);
	kev_joiner_destroy(joiner);
}

TEST(the_largest_message_is_joined)
{
	struct kev_joiner *joiner = make(1);
	unsigned int offset;

	for (offset = 0; offset < GS_DATA_MAX; offset += GS_MARKER_DATA_MAX)
		assert_int_equal(add(joiner, 1, 1, offset, GS_MARKER_DATA_MAX, GS_DATA_MAX, 1), 0);
	assert_int_equal(got.nr, 1);
	assert_int_equal(got.length, GS_DATA_MAX);
	kev_joiner_destroy(joiner);
}

TEST(its_size_has_limits)
{
	struct kev_joiner *joiner = NULL;

	assert_int_equal(kev_joiner_create(&joiner, 0, keep, NULL), -EINVAL);
	assert_int_equal(kev_joiner_create(&joiner, 65537, keep, NULL), -EINVAL);
	assert_null(joiner);
	kev_joiner_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_in_any_order_make_a_message),
		cmocka_unit_test(speakers_do_not_mix),
		cmocka_unit_test(a_missing_fragment_is_a_hole),
		cmocka_unit_test(the_last_hole_ends_with_the_message),
		cmocka_unit_test(without_room_the_oldest_is_given_up),
		cmocka_unit_test(an_id_used_again_starts_a_new_message),
		cmocka_unit_test(fragments_that_do_not_fit_are_refused),
		cmocka_unit_test(the_largest_message_is_joined),
		cmocka_unit_test(its_size_has_limits),
	};

	return RUN_TESTS(tests);
}
