/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-sync.c - what the windows say, against worlds of which all is known */
#include "merge/sync-windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "merge/check.h"
#include "merge/set-edit.h"
#include "merge/sync-cycles.h"
#include "merge/sync-member.h"
#include "tests/merge/world.h"
#include "tests/unit.h"

#define MS 1000000ll
#define S 1000000000ll

/* As in the lab: long windows, gaps of the same order, an idle guest in between. */
static const struct world_plan lab = {
	.cpus = 2, .length = 8 * S, .window_min = 10000, .window_max = 300000,
	.gap_min = 5000, .gap_max = 400000, .idle_every = 20, .events = 2,
	.guest_from = 0.2, .guest_to = 0.9, .nr_lines = 1,
	.lines = { { .offset = 137 * MS } },
};

static const struct mrg_line *line_of(const struct mrg_lane_lines *lines, int64_t t)
{
	size_t i = lines->nr - 1;

	while (i > 0 && t < lines->lines[i].from)
		i--;
	return &lines->lines[i];
}

/* How many events are farther from the truth than the bound says, or outside of every window. */
static size_t wrong(const struct world *w, const struct mrg_lane_lines *lines, bool outside)
{
	size_t nr = 0;

	for (unsigned int l = 0; l < w->nr; l++)
		for (size_t i = 0; i < w->lanes[l].nr; i++) {
			const struct mrg_vcpu *v = &w->vcpus.v[w->vcpu[l]];
			int64_t t = w->lanes[l].t[i];
			const struct mrg_line *line = line_of(&lines[l], t);
			int64_t out = t + line->offset +
				      llround(line->rate * (double)(t - line->at));

			if (outside)
				nr += out > v->spans[mrg_span_search(v->spans, v->nr, out)].end;
			else
				nr += llabs(out - w->truth[l][i]) > line->bound + 1;
		}
	return nr;
}

struct result {
	int rc;
	size_t beyond, outside, pieces, mapped;
	int64_t bound;
};

static struct result look(const struct world_plan *plan, const struct mrg_hint *hint)
{
	struct mrg_lane_lines lines[WORLD_CPUS] = { 0 };
	const struct mrg_hint none = { 0 };
	struct result r = { 0 };
	struct world w;

	world_make(&w, plan);
	r.rc = mrg_windows(lines, w.lanes, w.nr, &w.vcpus, hint ? hint : &none);
	if (r.rc == 0) {
		r.beyond = wrong(&w, lines, false);
		r.outside = wrong(&w, lines, true);
		r.pieces = lines[0].nr;
		for (size_t i = 0; i < lines[0].nr; i++)
			if (lines[0].lines[i].bound > r.bound)
				r.bound = lines[0].lines[i].bound;
	}
	for (unsigned int l = 0; l < w.nr; l++) {
		r.mapped += lines[l].vcpu == w.vcpu[l];
		mrg_lane_lines_finish(&lines[l]);
	}
	world_finish(&w);
	return r;
}

/* The plan with each of some seeds: nothing beyond its bound, nothing outside. */
static void holds(const struct world_plan *base, unsigned int seeds, size_t max_pieces)
{
	for (unsigned int seed = 0; seed < seeds; seed++) {
		struct world_plan plan = *base;
		struct result r;

		plan.seed = seed;
		r = look(&plan, NULL);
		if (getenv("TEST_SHOW"))
			printf("seed %u: rc %d beyond %zu outside %zu pieces %zu mapped %zu"
			       " bound %lld\n", seed, r.rc, r.beyond, r.outside, r.pieces, r.mapped,
			       (long long)r.bound);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.mapped, plan.cpus);
		assert_int_equal(r.beyond, 0);
		assert_int_equal(r.outside, 0);
		assert_in_range(r.pieces, 1, max_pieces);
	}
}

TEST(a_constant_offset_of_any_size_is_found)
{
	static const int64_t offsets[] = { 0, 1, -137 * MS, 40 * S, -86400 * S, 1700000 * S };
	struct world_plan plan = lab;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		plan.lines[0].offset = offsets[i];
		holds(&plan, 3, 1);
	}
}

TEST(one_cpu_is_enough)
{
	struct world_plan plan = lab;

	plan.cpus = 1;
	holds(&plan, 5, 1);
}

TEST(vcpus_are_found_in_any_order_and_among_strangers)
{
	struct world_plan plan = lab;

	plan.cpus = 4;
	plan.shuffle = true;
	plan.strangers = 4;
	holds(&plan, 4, 1);
}

TEST(drift_is_part_of_the_line)
{
	static const double rates[] = { 1e-6, -12e-6, 60e-6, -150e-6 };
	struct world_plan plan = lab;

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		plan.lines[0].rate = rates[i];
		holds(&plan, 3, 1);
	}
}

TEST(a_rate_that_changes_makes_pieces)
{
	struct world_plan plan = lab;

	plan.lines[0].rate = 20e-6;
	plan.lines[1] = (struct world_line){ .from = 4 * S, .offset = 137 * MS + 80000,
					     .rate = -300e-6 };
	plan.nr_lines = 2;
	holds(&plan, 4, 4);
}

/* What chrony does that must not step the clock: a twelfth faster for seconds, then as before. */
TEST(a_clock_that_is_slewed_by_a_twelfth_is_followed)
{
	static const double rates[] = { 0.0833, -0.0833, 0.02, -0.005 };
	struct world_plan plan = lab;

	plan.nr_lines = 3;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		plan.lines[1] = (struct world_line){ .from = 3 * S, .offset = 137 * MS,
						     .rate = rates[i] };
		plan.lines[2] = (struct world_line){
			.from = 5 * S, .offset = 137 * MS + llround(rates[i] * 2e9),
			.rate = 3e-6,
		};
		holds(&plan, 4, 12);
	}
}

TEST(a_step_forward_makes_pieces)
{
	struct world_plan plan = lab;

	plan.lines[1] = (struct world_line){ .from = 4 * S, .offset = -450 * MS };
	plan.nr_lines = 2;
	holds(&plan, 5, 4);
}

/* The guest was an hour behind: by the lines of one side, the other is not in the host's trace. */
TEST(a_step_forward_by_more_than_the_trace_makes_pieces)
{
	struct world_plan plan = lab;

	plan.lines[1] = (struct world_line){ .from = 4 * S, .offset = -3600 * S };
	plan.nr_lines = 2;
	holds(&plan, 4, 4);
	plan.lines[1].from = 6 * S;
	holds(&plan, 4, 4);
}

TEST(steps_of_the_size_of_a_window_are_seen)
{
	struct world_plan plan = lab;

	plan.lines[1] = (struct world_line){ .from = 4 * S, .offset = 137 * MS - 350000 };
	plan.nr_lines = 2;
	holds(&plan, 5, 4);
}

TEST(cpus_with_clocks_of_their_own_get_lines_of_their_own)
{
	struct world_plan plan = lab;

	plan.cpus = 3;
	plan.lane_skew = 3 * MS;
	holds(&plan, 4, 2);
}

TEST(a_tiny_overlap_is_enough)
{
	struct world_plan plan = lab;

	plan.guest_from = 0.95;
	plan.guest_to = 0.99;
	holds(&plan, 4, 1);
}

TEST(a_guest_recorded_much_longer_than_its_host_is_placed)
{
	struct world_plan plan = lab;

	plan.host_to = 0.2;
	plan.guest_from = 0.1;
	plan.lines[0].rate = -5e-6;
	holds(&plan, 4, 1);
}

TEST(lost_events_of_the_host_are_no_violations)
{
	struct world_plan plan = lab;

	plan.lost = 0.2;
	holds(&plan, 5, 1);
}

TEST(short_gaps_of_a_busy_guest_are_enough)
{
	struct world_plan plan = lab;

	plan.window_min = 20000;
	plan.window_max = 900000;
	plan.gap_min = 1000;
	plan.gap_max = 8000;
	plan.idle_every = 50;
	plan.events = 8;
	holds(&plan, 3, 1);
}

TEST(cpus_that_come_later_do_not_disturb)
{
	struct world_plan plan = lab;

	plan.cpus = 4;
	plan.late = 0.2;
	plan.lines[0].rate = 8e-6;
	holds(&plan, 4, 1);
}

/* The kernel's fast clocks are off by some ns at times: more than the windows leave open. */
TEST(readings_that_are_not_exact_stay_one_line)
{
	struct world_plan plan = lab;
	struct result r;

	plan.noise = 15;
	plan.events = 30;
	for (plan.seed = 0; plan.seed < 3; plan.seed++) {
		r = look(&plan, NULL);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.pieces, 1);
		assert_in_range(r.bound, 1, 60);
	}
}

TEST(a_guest_of_another_host_is_refused)
{
	struct world_plan plan = lab;
	struct mrg_lane_lines lines[WORLD_CPUS] = { 0 };
	const struct mrg_hint none = { 0 };
	struct world here, there;

	world_make(&here, &plan);
	plan.seed = 77;
	world_make(&there, &plan);
	assert_true(mrg_windows(lines, there.lanes, there.nr, &here.vcpus, &none) < 0);
	assert_false(mrg_too_few(there.lanes, there.nr, &here.vcpus));
	there.lanes[0].nr = there.lanes[1].nr = 4;	/* fit by chance, and say nothing */
	assert_true(mrg_too_few(there.lanes, there.nr, &here.vcpus));
	world_finish(&here);
	world_finish(&there);
}

/*
 * A vCPU that leaves at its ticks, one every 4 ms, and seldom else; and what its guest did
 * at ticks a second after that trace had ended: only where ticks lie within 4 ms differs.
 */
static int tick_again(unsigned int seed)
{
	const struct mrg_hint day = { .known = true, .lo = -2 * S, .hi = 2 * S };
	static struct mrg_run runs[2000];
	static int64_t times[3000];
	struct mrg_times lane = { .t = times };
	struct mrg_lane_lines lines = { 0 };
	struct mrg_vcpu v;
	const struct mrg_vcpus one = { .v = &v, .nr = 1 };
	size_t nr = 0;
	int rc;

	for (world_random(0); seed; seed--)
		world_random(2);
	for (int64_t t = 0; t < 2 * S; t += 4 * MS) {
		int64_t gap = 20000 + (int64_t)world_random(460000);

		runs[nr++] = (struct mrg_run){ .ts = (uint64_t)t + 4 * MS, .tid = 1 };
		runs[nr - 1].kind = MRG_RUN_LEAVE;
		runs[nr] = (struct mrg_run){ .ts = runs[nr - 1].ts + (uint64_t)gap, .tid = 1 };
		runs[nr++].kind = MRG_RUN_ENTER;
	}
	for (int64_t t = 3 * S; t < 4 * S; t += 4 * MS)
		for (unsigned int i = 0; i < 12; i++)
			times[lane.nr++] = t + 2 * MS + i * 280000 + (int64_t)world_random(20000);
	assert_int_equal(mrg_vcpu_build(&v, runs, nr, NULL, 0, 0, 2 * S), 0);
	rc = mrg_windows(&lines, &lane, 1, &one, &day);
	mrg_lane_lines_finish(&lines);
	mrg_vcpu_finish(&v);
	return rc;
}

TEST(ticks_of_another_time_are_no_proof_against_the_time_of_day)
{
	for (unsigned int seed = 0; seed < 10; seed++)
		assert_true(tick_again(seed) < 0);
}

TEST(a_clock_that_is_set_back_has_epochs)
{
	for (unsigned int seed = 0; seed < 8; seed++) {
		bool told = seed % 2;
		struct world_plan plan = lab;
		struct mrg_lane_data lanes[2];
		struct mrg_data data = { .lanes = lanes, .nr_lanes = 2 };
		struct mrg_member host_member = { .label = "host" };
		struct mrg_member member = { .lanes = calloc(2, sizeof(struct mrg_lane)) };
		size_t vcpu[2] = { MRG_NO_MATCH, MRG_NO_MATCH };
		struct mrg_times times[2];
		struct mrg_party host = { .member = &host_member }, guest = {
			.member = &member, .data = &data, .own = { .mult = MRG_RATE_ONE },
			.times = times, .vcpu = vcpu,
		};
		struct mrg_check check = { 0 };
		struct world w;

		plan.seed = seed;
		world_make(&w, &plan);
		host.vcpus = w.vcpus;
		host.used = calloc(2, sizeof(*host.used));
		for (unsigned int l = 0; l < 2; l++) {
			world_set_back(&w.lanes[l], w.lanes[l].t[0] + 3 * S, 2 * S, told,
				       &lanes[l]);
			times[l] = (struct mrg_times){ (const int64_t *)lanes[l].times,
						       lanes[l].nr_times, l };
		}
		assert_int_equal(mrg_sync_windows(&guest, &host, NULL), 0);
		for (unsigned int l = 0; l < 2; l++) {
			assert_int_equal(member.lanes[l].nr_epochs, told ? 3 : 2);
			if (told)
				assert_int_equal(world_outside(&lanes[l], &member.lanes[l],
							       &w.vcpus.v[vcpu[l]]), 0);
			mrg_check_lane(&check, &lanes[l], &member.lanes[l], &w.vcpus.v[vcpu[l]]);
		}
		if (getenv("TEST_SHOW"))
			printf("seed %u: %llu of %llu outside\n", seed,
			       (unsigned long long)check.violations,
			       (unsigned long long)check.checked);
		assert_int_equal(check.violations, 0);
		assert_true(check.unknown * 200 < check.checked);
		for (unsigned int l = 0; l < 2; l++) {
			mrg_lane_clocks_finish(&member.lanes[l]);
			free(lanes[l].times);
			free(lanes[l].set_back);
			free(lanes[l].set_back_page);
			free(lanes[l].set_back_from);
		}
		free(member.lanes);
		free(host.used);
		world_finish(&w);
	}
}

/* A guest as a member of a merge, of which the host's threads are known. */
struct parties {
	struct world w;
	struct mrg_lane_data lanes[WORLD_CPUS];
	struct mrg_data data;
	struct mrg_member member, host_member;
	size_t vcpu[WORLD_CPUS];
	struct mrg_party guest, host;
	struct mrg_check check;
};

static int place(struct parties *p, const struct world_plan *plan)
{
	*p = (struct parties){ .data = { .lanes = p->lanes }, .host_member = { .label = "host" } };
	world_make(&p->w, plan);
	p->data.nr_lanes = p->w.nr;
	for (unsigned int l = 0; l < p->w.nr; l++)
		p->lanes[l] = (struct mrg_lane_data){
			.cpu = l, .times = (uint64_t *)p->w.lanes[l].t,
			.nr_times = p->w.lanes[l].nr, .nr_events = p->w.lanes[l].nr,
		};
	p->member.lanes = calloc(p->w.nr, sizeof(*p->member.lanes));
	p->guest = (struct mrg_party){
		.member = &p->member, .data = &p->data, .own = { .mult = MRG_RATE_ONE },
		.times = p->w.lanes, .vcpu = p->vcpu,
	};
	p->host = (struct mrg_party){
		.member = &p->host_member, .vcpus = p->w.vcpus,
		.used = calloc(p->w.vcpus.nr, sizeof(*p->host.used)),
	};
	return mrg_sync_windows(&p->guest, &p->host, NULL);
}

/* Events that are farther from the truth than the lane's clock says. */
static size_t beyond(const struct parties *p)
{
	size_t nr = 0;

	for (unsigned int l = 0; l < p->w.nr; l++) {
		const struct mrg_lane_clock *clock = &p->member.lanes[l].epochs[0].clock;

		for (size_t i = 0; i < p->w.lanes[l].nr; i++) {
			int64_t out = (int64_t)mrg_lane_clock_map(clock, p->lanes[l].times[i]);

			nr += llabs(out - p->w.truth[l][i]) > (int64_t)clock->error_ns + 1;
		}
	}
	return nr;
}

static void leave(struct parties *p)
{
	p->w.vcpus = p->host.vcpus;
	for (unsigned int l = 0; l < p->w.nr; l++)
		mrg_lane_clocks_finish(&p->member.lanes[l]);
	free(p->member.lanes);
	free(p->host.used);
	world_finish(&p->w);
}

static void check_all(struct parties *p)
{
	for (unsigned int l = 0; l < p->w.nr; l++) {
		if (p->vcpu[l] == MRG_NO_MATCH)
			continue;
		mrg_check_lane(&p->check, &p->lanes[l], &p->member.lanes[l],
			       &p->host.vcpus.v[p->vcpu[l]]);
	}
	if (getenv("TEST_SHOW"))
		printf("%llu checked, %llu outside, %llu unknown, +- %llu\n",
		       (unsigned long long)p->check.checked,
		       (unsigned long long)p->check.violations,
		       (unsigned long long)p->check.unknown,
		       (unsigned long long)p->member.bound_ns);
}

TEST(a_guest_that_migrates_on_its_host_is_followed)
{
	struct world_plan plan = lab;
	struct parties p;

	plan.moves = 0.6;
	plan.strangers = 3;
	for (plan.seed = 0; plan.seed < 4; plan.seed++) {
		assert_int_equal(place(&p, &plan), 0);
		check_all(&p);
		assert_int_equal(beyond(&p), 0);
		assert_int_equal(p.check.violations, 0);
		assert_in_range(p.check.unknown, 0, 100);
		for (unsigned int l = 0; l < 2; l++)
			assert_int_equal(p.host.vcpus.v[p.vcpu[l]].next_tid, 2000 + (int)l);
		leave(&p);
	}
}

/* A guest does not see the time that passes while it is moved. */
TEST(a_clock_that_stops_during_a_migration_is_followed)
{
	struct world_plan plan = lab;
	struct parties p;

	plan.moves = 0.5;
	plan.pause = 81 * MS;
	plan.nr_lines = 2;
	plan.lines[1] = (struct world_line){ .from = 4 * S, .offset = 137 * MS + 80 * MS };
	for (plan.seed = 0; plan.seed < 4; plan.seed++) {
		assert_int_equal(place(&p, &plan), 0);
		check_all(&p);
		assert_int_equal(beyond(&p), 0);
		assert_int_equal(p.check.violations, 0);
		leave(&p);
	}
}

TEST(a_cpu_that_is_plugged_in_again_does_not_disturb_the_others)
{
	struct world_plan plan = lab;
	struct parties p;

	plan.cpus = 4;
	plan.moves = 0.4;
	plan.moved = 3;
	plan.strangers = 2;
	for (plan.seed = 0; plan.seed < 4; plan.seed++) {
		assert_int_equal(place(&p, &plan), 0);
		check_all(&p);
		assert_int_equal(beyond(&p), 0);
		assert_int_equal(p.check.violations, 0);
		assert_int_equal(p.host.vcpus.v[p.vcpu[0]].next_tid, 0);
		assert_int_equal(p.host.vcpus.v[p.vcpu[3]].next_tid, 2003);
		leave(&p);
	}
}

TEST(what_no_trace_of_a_host_has_is_not_checked_and_no_violation)
{
	struct world_plan plan = lab;
	struct parties p;

	plan.moves = 0.5;
	plan.away = true;
	plan.strangers = 2;
	for (plan.seed = 0; plan.seed < 4; plan.seed++) {
		assert_int_equal(place(&p, &plan), 0);
		check_all(&p);
		assert_int_equal(beyond(&p), 0);
		assert_int_equal(p.check.violations, 0);
		assert_true(p.check.unknown > 1000 && p.check.checked > 1000);
		leave(&p);
	}
}

TEST(rates_that_change_often_are_not_taken_for_noise)
{
	struct world_plan plan = {
		.cpus = 3, .length = 1136 * MS, .window_min = 1866, .window_max = 18152,
		.gap_min = 749, .gap_max = 38692, .idle_every = 29, .events = 4,
		.guest_from = 0.15, .guest_to = 0.85, .nr_lines = 5,
		.lines = { { .offset = -924 * MS } },
	};
	static const double rates[] = { 0, -4.3e-5, 2e-5, -2.9e-5, -4.1e-5 };

	for (unsigned int i = 1; i < 5; i++) {
		struct world_line *l = &plan.lines[i];

		l->from = plan.length / 5 * i;
		l->offset = l[-1].offset + llround(l[-1].rate * (double)(l->from - l[-1].from));
		l->rate = rates[i];
	}
	for (plan.seed = 0; plan.seed < 5; plan.seed++) {
		struct parties p;

		assert_int_equal(place(&p, &plan), 0);
		check_all(&p);
		assert_int_equal(beyond(&p), 0);
		assert_int_equal(p.check.violations, 0);
		leave(&p);
	}
}

/* ---- worlds of chance ---- */

static int64_t pick(int64_t lo, int64_t hi)
{
	return lo + (int64_t)((double)rand() / RAND_MAX * (double)(hi - lo));
}

static bool one_in(int n)
{
	return rand() % n == 0;
}

/* Windows and gaps as a fast machine has them, or a slow one; guests idle, mixed or busy. */
static void any_runs(struct world_plan *plan)
{
	int64_t unit = one_in(2) ? 1000 : 10000;

	plan->window_min = pick(unit, 3 * unit);
	plan->window_max = plan->window_min + pick(5 * unit, 40 * unit);
	plan->gap_min = pick(unit / 2, 2 * unit);
	plan->gap_max = plan->gap_min + pick(2 * unit, 60 * unit);
	plan->idle_every = (unsigned int)pick(5, 60);
	plan->events = (double)pick(100, 600) / 100;
	/* about as many windows in all of them */
	plan->length = 40000 * (plan->window_max + plan->gap_max) / 2;
}

/* The guest's clock is set forward, by anything, or changes its rate. */
static void any_step(struct world_plan *plan)
{
	struct world_line *l = plan->lines;

	l[1].from = plan->length / 8 * pick(3, 5);
	l[1].offset = l[0].offset + llround(l[0].rate * (double)l[1].from);
	if (one_in(2))
		l[1].offset -= pick(1, 400) * (one_in(4) ? S : MS);
	l[1].rate = one_in(2) ? l[0].rate : (double)pick(-300000, 300000) * 1e-9;
	plan->nr_lines = 2;
}

/* It is slewed for a while. */
static void any_slew(struct world_plan *plan)
{
	struct world_line *l = plan->lines;

	l[1].from = plan->length / 8 * pick(2, 4);
	l[1].offset = l[0].offset + llround(l[0].rate * (double)l[1].from);
	l[1].rate = (double)pick(-83333, 83333) * 1e-6;
	l[2].from = plan->length / 8 * pick(5, 6);
	l[2].offset = l[1].offset + llround(l[1].rate * (double)(l[2].from - l[1].from));
	l[2].rate = l[0].rate;
	plan->nr_lines = 3;
}

static void any_clock(struct world_plan *plan)
{
	struct world_line *l = plan->lines;

	l[0] = (struct world_line){ .offset = pick(-4000, 4000) * pick(0, 1000000) };
	if (one_in(2))
		l[0].rate = (double)pick(-200000, 200000) * 1e-9;
	plan->nr_lines = 1;
	if (one_in(3))
		any_step(plan);
	else if (one_in(4))
		any_slew(plan);
}

static void any_plan(struct world_plan *plan)
{
	*plan = (struct world_plan){
		.seed = (unsigned int)rand(), .cpus = 1 + (unsigned int)rand() % 6,
		.guest_from = 0.15, .guest_to = 0.85, .shuffle = one_in(2),
	};
	any_runs(plan);
	any_clock(plan);
	plan->strangers = one_in(2) ? (unsigned int)rand() % 5 : 0;
	plan->lost = one_in(4) ? 0.1 : 0;
	if (!plan->lost && plan->nr_lines == 1 && one_in(3)) {
		plan->moves = (double)pick(25, 75) / 100;
		plan->moved = one_in(2) ? 0 : plan->cpus - 1;
		plan->away = one_in(3);
	}
}

TEST(in_worlds_of_chance_no_event_is_beyond_its_bound_or_outside)
{
	const char *seeds = getenv("TEST_SEEDS");
	unsigned int nr = seeds ? (unsigned int)atoi(seeds) : 12;

	for (unsigned int seed = 0; seed < nr; seed++) {
		struct world_plan plan;
		struct parties p;
		int rc;

		srand(seed);
		any_plan(&plan);
		rc = place(&p, &plan);
		if (rc == 0)
			check_all(&p);
		if (rc || beyond(&p) || p.check.violations)
			printf("seed %u: status %d, %zu beyond, %llu outside; %u CPUs, %u lines,"
			       " moves %.2f from %u%s, lost %.1f\n", seed, rc, beyond(&p),
			       (unsigned long long)p.check.violations, plan.cpus, plan.nr_lines,
			       plan.moves, plan.moved, plan.away ? " away" : "", plan.lost);
		if (!seeds) {
			assert_int_equal(rc, 0);
			assert_int_equal(beyond(&p), 0);
			assert_int_equal(p.check.violations, 0);
		}
		leave(&p);
	}
}

/* Hypercalls at random times, noted by the guest shortly before and after. */
TEST(hypercalls_bound_the_offset_by_their_round_trip)
{
	const struct mrg_segment own = { .mult = MRG_RATE_ONE };
	const struct mrg_epoch epoch = { .clock = { .segments = &own, .nr = 1 } };
	const int64_t offset = -86400 * S, from = 5000000 * S;
	struct mrg_lane host_lane = { .epochs = &epoch, .nr_epochs = 1 };
	struct mrg_lane_data lane = { .first = (uint64_t)from, .last = (uint64_t)(from + 9 * S),
				      .nr_events = 1 };
	struct mrg_call calls[300], host_calls[100];
	struct mrg_data guest_data = { .lanes = &lane, .nr_lanes = 1, .calls = calls };
	struct mrg_data host_data = { .calls = host_calls, .nr_calls = 100 };
	struct mrg_member host_member = { .lanes = &host_lane, .label = "host" };
	struct mrg_member member = { .lanes = calloc(1, sizeof(struct mrg_lane)) };
	size_t vcpu = MRG_NO_MATCH;
	struct mrg_party host = { .member = &host_member, .data = &host_data, .own = own };
	struct mrg_party guest = { .member = &member, .data = &guest_data, .own = own,
				   .vcpu = &vcpu };

	for (unsigned int i = 0; i < 100; i++) {
		uint64_t t = (uint64_t)(from + (int64_t)i * 90 * MS);

		host_calls[i] = (struct mrg_call){ .nr = 7, .args = { i }, .kind = MRG_CALL_HOST,
						   .ts = t + (uint64_t)offset };
		calls[2 * i] = (struct mrg_call){ .nr = 7, .args = { i }, .kind = MRG_CALL_START,
						  .ts = t - 300 - world_random(5000) };
		calls[2 * i + 1] = (struct mrg_call){ .nr = 7, .kind = MRG_CALL_END,
						      .ts = t + 200 + world_random(5000) };
	}
	guest_data.nr_calls = 200;
	assert_int_equal(mrg_sync_gs(&guest, &host, NULL), 0);
	assert_true(llabs(member.offset_ns - offset) <= (int64_t)member.error_ns);
	assert_in_range(member.error_ns, 250, 1500);
	assert_true(member.bound_ns >= member.error_ns);
	mrg_lane_clocks_finish(&member.lanes[0]);
	free(member.lanes);
}

/* Timers expire late by chance; the promptest at both ends tell the length of a cycle. */
TEST(expired_timers_tell_how_long_a_cycle_is)
{
	struct mrg_tick ticks[400];
	struct mrg_segment own;

	for (unsigned int i = 0; i < 400; i++) {
		int64_t late = 1500 + (int64_t)(world_random(100) ? world_random(90000) : 0);

		ticks[i].now = 7 * S + (int64_t)i * 50 * MS;
		ticks[i].ts = 900000000000 + (uint64_t)((double)(ticks[i].now + late) * 2.6);
	}
	assert_true(mrg_cycles_fit(&own, ticks, 400));
	assert_in_range(mrg_segment_map(&own, own.in0 + 2600000000) - own.out0, 999997000,
			1000003000);
	assert_false(mrg_cycles_fit(&own, ticks, 5));
}

TEST(scaled_and_shifted_cycles_are_taken_back_exactly)
{
	const struct mrg_segment cycles = { .mult = MRG_RATE_ONE };
	struct xt_vcpu v = { .tsc_ratio = 5ull << 30, .tsc_frac_bits = 32 };	/* 1.25 */
	struct mrg_segment seg = mrg_tsc_segment(&v, &cycles, 2750000000000000, -1000000000000000);

	assert_int_equal(mrg_segment_map(&seg, 2750000000000000), 3000000000000000);
	assert_int_equal(mrg_segment_map(&seg, 2750000000000000 + 1250), 3000000000001000);
	v = (struct xt_vcpu){ .tsc_ratio = 0 };
	seg = mrg_tsc_segment(&v, &cycles, 5000, 0);	/* an offset of 0 is one as any other */
	assert_int_equal(mrg_segment_map(&seg, 6000), 6000);
	v = (struct xt_vcpu){ .tsc_ratio = 3ull << 47, .tsc_frac_bits = 48 };	/* VMX, 1.5 */
	seg = mrg_tsc_segment(&v, &cycles, 1500000, 0);
	assert_in_range(mrg_segment_map(&seg, 1500000000), 999999999, 1000000001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_offset_of_any_size_is_found),
		cmocka_unit_test(one_cpu_is_enough),
		cmocka_unit_test(vcpus_are_found_in_any_order_and_among_strangers),
		cmocka_unit_test(drift_is_part_of_the_line),
		cmocka_unit_test(a_rate_that_changes_makes_pieces),
		cmocka_unit_test(a_clock_that_is_slewed_by_a_twelfth_is_followed),
		cmocka_unit_test(a_step_forward_makes_pieces),
		cmocka_unit_test(a_step_forward_by_more_than_the_trace_makes_pieces),
		cmocka_unit_test(steps_of_the_size_of_a_window_are_seen),
		cmocka_unit_test(cpus_with_clocks_of_their_own_get_lines_of_their_own),
		cmocka_unit_test(a_tiny_overlap_is_enough),
		cmocka_unit_test(a_guest_recorded_much_longer_than_its_host_is_placed),
		cmocka_unit_test(lost_events_of_the_host_are_no_violations),
		cmocka_unit_test(short_gaps_of_a_busy_guest_are_enough),
		cmocka_unit_test(cpus_that_come_later_do_not_disturb),
		cmocka_unit_test(readings_that_are_not_exact_stay_one_line),
		cmocka_unit_test(a_guest_of_another_host_is_refused),
		cmocka_unit_test(ticks_of_another_time_are_no_proof_against_the_time_of_day),
		cmocka_unit_test(a_clock_that_is_set_back_has_epochs),
		cmocka_unit_test(a_guest_that_migrates_on_its_host_is_followed),
		cmocka_unit_test(a_clock_that_stops_during_a_migration_is_followed),
		cmocka_unit_test(a_cpu_that_is_plugged_in_again_does_not_disturb_the_others),
		cmocka_unit_test(what_no_trace_of_a_host_has_is_not_checked_and_no_violation),
		cmocka_unit_test(rates_that_change_often_are_not_taken_for_noise),
		cmocka_unit_test(in_worlds_of_chance_no_event_is_beyond_its_bound_or_outside),
		cmocka_unit_test(hypercalls_bound_the_offset_by_their_round_trip),
		cmocka_unit_test(expired_timers_tell_how_long_a_cycle_is),
		cmocka_unit_test(scaled_and_shifted_cycles_are_taken_back_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
