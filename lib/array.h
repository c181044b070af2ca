/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * array.h - walking over an array
 */

#ifndef RT_LIB_ARRAY_H
#define RT_LIB_ARRAY_H

/* Where the array of @nr at @v ends.  An empty one may be NULL: C lets nobody add 0 to that. */
#define rt_array_end(v, nr) ((v) ? (v) + (nr) : (v))

#endif
