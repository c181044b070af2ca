/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * array.h - plain arrays that grow at their end
 */
#ifndef MRG_ARRAY_H
#define MRG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static inline bool mrg_array_grow(void **data, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *p = more > SIZE_MAX / size ? NULL : realloc(*data, more * size);

	if (!p)
		return false;
	*data = p;
	*room = more;
	return true;
}

/* Appends @value; false when memory ran out, and nothing has changed. */
#define MRG_PUSH(data, nr, room, value) \
	(((nr) < (room) || mrg_array_grow((void **)&(data), &(room), sizeof(*(data)))) ? \
	 ((data)[(nr)++] = (value), true) : false)

#endif /* MRG_ARRAY_H */
