/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream-merge.c - the next window of the ordered stream out of all lanes
 *
 * A loser tree over the lanes' next records, kept from window to window.  It
 * stops in mid-window where a lane's chunks are not loaded yet, and goes on from
 * there when they are.
 */
#include "merge/stream-internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

static inline bool before(const struct mrg_key *a, const struct mrg_key *b)
{
	return a->time < b->time || (a->time == b->time && a->rank < b->rank);
}

int mrg_merge_start(struct mrg_stream *stream, struct rt_err *err)
{
	unsigned int i, nr = 1;

	while (nr < stream->nr_lanes)
		nr *= 2;
	stream->nr_leaves = nr;
	stream->keys = calloc(nr, sizeof(*stream->keys));
	stream->tree = calloc(nr, sizeof(*stream->tree));
	stream->carried = calloc(MRG_MAX_CARRY, sizeof(*stream->carried));
	stream->carried_pages = calloc(MRG_MAX_CARRY, sizeof(struct xt_pages *));
	if (!stream->keys || !stream->tree || !stream->carried || !stream->carried_pages)
		return rt_err_set(err, -ENOMEM, "cannot merge %u lanes", stream->nr_lanes);
	for (i = 0; i < nr; i++) {
		stream->keys[i].time = UINT64_MAX;
		stream->keys[i].rank = MRG_RANK_ENDED;
	}
	stream->window_size = MRG_FIRST_ITEMS;
	return 0;
}

void mrg_merge_finish(struct mrg_stream *stream)
{
	while (stream->carried_pages && stream->nr_carried_pages > 0)
		xt_pages_put(stream->carried_pages[--stream->nr_carried_pages]);
	free(stream->carried);
	free(stream->carried_pages);
	free(stream->keys);
	free(stream->tree);
	stream->carried = NULL;
	stream->carried_pages = NULL;
	stream->keys = NULL;
	stream->tree = NULL;
}

/* Return: false when the lane must be loaded first; else its key is up to date. */
static bool next_head(struct mrg_stream *stream, unsigned int i)
{
	struct mrg_lane_state *lane = &stream->lanes[i];
	struct mrg_key *key = &stream->keys[i];

	switch (mrg_lane_advance(stream, lane)) {
	case MRG_NEXT_ITEM:
		key->time = lane->head.time;
		key->rank = i;
		stream->stalled = NULL;
		return true;
	case MRG_NEXT_END:
		key->time = UINT64_MAX;
		key->rank = MRG_RANK_ENDED;
		stream->stalled = NULL;
		return true;
	case MRG_NEXT_LOAD:
		break;
	}
	stream->stalled = lane;
	return false;
}

/* Plays the matches on the way from leaf @winner to the top again. */
static inline void replay(struct mrg_stream *stream, unsigned int winner)
{
	unsigned int node, loser;

	for (node = (winner + stream->nr_leaves) / 2; node > 0; node /= 2) {
		loser = stream->tree[node];
		if (before(&stream->keys[loser], &stream->keys[winner])) {
			stream->tree[node] = winner;
			winner = loser;
		}
	}
	stream->tree[0] = winner;
}

/* Return: the winner below @node, with all losers noted. */
static unsigned int play(struct mrg_stream *stream, unsigned int node)
{
	unsigned int a, b;

	if (node >= stream->nr_leaves)
		return node - stream->nr_leaves;
	a = play(stream, 2 * node);
	b = play(stream, 2 * node + 1);
	if (before(&stream->keys[b], &stream->keys[a])) {
		stream->tree[node] = a;
		return b;
	}
	stream->tree[node] = b;
	return a;
}

/* Return: false while a lane's first record is not there yet. */
static bool prime(struct mrg_stream *stream)
{
	while (stream->next_prime < stream->nr_lanes) {
		if (!next_head(stream, stream->next_prime))
			return false;
		stream->next_prime++;
	}
	stream->tree[0] = play(stream, 1);
	stream->primed = true;
	return true;
}

static void emit(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	struct mrg_job *job = stream->filling;
	struct mrg_window *window = &job->window;
	struct mrg_item *item = &window->items[window->nr];

	*item = lane->head;
	if (item->flags & MRG_ITEM_MARKED)
		job->marked[window->nr_marked++] = window->nr;
	if (lane->held_for != job->ticket + 1) {
		mrg_job_hold(job, lane->pages);
		lane->held_for = job->ticket + 1;
	}
	window->nr++;
}

/* ---- items that are left to the next window ---- */

static bool points_into(const struct mrg_item *item, const struct xt_pages *pages)
{
	return item->data >= pages->base &&
	       item->data < pages->base + (size_t)pages->nr * pages->page_size;
}

void mrg_merge_carry(struct mrg_stream *stream, struct mrg_job *job)
{
	struct mrg_window *window = &job->window;
	uint32_t nr = window->carry < MRG_MAX_CARRY ? window->carry : MRG_MAX_CARRY, i;
	const struct mrg_item *from;
	size_t h;

	if (nr > window->nr)
		nr = window->nr;
	from = &window->items[window->nr - nr];
	memcpy(stream->carried, from, nr * sizeof(*from));
	stream->nr_carried = nr;
	for (h = 0; h < job->nr_held && stream->nr_carried_pages < MRG_MAX_CARRY; h++) {
		for (i = 0; i < nr && !points_into(&from[i], job->held[h]); i++)
			;
		if (i == nr)
			continue;
		xt_pages_get(job->held[h]);
		stream->carried_pages[stream->nr_carried_pages++] = job->held[h];
	}
	window->nr -= nr;
	while (window->nr_marked > 0 && job->marked[window->nr_marked - 1] >= window->nr)
		window->nr_marked--;
}

static void take_carried(struct mrg_stream *stream)
{
	struct mrg_job *job = stream->filling;
	struct mrg_window *window = &job->window;

	for (; window->nr < stream->nr_carried; window->nr++) {
		window->items[window->nr] = stream->carried[window->nr];
		if (window->items[window->nr].flags & MRG_ITEM_MARKED)
			job->marked[window->nr_marked++] = window->nr;
	}
	window->carried = stream->nr_carried;
	stream->nr_carried = 0;
	while (stream->nr_carried_pages > 0)
		job->held[job->nr_held++] = stream->carried_pages[--stream->nr_carried_pages];
}

/* ---- a window ---- */

static bool full(const struct mrg_stream *stream)
{
	const struct mrg_job *job = stream->filling;

	return job->window.nr >= stream->window_size || job->retired >= MRG_HELD_BYTES;
}

bool mrg_merge_fill(struct mrg_stream *stream)
{
	unsigned int winner;

	if (stream->nr_carried > 0)
		take_carried(stream);
	if (!stream->primed) {
		if (!prime(stream))
			return false;
	} else if (stream->stalled) {
		winner = (unsigned int)(stream->stalled - stream->lanes);
		if (!next_head(stream, winner))
			return false;
		replay(stream, winner);
	}
	while (!full(stream)) {
		winner = stream->tree[0];
		if (stream->keys[winner].rank == MRG_RANK_ENDED) {
			stream->ended = true;
			break;
		}
		emit(stream, &stream->lanes[winner]);
		if (!next_head(stream, winner))
			return false;
		replay(stream, winner);
	}
	return true;
}
