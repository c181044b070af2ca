/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-draft.c - config/draft.c: the copy, the editor, findings in the text, what differs */
#include "config/draft.h"
#include "tests/unit.h"

#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"

#define A "[00000000-0000-4000-8000-00000000000a]\n"
#define B "[00000000-0000-4000-8000-00000000000b]\n"
#define C "[00000000-0000-4000-8000-00000000000c]\n"

static void check_annotated(const char *text, const char *want)
{
	struct tune_topo *topo;
	struct kcfg_places places;
	struct kcfg_findings findings;
	struct rt_buf out = { 0 }, back = { 0 };
	struct kcfg *cfg;

	assert_int_equal(tune_topo_load_synthetic(&topo, "core:2 pu:1", NULL), 0);
	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	assert_int_equal(kcfg_rules_check(&findings, cfg, &(struct kcfg_check){
		.places = &places, .topo = topo }), 0);
	kcfg_annotate(&out, text, strlen(text), &findings);
	assert_string_equal(rt_buf_str(&out), want);
	kcfg_unannotate(&back, out.data, out.len);
	assert_string_equal(rt_buf_str(&back), text);
	rt_buf_finish(&out);
	rt_buf_finish(&back);
	kcfg_findings_finish(&findings);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
	tune_topo_destroy(topo);
}

TEST(each_finding_stands_in_front_of_its_line_and_goes_again)
{
	check_annotated("# first\n" A "rt = perhaps\ncolour = red\n",
			"# first\n"
			"#! error: expected a name, found none [name-missing]\n" A
			"#! error: rt: expected true or false (or yes, no, on, off, 1, 0), found "
			"\"perhaps\" [bad-value]\n"
			"rt = perhaps\n"
			"#! warning: unknown attribute \"colour\" [unknown-attribute]\n"
			"colour = red\n");
	check_annotated(A "name = a", A "name = a");
	/* What a person wrote stays, though it begins as ours do. */
	check_annotated("#! mine\n#! error: [mine]\n#! [bad-value]\n#! warning: [\n" A
			"name = a\n#! error:\n", "#! mine\n#! error: [mine]\n#! [bad-value]\n"
			"#! warning: [\n" A "name = a\n#! error:\n");
}

static void check_differences(const char *a, const char *b, const char *want)
{
	struct rt_buf out = { 0 };
	struct kcfg *old, *new;

	assert_int_equal(kcfg_parse(&old, "a", a, strlen(a), NULL), 0);
	assert_int_equal(kcfg_parse(&new, "b", b, strlen(b), NULL), 0);
	kcfg_differences(&out, old, new);
	assert_string_equal(rt_buf_str(&out), want);
	rt_buf_finish(&out);
	kcfg_destroy(old);
	kcfg_destroy(new);
}

TEST(what_differs_is_told_by_vm_and_value)
{
	check_differences(A "name = a\nrt = no\n" B "name = b\n",
			  C "name = c\n" A "rt = yes\nname = a\ncomments = x\n  y\n",
			  "b: taken out\nc: new\na: rt: \"false\" becomes \"true\"\n"
			  "a: comments: \"\" becomes \"x...\"\n");
	check_differences(A "name = a\nrt = no\n", "# new\n" A "RT: 0\nname=a\n", "");
}

/* What the editor makes of "name = a\n", or its error. */
static void check_edit(const char *command, int want_rc, const char *want)
{
	struct kcfg_draft draft = { 0 };
	struct rt_err err = { 0 };
	struct rt_buf out = { 0 };
	int rc;

	setenv("VISUAL", command, 1);
	assert_int_equal(kcfg_draft_write(&draft, "name = a\n", 9, &err), 0);
	rc = kcfg_draft_edit(&draft, &out, &err);
	if (rc != want_rc)
		fail_msg("expected %d, found %d: %s", want_rc, rc, err.text);
	assert_string_equal(rc < 0 ? err.text : rt_buf_str(&out), want);
	rt_buf_finish(&out);
	kcfg_draft_remove(&draft);
	assert_int_equal(access(draft.path, F_OK), -1);
}

TEST(the_editor_is_a_command_with_options)
{
	check_edit("true", 0, "name = a\n");
	check_edit("sed -i 's/a$/b c/'", 0, "name = b c\n");
	check_edit("false", -ECANCELED, "the editor \"false\" ended with status 1");
	check_edit("rm", -ECANCELED, "the editor left no file");
	check_edit("kill -9 $$;:", -ECANCELED, "the editor \"kill -9 $$;:\" was ended by signal 9");
}

TEST(an_editor_that_is_not_there_is_told)
{
	struct kcfg_draft draft = { 0 };
	struct rt_err err = { 0 };
	struct rt_buf out = { 0 };

	unsetenv("VISUAL");
	setenv("EDITOR", "/nonexistent/ed 2>/dev/null", 1);
	assert_int_equal(kcfg_draft_write(&draft, "", 0, &err), 0);
	assert_int_equal(kcfg_draft_edit(&draft, &out, &err), -ECANCELED);
	assert_contains(err.text, "ended with status 127; $VISUAL or $EDITOR names another");
	kcfg_draft_remove(&draft);
}

TEST(the_template_is_a_file_without_vms)
{
	struct rt_buf out = { 0 };
	struct kcfg *cfg;

	kcfg_template(&out);
	assert_int_equal(kcfg_parse(&cfg, "t", out.data, out.len, NULL), 0);
	assert_int_equal(cfg->nr_vms, 0);
	assert_int_equal(cfg->nr_faults, 0);
	assert_contains(rt_buf_str(&out), "# number: virtual CPUs\n#nr_vcpus = 1\n");
	kcfg_destroy(cfg);
	rt_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_finding_stands_in_front_of_its_line_and_goes_again),
		cmocka_unit_test(what_differs_is_told_by_vm_and_value),
		cmocka_unit_test(the_editor_is_a_command_with_options),
		cmocka_unit_test(an_editor_that_is_not_there_is_told),
		cmocka_unit_test(the_template_is_a_file_without_vms),
	};

	return RUN_TESTS(tests);
}
