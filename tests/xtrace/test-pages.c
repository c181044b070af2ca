/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pages.c - xtrace/pages.c: memory for sub-buffers, exact decompression, reading */
#include "xtrace/local.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit.h"

TEST(memory_comes_back_to_the_pool_with_its_last_reference)
{
	struct xt_pool *pool = xt_pool_create();
	struct xt_pages *pages = xt_pool_pages(pool, 3, 4096), *again;

	assert_non_null(pages);
	assert_int_equal(pages->nr, 3);
	memset(xt_pages_data(pages), 1, 3 * 4096);
	xt_pages_get(pages);
	xt_pages_put(pages);
	assert_int_equal(pages->base[3 * 4096 - 1], 1);
	again = xt_pool_pages(pool, 3, 4096);
	assert_ptr_not_equal(again, pages);
	xt_pages_put(again);
	xt_pages_put(pages);
	xt_pages_put(NULL);
	again = xt_pool_pages(pool, 2, 4096);
	assert_ptr_equal(again, pages);	/* of the same class of sizes */
	xt_pages_put(again);
	xt_pool_destroy(pool);
}

TEST(no_more_is_given_than_one_load_may_bring)
{
	struct xt_pool *pool = xt_pool_create();

	assert_null(xt_pool_pages(pool, UINT32_MAX, XT_MAX_PAGE));
	assert_null(xt_pool_pages(pool, XT_MAX_LOAD / 4096 + 1, 4096));
	xt_pool_destroy(pool);
}

TEST(decompression_gives_the_claimed_bytes_or_an_error)
{
	static const char text[] = "the same, the same, the same, the same";
	struct xt_pool *pool = xt_pool_create();
	struct xt_worker *worker = xt_pool_worker(pool);
	char packed[2][256], out[64];
	size_t len[2];
	uLongf zlen = sizeof(packed[1]);

	len[0] = ZSTD_compress(packed[0], sizeof(packed[0]), text, sizeof(text), 1);
	assert_int_equal(compress((Bytef *)packed[1], &zlen, (const Bytef *)text, sizeof(text)),
			 Z_OK);
	len[1] = zlen;
	for (unsigned int i = 0; i < 2; i++) {
		enum xt_codec codec = i ? XT_CODEC_ZLIB : XT_CODEC_ZSTD;

		assert_int_equal(xt_decompress(codec, worker, packed[i], len[i], out,
					       sizeof(text)), 0);
		assert_string_equal(out, text);
		assert_int_equal(xt_decompress(codec, worker, packed[i], len[i], out,
					       sizeof(text) - 1), -EBADMSG);
		assert_int_equal(xt_decompress(codec, worker, packed[i], len[i], out,
					       sizeof(text) + 1), -EBADMSG);
		assert_int_equal(xt_decompress(codec, worker, packed[i], len[i] - 3, out,
					       sizeof(text)), -EBADMSG);
	}
	assert_int_equal(xt_decompress(XT_CODEC_NONE, worker, text, sizeof(text), out,
				       sizeof(text)), 0);
	assert_int_equal(xt_decompress(XT_CODEC_NONE, worker, text, 5, out, 6), -EBADMSG);
	xt_pool_worker_put(pool, worker);
	assert_ptr_equal(xt_pool_worker(pool), worker);
	xt_pool_worker_put(pool, worker);
	xt_pool_destroy(pool);
}

TEST(a_file_that_ends_too_early_is_damage)
{
	FILE *file = tmpfile();
	char out[8];

	assert_non_null(file);
	assert_int_equal(fwrite("12345678", 1, 8, file), 8);
	fflush(file);
	assert_int_equal(xt_pread(fileno(file), out, 4, 4), 0);
	assert_memory_equal(out, "5678", 4);
	assert_int_equal(xt_pread(fileno(file), out, 5, 4), -EBADMSG);
	assert_int_equal(xt_pread(-1, out, 4, 4), -EBADF);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_comes_back_to_the_pool_with_its_last_reference),
		cmocka_unit_test(no_more_is_given_than_one_load_may_bring),
		cmocka_unit_test(decompression_gives_the_claimed_bytes_or_an_error),
		cmocka_unit_test(a_file_that_ends_too_early_is_damage),
	};

	return RUN_TESTS(tests);
}
