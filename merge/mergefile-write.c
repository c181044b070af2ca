/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mergefile-write.c - a set's clocks as text; mergefile.c reads it back
 */
#include "merge/mergefile.h"

#include <inttypes.h>

#include "lib/buf.h"

static void write_bound(struct rt_buf *buf, const char *key, uint64_t ns)
{
	if (ns == UINT64_MAX)
		rt_buf_printf(buf, "  %s unknown\n", key);
	else
		rt_buf_printf(buf, "  %s %" PRIu64 "\n", key, ns);
}

static void write_check(struct rt_buf *buf, const struct mrg_check *check)
{
	if (!check->done)
		return;
	rt_buf_printf(buf, "  check %" PRIu64 " violations %" PRIu64 " worst_ns %" PRIu64
		      " unknown %" PRIu64 " pairs %" PRIu64 " wrong %" PRIu64 "\n",
		      check->checked, check->violations, check->worst_ns, check->unknown,
		      check->pairs, check->pairs_wrong);
	if (check->slices)
		rt_buf_printf(buf, "  slices %u ppm %u\n", check->slices, check->slices_ppm);
}

static void write_lane(struct rt_buf *buf, unsigned int number, const struct mrg_lane *lane)
{
	rt_buf_printf(buf, "  lane %u thread %d\n", number, lane->vcpu_tid);
	for (size_t e = 0; e < lane->nr_epochs; e++) {
		const struct mrg_lane_clock *clock = &lane->epochs[e].clock;

		rt_buf_printf(buf, "    from_page %" PRIu64 "\n", lane->epochs[e].first_page);
		if (clock->error_ns != UINT64_MAX)
			rt_buf_printf(buf, "    error_ns %" PRIu64 "\n", clock->error_ns);
		for (size_t i = 0; i < clock->nr; i++)
			rt_buf_printf(buf, "    map %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				      clock->segments[i].in0, clock->segments[i].out0,
				      clock->segments[i].mult);
	}
}

static void write_member(struct rt_buf *buf, const struct mrg_member *m, const char *name)
{
	rt_buf_printf(buf, "member %s\n  label %s\n  method %s\n", name, m->label,
		      mrg_method_name(m->method));
	if (m->host >= 0)
		rt_buf_printf(buf, "  host %d\n", m->host);
	rt_buf_printf(buf, "  offset_ns %" PRId64 "\n  rate_ppb %" PRId64 "\n", m->offset_ns,
		      m->rate_ppb);
	write_bound(buf, "error_ns", m->error_ns);
	write_bound(buf, "bound_ns", m->bound_ns);
	write_check(buf, &m->check);
	for (unsigned int l = 0; l < xt_trace_nr_lanes(m->trace); l++)
		write_lane(buf, l, &m->lanes[l]);
}

void mrg_file_write(struct rt_buf *buf, const struct mrg_set *set, const char *const *names)
{
	rt_buf_puts(buf, "xtrace-merge 1\n"
		    "# see xtrace-merge(5); map: recorded time, merged ns, ns per unit << 48\n");
	if (set->utc_known)
		rt_buf_printf(buf, "utc_offset_ns %" PRId64 "\n", set->utc_offset_ns);
	for (size_t i = 0; i < set->nr; i++)
		write_member(buf, &set->members[i], names[i]);
	rt_buf_puts(buf, "end\n");
}
