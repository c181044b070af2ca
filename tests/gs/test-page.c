/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-page.c - the examples of the page kvmrt-gs(7) decode to what it says of them */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

#define PAGE "doc/protocols/kvmrt-gs.7"

/* What kvm-events makes of a call, in the words of the page. */
static void describe(char *buf, size_t size, const struct kev_gs *gs)
{
	switch (gs->kind) {
	case KEV_GS_QUERY:
		snprintf(buf, size, "query: version %d", (int)gs->arg[0]);
		break;
	case KEV_GS_PING:
		snprintf(buf, size, "ping: cookie %#llx", (unsigned long long)gs->arg[0]);
		break;
	case KEV_GS_FLUSH:
		snprintf(buf, size, "flush: scope %d incident %#llx", (int)gs->arg[0],
			 (unsigned long long)gs->arg[1]);
		break;
	case KEV_GS_LOG_MSG:
	case KEV_GS_LOG_DATA:
		snprintf(buf, size, "%s: id %#x offset %d length %d: %.*s",
			 gs->kind == KEV_GS_LOG_MSG ? "log_msg" : "log_data", gs->frag.id,
			 gs->frag.offset, gs->frag.length, gs->frag.size,
			 (const char *)gs->frag.data);
		break;
	default:
		snprintf(buf, size, "kind %d", gs->kind);
	}
}

static void check_call(const char *says, uint64_t nr, const uint64_t arg[4])
{
	char found[256];
	struct kev_gs gs;
	int rc = kev_gs_decode(&gs, nr, arg);

	if (strncmp(says, "rejected: ", 10) == 0) {
		assert_int_equal(rc, -EINVAL);
		return;
	}
	assert_int_equal(rc, 0);
	describe(found, sizeof(found), &gs);
	assert_string_equal(found, says);
}

static FILE *open_page(void)
{
	FILE *page = fopen(PAGE, "r");

	assert_non_null(page);
	return page;
}

TEST(every_call_of_the_page_says_what_stands_above_it)
{
	unsigned long long nr, a[4];
	char line[256], says[256] = "";
	FILE *page = open_page();
	unsigned int seen = 0;

	while (fgets(line, sizeof(line), page)) {
		if (sscanf(line, "%8llx %16llx %16llx %16llx %16llx\n", &nr, a, a + 1, a + 2,
			   a + 3) == 5) {
			check_call(says, nr, (uint64_t[]){ a[0], a[1], a[2], a[3] });
			seen++;
		}
		line[strcspn(line, "\n")] = '\0';
		strcpy(says, line);
	}
	fclose(page);
	assert_int_equal(seen, 9);
}

TEST(every_mark_of_the_page_is_one_and_all_kinds_are_there)
{
	bool kinds[KEV_NR_GS_KINDS] = { [KEV_GS_QUERY] = true };
	FILE *page = open_page();
	char line[256];
	struct kev_gs gs;
	int i;

	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, GS_MARKER_PREFIX, strlen(GS_MARKER_PREFIX)) != 0)
			continue;
		assert_int_equal(kev_marker_parse(&gs, line, strlen(line)), 0);
		kinds[gs.kind] = true;
	}
	fclose(page);
	for (i = 0; i < KEV_NR_GS_KINDS; i++)
		assert_true(kinds[i]);
}

/* Each row "number Ta name" of the table. */
TEST(the_pages_table_has_the_numbers_and_names_of_the_protocol)
{
	static const struct {
		uint64_t number;
		const char *name;
	} calls[] = {
#define GS_CALL(name_, number_, feature_, word_) { number_, #name_ },
		GS_CALLS(GS_CALL)
#undef GS_CALL
	};
	char text[16384];
	FILE *page = open_page();
	size_t i, got;

	got = fread(text, 1, sizeof(text) - 1, page);
	text[got] = '\0';
	fclose(page);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char row[64];

		snprintf(row, sizeof(row), ".It 0x%llx Ta %s Ta ",
			 (unsigned long long)calls[i].number, calls[i].name);
		assert_contains(text, row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_the_page_says_what_stands_above_it),
		cmocka_unit_test(every_mark_of_the_page_is_one_and_all_kinds_are_there),
		cmocka_unit_test(the_pages_table_has_the_numbers_and_names_of_the_protocol),
	};

	return RUN_TESTS(tests);
}
