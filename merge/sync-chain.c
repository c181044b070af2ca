/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-chain.c - guests whose vCPUs' threads change in mid-trace
 *
 * A guest that migrates goes on in threads of another process, or on a host whose
 * trace is not here; a CPU that is plugged in again has another thread.  Then the
 * guest has events where its thread is silent for good.  Such a silence is taken
 * for ignorance, which leaves the rest of the trace as good as it was; and a
 * thread that begins later and into whose windows the events fit is the same vCPU.
 */
#include <errno.h>

#include "merge/check.h"
#include "merge/set-edit.h"
#include "merge/sync-member.h"

#define ROUNDS 8		/* changes of a vCPU's thread at most, and one more */
#define FEW 20			/* events that prove nothing */
#define NEAR_NS 20000000000ll	/* a guest's clock is seldom stepped farther */

struct chain {
	struct mrg_party *guest, *host;
};

/* ---- events beyond a thread's runs ---- */

static int64_t merged(const struct mrg_lane_clock *clock, uint64_t t)
{
	uint64_t out = mrg_lane_clock_map(clock, t);

	return out > (uint64_t)MRG_TIME_MAX ? MRG_TIME_MAX : (int64_t)out;
}

/* The lane's events before the first run of its vCPU. */
static struct mrg_times before(const struct mrg_party *guest, unsigned int l,
			       const struct mrg_vcpu *v)
{
	const struct mrg_lane_data *data = &guest->data->lanes[l];
	const struct mrg_lane_clock *clock = &guest->member->lanes[l].epochs[0].clock;
	size_t end = data->nr_set_backs ? data->set_back[0] : data->nr_times;
	struct mrg_times times = guest->times[l];

	for (times.nr = 0; times.nr < end; times.nr++)
		if (merged(clock, data->times[times.nr]) >= v->run_first)
			break;
	return times;
}

/* Those behind its last run. */
static struct mrg_times behind(const struct mrg_party *guest, unsigned int l,
			       const struct mrg_vcpu *v)
{
	const struct mrg_lane_data *data = &guest->data->lanes[l];
	const struct mrg_lane *lane = &guest->member->lanes[l];
	const struct mrg_lane_clock *clock = &lane->epochs[lane->nr_epochs - 1].clock;
	size_t from = data->nr_set_backs ? data->set_back[data->nr_set_backs - 1] : 0;
	struct mrg_times times = guest->times[l];
	size_t i = data->nr_times;

	while (i > from && merged(clock, data->times[i - 1]) > v->run_last)
		i--;
	times.t += i;
	times.nr = data->nr_times - i;
	return times;
}

/* ---- the thread that is the same vCPU ---- */

/* Whether the events fit into the windows of @v alone: 1, 0, or -ENOMEM. */
static int fits(const struct mrg_times *times, struct mrg_vcpu *v, int64_t offset)
{
	const struct mrg_vcpus one = { .v = v, .nr = 1 };
	const struct mrg_hint hint = { true, false, offset - NEAR_NS, offset + NEAR_NS, 0 };
	struct mrg_place places[MRG_MAX_PLACES];
	size_t nr = 0, any = MRG_NO_MATCH;
	int rc = mrg_find(places, &nr, times, 1, &one, &hint, &any, times->t[0],
			  times->t[times->nr - 1]);

	if (rc == -ENOMEM)
		return rc;
	for (size_t i = 0; rc == 0 && i < nr; i++)
		mrg_place_finish(&places[i]);
	return rc == 0;
}

/* Whether @w may be what @v was before, or became later. */
static bool candidate(const struct chain *c, size_t v, size_t w, bool later)
{
	const struct mrg_vcpu *a = &c->host->vcpus.v[v], *b = &c->host->vcpus.v[w];

	if (w == v || c->host->used[w] || a->vcpu != b->vcpu ||
	    (later ? b->run_first <= a->run_last : b->run_last >= a->run_first))
		return false;
	for (unsigned int l = 0; l < c->guest->data->nr_lanes; l++)
		if (c->guest->vcpu[l] == w)
			return false;
	return true;
}

/* Of those that fit the nearest: of a guest that moved twice both do. */
static int nearest(const struct chain *c, unsigned int l, const struct mrg_times *times,
		   bool later, size_t *ret)
{
	const struct mrg_vcpu *all = c->host->vcpus.v;
	size_t v = c->guest->vcpu[l];

	*ret = MRG_NO_MATCH;
	for (size_t w = 0; w < c->host->vcpus.nr && times->nr >= FEW; w++) {
		int rc;

		if (!candidate(c, v, w, later) || (*ret != MRG_NO_MATCH &&
		    (later ? all[w].run_first > all[*ret].run_first :
			     all[w].run_last < all[*ret].run_last)))
			continue;
		rc = fits(times, &c->host->vcpus.v[w], c->guest->member->offset_ns);
		if (rc < 0)
			return rc;
		if (rc)
			*ret = w;
	}
	return 0;
}

/* @later: the thread of vCPU @v went on as that of @w; else it was that one before. */
static int join(struct chain *c, size_t v, size_t w, bool later)
{
	struct mrg_vcpu *a = &c->host->vcpus.v[v], *b = &c->host->vcpus.v[w], swap;

	if (!later) {
		swap = *a;
		*a = *b;
		*b = swap;
	}
	c->host->used[w] = true;	/* no other guest's */
	return mrg_vcpu_join(a, b);
}

/* One more thread for each lane that needs it; *@ret_any: some was found. */
static int extend(struct chain *c, bool *ret_any)
{
	*ret_any = false;
	for (unsigned int l = 0; l < c->guest->data->nr_lanes; l++) {
		size_t v = c->guest->vcpu[l], w;
		bool later = true;
		struct mrg_times times;
		int rc;

		if (v == MRG_NO_MATCH || !c->guest->times[l].nr)
			continue;
		times = behind(c->guest, l, &c->host->vcpus.v[v]);
		rc = nearest(c, l, &times, later, &w);
		if (rc == 0 && w == MRG_NO_MATCH) {
			later = false;
			times = before(c->guest, l, &c->host->vcpus.v[v]);
			rc = nearest(c, l, &times, later, &w);
		}
		if (rc == 0 && w != MRG_NO_MATCH) {
			rc = join(c, v, w, later);
			*ret_any = true;
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- all of it ---- */

/* Whether the guest has events where the host's trace shows that the thread did not run. */
static void needed(const struct chain *c, size_t v, bool *ret_first, bool *ret_last)
{
	const struct mrg_vcpu *now = &c->host->vcpus.v[v];
	int64_t first = now->opened_first ? now->built_first : now->first;
	int64_t last = now->opened_last ? now->built_last : now->last;

	*ret_first = *ret_last = false;
	for (unsigned int l = 0; l < c->guest->data->nr_lanes; l++) {
		const struct mrg_lane *lane = &c->guest->member->lanes[l];
		const struct mrg_lane_clock *clock = &lane->epochs[0].clock;
		const uint64_t *times = c->guest->data->lanes[l].times;
		struct mrg_times some;

		if (c->guest->vcpu[l] != v || !c->guest->times[l].nr)
			continue;
		some = before(c->guest, l, now);
		*ret_first |= some.nr && merged(clock, times[some.nr - 1]) >= first;
		some = behind(c->guest, l, now);
		clock = &lane->epochs[lane->nr_epochs - 1].clock;
		*ret_last |= some.nr &&
			     merged(clock, times[c->guest->times[l].nr - some.nr]) <= last;
	}
}

static bool any_needed(const struct chain *c)
{
	for (size_t v = 0; v < c->host->vcpus.nr; v++) {
		bool first, last;

		needed(c, v, &first, &last);
		if (first || last)
			return true;
	}
	return false;
}

static void open_all(struct chain *c)
{
	for (size_t v = 0; v < c->host->vcpus.nr; v++)
		if (!c->host->used[v])
			mrg_vcpu_open(&c->host->vcpus.v[v]);
}

/* Those that are not open for a reason. */
static void close_rest(struct chain *c, bool all)
{
	for (size_t v = 0; v < c->host->vcpus.nr; v++) {
		bool first = false, last = false;

		if (c->host->used[v])
			continue;
		if (!all)
			needed(c, v, &first, &last);
		mrg_vcpu_close(&c->host->vcpus.v[v], !first, !last);
	}
}

int mrg_sync_chain(struct mrg_party *guest, struct mrg_party *host, const struct mrg_check *check)
{
	struct chain c = { .guest = guest, .host = host };
	struct mrg_check now;
	bool more = true;
	int rc;

	if (check && !any_needed(&c))
		return 0;
	open_all(&c);
	rc = mrg_windows_try(guest, host, &now);
	for (unsigned int i = 0; rc == 0 && more && i < ROUNDS; i++) {
		rc = extend(&c, &more);
		if (rc == 0 && more)
			rc = mrg_windows_try(guest, host, &now);
	}
	if (rc == 0 && (!check || now.violations < check->violations)) {
		close_rest(&c, false);
	} else if (rc != -ENOMEM) {
		close_rest(&c, true);
		rc = check ? mrg_windows_try(guest, host, &now) : -ESRCH;
	}
	return rc;
}
