/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-quick.h - lines of text of the usual kind, at full speed
 *
 * A usual line is the time, what its lane shows, and the event: all that lines have
 * in common stands ready as text.  view-quick-row.c makes of an event's row steps
 * that are copies and numbers; view-quick.c goes through a window by them, and leaves
 * to view-line.c the records that are not usual: lost ones, notes, torn ones.  Both
 * ways print the same.
 */
#ifndef MRG_QUICK_H
#define MRG_QUICK_H

#include "merge/view-line.h"

/* What stands behind a step's text. */
enum mrg_step_kind {
	MRG_STEP_END,
	MRG_STEP_UNSIGNED,
	MRG_STEP_SIGNED,
	MRG_STEP_LARGE,		/* unsigned, of 64 bits: may be an address */
	MRG_STEP_HEX,
	MRG_STEP_TEXT,
	MRG_STEP_DYNAMIC_TEXT,
	MRG_STEP_OTHER,		/* by mrg_put_value() */
};

struct mrg_step {
	const char *text;	/* 16 bytes more can be read */
	const struct mrg_arg *arg;
	uint32_t load;		/* numbers: as in struct mrg_arg; texts: where they stand */
	uint16_t len;
	uint8_t kind, shift;	/* enum mrg_step_kind */
};

/*
 * All there is to say of an event whose only argument is the name of a small number:
 * "SYSCALL_ENTER [read]\n", and what begins the line beside it: "FILE_READ [".
 */
#define MRG_TAIL_MAX 46

struct mrg_tail {
	char text[MRG_TAIL_MAX];
	uint8_t len;		/* 0: none is prepared */
	uint8_t word_len;	/* 0: no line beside it */
	char word[16];
} __attribute__((aligned(64)));

struct mrg_quick_row {
	const struct mrg_row *row;
	uint32_t min_size;	/* shorter records are not usual */
	uint32_t nr_tails;
	struct mrg_tail *tails;	/* by number, in place of steps; owned, or NULL */
	uint32_t load;		/* the number, as in struct mrg_arg */
	uint8_t shift;
	char *text;		/* of all steps; owned */
	struct mrg_step steps[];
};

/* Return: NULL without memory.  What is not for quick steps has a ->min_size that no record has. */
struct mrg_quick_row *mrg_quick_row_create(const struct mrg_row *row);
void mrg_quick_row_destroy(struct mrg_quick_row *row);

/* For a view's format: ->own's ->quick is made where the view's lines are usual ones. */
int mrg_quick_create(struct mrg_view *view, struct rt_err *err);
void mrg_quick_destroy(struct mrg_view *view);
/* @one: prints what is not usual. */
void mrg_quick_window(struct mrg_quick *quick, struct mrg_window *window,
		      void (*one)(struct mrg_pen *pen, const struct mrg_line *line));

#endif /* MRG_QUICK_H */
