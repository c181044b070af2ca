/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-table.c - lib/table.c: the same rows for people and for programs */
#include "lib/table.h"

#include <pty.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

static const struct rt_column columns[] = {
	{ "NAME", "name", RT_COL_STRING, "what it is called" },
	{ "LOST", "lost", RT_COL_NUMBER, "events lost" },
	{ "UP", "up", RT_COL_BOOL, "whether it runs" },
};

static struct rt_table *two_rows(void)
{
	struct rt_table *table;

	assert_int_equal(rt_table_create(&table, columns, 3), 0);
	rt_table_row(table);
	rt_table_str(table, 0, "host");
	rt_table_u64(table, 1, 12345);
	rt_table_bool(table, 2, true);
	rt_table_row(table);
	rt_table_printf(table, 0, "guest%d", 7);
	rt_table_i64(table, 1, -1);
	rt_table_bool(table, 2, false);
	return table;
}

static void assert_prints(const struct rt_table *table, bool json, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_int_equal(json ? rt_table_print_json(table, to, NULL)
			      : rt_table_print(table, to, NULL), 0);
	fclose(to);
	assert_string_equal(text, expected);
	free(text);
}

TEST(text_is_aligned_numbers_to_the_right)
{
	struct rt_table *table = two_rows();

	assert_prints(table, false,
		      "NAME     LOST  UP\n"
		      "host    12345  yes\n"
		      "guest7     -1  no\n");
	rt_table_destroy(table);
}

/* What is printed on a terminal of so many columns. */
static char *on_terminal(const struct rt_table *table, unsigned short wide)
{
	struct winsize size = { .ws_col = wide, .ws_row = 24 };
	static char text[4096];
	int ours, theirs;
	size_t len = 0;
	ssize_t n;
	FILE *to;

	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, &size), 0);
	to = fdopen(theirs, "w");
	assert_int_equal(rt_table_print(table, to, NULL), 0);
	assert_int_equal(fclose(to), 0);
	/* It comes in pieces, and ends with EIO. */
	while ((n = read(ours, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(ours);
	return text;
}

TEST(on_a_narrow_terminal_texts_go_on_below)
{
	static const struct rt_column wide[] = {
		{ "CPU", "cpu", RT_COL_NUMBER, "" }, { "IRQS", "irqs", RT_COL_STRING, "" },
		{ "N", "n", RT_COL_NUMBER, "" }, { "COMMAND", "command", RT_COL_STRING, "" },
	};
	struct rt_table *table;

	assert_int_equal(rt_table_create(&table, wide, 4), 0);
	rt_table_row(table);
	rt_table_u64(table, 0, 12);
	rt_table_str(table, 1, "24,28,30,32-37,39");
	rt_table_u64(table, 2, 7);
	rt_table_str(table, 3, "sleep 10");
	assert_string_equal(on_terminal(table, 35), "CPU  IRQS               N  COMMAND\r\n"
						    " 12  24,28,30,32-37,39  7  sleep 10\r\n");
	assert_string_equal(on_terminal(table, 30), "CPU  IRQS          N  COMMAND\r\n"
						    " 12  24,28,30,     7  sleep 10\r\n"
						    "     32-37,39\r\n");
	assert_string_equal(on_terminal(table, 23), "CPU  IRQS    N  COMMAND\r\n"
						    " 12  24,28,  7  sleep\r\n"
						    "     30,        10\r\n"
						    "     32-37,\r\n"
						    "     39\r\n");
	/* No word is broken: below this it is left to the terminal. */
	assert_string_equal(on_terminal(table, 22), "CPU  IRQS               N  COMMAND\r\n"
						    " 12  24,28,30,32-37,39  7  sleep 10\r\n");
	rt_table_destroy(table);
}

TEST(columns_are_those_of_a_terminal)
{
	struct rt_table *table;

	assert_int_equal(rt_table_create(&table, columns, 2), 0);
	rt_table_row(table);
	rt_table_str(table, 0, "r\u00e4uber");
	rt_table_u64(table, 1, 1);
	rt_table_row(table);
	rt_table_str(table, 0, "\u6f22\u5b57");	/* two columns each */
	rt_table_u64(table, 1, 22);
	rt_table_row(table);
	rt_table_str(table, 0, "re\u0301al");		/* an accent of its own */
	rt_table_u64(table, 1, 3);
	rt_table_row(table);
	rt_table_str(table, 0, "a\xff\xe6");		/* no UTF-8 */
	rt_table_u64(table, 1, 4);
	assert_prints(table, false,
		      "NAME    LOST\n"
		      "r\u00e4uber     1\n"
		      "\u6f22\u5b57      22\n"
		      "re\u0301al       3\n"
		      "a\xff\xe6        4\n");
	rt_table_destroy(table);
}

TEST(json_has_the_types_of_the_columns)
{
	struct rt_table *table = two_rows();

	assert_prints(table, true,
		      "[\n"
		      " {\"name\":\"host\",\"lost\":12345,\"up\":true},\n"
		      " {\"name\":\"guest7\",\"lost\":-1,\"up\":false}\n"
		      "]\n");
	rt_table_destroy(table);
}

TEST(an_empty_table_is_a_head_or_an_empty_list)
{
	struct rt_table *table;

	rt_table_create(&table, columns, 3);
	assert_prints(table, false, "NAME  LOST  UP\n");
	assert_prints(table, true, "[]\n");
	rt_table_destroy(table);
}

TEST(cells_not_set_are_a_dash_or_null)
{
	struct rt_table *table;

	rt_table_create(&table, columns, 3);
	rt_table_row(table);
	rt_table_str(table, 0, NULL);
	assert_prints(table, false, "NAME  LOST  UP\n-        -  -\n");
	assert_prints(table, true, "[\n {\"name\":null,\"lost\":null,\"up\":null}\n]\n");
	rt_table_destroy(table);
}

TEST(only_real_numbers_stand_unquoted)
{
	static const char *const rows[] = { "-1.5e-3", "007", "1.", "nan", "12 ms", "-" };
	static const char *const shown[] = { "-1.5e-3", "\"007\"", "\"1.\"", "\"nan\"",
					     "\"12 ms\"", "\"-\"" };
	struct rt_table *table;
	char expected[64];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rt_table_create(&table, columns + 1, 1);
		rt_table_row(table);
		rt_table_str(table, 0, rows[i]);
		snprintf(expected, sizeof(expected), "[\n {\"lost\":%s}\n]\n", shown[i]);
		assert_prints(table, true, expected);
		rt_table_destroy(table);
	}
}

TEST(a_name_cannot_steer_the_terminal)
{
	struct rt_table *table;

	rt_table_create(&table, columns, 1);
	rt_table_row(table);
	rt_table_str(table, 0, "a\x1b[2J\n");
	rt_table_row(table);
	rt_table_str(table, 0, "\xc3\xa9");
	rt_table_row(table);
	rt_table_str(table, 0, "a\xc2\x9b" "2J\xc2\xa9\xc2");
	assert_prints(table, false, "NAME\na?[2J?\n\xc3\xa9\na?2J\xc2\xa9\xc2\n");
	rt_table_destroy(table);
}

TEST(cells_outside_the_table_are_dropped)
{
	struct rt_table *table;

	rt_table_create(&table, columns, 1);
	rt_table_str(table, 0, "no row yet");
	rt_table_row(table);
	rt_table_str(table, 1, "no such column");
	rt_table_str(table, 0, "first");
	rt_table_str(table, 0, "second");
	assert_prints(table, false, "NAME\nsecond\n");
	rt_table_destroy(table);
	rt_table_destroy(NULL);
}

TEST(a_full_disk_is_told)
{
	struct rt_table *table = two_rows();
	struct rt_err err = { 0 };
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(rt_table_print(table, full, &err), -ENOSPC);
	assert_string_equal(err.text, "cannot write the output: No space left on device");
	fclose(full);
	rt_table_destroy(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_aligned_numbers_to_the_right),
		cmocka_unit_test(on_a_narrow_terminal_texts_go_on_below),
		cmocka_unit_test(columns_are_those_of_a_terminal),
		cmocka_unit_test(json_has_the_types_of_the_columns),
		cmocka_unit_test(an_empty_table_is_a_head_or_an_empty_list),
		cmocka_unit_test(cells_not_set_are_a_dash_or_null),
		cmocka_unit_test(only_real_numbers_stand_unquoted),
		cmocka_unit_test(a_name_cannot_steer_the_terminal),
		cmocka_unit_test(cells_outside_the_table_are_dropped),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return RUN_TESTS(tests);
}
