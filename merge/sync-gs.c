/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-gs.c - --sync gs: each hypercall that both sides recorded bounds the offset
 * by its round trip; the polygon of many gives the drift
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "merge/pairs.h"
#include "merge/sync-member.h"

#define USUAL_RATE 1e-3

struct bounds {
	int64_t start, end, host;	/* guest's own ns, merged ns */
};

static struct bounds bounds_of(const struct mrg_pair *pair, const struct mrg_party *guest,
			       const struct mrg_party *host)
{
	const struct mrg_lane *lane = &host->member->lanes[pair->host_lane];

	return (struct bounds){
		.start = (int64_t)mrg_segment_map(&guest->own, pair->start),
		.end = pair->end ? (int64_t)mrg_segment_map(&guest->own, pair->end) : 0,
		.host = (int64_t)mrg_lane_clock_map(&lane->epochs[0].clock, pair->host),
	};
}

/* The pair with the shortest round trip, or nr when none has both ends. */
static size_t tightest(const struct mrg_pair *pairs, size_t nr)
{
	size_t best = nr;

	for (size_t i = 0; i < nr; i++)
		if (pairs[i].end && (best == nr || pairs[i].end - pairs[i].start <
				     pairs[best].end - pairs[best].start))
			best = i;
	return best;
}

/* Clips by every pair; returns how many contradict the others. */
static size_t clip_all(struct mrg_poly *poly, const struct mrg_pair *pairs, size_t nr,
		       const struct mrg_party *guest, const struct mrg_party *host)
{
	size_t wrong = 0;

	for (size_t i = 0; i < nr; i++) {
		struct bounds b = bounds_of(&pairs[i], guest, host);
		bool ok = mrg_poly_clip(poly, b.start, b.host - b.start, true);

		if (ok && pairs[i].end)
			ok = mrg_poly_clip(poly, b.end, b.host - b.end, false);
		wrong += !ok;
	}
	return wrong;
}

static int fit(struct mrg_party *guest, struct mrg_party *host, const struct mrg_pair *pairs,
	       size_t nr, struct rt_err *err)
{
	size_t best = tightest(pairs, nr), wrong;
	struct mrg_lane_lines *lines;
	struct mrg_line line;
	struct mrg_poly poly;
	struct bounds b;
	int64_t from, to;
	int rc;

	if (best == nr)
		return rt_err_say(err, -ENODATA, "no hypercall of it, with begin and end, is in"
				  " the trace of %s", host->member->label);
	b = bounds_of(&pairs[best], guest, host);
	mrg_poly_box(&poly, b.start, b.host - b.end, b.host - b.start, -USUAL_RATE,
		     USUAL_RATE);
	wrong = clip_all(&poly, pairs, nr, guest, host);
	if (wrong > nr / 2)
		return rt_err_say(err, -ESRCH, "its hypercalls contradict each other: another"
				  " guest's, or its clock was stepped");
	lines = calloc(guest->data->nr_lanes + 1, sizeof(*lines));
	if (!lines)
		return rt_err_set(err, -ENOMEM, "cannot find its clock");
	mrg_party_cover(guest, &from, &to);
	mrg_poly_line(&poly, from, to, &line);
	for (unsigned int l = 0; l < guest->data->nr_lanes; l++)
		lines[l] = (struct mrg_lane_lines){ .lines = &line, .nr = 1, .vcpu = MRG_NO_MATCH };
	rc = mrg_party_set_lines(guest, lines, 1);
	free(lines);
	return rc < 0 ? rt_err_set(err, rc, "cannot find its clock") : 0;
}

int mrg_sync_gs(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	struct mrg_pair *pairs;
	size_t nr;
	int rc = mrg_pairs_find(&pairs, &nr, guest->data, host->data);

	if (rc < 0)
		return rt_err_set(err, rc, "cannot find its hypercalls");
	rc = fit(guest, host, pairs, nr, err);
	free(pairs);
	return rc;
}
