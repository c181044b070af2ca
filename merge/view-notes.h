/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-notes.h - what view-notes.c and view-gs.c share: the record under observation */
#ifndef MRG_VIEW_NOTES_H
#define MRG_VIEW_NOTES_H

#include "merge/view.h"

struct mrg_notes {
	struct mrg_view *view;
	struct kev_state *state;
	struct kev_joiner *joiner;
	/* The record under observation. */
	struct mrg_window *window;
	uint32_t index;
	const struct mrg_row *row;
	uint16_t member;
};

/* A derived line at that record, if it is wanted.  @msg: the message, where it is one. */
void mrg_notes_add(struct mrg_notes *notes, const char *name, bool before, const char *args,
		   size_t args_len, const struct kev_message *msg);
void mrg_notes_say(struct mrg_notes *notes, const char *name, bool before, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A field of that record; 0 where it has none of that name. */
uint64_t mrg_notes_number(const struct mrg_notes *notes, const char *name);

/* view-gs.c */
void mrg_gs_hypercall(struct mrg_notes *notes);
void mrg_gs_mark(struct mrg_notes *notes);
void mrg_gs_fragment(struct mrg_notes *notes);
/* Messages whose rest has not come; at the window's last record. */
void mrg_gs_give_up(struct mrg_notes *notes, struct mrg_window *window);
void mrg_gs_message(void *notes, const struct kev_message *msg);	/* for the joiner */

#endif /* MRG_VIEW_NOTES_H */
