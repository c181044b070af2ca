/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-picture.c - config/picture.c: whose each CPU is, drawn */
#include "config/picture.h"
#include "tests/unit.h"

#include "lib/buf.h"

#define VM(n, attributes) "[00000000-0000-4000-8000-0000000000" n "]\nname = vm" n "\n" attributes

static struct rt_buf draw(struct tune_topo *topo, const char *text, unsigned int width, bool colour)
{
	struct kcfg_places places;
	struct rt_buf out = { 0 };
	struct kcfg *cfg;

	assert_int_equal(kcfg_parse(&cfg, "t", text, strlen(text), NULL), 0);
	assert_int_equal(kcfg_places_make(&places, cfg, topo, false), 0);
	kcfg_picture(&out, topo, &places, width, colour);
	kcfg_places_finish(&places);
	kcfg_destroy(cfg);
	assert_non_null(rt_buf_str(&out));
	return out;
}

static void check(const char *machine, const char *text, unsigned int width, const char *want)
{
	struct tune_topo *topo;
	struct rt_buf out;

	assert_int_equal(tune_topo_load_synthetic(&topo, machine, NULL), 0);
	out = draw(topo, text, width, false);
	assert_string_equal(out.data, want);
	rt_buf_finish(&out);
	tune_topo_destroy(topo);
}

TEST(cores_are_columns_and_long_lines_are_folded)
{
	check("numa:1(memory=1073741824) core:7 pu:1",
	      VM("01", "rt = 1\nnr_vcpus = 2\ncpuset = 3-6\n") VM("02", "cpuset = 0-1\n"), 40,
	      "node 0 (1 GiB)\n"
	      "  core     0     1     2     3     4\n"
	      "  CPU      0     1     2     3     4\n"
	      "           a     a     .    A0    A1\n"
	      "  core     5     6\n"
	      "  CPU      5     6\n"
	      "          A*    A*\n"
	      "   A  vm01: 2 vCPUs, real-time\n"
	      "   a  vm02: 1 vCPU\n"
	      "  A0  virtual CPU 0 of A;  A*  its other threads;  A-  goes down\n"
	      "   .  the host's\n");
}

TEST(a_cpu_that_is_offline_is_nobodys)
{
	struct tune_topo *topo;
	struct rt_buf out;

	assert_int_equal(tune_topo_load_synthetic(&topo, "core:2 pu:2", NULL), 0);
	rt_cpuset_remove(&topo->online, 3);
	out = draw(topo, "", 80, false);
	assert_contains(out.data, "  CPU      1     3\n           .   off\n");
	rt_buf_finish(&out);
	out = draw(topo, VM("01", "rt = 1\ncpuset = 2\nemulator_cpuset = 0\n"), 80, false);
	assert_contains(out.data, "  CPU      1     3\n           .    A-\n");
	rt_buf_finish(&out);
	tune_topo_destroy(topo);
}

TEST(colours_begin_and_end)
{
	struct tune_topo *topo;
	struct rt_buf out;

	assert_int_equal(tune_topo_load_synthetic(&topo, "core:2 pu:1", NULL), 0);
	out = draw(topo, VM("01", "rt = 1\ncpuset = 1\n"), 80, true);
	assert_contains(out.data, "\033[2m     .\033[0m\033[1;32m    A0\033[0m\n");
	rt_buf_finish(&out);
	tune_topo_destroy(topo);
}

TEST(more_vms_than_letters_get_two)
{
	struct rt_buf text = { 0 }, out;
	struct tune_topo *topo;
	unsigned int i;

	for (i = 0; i < 30; i++)
		rt_buf_printf(&text, VM("%02x", "cpuset = %u\n"), i, i, i);
	assert_int_equal(tune_topo_load_synthetic(&topo, "core:32 pu:1", NULL), 0);
	out = draw(topo, rt_buf_str(&text), 400, false);
	assert_contains(out.data, "     y     z    aa    ab    ac    ad     .     .\n");
	rt_buf_finish(&out);
	rt_buf_finish(&text);
	tune_topo_destroy(topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cores_are_columns_and_long_lines_are_folded),
		cmocka_unit_test(a_cpu_that_is_offline_is_nobodys),
		cmocka_unit_test(colours_begin_and_end),
		cmocka_unit_test(more_vms_than_letters_get_two),
	};

	return RUN_TESTS(tests);
}
