/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-symbols.c - names of kernel addresses, chosen as trace-cmd chooses them */
#include "xtrace/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct xt_symbols *make(const char *text)
{
	struct xt_symbols *symbols = NULL;

	assert_int_equal(xt_symbols_create(&symbols, strdup(text), strlen(text)), 0);
	return symbols;
}

static void expect(const struct xt_symbols *symbols, uint64_t addr, const char *name)
{
	struct xt_symbol found;

	if (!xt_symbols_find(symbols, addr, &found))
		found.name = "nothing";
	assert_string_equal(found.name, name);
}

static void an_address_belongs_to_the_symbol_before_it(void **state)
{
	struct xt_symbols *s = make("ffffffff81000000 T first\n"
				    "ffffffff81000010 t second\n"
				    "ffffffff81000020 T last\n");

	(void)state;
	expect(s, 0xffffffff80ffffff, "nothing");
	expect(s, 0xffffffff81000000, "first");
	expect(s, 0xffffffff8100000f, "first");
	expect(s, 0xffffffff81000010, "second");
	expect(s, 0xffffffff81000020, "last");
	expect(s, 0xffffffff81000021, "nothing");
	assert_true(xt_symbols_address(s, "second") == 0xffffffff81000010);
	assert_true(xt_symbols_address(s, "third") == 0);
	xt_symbols_destroy(s);
}

static void per_cpu_offsets_and_mapping_symbols_are_no_names(void **state)
{
	struct xt_symbols *s = make("0000000000000000 A fixed_percpu_data\n"
				    "1000 a $nothing\n2000 t $x\n3000 t real\n4000 t end\n");

	(void)state;
	expect(s, 0, "nothing");
	expect(s, 0x2000, "nothing");
	expect(s, 0x3fff, "real");
	xt_symbols_destroy(s);
}

static void symbols_of_modules_are_sorted_in(void **state)
{
	struct xt_symbols *s = make("1000 t a\n3000 t c\n2800 t b2\t[mod]\n2000 t b1\t[mod]\n");

	(void)state;
	expect(s, 0x1fff, "a");
	expect(s, 0x2001, "b1");
	expect(s, 0x2801, "b2");
	expect(s, 0x3000, "c");
	xt_symbols_destroy(s);
}

static void of_equal_addresses_the_later_stands_first_and_the_last_reaches_on(void **state)
{
	/* sorted: z a3 a2 a1 end; 0x2000 is met at a2, 0x2001 lies behind a1 */
	struct xt_symbols *s = make("1000 t z\n2000 t a1\n2000 t a2\n2000 t a3\n3000 t end\n");

	(void)state;
	expect(s, 0x2000, "a2");
	expect(s, 0x2001, "a1");
	xt_symbols_destroy(s);
	/* the same with one of them from a module */
	s = make("1000 t z\n2000 t a1\n2000 t a2\n3000 t end\n2000 t a3\n");
	expect(s, 0x2000, "a2");
	expect(s, 0x2001, "a1");
	xt_symbols_destroy(s);
}

static void reading_ends_at_a_line_of_another_kind(void **state)
{
	struct xt_symbols *s = make("1000 t a\n2000 t b\nnonsense\n3000 t c\n");

	(void)state;
	expect(s, 0x1001, "a");
	expect(s, 0x2001, "nothing");
	xt_symbols_destroy(s);
	s = make("");
	expect(s, 0, "nothing");
	xt_symbols_destroy(s);
	s = NULL;
	assert_int_equal(xt_symbols_create(&s, NULL, 0), 0);
	expect(s, 0, "nothing");
	xt_symbols_destroy(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_belongs_to_the_symbol_before_it),
		cmocka_unit_test(per_cpu_offsets_and_mapping_symbols_are_no_names),
		cmocka_unit_test(symbols_of_modules_are_sorted_in),
		cmocka_unit_test(of_equal_addresses_the_later_stands_first_and_the_last_reaches_on),
		cmocka_unit_test(reading_ends_at_a_line_of_another_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
