/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-windows.c - stretches that one line fits, until the whole trace is covered
 */
#include "merge/sync-windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge/array.h"

/* Clocks of one machine differ less; chrony slews by 500 ppm at most in its default. */
#define MAX_RATE 1e-3

void mrg_lane_lines_finish(struct mrg_lane_lines *lines)
{
	free(lines->lines);
	*lines = (struct mrg_lane_lines){ 0 };
}

static void span_of(const struct mrg_times *lanes, unsigned int nr, int64_t *from, int64_t *to)
{
	*from = MRG_TIME_MAX;
	*to = MRG_TIME_MIN;
	for (unsigned int l = 0; l < nr; l++) {
		if (!lanes[l].nr)
			continue;
		if (lanes[l].t[0] < *from)
			*from = lanes[l].t[0];
		if (lanes[l].t[lanes[l].nr - 1] > *to)
			*to = lanes[l].t[lanes[l].nr - 1];
	}
}

int mrg_windows(struct mrg_lane_lines *ret, const struct mrg_times *lanes, unsigned int nr,
		const struct mrg_vcpus *vcpus, const struct mrg_hint *hint)
{
	struct mrg_place place;
	struct mrg_line line;
	struct mrg_fit fit;
	int64_t from, to;
	int rc;

	span_of(lanes, nr, &from, &to);
	if (from > to || !vcpus->nr)
		return -ENODATA;
	rc = mrg_find(&place, lanes, nr, vcpus, hint, from, to);
	if (rc < 0)
		return rc;
	rc = mrg_fit_track(&fit, &place, lanes, nr, vcpus, MAX_RATE, from, to + 1);
	if (rc == 0)
		mrg_poly_line(&fit.poly, fit.from, fit.to, &line);
	for (unsigned int l = 0; rc == 0 && l < nr; l++) {
		ret[l] = (struct mrg_lane_lines){ .lines = malloc(sizeof(line)), .nr = 1,
						  .vcpu = place.vcpu[l] };
		if (!ret[l].lines)
			rc = -ENOMEM;
		else
			*ret[l].lines = line;
	}
	mrg_place_finish(&place);
	return rc;
}
