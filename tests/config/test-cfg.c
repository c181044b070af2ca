/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cfg.c - config/cfg.c, cfg-set.c: what a file says, what is wrong in it, what changes */
#include "config/cfg.h"
#include "tests/unit.h"

#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"

#define A "aeec46cc-0638-4949-ac04-146b233194a9"
#define B "fde74e84-0e1b-404e-90e7-72101e79c48a"
#define C "00000000-0000-4000-8000-000000000001"

static struct kcfg *parse(const char *text)
{
	struct kcfg *cfg = NULL;
	struct rt_err err = { 0 };

	if (kcfg_parse(&cfg, "t.cfg", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return cfg;
}

static void check_text(const struct kcfg *cfg, const char *want)
{
	struct rt_buf out = { 0 };

	kcfg_format(&out, cfg);
	assert_string_equal(rt_buf_str(&out), want);
	rt_buf_finish(&out);
}

/* "line rule: text" for each fault, and that the text stays as it is. */
static void check_faults(const char *text, const char *want)
{
	struct kcfg *cfg = parse(text);
	struct rt_buf out = { 0 };
	size_t i;

	for (i = 0; i < cfg->nr_faults; i++)
		rt_buf_printf(&out, "%u %s: %s\n", cfg->faults[i].line, cfg->faults[i].rule,
			      cfg->faults[i].text);
	assert_string_equal(rt_buf_str(&out), want);
	check_text(cfg, text);
	rt_buf_finish(&out);
	kcfg_destroy(cfg);
}

static void check_set(const char *text, enum kcfg_attr_id id, const char *value, int changed,
		      const char *want)
{
	struct kcfg *cfg = parse(text);
	struct kcfg *again;
	struct rt_err err = { 0 };
	unsigned int i;

	if (kcfg_set(cfg, cfg->vms[0], id, value, &err) != changed)
		fail_msg("expected %d: %s", changed, err.text);
	check_text(cfg, want);
	again = parse(want);
	assert_int_equal(again->nr_faults, cfg->nr_faults);
	assert_memory_equal(again->vms[0]->lines, cfg->vms[0]->lines, sizeof(cfg->vms[0]->lines));
	for (i = 0; i < cfg->nr_vms; i++)
		assert_int_equal(again->vms[i]->line, cfg->vms[i]->line);
	kcfg_destroy(again);
	kcfg_destroy(cfg);
}

/* ---- reading ---- */

static const char both[] =
	"# the machine in the lab\n"
	"[" A "]\n"
	"name = RedHawk-8.4\n"
	"title = RedHawk 8.4\n"
	"nr vcpus = 2\n"
	"cpu topology = auto\n"
	"cpuset =\n"
	"rt = False\n"
	"comments = This VM tends to run out of memory;\n"
	"    remember to clean up\n"
	"\n"
	"[" B "]\n"
	"  Name: RT\n"
	"  nr_vcpus=15\n"
	"  ; ours\n"
	"  cpuset = n1-n2\n"
	"  rt = True\n"
	"  description =\n"
	"\tfirst\n"
	"\n"
	"\t# second\n";

TEST(a_file_is_read_as_it_was_meant)
{
	struct kcfg *cfg = parse(both);
	const struct kcfg_vm *a = cfg->vms[0], *b = cfg->vms[1];

	assert_int_equal(cfg->nr_vms, 2);
	assert_int_equal(cfg->nr_faults, 0);
	assert_string_equal(a->uuid, A);
	assert_string_equal(a->name, "RedHawk-8.4");
	assert_string_equal(a->comments,
			    "This VM tends to run out of memory;\nremember to clean up");
	assert_int_equal(a->nr_vcpus, 2);
	assert_false(a->rt);
	assert_int_equal(a->line, 2);
	assert_int_equal(a->lines[KCFG_NR_VCPUS], 5);
	assert_int_equal(a->lines[KCFG_AUTOSTART], 0);
	assert_int_equal(a->rt_memory, KCFG_AUTO);
	assert_string_equal(b->name, "RT");
	assert_int_equal(b->nr_vcpus, 15);
	assert_string_equal(b->cpuset, "n1-n2");
	assert_true(b->rt);
	assert_string_equal(b->description, "first\n\n# second");
	assert_ptr_equal(kcfg_find(cfg, "RT"), b);
	assert_ptr_equal(kcfg_find(cfg, "AEEC46CC-0638-4949-AC04-146B233194A9"), a);
	assert_null(kcfg_find(cfg, "rt"));
	check_text(cfg, both);
	kcfg_destroy(cfg);
}

TEST(an_empty_file_has_no_vms)
{
	check_faults("", "");
	check_faults("\n# nothing\n  ; yet", "");
}

TEST(every_bad_line_is_told_at_once)
{
	check_faults("name = x\n[" A "]\ncpuset\nrt = perhaps\n= 3\nnr_vcpus = 0\n   1\n"
		     "[nonsense]\nrt = maybe\n[" A "] x\n",
		     "1 bad-line: expected a section, \"[UUID]\", in front of the first attribute, "
		     "found \"name = x\"\n"
		     "3 bad-line: expected \"attribute = value\", a section or an indented line "
		     "of a value, found \"cpuset\"\n"
		     "4 bad-value: rt: expected true or false (or yes, no, on, off, 1, 0), found "
		     "\"perhaps\"\n"
		     "5 bad-line: expected \"attribute = value\", a section or an indented line "
		     "of a value, found \"= 3\"\n"
		     "6 bad-value: nr_vcpus: expected a number from 1 to 4096, found \"0?1\"\n"
		     "8 bad-line: expected a VM's UUID as \"[" A "]\""
		     ", found \"[nonsense]\"\n"
		     "9 bad-value: rt: expected true or false (or yes, no, on, off, 1, 0), found "
		     "\"maybe\"\n"
		     "10 bad-line: expected a VM's UUID as \"[" A "]\""
		     ", found \"[" A "] x\"\n");
}

TEST(a_line_that_lost_its_indentation_is_told)
{
	check_faults("[" A "]\nname = x\ncomments = change autostart to true after\ntesting\n",
		     "4 bad-line: expected \"attribute = value\", a section or an indented line "
		     "of a value, found \"testing\"\n");
}

TEST(what_stands_twice_is_told_with_the_place_of_the_first)
{
	check_faults("[" A "]\nname = x\nnr_vcpus = 2\nnr vcpus = 3\n\n[" A "]\nname = y\n",
		     "4 duplicate-attribute: \"nr_vcpus\" is set a second time; the first is in "
		     "line 3\n"
		     "6 duplicate-section: a second section of " A "; the first is in line 1\n");
}

TEST(an_unknown_attribute_is_kept_and_told)
{
	struct kcfg *cfg;

	check_faults("[" A "]\nname = x\ncpu_set = 1\n  2\ncolour = red\n",
		     "3 unknown-attribute: unknown attribute \"cpu_set\"; did you mean "
		     "\"cpuset\"?\n"
		     "5 unknown-attribute: unknown attribute \"colour\"\n");
	cfg = parse("[" A "]\nname = x\ncolour = red\n");
	assert_int_equal(cfg->nr_errors, 0);
	kcfg_destroy(cfg);
}

TEST(bytes_that_are_no_text_are_refused_and_shown_as_marks)
{
	struct kcfg *cfg;
	static const char nul[] = "[" A "]\nname = a\0b\n";

	check_faults("[" A "]\nname = a\033[31m\ntitle = \xff\n# \xff\033 here\n",
		     "2 bad-line: expected text in UTF-8 without control characters, found "
		     "\"name = a?[31m\"\n"
		     "3 bad-line: expected text in UTF-8 without control characters, found "
		     "\"title = ?\"\n");
	assert_int_equal(kcfg_parse(&cfg, "t", nul, sizeof(nul) - 1, NULL), 0);
	assert_int_equal(cfg->nr_errors, 1);
	kcfg_destroy(cfg);
}

TEST(line_ends_of_other_systems_are_read_and_kept)
{
	check_faults("[" A "]\r\nname = x\r\n\r\nrt = yes\r\n", "");
	check_set("[" A "]\r\nname = x\r\n", KCFG_NAME, "y", 1, "[" A "]\r\nname = y\r\n");
	check_set("[" A "]\r\nname = x\r\n", KCFG_RT, "1", 1,
		  "[" A "]\r\nname = x\r\nrt = true\r\n");
	check_set("# a\r\n[" A "]\r\nname = x", KCFG_RT, "1", 1,
		  "# a\r\n[" A "]\r\nname = x\r\nrt = true\r\n");
}

TEST(a_new_section_ends_its_lines_as_the_file_does)
{
	struct kcfg *cfg = parse("[" A "]\r\nname = x\r\n\r\n# of B\r\n[" B "]\r\nname = y");
	struct kcfg_vm *vm;
	struct rt_buf text = { 0 };

	kcfg_remove(cfg, cfg->vms[0]);
	check_text(cfg, "# of B\r\n[" B "]\r\nname = y");
	assert_int_equal(kcfg_add(cfg, C, &vm, NULL), 0);
	kcfg_format(&text, cfg);
	assert_contains(rt_buf_str(&text), "name = y\r\n\r\n[" C "]\r\nname =\r\ntitle =\r\n");
	rt_buf_finish(&text);
	kcfg_destroy(cfg);
}

TEST(a_mark_in_front_of_utf8_is_read_over_and_kept)
{
	check_set("\xef\xbb\xbf[" A "]\nname = x\n", KCFG_NAME, "y", 1,
		  "\xef\xbb\xbf[" A "]\nname = y\n");
	check_set("\xef\xbb\xbf# a\n[" A "]\nname = x\n", KCFG_NAME, "y", 1,
		  "\xef\xbb\xbf# a\n[" A "]\nname = y\n");
	check_faults("[" A "]\n\xef\xbb\xbfname = x\n",
		     "2 unknown-attribute: unknown attribute \"\xef\xbb\xbfname\"\n");
}

TEST(what_xml_takes_is_taken_as_well)
{
	check_faults("[" A "]\nname = x\ntitle = a\x7f" "b\n", "");
}

TEST(a_file_that_is_not_there_or_too_large_is_a_failure)
{
	struct kcfg *cfg;
	struct rt_err err = { 0 };
	char *large = malloc(KCFG_MAX_SIZE + 1);

	assert_int_equal(kcfg_read(&cfg, "/nonexistent/kvmrt.cfg", &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot open /nonexistent/kvmrt.cfg: there is no such file; "
			    "kvmrt-import makes it of libvirt's VMs");
	memset(large, '\n', KCFG_MAX_SIZE + 1);
	assert_int_equal(kcfg_parse(&cfg, "large.cfg", large, KCFG_MAX_SIZE + 1, &err), -EFBIG);
	assert_string_equal(err.text, "large.cfg: File too large");
	free(large);
	assert_int_equal(kcfg_read(&cfg, "/", &err), -EISDIR);
}

/* ---- changing ---- */

TEST(a_value_that_means_the_same_changes_nothing)
{
	check_set("[" A "]\nRT = Yes\n", KCFG_RT, "true", 0, "[" A "]\nRT = Yes\n");
	check_set("[" A "]\nnumatune=2,1\n", KCFG_NUMATUNE, "1-2", 0, "[" A "]\nnumatune=2,1\n");
	check_set("[" A "]\n", KCFG_NR_VCPUS, "1", 0, "[" A "]\n");
}

TEST(a_changed_value_keeps_what_is_around_it)
{
	check_set("#a\n[" A "]\n#b\n  nr vcpus : 2\n#c\nrt = no\n", KCFG_NR_VCPUS, "3", 1,
		  "#a\n[" A "]\n#b\n  nr vcpus : 3\n#c\nrt = no\n");
	check_set("[" A "]\ncpuset=1\n", KCFG_CPUSET, "2-3", 1, "[" A "]\ncpuset=2-3\n");
	check_set("[" A "]\ncpuset =\n", KCFG_CPUSET, "2-3", 1, "[" A "]\ncpuset = 2-3\n");
	check_set("[" A "]\ncpuset = 1\n", KCFG_CPUSET, "", 1, "[" A "]\ncpuset =\n");
	check_set("[" A "]\ncpuset = 1", KCFG_CPUSET, "2", 1, "[" A "]\ncpuset = 2\n");
}

TEST(a_new_value_stands_behind_the_last_of_its_section)
{
	check_set("[" A "]\nname = x\ncomments = a\n  b\n\n# of B\n[" B "]\nname = y\n", KCFG_RT,
		  "true", 1,
		  "[" A "]\nname = x\ncomments = a\n  b\nrt = true\n\n# of B\n[" B "]\nname = y\n");
	check_set("[" A "]", KCFG_NAME, "x", 1, "[" A "]\nname = x\n");
}

TEST(values_of_several_lines_grow_and_shrink)
{
	check_set("[" A "]\ndescription = a\n  b\n\n  c\nname = x\n[" B "]\n", KCFG_DESCRIPTION,
		  "one", 1, "[" A "]\ndescription = one\nname = x\n[" B "]\n");
	check_set("[" A "]\n description = a\n name = x\n[" B "]\n", KCFG_DESCRIPTION,
		  "one\n\n\n# two\n[three]\n", 1,
		  "[" A "]\n description = one\n\n\n     # two\n     [three]\n name = x\n"
		  "[" B "]\n");
}

TEST(a_bad_value_changes_nothing)
{
	check_set("[" A "]\nrt = no\n", KCFG_RT, "perhaps", -EINVAL, "[" A "]\nrt = no\n");
	check_set("[" A "]\nname = a\n", KCFG_NAME, "a\nb", -EINVAL, "[" A "]\nname = a\n");
}

TEST(sections_come_and_go)
{
	struct kcfg *cfg = parse("[" A "]\nname = x\n# in A\nrt = no\n\n# of B\n[" B "]\n"
				 "name = y");
	struct rt_err err = { 0 };
	struct kcfg_vm *vm;

	assert_int_equal(kcfg_add(cfg, B, &vm, &err), -EEXIST);
	assert_string_equal(err.text, B " is there already, in line 7");
	assert_int_equal(kcfg_add(cfg, "x", &vm, &err), -EINVAL);
	kcfg_remove(cfg, cfg->vms[0]);
	check_text(cfg, "# of B\n[" B "]\nname = y");
	assert_int_equal(kcfg_add(cfg, C, &vm, &err), 0);
	assert_int_equal(kcfg_set(cfg, vm, KCFG_NAME, "z", &err), 1);
	assert_int_equal(kcfg_set(cfg, vm, KCFG_GS, "yes", &err), 1);
	assert_int_equal(kcfg_set(cfg, cfg->vms[0], KCFG_RT, "yes", &err), 1);
	check_text(cfg, "# of B\n[" B "]\nname = y\nrt = true\n\n[" C "]\nname = z\ntitle =\n"
		   "description =\nnr_vcpus = 1\ncpu_topology = auto\ncpuset =\nrt = false\n"
		   "rt_memory = auto\nnumatune = auto\nhide_kvm = false\nautostart = false\n"
		   "disabled = false\ncomments =\ngs = true\n");
	assert_int_equal(vm->line, 6);
	assert_int_equal(vm->lines[KCFG_GS], 20);
	kcfg_destroy(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_as_it_was_meant),
		cmocka_unit_test(an_empty_file_has_no_vms),
		cmocka_unit_test(every_bad_line_is_told_at_once),
		cmocka_unit_test(a_line_that_lost_its_indentation_is_told),
		cmocka_unit_test(what_stands_twice_is_told_with_the_place_of_the_first),
		cmocka_unit_test(an_unknown_attribute_is_kept_and_told),
		cmocka_unit_test(bytes_that_are_no_text_are_refused_and_shown_as_marks),
		cmocka_unit_test(line_ends_of_other_systems_are_read_and_kept),
		cmocka_unit_test(a_new_section_ends_its_lines_as_the_file_does),
		cmocka_unit_test(a_mark_in_front_of_utf8_is_read_over_and_kept),
		cmocka_unit_test(what_xml_takes_is_taken_as_well),
		cmocka_unit_test(a_file_that_is_not_there_or_too_large_is_a_failure),
		cmocka_unit_test(a_value_that_means_the_same_changes_nothing),
		cmocka_unit_test(a_changed_value_keeps_what_is_around_it),
		cmocka_unit_test(a_new_value_stands_behind_the_last_of_its_section),
		cmocka_unit_test(values_of_several_lines_grow_and_shrink),
		cmocka_unit_test(a_bad_value_changes_nothing),
		cmocka_unit_test(sections_come_and_go),
	};

	return RUN_TESTS(tests);
}
