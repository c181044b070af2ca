/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-view-line.c - merge/view-line.c and what fills lines: texts and masks of any length */
#include "merge/view-line.h"

#include "tests/merge/scene.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

#define LONG_NAME 2000

TEST(the_name_of_a_buffer_may_have_any_length)
{
	const struct mrg_format *const formats[] = { &mrg_format_json, &mrg_format_text,
						     &mrg_format_csv };
	char name[LONG_NAME + 1] = "", shown[4 * LONG_NAME + 1] = "";
	char *folder = make_folder(), *path;
	struct scene_view view = { .opts = { .fields = { MRG_FIELD_BUFFER, MRG_FIELD_EVENT },
					     .nr_fields = 2 } };
	struct make_dat spec = { .version = 7, .codec = "none", .page_size = 4096, .cpus = 1,
				 .per_cpu = 1, .buffer = name };
	struct rt_buf out = { 0 };
	uint8_t page[4096];
	unsigned int i;

	for (i = 0; i < LONG_NAME; i++) {
		name[i] = '\xff';
		strcat(shown, "\\xff");
	}
	make_page(page, sizeof(page), SCENE_NS);
	make_event(page, 1, 77);
	spec.pages = page;
	make_dat(&out, &spec);
	path = make_file(folder, "long.dat", out.data, out.len);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		char *text;

		view.opts.format = formats[i];
		text = scene_show(&view, (const char *const *)&path, 1);
		assert_int_equal(view.rc, 0);
		/* JSON has two backslashes for one. */
		assert_non_null(strstr(text, i == 0 ? "\"buffer\":\"\\\\xff\\\\xff" : shown));
		assert_true(strlen(text) > 4 * LONG_NAME);
		free(text);
	}
	rt_buf_finish(&out);
	free(path);
	make_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_of_a_buffer_may_have_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
