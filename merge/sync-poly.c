/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-poly.c - the convex polygon of all lines that obey what was seen
 *
 * Each event bounds the offset at its time from below and from above: two
 * half-planes of (offset, rate).  Clipping by them one by one is the convex hull
 * of the bounds seen from the other side; few events clip, and few corners stay.
 */
#include "merge/sync-windows.h"

#include <math.h>

void mrg_poly_box(struct mrg_poly *poly, int64_t at, int64_t lo, int64_t hi, double rate_lo,
		  double rate_hi)
{
	double half;

	poly->at = at;
	poly->base = lo + (hi - lo) / 2;
	half = (double)(hi - poly->base) + 1;
	poly->nr = 4;
	for (unsigned int i = 0; i < 4; i++) {
		poly->a[i] = i == 0 || i == 3 ? -half : half;
		poly->r[i] = i < 2 ? rate_lo : rate_hi;
	}
}

void mrg_poly_range(const struct mrg_poly *poly, int64_t t, int64_t *ret_lo, int64_t *ret_hi)
{
	double dt = (double)(t - poly->at), lo = INFINITY, hi = -INFINITY;

	for (unsigned int i = 0; i < poly->nr; i++) {
		double o = poly->a[i] + poly->r[i] * dt;

		lo = o < lo ? o : lo;
		hi = o > hi ? o : hi;
	}
	*ret_lo = poly->base + (int64_t)floor(lo);
	*ret_hi = poly->base + (int64_t)ceil(hi);
}

static void put(struct mrg_poly *poly, double a, double r)
{
	if (poly->nr < MRG_POLY_MAX) {
		poly->a[poly->nr] = a;
		poly->r[poly->nr] = r;
	}
	poly->nr++;
}

bool mrg_poly_clip(struct mrg_poly *poly, int64_t t, int64_t c, bool below)
{
	double dt = (double)(t - poly->at), bound = (double)(c - poly->base);
	struct mrg_poly out = { .at = poly->at, .base = poly->base };
	double sign = below ? -1 : 1;

	for (unsigned int i = 0; i < poly->nr; i++) {
		unsigned int k = (i + 1) % poly->nr;
		double x = sign * (poly->a[i] + poly->r[i] * dt - bound);
		double y = sign * (poly->a[k] + poly->r[k] * dt - bound);

		if (x >= 0)
			put(&out, poly->a[i], poly->r[i]);
		if ((x > 0 && y < 0) || (x < 0 && y > 0)) {
			double f = x / (x - y);

			put(&out, poly->a[i] + f * (poly->a[k] - poly->a[i]),
			    poly->r[i] + f * (poly->r[k] - poly->r[i]));
		}
	}
	if (out.nr == 0)
		return false;
	/* More corners than there is room for: the uncut polygon is still true, just larger */
	if (out.nr <= MRG_POLY_MAX)
		*poly = out;
	return true;
}

/* The offsets at ->at of lines with the rate 0; false where there is none. */
static bool constant(const struct mrg_poly *poly, double *ret_lo, double *ret_hi)
{
	double lo = INFINITY, hi = -INFINITY;

	for (unsigned int i = 0; i < poly->nr; i++) {
		unsigned int k = (i + 1) % poly->nr;
		double x = poly->r[i], y = poly->r[k], a;

		if ((x > 0 && y > 0) || (x < 0 && y < 0))
			continue;
		a = x == y ? poly->a[i] : poly->a[i] + x / (x - y) * (poly->a[k] - poly->a[i]);
		lo = a < lo ? a : lo;
		hi = a > hi ? a : hi;
	}
	*ret_lo = lo;
	*ret_hi = hi;
	return lo <= hi;
}

/* The centre of mass: as far inside as a line can be. */
static void centre(const struct mrg_poly *poly, double *ret_a, double *ret_r)
{
	double area = 0, a = 0, r = 0, ma = 0, mr = 0;

	for (unsigned int i = 0; i < poly->nr; i++) {
		ma += poly->a[i] / poly->nr;
		mr += poly->r[i] / poly->nr;
	}
	for (unsigned int i = 0; i < poly->nr; i++) {
		unsigned int k = (i + 1) % poly->nr;
		double part = (poly->a[i] - ma) * (poly->r[k] - mr) -
			      (poly->a[k] - ma) * (poly->r[i] - mr);

		area += part;
		a += part * (poly->a[i] + poly->a[k] - 2 * ma) / 3;
		r += part * (poly->r[i] + poly->r[k] - 2 * mr) / 3;
	}
	*ret_a = area != 0 ? ma + a / area : ma;
	*ret_r = area != 0 ? mr + r / area : mr;
}

/* How far a line of the polygon can be from @line at @t. */
static int64_t away(const struct mrg_poly *poly, const struct mrg_line *line, int64_t t)
{
	int64_t lo, hi, here = line->offset + llround(line->rate * (double)(t - line->at));

	mrg_poly_range(poly, t, &lo, &hi);
	return hi - here > here - lo ? hi - here : here - lo;
}

void mrg_poly_line(const struct mrg_poly *poly, int64_t from, int64_t to, struct mrg_line *ret)
{
	struct mrg_line line = { .from = from, .at = poly->at };
	double lo, hi, a;
	int64_t b;

	if (constant(poly, &lo, &hi)) {
		line.offset = poly->base + llround((lo + hi) / 2);
		line.error = (int64_t)ceil((hi - lo) / 2);
	} else {
		centre(poly, &a, &line.rate);
		line.offset = poly->base + llround(a);
	}
	line.bound = away(poly, &line, from);
	b = away(poly, &line, to);
	if (b > line.bound)
		line.bound = b;
	if (line.rate != 0)
		line.error = line.bound;
	*ret = line;
}
