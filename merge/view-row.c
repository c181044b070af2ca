/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * row.c - what a view shows of an event: the catalogue's row bound to the fields
 * that this trace's format has, or a row made up of all its fields
 */
#include "merge/view.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"

#define MAX_ARGS 64		/* shown of an event without a row */
#define PADDING "               "	/* behind texts that are copied 16 bytes at a time */

static struct mrg_row nothing = { .name = "EVENT", .head = (char *)"EVENT", .head_len = 5,
				  .name_len = 5, .room = 64 };

int mrg_rows_create(struct mrg_view *view, struct rt_err *err)
{
	unsigned int max;
	size_t m;

	view->rows = calloc(view->set->nr + 1, sizeof(struct mrg_row **));
	if (!view->rows)
		return rt_err_set(err, -ENOMEM, "cannot prepare the events");
	for (m = 0; m < view->set->nr; m++) {
		max = xt_trace_max_event_id(view->set->members[m].trace);
		view->rows[m] = calloc((size_t)max + 1, sizeof(struct mrg_row *));
		if (!view->rows[m])
			return rt_err_set(err, -ENOMEM, "cannot prepare %u events", max);
	}
	return 0;
}

static void row_destroy(struct mrg_row *row)
{
	unsigned int i;

	if (!row || row == &nothing)
		return;
	row_destroy(row->raw);
	for (i = 0; i < row->nr_args; i++)
		free((char *)row->args[i].lead);
	free(row->args);
	free((char *)row->name);
	free((char *)row->json_name);
	free(row->head);
	free(row);
}

void mrg_rows_destroy(struct mrg_view *view)
{
	unsigned int id, max;
	size_t m;

	for (m = 0; view->rows && m < view->set->nr; m++) {
		max = xt_trace_max_event_id(view->set->members[m].trace);
		for (id = 0; view->rows[m] && id <= max; id++)
			row_destroy(view->rows[m][id]);
		free(view->rows[m]);
	}
	free(view->rows);
	view->rows = NULL;
}

/* ---- arguments ---- */

/* @label, then @link before the value: "vcpu" " ", "name" "=". */
static void find_number(struct mrg_arg *arg)
{
	uint32_t size = arg->field->size, end = arg->field->offset + size;

	if (arg->show != KEV_DEC || end < 8 || (size != 1 && size != 2 && size != 4 && size != 8))
		return;
	arg->number = true;
	arg->is_signed = arg->field->flags & XT_FIELD_SIGNED;
	arg->shift = (uint8_t)(64 - 8 * size);
	arg->load = end - 8;
}

static int add_arg(struct mrg_row *row, const struct xt_field *field, unsigned int show,
		   const char *label, const char *link)
{
	struct mrg_arg *arg = &row->args[row->nr_args];
	char *lead;

	if (asprintf(&lead, "%s%s%s" PADDING, row->bracket ? " " : "", label ? label : "",
		     label ? link : "") < 0)
		return -ENOMEM;
	/* "->" stands well in a line, and is no name. */
	arg->label = label && isalpha((unsigned char)*label) ? label : field->name;
	arg->lead = lead;
	arg->lead_len = (uint16_t)(strlen(lead) - strlen(PADDING));
	arg->field = field;
	arg->show = (uint16_t)show;
	find_number(arg);
	if (mrg_arg_is_long(arg))
		row->nr_strings++;
	row->room += arg->lead_len + MRG_VALUE_MAX;
	row->bracket = true;
	row->nr_args++;
	return 0;
}

static int add_known(struct mrg_row *row, const struct kev_event *kev)
{
	const struct xt_field *field;
	unsigned int i;
	int rc;

	row->bracket = kev->fixed != NULL;
	for (i = 0; i < KEV_MAX_ARGS && kev->args[i].field; i++) {
		field = xt_event_field(row->event, kev->args[i].field);
		if (!field)
			continue;
		rc = add_arg(row, field, kev->args[i].show, kev->args[i].label, " ");
		if (rc < 0)
			return rc;
		if (kev->args[i].name)
			row->args[row->nr_args - 1].label = kev->args[i].name;
		if (kev->args[i].show == KEV_EXIT_REASON)
			row->args[row->nr_args - 1].second = xt_event_field(row->event, "isa");
	}
	return 0;
}

unsigned int mrg_guess_show(const struct xt_field *field)
{
	if (field->flags & XT_FIELD_STRING)
		return KEV_STR;
	if (field->flags & (XT_FIELD_ARRAY | XT_FIELD_DYNAMIC | XT_FIELD_REL))
		return field->elem_size > 1 ? (unsigned int)MRG_SHOW_LIST : KEV_DATA;
	if (field->flags & XT_FIELD_POINTER)
		return KEV_HEX;
	return KEV_DEC;
}

static int add_all(struct mrg_row *row)
{
	const struct xt_field *field;
	unsigned int i;
	int rc;

	for (i = 0; i < row->event->nr_fields && row->nr_args < MAX_ARGS; i++) {
		field = &row->event->fields[i];
		if (field->flags & XT_FIELD_COMMON)
			continue;
		rc = add_arg(row, field, mrg_guess_show(field), field->name, "=");
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- system calls: what a derived line is made of ---- */

static void find_syscall(struct mrg_row *row)
{
	const struct xt_event *event = row->event;

	if (row->role != KEV_SYSCALL_ENTER && row->role != KEV_SYSCALL_EXIT)
		return;
	row->nr = xt_event_field(event, "id");
	if (!row->nr)
		row->nr = xt_event_field(event, "__syscall_nr");
	if (row->role == KEV_SYSCALL_EXIT)
		row->word = xt_event_field(event, "ret");
	else
		row->word = xt_event_field(event, "args");
	if (!row->word && row->nr && row->nr + 1 < event->fields + event->nr_fields)
		row->word = row->nr + 1;
	if (!row->nr || !row->word || row->nr->size > 8 || row->word->size < 4)
		row->nr = row->word = NULL;
}

const char *mrg_syscall_line(const struct mrg_row *row, const struct mrg_item *item,
			     uint64_t *ret_value)
{
	uint64_t nr = 0, word = 0;
	uint32_t size = row->word->size < 8 ? row->word->size : 8;
	const char *name;

	if (item->size < row->min_size)
		return NULL;
	memcpy(&nr, item->data + row->nr->offset, row->nr->size);
	if (row->role == KEV_SYSCALL_ENTER)
		name = kev_syscall_derived(nr);
	else
		name = kev_syscall_exit_derived(nr);
	if (!name)
		return NULL;
	memcpy(&word, item->data + row->word->offset, size);
	if (row->role == KEV_SYSCALL_ENTER)
		word = (uint32_t)word;
	else if ((int64_t)word < 0)
		return NULL;
	*ret_value = word;
	return name;
}

static void find_tasks(struct mrg_row *row)
{
	static const char *const names[][2] = {
		{ "prev_pid", "prev_comm" }, { "next_pid", "next_comm" }, { "pid", "comm" },
	};
	unsigned int first = row->role == KEV_WAKEUP ? 2 : 0, nr = first ? 1 : 2, i;

	if (row->role != KEV_SWITCH && row->role != KEV_WAKEUP)
		return;
	for (i = 0; i < nr; i++) {
		row->task[i].pid = xt_event_field(row->event, names[first + i][0]);
		row->task[i].comm = xt_event_field(row->event, names[first + i][1]);
		if (!row->task[i].comm)
			row->task[i].pid = NULL;
	}
}

/* ---- a row ---- */

/* A hostile format file may hold anything as a name. */
static char *safe(const char *text)
{
	char *ret = strdup(text), *c;

	for (c = ret; c && *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("[],\"\\", *c))
			*c = '_';
	}
	return ret;
}

static int name_row(struct mrg_row *row, const struct xt_event *event)
{
	const struct kev_event *kev = event->kev;
	struct rt_buf full = { 0 }, json = { 0 };
	char made[256];

	if (!kev)
		kev_default_name(made, sizeof(made), event->system, event->name);
	row->name = safe(kev ? kev->name : made);
	if (!row->name)
		return -ENOMEM;
	row->name_len = (uint16_t)strlen(row->name);
	rt_buf_printf(&full, "%s:%s", event->system, event->name);
	rt_json_escape(&json, full.data, full.len);
	rt_buf_finish(&full);
	row->json_name = rt_buf_str(&json);
	return row->json_name ? 0 : -ENOMEM;
}

static int make_head(struct mrg_row *row, const char *fixed)
{
	int n;

	n = asprintf(&row->head, "%s%s%s" PADDING, row->name, row->bracket ? " [" : "",
		     fixed ? fixed : "");
	if (n < 0)
		return -ENOMEM;
	n -= (int)strlen(PADDING);
	row->head_len = (uint16_t)n;
	row->room += (uint32_t)n + 64;
	return 0;
}

/* @kev: the catalogue's row, or NULL for all fields by their own names. */
static struct mrg_row *row_make(const struct xt_event *event, const struct kev_event *kev)
{
	struct mrg_row *row = calloc(1, sizeof(*row));
	int rc;

	if (!row)
		return NULL;
	row->event = event;
	row->min_size = event->min_size;
	row->role = event->kev ? event->kev->role : KEV_NONE;
	row->args = calloc(kev ? KEV_MAX_ARGS : MAX_ARGS, sizeof(*row->args));
	rc = row->args ? name_row(row, event) : -ENOMEM;
	if (rc == 0)
		rc = kev ? add_known(row, kev) : add_all(row);
	if (rc == 0)
		rc = make_head(row, kev ? kev->fixed : NULL);
	if (rc < 0) {
		row_destroy(row);
		return NULL;
	}
	find_syscall(row);
	find_tasks(row);
	return row;
}

static struct mrg_row *row_create(struct mrg_view *view, uint16_t member, unsigned int id)
{
	const struct xt_event *event = xt_trace_event(view->set->members[member].trace, id);
	struct mrg_row *row;

	if (!event)
		return &nothing;
	row = row_make(event, event->kev);
	if (!row)
		return NULL;
	row->silent = !mrg_select_event(view->select, member, id);
	if (view->whole_rows)
		row->raw = row_make(event, NULL);
	return row;
}

const struct mrg_row *mrg_view_row(struct mrg_view *view, uint16_t member, unsigned int id)
{
	struct mrg_row **slot, *row;

	if (id > xt_trace_max_event_id(view->set->members[member].trace))
		return &nothing;
	slot = &view->rows[member][id];
	row = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	if (row)
		return row;
	pthread_mutex_lock(&view->lock);
	row = *slot;
	if (!row) {
		row = row_create(view, member, id);
		__atomic_store_n(slot, row, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&view->lock);
	return row ? row : &nothing;
}
