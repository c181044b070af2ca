/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-notes.c - what no record says by itself: which task has which name, that a
 * hypercall has ended; what guests say to their hosts is in view-gs.c
 *
 * Runs over the marked records of each window in order, one thread at a time,
 * and leaves notes that the window's format prints beside the records' own lines.
 */
#include "merge/view-notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/where.h"
#include "merge/put.h"

#define MAX_VCPUS    4096
#define MAX_MESSAGES 64

/* ---- a note ---- */

void mrg_note_add(struct mrg_window *window, uint32_t i, const char *name, bool before,
		  const char *args, size_t args_len)
{
	size_t name_len = strlen(name), size;
	struct mrg_item *item = &window->items[i];
	struct mrg_note note = {
		.item = i, .before = before, .name_len = (uint32_t)name_len,
		.args_len = (uint32_t)args_len,
	};

	size = (offsetof(struct mrg_note, text) + name_len + note.args_len + 7) & ~(size_t)7;
	note.size = (uint32_t)size;
	if (!rt_buf_reserve(&window->notes, size))
		return;
	rt_buf_add(&window->notes, &note, offsetof(struct mrg_note, text));
	rt_buf_add(&window->notes, name, name_len);
	rt_buf_add(&window->notes, args, note.args_len);
	rt_buf_add(&window->notes, "\0\0\0\0\0\0\0", size - offsetof(struct mrg_note, text) -
		   name_len - note.args_len);
	/* The record itself stays hidden. */
	if (item->flags & MRG_ITEM_HIDDEN)
		item->flags |= MRG_ITEM_REPLACED | MRG_ITEM_NO_WORD;
	item->flags |= MRG_ITEM_NOTED;
	item->flags &= (uint16_t)~MRG_ITEM_HIDDEN;
}

void mrg_notes_add(struct mrg_notes *notes, const char *name, bool before, const char *args,
		   size_t args_len, const struct kev_message *msg)
{
	struct mrg_item *item = &notes->window->items[notes->index];
	const struct mrg_subject subject = {
		.view = notes->view, .item = item, .seq = notes->window->first + notes->index,
		.name = name, .text = msg ? msg->data : NULL, .text_len = msg ? msg->length : 0,
	};
	bool wanted = msg ? msg->tag : mrg_filter_task(notes->view, item);

	if (mrg_filter_note(notes->view, item, wanted, &subject))
		mrg_note_add(notes->window, notes->index, name, before, args, args_len);
}

void mrg_notes_say(struct mrg_notes *notes, const char *name, bool before, const char *fmt, ...)
{
	char args[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(args, sizeof(args), fmt, ap);
	va_end(ap);
	if (n >= 0)
		mrg_notes_add(notes, name, before, args, (size_t)n < sizeof(args) ? (size_t)n :
			      sizeof(args) - 1, NULL);
}

const struct mrg_note *mrg_note_next(const struct mrg_window *window, uint32_t i,
				     size_t *offset)
{
	const struct mrg_note *next;

	while (*offset < window->notes.len) {
		next = (const struct mrg_note *)(window->notes.data + *offset);
		if (next->item > i)
			return NULL;
		*offset += next->size;
		if (next->item == i)
			return next;
	}
	return NULL;
}

/* ---- fields of the record under observation ---- */

uint64_t mrg_notes_number(const struct mrg_notes *notes, const char *name)
{
	const struct xt_field *field = xt_event_field(notes->row->event, name);
	struct xt_rec rec = mrg_item_rec(&notes->window->items[notes->index], 0);

	return field ? xt_field_u64(field, &rec) : 0;
}

/* ---- names of tasks ---- */

static void learn_names(struct mrg_notes *notes)
{
	const struct mrg_item *item = &notes->window->items[notes->index];
	struct xt_rec rec = mrg_item_rec(item, 0);
	const struct xt_field *comm;
	const uint8_t *text;
	uint32_t len;
	int i;

	for (i = 0; i < 2 && notes->row->task[i].pid; i++) {
		comm = notes->row->task[i].comm;
		text = xt_field_bytes(comm, &rec, &len);
		if (text)
			mrg_names_learn(notes->view->names, notes->member,
					(int)xt_field_u64(notes->row->task[i].pid, &rec), text,
					len, notes->window->first + notes->index);
	}
}

/* ---- vCPU threads ---- */

static void see_step(struct mrg_notes *notes)
{
	const struct mrg_item *item = &notes->window->items[notes->index];
	struct kev_step step = {
		.role = notes->row->role, .host = notes->member, .ns = item->time,
		.pid = mrg_item_pid(item), .vcpu_id = (uint32_t)mrg_notes_number(notes, "vcpu_id"),
	};
	struct kev_change change = { 0 };
	const char *nr;

	if (step.role == KEV_HYPERCALL || step.role == KEV_HYPERCALL_DONE)
		step.nr = mrg_notes_number(notes, "nr");
	if (kev_state_feed(notes->state, &step, &change) < 0 || !change.hc_done)
		return;
	nr = kev_hypercall_name(change.hc_nr);
	if (nr)
		mrg_notes_say(notes, "KVM_HOST_HC_EXIT", true, "%s derived", nr);
	else
		mrg_notes_say(notes, "KVM_HOST_HC_EXIT", true, "0x%llx derived",
		     (unsigned long long)change.hc_nr);
}

/* ---- a window ---- */

static void observe_one(struct mrg_notes *notes)
{
	const struct mrg_item *item = &notes->window->items[notes->index];

	notes->member = mrg_stream_lane(notes->view->stream, item->lane)->member_index;
	notes->row = mrg_view_row(notes->view, notes->member, mrg_item_id(item));
	if (!notes->row->event || item->size < notes->row->min_size)
		return;
	/* trace-cmd report learns names by printing with its plugins, and has none with -R. */
	if (notes->view->names && !notes->view->opts->plain)
		learn_names(notes);
	if (!notes->view->format->derived)
		return;
	switch (notes->row->role) {
	case KEV_HYPERCALL:
		see_step(notes);
		mrg_gs_hypercall(notes);
		break;
	case KEV_GUEST_BEGIN:
	case KEV_HYPERCALL_DONE:
		see_step(notes);
		break;
	case KEV_MARK:
		mrg_gs_mark(notes);
		break;
	case KEV_GS_HOST:
	case KEV_GS_GUEST:
		mrg_gs_fragment(notes);
		break;
	default:
		break;
	}
}

int mrg_notes_observe(struct mrg_notes *notes, struct mrg_window *window)
{
	uint32_t i;

	notes->window = window;
	for (i = 0; i < window->nr_marked; i++) {
		notes->index = window->marked[i];
		if (notes->index >= window->carried)
			observe_one(notes);
	}
	if (notes->view->format->derived && window->nr > 0)
		mrg_gs_give_up(notes, window);
	return window->notes.failed ? -ENOMEM : 0;
}

int mrg_notes_create(struct mrg_view *view, struct rt_err *err)
{
	struct mrg_notes *notes = calloc(1, sizeof(*notes));
	int rc;

	if (!notes)
		return rt_err_set(err, -ENOMEM, "cannot follow the events");
	notes->view = view;
	rc = kev_state_create(&notes->state, MAX_VCPUS);
	if (rc == 0)
		rc = kev_joiner_create(&notes->joiner, MAX_MESSAGES, mrg_gs_message, notes);
	if (rc < 0) {
		mrg_notes_destroy(notes);
		return rt_err_set(err, rc, "cannot follow the events");
	}
	view->notes = notes;
	return 0;
}

void mrg_notes_destroy(struct mrg_notes *notes)
{
	if (!notes)
		return;
	kev_joiner_destroy(notes->joiner);
	kev_state_destroy(notes->state);
	free(notes);
}
