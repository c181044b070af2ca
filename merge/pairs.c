/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pairs.c - sort both sides' calls alike, walk them side by side
 */
#include "merge/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING_NS 3

struct side {
	struct mrg_call *calls;
	size_t nr;
};

static int compare_key(const struct mrg_call *a, const struct mrg_call *b)
{
	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	for (unsigned int i = 0; i < 4; i++)
		if (a->args[i] != b->args[i])
			return a->args[i] < b->args[i] ? -1 : 1;
	return 0;
}

static int by_key(const void *x, const void *y)
{
	const struct mrg_call *a = x, *b = y;
	int key = compare_key(a, b);

	return key ? key : a->ts < b->ts ? -1 : a->ts > b->ts;
}

static int take(struct side *side, const struct mrg_data *data, enum mrg_call_kind kind)
{
	side->calls = malloc((data->nr_calls + 1) * sizeof(*side->calls));
	side->nr = 0;
	if (!side->calls)
		return -ENOMEM;
	for (size_t i = 0; i < data->nr_calls; i++)
		if (data->calls[i].kind == kind)
			side->calls[side->nr++] = data->calls[i];
	if (side->nr)
		qsort(side->calls, side->nr, sizeof(*side->calls), by_key);
	return 0;
}

static size_t alike(const struct side *side, size_t from)
{
	size_t n = from;

	while (n < side->nr && compare_key(&side->calls[n], &side->calls[from]) == 0)
		n++;
	return n - from;
}

/* As they were made, also where the clock was set back. */
static int by_lane(const void *x, const void *y)
{
	const struct mrg_call *a = x, *b = y;

	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->page != b->page)
		return a->page < b->page ? -1 : 1;
	return a->ts < b->ts ? -1 : a->ts > b->ts;
}

/* The guest's notes of begins and ends, CPU by CPU. */
static int take_notes(struct side *side, const struct mrg_data *data)
{
	side->calls = malloc((data->nr_calls + 1) * sizeof(*side->calls));
	if (!side->calls)
		return -ENOMEM;
	for (size_t i = 0; i < data->nr_calls; i++)
		if (data->calls[i].kind != MRG_CALL_HOST)
			side->calls[side->nr++] = data->calls[i];
	if (side->nr)
		qsort(side->calls, side->nr, sizeof(*side->calls), by_lane);
	return 0;
}

/* The end that follows a start on its CPU, unless something else comes first: then NULL. */
static const struct mrg_call *end_of(const struct side *notes, const struct mrg_call *start)
{
	size_t lo = 0, hi = notes->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_lane(&notes->calls[mid], start) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == notes->nr || notes->calls[lo].lane != start->lane ||
	    notes->calls[lo].kind != MRG_CALL_END || notes->calls[lo].nr != start->nr)
		return NULL;
	return &notes->calls[lo];
}

static struct mrg_pair pair_of(const struct mrg_call *start, const struct mrg_call *end,
			       const struct mrg_call *host)
{
	return (struct mrg_pair){
		.start = start->ts, .end = end ? end->ts : 0, .host = host->ts,
		.start_page = start->page, .end_page = end ? end->page : 0,
		.guest_lane = start->lane, .host_lane = host->lane,
	};
}

static bool was_set_back(const struct mrg_data *data, unsigned int lane)
{
	return lane < data->nr_lanes && data->lanes[lane].nr_set_backs;
}

/*
 * Calls as they were made; false where nobody knows: of several CPUs only times tell, and they
 * do not behind a clock that was set back.
 */
static bool put_in_order(struct mrg_call *calls, size_t nr, const struct mrg_data *data)
{
	bool one_lane = true, by_time = true;

	for (size_t i = 0; i < nr; i++) {
		one_lane &= calls[i].lane == calls[0].lane;
		by_time &= !was_set_back(data, calls[i].lane);
	}
	if (one_lane)
		qsort(calls, nr, sizeof(*calls), by_lane);
	return one_lane || by_time;
}

static size_t match(struct mrg_pair *pairs, const struct side *starts, const struct side *hosts,
		    const struct side *notes, const struct mrg_data *guest)
{
	size_t g = 0, h = 0, nr = 0;

	while (g < starts->nr && h < hosts->nr) {
		int order = compare_key(&starts->calls[g], &hosts->calls[h]);
		size_t ng = alike(starts, g), nh = alike(hosts, h);
		bool fit = order == 0 && ng == nh && put_in_order(&starts->calls[g], ng, guest);

		for (size_t i = 0; fit && i < ng; i++)
			pairs[nr++] = pair_of(&starts->calls[g + i],
					      end_of(notes, &starts->calls[g + i]),
					      &hosts->calls[h + i]);
		if (order <= 0)
			g += ng;
		if (order >= 0)
			h += nh;
	}
	return nr;
}

int mrg_pairs_find(struct mrg_pair **ret, size_t *ret_nr, const struct mrg_data *guest,
		   const struct mrg_data *host)
{
	struct side starts = { 0 }, hosts = { 0 }, notes = { 0 };
	struct mrg_pair *pairs = NULL;
	int rc = take(&starts, guest, MRG_CALL_START);

	if (rc == 0)
		rc = take(&hosts, host, MRG_CALL_HOST);
	if (rc == 0)
		rc = take_notes(&notes, guest);
	if (rc == 0)
		pairs = malloc((starts.nr + 1) * sizeof(*pairs));
	if (pairs) {
		*ret_nr = match(pairs, &starts, &hosts, &notes, guest);
		*ret = pairs;
	}
	free(starts.calls);
	free(hosts.calls);
	free(notes.calls);
	return pairs ? 0 : -ENOMEM;
}

/* In the sub-buffer in which the clock was set back nobody knows when something was. */
static bool is_known(const struct mrg_lane *lane, uint64_t page)
{
	for (size_t i = 1; i < lane->nr_epochs; i++)
		if (lane->epochs[i].first_page == page + 1)
			return false;
	return true;
}

static bool in_order(const struct mrg_pair *pair, const struct mrg_lane *guest, uint64_t at)
{
	const struct mrg_lane_clock *start = mrg_lane_clock_at(guest, pair->start_page);
	const struct mrg_lane_clock *end = mrg_lane_clock_at(guest, pair->end_page);

	return mrg_lane_clock_map(start, pair->start) <= at + ROUNDING_NS &&
	       (!pair->end || mrg_lane_clock_map(end, pair->end) + ROUNDING_NS >= at);
}

void mrg_pairs_check(struct mrg_check *check, const struct mrg_pair *pairs, size_t nr,
		     const struct mrg_lane *guest, const struct mrg_lane *host)
{
	for (size_t i = 0; i < nr; i++) {
		const struct mrg_pair *pair = &pairs[i];
		const struct mrg_lane *lane = &guest[pair->guest_lane];
		const struct mrg_lane_clock *h = &host[pair->host_lane].epochs[0].clock;

		if (!is_known(lane, pair->start_page) ||
		    (pair->end && !is_known(lane, pair->end_page)))
			continue;
		check->pairs++;
		check->pairs_wrong += !in_order(pair, lane, mrg_lane_clock_map(h, pair->host));
	}
}
