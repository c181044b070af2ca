/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page.c - walk the records of one sub-buffer as the kernel wrote them
 *
 * The usual record is taken inline by xt_cursor_next(); here is what is rare:
 * long records, padding, time stamps, lost events, and damage.
 */
#include "xtrace/xtrace.h"

#include "xtrace/local.h"
#include "xtrace/store.h"

enum {
	TYPE_LONG = 0,		/* the length stands in the next word */
	TYPE_PADDING = 29,
	TYPE_TIME_EXTEND = 30,	/* the next word goes above the 27 bits of time */
	TYPE_TIME_STAMP = 31,	/* the same, absolute */
};

#define TIME_BITS 27
#define STAMP_BITS (TIME_BITS + 32)
#define STAMP_HIGH (~0ull << STAMP_BITS)

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t lost_flags(uint32_t commit)
{
	static const uint16_t why[] = {
		[XT_GAP_DISK] = XT_REC_LOST_DISK, [XT_GAP_FLUSH] = XT_REC_LOST_FLUSH,
		[XT_GAP_PAUSE] = XT_REC_LOST_PAUSE,
	};

	return XT_REC_LOST | why[(commit & XT_COMMIT_WHY) >> XT_COMMIT_WHY_SHIFT];
}

void xt_cursor_start(struct xt_cursor *cursor, const uint8_t *page, uint32_t page_size,
		     uint16_t lane)
{
	uint32_t commit, used;

	*cursor = (struct xt_cursor){ .p = page, .end = page, .lane = lane };
	if (page_size < XT_PAGE_HEAD)
		return;
	commit = load32(page + XT_PAGE_COMMIT);
	used = commit & XT_COMMIT_BYTES;
	if (used > page_size - XT_PAGE_HEAD) {
		used = page_size - XT_PAGE_HEAD;
		cursor->torn = true;
	}
	cursor->ts = xt_page_ts(page);
	cursor->p = page + XT_PAGE_HEAD;
	cursor->end = cursor->p + used;
	if (!(commit & XT_COMMIT_LOST))
		return;
	cursor->lost_flags = lost_flags(commit);
	if ((commit & XT_COMMIT_COUNT) && page_size - XT_PAGE_HEAD - used >= sizeof(uint64_t))
		cursor->lost = cursor->end;
	cursor->first = cursor->p;
	cursor->p = cursor->end;
}

static bool take_lost(struct xt_cursor *cursor, struct xt_rec *rec)
{
	*rec = (struct xt_rec){
		.ts = cursor->ts,
		.data = cursor->lost,
		.size = cursor->lost ? sizeof(uint64_t) : 0,
		.lane = cursor->lane,
		.flags = cursor->lost_flags,
	};
	cursor->p = cursor->first;
	cursor->first = NULL;
	return true;
}

static bool stop(struct xt_cursor *cursor, bool torn)
{
	cursor->p = cursor->end;
	cursor->torn |= torn;
	return false;
}

/* An absolute time has 59 bits; what is above them comes from the time before. */
static uint64_t stamp(uint64_t before, uint64_t low)
{
	uint64_t ts = (before & STAMP_HIGH) | low;

	return ts < before && before - ts > 1ull << (STAMP_BITS - 1) ? ts + (1ull << STAMP_BITS)
								     : ts;
}

bool xt_cursor_next_slow(struct xt_cursor *cursor, struct xt_rec *rec)
{
	if (cursor->first)
		return take_lost(cursor, rec);
	while (cursor->end - cursor->p >= 4) {
		const uint8_t *p = cursor->p;
		size_t left = (size_t)(cursor->end - p);
		uint32_t head = load32(p), type = head & 31, word;
		uint64_t size;

		if (type - 1 <= 27) {
			if (4 + 4 * type > left)
				return stop(cursor, true);
			*rec = (struct xt_rec){ .data = p + 4, .size = 4 * type };
			cursor->p = p + 4 + 4 * type;
			goto event;
		}
		if (type == TYPE_PADDING && head >> 5 == 0)
			return stop(cursor, false);
		if (left < 8)
			return stop(cursor, true);
		word = load32(p + 4);
		if (type == TYPE_TIME_EXTEND || type == TYPE_TIME_STAMP) {
			uint64_t time = ((uint64_t)word << TIME_BITS) + (head >> 5);

			cursor->ts = type == TYPE_TIME_EXTEND ? cursor->ts + time :
				     stamp(cursor->ts, time);
			cursor->p = p + 8;
			continue;
		}
		size = ((uint64_t)word + 3) & ~3ull;	/* the word of the length included */
		if (size < 4 || 4 + size > left)
			return stop(cursor, true);
		cursor->p = p + 4 + size;
		if (type == TYPE_PADDING || size < 8) {	/* discarded, or no room for an id */
			cursor->ts += head >> 5;
			continue;
		}
		*rec = (struct xt_rec){ .data = p + 8, .size = (uint32_t)size - 4 };
event:
		cursor->ts += head >> 5;
		rec->ts = cursor->ts;
		rec->lane = cursor->lane;
		return true;
	}
	return stop(cursor, cursor->p != cursor->end);
}
