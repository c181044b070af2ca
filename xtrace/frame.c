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
#include <zstd.h>

#include "lib/buf.h"

#define FLAGS_AT	4		/* behind the magic number */
#define HAS_CHECKSUM	0x04
#define ONE_SEGMENT	0xa0		/* with 4 bytes of content size */
#define BLOCK_MAX	(128u << 10)
#define BLOCK_LAST	1u
#define BLOCK_RLE	(1u << 1)
#define BLOCK_SIZE	3		/* bits below the size */

/* ---- XXH64 ---- */

#define PRIME1	0x9e3779b185ebca87ull
#define PRIME2	0xc2b2ae3d27d4eb4full
#define PRIME3	0x165667b19e3779f9ull
#define PRIME4	0x85ebca77c2b2ae63ull
#define PRIME5	0x27d4eb2f165667c5ull

static uint64_t rotate(uint64_t v, unsigned int bits)
{
	return v << bits | v >> (64 - bits);
}

static uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));	/* x86-64: little-endian */
	return v;
}

static uint64_t mix(uint64_t sum, uint64_t v)
{
	return rotate(sum + v * PRIME2, 31) * PRIME1;
}

static uint64_t join(uint64_t hash, uint64_t sum)
{
	return (hash ^ mix(0, sum)) * PRIME1 + PRIME4;
}

/* All whole stripes of 32 bytes, of which there is one at least. */
static uint64_t hash_stripes(const uint8_t *p, const uint8_t *end)
{
	uint64_t a = PRIME1 + PRIME2, b = PRIME2, c = 0, d = -PRIME1, hash;

	for (; end - p >= 32; p += 32) {
		a = mix(a, load(p));
		b = mix(b, load(p + 8));
		c = mix(c, load(p + 16));
		d = mix(d, load(p + 24));
	}
	hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
	return join(join(join(join(hash, a), b), c), d);
}

static uint64_t hash_rest(uint64_t hash, const uint8_t *p, const uint8_t *end)
{
	uint32_t half;

	for (; end - p >= 8; p += 8)
		hash = rotate(hash ^ mix(0, load(p)), 27) * PRIME1 + PRIME4;
	if (end - p >= 4) {
		memcpy(&half, p, sizeof(half));
		hash = rotate(hash ^ half * PRIME1, 23) * PRIME2 + PRIME3;
		p += 4;
	}
	for (; p < end; p++)
		hash = rotate(hash ^ *p * PRIME5, 11) * PRIME1;
	hash = (hash ^ hash >> 33) * PRIME2;
	hash = (hash ^ hash >> 29) * PRIME3;
	return hash ^ hash >> 32;
}

uint64_t xt_frame_hash(const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len;
	uint64_t hash = len >= 32 ? hash_stripes(p, end) : PRIME5;

	return hash_rest(hash + len, p + len / 32 * 32, end);
}

/* ---- frames ---- */

static void add_checksum(struct rt_buf *frame, const void *data, size_t len)
{
	uint32_t sum = (uint32_t)xt_frame_hash(data, len);

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
