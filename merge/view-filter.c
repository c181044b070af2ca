/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - which lanes and records a view asks the stream for
 *
 * By the event's id where that can be told before anything is read, else record
 * by record.  Only what passes costs more than a look at its first bytes.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

static bool wants_derived(const struct mrg_view *view, enum kev_role role)
{
	static const char *const services[] = {
		"KVMRT_GS_PING_HOST", "KVMRT_GS_FLUSH_HOST", "KVMRT_GS_LOG_MSG_HOST",
		"KVMRT_GS_LOG_DATA_HOST", "KVM_HOST_HC_EXIT",
	};
	unsigned int i;

	if (!view->format->derived)
		return false;
	if (role == KEV_MARK)
		return true;
	if (role == KEV_GUEST_BEGIN || role == KEV_HYPERCALL_DONE)
		return mrg_select_name(view->select, "KVM_HOST_HC_EXIT");
	for (i = 0; role == KEV_HYPERCALL && i < sizeof(services) / sizeof(*services); i++) {
		if (mrg_select_name(view->select, services[i]))
			return true;
	}
	return false;
}

static bool wants_files(const struct mrg_view *view, enum kev_role role)
{
	if (!view->format->derived)
		return false;
	if (role == KEV_SYSCALL_ENTER)
		return mrg_select_name(view->select, "FILE_READ") ||
		       mrg_select_name(view->select, "FILE_WRITE");
	return role == KEV_SYSCALL_EXIT && mrg_select_name(view->select, "FILE_OPEN");
}

static uint8_t action_of(const struct mrg_view *view, size_t m, unsigned int id)
{
	const struct xt_event *event = xt_trace_event(view->set->members[m].trace, id);
	enum kev_role role = event && event->kev ? event->kev->role : KEV_NONE;
	uint8_t action = mrg_select_event(view->select, (uint16_t)m, id) ? MRG_SHOW : 0;

	if (wants_files(view, role))
		action |= MRG_SHOW;
	if (view->names && (role == KEV_SWITCH || role == KEV_WAKEUP))
		action |= MRG_MARK;
	if (wants_derived(view, role))
		action |= MRG_MARK;
	if (view->format->marks && view->format->marks(view, (uint16_t)m, id))
		action |= MRG_MARK;
	return action;
}

void mrg_filter_finish(struct mrg_filter *filter, size_t members)
{
	size_t m;

	for (m = 0; filter->actions && m < members; m++)
		free(filter->actions[m]);
	free(filter->actions);
	free(filter->nr);
}

int mrg_filter_init(struct mrg_filter *filter, const struct mrg_view *view, struct rt_err *err)
{
	unsigned int id, nr;
	size_t m;

	filter->actions = calloc(view->set->nr + 1, sizeof(uint8_t *));
	filter->nr = calloc(view->set->nr + 1, sizeof(unsigned int));
	if (!filter->actions || !filter->nr)
		return rt_err_set(err, -ENOMEM, "cannot prepare the events");
	for (m = 0; m < view->set->nr; m++) {
		nr = xt_trace_max_event_id(view->set->members[m].trace) + 1;
		filter->actions[m] = calloc(nr, 1);
		if (!filter->actions[m])
			return rt_err_set(err, -ENOMEM, "cannot prepare %u events", nr);
		for (id = 0; id < nr; id++)
			filter->actions[m][id] = action_of(view, m, id);
		filter->nr[m] = nr;
	}
	return 0;
}

bool mrg_filter_lane(void *arg, const struct mrg_stream_lane *lane)
{
	const struct mrg_view_opts *opts = ((struct mrg_view *)arg)->opts;

	if (opts->hosts && !opts->hosts[lane->member_index])
		return false;
	return !opts->cpus || rt_cpuset_has(opts->cpus, lane->info->cpu);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

bool mrg_filter_match(void *arg, const struct mrg_item *item)
{
	struct mrg_view *view = arg;
	const struct mrg_view_opts *opts = view->opts;
	const struct mrg_row *row;
	const char *name;
	uint64_t word;
	uint16_t member;
	int pid;

	if (item->flags & MRG_ITEM_LOST)
		return true;
	if (opts->nr_pids > 0) {
		pid = mrg_item_pid(item);
		if (!bsearch(&pid, opts->pids, opts->nr_pids, sizeof(int), compare_ints))
			return false;
	}
	if (mrg_select_all(view->select))
		return true;
	member = mrg_stream_lane(view->stream, item->lane)->member_index;
	row = mrg_view_row(view, member, mrg_item_id(item));
	if (!row->silent || !row->word)
		return !row->silent;
	name = mrg_syscall_line(row, item, &word);
	return name && mrg_select_name(view->select, name);
}

bool mrg_filter_needs_match(const struct mrg_view *view)
{
	return view->opts->nr_pids > 0 || !mrg_select_all(view->select);
}
