/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-where.c - any text: it is refused with a place, or it can be asked of records
 */
#include "merge/where.h"

#include <errno.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "merge/names.h"
#include "merge/view.h"
#include "tests/fuzz/fuzz.h"

#define MAX_ITEMS 64

static struct mrg_view view;
static struct mrg_item items[MAX_ITEMS];
static unsigned int nr_items;

/* The first records of the first lane, and some that are cut short. */
static void take_items(const struct mrg_set *set)
{
	struct xt_cursor cursor;
	struct xt_pages *pages;
	struct xt_rec rec;

	fuzz_assert(xt_lane_load(set->members[0].trace, 0, 0, 1, &pages, NULL) == 0);
	xt_cursor_start(&cursor, pages->base, pages->page_size, 0);
	while (nr_items < MAX_ITEMS && xt_cursor_next(&cursor, &rec)) {
		if (rec.flags & XT_REC_LOST)
			continue;
		items[nr_items] = (struct mrg_item){
			.time = rec.ts, .data = rec.data, .size = rec.size,
		};
		if (nr_items % 8 == 7)
			items[nr_items].size = nr_items / 2;
		nr_items++;
	}
}

static void prepare(void)
{
	static const char *const paths[] = { "tests/fixtures/pair/host.dat" };
	static const struct mrg_stream_opts stream_opts = MRG_STREAM_ALL;
	static struct mrg_view_opts opts = { .format = &mrg_format_text };
	static const struct mrg_sink sink;
	struct mrg_select *select;
	struct mrg_set *set;

	fuzz_assert(mrg_set_open(&set, paths, 1, NULL) == 0);
	fuzz_assert(mrg_select_create(&select, set, NULL, 0, NULL, 0, NULL) == 0);
	view = (struct mrg_view){
		.set = set, .opts = &opts, .select = select, .format = opts.format,
	};
	fuzz_assert(mrg_view_init(&view, NULL) == 0);
	fuzz_assert(mrg_names_create(&view.names, set, NULL) == 0);
	fuzz_assert(mrg_stream_create(&view.stream, set, &stream_opts, &sink, NULL) == 0);
	take_items(set);
}

static void ask(struct mrg_where *where)
{
	static const char *const names[] = { NULL, "FILE_READ", "KVMRT_GS_LOG_MSG_HOST", "none" };

	for (unsigned int i = 0; i < nr_items; i++) {
		const struct mrg_subject subject = {
			.view = &view, .item = &items[i], .seq = i, .name = names[i % 4],
			.number = i, .text = (const uint8_t *)"overrun", .text_len = 7,
		};
		bool match = mrg_where_match(where, &subject);

		if (match && subject.name)
			fuzz_assert(mrg_where_may_match_name(where, 0, subject.name));
		else if (match)
			fuzz_assert(mrg_where_may_match(where, 0, mrg_item_id(&items[i])));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct mrg_where *where;
	struct rt_err err = { 0 };
	int rc;

	if (!view.set)
		prepare();
	rc = mrg_where_parse(&where, text, &err);
	fuzz_assert(rc == 0 || (rc == RT_EUSAGE && strchr(err.text, '^')));
	if (rc == 0) {
		rc = mrg_where_bind(where, view.set, MRG_TIME_TOD, &err);
		fuzz_assert(rc == 0 || (rc == -EINVAL && strchr(err.text, '^')));
		if (rc == 0)
			ask(where);
		mrg_where_destroy(where);
	}
	free(text);
	return 0;
}
