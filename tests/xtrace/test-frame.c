/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-frame.c - xtrace/frame.c against what zstd makes and takes */
#include "xtrace/frame.h"

#include <stdlib.h>
#include <zstd.h>

#include "lib/buf.h"
#include "tests/unit.h"

#define ROOM	(1u << 20)

static uint8_t data[ROOM], seen[ROOM];

/* Bytes that can be compressed a little. */
static void fill(size_t len)
{
	uint32_t random = 1;

	memset(data, 0, sizeof(data));
	for (size_t i = 0; i < len; i++) {
		random = random * 1103515245 + 12345;
		data[i] = (uint8_t)(random >> 24 & 0x3f);
	}
}

static void pack(struct rt_buf *frame, size_t len, bool checksum)
{
	size_t room = ZSTD_compressBound(len), n;
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	char *to = rt_buf_reserve(frame, room);

	assert_non_null(cctx);
	assert_non_null(to);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, checksum);
	n = ZSTD_compress2(cctx, to, room, data, len);
	assert_false(ZSTD_isError(n));
	frame->len += n;
	ZSTD_freeCCtx(cctx);
}

TEST(the_checksum_is_that_of_zstd)
{
	for (size_t len = 0; len < 200; len++) {
		struct rt_buf with = { 0 }, without = { 0 };

		fill(len);
		pack(&with, len, true);
		pack(&without, len, false);
		assert_true(xt_frame_extend(&without, data, len));
		assert_int_equal(without.len, with.len);
		assert_memory_equal(without.data, with.data, with.len);
		rt_buf_finish(&without);
		rt_buf_finish(&with);
	}
}

TEST(a_frame_is_extended_by_zeros_and_proves_its_bytes)
{
	static const size_t lens[][2] = {
		{ 1, 1 }, { 1, 4096 }, { 65535, 65536 }, { 65792, 131072 }, { 131072, 131072 },
		{ 100, 131072 + 100 }, { 100, 131072 + 101 }, { 7, ROOM },
	};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t held = lens[i][0], len = lens[i][1];
		struct rt_buf frame = { 0 };

		fill(held);
		pack(&frame, held, false);
		assert_true(xt_frame_extend(&frame, data, len));
		memset(seen, 0xff, sizeof(seen));
		assert_int_equal(ZSTD_decompress(seen, sizeof(seen), frame.data, frame.len), len);
		assert_memory_equal(seen, data, len);
		frame.data[frame.len - 1 - (len > held ? 9 + 4 * (((len - held) + 131071) / 131072)
						       : 0)] ^= 1;	/* the checksum */
		assert_true(ZSTD_isError(ZSTD_decompress(seen, sizeof(seen), frame.data,
							 frame.len)));
		rt_buf_finish(&frame);
	}
}

TEST(a_checksum_that_is_there_stays)
{
	struct rt_buf frame = { 0 };
	size_t before;

	fill(4096);
	pack(&frame, 4096, true);
	before = frame.len;
	assert_true(xt_frame_extend(&frame, data, 4096));
	assert_int_equal(frame.len, before);
	rt_buf_finish(&frame);
}

static void expect_refused(const void *bytes, size_t bytes_len, size_t len)
{
	struct rt_buf frame = { 0 };

	rt_buf_add(&frame, bytes, bytes_len);
	assert_false(xt_frame_extend(&frame, data, len));
	assert_int_equal(frame.len, bytes_len);
	if (bytes_len)
		assert_memory_equal(frame.data, bytes, bytes_len);
	rt_buf_finish(&frame);
}

TEST(what_is_not_one_frame_is_left_alone)
{
	static const uint8_t skipped[] = { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7 };
	/* It does not tell its size: a block of one byte, as it is. */
	static const uint8_t open[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0, 9, 0, 0, 'x' };
	struct rt_buf frame = { 0 };

	fill(4096);
	pack(&frame, 4096, false);
	expect_refused(frame.data, frame.len, 4095);
	for (size_t len = 0; len < frame.len; len++)
		expect_refused(frame.data, len, 4096);
	pack(&frame, 4096, false);
	expect_refused(frame.data, frame.len, 8192);
	expect_refused(skipped, sizeof(skipped), 4096);
	expect_refused(open, sizeof(open), 4096);
	expect_refused("", 0, 4096);
	rt_buf_finish(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_that_of_zstd),
		cmocka_unit_test(a_frame_is_extended_by_zeros_and_proves_its_bytes),
		cmocka_unit_test(a_checksum_that_is_there_stays),
		cmocka_unit_test(what_is_not_one_frame_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
