/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-lat-range.c - merge/lat-range.c and lat-gate.c: what is summed up, against a slow
 * model, and what a few odd intervals and many names hide or do not
 */
#include "merge/lat-range.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/err.h"
#include "tests/unit.h"

#define SIDE 3

static double draw(void)
{
	return ((double)rand() + 1) / ((double)RAND_MAX + 2);
}

/* One draw a statement, here and below: compilers differ in what they evaluate first. */
static double normal(void)
{
	double radius = sqrt(-2 * log(draw()));

	return radius * cos(6.283185307 * draw());
}

/* ---- runs made up ---- */

static struct mrg_lat_saved a_run(void)
{
	return (struct mrg_lat_saved){ .path = strdup("run"), .duration_ns = 2000000000 };
}

static struct mrg_hist *hist_of(struct mrg_lat_saved *run, const char *name)
{
	struct mrg_lat_figure *figure;
	size_t i;

	for (i = 0; i < run->nr; i++) {
		if (strcmp(run->figures[i].name, name) == 0)
			return &run->figures[i].hist;
	}
	run->figures = realloc(run->figures, (run->nr + 1) * sizeof(*run->figures));
	figure = &run->figures[run->nr++];
	*figure = (struct mrg_lat_figure){ .kind = MRG_LAT_PREEMPT, .vcpu = 1 };
	snprintf(figure->host, sizeof(figure->host), "h");
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	return &figure->hist;
}

static void add(struct mrg_lat_saved *run, const char *name, unsigned int count, double ns)
{
	while (count-- > 0)
		assert_int_equal(mrg_hist_add(hist_of(run, name), (uint64_t)ns), 0);
}

static void finish(struct mrg_lat_saved *runs)
{
	unsigned int i;

	for (i = 0; i < SIDE; i++)
		mrg_lat_saved_finish(&runs[i]);
}

static struct mrg_lat_outcome judge(const char *text, struct mrg_lat_saved *base,
				    struct mrg_lat_saved *now)
{
	static struct mrg_lat_rule rule;	/* the outcome points to it */
	const struct mrg_lat_side a = { base, SIDE }, b = { now, SIDE };
	struct mrg_lat_outcome outcome;

	assert_int_equal(mrg_lat_rule_parse(&rule, text, NULL), 0);
	assert_int_equal(mrg_lat_judge(&outcome, &rule, &a, &b, NULL), 0);
	return outcome;
}

/* ---- against a model ---- */

#define MAX_DRAWN 40

struct drawn {
	double ns[SIDE][MAX_DRAWN];
	unsigned int nr[SIDE];
};

static void draw_side(struct drawn *d, struct mrg_lat_saved *runs)
{
	unsigned int r, i;

	for (r = 0; r < SIDE; r++) {
		runs[r] = a_run();
		d->nr[r] = (unsigned int)(draw() * MAX_DRAWN);
		for (i = 0; i < d->nr[r]; i++) {
			d->ns[r][i] = floor(1e5 * exp(2 * normal()));
			add(&runs[r], draw() < 0.5 ? "a" : "b", 1, d->ns[r][i]);
		}
	}
}

static int falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The value behind as many as there are runs, of all. */
static double model_cap(const struct drawn *a, const struct drawn *b)
{
	double all[2 * SIDE * MAX_DRAWN];
	unsigned int r, nr = 0;

	for (r = 0; r < SIDE; r++) {
		memcpy(all + nr, a->ns[r], a->nr[r] * sizeof(double));
		nr += a->nr[r];
		memcpy(all + nr, b->ns[r], b->nr[r] * sizeof(double));
		nr += b->nr[r];
	}
	qsort(all, nr, sizeof(double), falling);
	return nr == 0 ? 0 : nr > 2 * SIDE ? all[2 * SIDE] : all[nr - 1];
}

/* Figures of each run, their mean and its variance; what stretches the base does its figures. */
static void model_side(const struct drawn *d, double cap, double *figures, double *mean,
		       double *variance)
{
	unsigned int r, i;
	double x;

	*mean = *variance = 0;
	for (r = 0; r < SIDE; r++) {
		figures[r] = 0;
		for (i = 0; i < d->nr[r]; i++) {
			x = fmin(d->ns[r][i], cap) / 2;		/* a second: runs have two */
			figures[r] += x;
			*variance += x * x / SIDE / SIDE;
		}
		*mean += figures[r] / SIDE;
	}
}

static double least(const double *v)
{
	return fmin(v[0], fmin(v[1], v[2]));
}

static double most(const double *v)
{
	return fmax(v[0], fmax(v[1], v[2]));
}

/* Half of what Student's test of the logarithms asks for between two means, and the means. */
static double model_half(const double *a, const double *b, double *ret_a, double *ret_b)
{
	double x = 0, y = 0, squares = 0;
	unsigned int i;

	for (i = 0; i < SIDE; i++) {
		x += log(a[i] + 1000) / SIDE;
		y += log(b[i] + 1000) / SIDE;
	}
	for (i = 0; i < SIDE; i++)
		squares += pow(log(a[i] + 1000) - x, 2) + pow(log(b[i] + 1000) - y, 2);
	*ret_a = x;
	*ret_b = y;
	return 3.747 / 2 * sqrt(squares / (2 * SIDE - 2) * 2 / SIDE);
}

/* 1: broken, 0: not, -1: so near to it that rounding decides. */
static int model_verdict(const struct drawn *base, const struct drawn *now, double more)
{
	double cap = model_cap(base, now), a[SIDE], b[SIDE], mean_a, mean_b, va, vb, z;
	double log_a, log_b, half, low, high;
	unsigned int i;

	model_side(base, cap, a, &mean_a, &va);
	model_side(now, cap, b, &mean_b, &vb);
	z = va + vb > 0 ? MRG_LAT_Z_SUMS / sqrt(va + vb) : 0;
	for (i = 0; i < SIDE; i++)
		a[i] += more;
	half = model_half(a, b, &log_a, &log_b);
	high = fmax(mean_a + more + z * va, fmax(most(a), exp(log_a + half) - 1000));
	low = fmin(mean_b - z * vb, fmin(least(b), exp(log_b - half) - 1000));
	if (fabs(low - high) < 0.03 * high)
		return -1;
	return low > high;
}

TEST(a_share_is_judged_as_a_slow_model_does)
{
	struct mrg_lat_saved base[SIDE], now[SIDE];
	struct drawn a, b;
	unsigned int round, r, i, broken = 0;
	int expected;

	for (round = 0; round < 400; round++) {
		srand(round);
		draw_side(&a, base);
		draw_side(&b, now);
		for (r = 0; r < SIDE; r++) {	/* half of the rounds have something to find */
			for (i = 0; round % 2 && i < 12 && b.nr[r] < MAX_DRAWN; i++) {
				b.ns[r][b.nr[r]++] = 2e6;
				add(&now[r], "a", 1, 2e6);
			}
		}
		expected = model_verdict(&a, &b, 1e6);
		if (expected >= 0) {
			const struct mrg_lat_outcome o = judge("preempt.share > +1ms", base, now);

			assert_int_equal(o.verdict == MRG_LAT_BROKEN && !o.by, expected);
			assert_true(fabs((double)o.cap / model_cap(&a, &b) - 1) < 0.01);
			broken += (unsigned int)expected;
		}
		finish(base);
		finish(now);
	}
	assert_in_range(broken, 50, 200);
}

TEST(the_range_of_a_sum_is_as_wide_as_its_largest_parts_make_it)
{
	const struct mrg_lat_side none = { NULL, 0 };
	struct mrg_lat_saved runs[SIDE] = { a_run(), a_run(), a_run() };
	const struct mrg_lat_side side = { runs, SIDE };
	struct mrg_lat_rule rule;
	const struct mrg_lat_scope scope = { .rule = &rule };
	struct mrg_lat_ranges r;
	unsigned int i;

	for (i = 0; i < SIDE; i++) {
		add(&runs[i], "often", 1000, 1024);
		add(&runs[i], "rare", 4, 1048576);
	}
	assert_int_equal(mrg_lat_rule_parse(&rule, "preempt.share > 1ms", NULL), 0);
	assert_int_equal(mrg_lat_ranges_of(&r, &scope, &none, &side), 0);
	assert_true(r.cap == UINT64_MAX);
	assert_true(fabs(r.now.value / ((1000 * 1024 + 4 * 1048576) / 2.0) - 1) < 0.01);
	/* twelve of 1048576 ns in six seconds; the others are sure */
	assert_true(fabs((r.now.high - r.now.value) / (3.29 * sqrt(12) * 1048576 / 6) - 1) < 0.01);
	finish(runs);
}

/* ---- what odd intervals hide ---- */

/* A host as it is: now and then another task, and sometimes the machine stands still. */
static struct mrg_lat_saved a_host(double stalls)
{
	static const char *const names[] = { "bash", "rcu_preempt", "kworker/3:1", "migration/3" };
	struct mrg_lat_saved run = a_run();
	unsigned int i;
	double ns;

	for (i = 0; i < 4; i++) {
		ns = 6e4 * exp(0.5 * normal());
		add(&run, names[i], (unsigned int)(draw() * 3), ns);
	}
	if (draw() < stalls) {
		ns = 3e6 * exp(1.5 * normal());
		add(&run, names[(unsigned int)(draw() * 4)], 1, ns);
	}
	return run;
}

static void hog(struct mrg_lat_saved *run, double stalls)
{
	add(run, "hog", 9, 2.1e6);
	add(run, "hog", 1, draw() < stalls ? 2e6 + 2e7 * exp(1.5 * normal()) : 2.1e6);
}

static unsigned int broken_by(const char *rule, double stalls, bool with_hog, unsigned int *by)
{
	struct mrg_lat_saved base[SIDE], now[SIDE];
	struct mrg_lat_outcome o;
	unsigned int round, i, broken = 0;

	for (round = 0; round < 200; round++) {
		srand(round);
		for (i = 0; i < SIDE; i++) {
			base[i] = a_host(stalls);
			now[i] = a_host(stalls);
			if (with_hog)
				hog(&now[i], stalls);
		}
		o = judge(rule, base, now);
		broken += o.verdict == MRG_LAT_BROKEN;
		if (o.by) {
			assert_string_equal(o.by->name, "hog");
			assert_true(o.by_base.value == 0 && o.by_now.value > 0);
			++*by;
		}
		finish(base);
		finish(now);
	}
	return broken;
}

TEST(a_task_of_one_per_cent_is_found_though_the_machine_stands_still)
{
	unsigned int by = 0;

	assert_in_range(broken_by("preempt.share > +2ms", 0, true, &by), 200, 200);
	assert_in_range(broken_by("preempt.share > +2ms", 0.5, true, &by), 196, 200);
	assert_in_range(broken_by("preempt.share > +2ms", 1, true, &by), 196, 200);
	by = 0;
	/* how often: there the others may hide it, and its name alone shows it */
	assert_in_range(broken_by("preempt.rate > +0.5", 1, true, &by), 190, 200);
	assert_in_range(by, 20, 200);
}

TEST(the_same_host_passes_however_often_the_machine_stands_still)
{
	unsigned int by = 0;

	assert_int_equal(broken_by("preempt.share > +2ms", 0.5, false, &by), 0);
	assert_int_equal(broken_by("preempt.share > +100us", 1, false, &by), 0);
	assert_int_equal(broken_by("preempt.share > +0%", 1, false, &by), 0);
	assert_int_equal(broken_by("preempt.rate > +0", 1, false, &by), 0);
	assert_int_equal(by, 0);
}

/* ---- names by themselves ---- */

static void restless(struct mrg_lat_saved *run, double ns)
{
	unsigned int i;

	for (i = 0; i < 30; i++)
		add(run, i % 2 ? "backup" : "log", 1, ns * exp(0.3 * normal()));
}

TEST(what_one_name_does_is_not_hidden_by_what_the_others_do)
{
	/* the others have as much more or less from run to run as the new one has in all */
	static const double others[2][SIDE] = { { 2e5, 8e5, 1e6 }, { 3e5, 9e5, 6e5 } };
	struct mrg_lat_saved base[SIDE], now[SIDE];
	struct mrg_lat_outcome o;
	unsigned int i;

	srand(1);
	for (i = 0; i < SIDE; i++) {
		base[i] = a_run();
		now[i] = a_run();
		restless(&base[i], others[0][i]);
		restless(&now[i], others[1][i]);
		hog(&now[i], 0);
	}
	o = judge("preempt.share > +2ms", base, now);
	assert_int_equal(o.verdict, MRG_LAT_BROKEN);
	assert_non_null(o.by);
	assert_string_equal(o.by->name, "hog");
	assert_true(o.by_now.low > 2e6 + o.by_base.high);
	/* in per cent it is the whole's base that counts: not of nothing */
	o = judge("preempt.share > +10%", base, now);
	assert_int_equal(o.verdict, MRG_LAT_BROKEN);
	o = judge("preempt.share > +100%", base, now);
	assert_int_not_equal(o.verdict, MRG_LAT_BROKEN);
	o = judge("preempt(hog).share < +2ms", now, base);
	assert_null(o.by);
	finish(base);
	finish(now);
}

TEST(another_name_for_the_same_is_no_increase)
{
	struct mrg_lat_saved base[SIDE], now[SIDE];
	unsigned int round, i;

	for (round = 0; round < 100; round++) {
		srand(round);
		for (i = 0; i < SIDE; i++) {
			base[i] = a_host(0.5);
			now[i] = a_host(0.5);
			add(&base[i], "kworker/3:1", 20, 2e6);
			add(&now[i], "kworker/3:2", 20, 2e6);
		}
		assert_int_not_equal(judge("preempt.share > +2ms", base, now).verdict,
				     MRG_LAT_BROKEN);
		finish(base);
		finish(now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_judged_as_a_slow_model_does),
		cmocka_unit_test(the_range_of_a_sum_is_as_wide_as_its_largest_parts_make_it),
		cmocka_unit_test(a_task_of_one_per_cent_is_found_though_the_machine_stands_still),
		cmocka_unit_test(the_same_host_passes_however_often_the_machine_stands_still),
		cmocka_unit_test(what_one_name_does_is_not_hidden_by_what_the_others_do),
		cmocka_unit_test(another_name_for_the_same_is_no_increase),
	};

	return RUN_TESTS(tests);
}
