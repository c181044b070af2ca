/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-state.c - vCPU threads are followed through entries, exits and hypercalls */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

static struct kev_state *make(size_t max)
{
	struct kev_state *table;

	assert_int_equal(kev_state_create(&table, max), 0);
	return table;
}

static struct kev_change feed(struct kev_state *table, enum kev_role role, int32_t pid,
			      uint64_t ns, uint64_t nr)
{
	struct kev_step step = { .role = role, .host = 1, .pid = pid, .ns = ns, .nr = nr };
	struct kev_change change;

	assert_int_equal(kev_state_feed(table, &step, &change), 0);
	return change;
}

TEST(times_in_and_out_of_the_guest_are_measured)
{
	struct kev_state *table = make(2);
	struct kev_change change;

	change = feed(table, KEV_GUEST_BEGIN, 10, 100, 0);
	assert_int_equal(change.span_ns, 0);
	assert_true(kev_state_find(table, 1, 10)->in_guest);
	change = feed(table, KEV_GUEST_END, 10, 350, 12);
	assert_int_equal(change.span_ns, 250);
	assert_false(change.broken);
	assert_false(kev_state_find(table, 1, 10)->in_guest);
	assert_int_equal(kev_state_find(table, 1, 10)->reason, 12);
	change = feed(table, KEV_GUEST_BEGIN, 10, 400, 0);
	assert_int_equal(change.span_ns, 50);
	assert_null(kev_state_find(table, 2, 10));
	kev_state_destroy(table);
}

TEST(a_hypercall_ends_at_the_next_entry_of_its_thread)
{
	struct kev_state *table = make(4);
	struct kev_change change;

	feed(table, KEV_GUEST_END, 10, 100, 0x81);
	feed(table, KEV_HYPERCALL, 10, 110, GS_NR_PING);
	assert_true(kev_state_find(table, 1, 10)->in_hypercall);
	change = feed(table, KEV_GUEST_BEGIN, 11, 115, 0);
	assert_false(change.hc_done);
	change = feed(table, KEV_GUEST_BEGIN, 10, 120, 0);
	assert_true(change.hc_done);
	assert_int_equal(change.hc_nr, GS_NR_PING);
	assert_int_equal(change.hc_ns, 110);
	feed(table, KEV_GUEST_END, 10, 130, 1);
	assert_false(feed(table, KEV_GUEST_BEGIN, 10, 140, 0).hc_done);
	kev_state_destroy(table);
}

TEST(the_modules_own_end_is_not_doubled)
{
	struct kev_state *table = make(4);

	kev_state_has_module(table, 1);
	feed(table, KEV_HYPERCALL, 10, 110, GS_NR_PING);
	assert_false(feed(table, KEV_GUEST_BEGIN, 10, 120, 0).hc_done);
	feed(table, KEV_GUEST_END, 10, 130, 0x81);
	feed(table, KEV_HYPERCALL, 10, 140, 5);
	assert_true(feed(table, KEV_GUEST_BEGIN, 10, 150, 0).hc_done);
	kev_state_destroy(table);
}

TEST(a_module_is_noticed_by_its_first_event)
{
	struct kev_state *table = make(4);

	feed(table, KEV_HYPERCALL, 10, 110, GS_NR_PING);
	feed(table, KEV_HYPERCALL_DONE, 10, 115, GS_NR_PING);
	assert_false(feed(table, KEV_GUEST_BEGIN, 10, 120, 0).hc_done);
	feed(table, KEV_HYPERCALL, 11, 130, GS_NR_PING);
	assert_false(feed(table, KEV_GUEST_BEGIN, 11, 140, 0).hc_done);
	kev_state_destroy(table);
}

TEST(missing_events_are_noticed)
{
	struct kev_state *table = make(4);
	struct kev_change change;

	assert_false(feed(table, KEV_GUEST_END, 10, 50, 0).broken);
	assert_true(feed(table, KEV_GUEST_END, 10, 60, 0).broken);
	assert_false(feed(table, KEV_GUEST_BEGIN, 10, 100, 0).broken);
	change = feed(table, KEV_GUEST_BEGIN, 10, 200, 0);
	assert_true(change.broken);
	assert_int_equal(change.span_ns, 0);
	assert_int_equal(feed(table, KEV_GUEST_END, 10, 190, 0).span_ns, 0);
	kev_state_destroy(table);
}

TEST(other_roles_change_nothing)
{
	struct kev_state *table = make(1);

	feed(table, KEV_SWITCH, 10, 1, 0);
	feed(table, KEV_TASK_EXIT, 10, 2, 0);
	assert_null(kev_state_find(table, 1, 10));
	kev_state_destroy(table);
}

TEST(a_full_table_follows_no_more)
{
	struct kev_state *table = make(2);
	struct kev_step step = { .role = KEV_GUEST_BEGIN, .host = 1, .pid = 3, .ns = 3 };
	struct kev_change change;

	feed(table, KEV_GUEST_BEGIN, 1, 1, 0);
	feed(table, KEV_GUEST_BEGIN, 2, 2, 0);
	assert_int_equal(kev_state_feed(table, &step, &change), -ENOSPC);
	feed(table, KEV_TASK_EXIT, 1, 4, 0);
	assert_int_equal(kev_state_feed(table, &step, &change), 0);
	assert_null(kev_state_find(table, 1, 1));
	assert_non_null(kev_state_find(table, 1, 3));
	kev_state_destroy(table);
}

/* Takes threads in and out at random and compares with a plain array. */
TEST(threads_come_and_go_without_losing_others)
{
	struct kev_state *table = make(64);
	uint64_t there[64] = { 0 };
	unsigned int i, pid, seed = 1;

	for (i = 1; i <= 20000; i++) {
		seed = seed * 1103515245 + 12345;
		pid = seed >> 16 & 63;
		if (seed >> 28 & 1) {
			feed(table, KEV_GUEST_BEGIN, pid, i, 0);
			there[pid] = i;
		} else {
			feed(table, KEV_TASK_EXIT, pid, i, 0);
			there[pid] = 0;
		}
		pid = seed >> 8 & 63;
		if (there[pid])
			assert_int_equal(kev_state_find(table, 1, pid)->begin_ns, there[pid]);
		else
			assert_null(kev_state_find(table, 1, pid));
	}
	kev_state_destroy(table);
}

TEST(its_size_has_limits)
{
	struct kev_state *table = NULL;

	assert_int_equal(kev_state_create(&table, 0), -EINVAL);
	assert_int_equal(kev_state_create(&table, (1u << 20) + 1), -EINVAL);
	assert_null(table);
	kev_state_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_in_and_out_of_the_guest_are_measured),
		cmocka_unit_test(a_hypercall_ends_at_the_next_entry_of_its_thread),
		cmocka_unit_test(the_modules_own_end_is_not_doubled),
		cmocka_unit_test(a_module_is_noticed_by_its_first_event),
		cmocka_unit_test(missing_events_are_noticed),
		cmocka_unit_test(other_roles_change_nothing),
		cmocka_unit_test(a_full_table_follows_no_more),
		cmocka_unit_test(threads_come_and_go_without_losing_others),
		cmocka_unit_test(its_size_has_limits),
	};

	return RUN_TESTS(tests);
}
