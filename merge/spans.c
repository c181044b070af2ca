/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spans.c - runs of all lanes -> threads -> spans
 */
#include "merge/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"
#include "merge/set.h"

#define MAX_THREADS 65536	/* vCPU threads of one host: more is a damaged trace */

size_t mrg_span_search(const struct mrg_span *spans, size_t nr, int64_t t)
{
	size_t lo = 0, hi = nr;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (spans[mid].start <= t)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* ---- spans of one thread ---- */

struct builder {
	struct mrg_vcpu *v;
	size_t spans_room, unknown_room;
	const struct mrg_span *gaps;
	size_t nr_gaps, gap;	/* gaps before ->gap end before the present piece */
};

static bool add_span(struct builder *b, int64_t start, int64_t end)
{
	struct mrg_vcpu *v = b->v;
	struct mrg_span span = { start, end };

	if (v->nr && v->spans[v->nr - 1].end >= start) {
		if (v->spans[v->nr - 1].end < end)
			v->spans[v->nr - 1].end = end;
		return true;
	}
	return MRG_PUSH(v->spans, v->nr, b->spans_room, span);
}

static bool add_unknown(struct builder *b, int64_t start, int64_t end)
{
	struct mrg_vcpu *v = b->v;
	struct mrg_span span = { start, end };

	if (!add_span(b, start, end))
		return false;
	if (v->nr_unknown && v->unknown[v->nr_unknown - 1].end >= start) {
		v->unknown[v->nr_unknown - 1].end = end;
		return true;
	}
	return MRG_PUSH(v->unknown, v->nr_unknown, b->unknown_room, span);
}

static bool lossy(struct builder *b, int64_t start, int64_t end)
{
	while (b->gap < b->nr_gaps && b->gaps[b->gap].end <= start)
		b->gap++;
	return b->gap < b->nr_gaps && b->gaps[b->gap].start < end;
}

/* Between two events of the thread that follow each other. */
static bool add_piece(struct builder *b, const struct mrg_run *a, const struct mrg_run *z)
{
	int64_t start = (int64_t)a->ts, end = (int64_t)z->ts;

	if (lossy(b, start, end))
		return add_unknown(b, start, end);
	/* Two exits in a row: KVM went back without a kvm_entry (fast path) */
	if (a->kind == MRG_RUN_ENTER || z->kind == MRG_RUN_LEAVE)
		return add_span(b, start, end);
	return true;
}

int mrg_vcpu_build(struct mrg_vcpu *ret, const struct mrg_run *runs, size_t nr,
		   const struct mrg_span *gaps, size_t nr_gaps, int64_t from, int64_t to)
{
	struct builder b = { .v = ret, .gaps = gaps, .nr_gaps = nr_gaps };
	int64_t first = (int64_t)runs[0].ts, last = (int64_t)runs[nr - 1].ts;
	int64_t known_from = runs[0].kind == MRG_RUN_ENTER && from < first ? from : first;
	int64_t known_to = runs[nr - 1].kind == MRG_RUN_LEAVE && to > last ? to : last;
	bool ok;

	*ret = (struct mrg_vcpu){ .tid = runs[0].tid, .vcpu = MRG_NO_VCPU };
	ok = add_unknown(&b, MRG_TIME_MIN, known_from);
	if (ok && known_from < first && lossy(&b, known_from, first))
		ok = add_unknown(&b, known_from, first);
	for (size_t i = 0; ok && i + 1 < nr; i++) {
		ok = add_piece(&b, &runs[i], &runs[i + 1]);
		if (runs[i].vcpu != MRG_NO_VCPU)
			ret->vcpu = runs[i].vcpu;
	}
	if (ok && known_to > last && lossy(&b, last, known_to))
		known_to = last;
	ok = ok && add_unknown(&b, known_to, MRG_TIME_MAX);
	ret->first = known_from;
	ret->last = known_to;
	ret->run_first = first;
	ret->run_last = last;
	return ok ? 0 : -ENOMEM;
}

/* ---- threads that are a vCPU for a part of the time ---- */

void mrg_vcpu_open(struct mrg_vcpu *v)
{
	if (v->spans[0].end < v->run_first && v->nr > 1) {
		v->spans[0].end = v->unknown[0].end = v->spans[1].start - 1;
		v->built_first = v->first;
		v->first = v->run_first;
		v->opened_first = true;
	}
	if (v->spans[v->nr - 1].start > v->run_last && v->nr > 1) {
		v->spans[v->nr - 1].start = v->spans[v->nr - 2].end + 1;
		v->unknown[v->nr_unknown - 1].start = v->spans[v->nr - 1].start;
		v->built_last = v->last;
		v->last = v->run_last;
		v->opened_last = true;
	}
}

void mrg_vcpu_close(struct mrg_vcpu *v, bool first, bool last)
{
	if (first && v->opened_first) {
		v->spans[0].end = v->unknown[0].end = v->first = v->built_first;
		v->opened_first = false;
	}
	if (last && v->opened_last) {
		v->last = v->built_last;
		v->spans[v->nr - 1].start = v->unknown[v->nr_unknown - 1].start = v->last;
		v->opened_last = false;
	}
}

/* a's and b's without the first; a's last one goes on to b's first, unless both are cut. */
static struct mrg_span *join_spans(const struct mrg_span *a, size_t na, const struct mrg_span *b,
				   size_t nb, bool cut, size_t *ret_nr)
{
	struct mrg_span *spans = malloc((na + nb) * sizeof(*spans));

	if (!spans)
		return NULL;
	memcpy(spans, a, na * sizeof(*a));
	if (cut)
		na--;
	else
		spans[na - 1].end = b[0].end;
	memcpy(spans + na, b + 1, (nb - 1) * sizeof(*b));
	*ret_nr = na + nb - 1;
	return spans;
}

int mrg_vcpu_join(struct mrg_vcpu *v, const struct mrg_vcpu *next)
{
	bool cut = v->opened_last && next->opened_first;
	size_t nr, nr_unknown;
	struct mrg_span *spans = join_spans(v->spans, v->nr, next->spans, next->nr, cut, &nr);
	struct mrg_span *unknown = join_spans(v->unknown, v->nr_unknown, next->unknown,
					      next->nr_unknown, cut, &nr_unknown);

	if (!spans || !unknown) {
		free(spans);
		free(unknown);
		return -ENOMEM;
	}
	free(v->spans);
	free(v->unknown);
	v->spans = spans;
	v->nr = nr;
	v->unknown = unknown;
	v->nr_unknown = nr_unknown;
	v->last = next->last;
	v->opened_last = next->opened_last;
	v->built_last = next->built_last;
	v->next_at = next->run_first;
	v->next_tid = next->next_tid ? next->next_tid : next->tid;
	v->run_last = next->run_last;
	return 0;
}

/* ---- threads out of lanes ---- */

struct thread {
	int32_t tid;
	size_t nr;		/* runs */
	struct mrg_run *runs;
	size_t *lane_at;	/* where each lane's runs begin in ->runs; nr_lanes + 1 */
	bool *seen;		/* by lane */
};

struct threads {
	struct thread *t;
	size_t nr, room;
	size_t last;		/* most runs in a row are of one thread */
};

static struct thread *thread_find(struct threads *threads, int32_t tid)
{
	if (threads->last < threads->nr && threads->t[threads->last].tid == tid)
		return &threads->t[threads->last];
	for (size_t i = 0; i < threads->nr; i++)
		if (threads->t[i].tid == tid) {
			threads->last = i;
			return &threads->t[i];
		}
	return NULL;
}

static struct thread *thread_get(struct threads *threads, int32_t tid, unsigned int nr_lanes)
{
	struct thread new = { .tid = tid };
	struct thread *found = thread_find(threads, tid);

	if (found)
		return found;
	if (threads->nr >= MAX_THREADS)
		return NULL;
	new.seen = calloc(nr_lanes + 1, sizeof(*new.seen));
	new.lane_at = calloc(nr_lanes + 1, sizeof(*new.lane_at));
	if (!new.seen || !new.lane_at ||
	    !MRG_PUSH(threads->t, threads->nr, threads->room, new)) {
		free(new.seen);
		free(new.lane_at);
		return NULL;
	}
	return &threads->t[threads->nr - 1];
}

static void threads_finish(struct threads *threads)
{
	for (size_t i = 0; i < threads->nr; i++) {
		free(threads->t[i].runs);
		free(threads->t[i].seen);
		free(threads->t[i].lane_at);
	}
	free(threads->t);
}

static int threads_count(struct threads *threads, const struct mrg_data *data)
{
	for (unsigned int l = 0; l < data->nr_lanes; l++)
		for (size_t i = 0; i < data->lanes[l].nr_runs; i++) {
			struct thread *t = thread_get(threads, data->lanes[l].runs[i].tid,
						      data->nr_lanes);

			if (!t)
				return -ENOMEM;
			t->nr++;
			t->seen[l] = true;
		}
	for (size_t i = 0; i < threads->nr; i++) {
		threads->t[i].runs = malloc(threads->t[i].nr * sizeof(struct mrg_run));
		if (!threads->t[i].runs)
			return -ENOMEM;
		threads->t[i].nr = 0;
	}
	return 0;
}

static int64_t merged(const struct mrg_lane *lane, uint64_t ts)
{
	uint64_t out = mrg_lane_clock_map(&lane->epochs[0].clock, ts);

	return out > (uint64_t)MRG_TIME_MAX ? MRG_TIME_MAX : (int64_t)out;
}

static void threads_fill(struct threads *threads, const struct mrg_data *data,
			 const struct mrg_lane *lanes)
{
	for (unsigned int l = 0; l < data->nr_lanes; l++) {
		for (size_t i = 0; i < threads->nr; i++)
			threads->t[i].lane_at[l] = threads->t[i].nr;
		for (size_t i = 0; i < data->lanes[l].nr_runs; i++) {
			struct mrg_run run = data->lanes[l].runs[i];
			struct thread *t = thread_find(threads, run.tid);

			run.ts = (uint64_t)merged(&lanes[l], run.ts);
			t->runs[t->nr++] = run;
		}
	}
	for (size_t i = 0; i < threads->nr; i++)
		threads->t[i].lane_at[data->nr_lanes] = threads->t[i].nr;
}

static void merge_two(const struct mrg_run *a, size_t na, const struct mrg_run *b, size_t nb,
		      struct mrg_run *to)
{
	while (na && nb) {
		if (b->ts < a->ts) {
			*to++ = *b++;
			nb--;
		} else {
			*to++ = *a++;
			na--;
		}
	}
	memcpy(to, na ? a : b, (na ? na : nb) * sizeof(*to));
}

/* A thread moves between CPUs: its runs are sorted within each lane; merge them pairwise. */
static int thread_sort(struct thread *t, unsigned int nr_lanes)
{
	struct mrg_run *from = t->runs, *to = malloc(t->nr * sizeof(*to)), *swap;

	if (!to)
		return -ENOMEM;
	for (unsigned int step = 1; step < nr_lanes; step *= 2) {
		for (unsigned int l = 0; l < nr_lanes; l += 2 * step) {
			unsigned int mid = l + step < nr_lanes ? l + step : nr_lanes;
			unsigned int end = mid + step < nr_lanes ? mid + step : nr_lanes;
			size_t a = t->lane_at[l], b = t->lane_at[mid], z = t->lane_at[end];

			merge_two(from + a, b - a, from + b, z - b, to + a);
		}
		swap = from;
		from = to;
		to = swap;
	}
	t->runs = from;
	free(to);
	return 0;
}

/* Nothing is known of a lane before its first record and behind its last one. */
static bool lane_gap(const struct mrg_lane_data *data, const struct mrg_lane *lane, size_t i,
		     struct mrg_span *ret)
{
	if (i == data->nr_gaps + 2)
		return false;
	if (i == data->nr_gaps)
		*ret = (struct mrg_span){ MRG_TIME_MIN, merged(lane, data->first) };
	else if (i == data->nr_gaps + 1)
		*ret = (struct mrg_span){ merged(lane, data->last), MRG_TIME_MAX };
	else
		*ret = (struct mrg_span){ merged(lane, data->gaps[i].from),
					  merged(lane, data->gaps[i].to) };
	return true;
}

static int by_start(const void *a, const void *b)
{
	int64_t x = ((const struct mrg_span *)a)->start, y = ((const struct mrg_span *)b)->start;

	return x < y ? -1 : x > y;
}

static bool may_have_run(const struct thread *t, const struct mrg_data *data, unsigned int l)
{
	return t->seen[l] || data->lanes[l].partly;
}

/* What was lost on the lanes where the thread may have been, sorted and joined. */
static int thread_gaps(const struct thread *t, const struct mrg_data *data,
		       const struct mrg_lane *lanes, struct mrg_span **ret, size_t *ret_nr)
{
	struct mrg_span *gaps = NULL;
	size_t nr = 0, room = 0, kept = 0;
	struct mrg_span gap;

	for (unsigned int l = 0; l < data->nr_lanes; l++)
		for (size_t i = 0; may_have_run(t, data, l) &&
		     lane_gap(&data->lanes[l], &lanes[l], i, &gap); i++)
			if (!MRG_PUSH(gaps, nr, room, gap)) {
				free(gaps);
				return -ENOMEM;
			}
	if (nr)
		qsort(gaps, nr, sizeof(*gaps), by_start);
	for (size_t i = 0; i < nr; i++) {
		if (kept && gaps[kept - 1].end >= gaps[i].start) {
			if (gaps[kept - 1].end < gaps[i].end)
				gaps[kept - 1].end = gaps[i].end;
		} else {
			gaps[kept++] = gaps[i];
		}
	}
	*ret = gaps;
	*ret_nr = kept;
	return 0;
}

static int thread_spans(struct mrg_vcpu *ret, struct thread *t, const struct mrg_data *data,
			const struct mrg_lane *lanes)
{
	int64_t from = MRG_TIME_MIN, to = MRG_TIME_MAX;
	struct mrg_span *gaps;
	size_t nr;
	int rc;

	for (unsigned int l = 0; l < data->nr_lanes; l++) {
		if (!may_have_run(t, data, l))
			continue;
		if (merged(&lanes[l], data->lanes[l].first) > from)
			from = merged(&lanes[l], data->lanes[l].first);
		if (merged(&lanes[l], data->lanes[l].last) < to)
			to = merged(&lanes[l], data->lanes[l].last);
	}
	rc = thread_gaps(t, data, lanes, &gaps, &nr);
	if (rc < 0)
		return rc;
	rc = mrg_vcpu_build(ret, t->runs, t->nr, gaps, nr, from, to);
	free(gaps);
	return rc;
}

static int build(struct mrg_vcpus *vcpus, struct threads *threads, const struct mrg_data *data,
		 const struct mrg_lane *lanes)
{
	int rc = threads_count(threads, data);

	if (rc < 0)
		return rc;
	threads_fill(threads, data, lanes);
	vcpus->v = calloc(threads->nr + 1, sizeof(*vcpus->v));
	if (!vcpus->v)
		return -ENOMEM;
	for (size_t i = 0; i < threads->nr; i++) {
		rc = thread_sort(&threads->t[i], data->nr_lanes);
		if (rc < 0)
			return rc;
		vcpus->nr = i + 1;
		rc = thread_spans(&vcpus->v[i], &threads->t[i], data, lanes);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int mrg_vcpus_build(struct mrg_vcpus *ret, const struct mrg_data *data,
		    const struct mrg_lane *lanes)
{
	struct mrg_vcpus vcpus = { 0 };
	struct threads threads = { 0 };
	int rc = build(&vcpus, &threads, data, lanes);

	threads_finish(&threads);
	if (rc < 0) {
		mrg_vcpus_finish(&vcpus);
		return rc;
	}
	*ret = vcpus;
	return 0;
}

void mrg_vcpu_finish(struct mrg_vcpu *v)
{
	free(v->spans);
	free(v->unknown);
	v->spans = v->unknown = NULL;
}

void mrg_vcpus_finish(struct mrg_vcpus *vcpus)
{
	for (size_t i = 0; i < vcpus->nr; i++)
		mrg_vcpu_finish(&vcpus->v[i]);
	free(vcpus->v);
	*vcpus = (struct mrg_vcpus){ 0 };
}
