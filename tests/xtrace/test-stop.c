/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-stop.c - xtrace/stop.c, stop-late.c: words of --stop-on and --stop-on-latency, and
 * the triggers they become, in a tree of plain files
 */
#include "xtrace/stop-local.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"
#include "xtrace/select.h"

static struct xt_late_rule parsed(const char *text)
{
	struct xt_late_rule rule;
	struct rt_err err = { 0 };

	assert_int_equal(xt_late_parse(&rule, text, &err), 0);
	return rule;
}

TEST(a_rule_is_a_kind_a_name_and_a_time)
{
	struct xt_late_rule rule = parsed("wakeup(rtapp)>100us");

	assert_string_equal(rule.kind->name, "wakeup");
	assert_string_equal(rule.name, "rtapp");
	assert_int_equal(rule.limit_ns, 100000);
	rule = parsed("wakeup(a (b) > c) > 1ms");
	assert_string_equal(rule.name, "a (b) > c");
	assert_int_equal(rule.limit_ns, 1000000);
	rule = parsed("exit > 50us");
	assert_string_equal(rule.name, "");
}

TEST(what_is_no_rule_is_refused_with_what_was_expected)
{
	static const char *const bad[] = {
		"", ">", "wakeup", "wakup(x)>1us", "wakeup(x)>", "wakeup(x)>fast", "wakeup(x)>0",
		"wakeup()>1us", "wakeup(x>1us", "wakeup(a\"b)>1us", "wakeup x>1us",
		"wakeup(01234567890123456789012345678901234567890123456789012345678901234)>1us",
	};
	struct xt_late_rule rule;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rt_err err = { 0 };

		assert_int_equal(xt_late_parse(&rule, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "expected "));
	}
}

static void assert_filter(const struct tree *tree, const char *text, bool end,
			  const char *expected)
{
	struct xt_late_rule rule = parsed(text);
	char filter[256];

	assert_int_equal(xt_late_filter(&tree->root, &rule,
					end ? &rule.kind->end : &rule.kind->begin, filter,
					sizeof(filter), NULL), 0);
	assert_string_equal(filter, expected);
}

TEST(names_become_the_kernels_filters)
{
	struct tree *tree = *state;

	assert_filter(tree, "wakeup(rt*)>1us", false, "comm ~ \"rt*\"");
	assert_filter(tree, "wakeup(rt*)>1us", true, "next_comm ~ \"rt*\"");
	assert_filter(tree, "wakeup>1us", false, "");
	assert_filter(tree, "softirq(timer)>1us", true, "vec == 1");
	assert_filter(tree, "softirq(net_*)>1us", true, "vec == 2 || vec == 3");
	assert_filter(tree, "syscall(read)>1us", false, "id == 0");
	assert_filter(tree, "exit(HLT)>1us", false, "exit_reason == 12");
	assert_filter(tree, "exit>1us", false, "exit_reason != 12");
	assert_filter(tree, "exit>1us", true, "");
	tree_make_dir(tree, "sys/module/kvm_amd");
	assert_filter(tree, "exit(HLT)>1us", false, "exit_reason == 120");
}

TEST(a_name_that_nothing_has_is_refused)
{
	struct tree *tree = *state;
	struct xt_late_rule rule = parsed("softirq(nonsense)>1us");
	struct rt_err err = { 0 };
	char filter[256];

	assert_int_equal(xt_late_filter(&tree->root, &rule, &rule.kind->end, filter,
					sizeof(filter), &err), -EINVAL);
	assert_string_equal(err.text, "expected a name in softirq(...), found \"nonsense\"");
	rule = parsed("syscall(*)>1us");
	err = (struct rt_err){ 0 };
	assert_int_equal(xt_late_filter(&tree->root, &rule, &rule.kind->end, filter,
					sizeof(filter), &err), -E2BIG);
}

TEST(a_kernel_without_synthetic_events_cannot)
{
	static const char *rules[] = { "wakeup(x)>1us" };
	const struct rt_strv list = { .v = rules, .n = 1 };
	struct tree *tree = *state;
	struct xt_stops stops = { 0 };
	struct rt_err err = { 0 };

	assert_int_equal(xt_stops_define(&stops, &tree->fs, &list, &err), RT_ECANNOT);
	assert_non_null(strstr(err.text, "CONFIG_HIST_TRIGGERS"));
	xt_stops_finish(&stops);
}

#define SESSION TREE_TRACING "/instances/xtrace-t"

/* as Linux 7.3 lists them, which takes none of them back so */
TEST(triggers_are_taken_away_by_the_key_that_they_were_armed_with)
{
	static const char path[] = SESSION "/events/irq/softirq_exit/trigger";
	static const char rest[] = ":vals=hitcount:lat0=common_timestamp-$ts0:sort=hitcount"
				   ":size=8192 if vec == 1";
	struct tree *tree = *state;
	char listed[256], expected[512], *text;
	struct xt_instance inst;

	snprintf(listed, sizeof(listed), "# Available triggers:\nhist:keys=%s%s [active]\n",
		 "common_cpucommon_cpu", rest);
	tree_put(tree, path, listed);
	xt_instance_at(&inst, &tree->fs, "t");
	xt_stops_clear(&inst);
	snprintf(expected, sizeof(expected), "%s!hist:keys=common_cpu%s", listed, rest);
	text = tree_get(tree, path);
	assert_string_equal(text, expected);
	free(text);
}

TEST(an_events_trigger_has_fired_when_its_count_is_used_up)
{
	static const char *words[] = { "sched_switch if next_prio < 50" };
	const struct rt_strv list = { .v = words, .n = 1 }, none = { 0 };
	struct tree *tree = *state;
	struct xt_stops stops = { 0 };
	struct xt_instance inst;
	struct xt_select sel;
	char text[128];

	tree_put(tree, TREE_TRACING "/available_events",
		 "sched:sched_switch\nsched:sched_waking\n");
	tree_put(tree, SESSION "/events/sched/sched_switch/trigger", "");
	xt_instance_at(&inst, &tree->fs, "t");
	assert_int_equal(xt_select_init(&sel, &tree->fs, NULL), 0);
	assert_int_equal(xt_stops_define(&stops, &tree->fs, &none, NULL), 0);
	assert_int_equal(xt_stops_select(&stops, &sel, &list, NULL), 0);
	assert_int_equal(xt_select_count(&sel), 1);
	assert_int_equal(xt_stops_arm(&stops, &inst, "t", &sel, NULL), 0);
	tree_put(tree, SESSION "/events/sched/sched_switch/trigger",
		 "traceoff:count=1 if next_prio < 50\n");
	assert_false(xt_stops_fired(&stops, &inst, &sel, text, sizeof(text)));
	tree_put(tree, SESSION "/events/sched/sched_switch/trigger",
		 "traceoff:count=0 if next_prio < 50\n");
	assert_true(xt_stops_fired(&stops, &inst, &sel, text, sizeof(text)));
	assert_string_equal(text, "sched:sched_switch if next_prio < 50");
	xt_stops_finish(&stops);
	xt_select_finish(&sel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_is_a_kind_a_name_and_a_time),
		cmocka_unit_test(what_is_no_rule_is_refused_with_what_was_expected),
		WITH_TREE(names_become_the_kernels_filters),
		WITH_TREE(a_name_that_nothing_has_is_refused),
		WITH_TREE(a_kernel_without_synthetic_events_cannot),
		WITH_TREE(triggers_are_taken_away_by_the_key_that_they_were_armed_with),
		WITH_TREE(an_events_trigger_has_fired_when_its_count_is_used_up),
	};

	return RUN_TESTS(tests);
}
