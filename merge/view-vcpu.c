/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-vcpu.c - whose vCPU a thread of a host is, or a CPU of a guest */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

struct mrg_vcpus {		/* of one member, sorted by thread */
	const struct xt_vcpu **v;	/* owned */
	size_t nr;
};

static int by_tid(const void *a, const void *b)
{
	const struct xt_vcpu *const *x = a, *const *y = b;

	return ((*x)->tid > (*y)->tid) - ((*x)->tid < (*y)->tid);
}

int mrg_vcpus_create(struct mrg_view *view, struct rt_err *err)
{
	const struct xt_info *info;
	struct mrg_vcpus *to;
	size_t m, i;

	view->vcpus = calloc(view->set->nr + 1, sizeof(*view->vcpus));
	if (!view->vcpus)
		return rt_err_set(err, -ENOMEM, "cannot list vCPUs");
	for (m = 0; m < view->set->nr; m++) {
		info = xt_trace_info(view->set->members[m].trace);
		to = &view->vcpus[m];
		to->v = calloc(info->nr_vcpus + 1, sizeof(*to->v));
		if (!to->v)
			return rt_err_set(err, -ENOMEM, "cannot list %zu vCPUs", info->nr_vcpus);
		for (i = 0; i < info->nr_vcpus; i++)
			to->v[to->nr++] = &info->vcpus[i];
		if (to->nr > 0)
			qsort(to->v, to->nr, sizeof(*to->v), by_tid);
	}
	return 0;
}

void mrg_vcpus_destroy(struct mrg_view *view)
{
	size_t m;

	for (m = 0; view->vcpus && m < view->set->nr; m++)
		free(view->vcpus[m].v);
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
