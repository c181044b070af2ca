/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.c - a zstd frame as it was recorded becomes the chunk of a trace.dat
 *
 * A block's frame has no checksum, as the block has one, and ends with the data of its
 * last sub-buffer.  A chunk holds whole sub-buffers, and has to prove itself.  The bytes
 * of frames, blocks and checksums are those of RFC 8878.
 */
#include "xtrace/frame.h"

#include <string.h>
#define XXH_INLINE_ALL		/* the header alone: no library to be linked */
#include <xxhash.h>
#include <zstd.h>

#include "lib/buf.h"

#define FLAGS_AT	4		/* behind the magic number */
#define HAS_CHECKSUM	0x04
#define ONE_SEGMENT	0xa0		/* with 4 bytes of content size */
#define BLOCK_MAX	(128u << 10)
#define BLOCK_LAST	1u
#define BLOCK_RLE	(1u << 1)
#define BLOCK_SIZE	3		/* bits below the size */

static void add_checksum(struct rt_buf *frame, const void *data, size_t len)
{
	uint32_t sum = (uint32_t)XXH64(data, len, 0);

	if (frame->data[FLAGS_AT] & HAS_CHECKSUM)
		return;
	frame->data[FLAGS_AT] |= HAS_CHECKSUM;
	rt_buf_add(frame, &sum, sizeof(sum));
}

/* A frame of its own; each block of it is one byte and how often it comes. */
static void add_zeros(struct rt_buf *frame, size_t len)
{
	const uint32_t magic = ZSTD_MAGICNUMBER, size = (uint32_t)len;
	const uint8_t flags = ONE_SEGMENT, zero = 0;
	uint32_t head, part;

	if (!len)
		return;
	rt_buf_add(frame, &magic, sizeof(magic));
	rt_buf_add(frame, &flags, 1);
	rt_buf_add(frame, &size, sizeof(size));
	for (; len; len -= part) {
		part = len < BLOCK_MAX ? (uint32_t)len : BLOCK_MAX;
		head = (len == part ? BLOCK_LAST : 0) | BLOCK_RLE | part << BLOCK_SIZE;
		rt_buf_add(frame, &head, 3);
		rt_buf_add(frame, &zero, 1);
	}
}

/* Unknown and damaged are the two largest numbers. */
static bool is_one_frame(const struct rt_buf *frame, size_t room, size_t *ret_len)
{
	unsigned long long len = ZSTD_getFrameContentSize(frame->data, frame->len);
	uint32_t magic;

	if (frame->failed || frame->len <= FLAGS_AT || len > room ||
	    ZSTD_findFrameCompressedSize(frame->data, frame->len) != frame->len)
		return false;
	memcpy(&magic, frame->data, sizeof(magic));
	*ret_len = len;
	return magic == ZSTD_MAGICNUMBER;	/* and no frame to be skipped */
}

bool xt_frame_extend(struct rt_buf *frame, const void *data, size_t len)
{
	size_t held;

	if (!is_one_frame(frame, len, &held))
		return false;
	add_checksum(frame, data, held);
	add_zeros(frame, len - held);
	return true;
}
