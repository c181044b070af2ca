/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync.h - where a guest's events fit into its host's windows (--sync windows)
 *
 * Shared by sync-find.c (which offset at all), sync-fit.c (which offsets and
 * rates exactly) and sync-windows.c (steps, lanes with clocks of their own).
 * Times of the guest are its own nanoseconds, times of the host merged ones;
 * an offset is what must be added to the guest's.
 */
#ifndef MRG_SYNC_H
#define MRG_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/spans.h"

#define MRG_NO_MATCH SIZE_MAX

/* The events of one guest CPU, in order but for noise of some ns. */
struct mrg_times {
	const int64_t *t;
	size_t nr;
	unsigned int cpu;
};

/* The index of the first time that is not before @t. */
size_t mrg_times_from(const struct mrg_times *times, int64_t t);

/* What is known before looking: offsets worth trying first. */
struct mrg_hint {
	bool known;
	bool only;		/* it is nowhere else, */
	int64_t lo, hi;
	double sure;		/* and this many bits beyond those of the candidates will do */
};

struct mrg_place {
	int64_t at;		/* guest time at which [lo, hi] holds */
	int64_t lo, hi;
	int64_t from, to;	/* of the stretch that it was found in */
	int64_t slack;		/* ns by which faster drift there may put the truth beside it */
	double rate_lo, rate_hi;	/* both 0: whatever the limits allow */
	double bits;		/* how unlikely it is by chance: 2^-bits */
	size_t *vcpu;		/* by lane: index into the vCPUs, or MRG_NO_MATCH */
};

#define MRG_MAX_PLACES 16
/* A true place is as sharp as its tightest windows; one of chance is as wide as gaps are rare. */
#define MRG_SHARP_NS 500000

/**
 * mrg_find() - the offsets at which the events of [@from, @to] fit.
 * @ret: room for MRG_MAX_PLACES; the best first.
 * @lanes: @nr of them, on one clock.
 * @map: by lane, the only vCPU that it may be, or MRG_NO_MATCH for any.
 *
 * Every offset that lets the two traces overlap is a candidate.
 *
 * Return: 0 with one place or more; -ESRCH when nothing fits, or fits so well that chance
 * does not explain it; -ENOMEM.
 */
int mrg_find(struct mrg_place *ret, size_t *ret_nr, const struct mrg_times *lanes,
	     unsigned int nr, const struct mrg_vcpus *vcpus, const struct mrg_hint *hint,
	     const size_t *map, int64_t from, int64_t to);
void mrg_place_finish(struct mrg_place *place);
/* Where nothing was found: do the busiest CPU's events fit somewhere, too few to prove where? */
bool mrg_too_few(const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus);

/* ---- the exact set of offsets and rates: a convex polygon ---- */

#define MRG_POLY_MAX 64

struct mrg_poly {		/* offset(t) = base + a + r * (t - at) for every (a, r) inside */
	int64_t at, base;
	unsigned int nr;
	double a[MRG_POLY_MAX], r[MRG_POLY_MAX];
};

void mrg_poly_box(struct mrg_poly *poly, int64_t at, int64_t lo, int64_t hi, double rate_lo,
		  double rate_hi);
/* Keeps offset(t) >= @c (or <= where @below); false when nothing would be left. */
bool mrg_poly_clip(struct mrg_poly *poly, int64_t t, int64_t c, bool below);
/* The least and the greatest offset at @t, rounded outward. */
void mrg_poly_range(const struct mrg_poly *poly, int64_t t, int64_t *ret_lo, int64_t *ret_hi);

struct mrg_fit {
	struct mrg_poly poly;
	int64_t from, to;	/* guest time that it covers; not ->to itself */
	bool broke_before, broke_behind;	/* it does not hold further on */
	uint64_t checked, outside, ambiguous;
};

struct mrg_limits {
	double rate;		/* largest difference of the clocks' rates */
	int64_t noise;		/* ns that a recorded time may be wrong by */
};

/**
 * mrg_slew_find() - where a clock goes on that is near @from, at any rate that @limits allow.
 * @ret: room for MRG_MAX_PLACES.
 * @from: the offsets at its ->at, and the vCPUs of the lanes.
 * @to: the end of the stretch, before or behind ->at.
 *
 * Return: 0 with one place or more; -ESRCH when nothing is certain; -ENOMEM.
 */
int mrg_slew_find(struct mrg_place *ret, size_t *ret_nr, const struct mrg_place *from,
		  const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus,
		  const struct mrg_limits *limits, int64_t to);

/**
 * mrg_fit_track() - extend a place as far as one line reaches within [@from, @to].
 */
int mrg_fit_track(struct mrg_fit *ret, const struct mrg_place *place,
		  const struct mrg_times *lanes, unsigned int nr, const struct mrg_vcpus *vcpus,
		  const struct mrg_limits *limits, int64_t from, int64_t to);

/* Whether some line of the polygon puts an event at @t into a window. */
bool mrg_fit_allows(const struct mrg_poly *poly, const struct mrg_vcpu *v, int64_t t,
		    int64_t noise);

#endif /* MRG_SYNC_H */
