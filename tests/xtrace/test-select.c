/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-select.c - xtrace/select.c: words of a person, events of a kernel */
#include "xtrace/select.h"

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"

#define INSTANCE TREE_TRACING "/instances/xtrace-t"

static const char events[] = "irq:softirq_entry\nirq:softirq_exit\nirq:softirq_raise\n"
			     "irq:irq_handler_entry\nirq:irq_handler_exit\n"
			     "sched:sched_switch\nsched:sched_wakeup\nsched:sched_waking\n"
			     "raw_syscalls:sys_enter\nraw_syscalls:sys_exit\n"
			     "kmem:kmalloc\nsyscalls:sys_enter_read\n";

static int set_up(void **state)
{
	int rc = tree_set_up(state);

	if (rc == 0)
		tree_put(*state, TREE_TRACING "/available_events", events);
	return rc;
}

static struct xt_select start(void **state)
{
	struct tree *tree = *state;
	struct xt_select sel;

	assert_int_equal(xt_select_init(&sel, &tree->fs, NULL), 0);
	assert_int_equal(xt_select_count(&sel), 0);
	return sel;
}

/* How many events @word chooses of those above. */
static size_t chosen_by(void **state, const char *word)
{
	struct xt_select sel = start(state);
	size_t nr;

	assert_int_equal(xt_select_add(&sel, word, NULL), 0);
	nr = xt_select_count(&sel);
	xt_select_finish(&sel);
	return nr;
}

TEST(a_word_is_a_group_a_system_a_name_or_a_glob)
{
	assert_int_equal(chosen_by(state, "sched_switch"), 1);
	assert_int_equal(chosen_by(state, "sched:sched_switch"), 1);
	assert_int_equal(chosen_by(state, "sched:"), 3);
	assert_int_equal(chosen_by(state, "irq:*"), 5);
	assert_int_equal(chosen_by(state, "softirq_*"), 3);
	assert_int_equal(chosen_by(state, "kmem"), 1);
	assert_int_equal(chosen_by(state, "syscall"), 2);
	assert_int_equal(chosen_by(state, "*"), 12);
}

TEST(our_names_are_taken_in_any_case_and_stand_for_all_their_events)
{
	assert_int_equal(chosen_by(state, "SCHED_SWITCH"), 1);
	assert_int_equal(chosen_by(state, "Softirq_*"), 3);
	assert_int_equal(chosen_by(state, "INTERRUPT_ENTER"), 1);
	assert_int_equal(chosen_by(state, "SYSCALL_ENTER"), 1);
}

TEST(several_words_stand_with_commas_between_them)
{
	assert_int_equal(chosen_by(state, "SCHED_SWITCH,syscall"), 3);
	assert_int_equal(chosen_by(state, ",irq,sched:sched_switch,,irq,"), 6);
}

TEST(a_group_may_miss_events_that_this_kernel_lacks)
{
	assert_true(chosen_by(state, "default") >= 8);
	assert_int_equal(chosen_by(state, "irq"), 5);
}

TEST(what_is_left_out_is_not_chosen_and_may_be_chosen_again)
{
	struct xt_select sel = start(state);

	assert_int_equal(xt_select_add(&sel, "irq", NULL), 0);
	assert_int_equal(xt_select_remove(&sel, "softirq_*", NULL), 0);
	assert_int_equal(xt_select_count(&sel), 2);
	assert_false(xt_select_has(&sel, "irq", "softirq_raise"));
	assert_true(xt_select_has(&sel, "irq", "irq_handler_exit"));
	assert_int_equal(xt_select_add(&sel, "softirq_raise", NULL), 0);
	assert_true(xt_select_has(&sel, "irq", "softirq_raise"));
	xt_select_finish(&sel);
}

static void refused(void **state, const char *word, int code, const char *sentence)
{
	struct xt_select sel = start(state);
	struct rt_err err = { 0 };

	assert_int_equal(xt_select_add(&sel, word, &err), code);
	assert_contains(err.text, sentence);
	assert_int_equal(xt_select_count(&sel), 0);
	xt_select_finish(&sel);
}

TEST(a_word_that_means_nothing_is_answered_with_what_is_near)
{
	refused(state, "sched_swich", -ENOENT,
		"unknown event \"sched_swich\"; near it: sched_switch");
	refused(state, "sched:sched_swich", -ENOENT, "near it: sched:sched_switch");
	refused(state, "shced", -ENOENT, "near it: sched");
	refused(state, "qqqqqqqqqqqq", -ENOENT, "unknown event \"qqqqqqqqqqqq\"");
	refused(state, "", -EINVAL, "expected the name of an event");
	refused(state, ",", -EINVAL, "expected the name of an event, found \",\"");
	refused(state, "shced,irq", -ENOENT, "unknown event \"shced\"; near it: sched");
}

TEST(a_word_of_ours_that_this_kernel_has_no_event_for_says_so)
{
	refused(state, "kvm", RT_ECANNOT, "this kernel has no event for \"kvm\"");
	refused(state, "KVM_EXIT_VM_PID", RT_ECANNOT, "this kernel has no event for");
}

TEST(a_filter_stands_behind_an_event_that_may_have_a_colon)
{
	struct xt_select sel = start(state);
	struct rt_err err = { 0 };

	assert_int_equal(xt_select_filter(&sel, "sched_switch:prev_pid > 5", NULL), 0);
	assert_int_equal(xt_select_filter(&sel, "irq:softirq_*:vec == 1", NULL), 0);
	assert_int_equal(xt_select_count(&sel), 4);
	assert_string_equal(sel.filters[0].text, "prev_pid > 5");
	assert_string_equal(sel.filters[1].text, "vec == 1");
	assert_int_equal(xt_select_filter(&sel, "sched_switch", &err), -EINVAL);
	assert_contains(err.text, "expected EVENT:FILTER, found \"sched_switch\"");
	assert_int_equal(xt_select_filter(&sel, "sched_switch:", &err), -EINVAL);
	assert_int_equal(xt_select_filter(&sel, ":x", &err), -EINVAL);
	assert_int_equal(xt_select_filter(&sel, "bogus:x == 1", &err), -ENOENT);
	xt_select_finish(&sel);
}

/* ---- into an instance ---- */

static void put_event(const struct tree *tree, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", name);
	tree_put(tree, path, "0");
	snprintf(path, sizeof(path), INSTANCE "/events/%s/filter", name);
	tree_put(tree, path, "none");
}

static char enabled(const struct tree *tree, const char *name)
{
	char path[256], *text, first;

	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", name);
	text = tree_get(tree, path);
	first = text[0];
	free(text);
	return first;
}

static void assert_filter(const struct tree *tree, const char *name, const char *want)
{
	char path[256], *text;

	snprintf(path, sizeof(path), INSTANCE "/events/%s/filter", name);
	text = tree_get(tree, path);
	assert_string_equal(text, want);
	free(text);
}

static void count_refusal(void *arg, const struct xt_sel_event *event, const struct rt_err *why)
{
	assert_string_equal(event->event, "irq_handler_exit");
	assert_contains(why->text, "irq_handler_exit/enable");
	++*(int *)arg;
}

TEST(filters_are_set_events_enabled_and_refusals_reported)
{
	struct tree *tree = *state;
	struct xt_select sel = start(state);
	struct xt_instance inst;
	int refusals = 0;

	xt_instance_at(&inst, &tree->fs, "t");
	put_event(tree, "irq/softirq_entry");
	put_event(tree, "irq/irq_handler_entry");
	put_event(tree, "sched/sched_switch");
	assert_int_equal(xt_select_add(&sel, "irq_handler_*", NULL), 0);
	assert_int_equal(xt_select_filter(&sel, "sched_switch:prev_pid > 5", NULL), 0);
	assert_int_equal(xt_select_apply(&sel, &inst, count_refusal, &refusals, NULL), 0);
	assert_int_equal(refusals, 1);
	assert_int_equal(enabled(tree, "irq/irq_handler_entry"), '1');
	assert_int_equal(enabled(tree, "irq/softirq_entry"), '0');
	assert_int_equal(enabled(tree, "sched/sched_switch"), '1');
	assert_filter(tree, "sched/sched_switch", "prev_pid > 5");
	xt_select_finish(&sel);
}

TEST(an_event_with_several_filters_is_recorded_where_any_holds)
{
	struct tree *tree = *state;
	struct xt_select sel = start(state);
	struct xt_instance inst;
	int refusals = 0;

	xt_instance_at(&inst, &tree->fs, "t");
	put_event(tree, "sched/sched_switch");
	put_event(tree, "sched/sched_wakeup");
	put_event(tree, "sched/sched_waking");
	assert_int_equal(xt_select_filter(&sel, "sched_switch:prev_pid == 0", NULL), 0);
	assert_int_equal(xt_select_filter(&sel, "sched:sched_wak*:prio < 9", NULL), 0);
	assert_int_equal(xt_select_filter(&sel, "sched_switch:next_pid == 0", NULL), 0);
	assert_int_equal(xt_select_filter(&sel, "sched:*:common_pid == 7", NULL), 0);
	assert_int_equal(xt_select_add(&sel, "sched_waking", NULL), 0);
	assert_int_equal(xt_select_apply(&sel, &inst, count_refusal, &refusals, NULL), 0);
	assert_filter(tree, "sched/sched_switch",
		      "(prev_pid == 0) || (next_pid == 0) || (common_pid == 7)");
	assert_filter(tree, "sched/sched_wakeup", "(prio < 9) || (common_pid == 7)");
	assert_filter(tree, "sched/sched_waking", "(prio < 9) || (common_pid == 7)");
	xt_select_finish(&sel);
}

TEST(a_whole_system_is_enabled_by_one_write)
{
	struct tree *tree = *state;
	struct xt_select sel = start(state);
	struct xt_instance inst;
	int refusals = 0;

	xt_instance_at(&inst, &tree->fs, "t");
	put_event(tree, "raw_syscalls/sys_enter");
	put_event(tree, "raw_syscalls");
	assert_int_equal(xt_select_add(&sel, "syscall", NULL), 0);
	assert_int_equal(xt_select_apply(&sel, &inst, count_refusal, &refusals, NULL), 0);
	assert_int_equal(refusals, 0);
	assert_int_equal(enabled(tree, "raw_syscalls"), '1');
	assert_int_equal(enabled(tree, "raw_syscalls/sys_enter"), '0');
	xt_select_finish(&sel);
}

#define WITH_EVENTS(test) cmocka_unit_test_setup_teardown(test, set_up, tree_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EVENTS(a_word_is_a_group_a_system_a_name_or_a_glob),
		WITH_EVENTS(our_names_are_taken_in_any_case_and_stand_for_all_their_events),
		WITH_EVENTS(several_words_stand_with_commas_between_them),
		WITH_EVENTS(a_group_may_miss_events_that_this_kernel_lacks),
		WITH_EVENTS(what_is_left_out_is_not_chosen_and_may_be_chosen_again),
		WITH_EVENTS(a_word_that_means_nothing_is_answered_with_what_is_near),
		WITH_EVENTS(a_word_of_ours_that_this_kernel_has_no_event_for_says_so),
		WITH_EVENTS(a_filter_stands_behind_an_event_that_may_have_a_colon),
		WITH_EVENTS(filters_are_set_events_enabled_and_refusals_reported),
		WITH_EVENTS(an_event_with_several_filters_is_recorded_where_any_holds),
		WITH_EVENTS(a_whole_system_is_enabled_by_one_write),
	};

	return RUN_TESTS(tests);
}
