/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-run.h - a run to compare: measured from traces now, or loaded from a file
 */
#ifndef MRG_LAT_RUN_H
#define MRG_LAT_RUN_H

#include "merge/lat-save.h"

struct mrg_lat_run_opts {
	unsigned int threads;
	unsigned int worst;		/* intervals to explain for each of: */
	const struct mrg_lat_select *selects;	/* none: wake-ups */
	size_t nr_selects;
	const char *begin, *end;	/* of sections; NULL: none */
	void (*warn)(void *arg, const char *text);
};

/**
 * mrg_lat_run_open() - the figures behind a path.
 * @path: a file of --save, or a trace (directory, merged directory or trace.dat).
 *
 * mrg_lat_saved_finish() gives it back; not after a failure.
 */
int mrg_lat_run_open(struct mrg_lat_saved *ret, const char *path,
		     const struct mrg_lat_run_opts *opts, struct rt_err *err);
/* The figures of several traces that belong together, as @name. */
int mrg_lat_run_measure(struct mrg_lat_saved *ret, const char *name, const char *const *paths,
			size_t nr, const struct mrg_lat_run_opts *opts, struct rt_err *err);

#endif /* MRG_LAT_RUN_H */
