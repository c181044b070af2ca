/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-span.c - --begin and --end: what stands between two events
 *
 * A border need not be shown itself: it may be on another CPU, or be of an event
 * that was not asked for.
 */
#include "merge/view.h"
#include "merge/where.h"

static bool any_line(struct mrg_view *view, const struct mrg_where *where,
		     const struct mrg_item *item, uint64_t seq)
{
	bool own, word;

	return where && mrg_filter_match_lines(view, where, item, seq, &own, &word);
}

/* Derived lines have left their flags already. */
static void mark_borders(struct mrg_view *view, struct mrg_window *window)
{
	struct mrg_item *item;
	uint32_t m, i;

	for (m = 0; m < window->nr_marked; m++) {
		i = window->marked[m];
		item = &window->items[i];
		if (i < window->carried || item->flags & MRG_ITEM_LOST)
			continue;
		if (any_line(view, view->opts->begin, item, window->first + i))
			item->flags |= MRG_ITEM_BEGIN;
		if (any_line(view, view->opts->end, item, window->first + i))
			item->flags |= MRG_ITEM_END;
	}
}

void mrg_spans_observe(struct mrg_view *view, struct mrg_window *window)
{
	struct mrg_item *item;
	bool begins;
	uint32_t i;

	mark_borders(view, window);
	for (i = window->carried; i < window->nr; i++) {
		item = &window->items[i];
		begins = !view->within && item->flags & MRG_ITEM_BEGIN;
		if (begins) {
			view->within = true;
			item->flags |= MRG_ITEM_GROUP;
		}
		if (!view->within)
			item->flags |= MRG_ITEM_HIDDEN;
		if (!begins && item->flags & MRG_ITEM_END)
			view->within = false;
	}
	/* Without a begin there is one span, and nothing behind it. */
	if (!view->within && !view->opts->begin)
		window->last = true;
}
