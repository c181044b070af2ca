/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-tsc.c - --sync tsc: both sides counted cycles, and the host knows by how
 * much each vCPU's counter was shifted and scaled
 *
 * KVM makes guest = ((host * ratio) >> frac) + offset; the way back is
 * host = ((guest - offset) << frac) / ratio in 128 bits.  Offsets that changed in
 * mid-trace were recorded as kvm_write_tsc_offset.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/array.h"
#include "merge/check.h"
#include "merge/set-edit.h"
#include "merge/sync-member.h"

#define ERROR_NS 2		/* two roundings */
#define CLOCK "x86-tsc"

/* One lane's clock in the making. */
struct builder {
	const struct mrg_party *guest, *host;
	const struct xt_vcpu *vcpu;
	const struct mrg_lane_data *data;
	const struct mrg_segment *to;	/* host cycles to merged ns */
	struct mrg_epoch *epochs;
	size_t nr_epochs, room;
	size_t segments_room;
};

static uint64_t ratio_of(const struct xt_vcpu *v)
{
	return v->tsc_ratio ? v->tsc_ratio : 1;
}

static unsigned int frac_of(const struct xt_vcpu *v)
{
	return v->tsc_ratio ? v->tsc_frac_bits : 0;
}

static uint64_t guest_cycles(const struct xt_vcpu *v, uint64_t host, int64_t offset)
{
	return (uint64_t)((unsigned __int128)host * ratio_of(v) >> frac_of(v)) + (uint64_t)offset;
}

static uint64_t host_cycles(const struct xt_vcpu *v, uint64_t guest, int64_t offset)
{
	return (uint64_t)(((unsigned __int128)(guest - (uint64_t)offset) << frac_of(v)) /
			  ratio_of(v));
}

struct mrg_segment mrg_tsc_segment(const struct xt_vcpu *v, const struct mrg_segment *host,
				   uint64_t from, int64_t offset)
{
	return (struct mrg_segment){
		.in0 = from,
		.out0 = mrg_segment_map(host, host_cycles(v, from, offset)),
		.mult = (uint64_t)((((unsigned __int128)host->mult << frac_of(v)) +
				    ratio_of(v) / 2) / ratio_of(v)),
	};
}

static bool add_epoch(struct builder *b, uint64_t page)
{
	struct mrg_epoch epoch = { .first_page = page, .clock = { .error_ns = ERROR_NS } };

	b->segments_room = 0;
	return MRG_PUSH(b->epochs, b->nr_epochs, b->room, epoch);
}

static bool add_segment(struct builder *b, uint64_t from, int64_t offset)
{
	struct mrg_lane_clock *clock = &b->epochs[b->nr_epochs - 1].clock;
	struct mrg_segment *segs = (struct mrg_segment *)clock->segments;
	bool ok;

	if (clock->nr && segs[clock->nr - 1].in0 >= from)
		return true;
	ok = MRG_PUSH(segs, clock->nr, b->segments_room,
		      mrg_tsc_segment(b->vcpu, b->to, from, offset));
	clock->segments = segs;
	return ok;
}

/* The thread's own writes, in order of time; others' are skipped. */
static const struct mrg_tsc_write *next_write(const struct builder *b, uint64_t after)
{
	const struct mrg_data *data = b->host->data;
	const struct mrg_tsc_write *best = NULL;

	for (size_t i = 0; i < data->nr_tsc_writes; i++) {
		const struct mrg_tsc_write *w = &data->tsc_writes[i];

		if (w->tid == b->vcpu->tid && w->ts > after && (!best || w->ts < best->ts))
			best = w;
	}
	return best;
}

static bool add_writes(struct builder *b, const struct mrg_tsc_write *w)
{
	size_t back = 0;
	bool ok = true;

	for (; ok && w; w = next_write(b, w->ts)) {
		uint64_t before = guest_cycles(b->vcpu, w->ts, w->before);
		uint64_t after = guest_cycles(b->vcpu, w->ts, w->after);

		if (before < b->data->first)
			continue;	/* the guest's trace begins later */
		if (after < before && back < b->data->nr_set_backs)
			ok = add_epoch(b, b->data->set_back_page[back++]);
		ok = ok && add_segment(b, after, w->after);
	}
	return ok;
}

/* The offset when the guest's trace began. */
static int64_t first_offset(const struct builder *b, const struct mrg_tsc_write *w)
{
	int64_t offset = w ? w->before : b->vcpu->tsc_offset;

	for (; w && guest_cycles(b->vcpu, w->ts, w->before) < b->data->first;
	     w = next_write(b, w->ts))
		offset = w->after;
	return offset;
}

static int lane_clock(const struct mrg_party *guest, const struct mrg_party *host,
		      unsigned int l, const struct xt_vcpu *vcpu)
{
	struct builder b = {
		.guest = guest, .host = host, .vcpu = vcpu, .data = &guest->data->lanes[l],
		.to = &host->member->lanes[0].epochs[0].clock.segments[0],
	};
	const struct mrg_tsc_write *w = next_write(&b, 0);
	int64_t offset = first_offset(&b, w);
	bool ok = add_epoch(&b, 0) && add_segment(&b, b.data->first, offset) && add_writes(&b, w);
	int rc = -ENOMEM;

	if (ok)
		rc = mrg_lane_set(&guest->member->lanes[l], b.epochs, b.nr_epochs);
	for (size_t i = 0; i < b.nr_epochs; i++)
		free((void *)b.epochs[i].clock.segments);
	free(b.epochs);
	return rc;
}

/* ---- which VM ---- */

static const struct xt_vcpu *vcpu_of(const struct xt_info *info, int vm, unsigned int cpu)
{
	for (size_t i = 0; i < info->nr_vcpus; i++)
		if (info->vcpus[i].vm_pid == vm && info->vcpus[i].vcpu == cpu &&
		    info->vcpus[i].tsc_known)
			return &info->vcpus[i];
	return NULL;
}

static size_t windows_of(const struct mrg_party *host, int tid)
{
	for (size_t i = 0; i < host->vcpus.nr; i++)
		if (host->vcpus.v[i].tid == tid)
			return i;
	return MRG_NO_MATCH;
}

/* All lanes as CPUs of @vm; *@ret_check says how well that fits. */
static int try_vm(struct mrg_party *guest, const struct mrg_party *host, int vm,
		  struct mrg_check *ret_check)
{
	const struct xt_info *info = xt_trace_info(host->member->trace);
	struct mrg_check check = { 0 };

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		const struct xt_vcpu *vcpu = vcpu_of(info, vm, guest->data->lanes[l].cpu);
		size_t v;

		guest->vcpu[l] = MRG_NO_MATCH;
		if (!guest->data->lanes[l].nr_events)
			continue;
		if (!vcpu)
			return -ENODATA;
		if (lane_clock(guest, host, l, vcpu) < 0)
			return -ENOMEM;
		v = windows_of(host, vcpu->tid);
		if (v == MRG_NO_MATCH)
			continue;
		guest->vcpu[l] = v;
		mrg_check_lane(&check, &guest->data->lanes[l], &guest->member->lanes[l],
			       &host->vcpus.v[v]);
	}
	*ret_check = check;
	return 0;
}

/* The VM whose windows hold the events; with one VM there is nothing to choose. */
static int best_vm(struct mrg_party *guest, const struct mrg_party *host, int *ret_vm)
{
	const struct xt_info *info = xt_trace_info(host->member->trace);
	double best = -1;
	int last = -1;

	for (size_t i = 0; i < info->nr_vcpus; i++) {
		struct mrg_check check;
		double share;
		int rc;

		if (info->vcpus[i].vm_pid == last)
			continue;
		last = info->vcpus[i].vm_pid;
		rc = try_vm(guest, host, last, &check);
		if (rc == -ENOMEM)
			return rc;
		if (rc < 0)
			continue;
		share = check.checked ? 1 - (double)check.violations / (double)check.checked : 0;
		if (share > best) {
			best = share;
			*ret_vm = last;
		}
	}
	return best < 0 ? -ENODATA : 0;
}

static void figures(struct mrg_party *guest)
{
	struct mrg_member *m = guest->member;

	m->error_ns = m->bound_ns = ERROR_NS;
	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		const struct mrg_segment *seg = m->lanes[l].epochs[0].clock.segments;

		if (!guest->data->lanes[l].nr_events)
			continue;
		m->offset_ns = (int64_t)(seg->out0 - mrg_segment_map(&guest->own, seg->in0));
		m->rate_ppb = 0;
		break;
	}
}

int mrg_sync_tsc(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	const struct xt_info *a = xt_trace_info(guest->member->trace);
	const struct xt_info *b = xt_trace_info(host->member->trace);
	struct mrg_check check;
	int vm = 0, rc;

	if (strcmp(a->time.clock, CLOCK) || strcmp(b->time.clock, CLOCK))
		return rt_err_say(err, -ENODATA, "not both traces have the clock " CLOCK
				  " (\"%s\" and \"%s\")", a->time.clock, b->time.clock);
	rc = best_vm(guest, host, &vm);
	if (rc == 0)
		rc = try_vm(guest, host, vm, &check);
	if (rc == -ENODATA)
		return rt_err_say(err, rc, "the trace of %s has no TSC offset of all its vCPUs",
				  host->member->label);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot find its clock");
	figures(guest);
	return 0;
}
