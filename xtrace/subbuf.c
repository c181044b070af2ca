/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subbuf.c - sub-buffers on their way from the kernel to the store */
#include "xtrace/subbuf.h"

#include <errno.h>
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
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
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

void xt_subbuf_set_lost(void *subbuf)
{
	uint32_t commit;

	memcpy(&commit, (uint8_t *)subbuf + XT_PAGE_COMMIT, sizeof(commit));
	commit |= XT_COMMIT_LOST;
	memcpy((uint8_t *)subbuf + XT_PAGE_COMMIT, &commit, sizeof(commit));
}
