/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-excerpt.h - the lines of the traces within an interval, the first and the last */
#ifndef MRG_LAT_EXCERPT_H
#define MRG_LAT_EXCERPT_H

#include "lib/buf.h"
#include "merge/lat.h"

#define MRG_LAT_EXCERPT 12	/* lines, where nobody asks for another number */

typedef void (*mrg_lat_warn_fn)(void *arg, const char *text);

/* @lines at the most, as xtrace-view shows them, are written to @fd. */
int mrg_lat_excerpt(const struct mrg_set *set, const struct mrg_lat_interval *interval,
		    unsigned int lines, int fd, mrg_lat_warn_fn warn, struct rt_err *err);
/* ... or appended to @out. */
int mrg_lat_excerpt_buf(const struct mrg_set *set, const struct mrg_lat_interval *interval,
			unsigned int lines, struct rt_buf *out, mrg_lat_warn_fn warn,
			struct rt_err *err);

#endif /* MRG_LAT_EXCERPT_H */
