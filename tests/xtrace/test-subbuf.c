/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-subbuf.c - xtrace/subbuf.c: what is counted and marked in sub-buffers */
#include "xtrace/subbuf.h"

#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/xtrace.h"

#define SIZE 4096

TEST(events_are_counted_and_lost_ones_are_not)
{
	static uint8_t subbufs[3 * SIZE];
	const uint64_t lost = 9;

	make_page(subbufs, SIZE, 1000);
	make_event(subbufs, 1, 0);
	make_event(subbufs, 1, 0);
	make_page(subbufs + SIZE, SIZE, 2000);
	make_page(subbufs + 2 * SIZE, SIZE, 3000);
	make_event(subbufs + 2 * SIZE, 1, 0);
	make_lost(subbufs + 2 * SIZE, &lost);
	assert_int_equal(xt_subbufs_events(subbufs, 3, SIZE), 3);
	assert_int_equal(xt_subbufs_events(subbufs, 0, SIZE), 0);
}

TEST(a_number_of_lost_events_that_is_there_stays)
{
	static uint8_t subbuf[SIZE];
	const uint64_t lost = 9;
	struct xt_cursor cursor;
	struct xt_rec rec;

	make_page(subbuf, SIZE, 1000);
	make_event(subbuf, 1, 0);
	xt_subbuf_set_lost(subbuf);
	xt_cursor_start(&cursor, subbuf, SIZE, 0);
	assert_true(xt_cursor_next(&cursor, &rec));
	assert_int_equal(rec.flags, XT_REC_LOST);
	assert_null(rec.data);
	assert_true(xt_cursor_next(&cursor, &rec));
	assert_int_equal(rec.flags, 0);
	make_page(subbuf, SIZE, 1000);
	make_lost(subbuf, &lost);
	xt_subbuf_set_lost(subbuf);
	xt_cursor_start(&cursor, subbuf, SIZE, 0);
	assert_true(xt_cursor_next(&cursor, &rec));
	assert_non_null(rec.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_counted_and_lost_ones_are_not),
		cmocka_unit_test(a_number_of_lost_events_that_is_there_stays),
	};

	return RUN_TESTS(tests);
}
