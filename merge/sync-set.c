/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-set.c - read every member, choose the reference, try the methods in order,
 * hold the result against the law
 */
#include "merge/sync-set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "merge/check.h"
#include "merge/pairs.h"
#include "merge/set-edit.h"
#include "merge/sync-cycles.h"
#include "merge/sync-member.h"
#include "merge/sync-sample.h"

/* The best first: what --sync auto tries. */
static const struct method {
	enum mrg_method method;
	mrg_method_fn find;
	bool any_host;		/* needs no windows: the reference will do */
	bool needs_all;		/* slices would say too little */
} methods[] = {
	{ MRG_SAME, mrg_sync_same, true, false },
	{ MRG_TSC, mrg_sync_tsc, false, false },
	{ MRG_WINDOWS, mrg_sync_windows, false, false },
	{ MRG_GS, mrg_sync_gs, false, true },
	{ MRG_TOD, mrg_sync_tod, true, true },
};

/* One event in so many that breaks the law is too many for a method that claims to be exact. */
#define UNLAWFUL 1000

#define NR_METHODS (sizeof(methods) / sizeof(*methods))

struct sync {
	struct mrg_set *set;
	struct mrg_party *parties;	/* a member each */
	size_t reference;
	struct mrg_sync_how how;
	bool sampled;			/* in slices */
	struct rt_buf *notes;
};

struct off {			/* a time of day */
	bool known;
	int64_t by;		/* where the member begins */
	uint64_t error;		/* how exactly that is known */
	uint64_t most;		/* farthest in the whole trace */
};

/* ---- what a member has ---- */

static int party_convert(struct mrg_party *p)
{
	for (unsigned int l = 0; l < p->data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &p->data->lanes[l];
		int64_t *own = malloc((lane->nr_times + 1) * sizeof(*own));

		if (!own)
			return -ENOMEM;
		for (size_t i = 0; i < lane->nr_times; i++)
			own[i] = (int64_t)mrg_segment_map(&p->own, lane->times[i]);
		p->converted[l] = own;
		p->times[l].t = own;
	}
	return 0;
}

static int party_times(struct mrg_party *p)
{
	unsigned int nr = p->data->nr_lanes;

	p->times = calloc(nr + 1, sizeof(*p->times));
	p->converted = calloc(nr + 1, sizeof(*p->converted));
	p->vcpu = calloc(nr + 1, sizeof(*p->vcpu));
	if (!p->times || !p->converted || !p->vcpu)
		return -ENOMEM;
	for (unsigned int l = 0; l < nr; l++) {
		p->vcpu[l] = MRG_NO_MATCH;
		p->times[l] = (struct mrg_times){
			.t = (const int64_t *)p->data->lanes[l].times,
			.nr = p->data->lanes[l].nr_times, .cpu = p->data->lanes[l].cpu,
		};
	}
	if (p->own.mult == MRG_RATE_ONE && p->own.in0 == p->own.out0)
		return 0;
	return party_convert(p);
}

/*
 * Cycles without a known frequency are those of the reference, if it counts cycles as
 * well: both sides' differ by an offset.  Else timers tell.
 */
static void own_clock(const struct sync *sync, struct mrg_party *p)
{
	const struct mrg_party *ref = &sync->parties[sync->reference];
	const struct xt_timebase *time = &xt_trace_info(p->member->trace)->time;
	const struct xt_timebase *other = &xt_trace_info(ref->member->trace)->time;

	mrg_segment_own(&p->own, time);
	p->usable = mrg_counts_ns(time);
	if (p->usable || strcmp(time->clock, "x86-tsc"))
		return;
	p->cycles = p != ref && !strcmp(time->clock, other->clock);
	if (p->cycles) {
		p->own = ref->own;
		p->own.in0 = p->own.out0 = 0;
		p->usable = true;
		return;
	}
	p->cycles = p->usable = mrg_cycles_own(&p->own, p->member->trace);
	/* a guest's cycles are as long as its host's, so its timers will do */
	for (size_t i = 0; p == ref && !p->usable && i < sync->set->nr; i++) {
		const struct xt_trace *trace = sync->set->members[i].trace;

		if (trace == p->member->trace ||
		    strcmp(xt_trace_info(trace)->time.clock, time->clock))
			continue;
		p->cycles = p->usable = mrg_cycles_own(&p->own, trace);
		p->own.in0 = p->own.out0 = 0;
	}
}

static int party_read(struct sync *sync, size_t i, struct rt_err *err)
{
	struct mrg_party *p = &sync->parties[i];
	int rc;

	own_clock(sync, p);
	rc = mrg_extract(&p->data, p->member->trace, i != sync->reference,
			 sync->how.watch, err);
	if (rc < 0)
		return rc;
	p->host = p->data->nr_runs > 0;
	rc = party_times(p);
	return rc < 0 ? rt_err_set(err, rc, "%s", p->member->path) : 0;
}

static void party_finish(struct mrg_party *p)
{
	for (unsigned int l = 0; p->data && p->converted && l < p->data->nr_lanes; l++)
		free(p->converted[l]);
	free(p->converted);
	free(p->times);
	free(p->vcpu);
	free(p->used);
	mrg_seed_destroy(p->seed);
	mrg_vcpus_finish(&p->vcpus);
	mrg_data_destroy(p->data);
	*p = (struct mrg_party){ 0 };
}

/* Its lanes have their clocks: as a host it can place others now. */
static int party_place(struct mrg_party *p)
{
	p->placed = true;
	if (!p->host)
		return 0;
	if (mrg_vcpus_build(&p->vcpus, p->data, p->member->lanes) < 0)
		return -ENOMEM;
	p->used = calloc(p->vcpus.nr + 1, sizeof(*p->used));
	return p->used ? 0 : -ENOMEM;
}

static size_t choose_reference(const struct mrg_set *set)
{
	for (size_t i = 0; i < set->nr; i++)
		if (mrg_is_host(set->members[i].trace))
			return i;
	return 0;
}

/* A trace may name the events of a host and have none of them: a guest that has kvm, too. */
static bool choose_again(struct sync *sync)
{
	size_t i = 0;

	if (sync->parties[sync->reference].host)
		return false;
	while (i < sync->set->nr && !sync->parties[i].host)
		i++;
	if (i == sync->set->nr)
		return false;
	sync->reference = i;
	return true;
}

/*
 * All of one kernel and one clock, or one alone: no event tells more about that, so the
 * size of the traces does not matter.
 */
static bool nothing_to_compare(const struct sync *sync)
{
	const struct xt_trace *ref = sync->set->members[sync->reference].trace;

	if (sync->how.method != MRG_NR_METHODS && sync->how.method != MRG_SAME && sync->set->nr > 1)
		return false;
	for (size_t i = 0; i < sync->set->nr; i++)
		if (i != sync->reference && !mrg_same_clock(sync->set->members[i].trace, ref))
			return false;
	return true;
}

static int outline_all(struct sync *sync)
{
	for (size_t i = 0; i < sync->set->nr; i++)
		sync->parties[i].member = &sync->set->members[i];
	for (size_t i = 0; i < sync->set->nr; i++) {
		struct mrg_party *p = &sync->parties[i];
		int rc;

		own_clock(sync, p);
		rc = mrg_outline(&p->data, p->member->trace);
		if (rc == 0)
			rc = party_times(p);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_all(struct sync *sync, struct rt_err *err)
{
	bool again = false;
	int rc;

	do {
		rc = 0;
		for (size_t i = 0; again && i < sync->set->nr; i++)
			party_finish(&sync->parties[i]);
		for (size_t i = 0; i < sync->set->nr; i++)
			sync->parties[i].member = &sync->set->members[i];
		rc = party_read(sync, sync->reference, err);	/* others may count as it does */
		for (size_t i = 0; rc == 0 && i < sync->set->nr; i++)
			if (i != sync->reference)
				rc = party_read(sync, i, err);
		again = rc == 0 && choose_again(sync);
	} while (again);
	for (size_t i = 0; rc == 0 && i < sync->set->nr; i++)
		if (sync->parties[i].data->nr_damaged)
			rt_buf_printf(sync->notes, "%s: %zu damaged blocks were passed over\n",
				      sync->parties[i].member->label,
				      sync->parties[i].data->nr_damaged);
	return rc;
}

static int place_reference(struct sync *sync)
{
	struct mrg_party *p = &sync->parties[sync->reference];

	if (p->cycles && mrg_party_set_offset(p, 0) < 0)
		return -ENOMEM;
	p->member->method = MRG_REFERENCE;
	p->member->error_ns = p->member->bound_ns = 0;
	return party_place(p);
}

/* ---- a member's clock ---- */

/* Whether a member's clock counts time that can be compared at all. */
static int clock_usable(const struct sync *sync, const struct mrg_party *p, struct rt_err *err)
{
	const struct xt_timebase *time = &xt_trace_info(p->member->trace)->time;

	if (p->usable)
		return 0;
	if (p == &sync->parties[sync->reference] && !strcmp(time->clock, "x86-tsc")) {
		rt_buf_printf(sync->notes, "%s: nothing says how long its cycles are: what stands"
			      " as ns are cycles\n", p->member->label);
		return 0;
	}
	return rt_err_say(err, -EINVAL,
			  "%s: its clock \"%s\" does not count time and cannot be compared"
			  " (record with tod, mono, boot or tsc)", p->member->path, time->clock);
}

static void forget_map(struct mrg_party *p)
{
	for (unsigned int l = 0; l < p->data->nr_lanes; l++)
		p->vcpu[l] = MRG_NO_MATCH;
}

static int try_method(struct sync *sync, struct mrg_party *p, const struct method *m,
		      struct rt_buf *why, struct rt_err *err)
{
	for (size_t i = 0; i < sync->set->nr; i++) {
		struct mrg_party *host = &sync->parties[i];
		struct rt_err reason = { 0 };
		int rc;

		if (host == p || !host->placed ||
		    (m->any_host ? i != sync->reference : !host->host))
			continue;
		forget_map(p);
		rc = mrg_party_find(sync->parties, sync->set->nr, p, host, m->find, &reason);
		if (rc == 0) {
			p->member->method = m->method;
			p->member->host = m->any_host ? -1 : (int)i;
			return 0;
		}
		if (rc != -ENODATA && rc != -ESRCH)
			return rt_err_wrap(err, rc, "%s", p->member->path);
		p->stranger |= m->method == MRG_WINDOWS && rc == -ESRCH;
		rt_buf_printf(why, "%s%s: %s", why->len ? "; " : "", mrg_method_name(m->method),
			      reason.text);
	}
	return -ESRCH;
}

static int map_lanes(struct mrg_party *p, const struct mrg_party *host)
{
	for (unsigned int l = 0; l < p->data->nr_lanes; l++)
		if (p->vcpu[l] != MRG_NO_MATCH)
			return 0;
	mrg_check_map(p->vcpu, p->data, p->member->lanes, &host->vcpus);
	return 0;
}

/* A member placed by its time of day: the host it ran on, if any is here. */
static struct mrg_party *host_of(struct sync *sync, const struct mrg_party *p)
{
	if (p->member->host >= 0)
		return &sync->parties[p->member->host];
	if (p->stranger)
		return NULL;
	for (size_t i = 0; i < sync->set->nr; i++)
		if (&sync->parties[i] != p && sync->parties[i].vcpus.nr && !p->host)
			return &sync->parties[i];
	return NULL;
}

static void count(struct mrg_check *check, const struct mrg_party *p,
		  const struct mrg_party *host)
{
	for (unsigned int l = 0; l < p->data->nr_lanes; l++)
		if (p->vcpu[l] != MRG_NO_MATCH)
			mrg_check_lane(check, &p->data->lanes[l], &p->member->lanes[l],
				       &host->vcpus.v[p->vcpu[l]]);
}

/* What the member's clock, as it is now, breaks: nothing, where nothing can be checked. */
static bool lawful(struct sync *sync, struct mrg_party *p)
{
	struct mrg_party *host = host_of(sync, p);
	struct mrg_check check = { 0 };

	if (!host || map_lanes(p, host) < 0)
		return true;
	count(&check, p, host);
	return check.violations <= check.checked / UNLAWFUL;
}

/*
 * The methods that may be used, the best first.  What the law contradicts (a counter
 * that went on with another offset on another host) is taken only when nothing else can be.
 */
static int try_methods(struct sync *sync, struct mrg_party *p, struct rt_buf *why,
		       struct rt_err *err)
{
	const struct method *doubtful = NULL;
	int rc = -ESRCH;

	for (size_t i = 0; rc == -ESRCH && i < NR_METHODS; i++) {
		const struct method *m = &methods[i];

		if (sync->how.method != MRG_NR_METHODS && sync->how.method != m->method)
			continue;
		if ((doubtful && m->any_host) || (sync->sampled && m->needs_all))
			break;
		rc = try_method(sync, p, m, why, err);
		if (rc < 0 || m->any_host || sync->how.method != MRG_NR_METHODS || lawful(sync, p))
			continue;
		doubtful = doubtful ? doubtful : m;
		rc = -ESRCH;
	}
	return rc == -ESRCH && doubtful ? try_method(sync, p, doubtful, why, err) : rc;
}

static int place_member(struct sync *sync, struct mrg_party *p, struct rt_err *err)
{
	struct rt_buf why = { 0 };
	int rc = try_methods(sync, p, &why, err);

	if (rc == -ESRCH) {
		const char *text = rt_buf_str(&why);

		rc = rt_err_say(err, -ESRCH, "%s: its clock cannot be compared with that of %s"
				" (%s)", p->member->path,
				sync->parties[sync->reference].member->label,
				text && *text ? text : "no member recorded kvm_entry and kvm_exit");
	}
	rt_buf_finish(&why);
	if (rc == 0 && p->stranger && p->member->method == MRG_TOD)
		rt_buf_printf(sync->notes, "%s: its events %s: merged as another machine, by the"
			      " time of day\n", p->member->label, p->too_few ?
			      "are too few to tell where they fit into a vCPU's windows" :
			      "fit into no vCPU's windows");
	return rc < 0 ? rc : party_place(p);
}

/* ---- the law, counted ---- */

static void check_pairs(struct mrg_party *p, const struct mrg_party *host)
{
	struct mrg_pair *pairs;
	size_t nr;

	if (mrg_pairs_find(&pairs, &nr, p->data, host->data) < 0)
		return;
	mrg_pairs_check(&p->member->check, pairs, nr, p->member->lanes, host->member->lanes);
	free(pairs);
}

static void check_member(struct sync *sync, struct mrg_party *p, struct mrg_party *host)
{
	struct mrg_member *m = p->member;

	if (!host || map_lanes(p, host) < 0)
		return;
	check_pairs(p, host);
	m->host = (int)(host->member - sync->set->members);
	for (unsigned int l = 0; l < p->data->nr_lanes; l++) {
		if (p->vcpu[l] == MRG_NO_MATCH)
			continue;
		host->used[p->vcpu[l]] = true;
		m->lanes[l].vcpu_tid = host->vcpus.v[p->vcpu[l]].tid;
	}
	count(&m->check, p, host);
}

/* ---- the time of day against the windows ---- */

/* How far the member's lanes, as the windows have them, are from its time of day at most. */
static uint64_t farthest(const struct mrg_party *p, int64_t offset)
{
	uint64_t most = 0;

	for (unsigned int l = 0; l < p->data->nr_lanes; l++) {
		const struct mrg_lane_data *data = &p->data->lanes[l];
		const struct mrg_lane *lane = &p->member->lanes[l];
		size_t run = 0;

		for (size_t i = 0; p->vcpu[l] != MRG_NO_MATCH && i < data->nr_times; i++) {
			const struct mrg_lane_clock *clock;
			int64_t by;

			while (run < data->nr_set_backs && i >= data->set_back[run])
				run++;
			clock = mrg_lane_clock_at(lane, run ? data->set_back_page[run - 1] : 0);
			by = (int64_t)(mrg_lane_clock_map(clock, data->times[i]) -
				       mrg_segment_map(&p->own, data->times[i])) - offset;
			most = (uint64_t)llabs(by) > most ? (uint64_t)llabs(by) : most;
		}
	}
	return most;
}

/*
 * A guest placed by its time of day: the windows say how far that is from the truth,
 * and which thread is which CPU, whether the law is broken or not.
 */
static struct mrg_party *weigh_tod(struct sync *sync, struct mrg_party *p, struct off *ret)
{
	struct mrg_member *m = p->member;
	int64_t offset = m->offset_ns;
	struct mrg_party *host = NULL;

	for (size_t i = 0; !host && i < sync->set->nr; i++) {
		struct rt_err err = { 0 };

		if (&sync->parties[i] == p || !sync->parties[i].vcpus.nr)
			continue;
		forget_map(p);
		if (mrg_party_find(sync->parties, sync->set->nr, p, &sync->parties[i],
				   mrg_sync_windows, &err) == 0)
			host = &sync->parties[i];
	}
	if (!host)
		forget_map(p);
	*ret = (struct off){
		.known = host, .by = offset - m->offset_ns, .error = m->bound_ns,
		.most = host ? farthest(p, offset) : 0,
	};
	mrg_party_set_offset(p, offset);	/* asked for is the time of day */
	if (host)
		m->error_ns = m->bound_ns = ret->most + ret->error;
	return host;
}

/* ---- what the user should know ---- */

static void note_overlap(struct sync *sync, const struct mrg_party *p)
{
	const struct mrg_party *ref = &sync->parties[sync->reference];
	uint64_t first = UINT64_MAX, last = 0, ref_first = UINT64_MAX, ref_last = 0;

	for (unsigned int l = 0; l < p->data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &p->data->lanes[l];
		const struct mrg_lane *clocks = &p->member->lanes[l];
		uint64_t begin = mrg_lane_clock_map(&clocks->epochs[0].clock, lane->first);
		uint64_t end = mrg_lane_clock_map(&clocks->epochs[clocks->nr_epochs - 1].clock,
						  lane->last);

		if (!lane->nr_events)
			continue;
		first = begin < first ? begin : first;
		last = end > last ? end : last;
	}
	for (unsigned int l = 0; l < ref->data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &ref->data->lanes[l];

		if (lane->nr_events && mrg_segment_map(&ref->own, lane->first) < ref_first)
			ref_first = mrg_segment_map(&ref->own, lane->first);
		if (lane->nr_events && mrg_segment_map(&ref->own, lane->last) > ref_last)
			ref_last = mrg_segment_map(&ref->own, lane->last);
	}
	if (first > last || ref_first > ref_last)
		rt_buf_printf(sync->notes, "%s: has no events\n", p->member->label);
	else if (first > ref_last || last < ref_first)
		rt_buf_printf(sync->notes, "%s: does not overlap in time with %s\n",
			      p->member->label, ref->member->label);
}

static void note_law(struct sync *sync, struct mrg_party *p, const struct off *off)
{
	struct mrg_check *check = &p->member->check;
	const struct mrg_member *m = p->member;
	uint64_t by = off->by < 0 ? -(uint64_t)off->by : (uint64_t)off->by;

	/* so far off that the host's trace is not there: it is known where they belong */
	if (m->method == MRG_TOD && off->known && by > off->error) {
		check->checked += check->unknown;
		check->violations += check->unknown;
		check->worst_ns = check->unknown && by > check->worst_ns ? by : check->worst_ns;
		check->unknown = 0;
	}
	if (m->method != MRG_TOD || !m->check.violations)
		return;
	rt_buf_printf(sync->notes, "%s: ", m->label);
	if (off->known)
		rt_buf_printf(sync->notes, "its time of day is off by %s%" PRIu64 ".%06" PRIu64
			      " ms +- %" PRIu64 ".%03" PRIu64 " us: ", off->by < 0 ? "-" : "",
			      by / 1000000, by % 1000000, off->error / 1000, off->error % 1000);
	rt_buf_printf(sync->notes, "%" PRIu64 " of its events lie outside of the windows of its"
		      " vCPUs%s\n", m->check.violations, off->known ?
		      "; --sync windows puts them right" : p->too_few ?
		      ", and its events are too few to tell which offset puts them inside" :
		      ", and no other offset puts them inside: not a guest of this host");
}

static void note_thread(struct rt_buf *notes, const struct mrg_party *p, unsigned int l,
			const struct mrg_party *host)
{
	const struct mrg_vcpu *v = p->vcpu[l] == MRG_NO_MATCH ? NULL :
				   &host->vcpus.v[p->vcpu[l]];
	const struct mrg_lane_data *data = &p->data->lanes[l];
	const char *label = p->member->label;

	if (!v && data->nr_times)
		rt_buf_printf(notes, "%s: no thread of %s is known to be CPU %u: its %zu events are"
			      " not checked\n", label, host->member->label, data->cpu,
			      data->nr_times);
	if (!v)
		return;
	if (v->next_tid)
		rt_buf_printf(notes, "%s: CPU %u went from thread %d of %s to thread %d: it"
			      " migrated, or was plugged in again\n", label, data->cpu, v->tid,
			      host->member->label, v->next_tid);
	if (v->opened_first)
		rt_buf_printf(notes, "%s: CPU %u was in no thread of %s at first: what it did then"
			      " is not checked, and its clock is taken to have run as later\n",
			      label, data->cpu, host->member->label);
	if (v->opened_last)
		rt_buf_printf(notes, "%s: CPU %u left thread %d of %s: what it did then is not"
			      " checked, and its clock is taken to have run on as before\n", label,
			      data->cpu, v->next_tid ? v->next_tid : v->tid, host->member->label);
}

/* Which thread is a CPU may change, or be unknown: there nothing is proven. */
static void note_threads(struct sync *sync, const struct mrg_party *p)
{
	const struct mrg_party *host = p->member->host >= 0 ? &sync->parties[p->member->host]
							    : NULL;

	if (p->member->method == MRG_WINDOWS && p->member->check.violations)
		rt_buf_printf(sync->notes, "%s: where %" PRIu64 " of its events are outside, its"
			      " clock changed faster than can be followed: no bound holds there\n",
			      p->member->label, p->member->check.violations);
	for (unsigned int l = 0; host && l < p->data->nr_lanes; l++)
		note_thread(sync->notes, p, l, host);
}

/* ---- all of it ---- */

/* Hosts first: a guest may be a host itself, and its guests are placed by it. */
static int place_members(struct sync *sync, bool hosts, struct rt_err *err)
{
	for (size_t i = 0; i < sync->set->nr; i++) {
		struct mrg_party *p = &sync->parties[i], *host = NULL;
		struct off off = { 0 };
		int rc;

		if (i == sync->reference || p->host != hosts)
			continue;
		mrg_party_lend(sync->parties, sync->set->nr, p, true);
		rc = place_member(sync, p, err);
		if (rc < 0)
			return rc;
		if (p->member->method == MRG_TOD && !p->stranger)
			host = weigh_tod(sync, p, &off);
		check_member(sync, p, host ? host : host_of(sync, p));
		mrg_party_lend(sync->parties, sync->set->nr, p, false);
		note_law(sync, p, &off);
		note_threads(sync, p);
		note_overlap(sync, p);
	}
	return 0;
}

/* What the methods need of the members, and no more. */
static int learn(struct sync *sync, struct rt_err *err)
{
	int rc = nothing_to_compare(sync) ? outline_all(sync) : -ENODATA;

	if (rc != -ENODATA)
		return rc < 0 ? rt_err_set(err, rc, "cannot synchronise") : 0;
	for (size_t i = 0; i < sync->set->nr; i++)
		party_finish(&sync->parties[i]);
	return read_all(sync, err);
}

static int place_all(struct sync *sync, struct rt_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sync->set->nr && sync->set->nr > 1; i++)
		rc = clock_usable(sync, &sync->parties[i], err);
	if (rc == 0 && place_reference(sync) < 0)
		rc = rt_err_set(err, -ENOMEM, "cannot synchronise");
	if (rc == 0)
		rc = place_members(sync, true, err);
	if (rc == 0)
		rc = place_members(sync, false, err);
	return rc;
}

/* ---- in slices ---- */

static bool may_sample(const struct sync *sync)
{
	enum mrg_method m = sync->how.method;

	return sync->how.slices != MRG_SLICES_ALL && sync->set->nr > 1 &&
	       (m == MRG_NR_METHODS || m == MRG_TSC || m == MRG_WINDOWS) &&
	       mrg_is_host(sync->set->members[sync->reference].trace);
}

/* A guest may name the events of a host, too; who knows its vCPUs is one. */
static size_t surest_reference(const struct sync *sync)
{
	for (size_t i = 0; i < sync->set->nr; i++) {
		const struct xt_trace *trace = sync->set->members[i].trace;

		if (mrg_is_host(trace) && xt_trace_info(trace)->nr_vcpus)
			return i;
	}
	return sync->reference;
}

/* -ENODATA: nothing that could be placed. */
static int read_slices(struct sync *sync, struct rt_err *err)
{
	int rc;

	for (size_t i = 0; i < sync->set->nr; i++)
		sync->parties[i].member = &sync->set->members[i];
	for (size_t i = 0; i < sync->set->nr; i++) {
		struct mrg_party *p = &sync->parties[i];

		if (!mrg_counts_ns(&xt_trace_info(p->member->trace)->time))
			return -ENODATA;
		own_clock(sync, p);
	}
	rc = mrg_sample_read(sync->parties, sync->set->nr, sync->reference, sync->how.slices, err);
	for (size_t i = 0; rc == 0 && i < sync->set->nr; i++)
		rc = party_times(&sync->parties[i]);
	sync->parties[sync->reference].host = rc == 0;
	return rc;
}

static bool unfit(struct sync *sync)
{
	for (size_t i = 0; i < sync->set->nr; i++)
		if (!mrg_sample_stands(&sync->parties[i], &sync->parties[sync->reference]))
			return true;
	return false;
}

static void tell_slices(struct sync *sync)
{
	for (size_t i = 0; i < sync->set->nr; i++) {
		const struct mrg_seed *seed = sync->parties[i].seed;
		struct mrg_check *check = &sync->parties[i].member->check;

		if (!seed)
			continue;
		check->slices = (unsigned int)seed->nr_slices;
		check->slices_ppm = seed->nr_ns >= seed->of_ns ? 1000000 :
			(unsigned int)((double)seed->nr_ns * 1e6 / (double)seed->of_ns);
	}
}

static int place_sampled(struct sync *sync, struct rt_err *err)
{
	struct rt_buf *all = sync->notes, notes = { 0 };
	int rc;

	sync->sampled = true;
	sync->notes = &notes;
	rc = place_all(sync, err);
	sync->notes = all;
	sync->sampled = false;
	if (rc != 0 && rc != -ENOMEM)
		rc = -ESRCH;
	if (rc == 0 && unfit(sync))
		rc = -ESRCH;
	if (rc == 0) {
		tell_slices(sync);
		rt_buf_add(all, notes.data, notes.len);
	}
	rt_buf_finish(&notes);
	return rc;
}

/* 0: all members have their clocks; -ENODATA: all of their events are to tell. */
static int sync_sampled(struct sync *sync, struct rt_err *err)
{
	size_t first = sync->reference;
	int rc = -ENODATA;

	if (may_sample(sync) && !nothing_to_compare(sync)) {
		sync->reference = surest_reference(sync);
		rc = read_slices(sync, err);
	}
	if (rc == 0)
		rc = place_sampled(sync, err);
	if (rc == 0)
		return 0;
	sync->reference = first;
	if (rc != -ESRCH)
		return rc;
	rt_buf_puts(sync->notes, "slices of the traces do not tell enough, or show a clock that"
		    " does not run evenly: all events were read\n");
	return -ENODATA;
}

static int sync_all(struct sync *sync, struct rt_err *err)
{
	struct rt_err unsaid = { 0 };
	int rc = mrg_set_forget(sync->set);

	if (rc == 0)
		rc = sync_sampled(sync, &unsaid);
	if (rc != -ENODATA)
		return rc < 0 ? rt_err_set(err, rc, "cannot synchronise") : 0;
	for (size_t i = 0; i < sync->set->nr; i++)
		party_finish(&sync->parties[i]);
	rc = mrg_set_forget(sync->set);
	rc = rc < 0 ? rt_err_set(err, rc, "cannot synchronise") : learn(sync, err);
	return rc == 0 ? place_all(sync, err) : rc;
}

int mrg_sync_set(struct mrg_set *set, const struct mrg_sync_how *how, struct rt_buf *notes,
		 struct rt_err *err)
{
	struct sync sync = {
		.set = set, .how = *how, .notes = notes,
		.reference = choose_reference(set),
		.parties = calloc(set->nr, sizeof(*sync.parties)),
	};
	int rc = sync.parties ? sync_all(&sync, err)
			      : rt_err_set(err, -ENOMEM, "cannot synchronise");

	for (size_t i = 0; sync.parties && i < set->nr; i++)
		party_finish(&sync.parties[i]);
	free(sync.parties);
	if (rc < 0)
		return rc;
	mrg_set_times(set);
	set->utc_known = mrg_utc_offset(xt_trace_info(set->members[sync.reference].trace),
					&set->utc_offset_ns);
	return 0;
}
