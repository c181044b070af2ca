/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-context.h - -A, -B and --around: what stands around a match
 *
 * What comes before a match is shown before it is known that there is one.  So a
 * second stream, the finder, runs ahead of the one that is shown, formats nothing
 * and hands over the spans that are to be shown.  It is ahead by what is in the
 * span and by a window; memory does not depend on how long a span is.
 */
#ifndef MRG_VIEW_CONTEXT_H
#define MRG_VIEW_CONTEXT_H

#include "merge/view.h"

/* Starts the finder at @from, where the view's own stream will begin. */
int mrg_context_start(struct mrg_view *view, uint64_t from, struct rt_err *err);
/*
 * For recordings that go on, where the finder has no thread of its own: it looks at all of
 * [@from, *@upto], and *@upto is up to where that says what is to be shown.  @last: nothing
 * comes any more.  Return: 0, 1 when the finder has found all that is wanted, or -errno.
 */
int mrg_context_open(struct mrg_view *view, struct rt_err *err);
int mrg_context_round(struct mrg_view *view, uint64_t from, uint64_t *upto, bool last,
		      struct rt_err *err);
/* Ends it: 0, or what it failed with.  Also without one. */
int mrg_context_stop(struct mrg_view *view, struct rt_err *err);
/* Hides what is in no span; waits for the finder where it is not far enough. */
void mrg_context_observe(struct mrg_view *view, struct mrg_window *window);
/* In the finder, and where matches are counted for --tail.  Return: 0, or 1 to end the run. */
int mrg_context_find(struct mrg_view *view, struct mrg_window *window);

/* The last matches of a run, for --tail: whether there are enough of them, with what is before. */
int mrg_tail_create(struct mrg_view *view, struct rt_err *err);
void mrg_tail_destroy(struct mrg_view *view);
bool mrg_tail_enough(const struct mrg_view *view, uint64_t from);
/* How many matches come before the last ones. */
uint64_t mrg_tail_skip(const struct mrg_view *view);

#endif /* MRG_VIEW_CONTEXT_H */
