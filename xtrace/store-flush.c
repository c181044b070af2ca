/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-flush.c - what one flush has saved, out of a cpuN.xt file
 *
 * The file's heads say which block belongs to which flush, so blocks are copied as they
 * are; only their place in the file is noted anew.
 */
#include "xtrace/xtrace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/io.h"
#include "xtrace/store-format.h"

#define DISK_MAX (64u << 20)	/* no block is longer */

static bool is_head(const struct xt_block_head *head)
{
	return memcmp(head->magic, XT_BLOCK_MAGIC, sizeof(head->magic)) == 0 &&
	       head->head_size == sizeof(*head) && head->disk_size <= DISK_MAX &&
	       head->head_crc == (uint32_t)crc32(0, (const void *)head,
						 offsetof(struct xt_block_head, head_crc));
}

static int copy_block(int from, off_t at, int to, struct xt_block_head *head, uint64_t seq)
{
	void *payload = malloc(head->disk_size + 1);
	int rc = payload ? 0 : -ENOMEM;

	if (rc == 0 && pread(from, payload, head->disk_size, at) != (ssize_t)head->disk_size)
		rc = -EBADMSG;
	head->seq = seq;
	head->index = 0;
	head->head_crc = (uint32_t)crc32(0, (const void *)head,
					 offsetof(struct xt_block_head, head_crc));
	rc = rc ? rc : rt_write_all(to, head, sizeof(*head));
	rc = rc ? rc : rt_write_all(to, payload, head->disk_size);
	free(payload);
	return rc;
}

int xt_flush_copy(int from, int to, uint32_t flush)
{
	struct xt_block_head head;
	uint64_t seq = 0;
	off_t at = 0;
	int rc = 0;

	/* A torn end, or what is no block, ends the copy as it ends a reader's look. */
	while (rc == 0 && pread(from, &head, sizeof(head), at) == (ssize_t)sizeof(head) &&
	       is_head(&head)) {
		off_t payload = at + (off_t)sizeof(head);

		at = payload + head.disk_size;
		if (head.kind == XT_BLOCK_DATA && head.flush == flush)
			rc = copy_block(from, payload, to, &head, seq++);
	}
	return rc;
}
