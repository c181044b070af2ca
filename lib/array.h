/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * array.h - walking over an array
 */

#ifndef RT_LIB_ARRAY_H
#define RT_LIB_ARRAY_H

/* Where an array of @nr at @v ends.  An empty one may be NULL, to which C lets nobody add even 0. */
#define rt_array_end(v, nr) ((v) ? (v) + (nr) : (v))

#endif
