/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-context.c - spans around matches, found by a stream that runs ahead
 *
 * Both streams number what filters let through alike, for their order is the
 * same; events before and after a match are counted by these numbers, --around
 * by times.
 */
#include "merge/view-context.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "merge/where.h"

#define MAX_SPANS 1024u		/* found, and not yet shown, before a finder waits */

struct span {
	uint64_t first, last;		/* numbers of items, both included */
	uint64_t first_ns, last_ns;	/* times, likewise; empty: first_ns > last_ns */
};

struct mrg_context {
	struct mrg_view finder;
	uint64_t from;
	bool threaded;
	pthread_t thread;
	struct mrg_tail *recent;	/* without one: the items that a match may reach back to */
	uint64_t matches;		/* the finder's own */

	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t changed;
	struct span *spans;		/* a ring of ->room */
	size_t room, head, nr;
	struct span newest;
	uint64_t visible, time;		/* all before these has been looked at */
	bool ended, stop;
	int rc;
	struct rt_err err;
};

/* ---- the last matches ---- */

struct place {
	uint64_t seq, ns;
};

struct mrg_tail {
	struct place *ring;	/* owned; ->room of them */
	size_t room, max;	/* max: how many are wanted */
	uint64_t matches;
	uint64_t begin_ns;	/* of the first item seen */
};

static struct mrg_tail *tail_new(uint64_t max)
{
	struct mrg_tail *tail = calloc(1, sizeof(*tail));

	if (tail)
		tail->max = max;
	return tail;
}

static void tail_free(struct mrg_tail *tail)
{
	if (tail)
		free(tail->ring);
	free(tail);
}

int mrg_tail_create(struct mrg_view *view, struct rt_err *err)
{
	view->tail = tail_new(view->opts->tail);
	return view->tail ? 0 : rt_err_set(err, -ENOMEM, "cannot look for the last events");
}

void mrg_tail_destroy(struct mrg_view *view)
{
	tail_free(view->tail);
	view->tail = NULL;
}

static int tail_found(struct mrg_tail *tail, uint64_t seq, uint64_t ns)
{
	struct place *more;
	size_t room;

	/* It grows only until it goes round, so that nothing in it has to move. */
	if (tail->matches == tail->room && tail->room < tail->max) {
		room = tail->room ? 2 * tail->room : 256;
		room = room < tail->max ? room : tail->max;
		more = realloc(tail->ring, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		tail->ring = more;
		tail->room = room;
	}
	tail->ring[tail->matches++ % tail->room] = (struct place){ seq, ns };
	return 0;
}

uint64_t mrg_tail_skip(const struct mrg_view *view)
{
	return view->tail->matches > view->tail->max ? view->tail->matches - view->tail->max : 0;
}

bool mrg_tail_enough(const struct mrg_view *view, uint64_t from)
{
	const struct mrg_tail *tail = view->tail;
	const struct place *first;

	if (tail->matches < tail->max)
		return false;
	first = &tail->ring[mrg_tail_skip(view) % tail->room];
	return first->seq >= view->opts->before &&
	       first->ns >= from && first->ns - from >= view->opts->around_ns;
}

/* ---- the finder ---- */

static struct span span_around(const struct mrg_view_opts *opts, uint64_t seq, uint64_t ns)
{
	struct span span = { .first_ns = 1 };

	span.first = seq > opts->before ? seq - opts->before : 0;
	span.last = seq + opts->after;
	if (opts->around_ns > 0) {
		span.first_ns = ns > opts->around_ns ? ns - opts->around_ns : 0;
		span.last_ns = ns + opts->around_ns;
	}
	return span;
}

/* They have an item in common, or nothing lies between them. */
static bool adjoin(const struct span *a, const struct span *b)
{
	return b->first <= a->last + 1 ||
	       (a->first_ns <= a->last_ns && b->first_ns <= a->last_ns);
}

static void extend(struct span *span, const struct span *by)
{
	if (by->last > span->last)
		span->last = by->last;
	if (by->last_ns > span->last_ns)
		span->last_ns = by->last_ns;
}

static int more_room(struct mrg_context *context)
{
	struct span *more = malloc(2 * context->room * sizeof(*more));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < context->nr; i++)
		more[i] = context->spans[(context->head + i) % context->room];
	free(context->spans);
	context->spans = more;
	context->room *= 2;
	context->head = 0;
	return 0;
}

/* Under the lock.  Nobody takes spans away while a finder without a thread is at work. */
static int wait_for_room(struct mrg_context *context)
{
	while (context->threaded && context->nr == context->room && !context->stop)
		pthread_cond_wait(&context->changed, &context->lock);
	if (context->stop)
		return 1;
	return context->nr == context->room ? more_room(context) : 0;
}

/* Return: 0, 1 when nobody wants more, or -ENOMEM. */
static int push(struct mrg_context *context, const struct span *span)
{
	struct span *last;
	int rc = 0;

	pthread_mutex_lock(&context->lock);
	last = &context->spans[(context->head + context->nr - 1) % context->room];
	if (context->nr > 0 && adjoin(last, span)) {
		extend(last, span);
	} else {
		rc = wait_for_room(context);
		if (rc == 0)
			context->spans[(context->head + context->nr++) % context->room] = *span;
	}
	context->newest = *span;
	if (context->stop)
		rc = 1;
	pthread_mutex_unlock(&context->lock);
	return rc;
}

/* The view's last events are wanted: those matches are not shown that come before. */
static int found(struct mrg_context *context, uint64_t seq, uint64_t ns)
{
	const struct mrg_view *view = &context->finder;
	uint64_t limit = view->opts->limit ? view->opts->limit : UINT64_MAX;
	struct span span = span_around(view->opts, seq, ns);
	int rc;

	if (context->matches++ < view->skip)
		return 0;
	rc = push(context, &span);
	if (rc != 0)
		return rc;
	return context->matches - view->skip >= limit;
}

static void note_progress(struct mrg_context *context, const struct mrg_window *window,
			  uint64_t visible)
{
	pthread_mutex_lock(&context->lock);
	context->visible = visible;
	if (window->nr > 0)
		context->time = window->items[window->nr - 1].time;
	pthread_cond_broadcast(&context->changed);
	pthread_mutex_unlock(&context->lock);
}

static void *find(void *arg)
{
	struct mrg_context *context = arg;
	struct rt_err err = { 0 };
	int rc = mrg_view_pass(&context->finder, context->from, true, &err);

	pthread_mutex_lock(&context->lock);
	context->ended = true;
	if (rc < 0) {
		context->rc = rc;
		context->err = err;
	}
	pthread_cond_broadcast(&context->changed);
	pthread_mutex_unlock(&context->lock);
	return NULL;
}

/* Return: 0, or -errno with nothing left. */
static int create(struct mrg_view *view, struct rt_err *err)
{
	struct mrg_context *context = calloc(1, sizeof(*context));
	struct span *spans = malloc(MAX_SPANS * sizeof(*spans));
	int rc;

	if (!context || !spans) {
		free(context);
		free(spans);
		return rt_err_set(err, -ENOMEM, "cannot look for context");
	}
	pthread_mutex_init(&context->lock, NULL);
	pthread_cond_init(&context->changed, NULL);
	context->spans = spans;
	context->room = MAX_SPANS;
	context->newest.first_ns = 1;
	context->finder = (struct mrg_view){
		.set = view->set, .opts = view->opts, .select = view->select,
		.format = view->format, .fd = -1, .skip = view->skip, .found_by = context,
	};
	view->context = context;
	rc = mrg_view_init(&context->finder, err);
	if (rc < 0)
		mrg_context_stop(view, NULL);
	return rc;
}

int mrg_context_start(struct mrg_view *view, uint64_t from, struct rt_err *err)
{
	int rc = create(view, err);

	if (rc < 0)
		return rc;
	view->context->from = from;
	view->context->threaded = true;
	rc = -pthread_create(&view->context->thread, NULL, find, view->context);
	if (rc < 0) {
		view->context->threaded = false;
		mrg_context_stop(view, NULL);
		return rt_err_set(err, rc, "cannot look for context");
	}
	return 0;
}

int mrg_context_stop(struct mrg_view *view, struct rt_err *err)
{
	struct mrg_context *context = view->context;
	int rc;

	if (!context)
		return 0;
	pthread_mutex_lock(&context->lock);
	context->stop = true;
	pthread_cond_broadcast(&context->changed);
	pthread_mutex_unlock(&context->lock);
	if (context->threaded)
		pthread_join(context->thread, NULL);
	else
		mrg_view_stop(&context->finder);
	rc = context->rc;
	if (rc < 0 && err)
		*err = context->err;
	mrg_view_finish(&context->finder);
	tail_free(context->recent);
	free(context->spans);
	pthread_cond_destroy(&context->changed);
	pthread_mutex_destroy(&context->lock);
	free(context);
	view->context = NULL;
	return rc;
}

/* ---- matches of a window ---- */

static bool is_match(struct mrg_view *view, const struct mrg_item *item, uint64_t seq)
{
	bool own, word;

	if (item->flags & MRG_ITEM_LOST)
		return false;
	if (item->flags & MRG_ITEM_MATCH)
		return true;
	mrg_filter_match_lines(view, view->opts->where, item, seq, &own, &word);
	return (own && !(item->flags & MRG_ITEM_REPLACED)) ||
	       (word && !(item->flags & MRG_ITEM_NO_WORD));
}

int mrg_context_find(struct mrg_view *view, struct mrg_window *window)
{
	const struct mrg_item *item;
	uint64_t visible;
	uint32_t i;
	int rc = 0;

	if (view->tail)
		view->tail->matches = window->first == 0 ? 0 : view->tail->matches;
	for (i = window->carried; i < window->nr && rc == 0; i++) {
		item = &window->items[i];
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		visible = view->visible++;
		if (view->found_by && view->found_by->recent)
			rc = tail_found(view->found_by->recent, visible, item->time);
		if (rc < 0 || !is_match(view, item, window->first + i))
			continue;
		rc = view->tail ? tail_found(view->tail, visible, item->time) :
		     found(view->found_by, visible, item->time);
	}
	if (view->found_by)
		note_progress(view->found_by, window, view->visible);
	return rc;
}

/* ---- the finder of a recording that goes on ---- */

int mrg_context_open(struct mrg_view *view, struct rt_err *err)
{
	int rc = create(view, err);

	if (rc < 0)
		return rc;
	view->context->finder.counting = true;
	view->context->recent = tail_new(view->opts->before + 1);
	if (!view->context->recent)
		rc = rt_err_set(err, -ENOMEM, "cannot look for context");
	return rc == 0 ? mrg_view_start(&view->context->finder, err) : rc;
}

/* The moment before item @seq, one of the recent ones; @upto where it is yet to come. */
static uint64_t before_item(const struct mrg_context *context, uint64_t seq, uint64_t upto)
{
	const struct mrg_tail *recent = context->recent;

	if (seq >= context->visible)
		return upto;
	return seq + recent->max < context->visible ? 0 :
	       recent->ring[seq % recent->room].ns - 1;
}

/*
 * Matches to come reach back to the last items, and by --around to the last moments.
 * Of these what the newest span holds is known all the same.
 */
static uint64_t known_upto(const struct mrg_context *context, uint64_t upto)
{
	const struct mrg_view_opts *opts = context->finder.opts;
	const struct span *span = &context->newest;
	uint64_t known = 0, shown = 0;

	if (opts->before == 0)
		known = upto;
	else if (context->visible > opts->before)
		known = before_item(context, context->visible - opts->before - 1, upto);
	if (opts->around_ns && context->time < known + opts->around_ns + 1)
		known = context->time > opts->around_ns ? context->time - opts->around_ns - 1 : 0;
	if (context->matches > context->finder.skip)
		shown = before_item(context, span->last + 1, upto);
	if (span->first_ns <= span->last_ns && span->last_ns > shown)
		shown = span->last_ns < upto ? span->last_ns : upto;
	return known > shown ? known : shown;
}

int mrg_context_round(struct mrg_view *view, uint64_t from, uint64_t *upto, bool last,
		      struct rt_err *err)
{
	struct mrg_context *context = view->context;
	int rc = 0;

	if (context->ended)
		return 1;
	context->finder.goes_on = !last;
	if (*upto >= from)
		rc = mrg_view_round(&context->finder, from, *upto, true, err);
	context->ended = last || context->finder.done || rc != 0;
	if (!context->ended)
		*upto = known_upto(context, *upto);
	return rc;
}

/* ---- the stream that is shown ---- */

static bool passed(const struct span *span, uint64_t seq, uint64_t ns)
{
	return seq > span->last && (span->first_ns > span->last_ns || ns > span->last_ns);
}

static bool inside(const struct span *span, uint64_t seq, uint64_t ns)
{
	return (seq >= span->first && seq <= span->last) ||
	       (ns >= span->first_ns && ns <= span->last_ns);
}

/* No match that the finder has not come to can reach back to the item. */
static bool is_settled(const struct mrg_context *context, uint64_t seq, uint64_t ns)
{
	const struct mrg_view_opts *opts = context->finder.opts;

	return context->ended || (context->visible > seq + opts->before &&
				  (!opts->around_ns || context->time > ns + opts->around_ns));
}

/* Under the lock. */
static bool is_shown(struct mrg_context *context, uint64_t seq, uint64_t ns)
{
	for (;;) {
		while (context->nr > 0 && passed(&context->spans[context->head], seq, ns)) {
			context->head = (context->head + 1) % context->room;
			context->nr--;
			pthread_cond_broadcast(&context->changed);
		}
		if (context->nr > 0)
			return inside(&context->spans[context->head], seq, ns);
		if (is_settled(context, seq, ns))
			return false;
		pthread_cond_wait(&context->changed, &context->lock);
	}
}

void mrg_context_observe(struct mrg_view *view, struct mrg_window *window)
{
	struct mrg_context *context = view->context;
	struct mrg_item *item;
	uint32_t i;

	pthread_mutex_lock(&context->lock);
	for (i = window->carried; i < window->nr; i++) {
		item = &window->items[i];
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		/* What was lost is always said. */
		if (!is_shown(context, view->visible++, item->time) &&
		    !(item->flags & MRG_ITEM_LOST))
			item->flags |= MRG_ITEM_HIDDEN | MRG_ITEM_GROUP;
	}
	if (context->ended && context->nr == 0)
		window->last = true;
	pthread_mutex_unlock(&context->lock);
}
