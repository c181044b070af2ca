/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cmdline.c - words, values and CPU lists as the kernel takes them */
#include "tests/unit.h"

#include "lib/cpulist.h"
#include "lib/err.h"
#include "tuning/cmdline.h"

/* The value of a name, in a copy that lives to the next call. */
static const char *value(const char *text, const char *name)
{
	static char copy[256];
	struct tune_cmdline cmdline;
	const char *found;

	assert_int_equal(tune_cmdline_parse(&cmdline, text, NULL), 0);
	found = tune_cmdline_get(&cmdline, name);
	snprintf(copy, sizeof(copy), "%s", found ? found : "(none)");
	tune_cmdline_finish(&cmdline);
	return copy;
}

TEST(the_last_of_several_words_counts)
{
	assert_string_equal(value("quiet a=1 b=2 a=3\n", "a"), "3");
	assert_string_equal(value("quiet a=1", "quiet"), "");
	assert_string_equal(value("quiet a=1", "quie"), "(none)");
	assert_string_equal(value("", "a"), "(none)");
	assert_string_equal(value(" \n\t ", "a"), "(none)");
}

TEST(dashes_and_underscores_are_the_same_in_a_name)
{
	assert_string_equal(value("rcu-nocbs=1-2", "rcu_nocbs"), "1-2");
	assert_string_equal(value("vfio_pci.ids=8086:1521", "vfio-pci.ids"), "8086:1521");
	assert_string_equal(value("kvm.nx_huge_pages=off", "kvm.nx_huge_pages"), "off");
	assert_string_equal(value("a_b=-_", "a-b"), "-_");
}

TEST(quotes_hold_blanks_together)
{
	assert_string_equal(value("a=\"b c=d\" c=e", "a"), "b c=d");
	assert_string_equal(value("a=\"b c=d\" c=e", "c"), "e");
	assert_string_equal(value("\"a=b c\" d", "a"), "b c");
	assert_string_equal(value("\"a b\"", "a b"), "");
	assert_string_equal(value("a=\"never closed b=1", "b"), "(none)");
	assert_string_equal(value("\"", ""), "(none)");
}

TEST(what_follows_two_dashes_is_for_init)
{
	assert_string_equal(value("a=1 -- a=2", "a"), "1");
	assert_string_equal(value("a=1 --x a=2", "a"), "2");
}

static const char *cpus(const char *text, unsigned int nr)
{
	static char list[256];
	struct rt_err err = { 0 };
	struct rt_cpuset set;

	if (tune_cmdline_cpus(&set, text, nr, &err) < 0) {
		assert_true(err.text[0]);
		return "(bad)";
	}
	assert_int_equal(rt_cpuset_format(&set, list, sizeof(list)), 0);
	return list;
}

TEST(a_list_knows_n_and_all)
{
	assert_string_equal(cpus("0,2-3", 8), "0,2-3");
	assert_string_equal(cpus("2-N", 8), "2-7");
	assert_string_equal(cpus("0,N", 8), "0,7");
	assert_string_equal(cpus("all", 4), "0-3");
	assert_string_equal(cpus("all:1/2", 4), "0,2");
	assert_string_equal(cpus("", 4), "");
	assert_string_equal(cpus("2-M", 8), "(bad)");
	assert_string_equal(cpus("Nx", 8), "(bad)");
	assert_string_equal(cpus("3-1", 8), "(bad)");
	assert_string_equal(cpus("1", 0), "(bad)");
}

static unsigned int flags_of(const char *text, const char *list)
{
	unsigned int flags = 99;
	struct rt_cpuset set;
	char found[64];

	assert_int_equal(tune_cmdline_isolcpus(&set, &flags, text, 8, NULL), 0);
	assert_int_equal(rt_cpuset_format(&set, found, sizeof(found)), 0);
	assert_string_equal(found, list);
	return flags;
}

TEST(isolcpus_begins_with_flags)
{
	unsigned int both = TUNE_ISOLCPUS_MANAGED_IRQ | TUNE_ISOLCPUS_DOMAIN, flags = 99;
	struct rt_cpuset set;

	assert_int_equal(flags_of("2-3", "2-3"), TUNE_ISOLCPUS_DOMAIN);
	assert_int_equal(flags_of("managed_irq,domain,2-3", "2-3"), both);
	assert_int_equal(flags_of("managed_irq,2-N", "2-7"), TUNE_ISOLCPUS_MANAGED_IRQ);
	assert_int_equal(flags_of("nohz,2,4", "2,4"), TUNE_ISOLCPUS_NOHZ);
	assert_int_equal(flags_of("later,2", "2"), TUNE_ISOLCPUS_DOMAIN);
	assert_int_equal(flags_of("domain", ""), TUNE_ISOLCPUS_DOMAIN);
	assert_true(tune_cmdline_isolcpus(&set, &flags, "domain,2-", 8, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_of_several_words_counts),
		cmocka_unit_test(dashes_and_underscores_are_the_same_in_a_name),
		cmocka_unit_test(quotes_hold_blanks_together),
		cmocka_unit_test(what_follows_two_dashes_is_for_init),
		cmocka_unit_test(a_list_knows_n_and_all),
		cmocka_unit_test(isolcpus_begins_with_flags),
	};

	return RUN_TESTS(tests);
}
