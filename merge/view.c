/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.c - runs the stream of a set through a format onto a descriptor
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"

/* ---- which records, which lanes ---- */

struct actions {
	uint8_t **by_member;		/* owned, and each of them */
	unsigned int *nr;		/* owned */
};

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
	return action;
}

static void actions_finish(struct actions *actions, size_t members)
{
	size_t m;

	for (m = 0; actions->by_member && m < members; m++)
		free(actions->by_member[m]);
	free(actions->by_member);
	free(actions->nr);
}

static int actions_init(struct actions *actions, const struct mrg_view *view, struct rt_err *err)
{
	unsigned int id, nr;
	size_t m;

	actions->by_member = calloc(view->set->nr + 1, sizeof(uint8_t *));
	actions->nr = calloc(view->set->nr + 1, sizeof(unsigned int));
	if (!actions->by_member || !actions->nr)
		return rt_err_set(err, -ENOMEM, "cannot prepare the events");
	for (m = 0; m < view->set->nr; m++) {
		nr = xt_trace_max_event_id(view->set->members[m].trace) + 1;
		actions->by_member[m] = calloc(nr, 1);
		if (!actions->by_member[m])
			return rt_err_set(err, -ENOMEM, "cannot prepare %u events", nr);
		for (id = 0; id < nr; id++)
			actions->by_member[m][id] = action_of(view, m, id);
		actions->nr[m] = nr;
	}
	return 0;
}

static bool want_lane(void *arg, const struct mrg_stream_lane *lane)
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

static bool match(void *arg, const struct mrg_item *item)
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

/* ---- what is done with the windows ---- */

static void count_shown(struct mrg_view *view, struct mrg_window *window)
{
	uint64_t limit = view->opts->limit ? view->opts->limit : UINT64_MAX;
	struct mrg_item *item;
	uint32_t i;

	for (i = 0; i < window->nr; i++) {
		item = &window->items[i];
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		if (view->shown < view->skip || view->shown - view->skip >= limit)
			item->flags |= MRG_ITEM_HIDDEN;
		view->shown++;
	}
	window->last = !view->counting && view->shown - view->skip >= limit &&
		       view->shown >= view->skip;
}

static int observe(void *arg, struct mrg_window *window)
{
	struct mrg_view *view = arg;
	uint32_t i;
	int rc = 0;

	if (view->notes)
		rc = mrg_notes_observe(view->notes, window);
	if (view->opts->limit || view->skip || view->counting)
		count_shown(view, window);
	window->prev = view->prev;
	for (i = window->nr; i > 0; i--) {
		if (!(window->items[i - 1].flags & MRG_ITEM_HIDDEN)) {
			view->prev = window->items[i - 1].time;
			break;
		}
	}
	return rc;
}

static void format(void *arg, struct mrg_window *window)
{
	struct mrg_view *view = arg;

	view->format->window(view, window);
}

/* Return: 0, 1 when nobody reads any more, or -errno. */
static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE ? 1 : -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put_window(void *arg, const struct mrg_window *window)
{
	const struct mrg_view *view = arg;

	if (window->out.failed)
		return -ENOMEM;
	return write_all(view->fd, window->out.data, window->out.len);
}

static void warn(void *arg, const char *text)
{
	const struct mrg_view *view = arg;

	if (!view->counting && view->opts->warn)
		view->opts->warn(view->opts->warn_arg, text);
}

/* ---- a run ---- */

static int start(struct mrg_view *view, struct rt_err *err)
{
	int rc = 0;

	view->shown = 0;
	view->prev = UINT64_MAX;
	if (view->format->names || view->wants[MRG_FIELD_COMM])
		rc = mrg_names_create(&view->names, view->set, err);
	if (rc == 0 && (view->names || view->format->derived))
		rc = mrg_notes_create(view, err);
	return rc;
}

static void stop(struct mrg_view *view)
{
	mrg_notes_destroy(view->notes);
	mrg_names_destroy(view->names);
	view->notes = NULL;
	view->names = NULL;
}

static int put_head(struct mrg_view *view)
{
	struct rt_buf head = { 0 };
	int rc = 0;

	if (view->format->head)
		view->format->head(view, &head);
	if (head.len > 0)
		rc = write_all(view->fd, head.data, head.len);
	rt_buf_finish(&head);
	return rc;
}

static int print(struct mrg_view *view, struct rt_err *err)
{
	int rc = 0;

	if (view->format->start)
		rc = view->format->start(view, err);
	if (rc == 0)
		rc = put_head(view);
	if (rc == 0)
		rc = mrg_stream_run(view->stream, err);
	if (view->format->stop)
		view->format->stop(view);
	return rc;
}

/* All records from @from on: counted in ->shown, or printed. */
static int pass(struct mrg_view *view, uint64_t from, bool counting, struct rt_err *err)
{
	struct mrg_stream_opts opts = {
		.want_lane = want_lane, .want_arg = view, .threads = view->opts->threads,
		.from = from, .to = view->opts->to,
	};
	struct mrg_sink sink = {
		.arg = view, .observe = observe, .format = format, .write = put_window, .warn = warn,
	};
	struct actions actions = { 0 };
	int rc;

	view->counting = counting;
	if (counting) {
		sink.format = NULL;
		sink.write = NULL;
	}
	if (view->opts->nr_pids > 0 || !mrg_select_all(view->select))
		sink.match = match;
	rc = start(view, err);
	if (rc == 0)
		rc = actions_init(&actions, view, err);
	opts.actions = (const uint8_t *const *)actions.by_member;
	opts.nr_actions = actions.nr;
	if (rc == 0)
		rc = mrg_stream_create(&view->stream, view->set, &opts, &sink, err);
	if (rc == 0)
		rc = counting ? mrg_stream_run(view->stream, err) : print(view, err);
	mrg_stream_destroy(view->stream);
	view->stream = NULL;
	actions_finish(&actions, view->set->nr);
	stop(view);
	if (rc < 0 && err && !err->code)
		rt_err_set(err, rc, "cannot write the view");
	return rc;
}

/* Where the last chunks begin, enough of them to hold what is asked for. */
static int find_tail(struct mrg_view *view, uint64_t *ret_from, struct rt_err *err)
{
	uint64_t from = 1;
	size_t chunks;
	int rc;

	for (chunks = 1; ; chunks *= 2) {
		rc = mrg_set_tail(view->set, chunks, &from, err);
		if (rc < 0)
			return rc;
		if (from < view->opts->from)
			from = view->opts->from;
		rc = pass(view, from, true, err);
		if (rc < 0)
			return rc;
		if (view->shown >= view->opts->tail || from == view->opts->from || from == 0)
			break;
	}
	view->skip = view->shown > view->opts->tail ? view->shown - view->opts->tail : 0;
	*ret_from = from;
	return 0;
}

static void choose_fields(struct mrg_view *view)
{
	unsigned int i;

	view->fields = view->opts->nr_fields ? view->opts->fields : view->format->fields;
	view->nr_fields = view->opts->nr_fields ? view->opts->nr_fields : view->format->nr_fields;
	for (i = 0; i < view->nr_fields; i++)
		view->wants[view->fields[i]] = true;
	view->whole_rows = view->wants[MRG_FIELD_RAW];
}

int mrg_view_run(const struct mrg_set *set, const struct mrg_view_opts *opts,
		 const struct mrg_select *select, int fd, struct rt_err *err)
{
	struct mrg_view view = {
		.set = set, .opts = opts, .select = select, .format = opts->format, .fd = fd,
	};
	uint64_t from = opts->from;
	int rc;

	pthread_mutex_init(&view.lock, NULL);
	choose_fields(&view);
	rc = mrg_view_offset(set, opts->time, &view.shown_offset, err);
	if (rc == 0)
		rc = mrg_rows_create(&view, err);
	if (rc == 0)
		rc = mrg_symbols_create(&view, err);
	if (rc == 0 && opts->tail)
		rc = find_tail(&view, &from, err);
	if (rc == 0)
		rc = pass(&view, from, false, err);
	mrg_symbols_destroy(&view);
	mrg_rows_destroy(&view);
	pthread_mutex_destroy(&view.lock);
	return rc > 0 ? -EPIPE : rc;
}

/* ---- times ---- */

int mrg_view_offset(const struct mrg_set *set, enum mrg_time_mode mode, int64_t *ret,
		    struct rt_err *err)
{
	uint64_t begin;
	int rc;

	*ret = 0;
	switch (mode) {
	case MRG_TIME_RAW:
		return 0;
	case MRG_TIME_REL:
		rc = mrg_set_begin(set, &begin, err);
		if (rc == 0)
			*ret = -(int64_t)begin;
		return rc;
	case MRG_TIME_UTC:
		if (!set->utc_known)
			return rt_err_say(err, -EINVAL, "--time utc: the trace does not say how its "
					  "clock and UTC go together; see --time tod");
		/* fallthrough */
	case MRG_TIME_TOD:
		*ret = set->utc_known ? set->utc_offset_ns : 0;
		return 0;
	}
	return 0;
}
