/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * joiner.c - messages of guests out of their fragments, in bounded memory
 *
 * A fixed array of messages in the making, searched from end to end: there are
 * a handful at a time.  Fragments cover whole cells of GS_FRAG_SIZE bytes, but
 * for the last one of a message, so a bit a cell says what has come.
 */
#include "kvm-events/kvm-events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SLOTS	65536
#define NR_CELLS	((GS_DATA_MAX + GS_FRAG_SIZE - 1) / GS_FRAG_SIZE)
#define NR_WORDS	((NR_CELLS + 63) / 64)

struct slot {
	bool used;
	struct kev_speaker from;
	uint64_t first_ns, last_ns;
	uint64_t order;			/* of its first fragment: the lowest is the oldest */
	uint16_t length, present;	/* present: bytes that have come */
	uint8_t tag;
	uint64_t cells[NR_WORDS];
	uint8_t data[GS_DATA_MAX];
};

struct kev_joiner {
	kev_message_fn fn;
	void *arg;			/* borrowed */
	uint64_t next_order;
	size_t nr_slots;
	struct slot slots[];
};

int kev_joiner_create(struct kev_joiner **ret, size_t max, kev_message_fn fn, void *arg)
{
	struct kev_joiner *joiner;

	if (max == 0 || max > MAX_SLOTS)
		return -EINVAL;
	joiner = calloc(1, sizeof(*joiner) + max * sizeof(joiner->slots[0]));
	if (!joiner)
		return -ENOMEM;
	joiner->fn = fn;
	joiner->arg = arg;
	joiner->nr_slots = max;
	*ret = joiner;
	return 0;
}

void kev_joiner_destroy(struct kev_joiner *joiner)
{
	free(joiner);
}

/* Hands the message to the caller, whole or not, and frees its place. */
static void deliver(struct kev_joiner *joiner, struct slot *slot)
{
	struct kev_message msg = {
		.from = slot->from,
		.first_ns = slot->first_ns,
		.last_ns = slot->last_ns,
		.data = slot->data,
		.length = slot->length,
		.missing = slot->length - slot->present,
		.tag = slot->tag,
		.cells = slot->cells,
	};

	joiner->fn(joiner->arg, &msg);
	slot->used = false;
}

static bool same_speaker(const struct kev_speaker *a, const struct kev_speaker *b)
{
	return a->vm == b->vm && a->kind == b->kind && a->id == b->id;
}

static bool has_cell(const uint64_t *cells, unsigned int cell)
{
	return cells[cell / 64] >> (cell % 64) & 1;
}

/* Does the fragment bring what has come already?  Then its id is used anew. */
static bool repeats(const struct slot *slot, const struct kev_frag *frag)
{
	unsigned int cell;

	if (slot->length != frag->length)
		return true;
	for (cell = frag->offset / GS_FRAG_SIZE; cell * GS_FRAG_SIZE < frag->offset + frag->size;
	     cell++)
		if (has_cell(slot->cells, cell))
			return true;
	return false;
}

static struct slot *find_slot(struct kev_joiner *joiner, const struct kev_speaker *from)
{
	size_t i;

	for (i = 0; i < joiner->nr_slots; i++)
		if (joiner->slots[i].used && same_speaker(&joiner->slots[i].from, from))
			return &joiner->slots[i];
	return NULL;
}

/* A free place; where there is none the oldest message is given up for it. */
static struct slot *take_slot(struct kev_joiner *joiner)
{
	struct slot *oldest = &joiner->slots[0];
	size_t i;

	for (i = 0; i < joiner->nr_slots; i++) {
		if (!joiner->slots[i].used)
			return &joiner->slots[i];
		if (joiner->slots[i].order < oldest->order)
			oldest = &joiner->slots[i];
	}
	deliver(joiner, oldest);
	return oldest;
}

static struct slot *start(struct kev_joiner *joiner, const struct kev_speaker *from,
			  uint16_t length, uint64_t ns)
{
	struct slot *slot = take_slot(joiner);

	slot->used = true;
	slot->from = *from;
	slot->first_ns = ns;
	slot->order = joiner->next_order++;
	slot->length = length;
	slot->present = 0;
	memset(slot->cells, 0, sizeof(slot->cells));
	memset(slot->data, 0, length);
	return slot;
}

static void store(struct slot *slot, const struct kev_frag *frag, uint64_t ns)
{
	unsigned int cell;

	memcpy(slot->data + frag->offset, frag->data, frag->size);
	for (cell = frag->offset / GS_FRAG_SIZE; cell * GS_FRAG_SIZE < frag->offset + frag->size;
	     cell++)
		slot->cells[cell / 64] |= 1ull << (cell % 64);
	slot->present += frag->size;
	slot->last_ns = ns;
	slot->tag = frag->tag;
}

/* Within its message, on the grid of cells, and whole cells but at the end. */
static bool fits(const struct kev_speaker *from, const struct kev_frag *frag)
{
	unsigned int max = from->kind == KEV_GS_LOG_MSG ? GS_MSG_MAX :
			   from->kind == KEV_GS_LOG_DATA ? GS_DATA_MAX : 0;
	unsigned int end = frag->offset + frag->size;

	return frag->length <= max && frag->size > 0 && frag->size <= sizeof(frag->data) &&
	       end <= frag->length && frag->offset % GS_FRAG_SIZE == 0 &&
	       (frag->size % GS_FRAG_SIZE == 0 || end == frag->length);
}

int kev_joiner_add(struct kev_joiner *joiner, const struct kev_speaker *from,
		   const struct kev_frag *frag, uint64_t ns)
{
	struct slot *slot;

	if (!fits(from, frag))
		return -EINVAL;
	slot = find_slot(joiner, from);
	if (slot && repeats(slot, frag)) {
		deliver(joiner, slot);
		slot = NULL;
	}
	if (!slot)
		slot = start(joiner, from, frag->length, ns);
	store(slot, frag, ns);
	if (slot->present == slot->length)
		deliver(joiner, slot);
	return 0;
}

/* The oldest message in the making that is due, so that they leave in their order. */
static struct slot *next_due(struct kev_joiner *joiner, uint64_t ns)
{
	struct slot *due = NULL;
	size_t i;

	for (i = 0; i < joiner->nr_slots; i++) {
		struct slot *slot = &joiner->slots[i];

		if (slot->used && (slot->last_ns < ns || ns == UINT64_MAX) &&
		    (!due || slot->order < due->order))
			due = slot;
	}
	return due;
}

void kev_joiner_expire(struct kev_joiner *joiner, uint64_t ns)
{
	struct slot *slot;

	while ((slot = next_due(joiner, ns)))
		deliver(joiner, slot);
}

bool kev_message_hole(const struct kev_message *msg, unsigned int from,
		      unsigned int *ret_begin, unsigned int *ret_end)
{
	unsigned int cell = (from + GS_FRAG_SIZE - 1) / GS_FRAG_SIZE;
	unsigned int nr = (msg->length + GS_FRAG_SIZE - 1) / GS_FRAG_SIZE;

	while (cell < nr && has_cell(msg->cells, cell))
		cell++;
	if (cell >= nr)
		return false;
	*ret_begin = cell * GS_FRAG_SIZE;
	while (cell < nr && !has_cell(msg->cells, cell))
		cell++;
	*ret_end = cell < nr ? cell * GS_FRAG_SIZE : msg->length;
	return true;
}
