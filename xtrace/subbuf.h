/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subbuf.h - sub-buffers on their way from the kernel to the store */
#ifndef XT_SUBBUF_H
#define XT_SUBBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads up to @max sub-buffers of @size bytes from a raw file; fewer when it is empty.
 * @make_room: for the number of lost events, where some may have been.
 * Return: how many, or -errno.
 */
int xt_subbufs_read(int fd, void *to, uint32_t size, unsigned int max, bool make_room);

/* Events in @nr sub-buffers of @size bytes. */
uint64_t xt_subbufs_events(const void *subbufs, size_t nr, uint32_t size);

/* Has a reader show events as lost in front of the sub-buffer, if it does not yet. */
void xt_subbuf_set_lost(void *subbuf);

#endif /* XT_SUBBUF_H */
