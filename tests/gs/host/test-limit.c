/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-limit.c - gs/host/limit.c: so many a second, and a store for bursts */
#include "gs/host/limit.h"
#include "tests/unit.h"

#define S 1000000000ull

static unsigned int take(struct gs_limit *limit, unsigned int rate, unsigned int burst,
			 uint64_t now, unsigned int tries)
{
	unsigned int got = 0;

	while (tries--)
		got += gs_limit_take(limit, rate, burst, now);
	return got;
}

TEST(a_burst_is_taken_from_the_store_and_no_more)
{
	struct gs_limit limit = { 0 };

	assert_int_equal(take(&limit, 10, 30, 5 * S, 100), 30);
	assert_int_equal(take(&limit, 10, 30, 5 * S, 100), 0);
}

TEST(time_fills_the_store_at_the_rate_and_not_above_its_size)
{
	struct gs_limit limit = { 0 };

	take(&limit, 10, 30, 5 * S, 100);
	assert_int_equal(take(&limit, 10, 30, 6 * S, 100), 10);
	assert_int_equal(take(&limit, 10, 30, 6 * S + S / 10, 100), 1);
	assert_int_equal(take(&limit, 10, 30, 1000 * S, 100), 30);
}

TEST(a_minute_of_too_many_gets_the_rate_and_one_burst)
{
	struct gs_limit limit = { 0 };
	unsigned int got = 0, ms;

	for (ms = 1; ms <= 60000; ms++)
		got += take(&limit, 100, 1000, ms * (S / 1000), 100);
	assert_in_range(got, 6990, 7000);
}

TEST(no_rate_is_no_limit)
{
	struct gs_limit limit = { 0 };

	assert_int_equal(take(&limit, 0, 0, 1, 1000), 1000);
}

TEST(a_clock_that_goes_back_gives_nothing_away)
{
	struct gs_limit limit = { 0 };

	take(&limit, 10, 10, 100 * S, 100);
	assert_int_equal(take(&limit, 10, 10, 50 * S, 100), 0);
	assert_int_equal(take(&limit, 10, 10, 100 * S, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_taken_from_the_store_and_no_more),
		cmocka_unit_test(time_fills_the_store_at_the_rate_and_not_above_its_size),
		cmocka_unit_test(a_minute_of_too_many_gets_the_rate_and_one_burst),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(a_clock_that_goes_back_gives_nothing_away),
	};

	return RUN_TESTS(tests);
}
