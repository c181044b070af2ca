/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - a window as lines of fields: what text, CSV and JSON share
 *
 * mrg_lines_window() walks a window's records and their derived lines in the
 * order in which they are shown; a format prints one line at a time.
 */
#ifndef MRG_LINE_H
#define MRG_LINE_H

#include "merge/view.h"

#define MRG_LINE_ROOM 512	/* all fields but event, raw and what a lane shows */

struct mrg_lane_text {
	char *host, *buffer, *cpu;	/* owned, safe to print */
	size_t len;
};

struct mrg_lanes_text {		/* a view's ->own */
	struct mrg_lane_text *lanes;
	struct mrg_quick *quick;	/* see view-quick.h; NULL: not for these lines */
	unsigned int nr_lanes;
	size_t max_len;
};

/* A record's own line, or a derived one. */
struct mrg_line {
	const struct mrg_item *item;
	uint64_t seq;			/* the item's number in the stream */
	const char *name, *args;	/* derived; NULL: the item's own */
	size_t name_len, args_len;
};

/* One window being printed. */
struct mrg_pen {
	struct mrg_view *view;
	struct mrg_window *window;
	void (*put)(struct mrg_pen *pen, const struct mrg_line *line);
	struct mrg_clock_text clock;
	uint64_t prev;			/* time of the line before; UINT64_MAX none */
	size_t notes;			/* where those of the next items begin */
	const struct mrg_row *row;	/* of the current item; NULL for lost events */
};

int mrg_lines_start(struct mrg_view *view, struct rt_err *err);
void mrg_lines_stop(struct mrg_view *view);
void mrg_lines_window(struct mrg_view *view, struct mrg_window *window,
		      void (*one)(struct mrg_pen *pen, const struct mrg_line *line));
/* All lines of one item; items in their order. */
void mrg_pen_item(struct mrg_pen *pen, uint32_t i);

/* So many times the room that all fields of the line need, behind the window's text; or NULL. */
char *mrg_line_reserve(struct mrg_pen *pen, const struct mrg_line *line, unsigned int times);
char *mrg_put_field(struct mrg_pen *pen, char *p, enum mrg_field field,
		    const struct mrg_line *line);
/* Of an item of MRG_ITEM_LOST: why, as a word for programs; NULL where the kernel lost them. */
const char *mrg_lost_word(const struct mrg_item *item);
/* How much of the field "event" is the name; what follows is " [arguments]" or nothing. */
size_t mrg_line_name_len(const struct mrg_pen *pen, const struct mrg_line *line);

#endif /* MRG_LINE_H */
