/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-put.c - lib/put.h: what printf(3) says, where lengths change and elsewhere */
#include "lib/put.h"

#include <inttypes.h>

#include "tests/unit.h"

static void expect_dec(uint64_t v)
{
	char got[RT_PUT_ROOM + 1] = "", want[32];

	*rt_put_dec(got, v) = '\0';
	snprintf(want, sizeof(want), "%" PRIu64, v);
	assert_string_equal(got, want);
}

TEST(decimal_numbers_of_each_length_are_as_printf_has_them)
{
	uint64_t v, power = 1;
	int i;

	for (v = 0; v < 110000; v++)
		expect_dec(v);
	for (i = 0; i < 20; i++, power *= 10) {
		expect_dec(power - 1);
		expect_dec(power);
		expect_dec(power + 7);
	}
	for (i = 0; i < 64; i++) {
		expect_dec(1ull << i);
		expect_dec((1ull << i) - 1);
	}
	expect_dec(UINT64_MAX);
}

TEST(signed_numbers_have_their_sign)
{
	static const int64_t values[] = { 0, 1, -1, -99999999, -100000000, INT64_MAX, INT64_MIN };
	char got[RT_PUT_ROOM + 2], want[32];
	unsigned int i;

	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		*rt_put_signed(got, values[i]) = '\0';
		snprintf(want, sizeof(want), "%" PRId64, values[i]);
		assert_string_equal(got, want);
	}
}

TEST(hexadecimal_numbers_have_no_leading_zeros)
{
	char got[RT_PUT_ROOM + 1], want[32];
	uint64_t v;
	int i;

	for (i = 0; i < 64; i++) {
		v = 0xfedcba9876543210ull >> i;
		*rt_put_hex(got, v) = '\0';
		snprintf(want, sizeof(want), "%" PRIx64, v);
		assert_string_equal(got, want);
		if (!__builtin_cpu_supports("ssse3"))
			continue;
		*rt_put_hex_ssse3(got, v) = '\0';
		assert_string_equal(got, want);
	}
}

TEST(strings_end_at_their_nul_or_their_length)
{
	static const uint8_t text[48] = "a name of twenty-two c\0not this";
	char got[64];
	size_t max;

	for (max = 0; max < 40; max++) {
		memset(got, 'x', sizeof(got));
		*rt_put_string(got, text, max) = '\0';
		assert_int_equal(strlen(got), max < 22 ? max : 22);
		assert_memory_equal(got, text, strlen(got));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal_numbers_of_each_length_are_as_printf_has_them),
		cmocka_unit_test(signed_numbers_have_their_sign),
		cmocka_unit_test(hexadecimal_numbers_have_no_leading_zeros),
		cmocka_unit_test(strings_end_at_their_nul_or_their_length),
	};

	return RUN_TESTS(tests);
}
