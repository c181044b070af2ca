/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-filter.c - which lanes and records a view asks the stream for
 *
 * By the event's id where that can be told before anything is read, else record
 * by record.  Only what passes costs more than a look at its first bytes.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "merge/where.h"

/* The expression that records must pass; with context around matches it hides nothing. */
static const struct mrg_where *filter_of(const struct mrg_view *view)
{
	return mrg_has_context(view->opts) ? NULL : view->opts->where;
}

static bool needs_match(const struct mrg_view *view)
{
	const struct mrg_view_opts *opts = view->opts;

	return opts->nr_pids > 0 || !mrg_select_all(view->select) || filter_of(view) ||
	       (mrg_has_spans(opts) && (opts->hosts || opts->cpus));
}

/* Can a derived line of this name be of use: shown, or the border of a span? */
bool mrg_filter_name(const struct mrg_view *view, uint16_t m, const char *name)
{
	const struct mrg_view_opts *opts = view->opts;
	const struct mrg_where *where = filter_of(view);

	if (mrg_select_name(view->select, name) &&
	    (!where || mrg_where_may_match_name(where, m, name)))
		return true;
	return (opts->begin && mrg_where_may_match_name(opts->begin, m, name)) ||
	       (opts->end && mrg_where_may_match_name(opts->end, m, name));
}

static bool wants_derived(const struct mrg_view *view, uint16_t m, enum kev_role role)
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
		return mrg_filter_name(view, m, "KVM_HOST_HC_EXIT");
	for (i = 0; role == KEV_HYPERCALL && i < sizeof(services) / sizeof(*services); i++) {
		if (mrg_filter_name(view, m, services[i]))
			return true;
	}
	return false;
}

/* The modules report messages in fragments. */
static bool wants_joined(const struct mrg_view *view, uint16_t m, const struct xt_event *event)
{
	enum kev_gs_kind kind;
	bool host;

	return view->format->derived && event && kev_gs_event(event->kev, &kind, &host) &&
	       (kind == KEV_GS_LOG_MSG || kind == KEV_GS_LOG_DATA) &&
	       mrg_filter_name(view, m, event->kev->name);
}

static bool wants_files(const struct mrg_view *view, uint16_t m, enum kev_role role)
{
	if (!view->format->derived)
		return false;
	if (role == KEV_SYSCALL_ENTER)
		return mrg_filter_name(view, m, "FILE_READ") ||
		       mrg_filter_name(view, m, "FILE_WRITE");
	return role == KEV_SYSCALL_EXIT && mrg_filter_name(view, m, "FILE_OPEN");
}

/* Can a record of this event begin or end a span by its own line? */
static bool is_border(const struct mrg_view_opts *opts, uint16_t m, unsigned int id)
{
	return (opts->begin && mrg_where_may_match(opts->begin, m, id)) ||
	       (opts->end && mrg_where_may_match(opts->end, m, id));
}

/*
 * Records that name tasks are among the items also where they are not shown.  Who counts
 * ahead shows no names but has the same items: else windows would end elsewhere, and with them
 * the lines of messages that are given up.
 */
static bool wants_names(const struct mrg_view *view)
{
	return view->names || (view->counting && view->format->derived && needs_match(view) &&
			       mrg_view_shows_names(view));
}

static uint8_t action_of(const struct mrg_view *view, uint16_t m, unsigned int id)
{
	const struct xt_event *event = xt_trace_event(view->set->members[m].trace, id);
	enum kev_role role = event && event->kev ? event->kev->role : KEV_NONE;
	const struct mrg_where *where = filter_of(view);
	uint8_t action = 0;

	if (mrg_select_event(view->select, m, id) && (!where || mrg_where_may_match(where, m, id)))
		action |= MRG_SHOW;
	if (wants_files(view, m, role))
		action |= MRG_SHOW | (mrg_has_spans(view->opts) ? MRG_MARK : 0);
	if ((role == KEV_SWITCH || role == KEV_WAKEUP) && wants_names(view))
		action |= MRG_MARK;
	if (wants_joined(view, m, event))
		action |= MRG_MARK;
	if (wants_derived(view, m, role) || is_border(view->opts, m, id))
		action |= MRG_MARK;
	if (view->format->marks && !view->counting && view->format->marks(view, m, id))
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
			filter->actions[m][id] = action_of(view, (uint16_t)m, id);
		filter->nr[m] = nr;
	}
	return 0;
}

/* Spans begin and end with events of any lane, shown or not. */
bool mrg_filter_lane(void *arg, const struct mrg_stream_lane *lane)
{
	const struct mrg_view *view = arg;

	return mrg_has_spans(view->opts) || mrg_filter_shows_lane(view, lane);
}

bool mrg_filter_shows_lane(const struct mrg_view *view, const struct mrg_stream_lane *lane)
{
	const struct mrg_view_opts *opts = view->opts;

	if (opts->hosts && !opts->hosts[lane->member_index])
		return false;
	return !opts->cpus || rt_cpuset_has(opts->cpus, lane->info->cpu);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* The ends of the list, which is sorted, are looked at first: they tell most records. */
static inline bool wants_pid(const struct mrg_view_opts *opts, int pid)
{
	const int *pids = opts->pids;
	size_t nr = opts->nr_pids;

	if (nr == 0)
		return true;
	if (pid < pids[0] || pid > pids[nr - 1])
		return false;
	return nr == 1 || bsearch(&pid, pids, nr, sizeof(int), compare_ints);
}

bool mrg_filter_task(const struct mrg_view *view, const struct mrg_item *item)
{
	return wants_pid(view->opts, mrg_item_pid(item)) &&
	       (!mrg_has_spans(view->opts) ||
		mrg_filter_shows_lane(view, mrg_stream_lane(view->stream, item->lane)));
}

/* Is the record's own line, or the one that its system call gives, a match? */
bool mrg_filter_match_lines(struct mrg_view *view, const struct mrg_where *where,
			    const struct mrg_item *item, uint64_t seq, bool *ret_own,
			    bool *ret_word)
{
	struct mrg_subject subject = { .view = view, .item = item, .seq = seq };
	uint16_t member = mrg_stream_lane(view->stream, item->lane)->member_index;
	const struct mrg_row *row = mrg_view_row(view, member, mrg_item_id(item));

	*ret_own = !where || mrg_where_match(where, &subject);
	*ret_word = false;
	if (row->word && view->format->derived) {
		subject.name = mrg_syscall_line(row, item, &subject.number);
		*ret_word = subject.name && (!where || mrg_where_match(where, &subject));
	}
	return *ret_own || *ret_word;
}

/* Which of the record's lines are shown, into its flags.  Return: true if any. */
static bool choose_lines(struct mrg_view *view, struct mrg_item *item, uint64_t seq,
			 const struct mrg_where *where)
{
	uint16_t member = mrg_stream_lane(view->stream, item->lane)->member_index;
	const struct mrg_row *row = mrg_view_row(view, member, mrg_item_id(item));
	const char *name;
	uint64_t value;
	bool own, word;

	mrg_filter_match_lines(view, where, item, seq, &own, &word);
	own = own && (row->event ? !row->silent : mrg_select_unknown(view->select));
	if (word) {
		name = mrg_syscall_line(row, item, &value);
		word = mrg_select_name(view->select, name);
	}
	if (!own)
		item->flags |= MRG_ITEM_REPLACED;
	if (!word)
		item->flags |= MRG_ITEM_NO_WORD;
	return own || word;
}

static bool match(void *arg, struct mrg_item *item)
{
	struct mrg_view *view = arg;
	const struct mrg_where *where = filter_of(view);

	if (item->flags & MRG_ITEM_LOST)
		return !mrg_has_spans(view->opts) ||
		       mrg_filter_shows_lane(view, mrg_stream_lane(view->stream, item->lane));
	if (!mrg_filter_task(view, item))
		return false;
	if (where && mrg_filter_is_ordered(view))
		where = NULL;
	if (!where && mrg_select_all(view->select))
		return true;
	return choose_lines(view, item, UINT64_MAX, where);
}

void mrg_filter_use(const struct mrg_filter *filter, const struct mrg_view *view,
		    struct mrg_stream_opts *opts, struct mrg_sink *sink)
{
	opts->actions = (const uint8_t *const *)filter->actions;
	opts->nr_actions = filter->nr;
	opts->has_pids = view->opts->nr_pids > 0;
	if (opts->has_pids) {
		opts->first_pid = view->opts->pids[0];
		opts->last_pid = view->opts->pids[view->opts->nr_pids - 1];
	}
	if (needs_match(view))
		sink->match = match;
}

bool mrg_filter_is_ordered(const struct mrg_view *view)
{
	const struct mrg_where *where = filter_of(view);

	return where && !view->unordered && mrg_where_needs_names(where);
}

void mrg_filter_observe(struct mrg_view *view, struct mrg_window *window)
{
	struct mrg_item *item;
	uint32_t i;

	for (i = window->carried; i < window->nr; i++) {
		item = &window->items[i];
		if (item->flags & (MRG_ITEM_HIDDEN | MRG_ITEM_LOST))
			continue;
		if (!choose_lines(view, item, window->first + i, filter_of(view)) &&
		    !(item->flags & MRG_ITEM_NOTED))
			item->flags |= MRG_ITEM_HIDDEN;
	}
}

/* ---- lines that are derived ---- */

/* What is said of a line is noted with its record.  Return: true when it is shown. */
bool mrg_filter_note(struct mrg_view *view, struct mrg_item *item, bool wanted,
		     const struct mrg_subject *subject)
{
	const struct mrg_view_opts *opts = view->opts;
	bool match;

	if (opts->begin && mrg_where_match(opts->begin, subject))
		item->flags |= MRG_ITEM_BEGIN;
	if (opts->end && mrg_where_match(opts->end, subject))
		item->flags |= MRG_ITEM_END;
	if (!wanted || !mrg_select_name(view->select, subject->name))
		return false;
	match = !opts->where || mrg_where_match(opts->where, subject);
	if (!mrg_has_context(opts))
		return match;
	if (match)
		item->flags |= MRG_ITEM_MATCH;
	return true;
}
