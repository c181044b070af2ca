/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notes.c - what no record says by itself: which task has which name, that a
 * hypercall has ended, what a guest service's message says
 *
 * Runs over the marked records of each window in order, one thread at a time,
 * and leaves notes that the window's format prints beside the records' own lines.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/where.h"
#include "merge/put.h"

#define MAX_VCPUS    4096
#define MAX_MESSAGES 64

struct mrg_notes {
	struct mrg_view *view;
	struct kev_state *state;
	struct kev_joiner *joiner;
	/* The record under observation. */
	struct mrg_window *window;
	uint32_t index;
	const struct mrg_row *row;
	uint16_t member;
	bool host;			/* its guest service was seen by the host */
};

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

/* @data: the message itself, where it is one. */
static void add_note(struct mrg_notes *notes, const char *name, bool before, const char *args,
		     size_t args_len, const uint8_t *data, size_t len)
{
	struct mrg_item *item = &notes->window->items[notes->index];
	const struct mrg_subject subject = {
		.view = notes->view, .item = item, .seq = notes->window->first + notes->index,
		.name = name, .text = data, .text_len = len,
	};

	if (mrg_filter_note(notes->view, item, &subject))
		mrg_note_add(notes->window, notes->index, name, before, args, args_len);
}

static void note(struct mrg_notes *notes, const char *name, bool before, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void note(struct mrg_notes *notes, const char *name, bool before, const char *fmt, ...)
{
	char args[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(args, sizeof(args), fmt, ap);
	va_end(ap);
	if (n >= 0)
		add_note(notes, name, before, args, (size_t)n < sizeof(args) ? (size_t)n :
			 sizeof(args) - 1, NULL, 0);
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

static uint64_t number(const struct mrg_notes *notes, const char *name)
{
	const struct xt_field *field = xt_event_field(notes->row->event, name);
	struct xt_rec rec = mrg_item_rec(&notes->window->items[notes->index], 0);

	return field ? xt_field_u64(field, &rec) : 0;
}

static const uint8_t *bytes(const struct mrg_notes *notes, const char *name, uint32_t *ret_len)
{
	const struct xt_field *field = xt_event_field(notes->row->event, name);
	struct xt_rec rec = mrg_item_rec(&notes->window->items[notes->index], 0);

	return field ? xt_field_bytes(field, &rec, ret_len) : NULL;
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

/* ---- guest services ---- */

static const char *const scopes[] = { "cpu", "vm", "all" };

static void note_message(void *arg, const struct kev_message *msg)
{
	struct mrg_notes *notes = arg;
	const char *name = kev_gs_name(msg->from.kind, notes->host);
	char text[4 * GS_DATA_MAX + 64], *p = text;

	p = mrg_put_hex(mrg_put_str(p, "id 0x"), msg->from.id);
	if (msg->missing > 0)
		p = mrg_put_u64(mrg_put_str(p, " missing "), msg->missing);
	*p++ = ' ';
	p = mrg_put_escaped(p, msg->data, msg->length);
	if (name)
		add_note(notes, name, false, text, (size_t)(p - text), msg->data, msg->length);
}

static void note_service(struct mrg_notes *notes, const struct kev_gs *gs, uint64_t vm)
{
	const char *name = kev_gs_name(gs->kind, notes->host);
	const char *nr = kev_hypercall_name(gs->nr);
	struct kev_speaker from = { .vm = vm, .kind = gs->kind, .id = gs->frag.id };
	const struct mrg_item *item = &notes->window->items[notes->index];

	if (!name)
		return;
	switch (gs->kind) {
	case KEV_GS_LOG_MSG:
	case KEV_GS_LOG_DATA:
		if (notes->joiner)
			kev_joiner_add(notes->joiner, &from, &gs->frag, item->time);
		break;
	case KEV_GS_PING:
		note(notes, name, false, "0x%llx", (unsigned long long)gs->arg[0]);
		break;
	case KEV_GS_FLUSH:
		note(notes, name, false, "scope %s incident 0x%llx",
		     gs->arg[0] < 3 ? scopes[gs->arg[0]] : "?", (unsigned long long)gs->arg[1]);
		break;
	case KEV_GS_HC_START:
		note(notes, name, false, "%s 0x%llx 0x%llx 0x%llx 0x%llx", nr ? nr : "?",
		     (unsigned long long)gs->arg[0], (unsigned long long)gs->arg[1],
		     (unsigned long long)gs->arg[2], (unsigned long long)gs->arg[3]);
		break;
	case KEV_GS_HC_END:
		note(notes, name, false, "%s result %lld", nr ? nr : "?", (long long)gs->arg[0]);
		break;
	default:
		break;
	}
}

/* The VM whose vCPU thread made the record. */
static uint64_t vm_of(const struct mrg_notes *notes)
{
	int pid = mrg_item_pid(&notes->window->items[notes->index]);
	const struct xt_vcpu *vcpu = mrg_view_vcpu_thread(notes->view, notes->member, pid);

	if (vcpu && vcpu->vm_pid > 0)
		pid = vcpu->vm_pid;
	return (uint64_t)notes->member << 32 | (uint32_t)pid;
}

/* The host has the module: its own events say the same. */
static bool has_module(const struct mrg_notes *notes, const char *event)
{
	const struct mrg_member *member = &notes->view->set->members[notes->member];

	return xt_trace_event_by_name(member->trace, GS_TRACE_SYSTEM, event) != NULL;
}

static void see_hypercall(struct mrg_notes *notes)
{
	uint64_t args[4] = { number(notes, "a0"), number(notes, "a1"), number(notes, "a2"),
			     number(notes, "a3") };
	struct kev_gs gs;

	notes->host = true;
	if (!has_module(notes, "ping_host") && kev_gs_decode(&gs, number(notes, "nr"), args) == 0)
		note_service(notes, &gs, vm_of(notes));
}

static void see_mark(struct mrg_notes *notes)
{
	uint32_t len = 0;
	const uint8_t *text = bytes(notes, "buf", &len);
	struct mrg_item *item = &notes->window->items[notes->index];
	struct kev_gs gs;
	const char *name;

	notes->host = false;
	if (!text || kev_marker_parse(&gs, (const char *)text, len) != 0)
		return;
	name = kev_gs_name(gs.kind, false);
	if (!name || !mrg_filter_name(notes->view, notes->member, name))
		return;
	note_service(notes, &gs, notes->member);
	if (!mrg_select_name(notes->view->select, name))
		return;
	item->flags |= MRG_ITEM_REPLACED;
	if (!(item->flags & MRG_ITEM_NOTED))
		item->flags |= MRG_ITEM_HIDDEN;
}

/* ---- vCPU threads ---- */

static void see_step(struct mrg_notes *notes)
{
	const struct mrg_item *item = &notes->window->items[notes->index];
	struct kev_step step = {
		.role = notes->row->role, .host = notes->member, .ns = item->time,
		.pid = mrg_item_pid(item),
	};
	struct kev_change change = { 0 };
	const char *nr;

	if (step.role == KEV_HYPERCALL || step.role == KEV_HYPERCALL_DONE)
		step.nr = number(notes, "nr");
	if (kev_state_feed(notes->state, &step, &change) < 0 || !change.hc_done)
		return;
	nr = kev_hypercall_name(change.hc_nr);
	if (nr)
		note(notes, "KVM_HOST_HC_EXIT", true, "%s derived", nr);
	else
		note(notes, "KVM_HOST_HC_EXIT", true, "0x%llx derived",
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
	if (notes->view->names)
		learn_names(notes);
	if (!notes->view->format->derived)
		return;
	switch (notes->row->role) {
	case KEV_HYPERCALL:
		see_step(notes);
		see_hypercall(notes);
		break;
	case KEV_GUEST_BEGIN:
	case KEV_HYPERCALL_DONE:
		see_step(notes);
		break;
	case KEV_MARK:
		see_mark(notes);
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
		rc = kev_joiner_create(&notes->joiner, MAX_MESSAGES, note_message, notes);
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
