/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-gs.c - what guests say to their hosts, as lines: from the modules' events,
 * from hypercalls of a host without the module, from marks of a guest without it
 *
 * A message comes in fragments and is one line, where its last fragment stands.
 */
#include "merge/view-notes.h"

#include "merge/put.h"

#define PATIENCE_NS 1000000000ull	/* how long a message may wait for its next fragment */

/* ---- who speaks ---- */

/* A joiner's number of a guest, as itself or its host saw it: on a host the VM's PID. */
#define SEEN_BY_HOST (1ull << 63)

static uint64_t speaker_on_host(const struct mrg_notes *notes, uint64_t vm_pid)
{
	return SEEN_BY_HOST | (uint64_t)notes->member << 32 | (uint32_t)vm_pid;
}

/* The VM whose vCPU thread made the record, as it is shown. */
static int vm_of(const struct mrg_notes *notes)
{
	int pid = mrg_item_pid(&notes->window->items[notes->index]);

	return mrg_view_vm_pid(notes->view, notes->member, pid);
}

/* "156 vcpu 0 ", as far as it is known, for what the host has seen. */
static char *put_whom(const struct mrg_notes *notes, char *p)
{
	int tid = mrg_item_pid(&notes->window->items[notes->index]);
	const struct xt_vcpu *vcpu = mrg_view_vcpu_thread(notes->view, notes->member, tid);
	const struct kev_vcpu *state = kev_state_find(notes->state, notes->member, tid);

	p = mrg_put_str(mrg_put_i64(p, vm_of(notes)), " ");
	if (!vcpu && !(state && state->begin_ns))
		return p;
	p = mrg_put_u64(mrg_put_str(p, "vcpu "), vcpu ? vcpu->vcpu : state->vcpu_id);
	return mrg_put_str(p, " ");
}

/* ---- lines ---- */

void mrg_gs_message(void *arg, const struct kev_message *msg)
{
	struct mrg_notes *notes = arg;
	bool host = msg->from.vm & SEEN_BY_HOST;
	uint16_t member = (uint16_t)(host ? (msg->from.vm & ~SEEN_BY_HOST) >> 32 : msg->from.vm);
	const char *name = kev_gs_name(msg->from.kind, host);
	char text[4 * GS_DATA_MAX + 4 * MRG_LABEL_MAX + 128], *p = text;

	/* One that is given up stands at a record of somebody else. */
	if (member != notes->member)
		p = mrg_put_str(mrg_put_str(p, notes->view->set->members[member].label), ": ");
	if (host)
		p = mrg_put_str(mrg_put_u64(p, (uint32_t)msg->from.vm), " ");
	p = mrg_put_hex(mrg_put_str(p, "id 0x"), msg->from.id);
	if (msg->missing > 0)
		p = mrg_put_u64(mrg_put_str(p, " missing "), msg->missing);
	*p++ = ' ';
	p = mrg_put_escaped(p, msg->data, msg->length);
	if (name)
		mrg_notes_add(notes, name, false, text, (size_t)(p - text), msg);
}

/*
 * One that is given up stands at a record of any task: whether -p and the like let it
 * through is told by who spoke.
 * Return: false for what does not lie in its message: it is shown as the record it is.
 */
static bool add_fragment(struct mrg_notes *notes, uint64_t vm, enum kev_gs_kind kind,
			 struct kev_frag *frag)
{
	const struct kev_speaker from = { .vm = vm, .kind = kind, .id = frag->id };
	const struct mrg_item *item = &notes->window->items[notes->index];

	frag->tag = mrg_filter_task(notes->view, item);
	return kev_joiner_add(notes->joiner, &from, frag, item->time) == 0;
}

static void say_service(struct mrg_notes *notes, const struct kev_gs *gs, bool host)
{
	static const char *const scopes[] = { "cpu", "vm", "all" };
	const char *name = kev_gs_name(gs->kind, host), *nr = kev_hypercall_name(gs->nr);
	char whom[64] = "", number[32];

	if (!name)
		return;
	if (host)
		*put_whom(notes, whom) = '\0';
	if (!nr) {
		snprintf(number, sizeof(number), "0x%llx", (unsigned long long)gs->nr);
		nr = number;
	}
	switch (gs->kind) {
	case KEV_GS_PING:
		mrg_notes_say(notes, name, false, "%s0x%llx", whom, (unsigned long long)gs->arg[0]);
		break;
	case KEV_GS_FLUSH:
		mrg_notes_say(notes, name, false, "%sscope %s incident 0x%llx", whom,
			      gs->arg[0] < 3 ? scopes[gs->arg[0]] : "?",
			      (unsigned long long)gs->arg[1]);
		break;
	case KEV_GS_HC_START:
		mrg_notes_say(notes, name, false, "%s 0x%llx 0x%llx 0x%llx 0x%llx", nr,
			      (unsigned long long)gs->arg[0], (unsigned long long)gs->arg[1],
			      (unsigned long long)gs->arg[2], (unsigned long long)gs->arg[3]);
		break;
	case KEV_GS_HC_END:
		mrg_notes_say(notes, name, false, "%s result %lld", nr, (long long)gs->arg[0]);
		break;
	default:
		break;
	}
}

static bool is_message(enum kev_gs_kind kind)
{
	return kind == KEV_GS_LOG_MSG || kind == KEV_GS_LOG_DATA;
}

/* The record itself is not shown: it is said by a line of its own, here or later. */
static void replace_record(struct mrg_notes *notes)
{
	struct mrg_item *item = &notes->window->items[notes->index];

	item->flags |= MRG_ITEM_REPLACED;
	if (!(item->flags & MRG_ITEM_NOTED))
		item->flags |= MRG_ITEM_HIDDEN;
}

/* ---- where it comes from ---- */

/* The host has the module: its own events say the same. */
static bool has_module(const struct mrg_notes *notes, const char *event)
{
	const struct mrg_member *member = &notes->view->set->members[notes->member];

	return xt_trace_event_by_name(member->trace, GS_TRACE_SYSTEM, event) != NULL;
}

void mrg_gs_hypercall(struct mrg_notes *notes)
{
	const uint64_t args[4] = {
		mrg_notes_number(notes, "a0"), mrg_notes_number(notes, "a1"),
		mrg_notes_number(notes, "a2"), mrg_notes_number(notes, "a3"),
	};
	struct kev_gs gs;

	if (has_module(notes, "ping_host") ||
	    kev_gs_decode(&gs, mrg_notes_number(notes, "nr"), args) != 0)
		return;
	if (is_message(gs.kind))
		add_fragment(notes, speaker_on_host(notes, (uint64_t)vm_of(notes)), gs.kind,
			     &gs.frag);
	else
		say_service(notes, &gs, true);
}

void mrg_gs_mark(struct mrg_notes *notes)
{
	struct xt_rec rec = mrg_item_rec(&notes->window->items[notes->index], 0);
	const struct xt_field *field = xt_event_field(notes->row->event, "buf");
	const uint8_t *text;
	struct kev_gs gs;
	const char *name;
	uint32_t len = 0;

	text = field ? xt_field_bytes(field, &rec, &len) : NULL;
	if (!text || kev_marker_parse(&gs, (const char *)text, len) != 0)
		return;
	name = kev_gs_name(gs.kind, false);
	if (!name || !mrg_filter_name(notes->view, notes->member, name))
		return;
	if (!is_message(gs.kind))
		say_service(notes, &gs, false);
	else if (!add_fragment(notes, notes->member, gs.kind, &gs.frag))
		return;
	if (mrg_select_name(notes->view->select, name))
		replace_record(notes);
}

/* The bytes of a module's event.  Return: false when they are more than a fragment has. */
static bool read_fragment(const struct mrg_notes *notes, struct kev_frag *ret)
{
	struct xt_rec rec = mrg_item_rec(&notes->window->items[notes->index], 0);
	const struct xt_field *field = xt_event_field(notes->row->event, "data");
	const uint8_t *data;
	uint32_t len;

	data = field ? xt_field_bytes(field, &rec, &len) : NULL;
	if (!data || len > sizeof(ret->data))
		return false;
	*ret = (struct kev_frag){
		.id = (uint32_t)mrg_notes_number(notes, "id"),
		.offset = (uint16_t)mrg_notes_number(notes, "offset"),
		.length = (uint16_t)mrg_notes_number(notes, "length"), .size = (uint16_t)len,
	};
	memcpy(ret->data, data, len);
	return true;
}

void mrg_gs_fragment(struct mrg_notes *notes)
{
	enum kev_gs_kind kind;
	struct kev_frag frag;
	const char *name;
	bool host;

	if (!kev_gs_event(notes->row->event->kev, &kind, &host) || !is_message(kind) ||
	    !read_fragment(notes, &frag))
		return;
	name = kev_gs_name(kind, host);
	if (!mrg_filter_name(notes->view, notes->member, name))
		return;
	if (add_fragment(notes, host ? speaker_on_host(notes, mrg_notes_number(notes, "vm_pid")) :
			 notes->member, kind, &frag) &&
	    mrg_select_name(notes->view->select, name))
		replace_record(notes);
}

/*
 * The window's last item that is shown: one that is there for what it tells would be a line
 * of a task or a CPU that -p or -c leaves out.  No note stands behind it: notes make items be
 * shown.  Where none is, the last one.  Return: false where all say that something was lost.
 */
static bool find_last(const struct mrg_window *window, uint32_t *ret)
{
	bool found = false;

	for (uint32_t i = window->nr; i > window->carried; i--) {
		uint16_t flags = window->items[i - 1].flags;

		if (flags & MRG_ITEM_LOST || (found && flags & MRG_ITEM_HIDDEN))
			continue;
		*ret = i - 1;
		found = true;
		if (!(flags & MRG_ITEM_HIDDEN))
			break;
	}
	return found;
}

void mrg_gs_give_up(struct mrg_notes *notes, struct mrg_window *window)
{
	uint64_t last = window->items[window->nr - 1].time;

	if (!find_last(window, &notes->index))
		return;
	notes->member = mrg_stream_lane(notes->view->stream,
					window->items[notes->index].lane)->member_index;
	if (window->final && !notes->view->goes_on)
		kev_joiner_expire(notes->joiner, UINT64_MAX);
	else if (last > PATIENCE_NS)
		kev_joiner_expire(notes->joiner, last - PATIENCE_NS);
}
