/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-vcpu.c - whose vCPU a thread of a host is, or a CPU of a guest */
#include "merge/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"

struct mrg_vcpus {		/* of one member, sorted by thread */
	const struct xt_vcpu **v;	/* owned */
	size_t nr;
	struct xt_vcpu *found;		/* owned: that the merge alone knows */
	size_t nr_found;
};

static int by_tid(const void *a, const void *b)
{
	const struct xt_vcpu *const *x = a, *const *y = b;

	return ((*x)->tid > (*y)->tid) - ((*x)->tid < (*y)->tid);
}

static size_t nr_guest_lanes(const struct mrg_set *set, size_t host)
{
	size_t m, nr = 0;

	for (m = 0; m < set->nr; m++) {
		if (set->members[m].host == (int)host)
			nr += xt_trace_nr_lanes(set->members[m].trace);
	}
	return nr;
}

/* The trace of a host: all that it tells, with room for the lanes of its guests. */
static int list_own(struct mrg_vcpus *to, const struct mrg_set *set, size_t host)
{
	const struct xt_info *info = xt_trace_info(set->members[host].trace);
	size_t i, nr_lanes = nr_guest_lanes(set, host);

	to->v = calloc(info->nr_vcpus + nr_lanes + 1, sizeof(*to->v));
	to->found = calloc(nr_lanes + 1, sizeof(*to->found));
	if (!to->v || !to->found)
		return -ENOMEM;
	for (i = 0; i < info->nr_vcpus; i++)
		to->v[to->nr++] = &info->vcpus[i];
	qsort(to->v, to->nr, sizeof(*to->v), by_tid);
	return 0;
}

/* The threads that a guest's CPUs were found to be; buffers of one CPU say the same. */
static void find_lanes(struct mrg_view *view, const struct mrg_member *guest)
{
	uint16_t host = (uint16_t)guest->host;
	struct mrg_vcpus *to = &view->vcpus[host];
	struct xt_vcpu *vcpu;
	unsigned int l;
	int tid;

	for (l = 0; l < xt_trace_nr_lanes(guest->trace); l++) {
		tid = guest->lanes[l].vcpu_tid;
		if (tid <= 0 || mrg_view_vcpu_thread(view, host, tid))
			continue;
		vcpu = &to->found[to->nr_found++];
		vcpu->tid = tid;
		vcpu->vm_pid = mrg_view_vm_pid(view, host, tid);
		vcpu->vcpu = xt_trace_lane(guest->trace, l)->cpu;
		snprintf(vcpu->vm, sizeof(vcpu->vm), "%s", guest->label);
	}
}

/* trace-cmd names a host's guests only where it recorded them itself. */
static void list_found(struct mrg_view *view)
{
	const struct mrg_set *set = view->set;
	struct mrg_vcpus *to;
	size_t m, i;

	for (m = 0; m < set->nr; m++) {
		if (set->members[m].host >= 0)
			find_lanes(view, &set->members[m]);
	}
	for (m = 0; m < set->nr; m++) {
		to = &view->vcpus[m];
		for (i = 0; i < to->nr_found; i++)
			to->v[to->nr++] = &to->found[i];
		qsort(to->v, to->nr, sizeof(*to->v), by_tid);
	}
}

int mrg_vcpus_create(struct mrg_view *view, struct rt_err *err)
{
	size_t m;

	view->vcpus = calloc(view->set->nr + 1, sizeof(*view->vcpus));
	if (!view->vcpus)
		return rt_err_set(err, -ENOMEM, "cannot list vCPUs");
	for (m = 0; m < view->set->nr; m++) {
		if (list_own(&view->vcpus[m], view->set, m) < 0)
			return rt_err_set(err, -ENOMEM, "cannot list the vCPUs of %s",
					  view->set->members[m].path);
	}
	list_found(view);
	return 0;
}

void mrg_vcpus_destroy(struct mrg_view *view)
{
	size_t m;

	for (m = 0; view->vcpus && m < view->set->nr; m++) {
		free(view->vcpus[m].v);
		free(view->vcpus[m].found);
	}
	free(view->vcpus);
	view->vcpus = NULL;
}

const struct xt_vcpu *mrg_view_vcpu_thread(const struct mrg_view *view, uint16_t member, int tid)
{
	const struct mrg_vcpus *vcpus = &view->vcpus[member];
	const struct xt_vcpu key = { .tid = tid }, *at = &key, **found;

	if (vcpus->nr == 0)
		return NULL;
	found = bsearch(&at, vcpus->v, vcpus->nr, sizeof(*vcpus->v), by_tid);
	return found ? *found : NULL;
}

int mrg_view_vm_pid(const struct mrg_view *view, uint16_t member, int tid)
{
	const struct xt_vcpu *vcpu = mrg_view_vcpu_thread(view, member, tid);
	int tgid;

	if (vcpu && vcpu->vm_pid > 0)
		return vcpu->vm_pid;
	tgid = xt_trace_tgid(view->set->members[member].trace, tid);
	return tgid > 0 ? tgid : tid;
}

const struct xt_vcpu *mrg_view_vcpu(const struct mrg_view *view,
				    const struct mrg_stream_lane *lane, int pid)
{
	const struct mrg_member *member = lane->member;
	int tid = member->lanes[lane->lane].vcpu_tid;

	if (member->host >= 0 && tid > 0)
		return mrg_view_vcpu_thread(view, (uint16_t)member->host, tid);
	return mrg_view_vcpu_thread(view, lane->member_index, pid);
}
