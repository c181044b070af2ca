/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subbuf.c - sub-buffers on their way from the kernel to the store */
#include "xtrace/subbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xtrace/local.h"
#include "xtrace/xtrace.h"

#define LOST_COUNT 8			/* bytes of a number of lost events */

/* All of @size bytes: 1; nothing there: 0; or -errno. */
static int read_whole(int fd, void *to, uint32_t size)
{
	ssize_t got;

	do
		got = read(fd, to, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (got == 0)
		return 0;
	return (size_t)got == size ? 1 : -EIO;
}

/*
 * One sub-buffer.  How many events were lost before it the kernel writes behind
 * its data, where there is room.  Asked for less than a whole one, it leaves out
 * an event and so makes room; the rest of the sub-buffer comes with the next read.
 * One event that fills a whole sub-buffer it gives to nobody who asks for less.
 */
static int read_subbuf(int fd, char *to, uint32_t size, bool make_room)
{
	int rc;

	if (!make_room)
		return read_whole(fd, to, size);
	rc = read_whole(fd, to, size - LOST_COUNT);
	if (rc == 0)
		return read_whole(fd, to, size);
	if (rc < 0)
		return rc;
	rc = read_whole(fd, to + size - LOST_COUNT, LOST_COUNT);
	return rc == 0 ? -EIO : rc;
}

int xt_subbufs_read(int fd, void *to, uint32_t size, unsigned int max, bool make_room)
{
	unsigned int nr;
	int rc;

	for (nr = 0; nr < max; nr++) {
		rc = read_subbuf(fd, (char *)to + (size_t)nr * size, size, make_room);
		if (rc <= 0)
			return nr ? (int)nr : rc;
	}
	return nr;
}

uint64_t xt_subbufs_events(const void *subbufs, size_t nr, uint32_t size)
{
	const uint8_t *subbuf = subbufs;
	struct xt_cursor cursor;
	struct xt_rec rec;
	uint64_t events = 0;

	for (; nr > 0; nr--, subbuf += size) {
		xt_cursor_start(&cursor, subbuf, size, 0);
		while (xt_cursor_next(&cursor, &rec))
			events += !(rec.flags & XT_REC_LOST);
	}
	return events;
}

static uint32_t commit_of(const uint8_t *subbuf)
{
	uint32_t commit;

	memcpy(&commit, subbuf + XT_PAGE_COMMIT, sizeof(commit));
	return commit;
}

static void set_commit(uint8_t *subbuf, uint32_t commit)
{
	memcpy(subbuf + XT_PAGE_COMMIT, &commit, sizeof(commit));
}

static uint32_t lost_mark(enum xt_gap_reason why)
{
	return XT_COMMIT_LOST | (uint32_t)why << XT_COMMIT_WHY_SHIFT;
}

void xt_subbuf_set_lost(void *subbuf, enum xt_gap_reason why)
{
	uint32_t commit = commit_of(subbuf), mark = lost_mark(why);

	if ((commit & XT_COMMIT_LOST) && (commit ^ mark) & XT_COMMIT_WHY)
		mark = XT_COMMIT_LOST;
	set_commit(subbuf, (commit & ~(XT_COMMIT_COUNT | XT_COMMIT_WHY)) | mark);
}

/* What a sub-buffer of the kernel begins with: the time before its first event. */
static void make_rest(uint8_t *rest, uint32_t size, const struct xt_cursor *at,
		      enum xt_gap_reason why)
{
	uint32_t len = at->end - at->p;

	memset(rest, 0, size);
	memcpy(rest, &at->ts, sizeof(at->ts));
	memcpy(rest + XT_PAGE_HEAD, at->p, len);
	set_commit(rest, len | lost_mark(why));
}

/* @left bytes of data stay, and the number of lost events behind them. */
static void shorten(uint8_t *subbuf, uint32_t left, const uint8_t *lost)
{
	uint32_t flags = commit_of(subbuf) & (XT_COMMIT_LOST | XT_COMMIT_COUNT | XT_COMMIT_WHY);

	if (lost)
		memmove(subbuf + XT_PAGE_HEAD + left, lost, LOST_COUNT);
	else
		flags &= ~XT_COMMIT_COUNT;
	set_commit(subbuf, left | flags);
}

enum xt_cut xt_subbuf_cut(void *subbuf, uint32_t size, const struct xt_hole *hole, void *rest)
{
	uint8_t *data = (uint8_t *)subbuf + XT_PAGE_HEAD;
	struct xt_cursor cursor, before;
	struct xt_rec rec;

	xt_cursor_start(&cursor, subbuf, size, 0);
	do {
		before = cursor;
		if (!xt_cursor_next(&cursor, &rec))
			return XT_CUT_NOT;
	} while ((rec.flags & XT_REC_LOST) || rec.ts <= hole->ts);
	if (before.p == data) {
		xt_subbuf_set_lost(subbuf, hole->why);
		return XT_CUT_BEFORE;
	}
	make_rest(rest, size, &before, hole->why);
	shorten(subbuf, before.p - data, before.lost);
	return XT_CUT_THROUGH;
}

int xt_holes_add(struct xt_holes *holes, const struct xt_hole *hole)
{
	struct xt_hole *v;

	if (holes->next == holes->nr)
		holes->next = holes->nr = 0;
	v = realloc(holes->v, (holes->nr + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	holes->v = v;
	v[holes->nr++] = *hole;
	return 0;
}

bool xt_holes_cut(struct xt_holes *holes, void *subbuf, uint32_t size, void *rest)
{
	enum xt_cut cut = XT_CUT_BEFORE;

	while (cut == XT_CUT_BEFORE && holes->next < holes->nr) {
		cut = xt_subbuf_cut(subbuf, size, &holes->v[holes->next], rest);
		holes->next += cut != XT_CUT_NOT;
	}
	return cut == XT_CUT_THROUGH;
}

void xt_holes_finish(struct xt_holes *holes)
{
	free(holes->v);
}
