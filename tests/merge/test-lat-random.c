/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-lat-random.c - merge/lat-cpu.c and lat-vcpu.c on random machines
 *
 * A small machine runs by dice: vCPUs enter and exit, migrate, halt, are preempted and
 * plugged in anew under another thread; interrupts nest.  It knows each interval and what
 * it was spent on as it happens.  Then ranges of its events are lost: what is left must
 * give the same figures for all that was seen whole, and no figure for the rest.
 */
#include "tests/merge/lat-world.h"

#include <stdlib.h>

#include "tests/unit.h"

#define STEPS 600
#define VCPUS 2
#define DEPTH 3
#define VMX_HLT 12
#define VMX_MSR 32	/* its name begins with MSR */
#define OTHER 9		/* a task that has no vCPU */
#define ROUNDS 300
#define SAMPLES 12	/* readings of the clocks in a round */
#define UNIT 100000	/* ns of a tick of the dice, where the clock is set: steps are ms */

struct step {
	uint64_t ns;
	unsigned int cpu;
	int pid;
	enum kev_role role;
	uint64_t a, b, c;
	bool lost;
};

struct interval {
	enum mrg_lat_kind kind;
	unsigned int begin, end;	/* steps */
	uint64_t parts[MRG_LAT_NR_PARTS];
	unsigned int cpu;
};

struct frame {
	enum kev_role end;
	uint64_t id;
	unsigned int begin;
};

struct cpu {
	int vcpu;		/* -1: the other task, or nobody */
	bool other;		/* the other task runs here */
	struct frame frames[DEPTH];
	unsigned int depth;
};

struct vcpu {
	int pid;
	bool out, user, asleep;
	int cpu;		/* -1: not on a CPU */
	unsigned int exit;	/* step */
	uint64_t parts[MRG_LAT_NR_PARTS], since;
};

struct machine {
	struct step steps[STEPS];
	struct interval intervals[STEPS];
	unsigned int nr, nr_intervals;
	uint64_t ns;
	struct cpu cpus[WORLD_CPUS];
	struct vcpu vcpus[VCPUS];
	int next_pid;
};

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand() % n;
}

/* ---- the machine ---- */

static enum mrg_lat_part doing(const struct machine *m, const struct vcpu *v)
{
	const struct cpu *cpu = v->cpu < 0 ? NULL : &m->cpus[v->cpu];

	if (!cpu)
		return v->asleep ? MRG_LAT_PART_HALT : MRG_LAT_PART_WAIT;
	if (cpu->depth)
		return cpu->frames[cpu->depth - 1].end == KEV_IRQ_END ? MRG_LAT_PART_IRQ
								      : MRG_LAT_PART_SOFTIRQ;
	return v->user ? MRG_LAT_PART_USER : MRG_LAT_PART_KVM;
}

/* Time goes on; each vCPU that is out spends it on what it does. */
static void pass(struct machine *m)
{
	unsigned int i;

	m->ns += 2 + below(60);
	for (i = 0; i < VCPUS; i++) {
		struct vcpu *v = &m->vcpus[i];

		if (v->out)
			v->parts[doing(m, v)] += m->ns - v->since;
		v->since = m->ns;
	}
}

static unsigned int note(struct machine *m, int cpu, int pid, enum kev_role role, uint64_t a,
			 uint64_t b, uint64_t c)
{
	m->steps[m->nr] = (struct step){
		.ns = m->ns, .cpu = (unsigned int)cpu, .pid = pid, .role = role,
		.a = a, .b = b, .c = c,
	};
	return m->nr++;
}

static struct interval *interval(struct machine *m, enum mrg_lat_kind kind, unsigned int begin)
{
	m->intervals[m->nr_intervals] = (struct interval){
		.kind = kind, .begin = begin, .end = m->nr - 1, .cpu = m->steps[begin].cpu,
	};
	return &m->intervals[m->nr_intervals++];
}

static int pid_on(const struct machine *m, const struct cpu *cpu)
{
	return cpu->vcpu >= 0 ? m->vcpus[cpu->vcpu].pid : cpu->other ? OTHER : 0;
}

/* Interrupts may come within soft ones, and others within interrupts; no kind within itself. */
static void interrupt(struct machine *m, int c)
{
	struct cpu *cpu = &m->cpus[c];
	int pid = pid_on(m, cpu);
	struct frame *top;

	if (cpu->depth && below(2)) {
		top = &cpu->frames[cpu->depth - 1];
		note(m, c, pid, top->end, top->id, 0, 0);
		interval(m, top->end == KEV_IRQ_END ? MRG_LAT_IRQ : MRG_LAT_SOFTIRQ, top->begin);
		cpu->depth--;
	} else if (cpu->depth < DEPTH) {
		top = &cpu->frames[cpu->depth];
		top->end = !cpu->depth && below(2) ? KEV_SOFTIRQ_END : KEV_IRQ_END;
		top->id = top->end == KEV_IRQ_END ? 30 + cpu->depth : 1;
		top->begin = note(m, c, pid, top->end == KEV_IRQ_END ? KEV_IRQ_BEGIN
								      : KEV_SOFTIRQ_BEGIN,
				  top->id, 0, 0);
		cpu->depth++;
	}
}

static void leave_guest(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];

	v->out = true;
	v->user = false;
	memset(v->parts, 0, sizeof(v->parts));
	v->exit = note(m, v->cpu, v->pid, KEV_GUEST_END, below(2) ? VMX_HLT : VMX_MSR, KEV_ISA_VMX,
		       i);
}

static void enter_guest(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];
	struct interval *in;

	note(m, v->cpu, v->pid, KEV_GUEST_BEGIN, 0, 0, i);
	in = interval(m, MRG_LAT_EXIT, v->exit);
	memcpy(in->parts, v->parts, sizeof(in->parts));
	v->out = false;
}

static void switch_out(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];
	struct cpu *cpu = &m->cpus[v->cpu];

	v->asleep = below(2);
	cpu->vcpu = -1;
	cpu->other = below(2);
	note(m, v->cpu, v->pid, KEV_SWITCH, cpu->other ? OTHER : 0, (uint64_t)v->pid, v->asleep);
	v->cpu = -1;
}

static void switch_in(struct machine *m, unsigned int i, int c)
{
	struct vcpu *v = &m->vcpus[i];
	struct cpu *cpu = &m->cpus[c];
	int prev = pid_on(m, cpu);

	note(m, c, prev, KEV_SWITCH, (uint64_t)v->pid, (uint64_t)prev, 0);
	cpu->vcpu = (int)i;
	cpu->other = false;
	v->cpu = c;
}

/* Its thread ends, and the vCPU is plugged in again: another thread, the same number. */
static void replug(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];

	note(m, (int)below(WORLD_CPUS), v->pid, KEV_TASK_EXIT, (uint64_t)v->pid, 0, 0);
	*v = (struct vcpu){ .pid = m->next_pid++, .cpu = -1, .since = m->ns };
}

static void off_cpu(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];
	int c = (int)below(WORLD_CPUS);

	if (v->asleep && v->out) {
		note(m, c, pid_on(m, &m->cpus[c]), KEV_WAKING, (uint64_t)v->pid, 0, 0);
		v->asleep = false;
	} else if (below(8) == 0) {
		replug(m, i);
	} else if (m->cpus[c].vcpu < 0 && !m->cpus[c].depth) {
		switch_in(m, i, c);
	}
}

static void on_cpu(struct machine *m, unsigned int i)
{
	struct vcpu *v = &m->vcpus[i];

	if (m->cpus[v->cpu].depth)
		return;
	if (!v->out) {
		leave_guest(m, i);
		return;
	}
	switch (below(4)) {
	case 0:
		switch_out(m, i);
		break;
	case 1:
		if (v->user)
			note(m, v->cpu, v->pid, KEV_SYSCALL_ENTER, 16, 0, 0);
		else
			note(m, v->cpu, v->pid, KEV_USER_BEGIN, 0, 0, 0);
		v->user = !v->user;
		break;
	default:
		if (!v->user)
			enter_guest(m, i);
	}
}

/* In the guest the host's interrupts are exits: none is under way. */
static bool may_interrupt(const struct machine *m, const struct cpu *cpu)
{
	return cpu->vcpu < 0 || m->vcpus[cpu->vcpu].out;
}

static void run(struct machine *m)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->ns = 1000;
	m->next_pid = 100;
	for (i = 0; i < WORLD_CPUS; i++)
		m->cpus[i].vcpu = i < VCPUS ? (int)i : -1;
	for (i = 0; i < VCPUS; i++)
		m->vcpus[i] = (struct vcpu){ .pid = 50 + (int)i, .cpu = (int)i, .since = m->ns };
	while (m->nr < STEPS) {
		int c = (int)below(WORLD_CPUS);

		pass(m);
		i = below(VCPUS);
		if (below(3) == 0 && may_interrupt(m, &m->cpus[c]))
			interrupt(m, c);
		else if (m->vcpus[i].cpu < 0)
			off_cpu(m, i);
		else
			on_cpu(m, i);
	}
}

/* ---- what is lost ---- */

/*
 * Some events of one CPU, one behind the other.  What they tell of a vCPU on another CPU
 * (its wake-up, its way to there) is seen: a gap is known by the next event of its own CPU
 * only, and nothing could know of it sooner.
 */
static void lose(struct machine *m)
{
	unsigned int at = below(STEPS), cpu = below(WORLD_CPUS), more = 1 + below(12);

	for (; at < STEPS && more; at++) {
		if (m->steps[at].cpu != cpu)
			continue;
		if (m->steps[at].role == KEV_SWITCH || m->steps[at].role == KEV_WAKING)
			break;
		m->steps[at].lost = true;
		more--;
	}
}

/* Is there a place before step @i where its CPU's events are missing? */
static bool gap_before(const struct machine *m, unsigned int i)
{
	unsigned int cpu = m->steps[i].cpu;

	while (i-- > 0) {
		if (m->steps[i].cpu == cpu)
			return m->steps[i].lost;
	}
	return false;
}

static bool is_whole(const struct machine *m, const struct interval *in)
{
	unsigned int i;

	if (m->steps[in->begin].lost || m->steps[in->end].lost)
		return false;
	for (i = in->begin + 1; i <= in->end; i++) {
		if (!m->steps[i].lost && gap_before(m, i))
			return false;
	}
	return true;
}

/* ---- the comparison ---- */

static void feed(struct world *w, const struct machine *m)
{
	const struct step *s;
	unsigned int i;

	for (i = 0; i < STEPS; i++) {
		s = &m->steps[i];
		if (s->lost)
			continue;
		if (gap_before(m, i))
			world_event(w, s->ns - 1, s->cpu, 0, KEV_NONE, 0, 0, 0);
		world_event(w, s->ns, s->cpu, s->pid, s->role, s->a, s->b, s->c);
	}
}

struct sums {
	uint64_t count, sum, parts[MRG_LAT_NR_PARTS];
};

static struct sums expected(const struct machine *m, enum mrg_lat_kind kind)
{
	struct sums sums = { 0 };
	unsigned int i, p;

	for (i = 0; i < m->nr_intervals; i++) {
		const struct interval *in = &m->intervals[i];

		if (in->kind != kind || !is_whole(m, in))
			continue;
		sums.count++;
		sums.sum += m->steps[in->end].ns - m->steps[in->begin].ns;
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			sums.parts[p] += in->parts[p];
	}
	return sums;
}

static struct sums measured(const struct world *w, enum mrg_lat_kind kind)
{
	struct sums sums = { 0 };
	unsigned int p;
	size_t i;

	for (i = 0; i < w->result.nr; i++) {
		const struct mrg_lat_metric *metric = w->result.metrics[i];

		if (metric->kind != kind)
			continue;
		sums.count += metric->hist.count;
		sums.sum += metric->hist.sum;
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			sums.parts[p] += metric->parts[p];
	}
	return sums;
}

static uint64_t compare(const struct world *w, const struct machine *m)
{
	static const enum mrg_lat_kind kinds[] = { MRG_LAT_EXIT, MRG_LAT_IRQ, MRG_LAT_SOFTIRQ };
	struct sums ours, true_ones;
	uint64_t compared = 0;
	unsigned int i, p;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ours = measured(w, kinds[i]);
		true_ones = expected(m, kinds[i]);
		assert_int_equal(ours.count, true_ones.count);
		assert_int_equal(ours.sum, true_ones.sum);
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			assert_int_equal(ours.parts[p], true_ones.parts[p]);
		compared += ours.count;
	}
	return compared;
}

static void rounds(unsigned int losses)
{
	static struct machine m;
	uint64_t compared = 0;
	unsigned int i, l;
	struct world w;

	for (i = 0; i < ROUNDS; i++) {
		srand(i);
		run(&m);
		for (l = 0; l < losses; l++)
			lose(&m);
		world_init(&w);
		feed(&w, &m);
		compared += compare(&w, &m);
		world_finish(&w);
	}
	assert_true(compared > 20 * ROUNDS);
}

TEST(every_interval_and_what_it_was_spent_on_is_found)
{
	rounds(0);
}

TEST(where_events_were_lost_only_what_was_seen_whole_has_a_figure)
{
	rounds(1);
	rounds(6);
}

/* ---- the clock is set ---- */

struct clock {
	struct xt_clock_sample samples[SAMPLES];
	uint64_t at;		/* true time of the setting */
	int64_t by;
};

static uint64_t clock_reads(const struct clock *clock, uint64_t ns)
{
	return ns < clock->at ? ns : ns + (uint64_t)clock->by;
}

/* Readings through the whole run, and behind it; times begin late enough to be set back. */
static void set_clock(struct clock *clock, struct machine *m)
{
	uint64_t first, length;
	unsigned int i;

	for (i = 0; i < STEPS; i++)
		m->steps[i].ns = m->steps[i].ns * UNIT + 1000000000000;
	first = m->steps[0].ns;
	length = m->steps[STEPS - 1].ns - first;
	clock->at = first + length / 4 + (uint64_t)below(1000) * length / 2000;
	clock->by = ((int64_t)below(2000) + 100) * UNIT;
	if (below(2))
		clock->by = -clock->by;
	for (i = 0; i < SAMPLES; i++) {
		clock->samples[i].mono_ns = first + i * (length / (SAMPLES - 2));
		clock->samples[i].tai_ns = clock_reads(clock, clock->samples[i].mono_ns);
	}
}

/* As the stream merges: the lane whose next event is earliest goes first. */
static void feed_by_clock(struct world *w, const struct machine *m, const struct clock *clock)
{
	unsigned int next[WORLD_CPUS] = { 0 }, c, best;
	const struct step *s;

	for (;;) {
		best = WORLD_CPUS;
		for (c = 0; c < WORLD_CPUS; c++) {
			while (next[c] < STEPS && m->steps[next[c]].cpu != c)
				next[c]++;
			if (next[c] < STEPS && (best == WORLD_CPUS ||
			    clock_reads(clock, m->steps[next[c]].ns) <
			    clock_reads(clock, m->steps[next[best]].ns)))
				best = c;
		}
		if (best == WORLD_CPUS)
			return;
		s = &m->steps[next[best]++];
		world_event(w, clock_reads(clock, s->ns), s->cpu, s->pid, s->role, s->a, s->b,
			    s->c);
	}
}

/* What the recorder's readings leave certain, in the time that the trace has. */
static bool is_certain(const struct machine *m, const struct clock *clock,
		       const struct interval *in)
{
	uint64_t from = clock_reads(clock, m->steps[in->begin].ns);
	uint64_t to = clock_reads(clock, m->steps[in->end].ns);
	uint64_t by = (uint64_t)llabs(clock->by), begin, end;
	unsigned int i = 1;

	while (clock->samples[i].mono_ns < clock->at)
		i++;
	begin = clock->samples[i - 1].tai_ns;
	if (clock->by < 0) {
		end = begin + clock->samples[i].mono_ns - clock->samples[i - 1].mono_ns;
		return to <= begin - by || from >= end;
	}
	/* as much less as a clock may gain by itself */
	by -= 1000000 + (clock->samples[i].mono_ns - clock->samples[i - 1].mono_ns) / 1000;
	return to <= begin || from >= clock->samples[i].tai_ns || to - from < by;
}

static struct sums certain(const struct machine *m, const struct clock *clock,
			   enum mrg_lat_kind kind)
{
	struct sums sums = { 0 };
	unsigned int i, p;

	for (i = 0; i < m->nr_intervals; i++) {
		const struct interval *in = &m->intervals[i];

		if (in->kind != kind || !is_certain(m, clock, in))
			continue;
		sums.count++;
		sums.sum += m->steps[in->end].ns - m->steps[in->begin].ns;
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			sums.parts[p] += in->parts[p] * UNIT;
	}
	return sums;
}

static unsigned int compare_certain(const struct world *w, const struct machine *m,
				    const struct clock *clock)
{
	static const enum mrg_lat_kind kinds[] = { MRG_LAT_EXIT, MRG_LAT_IRQ, MRG_LAT_SOFTIRQ };
	struct sums ours, true_ones;
	unsigned int i, p, compared = 0;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ours = measured(w, kinds[i]);
		true_ones = certain(m, clock, kinds[i]);
		assert_int_equal(ours.count, true_ones.count);
		assert_int_equal(ours.sum, true_ones.sum);
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			assert_int_equal(ours.parts[p], true_ones.parts[p]);
		compared += (unsigned int)ours.count;
	}
	return compared;
}

TEST(where_the_clock_was_set_no_interval_has_a_false_figure)
{
	static struct machine m;
	struct clock clock;
	struct xt_info info = { .samples = clock.samples, .nr_samples = SAMPLES };
	unsigned int i, compared = 0;
	struct world w;

	snprintf(info.time.clock, sizeof(info.time.clock), "tai");
	for (i = 0; i < ROUNDS; i++) {
		srand(i);
		run(&m);
		memset(&clock, 0, sizeof(clock));
		set_clock(&clock, &m);
		world_init(&w);
		assert_int_equal(lat_steps_create(&w.system, &w.set.members[0], &info), 0);
		assert_int_equal(w.system.nr_steps, 1);
		feed_by_clock(&w, &m, &clock);
		compared += compare_certain(&w, &m, &clock);
		free(w.system.steps);
		world_finish(&w);
	}
	assert_true(compared > 20 * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_interval_and_what_it_was_spent_on_is_found),
		cmocka_unit_test(where_the_clock_was_set_no_interval_has_a_false_figure),
		cmocka_unit_test(where_events_were_lost_only_what_was_seen_whole_has_a_figure),
	};

	return RUN_TESTS(tests);
}
