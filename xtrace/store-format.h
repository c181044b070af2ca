/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-format.h - the bytes of a cpuN.xt file, for its writer and its reader
 *
 * doc/formats/xtrace-dir.5 binds them.  All numbers are little-endian.
 */
#ifndef XT_STORE_FORMAT_H
#define XT_STORE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define XT_STORE_VERSION 1

enum xt_block_kind {
	XT_BLOCK_DATA = 1,	/* sub-buffers */
	XT_BLOCK_GAP = 2,	/* something is missing here; no payload */
	XT_BLOCK_INDEX = 3,	/* where the blocks since the last index stand */
};

enum xt_block_flags {
	XT_BLOCK_LOST_UNKNOWN = 1 << 0,	/* events are missing whose number is not known */
};

enum xt_block_codec { XT_BLOCK_RAW = 0, XT_BLOCK_ZSTD = 1 };

#define XT_BLOCK_MAGIC	"XTB\n"

struct xt_block_head {
	char magic[4];
	uint8_t version;	/* 1 */
	uint8_t kind;		/* enum xt_block_kind */
	uint16_t head_size;	/* bytes of this head */
	uint32_t cpu;
	uint32_t flush;		/* number of the flush that saved it; 0: streaming */
	uint64_t seq;		/* data and gap blocks in front of this one in the file */
	uint64_t first_ts, last_ts;
	uint64_t lost;		/* events missing, where the number is known */
	uint32_t flags;		/* enum xt_block_flags; others are zero */
	uint32_t subbuf_size;
	uint32_t nr_subbufs;	/* an index: entries */
	uint32_t nr_events;
	uint32_t raw_size;	/* the last sub-buffer may be cut behind its data */
	uint32_t disk_size;	/* of the payload behind this head */
	uint64_t index;		/* offset of the last index block in front; 0 none */
	uint8_t codec;		/* enum xt_block_codec */
	uint8_t reason;		/* of a gap: enum xt_gap_reason; else 0 */
	uint16_t zero;
	uint32_t payload_crc;	/* crc32 of zlib */
	uint32_t zero2;
	uint32_t head_crc;	/* of the bytes before it */
};

_Static_assert(sizeof(struct xt_block_head) == 96, "the head is written as it stands");

struct xt_index_entry {
	uint64_t offset;	/* of the block's head in the file */
	uint64_t first_ts, last_ts, lost;
	uint32_t nr_events, nr_subbufs, flush;
	uint8_t kind, flags;
	uint16_t zero;
};

_Static_assert(sizeof(struct xt_index_entry) == 48, "an entry is written as it stands");

/* Stands behind the entries of an index, so that one at the end of a file is found. */
struct xt_index_tail {
	uint64_t offset;	/* of the index block's head */
	char magic[8];
};

#define XT_INDEX_MAGIC	"XTINDEX\n"
#define XT_INDEX_EACH	512	/* the writer's; a reader takes up to the next line's */
#define XT_INDEX_MAX	65536

/* Files besides cpuN.xt and formats/. */
#define XT_STORE_SESSION	"session"
#define XT_STORE_SYMBOLS	"kallsyms.zst"
#define XT_STORE_CLOCKS		"clocks"

#endif /* XT_STORE_FORMAT_H */
