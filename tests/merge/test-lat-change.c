/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-lat-change.c - merge/lat-stat.c and lat-change.c: runs that differ by themselves,
 * and what is told when something takes more time
 */
#include "merge/lat-change.h"

#include <errno.h>
#include <math.h>

#include "merge/lat-stat.h"
#include "tests/unit.h"

/* ---- ranges of two sides ---- */

static bool apart(const double *a, size_t nr_a, const double *b, size_t nr_b)
{
	const struct mrg_lat_values before = { a, nr_a }, after = { b, nr_b };
	struct mrg_lat_bounds x, y;

	assert_int_equal(mrg_lat_bounds_of(&x, &y, &before, &after, 1), 0);
	assert_true(x.low <= x.mean && x.mean <= x.high);
	return y.low > x.high;
}

TEST(ranges_are_apart_where_students_test_finds_a_difference)
{
	/* ln: means 0 and 0.3, each with a variance of 0.01: t = 0.3 / (0.1 * sqrt(2/3)) = 3.67 */
	const double a[] = { 1e6 * exp(-0.1), 1e6, 1e6 * exp(0.1) };
	double b[3], c[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		b[i] = a[i] * exp(0.30);	/* t of 99 % with 4 degrees: 3.747 */
		c[i] = a[i] * exp(0.32);
	}
	assert_false(apart(a, 3, b, 3));
	assert_true(apart(a, 3, c, 3));
	assert_false(apart(c, 3, a, 3));
}

TEST(more_runs_tell_more)
{
	const double a[] = { 90, 100, 110, 90, 100, 110 }, b[] = { 112, 125, 137, 112, 125, 137 };

	assert_false(apart(a, 3, b, 3));
	assert_true(apart(a, 6, b, 6));
}

TEST(one_run_a_side_tells_nothing)
{
	const double a = 1, b = 100;
	const struct mrg_lat_values one = { &a, 1 }, two = { &b, 1 }, none = { NULL, 0 };
	struct mrg_lat_bounds x, y;

	assert_int_equal(mrg_lat_bounds_of(&x, &y, &one, &two, 1), -EDOM);
	assert_int_equal(mrg_lat_bounds_of(&x, &y, &none, &two, 1), -EDOM);
}

TEST(nothing_at_all_is_a_figure_too)
{
	const double a[] = { 0, 0, 0 }, b[] = { 900, 1000, 1100 }, c[] = { 0, 0.1, 0 };

	assert_true(apart(a, 3, b, 3));
	assert_false(apart(a, 3, c, 3));
}

/* ---- what takes more time ---- */

static void add(struct mrg_lat_saved *run, enum mrg_lat_kind kind, const char *name,
		unsigned int count, uint64_t ns)
{
	struct mrg_lat_figure *figure;
	unsigned int i;

	run->figures = realloc(run->figures, (run->nr + 1) * sizeof(*run->figures));
	figure = &run->figures[run->nr++];
	*figure = (struct mrg_lat_figure){ .kind = kind, .vcpu = -1 };
	snprintf(figure->host, sizeof(figure->host), "h");
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	for (i = 0; i < count; i++)
		assert_int_equal(mrg_hist_add(&figure->hist, ns), 0);
	figure->parts[MRG_LAT_PART_KVM] = figure->hist.sum;
}

/* A second of a host with its tick and exits, a little more or less of them each time. */
static struct mrg_lat_saved quiet(unsigned int nr)
{
	struct mrg_lat_saved run = { .path = strdup("run"), .duration_ns = 1000000000 };

	add(&run, MRG_LAT_IRQ, "apic_timer", 1000 + 10 * nr, 2000);
	add(&run, MRG_LAT_EXIT, "MSR", 2000 - 20 * nr, 3000 + 10 * nr);
	add(&run, MRG_LAT_EXIT, "HLT", 500 + 7 * nr, 900000);
	return run;
}

/* @broken: a rule that is broken, or NULL. */
static size_t changes_of(struct mrg_lat_change *ret, struct mrg_lat_saved *base,
			 struct mrg_lat_saved *now, size_t nr, const char *broken)
{
	struct mrg_lat_rule rule;
	const struct mrg_lat_outcome outcome = { .rule = &rule, .verdict = MRG_LAT_BROKEN };
	const struct mrg_lat_gate gate = {
		.outcomes = &outcome, .nr = broken ? 1 : 0, .base = { base, nr },
		.now = { now, nr },
	};
	size_t found, i;

	if (broken)
		assert_int_equal(mrg_lat_rule_parse(&rule, broken, NULL), 0);
	assert_int_equal(mrg_lat_changes(ret, 4, &found, &gate), 0);
	for (i = 0; i < nr; i++) {
		mrg_lat_saved_finish(&base[i]);
		mrg_lat_saved_finish(&now[i]);
	}
	return found;
}

static size_t changes(struct mrg_lat_change *ret, struct mrg_lat_saved *base,
		      struct mrg_lat_saved *now, size_t nr)
{
	return changes_of(ret, base, now, nr, NULL);
}

/* Runs that differ as runs do. */
struct sides {
	struct mrg_lat_saved base[3], now[3];
};

static struct sides quiet_sides(void)
{
	return (struct sides){ .base = { quiet(0), quiet(3), quiet(5) },
			       .now = { quiet(4), quiet(1), quiet(2) } };
}

TEST(nothing_is_told_of_what_is_as_it_was)
{
	struct sides s = quiet_sides();
	struct mrg_lat_change found[4];

	assert_int_equal(changes(found, s.base, s.now, 3), 0);
}

TEST(what_was_not_there_and_what_costs_more_is_told_greatest_first)
{
	struct sides s = quiet_sides();
	struct mrg_lat_change found[4];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		add(&s.now[i], MRG_LAT_PREEMPT, "hog", 5 + i, 2000000);
		add(&s.now[i], MRG_LAT_WAKEUP, "victim", 1000, 5000000);	/* an effect */
		add(&s.now[i], MRG_LAT_IRQ, "24 nic", 2000, 10000);
	}
	assert_int_equal(changes(found, s.base, s.now, 3), 2);
	assert_string_equal(found[0].what, "irq(24 nic)");
	assert_string_equal(found[0].host, "h");
	assert_true(fabs(found[0].now.ns - 2e7) < 1e5);
	assert_true(found[0].base.ns == 0);
	assert_string_equal(found[1].what, "preempt(hog)");
	assert_true(fabs(found[1].now.times - 6) < 1e-9);
}

TEST(an_exit_that_costs_more_is_told_though_there_are_fewer)
{
	struct sides s = quiet_sides();
	struct mrg_lat_change found[4];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		mrg_hist_finish(&s.now[i].figures[1].hist);
		s.now[i].figures[1] = s.now[i].figures[--s.now[i].nr];
		add(&s.now[i], MRG_LAT_EXIT, "MSR", 500 + i, 12000);
	}
	assert_int_equal(changes(found, s.base, s.now, 3), 1);
	assert_string_equal(found[0].what, "exit(MSR), KVM itself");
	assert_true(fabs(found[0].now.each - 12000) < 200);
}

TEST(what_a_broken_rule_speaks_of_is_told_first)
{
	struct sides s = quiet_sides();
	struct mrg_lat_change found[4];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		add(&s.now[i], MRG_LAT_PREEMPT, "hog", 5 + i, 2000000);
		add(&s.now[i], MRG_LAT_SOFTIRQ, "rcu", 100, 300000);
	}
	assert_int_equal(changes_of(found, s.base, s.now, 3, "preempt.share > +2ms"), 2);
	assert_string_equal(found[0].what, "preempt(hog)");
	assert_true(found[0].asked_for && !found[1].asked_for);
}

TEST(what_comes_more_often_is_told_though_a_stall_made_the_base_long)
{
	struct sides s = quiet_sides();
	struct mrg_lat_change found[4];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		add(&s.base[i], MRG_LAT_IRQ, "24 nic", 20, 10000);
		add(&s.base[i], MRG_LAT_IRQ, "24 nic", i, 40000000);
		add(&s.now[i], MRG_LAT_IRQ, "24 nic", 800 + 100 * i, 10000);
	}
	add(&s.now[1], MRG_LAT_IRQ, "24 nic", 3, 40000000);
	assert_int_equal(changes(found, s.base, s.now, 3), 1);
	assert_string_equal(found[0].what, "irq(24 nic)");
	assert_true(found[0].base.ns < 2e6);
}

TEST(with_one_run_a_side_twice_as_much_is_told)
{
	struct mrg_lat_saved base = quiet(0), now = quiet(0);
	struct mrg_lat_change found[4];

	add(&now, MRG_LAT_SOFTIRQ, "net_rx", 100, 20000);
	assert_int_equal(changes(found, &base, &now, 1), 1);
	assert_string_equal(found[0].what, "softirq(net_rx)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_apart_where_students_test_finds_a_difference),
		cmocka_unit_test(more_runs_tell_more),
		cmocka_unit_test(one_run_a_side_tells_nothing),
		cmocka_unit_test(nothing_at_all_is_a_figure_too),
		cmocka_unit_test(nothing_is_told_of_what_is_as_it_was),
		cmocka_unit_test(what_was_not_there_and_what_costs_more_is_told_greatest_first),
		cmocka_unit_test(an_exit_that_costs_more_is_told_though_there_are_fewer),
		cmocka_unit_test(what_a_broken_rule_speaks_of_is_told_first),
		cmocka_unit_test(what_comes_more_often_is_told_though_a_stall_made_the_base_long),
		cmocka_unit_test(with_one_run_a_side_twice_as_much_is_told),
	};

	return RUN_TESTS(tests);
}
