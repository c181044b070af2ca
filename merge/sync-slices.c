/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-slices.c - one line through all slices of a guest, and whether it may stand
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/check.h"
#include "merge/sync-cover.h"
#include "merge/sync-sample.h"

#define USUAL_RATE 1e-3
#define MANY_EVENTS 100		/* of a CPU: they fit no windows by chance */
#define SHARP_NS 100000		/* a bound above, and above twice the seed's: all may say more */

/* ---- which thread is which CPU ---- */

static const struct xt_vcpu *known_vcpu(const struct xt_info *info, int tid)
{
	for (size_t i = 0; tid && i < info->nr_vcpus; i++)
		if (info->vcpus[i].tid == tid)
			return &info->vcpus[i];
	return NULL;
}

/* The process of the VM, if its CPUs' numbers are the guest's for all that are known; else 0. */
static int vm_of(const struct mrg_party *guest, const struct xt_info *info)
{
	int vm = 0;

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		const struct xt_vcpu *v = known_vcpu(info, guest->seed->tid[l]);

		if (!guest->seed->tid[l])
			continue;
		if (!v || v->vcpu != guest->data->lanes[l].cpu || (vm && vm != v->vm_pid))
			return 0;
		vm = v->vm_pid;
	}
	return vm;
}

static int tid_of(const struct xt_info *info, int vm, unsigned int cpu)
{
	for (size_t i = 0; vm && i < info->nr_vcpus; i++)
		if (info->vcpus[i].vm_pid == vm && info->vcpus[i].vcpu == cpu)
			return info->vcpus[i].tid;
	return 0;
}

static size_t free_vcpu(const struct mrg_party *host, int tid)
{
	for (size_t v = 0; tid && v < host->vcpus.nr; v++)
		if (host->vcpus.v[v].tid == tid && !host->used[v])
			return v;
	return MRG_NO_MATCH;
}

/*
 * Threads that the seed names, and those that the host's session does.  The latter bound
 * the clock where a wrong one could not but break it; else they are held against it.
 */
static bool map_lanes(const struct mrg_party *guest, const struct mrg_party *host, size_t *sure,
		      size_t *all)
{
	const struct xt_info *info = xt_trace_info(host->member->trace);
	int vm = vm_of(guest, info);
	bool any = false;

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &guest->data->lanes[l];
		int tid = guest->seed->tid[l];

		sure[l] = free_vcpu(host, tid);
		all[l] = tid || !lane->nr_events ? sure[l] :
			 free_vcpu(host, tid_of(info, vm, lane->cpu));
		if (tid && sure[l] == MRG_NO_MATCH)
			return false;
		any |= sure[l] != MRG_NO_MATCH;
		if (lane->nr_times >= MANY_EVENTS)
			sure[l] = all[l];
	}
	return any;
}

/* ---- the line ---- */

/* -ESRCH: no one line that is near the place fits all slices. */
static int fit_near(const struct mrg_party *guest, const struct mrg_party *host,
		    const struct mrg_place *place, int64_t noise, struct mrg_line *ret)
{
	const struct mrg_limits limits = { USUAL_RATE, noise };
	struct mrg_fit fit;
	int64_t from, to;

	mrg_party_cover(guest, &from, &to);
	if (mrg_fit_track(&fit, place, guest->times, guest->data->nr_lanes, &host->vcpus,
			  &limits, from, to + 1) < 0)
		return -ENOMEM;
	if (fit.broke_before || fit.broke_behind || fit.outside)
		return -ESRCH;
	mrg_poly_line(&fit.poly, from, to, ret);
	return 0;
}

/*
 * With as little noise assumed as that needs.  The seed may have been found with less drift
 * than there is: then the truth is beside its place.
 */
static int fit(const struct mrg_party *guest, const struct mrg_party *host, size_t *map,
	       struct mrg_line *ret)
{
	static const struct {
		int64_t noise, beside;
	} tries[] = { { 2, 0 }, { 2, MRG_NEAR_NS }, { 25, MRG_NEAR_NS }, { 250, MRG_NEAR_NS } };
	int rc = -ESRCH;

	for (size_t i = 0; rc == -ESRCH && i < sizeof(tries) / sizeof(*tries); i++) {
		struct mrg_place place = guest->seed->place;

		place.vcpu = map;
		place.slack += tries[i].beside;
		rc = fit_near(guest, host, &place, tries[i].noise, ret);
	}
	return rc;
}

static int set_line(struct mrg_party *guest, struct mrg_line *line, const size_t *map)
{
	unsigned int nr = guest->data->nr_lanes;
	struct mrg_lane_lines *lines = calloc(nr + 1, sizeof(*lines));
	int rc;

	if (!lines)
		return -ENOMEM;
	for (unsigned int l = 0; l < nr; l++)
		lines[l] = (struct mrg_lane_lines){ .lines = line, .nr = 1, .vcpu = map[l] };
	rc = mrg_party_set_lines(guest, lines, 1);
	free(lines);
	return rc;
}

/* ---- CPUs of which nothing says who they are ---- */

static bool taken(const size_t *map, unsigned int nr, size_t v)
{
	for (unsigned int l = 0; l < nr; l++)
		if (map[l] == v)
			return true;
	return false;
}

/* The only thread into whose windows the lane's events fit on the line; it bounds it, too. */
static size_t only_thread(const struct mrg_party *guest, const struct mrg_party *host,
			  const size_t *map, unsigned int l)
{
	size_t found = MRG_NO_MATCH;

	for (size_t v = 0; v < host->vcpus.nr; v++) {
		struct mrg_check check = { 0 };

		if (host->used[v] || taken(map, guest->data->nr_lanes, v))
			continue;
		mrg_check_lane(&check, &guest->data->lanes[l], &guest->member->lanes[l],
			       &host->vcpus.v[v]);
		if (check.checked < MANY_EVENTS || check.worst_ns > guest->member->bound_ns)
			continue;
		if (found != MRG_NO_MATCH)
			return MRG_NO_MATCH;
		found = v;
	}
	return found;
}

/* 1: some were found, and may bound the line more. */
static int adopt_lanes(const struct mrg_party *guest, const struct mrg_party *host, size_t *map)
{
	int found = 0;

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		if (!guest->data->lanes[l].nr_events || map[l] != MRG_NO_MATCH)
			continue;
		map[l] = only_thread(guest, host, map, l);
		if (map[l] == MRG_NO_MATCH)
			return -ESRCH;
		found = 1;
	}
	return found;
}

static int find_line(struct mrg_party *guest, struct mrg_party *host, size_t *sure, size_t *all)
{
	struct mrg_line line;
	int rc = map_lanes(guest, host, sure, all) ? fit(guest, host, sure, &line) : -ESRCH;

	if (rc == 0)
		rc = set_line(guest, &line, all);
	if (rc == 0)
		rc = adopt_lanes(guest, host, all);
	if (rc <= 0)
		return rc;
	for (unsigned int l = 0; l < guest->data->nr_lanes; l++)
		if (guest->data->lanes[l].nr_times >= MANY_EVENTS)
			sure[l] = all[l];
	rc = fit(guest, host, sure, &line);
	return rc == 0 ? set_line(guest, &line, all) : rc;
}

int mrg_sample_windows(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	unsigned int nr = guest->data->nr_lanes;
	size_t *sure = calloc(nr + 1, sizeof(*sure)), *all = calloc(nr + 1, sizeof(*all));
	int rc = sure && all ? find_line(guest, host, sure, all) : -ENOMEM;

	free(sure);
	free(all);
	if (rc == -ESRCH)
		return rt_err_say(err, rc, "no one line fits its slices");
	return rc < 0 ? rt_err_set(err, rc, "cannot find its clock") : 0;
}

/* ---- may it stand? ---- */

static bool lane_stands(const struct mrg_party *p, const struct mrg_party *host, unsigned int l)
{
	const struct mrg_lane_data *lane = &p->data->lanes[l];
	struct mrg_check check = { 0 };

	if (!lane->nr_events)
		return true;
	if (p->vcpu[l] == MRG_NO_MATCH)
		return false;
	mrg_check_lane(&check, lane, &p->member->lanes[l], &host->vcpus.v[p->vcpu[l]]);
	return check.checked || lane->nr_times < MANY_EVENTS;
}

/* Changes of TSC offsets are noted when a recording ends. */
static bool same_offsets(const struct xt_info *info)
{
	return info->complete && !info->tsc_writes;
}

bool mrg_sample_stands(const struct mrg_party *p, const struct mrg_party *host)
{
	const struct mrg_member *m = p->member;
	uint64_t sharp;

	if (m->method == MRG_SAME || m->method == MRG_REFERENCE)
		return true;
	if ((m->method != MRG_TSC && m->method != MRG_WINDOWS) || !p->seed || !m->check.checked ||
	    m->check.violations || m->check.pairs_wrong)
		return false;
	sharp = 2 * (uint64_t)(p->seed->place.hi - p->seed->place.lo);
	if (m->bound_ns > (sharp > SHARP_NS ? sharp : SHARP_NS))
		return false;
	if (m->method == MRG_TSC && !same_offsets(xt_trace_info(host->member->trace)))
		return false;
	for (unsigned int l = 0; l < p->data->nr_lanes; l++)
		if (!lane_stands(p, host, l))
			return false;
	return true;
}
