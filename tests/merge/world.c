/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.c - see world.h */
#include "tests/merge/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"

static uint64_t state;

uint64_t world_random(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (state >> 11) % below : 0;
}

static int64_t between(int64_t lo, int64_t hi)
{
	return lo + (int64_t)world_random((uint64_t)(hi - lo + 1));
}

static int64_t guest_time(const struct world_plan *plan, int64_t host)
{
	const struct world_line *line = &plan->lines[0];

	for (unsigned int i = 1; i < plan->nr_lines; i++)
		if (host >= plan->lines[i].from)
			line = &plan->lines[i];
	return host - line->offset - llround(line->rate * (double)(host - line->from));
}

struct growing {
	struct mrg_run *runs;
	size_t nr, room;
	int64_t *times, *truth;
	size_t nr_times, times_room, nr_truth, truth_room;
};

/* An event of CPU @cpu at host time @t. */
static void event(struct growing *g, const struct world_plan *plan, unsigned int cpu, int64_t t)
{
	if (!MRG_PUSH(g->times, g->nr_times, g->times_room,
		      guest_time(plan, t) + (int64_t)cpu * plan->lane_skew +
		      between(-plan->noise, plan->noise)) ||
	    !MRG_PUSH(g->truth, g->nr_truth, g->truth_room, t))
		abort();
}

static int cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void window_events(struct growing *g, const struct world_plan *plan, unsigned int cpu,
			  int64_t start, int64_t end)
{
	uint64_t nr = world_random((uint64_t)(2 * plan->events * 16) + 1) / 16;
	int64_t t[256];

	if (start < plan->length * (plan->guest_from + cpu * plan->late) ||
	    end > plan->length * plan->guest_to)
		return;
	for (uint64_t i = 0; i < nr && i < 256; i++)
		t[i] = between(start, end);
	qsort(t, nr < 256 ? nr : 256, sizeof(*t), cmp);
	for (uint64_t i = 0; i < nr && i < 256; i++)
		event(g, plan, cpu, t[i]);
}

#define HOST_FROM 5000000000000000ll

static void run(struct growing *g, const struct world_plan *plan, int64_t t, int kind,
		unsigned int vcpu)
{
	struct mrg_run r = { .ts = (uint64_t)t, .tid = 1000 + (int)vcpu, .vcpu = vcpu };

	r.kind = (unsigned int)kind & 1;
	if (plan->host_to > 0 && t > HOST_FROM + plan->length * plan->host_to)
		return;
	if (!MRG_PUSH(g->runs, g->nr, g->room, r))
		abort();
}

/* Loses the runs in some stretches; returns what is known to be lost. */
static size_t lose(struct growing *g, const struct world_plan *plan, struct mrg_span *gaps,
		   size_t max)
{
	size_t nr = 0, kept = 0;

	for (size_t i = 0; i < g->nr; i++) {
		bool lost = nr < max && plan->lost > 0 && kept > 0 && i + 1 < g->nr &&
			    world_random(1000) < 1000 * plan->lost / 50;
		size_t skip = lost ? 1 + world_random(99) : 0;

		if (lost && i + skip + 1 < g->nr) {
			gaps[nr++] = (struct mrg_span){ (int64_t)g->runs[kept - 1].ts,
							(int64_t)g->runs[i + skip].ts };
			i += skip;
		}
		g->runs[kept++] = g->runs[i];
	}
	g->nr = kept;
	return nr;
}

/* A thread's runs [from, to) of which the host's trace has all, and the silence around it. */
static size_t thread(struct world *world, const struct growing *g, size_t from, size_t to,
		     const struct mrg_span *gaps, size_t nr_gaps, const struct world_plan *plan)
{
	bool all = from == 0 && to == g->nr;

	if (mrg_vcpu_build(&world->vcpus.v[world->vcpus.nr], g->runs + from, to - from, gaps,
			   nr_gaps, all ? MRG_TIME_MAX : HOST_FROM,
			   all ? MRG_TIME_MIN : HOST_FROM + plan->length) < 0)
		abort();
	return world->vcpus.nr++;
}

static int64_t moving(const struct world_plan *plan)
{
	return HOST_FROM + (int64_t)((double)plan->length * plan->moves);
}

/* Where in the runs the vCPU leaves its first thread. */
static size_t move_at(const struct growing *g, const struct world_plan *plan, unsigned int cpu)
{
	int64_t at = moving(plan);
	size_t i = 0;

	if (plan->moves <= 0 || cpu < plan->moved)
		return g->nr;
	while (i < g->nr && ((int64_t)g->runs[i].ts < at || g->runs[i].kind != MRG_RUN_ENTER))
		i++;
	for (size_t k = i; k < g->nr; k++)
		g->runs[k].tid += 1000;
	return i;
}

static void make_cpu(struct world *world, const struct world_plan *plan, unsigned int cpu,
		     bool stranger)
{
	static struct mrg_span gaps[4096];
	struct growing g = { 0 };
	int64_t t = HOST_FROM + between(0, plan->gap_max);
	size_t nr_gaps, moved;

	while (t < HOST_FROM + plan->length) {
		int64_t end = t + between(plan->window_min, plan->window_max), gap;

		if (plan->pause && end > moving(plan) && t < moving(plan) + plan->pause) {
			t = moving(plan) + plan->pause + between(0, plan->gap_max);
			continue;
		}
		run(&g, plan, t, MRG_RUN_ENTER, cpu);
		if (!stranger)
			window_events(&g, plan, cpu, t, end);
		run(&g, plan, end, MRG_RUN_LEAVE, cpu);
		gap = between(plan->gap_min, plan->gap_max);
		if (plan->idle_every && world_random(plan->idle_every) == 0)
			gap *= between(1, 100);
		t = end + gap;
	}
	nr_gaps = lose(&g, plan, gaps, 4096);
	moved = stranger ? g.nr : move_at(&g, plan, cpu);
	world->vcpu[cpu] = thread(world, &g, 0, moved, gaps, nr_gaps, plan);
	if (moved < g.nr && !plan->away)
		thread(world, &g, moved, g.nr, gaps, nr_gaps, plan);
	free(g.runs);
	if (stranger)
		return;
	world->lanes[cpu] = (struct mrg_times){ .t = g.times, .nr = g.nr_times, .cpu = cpu };
	world->truth[cpu] = g.truth;
}

void world_make(struct world *world, const struct world_plan *original)
{
	struct world_plan plan = *original;

	state = 0x9e3779b97f4a7c15ull * (plan.seed + 1);
	for (unsigned int i = 0; i < plan.nr_lines; i++)
		plan.lines[i].from += HOST_FROM;
	plan.guest_from += (double)HOST_FROM / (double)plan.length;
	plan.guest_to += (double)HOST_FROM / (double)plan.length;
	*world = (struct world){ .nr = plan.cpus };
	world->vcpus.v = calloc(2 * plan.cpus + plan.strangers, sizeof(*world->vcpus.v));
	for (unsigned int i = 0; i < plan.strangers; i++)
		make_cpu(world, &plan, i, true);
	for (unsigned int i = 0; i < plan.cpus; i++)
		make_cpu(world, &plan, plan.shuffle ? plan.cpus - 1 - i : i, false);
}

void world_finish(struct world *world)
{
	for (unsigned int i = 0; i < world->nr; i++) {
		free((void *)world->lanes[i].t);
		free(world->truth[i]);
	}
	mrg_vcpus_finish(&world->vcpus);
}

/* ---- a clock that is set back ---- */

#define PAGE_EVENTS 60	/* of a lane's sub-buffer */

void world_set_back(const struct mrg_times *times, int64_t when, int64_t by, bool told,
		    struct mrg_lane_data *ret)
{
	size_t nr = times->nr, step = mrg_times_from(times, when), page_end;
	int64_t gap = step > 0 && step < nr ? times->t[step] - times->t[step - 1] : 0;

	gap = told ? by : gap;
	page_end = (step / PAGE_EVENTS + 1) * PAGE_EVENTS;
	*ret = (struct mrg_lane_data){ .cpu = times->cpu, .nr_times = nr, .nr_events = nr };
	ret->times = malloc((nr + 1) * sizeof(*ret->times));
	ret->set_back = malloc(sizeof(*ret->set_back));
	ret->set_back_page = malloc(sizeof(*ret->set_back_page));
	ret->set_back_from = malloc(sizeof(*ret->set_back_from));
	for (size_t i = 0; i < nr; i++)
		ret->times[i] = (uint64_t)(times->t[i] - (i < step ? 0 : i < page_end ? gap : by));
	if (page_end >= nr)
		return;
	ret->nr_set_backs = 1;
	ret->set_back[0] = page_end;
	ret->set_back_page[0] = page_end / PAGE_EVENTS;
	ret->set_back_from[0] = page_end - PAGE_EVENTS;
}

size_t world_outside(const struct mrg_lane_data *data, const struct mrg_lane *lane,
		     const struct mrg_vcpu *v)
{
	size_t nr = 0;

	for (size_t i = 0; i < data->nr_times; i++) {
		const struct mrg_lane_clock *clock = mrg_lane_clock_at(lane, i / PAGE_EVENTS);
		int64_t t = (int64_t)mrg_lane_clock_map(clock, data->times[i]);

		nr += t > v->spans[mrg_span_search(v->spans, v->nr, t)].end + 3 ||
		      t < v->spans[mrg_span_search(v->spans, v->nr, t)].start - 3;
	}
	return nr;
}
