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
#include "lib/io.h"
#include "merge/view-context.h"
#include "merge/where.h"

/* ---- what is done with the windows ---- */

/* A limit is one of lines; --tail was counted where no format had joined two of them. */
static bool counts(const struct mrg_view *view, const struct mrg_item *item)
{
	return !(item->flags & MRG_ITEM_HIDDEN) ||
	       (view->opts->tail && item->flags & MRG_ITEM_JOINED);
}

/* No window comes that could take what is carried. */
static void end_with(struct mrg_window *window)
{
	uint32_t i;

	for (i = window->nr - window->carry; i < window->nr; i++)
		window->items[i].flags |= MRG_ITEM_HIDDEN;
	window->carry = 0;
	window->last = true;
}

static void count_shown(struct mrg_view *view, struct mrg_window *window)
{
	uint64_t limit = view->opts->limit ? view->opts->limit : UINT64_MAX;
	struct mrg_item *item;
	uint32_t i;

	for (i = 0; i < window->nr - window->carry; i++) {
		item = &window->items[i];
		if (!counts(view, item))
			continue;
		if (view->shown < view->skip || view->shown - view->skip >= limit)
			item->flags |= MRG_ITEM_HIDDEN;
		view->shown++;
	}
	if (!view->counting && view->shown - view->skip >= limit && view->shown >= view->skip)
		end_with(window);
}

/* Where something was left out, and something stands before and behind it. */
static void mark_groups(struct mrg_view *view, struct mrg_window *window)
{
	struct mrg_item *item;
	uint32_t i;

	for (i = 0; i < window->nr - window->carry; i++) {
		item = &window->items[i];
		view->gap |= (item->flags & MRG_ITEM_GROUP) != 0;
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		item->flags &= (uint16_t)~MRG_ITEM_GROUP;
		if (view->gap && view->any)
			item->flags |= MRG_ITEM_GROUP;
		view->gap = false;
		view->any = true;
	}
}

static void note_last_time(struct mrg_view *view, struct mrg_window *window)
{
	uint32_t i;

	window->prev = view->prev;
	for (i = window->nr - window->carry; i > 0; i--) {
		if (!(window->items[i - 1].flags & MRG_ITEM_HIDDEN)) {
			view->prev = window->items[i - 1].time;
			break;
		}
	}
}

static int observe(void *arg, struct mrg_window *window)
{
	struct mrg_view *view = arg;
	bool context = mrg_has_context(view->opts);
	int rc = 0;

	if (view->notes)
		rc = mrg_notes_observe(view->notes, window);
	if (rc == 0 && mrg_filter_is_ordered(view))
		mrg_filter_observe(view, window);
	if (rc == 0 && mrg_has_spans(view->opts))
		mrg_spans_observe(view, window);
	if (rc == 0 && (view->found_by || view->tail))
		return mrg_context_find(view, window);
	if (rc == 0 && view->context)
		mrg_context_observe(view, window);
	if (rc == 0 && view->format->observe && !view->counting)
		rc = view->format->observe(view, window);
	if (!context && (view->opts->limit || view->skip || view->counting))
		count_shown(view, window);
	if (context || mrg_has_spans(view->opts))
		mark_groups(view, window);
	note_last_time(view, window);
	view->seen = window->first + window->nr - window->carry;
	view->done |= window->last;
	return rc;
}

static void format(void *arg, struct mrg_window *window)
{
	struct mrg_view *view = arg;

	view->format->window(view, window);
}

/* Return: 0, 1 when nobody reads any more, or -errno. */
static int put_text(int fd, const struct rt_buf *text)
{
	int rc = rt_write_all(fd, text->data, text->len);

	return rc == -EPIPE ? 1 : rc;
}

static int put_window(void *arg, const struct mrg_window *window)
{
	const struct mrg_view *view = arg;

	if (window->out.failed)
		return -ENOMEM;
	return put_text(view->fd, &window->out);
}

void mrg_view_warn(void *arg, const char *text)
{
	const struct mrg_view *view = arg;

	if (!view->counting && view->opts->warn)
		view->opts->warn(view->opts->warn_arg, text);
}

/* ---- a run ---- */

bool mrg_view_shows_names(const struct mrg_view *view)
{
	return view->format->names || view->wants[MRG_FIELD_COMM];
}

static bool needs_names(const struct mrg_view *view)
{
	const struct mrg_where *const all[] = {
		view->opts->where, view->opts->begin, view->opts->end,
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i] && mrg_where_needs_names(all[i]))
			return true;
	}
	return !view->counting && mrg_view_shows_names(view);
}

int mrg_view_start(struct mrg_view *view, struct rt_err *err)
{
	int rc = 0;

	view->shown = view->visible = view->seen = 0;
	view->prev = UINT64_MAX;
	view->within = !view->opts->begin;
	view->any = view->gap = view->done = false;
	if (needs_names(view))
		rc = mrg_names_create(&view->names, view->set, err);
	if (view->names && view->format->reported)
		mrg_names_as_reported(view->names);
	if (rc == 0 && (view->names || view->format->derived))
		rc = mrg_notes_create(view, err);
	return rc;
}

void mrg_view_stop(struct mrg_view *view)
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

	if (view->format->head && !view->has_head)
		view->format->head(view, &head);
	if (head.len > 0)
		rc = put_text(view->fd, &head);
	rt_buf_finish(&head);
	view->has_head = true;
	return rc;
}

static int print(struct mrg_view *view, uint64_t from, struct rt_err *err)
{
	bool own = mrg_has_context(view->opts) && !view->context;
	int rc = 0, stopped;

	if (view->format->start)
		rc = view->format->start(view, err);
	if (rc == 0)
		rc = put_head(view);
	if (rc == 0 && own)
		rc = mrg_context_start(view, from, err);
	if (rc == 0)
		rc = mrg_stream_run(view->stream, err);
	if (!own)
		return rc;
	stopped = mrg_context_stop(view, rc < 0 ? NULL : err);
	return rc < 0 || stopped == 0 ? rc : stopped;
}

static int round_of(struct mrg_view *view, uint64_t from, uint64_t to, bool counting,
		    struct rt_err *err)
{
	struct mrg_stream_opts opts = {
		.want_lane = mrg_filter_lane, .want_arg = view, .threads = view->opts->threads,
		.from = from, .to = to, .first = view->seen,
	};
	struct mrg_sink sink = {
		.arg = view, .observe = observe, .format = format, .write = put_window,
		.warn = mrg_view_warn,
	};
	struct mrg_filter filter = { 0 };
	int rc;

	if (counting) {
		sink.format = NULL;
		sink.write = NULL;
	}
	rc = mrg_filter_init(&filter, view, err);
	mrg_filter_use(&filter, view, &opts, &sink);
	if (rc == 0)
		rc = mrg_stream_create(&view->stream, view->set, &opts, &sink, err);
	if (rc == 0)
		rc = counting ? mrg_stream_run(view->stream, err) : print(view, from, err);
	mrg_stream_destroy(view->stream);
	view->stream = NULL;
	mrg_filter_finish(&filter, view->set->nr);
	return rc;
}

int mrg_view_round(struct mrg_view *view, uint64_t from, uint64_t to, bool counting,
		   struct rt_err *err)
{
	int rc = 0;

	view->counting = counting;
	if (view->format->open && !counting)
		rc = view->format->open(view, err);
	if (rc == 0)
		rc = round_of(view, from, to, counting, err);
	if (view->format->stop && !counting)
		view->format->stop(view);
	if (rc < 0 && err && !err->code)
		rt_err_set(err, rc, "cannot write the view");
	return rc;
}

int mrg_view_pass(struct mrg_view *view, uint64_t from, bool counting, struct rt_err *err)
{
	int rc;

	view->counting = counting;
	rc = mrg_view_start(view, err);
	if (rc == 0)
		rc = mrg_view_round(view, from, view->opts->to, counting, err);
	mrg_view_stop(view);
	return rc;
}

/* Enough is behind the place where a run began. */
static bool is_tail(const struct mrg_view *view, uint64_t from)
{
	if (from == view->opts->from || from == 0)
		return true;
	return view->tail ? mrg_tail_enough(view, from) : view->shown >= view->opts->tail;
}

int mrg_view_find_tail(struct mrg_view *view, uint64_t *ret_from, struct rt_err *err)
{
	uint64_t from = 1;
	size_t chunks;
	int rc = 0;

	if (mrg_has_context(view->opts))
		rc = mrg_tail_create(view, err);
	for (chunks = 1; rc == 0; chunks *= 2) {
		rc = mrg_set_tail(view->set, chunks, &from, err);
		/* Whether a span is open can be told from its begin on only. */
		if (from < view->opts->from || mrg_has_spans(view->opts))
			from = view->opts->from;
		if (rc == 0)
			rc = mrg_view_pass(view, from, true, err);
		if (rc == 0 && is_tail(view, from))
			break;
	}
	if (rc == 0 && view->tail)
		view->skip = mrg_tail_skip(view);
	else if (rc == 0)
		view->skip = view->shown > view->opts->tail ? view->shown - view->opts->tail : 0;
	mrg_tail_destroy(view);
	*ret_from = from;
	return rc;
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

int mrg_view_init(struct mrg_view *view, struct rt_err *err)
{
	int rc;

	pthread_mutex_init(&view->lock, NULL);
	choose_fields(view);
	rc = mrg_view_offset(view->set, view->opts->time, &view->shown_offset, err);
	if (rc == 0)
		rc = mrg_rows_create(view, err);
	if (rc == 0)
		rc = mrg_symbols_create(view, err);
	if (rc == 0)
		rc = mrg_vcpus_create(view, err);
	return rc;
}

void mrg_view_finish(struct mrg_view *view)
{
	mrg_vcpus_destroy(view);
	mrg_symbols_destroy(view);
	mrg_rows_destroy(view);
	pthread_mutex_destroy(&view->lock);
}

int mrg_view_run(const struct mrg_set *set, const struct mrg_view_opts *opts,
		 const struct mrg_select *select, int fd, struct rt_err *err)
{
	struct mrg_view view = {
		.set = set, .opts = opts, .select = select, .format = opts->format, .fd = fd,
	};
	uint64_t from = opts->from;
	int rc = mrg_view_init(&view, err);

	if (rc == 0 && opts->tail)
		rc = mrg_view_find_tail(&view, &from, err);
	if (rc == 0)
		rc = mrg_view_pass(&view, from, false, err);
	mrg_view_finish(&view);
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
			return rt_err_say(err, -EINVAL, "--time utc: the trace does not say how "
					  "its clock and UTC go together; see --time tod");
		/* fallthrough */
	case MRG_TIME_TOD:
		*ret = set->utc_known ? set->utc_offset_ns : 0;
		return 0;
	}
	return 0;
}
