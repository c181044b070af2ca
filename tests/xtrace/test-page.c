/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-page.c - xtrace/page.c: the records of sub-buffers made by hand */
#include "xtrace/xtrace.h"

#include "tests/unit.h"
#include "tests/xtrace/make.h"

#define SIZE 4096

static uint8_t page[SIZE];

static void start(struct xt_cursor *cursor)
{
	xt_cursor_start(cursor, page, SIZE, 3);
}

static void words(const uint32_t *list, unsigned int nr)
{
	make_words(page, list, nr);
}

#define WORDS(...) \
	do { \
		const uint32_t list_[] = { __VA_ARGS__ }; \
		words(list_, sizeof(list_) / sizeof(list_[0])); \
	} while (0)

static void expect(struct xt_cursor *cursor, uint64_t ts, uint32_t size)
{
	struct xt_rec rec;

	assert_true(xt_cursor_next(cursor, &rec));
	assert_int_equal(rec.flags, 0);
	assert_int_equal(rec.ts, ts);
	assert_int_equal(rec.size, size);
	assert_int_equal(rec.lane, 3);
	assert_int_equal(xt_rec_type(&rec), MAKE_ID);
}

static void expect_end(struct xt_cursor *cursor, bool torn)
{
	struct xt_rec rec;

	assert_false(xt_cursor_next(cursor, &rec));
	assert_false(xt_cursor_next(cursor, &rec));
	assert_int_equal(cursor->torn, torn);
}

TEST(an_empty_sub_buffer_has_no_records)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	start(&cursor);
	expect_end(&cursor, false);
}

TEST(times_add_up_from_the_head)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	make_event(page, 0, 1);
	make_event(page, 20, 2);
	make_event(page, (1u << 27) - 1, 3);
	start(&cursor);
	expect(&cursor, 100, 12);
	expect(&cursor, 120, 12);
	expect(&cursor, 120 + (1u << 27) - 1, 12);
	expect_end(&cursor, false);
}

TEST(the_shortest_record_may_end_the_sub_buffer)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	WORDS(1 | 5 << 5, MAKE_ID);
	start(&cursor);
	expect(&cursor, 105, 4);
	expect_end(&cursor, false);
}

TEST(a_long_record_has_its_length_in_a_word_rounded_up)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	WORDS(0 | 1 << 5, 4 + 7, MAKE_ID, 0);
	make_event(page, 1, 2);
	start(&cursor);
	expect(&cursor, 101, 8);
	expect(&cursor, 102, 12);
	expect_end(&cursor, false);
}

TEST(a_time_extend_adds_its_high_bits)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	WORDS(30 | 5 << 5, 2);
	make_event(page, 1, 1);
	start(&cursor);
	expect(&cursor, 100 + 5 + (2ull << 27) + 1, 12);
	expect_end(&cursor, false);
}

TEST(an_absolute_time_keeps_the_upper_five_bits)
{
	uint64_t base = 0xa800000000000000ull + 1000;
	struct xt_cursor cursor;

	make_page(page, SIZE, base);
	WORDS(31 | 7 << 5, 9);
	make_event(page, 1, 1);
	start(&cursor);
	expect(&cursor, 0xa800000000000000ull + (9ull << 27) + 7 + 1, 12);
	expect_end(&cursor, false);
}

TEST(an_absolute_time_that_wrapped_goes_on)
{
	uint64_t base = 0x0fffffffffffff00ull;	/* 59 bits nearly full, one bit above */
	struct xt_cursor cursor;

	make_page(page, SIZE, base);
	WORDS(31 | 4 << 5, 0);
	make_event(page, 0, 1);
	start(&cursor);
	expect(&cursor, 0x1000000000000004ull, 12);
}

TEST(a_discarded_record_leaves_its_time)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	WORDS(29 | 10 << 5, 8, 0);
	make_event(page, 1, 1);
	start(&cursor);
	expect(&cursor, 111, 12);
	expect_end(&cursor, false);
}

TEST(padding_without_time_ends_the_sub_buffer)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	make_event(page, 1, 1);
	WORDS(29, 0);
	make_event(page, 1, 2);
	start(&cursor);
	expect(&cursor, 101, 12);
	expect_end(&cursor, false);
}

TEST(lost_events_come_first_with_their_number)
{
	const uint64_t count = 843;
	struct xt_cursor cursor;
	struct xt_rec rec;
	uint64_t got;

	make_page(page, SIZE, 100);
	make_event(page, 1, 1);
	make_lost(page, &count);
	start(&cursor);
	assert_true(xt_cursor_next(&cursor, &rec));
	assert_int_equal(rec.flags, XT_REC_LOST);
	assert_int_equal(rec.ts, 100);
	memcpy(&got, rec.data, sizeof(got));
	assert_int_equal(got, 843);
	expect(&cursor, 101, 12);
	expect_end(&cursor, false);
}

TEST(lost_events_without_number_have_no_data)
{
	struct xt_cursor cursor;
	struct xt_rec rec;

	make_page(page, SIZE, 100);
	make_lost(page, NULL);
	start(&cursor);
	assert_true(xt_cursor_next(&cursor, &rec));
	assert_int_equal(rec.flags, XT_REC_LOST);
	assert_null(rec.data);
	expect_end(&cursor, false);
}

TEST(a_record_that_leads_out_is_torn)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	make_event(page, 1, 1);
	WORDS(20 | 1 << 5, MAKE_ID);
	start(&cursor);
	expect(&cursor, 101, 12);
	expect_end(&cursor, true);
}

TEST(a_long_length_that_leads_out_is_torn)
{
	struct xt_cursor cursor;

	make_page(page, SIZE, 100);
	WORDS(0, 0xfffffffe, MAKE_ID);
	start(&cursor);
	expect_end(&cursor, true);
}

TEST(a_commit_beyond_the_sub_buffer_is_cut)
{
	struct xt_cursor cursor;
	struct xt_rec rec;
	uint32_t commit = SIZE, n = 0;

	make_page(page, SIZE, 100);
	for (uint32_t i = 16; i + 16 <= SIZE; i += 16)
		make_event(page, 1, i);
	memcpy(page + 8, &commit, sizeof(commit));
	start(&cursor);
	while (xt_cursor_next(&cursor, &rec))
		n++;
	assert_int_equal(n, (SIZE - 16) / 16);
	assert_true(cursor.torn);
}

TEST(a_sub_buffer_of_64_kib_is_walked_whole)
{
	uint8_t *big = malloc(65536);
	struct xt_cursor cursor;
	struct xt_rec rec;
	unsigned int n = 0;

	make_page(big, 65536, 1);
	for (unsigned int i = 0; i < 4000; i++)
		make_event(big, 1, i);
	xt_cursor_start(&cursor, big, 65536, 0);
	while (xt_cursor_next(&cursor, &rec))
		n++;
	assert_int_equal(n, 4000);
	assert_int_equal(rec.ts, 4001);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_sub_buffer_has_no_records),
		cmocka_unit_test(times_add_up_from_the_head),
		cmocka_unit_test(the_shortest_record_may_end_the_sub_buffer),
		cmocka_unit_test(a_long_record_has_its_length_in_a_word_rounded_up),
		cmocka_unit_test(a_time_extend_adds_its_high_bits),
		cmocka_unit_test(an_absolute_time_keeps_the_upper_five_bits),
		cmocka_unit_test(an_absolute_time_that_wrapped_goes_on),
		cmocka_unit_test(a_discarded_record_leaves_its_time),
		cmocka_unit_test(padding_without_time_ends_the_sub_buffer),
		cmocka_unit_test(lost_events_come_first_with_their_number),
		cmocka_unit_test(lost_events_without_number_have_no_data),
		cmocka_unit_test(a_record_that_leads_out_is_torn),
		cmocka_unit_test(a_long_length_that_leads_out_is_torn),
		cmocka_unit_test(a_commit_beyond_the_sub_buffer_is_cut),
		cmocka_unit_test(a_sub_buffer_of_64_kib_is_walked_whole),
	};

	return RUN_TESTS(tests);
}
