/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-dmi.c - tuning/dmi.c: slots, and tables that are cut or untrue */
#include "tuning/dmi.h"

#include "tests/unit.h"

struct found {
	struct tune_dmi_slot slots[4];
	unsigned int n, most;
};

static bool keep(void *arg, const struct tune_dmi_slot *slot)
{
	struct found *found = arg;

	found->slots[found->n++] = *slot;
	return found->n < found->most;
}

static struct found read_table(const void *table, size_t len)
{
	struct found found = { .most = 4 };

	tune_dmi_slots(table, len, keep, &found);
	return found;
}

/* A structure of another type, a slot of today, a slot of before 2.6, the end. */
static const uint8_t table[] =
	"\x01\x08\x01\x00\x01\x02\x03\x04" "Vendor\0" "Model\0" "\0"
	"\x09\x11\x02\x00\x02\xa5\x0d\x04\x04\x03\x00\x04\x01\x01\x00\x41\x08"
	"J1\0" "PCIE 3 \0" "\0"
	"\x09\x0c\x03\x00\x01\x06\x05\x03\x04\x01\x00\x04" "OLD\x01\0" "\0"
	"\x7f\x04\x04\x00\0\0";

TEST(slots_have_names_use_and_addresses)
{
	struct found found = read_table(table, sizeof(table) - 1);

	assert_int_equal(found.n, 2);
	assert_string_equal(found.slots[0].name, "PCIE 3");
	assert_true(found.slots[0].used && found.slots[0].addressed);
	assert_int_equal(found.slots[0].domain, 1);
	assert_int_equal(found.slots[0].bus, 0x41);
	assert_int_equal(found.slots[0].devfn, 8);
	assert_string_equal(found.slots[1].name, "OLD?");
	assert_false(found.slots[1].used || found.slots[1].addressed);
}

TEST(a_table_that_is_cut_ends_there)
{
	size_t len;

	for (len = 0; len < sizeof(table); len++) {
		uint8_t *cut = malloc(len + 1);	/* so that a reader beyond is seen */

		memcpy(cut, table, len);
		cut = realloc(cut, len ? len : 1);
		assert_true(read_table(cut, len).n <= 2);
		free(cut);
	}
}

TEST(what_cannot_be_is_no_slot)
{
	/* a fixed part of no length; no such string; no name; longer than the table */
	assert_int_equal(read_table("\x09\x00\x01\x00\0\0", 6).n, 0);
	assert_int_equal(read_table("\x09\x0c\x03\x00\x09\x06\x05\x03\x04\x01\x00\x04" "A\0\0",
				    15).n, 0);
	assert_int_equal(read_table("\x09\x0c\x03\x00\x00\x06\x05\x03\x04\x01\x00\x04" "A\0\0",
				    15).n, 0);
	assert_int_equal(read_table("\x09\xff\x03\x00\x01\x06", 6).n, 0);
}

TEST(a_reader_may_stop)
{
	struct found found = { .most = 1 };

	tune_dmi_slots(table, sizeof(table) - 1, keep, &found);
	assert_int_equal(found.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_have_names_use_and_addresses),
		cmocka_unit_test(a_table_that_is_cut_ends_there),
		cmocka_unit_test(what_cannot_be_is_no_slot),
		cmocka_unit_test(a_reader_may_stop),
	};

	return RUN_TESTS(tests);
}
