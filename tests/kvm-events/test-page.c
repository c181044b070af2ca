/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-page.c - the manual page in the tree says what the tables say
 *
 * With --print it writes the page: that is what "make events-page" runs.
 */
#include "kvm-events/page.h"
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

#define PAGE "doc/man/kvmrt-events.7"

static char *printed(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	kev_page_print(to);
	assert_int_equal(fclose(to), 0);
	return text;
}

TEST(the_page_in_the_tree_is_up_to_date)
{
	char *text = printed(), *p = text;
	FILE *file = fopen(PAGE, "r");
	char line[4096];
	unsigned int nr = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		nr++;
		if (strncmp(p, line, strlen(line)) != 0)
			fail_msg("%s:%u: not what the tables say; run \"make events-page\"",
				 PAGE, nr);
		p += strlen(line);
	}
	fclose(file);
	assert_string_equal(p, "");
	free(text);
}

TEST(each_name_and_group_is_on_the_page)
{
	char *text = printed(), wanted[128];
	size_t i;

	for (i = 0; kev_name_at(i); i++) {
		snprintf(wanted, sizeof(wanted), "\n.It Sy %s\n", kev_name_at(i)->name);
		assert_contains(text, wanted);
	}
	for (i = 0; kev_group_at(i); i++) {
		snprintf(wanted, sizeof(wanted), "\n.It Sy %s\n", kev_group_at(i));
		assert_contains(text, wanted);
	}
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_in_the_tree_is_up_to_date),
		cmocka_unit_test(each_name_and_group_is_on_the_page),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		kev_page_print(stdout);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	return RUN_TESTS(tests);
}
