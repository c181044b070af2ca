/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-attr.c - config/attr.c: the attributes' types, their values in and out */
#include "config/cfg-internal.h"
#include "tests/unit.h"

#include "lib/buf.h"
#include "lib/err.h"

/* What the value reads as when it is written again, or the complaint. */
static void check(enum kcfg_attr_id id, const char *value, const char *want)
{
	struct kcfg_vm *vm = kcfg_vm_create();
	struct rt_buf out = { 0 };
	struct rt_err err = { 0 };

	if (kcfg_attr_parse(vm, id, value, &err) < 0)
		rt_buf_puts(&out, err.text);
	else
		kcfg_attr_format(&out, vm, id);
	assert_string_equal(rt_buf_str(&out), want);
	rt_buf_finish(&out);
	kcfg_vm_destroy(vm);
}

TEST(every_default_is_written_as_it_is_read)
{
	unsigned int id;

	for (id = 0; id < KCFG_NR_ATTRS; id++)
		check(id, kcfg_attrs[id].value, kcfg_attrs[id].value);
}

TEST(names_take_blanks_for_underscores_and_any_case)
{
	assert_int_equal(kcfg_attr_find("nr_vcpus"), KCFG_NR_VCPUS);
	assert_int_equal(kcfg_attr_find("nr vcpus"), KCFG_NR_VCPUS);
	assert_int_equal(kcfg_attr_find("Hide KVM"), KCFG_HIDE_KVM);
	assert_int_equal(kcfg_attr_find("hide-kvm"), KCFG_NR_ATTRS);
	assert_int_equal(kcfg_attr_find("hide_kv"), KCFG_NR_ATTRS);
	assert_int_equal(kcfg_attr_find(""), KCFG_NR_ATTRS);
}

TEST(truth_has_many_words)
{
	check(KCFG_RT, "True", "true");
	check(KCFG_RT, "oN", "true");
	check(KCFG_RT, "yes", "true");
	check(KCFG_RT, "1", "true");
	check(KCFG_RT, "False", "false");
	check(KCFG_RT, "OFF", "false");
	check(KCFG_RT, "no", "false");
	check(KCFG_RT, "0", "false");
	check(KCFG_RT, "", "false");
	check(KCFG_RT, "maybe",
	      "expected true or false (or yes, no, on, off, 1, 0), found \"maybe\"");
	check(KCFG_RT_MEMORY, "Auto", "auto");
	check(KCFG_RT_MEMORY, "off", "false");
	check(KCFG_RT_MEMORY, "", "auto");
	check(KCFG_RT_MEMORY, "2", "expected true, false or auto, found \"2\"");
}

TEST(numbers_have_their_bounds)
{
	check(KCFG_NR_VCPUS, "15", "15");
	check(KCFG_NR_VCPUS, "", "1");
	check(KCFG_NR_VCPUS, "0", "expected a number from 1 to 4096, found \"0\"");
	check(KCFG_NR_VCPUS, "4097", "expected a number from 1 to 4096, found \"4097\"");
	check(KCFG_NR_VCPUS, "-1", "expected a number from 1 to 4096, found \"-1\"");
	check(KCFG_NR_VCPUS, "2 or 3", "expected a number from 1 to 4096, found \"2 or 3\"");
	check(KCFG_VCPU_PRIORITY, "99", "expected a number from 1 to 98, found \"99\"");
}

TEST(a_topology_is_three_numbers_or_auto)
{
	const char *bad = "expected auto, or three numbers (sockets,cores,threads), found ";
	char want[160];

	check(KCFG_CPU_TOPOLOGY, "1,4,2", "1,4,2");
	check(KCFG_CPU_TOPOLOGY, " 1 , 4 ,\t2 ", "1,4,2");
	check(KCFG_CPU_TOPOLOGY, "AUTO", "auto");
	check(KCFG_CPU_TOPOLOGY, "", "auto");
	snprintf(want, sizeof(want), "%s\"1,4\"", bad);
	check(KCFG_CPU_TOPOLOGY, "1,4", want);
	snprintf(want, sizeof(want), "%s\"1,4,2,1\"", bad);
	check(KCFG_CPU_TOPOLOGY, "1,4,2,1", want);
	snprintf(want, sizeof(want), "%s\"1,0,2\"", bad);
	check(KCFG_CPU_TOPOLOGY, "1,0,2", want);
	snprintf(want, sizeof(want), "%s\"99999999999999999999,1,1\"", bad);
	check(KCFG_CPU_TOPOLOGY, "99999999999999999999,1,1", want);
}

TEST(nodes_are_a_set_none_or_auto)
{
	check(KCFG_NUMATUNE, "0,2,4-7", "0,2,4-7");
	check(KCFG_NUMATUNE, "3,2,1", "1-3");
	check(KCFG_NUMATUNE, "0, 2\t,4-5", "0,2,4-5");
	check(KCFG_NUMATUNE, "0 2", "expected auto or a set of node numbers such as \"0,2-3\", "
	      "found \"0 2\"");
	check(KCFG_NUMATUNE, "n0", "expected auto or a set of node numbers such as \"0,2-3\", "
	      "found \"n0\"");
	check(KCFG_NUMATUNE, "", "");
	check(KCFG_NUMATUNE, "auto", "auto");
	check(KCFG_NUMATUNE, "1024", "expected node numbers below 1024, found \"1024\"");
}

TEST(pages_have_a_size)
{
	check(KCFG_HUGEPAGES, "yes", "true");
	check(KCFG_HUGEPAGES, "2m", "2M");
	check(KCFG_HUGEPAGES, "1G", "1G");
	check(KCFG_HUGEPAGES, "2048k", "2M");
	check(KCFG_HUGEPAGES, "4k", "expected true, false, 2M or 1G, found \"4k\"");
}

TEST(one_line_is_not_several)
{
	check(KCFG_NAME, "a\nb", "expected one line, found several");
	check(KCFG_DESCRIPTION, "a\nb", "a\nb");
}

TEST(texts_lose_the_blanks_that_a_file_cannot_keep)
{
	check(KCFG_COMMENTS, "\n  a  \n\n\n\tb\r\n \n", "a\n\n\nb");
	check(KCFG_TITLE, "  x y ", "x y");
	check(KCFG_COMMENTS, " \n ", "");
}

TEST(a_uuid_is_read_in_any_case)
{
	char uuid[KCFG_UUID_LEN + 1];

	assert_true(kcfg_uuid(uuid, "AEEC46CC-0638-4949-ac04-146b233194a9", 36));
	assert_string_equal(uuid, "aeec46cc-0638-4949-ac04-146b233194a9");
	assert_false(kcfg_uuid(uuid, "aeec46cc-0638-4949-ac04-146b233194a", 35));
	assert_false(kcfg_uuid(uuid, "aeec46cc-0638-4949-ac04-146b233194ag", 36));
	assert_false(kcfg_uuid(uuid, "aeec46cc00638-4949-ac04-146b233194a9", 36));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_written_as_it_is_read),
		cmocka_unit_test(names_take_blanks_for_underscores_and_any_case),
		cmocka_unit_test(truth_has_many_words),
		cmocka_unit_test(numbers_have_their_bounds),
		cmocka_unit_test(a_topology_is_three_numbers_or_auto),
		cmocka_unit_test(nodes_are_a_set_none_or_auto),
		cmocka_unit_test(pages_have_a_size),
		cmocka_unit_test(one_line_is_not_several),
		cmocka_unit_test(texts_lose_the_blanks_that_a_file_cannot_keep),
		cmocka_unit_test(a_uuid_is_read_in_any_case),
	};

	return RUN_TESTS(tests);
}
