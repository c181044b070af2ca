/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * events.c - look-ups in the events, fields and task names of an open trace
 */
#include "xtrace/xtrace.h"

#include <errno.h>
#include <stdlib.h>

#include "xtrace/local.h"

const struct xt_event *xt_trace_event(const struct xt_trace *trace, unsigned int id)
{
	return id < trace->max_event ? trace->events[id] : NULL;
}

unsigned int xt_trace_max_event_id(const struct xt_trace *trace)
{
	return trace->max_event;
}

const struct xt_event *xt_trace_event_by_name(const struct xt_trace *trace, const char *system,
					      const char *name)
{
	for (unsigned int i = 0; i < trace->max_event; i++) {
		const struct xt_event *event = trace->events[i];

		if (event && strcmp(event->name, name) == 0 && strcmp(event->system, system) == 0)
			return event;
	}
	return NULL;
}

const struct xt_field *xt_event_field(const struct xt_event *event, const char *name)
{
	for (unsigned int i = 0; i < event->nr_fields; i++) {
		if (strcmp(event->fields[i].name, name) == 0)
			return &event->fields[i];
	}
	return NULL;
}

const uint8_t *xt_field_bytes(const struct xt_field *field, const struct xt_rec *rec,
			      uint32_t *ret_len)
{
	uint64_t begin = field->offset, len = field->size;

	if (begin + len > rec->size)
		return NULL;
	/* "char buf[]": all that is behind, as in the text of a mark. */
	if (len == 0 && field->flags & XT_FIELD_ARRAY)
		len = rec->size - begin;
	if (field->flags & XT_FIELD_DYNAMIC) {
		uint32_t where = (uint32_t)xt_field_u64(field, rec);

		begin = where & 0xffff;
		len = where >> 16;
		if (field->flags & XT_FIELD_REL)
			begin += (uint64_t)field->offset + field->size;
		if (begin + len > rec->size)
			return NULL;
	} else if (!len) {
		len = rec->size - begin;	/* buf[]: up to the end of the record */
	}
	if (field->flags & XT_FIELD_STRING)
		len = strnlen((const char *)rec->data + begin, len);
	*ret_len = (uint32_t)len;
	return rec->data + begin;
}

/* ---- names of tasks, saved at the end of the recording ---- */

/* A number and what stands behind one blank of a line; false for other lines. */
static bool number_and_rest(char *line, int *ret, char **ret_rest)
{
	char *end;
	long v = strtol(line, &end, 10);

	if (end == line || *end != ' ' || v < 0 || v > 1 << 30)
		return false;
	*ret = (int)v;
	*ret_rest = end + 1;
	return true;
}

/*
 * trace-cmd reads the names up to the first line that is no number with a name, as a
 * name with a newline in it makes one.
 */
static bool ends_report(const char *line)
{
	char *end;

	if (!*line)
		return false;
	strtol(line, &end, 10);
	return end == line || !end[strspn(end, " \t\v\f\r")];
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static int by_pid(const void *a, const void *b)
{
	const struct xt_comm *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->comm < y->comm ? -1 : x->comm > y->comm;	/* as in the file */
}

static int tgid_by_pid(const void *a, const void *b)
{
	const struct xt_tgid *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int parse_comms(struct xt_trace *trace)
{
	size_t lines = count_lines(trace->cmdlines.data);
	char *line, *next, *rest;

	trace->comm_list = calloc(lines, sizeof(*trace->comm_list));
	trace->comms = calloc(lines, sizeof(*trace->comms));
	if (!trace->comm_list || !trace->comms)
		return -ENOMEM;
	for (line = trace->cmdlines.data; line; line = next) {
		struct xt_comm *comm = &trace->comm_list[trace->nr_comms];

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!trace->report_end && ends_report(line))
			trace->report_end = line;
		if (number_and_rest(line, &comm->pid, &rest)) {
			comm->comm = rest;
			trace->nr_comms++;
		}
	}
	memcpy(trace->comms, trace->comm_list, trace->nr_comms * sizeof(*trace->comms));
	qsort(trace->comms, trace->nr_comms, sizeof(*trace->comms), by_pid);
	return 0;
}

static int parse_tgids(struct xt_trace *trace)
{
	char *line, *next, *rest;

	trace->tgids = calloc(count_lines(trace->tgids_text.data), sizeof(*trace->tgids));
	if (!trace->tgids)
		return -ENOMEM;
	for (line = trace->tgids_text.data; line; line = next) {
		struct xt_tgid *tgid = &trace->tgids[trace->nr_tgids];

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (number_and_rest(line, &tgid->pid, &rest)) {
			tgid->tgid = atoi(rest);
			trace->nr_tgids++;
		}
	}
	qsort(trace->tgids, trace->nr_tgids, sizeof(*trace->tgids), tgid_by_pid);
	return 0;
}

int xt_parse_cmdlines(struct xt_trace *trace)
{
	int rc = 0;

	if (trace->cmdlines.data)
		rc = parse_comms(trace);
	if (rc == 0 && trace->tgids_text.data)
		rc = parse_tgids(trace);
	return rc;
}

const char *xt_trace_comm(const struct xt_trace *trace, int pid)
{
	size_t low = 0, high = trace->nr_comms;

	while (low < high) {	/* the first of those with this PID */
		size_t mid = low + (high - low) / 2;

		if (trace->comms[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < trace->nr_comms && trace->comms[low].pid == pid ? trace->comms[low].comm
								     : NULL;
}

const char *xt_trace_comm_reported(const struct xt_trace *trace, int pid)
{
	const char *comm = xt_trace_comm(trace, pid);

	return comm && trace->report_end && comm > trace->report_end ? NULL : comm;
}

int xt_trace_tgid(const struct xt_trace *trace, int pid)
{
	struct xt_tgid key = { .pid = pid };
	const struct xt_tgid *hit = NULL;

	if (trace->nr_tgids)
		hit = bsearch(&key, trace->tgids, trace->nr_tgids, sizeof(key), tgid_by_pid);
	return hit ? hit->tgid : -1;
}
