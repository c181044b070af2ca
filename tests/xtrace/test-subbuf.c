/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-subbuf.c - xtrace/subbuf.c: what is counted and marked in sub-buffers */
#include "xtrace/subbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* What a sub-buffer shows, "2! 1005 0p! 1007 ": lost events, their number and pauses; times. */
static const char *shown(const uint8_t *subbuf)
{
	static char text[128];
	struct xt_cursor cursor;
	struct xt_rec rec;

	text[0] = '\0';
	xt_cursor_start(&cursor, subbuf, SIZE, 0);
	while (xt_cursor_next(&cursor, &rec)) {
		if (rec.flags & XT_REC_LOST)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d%s! ",
				 rec.data ? rec.data[0] : 0,
				 rec.flags & XT_REC_LOST_PAUSE ? "p" : "");
		else
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%llu ",
				 (unsigned long long)rec.ts);
	}
	assert_false(cursor.torn);
	return text;
}

static enum xt_cut cut(void *subbuf, uint64_t ts, void *rest)
{
	const struct xt_hole hole = { ts, XT_GAP_PAUSE };

	return xt_subbuf_cut(subbuf, SIZE, &hole, rest);
}

TEST(how_many_were_lost_is_unknown_where_the_kernel_knows_some_only)
{
	static uint8_t subbuf[SIZE], other[SIZE];
	const uint64_t lost = 9;

	make_page(subbuf, SIZE, 1000);
	make_event(subbuf, 1, 0);
	memcpy(other, subbuf, SIZE);
	xt_subbuf_set_lost(subbuf, 0);
	assert_string_equal(shown(subbuf), "0! 1001 ");
	make_lost(other, &lost);
	assert_string_equal(shown(other), "9! 1001 ");
	memcpy(subbuf, other, SIZE);
	xt_subbuf_set_lost(subbuf, 0);
	assert_string_equal(shown(subbuf), "0! 1001 ");
	assert_int_equal(cut(other, 900, subbuf), XT_CUT_BEFORE);
	assert_string_equal(shown(other), "0! 1001 ");
}

TEST(a_cut_keeps_all_events_their_times_and_what_was_lost_before)
{
	static const uint32_t extend[] = { 30 | 5 << 5, 1 };	/* 2^27 + 5 */
	static uint8_t subbuf[SIZE], rest[SIZE];
	const uint64_t lost = 2;

	make_page(subbuf, SIZE, 1000);
	make_event(subbuf, 5, 0);
	make_words(subbuf, extend, 2);
	make_event(subbuf, 2, 0);
	make_event(subbuf, 1, 0);
	make_lost(subbuf, &lost);
	assert_int_equal(cut(subbuf, 1ull << 40, rest), XT_CUT_NOT);
	assert_string_equal(shown(subbuf), "2! 1005 134218740 134218741 ");
	assert_int_equal(cut(subbuf, 1005, rest), XT_CUT_THROUGH);
	assert_string_equal(shown(subbuf), "2! 1005 ");
	assert_string_equal(shown(rest), "0p! 134218740 134218741 ");
	assert_int_equal(cut(rest, 1005, subbuf), XT_CUT_BEFORE);
	assert_string_equal(shown(rest), "0p! 134218740 134218741 ");
	xt_subbuf_set_lost(rest, XT_GAP_FLUSH);
	assert_string_equal(shown(rest), "0! 134218740 134218741 ");
}

/* Our own memory is a file that can be read up to a hole, and there each time fails. */
TEST(what_was_read_before_a_read_fails_is_not_forgotten)
{
	uint8_t *pages = mmap(NULL, 4 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	int fd = open("/proc/self/mem", O_RDONLY);
	static uint8_t subbufs[4 * SIZE];

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_true(fd >= 0);
	make_page(pages, SIZE, 1000);
	make_page(pages + SIZE, SIZE, 2000);
	assert_int_equal(munmap(pages + 2 * SIZE, SIZE), 0);
	assert_int_equal(lseek(fd, (off_t)(uintptr_t)pages, SEEK_SET), (off_t)(uintptr_t)pages);
	assert_int_equal(xt_subbufs_read(fd, subbufs, SIZE, 4, false), 2);
	assert_memory_equal(subbufs, pages, 2 * SIZE);
	assert_int_equal(xt_subbufs_read(fd, subbufs, SIZE, 4, false), -EIO);
	close(fd);
	munmap(pages, 4 * SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_counted_and_lost_ones_are_not),
		cmocka_unit_test(what_was_read_before_a_read_fails_is_not_forgotten),
		cmocka_unit_test(how_many_were_lost_is_unknown_where_the_kernel_knows_some_only),
		cmocka_unit_test(a_cut_keeps_all_events_their_times_and_what_was_lost_before),
	};

	return RUN_TESTS(tests);
}
