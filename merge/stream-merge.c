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

int mrg_merge_start(struct mrg_stream *stream, struct rt_err *err)
{
	unsigned int i, nr = 1;

	while (nr < stream->nr_lanes)
		nr *= 2;
	stream->nr_leaves = nr;
	stream->first = calloc(nr, sizeof(*stream->first));
	stream->tree = calloc(nr, sizeof(*stream->tree));
	stream->carried = calloc(MRG_MAX_CARRY, sizeof(*stream->carried));
	stream->carried_pages = calloc(MRG_MAX_CARRY, sizeof(struct xt_pages *));
	if (!stream->first || !stream->tree || !stream->carried || !stream->carried_pages)
		return rt_err_set(err, -ENOMEM, "cannot merge %u lanes", stream->nr_lanes);
	for (i = 0; i < nr; i++)
		stream->first[i] = MRG_KEY_ENDED;
	stream->window_size = MRG_FIRST_ITEMS;
	return 0;
}

void mrg_merge_finish(struct mrg_stream *stream)
{
	while (stream->carried_pages && stream->nr_carried_pages > 0)
		xt_pages_put(stream->carried_pages[--stream->nr_carried_pages]);
	free(stream->carried);
	free(stream->carried_pages);
	free(stream->first);
	free(stream->tree);
	stream->carried = NULL;
	stream->carried_pages = NULL;
	stream->first = NULL;
	stream->tree = NULL;
}

/* Reads on.  Return: false when the lane must be loaded first. */
static bool read_key(struct mrg_stream *stream, struct mrg_lane_state *lane, mrg_key *ret)
{
	enum mrg_next next = mrg_lane_read(stream, lane);

	stream->stalled = next == MRG_NEXT_LOAD ? lane : NULL;
	*ret = next == MRG_NEXT_ITEM ? mrg_key_of(lane->ahead[lane->at].time, lane) :
				       MRG_KEY_ENDED;
	return next != MRG_NEXT_LOAD;
}

/* Return: false when the lane must be loaded first; else *@ret is its next item's key. */
static inline bool next_key(struct mrg_stream *stream, struct mrg_lane_state *lane, mrg_key *ret)
{
	if (lane->at == lane->nr)
		return read_key(stream, lane, ret);
	*ret = mrg_key_of(lane->ahead[lane->at].time, lane);
	return true;
}

/* Plays the matches of @lane's new @key on the way from its leaf to the top. */
static inline void replay(struct mrg_stream *stream, unsigned int lane, mrg_key key)
{
	mrg_key *tree = stream->tree, other, loser;
	unsigned int node;
	bool beaten;

	for (node = (lane + stream->nr_leaves) / 2; node > 0; node /= 2) {
		other = tree[node];
		beaten = other < key;
		loser = beaten ? key : other;
		key = beaten ? other : key;
		tree[node] = loser;
	}
	tree[0] = key;
}

/* Return: the winner below @node, with all losers noted. */
static mrg_key play(struct mrg_stream *stream, unsigned int node)
{
	mrg_key a, b;

	if (node >= stream->nr_leaves)
		return stream->first[node - stream->nr_leaves];
	a = play(stream, 2 * node);
	b = play(stream, 2 * node + 1);
	stream->tree[node] = a < b ? b : a;
	return a < b ? a : b;
}

/* Return: false while a lane's first record is not there yet. */
static bool prime(struct mrg_stream *stream)
{
	for (; stream->next_prime < stream->nr_lanes; stream->next_prime++) {
		if (!next_key(stream, &stream->lanes[stream->next_prime],
			      &stream->first[stream->next_prime]))
			return false;
	}
	stream->tree[0] = play(stream, 1);
	stream->primed = true;
	return true;
}

/* What is read next, when the last item that was read ahead has its turn. */
static inline void look_ahead(const struct mrg_lane_state *lane)
{
	const uint8_t *p = lane->cursor.p;
	unsigned int i;

	for (i = 0; i < 8; i++)
		__builtin_prefetch(p + 64 * i);
}

static inline void emit(struct mrg_job *job, struct mrg_lane_state *lane)
{
	struct mrg_window *window = &job->window;
	struct mrg_item *item = &window->items[window->nr];

	*item = lane->ahead[lane->at++];
	if (item->flags & MRG_ITEM_MARKED)
		job->marked[window->nr_marked++] = window->nr;
	lane->given = true;
	window->nr++;
	if (lane->at + 1 == lane->nr)
		look_ahead(lane);
}

/* ---- items that are left to the next window ---- */

static bool points_into(const struct mrg_item *item, const struct xt_pages *pages)
{
	return item->data >= pages->base &&
	       item->data < pages->base + (size_t)pages->nr * pages->page_size;
}

/* What a lane still reads is held by the window in which it leaves it. */
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

static inline bool full(const struct mrg_stream *stream, const struct mrg_job *job)
{
	return job->window.nr >= stream->window_size || job->held_bytes >= MRG_HELD_BYTES;
}

/* The lane whose item comes next; NULL behind the last one. */
static inline struct mrg_lane_state *winner(const struct mrg_stream *stream)
{
	if (stream->tree[0] == MRG_KEY_ENDED)
		return NULL;
	return (struct mrg_lane_state *)(uintptr_t)stream->tree[0];
}

/* Return: false when the lane must be loaded first. */
static inline bool advance(struct mrg_stream *stream, struct mrg_lane_state *lane)
{
	mrg_key key;

	if (!next_key(stream, lane, &key))
		return false;
	replay(stream, lane->number, key);
	return true;
}

bool mrg_merge_fill(struct mrg_stream *stream)
{
	struct mrg_job *job = stream->filling;
	struct mrg_lane_state *lane;

	if (stream->nr_carried > 0)
		take_carried(stream);
	if (!stream->primed ? !prime(stream) :
	    stream->stalled && !advance(stream, stream->stalled))
		return false;
	while (!full(stream, job)) {
		lane = winner(stream);
		stream->ended = !lane;
		if (!lane)
			break;
		emit(job, lane);
		if (!advance(stream, lane))
			return false;
	}
	return true;
}
