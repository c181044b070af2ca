/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sample.c - merge/sync-sample.c, sync-slices.c: what slices of random traces say is
 * true, and as good as what all of their events say
 */
#include "merge/sync-set.h"

#include <math.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "merge/array.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"

#define VCPUS 2
#define CPUS 3			/* of the host: a thread moves to the one that is free */
#define FLUSH_EACH 200		/* records of one CPU in a block, about */
#define ROUNDING 5

struct plan {
	unsigned int seed;
	int64_t length;		/* ns of the host's trace */
	int64_t offset;		/* host less guest */
	double rate;		/* of the offset */
	int64_t step_at, step;	/* at this time the guest's clock is set by so much */
	double guest_from, guest_to;	/* part of the host's time */
	bool lost, breaks;	/* losses in the host's trace; events outside of windows */
	bool named;		/* the host's trace says which thread is which vCPU */
	bool once;		/* a CPU's records are one block */
	bool apart;		/* each vCPU is a guest of its own */
	bool cycles;		/* both count time stamp counters, whose offsets are known, */
	int64_t skew;		/* and differ by so much */
};

struct event {
	int64_t t;		/* host's */
	unsigned int cpu, vcpu;
	enum { ENTER, LEAVE, IN_GUEST } kind;
};

struct events {
	struct event *v;
	size_t nr, room;
};

static uint64_t chaos;

static int64_t between(int64_t lo, int64_t hi)
{
	chaos ^= chaos << 13;
	chaos ^= chaos >> 7;
	chaos ^= chaos << 17;
	return lo + (int64_t)((chaos >> 11) % (uint64_t)(hi - lo + 1));
}

static int64_t guest_time(const struct plan *p, int64_t t)
{
	return t - p->offset - llround(p->rate * (double)t) + (p->step && t >= p->step_at ? p->step
											 : 0);
}

static void add(struct events *events, int64_t t, unsigned int cpu, unsigned int vcpu, int kind)
{
	struct event e = { .t = t, .cpu = cpu, .vcpu = vcpu, .kind = kind };

	assert_true(MRG_PUSH(events->v, events->nr, events->room, e));
}

static void make_window(struct events *events, const struct plan *p, unsigned int cpu,
			unsigned int vcpu, int64_t t, int64_t end)
{
	bool traced = (double)t > p->guest_from * (double)p->length &&
		      (double)end < p->guest_to * (double)p->length;

	add(events, t, cpu, vcpu, ENTER);
	for (int64_t i = between(0, 3); traced && i > 0; i--)
		add(events, between(t + 1, end - 1), vcpu, vcpu, IN_GUEST);
	add(events, end, cpu, vcpu, LEAVE);
	if (traced && p->breaks && between(0, 99) == 0)
		add(events, end + 10000, vcpu, vcpu, IN_GUEST);
}

/* vCPUs in turns of some ms, so that one of them can move to the free CPU between two. */
static void make_events(struct events *events, const struct plan *p)
{
	int64_t now[VCPUS] = { 0 };
	unsigned int cpu[VCPUS] = { 0, 1 }, free_cpu = 2;

	for (int64_t end = 0; end < p->length; end += 5000000) {
		for (unsigned int v = 0; v < VCPUS; v++) {
			while (now[v] < end) {
				int64_t to = now[v] + between(20000, 500000);

				make_window(events, p, cpu[v], v, now[v], to);
				now[v] = to + between(15000, 400000);
			}
		}
		if (between(0, 9) == 0) {
			unsigned int v = (unsigned int)between(0, VCPUS - 1), was = cpu[v];

			now[v] += 1000000;
			cpu[v] = free_cpu;
			free_cpu = was;
			now[!v] = now[!v] < now[v] ? now[v] : now[!v];
		}
	}
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->t < y->t ? -1 : x->t > y->t;
}

static void put_host(struct scene *host, const struct event *e, bool lost)
{
	if (lost)
		scene_lost(host, e->cpu, (uint64_t)e->t, 0);
	if (e->kind == ENTER)
		scene_entry(host, e->cpu, (uint64_t)e->t, 1000 + (int)e->vcpu, e->vcpu);
	else
		scene_exit(host, e->cpu, (uint64_t)e->t, 1000 + (int)e->vcpu, e->vcpu, 0x40);
}

/* Guest times begin at 10 s, so that no offset makes them negative. */
#define LATER 10000000000ll

static void put_all(const struct events *events, const struct plan *p, struct scene *host,
		    struct scene *guest, struct scene *other)
{
	int64_t lost_to[CPUS] = { 0 };
	bool lost[CPUS] = { false };

	for (size_t i = 0; i < events->nr; i++) {
		struct event e = events->v[i];

		e.t += LATER;
		if (e.kind == IN_GUEST) {
			scene_timer(p->apart && e.vcpu ? other : guest, p->apart ? 0 : e.vcpu,
				    (uint64_t)(guest_time(p, e.t) + e.vcpu * p->skew), 7);
		} else if (e.t < lost_to[e.cpu]) {
			lost[e.cpu] = true;
		} else {
			put_host(host, &e, lost[e.cpu]);
			lost[e.cpu] = false;
			if (p->lost && between(0, 999) == 0)
				lost_to[e.cpu] = e.t + between(100000, 30000000);
		}
		if (!p->once && i % (FLUSH_EACH * CPUS) == 0) {
			scene_flush(host);
			scene_flush(guest);
			if (p->apart)
				scene_flush(other);
		}
	}
}

#define TODAY 1700000000000000000ull

static void make_cycles(const struct plan *p, struct scene *host, struct scene *guest)
{
	scene_cycles(host, SCENE_NS + LATER, TODAY);
	scene_cycles(guest, SCENE_NS + LATER - (uint64_t)p->offset, TODAY);
	for (int v = 0; v < VCPUS; v++)
		scene_tsc_offset(host, 1000 + v, 999, (unsigned int)v, v * p->skew - p->offset);
}

static void make_events_of(const struct plan *p, struct scene *host, struct scene *guest,
			   struct scene *other)
{
	struct events events = { 0 };

	make_events(&events, p);
	qsort(events.v, events.nr, sizeof(*events.v), by_time);
	put_all(&events, p, host, guest, other);
	free(events.v);
}

static void make_pair(const struct plan *p, struct scene **host, struct scene **guest)
{
	chaos = 0x9e3779b97f4a7c15ull * (p->seed + 1);
	*host = scene_create("host", CPUS);
	*guest = scene_create("vm1", VCPUS);
	if (p->cycles) {
		make_cycles(p, *host, *guest);
	} else {
		scene_clock(*host, "tai");
		scene_clock(*guest, "tai");
	}
	for (int v = 0; p->named && v < VCPUS; v++)
		scene_vcpu(*host, 1000 + v, 999, (unsigned int)v, "vm1");
	make_events_of(p, *host, *guest, NULL);
	scene_finish(*host);
	scene_finish(*guest);
}

/* ---- what is found ---- */

struct found {
	struct mrg_set *set;
	struct rt_buf notes;
	const struct mrg_member *m;
};

static void look(struct found *ret, struct scene *host, struct scene *guest, unsigned int slices)
{
	const char *const paths[] = { scene_path(host), scene_path(guest) };
	const struct mrg_sync_how how = { .method = MRG_NR_METHODS, .slices = slices };

	*ret = (struct found){ 0 };
	assert_int_equal(mrg_set_open(&ret->set, paths, 2, NULL), 0);
	assert_int_equal(mrg_sync_set(ret->set, &how, &ret->notes, NULL), 0);
	ret->m = &ret->set->members[1];
}

static void look_finish(struct found *found)
{
	rt_buf_finish(&found->notes);
	mrg_set_destroy(found->set);
}

/* The farthest from the truth within what both traces have. */
static int64_t farthest(const struct found *found, const struct plan *p)
{
	int64_t most = 0;

	for (int64_t t = (int64_t)(p->guest_from * (double)p->length);
	     t < (int64_t)(p->guest_to * (double)p->length); t += p->length / 500) {
		for (unsigned int l = 0; l < VCPUS; l++) {
			uint64_t ts = SCENE_NS + (uint64_t)(guest_time(p, t + LATER) + l * p->skew);
			const struct mrg_lane *lane = &found->m->lanes[l];
			uint64_t at = mrg_lane_clock_map(&lane->epochs[0].clock, ts);
			int64_t by = (int64_t)(at - SCENE_NS) - (t + LATER);

			most = llabs(by) > most ? llabs(by) : most;
		}
	}
	return most;
}

static void expect_true(const struct found *found, const struct plan *p)
{
	int64_t by = farthest(found, p);

	if ((uint64_t)by > found->m->bound_ns + ROUNDING)
		fail_msg("seed %u, %u slices: off by %lld ns, claimed are %llu", p->seed,
			 found->m->check.slices, (long long)by,
			 (unsigned long long)found->m->bound_ns);
}

static struct plan random_plan(unsigned int seed)
{
	chaos = 0x2545f4914f6cdd1dull * (seed + 7);
	for (int i = 0; i < 20; i++)
		between(0, 1);
	return (struct plan){
		.seed = seed, .length = between(2, 5) * 1000000000,
		.offset = between(-180000000, 180000000), .rate = (double)between(-40, 40) * 1e-6,
		.guest_from = (double)between(0, 30) / 100,
		.guest_to = (double)between(70, 100) / 100,
		.lost = between(0, 1), .named = between(0, 1),
	};
}

/* ---- the tests ---- */

TEST(slices_of_even_clocks_say_what_all_events_say)
{
	for (unsigned int seed = 0; seed < 12; seed++) {
		struct plan p = random_plan(seed);
		struct scene *host, *guest;
		struct found all, some;

		make_pair(&p, &host, &guest);
		look(&all, host, guest, MRG_SLICES_ALL);
		look(&some, host, guest, 8 + seed);
		assert_int_equal(all.m->check.slices, 0);
		assert_in_range(some.m->check.slices, 2, 8 + seed);
		assert_int_equal(some.m->check.violations, 0);
		assert_in_range(some.m->check.checked, 500, all.m->check.checked);
		for (unsigned int l = 0; l < VCPUS; l++)
			assert_int_equal(some.m->lanes[l].vcpu_tid, all.m->lanes[l].vcpu_tid);
		expect_true(&all, &p);
		expect_true(&some, &p);
		look_finish(&all);
		look_finish(&some);
		scene_destroy(host);
		scene_destroy(guest);
	}
}

TEST(cycles_with_offsets_of_their_own_need_slices_only_for_the_law)
{
	for (unsigned int seed = 400; seed < 403; seed++) {
		struct plan p = random_plan(seed);
		struct scene *host, *guest;
		struct found some;

		p.cycles = true;
		p.named = false;
		p.rate = 0;
		p.skew = seed == 400 ? 0 : between(100000, 5000000);
		make_pair(&p, &host, &guest);
		look(&some, host, guest, 12);
		assert_int_equal(some.m->method, MRG_TSC);
		assert_in_range(some.m->check.slices, 2, 12);
		assert_int_equal(some.m->check.violations, 0);
		assert_int_equal(some.m->bound_ns, 2);
		expect_true(&some, &p);
		look_finish(&some);
		scene_destroy(host);
		scene_destroy(guest);
	}
}

TEST(each_of_several_guests_has_slices_of_its_own)
{
	struct plan p = random_plan(500);
	struct scene *host = scene_create("host", CPUS), *one = scene_create("vm1", 1);
	struct scene *two = scene_create("vm2", 1);
	const char *const paths[] = { scene_path(two), scene_path(host), scene_path(one) };
	const struct mrg_sync_how how = { .method = MRG_NR_METHODS, .slices = 12 };
	struct rt_buf notes = { 0 };
	struct mrg_set *set;

	p.apart = true;
	p.skew = 3000000;
	scene_vcpu(host, 1000, 998, 0, "vm1");
	scene_vcpu(host, 1001, 999, 1, "vm2");
	scene_clock(host, "tai");
	scene_clock(one, "tai");
	scene_clock(two, "tai");
	make_events_of(&p, host, one, two);
	scene_finish(host);
	scene_finish(one);
	scene_finish(two);
	assert_int_equal(mrg_set_open(&set, paths, 3, NULL), 0);
	assert_int_equal(mrg_sync_set(set, &how, &notes, NULL), 0);
	for (unsigned int i = 0; i < 3; i += 2) {
		assert_in_range(set->members[i].check.slices, 2, 12);
		assert_int_equal(set->members[i].check.violations, 0);
		assert_int_equal(set->members[i].lanes[0].vcpu_tid, i ? 1000 : 1001);
	}
	assert_in_range(set->members[2].offset_ns - set->members[0].offset_ns, 2950000, 3050000);
	rt_buf_finish(&notes);
	mrg_set_destroy(set);
	scene_destroy(host);
	scene_destroy(one);
	scene_destroy(two);
}

/* Either is as good as the other: all was read for both. */
static void expect_all(const struct plan *p)
{
	struct scene *host, *guest;
	struct found all, some;

	make_pair(p, &host, &guest);
	look(&all, host, guest, MRG_SLICES_ALL);
	look(&some, host, guest, 16);
	assert_int_equal(some.m->check.slices, 0);
	assert_contains(rt_buf_str(&some.notes), "all events were read");
	assert_int_equal(some.m->check.checked, all.m->check.checked);
	assert_int_equal(some.m->check.violations, all.m->check.violations);
	assert_int_equal(some.m->offset_ns, all.m->offset_ns);
	assert_int_equal(some.m->bound_ns, all.m->bound_ns);
	look_finish(&all);
	look_finish(&some);
	scene_destroy(host);
	scene_destroy(guest);
}

TEST(a_clock_that_was_stepped_is_found_by_all_events)
{
	for (unsigned int seed = 100; seed < 106; seed++) {
		struct plan p = random_plan(seed);

		p.lost = false;
		p.step = seed % 2 ? between(1000000, 9000000) : between(20000000, 900000000);
		p.step_at = LATER + p.length / 100 * between(35, 65);
		expect_all(&p);
	}
}

TEST(where_slices_break_the_law_all_events_are_counted)
{
	for (unsigned int seed = 200; seed < 203; seed++) {
		struct plan p = random_plan(seed);

		p.breaks = true;
		p.lost = false;
		expect_all(&p);
	}
}

TEST(small_traces_are_read_whole)
{
	struct plan p = random_plan(300);
	struct scene *host, *guest;
	struct found found;

	p.length = 2000000000;
	make_pair(&p, &host, &guest);
	look(&found, host, guest, MRG_SLICES_AUTO);
	assert_int_equal(found.m->check.slices, 0);
	assert_int_equal(found.m->check.slices_ppm, 0);
	assert_int_equal(found.notes.len, 0);
	look_finish(&found);
	scene_destroy(host);
	scene_destroy(guest);
}

/* By recorded times such a trace ends before it begins. */
TEST(a_clock_set_back_before_its_begin_has_events_that_overlap)
{
	struct plan p = random_plan(700);
	struct scene *host, *guest;
	struct found all;

	p.step = -8000000000ll;
	p.step_at = LATER + p.length / 2;
	make_pair(&p, &host, &guest);
	look(&all, host, guest, MRG_SLICES_ALL);
	assert_int_equal(all.m->method, MRG_WINDOWS);
	assert_int_equal(all.m->check.violations, 0);
	assert_string_equal(rt_buf_str(&all.notes), "");
	look_finish(&all);
	scene_destroy(host);
	scene_destroy(guest);
}

/* A block's header has the earliest of its times, which are those behind the step then. */
TEST(a_clock_set_back_in_the_first_block_does_not_move_the_begin)
{
	struct plan p = random_plan(701);
	struct scene *host, *guest;
	struct found all;
	uint64_t begin;

	p.step = -8000000000ll;
	p.lost = false;
	p.once = true;
	p.step_at = LATER + p.length / 2;
	make_pair(&p, &host, &guest);
	look(&all, host, guest, MRG_SLICES_ALL);
	assert_int_equal(all.m->method, MRG_WINDOWS);
	assert_int_equal(all.m->check.violations, 0);
	assert_int_equal(mrg_set_begin(all.set, &begin, NULL), 0);
	assert_int_equal(begin, SCENE_NS + LATER);
	look_finish(&all);
	scene_destroy(host);
	scene_destroy(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_of_even_clocks_say_what_all_events_say),
		cmocka_unit_test(cycles_with_offsets_of_their_own_need_slices_only_for_the_law),
		cmocka_unit_test(each_of_several_guests_has_slices_of_its_own),
		cmocka_unit_test(a_clock_that_was_stepped_is_found_by_all_events),
		cmocka_unit_test(a_clock_set_back_before_its_begin_has_events_that_overlap),
		cmocka_unit_test(a_clock_set_back_in_the_first_block_does_not_move_the_begin),
		cmocka_unit_test(where_slices_break_the_law_all_events_are_counted),
		cmocka_unit_test(small_traces_are_read_whole),
	};

	return RUN_TESTS(tests);
}
