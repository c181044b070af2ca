/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.h - a zstd frame as it was recorded becomes the chunk of a trace.dat
 */
#ifndef XT_FRAME_H
#define XT_FRAME_H

#include <stdbool.h>
#include <stddef.h>

struct rt_buf;

/**
 * xt_frame_extend() - make a frame stand for @len bytes, and prove them.
 * @frame: one frame of what @data begins with; ->failed without memory.
 * @data: what it is to become: what the frame holds, and zeros behind it.
 *
 * A checksum is added where the frame has none, and a second frame for the zeros.
 * Return: false, with nothing done, where @frame is something else than one frame that
 * tells how many bytes are in it, or where these are more than @len.
 */
bool xt_frame_extend(struct rt_buf *frame, const void *data, size_t len);

#endif /* XT_FRAME_H */
